/* SPDX-License-Identifier: MIT */
#include "notes.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

static bool is_socket(const struct object *object)
{
	return object->kind == OBJECT_UNIX || object->kind == OBJECT_TCP || object->kind == OBJECT_UDP
	       || object->kind == OBJECT_SOCKET;
}

/* ---- per process -------------------------------------------------------------------- */

/* fds of a process come by number: the same object twice is counted once. */
static bool seen_before(const struct scene *scene, const struct span *span, uint32_t i)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct object_ix object = snapshot->fds.row[scene->fd_order[span->first + i]].object;
	uint32_t j;

	for (j = i; j-- > 0 && i - j < 64;)
		if (snapshot->fds.row[scene->fd_order[span->first + j]].object.at == object.at)
			return true;
	return false;
}

static void note_sockets(const struct scene *scene, struct process_ix process, struct process_note *note)
{
	const struct span *span = &scene->process_fds[process.at];
	const struct object *object;
	const struct fd *fd;
	uint32_t i;

	for (i = 0; i < span->count; i++) {
		fd = &scene->snapshot->fds.row[scene->fd_order[span->first + i]];
		if (fd->object.at == NO_ROW || !is_socket(object_at(scene->snapshot, fd->object))
		    || seen_before(scene, span, i))
			continue;
		object = object_at(scene->snapshot, fd->object);
		note->external_connections += object->reach == REACH_EXTERNAL;
		if (object->kind == OBJECT_TCP && object->at[LOOK_T1].state == TCP_CLOSE_WAIT)
			note->close_wait++;
	}
}

static int count_sockets(const struct scene *scene, struct report *report)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct object *object;
	const struct process *process;
	const struct fd *fd;
	uint8_t *counted;
	uint32_t i;

	counted = arena_new(scene->arena, uint8_t, snapshot->objects.count + 1);
	if (!counted)
		return -ENOMEM;
	report->external_known = true;
	for (i = 0; i < snapshot->processes.count; i++) {
		process = &snapshot->processes.row[i];
		if ((process->flags & PROCESS_IN_TREE) && !(process->flags & PROCESS_OURS)
		    && (process->opaque == ANSWER_YES || process->fds_sight != SIGHT_OK))
			report->external_known = false;
	}
	for (i = 0; i < snapshot->fds.count; i++) {
		fd = &snapshot->fds.row[i];
		if (fd->object.at == NO_ROW || counted[fd->object.at]
		    || !(process_at(snapshot, fd->process)->flags & PROCESS_IN_TREE))
			continue;
		object = object_at(snapshot, fd->object);
		if (!is_socket(object))
			continue;
		counted[fd->object.at] = 1;
		if (object->reach == REACH_EXTERNAL)
			report->external_connections++;
		else if (object->reach == REACH_UNKNOWN)
			report->external_known = false;
	}
	return 0;
}

static int by_place(const void *a, const void *b, void *context)
{
	const struct snapshot *snapshot = context;
	const struct process *left = process_at(snapshot, *(const struct process_ix *)a);
	const struct process *right = process_at(snapshot, *(const struct process_ix *)b);
	int l = !(left->flags & PROCESS_IN_TREE), r = !(right->flags & PROCESS_IN_TREE);

	if (l != r)
		return l - r;
	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return left->start_ticks < right->start_ticks ? -1 : left->start_ticks > right->start_ticks;
}

static int note_processes(const struct scene *scene, struct report *report, struct process_note **ret)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct process_note *notes;
	struct process_ix *order, process;
	const struct process *row;
	uint32_t n = 0;

	notes = arena_new(scene->arena, struct process_note, snapshot->processes.count + 1);
	order = arena_new(scene->arena, struct process_ix, snapshot->processes.count + 1);
	if (!notes || !order)
		return -ENOMEM;
	for (process.at = 0; process.at < snapshot->processes.count; process.at++) {
		row = process_at(snapshot, process);
		notes[process.at].finding = NO_ROW;
		note_sockets(scene, process, &notes[process.at]);
		if (row->joined == JOINED_PARENT || ((row->flags & PROCESS_OURS) && !(row->flags & PROCESS_TARGET)))
			continue;
		order[n++] = process;
		if (row->flags & PROCESS_IN_TREE) {
			report->tree_processes++;
			report->tree_threads += scene->process_tasks[process.at].count;
		}
	}
	qsort_r(order, n, sizeof(*order), by_place, (void *)(uintptr_t)snapshot);
	report->notes = notes;
	report->order = order;
	report->processes = n;
	*ret = notes;
	return 0;
}

/* ---- the whole tree, the whole machine ------------------------------------------------- */

