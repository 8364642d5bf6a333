/* SPDX-License-Identifier: MIT */
/*
 * A stream line by line, whatever is in it: NULs, no newline at the end, or none for
 * gigabytes.
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct lines {
	FILE *from;
	size_t number;            /**< Of the line that lines_next() gave last; 1 is the first. */
	bool cut;                 /**< That line ended with the stream, not with a newline. */
	char *bytes;
	size_t start, end, room;
	bool ended;
};

void lines_init(struct lines *lines, FILE *from);
void lines_deinit(struct lines *lines);

/**
 * The next line without its newline, valid until the next call.  *ret is NULL at the
 * end.  0, -E2BIG when it is longer than BOUND_LOAD_LINE, -ENOMEM, -errno of the stream.
 */
int lines_next(struct lines *lines, const char **ret, size_t *length);

#endif
