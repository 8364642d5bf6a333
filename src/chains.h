/* SPDX-License-Identifier: MIT */
/*
 * Chains of waiting: the graph reduced to the waits that hold a task up, task to task.
 * A link says "this one goes on only when that one does something"; where the links
 * end is the culprit.  Pure.
 *
 * Strong enough for a link are
 *  - every wait of a task that is closed under does_wake,
 *  - the one wait of a task that waits for one thing, live or not,
 *  - in the set of an event loop: an entry whose peer leaves our data unread, or was
 *    asked over TCP and has not answered.
 */
#ifndef CHAINS_H
#define CHAINS_H

#include <stdbool.h>
#include <stdint.h>

#include "graph.h"

struct chains {
	const struct scene *scene;
	const struct graph *graph;
	const uint32_t *first;           /**< One a task and one more: links of t are [first[t], first[t + 1]). */
	const uint32_t *to;              /**< Task each link leads to. */
	const struct edge *const *by;    /**< The wait behind each link. */
	const uint32_t *back_first;      /**< The same links by their end. */
	const uint32_t *back;            /**< Link numbers. */
	const uint32_t *from;            /**< Task each link leaves. */
	const uint32_t *component;       /**< Strongly connected component, one a task. */
	const uint8_t *leaves;           /**< One a component: 1 some link leads out of it. */
	const struct task_ix *speaker;   /**< One a process: process_speaker(). */
	uint32_t tasks, links, components;
};

/** 0 or -ENOMEM.  Lives in the scene's arena. */
int chains_init(const struct scene *scene, const struct graph *graph, struct chains *ret);

/** A task that somebody can wait for: still there, and more than a name. */
bool task_in_view(const struct scene *scene, struct task_ix task);
/** A task that can be judged: in view, and not ours, unless we are the target. */
bool task_in_scope(const struct scene *scene, struct task_ix task);

/** The thread that speaks for a process: burning, suspended, closed; else its leader. */
struct task_ix process_speaker(const struct scene *scene, const struct graph *graph, struct process_ix process);

#endif
