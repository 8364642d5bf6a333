/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/task/TID/stack, as text: where a task sleeps inside the kernel.  Takes bytes and a length,
 * and may be fed anything.
 */
#ifndef KERNEL_STACK_H
#define KERNEL_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "scan.h"

struct kernel_frame {
	const char *function;     /**< Not terminated; into the text. */
	uint16_t function_length;
	const char *module;       /**< NULL: of the kernel itself. */
	uint16_t module_length;
	uint64_t into;            /**< Bytes into the function. */
};

/** The next line that is one, innermost first; false at the end. */
bool kernel_frame_next(struct scan *scan, struct kernel_frame *ret);

#endif
