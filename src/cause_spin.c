/* SPDX-License-Identifier: MIT */
/* Burns CPU: computing, or going round in a circle that brings nothing. */
#include "cause.h"

#include <netinet/tcp.h>

#include "bounds.h"
#include "spin.h"

enum { FAULTS_OF_WORK = 64, STACKS_COMPARED = 3 };

static void describe_burn(struct trial *trial)
{
	struct fact fact = fact_of(trial, FACT_BURNS);

	fact.amount = task_cpu_permille(trial->scene, trial->suspect->task);
	if (fact.amount < 0)
		fact.amount = UNSEEN;
	trial_fact(trial, fact);
}

static bool children_reaped(const struct trial *trial)
{
	const struct process *process = trial_process(trial);
	int64_t cpu = delta(process->at[LOOK_T0].children_cpu_ns, process->at[LOOK_T1].children_cpu_ns);

	return cpu != UNSEEN && cpu > 0;
}

static bool memory_grows(const struct trial *trial)
{
	const struct task *task = trial_task(trial);
	int64_t faults = delta(task->at[LOOK_T0].minor_faults, task->at[LOOK_T1].minor_faults);

	return faults != UNSEEN && faults >= FAULTS_OF_WORK;
}

/* A descriptor that is readable for ever and that nobody reads: unread data in an armed set, or EOF. */
static struct object_ix always_ready(const struct trial *trial)
{
	const struct scene *scene = trial->scene;
	const struct span *fds = &scene->process_fds[trial->suspect->process.at];
	struct object_ix object;
	uint32_t i;

	for (i = 0; i < fds->count; i++) {
		object = scene->snapshot->fds.row[scene->fd_order[fds->first + i]].object;
		if (object.at == NO_ROW)
			continue;
		if (object_at(scene->snapshot, object)->kind == OBJECT_TCP
		    && object_at(scene->snapshot, object)->at[LOOK_T1].state == TCP_CLOSE_WAIT)
			return object;
		if (object_neglected(scene, object)
		    && process_listens(scene, trial->suspect->process, object) == LISTENED_ARMED)
			return object;
	}
	return (struct object_ix){ NO_ROW };
}

/* Most of its time went into the kernel: it asks and asks, it does not compute. */
static bool mostly_system(const struct trial *trial)
{
	const struct task *task = trial_task(trial);
	int64_t system = delta(task->at[LOOK_T0].system_ns, task->at[LOOK_T1].system_ns);
	int64_t cpu = delta(task->at[LOOK_T0].cpu_ns, task->at[LOOK_T1].cpu_ns);

	return system != UNSEEN && cpu != UNSEEN && cpu > 0 && system > cpu / 5;
}

static void describe_unread(struct trial *trial)
{
	struct fact fact;

	if (trial->suspect->neglected.at == NO_ROW)
		return;
	fact = fact_of(trial, FACT_UNREAD);
	fact.object = trial->suspect->neglected;
	fact.other = trial->suspect->asker;
	fact.amount = trial->suspect->neglected_bytes;
	trial_fact(trial, fact);
}

bool rule_busy_poll(struct trial *trial)
{
	struct object_ix ready;
	struct fact fact;

	/* That it takes nothing is seen; that it never will is inferred. */
	trial_doubt(trial, DOUBT_PLAUSIBLE);
	if (!trial->suspect->burns || !mostly_system(trial) || children_reaped(trial)
	    || process_io_moved(trial->scene, trial->suspect->process) == MOVED_YES)
		return false;
	ready = always_ready(trial);
	if (ready.at == NO_ROW)
		return false;
	describe_burn(trial);
	if (object_at(trial->scene->snapshot, ready)->at[LOOK_T1].state == TCP_CLOSE_WAIT) {
		fact = fact_of(trial, FACT_PEER_GONE);
		fact.object = ready;
		trial_fact(trial, fact);
	} else {
		fact = fact_of(trial, FACT_UNREAD);
		fact.object = ready;
		fact.other = trial->suspect->asker;
		fact.amount = object_at(trial->scene->snapshot, ready)->at[LOOK_T1].readable;
		trial_fact(trial, fact);
	}
	return true;
}

/* Something comes of it. */
bool rule_computing(struct trial *trial)
{
	if (!trial->suspect->burns || trial->suspect->neglected.at != NO_ROW)
		return false;
	if (!children_reaped(trial) && !memory_grows(trial)
	    && process_io_moved(trial->scene, trial->suspect->process) != MOVED_YES)
		return false;
	describe_burn(trial);
	return true;
}

/* In every stack it waits for the same kind of lock, and never sleeps over it. */
bool rule_spin_wait(struct trial *trial)
{
	struct spin spin;

	if (!trial->suspect->burns)
		return false;
	spin = spin_compare(trial->scene, trial->suspect->task);
	if (spin.samples < STACKS_COMPARED || !spin.locks)
		return false;
	describe_burn(trial);
	describe_unread(trial);
	trial_doubt(trial, DOUBT_PLAUSIBLE);
	return true;
}

/* What came for it lies there for longer than anybody should have to wait. */
static bool neglects_for_long(const struct trial *trial)
{
	const struct suspect *suspect = trial->suspect;
	int64_t age_ms = UNSEEN, silent_ns;

	if (suspect->neglected.at == NO_ROW)
		return false;
	age_ms = object_at(trial->scene->snapshot, suspect->neglected)->at[LOOK_T1].last_received_ms;
	if (suspect->asker.at != NO_ROW) {
		silent_ns = task_at(trial->scene->snapshot, suspect->asker)->at[LOOK_T1].silent_ns;
		if (silent_ns != UNSEEN && silent_ns / 1000000 > age_ms)
			age_ms = silent_ns / 1000000;
	}
	return age_ms != UNSEEN && age_ms >= BOUND_PATIENCE_MS;
}

/*
 * The same innermost function again and again is what an endless loop looks like, and every long
 * computation too.  It tells them apart only together with somebody who is kept waiting.
 */
static uint32_t doubts_of_loop(const struct trial *trial)
{
	const struct spin spin = spin_compare(trial->scene, trial->suspect->task);

	if (spin.samples < STACKS_COMPARED)
		return DOUBT_FRAMES_UNREAD;
	return spin.same && neglects_for_long(trial) ? DOUBT_PLAUSIBLE : DOUBT_COMPUTES;
}

bool rule_compute_loop(struct trial *trial)
{
	if (!trial->suspect->burns)
		return false;
	describe_burn(trial);
	describe_unread(trial);
	trial_doubt(trial, doubts_of_loop(trial));
	return true;
}
