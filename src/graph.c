/* SPDX-License-Identifier: MIT */
/* From edges to a graph: nodes and their members, seeds, both fixpoints, components. */
#include "graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "components.h"
#include "does.h"
#include "edges.h"

/* One more than asked, so that an empty table is no failure. */
static void *keep(struct arena *arena, const void *rows, size_t count, size_t size)
{
	void *kept = arena_take(arena, count + 1, size);

	if (kept && count)
		memcpy(kept, rows, count * size);
	return kept;
}

static int graph_edges(const struct scene *scene, const struct edges *edges, struct graph *graph)
{
	uint32_t *first = arena_new(scene->arena, uint32_t, (size_t)graph->tasks + 1), i;

	graph->edge = keep(scene->arena, edges->edge, edges->count, sizeof(*edges->edge));
	graph->waker = keep(scene->arena, edges->waker, edges->wakers, sizeof(*edges->waker));
	graph->edges = edges->count;
	graph->wakers = edges->wakers;
	if (!first || !graph->edge || !graph->waker)
		return -ENOMEM;
	for (i = 0; i < edges->count; i++)
		first[edges->edge[i].from.at + 1]++;
	for (i = 0; i < graph->tasks; i++)
		first[i + 1] += first[i];
	graph->first_edge = first;
	return 0;
}

/* Processes hold their tasks, hubs what the collector found. */
static int graph_members(const struct scene *scene, const struct edges *edges, struct graph *graph)
{
	uint32_t wholes = graph->processes + graph->hubs, count = 0, p, i;
	uint32_t *first = arena_new(scene->arena, uint32_t, (size_t)wholes + 1);
	struct node_ix *member = arena_new(scene->arena, struct node_ix, (size_t)graph->tasks + edges->members);
	const struct span *tasks;
	struct task_ix task;

	if (!first || !member)
		return -ENOMEM;
	for (p = 0; p < graph->processes; p++) {
		tasks = &scene->process_tasks[p];
		for (i = 0; i < tasks->count; i++) {
			task.at = scene->task_order[tasks->first + i];
			if (!task_dead(scene, task))
				member[count++].at = task.at;
		}
		first[p + 1] = count;
	}
	for (i = 0; i < graph->hubs; i++) {
		const struct hub *hub = &edges->hub[i];

		if (hub->count)
			memcpy(&member[count], &edges->member[hub->first], hub->count * sizeof(*member));
		count += hub->count;
		first[graph->processes + i + 1] = count;
	}
	graph->first_member = first;
	graph->member = member;
	graph->members = count;
	return 0;
}

static bool has_edges(const struct graph *graph, struct task_ix task)
{
	return graph->first_edge[task.at + 1] > graph->first_edge[task.at];
}

/* What the two fixpoints have in common: who is suspended, who could not be read. */
static enum life task_root(const struct scene *scene, const struct graph *graph, struct task_ix task)
{
	char state = task_at(scene->snapshot, task)->at[task_last_look(scene->snapshot, task)].state;

	if (task_dead(scene, task))
		return LIFE_CLOSED;
	if (task_suspended(scene, task))
		return LIFE_SUSPENDED;
	if (task_blocked(scene, task))
		return has_edges(graph, task) ? LIFE_CLOSED : LIFE_UNREAD;
	/* Stopped by the viewer outside of any call, it was running. */
	return state == 'R' || state == 'T' ? LIFE_CLOSED : LIFE_UNREAD;
}

static enum life process_root(const struct scene *scene, const struct graph *graph, struct process_ix process)
{
	if (graph->first_member[process.at + 1] > graph->first_member[process.at])
		return LIFE_CLOSED;
	return process_dead(scene, process) ? LIFE_CLOSED : LIFE_UNREAD;
}

static void graph_roots(const struct scene *scene, const struct graph *graph, uint8_t *life)
{
	struct process_ix process;
	struct task_ix task;

	memset(life, LIFE_CLOSED, graph->nodes);
	for (task.at = 0; task.at < graph->tasks; task.at++)
		life[task.at] = (uint8_t)task_root(scene, graph, task);
	for (process.at = 0; process.at < graph->processes; process.at++)
		life[graph->tasks + process.at] = (uint8_t)process_root(scene, graph, process);
}

