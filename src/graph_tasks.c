/* SPDX-License-Identifier: MIT */
/* Opens the wakers of an edge down to tasks. */
#include "graph.h"

#include <stdlib.h>

struct found {
	const struct scene *scene;
	const struct graph *graph;
	struct task_ix *ret;
	uint32_t limit, count;
};

static void add_task(struct found *found, uint32_t task)
{
	if (found->count < found->limit)
		found->ret[found->count].at = task;
	found->count++;
}

/* Its tasks as far as there is room, the others counted. */
static void add_process(struct found *found, uint32_t process)
{
	const struct graph *graph = found->graph;
	uint32_t m = graph->first_member[process], end = graph->first_member[process + 1];

	for (; m < end && found->count < found->limit; m++)
		add_task(found, graph->member[m].at);
	found->count += end - m;
}

/* A task, the tasks of a process, or those of the processes of a hub: two levels, no more. */
static void add_node(struct found *found, uint32_t node)
{
	const struct graph *graph = found->graph;
	uint32_t whole, m;

	if (node < graph->tasks) {
		add_task(found, node);
		return;
	}
	whole = node - graph->tasks;
	if (whole < graph->processes) {
		add_process(found, whole);
		return;
	}
	for (m = graph->first_member[whole]; m < graph->first_member[whole + 1]; m++) {
		if (graph->member[m].at < graph->tasks)
			add_task(found, graph->member[m].at);
		else
			add_process(found, graph->member[m].at - graph->tasks);
	}
}

static int by_identity(const void *a, const void *b, void *context)
{
	const struct scene *scene = context;
	struct task_ix x = *(const struct task_ix *)a, y = *(const struct task_ix *)b;
	const struct task *left = task_at(scene->snapshot, x), *right = task_at(scene->snapshot, y);
	uint32_t l = scene->process_rank[left->process.at], r = scene->process_rank[right->process.at];

	if (l != r)
		return l < r ? -1 : 1;
	if (left->tid != right->tid)
		return left->tid < right->tid ? -1 : 1;
	return x.at < y.at ? -1 : x.at > y.at;
}

uint32_t graph_tasks(const struct scene *scene, const struct graph *graph, const struct edge *edge,
		     struct task_ix *ret, uint32_t limit)
{
	struct found found = { scene, graph, ret, limit, 0 };
	uint32_t w, i, kept = 0, many;

	for (w = 0; w < edge->wakers; w++)
		add_node(&found, graph->waker[edge->first_waker + w].at);
	many = found.count < limit ? found.count : limit;
	if (many < 2)
		return found.count;
	/* The tasks of one process are in order, and each is there once. */
	if (edge->wakers == 1 && graph->waker[edge->first_waker].at < graph->tasks + graph->processes)
		return found.count;
	qsort_r(ret, many, sizeof(*ret), by_identity, (void *)(uintptr_t)scene);
	for (i = 0; i < many; i++)
		if (!kept || ret[kept - 1].at != ret[i].at)
			ret[kept++] = ret[i];
	return found.count - (many - kept);
}

bool graph_own(const struct scene *scene, const struct graph *graph, const struct edge *edge)
{
	uint32_t own = graph->tasks + task_at(scene->snapshot, edge->from)->process.at, w, m, whole;

	for (w = edge->first_waker; w < edge->first_waker + edge->wakers; w++) {
		if (graph->waker[w].at == own)
			continue;
		if (graph->waker[w].at < graph->tasks + graph->processes)
			return false;
		whole = graph->waker[w].at - graph->tasks;
		for (m = graph->first_member[whole]; m < graph->first_member[whole + 1]; m++)
			if (graph->member[m].at != own)
				return false;
	}
	return true;
}
