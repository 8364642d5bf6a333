/* SPDX-License-Identifier: MIT */
/*
 * Flat keyed files: a key, blanks, a number on each line.  cpu.stat, memory.events,
 * cgroup.events, /proc/vmstat; /proc/meminfo with the colon as part of the key.
 */
#ifndef FLAT_H
#define FLAT_H

#include "scan.h"
#include "snapshot.h"

/** The number of the first line with that key; UNSEEN when there is none. */
static inline int64_t flat_find(const char *text, size_t length, const char *key)
{
	struct scan scan = scan_begin(text, length), line;
	int64_t number;

	while (scan_line(&scan, &line))
		if (scan_word(&line, key) && line.at < line.end && (*line.at == ' ' || *line.at == '\t'))
			return scan_number(&line, &number) ? number : UNSEEN;
	return UNSEEN;
}

#endif
