/* SPDX-License-Identifier: MIT */
/*
 * Stacks in wedgecheck's report: a few frames of the culprit and of those who wait for it, from
 * the one that tells most outwards.  Whole ones are in render_stack.c.
 */
#include <inttypes.h>

#include "telling.h"
#include "text_parts.h"
#include "words.h"
#include "words_frame.h"

enum { SHOWN_TASKS = 4, SHOWN_OF_CULPRIT = 5, SHOWN_OF_OTHERS = 3 };

struct shelf {
	struct page *page;
	const struct report *report;
	struct task_ix shown[SHOWN_TASKS];
	uint32_t count;
	uint32_t marks;           /* Bit 1 << basis of each mark that stands somewhere. */
};

/* Frames below this part of the code are passed over: thread starts, wrappers, what an interpreter is made of. */
static enum site_part least_part(const struct scene *scene, struct frame_ix telling)
{
	return (enum site_part)scene->site_part[frame_at(scene->snapshot, telling)->site.at];
}

static void put_line(struct page *page, const struct phrase *phrase)
{
	page_label(page, "");
	page_words(page, "  ");
	page_phrase(page, phrase);
}

static void put_frame(struct shelf *shelf, struct frame_ix frame)
{
	const unsigned columns = shelf->page->options->columns, before = PAGE_INDENT + 2;
	const struct snapshot *snapshot = shelf->report->scene->snapshot;
	struct phrase phrase;

	phrase_init(&phrase, page_place(shelf->page));
	words_frame(&phrase, snapshot, frame, columns > before ? columns - before : 0, false);
	put_line(shelf->page, &phrase);
	if (basis_words(frame_at(snapshot, frame)->basis))
		shelf->marks |= UINT32_C(1) << frame_at(snapshot, frame)->basis;
}

static void put_frames(struct shelf *shelf, struct frame_ix telling, uint32_t most)
{
	const struct scene *scene = shelf->report->scene;
	const enum site_part least = least_part(scene, telling);
	struct frame_ix at = telling;
	uint32_t said = 0, more = 0;
	struct phrase phrase;

	for (; at.at != NO_ROW; at = frame_at(scene->snapshot, at)->caller) {
		if ((enum site_part)scene->site_part[frame_at(scene->snapshot, at)->site.at] < least)
			continue;
		if (said == most) {
			more++;
			continue;
		}
		said++;
		put_frame(shelf, at);
	}
	if (more == 0)
		return;
	phrase_init(&phrase, page_place(shelf->page));
	phrase_format(&phrase, "%" PRIu32 " more", more);
	put_line(shelf->page, &phrase);
}

static void put_marks(struct shelf *shelf)
{
	struct phrase phrase;
	unsigned basis;

	for (basis = 0; basis < 32; basis++) {
		if (!(shelf->marks & UINT32_C(1) << basis))
			continue;
		phrase_init(&phrase, page_place(shelf->page));
		phrase_add(&phrase, basis_mark((enum frame_basis)basis));
		phrase_add(&phrase, " ");
		phrase_add(&phrase, basis_words((enum frame_basis)basis));
		page_label(shelf->page, "");
		page_phrase(shelf->page, &phrase);
	}
}

/* The one shown already whose stack is the same; NO_ROW: there is none. */
static struct task_ix same_stack(const struct shelf *shelf, struct frame_ix innermost)
{
	uint32_t i;

	for (i = 0; i < shelf->count; i++)
		if (newest_stack(shelf->report->scene, shelf->shown[i])->innermost.at == innermost.at)
			return shelf->shown[i];
	return (struct task_ix){ NO_ROW };
}

/* What it is in was said of culprits and victims, not of others. */
static void put_task(struct shelf *shelf, struct task_ix task, uint32_t most, bool says_call)
{
	const struct scene *scene = shelf->report->scene;
	struct frame_ix telling;
	struct phrase phrase;
	struct task_ix same;
	size_t length;
	uint32_t i;

	if (task.at == NO_ROW || shelf->count == SHOWN_TASKS)
		return;
	for (i = 0; i < shelf->count; i++)
		if (shelf->shown[i].at == task.at)
			return;
	telling = task_telling(scene, task, NULL);
	if (telling.at == NO_ROW)
		return;
	same = same_stack(shelf, newest_stack(scene, task)->innermost);
	if (shelf->count == 0)
		page_end_line(shelf->page); /* below a blank line */
	page_label(shelf->page, shelf->count == 0 ? "stack" : "");
	phrase_init(&phrase, page_place(shelf->page));
	words_task(&phrase, scene->snapshot, task);
	length = phrase.length;
	phrase_add(&phrase, " in ");
	if (!says_call || !words_call(&phrase, scene, task))
		phrase_back(&phrase, length);
	if (same.at != NO_ROW) {
		phrase_add(&phrase, ", the same as ");
		words_task(&phrase, scene->snapshot, same);
	}
	page_phrase(shelf->page, &phrase);
	shelf->shown[shelf->count++] = task;
	if (same.at == NO_ROW)
		put_frames(shelf, telling, most);
}

/* Where the chain passes through it; else its first thread that has a stack. */
static void put_victim(struct shelf *shelf, const struct finding *finding, struct process_ix victim)
{
	const struct scene *scene = shelf->report->scene;
	const struct span *tasks = &scene->process_tasks[victim.at];
	struct task_ix task;
	uint32_t i;

	for (i = 0; i < finding->chain_count; i++) {
		task = finding->chain[i]->from;
		if (task_at(scene->snapshot, task)->process.at == victim.at
		    && task_telling(scene, task, NULL).at != NO_ROW) {
			put_task(shelf, task, SHOWN_OF_OTHERS, false);
			return;
		}
	}
	for (i = 0; i < tasks->count; i++) {
		task.at = scene->task_order[tasks->first + i];
		if (task_telling(scene, task, NULL).at != NO_ROW) {
			put_task(shelf, task, SHOWN_OF_OTHERS, false);
			return;
		}
	}
}

/* One of its own threads is to wake it: what are they at? */
static void put_threads_beside(struct shelf *shelf, struct task_ix culprit)
{
	const struct scene *scene = shelf->report->scene;
	const struct span *tasks = &scene->process_tasks[task_at(scene->snapshot, culprit)->process.at];
	uint32_t i;

	for (i = 0; i < tasks->count; i++)
		put_task(shelf, (struct task_ix){ scene->task_order[tasks->first + i] }, SHOWN_OF_OTHERS, true);
}

static bool is_calm(const struct finding *finding)
{
	return finding->verdict == VERDICT_IDLE || finding->verdict == VERDICT_PROGRESSING;
}

void text_stacks(struct page *page, const struct report *report)
{
	const struct finding *finding, *end = report->findings + report->count;
	struct shelf shelf = { .page = page, .report = report };
	uint32_t i;

	for (finding = report->findings; finding < end; finding++)
		if (!is_calm(finding))
			put_task(&shelf, finding->culprit, SHOWN_OF_CULPRIT, false);
	for (finding = report->findings; finding < end; finding++) {
		for (i = 0; i < finding->cycle_count; i++)
			put_task(&shelf, finding->cycle[i], SHOWN_OF_OTHERS, false);
		for (i = 0; !is_calm(finding) && i < finding->victim_count; i++)
			put_victim(&shelf, finding, finding->victims[i]);
	}
	for (finding = report->findings; finding < end; finding++)
		if (!is_calm(finding) && finding->culprit.at != NO_ROW)
			put_threads_beside(&shelf, finding->culprit);
	put_marks(&shelf);
	if (shelf.count > 0)
		page_end_line(page);
}
