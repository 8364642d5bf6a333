/* SPDX-License-Identifier: MIT */
/* How long a call will wait, from its arguments, the timespec they name and the clocks at the look. */
#include "decode_timeout.h"

#include <string.h>

enum { SECOND_NS = 1000000000 };

/* FUTEX_* commands and flags of linux/futex.h. */
enum { COMMAND_WAIT = 0, COMMAND_LOCK_PI = 6, COMMAND_BITSET = 9, COMMAND_REQUEUE_PI = 11, COMMAND_LOCK_PI2 = 13 };
enum { FLAG_REALTIME = 0x100, COMMAND_MASK = 0x7f };

static enum timeout_clock clock_of(int32_t id)
{
	switch (id) {
	case 0: /* CLOCK_REALTIME */
	case 5: /* CLOCK_REALTIME_COARSE */
	case 8: /* CLOCK_REALTIME_ALARM */
		return TIMEOUT_REALTIME;
	case 1: /* CLOCK_MONOTONIC */
		return TIMEOUT_MONOTONIC;
	case 7: /* CLOCK_BOOTTIME */
	case 9: /* CLOCK_BOOTTIME_ALARM */
		return TIMEOUT_BOOT;
	}
	return TIMEOUT_OTHER;
}

static struct timeout futex_timeout(const uint64_t args[6])
{
	uint32_t op = (uint32_t)args[1];
	struct timeout timeout = { TIMEOUT_SPEC, TIMEOUT_RELATIVE, args[3] };

	switch (op & COMMAND_MASK) {
	case COMMAND_WAIT:
		return timeout;
	case COMMAND_LOCK_PI:
		timeout.clock = TIMEOUT_REALTIME; /* By definition, whatever the flag says. */
		return timeout;
	case COMMAND_BITSET:
	case COMMAND_REQUEUE_PI:
	case COMMAND_LOCK_PI2:
		timeout.clock = op & FLAG_REALTIME ? TIMEOUT_REALTIME : TIMEOUT_MONOTONIC;
		return timeout;
	}
	return (struct timeout){ TIMEOUT_NEVER, TIMEOUT_RELATIVE, 0 };
}

/* clock_nanosleep(clock, flags, request, remain): TIMER_ABSTIME is 1. */
static struct timeout sleep_timeout(const uint64_t args[6])
{
	enum timeout_clock clock = clock_of((int32_t)(uint32_t)args[0]);

	if (!(args[1] & 1) && clock != TIMEOUT_OTHER)
		clock = TIMEOUT_RELATIVE;
	return (struct timeout){ TIMEOUT_SPEC, clock, args[2] };
}

struct timeout timeout_find(enum syscall_id id, const uint64_t args[6])
{
	switch (id) {
	case SYSCALL_poll:
		return (struct timeout){ TIMEOUT_MS, TIMEOUT_RELATIVE, args[2] };
	case SYSCALL_epoll_wait:
	case SYSCALL_epoll_pwait:
		return (struct timeout){ TIMEOUT_MS, TIMEOUT_RELATIVE, args[3] };
	case SYSCALL_ppoll:
	case SYSCALL_rt_sigtimedwait:
		return (struct timeout){ TIMEOUT_SPEC, TIMEOUT_RELATIVE, args[2] };
	case SYSCALL_epoll_pwait2:
	case SYSCALL_semtimedop:
		return (struct timeout){ TIMEOUT_SPEC, TIMEOUT_RELATIVE, args[3] };
	case SYSCALL_pselect6:
	case SYSCALL_io_getevents:
	case SYSCALL_io_pgetevents:
		return (struct timeout){ TIMEOUT_SPEC, TIMEOUT_RELATIVE, args[4] };
	case SYSCALL_select:
		return (struct timeout){ TIMEOUT_VAL, TIMEOUT_RELATIVE, args[4] };
	case SYSCALL_nanosleep:
		return (struct timeout){ TIMEOUT_SPEC, TIMEOUT_RELATIVE, args[0] };
	case SYSCALL_clock_nanosleep:
		return sleep_timeout(args);
	case SYSCALL_mq_timedsend:
	case SYSCALL_mq_timedreceive:
		return (struct timeout){ TIMEOUT_SPEC, TIMEOUT_REALTIME, args[4] };
	case SYSCALL_futex:
		return futex_timeout(args);
	case SYSCALL_futex_wait:
		return (struct timeout){ TIMEOUT_SPEC, clock_of((int32_t)(uint32_t)args[5]), args[4] };
	case SYSCALL_futex_waitv:
		return (struct timeout){ TIMEOUT_SPEC, clock_of((int32_t)(uint32_t)args[4]), args[3] };
	default:
		/* recvmmsg's is looked at only after a message came: it ends no wait for the first. */
		return (struct timeout){ TIMEOUT_NEVER, TIMEOUT_RELATIVE, 0 };
	}
}

