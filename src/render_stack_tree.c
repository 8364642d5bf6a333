/* SPDX-License-Identifier: MIT */
/* All stacks of all samples as one tree of who calls whom, with counts. */
#include <errno.h>
#include <inttypes.h>

#include "grid.h"
#include "stack_view.h"
#include "text_parts.h"
#include "words.h"
#include "words_frame.h"

enum { DRAWN_DEPTH = 32 };        /* Deeper branches are not drawn further in. */
enum { COLUMN_COUNT, COLUMN_SHARE, COLUMN_FUNCTION, COLUMN_WHO, COLUMNS };

/* Whose samples end in a node: the first of them, and how many. */
struct ends { struct task_ix first, last; uint32_t tasks; };

static int find_ends(const struct report *report, const struct stack_tree *tree, struct ends **ret)
{
	const struct scene *scene = report->scene;
	struct ends *ends = arena_new(scene->arena, struct ends, tree->count);
	uint32_t i, t, s, leaf;

	if (!ends)
		return -ENOMEM;
	for (i = 0; i < report->processes; i++) {
		struct span tasks = scene->process_tasks[report->order[i].at], stacks;

		for (t = 0; t < tasks.count; t++) {
			struct task_ix task = { scene->task_order[tasks.first + t] };

			stacks = scene->task_stacks[task.at];
			for (s = 0; s < stacks.count; s++) {
				leaf = tree->leaf[scene->stack_order[stacks.first + s]];
				if (ends[leaf].tasks == 0)
					ends[leaf].first = task;
				else if (ends[leaf].last.at == task.at)
					continue;
				ends[leaf].last = task;
				ends[leaf].tasks++;
			}
		}
	}
	*ret = ends;
	return 0;
}

/*
 * What has all samples of its caller stands below it; only where ways part it goes further in,
 * so that a stack of forty functions that all share is forty lines and no staircase.
 */
static uint8_t level_of(const struct stack_tree *tree, const uint8_t *levels, uint32_t at)
{
	uint32_t parent = tree->node[at].parent;

	if (parent == 0)
		return 0;
	if (tree->node[at].count == tree->node[parent].count || levels[parent] == DRAWN_DEPTH)
		return levels[parent];
	return levels[parent] + 1;
}

static void add_lines(struct phrase *phrase, unsigned level, bool begins, const bool *open, bool utf8)
{
	unsigned i;

	for (i = 1; i < level || (i == level && !begins); i++)
		phrase_add(phrase, open[i] ? (utf8 ? "\xe2\x94\x82 " : "| ") : "  ");
	if (begins)
		phrase_add(phrase, open[level] ? (utf8 ? "\xe2\x94\x9c " : "|-") : (utf8 ? "\xe2\x94\x94 " : "`-"));
}

static void add_function(struct phrase *phrase, const struct snapshot *snapshot, const struct stack_node *node,
			 bool whole)
{
	struct site_ix site = frame_at(snapshot, node->frame)->site;

	words_function(phrase, snapshot, site);
	if (node->same_site) {
		words_place(phrase, snapshot, site, whole);
		return;
	}
	phrase_add(phrase, " (");
	words_module(phrase, snapshot, site);
	phrase_add(phrase, ")");
}

static void add_who(struct phrase *phrase, const struct snapshot *snapshot, const struct ends *ends)
{
	if (ends->tasks == 0)
		return;
	words_task(phrase, snapshot, ends->first);
	if (ends->tasks > 1)
		phrase_format(phrase, " and %" PRIu32 " more", ends->tasks - 1);
}

static void add_rows(struct grid *grid, const struct snapshot *snapshot, const struct stack_tree *tree,
		     const struct ends *ends, uint8_t *levels)
{
	bool open[DRAWN_DEPTH + 1] = { false }, begins;
	uint32_t at;

	for (at = stack_tree_after(tree, 0); at; at = stack_tree_after(tree, at)) {
		const struct stack_node *node = &tree->node[at];

		levels[at] = level_of(tree, levels, at);
		begins = node->parent != 0 && levels[at] != levels[node->parent];
		if (begins)
			open[levels[at]] = node->next != 0;
		grid_begin(grid);
		phrase_format(&grid->cell[COLUMN_COUNT], "%" PRIu32, node->count);
		phrase_format(&grid->cell[COLUMN_SHARE], "%" PRIu64 " %%",
			      (uint64_t)node->count * 100 / tree->node[0].count);
		add_lines(&grid->cell[COLUMN_FUNCTION], levels[at], begins, open, grid->options->utf8);
		add_function(&grid->cell[COLUMN_FUNCTION], snapshot, node, grid->options->verbose);
		add_who(&grid->cell[COLUMN_WHO], snapshot, &ends[at]);
		grid_row(grid);
	}
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	const struct scene *scene = report->scene;
	struct grid_column columns[COLUMNS] = {
		{ "SAMPLES", true }, { "SHARE", true }, { "FUNCTION", false }, { "ENDS HERE", false },
	};
	struct stack_tree tree;
	struct grid *grid;
	struct ends *ends;
	struct page page;
	uint8_t *levels;
	int r;

	r = stack_tree_build(report, false, &tree);
	if (r < 0)
		return r;
	r = find_ends(report, &tree, &ends);
	if (r < 0)
		return r;
	grid = arena_new(scene->arena, struct grid, 1);
	levels = arena_new(scene->arena, uint8_t, tree.count);
	if (!grid || !levels)
		return -ENOMEM;
	page_init(&page, out, options);
	grid_init(grid, columns, COLUMNS, out, options);
	while (grid_pass(grid))
		add_rows(grid, scene->snapshot, &tree, ends, levels);
	if (grid->rows > 0)
		page_end_line(&page);
	text_gaps(&page, report);
	return page_end(&page);
}

const struct renderer render_stack_tree = { "tree", render };
