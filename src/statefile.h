/* SPDX-License-Identifier: MIT */
/*
 * What wedgerun leaves behind for wedgereap should it be killed itself: one small text
 * file a run, in a directory that is private to the user.
 *
 *	wedgerun 1
 *	run 9f3ac1d25b6e7a80
 *	outer -
 *	boot_id 6c1e04a1-...
 *	...
 *	end
 *
 * The file is locked (fcntl(2), F_OFD_SETLK) for as long as wedgerun lives: a free lock is
 * a dead run, whatever became of its pid.  It is written aside, locked and then renamed
 * into place, also when it changes, so that who opens it reads a whole record.  A run that ends by itself
 * takes its file away.
 *
 * Directories, the first that will do: $XDG_RUNTIME_DIR/wedgetools, /run/user/UID/wedgetools,
 * /tmp/wedgetools-UID.  Who looks for dead runs looks into all three, for the environment
 * of the dead one is not known.  Neither directory nor file is opened through a link, and
 * both must be the user's own with no rights for others.
 */
#ifndef STATEFILE_H
#define STATEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sight.h"

enum {
	RUN_ID = 17,               /**< 16 hexadecimal digits and a NUL. */
	RUN_COMMAND = 64,          /**< Bytes of the command's name kept, escaped. */
	STATE_DIRECTORIES = 3,
	STATE_COMPLAINT = 320,     /**< Enough for any complaint of this room. */
};

enum run_phase { PHASE_RUNNING, PHASE_TRIAGE, PHASE_ENDING, PHASES };
extern const char *const run_phase_names[PHASES];

struct run_record {
	char run_id[RUN_ID];       /**< WEDGE_RUN_ID in the environment of all that it started. */
	char outer_id[RUN_ID];     /**< Of the run that this one was started in; "": none. */
	char boot_id[37];
	int64_t pid_namespace;     /**< Inode of /proc/self/ns/pid: pids below mean nothing in another. */
	int32_t pid;               /**< wedgerun */
	int64_t start_ticks;
	int32_t leader;            /**< The command; 0: not started yet. */
	int64_t leader_ticks;
	int32_t session, group;    /**< Of the command; session 0: led from outside of the namespace. */
	int64_t started_ms;        /**< Since the epoch. */
	int64_t deadline_ms;       /**< Since the epoch; 0: no limit. */
	int32_t attempt;           /**< From 1. */
	enum run_phase phase;
	char command[RUN_COMMAND]; /**< Name of the command, escaped as for a terminal. */
};

/** The text of a record; returns its length, 0 when size is too small. */
size_t run_record_put(const struct run_record *record, char *to, size_t size);
/** 0, or SIGHT_STRANGE with where in complaint and *ret untouched.  Pure. */
int run_record_parse(const char *text, size_t length, struct run_record *ret, char *complaint, size_t size);

/** 16 random hexadecimal digits.  0 or -errno. */
int run_id_make(char ret[RUN_ID]);
bool run_id_valid(const char *text);
/** Fills boot_id and pid_namespace.  0 or -errno. */
int run_record_here(struct run_record *record);
/** Field 22 of /proc/PID/stat.  0, a sight, or -errno. */
int run_start_ticks(pid_t pid, int64_t *ret);

/* ---- the directory ------------------------------------------------------------- */

/**
 * The which-th directory of this user, opened; made if it is missing and create says so.
 * -ENOENT: there is none (of another user the environment is not known, so the first
 * never is).  -EPERM with one line in complaint: it is not private to that user, or not what
 * it should be; others -errno with one, too.
 */
int statedir_open(uid_t uid, unsigned which, bool create, char *complaint, size_t size);

/* ---- the side of wedgerun ------------------------------------------------------ */

struct statefile { int directory, fd; char name[RUN_ID + 8]; };

/** Written, locked, in place.  0 or -errno with a complaint, and then *ret holds nothing. */
int statefile_begin(const struct run_record *record, struct statefile *ret, char *complaint, size_t size);
/** Replaces it; on an error the old one stays.  Nothing to do when nothing was begun.  0 or -errno. */
int statefile_update(struct statefile *file, const struct run_record *record);
/** Takes it away. */
void statefile_end(struct statefile *file);

/* ---- the side of those who look ------------------------------------------------- */

enum run_state {
	RUN_LIVE,                  /**< The lock is held. */
	RUN_DEAD,                  /**< wedgerun is gone and did not clean up. */
	RUN_EARLIER_BOOT,          /**< None of its processes can be left. */
	RUN_ELSEWHERE,             /**< Its pids are those of another pid namespace; live or dead. */
};

/**
 * The records of a directory, by name: "RUN_ID.run".  Other names are passed over.  A
 * nonzero return of found() ends it and is returned.  0 or -errno.
 */
int statedir_each(int directory, int (*found)(void *context, const char *name), void *context);

/**
 * One record.  owner is the user whose directory this is.  0; SIGHT_GONE: it ended
 * meanwhile; SIGHT_STRANGE with one line in complaint: corrupt, or not to be trusted;
 * SIGHT_DENIED; or -errno.
 */
int statefile_read(int directory, const char *name, uid_t owner, struct run_record *ret, enum run_state *state,
		   char *complaint, size_t size);

/**
 * Take the lock of a dead run, so that nobody else cleans up after it at the same time: a
 * descriptor that holds it, -EAGAIN when it lives or somebody else has it, SIGHT_GONE as
 * -ENOENT.  To be closed; statefile_remove() before that when all is done.
 */
int statefile_claim(int directory, const char *name);
/** Unlinks the record of a dead run.  0 or -errno. */
int statefile_remove(int directory, const char *name);

#endif
