/* SPDX-License-Identifier: MIT */
/*
 * Tables that more than one renderer shows: wedgetree's and wedgesock's, whole, and
 * cut to what matters below wedgecheck's verdict.  And what one line of them says.
 */
#ifndef VIEWS_H
#define VIEWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "render.h"

/** How much of it to show: everything, or what a verdict is about, at most so many rows. */
enum view { VIEW_WHOLE, VIEW_BRIEF };
enum { BRIEF_PROCESSES = 12, BRIEF_SOCKETS = 8 };

/* before: what stands before a table that has rows.  0, or -ENOMEM; the stream is asked at the end. */
int view_tree(const struct report *report, const struct render_options *options, enum view view, const char *before,
	      FILE *out);
int view_sockets(const struct report *report, const struct render_options *options, enum view view, const char *before,
		 FILE *out);

/** Whole stacks of all that have one, identical ones together; a blank line behind each.  0 or -ENOMEM. */
int view_stacks(const struct report *report, const struct render_options *options, FILE *out);

/** A process in the order of a tree, children below their parent. */
struct tree_row {
	struct process_ix process;
	uint32_t depth;
	bool last;                /**< Of its parent's children. */
};
/** All shown processes of the tree, each once, whatever its parents are.  0 or -ENOMEM; in the arena. */
int tree_rows(const struct report *report, struct tree_row **ret, uint32_t *count);

/** Of a process at the moment of capture, in ms; UNSEEN not known. */
int64_t process_age_ms(const struct snapshot *snapshot, struct process_ix process);
/** CPU of all its threads through the window, in thousandths of one CPU; -1 not known. */
int32_t process_cpu_permille(const struct scene *scene, struct process_ix process);
/** The letter of its first task at the newest look; 0 not known. */
char process_state(const struct scene *scene, struct process_ix process);
/** It was there at the first look and not at the second. */
bool process_is_gone(const struct snapshot *snapshot, struct process_ix process);

#endif
