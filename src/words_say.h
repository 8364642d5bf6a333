/* SPDX-License-Identifier: MIT */
/*
 * The placeholders of templates: what each says, and what stands in for it where it is
 * not known.  Only words.c needs this.
 */
#ifndef WORDS_SAY_H
#define WORDS_SAY_H

#include "words.h"

/** What a template is expanded for. */
struct context {
	const struct report *report;
	const struct snapshot *snapshot;
	const struct finding *finding; /**< NULL: none. */
	const struct fact *fact;       /**< NULL: none. */
	const char *noun;              /**< What stands behind the colon; "" nothing. */
	size_t noun_length;
};

struct placeholder {
	const char *name;
	bool (*say)(const struct context *context, struct phrase *phrase); /**< false: not known, nothing said. */
	const char *otherwise;
};

/** The row of a name; NULL: there is none. */
const struct placeholder *placeholder_find(const char *name, size_t length);

#endif
