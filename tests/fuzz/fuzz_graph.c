/* SPDX-License-Identifier: MIT */
/* Any saved file that loads, as a graph. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "field.h"
#include "follow.h"
#include "graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct scene *scene, const struct graph *graph)
{
	struct task_ix tasks[4];
	uint32_t i;

	for (i = 0; i < graph->edges; i++) {
		graph_tasks(scene, graph, &graph->edge[i], tasks, 4);
		if (graph->edge[i].from.at >= graph->tasks)
			abort();
	}
	for (i = 0; i < graph->nodes; i++) {
		if (graph->component[i] >= graph->components)
			abort();
		/* Nobody is proved who is not likely. */
		if (graph->can_wake[i] == LIFE_CLOSED && graph->does_wake[i] != LIFE_CLOSED)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	struct snapshot snapshot;
	struct object_ix *objects;
	struct field_error error;
	struct arena arena;
	struct scene scene;
	struct graph graph;
	uint32_t count;
	int r;

	if (!file)
		return 0;
	r = snapshot_load(file, &snapshot, &error);
	fclose(file);
	if (r < 0)
		return 0;
	arena_init(&arena);
	if (scene_init(&snapshot, &arena, &scene) < 0 || graph_build(&scene, &graph) < 0 ||
	    follow_wanted(&snapshot, &arena, &objects, &count) < 0 ||
	    follow_confirm(&scene, &graph, &arena, &objects, &count) < 0)
		abort();
	check(&scene, &graph);
	arena_deinit(&arena);
	snapshot_deinit(&snapshot);
	return 0;
}
