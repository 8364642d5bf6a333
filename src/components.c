/* SPDX-License-Identifier: MIT */
/* Tarjan's algorithm, with a stack of its own instead of the machine's. */
#include "components.h"

#include <errno.h>
#include <stdint.h>

struct walk {
	const uint32_t *first, *to;
	uint32_t *component;      /* Settled: its number.  NONE until then. */
	uint32_t *index, *low;    /* 0: not visited. */
	uint32_t *next;           /* The next link of a node on the path. */
	uint32_t *path, *open;    /* The way here; nodes whose component is not settled. */
	uint32_t opened, visited, settled;
};

#define NONE UINT32_MAX

static void settle(struct walk *walk, uint32_t node)
{
	uint32_t member;

	do {
		member = walk->open[--walk->opened];
		walk->component[member] = walk->settled;
	} while (member != node);
	walk->settled++;
}

static void enter(struct walk *walk, uint32_t node)
{
	walk->index[node] = walk->low[node] = ++walk->visited;
	walk->next[node] = walk->first[node];
	walk->open[walk->opened++] = node;
}

static void walk_from(struct walk *walk, uint32_t root)
{
	uint32_t depth = 0, node, target;

	walk->path[depth++] = root;
	enter(walk, root);
	while (depth) {
		node = walk->path[depth - 1];
		if (walk->next[node] < walk->first[node + 1]) {
			target = walk->to[walk->next[node]++];
			if (!walk->index[target]) {
				enter(walk, target);
				walk->path[depth++] = target;
			} else if (walk->component[target] == NONE && walk->index[target] < walk->low[node]) {
				walk->low[node] = walk->index[target];
			}
			continue;
		}
		depth--;
		if (walk->low[node] == walk->index[node])
			settle(walk, node);
		else if (depth && walk->low[node] < walk->low[walk->path[depth - 1]])
			walk->low[walk->path[depth - 1]] = walk->low[node];
	}
}

int components_find(const uint32_t *first, const uint32_t *to, uint32_t nodes, struct arena *arena,
		    uint32_t *component, uint32_t *ret_count)
{
	struct walk walk = {
		.first = first, .to = to, .component = component,
		.index = arena_new(arena, uint32_t, nodes), .low = arena_new(arena, uint32_t, nodes),
		.next = arena_new(arena, uint32_t, nodes), .path = arena_new(arena, uint32_t, nodes),
		.open = arena_new(arena, uint32_t, nodes),
	};
	uint32_t node;

	if (!walk.index || !walk.low || !walk.next || !walk.path || !walk.open)
		return -ENOMEM;
	for (node = 0; node < nodes; node++)
		component[node] = NONE;
	for (node = 0; node < nodes; node++)
		if (!walk.index[node])
			walk_from(&walk, node);
	*ret_count = walk.settled;
	return 0;
}
