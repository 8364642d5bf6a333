/* SPDX-License-Identifier: MIT */
/* The process tree as a table: age, state, CPU, threads, and what each process waits in. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "grid.h"
#include "views.h"
#include "words.h"

enum { DRAWN_DEPTH = 32 };        /* Deeper ones are not drawn further in. */

/* ---- order ------------------------------------------------------------------ */

struct walk {
	const struct report *report;
	struct tree_row *rows;
	uint32_t count;
	uint8_t *shown;           /* 1: to be shown; 2: is. */
};

static bool is_in_tree(const struct report *report, struct process_ix process)
{
	return process_at(report->scene->snapshot, process)->flags & PROCESS_IN_TREE;
}

/* Children of a row, in order, and which is the last; rows are appended behind it by walk_below(). */
static uint32_t children_of(const struct walk *walk, struct process_ix process, struct process_ix *ret, uint32_t limit)
{
	const struct scene *scene = walk->report->scene;
	struct span span = scene->process_children[process.at];
	struct process_ix child;
	uint32_t i, count = 0;

	for (i = 0; i < span.count && count < limit; i++) {
		child.at = scene->child_order[span.first + i];
		if (walk->shown[child.at] == 1)
			ret[count++] = child;
	}
	return count;
}

/*
 * Depth first, without recursion: stack holds rows still to come, the next one on
 * top.  A row leaves the stack once, so it never grows past the number of rows.
 */
static void walk_below(struct walk *walk, struct process_ix root, struct tree_row *stack, struct process_ix *scratch)
{
	uint32_t depth = 0, top = 0, count, i;

	stack[top++] = (struct tree_row){ root, 0, true };
	walk->shown[root.at] = 2;
	while (top > 0) {
		struct tree_row row = stack[--top];

		walk->rows[walk->count++] = row;
		depth = row.depth + 1;
		count = children_of(walk, row.process, scratch, UINT32_MAX);
		for (i = count; i > 0; i--) {
			walk->shown[scratch[i - 1].at] = 2;
			stack[top++] = (struct tree_row){ scratch[i - 1], depth, i == count };
		}
	}
}

int tree_rows(const struct report *report, struct tree_row **ret, uint32_t *count)
{
	const struct scene *scene = report->scene;
	uint32_t all = scene->snapshot->processes.count, i;
	struct process_ix parent, *scratch;
	struct walk walk = { .report = report };
	struct tree_row *stack;

	walk.rows = arena_new(scene->arena, struct tree_row, all + 1);
	stack = arena_new(scene->arena, struct tree_row, all + 1);
	scratch = arena_new(scene->arena, struct process_ix, all + 1);
	walk.shown = arena_new(scene->arena, uint8_t, all + 1);
	if (!walk.rows || !stack || !scratch || !walk.shown)
		return -ENOMEM;
	for (i = 0; i < report->processes; i++)
		if (is_in_tree(report, report->order[i]))
			walk.shown[report->order[i].at] = 1;
	for (i = 0; i < report->processes; i++) {
		parent = scene_parent(scene, report->order[i]);
		if (walk.shown[report->order[i].at] == 1 && (parent.at == NO_ROW || walk.shown[parent.at] == 0))
			walk_below(&walk, report->order[i], stack, scratch);
	}
	/* A hostile snapshot may hold circles of parents. */
	for (i = 0; i < report->processes; i++)
		if (walk.shown[report->order[i].at] == 1)
			walk_below(&walk, report->order[i], stack, scratch);
	*ret = walk.rows;
	*count = walk.count;
	return 0;
}

/* ---- what a line says --------------------------------------------------------- */

int64_t process_age_ms(const struct snapshot *snapshot, struct process_ix process)
{
	int64_t start = process_at(snapshot, process)->start_ticks, boot = snapshot->host.at[LOOK_T0].boot_ns;
	int64_t hz = snapshot->host.user_hz, age;

	if (start == UNSEEN || boot == UNSEEN || hz <= 0)
		return UNSEEN;
	age = boot / 1000000 - (start / hz * 1000 + start % hz * 1000 / hz);
	return age < 0 ? 0 : age;
}

