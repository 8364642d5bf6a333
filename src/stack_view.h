/* SPDX-License-Identifier: MIT */
/*
 * The stacks of a report as a reader wants them: functions that call each other as one
 * tree, with counts; threads whose stacks are the same together.  Over scene and report;
 * looks at nothing else.
 */
#ifndef STACK_VIEW_H
#define STACK_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "judge.h"

/* ---- all stacks as one tree ------------------------------------------------------ */

/** A function as it was called by its parent, wherever in it. */
struct stack_node {
	uint32_t parent;          /**< 0: outermost. */
	uint32_t first_child, next; /**< The most counted first; 0: none. */
	uint32_t depth;           /**< 0: the root. */
	uint32_t count, self;     /**< Samples that pass through it, that end in it. */
	struct frame_ix frame;    /**< One that stands there; NO_ROW: the root, or threads of the name comm. */
	struct text comm;
	bool same_site;           /**< Every sample of it is at the same place in it. */
};

struct stack_tree {
	struct stack_node *node; uint32_t count; /**< node[0] is the root. */
	uint32_t *leaf;           /**< One a stack: where it ends; 0: it has no frames, or is not shown. */
	uint32_t *of_frame;       /**< One a frame: its node; 0 none.  NULL when by_comm. */
	uint32_t deepest;         /**< Largest depth. */
	uint32_t left_out;        /**< Samples beyond BOUND_STACK_NODES. */
};

/** Of all stacks of all samples.  by_comm: below the names of the threads.  0 or -ENOMEM; in the arena. */
int stack_tree_build(const struct report *report, bool by_comm, struct stack_tree *ret);
/** The one after it: first child, else next, else the next of a parent.  0: that was the last. */
uint32_t stack_tree_after(const struct stack_tree *tree, uint32_t at);

/** Is this process shown: of the tree; with --verbose any. */
bool stack_shown(const struct report *report, struct process_ix process);

/* ---- threads whose stacks are the same -------------------------------------------- */

/** Where samples ended. */
struct stack_variant { uint32_t leaf, count; };

struct stack_group {
	const struct task_ix *tasks; uint32_t count; /**< By pid and tid. */
	const struct stack *stack;/**< The newest of the first of them; NULL: none has frames. */
	uint8_t sight;            /**< Why there is none. */
	bool dead, kernel;        /**< A zombie, or gone; a thread of the kernel. */
	struct frame_ix loop;     /**< It goes round in this function; NO_ROW: it does not run, or that is not known. */
	const struct stack_variant *variants; uint32_t variant_count; /**< Most counted first. */
	uint32_t samples;         /**< Of all of them, with frames. */
	uint32_t rank;            /**< The lower, the more it matters; NO_ROW: not at all. */
};

/**
 * Culprits of the report first, then who runs, then most threads, then pid and tid.  flat: every task
 * a group of its own, by pid and tid.  The tree is one without names of threads.  0 or -ENOMEM; in the arena.
 */
int stack_groups(const struct report *report, const struct stack_tree *tree, bool flat, struct stack_group **ret,
		 uint32_t *count);

#endif
