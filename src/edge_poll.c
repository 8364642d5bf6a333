/* SPDX-License-Identifier: MIT */
/*
 * Waiting on a set: poll, select, epoll, epoll in epoll.  Any one entry is enough, so
 * each is an edge of its own, drawn as if the task were reading or writing there.
 */
#include "edges.h"

#include <stdlib.h>

#include "bounds.h"

enum { EVENTS_DATA = 0x001 | 0x040, EVENTS_IN = EVENTS_DATA | 0x002 | 0x080, EVENTS_OUT = 0x004 | 0x100 | 0x200 };
enum { EPOLL_ONESHOT = 1 << 30 };
/* EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT, EPOLLET: what the kernel leaves of a one-shot that fired. */
#define EPOLL_PRIVATE UINT32_C(0xf0000000)
#define EPOLL_EDGE UINT32_C(0x80000000)

/* An entry of which nothing is known may be anything. */
static void draw_unknown(const struct wait *wait, int32_t fd)
{
	struct edge *edge = edge_begin(wait, CHANNEL_EXTERNAL, WANT_OTHER, (struct object_ix){ NO_ROW });

	edge->fd = fd;
	edge_outside(wait->edges);
	edge_doubt(wait->edges, DOUBT_CALL);
}

/* Sets in sets may be made to explode. */
static bool has_room(const struct wait *wait)
{
	if (wait->edges->count < BOUND_EDGES)
		return true;
	draw_unknown(wait, -1);
	return false;
}

/*
 * Hang-ups are always reported: who asks for nothing waits for the other side to close,
 * as tail does on the pipe that it writes to.
 */
static bool only_writes(const struct wait *wait, int32_t fd)
{
	struct fd_ix row = scene_fd(wait->scene, wait->process, fd);

	return row.at != NO_ROW && fd_at(wait->scene->snapshot, row)->flags_sight == SIGHT_OK &&
	       (fd_at(wait->scene->snapshot, row)->flags & 3) == 1;
}

/* Data that nobody asked for wakes nobody, nor data that an edge-triggered set has told of already. */
static void not_ready(struct edges *edges, uint32_t first)
{
	uint32_t i;

	for (i = first; i < edges->count; i++)
		edges->edge[i].ready = 0;
}

static void draw_entry(const struct wait *wait, int32_t fd, struct object_ix object, uint32_t events)
{
	uint32_t first = wait->edges->count;
	bool asks = events & (EVENTS_IN | EVENTS_OUT);

	if (object.at != NO_ROW) {
		if ((events & EVENTS_IN) || (!asks && !only_writes(wait, fd)))
			edges_apply_entry(wait, ACTION_READ, fd, object);
		if (!(events & EVENTS_DATA))
			not_ready(wait->edges, first);
		if ((events & EVENTS_OUT) || (!asks && only_writes(wait, fd)))
			edges_apply_entry(wait, ACTION_WRITE, fd, object);
	}
	/* An empty event set inside this one draws nothing, and is known. */
	if (wait->edges->count == first &&
	    (object.at == NO_ROW || object_at(wait->scene->snapshot, object)->kind != OBJECT_EPOLL))
		draw_unknown(wait, fd);
}

/* Such a wait ends with EINTR when a child ends: GNU make, libuv and their like count on it. */
static void draw_interrupt(const struct wait *wait)
{
	if (!wait_hears_children(wait))
		return;
	edge_begin(wait, CHANNEL_CHILD, WANT_OTHER, (struct object_ix){ NO_ROW });
	edge_children(wait->edges, wait->process);
	edge_doubt(wait->edges, DOUBT_PLAUSIBLE);
}

static int entry_before(const void *a, const void *b)
{
	const struct set_entry *x = a, *y = b;

	if (x->fd != y->fd)
		return x->fd < y->fd ? -1 : 1;
	return x->events < y->events ? -1 : x->events > y->events;
}