int32_t process_cpu_permille(const struct scene *scene, struct process_ix process)
{
	struct span span = scene->process_tasks[process.at];
	int32_t sum = -1, one;
	uint32_t i;

	for (i = 0; i < span.count; i++) {
		one = task_cpu_permille(scene, (struct task_ix){ scene->task_order[span.first + i] });
		if (one >= 0)
			sum = (sum < 0 ? 0 : sum) + one;
	}
	return sum;
}

char process_state(const struct scene *scene, struct process_ix process)
{
	struct task_ix leader = scene_leader(scene, process);

	if (leader.at == NO_ROW)
		return 0;
	return task_at(scene->snapshot, leader)->at[task_last_look(scene->snapshot, leader)].state;
}

bool process_is_gone(const struct snapshot *snapshot, struct process_ix process)
{
	return process_at(snapshot, process)->at[LOOK_T1].sight == SIGHT_GONE;
}

/* Some task of its parent waits for it to end. */
static bool parent_waits(const struct report *report, struct process_ix process)
{
	const struct scene *scene = report->scene;
	struct process_ix parent = scene_parent(scene, process);
	struct span span;
	uint32_t i, at;

	if (parent.at == NO_ROW || !report->graph)
		return false;
	span = scene->process_tasks[parent.at];
	for (i = 0; i < span.count; i++) {
		uint32_t task = scene->task_order[span.first + i];

		for (at = report->graph->first_edge[task]; at < report->graph->first_edge[task + 1]; at++)
			if (report->graph->edge[at].channel == CHANNEL_CHILD)
				return true;
	}
	return false;
}

/* Nothing that lives will wake its parent, and it has been there for half of its parent's life. */
static bool outlives_stuck_parent(const struct report *report, struct process_ix process)
{
	const struct scene *scene = report->scene;
	struct process_ix parent = scene_parent(scene, process);
	struct task_ix leader;
	int64_t age, parent_age;

	if (parent.at == NO_ROW || !report->graph || !is_in_tree(report, parent))
		return false;
	leader = scene_leader(scene, parent);
	if (leader.at == NO_ROW || report->graph->does_wake[leader.at] != LIFE_CLOSED)
		return false;
	age = process_age_ms(scene->snapshot, process);
	parent_age = process_age_ms(scene->snapshot, parent);
	return age != UNSEEN && parent_age != UNSEEN && age >= parent_age / 2;
}

static void add_mark(struct phrase *phrase, const char *mark)
{
	phrase_add(phrase, phrase->length > 0 ? ", " : "");
	phrase_add(phrase, mark);
}

static void add_exit(struct phrase *phrase, int64_t wait_status)
{
	size_t length = phrase->length;

	phrase_add(phrase, " ");
	if (!words_exit(phrase, wait_status))
		phrase_back(phrase, length);
}

static void add_marks(struct phrase *phrase, const struct report *report, struct process_ix process)
{
	const struct process *it = process_at(report->scene->snapshot, process);
	const struct process_note *note = &report->notes[process.at];

	if (report->judged && note->role != REPORT_BYSTANDER)
		add_mark(phrase, report_role_names[note->role]);
	if (process_state(report->scene, process) == 'Z') {
		add_mark(phrase, "zombie");
		add_exit(phrase, it->exit_status);
	} else if (process_is_gone(report->scene->snapshot, process)) {
		add_mark(phrase, "gone");
	}
	if (it->flags & PROCESS_EXECED)
		add_mark(phrase, "new program");
	if (it->joined == JOINED_SESSION || it->joined == JOINED_GROUP || it->joined == JOINED_MARKER)
		add_mark(phrase, "orphan");
	if (process_state(report->scene, process) != 'Z') {
		if (outlives_stuck_parent(report, process))
			add_mark(phrase, "parent stuck");
		else if (parent_waits(report, process))
			add_mark(phrase, "awaited");
	}
	if (it->joined == JOINED_HOLDER)
		add_mark(phrase, "outside, holder");
	else if (it->joined == JOINED_TRACER)
		add_mark(phrase, "outside, tracer");
	else if (it->joined == JOINED_PARENT)
		add_mark(phrase, "outside, parent");
}

/* ---- drawing -------------------------------------------------------------------- */

