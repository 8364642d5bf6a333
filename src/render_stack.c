/* SPDX-License-Identifier: MIT */
/*
 * wedgestack: threads with the same stack together, what they wait for, their frames; with
 * many samples where they go round and what varies below.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "field.h"
#include "stack_view.h"
#include "telling.h"
#include "text_parts.h"
#include "views.h"
#include "words.h"
#include "words_frame.h"

enum { SHOWN_WAITS = 3, SHOWN_NAMES = 4, SHOWN_RUNS = 8, SHOWN_VARIANTS = 8 };

struct sheet {
	struct page page;
	const struct report *report;
	const struct scene *scene;
	const struct snapshot *snapshot;
	const struct stack_tree *tree;
	uint32_t marks;            /* Bit 1 << basis of each mark that stands somewhere. */
};

static void put_phrase_line(struct sheet *sheet, const char *label, const struct phrase *phrase)
{
	page_label(&sheet->page, label);
	page_phrase(&sheet->page, phrase);
	page_end_line(&sheet->page);
}

/* ---- who ------------------------------------------------------------------------- */

/* "4243-4279 4301": tids of one process, in order. */
static void add_tids(struct sheet *sheet, struct phrase *phrase, const struct stack_group *group)
{
	uint32_t i, end, runs = 0;

	for (i = 0; i < group->count; i = end) {
		int32_t first = task_at(sheet->snapshot, group->tasks[i])->tid, last = first;

		for (end = i + 1; end < group->count; end++, last++)
			if (task_at(sheet->snapshot, group->tasks[end])->tid != last + 1)
				break;
		if (runs++ == SHOWN_RUNS && !sheet->page.options->verbose) {
			phrase_format(phrase, " and %" PRIu32 " more", group->count - i);
			return;
		}
		phrase_format(phrase, last > first ? " %" PRId32 "-%" PRId32 : " %" PRId32, first, last);
	}
}

static void add_names(struct sheet *sheet, struct phrase *phrase, const struct stack_group *group)
{
	uint32_t i;

	for (i = 0; i < group->count; i++) {
		if (i == SHOWN_NAMES && group->count > SHOWN_NAMES + 1 && !sheet->page.options->verbose) {
			phrase_format(phrase, " and %" PRIu32 " more", group->count - i);
			return;
		}
		phrase_add(phrase, i > 0 ? ", " : " ");
		words_task(phrase, sheet->snapshot, group->tasks[i]);
	}
}

static bool of_one_process(const struct sheet *sheet, const struct stack_group *group)
{
	uint32_t i;

	for (i = 1; i < group->count; i++)
		if (task_at(sheet->snapshot, group->tasks[i])->process.at !=
		    task_at(sheet->snapshot, group->tasks[0])->process.at)
			return false;
	return true;
}

static void put_who(struct sheet *sheet, const struct stack_group *group)
{
	struct phrase phrase;

	phrase_init(&phrase, page_place(&sheet->page));
	if (group->count == 1) {
		words_task(&phrase, sheet->snapshot, group->tasks[0]);
	} else {
		phrase_format(&phrase, "%" PRIu32 " threads", group->count);
		if (of_one_process(sheet, group)) {
			phrase_add(&phrase, " of ");
			words_process(&phrase, sheet->snapshot, task_at(sheet->snapshot, group->tasks[0])->process);
			phrase_add(&phrase, ":");
			add_tids(sheet, &phrase, group);
		} else {
			phrase_add(&phrase, ":");
			add_names(sheet, &phrase, group);
		}
	}
	page_style(&sheet->page, STYLE_BOLD);
	page_phrase(&sheet->page, &phrase);
	page_style(&sheet->page, STYLE_PLAIN);
	page_end_line(&sheet->page);
}

/* ---- for what --------------------------------------------------------------------- */

