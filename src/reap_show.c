/* SPDX-License-Identifier: MIT */
/* What was found, for people: a tree with reasons and holds, then who was left alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "page.h"
#include "reap.h"
#include "words.h"

enum { SHOWN_MOST = 100, INDENT_MOST = 12, ARGUMENTS_SHOWN = 200 };

/* ---- the tree ----------------------------------------------------------------------------- */

static const struct leftover *parent_of(const struct reaper *reaper, const struct leftover *left)
{
	uint32_t i;

	for (i = 0; i < reaper->left_count; i++)
		if (reaper->left[i].being.pid == left->being.parent && &reaper->left[i] != left)
			return &reaper->left[i];
	return NULL;
}

static unsigned depth_of(const struct reaper *reaper, const struct leftover *left)
{
	unsigned ret = 0;

	while (ret < INDENT_MOST && (left = parent_of(reaper, left)))
		ret++;
	return ret;
}

static void add_command(struct phrase *phrase, const struct leftover *left, const struct render_options *options)
{
	const size_t most = options->verbose ? BOUND_PHRASE : options->columns > 24 ? options->columns - 24 : ARGUMENTS_SHOWN;
	size_t i, from = 0;

	if (!left->argv) {
		phrase_add(phrase, "[");
		phrase_bytes(phrase, left->being.comm, strlen(left->being.comm));
		phrase_add(phrase, "]");
		return;
	}
	for (i = 0; i < left->argv_length && i < most; i++) {
		if (left->argv[i])
			continue;
		phrase_bytes(phrase, left->argv + from, i - from);
		from = i + 1;
		if (from < left->argv_length)
			phrase_add(phrase, " ");
	}
	if (i > from)
		phrase_bytes(phrase, left->argv + from, i - from);
	if (i < left->argv_length)
		phrase_add(phrase, "...");
}

static void add_holds(struct phrase *phrase, const struct leftover *left)
{
	char text[64];
	uint32_t i;

	for (i = 0; i < left->hold_count; i++) {
		const struct held *hold = &left->hold[i];

		phrase_add(phrase, i ? ", " : "");
		switch (hold->kind) {
		case HOLD_PORT:
			snprintf(text, sizeof(text), "port %" PRId64 " on ", hold->number);
			phrase_add(phrase, text);
			phrase_bytes(phrase, hold->text, strlen(hold->text));
			break;
		case HOLD_LOCK:
			phrase_bytes(phrase, hold->text, strlen(hold->text));
			break;
		case HOLD_OUTPUT:
			if (hold->number == getpid())
				snprintf(text, sizeof(text), "our own %s", hold->text);
			else
				snprintf(text, sizeof(text), "the %s of %" PRId64 ", an ancestor of ours", hold->text, hold->number);
			phrase_add(phrase, text);
			break;
		case HOLD_PIPES:
			snprintf(text, sizeof(text), "%" PRId64 " pipe%s", hold->number, hold->number == 1 ? "" : "s");
			phrase_add(phrase, text);
			break;
		case HOLDS:
			break;
		}
	}
}

static void add_reasons(struct phrase *phrase, const struct reaper *reaper, const struct mark *mark)
{
	char words[512];
	uint8_t i;

	for (i = 0; i < mark->reasons; i++) {
		reason_words(reaper, &mark->reason[i], words, sizeof(words));
		phrase_add(phrase, i ? "; " : "");
		phrase_bytes(phrase, words, strlen(words));
	}
}

static void add_fate(struct phrase *phrase, const struct leftover *left)
{
	static const char *const words[FATES] = {
		[FATE_ENDED] = "ended", [FATE_KILLED] = "killed", [FATE_REFUSED] = "not ours to signal: still there",
		[FATE_TOLD] = "still there",
	};

	if (left->fate == FATE_SURVIVED)
		phrase_format(phrase, "still there after SIGKILL, in state %c", left->state_last ? left->state_last : '?');
	else if (words[left->fate])
		phrase_add(phrase, words[left->fate]);
}

static void labelled(struct page *page, const char *label, const struct phrase *phrase)
{
	if (phrase->length == 0)
		return;
	page_label(page, label);
	page_phrase(page, phrase);
	page_end_line(page);
}

