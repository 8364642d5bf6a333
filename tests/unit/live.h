/* SPDX-License-Identifier: MIT */
/* Rows for living processes, for tests of probes. */
#ifndef LIVE_H
#define LIVE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "identity.h"
#include "snapshot.h"

/** A process of the tree, as tasks.c and state.c would have left it. */
static inline struct process_ix live_add(struct door *door, struct snapshot *snapshot, pid_t pid, pid_t parent)
{
	struct identity identity;
	struct process_ix ret;
	const char *text;
	size_t length;
	int error;

	cr_assert_eq(door_read(door, &text, &length, &error, "%d/stat", pid), SIGHT_OK);
	cr_assert_eq(identity_parse(text, length, &identity), 0);
	cr_assert_eq(snapshot_add_process(snapshot, pid, identity.start_ticks, &ret), 0);
	process_at(snapshot, ret)->flags = PROCESS_IN_TREE;
	process_at(snapshot, ret)->parent = parent;
	if (door_link(door, &text, &length, &error, "%d/ns/mnt", pid) == SIGHT_OK)
		process_at(snapshot, ret)->ns_mnt = strtoul(text + strlen("mnt:["), NULL, 10);
	return ret;
}

static inline unsigned live_gaps(const struct snapshot *snapshot, const char *detail)
{
	unsigned ret = 0;
	uint32_t i;

	for (i = 0; i < snapshot->gaps.count; i++)
		ret += !strcmp(snapshot_bytes(snapshot, snapshot->gaps.row[i].detail), detail);
	return ret;
}

#endif
