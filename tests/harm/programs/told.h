/* SPDX-License-Identifier: MIT */
/*
 * What a target tells those who test it: a file of 64-bit words that both map, named in harm/told.py in
 * this order.
 */
#ifndef TOLD_H
#define TOLD_H

#include <stdatomic.h>
#include <stdint.h>

struct told {
	_Atomic uint64_t ready;   /* threads, when all of them are where they are to be */
	_Atomic uint64_t turns;   /* of the thread that reads the clock */
	_Atomic uint64_t gap_ns;  /* the largest between two readings; who measures sets it to 0 */
	_Atomic uint64_t eintr;   /* calls that returned so */
	_Atomic uint64_t few;     /* that did less than was asked for */
	_Atomic uint64_t returns; /* that came back though nothing had happened */
	_Atomic uint64_t signals; /* handled */
	_Atomic uint64_t lives;   /* programs begun by exec(2), or threads */
	_Atomic uint64_t child;   /* pid of it, where there is one */
	_Atomic uint64_t missing; /* calls that this kernel does not have */
};

extern struct told *told;

/** Threads, with small stacks; no word on failure. */
void thread_start(void *(*life)(void *), void *argument);
/** Asleep for ever, in a call that is not one of those tried. */
void __attribute__((__noreturn__)) sleep_for_ever(void);
/** calls.c: a thread in each blocking call; returns when told to end, having removed what would outlive us. */
void calls_live(void);

#endif
