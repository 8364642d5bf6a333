/* SPDX-License-Identifier: MIT */
/* wedgestate: what each thread is in, and how it fared through the window. */
#include <errno.h>
#include <inttypes.h>

#include "grid.h"
#include "page.h"
#include "text_parts.h"
#include "words.h"

enum {
	COLUMN_PID, COLUMN_TID, COLUMN_COMM, COLUMN_STATE, COLUMN_CPU, COLUMN_DELAY, COLUMN_SWITCHES, COLUMN_SILENT,
	COLUMN_WCHAN, COLUMN_CALL, COLUMNS,
};
static const struct grid_column columns[COLUMNS] = {
	{ "PID", true }, { "TID", true }, { "COMM", false }, { "STATE", false }, { "CPU", true }, { "DELAY", true },
	{ "SWITCHES", true }, { "SILENT", true }, { "WCHAN", false }, { "CALL", false },
};

static void add_percent(struct phrase *phrase, int32_t permille)
{
	if (permille >= 0)
		phrase_format(phrase, "%" PRId32 " %%", permille / 10);
	else
		phrase_add(phrase, "?");
}

/* "12/3": voluntary and involuntary, through the window. */
static void add_switches(struct phrase *phrase, const struct task_look at[LOOKS])
{
	if (at[LOOK_T0].voluntary == UNSEEN || at[LOOK_T1].voluntary == UNSEEN ||
	    at[LOOK_T0].involuntary == UNSEEN || at[LOOK_T1].involuntary == UNSEEN) {
		phrase_add(phrase, "?");
		return;
	}
	phrase_format(phrase, "%" PRId64 "/%" PRId64, at[LOOK_T1].voluntary - at[LOOK_T0].voluntary,
		      at[LOOK_T1].involuntary - at[LOOK_T0].involuntary);
}

static void add_row(struct grid *grid, const struct scene *scene, struct task_ix task)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct task *it = task_at(snapshot, task);
	const struct task_look *seen = &it->at[task_last_look(snapshot, task)];
	char text[32];

	phrase_format(&grid->cell[COLUMN_PID], "%" PRId32, process_at(snapshot, it->process)->pid);
	phrase_format(&grid->cell[COLUMN_TID], "%" PRId32, it->tid);
	phrase_bytes(&grid->cell[COLUMN_COMM], snapshot_bytes(snapshot, it->comm), it->comm.length);
	if (seen->state)
		phrase_format(&grid->cell[COLUMN_STATE], "%c", seen->state);
	else
		phrase_add(&grid->cell[COLUMN_STATE], "?");
	if (it->at[LOOK_T1].stat_sight == SIGHT_GONE)
		phrase_add(&grid->cell[COLUMN_STATE], " gone");
	add_percent(&grid->cell[COLUMN_CPU], task_cpu_permille(scene, task));
	add_percent(&grid->cell[COLUMN_DELAY], task_delay_permille(scene, task));
	add_switches(&grid->cell[COLUMN_SWITCHES], it->at);
	if (seen->silent_ns != UNSEEN) {
		format_age(seen->silent_ns / 1000000, text, sizeof(text));
		phrase_add(&grid->cell[COLUMN_SILENT], text);
	}
	phrase_bytes(&grid->cell[COLUMN_WCHAN], snapshot_bytes(snapshot, seen->wchan), seen->wchan.length);
	if (scene->calls[task_last_look(snapshot, task)][task.at].action != ACTION_NONE || !text_seen(seen->wchan))
		words_call(&grid->cell[COLUMN_CALL], scene, task);
	grid_row(grid);
}

/* Those outside the tree joined for what they hold; their threads are shown when asked for more. */
static void add_all(struct grid *grid, const struct report *report)
{
	const struct scene *scene = report->scene;
	uint32_t i, t;

	for (i = 0; i < report->processes; i++) {
		struct span span = scene->process_tasks[report->order[i].at];

		if (!grid->options->verbose &&
		    !(process_at(scene->snapshot, report->order[i])->flags & PROCESS_IN_TREE))
			continue;
		for (t = 0; t < span.count; t++) {
			grid_begin(grid);
			add_row(grid, scene, (struct task_ix){ scene->task_order[span.first + t] });
		}
	}
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	struct page page;
	struct grid *grid;

	grid = arena_new(report->scene->arena, struct grid, 1);
	if (!grid)
		return -ENOMEM;
	page_init(&page, out, options);
	grid_init(grid, columns, COLUMNS, out, options);
	while (grid_pass(grid))
		add_all(grid, report);
	text_gaps(&page, report);
	return page_end(&page);
}

const struct renderer render_state = { "text", render };
