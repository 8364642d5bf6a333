/* SPDX-License-Identifier: MIT */
/*
 * A record of /dev/kmsg, as text: the parser takes bytes and a length, reads nothing
 * else, and may be fed anything.
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <stddef.h>
#include <stdint.h>

enum { LOG_COMM = 15 };          /* TASK_COMM_LEN of the kernel, without the NUL */

struct log_record {
	int64_t when_ns;          /**< Since boot; the clock of printk stands still in suspend. */
	int32_t killed;           /**< Who was killed for memory, a pid of the first pid namespace; 0 it says something else. */
	char comm[LOG_COMM];      /**< Of who was killed: comm_length bytes, not terminated. */
	size_t comm_length;
};

/**
 * One record, with its line end or without.  0, or SIGHT_STRANGE and *ret untouched when
 * it is none of the kernel's own: programs may write there too, but not in its name.
 */
int log_record_parse(const char *text, size_t length, struct log_record *ret);

#endif
