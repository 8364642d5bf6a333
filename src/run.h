/* SPDX-License-Identifier: MIT */
/*
 * wedgerun: run a command under a limit, say what it waited for, end all of it.
 *
 *	run_options.c   what was asked for
 *	run_once.c      one attempt: the loop that waits for the command, signals, the limit
 *	run_start.c     the command's own process: group, signals, network, exec
 *	run_told.c      what that hears of: signals, stops, the terminal
 *	run_signals.c   whose signals we take, and how the command finds them as we did
 *	run_tree.c      who descends from us, held by pidfds
 *	run_stall.c     who moved when
 *	run_triage.c    wedgecheck, beside us, with a deadline
 *	run_show.c      what it came to, shown and kept
 *	run_nested.c    does another run report?
 *	run_kill.c      signal, grace, freeze, kill, reap
 *	run_leak.c      who was left behind, and what they hold
 *	run_outcome.c   what an attempt and a run come to (pure)
 *	run_report.c    report directory, JSON, JUnit
 *	main_wedgerun.c attempts, repeats, the exit status
 *
 * We are the subreaper of everything below the command, so whoever daemonises becomes our child:
 * descent is the one evidence that cannot be shed.
 */
#ifndef RUN_H
#define RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "run_outcome.h"
#include "statefile.h"

enum {
	STATUS_LEAK = 122, STATUS_FLAKY = 123, STATUS_HANG = 124, STATUS_OWN = 125, STATUS_NOT_RUN = 126,
	STATUS_NOT_FOUND = 127,
};

enum leak { LEAK_DEFAULT, LEAK_IGNORE, LEAK_WARN, LEAK_KILL, LEAK_FAIL };

/** What the command line asks for. */
struct run_request {
	int64_t limit_ns, kill_after_ns, stall_ns; /**< 0: none. */
	int64_t window_ns, triage_ns; /**< Between the two looks; most for a report, from the limit on. */
	int signal;
	bool preserve_status, foreground, verbose, kill_stalled, flaky_fail, until_fail, private_net;
	enum leak leak;
	unsigned retry_hang, repeat;
	const char *report_dir;
	char **command;           /**< Ends in NULL. */
	const char *completion;
	bool help, version;
};

/** 0, or -EINVAL with one line in complaint. */
int run_options_parse(int argc, char **argv, struct run_request *ret, char *complaint, size_t size);
int run_options_help(FILE *out);
int run_options_completion(const char *shell, FILE *out);

/** "300", "0.5", "5m", "1h30m", "1e3", "inf": nanoseconds, at least 1 unless it is 0; 0 is no limit.  0 or -EINVAL. */
int run_duration_parse(const char *text, int64_t *ret_ns);
/** "TERM", "SIGTERM", "term", "15", "RTMIN+1".  0 or -EINVAL. */
int run_signal_parse(const char *text, int *ret);
/** "SIGTERM"; the number where it has no name. */
const char *run_signal_name(int number, char room[16]);

/* ---- signals --------------------------------------------------------------------- */

struct run_signals {
	int fd;                   /**< signalfd(2) of all that we take. */
	sigset_t mask;            /**< As we found it. */
	sigset_t taken;
	struct rlimit descriptors;
};

/** 0 or -errno. */
int run_signals_take(struct run_signals *signals);
/** In a new process, before exec: as we found them, but for what timeout(1) resets, too. */
void run_signals_give_back(const struct run_signals *signals);

/* ---- the tree ----------------------------------------------------------------------- */

struct door;

/** One who descends from us. */
struct member {
	int32_t pid, parent;
	int64_t start_ticks, cpu_ticks; /**< start_ticks -1: hidden since it was met. */
	int fd;                   /**< A pidfd, or -1 when descriptors are short. */
	char state;
	char comm[16];            /**< Raw bytes. */
	bool seen, frozen, told;  /**< In the last walk; stopped by us; signalled by us. */
	bool hidden;              /**< /proc shows nothing of it but that it is there: comm "?". */
};

struct tree {
	struct door *door;
	struct member *row;
	size_t count, room;
	pid_t spared;             /**< Its process group is not the command's: the triage. */
	bool scans;               /**< The kernel lists no children. */
};

int tree_init(struct tree *tree);
void tree_deinit(struct tree *tree);
/**
 * Everybody who descends from us now.  Those met before are kept while they live (seen), so
 * that a pid that was given away again is not theirs.  ret_new: how many were not known.  0 or -errno.
 */
int tree_walk(struct tree *tree, unsigned *ret_new);
void tree_drop_dead(struct tree *tree);
/** By pidfd; without one, by pid after its start time was looked at again.  False: not reached (errno). */
bool member_signal(const struct tree *tree, const struct member *member, int number);
/** Bytes that it read and wrote so far, asked in a helper; ret[i] is -1 where it is not known. */
int tree_bytes(struct tree *tree, int64_t *ret);

