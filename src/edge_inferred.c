/* SPDX-License-Identifier: MIT */
/*
 * Edges of a call that could not be read.  Where it sleeps says what kind of thing it
 * waits on; whichever descriptor of that kind the process has may be it.  One candidate is
 * plausible; of several, any may wake it, so that nobody is closed who is not.
 */
#include "edges.h"

#include <fcntl.h>

#include "infer.h"

enum { IS_LISTENING = 10 };

static bool is_socket(const struct object *object)
{
	return object->kind == OBJECT_TCP || object->kind == OBJECT_UNIX || object->kind == OBJECT_UDP;
}

/* What a task that sleeps for this object would be doing there; ACTION_NONE: it cannot sleep there. */
static enum action action_at(const struct wait *wait, const struct inference *row, struct object_ix object)
{
	const struct object *thing = object_at(wait->scene->snapshot, object);
	const struct object_look *seen = wait_object(wait, object);
	bool listens = is_socket(thing) && seen->state == IS_LISTENING;

	if (row->action == ACTION_POLL)
		return seen->readable > 0 ? ACTION_NONE : ACTION_READ;
	if (row->action == ACTION_ACCEPT)
		return listens ? ACTION_ACCEPT : ACTION_NONE;
	if (row->action != ACTION_READ)
		return listens ? ACTION_NONE : row->action;
	if (listens)
		return thing->kind == OBJECT_UNIX ? ACTION_ACCEPT : ACTION_NONE;
	if (seen->readable <= 0)
		return ACTION_READ;
	/* With data before it nobody sleeps to read; TCP sends in the same kernel function. */
	return thing->kind == OBJECT_TCP ? ACTION_WRITE : ACTION_NONE;
}

static bool fits(const struct wait *wait, const struct inference *row, const struct fd *fd)
{
	uint32_t kind = object_at(wait->scene->snapshot, fd->object)->kind;
	uint32_t access = fd->flags & O_ACCMODE;

	if (!(row->kinds >> kind & 1) || !scene_fd_open(wait->scene, fd))
		return false;
	if (fd->flags_sight != SIGHT_OK)
		return true;
	if (kind == OBJECT_PIPE || kind == OBJECT_FIFO) {
		if (row->action == ACTION_WRITE ? access == O_RDONLY : access == O_WRONLY)
			return false;
	}
	/* Who asked not to be blocked is not; but sets are made of such. */
	return row->action == ACTION_POLL || row->action == ACTION_EPOLL || !(fd->flags & O_NONBLOCK);
}

static bool taken(const struct candidates *candidates, struct object_ix object)
{
	uint32_t i;

	for (i = 0; i < candidates->count; i++)
		if (candidates->row[i].object.at == object.at)
			return true;
	return false;
}

static void find_candidates(const struct wait *wait, const struct inference *row, struct candidates *ret)
{
	const struct scene *scene = wait->scene;
	const struct span *fds = &scene->process_fds[wait->process.at];
	enum action action;
	uint32_t i;

	/* Threads that sleep at the same place have the same ones. */
	if (ret->inference == row && ret->process.at == wait->process.at)
		return;
	ret->inference = row;
	ret->process = wait->process;
	ret->count = 0;
	ret->more = false;
	for (i = 0; i < fds->count; i++) {
		const struct fd *fd = &scene->snapshot->fds.row[scene->fd_order[fds->first + i]];

		if (!fits(wait, row, fd) || taken(ret, fd->object))
			continue;
		action = row->action == ACTION_EPOLL ? ACTION_EPOLL : action_at(wait, row, fd->object);
		if (action == ACTION_NONE)
			continue;
		if (ret->count == BOUND_CANDIDATES) {
			ret->more = true;
			return;
		}
		ret->row[ret->count].fd = fd->number;
		ret->row[ret->count].object = fd->object;
		ret->row[ret->count++].action = action;
	}
}

/*
 * A read from a pipe that nobody writes to any more would have ended; so of two pipes
 * it is rather the one with a holder in view.
 */
static void prefer_held(struct edges *edges, uint32_t first)
{
	uint32_t i, kept = first;
	bool held = false;

	for (i = first; i < edges->count; i++)
		held |= !edges->edge[i].unheld && !edges->edge[i].ready;
	for (i = first; held && i < edges->count; i++)
		if (!edges->edge[i].unheld && !edges->edge[i].ready)
			edges->edge[kept++] = edges->edge[i];
	if (held)
		edges->count = kept;
}

static void draw_candidates(const struct wait *wait, const struct inference *row)
{
	struct edges *edges = wait->edges;
	const struct candidates *candidates = &edges->candidates;
	uint32_t first = edges->count, i;

	find_candidates(wait, row, &edges->candidates);
	if (candidates->count > 1)
		edges->waiter_doubts |= DOUBT_CALL;
	if (row->action == ACTION_POLL)
		edges->depth++;
	for (i = 0; i < candidates->count; i++)
		edges_apply_entry(wait, candidates->row[i].action, candidates->row[i].fd, candidates->row[i].object);
	if (candidates->more) {
		edge_begin(wait, CHANNEL_EXTERNAL, WANT_OTHER, (struct object_ix){ NO_ROW });
		edge_outside(edges);
	}
	if (row->action == ACTION_POLL)
		edges->depth--;
	else
		prefer_held(edges, first);
}

void draw_inferred(const struct wait *wait)
{
	const struct inference *row = infer(wait_wchan(wait));

	if (!row)
		return;
	wait->edges->waiter_doubts |= DOUBT_PLAUSIBLE | (row->timed ? DOUBT_CALL : 0);
	if (row->kinds)
		draw_candidates(wait, row);
	else
		edges_apply(wait);
}

/* A set that could not be read: it may hold whatever the process has. */
void draw_guessed_set(const struct wait *wait)
{
	const struct inference *row = infer("poll_schedule_timeout");

	wait->edges->waiter_doubts |= DOUBT_PLAUSIBLE | DOUBT_CALL;
	if (row)
		draw_candidates(wait, row);
}
