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
#include <stdint.h>
#include <sys/types.h>

#include "bounds.h"

struct channel;
struct door;

struct helpers {
	pid_t pid;                /* of the one at work; 0 none */
	bool dead;                /* it is reaped; its channel is still there */
	struct channel *channel;
	pid_t left[BOUND_HELPERS_LOST + 1]; /* killed, not reaped yet: perhaps in D */
	unsigned left_count;
	int64_t cpu_ns;           /* of those reaped */
};

/** Nothing to do when one is at work.  0, or -errno; -EAGAIN too when too many will not go. */
int helpers_start(struct helpers *helpers, const struct door *door);
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
/** CPU time of all so far. */
int64_t helpers_cpu_ns(const struct helpers *helpers);

#endif
