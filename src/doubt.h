/* SPDX-License-Identifier: MIT */
/*
 * Certainty is never assigned: it is what remains after the doubts.
 *
 * Every edge and every rule collects doubts as bits; a finding has the union of those
 * on its path, and its certainty is the lowest ceiling among them.  The same bits
 * tell the reader why ("likely, because: one process's fds were not readable").
 * To add a doubt: a bit here, a row in src/doubt.c.
 */
#ifndef DOUBT_H
#define DOUBT_H

#include <stdint.h>

enum certainty { UNSURE, LIKELY, PROVED }; /* in this order: the lesser wins */
extern const char *const certainty_names[]; /**< "unsure", "likely", "proved". */

enum doubt {
	DOUBT_OWNERLESS   = 1 << 0,  /**< Condition variable, semaphore, raw futex: anyone may wake it. */
	DOUBT_HINT        = 1 << 1,  /**< Holder known from a pid of the past. */
	DOUBT_HOLDERS     = 1 << 2,  /**< Cover is less than COVER_MACHINE: others may hold an end. */
	DOUBT_OPAQUE      = 1 << 3,  /**< A process we could not read might hold an end. */
	DOUBT_IN_FLIGHT   = 1 << 4,  /**< A descriptor travels in a socket. */
	DOUBT_RING        = 1 << 5,  /**< An io_uring may hold registered files. */
	DOUBT_SIGNAL      = 1 << 6,  /**< A caught SIGALRM, or a POSIX timer. */
	DOUBT_ONE_LOOK    = 1 << 7,  /**< Waiter or holder was seen once only. */
	DOUBT_CHANGED     = 1 << 8,  /**< It differed between the looks. */
	DOUBT_PLAUSIBLE   = 1 << 9,  /**< The one waker we could think of. */
	DOUBT_APPLICATION = 1 << 10, /**< A healthy idle program looks the same. */
	DOUBT_CALL        = 1 << 11, /**< The system call could not be read. */
	DOUBT_SOCKET_TIME = 1 << 12, /**< SO_RCVTIMEO/SO_SNDTIMEO could not be read. */
	DOUBT_NEWCOMER    = 1 << 13, /**< A named object: somebody new may open it. */
	DOUBT_FD_TABLE    = 1 << 14, /**< Threads with fd tables of their own. */
	DOUBT_TRACER      = 1 << 15, /**< A tracer that runs may resume it. */
	DOUBT_RETRIES     = 1 << 16, /**< It wakes and asks again: stuck, but not asleep for good. */
	DOUBT_TIMER       = 1 << 17, /**< The chain ends in a finite sleep with nothing neglected. */
	DOUBT_FRAMES_UNREAD = 1 << 18, /**< A spin whose frames were not compared. */
	DOUBT_MOVES       = 1 << 19, /**< Closed only under does_wake: a timer or a moving task is in the way of proof. */
	DOUBT_SHORT       = 1 << 20, /**< Seen over a window too short for what is claimed. */
	DOUBT_OVERDUE     = 1 << 21, /**< That it should have finished is the caller's word. */
	DOUBT_COMPUTES    = 1 << 22, /**< A spin whose frames were compared: a long computation looks the same. */
	DOUBT_THREADS     = 1 << 23, /**< Another thread of the one that is waited for may do it. */
};

struct doubt_row { enum doubt doubt; enum certainty ceiling; const char *name, *because; };
extern const struct doubt_row doubts[]; /**< Ends in name NULL. */

/** PROVED without doubts.  Pure. */
enum certainty certainty_of(uint32_t doubts);

#endif
