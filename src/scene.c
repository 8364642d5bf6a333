/* SPDX-License-Identifier: MIT */
/* A snapshot with its rows grouped and ordered, and its calls decoded. */
#include "scene.h"

#include <errno.h>

#include "infer.h"
#include "primitive.h"
#include "telling.h"

/* Keys sort as unsigned: this keeps negative numbers below the others. */
static uint64_t key_of(int64_t value)
{
	return (uint64_t)value ^ (UINT64_C(1) << 63);
}

static uint32_t longest_table(const struct snapshot *snapshot)
{
	const uint32_t counts[] = { snapshot->processes.count, snapshot->tasks.count, snapshot->fds.count,
				    snapshot->holds.count, snapshot->watches.count, snapshot->peeks.count,
				    snapshot->objects.count, snapshot->stacks.count };
	uint32_t most = 0;
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (counts[i] > most)
			most = counts[i];
	return most;
}

static uint32_t *order_new(struct scene *scene, uint32_t count)
{
	uint32_t *order = arena_new(scene->arena, uint32_t, count);

	if (order)
		order_start(order, count);
	return order;
}

/* Rows of a table of count rows, with work->groups set, in groups; order is sorted within them already. */
static int scene_group(struct scene *scene, uint32_t *order, uint32_t count, uint32_t groups,
		       struct order_work *work, const struct span **ret)
{
	struct span *spans = arena_new(scene->arena, struct span, groups);

	if (!spans)
		return -ENOMEM;
	order_group(order, count, groups, spans, work);
	*ret = spans;
	return 0;
}

static int scene_processes(struct scene *scene, struct order_work *work)
{
	const struct snapshot *snapshot = scene->snapshot;
	uint32_t count = snapshot->processes.count, i;
	uint32_t *order = order_new(scene, count);
	uint32_t *rank = arena_new(scene->arena, uint32_t, count);
	uint32_t *children = order_new(scene, count);
	struct process_ix *parents = arena_new(scene->arena, struct process_ix, count);
	const struct process *row = snapshot->processes.row, *parent;

	if (!order || !rank || !children || !parents)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		work->keys[i] = key_of(row[i].start_ticks);
	order_by(order, count, work);
	for (i = 0; i < count; i++)
		work->keys[i] = key_of(row[i].pid);
	order_by(order, count, work);
	for (i = 0; i < count; i++)
		rank[order[i]] = i;
	scene->pid_order = order;
	scene->process_rank = rank;

	for (i = 0; i < count; i++) {
		parents[i] = scene_find_process(scene, row[i].parent);
		if (parents[i].at == NO_ROW)
			continue;
		parent = &row[parents[i].at];
		/* A pid may have been given out again: nobody is younger than its child. */
		if (parents[i].at == i || (parent->start_ticks != UNSEEN && row[i].start_ticks != UNSEEN &&
					   parent->start_ticks > row[i].start_ticks))
			parents[i].at = NO_ROW;
	}
	scene->process_parent = parents;
	for (i = 0; i < count; i++) {
		children[i] = order[i];
		work->groups[i] = parents[i].at;
	}
	scene->child_order = children;
	return scene_group(scene, children, count, count, work, &scene->process_children);
}

static int scene_tasks(struct scene *scene, struct order_work *work)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct task *row = snapshot->tasks.row;
	uint32_t count = snapshot->tasks.count, i;
	uint32_t *order = order_new(scene, count), *tids = order_new(scene, count);

	if (!order || !tids)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		work->keys[i] = key_of(row[i].start_ticks);
	order_by(tids, count, work);
	for (i = 0; i < count; i++)
		work->keys[i] = key_of(row[i].tid);
	order_by(tids, count, work);
	scene->tid_order = tids;
	for (i = 0; i < count; i++) {
		order[i] = tids[i];
		work->groups[i] = row[i].process.at;
	}
	for (i = 0; i < count; i++)
		work->keys[i] = row[i].tid != process_at(snapshot, row[i].process)->pid;
	order_by(order, count, work);
	scene->task_order = order;
	return scene_group(scene, order, count, snapshot->processes.count, work, &scene->process_tasks);
}

static int scene_fds(struct scene *scene, struct order_work *work)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct fd *row = snapshot->fds.row;
	uint32_t count = snapshot->fds.count, i;
	uint32_t *order = order_new(scene, count), *holders = order_new(scene, count);
	int r;

	if (!order || !holders)
		return -ENOMEM;
	/* Of two rows of one number the one seen last comes last. */
	for (i = 0; i < count; i++)
		work->keys[i] = (uint64_t)(uint32_t)row[i].number << 2 | (row[i].looks & 3);
	order_by(order, count, work);
	for (i = 0; i < count; i++) {
		holders[i] = order[i];
		work->groups[i] = row[i].process.at;
	}
	scene->fd_order = order;
	r = scene_group(scene, order, count, snapshot->processes.count, work, &scene->process_fds);
	if (r < 0)
		return r;
	for (i = 0; i < count; i++) {
		work->keys[i] = scene->process_rank[row[i].process.at];
		work->groups[i] = row[i].object.at;
	}
	order_by(holders, count, work);
	scene->holder_order = holders;
	return scene_group(scene, holders, count, snapshot->objects.count, work, &scene->object_fds);
}

