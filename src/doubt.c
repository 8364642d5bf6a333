/* SPDX-License-Identifier: MIT */
/* The doubts: each with the highest certainty it leaves, and how a report says it. */
#include "doubt.h"

#include <stddef.h>

const char *const certainty_names[] = { "unsure", "likely", "proved", NULL };

const struct doubt_row doubts[] = {
	{ DOUBT_OWNERLESS, UNSURE, "ownerless", "a futex does not say who will wake it" },
	{ DOUBT_HINT, LIKELY, "hint", "the holder is known only from a pid of the past" },
	{ DOUBT_HOLDERS, LIKELY, "holders", "not every process was searched for the other end" },
	{ DOUBT_OPAQUE, LIKELY, "opaque", "a process whose descriptors could not be listed might hold an end" },
	{ DOUBT_IN_FLIGHT, LIKELY, "in-flight", "a descriptor is travelling in a socket" },
	{ DOUBT_RING, LIKELY, "ring", "an io_uring may hold files unseen" },
	{ DOUBT_SIGNAL, LIKELY, "signal", "an alarm or a POSIX timer may interrupt it" },
	{ DOUBT_ONE_LOOK, LIKELY, "one-look", "it was seen at one of the two looks only" },
	{ DOUBT_CHANGED, UNSURE, "changed", "it changed between the two looks" },
	{ DOUBT_PLAUSIBLE, LIKELY, "plausible", "what it waits for is inferred from how it behaves" },
	{ DOUBT_APPLICATION, UNSURE, "application", "a healthy idle program looks the same from outside" },
	{ DOUBT_CALL, UNSURE, "call", "its system call could not be read" },
	{ DOUBT_SOCKET_TIME, LIKELY, "socket-time", "the socket may have a receive or send timeout" },
	{ DOUBT_NEWCOMER, LIKELY, "newcomer", "somebody new may open it by name" },
	{ DOUBT_FD_TABLE, LIKELY, "fd-table", "a thread with descriptors of its own may hold an end" },
	{ DOUBT_TRACER, LIKELY, "tracer", "the tracer runs and may resume it" },
	{ DOUBT_RETRIES, LIKELY, "retries", "it wakes and asks again, so it is not asleep for good" },
	{ DOUBT_TIMER, UNSURE, "timer", "the chain ends in a sleep that will end, with nothing neglected" },
	{ DOUBT_FRAMES_UNREAD, UNSURE, "frames-unread", "its stack was not compared, so it may compute something" },
	{ DOUBT_COMPUTES, UNSURE, "computes", "a long computation looks the same" },
	{ DOUBT_THREADS, UNSURE, "threads", "another thread of it may write what is waited for" },
	{ DOUBT_MOVES, LIKELY, "moves", "a timer or a moving thread could still change it" },
	{ DOUBT_SHORT, UNSURE, "short", "the window was too short to tell" },
	{ DOUBT_OVERDUE, LIKELY, "overdue", "that it should have finished is the caller's word" },
	{ 0, PROVED, NULL, NULL },
};

enum certainty certainty_of(uint32_t bits)
{
	enum certainty lowest = PROVED;
	const struct doubt_row *row;

	for (row = doubts; row->name; row++)
		if ((bits & row->doubt) && row->ceiling < lowest)
			lowest = row->ceiling;
	return lowest;
}
