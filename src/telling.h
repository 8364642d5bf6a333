/* SPDX-License-Identifier: MIT */
/*
 * What the stacks of a task tell: where it is in code that somebody wrote for this
 * program, and in which function it goes round.  Pure.
 */
#ifndef TELLING_H
#define TELLING_H

#include <stdbool.h>

#include "scene.h"

/** Whose code a frame is in; the higher, the more it tells. */
enum site_part {
	PART_KERNEL,
	PART_RUNTIME,             /**< C library, loader, vdso, language run time, allocators. */
	PART_INTERPRETER,         /**< What runs a program, not the program: python3, node, an event loop library. */
	PART_PROGRAM,
};
/** By the table in telling.c; scene.site_part holds it for each site. */
enum site_part site_part_of(const struct snapshot *snapshot, struct site_ix site);

/** The newest stack of a task that has frames; NULL: none. */
const struct stack *newest_stack(const struct scene *scene, struct task_ix task);

/**
 * The innermost frame of the program; where it has none, the innermost of its interpreter, if that has a name.
 * NO_ROW: the kernel and the run time are all that was seen.  *called, unless NULL: the next
 * inner frame, through which it left the program ("pthread_cond_wait"); NO_ROW: it is the innermost.
 */
struct frame_ix stack_telling(const struct scene *scene, struct frame_ix innermost, struct frame_ix *called);
/** The same of the newest stack of a task. */
struct frame_ix task_telling(const struct scene *scene, struct task_ix task, struct frame_ix *called);

/**
 * For a task that runs: the innermost function of the program that is in all of its samples, so the
 * one that goes round; *ret is its frame in the newest one.  Where the program has none in common, its
 * interpreter's, then the run time's.  False: fewer than two stacks that go back to the beginning of the
 * thread, or nothing in common.  Whether it runs is not asked: a sleeper's samples have all in common.
 */
bool task_loop(const struct scene *scene, struct task_ix task, struct frame_ix *ret);

/** The same function, wherever in it: by name and module; by address where it has no name. */
bool site_same_function(const struct snapshot *snapshot, struct site_ix one, struct site_ix other);

#endif
