/* SPDX-License-Identifier: MIT */
/*
 * Does a task that runs compute, or will it be asleep in a moment, in a call that a stop would end?
 * A stop takes some microseconds to arrive: who sleeps every millisecond is hit in a call
 * by one in a hundred.
 */
#ifndef SETTLE_H
#define SETTLE_H

#include "capture.h"
#include "glance.h"

/**
 * Watch it for BOUND_SETTLE_MS, less if it is known to run for long at a time.  False: it sleeps now and then, and
 * *call is what it was seen to sleep in, CALL_UNSEEN if it was not.  *sleeps: how often it did ever.
 */
bool settle(struct glancer *glancer, struct call *call, int64_t *sleeps);

#endif
