/* SPDX-License-Identifier: MIT */
/*
 * A task that lives only by its own timer or movement (a heartbeat, a spinner) proves
 * nothing about the channels that it never touches: it counts as a waker only for those it
 * touched within the window.  What waits for something outside (a listener, a
 * peer on another host), or for one who does, counts for all of its channels.
 *
 * So life spreads twice: first from outside, by every link; then from timers and
 * movement, by the links that were touched.
 */
#include "does.h"

#include <errno.h>
#include <stdlib.h>

#include "life.h"

/* Event loops say "no deadline" with a timeout of a day. */
#define LONG_TIMEOUT_NS (INT64_C(3600) * 1000000000)

struct does {
	const struct scene *scene;
	const struct graph *graph;
	const struct edges *edges;
	struct life_index index;
	uint8_t *life;
	uint8_t *io;              /* One a process: its enum moved and one, 0 not asked yet. */
};

static struct process_ix process_of(const struct scene *scene, uint32_t task)
{
	return task_at(scene->snapshot, (struct task_ix){ task })->process;
}

/* ---- retriers -------------------------------------------------------------- */

/* The wake-up pipe of an event loop is its own: a loop that waits for nothing else is a ticker. */
static bool carries_a_wait(const struct scene *scene, const struct graph *graph, const struct edge *edge)
{
	return edge->channel != CHANNEL_TIMER && edge->channel != CHANNEL_SIGNAL && !edge->outside &&
	       !(edge->in_set && edge->wakers && graph_own(scene, graph, edge));
}

/* It was woken no more often than its timeouts explain, so nothing else woke it. */
static bool woken_by_timeout(const struct scene *scene, struct task_ix task)
{
	const struct task_look *at = task_at(scene->snapshot, task)->at;
	const struct decoded *call = &scene->calls[LOOK_T1][task.at];
	int64_t window_ns, woke;

	if (call->timeout_ns == UNSEEN)
		return false;
	if (call->timeout_exact)
		return true;
	if (at[LOOK_T0].voluntary == UNSEEN || at[LOOK_T1].voluntary == UNSEEN || at[LOOK_T0].when_ns == UNSEEN ||
	    at[LOOK_T1].when_ns == UNSEEN)
		return false;
	window_ns = at[LOOK_T1].when_ns - at[LOOK_T0].when_ns;
	woke = at[LOOK_T1].voluntary - at[LOOK_T0].voluntary;
	return woke <= 2 || (call->timeout_ns > 0 && woke - 2 <= window_ns / call->timeout_ns);
}

static bool is_retrier(const struct scene *scene, const struct graph *graph, struct task_ix task)
{
	struct process_ix process = process_of(scene, task.at);
	const struct process_look *at = process_at(scene->snapshot, process)->at;
	bool waits = false, polls = false;
	uint32_t e;

	for (e = graph->first_edge[task.at]; e < graph->first_edge[task.at + 1]; e++) {
		const struct edge *edge = &graph->edge[e];

		waits |= carries_a_wait(scene, graph, edge);
		polls |= edge->poll_wait;
		if (edge->object.at != NO_ROW && object_moved(scene, edge->object) == MOVED_YES)
			return false;
	}
	if (!waits || task_moved(scene, task) != MOVED_YES || !task_same_wait(scene, task))
		return false;
	if (!polls && !woken_by_timeout(scene, task))
		return false;
	if (at[LOOK_T0].children_cpu_ns != at[LOOK_T1].children_cpu_ns)
		return false;
	/* The bytes of a process are those of its only thread. */
	return scene->process_tasks[process.at].count > 1 || process_io_moved(scene, process) != MOVED_YES;
}

void does_retriers(const struct scene *scene, const struct graph *graph, uint8_t *ret)
{
	struct task_ix task;

	for (task.at = 0; task.at < graph->tasks; task.at++)
		if (graph->first_edge[task.at + 1] > graph->first_edge[task.at] && task_blocked(scene, task))
			ret[task.at] = is_retrier(scene, graph, task);
}

/* ---- seeds ----------------------------------------------------------------- */

static void seed_outside(struct does *does)
{
	uint32_t e;

	for (e = 0; e < does->graph->edges; e++)
		if ((does->graph->edge[e].outside && does->graph->edge[e].channel != CHANNEL_TIMER) ||
		    does->graph->edge[e].ready)
			life_wake(&does->index, does->life, does->graph->edge[e].from.at);
}

