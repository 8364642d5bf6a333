/* SPDX-License-Identifier: MIT */
/*
 * Whose other end should be looked for on the whole machine.  That is the one dear
 * question (a pass over every descriptor there is), so it is asked only where the
 * answer matters: for a wait that nobody in view could end, not for one of many in an event
 * set, and not for the wake-up pipe of an event loop, which is its own.
 */
#include "follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"

/* As in does.c: a day is an event loop's way to say "never". */
#define LONG_TIMEOUT_NS (INT64_C(3600) * 1000000000)

struct wanted {
	const struct snapshot *snapshot;
	uint8_t *taken;           /* One an object. */
	struct object_ix *object;
	uint32_t count;
};

static int wanted_init(struct wanted *wanted, const struct snapshot *snapshot, struct arena *arena)
{
	*wanted = (struct wanted){
		.snapshot = snapshot,
		.taken = arena_new(arena, uint8_t, snapshot->objects.count),
		.object = arena_new(arena, struct object_ix, snapshot->objects.count),
	};
	return wanted->taken && wanted->object ? 0 : -ENOMEM;
}

static void want(struct wanted *wanted, struct object_ix object)
{
	const struct object *row;

	if (object.at == NO_ROW || wanted->taken[object.at])
		return;
	row = object_at(wanted->snapshot, object);
	if (row->cover == COVER_MACHINE || row->cover == COVER_HOLES)
		return;
	wanted->taken[object.at] = 1;
	wanted->object[wanted->count++] = object;
}

/* The other end of what an edge is about. */
static void want_other_end(struct wanted *wanted, const struct edge *edge)
{
	const struct object *row;

	if (edge->object.at == NO_ROW)
		return;
	row = object_at(wanted->snapshot, edge->object);
	switch (row->kind) {
	case OBJECT_PIPE:
	case OBJECT_FIFO:
	case OBJECT_EVENTFD:
		want(wanted, edge->object);
		break;
	case OBJECT_UNIX:
	case OBJECT_TCP:
	case OBJECT_UDP:
		want(wanted, row->peer);
		want(wanted, row->listener);
		if (row->peer.at != NO_ROW)
			want(wanted, object_at(wanted->snapshot, row->peer)->listener);
		break;
	case OBJECT_PTY:
		want(wanted, row->peer.at == NO_ROW ? edge->object : row->peer);
		break;
	}
}

/* Life as if nobody held what no holder was found for. */
static int life_without_strangers(const struct scene *scene, const struct graph *graph, uint8_t *life)
{
	uint32_t *work = calloc(graph_life_room(graph), sizeof(*work)), n, e;

	if (!work)
		return -ENOMEM;
	for (n = 0; n < graph->nodes; n++)
		life[n] = graph->can_wake[n] == LIFE_LIVE ? LIFE_CLOSED : graph->can_wake[n];
	for (n = 0; n < graph->tasks; n++) {
		struct task_ix task = { n };

		if (life[n] != LIFE_CLOSED || task_dead(scene, task))
			continue;
		if (!task_blocked(scene, task))
			life[n] = LIFE_LIVE;
		for (e = graph->first_edge[n]; e < graph->first_edge[n + 1]; e++) {
			const struct edge *edge = &graph->edge[e];

			if ((edge->outside && !edge->unheld) || edge->ready ||
			    (edge->deadline_ns != UNSEEN && edge->deadline_ns < LONG_TIMEOUT_NS))
				life[n] = LIFE_LIVE;
		}
	}
	graph_life(graph, life, work);
	free(work);
	return 0;
}

static int want_blocked(const struct scene *scene, struct wanted *wanted)
{
	struct graph graph;
	const struct edge *edge;
	uint8_t *life;
	uint32_t e;
	int r;

	r = graph_build(scene, &graph);
	if (r < 0)
		return r;
	life = arena_new(scene->arena, uint8_t, graph.nodes);
	if (!life)
		return -ENOMEM;
	r = life_without_strangers(scene, &graph, life);
	if (r < 0)
		return r;
	for (e = 0; e < graph.edges; e++) {
		edge = &graph.edge[e];
		if (edge->in_set ? edge->unheld && life[edge->from.at] == LIFE_CLOSED :
		    edge->unheld || (!edge->outside && !edge->ready && graph_own(scene, &graph, edge)))
			want_other_end(wanted, edge);
	}
	return 0;
}

int follow_wanted(const struct snapshot *snapshot, struct arena *arena, struct object_ix **ret, uint32_t *count)
{
	struct wanted wanted;
	struct scene scene;
	int r;

	r = wanted_init(&wanted, snapshot, arena);
	r = r < 0 ? r : scene_init(snapshot, arena, &scene);
	r = r < 0 ? r : want_blocked(&scene, &wanted);
	if (r < 0)
		return r;
	*ret = wanted.object;
	*count = wanted.count;
	return 0;
}

static bool provable(const struct edge *edge)
{
	return certainty_of(edge->doubts & ~(uint32_t)DOUBT_HOLDERS) == PROVED;
}

/*
 * Life as a proof must take it: a wait of which a doubt says that it may end is no wait.
 * That a futex names no owner is no such doubt: those who could wake it are all in view.
 */
static int life_of_proofs(const struct graph *graph, uint8_t *life)
{
	uint32_t *work = calloc(graph_life_room(graph), sizeof(*work)), e;

	if (!work)
		return -ENOMEM;
	memcpy(life, graph->can_wake, graph->nodes);
	for (e = 0; e < graph->edges; e++) {
		const struct edge *edge = &graph->edge[e];

		if (life[edge->from.at] == LIFE_CLOSED &&
		    certainty_of(edge->doubts & ~(uint32_t)(DOUBT_HOLDERS | DOUBT_OWNERLESS)) != PROVED)
			life[edge->from.at] = LIFE_LIVE;
	}
	graph_life(graph, life, work);
	free(work);
	return 0;
}

/* Components with a closed wait that is no entry of a set: event loops alone are no deadlock. */
static void mark_called(const struct graph *graph, const uint8_t *life, uint8_t *called)
{
	const struct edge *edge;
	uint32_t e;

	for (e = 0; e < graph->edges; e++) {
		edge = &graph->edge[e];
		if (life[edge->from.at] == LIFE_CLOSED && !edge->in_set && provable(edge))
			called[graph->component[edge->from.at]] = 1;
	}
}

static void want_closed(const struct scene *scene, const struct graph *graph, const uint8_t *life,
			const uint8_t *called, struct wanted *wanted)
{
	const struct edge *edge;
	uint32_t e;

	for (e = 0; e < graph->edges; e++) {
		edge = &graph->edge[e];
		if (life[edge->from.at] != LIFE_CLOSED || !provable(edge))
			continue;
		if (!edge->in_set || (called[graph->component[edge->from.at]] && !graph_own(scene, graph, edge)))
			want_other_end(wanted, edge);
	}
}

int follow_confirm(const struct scene *scene, const struct graph *graph, struct arena *arena, struct object_ix **ret,
		   uint32_t *count)
{
	uint8_t *life = arena_new(arena, uint8_t, graph->nodes + 1);
	uint8_t *called = arena_new(arena, uint8_t, graph->components + 1);
	struct wanted wanted;
	int r;

	if (!life || !called)
		return -ENOMEM;
	r = wanted_init(&wanted, scene->snapshot, arena);
	if (r == 0)
		r = life_of_proofs(graph, life);
	if (r < 0)
		return r;
	mark_called(graph, life, called);
	want_closed(scene, graph, life, called, &wanted);
	*ret = wanted.object;
	*count = wanted.count;
	return 0;
}
