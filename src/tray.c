/* SPDX-License-Identifier: MIT */
/* Both ends of a tray.  The errand's end allocates nothing. */
#include "tray.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "door.h"

/* In front of each record.  One that would not fit before the end of the ring begins at its start. */
struct heading { uint32_t length; };
#define HEADING_TURN UINT32_MAX

static uint32_t aligned(uint32_t length)
{
	return (length + TRAY_ALIGN - 1) / TRAY_ALIGN * TRAY_ALIGN;
}

static void bell_ring(struct tray *tray)
{
	if (!atomic_exchange(&tray->asleep, 0))
		return;
	atomic_fetch_add(&tray->bell, 1);
	bell_wake(&tray->bell);
}

/* ---- in the errand --------------------------------------------------------- */

void tray_begin(struct tray *tray, uint32_t item)
{
	/* In this order an item never looks older than it is. */
	atomic_store(&tray->began_ns, door_now_ns());
	atomic_store(&tray->item, item);
}

/* What it waits for is not the item's doing: its time so far, then its clock stands. */
static int64_t clock_stop(struct tray *tray)
{
	int64_t began_ns = atomic_exchange(&tray->began_ns, TRAY_STANDING);

	return began_ns ? door_now_ns() - began_ns : 0;
}

static void clock_go(struct tray *tray, int64_t spent_ns)
{
	atomic_store(&tray->began_ns, door_now_ns() - spent_ns);
}

void tray_sleep(struct tray *tray, int64_t until_ns)
{
	const struct timespec until = { .tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000 };
	int64_t spent_ns = clock_stop(tray);

	bell_ring(tray);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	clock_go(tray, spent_ns);
}

static uint32_t room(const struct tray *tray, uint32_t put)
{
	return TRAY_BYTES - (put - atomic_load(&tray->taken));
}

static void room_await(struct tray *tray, uint32_t put, uint32_t wanted)
{
	int64_t spent_ns;
	uint32_t bell;

	if (room(tray, put) >= wanted)
		return;
	spent_ns = clock_stop(tray);
	for (;;) {
		bell = atomic_load(&tray->room_bell);
		atomic_store(&tray->starved, 1);
		if (room(tray, put) >= wanted)
			break;
		bell_ring(tray);
		bell_wait(&tray->room_bell, bell, -1);
	}
	atomic_store(&tray->starved, 0);
	clock_go(tray, spent_ns);
}

void tray_put(struct tray *tray, const void *record, size_t length)
{
	uint32_t put = atomic_load(&tray->put), at = put % TRAY_BYTES, before = 0, whole;

	if (length > TRAY_RECORD)
		_exit(1); /* an item that cannot be handed over is lost */
	whole = aligned(sizeof(struct heading) + length);
	if (TRAY_BYTES - at < whole)
		before = TRAY_BYTES - at;
	room_await(tray, put, before + whole);
	if (before) {
		*(struct heading *)(tray->ring + at) = (struct heading){ HEADING_TURN };
		at = 0;
	}
	*(struct heading *)(tray->ring + at) = (struct heading){ length };
	memcpy(tray->ring + at + sizeof(struct heading), record, length);
	atomic_store(&tray->put, put + before + whole);
	if (TRAY_BYTES - room(tray, put) + before + whole >= TRAY_ENOUGH)
		bell_ring(tray);
}

void tray_end(struct tray *tray, int result)
{
	tray->result = result;
	atomic_store(&tray->ended, 1);
	bell_ring(tray);
}

/* ---- with us --------------------------------------------------------------- */

ssize_t tray_take(struct tray *tray, uint32_t *taken, void *to)
{
	uint32_t put = atomic_load(&tray->put), from = *taken, at = from % TRAY_BYTES, length, whole;

	if (put == from)
		return -ENOENT;
	length = *(volatile uint32_t *)(tray->ring + at);
	if (length == HEADING_TURN) {
		from += TRAY_BYTES - at;
		at = 0;
		length = *(volatile uint32_t *)tray->ring;
	}
	if (length > TRAY_RECORD)
		return -EPROTO;
	whole = aligned(sizeof(struct heading) + length);
	if (whole > TRAY_BYTES - at || put - from > TRAY_BYTES || whole > put - from)
		return -EPROTO;
	memcpy(to, tray->ring + at + sizeof(struct heading), length);
	*taken = from + whole;
	atomic_store(&tray->taken, *taken);
	if (atomic_exchange(&tray->starved, 0)) {
		atomic_fetch_add(&tray->room_bell, 1);
		bell_wake(&tray->room_bell);
	}
	return length;
}

void tray_wait(struct tray *tray, uint32_t taken, int64_t for_ns)
{
	uint32_t bell = atomic_load(&tray->bell);

	atomic_store(&tray->asleep, 1);
	if (!atomic_load(&tray->ended) && !atomic_load(&tray->starved) &&
	    atomic_load(&tray->put) - taken < TRAY_ENOUGH)
		bell_wait(&tray->bell, bell, for_ns);
	atomic_store(&tray->asleep, 0);
}
