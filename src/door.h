/* SPDX-License-Identifier: MIT */
/*
 * The only door to the system.  Probes never open(2), ptrace(2) or read another
 * task's memory themselves: they come through here, where errno becomes a sight,
 * cost is counted, and what may block is kept at arm's length.
 *
 * Two leaves.  door_read(), door_list() and door_link() are for what answers
 * without the target's help (stat, status, wchan, sched, schedstat, children, fd/,
 * fdinfo of anything but epoll, cgroup).  door_ask() is for all that can wait for
 * somebody: it hands questions to a helper process and stops caring when the
 * deadline passes.  The helper is killed, or, in D state, abandoned; the open
 * question becomes SIGHT_TIMEOUT; a new helper goes on with the rest.  Helpers are
 * processes, never threads, hold no inherited descriptor (a reader stuck in D must
 * not keep a pipe of ours open), die with us, and one miss ends all such questions
 * about that process.
 *
 * fdinfo of an epoll is asked, not read: ep_show_fdinfo() takes ep->mtx, and a target
 * whose epoll_wait(2) is copying events out to a userfaultfd page holds it for ever.
 */
#ifndef DOOR_H
#define DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sight.h"

struct door; /**< Opened once by a tool; holds /proc, pidfds, the helper, counters. */

/** CLOCK_MONOTONIC. */
int64_t door_now_ns(void);

/**
 * proc is "/proc", or the root of a recorded tree for tests.  Raises the soft limit
 * of descriptors.  No helper is started before the first question.  0 or -errno.
 */
int door_open(const char *proc, struct door **ret);
struct door *door_close(struct door *door); /**< Kills the helper, closes pidfds; NULL in, NULL out. */

/**
 * Each reads into the door's scratch buffer, valid until the next call of any of
 * them: a file whole, NUL-terminated (SIGHT_CUT at BOUND_PROC_FILE, with the bytes);
 * the numeric names in a directory, ascending; where a link points, NUL-terminated.
 * Paths are below /proc; a last component that is a link is never followed (ELOOP).
 * 0, an enum sight with *error set to the errno as met, or -errno of our own; results
 * are set at SIGHT_OK and SIGHT_CUT only.  ENOENT and ESRCH come back as SIGHT_GONE here; whether the
 * process really left is what door_alive() knows (hidepid).
 */
int door_read(struct door *door, const char **ret, size_t *length, int *error, const char *format, ...)
	__attribute__((__format__(__printf__, 5, 6)));
int door_list(struct door *door, const int32_t **ret, size_t *count, int *error, const char *format, ...)
	__attribute__((__format__(__printf__, 5, 6)));
int door_link(struct door *door, const char **ret, size_t *length, int *error, const char *format, ...)
	__attribute__((__format__(__printf__, 5, 6)));

/**
 * The same for the protocol of a socket behind a link under fd/, with its NUL: "TCP", "UNIX-STREAM"
 * (since Linux 3.7; getxattr(2) of system.sockprotoname opens nothing).  Not of a recorded tree.
 */
int door_protocol(struct door *door, const char **ret, size_t *length, int *error, const char *format, ...)
	__attribute__((__format__(__printf__, 5, 6)));

/**
 * The same for an absolute path outside /proc: /sys/fs/cgroup only, and no "..", else
 * SIGHT_UNSUPPORTED.  A recorded tree has it below its root.
 */
int door_read_system(struct door *door, const char **ret, size_t *length, int *error, const char *format, ...)
	__attribute__((__format__(__printf__, 5, 6)));

/**
 * The same for the kernel log, all records there are, a line each and a blank before
 * each line that belongs to the one above (dev-kmsg of the kernel's ABI).  SIGHT_UNSUPPORTED:
 * there is none.  A recorded tree has it at dev/kmsg below its root.
 */
int door_read_log(struct door *door, const char **ret, size_t *length, int *error);

/**
 * Keep a pidfd of this process, opened before its start time was checked to be
 * start_ticks; nothing to do when it is held already, or when descriptors are short
 * (then door_alive() and door_signal() re-check the start time instead).  0, SIGHT_GONE,
 * SIGHT_DENIED (hidepid: it lives, but its start time is hidden) or -errno.
 */
int door_hold(struct door *door, pid_t pid, int64_t start_ticks);
/** Does that very process live (a zombie lives)?  By its pidfd, else by start time. */
bool door_alive(struct door *door, pid_t pid, int64_t start_ticks);
/** Is this /proc itself?  In a recorded tree pids name nobody. */
bool door_is_live(const struct door *door);
/**
 * Session and process group of a process, by getsid(2) and getpgid(2): a twentieth of
 * what its stat costs.  False: it is gone, or this is a recorded tree.
 */
