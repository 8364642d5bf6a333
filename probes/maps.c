/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps, as text. */
#include "maps.h"

static const char deleted[] = " (deleted)";
enum { DELETED = sizeof(deleted) - 1 };

/* 7f2bd0a00000-7f2bd0a21000 rw-s 00000000 00:01 2051                       /dev/zero (deleted) */
static bool mapping_parse(struct scan line, struct mapping *ret)
{
	struct mapping found = { 0 };
	uint64_t major, minor;

	if (!scan_digits(&line, 16, &found.start) || !scan_word(&line, "-") || !scan_digits(&line, 16, &found.end) ||
	    !scan_word(&line, " ") || line.end - line.at < 5)
		return false;
	found.writable = line.at[1] == 'w';
	found.executable = line.at[2] == 'x';
	found.shared = line.at[3] == 's';
	line.at += 4;
	if (!scan_word(&line, " ") || !scan_digits(&line, 16, &found.offset) || !scan_word(&line, " ") ||
	    !scan_digits(&line, 16, &major) || !scan_word(&line, ":") || !scan_digits(&line, 16, &minor) ||
	    !scan_word(&line, " ") || !scan_digits(&line, 10, &found.inode) || found.end <= found.start)
		return false;
	found.device = major << 20 | minor;
	scan_blanks(&line);
	found.path = line.at;
	found.path_length = (size_t)(line.end - line.at);
	if (found.path_length > DELETED && !memcmp(line.end - DELETED, deleted, DELETED)) {
		found.path_length -= DELETED;
		found.deleted = true;
	}
	*ret = found;
	return true;
}

bool mapping_next(struct scan *scan, struct mapping *ret)
{
	struct scan line;

	while (scan_line(scan, &line))
		if (mapping_parse(line, ret))
			return true;
	return false;
}
