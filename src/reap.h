/* SPDX-License-Identifier: MIT */
/*
 * What the rooms of wedgereap share.
 *
 *	main_wedgereap.c   in which order
 *	reap_options.c     the command line
 *	reap_census.c      everybody
 *	reap_runs.c        the records of dead and living runs
 *	reap_environ.c     markers and opt-outs in environments
 *	reap_evidence.c    what says that a process was left behind
 *	reap_sockets.c     listeners of a port, dead peers
 *	reap_spare.c       who is left alone, whatever the evidence
 *	reap_sweep.c       one pass: evidence, relatives, exceptions
 *	reap_holds.c       what a leftover keeps from others
 *	reap_kill.c        how it is ended
 *	reap_show.c, reap_json.c   how it is told
 *
 * Evidence is about a process, a pid and its start time; nothing is done to a pid alone.
 */
#ifndef REAP_H
#define REAP_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "reap_census.h"
#include "render.h"
#include "statefile.h"

struct door;

/* ---- what is asked for ------------------------------------------------------------ */

struct texts { const char **row; size_t count; };

struct reap_options {
	struct texts markers;     /**< "NAME=VALUE", the value not empty. */
	struct texts cgroups;
	int32_t *ports, *leaders; /**< --port, --session */
	size_t port_count, leader_count;
	bool runs, orphans;
	int64_t older_ms;         /**< -1: any age. */
	regex_t match;
	bool matches;             /**< match was given. */
	bool kill, other_users, exit_code;
	int64_t grace_ms;
	bool json, verbose, help, version;
	int color;                /**< enum color of options.h */
	int64_t columns;          /**< -1: as the terminal. */
	const char *completion;
	char **owned;             /**< Texts that the options hold. */
	size_t owned_count;
};

/** 0; -EINVAL with one line in complaint; -ENOMEM.  Ended by reap_options_end(). */
int reap_options_parse(int argc, char **argv, struct reap_options *ret, char *complaint, size_t size);
void reap_options_end(struct reap_options *options);
int reap_help(FILE *out);
/** For "bash" or "zsh".  0, -errno, or -EINVAL for another shell. */
int reap_completion(const char *shell, FILE *out);
/** "90", "0.5", "5m", "1h30m", "2d" as milliseconds.  0 or -EINVAL.  Pure. */
int reap_age_parse(const char *text, int64_t *ret_ms);

/* ---- records of runs ---------------------------------------------------------------- */

struct reap_run {
	struct run_record record;
	enum run_state state;
	uid_t owner;
	unsigned directory;       /**< Which of the owner's. */
	int claim;                /**< Holds the lock of a dead run while we end it; -1. */
	bool hidden;              /**< Somebody of it is there, and /proc does not show him. */
};

struct reap_runs { struct reap_run *row; uint32_t count; uid_t *owners; uint32_t owner_count; };

struct reaper;
/** The records of a user, once.  0 or -errno. */
int runs_read(struct reaper *reaper, uid_t owner);
void runs_end(struct reap_runs *runs);
/** By WEDGE_RUN_ID; NULL: none known. */
struct reap_run *runs_find(struct reap_runs *runs, const char *id);
/** Nobody else cleans up at the same time: -EAGAIN when somebody does.  0 or -errno. */
int runs_claim(struct reaper *reaper);
/** After a sweep: of which dead runs is somebody there whom /proc hides from us (hidepid)?  *ret: of any.  0 or -errno. */
int runs_hidden(struct reaper *reaper, bool *ret);
/** Takes the records of dead runs away of which nothing is left; and those of an earlier boot. */
void runs_forget(struct reaper *reaper);

/* ---- descriptors ---------------------------------------------------------------------- */

struct fd_list { int32_t *row; uint32_t count, room; };
/** At most so many.  0; an enum sight; -ENOMEM and kin.  list->row is the caller's to free. */
int fds_list(struct door *door, const struct being *being, uint32_t most, struct fd_list *list);
/** Where it leads; valid until the door's next call.  0, an enum sight, -errno. */
int fd_link(struct door *door, const struct being *being, int32_t fd, const char **ret);
/** 8421 of "pipe:[8421]" when kind is "pipe"; 0 another. */
uint64_t fd_inode(const char *link, const char *kind);

/* ---- evidence ----------------------------------------------------------------------- */

