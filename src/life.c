/* SPDX-License-Identifier: MIT */
/* Spreads life from seeds: linear, without recursion. */
#include "life.h"

#include <string.h>

size_t graph_life_room(const struct graph *graph)
{
	return 2 * ((size_t)graph->nodes + 1) + graph->wakers + graph->members + graph->edges + graph->nodes;
}

/* Counts in first[n + 1] become places in first[n]. */
static void to_places(uint32_t *first, uint32_t nodes)
{
	uint32_t i, sum = 0, count;

	for (i = 0; i <= nodes; i++) {
		count = first[i];
		first[i] = sum;
		sum += count;
	}
}

/* After filling, first[n] is where group n ends: shift it back. */
static void to_starts(uint32_t *first, uint32_t nodes)
{
	memmove(first + 1, first, nodes * sizeof(*first));
	first[0] = 0;
}

static void index_edges(struct life_index *index)
{
	const struct graph *graph = index->graph;
	uint32_t e, w;

	/* By edge: an edge that was given up leaves its wakers behind. */
	for (e = 0; e < graph->edges; e++)
		for (w = 0; w < graph->edge[e].wakers; w++)
			index->first_edge[graph->waker[graph->edge[e].first_waker + w].at]++;
	to_places(index->first_edge, graph->nodes);
	for (e = 0; e < graph->edges; e++) {
		const struct edge *edge = &graph->edge[e];

		for (w = edge->first_waker; w < edge->first_waker + edge->wakers; w++)
			index->edge[index->first_edge[graph->waker[w].at]++] = e;
		index->left[e] = edge->mode == MODE_ALL ? edge->wakers : 1;
	}
	to_starts(index->first_edge, graph->nodes);
}

static void index_members(struct life_index *index)
{
	const struct graph *graph = index->graph;
	uint32_t wholes = graph->nodes - graph->tasks, n, m;

	for (m = 0; m < graph->members; m++)
		index->first_whole[graph->member[m].at]++;
	to_places(index->first_whole, graph->nodes);
	for (n = 0; n < wholes; n++)
		for (m = graph->first_member[n]; m < graph->first_member[n + 1]; m++)
			index->whole[index->first_whole[graph->member[m].at]++] = graph->tasks + n;
	to_starts(index->first_whole, graph->nodes);
}

void life_index_init(const struct graph *graph, uint32_t *work, struct life_index *ret)
{
	struct life_index index = { .graph = graph };

	memset(work, 0, graph_life_room(graph) * sizeof(*work));
	index.first_edge = work;
	index.first_whole = index.first_edge + graph->nodes + 1;
	index.edge = index.first_whole + graph->nodes + 1;
	index.whole = index.edge + graph->wakers;
	index.left = index.whole + graph->members;
	index.queue = index.left + graph->edges;
	index_edges(&index);
	index_members(&index);
	*ret = index;
}

static bool lives(uint8_t life)
{
	return life == LIFE_LIVE || life == LIFE_UNREAD;
}

void life_seed(struct life_index *index, const uint8_t *life)
{
	uint32_t node;

	for (node = 0; node < index->graph->nodes; node++)
		if (lives(life[node]))
			index->queue[index->queued++] = node;
}

void life_wake(struct life_index *index, uint8_t *life, uint32_t node)
{
	if (life[node] != LIFE_CLOSED)
		return;
	life[node] = LIFE_LIVE;
	index->queue[index->queued++] = node;
}

void life_satisfy(struct life_index *index, uint8_t *life, uint32_t edge)
{
	if (index->left[edge] && --index->left[edge] == 0)
		life_wake(index, life, index->graph->edge[edge].from.at);
}

void life_spread(struct life_index *index, uint8_t *life)
{
	uint32_t node, i;

	while (index->spread < index->queued) {
		node = index->queue[index->spread++];
		for (i = index->first_edge[node]; i < index->first_edge[node + 1]; i++)
			life_satisfy(index, life, index->edge[i]);
		for (i = index->first_whole[node]; i < index->first_whole[node + 1]; i++)
			life_wake(index, life, index->whole[i]);
	}
}

void graph_life(const struct graph *graph, uint8_t *life, uint32_t *work)
{
	struct life_index index;

	life_index_init(graph, work, &index);
	life_seed(&index, life);
	life_spread(&index, life);
}
