/* SPDX-License-Identifier: MIT */
/*
 * A piece of a report while it is put together: words of ours and bytes of targets,
 * already escaped for their place, at most BOUND_PHRASE of them.
 */
#ifndef PHRASE_H
#define PHRASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bounds.h"
#include "escape.h"

/** Stands for a blank at which a line must not be broken.  Escaped text never holds it. */
#define PHRASE_TIE '\x1f'

struct phrase {
	enum place place;
	bool cut;                 /**< Something did not fit; the text then ends in "...". */
	size_t length;
	char text[BOUND_PHRASE];  /**< NUL-terminated. */
};

void phrase_init(struct phrase *phrase, enum place place);
/** Words of our own. */
void phrase_add(struct phrase *phrase, const char *words);
void phrase_format(struct phrase *phrase, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));
/** Words of our own that stay on one line: "18 204 B". */
void phrase_tie(struct phrase *phrase, const char *words);
/** Bytes of a target. */
void phrase_bytes(struct phrase *phrase, const char *bytes, size_t length);
/** Another phrase for the same place, as it is. */
void phrase_escaped(struct phrase *phrase, const struct phrase *other);
/** Back to an earlier length. */
void phrase_back(struct phrase *phrase, size_t length);

/** 0, or -errno of the stream. */
int phrase_put(const struct phrase *phrase, FILE *out);

#endif