static void note_tree(const struct scene *scene, struct report *report)
{
	const struct snapshot *snapshot = scene->snapshot;
	bool targets = false, moved = false;
	const struct process *process;
	struct task_ix task;
	uint32_t i;

	report->ended = true;
	for (i = 0; i < snapshot->processes.count; i++) {
		process = &snapshot->processes.row[i];
		if (!(process->flags & PROCESS_TARGET))
			continue;
		targets = true;
		if (!process_ended(scene, (struct process_ix){ i }))
			report->ended = false;
		if (scene->process_paused[i])
			report->suspended_by_user = true;
	}
	report->ended &= targets;
	for (task.at = 0; task.at < snapshot->tasks.count; task.at++) {
		process = process_at(snapshot, task_at(snapshot, task)->process);
		if ((process->flags & PROCESS_IN_TREE) && !(process->flags & PROCESS_OURS)
		    && task_moved(scene, task) != MOVED_NO)
			moved = true;
	}
	report->still_ms = moved || snapshot->window_ns == UNSEEN ? 0 : snapshot->window_ns / 1000000;
}

static int32_t permille_of(int64_t before, int64_t after, int64_t whole)
{
	if (before == UNSEEN || after == UNSEEN || whole <= 0 || after < before)
		return -1;
	return (int32_t)((after - before) * 1000 / whole);
}

static void note_host(const struct scene *scene, struct report *report)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct host_look *before = &snapshot->host.at[LOOK_T0], *after = &snapshot->host.at[LOOK_T1];
	int64_t whole = -1, window_us = snapshot->window_ns == UNSEEN ? -1 : snapshot->window_ns / 1000;

	if (before->busy_ns != UNSEEN && after->busy_ns != UNSEEN && before->idle_ns != UNSEEN
	    && after->idle_ns != UNSEEN)
		whole = after->busy_ns + after->idle_ns - before->busy_ns - before->idle_ns;
	report->cpu_busy_permille = permille_of(before->busy_ns, after->busy_ns, whole);
	report->cpu_pressure_permille = permille_of(before->cpu_pressure_us, after->cpu_pressure_us, window_us);
	report->memory_pressure_permille = permille_of(before->memory_pressure_us, after->memory_pressure_us, window_us);
	report->io_pressure_permille = permille_of(before->io_pressure_us, after->io_pressure_us, window_us);
}

/* ---- gaps ---------------------------------------------------------------------------------- */

static int by_reason(const void *a, const void *b, void *context)
{
	const struct snapshot *snapshot = context;
	const struct gap *left = &snapshot->gaps.row[*(const uint32_t *)a];
	const struct gap *right = &snapshot->gaps.row[*(const uint32_t *)b];
	const char *l = snapshot_bytes(snapshot, left->detail), *r = snapshot_bytes(snapshot, right->detail);
	int32_t p, q;

	if (left->probe != right->probe)
		return left->probe - right->probe;
	if (left->sight != right->sight)
		return left->sight - right->sight;
	if (left->error != right->error)
		return left->error < right->error ? -1 : 1;
	if (strcmp(l, r) != 0)
		return strcmp(l, r);
	p = left->process.at == NO_ROW ? -1 : process_at(snapshot, left->process)->pid;
	q = right->process.at == NO_ROW ? -1 : process_at(snapshot, right->process)->pid;
	return p < q ? -1 : p > q;
}

static bool same_reason(const struct gap *left, const struct gap *right)
{
	return left->probe == right->probe && left->sight == right->sight && left->error == right->error
	       && left->detail.at == right->detail.at;
}

static int group_gaps(const struct scene *scene, struct report *report)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct process_ix *processes;
	struct gap_group *groups, *group = NULL;
	const struct gap *gap;
	uint32_t *order, i, n = 0, used = 0;

	order = arena_new(scene->arena, uint32_t, snapshot->gaps.count + 1);
	groups = arena_new(scene->arena, struct gap_group, snapshot->gaps.count + 1);
	processes = arena_new(scene->arena, struct process_ix, snapshot->gaps.count + 1);
	if (!order || !groups || !processes)
		return -ENOMEM;
	for (i = 0; i < snapshot->gaps.count; i++)
		order[i] = i;
	qsort_r(order, snapshot->gaps.count, sizeof(*order), by_reason, (void *)(uintptr_t)snapshot);
	for (i = 0; i < snapshot->gaps.count; i++) {
		gap = &snapshot->gaps.row[order[i]];
		if (!group || !same_reason(gap, &snapshot->gaps.row[order[i - 1]])) {
			group = &groups[n++];
			*group = (struct gap_group){
				.probe = gap->probe,
				.sight = gap->sight,
				.error = gap->error,
				.detail = gap->detail,
				.processes = &processes[used],
			};
		}
		if (gap->process.at == NO_ROW
		    || (group->process_count > 0 && group->processes[group->process_count - 1].at == gap->process.at))
			continue;
		processes[used++] = gap->process;
		group->process_count++;
	}
	report->gaps = groups;
	report->gap_count = n;
	return 0;
}

int notes_take(const struct scene *scene, struct report *report, struct process_note **ret)
{
	int r;

	r = note_processes(scene, report, ret);
	if (r == 0)
		r = count_sockets(scene, report);
	if (r == 0)
		r = group_gaps(scene, report);
	if (r < 0)
		return r;
	note_tree(scene, report);
	note_host(scene, report);
	return 0;
}
