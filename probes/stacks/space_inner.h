/* SPDX-License-Identifier: MIT */
/* What space.c, module.c and memory.c share. */
#ifndef SPACE_INNER_H
#define SPACE_INNER_H

#include "space.h"

/** A line of maps. */
struct place {
	struct region region;
	uint64_t device, inode;   /**< As maps shows them. */
	uint32_t path;            /**< Offset in space->text. */
	bool deleted;
};

struct space {
	struct modules *modules;
	pid_t pid;
	pid_t via;                /**< The task through which we look: pid, or a thread that still has memory. */
	struct place *places;     /**< Ascending. */
	uint32_t count, room;
	char *text;               /**< Paths, each with its NUL; the first is "". */
	size_t text_length, text_room;
	int pagemap_fd, memory_fd; /**< -1: not opened yet; -2: not to be had. */
};

/** The regions from there on, perhaps of this module only, in memory as they are now; false: not to be had. */
bool memory_live(struct space *space, uint64_t address, void *to, size_t length);

/**
 * The module of an executable place, found or opened.  0 or -ENOMEM; *ret is then set, see its sight.
 */
int module_find(struct space *space, const struct place *place, struct module **ret);

#endif
