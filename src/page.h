/* SPDX-License-Identifier: MIT */
/*
 * Lines of a text report: a label, then words that flow into the width there is, with
 * the label's indent.  Lines are broken at blanks only, so no escape and no number is.
 */
#ifndef PAGE_H
#define PAGE_H

#include <stdio.h>

#include "phrase.h"
#include "render.h"

enum { PAGE_INDENT = 11 };        /**< Columns before the words: "  culprit  ". */

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };

struct page {
	FILE *out;
	const struct render_options *options;
	unsigned column;          /**< Of the line at hand; 0: nothing on it yet. */
	unsigned blanks;          /**< Due before the next word, unless the line is broken there. */
};

void page_init(struct page *page, FILE *out, const struct render_options *options);
enum place page_place(const struct page *page);
/** Begin a line with a label; "" for one that goes on with what was labelled last. */
void page_label(struct page *page, const char *label);
/** Words go on the line, or on the next one where they do not fit. */
void page_phrase(struct page *page, const struct phrase *phrase);
void page_words(struct page *page, const char *words); /**< Of our own. */
void page_style(struct page *page, enum style style);
/** Blanks up to a column, at least two. */
void page_tab(struct page *page, unsigned column);
void page_end_line(struct page *page);
/** Flush; 0 or -errno of the stream. */
int page_end(struct page *page);

#endif