/* The one node that can end the wait, a hub with one member opened; NO_ROW: there are more, or none. */
static uint32_t only_waker(const struct graph *graph, const struct edge *edge)
{
	uint32_t node, whole;

	if (edge->wakers != 1)
		return NO_ROW;
	node = graph->waker[edge->first_waker].at;
	if (node < graph->tasks + graph->processes)
		return node;
	whole = node - graph->tasks;
	if (graph->first_member[whole + 1] - graph->first_member[whole] != 1)
		return NO_ROW;
	return graph->member[graph->first_member[whole]].at;
}

/* Who can end the wait, where the graph knows just one, and words_call() does not name it. */
static void add_waker(struct sheet *sheet, struct phrase *phrase, struct task_ix task)
{
	const struct graph *graph = sheet->report->graph;
	const struct edge *edge;
	uint32_t waker;

	if (!graph || graph->first_edge[task.at + 1] - graph->first_edge[task.at] != 1)
		return;
	edge = &graph->edge[graph->first_edge[task.at]];
	if (edge->outside || edge->in_set || edge->channel == CHANNEL_CHILD || edge->channel == CHANNEL_VFORK)
		return;
	waker = only_waker(graph, edge);
	if (waker < graph->tasks && waker != task.at) {
		phrase_add(phrase, "; for ");
		words_task(phrase, sheet->snapshot, (struct task_ix){ waker });
	} else if (waker >= graph->tasks && waker < graph->tasks + graph->processes &&
		   waker - graph->tasks != task_at(sheet->snapshot, task)->process.at) {
		phrase_add(phrase, "; for ");
		words_process(phrase, sheet->snapshot, (struct process_ix){ waker - graph->tasks });
	}
}

static void add_wait(struct sheet *sheet, struct phrase *phrase, struct task_ix task)
{
	if (!words_call(phrase, sheet->scene, task))
		phrase_add(phrase, "not known");
	add_waker(sheet, phrase, task);
}

static const char *wait_label(const struct sheet *sheet, struct task_ix task)
{
	if (task_suspended(sheet->scene, task))
		return "stopped in";
	return task_blocked(sheet->scene, task) ? "waits" : "runs";
}

struct wait { struct phrase *phrase; struct task_ix first; uint32_t count; };

/* What the threads of a group are in, each thing once. */
static int put_waits(struct sheet *sheet, const struct stack_group *group)
{
	struct wait waits[SHOWN_WAITS] = { 0 };
	uint32_t i, w, known = 0, others = 0;
	struct phrase phrase;

	for (i = 0; i < group->count; i++) {
		phrase_init(&phrase, page_place(&sheet->page));
		add_wait(sheet, &phrase, group->tasks[i]);
		for (w = 0; w < known; w++)
			if (waits[w].phrase->length == phrase.length &&
			    memcmp(waits[w].phrase->text, phrase.text, phrase.length) == 0)
				break;
		if (w == known && known == SHOWN_WAITS) {
			others++;
			continue;
		}
		if (w == known) {
			waits[w].phrase = arena_new(sheet->scene->arena, struct phrase, 1);
			if (!waits[w].phrase)
				return -ENOMEM;
			*waits[w].phrase = phrase;
			waits[w].first = group->tasks[i];
			known++;
		}
		waits[w].count++;
	}
	for (w = 0; w < known; w++) {
		phrase_init(&phrase, page_place(&sheet->page));
		if (known > 1 && waits[w].count > 1)
			phrase_format(&phrase, "%" PRIu32, waits[w].count);
		else if (known > 1)
			words_task(&phrase, sheet->snapshot, waits[w].first);
		phrase_add(&phrase, known > 1 ? " in " : "");
		phrase_escaped(&phrase, waits[w].phrase);
		if (w + 1 == known && others > 0)
			phrase_format(&phrase, "; %" PRIu32 " in others", others);
		put_phrase_line(sheet, w == 0 ? wait_label(sheet, group->tasks[0]) : "", &phrase);
	}
	return 0;
}

/* ---- where ------------------------------------------------------------------------ */

