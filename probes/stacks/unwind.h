/* SPDX-License-Identifier: MIT */
/*
 * From a capture to return addresses.  Runs in the errand that takes stacks; touches no target but through
 * memory_read().
 */
#ifndef UNWIND_H
#define UNWIND_H

#include "bounds.h"
#include "capture.h"
#include "space.h"

struct step {
	uint64_t pc;              /**< As found: a return address unless exact. */
	uint8_t basis;            /**< enum frame_basis */
	bool exact;               /**< pc is where it was interrupted: look it up as it is, else pc - 1. */
};

struct unwound {
	struct step steps[BOUND_STACK_FRAMES];
	uint32_t count;
	uint8_t ends;             /**< enum stack_end */
	bool wants_registers;     /**< It ended or guessed for want of registers: held, more might be had. */
};

struct unwinder; /**< One for a run: what it learned of a module serves all processes. */
int unwinder_open(struct unwinder **ret);
/** Before modules_destroy(). */
struct unwinder *unwinder_close(struct unwinder *unwinder);

/** 0 or -ENOMEM. */
int unwind(struct unwinder *unwinder, struct space *space, const struct capture *capture, struct unwound *ret);

#endif
