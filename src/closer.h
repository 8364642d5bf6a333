/* SPDX-License-Identifier: MIT */
/*
 * Whose stacks are worth taking, once everybody was looked at twice.  Pure.
 */
#ifndef CLOSER_H
#define CLOSER_H

#include "judge.h"

/** The most telling first; parallel arrays, in the arena. */
struct closer {
	struct task_ix *tasks;
	int32_t *samples;         /**< How many stacks of each: of burning ones enough to compare them. */
	uint32_t count;
	uint32_t left_out;        /**< Tasks that were wanted too, beyond BOUND_CLOSER. */
};

/**
 * Culprits, then members of circles, then the tasks of victims that wait, then the threads beside a culprit
 * that waits on a word of memory, for one of them is to wake it.  all: then every task of the
 * tree besides, without a bound.  samples: of each, at least 1.  Nobody of a finding that is progressing, no
 * kernel threads, nothing dead, none of our own.  0 or -ENOMEM.
 */
int closer_wanted(const struct report *report, bool all, int32_t samples, struct arena *arena, struct closer *ret);

#endif
