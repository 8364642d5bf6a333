/* SPDX-License-Identifier: MIT */
/*
 * The pages that we and an errand share: a ring of records, the item it is at, and since when.
 *
 *	errand:  record into the ring, put += its length; bell when enough lies there
 *	we:      copy the record, taken += its length; bell when the errand waits for room
 *
 * What it does there may be the doing of poison that it was fed: nothing read from here
 * is believed, and a record is copied before anybody looks into it.
 */
#ifndef TRAY_H
#define TRAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bell.h"
#include "errand.h"

enum {
	TRAY_BYTES  = 1 << 20,         /* of the ring: a power of two, several of the longest record */
	TRAY_ENOUGH = 64 << 10,        /* bytes for which it is worth waking us */
	TRAY_ALIGN  = 16,
};

struct tray {
	_Atomic uint32_t put, taken;      /* bytes ever, modulo 2^32 */
	_Atomic uint32_t bell, room_bell; /* futexes: ours, the errand's */
	_Atomic uint32_t asleep, starved; /* we sleep; the errand waits for room */
	_Atomic uint32_t item;            /* begun last */
	_Atomic int64_t began_ns;         /* its clock; 0 nothing was begun yet, TRAY_STANDING it stands */
	_Atomic uint32_t ended;           /* work() returned: */
	int32_t result;
	_Alignas(TRAY_ALIGN) unsigned char ring[TRAY_BYTES];
};
#define TRAY_STANDING INT64_MAX

/** Errand: it is done, with this result. */
void tray_end(struct tray *tray, int result);

/**
 * Us: the next record into to, of TRAY_RECORD bytes; *taken is ours, 0 at first.  Its length, -ENOENT when there is
 * none, -EPROTO when it is no record.
 */
ssize_t tray_take(struct tray *tray, uint32_t *taken, void *to);
/** Us: sleep until there is something to do, at most for_ns. */
void tray_wait(struct tray *tray, uint32_t taken, int64_t for_ns);

#endif
