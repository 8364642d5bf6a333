/* SPDX-License-Identifier: MIT */
/*
 * The one loop: fill a snapshot from the processes that select.h marked.
 */
#ifndef SURVEY_H
#define SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "probe.h"

struct survey_options {
	uint32_t probes;          /**< PROBE_BIT()s wanted; survey() adds what they come after. */
	int64_t window_ns;        /**< Between the starts of the two looks; 0: one look only. */
	int64_t budget_ns;        /**< For everything but the window. */
	bool all_stacks;          /**< Of every task of the tree, not only of those that matter. */
	int32_t samples;          /**< Stacks of each, at least 1. */
	struct probe_options probe; /**< .stop and .interval_ns are of its stacks. */
	void (*progress)(void *context, const char *doing); /**< Or NULL. */
	void *context;
};

/** 0, or -errno of our own. */
int survey(struct door *door, const struct survey_options *options, struct snapshot *snapshot);

#endif
