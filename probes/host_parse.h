/* SPDX-License-Identifier: MIT */
/*
 * The files of the whole machine that the host probe reads, as text.  Each parser
 * takes bytes and a length, reads nothing else, and may be fed anything.
 */
#ifndef HOST_PARSE_H
#define HOST_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

/** Of /proc/stat.  Ticks are USER_HZ, summed over CPUs. */
struct cpu_lines {
	int64_t busy_ticks, idle_ticks, steal_ticks;
	int64_t cpus;             /**< Online. */
};

/** Of /proc/self/status. */
struct viewer_lines {
	int64_t uid, euid;
	int64_t seccomp;          /**< UNSEEN: a kernel without it. */
	uint64_t capabilities;    /**< CapEff. */
};

/* 0, or SIGHT_STRANGE and *ret untouched when the text is none of the kind. */
int cpu_parse(const char *text, size_t length, struct cpu_lines *ret);
int viewer_parse(const char *text, size_t length, struct viewer_lines *ret);
/** "some" total of a file of /proc/pressure. */
int pressure_parse(const char *text, size_t length, int64_t *ret_us);

#endif
