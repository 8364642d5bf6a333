/* SPDX-License-Identifier: MIT */
/*
 * Process trees to look at, live and recorded, for the tests of tasks, state and
 * select.  One at a time: a test says .init = tree_live or tree_recorded and
 * .fini = tree_end.
 */
#ifndef TREE_H
#define TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "door.h"
#include "probe.h"

struct tree {
	struct door *door;
	struct snapshot snapshot;
	struct probe_options options;
	char root[64];            /**< Of a recorded one. */
};
extern struct tree tree;

void tree_live(void);
void tree_recorded(void);
void tree_end(void);

/* ---- a live one ------------------------------------------------------------ */

/** In a child: tell the test a pid or tid; and stay there for good. */
void tree_tell(pid_t id);
void tree_stay(void) __attribute__((__noreturn__));
/** In the test: the next one that was told; it is killed at the end. */
pid_t tree_hear(void);
/** A child that dies with its parent, and at the end. */
pid_t tree_fork(void);
/** Until it sleeps in that wchan or one that begins so. */
void tree_settle(pid_t pid, pid_t tid, const char *wchan);

/* ---- a recorded one -------------------------------------------------------- */

struct being { int pid, parent, group, session, tty, start; const char *comm, *children; };

void tree_put(const char *name, const char *bytes, size_t length);
void tree_put_text(const char *name, const char *text);
/** Ends in pid 0.  children NULL: no such file. */
void tree_record(const struct being *beings);

/* ---- looking --------------------------------------------------------------- */

/** Mark as select_targets() does. */
struct process_ix tree_target(pid_t pid);
/** tasks, and then the others of probes: PROBE_BIT()s. */
void tree_look(enum look look, uint32_t probes);

/** NULL: not in the snapshot. */
struct process *tree_process(pid_t pid);
/** By tid; fails the test when it is not there. */
struct task *tree_task(pid_t tid);
/** "" when unseen. */
const char *tree_text(struct text text);
/** Gaps of that detail and sight. */
unsigned tree_gaps(const char *detail, int sight);

#endif
