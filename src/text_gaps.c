/* SPDX-License-Identifier: MIT */
/* The end of a text report: what was not seen and how to see it, what looking cost, and by which name to know it again. */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "text_parts.h"
#include "words.h"

enum { SIGNATURE_COLUMN = 54 };

static bool same(const char *one, const char *other)
{
	return one == other || (one && other && strcmp(one, other) == 0);
}

/* Gaps with one reason and one remedy make one line. */
static bool belong_together(const struct gap_words *one, const struct gap_words *other)
{
	return one->minor == other->minor && same(one->because, other->because) && same(one->remedy, other->remedy);
}

/* Does an earlier gap have this reason and remedy? */
static bool has_a_line(const struct report *report, uint32_t which, const struct gap_words *words)
{
	uint32_t i;

	for (i = 0; i < which; i++) {
		struct gap_words other = gap_words(report, &report->gaps[i]);

		if (belong_together(words, &other))
			return true;
	}
	return false;
}

/*
 * The gap that is named next, of those that belong together: the lowest rank from *rank
 * on, which is moved past it.  NULL: no more.
 */
static const struct gap_group *next_gap(const struct report *report, const struct gap_words *words, unsigned *rank)
{
	const struct gap_group *ret = NULL;
	unsigned lowest = UINT_MAX;
	uint32_t i;

	for (i = 0; i < report->gap_count; i++) {
		struct gap_words other = gap_words(report, &report->gaps[i]);

		if (other.rank < *rank || other.rank >= lowest || !belong_together(words, &other))
			continue;
		lowest = other.rank;
		ret = &report->gaps[i];
	}
	*rank = lowest == UINT_MAX ? UINT_MAX : lowest + 1;
	return ret;
}

/* "of feedd[4260]", "of 3 processes": where it is the same for all that the line names. */
static void add_whose(struct phrase *phrase, const struct report *report, uint32_t first, const struct gap_words *words)
{
	const struct gap_group *group = &report->gaps[first];
	uint32_t i;

	for (i = first; i < report->gap_count; i++) {
		struct gap_words other = gap_words(report, &report->gaps[i]);

		if (belong_together(words, &other) && report->gaps[i].process_count != group->process_count)
			return;
	}
	if (group->process_count == 1) {
		phrase_add(phrase, " of ");
		words_process(phrase, report->scene->snapshot, group->processes[0]);
	} else if (group->process_count > 1) {
		phrase_format(phrase, " of %" PRIu32 " processes", group->process_count);
	}
}

static void put_gap_line(struct page *page, const struct report *report, uint32_t first, const struct gap_words *words)
{
	const struct gap_group *gap;
	struct phrase phrase;
	unsigned rank = 0;

	phrase_init(&phrase, page_place(page));
	while ((gap = next_gap(report, words, &rank))) {
		phrase_add(&phrase, phrase.length > 0 ? ", " : "");
		words_missed(&phrase, report, gap);
	}
	add_whose(&phrase, report, first, words);
	phrase_add(&phrase, " (");
	phrase_add(&phrase, words->because);
	phrase_add(&phrase, words->remedy ? "): " : ")");
	if (words->remedy)
		words_add(&phrase, report, NULL, NULL, words->remedy);
	page_label(page, "not seen");
	page_phrase(page, &phrase);
}

static void add_cut(struct phrase *phrase, int64_t count, const char *noun)
{
	if (count <= 0)
		return;
	phrase_add(phrase, phrase->length > 0 ? ", " : "");
	phrase_format(phrase, "%" PRId64 " %s%s", count, noun, count == 1 ? "" : noun[strlen(noun) - 1] == 's' ? "es" : "s");
}

