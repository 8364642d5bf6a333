/* SPDX-License-Identifier: MIT */
/*
 * Who is there: the tree below the targets, who left it, the threads of everybody, and
 * how each stands by its stat.  At T1 once more: newcomers join, and who is gone says so.
 */
#include "probe.h"

#include <errno.h>
#include <unistd.h>

#include "door.h"
#include "left.h"
#include "stat.h"
#include "walk.h"

/* The parent of a target, for its name only: no threads, no look at what it does. */
static int parent_meet(struct walk *walk, int32_t pid)
{
	const struct visit *visit = walk->visit;
	struct snapshot *snapshot = visit->snapshot;
	struct process_ix at = snapshot_find_process(snapshot, pid);
	struct stat_line line;
	int r, error;

	if (pid <= 0 || (at.at != NO_ROW && process_at(snapshot, at)->at[visit->look].sight != SIGHT_UNASKED))
		return 0;
	r = stat_read(visit->door, pid, pid, &line, &error);
	if (r != 0)
		return r < 0 ? r : 0;
	r = snapshot_add_process(snapshot, pid, line.start_ticks, &at);
	if (r == 0)
		r = stat_store_process(snapshot, at, visit->look, &line, door_now_ns());
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	if (process_at(snapshot, at)->joined == JOINED_UNKNOWN)
		process_at(snapshot, at)->joined = JOINED_PARENT;
	return 0;
}

static int parents_meet(struct walk *walk)
{
	const struct snapshot *snapshot = walk->visit->snapshot;
	const uint32_t count = snapshot->processes.count;
	uint32_t i;
	int r = 0;

	for (i = 0; i < count && r == 0; i++)
		if (snapshot->processes.row[i].flags & PROCESS_TARGET)
			r = parent_meet(walk, snapshot->processes.row[i].parent);
	return r;
}

/* We, our helpers and our ancestors, if they are among them. */
static int relatives_mark(struct walk *walk)
{
	struct snapshot *snapshot = walk->visit->snapshot;
	const int32_t self = getpid();
	struct process_ix at;
	int32_t pid;
	uint32_t i;
	int r;

	if (!door_is_live(walk->visit->door))
		return 0;
	for (i = 0; i < snapshot->processes.count; i++) {
		pid = snapshot->processes.row[i].pid;
		if (pid == self || door_is_helper(walk->visit->door, pid))
			snapshot->processes.row[i].flags |= PROCESS_OURS;
	}
	r = walk_kin(walk);
	for (i = 1; i < walk->kin.count; i++) {
		at = snapshot_find_process(snapshot, walk->kin.row[i]);
		if (at.at != NO_ROW)
			process_at(snapshot, at)->flags |= PROCESS_ANCESTOR;
	}
	return r;
}

/* Threads that T0 saw and this look did not. */
static void threads_sweep(const struct walk *walk)
{
	const enum look look = walk->visit->look;
	struct snapshot *snapshot = walk->visit->snapshot;
	uint32_t i;

	for (i = 0; i < snapshot->tasks.count; i++) {
		struct task *task = &snapshot->tasks.row[i];
		const enum reached reached = walk_reached(walk, task->process);

		if (reached == REACHED_NOT || task->at[look].stat_sight != SIGHT_UNASKED)
			continue;
		if (reached == REACHED_GONE)
			task->at[look].stat_sight = process_at(snapshot, task->process)->at[look].sight;
		else
			task->at[look].stat_sight = walk->late ? SIGHT_CUT : SIGHT_GONE;
	}
}

static int look_at(struct walk *walk, const struct subjects *subjects)
{
	const struct snapshot *snapshot = walk->visit->snapshot;
	bool in_tree = false;
	uint32_t i;
	int r = 0;

	for (i = 0; i < subjects->process_count && r >= 0; i++) {
		in_tree |= process_at(snapshot, subjects->processes[i])->flags & PROCESS_IN_TREE;
		r = walk_meet_again(walk, subjects->processes[i]);
	}
	if (r >= 0)
		r = walk_run(walk);
	if (r >= 0 && in_tree)
		r = left_walk(walk);
	if (r >= 0 && in_tree)
		r = parents_meet(walk);
	if (r >= 0)
		r = relatives_mark(walk);
	if (r >= 0)
		threads_sweep(walk);
	return r < 0 ? r : 0;
}

static int tasks_look(const struct visit *visit, const struct subjects *subjects)
{
	struct walk walk;
	int r;

	walk_init(&walk, visit);
	r = look_at(&walk, subjects);
	walk_deinit(&walk);
	return r;
}

const struct probe probe_tasks = {
	.id = PROBE_TASKS,
	.name = "tasks",
	.stage = STAGE_LOOK,
	.look = tasks_look,
};
