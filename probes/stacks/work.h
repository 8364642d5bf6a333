/* SPDX-License-Identifier: MIT */
/*
 * The errand that takes stacks: what it is sent out with, and what it does there.
 */
#ifndef STACK_WORK_H
#define STACK_WORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "glance.h"

struct tray;

struct stack_task {
	pid_t pid, tid;
	int64_t start_ticks;      /**< Of the task. */
	struct glance glance;     /**< As the state probe found it, if it was asleep. */
	bool asleep;
	bool given_up;            /**< An errand was lost on its process. */
};

/** One sample of one task.  All of a round lie together, those of a process side by side. */
struct stack_item { uint32_t task; int32_t sample; };

struct stack_job {
	struct stack_task *tasks;
	const struct stack_item *items; uint32_t item_count;
	int32_t rounds;           /**< Most samples of any task. */
	int64_t begun_ns, interval_ns; /**< Round n begins at begun + n * interval. */
	enum stop stop;
};

/** The work of a struct errand, from this item on. */
int stack_work(const struct stack_job *job, struct tray *tray, uint32_t from);

#endif
