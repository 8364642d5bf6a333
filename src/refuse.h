/* SPDX-License-Identifier: MIT */
/*
 * Refusing a saved snapshot: where it is wrong and why, in our own words only; no
 * byte of a hostile file gets into a complaint.
 */
#ifndef REFUSE_H
#define REFUSE_H

#include <stdint.h>

#include "field.h"

/** A place in a row, from the inside out: "tasks[3]", "t0", "call", "args[2]". */
struct place_in {
	const struct place_in *outer;
	const char *name;
	int64_t index;            /**< -1 none. */
};

/** Fill *error, except for its line and column; where may be NULL.  Always -EBADMSG. */
int refuse(struct field_error *error, const struct place_in *where, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

/** The place of one of a field's values, which is the whole field unless it repeats. */
struct place_in place_of(const struct place_in *outer, const struct field *field, size_t which);

#endif
