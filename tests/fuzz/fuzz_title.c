/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as comm, program and command line (a line feed between them), to a title and
 * escaped for every place: bounded, no NUL in it, nothing raw, and to be undone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "title.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Up to the next line feed, as a string of its own. */
static char *next_part(const char **at, size_t *left)
{
	const char *end = memchr(*at, '\n', *left);
	size_t length = end ? (size_t)(end - *at) : *left;
	char *ret = strndup(*at, length);

	if (!ret)
		abort();
	*at += length + (end ? 1 : 0);
	*left -= length + (end ? 1 : 0);
	return ret;
}

static void check_escaped(enum place place, const char *bytes, size_t length)
{
	size_t size = length * ESCAPE_MOST + 1, i, used, streamed_size;
	char *text = malloc(size), *streamed = NULL;
	FILE *out = open_memstream(&streamed, &streamed_size);

	if (!text || !out)
		abort();
	used = escape_into(text, size, place, bytes, length);
	if (put_escaped(out, place, bytes, length) < 0)
		abort();
	fclose(out);
	if (used != streamed_size || memcmp(text, streamed, used) != 0)
		abort();
	for (i = 0; i < used; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f || (place == PLACE_ASCII && (unsigned char)text[i] > 0x7f))
			abort();
	if (place != PLACE_JSON && (unescape(text, used) != (long)length || memcmp(text, bytes, length) != 0))
		abort();
	if (text_columns(streamed, streamed_size) > 2 * streamed_size)
		abort();
	free(text);
	free(streamed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	struct title_source source;
	char *comm, *exe, *argv, title[64];
	size_t left = size, length, room;

	comm = next_part(&at, &left);
	exe = next_part(&at, &left);
	argv = malloc(left ? left : 1); /* just as long as it is: a byte too far is seen */
	if (!argv)
		abort();
	memcpy(argv, at, left);
	source = (struct title_source){ .argv = argv, .argv_length = left, .comm = comm, .exe = exe };
	for (room = 1; room <= sizeof(title); room++) {
		length = title_of(&source, title, room);
		if (length >= room || length > TITLE_MOST || strlen(title) != length)
			abort();
	}
	if (length == 0)
		abort(); /* a process without a name */
	check_escaped(PLACE_TERMINAL, at, left);
	check_escaped(PLACE_ASCII, at, left);
	check_escaped(PLACE_JSON, at, left);
	free(comm);
	free(exe);
	free(argv);
	return 0;
}
