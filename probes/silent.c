/* SPDX-License-Identifier: MIT */
/*
 * How long a task is silent: se.exec_start of /proc/PID/task/TID/sched is when it last
 * ran, in the clock of the CPU it ran on.  Asked at T1, of those that did not run in the
 * window; it orders a report and proves nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "cpu_clock.h"
#include "state_inner.h"
#include "state_parse.h"

/* Time that a hypervisor or interrupts stole does not pass on a CPU's clock: some of what has passed since. */
enum { ERROR_LEAST_NS = 2000000, ERROR_SHARE = 100 };

struct silence { struct task_ix task; int64_t exec_start_ns; int32_t cpu; };

static bool was_silent(const struct state *state, struct task_ix at)
{
	const struct task *task = task_at(state->snapshot, at);
	const struct task_look *before = &task->at[LOOK_T0], *after = &task->at[LOOK_T1];

	return (after->state == 'S' || after->state == 'D') && after->cpu >= 0 && after->voluntary != UNSEEN &&
	       before->voluntary == after->voluntary && before->involuntary == after->involuntary &&
	       before->cpu_ns == after->cpu_ns;
}

static int exec_start_read(struct state *state, struct task_ix at, int64_t *ret)
{
	struct task *task = task_at(state->snapshot, at);
	const char *text;
	size_t length;
	int r, error = 0;

	r = door_read(state->visit->door, &text, &length, &error, "%d/task/%d/sched",
		      process_at(state->snapshot, task->process)->pid, task->tid);
	if (r == SIGHT_OK)
		r = sched_parse(text, length, ret);
	if (r == SIGHT_OK)
		task->at[LOOK_T1].sched_sight = SIGHT_OK;
	return r <= 0 ? r : state_miss_task(state, at, KIND_SCHED, r, error, &task->at[LOOK_T1].sched_sight);
}

/* Leaders first, so that every process has its say before the bound. */
static int silences_gather(struct state *state, struct silence *silences, uint32_t *ret_count)
{
	struct snapshot *snapshot = state->snapshot;
	uint32_t i, count = 0;
	unsigned turn;
	int r = 0;

	for (turn = 0; turn < 2; turn++)
		for (i = 0; i < state->task_count && r == 0 && count < BOUND_SILENT; i++) {
			const struct task *task = task_at(snapshot, state->tasks[i]);
			const bool leader = task->tid == process_at(snapshot, task->process)->pid;

			if (leader != (turn == 0) || !was_silent(state, state->tasks[i]))
				continue;
			silences[count] = (struct silence){
				.task = state->tasks[i], .exec_start_ns = UNSEEN, .cpu = task->at[LOOK_T1].cpu,
			};
			r = exec_start_read(state, state->tasks[i], &silences[count].exec_start_ns);
			count += r == 0 && silences[count].exec_start_ns != UNSEEN;
		}
	*ret_count = count;
	return r;
}

static struct cpu_clock *clock_of(struct cpu_clock *clocks, size_t count, int32_t cpu)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (clocks[i].cpu == cpu)
			return &clocks[i];
	return NULL;
}

/* CLOCK_BOOTTIME since it was started, a tick more. */
static int64_t age_ns(const struct task *task)
{
	const int64_t user_hz = sysconf(_SC_CLK_TCK);
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec - (task->start_ticks - 1) * (INT64_C(1000000000) / user_hz);
}

static int silences_store(struct state *state, const struct silence *silences, uint32_t count)
{
	struct cpu_clock *clocks = calloc(count, sizeof(*clocks)), *clock;
	size_t cpus = 0;
	int64_t now_ns;
	uint32_t i;
	int r;

	if (!clocks)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		if (!clock_of(clocks, cpus, silences[i].cpu))
			clocks[cpus++].cpu = silences[i].cpu;
	r = cpu_clock_compare(clocks, cpus);
	now_ns = door_now_ns();
	for (i = 0; i < count && r == 0; i++) {
		struct task_look *seen = &task_at(state->snapshot, silences[i].task)->at[LOOK_T1];
		int64_t silent_ns;

		clock = clock_of(clocks, cpus, silences[i].cpu);
		if (clock->offset_ns == UNSEEN) {
			seen->sched_sight = SIGHT_UNSUPPORTED; /* a CPU we may not go to, or that is held */
			continue;
		}
		silent_ns = now_ns - clock->offset_ns - silences[i].exec_start_ns;
		/* The scheduler sets exec_start to 0 when it moves a task to another CPU. */
		if (silent_ns > age_ns(task_at(state->snapshot, silences[i].task)) + clock->error_ns + ERROR_LEAST_NS) {
			seen->sched_sight = SIGHT_STRANGE;
			continue;
		}
		seen->silent_ns = silent_ns < 0 ? 0 : silent_ns;
		seen->silent_error_ns = clock->error_ns + ERROR_LEAST_NS + seen->silent_ns / ERROR_SHARE;
	}
	free(clocks);
	return r;
}

int silent_look(struct state *state)
{
	struct silence *silences;
	uint32_t count;
	int r;

	if (!door_is_live(state->visit->door))
		return 0;
	silences = calloc(BOUND_SILENT, sizeof(*silences));
	if (!silences)
		return -ENOMEM;
	r = silences_gather(state, silences, &count);
	if (r == 0 && count > 0)
		r = silences_store(state, silences, count);
	free(silences);
	return r;
}
