/* SPDX-License-Identifier: MIT */
/*
 * A report for people or for programs.  Renderers look at nothing but the report
 * and choose nothing but words and layout.  Each writes to a stream and returns
 * 0 or -errno of it, so that a full disk ends in exit status 2 and not in silence.
 */
#ifndef RENDER_H
#define RENDER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "judge.h"

struct render_options {
	bool color;
	bool utf8;                /**< The place takes UTF-8; else every byte from 0x80 up is escaped, and lines are ASCII. */
	unsigned columns;         /**< Width to fit lines into; 0: no limit. */
	bool verbose;             /**< All rows where text would cut a list. */
	bool all_stacks;          /**< wedgecheck: every stack, whole. */
};

struct renderer {
	const char *name;         /**< --format=NAME: text, json, class ... */
	int (*render)(const struct report *report, const struct render_options *options, FILE *out);
};

extern const struct renderer render_text;  /**< render_text.c: wedgecheck's report. */
extern const struct renderer render_json;  /**< render_json.c: all tools. */
extern const struct renderer render_class; /**< The word alone. */
extern const struct renderer render_github; /**< A workflow command, or nothing. */
extern const struct renderer render_markdown, render_junit; /**< A summary for a page; one test case. */
extern const struct renderer render_tree;  /**< wedgetree, named "text". */
extern const struct renderer render_state; /**< wedgestate, named "text". */
extern const struct renderer render_sock;  /**< wedgesock, named "text". */
extern const struct renderer render_stack; /**< wedgestack, named "text": render_stack.c, like "flat". */
extern const struct renderer render_stack_flat, render_stack_tree; /**< "flat", "tree" */
extern const struct renderer render_folded, render_flamegraph; /**< "folded", "svg" */

#endif
