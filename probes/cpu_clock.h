/* SPDX-License-Identifier: MIT */
/*
 * How the clock of each CPU's scheduler stands to CLOCK_MONOTONIC: se.exec_start of
 * /proc/PID/sched is told in the former, and the CPUs differ by up to 0.35 s (measured).
 */
#ifndef CPU_CLOCK_H
#define CPU_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct cpu_clock {
	int32_t cpu;
	int64_t offset_ns;        /**< CLOCK_MONOTONIC less the CPU's clock; UNSEEN: could not be compared. */
	int64_t error_ns;         /**< It is that or less, by up to so much. */
};

/**
 * Fill in offset and error of each, by a thread of ours that goes to every one of these
 * CPUs and reads its own file there.  At most BOUND_CALIBRATE_MS: where a CPU does not
 * let it run in time, that and the following ones stay UNSEEN.  0 or -ENOMEM.
 */
int cpu_clock_compare(struct cpu_clock *clocks, size_t count);

#endif
