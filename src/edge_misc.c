/* SPDX-License-Identifier: MIT */
/* The short ways of waiting: for time, a counter, a device, a file system, a tracer, a supervisor. */
#include "edges.h"

static const struct object_ix no_object = { NO_ROW };

/* Its time is that of the call: edges_timeout() adds it. */
void draw_sleep(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_TIMER, WANT_OTHER, no_object);
	if (!wait->call->timeout_unread && wait->call->timeout_ns == UNSEEN)
		edge_outside(wait->edges); /* The kernel refuses to sleep for no time at all. */
}

void draw_eventfd(const struct wait *wait)
{
	bool write = wait->call->action == ACTION_WRITE;

	edge_begin(wait, CHANNEL_EVENTFD, write ? WANT_WRITE : WANT_READ, wait->object);
	if (!write && wait_object(wait, wait->object)->word > 0)
		edge_ready(wait->edges);
	edge_other_end(wait->edges, wait->object, END_ANY);
}

/* Armed, it is a deadline; disarmed, it waits for whoever holds it to arm it. */
void draw_timerfd(const struct wait *wait)
{
	const struct object_look *seen = wait_object(wait, wait->object);

	edge_begin(wait, CHANNEL_TIMER, WANT_READ, wait->object);
	if (seen->readable > 0) {
		edge_ready(wait->edges);
	} else if (seen->armed == ANSWER_YES && seen->expires_ns != UNSEEN) {
		edge_deadline(wait->edges, seen->expires_ns);
	} else if (seen->armed == ANSWER_NO) {
		edge_other_end(wait->edges, wait->object, END_ANY);
	} else {
		edge_outside(wait->edges);
		edge_doubt(wait->edges, DOUBT_CALL);
	}
}

void draw_device(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_DEVICE, wait->call->write ? WANT_WRITE : WANT_READ, wait->object);
	edge_outside(wait->edges);
}

/* A disk, an NFS server, a FUSE daemon: it will answer, or the state says that it does not. */
void draw_file(const struct wait *wait)
{
	enum want want = WANT_OTHER;

	if (wait->call && wait->call->action == ACTION_READ)
		want = WANT_READ;
	if (wait->call && wait->call->action == ACTION_WRITE)
		want = WANT_WRITE;
	edge_begin(wait, CHANNEL_FILE, want, wait->object);
	if (wait->edges->depth)
		edge_ready(wait->edges); /* In a set, files are always ready. */
	else
		edge_outside(wait->edges);
}

void draw_outside(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_EXTERNAL, wait->call->write ? WANT_WRITE : WANT_READ, wait->object);
	edge_outside(wait->edges);
}

/* Suspended all the same: the edge only says by whom. */
void draw_tracer(const struct wait *wait)
{
	const struct snapshot *snapshot = wait->scene->snapshot;
	int32_t tid = task_at(snapshot, wait->task)->at[task_last_look(snapshot, wait->task)].tracer;
	struct task_ix tracer = tid > 0 ? scene_find_task(wait->scene, tid) : (struct task_ix){ NO_ROW };

	edge_begin(wait, CHANNEL_PTRACE, WANT_OTHER, no_object);
	edge_doubt(wait->edges, DOUBT_TRACER);
	if (tracer.at != NO_ROW)
		edge_task(wait->edges, tracer);
	else
		edge_outside(wait->edges);
}

/* Which filter caught it is not to be seen: whoever listens to any may answer. */
void draw_seccomp(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_SECCOMP, WANT_OTHER, no_object);
	edge_doubt(wait->edges, DOUBT_PLAUSIBLE);
	if (!edge_supervisors(wait->edges))
		edge_outside(wait->edges);
}

/*
 * A page of its memory is missing and somebody has promised to bring it.  The descriptor
 * for that need not be among its own any more, so whoever it is may be anywhere.
 */
void draw_userfault(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_EXTERNAL, WANT_OTHER, no_object);
	edge_doubt(wait->edges, DOUBT_PLAUSIBLE);
	edge_outside(wait->edges);
}
