/* SPDX-License-Identifier: MIT */
/*
 * From the kernel's sources, and tried out: signal(7) "Interruption of system calls" lists those that
 * end with EINTR after SIGCONT, but neither transfers that are partly done (pipes, sockets, terminals)
 * nor sockets with SO_RCVTIMEO or SO_SNDTIMEO, which nobody can see from outside.
 */
#include "restart.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>

static bool futex_restarts(const struct call *call)
{
	switch (call->args[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI:
	case 13: /* FUTEX_LOCK_PI2, of Linux 5.14 */
		return true;
	}
	return false;
}

bool call_restarts(const struct call *call)
{
	if (call->number < 0)
		return call->number == CALL_RUNNING || call->number == CALL_OUTSIDE;
	switch (call->number) {
	case SYS_futex:
		return futex_restarts(call);
	case 449: /* futex_waitv, of Linux 5.16 */
	case SYS_restart_syscall:
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_rt_sigsuspend:
	case SYS_wait4:
	case SYS_waitid:
	case SYS_flock:
	case SYS_fcntl:
	case SYS_openat:
	case SYS_msgrcv:
	case SYS_msgsnd:
	case SYS_mq_timedreceive:
	case SYS_mq_timedsend:
#ifdef SYS_poll
	case SYS_poll:
#endif
#ifdef SYS_select
	case SYS_select:
#endif
#ifdef SYS_pause
	case SYS_pause:
#endif
#ifdef SYS_open
	case SYS_open:
#endif
		return true;
	}
	return false;
}

int call_descriptor(const struct call *call)
{
	return call->number == SYS_read || call->number == SYS_readv ? (int)call->args[0] : -1;
}

bool read_restarts(const char *link)
{
	static const char *const starts[] = {
		"pipe:[", "/dev/pts/", "/dev/tty", "/dev/console", "anon_inode:[eventfd]", "anon_inode:[timerfd]",
		"anon_inode:[signalfd]", "anon_inode:inotify",
	};
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(link, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}
