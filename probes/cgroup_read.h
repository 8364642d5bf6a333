/* SPDX-License-Identifier: MIT */
/*
 * The files of one control group, read through the door into its row.
 */
#ifndef CGROUP_READ_H
#define CGROUP_READ_H

#include "bounds.h"
#include "cgroup_parse.h"
#include "probe.h"

/** Where hierarchies are mounted: what the probe keeps between visits. */
struct mounts {
	char *text;               /**< A copy of mountinfo, in which the slices lie. */
	struct cgroup_mount mount[BOUND_CGROUP_MOUNTS];
	unsigned count;
};

/** The group of this process at this look, unless it was read already.  0 or -errno. */
int cgroup_read(const struct visit *visit, const struct mounts *mounts, struct process_ix process);

/** File a gap of this probe; process and fact may be none.  0 or -errno. */
int cgroup_miss(const struct visit *visit, struct process_ix process, uint8_t *fact, int sight, int error,
		const char *detail);

#endif
