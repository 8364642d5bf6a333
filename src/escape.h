/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a target get out through here only, escaped for the place where they are
 * shown.  One escape for all places, and it can be undone: a byte that is no part of
 * valid UTF-8, a control, and every byte of a character that moves, hides or reorders
 * text (C1 controls, bidirectional overrides, zero-width characters, line separators)
 * become \xNN, and a backslash is doubled.  A place may then need quoting of its own.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>
#include <stdio.h>

enum place {
	PLACE_TERMINAL, /**< A terminal or file that takes UTF-8. */
	PLACE_ASCII,    /**< One that may not: every byte from 0x80 up is escaped too. */
	PLACE_JSON,     /**< Inside a JSON string: as PLACE_TERMINAL, then quote and backslash once more. */
};

/** Most bytes that one byte of input becomes: \xNN in JSON. */
enum { ESCAPE_MOST = 5 };

/** 0, or -errno of the stream. */
int put_escaped(FILE *out, enum place place, const char *bytes, size_t length);
/** The same into memory, cut at size - 1, never inside a sequence; returns the length.  size is at least 1. */
size_t escape_into(char *to, size_t size, enum place place, const char *bytes, size_t length);

/**
 * One character of it, into to[ESCAPE_ROOM] without a NUL: *made bytes.  Returns how
 * many bytes of input it was, at least 1.
 */
enum { ESCAPE_ROOM = 4 * ESCAPE_MOST };
unsigned escape_next(enum place place, const char *bytes, size_t length, char *to, size_t *made);

/**
 * Undo: turn the text of escape_into(PLACE_TERMINAL) back into bytes, in place.
 * Returns the length, or -1 when a backslash is not followed by one of ours.
 */
long unescape(char *text, size_t length);

/** Columns that escaped text takes on a terminal: wide characters 2, combining ones 0. */
size_t text_columns(const char *text, size_t length);
/** How many bytes of it go into so many columns; never the half of an escape. */
size_t text_fitting(const char *text, size_t length, size_t columns);

#endif
