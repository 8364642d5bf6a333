/* SPDX-License-Identifier: MIT */
/* The collector of edges: their rows, their wakers, their timeouts. */
#include "edges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

bool edges_grow(struct edges *edges, void *rows, size_t size, uint32_t count, uint32_t *room)
{
	void *grown;
	size_t wanted;

	if (count < *room)
		return true;
	wanted = *room ? (size_t)*room * 2 : 64;
	if (wanted > UINT32_MAX / 2)
		wanted = 0;
	memcpy(&grown, rows, sizeof(grown));
	grown = wanted ? reallocarray(grown, wanted, size) : NULL;
	if (!grown) {
		edges->error = -ENOMEM;
		return false;
	}
	memcpy(rows, &grown, sizeof(grown));
	*room = (uint32_t)wanted;
	return true;
}

struct edge *edge_current(struct edges *edges)
{
	static struct edge nowhere; /* Written to when memory is out, read by nobody. */

	return edges->count ? &edges->edge[edges->count - 1] : &nowhere;
}

struct edge *edge_begin(const struct wait *wait, enum channel channel, enum want want, struct object_ix object)
{
	struct edges *edges = wait->edges;
	struct edge *edge;

	if (!edges_grow(edges, &edges->edge, sizeof(*edges->edge), edges->count, &edges->room))
		return edge_current(edges);
	edge = &edges->edge[edges->count++];
	*edge = (struct edge){
		.from = wait->task, .channel = channel, .mode = MODE_ANY, .want = want, .object = object,
		.in_set = edges->depth > 0, .fd = -1, .deadline_ns = UNSEEN, .first_waker = edges->wakers,
		.doubts = edges->waiter_doubts,
	};
	if (wait->call)
		edge->fd = wait->call->fd;
	if (object.at != NO_ROW && object_moved(wait->scene, object) == MOVED_YES)
		edge->doubts |= DOUBT_CHANGED;
	return edge;
}

void edge_waker(struct edges *edges, uint32_t node)
{
	if (!edges_grow(edges, &edges->waker, sizeof(*edges->waker), edges->wakers, &edges->waker_room))
		return;
	edges->waker[edges->wakers++].at = node;
	edge_current(edges)->wakers++;
}

void edge_task(struct edges *edges, struct task_ix to)
{
	edge_waker(edges, to.at);
}

void edge_process(struct edges *edges, struct process_ix to)
{
	edge_waker(edges, edges->scene->snapshot->tasks.count + to.at);
}

void edge_outside(struct edges *edges)
{
	edge_current(edges)->outside = 1;
}

void edge_unheld(struct edges *edges, bool searched)
{
	edge_current(edges)->outside = 1;
	edge_current(edges)->unheld = !searched;
}

void edge_ready(struct edges *edges)
{
	edge_current(edges)->ready = 1;
}

void edge_deadline(struct edges *edges, int64_t left_ns)
{
	struct edge *edge = edge_current(edges);

	if (edge->deadline_ns == UNSEEN || left_ns < edge->deadline_ns)
		edge->deadline_ns = left_ns;
}

void edge_doubt(struct edges *edges, uint32_t bits)
{
	edge_current(edges)->doubts |= bits;
}

/* ---- timeouts -------------------------------------------------------------- */

/* What is left of it: a deadline is exact; of what was given, the time since it last ran is gone. */
static int64_t timeout_remains(const struct wait *wait)
{
	const struct task *task = task_at(wait->scene->snapshot, wait->task);
	enum look look = task_last_look(wait->scene->snapshot, wait->task);
	int64_t left = wait->call->timeout_ns, gone = 0;

	if (wait->call->timeout_exact)
		return left;
	if (task->at[look].silent_ns != UNSEEN)
		gone = task->at[look].silent_ns;
	else if (look == LOOK_T1 && task_moved(wait->scene, wait->task) == MOVED_NO &&
		 task->at[LOOK_T0].when_ns != UNSEEN && task->at[LOOK_T1].when_ns != UNSEEN)
		gone = task->at[LOOK_T1].when_ns - task->at[LOOK_T0].when_ns;
	return gone <= 0 ? left : left > gone ? left - gone : 0;
}

/* Says that it ends by itself, but not when (a timer); or that what it waits for is not known at all. */
static void begin_unread(const struct wait *wait, enum channel channel, bool in_set)
{
	struct edge *edge = edge_begin(wait, channel, WANT_OTHER, (struct object_ix){ NO_ROW });

	edge->in_set = in_set;
	edge->outside = 1;
	edge->doubts |= DOUBT_CALL;
}

void edges_timeout(const struct wait *wait, uint32_t first)
{
	struct edges *edges = wait->edges;
	const struct decoded *call = wait->call;
	bool known = edges->count > first;
	int64_t left;
	uint32_t i;

	if (!call->timeout_unread && call->timeout_ns == UNSEEN)
		return;
	if (!known)
		begin_unread(wait, CHANNEL_EXTERNAL, false);
	if (call->timeout_unread && known && edges->edge[first].channel == CHANNEL_TIMER) { /* A sleep. */
		edges->edge[first].outside = 1;
		edges->edge[first].doubts |= DOUBT_CALL;
	} else if (call->timeout_unread && known) {
		begin_unread(wait, CHANNEL_TIMER, edges->edge[first].in_set);
	}
	if (call->timeout_unread)
		return;
	left = timeout_remains(wait);
	for (i = first; i < edges->count; i++)
		if (edges->edge[i].deadline_ns == UNSEEN || left < edges->edge[i].deadline_ns)
			edges->edge[i].deadline_ns = left;
}