enum { COLUMN_NAME, COLUMN_AGE, COLUMN_STATE, COLUMN_CPU, COLUMN_THREADS, COLUMN_MARKS, COLUMN_CALL, COLUMNS };
static const struct grid_column columns[COLUMNS] = {
	{ "PROCESS", false }, { "AGE", true }, { "STATE", false }, { "CPU", true }, { "THREADS", true },
	{ "MARKS", false }, { "CALL", false },
};

/* open[d]: a row of depth d still has siblings to come. */
static void add_lines(struct phrase *phrase, const struct tree_row *row, bool *open, bool utf8)
{
	uint32_t depth = row->depth < DRAWN_DEPTH ? row->depth : DRAWN_DEPTH, d;

	for (d = 1; d < depth; d++)
		phrase_add(phrase, open[d] ? (utf8 ? "\xe2\x94\x82 " : "| ") : "  ");
	if (depth > 0)
		phrase_add(phrase, row->last ? (utf8 ? "\xe2\x94\x94 " : "` ") : (utf8 ? "\xe2\x94\x9c " : "|-"));
	open[depth] = !row->last;
}

static void add_row(struct grid *grid, const struct report *report, struct process_ix process)
{
	const struct scene *scene = report->scene;
	int64_t age = process_age_ms(scene->snapshot, process);
	int32_t cpu = process_cpu_permille(scene, process);
	char state = process_state(scene, process), text[32];

	words_process(&grid->cell[COLUMN_NAME], scene->snapshot, process);
	if (age != UNSEEN) {
		format_age(age, text, sizeof(text));
		phrase_add(&grid->cell[COLUMN_AGE], text);
	}
	if (state)
		phrase_format(&grid->cell[COLUMN_STATE], "%c", state);
	if (cpu >= 0)
		phrase_format(&grid->cell[COLUMN_CPU], "%" PRId32 " %%", cpu / 10);
	phrase_format(&grid->cell[COLUMN_THREADS], "%" PRIu32, scene->process_tasks[process.at].count);
	add_marks(&grid->cell[COLUMN_MARKS], report, process);
	if (state != 'Z')
		words_call(&grid->cell[COLUMN_CALL], scene, scene_leader(scene, process));
	grid_row(grid);
}

/* Culprits, victims, and who burns or has ended: what a reader of a verdict looks for. */
static bool is_wanted(const struct report *report, struct process_ix process, enum view view)
{
	return view == VIEW_WHOLE || report->notes[process.at].role != REPORT_BYSTANDER ||
	       process_cpu_permille(report->scene, process) >= 100 || process_state(report->scene, process) == 'Z';
}

static void add_tree(struct grid *grid, const struct report *report, const struct tree_row *rows, uint32_t count,
		     enum view view, uint32_t *left_out)
{
	bool open[DRAWN_DEPTH + 1] = { false };
	uint32_t i, shown = 0;

	*left_out = 0;
	for (i = 0; i < count; i++) {
		if (!is_wanted(report, rows[i].process, view) ||
		    (view == VIEW_BRIEF && !grid->options->verbose && shown == BRIEF_PROCESSES)) {
			++*left_out;
			continue;
		}
		shown++;
		grid_begin(grid);
		if (view == VIEW_WHOLE)
			add_lines(&grid->cell[COLUMN_NAME], &rows[i], open, grid->options->utf8);
		add_row(grid, report, rows[i].process);
	}
	for (i = 0; i < report->processes; i++) {
		if (is_in_tree(report, report->order[i]) || !is_wanted(report, report->order[i], view))
			continue;
		grid_begin(grid);
		add_row(grid, report, report->order[i]);
	}
}

int view_tree(const struct report *report, const struct render_options *options, enum view view, const char *before,
	      FILE *out)
{
	uint32_t count, left_out = 0;
	struct tree_row *rows;
	struct grid *grid;
	int r;

	grid = arena_new(report->scene->arena, struct grid, 1);
	if (!grid)
		return -ENOMEM;
	r = tree_rows(report, &rows, &count);
	if (r < 0)
		return r;
	grid_init(grid, columns, COLUMNS, out, options);
	grid->before = before;
	if (view == VIEW_BRIEF)
		grid->indent = "  ";
	while (grid_pass(grid))
		add_tree(grid, report, rows, count, view, &left_out);
	if (left_out > 0 && grid->rows > 0)
		fprintf(out, "  and %" PRIu32 " more, neither culprit nor victim: see wedgetree\n", left_out);
	return 0;
}
