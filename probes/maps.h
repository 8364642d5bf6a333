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
	bool writable, executable;
	bool shared;              /**< Others who map it see what is written. */
	bool deleted;             /**< The path had " (deleted)" behind it, which is not part of it here. */
	const char *path;         /**< In the text; "[stack]" and the like too.  A line end in it stands as "\\012". */
	size_t path_length;       /**< 0: none. */
};

/** The next line that is one; false at the end. */
bool mapping_next(struct scan *scan, struct mapping *ret);

#endif
