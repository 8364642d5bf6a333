/* SPDX-License-Identifier: MIT */
/*
 * What each task does: how it stands, what it is called in, where it sleeps, for how
 * long; and what its process is.  Files that answer at once are read one by one; what
 * may block is asked in two rounds: calls and facts, then memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "state_inner.h"
#include "stat.h"
#include "walk.h"

const char *const kind_names[KINDS] = {
	[KIND_STATUS] = "status",   [KIND_SCHEDSTAT] = "schedstat", [KIND_WCHAN] = "wchan", [KIND_SCHED] = "sched",
	[KIND_SYSCALL] = "syscall", [KIND_MEMORY] = "memory",       [KIND_NS] = "ns",       [KIND_TIMERS] = "timers",
	[KIND_IO] = "io",           [KIND_CMDLINE] = "cmdline",     [KIND_EXE] = "exe",     [KIND_CWD] = "cwd",
	[KIND_AUXV] = "auxv",     [KIND_KMSG] = "kmsg",           [KIND_PID_NAMESPACE] = "pid namespace",
};

enum { CLOCK_EVERY = 256 };   /* A power of two. */

/* ---- gaps ------------------------------------------------------------------ */

int state_miss(struct state *state, struct process_ix process, enum kind kind, int sight, int error, uint8_t *mark)
{
	struct gap gap = gap_blank(PROBE_STATE, sight, state->look, error);
	const bool machine = sight == SIGHT_UNSUPPORTED || process.at == NO_ROW;
	uint32_t *filed = machine ? &state->filed_machine : &state->filed[process.at];
	/* Who is gone takes all facts along: that is one reason. */
	const bool left = sight == SIGHT_GONE && kind != KIND_MEMORY;
	const uint32_t bit = UINT32_C(1) << (left ? KINDS : kind);

	if (mark)
		*mark = (uint8_t)sight;
	if (*filed & bit)
		return 0;
	*filed |= bit;
	if (!machine)
		gap.process = process;
	if (!left)
		gap.detail = state->detail[kind];
	return snapshot_miss(state->snapshot, NULL, &gap);
}

int state_miss_task(struct state *state, struct task_ix task, enum kind kind, int sight, int error, uint8_t *mark)
{
	const struct process_ix process = task_at(state->snapshot, task)->process;
	const int32_t pid = process_at(state->snapshot, process)->pid;
	const int32_t tid = task_at(state->snapshot, task)->tid;
	struct stat_line line;
	int r, unused;

	if (sight == SIGHT_GONE) {
		r = stat_read(state->visit->door, pid, tid, &line, &unused);
		if (r < 0)
			return r;
		if (r == SIGHT_OK && line.start_ticks == task_at(state->snapshot, task)->start_ticks)
			sight = error == ENOENT ? SIGHT_UNSUPPORTED : SIGHT_STRANGE;
		else if (door_alive(state->visit->door, pid, process_at(state->snapshot, process)->start_ticks)) {
			if (mark)
				*mark = SIGHT_GONE;
			return 0;
		}
	}
	return state_miss(state, process, kind, sight, error, mark);
}

/* What was filed at the first look need not be filed again. */
static int filed_recall(struct state *state)
{
	const struct snapshot *snapshot = state->snapshot;
	unsigned kind;
	uint32_t i;
	int r;

	for (kind = 0; kind < KINDS; kind++) {
		r = snapshot_text(state->snapshot, kind_names[kind], strlen(kind_names[kind]), &state->detail[kind]);
		if (r == -ENOMEM)
			return r;
	}
	for (i = 0; i < snapshot->gaps.count; i++) {
		const struct gap *gap = &snapshot->gaps.row[i];

		for (kind = 0; gap->probe == PROBE_STATE && kind < KINDS; kind++) {
			if (gap->detail.at != state->detail[kind].at)
				continue;
			if (gap->process.at == NO_ROW)
				state->filed_machine |= UINT32_C(1) << kind;
			else
				state->filed[gap->process.at] |= UINT32_C(1) << kind;
		}
	}
	return 0;
}

/* ---- whom ------------------------------------------------------------------ */

/* Tables by row of process, as long as the snapshot's; new rows are blank. */
static int rooms_grow(struct state *state)
{
	const uint32_t count = state->snapshot->processes.count;
	uint32_t *voice, *filed, i;

	if (count <= state->per_process_room)
		return 0;
	voice = realloc(state->voice, count * sizeof(*voice));
	if (!voice)
		return -ENOMEM;
	state->voice = voice;
	filed = realloc(state->filed, count * sizeof(*filed));
	if (!filed)
		return -ENOMEM;
	state->filed = filed;
	for (i = state->per_process_room; i < count; i++) {
		voice[i] = NO_ROW;
		filed[i] = 0;
	}
	state->per_process_room = count;
	return 0;
}

