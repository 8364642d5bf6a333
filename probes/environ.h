/* SPDX-License-Identifier: MIT */
/*
 * Who carries a marker, "NAME=VALUE", in the environment it was started with:
 * /proc/PID/environ, asked through the helper.  Nothing of it is stored.
 */
#ifndef ENVIRON_H
#define ENVIRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct door;

/** "NAME=VALUE" with a value that is not empty: whatever else is no marker. */
bool environ_is_marker(const char *marker);
/** Is it one of the NUL-separated entries?  Pure. */
bool environ_has(const char *bytes, size_t length, const char *marker);

/**
 * ret[i]: whether pids[i] carries it.  *ret_denied: how many would not say.  0 or -errno.
 */
int environ_bearers(struct door *door, const int32_t *pids, size_t count, const char *marker, int64_t deadline_ns,
		    bool *ret, size_t *ret_denied);

#endif
