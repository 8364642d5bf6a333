/* SPDX-License-Identifier: MIT */
/*
 * wedgecheck's report: the answer in the first ten lines, then the processes and
 * sockets it is about, then what was not seen.
 */
#include <inttypes.h>

#include "text_parts.h"
#include "views.h"
#include "words.h"

enum { SHOWN_WEDGES = 4, SHOWN_OTHERS = 4 };

static bool is_calm(const struct finding *finding)
{
	return finding->verdict == VERDICT_IDLE || finding->verdict == VERDICT_PROGRESSING;
}

/* "also idle: gw0[4977], gw1[4978] and 3 more": what is well needs no more than a name. */
static void put_calm(struct page *page, const struct report *report, enum verdict verdict)
{
	struct phrase phrase;
	uint32_t i, said = 0, more = 0;

	phrase_init(&phrase, page_place(page));
	for (i = 1; i < report->count; i++) {
		const struct finding *finding = &report->findings[i];

		if (finding->verdict != verdict || finding->culprit.at == NO_ROW)
			continue;
		if (said >= SHOWN_OTHERS && !page->options->verbose) {
			more++;
			continue;
		}
		phrase_add(&phrase, said++ > 0 ? ", " : "");
		words_task(&phrase, report->scene->snapshot, finding->culprit);
	}
	if (said == 0)
		return;
	if (more > 0)
		phrase_format(&phrase, " and %" PRIu32 " more", more);
	page_label(page, verdict == VERDICT_IDLE ? "idle" : "progressing");
	page_phrase(page, &phrase);
	page_end_line(page);
}

static void put_findings(struct page *page, const struct report *report)
{
	uint32_t i, more = 0;

	text_finding(page, report, &report->findings[0], true);
	for (i = 1; i < report->count; i++) {
		if (is_calm(&report->findings[i]))
			continue;
		if (i >= SHOWN_WEDGES && !page->options->verbose) {
			more++;
			continue;
		}
		page_end_line(page);
		text_finding(page, report, &report->findings[i], false);
	}
	if (more > 0) {
		page_end_line(page);
		fprintf(page->out, "and %" PRIu32 " more finding%s: --verbose\n", more, more == 1 ? "" : "s");
	}
	put_calm(page, report, VERDICT_IDLE);
	put_calm(page, report, VERDICT_PROGRESSING);
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	bool calm = report->count == 0 || is_calm(&report->findings[0]);
	bool shows_all = (options->verbose || options->all_stacks) && report->scene->snapshot->stacks.count > 0;
	enum view view = options->verbose ? VIEW_WHOLE : VIEW_BRIEF;
	struct page page;
	int r = 0;

	page_init(&page, out, options);
	if (report->count > 0) {
		put_findings(&page, report);
	} else {
		page_words(&page, report->ended ? "nothing left to judge: every target ended by itself" : "nothing to judge");
		text_test(&page, report);
		page_end_line(&page);
	}
	if (!calm || options->verbose) {
		r = view_tree(report, options, view, "\n", out);
		if (r == 0)
			r = view_sockets(report, options, view, "\n", out);
		if (r == 0 && !shows_all)
			text_stacks(&page, report);
		page_end_line(&page);
	}
	if (r == 0 && shows_all)
		r = view_stacks(report, options, out);
	if (r < 0)
		return r;
	text_gaps(&page, report);
	return page_end(&page);
}

const struct renderer render_text = { "text", render };
