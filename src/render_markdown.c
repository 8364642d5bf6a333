/* SPDX-License-Identifier: MIT */
/*
 * A summary for a page that shows Markdown: what is wrong as a small table, below it the text report.
 * Whatever came from a target stands in HTML elements in which Markdown means nothing, in <code> or
 * <pre>, where no mention and no link is made of it either; so only < and its kin need escaping.
 *
 * Such a page has an end: what is longer than BOUND_SUMMARY is cut at a line, and this is said.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "cleanup.h"
#include "markup.h"
#include "page.h"
#include "words.h"

enum { SHOWN_FACTS = 3, CLOSING_MOST = 256 };

static void put_row(FILE *out, const char *name, const struct phrase *phrase)
{
	if (phrase->length == 0)
		return;
	fprintf(out, "<tr><th align=\"left\">%s</th><td><code>", name);
	put_markup_phrase(out, phrase);
	fputs_unlocked("</code></td></tr>\n", out);
}

static void add_facts(struct phrase *phrase, const struct report *report, const struct finding *finding)
{
	uint32_t i, said = 0;

	for (i = 0; i < finding->fact_count && said < SHOWN_FACTS; i++) {
		if (finding->facts[i].kind == FACT_STACK || finding->facts[i].kind == FACT_LOOP)
			continue; /* the summary says it */
		phrase_add(phrase, said++ > 0 ? "; " : "");
		words_fact(phrase, report, finding, &finding->facts[i]);
	}
}

/* Who reads it comes too late to keep evidence or to end anything. */
static void add_next(struct phrase *phrase, const struct report *report, const struct finding *finding)
{
	struct advice advice[ADVICE_MOST];
	unsigned count = advice_of(report, finding, advice), i;

	for (i = 0; i < count; i++) {
		if (advice[i].kind != ADVICE_READ && advice[i].kind != ADVICE_MORE_SIGHT)
			continue;
		phrase_add(phrase, phrase->length > 0 ? "; " : "");
		words_advice(phrase, report, finding, &advice[i]);
	}
}

static void put_table(FILE *out, enum place place, const struct report *report)
{
	const struct finding *finding = report->findings;
	struct phrase phrase;

	fputs_unlocked("<table>\n", out);
	phrase_init(&phrase, place);
	announce_test(&phrase, report);
	put_row(out, "test", &phrase);
	phrase_init(&phrase, place);
	words_summary(&phrase, report, finding);
	put_row(out, finding->verdict == VERDICT_UNKNOWN ? "suspect" : "culprit", &phrase);
	phrase_init(&phrase, place);
	add_facts(&phrase, report, finding);
	put_row(out, "why", &phrase);
	phrase_init(&phrase, place);
	if (!words_cycle(&phrase, report, finding))
		words_chain(&phrase, report, finding);
	put_row(out, "waits", &phrase);
	phrase_init(&phrase, place);
	add_next(&phrase, report, finding);
	put_row(out, "next", &phrase);
	phrase_init(&phrase, place);
	phrase_add(&phrase, finding->signature.text);
	put_row(out, "signature", &phrase);
	fputs_unlocked("</table>\n\n", out);
}

/* Whole lines, as long as there is room. */
static void put_lines(FILE *out, const char *text, size_t length, size_t room)
{
	const char *end = text + length, *line_end;
	uint32_t more = 0;
	size_t takes;

	for (; text < end; text = line_end) {
		line_end = memchr(text, '\n', (size_t)(end - text));
		line_end = line_end ? line_end + 1 : end;
		takes = markup_length(text, (size_t)(line_end - text));
		if (more > 0 || takes > room) {
			more++;
			continue;
		}
		put_markup(out, text, (size_t)(line_end - text));
		room -= takes;
	}
	fputs_unlocked("</pre>\n", out);
	if (more > 0)
		fprintf(out, "\n%" PRIu32 " more line%s: the text report has %s.\n", more, more == 1 ? "" : "s",
			more == 1 ? "it" : "them");
}

/* 0, or -errno: what stands before the report. */
static int head_make(const struct report *report, enum place place, char **ret, size_t *ret_length)
{
	struct phrase title;
	FILE *to = open_memstream(ret, ret_length);

	if (!to)
		return -errno;
	phrase_init(&title, place);
	announce_title(&title, report);
	fputs_unlocked("### ", to);
	phrase_put(&title, to);
	if (report->count > 0 && report->findings[0].verdict != VERDICT_UNKNOWN)
		fprintf(to, " (%s)", certainty_names[report->findings[0].certainty]);
	fputs_unlocked("\n\n", to);
	if (report->count > 0)
		put_table(to, place, report);
	fputs_unlocked("<pre>\n", to);
	return fclose(to) != 0 ? -errno : 0;
}

static int text_make(const struct report *report, const struct render_options *options, char **ret, size_t *ret_length)
{
	struct render_options plain = *options;
	FILE *to = open_memstream(ret, ret_length);
	int r;

	if (!to)
		return -errno;
	plain.color = false;
	r = render_text.render(report, &plain, to);
	return fclose(to) != 0 && r == 0 ? -errno : r;
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	_cleanup_free_ char *head = NULL, *text = NULL;
	size_t head_length = 0, text_length = 0;
	struct page page;
	int r;

	page_init(&page, out, options);
	r = head_make(report, page_place(&page), &head, &head_length);
	if (r == 0)
		r = text_make(report, options, &text, &text_length);
	if (r < 0)
		return r;
	fwrite_unlocked(head, 1, head_length, out);
	put_lines(out, text, text_length, BOUND_SUMMARY - CLOSING_MOST - head_length);
	return page_end(&page);
}

const struct renderer render_markdown = { "markdown", render };