static bool put_cut(struct page *page, const struct cut *cut)
{
	struct phrase phrase;

	phrase_init(&phrase, page_place(page));
	add_cut(&phrase, cut->processes, "process");
	add_cut(&phrase, cut->tasks, "thread");
	add_cut(&phrase, cut->fds, "descriptor");
	add_cut(&phrase, cut->objects, "object");
	add_cut(&phrase, cut->holds, "holder");
	add_cut(&phrase, cut->watches, "watched descriptor");
	add_cut(&phrase, cut->peeks, "memory read");
	add_cut(&phrase, cut->stacks, "stack");
	add_cut(&phrase, cut->cgroups, "control group");
	add_cut(&phrase, cut->followed, "outside process");
	add_cut(&phrase, cut->gaps, "gap");
	if (phrase.length == 0)
		return false;
	phrase_add(&phrase, ": more than our bounds allow");
	page_label(page, "left out");
	page_phrase(page, &phrase);
	return true;
}

/* What somebody who follows the remedy of another gap will see too. */
static bool is_covered(const struct report *report, const struct gap_words *words)
{
	uint32_t i;

	for (i = 0; i < report->gap_count; i++) {
		struct gap_words other = gap_words(report, &report->gaps[i]);

		if (!other.minor && same(words->because, other.because) && same(words->remedy, other.remedy))
			return true;
	}
	return false;
}

/* " but the pressure of the machine": what does not deserve a line of its own. */
static void add_minor(struct phrase *phrase, const struct report *report)
{
	size_t length = phrase->length;
	uint32_t i;

	for (i = 0; i < report->gap_count; i++) {
		struct gap_words words = gap_words(report, &report->gaps[i]);
		const struct gap_group *gap;
		unsigned rank = 0;

		if (!words.minor || has_a_line(report, i, &words) || is_covered(report, &words))
			continue;
		if (report->gaps[i].sight == SIGHT_GONE) { /* which facts of it does not matter */
			phrase_add(phrase, phrase->length > length ? ", " : " but ");
			phrase_add(phrase, "what ended meanwhile");
			continue;
		}
		while ((gap = next_gap(report, &words, &rank))) {
			phrase_add(phrase, phrase->length > length ? ", " : " but ");
			words_missed(phrase, report, gap);
		}
	}
}

/* Too short for the words that ages have. */
static void add_stop(struct phrase *phrase, int64_t ns)
{
	char text[32];

	if (ns < 10000000)
		snprintf(text, sizeof(text), "%" PRId64 ".%03" PRId64 " ms", ns / 1000000, ns / 1000 % 1000);
	else
		format_age(ns / 1000000, text, sizeof(text));
	phrase_tie(phrase, text);
}

void text_gaps(struct page *page, const struct report *report)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	const struct cost *cost = &snapshot->cost;
	struct phrase phrase;
	uint32_t i, lines = 0;
	char text[32];
	bool cut;

	for (i = 0; i < report->gap_count; i++) {
		struct gap_words words = gap_words(report, &report->gaps[i]);

		if (words.minor && !page->options->verbose)
			continue;
		lines++;
		if (!has_a_line(report, i, &words))
			put_gap_line(page, report, i, &words);
	}
	cut = put_cut(page, &snapshot->cut);
	page_label(page, "seen");
	phrase_init(&phrase, page_place(page));
	if (lines > 0 || cut)
		phrase_add(&phrase, "all else");
	else
		phrase_add(&phrase, report->judged ? "everything" : "all of it");
	if (!page->options->verbose)
		add_minor(&phrase, report);
	phrase_add(&phrase, "; ");
	format_age(cost->wall_ns / 1000000, text, sizeof(text));
	phrase_tie(&phrase, text);
	if (cost->threads_stopped == 0) {
		phrase_add(&phrase, "; nothing was stopped");
	} else {
		if (cost->threads_stopped == 1)
			phrase_add(&phrase, "; a thread was stopped once, for ");
		else
			phrase_format(&phrase, "; threads were stopped %" PRId64 " times, for at most ",
				      cost->threads_stopped);
		add_stop(&phrase, cost->longest_stop_ns);
		if (cost->threads_stopped > 1) {
			phrase_add(&phrase, " each, ");
			add_stop(&phrase, cost->total_stop_ns);
			phrase_add(&phrase, " in all");
		}
	}
	page_phrase(page, &phrase);
	if (report->judged && report->count > 0 && *report->findings[0].signature.text) {
		page_tab(page, SIGNATURE_COLUMN);
		page_words(page, report->findings[0].signature.text);
	}
	page_end_line(page);
}