static void put_frame(struct sheet *sheet, const char *label, struct frame_ix frame)
{
	const struct render_options *options = sheet->page.options;
	unsigned columns = options->verbose || options->columns <= PAGE_INDENT ? 0 : options->columns - PAGE_INDENT;
	enum frame_basis basis = frame_at(sheet->snapshot, frame)->basis;
	struct phrase phrase;

	phrase_init(&phrase, page_place(&sheet->page));
	words_frame(&phrase, sheet->snapshot, frame, columns, options->verbose);
	if (basis_words(basis))
		sheet->marks |= UINT32_C(1) << basis;
	/* A line a frame, whatever is in it. */
	page_label(&sheet->page, label);
	phrase_put(&phrase, sheet->page.out);
	page_end_line(&sheet->page);
}

static void put_frames(struct sheet *sheet, const char *label, struct frame_ix innermost)
{
	struct frame_ix at;
	uint32_t depth = 0;

	for (at = innermost; at.at != NO_ROW && depth < BOUND_STACK_DEPTH; at = frame_at(sheet->snapshot, at)->caller) {
		put_frame(sheet, depth == 0 ? label : "", at);
		depth++;
	}
}

static void put_words_line(struct sheet *sheet, const char *label, const char *words)
{
	page_label(&sheet->page, label);
	page_words(&sheet->page, words);
	page_end_line(&sheet->page);
}

static void put_end(struct sheet *sheet, const struct stack *stack)
{
	const char *words = end_words(stack->ends);

	if (words)
		put_words_line(sheet, "", words);
}

/* Functions from the leaf out to, not including, stop: "memcpy < parse". */
static void add_path(struct sheet *sheet, struct phrase *phrase, uint32_t leaf, uint32_t stop)
{
	uint32_t at;

	for (at = leaf; at && at != stop; at = sheet->tree->node[at].parent) {
		phrase_add(phrase, at == leaf ? "" : " < ");
		words_function(phrase, sheet->snapshot, frame_at(sheet->snapshot, sheet->tree->node[at].frame)->site);
	}
	if (leaf != stop || stop == 0)
		return;
	words_function(phrase, sheet->snapshot, frame_at(sheet->snapshot, sheet->tree->node[stop].frame)->site);
	phrase_add(phrase, " itself");
}

/* What all variants have in common: their innermost common node. */
static uint32_t common_node(const struct stack_tree *tree, const struct stack_group *group)
{
	uint32_t common = group->variants[0].leaf, at, i;

	for (i = 1; i < group->variant_count; i++) {
		at = group->variants[i].leaf;
		while (at != common) {
			if (tree->node[at].depth >= tree->node[common].depth)
				at = tree->node[at].parent;
			else
				common = tree->node[common].parent;
		}
	}
	return common;
}

/* Below what is common to all samples: how often they ended where. */
static void put_variants(struct sheet *sheet, const struct stack_group *group, uint32_t common)
{
	struct phrase phrase;
	uint32_t i, rest = 0;

	for (i = 0; i < group->variant_count; i++) {
		if (i >= SHOWN_VARIANTS && !sheet->page.options->verbose) {
			rest += group->variants[i].count;
			continue;
		}
		phrase_init(&phrase, page_place(&sheet->page));
		phrase_format(&phrase, "%" PRIu32 " of %" PRIu32 " ", group->variants[i].count, group->samples);
		add_path(sheet, &phrase, group->variants[i].leaf, common);
		put_phrase_line(sheet, i == 0 ? "varies" : "", &phrase);
	}
	if (rest == 0)
		return;
	phrase_init(&phrase, page_place(&sheet->page));
	phrase_format(&phrase, "%" PRIu32 " of %" PRIu32 " elsewhere below: --tree", rest, group->samples);
	put_phrase_line(sheet, "", &phrase);
}