static void show_one(struct page *page, const struct reaper *reaper, const struct leftover *left)
{
	const long hertz = sysconf(_SC_CLK_TCK);
	unsigned depth = depth_of(reaper, left);
	struct phrase phrase;
	char age[32], cpu[32];

	format_age(left->age_ms, age, sizeof(age));
	format_age(left->being.cpu_ticks * 1000 / (hertz > 0 ? hertz : 100), cpu, sizeof(cpu));
	phrase_init(&phrase, page_place(page));
	phrase_format(&phrase, "%8d  ", left->being.pid);
	for (; depth > 0; depth--)
		phrase_add(&phrase, "  ");
	fputs(phrase.text, page->out);
	phrase_init(&phrase, page_place(page));
	page_style(page, STYLE_BOLD);
	add_command(&phrase, left, page->options);
	phrase_put(&phrase, page->out);
	page_style(page, STYLE_PLAIN);
	page_end_line(page);

	phrase_init(&phrase, page_place(page));
	phrase_format(&phrase, "%s old, CPU %s, state %c", age, cpu, left->being.state);
	labelled(page, "", &phrase);
	phrase_init(&phrase, page_place(page));
	add_reasons(&phrase, reaper, &left->mark);
	labelled(page, "because", &phrase);
	phrase_init(&phrase, page_place(page));
	add_holds(&phrase, left);
	labelled(page, "holds", &phrase);
	phrase_init(&phrase, page_place(page));
	add_fate(&phrase, left);
	labelled(page, "now", &phrase);
}

/* ---- around it ----------------------------------------------------------------------------- */

uint32_t reap_survivors(const struct reaper *reaper)
{
	uint32_t i, ret = 0;

	for (i = 0; i < reaper->left_count; i++)
		ret += reaper->left[i].fate != FATE_ENDED && reaper->left[i].fate != FATE_KILLED;
	return ret;
}

static void show_head(struct page *page, const struct reaper *reaper)
{
	const uint32_t count = reaper->left_count, survivors = reap_survivors(reaper);

	if (count == 0)
		fputs("nothing left behind", page->out);
	else if (!reaper->options->kill)
		fprintf(page->out, "%u process%s left behind (dry run: --kill ends %s)", count, count == 1 ? "" : "es",
			count == 1 ? "it" : "them");
	else if (survivors == 0)
		fprintf(page->out, "%u process%s left behind, removed", count, count == 1 ? "" : "es");
	else
		fprintf(page->out, "%u process%s left behind, %u still there", count, count == 1 ? "" : "es", survivors);
	page_end_line(page);
}

/* Kin is left alone always, and worth a word only to those who want every one. */
static void show_spared(struct page *page, const struct reaper *reaper)
{
	struct phrase phrase;
	char words[512];
	uint32_t i, shown = 0;

	for (i = 0; i < reaper->spared_count; i++) {
		const struct leftover *spared = &reaper->spared[i];

		if (!reaper->options->verbose && (spared->mark.spare == SPARE_KIN || shown == SHOWN_MOST))
			continue;
		if (shown++ == 0) {
			fputs("left alone:", page->out);
			page_end_line(page);
		}
		phrase_init(&phrase, page_place(page));
		phrase_format(&phrase, "%8d  ", spared->being.pid);
		add_command(&phrase, spared, page->options);
		phrase_put(&phrase, page->out);
		page_end_line(page);
		phrase_init(&phrase, page_place(page));
		add_reasons(&phrase, reaper, &spared->mark);
		phrase_add(&phrase, "; but: ");
		spare_words(spared, words, sizeof(words));
		phrase_add(&phrase, words);
		labelled(page, "", &phrase);
	}
}

int reap_show(const struct reaper *reaper, const struct render_options *options, FILE *out)
{
	struct phrase phrase;
	struct page page;
	uint32_t i;

	page_init(&page, out, options);
	show_head(&page, reaper);
	for (i = 0; i < reaper->left_count && (i < SHOWN_MOST || options->verbose); i++)
		show_one(&page, reaper, &reaper->left[i]);
	if (i < reaper->left_count) {
		fprintf(out, "%8s  and %u more (--verbose)", "", reaper->left_count - i);
		page_end_line(&page);
	}
	show_spared(&page, reaper);
	for (i = 0; i < reaper->note_count; i++) {
		phrase_init(&phrase, page_place(&page));
		phrase_bytes(&phrase, reaper->notes[i], strlen(reaper->notes[i]));
		labelled(&page, "note", &phrase);
	}
	return page_end(&page);
}