void draw_poll(const struct wait *wait)
{
	const struct scene *scene = wait->scene;
	enum look look = task_last_look(scene->snapshot, wait->task);
	struct edges *edges = wait->edges;
	uint32_t count, peek_count, i;
	const struct peek *peeks = scene_peeks(scene, wait->task, look, &peek_count);
	bool unread;

	if (!has_room(wait))
		return;
	count = decode_set(scene->snapshot, wait->call, &task_at(scene->snapshot, wait->task)->at[look].call, peeks,
			   peek_count, edges->set, BOUND_POLLFDS, &unread);
	if (!count && !unread) {
		/* An empty set: a sleep, or without a timeout a wait for signals. */
		if (wait->call->timeout_unread || wait->call->timeout_ns != UNSEEN)
			draw_sleep(wait);
		else
			draw_signal(wait);
		return;
	}
	if (!count) {
		draw_guessed_set(wait);
		return;
	}
	qsort(edges->set, count, sizeof(*edges->set), entry_before);
	edges->depth++;
	for (i = 0; i < count && has_room(wait); i++)
		draw_entry(wait, edges->set[i].fd, scene_fd_object(scene, wait->process, edges->set[i].fd),
			   edges->set[i].events);
	if (unread)
		draw_unknown(wait, -1);
	draw_interrupt(wait);
	edges->depth--;
}

static void draw_watch(const struct wait *wait, const struct watch *watch)
{
	uint32_t first = wait->edges->count;

	/* Trio arms with one shot, 40000019; 40000000 is disarmed: nobody waits for that one. */
	if ((watch->events & EPOLL_ONESHOT) && !(watch->events & ~EPOLL_PRIVATE))
		return;
	draw_entry(wait, watch->number, watch->object, watch->events & ~EPOLL_PRIVATE);
	if (watch->events & EPOLL_EDGE)
		not_ready(wait->edges, first);
}

/* Other threads, and whoever else holds the set, may add to it while it is waited on. */
static bool set_is_shared(const struct wait *wait)
{
	const struct scene *scene = wait->scene;
	const struct span *fds = &scene->object_fds[wait->object.at];
	uint32_t i;

	if (scene->process_tasks[wait->process.at].count > 1)
		return true;
	for (i = 0; i < fds->count; i++)
		if (scene->snapshot->fds.row[scene->holder_order[fds->first + i]].process.at != wait->process.at)
			return true;
	return false;
}

/* The look whose list of watches is to be trusted; LOOKS: none was read. */
static enum look set_look(const struct wait *wait)
{
	const struct object_look *at = object_at(wait->scene->snapshot, wait->object)->at;
	enum look last = wait->scene->last;

	if (at[last].sight == SIGHT_OK || at[last].sight == SIGHT_CUT)
		return last;
	return at[LOOK_T0].sight == SIGHT_OK || at[LOOK_T0].sight == SIGHT_CUT ? LOOK_T0 : LOOKS;
}

/* Threads that wait on one long set are woken by the same events: the first of them stands for the set. */
static bool draw_like_first(const struct wait *wait)
{
	uint32_t *first = &wait->edges->set_waiter[wait->object.at];

	if (wait->edges->depth || wait->scene->set_watches[wait->object.at].count <= BOUND_SET_EACH)
		return false;
	if (!*first) {
		*first = wait->task.at + 1;
		return false;
	}
	edge_begin(wait, CHANNEL_EPOLL, WANT_OTHER, wait->object);
	edge_task(wait->edges, (struct task_ix){ *first - 1 });
	return true;
}

static void draw_watches(const struct wait *wait, enum look look)
{
	const struct scene *scene = wait->scene;
	const struct span *watches = &scene->set_watches[wait->object.at];
	uint32_t i;

	for (i = 0; i < watches->count && has_room(wait); i++) {
		const struct watch *watch = &scene->snapshot->watches.row[scene->watch_order[watches->first + i]];

		if (watch->looks & 1 << look)
			draw_watch(wait, watch);
	}
	if (object_at(scene->snapshot, wait->object)->at[look].sight == SIGHT_CUT)
		draw_unknown(wait, -1);
}

void draw_epoll(const struct wait *wait)
{
	struct edges *edges = wait->edges;
	enum look look = set_look(wait);
	uint32_t first = edges->count;

	if (draw_like_first(wait))
		return;
	edges->depth++;
	if (look == LOOKS || edges->depth > BOUND_SET_DEPTH)
		draw_unknown(wait, wait->call->fd);
	else
		draw_watches(wait, look);
	if (edges->depth == 1)
		draw_interrupt(wait);
	if (edges->count == first || set_is_shared(wait)) {
		edge_begin(wait, CHANNEL_EPOLL, WANT_OTHER, wait->object);
		edge_holders(edges, wait->object, END_ANY);
	}
	edges->depth--;
}
