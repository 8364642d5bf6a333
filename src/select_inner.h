/* SPDX-License-Identifier: MIT */
/*
 * What the rooms of selection share: select.c, select_list.c, select_port.c,
 * select_near.c.  Nobody else includes this.
 */
#ifndef SELECT_INNER_H
#define SELECT_INNER_H

#include <stdbool.h>

#include "roster.h"
#include "select.h"
#include "walk.h"

struct choice {
	struct door *door;
	struct snapshot *snapshot;
	struct roster roster;     /**< Everybody, read when first needed. */
	bool listed;
	bool *picked;             /**< One a row of roster: the finding of one selector. */
	struct pids kin;          /**< We and our ancestors. */
	struct pids chosen;       /**< Of all selectors. */
	int64_t deadline_ns;
	char *complaint;
	size_t complaint_size;
};

/** One line of complaint; returns error. */
int choice_complain(struct choice *choice, int error, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
/** Read everybody, find our kin.  0 or -errno. */
int choice_list(struct choice *choice);
/** Is it one of us: our kin, or a helper? */
bool choice_is_kin(const struct choice *choice, int32_t pid);
/**
 * Choose what was picked, but only the uppermost: what is below them is looked at anyway.
 * *ret_count: how many were picked.  0 or -ENOMEM.
 */
int choice_take(struct choice *choice, uint32_t *ret_count);

/* Selectors that look through everybody.  0 or -errno, with a complaint where it is the user's. */
int select_session(struct choice *choice, const char *value);
int select_terminal(struct choice *choice);
int select_marker(struct choice *choice, const char *value);
int select_match(struct choice *choice, const char *value);
int select_cgroup(struct choice *choice, const char *value);
int select_unit(struct choice *choice, const char *word);
int select_port(struct choice *choice, const char *value);

/** "; near: 4242 (python3), 4243 (pip)": processes that may have been meant; "" when none. */
void near_text(const struct choice *choice, const char *word, char *to, size_t size);

/* ---- pure ------------------------------------------------------------------ */

/** A whole number above 0 and nothing else; -1 when it is none, INT32_MAX + 1 when it is too large. */
int64_t select_number(const char *text);
/** Does /proc/PID/cgroup say that it is in this group or below?  path: as there, or below /sys/fs/cgroup. */
bool cgroup_is_below(const char *text, size_t length, const char *path);
/**
 * Is a systemd unit ("nginx" or "nginx.service"), a container (its id, or 12 digits of it and more) or a control
 * group of that name on one of its paths?
 */
bool cgroup_is_named(const char *text, size_t length, const char *word);

#endif
