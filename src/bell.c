/* SPDX-License-Identifier: MIT */
/* Words that two processes share, so none of the private futex operations. */
#include "bell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void bell_wait(_Atomic uint32_t *word, uint32_t value, int64_t for_ns)
{
	struct timespec timeout = { .tv_sec = for_ns / 1000000000, .tv_nsec = for_ns % 1000000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, for_ns < 0 ? NULL : &timeout, NULL, 0);
}

void bell_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
