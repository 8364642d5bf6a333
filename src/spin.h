/* SPDX-License-Identifier: MIT */
/*
 * What the stacks of a task that burns have in common.  Pure.
 */
#ifndef SPIN_H
#define SPIN_H

#include <stdbool.h>
#include <stdint.h>

#include "scene.h"

struct spin {
	uint32_t samples;         /**< Stacks that have frames. */
	uint32_t whole;           /**< Those that go back to the beginning of the thread. */
	bool same;                /**< In each, the innermost frame of the program itself is of the same function.
	                               An interpreter's say nothing: they are the same whatever it runs. */
	bool locks;               /**< Each is in a spin lock. */
};

struct spin spin_compare(const struct scene *scene, struct task_ix task);

#endif
