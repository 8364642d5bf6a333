/* SPDX-License-Identifier: MIT */
/*
 * The pages that we and a helper share, and nothing else: no socket, no pipe, so that a
 * helper stuck in D has nothing of ours in its hands.  Questions go over in batches;
 * each answer is published the moment it is there, so that we know which question a
 * helper is stuck on and lose none of those before it.
 *
 *	we:      fill requests, count, text; posted++; wake
 *	helper:  for each: started_ns = now, answer, done++; bell when done reaches wake_at
 *
 * When enough bytes lie in answers a helper gives a batch back before its last question
 * (ended = posted); we take them and post the rest again.  To sleep, we say at how many answers to wake
 * us (wake_at), look once more, and wait for the bell.
 *
 * Pages of a helper that was given up are never used again: the kernel may still
 * write to them from inside a read(2).
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "door.h"

enum {
	CHANNEL_QUESTIONS = 512,       /* of a batch */
	CHANNEL_TEXT      = 32 << 10,  /* bytes of paths and requests of a batch */
	CHANNEL_ENOUGH    = 256 << 10, /* bytes of answers that end a batch */
	CHANNEL_ANSWER    = 16 * BOUND_PROC_FILE, /* most bytes of one answer */
	CHANNEL_ALIGN     = 16,
	CHANNEL_ANSWERS   = CHANNEL_ENOUGH + CHANNEL_ANSWER + 4096,
};

struct reply {
	int32_t sight, error;
	uint32_t at, length;      /* in answers */
};

struct channel {
	_Atomic uint32_t posted;         /* number of the batch; a futex */
	_Atomic uint32_t ended;          /* the batch that was given back early */
	_Atomic uint32_t bell;           /* a futex */
	_Atomic uint32_t wake_at, done;  /* answers */
	_Atomic int64_t started_ns;      /* the question open now; 0: batch not taken up yet */
	uint32_t count;
	struct question requests[CHANNEL_QUESTIONS]; /* .path points into text */
	struct reply replies[CHANNEL_QUESTIONS];
	_Alignas(CHANNEL_ALIGN) char text[CHANNEL_TEXT];
	_Alignas(CHANNEL_ALIGN) char answers[CHANNEL_ANSWERS];
};

#endif
