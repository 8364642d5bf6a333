/* SPDX-License-Identifier: MIT */
/*
 * The process that traces, seen from where it is needed: started, asked one task at a time, and
 * killed when it takes too long, which frees whom it holds.
 */
#include <errno.h>

#include "bell.h"
#include "capture_inner.h"
#include "door.h"

#define MS INT64_C(1000000)

enum {
	SLICE_MS = 20,            /* a death is noticed within this */
	HELD_MS = 2 * BOUND_HOLD_MS, /* nobody stays in its hands for longer */
	ASKED_MS = 10 * BOUND_HOLD_MS, /* the machine may be slow */
};

static int64_t due_ns(const struct holding *holding, int64_t asked_ns)
{
	int64_t held_ns = atomic_load(&holding->held_ns);

	return held_ns ? held_ns + HELD_MS * MS : asked_ns + ASKED_MS * MS;
}

/* 0, or a sight: what became of it. */
static int answer_await(struct helpers *tracers, struct holding *holding, uint32_t asked)
{
	int64_t asked_ns = door_now_ns(), now, due, until;
	uint32_t answered;
	bool dead;

	for (;;) {
		dead = helpers_died(tracers);
		answered = atomic_load(&holding->answered);
		if (answered == asked)
			return 0;
		if (dead)
			return SIGHT_STRANGE;
		now = door_now_ns();
		due = due_ns(holding, asked_ns);
		if (now >= due)
			return SIGHT_TIMEOUT;
		until = now + SLICE_MS * MS;
		bell_wait(&holding->answered, answered, (due < until ? due : until) - now);
	}
}

int capture_held(struct capturer *capturer, const struct capture_wish *wish, int64_t sleeps, struct capture *ret)
{
	struct helpers *tracers = &capturer->tracers;
	struct holding *holding;
	uint32_t asked;
	int r;

	r = helpers_start(tracers, NULL, &calling_tracer, NULL);
	if (r < 0)
		return error_is_ours(-r) ? r : capture_fail(ret, SIGHT_STRANGE, "stop", -r);
	holding = tracers->pages;
	holding->wish = *wish;
	holding->sleeps = sleeps;
	atomic_store(&holding->held_ns, 0);
	asked = atomic_fetch_add(&holding->asked, 1) + 1;
	bell_wake(&holding->asked);
	r = answer_await(tracers, holding, asked);
	if (r == 0 && !atomic_load(&holding->leaves)) {
		*ret = holding->capture;
		return 0;
	}
	/* Before another task is taken in hand this one is to be free: wait for its end. */
	*ret = holding->capture;
	ret->stack = NULL;
	ret->stack_length = 0;
	helpers_deinit(tracers);
	if (r || ret->sight == SIGHT_OK)
		return capture_fail(ret, r ? r : SIGHT_MOVED, "stop", r == SIGHT_TIMEOUT ? ETIMEDOUT : 0);
	return 0;
}
