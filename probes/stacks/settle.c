/* SPDX-License-Identifier: MIT */
/* voluntary_ctxt_switches of status, and schedstat. */
#include "settle.h"

#include <time.h>

#include "bounds.h"
#include "door.h"

#define MS INT64_C(1000000)

enum { NAP_NS = 200000 };

/* Bursts of so many ns, in the mean of its life. */
static int64_t burst_ns(struct glancer *glancer, int64_t sleeps)
{
	int64_t cpu_ns;

	return glance_cpu(glancer, &cpu_ns) ? cpu_ns / (sleeps + 1) : 0;
}

bool settle(struct glancer *glancer, struct call *call, int64_t *sleeps)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	int64_t end_ns = door_now_ns() + BOUND_SETTLE_MS * MS, before;
	struct glance_miss miss;

	call->number = CALL_UNSEEN;
	if (!glance_sleeps(glancer, &before))
		return false;
	*sleeps = before;
	if (burst_ns(glancer, before) >= BOUND_BURST_MS * MS)
		return true;
	while (door_now_ns() < end_ns) {
		nanosleep(&nap, NULL);
		if (glance_call(glancer, call, &miss) == 0)
			return false;
		call->number = CALL_UNSEEN;
	}
	return glance_sleeps(glancer, sleeps) && *sleeps == before;
}
