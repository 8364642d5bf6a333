/* SPDX-License-Identifier: MIT */
/*
 * Wakers that are many: all holders of one end of an object, all children of a
 * process.  They become one hub, made once and shared by all who wait for them, so that
 * the graph stays as long as the tables that it comes from.
 */
#include "edges.h"

static struct hub *hub_new(struct edges *edges, uint32_t *at)
{
	if (!edges_grow(edges, &edges->hub, sizeof(*edges->hub), edges->hubs, &edges->hub_room))
		return NULL;
	edges->hub[edges->hubs] = (struct hub){ { NO_ROW }, { NO_ROW }, END_ANY, edges->members, 0, 0 };
	*at = edges->hubs + 1;
	return &edges->hub[edges->hubs++];
}

static void hub_member(struct edges *edges, struct hub *hub, uint32_t node)
{
	if (!edges_grow(edges, &edges->member, sizeof(*edges->member), edges->members, &edges->member_room))
		return;
	edges->member[edges->members++].at = node;
	hub->count++;
}

/* O_RDONLY is 0, O_WRONLY 1, O_RDWR 2: an unread direction may be either. */
static enum end fd_end(const struct fd *fd)
{
	static const enum end ends[4] = { END_READ, END_WRITE, END_ANY, END_ANY };

	return fd->flags_sight == SIGHT_OK ? ends[fd->flags & 3] : END_ANY;
}

static bool looks_both(const struct scene *scene, uint8_t looks)
{
	return scene->last == LOOK_T1 && looks == ((1 << LOOK_T0) | (1 << LOOK_T1));
}

static uint32_t fd_doubts(const struct scene *scene, const struct fd *fd, enum end end)
{
	uint32_t seen_once = looks_both(scene, fd->looks) ? 0 : DOUBT_ONE_LOOK;

	return seen_once | (fd->flags_sight != SIGHT_OK && end != END_ANY ? DOUBT_HOLDERS : 0);
}

/* Holders by descriptor and holders by other knowledge lie both by pid: merge them. */
static void hub_holders(struct edges *edges, struct hub *hub)
{
	const struct scene *scene = edges->scene;
	const struct snapshot *snapshot = scene->snapshot;
	const struct span *fds = &scene->object_fds[hub->object.at], *holds = &scene->object_holds[hub->object.at];
	uint32_t tasks = snapshot->tasks.count, newest = NO_ROW, f = 0, h = 0;

	while (f < fds->count || h < holds->count) {
		const struct fd *fd = f < fds->count ? &snapshot->fds.row[scene->holder_order[fds->first + f]] : NULL;
		const struct hold *hold = h < holds->count ?
			&snapshot->holds.row[scene->hold_order[holds->first + h]] : NULL;

		if (fd && (!hold || scene->process_rank[fd->process.at] <= scene->process_rank[hold->process.at])) {
			f++;
			if (!(fd_end(fd) & hub->end) || !scene_fd_open(scene, fd))
				continue;
			hub->doubts |= fd_doubts(scene, fd, hub->end);
			if (fd->process.at != newest)
				hub_member(edges, hub, tasks + fd->process.at);
			newest = fd->process.at;
			continue;
		}
		h++;
		if (!(hold->looks & 1 << scene->last))
			continue;
		hub->doubts |= (looks_both(scene, hold->looks) ? 0 : DOUBT_ONE_LOOK) |
			       (hold->basis == HOLD_HINT ? DOUBT_HINT : 0);
		if (hold->process.at == newest)
			continue;
		if (hold->task.at != NO_ROW && hold->role != ROLE_MAPS) {
			hub_member(edges, hub, hold->task.at);
			continue;
		}
		hub_member(edges, hub, tasks + hold->process.at);
		newest = hold->process.at;
	}
}

static struct hub *hub_of_end(struct edges *edges, struct object_ix object, enum end end)
{
	uint32_t *at = &edges->hub_at[object.at * 3 + end - 1];
	const struct object *row = object_at(edges->scene->snapshot, object);
	struct hub *hub;

	if (*at)
		return &edges->hub[*at - 1];
	hub = hub_new(edges, at);
	if (!hub)
		return NULL;
	hub->object = object;
	hub->end = end;
	hub->doubts = edges->everywhere;
	if (row->cover == COVER_HOLES)
		hub->doubts |= DOUBT_OPAQUE;
	else if (row->cover != COVER_MACHINE)
		hub->doubts |= DOUBT_HOLDERS;
	hub_holders(edges, hub);
	return hub;
}

bool edge_holders(struct edges *edges, struct object_ix object, enum end end)
{
	struct hub *hub = hub_of_end(edges, object, end);

	if (!hub)
		return true;
	edge_doubt(edges, hub->doubts);
	if (hub->count)
		edge_waker(edges, edges->hub_base + (uint32_t)(hub - edges->hub));
	return hub->count > 0;
}

void edge_other_end(struct edges *edges, struct object_ix object, enum end end)
{
	if (edge_holders(edges, object, end))
		return;
	if (object_at(edges->scene->snapshot, object)->cover == COVER_MACHINE) {
		edge_ready(edges);
		return;
	}
	edge_unheld(edges, false);
}

bool edge_children(struct edges *edges, struct process_ix parent)
{
	const struct scene *scene = edges->scene;
	const struct span *children = &scene->process_children[parent.at];
	uint32_t *at = &edges->hub_at[(size_t)scene->snapshot->objects.count * 3 + parent.at], i;
	struct process_ix child;
	struct hub *hub;

	if (!*at) {
		hub = hub_new(edges, at);
		if (!hub)
			return true;
		hub->parent = parent;
		for (i = 0; i < children->count; i++) {
			child.at = scene->child_order[children->first + i];
			/* Who looks was not there before: without it the wait would have ended already. */
			if (!process_dead(scene, child) && !(process_at(scene->snapshot, child)->flags & PROCESS_OURS))
				hub_member(edges, hub, scene->snapshot->tasks.count + child.at);
		}
	}
	hub = &edges->hub[*at - 1];
	if (hub->count)
		edge_waker(edges, edges->hub_base + *at - 1);
	return hub->count > 0;
}

bool edge_supervisors(struct edges *edges)
{
	const struct scene *scene = edges->scene;
	const struct snapshot *snapshot = scene->snapshot;
	uint32_t *at = &edges->hub_at[(size_t)snapshot->objects.count * 3 + snapshot->processes.count], i, j;
	const struct span *fds;
	const struct fd *fd;
	struct hub *hub;

	if (!*at) {
		hub = hub_new(edges, at);
		if (!hub)
			return true;
		hub->doubts = edges->everywhere;
		for (i = 0; i < snapshot->processes.count; i++) {
			fds = &scene->process_fds[scene->pid_order[i]];
			for (j = 0; j < fds->count; j++) {
				fd = &snapshot->fds.row[scene->fd_order[fds->first + j]];
				if (object_at(snapshot, fd->object)->kind == OBJECT_SECCOMP && scene_fd_open(scene, fd))
					break;
			}
			if (j < fds->count)
				hub_member(edges, hub, snapshot->tasks.count + scene->pid_order[i]);
		}
	}
	hub = &edges->hub[*at - 1];
	edge_doubt(edges, hub->doubts);
	if (hub->count)
		edge_waker(edges, edges->hub_base + *at - 1);
	return hub->count > 0;
}
