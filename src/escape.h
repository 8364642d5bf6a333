/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a target get out through here only, escaped for the place where they are shown.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>
#include <stdio.h>

enum place {
	PLACE_TERMINAL, /**< Controls, escape, invalid UTF-8, bidirectional overrides as \xNN; backslash doubled. */
	PLACE_JSON,     /**< Inside a JSON string: \xNN texts as \\xNN, quotes, backslash. */
};

/** 0, or -errno of the stream. */
int put_escaped(FILE *out, enum place place, const char *bytes, size_t length);
/** The same into memory, cut at size - 1, never inside a sequence; returns the length. */
size_t escape_into(char *to, size_t size, enum place place, const char *bytes, size_t length);

#endif