enum evidence {
	EVIDENCE_RUN,             /**< Started by a dead run: its leader, session, group. */
	EVIDENCE_RUN_ID,          /**< Carries the WEDGE_RUN_ID of a dead run. */
	EVIDENCE_MARKER,
	EVIDENCE_PORT,
	EVIDENCE_CGROUP,
	EVIDENCE_SESSION,         /**< Its session's leader is dead. */
	EVIDENCE_GROUP,           /**< Its process group's leader is dead, and its parent. */
	EVIDENCE_SAME_SESSION,    /**< Sibling: in the dead session of another. */
	EVIDENCE_SAME_PEER,       /**< Sibling: connected to the same dead port. */
	EVIDENCE_FOUND,           /**< Found by an earlier sweep, or in the session or group that one led. */
	EVIDENCE_CHILD,
	EVIDENCES
};
extern const char *const evidence_names[EVIDENCES];

enum spare {
	SPARE_NOT,
	SPARE_KIN,                /**< We ourselves, or an ancestor. */
	SPARE_INIT,               /**< pid 1. */
	SPARE_USER,               /**< Another user's. */
	SPARE_LIVE,               /**< Of a run that is alive. */
	SPARE_KEEP,               /**< WEDGE_KEEP=1 */
	SPARE_UNKNOWN,            /**< Its environment cannot be read: it may have opted out. */
	SPARE_READER,             /**< It reads what we write. */
	SPARES
};
extern const char *const spare_names[SPARES];

struct reason {
	uint8_t evidence;
	int32_t number;           /**< Parent, leader, sibling or port; 0 none. */
	int32_t other;            /**< SAME_PEER: the dead port. */
	const char *text;         /**< Marker, control group, run: lives as long as the options or runs. */
};
enum { REASONS_MOST = 4 };

struct mark {
	struct reason reason[REASONS_MOST];
	uint8_t reasons;
	uint8_t spare;            /**< enum spare */
	int32_t spare_pid;        /**< Because of this one above it; 0: of itself. */
	bool below;               /**< Something above it is marked. */
};

/** One pass over everybody. */
struct sweep {
	struct census census;
	struct mark *mark;        /**< One a row. */
	uint32_t *found;          /**< Rows that were left behind and are not spared; parents before children. */
	uint32_t found_count;
};

/** Adds a reason, unless there are enough or it is told already. */
void mark_add(struct mark *mark, enum evidence evidence, int32_t number, const char *text);

/* ---- what environments say ---------------------------------------------------------- */

/** What is kept of a process's environment: bits, and the run. */
struct environ_fact {
	int32_t pid;
	int64_t start_ticks;
	uint64_t markers;         /**< Bit i: carries options->markers.row[i]. */
	bool keep, settled, denied;
	char run_id[RUN_ID];
};
struct environ_facts { struct environ_fact *row; uint32_t count, room; };

enum { MARKERS_MOST = 64 };

/**
 * Ask for these rows, those excepted that are known.  0 or -errno.
 */
int environs_ask(struct reaper *reaper, const struct census *census, const uint32_t *rows, uint32_t count);
/** NULL: it was not asked. */
const struct environ_fact *environ_of(const struct reaper *reaper, const struct being *being);
/** What an environment says.  Pure. */
void environ_take(const char *bytes, size_t length, const struct texts *markers, struct environ_fact *ret);

/* ---- sockets ------------------------------------------------------------------------ */

/** Marks those that hold a listener on a port that was asked for.  0 or -errno. */
int ports_mark(struct reaper *reaper, struct sweep *sweep);
/** Marks siblings: orphans connected to the same dead port as one that is marked.  0 or -errno. */
int peers_mark(struct reaper *reaper, struct sweep *sweep);
/** Is somebody still listening on a port that was asked for?  Into ret: which, 0 none.  0 or -errno. */
int ports_left(struct reaper *reaper, int32_t *ret);

/* ---- what is known by now ------------------------------------------------------------ */

enum hold_kind { HOLD_PORT, HOLD_LOCK, HOLD_OUTPUT, HOLD_PIPES, HOLDS };
extern const char *const hold_names[HOLDS];
struct held {
	enum hold_kind kind;
	int32_t fd;               /**< -1: several. */
	int64_t number;           /**< The port; how many pipes; whose output: a pid. */
	char *text;               /**< "127.0.0.1", "flock on /tmp/x.lock", "standard output"; unescaped. */
};

