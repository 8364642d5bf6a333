/* SPDX-License-Identifier: MIT */
/*
 * The two fields of /proc/PID/stat that say whether a pid is still the process we
 * met.  Apart, so that a test and a fuzzer can call the parser.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stddef.h>
#include <stdint.h>

struct identity {
	char state;               /**< Field 3. */
	int64_t start_ticks;      /**< Field 22. */
};

/** 0, or SIGHT_STRANGE and *ret untouched. */
int identity_parse(const char *text, size_t length, struct identity *ret);

#endif
