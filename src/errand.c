/* SPDX-License-Identifier: MIT */
/*
 * Sending a process on an errand, taking what it brings, and sending another where the first
 * one fell.
 */
#include "errand.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "door_inner.h"
#include "helpers.h"
#include "tray.h"

#define MS INT64_C(1000000)

enum {
	SLICE_MS = 20,            /* a death is noticed within this */
	LENIENCY = 8,             /* times its time, for an item that runs */
};

/* One process of an errand. */
struct trip {
	const struct errand *errand;
	struct helpers *helpers;
	struct tray *tray;
	uint32_t from;            /* its first item */
	uint32_t taken;
	int64_t sent_ns;
	unsigned char *record;    /* TRAY_RECORD bytes */
};

struct order { const struct errand *errand; uint32_t from; };

struct helpers *errands_destroy(struct helpers *errands)
{
	if (errands)
		helpers_deinit(errands);
	free(errands);
	return NULL;
}

static void __attribute__((__noreturn__)) errand_live(void *pages, const struct door *door, const void *context)
{
	const struct order *order = context;
	(void)door;

	tray_end(pages, order->errand->work(order->errand->context, pages, order->from));
	_exit(0);
}

/* The item that is to blame, as far as the errand can be believed. */
static uint32_t item_open(const struct trip *trip)
{
	uint32_t item = atomic_load(&trip->tray->item);

	return item < trip->from || item >= trip->errand->count ? trip->from : item;
}

/* When the open item is overdue.  Before the first one begins it may be the machine that is slow. */
static int64_t item_due_ns(const struct trip *trip)
{
	int64_t began_ns = atomic_load(&trip->tray->began_ns), item_ns = trip->errand->item_ms * MS;

	if (began_ns > door_now_ns()) /* TRAY_STANDING */
		return INT64_MAX;
	return began_ns > trip->sent_ns ? began_ns + item_ns : trip->sent_ns + LENIENCY * item_ns;
}

static bool item_overdue(const struct trip *trip)
{
	int64_t now = door_now_ns(), due = item_due_ns(trip);

	if (now >= due && now - due < (LENIENCY - 1) * trip->errand->item_ms * MS)
		return !helpers_running(trip->helpers);
	return now >= due;
}

static void slice_await(const struct trip *trip)
{
	int64_t now = door_now_ns(), until = now + SLICE_MS * MS, due = item_due_ns(trip);

	if (due > now && due < until)
		until = due;
	if (trip->errand->deadline_ns < until)
		until = trip->errand->deadline_ns;
	if (until > now)
		tray_wait(trip->tray, trip->taken, until - now);
}

/* All records that are there.  0, what take() returned, or -EPROTO. */
static int records_take(struct trip *trip, int *ret_took)
{
	ssize_t n;

	*ret_took = 0;
	while ((n = tray_take(trip->tray, &trip->taken, trip->record)) >= 0) {
		*ret_took = trip->errand->take(trip->errand->context, trip->record, n);
		if (*ret_took)
			return 0;
	}
	return n == -ENOENT ? 0 : n;
}

/* Until it comes home or is lost: SIGHT_OK, with what door_errand() then returns; or what became of it. */
static int trip_watch(struct trip *trip, int *ret)
{
	bool ended, dead, overdue;
	uint32_t before;
	int r;

	for (;;) {
		/* Asked in this order, so that what it left behind is complete. */
		dead = helpers_died(trip->helpers);
		ended = atomic_load(&trip->tray->ended);
		overdue = item_overdue(trip);
		before = trip->taken;
		r = records_take(trip, ret);
		if (r < 0)
			return SIGHT_STRANGE;
		if (*ret)
			return SIGHT_OK;
		if (ended) {
			*ret = trip->tray->result < 0 ? trip->tray->result : 0;
			return SIGHT_OK;
		}
		if (dead)
			return SIGHT_STRANGE;
		if (door_now_ns() >= trip->errand->deadline_ns)
			return SIGHT_CUT;
		if (overdue && trip->taken == before)
			return SIGHT_TIMEOUT;
		slice_await(trip);
	}
}

/* The item to go on with. */
static uint32_t trip_lose(struct trip *trip, uint32_t item, int sight)
{
	const struct errand *errand = trip->errand;
	uint32_t next;

	helpers_leave(trip->helpers);
	trip->helpers->lost++;
	next = errand->lost(errand->context, item, sight);
	if (sight == SIGHT_CUT)
		return errand->count;
	return next > item ? next : item + 1;
}

/* From trip->from on, which moves.  0, or what door_errand() is to return. */
static int trip_make(struct trip *trip, const struct door *door)
{
	const struct calling calling = { trip->errand->name, sizeof(struct tray), errand_live };
	const struct order order = { trip->errand, trip->from };
	int sight, r;

	r = helpers_start(trip->helpers, door, &calling, &order);
	if (r < 0) {
		if (error_is_ours(-r))
			return r;
		trip->from = trip_lose(trip, trip->from, SIGHT_STRANGE);
		return 0;
	}
	trip->sent_ns = door_now_ns();
	trip->tray = trip->helpers->pages;
	trip->taken = 0;
	sight = trip_watch(trip, &r);
	if (sight == SIGHT_OK) {
		helpers_deinit(trip->helpers); /* waits for it, so that its CPU time counts */
		trip->from = trip->errand->count;
		return r;
	}
	trip->from = trip_lose(trip, item_open(trip), sight);
	return 0;
}

int door_errand(struct door *door, const struct errand *errand)
{
	_cleanup_free_ unsigned char *record = malloc(TRAY_RECORD);
	struct trip trip = { .errand = errand, .record = record };
	int r = 0;

	if (!door->errands)
		door->errands = calloc(1, sizeof(*door->errands));
	if (!door->errands || !record)
		return -ENOMEM;
	if (door->errands->pid)
		return -EBUSY;
	trip.helpers = door->errands;
	helpers_reap(trip.helpers);
	while (trip.from < errand->count && r == 0) {
		if (door_now_ns() < errand->deadline_ns && trip.helpers->lost < BOUND_HELPERS_LOST)
			r = trip_make(&trip, door);
		else
			trip.from = trip_lose(&trip, trip.from, SIGHT_CUT);
	}
	return r;
}
