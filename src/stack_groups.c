/* SPDX-License-Identifier: MIT */
/* Threads whose stacks are the same, and which of them matter. */
#include <errno.h>
#include <stdlib.h>

#include "bounds.h"
#include "pairs.h"
#include "stack_view.h"
#include "telling.h"

enum { RANK_RUNS = BOUND_FINDINGS };

/* What makes two threads the same; each with a number of its own. */
enum same_by { SAME_LEAF = 1, SAME_LOOP, SAME_SIGHT, SAME_DEAD, SAME_KERNEL };

struct member {
	struct task_ix task;
	struct frame_ix loop;
	uint32_t rank, group;
};

struct gather {
	const struct report *report;
	const struct scene *scene;
	const struct stack_tree *tree;
	struct arena *arena;
	struct member *members; uint32_t count;
	uint32_t *rank;            /* One a task. */
	struct pairs keys;
	struct stack_group *groups; uint32_t group_count;
};

static bool is_calm(const struct finding *finding)
{
	return finding->verdict == VERDICT_IDLE || finding->verdict == VERDICT_PROGRESSING;
}

static void rank_one(struct gather *gather, struct task_ix task, uint32_t rank)
{
	if (task.at != NO_ROW && gather->rank[task.at] > rank)
		gather->rank[task.at] = rank;
}

static int rank_tasks(struct gather *gather)
{
	const struct report *report = gather->report;
	uint32_t tasks = gather->scene->snapshot->tasks.count, i, c;

	gather->rank = arena_new(gather->arena, uint32_t, tasks);
	if (!gather->rank)
		return -ENOMEM;
	for (i = 0; i < tasks; i++)
		gather->rank[i] = NO_ROW;
	for (i = 0; i < report->count; i++) {
		if (is_calm(&report->findings[i]))
			continue;
		rank_one(gather, report->findings[i].culprit, i);
		for (c = 0; c < report->findings[i].cycle_count; c++)
			rank_one(gather, report->findings[i].cycle[c], i);
	}
	return 0;
}

/* ---- does it go round ------------------------------------------------------------- */

/* On a CPU, or kept from one: a sleeper's samples are alike for another reason. */
static bool task_runs(const struct scene *scene, struct task_ix task)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct span *span = &scene->task_stacks[task.at];
	const struct task *it = task_at(snapshot, task);
	uint32_t i, stopped = 0;

	if (task_burns(scene, task))
		return true;
	if (it->at[task_last_look(snapshot, task)].state != 'R')
		return false;
	for (i = 0; i < span->count; i++)
		stopped += snapshot->stacks.row[scene->stack_order[span->first + i]].way == WAY_STOPPED;
	return stopped > span->count / 2;
}

static uint64_t key_of(const struct gather *gather, const struct member *member)
{
	const struct scene *scene = gather->scene;
	const struct snapshot *snapshot = scene->snapshot;
	const struct stack *stack = newest_stack(scene, member->task);
	struct span span = scene->task_stacks[member->task.at];

	if (member->loop.at != NO_ROW && gather->tree->of_frame[member->loop.at])
		return (uint64_t)SAME_LOOP << 32 | gather->tree->of_frame[member->loop.at];
	if (stack)
		return (uint64_t)SAME_LEAF << 32 | gather->tree->leaf[stack - snapshot->stacks.row];
	if (process_at(snapshot, task_at(snapshot, member->task)->process)->flags & PROCESS_KERNEL)
		return (uint64_t)SAME_KERNEL << 32;
	if (task_dead(scene, member->task))
		return (uint64_t)SAME_DEAD << 32;
	return (uint64_t)SAME_SIGHT << 32 |
	       (span.count ? snapshot->stacks.row[scene->stack_order[span.first + span.count - 1]].sight : SIGHT_UNASKED);
}

/* ---- putting them together --------------------------------------------------------- */

static int find_members(struct gather *gather)
{
	const struct scene *scene = gather->scene;
	uint32_t i, t;

	gather->members = arena_new(gather->arena, struct member, scene->snapshot->tasks.count);
	if (!gather->members)
		return -ENOMEM;
	for (i = 0; i < gather->report->processes; i++) {
		struct span span = scene->process_tasks[gather->report->order[i].at];

		for (t = 0; stack_shown(gather->report, gather->report->order[i]) && t < span.count; t++) {
			struct member *member = &gather->members[gather->count++];

			*member = (struct member){ .task = { scene->task_order[span.first + t] }, .loop = { NO_ROW } };
			member->rank = gather->rank[member->task.at];
			if (!task_runs(scene, member->task))
				continue;
			if (member->rank == NO_ROW)
				member->rank = RANK_RUNS;
			task_loop(scene, member->task, &member->loop);
		}
	}
	return 0;
}

