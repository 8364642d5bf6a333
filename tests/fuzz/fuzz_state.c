/* SPDX-License-Identifier: MIT */
/* Any bytes as each of the small files of /proc/PID: what is taken lies inside of them and means what it may mean. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "state_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const char *text, size_t size, const char *part, size_t length)
{
	if (part < text || length > size || part > text + size - length)
		abort();
}

static void children(const char *text, size_t size)
{
	const char *at = text, *before = NULL;
	int32_t pid;

	while (children_next(&at, text + size, &pid)) {
		if (pid < 0 || at > text + size || (before && at <= before))
			abort();
		before = at;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	struct status_lines status;
	struct stat_line line;
	struct call call;
	int64_t one, other;
	uint64_t inode;
	unsigned bits;

	if (!text)
		abort();
	memcpy(text, data, size);
	if (stat_parse(text, size, &line) == 0)
		inside(text, size, line.comm, line.comm_length);
	if (status_parse(text, size, &status) == 0 && status.ns_pids)
		inside(text, size, status.ns_pids, status.ns_pids_length);
	syscall_parse(text, size, &call);
	schedstat_parse(text, size, &one, &other);
	io_parse(text, size, &one, &other);
	sched_parse(text, size, &one);
	timens_parse(text, size, &one, &other);
	ns_parse(text, size, &inode);
	if (timers_count(text, size) < 0)
		abort();
	bits = auxv_bits(text, size);
	if (bits != 0 && bits != 32 && bits != 64)
		abort();
	children(text, size);
	free(text);
	return 0;
}