/* ---- one attempt ---------------------------------------------------------------------- */

/** Why we look. */
enum why { WHY_LIMIT, WHY_STALL, WHY_DEMAND, WHY_SIGNAL };

struct triage {
	enum why why;
	enum { TRIAGE_IDLE, TRIAGE_LOOKING, TRIAGE_WRITING, TRIAGE_DONE } step;
	pid_t pid;
	int64_t deadline_ns;      /**< door_now_ns(); 0: not yet. */
	bool failed;
	int text, json;           /**< Files, or -1. */
	char base[RUN_ID + 16];   /**< "9f3ac1d25b6e7a80-1" */
	char trouble[160];
};

struct movement {                 /* run_stall.c */
	int32_t pid; int64_t start_ticks;
	char comm[16];
	int64_t cpu_ticks, bytes, moved_ns;
};

struct stall {
	struct movement *row;
	size_t count;
	int64_t sampled_ns, moved_ns;
	bool told;
};

struct run {
	const struct run_request *request;
	struct run_signals signals;
	struct tree tree;
	struct statefile record_file;
	struct run_record record;
	struct triage triage;
	struct stall stall;
	pid_t leader;
	int leader_fd;
	int report_dir;           /**< O_PATH, or -1. */
	int32_t asked;            /**< Pid that came along with SIGUSR1: the report begins with it, and it is late; 0: none. */
	unsigned reports;         /**< Written so far: names of the next. */
	bool terminal_given;
	int cancelled;            /**< The signal that ended it; 0: none. */
	FILE *say;                /**< stderr */
};

/** One attempt from start to nobody left.  0 or -errno. */
int run_once(struct run *run, struct attempt *ret);

/* ---- its parts ---------------------------------------------------------------------- */

/** Forks; the new process waits for run_start_go().  ret_error: becomes readable when exec is done or failed. */
int run_start(struct run *run, pid_t *ret, int *ret_go, int *ret_error);
/** What came of it: 0 it runs, else 125 ... 127 and a line in complaint. */
int run_start_result(int fd, const char *command, char *complaint, size_t size);

/** wedgecheck over all our descendants.  Failure is put into triage.trouble; never an error of the run. */
void triage_start(struct run *run, enum why why, int64_t window_ns, int64_t deadline_ns);
/** One of its processes ended. */
void triage_reaped(struct run *run, int wait_status);
/** Its deadline passed, or nobody wants it any more. */
void triage_stop(struct run *run, const char *trouble);
/** Where it is: result to stderr, names and verdict into the attempt, files in place. */
void triage_show(struct run *run, struct attempt *attempt);
/** Is another run, around us or inside, at it already? */
bool triage_by_outer(const struct run *run);
bool triage_by_inner(const struct run *run);

/** Samples; true when nothing moved for as long as asked. */
bool stall_sample(struct run *run);
/** "worker-2[4711] 14:02:11, ..." into to. */
void stall_put(const struct run *run, char *to, size_t size);
void stall_deinit(struct stall *stall);

/** Signal, grace, freeze, kill, reap; all of the tree is gone, or named in attempt.survivors. */
int run_kill(struct run *run, int number, int64_t grace_ns, struct attempt *attempt);
/** Reaps whom it can.  The leader's status into *attempt, stops of it into ret_stopped (signal or 0). */
void run_reap(struct run *run, struct attempt *attempt, int *ret_stopped);

/** After an exit: who is left, told and dealt with.  0 or -errno. */
int run_leak(struct run *run, struct attempt *attempt);
/** Ports that the tree listens on, of our own network namespace. */
int run_ports(struct run *run, struct attempt *attempt);
/** Does anybody still listen on a port of the attempt?  That port, or 0. */
unsigned run_ports_held(const struct run *run, const struct attempt *attempt);

/** To stderr; but who should read it may be stuck, too, and the end of the command does not wait for that. */
void run_put(const char *bytes, size_t length);
/** Complaints: "wedgerun: ..." on stderr, one write each. */
void run_say(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
/** The same, for --verbose only. */
void run_tell(const struct run *run, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/** Around a report on stderr.  GitHub's runner takes lines for commands, also those that begin with the name of a process: not
    these.  Elsewhere nothing. */
struct quote { char token[33]; };
void run_quote_begin(struct quote *ret);
void run_quote_end(const struct quote *quote);

/* ---- reports ------------------------------------------------------------------------- */

/** Makes and opens it.  -1 and a line on stderr when it is of no use. */
int report_open(const char *path);
/** Whole or not at all: written aside, renamed.  0 or -errno. */
int report_write(int directory, const char *name, mode_t mode, const char *bytes, size_t length);
/** RUN-outcome.json and RUN-junit.xml. */
void report_outcome(const struct run *run, const struct attempt *attempts, size_t count, const struct summary *summary);

#endif