/* ---- all ------------------------------------------------------------------- */

/* What forbids a proof about any holder at all: an end may be where nobody can list it. */
static uint32_t doubts_everywhere(const struct snapshot *snapshot)
{
	uint32_t bits = 0, i;

	for (i = 0; i < snapshot->processes.count; i++) {
		const struct process *process = &snapshot->processes.row[i];

		if (process->uring == ANSWER_YES)
			bits |= DOUBT_RING;
		if (process->opaque == ANSWER_YES)
			bits |= DOUBT_OPAQUE;
	}
	for (i = 0; i < snapshot->objects.count; i++)
		if (snapshot->objects.row[i].in_flight == ANSWER_YES)
			bits |= DOUBT_IN_FLIGHT;
	for (i = 0; i < snapshot->tasks.count; i++)
		if (snapshot->tasks.row[i].own_fds == ANSWER_YES)
			bits |= DOUBT_FD_TABLE;
	return bits;
}

static int find_tracees(struct edges *edges)
{
	const struct scene *scene = edges->scene;
	const struct snapshot *snapshot = scene->snapshot;
	uint32_t count = snapshot->tasks.count;
	struct order_work work;
	struct task_ix task, tracer;
	int r;

	edges->tracee = calloc(count + 1, sizeof(*edges->tracee));
	edges->process_tracees = calloc((size_t)snapshot->processes.count + 1, sizeof(*edges->process_tracees));
	if (!edges->tracee || !edges->process_tracees)
		return -ENOMEM;
	r = order_scratch(count, &work);
	if (r < 0)
		return r;
	memcpy(edges->tracee, scene->tid_order, count * sizeof(*edges->tracee));
	for (task.at = 0; task.at < count; task.at++) {
		const struct task *row = task_at(snapshot, task);
		int32_t tid = row->at[task_last_look(snapshot, task)].tracer;

		tracer.at = NO_ROW;
		if (tid > 0 && !task_dead(scene, task))
			tracer = scene_find_task(scene, tid);
		work.groups[task.at] = tracer.at == NO_ROW ? NO_ROW : task_at(snapshot, tracer)->process.at;
	}
	order_group(edges->tracee, count, snapshot->processes.count, edges->process_tracees, &work);
	order_scratch_end(&work);
	return 0;
}

static void find_children(struct edges *edges)
{
	struct process_ix child, parent;

	for (child.at = 0; child.at < edges->scene->snapshot->processes.count; child.at++) {
		parent = scene_parent(edges->scene, child);
		if (parent.at == NO_ROW || (process_at(edges->scene->snapshot, child)->flags & PROCESS_OURS))
			continue;
		if (process_zombie(edges->scene, child))
			edges->children[parent.at] |= CHILDREN_ZOMBIE;
		else if (!process_dead(edges->scene, child))
			edges->children[parent.at] |= CHILDREN_LIVE;
	}
}

static bool key_before(const struct snapshot *snapshot, uint32_t a, uint32_t b)
{
	struct object_key x = snapshot->objects.row[a].key, y = snapshot->objects.row[b].key;

	return x.space != y.space ? x.space < y.space : x.name < y.name;
}

/* Of several words that a task waits on, the first by name. */
static void find_words(struct edges *edges)
{
	const struct snapshot *snapshot = edges->scene->snapshot;
	uint32_t i, *word;

	for (i = 0; i < snapshot->holds.count; i++) {
		const struct hold *hold = &snapshot->holds.row[i];

		if (hold->role != ROLE_MAPS || hold->task.at == NO_ROW || !(hold->looks & 1 << edges->scene->last))
			continue;
		word = &edges->word[hold->task.at];
		if (!*word || key_before(snapshot, hold->object.at, *word - 1))
			*word = hold->object.at + 1;
	}
}

int edges_draw(const struct scene *scene, struct edges *ret)
{
	const struct snapshot *snapshot = scene->snapshot;
	uint32_t objects = snapshot->objects.count, processes = snapshot->processes.count;
	int r;

	*ret = (struct edges){
		.scene = scene, .hub_base = snapshot->tasks.count + snapshot->processes.count,
		.everywhere = doubts_everywhere(snapshot),
		.hub_at = calloc((size_t)objects * 3 + processes + 1, sizeof(uint32_t)),
		.set_waiter = calloc((size_t)objects + 1, sizeof(uint32_t)),
		.word = calloc((size_t)snapshot->tasks.count + 1, sizeof(uint32_t)),
		.children = calloc((size_t)processes + 1, 1),
		.set = calloc(BOUND_POLLFDS, sizeof(struct set_entry)),
	};
	if (!ret->hub_at || !ret->set_waiter || !ret->word || !ret->children || !ret->set)
		return -ENOMEM;
	find_words(ret);
	find_children(ret);
	r = find_tracees(ret);
	if (r < 0)
		return r;
	edges_draw_tasks(ret);
	return ret->error;
}

void edges_deinit(struct edges *edges)
{
	free(edges->edge);
	free(edges->waker);
	free(edges->hub);
	free(edges->member);
	free(edges->hub_at);
	free(edges->set_waiter);
	free(edges->word);
	free(edges->listener);
	free(edges->children);
	free(edges->tracee);
	free(edges->process_tracees);
	free(edges->set);
	*edges = (struct edges){ 0 };
}