static int scene_holds(struct scene *scene, struct order_work *work)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct hold *row = snapshot->holds.row;
	uint32_t count = snapshot->holds.count, i;
	uint32_t *order = order_new(scene, count);

	if (!order)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		work->keys[i] = row[i].task.at == NO_ROW ? 0 : key_of(task_at(snapshot, row[i].task)->tid);
	order_by(order, count, work);
	for (i = 0; i < count; i++) {
		work->keys[i] = scene->process_rank[row[i].process.at];
		work->groups[i] = row[i].object.at;
	}
	order_by(order, count, work);
	scene->hold_order = order;
	return scene_group(scene, order, count, snapshot->objects.count, work, &scene->object_holds);
}

static int scene_watches(struct scene *scene, struct order_work *work)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct watch *row = snapshot->watches.row;
	uint32_t count = snapshot->watches.count, objects = snapshot->objects.count, i;
	uint32_t *order = order_new(scene, count), *watched = order_new(scene, count);
	int r;

	if (!order || !watched)
		return -ENOMEM;
	/* One number may stand for two files, when the first was closed but lives on elsewhere. */
	for (i = 0; i < count; i++)
		work->keys[i] = row[i].object.at == NO_ROW ? 0 : object_at(snapshot, row[i].object)->key.name;
	order_by(order, count, work);
	for (i = 0; i < count; i++)
		work->keys[i] = key_of(row[i].number);
	order_by(order, count, work);
	for (i = 0; i < count; i++) {
		watched[i] = order[i];
		work->groups[i] = row[i].set.at;
	}
	scene->watch_order = order;
	r = scene_group(scene, order, count, objects, work, &scene->set_watches);
	if (r < 0)
		return r;
	for (i = 0; i < count; i++) {
		work->keys[i] = object_at(snapshot, row[i].set)->key.name;
		work->groups[i] = row[i].object.at;
	}
	order_by(watched, count, work);
	for (i = 0; i < count; i++)
		work->keys[i] = object_at(snapshot, row[i].set)->key.space;
	order_by(watched, count, work);
	scene->watched_order = watched;
	return scene_group(scene, watched, count, objects, work, &scene->object_watches);
}

static int scene_sort_peeks(struct scene *scene, struct order_work *work)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct peek *row = snapshot->peeks.row;
	uint32_t count = snapshot->peeks.count, tasks = snapshot->tasks.count, i;
	uint32_t *order = order_new(scene, count);
	struct peek *sorted = arena_new(scene->arena, struct peek, count);
	const struct span *both;
	struct span *spans;
	int look, r;

	if (!order || !sorted)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		work->keys[i] = row[i].look;
		work->groups[i] = row[i].task.at;
	}
	order_by(order, count, work);
	r = scene_group(scene, order, count, tasks, work, &both);
	if (r < 0)
		return r;
	for (i = 0; i < count; i++)
		sorted[i] = row[order[i]];
	for (look = 0; look < LOOKS; look++) {
		spans = arena_new(scene->arena, struct span, tasks);
		if (!spans)
			return -ENOMEM;
		scene->task_peeks[look] = spans;
		for (i = 0; i < tasks; i++) {
			uint32_t at = both[i].first, end = at + both[i].count;

			while (at < end && sorted[at].look < look)
				at++;
			spans[i].first = at;
			while (at < end && sorted[at].look == look)
				at++;
			spans[i].count = at - spans[i].first;
		}
	}
	scene->peek_order = order;
	scene->peeks_sorted = sorted;
	return 0;
}

static int scene_stacks(struct scene *scene, struct order_work *work)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct stack *row = snapshot->stacks.row;
	uint32_t count = snapshot->stacks.count, i;
	uint32_t *order = order_new(scene, count);
	uint8_t *part = arena_new(scene->arena, uint8_t, snapshot->sites.count);
	uint8_t *primitive = arena_new(scene->arena, uint8_t, snapshot->sites.count);

	if (!order || !part || !primitive)
		return -ENOMEM;
	for (i = 0; i < snapshot->sites.count; i++) {
		part[i] = (uint8_t)site_part_of(snapshot, (struct site_ix){ i });
		primitive[i] = (uint8_t)site_primitive_of(snapshot, (struct site_ix){ i });
	}
	scene->site_part = part;
	scene->site_primitive = primitive;
	for (i = 0; i < count; i++) {
		work->keys[i] = key_of(row[i].sample);
		work->groups[i] = row[i].task.at;
	}
	order_by(order, count, work);
	scene->stack_order = order;
	return scene_group(scene, order, count, snapshot->tasks.count, work, &scene->task_stacks);
}

