/* SPDX-License-Identifier: MIT */
/*
 * Work that may crash, hang or be fed poison goes out on an errand: a process of its own that
 * shares some pages with us and nothing else.  It works through items 0 ... count - 1 and
 * puts records on the tray; we take them off as they come.  If an item takes too long, or the
 * process dies, that item is given up and a new process goes on behind it.
 *
 * As with helpers: cloned without an exit signal, holds no inherited descriptor but /proc,
 * dies with us, and is abandoned, not waited for, when stuck in D.
 */
#ifndef ERRAND_H
#define ERRAND_H

#include <stddef.h>
#include <stdint.h>

struct door;
struct tray;

/* ---- in the errand -------------------------------------------------------------- */

/** From now on it is this item's time that runs, and it that is to blame. */
void tray_begin(struct tray *tray, uint32_t item);
/** Nothing runs: it sleeps until a moment it chose itself, door_now_ns(); the clock of items stands. */
void tray_sleep(struct tray *tray, int64_t until_ns);
/** Publish one record, at most TRAY_RECORD bytes; waits while the tray is full. */
void tray_put(struct tray *tray, const void *record, size_t length);
enum { TRAY_RECORD = 256 << 10 };

/* ---- with us -------------------------------------------------------------------- */

struct errand {
	const char *name;         /**< comm of the process: "wedge-stacks". */
	uint32_t count;           /**< Items. */
	int item_ms;              /**< For one item, from tray_begin() on; eight times as long while it runs on a CPU
	                               or waits for one. */
	int64_t deadline_ns;      /**< For all, door_now_ns(). */
	/** In the new process: do the items from `from` on, then return.  0, or -errno that ends the errand. */
	int (*work)(void *context, struct tray *tray, uint32_t from);
	/** With us: a record, in order.  Nonzero ends the errand and is returned. */
	int (*take)(void *context, const void *record, size_t length);
	/** With us: this item is lost, SIGHT_TIMEOUT or SIGHT_STRANGE (it died); returns the item to go on with, > item.
	    SIGHT_CUT: the deadline passed, this one and all behind it are not done; the return is not looked at. */
	uint32_t (*lost)(void *context, uint32_t item, int sight);
	void *context;
};

/** 0, -errno of our own, or what take() returned. */
int door_errand(struct door *door, const struct errand *errand);

#endif
