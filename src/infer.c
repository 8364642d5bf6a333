/* SPDX-License-Identifier: MIT */
/*
 * Where the system call may not be read (Yama lets a stranger read wchan, but not
 * syscall), the kernel function a task sleeps in says what kind of call it is.  Names
 * differ from version to version, so they are beginnings, tried in this order.
 */
#include "infer.h"

#include <string.h>

#define KIND(kind) (UINT32_C(1) << OBJECT_##kind)
#define KINDS_PIPE (KIND(PIPE) | KIND(FIFO))
#define KINDS_POLLED (KINDS_PIPE | KIND(UNIX) | KIND(TCP) | KIND(UDP) | KIND(EVENTFD) | KIND(TIMERFD) | \
		      KIND(SIGNALFD) | KIND(INOTIFY) | KIND(PTY) | KIND(TTY) | KIND(PIDFD))

static const struct inference inferences[] = {
	{ "anon_pipe_read", ACTION_READ, KINDS_PIPE, false },
	{ "pipe_read", ACTION_READ, KINDS_PIPE, false },
	{ "pipe_wait_readable", ACTION_READ, KINDS_PIPE, false },
	{ "anon_pipe_write", ACTION_WRITE, KINDS_PIPE, false },
	{ "pipe_write", ACTION_WRITE, KINDS_PIPE, false },
	{ "pipe_wait_writable", ACTION_WRITE, KINDS_PIPE, false },
	{ "wait_for_partner", ACTION_OPEN, 0, false },
	{ "unix_stream_read_generic", ACTION_READ, KIND(UNIX), false },
	{ "unix_stream_data_wait", ACTION_READ, KIND(UNIX), false },
	{ "sock_alloc_send_pskb", ACTION_WRITE, KIND(UNIX), false },
	{ "unix_wait_for_peer", ACTION_CONNECT, KIND(UNIX), false },
	{ "__skb_wait_for_more_packets", ACTION_READ, KIND(UNIX) | KIND(UDP) | KIND(SOCKET), false },
	{ "inet_csk_accept", ACTION_ACCEPT, KIND(TCP), false },
	{ "sk_wait_data", ACTION_READ, KIND(TCP), false },
	{ "sk_stream_wait_memory", ACTION_WRITE, KIND(TCP), false },
	{ "wait_woken", ACTION_READ, KIND(TCP) | KIND(PTY) | KIND(TTY) | KIND(INOTIFY), false },
	{ "n_tty_read", ACTION_READ, KIND(PTY) | KIND(TTY), false },
	{ "n_tty_write", ACTION_WRITE, KIND(PTY) | KIND(TTY), false },
	{ "do_wait_intr_irq", ACTION_READ, KIND(EVENTFD) | KIND(TIMERFD), false },
	{ "eventfd_read", ACTION_READ, KIND(EVENTFD), false },
	{ "timerfd_read", ACTION_READ, KIND(TIMERFD), false },
	{ "signalfd_read_iter", ACTION_READ, KIND(SIGNALFD), false },
	{ "inotify_read", ACTION_READ, KIND(INOTIFY), false },
	{ "do_epoll_wait", ACTION_EPOLL, KIND(EPOLL), true },
	{ "ep_poll", ACTION_EPOLL, KIND(EPOLL), true },
	{ "poll_schedule_timeout", ACTION_POLL, KINDS_POLLED, true },
	{ "do_sys_poll", ACTION_POLL, KINDS_POLLED, true },
	{ "do_select", ACTION_POLL, KINDS_POLLED, true },
	{ "futex_", ACTION_FUTEX, 0, true },
	{ "do_futex", ACTION_FUTEX, 0, true },
	{ "rt_mutex_schedule", ACTION_FUTEX, 0, true },
	{ "hrtimer_nanosleep", ACTION_SLEEP, 0, true },
	{ "do_nanosleep", ACTION_SLEEP, 0, true },
	{ "common_nsleep", ACTION_SLEEP, 0, true },
	{ "do_sigtimedwait", ACTION_SIGNAL, 0, true },
	{ "sigsuspend", ACTION_SIGNAL, 0, false },
	{ "__do_sys_pause", ACTION_SIGNAL, 0, false },
	{ "do_wait", ACTION_CHILD, 0, false },
	{ "kernel_wait4", ACTION_CHILD, 0, false },
	{ "kernel_clone", ACTION_VFORK, 0, false },
	{ "io_cqring_wait", ACTION_RING, 0, true },
	{ NULL, ACTION_NONE, 0, false },
};

const struct inference *infer(const char *wchan)
{
	const struct inference *row;

	for (row = inferences; row->wchan; row++)
		if (!strncmp(wchan, row->wchan, strlen(row->wchan)))
			return row;
	return NULL;
}

struct decoded infer_call(const struct snapshot *snapshot, const struct task_look *seen, struct decoded call)
{
	const struct inference *row;

	if (seen->stat_sight != SIGHT_OK || (seen->state != 'S' && seen->state != 'D') ||
	    seen->call_sight == SIGHT_OK || seen->wchan_sight != SIGHT_OK || !text_seen(seen->wchan))
		return call;
	row = infer(snapshot_bytes(snapshot, seen->wchan));
	if (!row)
		return call;
	call.action = row->action;
	call.inferred = true;
	call.write = row->action == ACTION_WRITE;
	call.timeout_unread = row->action == ACTION_SLEEP;
	call.child_kind = CHILD_ANY;
	call.child = 0;
	call.signals = ~UINT64_C(0);
	call.count = 1;
	return call;
}