static int find_groups(struct gather *gather, bool flat)
{
	struct stack_group *group;
	struct member *member;
	uint64_t key, other;
	uint32_t i;

	gather->groups = arena_new(gather->arena, struct stack_group, gather->count);
	if (!gather->groups)
		return -ENOMEM;
	pairs_init(&gather->keys, gather->arena);
	for (i = 0; i < gather->count; i++) {
		member = &gather->members[i];
		key = key_of(gather, member);
		other = flat ? i : 0;
		member->group = pairs_get(&gather->keys, key, other);
		if (member->group == 0) {
			if (pairs_put(&gather->keys, key, other, ++gather->group_count) < 0)
				return -ENOMEM;
			member->group = gather->group_count;
			group = &gather->groups[member->group - 1];
			group->stack = newest_stack(gather->scene, member->task);
			group->sight = (uint8_t)(key >> 32 == SAME_SIGHT ? (uint32_t)key : SIGHT_OK);
			group->dead = key >> 32 == SAME_DEAD;
			group->kernel = key >> 32 == SAME_KERNEL;
			group->loop = member->loop;
			group->rank = NO_ROW;
		}
		group = &gather->groups[--member->group];
		group->count++;
		if (member->rank < group->rank)
			group->rank = member->rank;
	}
	return 0;
}

/* Members in the order of pid and tid, group by group. */
static int share_out(struct gather *gather)
{
	struct task_ix *tasks = arena_new(gather->arena, struct task_ix, gather->count);
	uint32_t i, first = 0;

	if (!tasks)
		return -ENOMEM;
	for (i = 0; i < gather->group_count; i++) {
		gather->groups[i].tasks = &tasks[first];
		first += gather->groups[i].count;
		gather->groups[i].count = 0;
	}
	for (i = 0; i < gather->count; i++) {
		struct stack_group *group = &gather->groups[gather->members[i].group];

		tasks[(size_t)(group->tasks - tasks) + group->count++] = gather->members[i].task;
	}
	return 0;
}

static int by_variant(const void *a, const void *b)
{
	const struct stack_variant *one = a, *other = b;

	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	return one->leaf < other->leaf ? -1 : one->leaf > other->leaf;
}

/* at: one a node, where its variant is, and 0 before and after. */
static int find_variants(struct gather *gather, struct stack_group *group, uint32_t *at)
{
	const struct scene *scene = gather->scene;
	struct stack_variant *variants;
	uint32_t i, s, samples = 0;

	for (i = 0; i < group->count; i++)
		samples += scene->task_stacks[group->tasks[i].at].count;
	variants = arena_new(gather->arena, struct stack_variant, samples);
	if (!variants)
		return -ENOMEM;
	for (i = 0; i < group->count; i++) {
		struct span span = scene->task_stacks[group->tasks[i].at];

		for (s = 0; s < span.count; s++) {
			uint32_t leaf = gather->tree->leaf[scene->stack_order[span.first + s]];

			if (leaf == 0)
				continue;
			group->samples++;
			if (at[leaf] == 0) {
				variants[group->variant_count++].leaf = leaf;
				at[leaf] = group->variant_count;
			}
			variants[at[leaf] - 1].count++;
		}
	}
	for (i = 0; i < group->variant_count; i++)
		at[variants[i].leaf] = 0;
	qsort(variants, group->variant_count, sizeof(*variants), by_variant);
	group->variants = variants;
	return 0;
}

static int by_weight(const void *a, const void *b)
{
	const struct stack_group *one = a, *other = b;

	/* What has no stack comes last: there is little to read. */
	if (!one->stack != !other->stack)
		return one->stack ? -1 : 1;
	if (one->rank != other->rank)
		return one->rank < other->rank ? -1 : 1;
	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	return one->tasks < other->tasks ? -1 : 1; /* they lie in the order of their first */
}

int stack_groups(const struct report *report, const struct stack_tree *tree, bool flat, struct stack_group **ret,
		 uint32_t *count)
{
	const struct scene *scene = report->scene;
	struct gather gather = { .report = report, .scene = scene, .tree = tree, .arena = scene->arena };
	uint32_t *at = arena_new(scene->arena, uint32_t, tree->count), i;
	int r;

	r = at ? rank_tasks(&gather) : -ENOMEM;
	r = r < 0 ? r : find_members(&gather);
	r = r < 0 ? r : find_groups(&gather, flat);
	r = r < 0 ? r : share_out(&gather);
	for (i = 0; i < gather.group_count && r == 0; i++)
		r = find_variants(&gather, &gather.groups[i], at);
	if (r < 0)
		return r;
	if (!flat)
		qsort(gather.groups, gather.group_count, sizeof(*gather.groups), by_weight);
	*ret = gather.groups;
	*count = gather.group_count;
	return 0;
}