enum fate {
	FATE_LISTED,              /**< Dry run. */
	FATE_TOLD,                /**< SIGTERM was sent. */
	FATE_ENDED,               /**< It is gone, after SIGTERM or by itself. */
	FATE_KILLED,              /**< Gone, after SIGKILL. */
	FATE_REFUSED,             /**< We may not signal it. */
	FATE_SURVIVED,            /**< It is there after SIGKILL. */
	FATES
};
extern const char *const fate_names[FATES];

struct leftover {
	struct being being;
	struct mark mark;
	int64_t age_ms;
	char *argv;               /**< Masked, a NUL after each; NULL: not known. */
	size_t argv_length;
	struct held *hold;
	uint32_t hold_count;
	enum fate fate;
	bool stopped, killed;     /**< By us. */
	char state_last;          /**< Of one that survived. */
};

/** A pipe or socket that is an output of ours or of an ancestor. */
struct own_output { uint64_t inode; int32_t pid; uint8_t fd; };

struct reaper {
	struct door *door;
	const struct reap_options *options;
	struct reap_runs runs;
	struct environ_facts environs;
	struct leftover *left;    /**< All that was ever found, parents before children. */
	uint32_t left_count, left_room;
	struct leftover *spared;  /**< Marked by evidence of their own, but left alone. */
	uint32_t spared_count, spared_room;
	struct own_output *outputs;
	uint32_t output_count;
	uid_t uid;
	struct census last;       /**< Of the sweep before. */
	uint32_t vanished;        /**< In this sweep: there, and gone before they were looked at. */
	bool quick;               /**< This sweep is. */
	bool sparing_told;        /**< spared was filled. */
	char (*notes)[320];       /**< What could not be seen, a line each. */
	uint32_t note_count;
	int64_t deadline_ns;      /**< For the questions of this pass. */
};

/** A line for the reader, once.  0 or -ENOMEM. */
int reap_note(struct reaper *reaper, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/** Evidence of its own.  0 or -errno. */
int evidence_mark(struct reaper *reaper, struct sweep *sweep);
/** --older and --match take away.  0 or -errno. */
int evidence_filter(struct reaper *reaper, struct sweep *sweep);
/** Handed over to a stranger when its parent died? */
bool being_is_orphan(const struct census *census, const struct being *being);
/** Children of those marked; and who is left alone: fills sweep->found.  0 or -errno. */
int spares_mark(struct reaper *reaper, struct sweep *sweep);

/**
 * All of it; *ret_new: how many were not known before.  Those are added to left.  quick: only processes that came
 * since the sweep before are looked at.  0 or -errno.
 */
int reap_sweep(struct reaper *reaper, bool quick, uint32_t *ret_new);
struct leftover *left_find(struct reaper *reaper, int32_t pid, int64_t start_ticks);

/** What our own output is, before anything else.  0 or -errno. */
int output_learn(struct reaper *reaper);
/** Which output of ours that pipe or socket is; NULL: none. */
const struct own_output *output_find(const struct reaper *reaper, uint64_t inode);
/** Fill in command line and holds of these leftovers.  0 or -errno. */
int holds_read(struct reaper *reaper, struct leftover *left, uint32_t count);
/** The first lock that a fdinfo tells: "flock"; false: none.  Pure. */
bool lock_parse(const char *text, size_t length, char *ret, size_t size);

/**
 * Send a signal to that very process, by a pidfd opened before its start time was read again.
 * 0; SIGHT_GONE; SIGHT_DENIED; or -errno of ours.
 */
int reap_signal(struct door *door, pid_t pid, int64_t start_ticks, int number);
/** End all that was found, and what appears meanwhile.  0 or -errno. */
int reap_kill(struct reaper *reaper);

/** 0 or -errno of the stream. */
int reap_show(const struct reaper *reaper, const struct render_options *options, FILE *out);
int reap_json(const struct reaper *reaper, int status, FILE *out);
/** How many are there still, or may be. */
uint32_t reap_survivors(const struct reaper *reaper);
/** "left by run 9f3a... (make), whose wedgerun[4200] is dead": unescaped. */
void reason_words(const struct reaper *reaper, const struct reason *reason, char *to, size_t size);
void spare_words(const struct leftover *spared, char *to, size_t size);

#endif
