/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps, as text.  Takes bytes and a length, reads nothing else, and may be fed
 * anything.
 */
#ifndef MAPS_H
#define MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan.h"

struct mapping {
	uint64_t start, end;      /**< Addresses; end is the first beyond. */
	uint64_t offset;          /**< In the file, of start. */
	uint64_t device;          /**< major << 20 | minor */
	uint64_t inode;           /**< 0: no file, not even one without a name. */
	bool shared;              /**< Others who map it see what is written. */
};

/** The next line that is one; false at the end. */
bool mapping_next(struct scan *scan, struct mapping *ret);

#endif
