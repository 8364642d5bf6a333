/* SPDX-License-Identifier: MIT */
/*
 * What a task waits on when it waits on a word of memory: the kernel knows an address, the
 * function that the task is in knows whether that is a lock, a condition or a queue.  Pure.
 */
#ifndef PRIMITIVE_H
#define PRIMITIVE_H

#include <stddef.h>

#include "scene.h"

enum primitive {
	PRIMITIVE_NONE,
	PRIMITIVE_MUTEX,
	PRIMITIVE_RWLOCK,
	PRIMITIVE_CONDITION,      /**< Condition variable, or a queue or parked thread that is made of one. */
	PRIMITIVE_SEMAPHORE,
	PRIMITIVE_JOIN,           /**< The end of another thread. */
	PRIMITIVE_BARRIER,
	PRIMITIVE_ONCE,           /**< Somebody else's one-time initialization. */
	PRIMITIVE_SPIN,           /**< A lock that is waited for on the CPU. */
	PRIMITIVES,
};
extern const char *const primitive_names[PRIMITIVES]; /**< "mutex", "condition" ...; NULL for none. */
extern const char *const primitive_words[PRIMITIVES]; /**< "a mutex", "a condition variable", "the end of a thread" ... */

/** By the name of a function, demangled or not, with or without version and underscores before it. */
enum primitive primitive_of(const char *function, size_t length);

/** Of a place in code; scene.site_primitive holds it for each site. */
enum primitive site_primitive_of(const struct snapshot *snapshot, struct site_ix site);

/**
 * What the code that was entered last waits on: the outermost that is known of the frames inside the
 * program's own, for std::mutex::lock() says more than the pthread_mutex_lock() below it.
 * *at, unless NULL: its frame.
 */
enum primitive stack_primitive(const struct scene *scene, struct frame_ix innermost, struct frame_ix *at);
/** The same of the newest stack of a task. */
enum primitive task_primitive(const struct scene *scene, struct task_ix task, struct frame_ix *at);

#endif
