/* SPDX-License-Identifier: MIT */
/*
 * Every process of the machine, by one pass over /proc/PID/stat: for selectors, and for
 * finding children where the kernel has no list of them.  The only user of libproc2;
 * looks do not use it (DESIGN, dependencies).
 */
#ifndef ROSTER_H
#define ROSTER_H

#include <stdint.h>

struct door;

struct roster_row {
	int32_t pid, parent, group, session, tty;
	char state;
	char comm[16];            /**< Cut, and only for matching: a snapshot takes it from stat. */
};

struct roster {
	struct roster_row *row;   /**< By pid. */
	uint32_t count;
	uint32_t *by_parent;      /**< Row numbers, by parent and pid. */
};

/** 0 or -errno of our own.  Ended by roster_deinit(). */
int roster_init(struct door *door, struct roster *ret);
void roster_deinit(struct roster *roster);

/** The row of a pid, or NULL. */
const struct roster_row *roster_find(const struct roster *roster, int32_t pid);
/** Rows whose parent it is: by_parent[*ret_first], *ret_count of them. */
void roster_children(const struct roster *roster, int32_t parent, uint32_t *ret_first, uint32_t *ret_count);

#endif