static void put_loop(struct sheet *sheet, const struct stack_group *group)
{
	struct site_ix site = frame_at(sheet->snapshot, group->loop)->site;
	uint32_t node = sheet->tree->of_frame[group->loop.at];
	struct phrase phrase;

	phrase_init(&phrase, page_place(&sheet->page));
	words_function(&phrase, sheet->snapshot, site);
	words_place(&phrase, sheet->snapshot, site, sheet->page.options->verbose);
	phrase_format(&phrase, "; it is in all %" PRIu32 " samples", group->samples);
	put_phrase_line(sheet, "loops in", &phrase);
	if (group->variant_count > 1 || group->variants[0].leaf != node)
		put_variants(sheet, group, node);
	if (frame_at(sheet->snapshot, group->loop)->caller.at != NO_ROW)
		put_frames(sheet, "under", frame_at(sheet->snapshot, group->loop)->caller);
}

static int put_group(struct sheet *sheet, const struct stack_group *group)
{
	int r;

	put_who(sheet, group);
	if (!group->stack) {
		put_words_line(sheet, "no stack", group->dead ? "it ended" : group->kernel ? "a thread of the kernel" :
			       no_stack_words(group->sight));
		return group->dead ? 0 : put_waits(sheet, group);
	}
	r = put_waits(sheet, group);
	if (r < 0)
		return r;
	if (group->loop.at != NO_ROW) {
		put_loop(sheet, group);
	} else {
		put_frames(sheet, "stack", group->stack->innermost);
		if (group->variant_count > 1)
			put_variants(sheet, group, common_node(sheet->tree, group));
	}
	put_end(sheet, group->stack);
	return 0;
}

/* ---- the end ---------------------------------------------------------------------- */

static void put_marks(struct sheet *sheet)
{
	struct phrase phrase;
	unsigned basis;

	if (sheet->marks == 0)
		return;
	phrase_init(&phrase, page_place(&sheet->page));
	for (basis = 0; basis < 32; basis++) {
		if (!(sheet->marks & UINT32_C(1) << basis))
			continue;
		phrase_add(&phrase, phrase.length > 0 ? "; " : "");
		phrase_add(&phrase, basis_mark(basis));
		phrase_add(&phrase, " ");
		phrase_add(&phrase, basis_words(basis));
	}
	put_phrase_line(sheet, "marks", &phrase);
}

/* brief: threads of which no stack was taken are left out. */
static int put_groups(const struct report *report, const struct render_options *options, bool flat, bool brief,
		      FILE *out)
{
	struct sheet sheet = { .report = report, .scene = report->scene, .snapshot = report->scene->snapshot };
	struct stack_group *groups;
	struct stack_tree tree;
	uint32_t count, i;
	int r;

	r = stack_tree_build(report, false, &tree);
	if (r == 0)
		r = stack_groups(report, &tree, flat, &groups, &count);
	if (r < 0)
		return r;
	sheet.tree = &tree;
	page_init(&sheet.page, out, options);
	for (i = 0; i < count && r == 0; i++) {
		if (brief && !groups[i].stack)
			continue;
		r = put_group(&sheet, &groups[i]);
		page_end_line(&sheet.page);
	}
	if (r < 0)
		return r;
	put_marks(&sheet);
	return 0;
}

int view_stacks(const struct report *report, const struct render_options *options, FILE *out)
{
	return put_groups(report, options, false, true, out);
}

static int render_sheet(const struct report *report, const struct render_options *options, bool flat, FILE *out)
{
	struct page page;
	int r;

	r = put_groups(report, options, flat, false, out);
	if (r < 0)
		return r;
	page_init(&page, out, options);
	text_gaps(&page, report);
	return page_end(&page);
}

static int render_grouped(const struct report *report, const struct render_options *options, FILE *out)
{
	return render_sheet(report, options, false, out);
}

static int render_flat(const struct report *report, const struct render_options *options, FILE *out)
{
	return render_sheet(report, options, true, out);
}

const struct renderer render_stack = { "text", render_grouped };
const struct renderer render_stack_flat = { "flat", render_flat };