bool door_session(const struct door *door, pid_t pid, int32_t *ret_session, int32_t *ret_group);

enum ask {
	ASK_FILE,    /**< Read path, up to limit bytes (0: BOUND_PROC_FILE).  Not through a link, as door_read(). */
	ASK_LINK,    /**< readlink(2) of path. */
	ASK_STAT,    /**< stat(2) through path, a link under fd/: the answer is a struct stat. */
	ASK_MEMORY,  /**< limit bytes at address of tid, by process_vm_readv; SIGHT_GONE when pagemap
	                  says that the first page is not resident, SIGHT_CUT with the bytes before it when
	                  a later one is not, so that a userfaultfd page is never touched. */
	ASK_KCMP,    /**< kcmp(2) of pid and other_pid; type, first and second in number[]: int32_t, 0 equal.
	                  KCMP_EPOLL_TFD: second is efd | tfd << 32, address is toff. */
	ASK_PIPE,    /**< FIONREAD and F_GETPIPE_SZ of pid's pipe fd number[0], borrowed by pidfd_getfd: struct pipe_level.
	                  SIGHT_MOVED: it is no pipe now. */
	ASK_TIMEOUTS,/**< SO_RCVTIMEO and SO_SNDTIMEO of pid's *unix* socket fd number[0]: struct socket_timeouts.
	                  SIGHT_MOVED: no socket now; SIGHT_UNSUPPORTED: of another family. */
	ASK_DIAG,    /**< One sock_diag request (path: its bytes, limit: their length) in the network namespace of pid
	                  (0: ours): the concatenated replies, NLMSG_DONE or NLMSG_ERROR included.  Name the owner where
	                  it may block (INET_DIAG_INFO): a miss is put down to pid, and with 0 to nobody.  No
	                  privilege is needed while that namespace is ours. */
};

struct pipe_level { int32_t readable, size; };
struct socket_timeouts { int64_t receive_ms, send_ms; };

struct question {
	enum ask ask;
	pid_t pid, tid;
	pid_t other_pid;    /**< ASK_KCMP */
	const void *path;   /**< Below /proc, NUL-terminated; or request bytes.  Caller's, needed until door_ask() returns. */
	uint64_t address;
	uint64_t number[3];
	size_t limit;
};

/** Bytes belong to the door and live until the answer function returns. */
struct answer {
	int sight;          /**< enum sight; SIGHT_CUT comes with bytes. */
	int error;          /**< errno as met, for the gap. */
	const void *bytes;  /**< NUL-terminated beyond length. */
	size_t length;
};

/**
 * Ask many questions at once; answer() is called for each, in order, in this
 * process, once.  It may read through the door, but not ask.  A nonzero return of
 * answer() ends the round and is returned.
 * timeout_ms is for one question (BOUND_ASK_MS), from when it was begun, and eight
 * times as long while the helper runs on a CPU or waits for one; questions still open when
 * deadline_ns (door_now_ns()) passes answer SIGHT_CUT.  A helper that dies by itself
 * makes its question SIGHT_STRANGE.  After BOUND_HELPERS_LOST helpers all is SIGHT_CUT.
 * A round of one question costs 7 us of CPU and a wake-up or two; in a long one the asking
 * itself costs 0.1 us a question (measured).  0 or -errno.
 */
int door_ask(struct door *door, const struct question *questions, size_t count, int timeout_ms,
	     int64_t deadline_ns, int (*answer)(void *context, size_t which, const struct answer *answer),
	     void *context);

/** Is it one of our helpers, perhaps one given up? */
bool door_is_helper(const struct door *door, pid_t pid);
/** CPU time of all helpers so far, for snapshot.cost.  Ours is getrusage(2). */
int64_t door_helper_cpu_ns(const struct door *door);

/**
 * Test seam: from now on every path that ends so, in either leaf, answers with this
 * errno ("" matches all).  Questions without a path go by "PID/memory", "PID/kcmp",
 * "PID/pipe", "PID/timeouts", "PID/diag".  At most 8.
 */
void door_inject(struct door *door, const char *path_end, int error);
/** The errno that a test wants for this path, or 0.  Netlink has the paths "netlink", "tcp_diag", "unix_diag" ... */
int door_injected(const struct door *door, const char *path);

/** Sight of an errno met while looking at a target. */
int sight_of_errno(int error);
/** Lack of these is our own trouble, wherever it is met; any other errno is about the target. */
bool error_is_ours(int error);

#endif