/* Of a timeout that could not be read nobody can say that it is long. */
static bool has_short_deadline(const struct graph *graph, uint32_t task)
{
	uint32_t e;

	for (e = graph->first_edge[task]; e < graph->first_edge[task + 1]; e++)
		if ((graph->edge[e].channel == CHANNEL_TIMER && graph->edge[e].outside) ||
		    (graph->edge[e].deadline_ns != UNSEEN &&
		     graph->edge[e].deadline_ns < LONG_TIMEOUT_NS))
			return true;
	return false;
}

static void seed_self(struct does *does)
{
	const struct scene *scene = does->scene;
	struct task_ix task;

	for (task.at = 0; task.at < does->graph->tasks; task.at++) {
		if (does->life[task.at] != LIFE_CLOSED || does->graph->retrier[task.at] || task_dead(scene, task))
			continue;
		if (!task_blocked(scene, task) || has_short_deadline(does->graph, task.at) ||
		    (scene->last == LOOK_T1 && task_moved(scene, task) != MOVED_NO))
			life_wake(&does->index, does->life, task.at);
	}
}

/* ---- what was touched ------------------------------------------------------ */

static bool either_end_moved(const struct scene *scene, struct object_ix object)
{
	struct object_ix peer = object_at(scene->snapshot, object)->peer;

	return object_moved(scene, object) == MOVED_YES ||
	       (peer.at != NO_ROW && object_moved(scene, peer) == MOVED_YES);
}

static bool process_moved_bytes(struct does *does, struct process_ix process)
{
	if (!does->io[process.at])
		does->io[process.at] = 1 + (uint8_t)process_io_moved(does->scene, process);
	return does->io[process.at] != 1 + MOVED_NO;
}

static uint32_t member_rank(const struct does *does, uint32_t node)
{
	struct process_ix process = node < does->graph->tasks ? process_of(does->scene, node) :
				    (struct process_ix){ node - does->graph->tasks };

	return does->scene->process_rank[process.at];
}

/* Members lie by pid. */
static bool hub_has(const struct does *does, const struct hub *hub, struct process_ix process)
{
	uint32_t low = 0, high = hub->count, middle, rank = does->scene->process_rank[process.at];

	while (low < high) {
		middle = low + (high - low) / 2;
		if (member_rank(does, does->edges->member[hub->first + middle].at) < rank)
			low = middle + 1;
		else
			high = middle;
	}
	return low < hub->count && member_rank(does, does->edges->member[hub->first + low].at) == rank;
}

/* Whose other side do its own descriptors serve: who waits to read a pipe drains it, and so on. */
static enum end end_served(const struct scene *scene, const struct edge *edge)
{
	if (edge->object.at == NO_ROW)
		return 0;
	switch (object_at(scene->snapshot, edge->object)->kind) {
	case OBJECT_PIPE:
	case OBJECT_FIFO:
		return edge->want == WANT_READ ? END_READ : edge->want == WANT_WRITE ? END_WRITE : 0;
	case OBJECT_UNIX:
	case OBJECT_TCP:
	case OBJECT_UDP:
	case OBJECT_SOCKET:
	case OBJECT_PTY:
		return END_ANY;
	}
	return 0;
}

/* A task that lives has touched what is in its own wait set. */
static void touch_own_waits(struct does *does, uint32_t task)
{
	const struct graph *graph = does->graph;
	uint32_t e, at;
	enum end end;

	for (e = graph->first_edge[task]; e < graph->first_edge[task + 1]; e++) {
		end = end_served(does->scene, &graph->edge[e]);
		at = end ? does->edges->hub_at[graph->edge[e].object.at * 3 + end - 1] : 0;
		if (at && hub_has(does, &does->edges->hub[at - 1], process_of(does->scene, task)))
			life_wake(&does->index, does->life, does->edges->hub_base + at - 1);
	}
}

/* ---- spreading by what was touched ----------------------------------------- */

/*
 * A child that goes on may end, and so wakes who waits for its end; but a thread that
 * merely ticks beside a stuck main thread ends nothing.  Where the main thread has gone, or waits for
 * the others on a futex, any of them may.
 */
