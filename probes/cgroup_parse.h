/* SPDX-License-Identifier: MIT */
/*
 * Where the files of a control group are: /proc/PID/cgroup and /proc/self/mountinfo, as
 * text; and the small files there that are not flat (flat.h).  Each parser takes bytes
 * and a length, reads nothing else, and may be fed anything.
 */
#ifndef CGROUP_PARSE_H
#define CGROUP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan.h"
#include "snapshot.h"

/** Bytes in somebody else's text. */
struct slice { const char *at; size_t length; };

bool slice_is(struct slice slice, const char *word);
/** Is word one of the list, between commas? */
bool slice_lists(struct slice list, const char *word);

/** A line of /proc/PID/cgroup. */
struct membership {
	struct slice controllers; /**< "cpu,cpuacct", "name=systemd"; empty: version 2. */
	struct slice path;        /**< Begins with "/"; "/../x" when it is outside our cgroup namespace. */
};
/** The next line that is one; false at the end. */
bool membership_next(struct scan *scan, struct membership *ret);
/** The path of that controller; empty when there is no such hierarchy.  "" is version 2. */
struct slice membership_find(const char *text, size_t length, const char *controller);
/** The path to show a person: version 2, else systemd's, else any, but rather one that is not "/". */
struct slice membership_show(const char *text, size_t length);

/** A line of mountinfo about a control group hierarchy.  Paths as they stand: escaped. */
struct cgroup_mount {
	struct slice root;        /**< Which group is mounted. */
	struct slice point;       /**< Where. */
	struct slice options;     /**< Of the superblock: version 1 names its controllers here. */
	bool unified;             /**< Version 2. */
};
/** The next line about one; false at the end. */
bool cgroup_mount_next(struct scan *scan, struct cgroup_mount *ret);
/**
 * The directory of a group below that mount, NUL-terminated, without a slash at its end; and how much of it
 * is the mount point.  False when the group is not below what is mounted, or the name is too long.
 */
bool cgroup_place(const struct cgroup_mount *mount, struct slice path, char *to, size_t size, size_t *ret_point);

/** memory.max, memory.limit_in_bytes: a number; UNSEEN for "max" and for version 1's no limit. */
int64_t limit_parse(const char *text, size_t length);
/** cpu.max: "50000 100000"; quota UNSEEN for "max".  0 or SIGHT_STRANGE. */
int cpu_max_parse(const char *text, size_t length, int64_t *ret_quota_us, int64_t *ret_period_us);

#endif
