/* SPDX-License-Identifier: MIT */
/* All stacks as one tree of functions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "pairs.h"
#include "stack_view.h"

enum { NODES_FIRST = 1024 };

struct build {
	const struct report *report;
	const struct snapshot *snapshot;
	struct arena *arena;
	struct stack_tree tree;
	struct pairs nodes;        /* (parent, function or name) -> node */
	uint32_t room;
	uint32_t *function;        /* One a site: the first site of that function. */
	uint32_t *of_frame;        /* One a frame: its node under the root below. */
	uint32_t *under;           /* One a frame: the root it was last met under. */
};

bool stack_shown(const struct report *report, struct process_ix process)
{
	return process_at(report->scene->snapshot, process)->flags & PROCESS_IN_TREE;
}

/* Sites of one function in one module go by the first of them; unnamed ones by themselves. */
static int find_functions(struct build *build)
{
	const struct site *row = build->snapshot->sites.row;
	uint32_t count = build->snapshot->sites.count, first, i;
	struct pairs named;
	uint64_t name;

	build->function = arena_new(build->arena, uint32_t, count);
	if (!build->function)
		return -ENOMEM;
	pairs_init(&named, build->arena);
	for (i = 0; i < count; i++) {
		build->function[i] = i;
		if (!text_seen(row[i].function))
			continue;
		name = (uint64_t)row[i].module.at << 32 | row[i].function.at;
		first = pairs_get(&named, name, row[i].kind);
		if (first)
			build->function[i] = first - 1;
		else if (pairs_put(&named, name, row[i].kind, i + 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* 0: no room for more. */
static int node_add(struct build *build, uint32_t parent, uint64_t key, struct frame_ix frame, struct text comm,
		    uint32_t *ret)
{
	struct stack_tree *tree = &build->tree;
	uint32_t known = pairs_get(&build->nodes, parent, key), depth;
	struct stack_node *grown;

	if (known) {
		*ret = known;
		if (frame.at != NO_ROW && frame_at(build->snapshot, frame)->site.at !=
						  frame_at(build->snapshot, tree->node[known].frame)->site.at)
			tree->node[known].same_site = false;
		return 0;
	}
	if (tree->count == BOUND_STACK_NODES)
		return -E2BIG;
	if (tree->count == build->room) {
		grown = arena_new(build->arena, struct stack_node, (size_t)build->room * 2);
		if (!grown)
			return -ENOMEM;
		memcpy(grown, tree->node, build->room * sizeof(*grown));
		tree->node = grown;
		build->room *= 2;
	}
	depth = tree->node[parent].depth + 1;
	tree->node[tree->count] = (struct stack_node){
		.parent = parent, .depth = depth, .frame = frame, .comm = comm, .same_site = true,
	};
	if (depth > tree->deepest)
		tree->deepest = depth;
	*ret = tree->count;
	return pairs_put(&build->nodes, parent, key, tree->count++);
}

/* The node of a frame below root; frames whose callers are known need no walk outwards. */
static int node_of(struct build *build, uint32_t root, struct frame_ix innermost, uint32_t *ret)
{
	const struct snapshot *snapshot = build->snapshot;
	struct frame_ix path[BOUND_STACK_DEPTH], at;
	uint32_t depth = 0, node = root;
	int r;

	for (at = innermost; at.at != NO_ROW && depth < BOUND_STACK_DEPTH; at = frame_at(snapshot, at)->caller) {
		if (build->of_frame[at.at] && build->under[at.at] == root) {
			node = build->of_frame[at.at];
			break;
		}
		path[depth++] = at;
	}
	while (depth > 0) {
		at = path[--depth];
		r = node_add(build, node, build->function[frame_at(snapshot, at)->site.at], at, TEXT_UNSEEN, &node);
		if (r < 0)
			return r;
		build->of_frame[at.at] = node;
		build->under[at.at] = root;
	}
	*ret = node;
	return 0;
}

static int add_task(struct build *build, struct task_ix task, bool by_comm)
{
	const struct scene *scene = build->report->scene;
	const struct snapshot *snapshot = build->snapshot;
	struct span span = scene->task_stacks[task.at];
	uint32_t root = 0, i;
	int r = 0;

	if (by_comm && span.count > 0)
		r = node_add(build, 0, UINT64_C(1) << 32 | task_at(snapshot, task)->comm.at,
			     (struct frame_ix){ NO_ROW }, task_at(snapshot, task)->comm, &root);
	for (i = 0; i < span.count && r != -ENOMEM; i++) {
		uint32_t row = scene->stack_order[span.first + i];

		if (snapshot->stacks.row[row].innermost.at == NO_ROW)
			continue;
		if (r == 0)
			r = node_of(build, root, snapshot->stacks.row[row].innermost, &build->tree.leaf[row]);
		if (r == 0)
			build->tree.node[build->tree.leaf[row]].self++;
		else
			build->tree.left_out++;
	}
	return r == -ENOMEM ? r : 0;
}

static int compare_text(const struct snapshot *snapshot, struct text one, struct text other)
{
	size_t least = one.length < other.length ? one.length : other.length;
	int r = memcmp(snapshot_bytes(snapshot, one), snapshot_bytes(snapshot, other), least);

	return r ? r : (one.length > other.length) - (one.length < other.length);
}

/* By parent, the most counted first; equals by what they are called, for rows are in no order. */
static int by_count(const void *a, const void *b, void *context)
{
	const struct build *build = context;
	const struct stack_node *one = &build->tree.node[*(const uint32_t *)a];
	const struct stack_node *other = &build->tree.node[*(const uint32_t *)b];
	const struct site *left, *right;
	int r;

	if (one->parent != other->parent)
		return one->parent < other->parent ? -1 : 1;
	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	if (one->frame.at == NO_ROW || other->frame.at == NO_ROW)
		return compare_text(build->snapshot, one->comm, other->comm);
	left = site_at(build->snapshot, frame_at(build->snapshot, one->frame)->site);
	right = site_at(build->snapshot, frame_at(build->snapshot, other->frame)->site);
	r = compare_text(build->snapshot, left->function, right->function);
	if (r == 0)
		r = compare_text(build->snapshot, left->module, right->module);
	if (r == 0 && left->offset != right->offset)
		r = left->offset < right->offset ? -1 : 1;
	return r;
}

static int count_and_order(struct build *build)
{
	struct stack_tree *tree = &build->tree;
	uint32_t *order = arena_new(build->arena, uint32_t, tree->count), i;

	if (!order)
		return -ENOMEM;
	/* A parent comes before its children. */
	for (i = tree->count; i-- > 0;) {
		tree->node[i].count += tree->node[i].self;
		if (i > 0)
			tree->node[tree->node[i].parent].count += tree->node[i].count;
	}
	for (i = 1; i < tree->count; i++)
		order[i - 1] = i;
	qsort_r(order, tree->count - 1, sizeof(*order), by_count, build);
	for (i = tree->count - 1; i-- > 0;) {
		struct stack_node *node = &tree->node[order[i]];

		node->next = tree->node[node->parent].first_child;
		tree->node[node->parent].first_child = order[i];
	}
	return 0;
}

int stack_tree_build(const struct report *report, bool by_comm, struct stack_tree *ret)
{
	const struct scene *scene = report->scene;
	struct build build = { .report = report, .snapshot = scene->snapshot, .arena = scene->arena, .room = NODES_FIRST };
	uint32_t i, t;
	int r;

	pairs_init(&build.nodes, scene->arena);
	build.tree.node = arena_new(scene->arena, struct stack_node, NODES_FIRST);
	build.tree.leaf = arena_new(scene->arena, uint32_t, scene->snapshot->stacks.count);
	build.of_frame = arena_new(scene->arena, uint32_t, scene->snapshot->frames.count);
	build.under = arena_new(scene->arena, uint32_t, scene->snapshot->frames.count);
	if (!build.tree.node || !build.tree.leaf || !build.of_frame || !build.under)
		return -ENOMEM;
	build.tree.node[0] = (struct stack_node){ .frame = { NO_ROW }, .comm = TEXT_UNSEEN };
	build.tree.count = 1;
	r = find_functions(&build);
	for (i = 0; i < report->processes && r == 0; i++) {
		struct span span = scene->process_tasks[report->order[i].at];

		for (t = 0; stack_shown(report, report->order[i]) && t < span.count && r == 0; t++)
			r = add_task(&build, (struct task_ix){ scene->task_order[span.first + t] }, by_comm);
	}
	if (r == 0)
		r = count_and_order(&build);
	if (r < 0)
		return r;
	if (!by_comm)
		build.tree.of_frame = build.of_frame;
	*ret = build.tree;
	return 0;
}

uint32_t stack_tree_after(const struct stack_tree *tree, uint32_t at)
{
	if (tree->node[at].first_child)
		return tree->node[at].first_child;
	while (at && !tree->node[at].next)
		at = tree->node[at].parent;
	return tree->node[at].next;
}