static bool ends_its_process(const struct does *does, uint32_t task)
{
	struct process_ix process = process_of(does->scene, task);
	struct task_ix leader = scene_leader(does->scene, process);
	enum look look = task_last_look(does->scene->snapshot, leader);

	return leader.at == task || task_dead(does->scene, leader) ||
	       does->scene->calls[look][leader.at].action == ACTION_FUTEX;
}

static bool waits_for_an_end(const struct edge *edge)
{
	return edge->channel == CHANNEL_CHILD || edge->channel == CHANNEL_VFORK;
}

static bool is_children(const struct does *does, uint32_t node)
{
	return does->edges->hub[node - does->edges->hub_base].parent.at != NO_ROW;
}

static bool is_supervisors(const struct hub *hub)
{
	return hub->object.at == NO_ROW && hub->parent.at == NO_ROW;
}

static void spread_end(struct does *does, uint32_t process)
{
	const struct life_index *index = &does->index;
	uint32_t i;

	for (i = index->first_edge[process]; i < index->first_edge[process + 1]; i++)
		if (waits_for_an_end(&does->graph->edge[index->edge[i]]))
			life_satisfy(&does->index, does->life, index->edge[i]);
	for (i = index->first_whole[process]; i < index->first_whole[process + 1]; i++)
		if (is_children(does, index->whole[i]))
			life_wake(&does->index, does->life, index->whole[i]);
}

static void spread_task(struct does *does, uint32_t task)
{
	const struct life_index *index = &does->index;
	uint32_t i, process = does->graph->tasks + process_of(does->scene, task).at;

	for (i = index->first_edge[task]; i < index->first_edge[task + 1]; i++)
		life_satisfy(&does->index, does->life, index->edge[i]);
	for (i = index->first_whole[task]; i < index->first_whole[task + 1]; i++)
		life_wake(&does->index, does->life, index->whole[i]);
	touch_own_waits(does, task);
	if (ends_its_process(does, task))
		spread_end(does, process);
}

static void spread_process(struct does *does, uint32_t node)
{
	const struct life_index *index = &does->index;
	struct process_ix process = { node - does->graph->tasks };
	const struct edge *edge;
	uint32_t i;

	for (i = index->first_edge[node]; i < index->first_edge[node + 1]; i++) {
		edge = &does->graph->edge[index->edge[i]];
		if (!waits_for_an_end(edge) && edge->object.at != NO_ROW &&
		    object_moved(does->scene, edge->object) == MOVED_YES)
			life_satisfy(&does->index, does->life, index->edge[i]);
	}
	for (i = index->first_whole[node]; i < index->first_whole[node + 1]; i++) {
		const struct hub *hub = &does->edges->hub[index->whole[i] - does->edges->hub_base];

		if (is_supervisors(hub) ||
		    (hub->object.at != NO_ROW && either_end_moved(does->scene, hub->object) &&
		     process_moved_bytes(does, process)))
			life_wake(&does->index, does->life, index->whole[i]);
	}
}

static void spread_touched(struct does *does)
{
	struct life_index *index = &does->index;
	uint32_t node, i;

	while (index->spread < index->queued) {
		node = index->queue[index->spread++];
		if (node < does->graph->tasks) {
			spread_task(does, node);
		} else if (node < does->edges->hub_base) {
			spread_process(does, node);
		} else {
			for (i = index->first_edge[node]; i < index->first_edge[node + 1]; i++)
				life_satisfy(index, does->life, index->edge[i]);
		}
	}
}

int does_wake(const struct scene *scene, const struct graph *graph, const struct edges *edges, uint8_t *life)
{
	struct does does = { .scene = scene, .graph = graph, .edges = edges, .life = life };
	uint32_t *work = calloc(graph_life_room(graph), sizeof(*work));

	does.io = calloc((size_t)graph->processes + 1, 1);
	if (!work || !does.io) {
		free(work);
		free(does.io);
		return -ENOMEM;
	}
	life_index_init(graph, work, &does.index);
	life_seed(&does.index, life);
	seed_outside(&does);
	life_spread(&does.index, life);
	seed_self(&does);
	spread_touched(&does);
	free(work);
	free(does.io);
	return 0;
}