bool timeout_wants(const struct timeout *timeout)
{
	return (timeout->layout == TIMEOUT_SPEC || timeout->layout == TIMEOUT_VAL) && timeout->value != 0;
}

/* A negative or absurd time would have been refused with EINVAL: what stands there now is not what the call took. */
static int64_t time_ns(const char *bytes, int64_t parts_per_second)
{
	int64_t whole, part, ns;

	memcpy(&whole, bytes, sizeof(whole));
	memcpy(&part, bytes + sizeof(whole), sizeof(part));
	if (whole < 0 || part < 0 || part >= parts_per_second)
		return UNSEEN;
	if (__builtin_mul_overflow(whole, (int64_t)SECOND_NS, &ns) ||
	    __builtin_add_overflow(ns, part * (SECOND_NS / parts_per_second), &ns))
		return INT64_MAX;
	return ns;
}

/* What that clock reads for the process: its time namespace may shift two of them. */
static int64_t clock_now(enum timeout_clock clock, const struct host_look *now, const struct process *process)
{
	int64_t reads = UNSEEN, offset = 0;

	switch (clock) {
	case TIMEOUT_REALTIME:
		reads = now->real_ns;
		break;
	case TIMEOUT_MONOTONIC:
		reads = now->when_ns;
		offset = process->monotonic_offset_ns;
		break;
	case TIMEOUT_BOOT:
		reads = now->boot_ns;
		offset = process->boot_offset_ns;
		break;
	case TIMEOUT_RELATIVE:
	case TIMEOUT_OTHER:
		return UNSEEN;
	}
	if (reads == UNSEEN)
		return UNSEEN;
	if (offset == UNSEEN) /* Namespaces were not asked for: next to nobody has one of time. */
		offset = 0;
	return __builtin_add_overflow(reads, offset, &reads) ? UNSEEN : reads;
}

int64_t timeout_left(const struct timeout *timeout, const char *bytes, const struct host_look *now,
		     const struct process *process, bool *unread)
{
	int64_t ns, reads;
	int32_t ms;

	*unread = false;
	if (timeout->layout == TIMEOUT_MS) {
		ms = (int32_t)(uint32_t)timeout->value;
		return ms < 0 ? UNSEEN : ms * INT64_C(1000000);
	}
	if (!timeout_wants(timeout))
		return UNSEEN;
	*unread = true;
	if (!bytes || timeout->clock == TIMEOUT_OTHER)
		return UNSEEN;
	ns = time_ns(bytes, timeout->layout == TIMEOUT_VAL ? 1000000 : SECOND_NS);
	if (ns == UNSEEN)
		return UNSEEN;
	if (timeout->clock != TIMEOUT_RELATIVE) {
		reads = clock_now(timeout->clock, now, process);
		if (reads == UNSEEN)
			return UNSEEN;
		if (ns == INT64_MAX) {
			*unread = false;
			return ns;
		}
		/* ns is not negative, so only a clock before 1970 could overflow this. */
		if (__builtin_sub_overflow(ns, reads, &ns))
			return UNSEEN;
		ns = ns < 0 ? 0 : ns;
	}
	*unread = false;
	return ns;
}
