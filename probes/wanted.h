/* SPDX-License-Identifier: MIT */
/*
 * The objects that holders are looked for, and which links may be one of them.  Pure.
 */
#ifndef WANTED_H
#define WANTED_H

#include "snapshot.h"

enum { WANTED_NAMES = 64 };

struct wanted {
	const struct snapshot *snapshot;
	uint8_t *object;          /**< One an object row: 1 wanted. */
	uint32_t objects;         /**< Rows when it began. */
	struct object_ix fifo[WANTED_NAMES];
	uint32_t fifos;           /**< More than WANTED_NAMES: any path may be one. */
	bool eventfds, ptys;
};

/** 0 or -ENOMEM; wanted_deinit() ends it. */
int wanted_init(const struct snapshot *snapshot, const struct object_ix *objects, uint32_t count,
		struct wanted *ret);
void wanted_deinit(struct wanted *wanted);

/** Might a descriptor with this link be one of them? */
bool wanted_link(const struct wanted *wanted, const char *text, size_t length);
/** Is this object of another snapshot one of them, or the other side of a pty that is? */
bool wanted_object(const struct wanted *wanted, const struct object *object);
/** Can a holder of it be told at all? */
bool wanted_findable(const struct object *object);

#endif
