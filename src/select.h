/* SPDX-License-Identifier: MIT */
/*
 * From what the user named to the processes of the snapshot marked PROCESS_TARGET.
 */
#ifndef SELECT_H
#define SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

struct door;

enum selector_kind {
	SELECT_WORD,    /**< PID, or a systemd unit, container id or cgroup leaf. */
	SELECT_PORT,    /**< Owners of a listening socket on that port, TCP or UDP, else of any socket bound to it. */
	SELECT_MARKER,  /**< NAME[=VALUE] in the environment; without a value: our own value of it. */
	SELECT_MATCH,   /**< Extended regular expression on comm and command line; never the tool or its ancestors. */
	SELECT_SESSION, /**< SID, or "self". */
	SELECT_CGROUP,  /**< Path, below /sys/fs/cgroup or as in /proc/PID/cgroup. */
};

struct selector { enum selector_kind kind; const char *value; };

/**
 * Marks the targets.  With count 0 the default ones: bearers of the CI runner's marker if one
 * is set (RUNNER_TRACKING_ID, BUILD_ID, CI_JOB_ID), else the jobs of this terminal, both without the
 * tool and its ancestors.  A pid named outright may be anything, ourselves and pid 1 included.  0; -ENOMEM and
 * kin; or -EINVAL, -ESRCH, -EACCES with one clear line in complaint ("no such process: 4242",
 * "not a process id: 12x; near: ..."), the snapshot then holding no target.
 */
int select_targets(struct door *door, const struct selector *selectors, size_t count, struct snapshot *snapshot,
		   char *complaint, size_t complaint_size);

#endif
