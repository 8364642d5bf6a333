/* SPDX-License-Identifier: MIT */
/*
 * Which words say that a credential is near.  Pure tables.
 */
#ifndef MASK_WORDS_H
#define MASK_WORDS_H

#include <stdbool.h>

struct word { const char *at, *end; };

/** Is the span one of these?  words ends in NULL. */
bool span_is(struct word word, const char *const *words);

enum secrecy {
	PUBLIC,
	WEAK,                     /**< One plain word, "key": a ':' after it proves nothing. */
	STRONG,
};
/** Does a name, without leading dashes, say that its value is a credential? */
enum secrecy name_secrecy(struct word name);

/** How a program takes a password under a short name. */
enum how {
	ATTACHED = 1,             /**< -pX */
	SEPARATE = 2,             /**< -p X */
	AFTER_NAME = 4,           /**< user:X, or user%X */
};
struct program { const char *name; bool starts; char letter; unsigned how; };
/** Of a word with or without a path; NULL: none that we know. */
const struct program *program_named(struct word word);

#endif