/* Anything that might ever wake it. */
static bool may_wake(const struct edge *edge)
{
	return edge->outside || edge->ready || edge->deadline_ns != UNSEEN;
}

static int graph_can_wake(const struct scene *scene, const struct graph *graph, uint8_t *life)
{
	uint32_t *work = calloc(graph_life_room(graph), sizeof(*work)), e;
	struct task_ix task;

	if (!work)
		return -ENOMEM;
	for (task.at = 0; task.at < graph->tasks; task.at++) {
		if (life[task.at] != LIFE_CLOSED || task_dead(scene, task))
			continue;
		if (!task_blocked(scene, task) ||
		    (scene->last == LOOK_T1 && task_moved(scene, task) != MOVED_NO))
			life[task.at] = LIFE_LIVE;
		for (e = graph->first_edge[task.at]; e < graph->first_edge[task.at + 1]; e++)
			if (may_wake(&graph->edge[e]))
				life[task.at] = LIFE_LIVE;
	}
	graph_life(graph, life, work);
	free(work);
	return 0;
}

static bool stays(uint8_t life)
{
	return life == LIFE_CLOSED || life == LIFE_SUSPENDED;
}

/* Whoever lives waits for nobody; so no circle closes through it. */
static int graph_components(const struct scene *scene, struct graph *graph)
{
	uint32_t *first = arena_new(scene->arena, uint32_t, (size_t)graph->nodes + 1);
	uint32_t *to = arena_new(scene->arena, uint32_t, (size_t)graph->wakers + graph->members);
	uint32_t *component = arena_new(scene->arena, uint32_t, graph->nodes);
	uint32_t links = 0, n, e, w;

	if (!first || !to || !component)
		return -ENOMEM;
	for (n = 0; n < graph->tasks; n++) {
		for (e = graph->first_edge[n]; stays(graph->does_wake[n]) && e < graph->first_edge[n + 1]; e++)
			for (w = 0; w < graph->edge[e].wakers; w++)
				to[links++] = graph->waker[graph->edge[e].first_waker + w].at;
		first[n + 1] = links;
	}
	for (n = graph->tasks; n < graph->nodes; n++) {
		for (w = graph->first_member[n - graph->tasks]; w < graph->first_member[n - graph->tasks + 1]; w++)
			to[links++] = graph->member[w].at;
		first[n + 1] = links;
	}
	graph->component = component;
	return components_find(first, to, graph->nodes, scene->arena, component, &graph->components);
}

static int graph_fill(const struct scene *scene, const struct edges *edges, struct graph *graph)
{
	uint8_t *can, *does, *retrier;
	int r;

	graph->tasks = scene->snapshot->tasks.count;
	graph->processes = scene->snapshot->processes.count;
	graph->hubs = edges->hubs;
	graph->nodes = graph->tasks + graph->processes + graph->hubs;
	can = arena_new(scene->arena, uint8_t, graph->nodes);
	does = arena_new(scene->arena, uint8_t, graph->nodes);
	retrier = arena_new(scene->arena, uint8_t, graph->tasks);
	if (!can || !does || !retrier)
		return -ENOMEM;
	r = graph_edges(scene, edges, graph);
	r = r < 0 ? r : graph_members(scene, edges, graph);
	if (r < 0)
		return r;
	graph_roots(scene, graph, can);
	memcpy(does, can, graph->nodes);
	does_retriers(scene, graph, retrier);
	graph->can_wake = can;
	graph->does_wake = does;
	graph->retrier = retrier;
	r = graph_can_wake(scene, graph, can);
	r = r < 0 ? r : does_wake(scene, graph, edges, does);
	return r < 0 ? r : graph_components(scene, graph);
}

int graph_build(const struct scene *scene, struct graph *ret)
{
	struct graph graph = { 0 };
	struct edges edges;
	int r;

	r = edges_draw(scene, &edges);
	if (r == 0)
		r = graph_fill(scene, &edges, &graph);
	edges_deinit(&edges);
	if (r == 0)
		*ret = graph;
	return r;
}
