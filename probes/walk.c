/* SPDX-License-Identifier: MIT */
/* Down the process tree, and over the threads of each process. */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "door.h"
#include "stat.h"

enum { CLOCK_EVERY = 256 };   /* A power of two. */

void walk_init(struct walk *walk, const struct visit *visit)
{
	*walk = (struct walk){ .visit = visit };
}

void walk_deinit(struct walk *walk)
{
	free(walk->reached);
	free(walk->queue);
	free(walk->tids.row);
	free(walk->children.row);
	free(walk->kin.row);
	roster_deinit(&walk->roster);
}

int pids_add(struct pids *pids, int32_t pid)
{
	uint32_t room = pids->room ? pids->room * 2 : 64;
	int32_t *grown;

	if (pids->count == pids->room) {
		grown = realloc(pids->row, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		pids->row = grown;
		pids->room = room;
	}
	pids->row[pids->count++] = pid;
	return 0;
}

enum reached walk_reached(const struct walk *walk, struct process_ix process)
{
	return process.at < walk->reached_room ? (enum reached)walk->reached[process.at] : REACHED_NOT;
}

static int reached_set(struct walk *walk, struct process_ix process, enum reached reached)
{
	uint32_t room = walk->reached_room ? walk->reached_room : 64;
	uint8_t *grown;

	if (process.at >= walk->reached_room) {
		while (room <= process.at)
			room *= 2;
		grown = realloc(walk->reached, room);
		if (!grown)
			return -ENOMEM;
		memset(grown + walk->reached_room, REACHED_NOT, room - walk->reached_room);
		walk->reached = grown;
		walk->reached_room = room;
	}
	walk->reached[process.at] = (uint8_t)reached;
	return 0;
}

static int queue_add(struct walk *walk, struct process_ix process, bool threaded)
{
	uint32_t room = walk->queue_room ? walk->queue_room * 2 : 64;
	struct met *grown;

	if (walk->queued == walk->queue_room) {
		grown = realloc(walk->queue, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		walk->queue = grown;
		walk->queue_room = room;
	}
	walk->queue[walk->queued++] = (struct met){ process, threaded };
	return 0;
}

static int miss(const struct walk *walk, int sight, int error, struct process_ix process, const char *detail)
{
	struct snapshot *snapshot = walk->visit->snapshot;
	struct gap gap = gap_blank(PROBE_TASKS, sight, walk->visit->look, error);
	int r;

	gap.process = process;
	r = snapshot_text(snapshot, detail, strlen(detail), &gap.detail);
	return r == -ENOMEM ? r : snapshot_miss(snapshot, NULL, &gap);
}

/* ---- meeting one ----------------------------------------------------------- */

/* The row, its first thread, and a place in the queue. */
static int met_store(struct walk *walk, const struct stat_line *line, bool in_tree, enum joined joined,
		     struct process_ix *ret)
{
	struct snapshot *snapshot = walk->visit->snapshot;
	const int64_t now_ns = door_now_ns();
	struct process_ix at;
	struct process *process;
	struct task_ix task;
	int r;

	r = snapshot_add_process(snapshot, line->pid, line->start_ticks, &at);
	if (r < 0)
		return r == -E2BIG ? SIGHT_CUT : r;
	r = stat_store_process(snapshot, at, walk->visit->look, line, now_ns);
	if (r == 0)
		r = snapshot_add_task(snapshot, at, line->pid, line->start_ticks, &task);
	if (r == 0)
		r = stat_store_task(snapshot, task, walk->visit->look, line, now_ns);
	if (r < 0 && r != -E2BIG)
		return r;

	process = process_at(snapshot, at);
	if (in_tree && !(process->flags & PROCESS_IN_TREE)) {
		process->flags |= PROCESS_IN_TREE;
		process->joined = (uint8_t)joined;
	}
	if (process->joined == JOINED_UNKNOWN)
		process->joined = (uint8_t)joined;
	in_tree = process->flags & PROCESS_IN_TREE;
	r = reached_set(walk, at, in_tree ? REACHED_CHILDREN : REACHED_THREADS);
	if (r == 0 && (line->threads > 1 || in_tree))
		r = queue_add(walk, at, line->threads > 1);
	*ret = at;
	return r;
}

/* A row that was somebody and is no more, or cannot be seen any more. */
static int gone_store(struct walk *walk, struct process_ix at, int sight, int error)
{
	struct process *process = process_at(walk->visit->snapshot, at);

	if (sight == SIGHT_GONE && door_alive(walk->visit->door, process->pid, process->start_ticks))
		sight = SIGHT_DENIED; /* hidepid */
	process->at[walk->visit->look].sight = (uint8_t)sight;
	if (reached_set(walk, at, REACHED_GONE) < 0 || miss(walk, sight, error, at, "process") < 0)
		return -ENOMEM;
	return sight;
}

static bool too_late(struct walk *walk)
{
	if (!walk->late && (walk->met++ & (CLOCK_EVERY - 1)) == 0)
		walk->late = door_now_ns() > walk->visit->deadline_ns;
	return walk->late;
}

static int line_store(struct walk *walk, struct stat_line *line, int32_t pid, bool in_tree, enum joined joined,
		      struct process_ix *ret)
{
	const int64_t start_ticks = line->start_ticks;
	int r;

	line->pid = pid; /* as asked for, whatever a recorded file says */
	r = met_store(walk, line, in_tree, joined, ret);
	if (r == 0)
		r = door_hold(walk->visit->door, pid, start_ticks);
	return r == SIGHT_CUT || r < 0 ? r : 0;
}

int walk_meet(struct walk *walk, int32_t pid, bool in_tree, enum joined joined, struct process_ix *ret)
{
	const struct process_ix known = snapshot_find_process(walk->visit->snapshot, pid);
	struct stat_line line;
	int r, error;

	if (known.at != NO_ROW && walk_reached(walk, known) >= (in_tree ? REACHED_CHILDREN : REACHED_THREADS)) {
		*ret = known;
		return 0;
	}
	if (too_late(walk))
		return SIGHT_CUT;
	r = stat_read(walk->visit->door, pid, pid, &line, &error);
	return r ? r : line_store(walk, &line, pid, in_tree, joined, ret);
}

int walk_meet_again(struct walk *walk, struct process_ix at)
{
	const struct process *process = process_at(walk->visit->snapshot, at);
	const int32_t pid = process->pid;
	struct stat_line line;
	int r, error = 0;

	if (walk_reached(walk, at) != REACHED_NOT)
		return 0;
	if (too_late(walk))
		return SIGHT_CUT;
	r = stat_read(walk->visit->door, pid, pid, &line, &error);
	if (r == SIGHT_OK && line.start_ticks != process->start_ticks)
		r = SIGHT_GONE;
	if (r < 0)
		return r;
	if (r != SIGHT_OK)
		return gone_store(walk, at, r, error);
	return line_store(walk, &line, pid, process->flags & PROCESS_IN_TREE, JOINED_UNKNOWN, &at);
}

/* ---- threads --------------------------------------------------------------- */

int walk_kin(struct walk *walk)
{
	struct stat_line line;
	int32_t pid = getpid();
	int r, error;

	if (!door_is_live(walk->visit->door) || walk->kin.count > 0)
		return 0;
	for (; pid > 0; pid = line.parent) {
		r = pids_add(&walk->kin, pid);
		if (r == 0)
			r = stat_read(walk->visit->door, pid, pid, &line, &error);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 0;
}

/* Of whom do we descend who is a child of this process?  0: nobody. */
static int kin_below(struct walk *walk, int32_t pid, int32_t *ret)
{
	uint32_t i;
	int r;

	*ret = 0;
	r = walk_kin(walk);
	for (i = 1; i < walk->kin.count; i++)
		if (walk->kin.row[i] == pid)
			*ret = walk->kin.row[i - 1];
	return r;
}

/*
 * A thread that started us waits for us, and for nobody else as long as we look: it is no part of
 * what was there before.  Not so a first thread: without it there is no process.
 */
static int is_starter(struct walk *walk, int32_t pid, int32_t tid, int32_t child, bool *ret)
{
	const char *text, *at;
	size_t length;
	int32_t met;
	int r, error;

	*ret = false;
	if (child == 0 || tid == pid)
		return 0;
	r = door_read(walk->visit->door, &text, &length, &error, "%d/task/%d/children", pid, tid);
	if (r < 0)
		return r;
	if (r != SIGHT_OK)
		return 0;
	for (at = text; children_next(&at, text + length, &met);)
		*ret |= met == child;
	return 0;
}

static int thread_meet(struct walk *walk, struct process_ix process, int32_t pid, int32_t tid)
{
	struct snapshot *snapshot = walk->visit->snapshot;
	struct stat_line line;
	struct task_ix task;
	int r, error;

	r = stat_read(walk->visit->door, pid, tid, &line, &error);
	if (r != 0)
		return r < 0 ? r : 0; /* it ended, or its process did: that one is looked at again */
	r = snapshot_add_task(snapshot, process, tid, line.start_ticks, &task);
	if (r == 0)
		r = stat_store_task(snapshot, task, walk->visit->look, &line, door_now_ns());
	return r == -E2BIG ? 0 : r;
}

/* Its tids into walk->tids; those whose list is not to be had have one thread at least. */
static int threads_list(struct walk *walk, int32_t pid)
{
	const int32_t *listed;
	size_t count, i;
	int r, error;

	walk->tids.count = 0;
	r = door_list(walk->visit->door, &listed, &count, &error, "%d/task", pid);
	if (r < 0)
		return r;
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return pids_add(&walk->tids, pid);
	for (i = 0, r = 0; i < count && r == 0; i++)
		r = pids_add(&walk->tids, listed[i]);
	return r;
}

/* ---- children -------------------------------------------------------------- */

/*
 * Appends; *again when what was read may not be all.  The kernel finds its place in the
 * list by the child it gave last, and when that one has just gone, by counting, so
 * that it passes over others: a list that has entries is read twice.  A thread that
 * ended has handed its children to another one, whose list we may have read before.
 */
static int children_read(struct walk *walk, int32_t pid, int32_t tid, bool *again)
{
	const char *text, *at;
	size_t length;
	int32_t child;
	int r, error;

	r = door_read(walk->visit->door, &text, &length, &error, "%d/task/%d/children", pid, tid);
	if (r < 0)
		return r;
	if (r == SIGHT_GONE)
		*again = true;
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return r;
	for (at = text; children_next(&at, text + length, &child);) {
		*again = true;
		if (pids_add(&walk->children, child) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int children_scan(struct walk *walk, int32_t pid)
{
	uint32_t i, first, count;
	int r = 0;

	if (!walk->scanned) {
		r = roster_init(walk->visit->door, &walk->roster);
		if (r < 0)
			return r;
		walk->scanned = true;
		if (walk->visit->look == LOOK_T0)
			r = miss(walk, SIGHT_UNSUPPORTED, 0, (struct process_ix){ NO_ROW }, "children");
	}
	walk->children.count = 0;
	roster_children(&walk->roster, pid, &first, &count);
	for (i = 0; i < count && r == 0; i++)
		r = pids_add(&walk->children, walk->roster.row[walk->roster.by_parent[first + i]].pid);
	return r;
}

/* The children of all of walk->tids, in so many turns. */
static int children_gather(struct walk *walk, int32_t pid, unsigned turns)
{
	struct stat_line line;
	struct pids *children = &walk->children;
	bool again = true;
	uint32_t i, first = 0;
	unsigned turn;
	int r, error;

	children->count = 0;
	for (turn = 0; turn < turns && again && !walk->scanned; turn++) {
		first = children->count;
		for (i = 0, again = false; i < walk->tids.count; i++) {
			r = children_read(walk, pid, walk->tids.row[i], &again);
			if (r < 0)
				return r;
			/* No such file beside a stat that answers: a kernel without CONFIG_PROC_CHILDREN. */
			if (r != SIGHT_OK &&
			    (r != SIGHT_GONE ||
			     stat_read(walk->visit->door, pid, walk->tids.row[i], &line, &error) == SIGHT_OK))
				return children_scan(walk, pid);
		}
	}
	if (turn == 2 && first > 0 && children->count == 2 * first &&
	    memcmp(children->row, children->row + first, first * sizeof(*children->row)) == 0)
		children->count = first; /* mostly: both say the same */
	return walk->scanned ? children_scan(walk, pid) : 0;
}

int walk_children(struct walk *walk, int32_t pid)
{
	int r = walk->scanned ? 0 : threads_list(walk, pid);

	return r < 0 ? r : children_gather(walk, pid, 1);
}

/* ---- all of it ------------------------------------------------------------- */

static int expand(struct walk *walk, struct process_ix at, bool threaded)
{
	const struct process *process = process_at(walk->visit->snapshot, at);
	const int32_t pid = process->pid;
	const bool in_tree = process->flags & PROCESS_IN_TREE;
	struct process_ix child;
	int32_t kin = 0;
	bool starter;
	uint32_t i;
	int r;

	walk->tids.count = 0;
	r = threaded ? threads_list(walk, pid) : pids_add(&walk->tids, pid);
	if (r >= 0 && threaded)
		r = kin_below(walk, pid, &kin);
	for (i = 0; r >= 0 && i < walk->tids.count; i++) {
		if (walk->tids.row[i] == pid || too_late(walk))
			continue;
		r = is_starter(walk, pid, walk->tids.row[i], kin, &starter);
		if (r == 0 && !starter)
			r = thread_meet(walk, at, pid, walk->tids.row[i]);
	}
	if (r < 0 || !in_tree)
		return r < 0 ? r : 0;

	r = children_gather(walk, pid, 2);
	for (i = 0; r >= 0 && i < walk->children.count; i++)
		r = walk_meet(walk, walk->children.row[i], true, JOINED_CHILD, &child);
	return r < 0 ? r : 0;
}

int walk_run(struct walk *walk)
{
	struct met next;
	int r = 0;

	while (walk->done < walk->queued && r == 0) {
		next = walk->queue[walk->done++];
		r = expand(walk, next.process, next.threaded);
	}
	if (r == 0 && walk->late && !walk->told) {
		walk->told = true;
		r = miss(walk, SIGHT_CUT, 0, (struct process_ix){ NO_ROW }, "task");
	}
	return r;
}

int walk_one(const struct visit *visit, int32_t pid, enum joined joined, struct process_ix *ret)
{
	struct walk walk;
	int r;

	walk_init(&walk, visit);
	r = walk_meet(&walk, pid, false, joined, ret);
	if (r == 0)
		r = walk_run(&walk);
	walk_deinit(&walk);
	return r;
}
