/* SPDX-License-Identifier: MIT */
/*
 * How long a call will wait: which argument says so, in which layout, by which clock.
 */
#ifndef DECODE_TIMEOUT_H
#define DECODE_TIMEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "syscalls.h"

enum timeout_layout {
	TIMEOUT_NEVER,            /**< It waits for ever. */
	TIMEOUT_MS,               /**< value is an int of milliseconds, negative for ever. */
	TIMEOUT_SPEC,             /**< value is the address of a struct timespec, 0 for ever. */
	TIMEOUT_VAL,              /**< The same of a struct timeval. */
};
enum timeout_clock {
	TIMEOUT_RELATIVE, TIMEOUT_REALTIME, TIMEOUT_MONOTONIC, TIMEOUT_BOOT,
	TIMEOUT_OTHER,            /**< A CPU clock, TAI: not to be turned into time left. */
};
struct timeout {
	enum timeout_layout layout;
	enum timeout_clock clock; /**< Which clock an absolute deadline is told by. */
	uint64_t value;
};

/** Bytes of a struct timespec or timeval. */
enum { TIMEOUT_BYTES = 16 };

/** Where the timeout of a call is found.  Pure; no memory needed. */
struct timeout timeout_find(enum syscall_id id, const uint64_t args[6]);
/** Does it need TIMEOUT_BYTES at .value? */
bool timeout_wants(const struct timeout *timeout);
/**
 * Nanoseconds left; UNSEEN: for ever, or *unread.  bytes: TIMEOUT_BYTES, NULL when they could not
 * be read.  Saturates.
 */
int64_t timeout_left(const struct timeout *timeout, const char *bytes, const struct host_look *now,
		     const struct process *process, bool *unread);

#endif
