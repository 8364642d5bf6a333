/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children to end: wait4, waitid, pidfds, vfork, SIGCHLD, and polling
 * with WNOHANG between short sleeps.  A child ends when it can go on; a zombie that is
 * waited for has ended already.
 */
#include "edges.h"

#include "bounds.h"

static const struct object_ix no_object = { NO_ROW };

enum { SIGNAL_CHILD = 17 };
#define SIGNAL_BIT(number) (UINT64_C(1) << ((number) - 1))

/* Its children were looked for at all: of a holder outside the tree they were not. */
static bool children_known(const struct wait *wait)
{
	return process_at(wait->scene->snapshot, wait->process)->flags & PROCESS_IN_TREE;
}

static struct process_ix child_at(const struct wait *wait, uint32_t which)
{
	const struct span *children = &wait->scene->process_children[wait->process.at];

	return (struct process_ix){ wait->scene->child_order[children->first + which] };
}

static uint32_t child_count(const struct wait *wait)
{
	return wait->scene->process_children[wait->process.at].count;
}

static bool has_zombie(const struct wait *wait)
{
	return wait->edges->children[wait->process.at] & CHILDREN_ZOMBIE;
}

static bool has_living_child(const struct wait *wait)
{
	return wait->edges->children[wait->process.at] & CHILDREN_LIVE;
}

/* A tracer is told of its tracees by wait, too, children or not. */
static bool wake_by_tracees(const struct wait *wait)
{
	const struct span *tracees = &wait->edges->process_tracees[wait->process.at];
	uint32_t i;

	if (tracees->count > BOUND_GROUP_EACH)
		edge_outside(wait->edges);
	for (i = 0; i < tracees->count && i < BOUND_GROUP_EACH; i++)
		edge_task(wait->edges, (struct task_ix){ wait->edges->tracee[tracees->first + i] });
	return tracees->count > 0;
}

static void wait_for_any(const struct wait *wait)
{
	bool somebody = edge_children(wait->edges, wait->process);

	somebody |= wake_by_tracees(wait);
	if (has_zombie(wait) || (!somebody && children_known(wait)))
		edge_ready(wait->edges); /* Or ECHILD: either way it returns. */
	if (!children_known(wait))
		edge_outside(wait->edges);
}

static void wait_for_group(const struct wait *wait)
{
	const struct snapshot *snapshot = wait->scene->snapshot;
	int32_t group = wait->call->child ? wait->call->child : process_at(snapshot, wait->process)->group;
	bool somebody = false;
	uint32_t i;

	if (child_count(wait) > BOUND_GROUP_EACH) {
		wait_for_any(wait);
		return;
	}
	for (i = 0; i < child_count(wait); i++) {
		struct process_ix child = child_at(wait, i);

		if (process_at(snapshot, child)->group != group)
			continue;
		if (process_zombie(wait->scene, child))
			edge_ready(wait->edges);
		else if (!process_dead(wait->scene, child))
			edge_process(wait->edges, child);
		else
			continue;
		somebody = true;
	}
	somebody |= wake_by_tracees(wait);
	if (!somebody && children_known(wait))
		edge_ready(wait->edges);
	if (!children_known(wait))
		edge_outside(wait->edges);
}

/* In a pid namespace of its own the number is not the machine's. */
static struct process_ix child_named(const struct wait *wait, int32_t pid)
{
	const struct snapshot *snapshot = wait->scene->snapshot;
	uint32_t i;

	if (!text_seen(process_at(snapshot, wait->process)->ns_pids))
		return scene_find_process(wait->scene, pid);
	for (i = 0; i < child_count(wait) && i < BOUND_GROUP_EACH; i++)
		if (process_at(snapshot, child_at(wait, i))->ns_pid == pid)
			return child_at(wait, i);
	return (struct process_ix){ NO_ROW };
}

static void wait_for_process(const struct wait *wait, struct process_ix child, int32_t pid)
{
	struct task_ix tracee;

	if (child.at == NO_ROW) {
		tracee = scene_find_task(wait->scene, pid); /* A tracer waits for threads. */
		if (tracee.at != NO_ROW)
			edge_task(wait->edges, tracee);
		else
			edge_outside(wait->edges);
		return;
	}
	if (process_dead(wait->scene, child))
		edge_ready(wait->edges);
	else
		edge_process(wait->edges, child);
}

static void wait_for_pidfd(const struct wait *wait)
{
	int32_t pid = wait->object.at == NO_ROW ? -1 : object_at(wait->scene->snapshot, wait->object)->pid;

	wait_for_process(wait, scene_find_process(wait->scene, pid), pid);
}

void draw_child(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_CHILD, WANT_OTHER, no_object);
	switch (wait->call->child_kind) {
	case CHILD_ANY:
		wait_for_any(wait);
		break;
	case CHILD_GROUP:
		wait_for_group(wait);
		break;
	case CHILD_PID:
		wait_for_process(wait, child_named(wait, wait->call->child), wait->call->child);
		break;
	case CHILD_PIDFD:
		wait_for_pidfd(wait);
		break;
	}
}

