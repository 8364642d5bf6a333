/* SPDX-License-Identifier: MIT */
/* Filling lines of a text report. */
#include "page.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

void page_init(struct page *page, FILE *out, const struct render_options *options)
{
	*page = (struct page){ .out = out, .options = options };
}

enum place page_place(const struct page *page)
{
	return page->options->utf8 ? PLACE_TERMINAL : PLACE_ASCII;
}

static void put_blanks(struct page *page, unsigned count)
{
	page->column += count;
	while (count-- > 0)
		putc_unlocked(' ', page->out);
}

void page_end_line(struct page *page)
{
	putc_unlocked('\n', page->out);
	page->column = 0;
	page->blanks = 0;
}

void page_label(struct page *page, const char *label)
{
	if (page->column > 0)
		page_end_line(page);
	put_blanks(page, 2);
	fputs_unlocked(label, page->out);
	page->column += (unsigned)strlen(label);
	put_blanks(page, page->column < PAGE_INDENT - 1 ? PAGE_INDENT - page->column : 1);
}

static void put_word(struct page *page, const char *word, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		putc_unlocked(word[i] == PHRASE_TIE ? ' ' : word[i], page->out);
	page->column += (unsigned)text_columns(word, length);
}

static void put_flowing(struct page *page, const char *text, size_t length)
{
	unsigned columns = page->options->columns, blanks;
	size_t at = 0, end;

	while (at < length) {
		for (blanks = page->blanks; at < length && text[at] == ' '; at++)
			blanks++;
		page->blanks = 0;
		if (at == length) {
			page->blanks = blanks;
			return;
		}
		for (end = at; end < length && text[end] != ' '; end++)
			;
		if (blanks > 0 && columns > 0 && page->column > PAGE_INDENT &&
		    page->column + blanks + text_columns(text + at, end - at) > columns) {
			page_end_line(page);
			blanks = PAGE_INDENT;
		}
		put_blanks(page, blanks);
		put_word(page, text + at, end - at);
		at = end;
	}
}

void page_phrase(struct page *page, const struct phrase *phrase)
{
	put_flowing(page, phrase->text, phrase->length);
}

void page_words(struct page *page, const char *words)
{
	put_flowing(page, words, strlen(words));
}

void page_style(struct page *page, enum style style)
{
	static const char *const codes[] = {
		[STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m", [STYLE_RED] = "\033[1;31m",
		[STYLE_YELLOW] = "\033[1;33m", [STYLE_GREEN] = "\033[1;32m",
	};

	if (page->options->color)
		fputs_unlocked(codes[style], page->out);
}

void page_tab(struct page *page, unsigned column)
{
	page->blanks = page->column + 2 > column ? 2 : column - page->column;
}

int page_end(struct page *page)
{
	if (page->column > 0)
		page_end_line(page);
	if (fflush(page->out) != 0)
		return -errno;
	return ferror(page->out) ? -EIO : 0;
}
