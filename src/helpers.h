/* SPDX-License-Identifier: MIT */
/*
 * Helpers come and go: one works at a time; those that were given up are reaped when
 * they let us.
 *
 * A helper is a child without an exit signal: nobody's wait(2) but ours sees it, and
 * its pid stays its own until we reap it, whatever was done to SIGCHLD.
 */
#ifndef HELPERS_H
#define HELPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bounds.h"

struct door;

enum { PROC_FD = 3 }; /**< In a helper: the only descriptor it has, of /proc. */

/** What a helper is started for. */
struct calling {
	const char *name;         /* its comm */
	size_t length;            /* of the pages that it shares with us; zero at first */
	/* its life, once it has let go of what is ours; context lies in its own copy of our memory */
	void __attribute__((__noreturn__)) (*live)(void *pages, const struct door *door, const void *context);
};
extern const struct calling calling_answers; /* helper.c */

struct helpers {
	pid_t pid;                /* of the one at work; 0 none */
	bool dead;                /* it is reaped; its pages are still there */
	void *pages;
	size_t length;            /* of pages */
	pid_t left[BOUND_HELPERS_LOST + 1]; /* killed, not reaped yet: perhaps in D */
	unsigned left_count;
	unsigned lost;            /* given up on, or dead of themselves */
	int64_t cpu_ns;           /* of those reaped */
};

/** Nothing to do when one is at work.  Without a door: /proc itself.  0, or -errno; -EAGAIN too when too many will not go. */
int helpers_start(struct helpers *helpers, const struct door *door, const struct calling *calling, const void *context);
/** Has the one at work died? */
bool helpers_died(struct helpers *helpers);
/** Does it run, or wait for a CPU: is it not held up by its target? */
bool helpers_running(const struct helpers *helpers);
/** Kill the one at work and do not wait for it. */
void helpers_leave(struct helpers *helpers);
/** Reap those that have gone. */
void helpers_reap(struct helpers *helpers);
/** Leave the one at work, and wait a moment for all of them to go. */
void helpers_deinit(struct helpers *helpers);
/** Is it one of these, perhaps one given up? */
bool helpers_own(const struct helpers *helpers, pid_t pid);
/** CPU time of all so far. */
int64_t helpers_cpu_ns(const struct helpers *helpers);

#endif
