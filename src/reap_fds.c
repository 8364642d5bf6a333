/* SPDX-License-Identifier: MIT */
/* The descriptors of a process, by number, and what each leads to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "reap.h"

int fds_list(struct door *door, const struct being *being, uint32_t most, struct fd_list *list)
{
	const int32_t *listed;
	int32_t *grown;
	size_t count;
	int r, error;

	list->count = 0;
	r = door_list(door, &listed, &count, &error, "%d/task/%d/fd", being->pid, being->speaker);
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return r;
	if (count > most)
		count = most;
	if (count > list->room) {
		grown = reallocarray(list->row, count, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->row = grown;
		list->room = (uint32_t)count;
	}
	if (count > 0)
		memcpy(list->row, listed, count * sizeof(*listed)); /* the next call takes the scratch */
	list->count = (uint32_t)count;
	return SIGHT_OK;
}

int fd_link(struct door *door, const struct being *being, int32_t fd, const char **ret)
{
	size_t length;
	int error;

	return door_link(door, ret, &length, &error, "%d/task/%d/fd/%d", being->pid, being->speaker, fd);
}

uint64_t fd_inode(const char *link, const char *kind)
{
	const size_t length = strlen(kind);

	return strncmp(link, kind, length) == 0 && strncmp(link + length, ":[", 2) == 0 ?
	       strtoull(link + length + 2, NULL, 10) : 0;
}
