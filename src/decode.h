/* SPDX-License-Identifier: MIT */
/*
 * What a blocked system call means, from its number, its arguments and the memory it
 * names: /proc/PID/task/TID/syscall and peeks.  Pure; no I/O.  Tables for both
 * architectures are checked in (syscalls.h), for a snapshot is judged anywhere.
 */
#ifndef DECODE_H
#define DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot.h"

/** What a blocked call is about, whatever its number and architecture. */
enum action {
	ACTION_NONE,              /**< No call: running, outside, unseen. */
	ACTION_READ, ACTION_WRITE,/**< On .fd: read, recv*, write, send*, splice, sendfile ... */
	ACTION_ACCEPT, ACTION_CONNECT,
	ACTION_OPEN,              /**< open, openat: a FIFO without partner, a slow file system. */
	ACTION_POLL,              /**< poll, ppoll: set is a struct pollfd[count]. */
	ACTION_SELECT,            /**< select, pselect6: sets are three fd_sets of count bits. */
	ACTION_EPOLL,             /**< epoll_*wait on .fd. */
	ACTION_SLEEP,             /**< nanosleep, clock_nanosleep. */
	ACTION_CHILD,             /**< wait4, waitid. */
	ACTION_FUTEX,
	ACTION_LOCK,              /**< flock, fcntl F_SETLKW. */
	ACTION_SEMAPHORE,         /**< semop, semtimedop. */
	ACTION_QUEUE,             /**< mq_timedsend/receive (.fd), msgsnd, msgrcv. */
	ACTION_SIGNAL,            /**< pause, sigsuspend, sigtimedwait. */
	ACTION_RING,              /**< io_uring_enter, io_getevents. */
	ACTION_VFORK,             /**< vfork, clone with CLONE_VFORK: the child has not exec'd. */
	ACTION_SYNC,              /**< fsync, sync ... */
	ACTION_OTHER,             /**< A call, but none of these. */
};

enum child_kind { CHILD_ANY, CHILD_PID, CHILD_GROUP, CHILD_PIDFD };

/** A call with its meaning. */
struct decoded {
	enum action action;
	const char *name;         /**< "futex"; static; NULL when the number is not in the table or no call, or inferred. */
	bool inferred;            /**< The call could not be read: action is what its wchan says (infer.h). */
	int32_t fd;               /**< Descriptor the call is about; -1 none. */
	int32_t other_fd;         /**< splice, sendfile ...: where the bytes go (fd: where they come from); -1 none. */
	bool write;               /**< It wants to put, not to take. */
	int64_t timeout_ns;       /**< Relative, as given or left at that look; UNSEEN: for ever, or timeout_unread. */
	bool timeout_unread;      /**< It has a timeout that could not be read. */
	bool timeout_exact;       /**< timeout_ns is what is left, from a deadline; else what was given. */
	uint64_t address;         /**< Futex word; poll: pollfd[]. */
	uint32_t futex_op, futex_value;
	bool futex_private;
	enum child_kind child_kind;
	int32_t child;            /**< By child_kind: pid, process group (0: own), pidfd number. */
	bool no_hang;             /**< wait4 with WNOHANG. */
	uint32_t count;           /**< Entries of pollfd[], nfds of select, words of futex_waitv. */
	uint64_t signals;         /**< ACTION_SIGNAL: those that end it, bit n-1 for signal n; all bits when not read. */
	struct text path;         /**< What is being opened, if read, relative to whatever the call says; or the name of the
	                               unix socket it connects to, with a leading NUL where that is abstract. */
};

/** One thing a poll or select set asks for. */
struct set_entry {
	int32_t fd;
	uint32_t events;          /**< POLLIN, POLLOUT, POLLPRI. */
};

/** Memory worth having to understand a call. */
struct range { uint64_t address; uint32_t length; };
enum { DECODE_RANGES = 5 };

/** Which memory of the caller explains this call; how many ranges.  Pure. */
uint32_t decode_wants(const struct call *call, enum arch arch, struct range ret[DECODE_RANGES]);

/**
 * Give a call its meaning.  peeks: those of this task and look, in any order.  host and
 * process turn absolute deadlines into time left.  Cannot fail: what is missing stays UNSEEN.
 */
struct decoded decode_call(const struct snapshot *snapshot, const struct process *process, const struct call *call,
			   enum look look, const struct peek *peeks, uint32_t peek_count);

/**
 * The entries of the set of an ACTION_POLL or ACTION_SELECT call, at most limit; returns
 * how many were written.  *unread: the memory was not to be had, or not all of it.
 */
uint32_t decode_set(const struct snapshot *snapshot, const struct decoded *decoded, const struct call *call,
		    const struct peek *peeks, uint32_t peek_count, struct set_entry *ret, uint32_t limit, bool *unread);

/** What an argument is, for showing it. */
enum arg_type {
	ARG_NONE, ARG_FD, ARG_INT, ARG_UNSIGNED, ARG_POINTER, ARG_FLAGS, ARG_SIZE, ARG_PID, ARG_SIGNAL, ARG_MS,
	ARG_FUTEX_OP, ARG_OFFSET,
};
/** "poll", its arguments' types; NULL: not in the table.  restart_syscall is found by its own name. */
const char *syscall_name(enum arch arch, int32_t number);
unsigned syscall_args(enum arch arch, int32_t number, enum arg_type ret[6]);
/** One argument as text ("3", "0x7ffc...", "-1", "FUTEX_WAIT_BITSET|PRIVATE"); returns the length, cut to size - 1. */
size_t syscall_arg_text(enum arg_type type, uint64_t value, char *to, size_t size);

#endif
