/* SPDX-License-Identifier: MIT */
/*
 * Registers and stack of one task, copied: beside it while it sleeps, or in the few
 * microseconds for which it is held.  Runs in the errand (src/errand.h) that takes stacks.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "snapshot.h"

/** By DWARF numbers: x86_64 0 rax, 1 rdx, 2 rcx, 3 rbx, 4 rsi, 5 rdi, 6 rbp, 7 rsp, 8-15, 16 rip;
    aarch64 0-30 x, 31 sp, 32 pc. */
enum { REGISTERS = 33 };
#if defined(__aarch64__)
enum { REGISTER_FRAME = 29, REGISTER_STACK = 31, REGISTER_PC = 32 };
#else
enum { REGISTER_FRAME = 6, REGISTER_STACK = 7, REGISTER_PC = 16 };
#endif

struct registers {
	uint64_t word[REGISTERS];
	uint64_t known;           /**< Bit n: word[n] is. */
};

struct glance;

/** A task to capture, and what is known of it: the caller's. */
struct capture_wish {
	pid_t pid, tid;
	int64_t start_ticks;      /**< Of the task (its own stat, field 22): checked again before it is touched. */
	const struct glance *asleep; /**< What it slept in (state S) when it was looked at: as long as it is the same, it is the
				          one that was meant.  NULL: not known. */
	enum stop stop;
	bool held_only;           /**< What could be read beside it was not enough: stop it if that may be. */
	bool deep;                /**< A first copy was cut: up to BOUND_STACK_BYTES, not BOUND_STACK_STEP. */
};

struct capture {
	uint8_t sight;            /**< OK; GONE, DENIED, MOVED, TIMEOUT ... */
	int error;                /**< errno as met, for the gap. */
	const char *detail;       /**< Fixed word for what was asked: "syscall", "memory", "stop"; NULL none. */
	uint8_t way;              /**< enum stack_way. */
	int64_t when_ns, stopped_ns;
	bool could_stop;          /**< Another try with held_only may give more, and does no harm. */
	struct registers registers;
	uint64_t stack_at;        /**< Address of the first byte of the copy: the stack pointer, less the red zone. */
	const uint8_t *stack;     /**< The capturer's, until the next capture. */
	size_t stack_length;
	bool cut;                 /**< The stack goes on behind it, or other memory does: a deep copy shows more. */
};

struct capturer; /**< Holds the process that traces, once one was needed. */

int capturer_open(struct capturer **ret);
struct capturer *capturer_close(struct capturer *capturer);

/**
 * Capture many, one after the other; take() is called for each in order.  No two threads
 * are ever held at once.  0, -errno of our own, or what take() returned, if not 0.
 * A task without a user stack (zombie, kernel thread) is OK, WAY_NONE.  One that ran at each try and may not be
 * stopped is SIGHT_MOVED.  Bytes of pages that were not there are STACK_HOLE (stackcopy.h).
 */
int capture(struct capturer *capturer, const struct capture_wish *wishes, size_t count,
	    int (*take)(void *context, size_t which, const struct capture *capture), void *context);

#endif
