/* SPDX-License-Identifier: MIT */
/*
 * What the rooms behind probe_fds share: fds.c lists, paths.c, ttys.c, events.c and
 * epolls.c say what was found, pipes.c and unixes.c how full it is.  Nobody else includes this
 * but holders.c, which looks at strangers in the same way.
 */
#ifndef FDS_H
#define FDS_H

#include "fdinfo.h"
#include "fdlink.h"
#include "probe.h"

/** What stat(2) said of a path. */
struct path_seen {
	int sight, error;
	uint32_t mode;
	uint64_t device, inode, node; /**< st_dev, st_ino, st_rdev */
};

/** A descriptor whose link does not tell the object. */
struct fd_later {
	struct process_ix process;
	int32_t number;
	uint8_t kind;             /**< enum object_kind; OBJECT_OTHER for a path. */
	uint8_t ask;              /**< 1: the next round asks for it. */
	struct text text;         /**< The link. */
	uint64_t space;           /**< Paths: equal texts in one space mean one thing. */
	struct path_seen seen;    /**< Paths. */
	uint32_t twin;            /**< Events: the entry of an ancestor that may be the same, or NO_ROW. */
	struct object_ix object;  /**< Events: found out, or NO_ROW. */
};

struct fd_laters { struct fd_later *row; uint32_t count, room; };

/** The numbers of a process's descriptors; .row is the caller's to free. */
struct fd_numbers { int32_t *row; size_t count, room; };

/** A place in /proc to find a process's descriptors in: "4242", or "4242/task/4243". */
enum { FD_PLACE = 32 };

/** One pass over the descriptors of some processes, at one look. */
struct fd_pass {
	const struct visit *visit;
	struct snapshot *snapshot;
	enum look look;
	uint32_t process_count;   /**< Rows when it began, and those that may come: entries of the arrays below. */
	int32_t *speaker;         /**< Under whose task/ to list the descriptors; 0: the process; -1: a zombie's. */
	uint32_t *known;          /**< Hash of the newest fd rows, by process and number. */
	uint32_t known_slots;     /**< A power of two, or 0. */
	uint8_t *missed;          /**< Bit 1 << enum fd_miss of those that a gap tells already. */
	struct fd_laters paths, events;
	uint64_t own_mounts;      /**< Inode of our own ns/mnt; 0 not known. */
	uint64_t own_devpts;      /**< st_dev of the devpts under our /dev/pts; 0 not known. */
};

/**
 * extra: how many rows of processes may be added while it lasts.  0 or -ENOMEM;
 * fd_pass_deinit() ends it, whatever came.
 */
int fd_pass_init(const struct visit *visit, const struct subjects *subjects, uint32_t extra, struct fd_pass *ret);
void fd_pass_deinit(struct fd_pass *pass);

/** Has the time come to stop? */
bool fd_pass_late(const struct fd_pass *pass);
void fd_pass_place(const struct fd_pass *pass, struct process_ix process, char ret[FD_PLACE]);
/** The row of that number as it was when the pass began or was refreshed; at == NO_ROW when there is none. */
int fd_pass_refresh(struct fd_pass *pass);
struct fd_ix fd_pass_known(const struct fd_pass *pass, struct process_ix process, int32_t number);
int fd_laters_add(struct fd_laters *laters, const struct fd_later *later);

/** What may be missed of a process: the word in gap.detail. */
enum fd_miss { MISS_LIST, MISS_STAT, MISS_FDINFO, MISS_KCMP, MISS_PIPE, MISS_TIMEOUTS };
/** A gap, unless one of these looks has told it.  0 or -ENOMEM. */
int fd_pass_miss(struct fd_pass *pass, struct process_ix process, int sight, int error, enum fd_miss miss);
bool fd_pass_missed(const struct fd_pass *pass, struct process_ix process, enum fd_miss miss);

/** Find or add an object and label it if it has none.  0 or -ENOMEM; NO_ROW past a bound. */
int fd_object(struct snapshot *snapshot, enum object_kind kind, struct object_key key, struct text label,
	      struct object_ix *ret);
/** The key of what has no identity of its own. */
struct object_key fd_key_anonymous(const struct snapshot *snapshot, struct process_ix process, int32_t number);
/** Add the row of a descriptor; info NULL: not read.  0 or -ENOMEM. */
int fd_add(struct fd_pass *pass, struct process_ix process, int32_t number, struct object_ix object,
	   const struct fdinfo *info, int info_sight);
/** Read and parse fdinfo; for anything but epoll.  0, an enum sight, or -errno. */
int fd_info(struct door *door, const char *place, int32_t number, struct fdinfo *ret, int *error);

/** List a process's fd/.  0, an enum sight (SIGHT_CUT with those that were read) or -errno. */
int fd_numbers_read(struct door *door, const char *place, struct fd_numbers *ret, int *error);
/** Add a descriptor by its link, or put it in .paths or .events for later; place: where the process's are. */
int fd_link_add(struct fd_pass *pass, struct process_ix process, const char *place, int32_t number, const char *text,
		size_t length);

/** paths.c: find out what the paths are, and add them. */
int paths_add(struct fd_pass *pass);
/** Ask stat(2) for those marked .ask, which is cleared; the answers are in .seen.  0 or -errno. */
int paths_ask(struct fd_pass *pass, struct fd_laters *paths);

/** events.c: what has no name but only a kind: eventfd, timerfd, epoll ... */
int events_add(struct fd_pass *pass);
/** epolls.c: what the epolls among them watch. */
int epolls_look(struct fd_pass *pass);

/** pipes.c: how full the pipes of the tree are. */
int pipes_measure(struct fd_pass *pass);

/** unixes.c: descriptors in flight; timeouts of the sockets that somebody waits on. */
int unixes_look(struct fd_pass *pass, const struct subjects *subjects);

/** fdtables.c: threads with descriptors of their own. */
int fdtables_look(struct fd_pass *pass, const struct subjects *subjects);

/* ttys.c */
/** Does it take ttys_learn() to know which terminal this is? */
bool tty_is_pty(const struct path_seen *seen);
/** Which pty instance is ours.  0 or -errno. */
int ttys_learn(struct fd_pass *pass);
/** The terminal that this character device is, joined with its other side; NO_ROW: it is none.  0 or -errno. */
int tty_object(struct fd_pass *pass, const struct fd_later *later, struct object_ix *ret);
/** Is the instance known, so that this side can be told and has another?  Its key; and joining the two. */
bool tty_has_sides(struct object_key key);
struct object_key tty_other_side(struct object_key key);
void tty_join(struct snapshot *snapshot, struct object_ix side);

#endif
