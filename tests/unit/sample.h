/* SPDX-License-Identifier: MIT */
/*
 * A report made by hand, for the tests of words and renderers: pytest[4242] asked
 * worker-2[4260] over TCP and waits; worker-2 sleeps for a million seconds.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "judge.h"

enum sample_kind {
	SAMPLE_PLAIN,
	SAMPLE_HOSTILE,           /**< The same, every text of a target full of what it should not hold. */
};

struct sample {
	struct snapshot snapshot;
	struct arena arena;
	struct scene scene;
	struct graph graph;
	struct report report;
	struct finding findings[8];
	struct fact facts[8];
	struct process_note *notes;
	struct process_ix parent, worker, outside, victims[1], order[8];
	struct task_ix asker, sleeper, thread;
	struct object_ix near, far, listener;     /**< Sockets of the parent and of the worker. */
	struct edge edges[2];
	uint32_t first_edge[16];
	uint8_t life[64];
	struct node_ix wakers[2];
	const struct edge *chain[1];
	struct gap_group gaps[4];
	struct process_ix gap_processes[2];
};

void sample_init(struct sample *sample, enum sample_kind kind);
void sample_deinit(struct sample *sample);

/** "not-consuming" -> its row; fails the test when there is none. */
const struct cause *sample_cause(const char *name);
/** What a renderer wrote; the caller frees it. */
struct renderer;
struct render_options;
char *sample_render(const struct sample *sample, const struct renderer *renderer, const struct render_options *options);

#endif
