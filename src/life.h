/* SPDX-License-Identifier: MIT */
/*
 * Least fixpoints over a graph.  Life spreads from the seeds against the edges, each
 * node and each link once.  Two of them share this: can_wake (graph_life) and
 * does_wake (does.c).
 */
#ifndef LIFE_H
#define LIFE_H

#include <stdint.h>

#include "graph.h"

/** The links of a graph from their other end. */
struct life_index {
	const struct graph *graph;
	uint32_t *first_edge, *edge;       /**< Edges that wait for node n: [first_edge[n], first_edge[n + 1]) of edge. */
	uint32_t *first_whole, *whole;     /**< Processes and hubs that node n is a member of. */
	uint32_t *left;                    /**< One an edge: wakers that must still come alive. */
	uint32_t *queue;                   /**< Nodes that came alive. */
	uint32_t queued, spread;           /**< How many are in it; how many of them were served. */
};

/** work: graph_life_room() words. */
void life_index_init(const struct graph *graph, uint32_t *work, struct life_index *ret);
/** Put all that live, and are not in the queue yet, into it. */
void life_seed(struct life_index *index, const uint8_t *life);
/** That node lives from now on, unless it is no LIFE_CLOSED one. */
void life_wake(struct life_index *index, uint8_t *life, uint32_t node);
/** One of the wakers of that edge lives. */
void life_satisfy(struct life_index *index, uint8_t *life, uint32_t edge);
/** Until nothing more comes alive. */
void life_spread(struct life_index *index, uint8_t *life);

#endif