static int scene_calls(struct scene *scene)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct call unseen = { .number = CALL_UNSEEN };
	const struct task_look *seen;
	struct decoded *calls;
	const struct span *peeks;
	uint32_t i;
	int look;

	for (look = 0; look < LOOKS; look++) {
		calls = arena_new(scene->arena, struct decoded, snapshot->tasks.count);
		if (!calls)
			return -ENOMEM;
		for (i = 0; i < snapshot->tasks.count; i++) {
			seen = &snapshot->tasks.row[i].at[look];
			peeks = &scene->task_peeks[look][i];
			calls[i] = decode_call(snapshot, process_at(snapshot, snapshot->tasks.row[i].process),
					       seen->call_sight == SIGHT_OK ? &seen->call : &unseen, look,
					       scene->peeks_sorted + peeks->first, peeks->count);
			calls[i] = infer_call(snapshot, seen, calls[i]);
		}
		scene->calls[look] = calls;
	}
	return 0;
}

static bool process_stopped(const struct scene *scene, struct process_ix process)
{
	const struct span *tasks = &scene->process_tasks[process.at];
	bool stopped = false;
	struct task_ix task;
	uint32_t i;

	for (i = 0; i < tasks->count; i++) {
		task.at = scene->task_order[tasks->first + i];
		if (task_dead(scene, task))
			continue;
		if (task_at(scene->snapshot, task)->at[task_last_look(scene->snapshot, task)].state != 'T')
			return false;
		stopped = true;
	}
	return stopped;
}

/*
 * A whole job of the viewer's own session that is stopped was stopped by the viewer,
 * to get a prompt.  It is a job only if everybody in its process group is stopped.
 */
static int scene_pauses(struct scene *scene, struct order_work *work)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct process *row = snapshot->processes.row;
	uint32_t count = snapshot->processes.count, i, first, end;
	uint32_t *order = order_new(scene, count);
	uint8_t *paused = arena_new(scene->arena, uint8_t, count);
	bool whole, any;

	if (!order || !paused)
		return -ENOMEM;
	scene->process_paused = paused;
	if (snapshot->viewer.session == UNSEEN || snapshot->viewer.session <= 0)
		return 0;
	for (i = 0; i < count; i++)
		work->keys[i] = key_of(row[i].group);
	order_by(order, count, work);
	for (first = 0; first < count; first = end) {
		whole = true;
		any = false;
		for (end = first; end < count && row[order[end]].group == row[order[first]].group; end++) {
			struct process_ix member = { order[end] };

			if (process_dead(scene, member))
				continue;
			any = true;
			if (whole)
				whole = row[member.at].session == snapshot->viewer.session &&
					process_stopped(scene, member);
		}
		for (i = first; whole && any && i < end; i++)
			paused[order[i]] = 1;
		scene->paused |= whole && any;
	}
	return 0;
}

static enum look last_look(const struct snapshot *snapshot)
{
	uint32_t i;

	if (snapshot->host.at[LOOK_T1].when_ns != UNSEEN)
		return LOOK_T1;
	for (i = 0; i < snapshot->tasks.count; i++)
		if (snapshot->tasks.row[i].at[LOOK_T1].stat_sight != SIGHT_UNASKED)
			return LOOK_T1;
	return LOOK_T0;
}

int scene_init(const struct snapshot *snapshot, struct arena *arena, struct scene *ret)
{
	struct scene scene = { .snapshot = snapshot, .arena = arena, .last = last_look(snapshot) };
	struct order_work work;
	int r;

	r = order_scratch(longest_table(snapshot), &work);
	if (r < 0)
		return r;
	r = scene_processes(&scene, &work);
	r = r < 0 ? r : scene_tasks(&scene, &work);
	r = r < 0 ? r : scene_fds(&scene, &work);
	r = r < 0 ? r : scene_holds(&scene, &work);
	r = r < 0 ? r : scene_watches(&scene, &work);
	r = r < 0 ? r : scene_sort_peeks(&scene, &work);
	r = r < 0 ? r : scene_stacks(&scene, &work);
	r = r < 0 ? r : scene_calls(&scene);
	r = r < 0 ? r : scene_pauses(&scene, &work);
	order_scratch_end(&work);
	if (r < 0)
		return r;
	*ret = scene;
	return 0;
}
