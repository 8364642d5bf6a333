/* SPDX-License-Identifier: MIT */
/*
 * The small files of /proc/PID and /proc/PID/task/TID, as text: each parser takes
 * bytes and a length, reads nothing else, and may be fed anything.
 */
#ifndef STATE_PARSE_H
#define STATE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

/** Of stat.  Ticks are USER_HZ. */
struct stat_line {
	int32_t pid;              /**< Or a tid: what the file calls it. */
	const char *comm;         /**< Inside the text, not terminated. */
	size_t comm_length;
	char state;               /**< One of snapshot.h's letters; 0 another. */
	int32_t parent, group, session, tty, tty_foreground;
	uint64_t flags;           /**< PF_* of the kernel. */
	int64_t minor_faults, major_faults;
	int64_t cpu_ticks;        /**< Of this task, utime + stime. */
	int64_t system_ticks;     /**< The part of it spent in the kernel. */
	int64_t children_ticks;   /**< Of reaped children, cutime + cstime. */
	int64_t nice, threads, start_ticks, pages_resident;
	int64_t code_start;       /**< 1 when ptrace access (READ) is refused; 0 without memory. */
	int64_t cpu, policy, exit_status; /**< UNSEEN where the line ends before. */
};

/** Of status. */
struct status_lines {
	int32_t tgid, tracer;     /**< -1 unseen. */
	int64_t uid, real_uid;    /**< Effective, real. */
	int32_t ns_pid;           /**< Innermost. */
	const char *ns_pids;      /**< Inside the text; NULL when there is one number only. */
	size_t ns_pids_length;
	uint64_t caught, ignored;
	uint8_t core_dumping;     /**< enum answer_yes */
	int64_t voluntary, involuntary;
};

/* 0, or SIGHT_STRANGE and *ret untouched when the text is none of the kind. */
int stat_parse(const char *text, size_t length, struct stat_line *ret);
int status_parse(const char *text, size_t length, struct status_lines *ret);
int syscall_parse(const char *text, size_t length, struct call *ret);
/** Unsupported (SIGHT_UNSUPPORTED) when the kernel does not count: all zero. */
int schedstat_parse(const char *text, size_t length, int64_t *ret_cpu_ns, int64_t *ret_wait_ns);
int io_parse(const char *text, size_t length, int64_t *ret_read, int64_t *ret_written);
/** se.exec_start of sched, in ns of the task's CPU's own clock. */
int sched_parse(const char *text, size_t length, int64_t *ret_exec_start_ns);
int timens_parse(const char *text, size_t length, int64_t *ret_monotonic_ns, int64_t *ret_boot_ns);
/** The inode of "net:[4026531840]". */
int ns_parse(const char *text, size_t length, uint64_t *ret);
/** The inode of the first pid namespace: PROC_PID_INIT_INO of the kernel. */
#define NS_PID_FIRST UINT64_C(0xEFFFFFFC)

/** How many POSIX timers: rows of /proc/PID/timers. */
int64_t timers_count(const char *text, size_t length);
/** 32 or 64 from /proc/PID/auxv; 0 not to be told. */
unsigned auxv_bits(const char *text, size_t length);
/** The next number of a children list; false at its end. */
bool children_next(const char **at, const char *end, int32_t *ret);

#endif
