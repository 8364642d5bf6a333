/* SPDX-License-Identifier: MIT */
/* Lines of a stream, of bounded length. */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

enum { FIRST_ROOM = 64 << 10 };

void lines_init(struct lines *lines, FILE *from)
{
	*lines = (struct lines){ .from = from };
}

void lines_deinit(struct lines *lines)
{
	free(lines->bytes);
	lines_init(lines, NULL);
}

/** Read on behind what is there. */
static int lines_fill(struct lines *lines)
{
	size_t room = lines->room, got;
	char *bytes;

	if (lines->start > 0) {
		memmove(lines->bytes, lines->bytes + lines->start, lines->end - lines->start);
		lines->end -= lines->start;
		lines->start = 0;
	}
	if (lines->end > BOUND_LOAD_LINE)
		return -E2BIG;
	if (lines->end == room) {
		room = room ? room * 2 : FIRST_ROOM;
		bytes = realloc(lines->bytes, room);
		if (!bytes)
			return -ENOMEM;
		lines->bytes = bytes;
		lines->room = room;
	}
	got = fread(lines->bytes + lines->end, 1, room - lines->end, lines->from);
	if (got == 0 && ferror(lines->from))
		return errno ? -errno : -EIO;
	lines->ended = got == 0;
	lines->end += got;
	return 0;
}

int lines_next(struct lines *lines, const char **ret, size_t *length)
{
	size_t seen = 0;
	const char *newline = NULL;
	int r;

	for (;;) {
		size_t there = lines->end - lines->start;

		if (there > seen)
			newline = memchr(lines->bytes + lines->start + seen, '\n', there - seen);
		if (newline || lines->ended)
			break;
		seen = there;
		r = lines_fill(lines);
		if (r < 0)
			return r;
	}
	*ret = NULL;
	*length = 0;
	if (!newline && lines->start == lines->end)
		return 0;
	*ret = lines->bytes + lines->start;
	*length = newline ? (size_t)(newline - *ret) : lines->end - lines->start;
	lines->start += *length + (newline ? 1 : 0);
	lines->cut = !newline;
	lines->number++;
	return 0;
}
