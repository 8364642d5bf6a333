/* SPDX-License-Identifier: MIT */
/*
 * What the rooms behind the door share: door.c, identity.c, ask.c, errand.c.  Nobody else
 * includes this.
 */
#ifndef DOOR_INNER_H
#define DOOR_INNER_H

#include <limits.h>
#include <sys/resource.h>

#include "door.h"

enum { INJECTIONS = 8 };

struct injection { char path_end[64]; int error; };

struct holdings; /* identity.c: pidfds by pid */
struct asking;   /* ask.c: the helper, and whom not to ask again */
struct helpers;  /* helpers.h */

struct door {
	int proc_fd;
	bool live;                /* "/proc", not a recorded tree: pids are processes */
	char *scratch;            /* what door_read() and its kin hand out */
	size_t scratch_room;      /* one byte more is there, for the NUL */
	struct rlimit descriptors;/* as we found it */
	rlim_t descriptors_most;  /* the soft limit now */
	struct holdings *holdings;
	struct asking *asking;
	struct helpers *errands;  /* NULL until the first */
	struct injection injections[INJECTIONS];
	unsigned injection_count;
};

/**
 * A small file below /proc into the caller's bytes, NUL-terminated; what does not fit is
 * left.  For the door's own use: leaves the scratch buffer alone.  Length or -errno.
 */
ssize_t door_peek(const struct door *door, const char *path, char *to, size_t size);

struct holdings *holdings_destroy(struct holdings *holdings);
struct asking *asking_destroy(struct asking *asking);
struct helpers *errands_destroy(struct helpers *errands);

#endif