static int process_add(struct state *state, struct process_ix process)
{
	const uint32_t room = state->process_room ? state->process_room * 2 : 64;
	struct process_ix *grown;

	if (process_at(state->snapshot, process)->at[state->look].sight != SIGHT_OK)
		return 0;
	if (state->process_count == state->process_room) {
		grown = realloc(state->processes, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		state->processes = grown;
		state->process_room = room;
	}
	state->processes[state->process_count++] = process;
	return 0;
}

static bool has_ended(char letter)
{
	return letter == 'Z' || letter == 'X';
}

static int task_add(struct state *state, struct task_ix at)
{
	const struct task *task = task_at(state->snapshot, at);
	const uint32_t room = state->task_room ? state->task_room * 2 : 64;
	struct task_ix *grown;
	uint32_t *voice;

	if (task->at[state->look].stat_sight != SIGHT_OK)
		return 0;
	if (state->task_count == state->task_room) {
		grown = realloc(state->tasks, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		state->tasks = grown;
		state->task_room = room;
	}
	state->tasks[state->task_count++] = at;
	voice = &state->voice[task->process.at];
	if (!has_ended(task->at[state->look].state) &&
	    (*voice == NO_ROW || task->tid == process_at(state->snapshot, task->process)->pid))
		*voice = at.at;
	return 0;
}

struct task_ix state_voice(const struct state *state, struct process_ix process)
{
	return (struct task_ix){ state->voice[process.at] };
}

/* The rows that were added from these on: a tracer and its threads. */
static int rows_add(struct state *state, uint32_t process, uint32_t task)
{
	int r = rooms_grow(state);

	for (; r == 0 && process < state->snapshot->processes.count; process++)
		r = process_add(state, (struct process_ix){ process });
	for (; r == 0 && task < state->snapshot->tasks.count; task++)
		r = task_add(state, (struct task_ix){ task });
	return r;
}

/* Its tracer, when that is nobody we know.  TracerPid is the thread that traces. */
static int tracer_join(struct state *state, int32_t tid)
{
	const uint32_t processes = state->snapshot->processes.count, tasks = state->snapshot->tasks.count;
	struct status_lines lines;
	struct process_ix at;
	const char *text;
	size_t length;
	int r, error;

	if (tid <= 0 || snapshot_find_task(state->snapshot, tid).at != NO_ROW)
		return 0;
	r = door_read(state->visit->door, &text, &length, &error, "%d/status", tid);
	if (r == SIGHT_OK)
		r = status_parse(text, length, &lines);
	if (r == SIGHT_OK)
		r = walk_one(state->visit, lines.tgid, JOINED_TRACER, &at);
	return r < 0 ? r : rows_add(state, processes, tasks);
}

/* ---- the look -------------------------------------------------------------- */

static int read_all(struct state *state)
{
	uint32_t done_processes = 0, done_tasks = 0;
	int r = 0;

	/* The lists grow meanwhile: a tracer may have a tracer. */
	while (r == 0 && (done_processes < state->process_count || done_tasks < state->task_count)) {
		while (r == 0 && done_processes < state->process_count)
			r = state_read_process(state, state->processes[done_processes++]);
		if (r < 0 || done_tasks == state->task_count)
			break;
		if ((done_tasks & (CLOCK_EVERY - 1)) == 0 && door_now_ns() > state->visit->deadline_ns) {
			struct gap gap = gap_blank(PROBE_STATE, SIGHT_CUT, state->look, 0);

			state->task_count = done_tasks;
			return snapshot_miss(state->snapshot, NULL, &gap);
		}
		r = state_read_task(state, state->tasks[done_tasks]);
		if (r == 0)
			r = tracer_join(state, task_at(state->snapshot, state->tasks[done_tasks])->at[state->look].tracer);
		done_tasks++;
	}
	return r;
}

static int take(void *context, size_t which, const struct answer *answer)
{
	struct state *state = context;
	const struct batch_about about = state->batch.about[which];

	if (about.kind == KIND_SYSCALL)
		return state_take_syscall(state, (struct task_ix){ about.row }, answer);
	return state_take_process(state, about.kind, (struct process_ix){ about.row }, answer);
}

static int ask_all(struct state *state)
{
	uint32_t i;
	int r = 0;

	for (i = 0; i < state->task_count && r == 0; i++)
		r = state_ask_task(state, state->tasks[i]);
	for (i = 0; i < state->process_count && r == 0; i++)
		r = state_ask_process(state, state->processes[i]);
	if (r == 0)
		r = batch_ask(&state->batch, state->visit, take, state);
	for (i = 0; i < state->process_count && r == 0; i++)
		r = state_ask_again(state, state->processes[i]);
	return r < 0 ? r : batch_ask(&state->batch, state->visit, take, state);
}

static int look_at(struct state *state, const struct subjects *subjects)
{
	uint32_t i;
	int r;

	r = rooms_grow(state);
	if (r == 0)
		r = filed_recall(state);
	for (i = 0; i < subjects->process_count && r == 0; i++)
		r = process_add(state, subjects->processes[i]);
	for (i = 0; i < subjects->task_count && r == 0; i++)
		r = task_add(state, subjects->tasks[i]);
	if (r == 0)
		r = read_all(state);
	if (r == 0)
		r = kernel_log_look(state);
	if (r == 0)
		r = ask_all(state);
	if (r == 0)
		r = peeks_look(state);
	if (r == 0 && state->look == LOOK_T1)
		r = silent_look(state);
	return r;
}

static int state_look(const struct visit *visit, const struct subjects *subjects)
{
	struct state state = { .visit = visit, .snapshot = visit->snapshot, .look = visit->look };
	int r;

	r = look_at(&state, subjects);
	free(state.processes);
	free(state.tasks);
	free(state.voice);
	free(state.filed);
	batch_deinit(&state.batch);
	return r;
}

const struct probe probe_state = {
	.id = PROBE_STATE,
	.name = "state",
	.stage = STAGE_LOOK,
	.after = PROBE_BIT(PROBE_HOST) | PROBE_BIT(PROBE_TASKS),
	.look = state_look,
};
