/* SPDX-License-Identifier: MIT */
/*
 * The walk down a process tree, and over the threads of each process: by
 * task/TID/children of every task, for a child forked by a thread is listed only
 * there; by the parents of all processes where the kernel has no such list.
 */
#ifndef WALK_H
#define WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "probe.h"
#include "roster.h"

struct pids { int32_t *row; uint32_t count, room; };

/** How far a process was walked in this look. */
enum reached { REACHED_NOT, REACHED_GONE, REACHED_THREADS, REACHED_CHILDREN };

struct met { struct process_ix process; bool threaded; };

struct walk {
	const struct visit *visit;
	uint8_t *reached;         /**< enum reached, by row of the process. */
	uint32_t reached_room;
	struct met *queue;        /**< Met, but not yet expanded. */
	uint32_t queued, done, queue_room;
	struct pids tids, children; /**< Scratch of one expansion. */
	struct roster roster;
	bool scanned;             /**< roster is filled: the kernel lists no children. */
	struct pids kin;          /**< We and our ancestors, upwards; filled when first asked for. */
	bool late, told;          /**< The deadline passed; and that was filed. */
	uint32_t met;             /**< Stats read, to look at the clock now and then. */
};

void walk_init(struct walk *walk, const struct visit *visit);
void walk_deinit(struct walk *walk);

/**
 * Read who this is and put it into the snapshot with its first thread, unless that was
 * done in this look.  in_tree: its children belong, too.  joined is kept when it has a
 * reason already.  0 with *ret; SIGHT_GONE and other sights; or -errno.
 */
int walk_meet(struct walk *walk, int32_t pid, bool in_tree, enum joined joined, struct process_ix *ret);
/** The same for a row of the snapshot: when it is not that process any more, the row says so. */
int walk_meet_again(struct walk *walk, struct process_ix process);
/** The threads of all who were met, and below those in the tree everybody.  0 or -errno. */
int walk_run(struct walk *walk);

/** One process outside the tree, and its threads, for a reason of its own.  0 with *ret, a sight, or -errno. */
int walk_one(const struct visit *visit, int32_t pid, enum joined joined, struct process_ix *ret);

/** We and our ancestors into walk->kin; nobody where the door is not live.  0 or -errno. */
int walk_kin(struct walk *walk);
/**
 * The children of a process that need not be in the snapshot, into walk->children.  Read once:
 * whom a list passes over, the other look finds.  0, a sight or -errno.
 */
int walk_children(struct walk *walk, int32_t pid);
/** How far this look came with a process of the snapshot. */
enum reached walk_reached(const struct walk *walk, struct process_ix process);

/** Append; 0 or -ENOMEM. */
int pids_add(struct pids *pids, int32_t pid);

#endif