/* A pidfd in a set is readable once its process has ended. */
void draw_pidfd(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_CHILD, WANT_READ, wait->object);
	wait_for_pidfd(wait);
}

/* The child that shares our memory is the newest: it came last, and we have not run since. */
void draw_vfork(const struct wait *wait)
{
	const struct snapshot *snapshot = wait->scene->snapshot;
	int64_t newest = UNSEEN, start;
	uint32_t i;

	edge_begin(wait, CHANNEL_VFORK, WANT_OTHER, no_object);
	if (child_count(wait) > BOUND_GROUP_EACH) {
		edge_children(wait->edges, wait->process);
		return;
	}
	for (i = 0; i < child_count(wait); i++) {
		start = process_at(snapshot, child_at(wait, i))->start_ticks;
		if (!process_dead(wait->scene, child_at(wait, i)) && start > newest)
			newest = start;
	}
	for (i = 0; i < child_count(wait); i++)
		if (!process_dead(wait->scene, child_at(wait, i)) &&
		    process_at(snapshot, child_at(wait, i))->start_ticks == newest)
			edge_process(wait->edges, child_at(wait, i));
	if (!edge_current(wait->edges)->wakers)
		edge_outside(wait->edges);
}

bool wait_hears_children(const struct wait *wait)
{
	const struct process *process = process_at(wait->scene->snapshot, wait->process);

	return (process->caught_signals & SIGNAL_BIT(SIGNAL_CHILD)) && has_living_child(wait);
}

static void draw_children(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_CHILD, WANT_OTHER, no_object);
	edge_children(wait->edges, wait->process);
	edge_doubt(wait->edges, DOUBT_PLAUSIBLE);
}

static void draw_any_signal(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_SIGNAL, WANT_OTHER, wait->object);
	edge_outside(wait->edges);
}

/*
 * A signal may come from anywhere; but who catches SIGCHLD, has a child and waits for
 * signals waits for that child: so dash waits.  sigtimedwait needs no handler.
 */
void draw_signal(const struct wait *wait)
{
	const struct decoded *call = wait->call;
	uint64_t mask = call->action == ACTION_SIGNAL ? call->signals : ~UINT64_C(0);
	bool takes = mask & SIGNAL_BIT(SIGNAL_CHILD), chosen = mask && !(mask & (mask - 1));

	if (takes && (wait_hears_children(wait) || (chosen && has_living_child(wait))))
		draw_children(wait);
	else
		draw_any_signal(wait);
}

/* The mask of a signalfd lies in its word. */
void draw_signalfd(const struct wait *wait)
{
	int64_t word = wait_object(wait, wait->object)->word;

	if (word != UNSEEN && (uint64_t)word == SIGNAL_BIT(SIGNAL_CHILD) && has_living_child(wait))
		draw_children(wait);
	else
		draw_any_signal(wait);
}

/* ---- WNOHANG --------------------------------------------------------------- */

enum { POLLING_SLEEP_NS = 100000000, POLLING_PER_SECOND = 5 };

/*
 * Python's p.wait(timeout=600) sleeps up to 50 ms between two wait4(WNOHANG): who
 * wakes five times a second or more, sleeps a tenth at most, has a living child and
 * moves no bytes is taken to wait for that child.
 */
void draw_polling(const struct wait *wait)
{
	const struct snapshot *snapshot = wait->scene->snapshot;
	const struct task_look *at = task_at(snapshot, wait->task)->at;
	const struct decoded *call = wait->call;
	int64_t window_ns, woke;
	bool sleeps = call->action == ACTION_SLEEP ||
		      ((call->action == ACTION_POLL || call->action == ACTION_SELECT) && call->count == 0);

	if (!sleeps || (!call->timeout_unread && (call->timeout_ns == UNSEEN || call->timeout_ns > POLLING_SLEEP_NS)) ||
	    at[LOOK_T0].voluntary == UNSEEN || at[LOOK_T1].voluntary == UNSEEN ||
	    at[LOOK_T0].when_ns == UNSEEN || at[LOOK_T1].when_ns == UNSEEN)
		return;
	window_ns = at[LOOK_T1].when_ns - at[LOOK_T0].when_ns;
	woke = at[LOOK_T1].voluntary - at[LOOK_T0].voluntary;
	if (window_ns <= 0 || woke < 1 || woke < window_ns / (1000000000 / POLLING_PER_SECOND) || !has_living_child(wait))
		return;
	/* A sleep that could not be read: as short as it was on average. */
	if (call->timeout_unread && woke < window_ns / POLLING_SLEEP_NS)
		return;
	if (wait->scene->process_tasks[wait->process.at].count == 1 &&
	    process_io_moved(wait->scene, wait->process) == MOVED_YES)
		return;
	draw_children(wait);
	edge_current(wait->edges)->poll_wait = 1;
}
