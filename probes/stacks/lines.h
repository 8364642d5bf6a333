/* SPDX-License-Identifier: MIT */
/*
 * Source file and line of a place in a module, and what was inlined there: through libdw, which reads
 * the debug information of the module or of its separate debug file.  Remembered for each
 * (module, address).
 *
 * The first place in a module costs most: sections that are compressed are unpacked.
 */
#ifndef STACK_LINES_H
#define STACK_LINES_H

#include <stdint.h>

#include "space.h"

struct lines;
struct lines *lines_destroy(struct lines *lines);

enum { LINES_DEEP = 16 };

/** The innermost first: what was inlined at the address, then the function itself. */
struct line_at {
	uint32_t count;           /**< 0: no debug information. */
	struct {
		const char *function; /**< Of inlined ones; NULL for the last: symbols name it. */
		const char *file;     /**< The module's; NULL not known. */
		int32_t line;         /**< -1 not known. */
	} each[LINES_DEEP];
};

/** 0 or -ENOMEM. */
int line_find(struct module *module, uint64_t address, struct line_at *ret);
/** It took so long (BOUND_LINES_MS) that new places are not looked up any more. */
bool lines_cut(const struct module *module);

#endif
