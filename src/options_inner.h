/* SPDX-License-Identifier: MIT */
/*
 * What the table of options and the reading of a command line share.
 */
#ifndef OPTIONS_INNER_H
#define OPTIONS_INNER_H

#include "options.h"

/** A command line while it is read. */
struct parse {
	const struct tool *tool;
	struct request *request;
	char *complaint;
	size_t size;
};

enum { OPTION_ROWS = 40 };        /* At most so many; a compiler holds the table against it. */
enum { WINDOW_MOST_MS = 3600 * 1000 };

/** 0 or -ENOMEM. */
int add_selector(struct parse *parse, enum selector_kind kind, const char *value);

#endif
