/* SPDX-License-Identifier: MIT */
/* Opening a file that a target names, without ever touching what is no regular file. */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "space_inner.h"

/** What was found at a path: an O_PATH descriptor, which opens no driver, FIFO or socket.  -1 and errno. */
int file_locate(const char *path, struct stat *ret);

/**
 * Map a located file read-only, if it is a regular one of a real filesystem and begins as an ELF file does.
 * 0 or an enum sight (with *error), or -errno of our own.
 */
int file_map(int located_fd, const struct stat *stat, const uint8_t **ret, size_t *length, int *error);

/** Of a filesystem without a block device of its own. */
static inline bool device_is_nameless(uint64_t device)
{
	return device >> 20 == 0;
}

/** An O_PATH descriptor of the very file mapped there; or -1, with *sight (or -errno of our own) and *error. */
int place_locate(struct space *space, const struct place *place, struct stat *ret, int *sight, int *error);

#endif
