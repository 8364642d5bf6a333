/* SPDX-License-Identifier: MIT */
/* Where in its code a task is, in a few words: function, file and line, and what called it. */
#include <inttypes.h>
#include <string.h>

#include "telling.h"
#include "words.h"
#include "words_frame.h"

enum { SHOWN_FUNCTION = 80 };

/* A sentence has room for a short name only. */
static void add_function(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site)
{
	const size_t begin = phrase->length;
	size_t fits;

	words_function(phrase, snapshot, site);
	fits = text_fitting(phrase->text + begin, phrase->length - begin, SHOWN_FUNCTION);
	if (begin + fits == phrase->length)
		return;
	phrase_back(phrase, begin + fits);
	phrase_add(phrase, "...");
}

static void add_base(struct phrase *phrase, const struct snapshot *snapshot, struct text path)
{
	const char *bytes = snapshot_bytes(snapshot, path), *slash = memrchr(bytes, '/', path.length);
	size_t skipped = slash ? (size_t)(slash + 1 - bytes) : 0;

	phrase_bytes(phrase, bytes + skipped, path.length - skipped);
}

static bool has_text(struct text text)
{
	return text_seen(text) && text.length > 0;
}

bool words_line(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site)
{
	const struct site *it = site_at(snapshot, site);

	if (!has_text(it->file) || it->line <= 0)
		return false;
	add_base(phrase, snapshot, it->file);
	phrase_format(phrase, ":%" PRId32, it->line);
	return true;
}

/* The next outer frame of the program, in another function; NO_ROW: it is the outermost. */
static struct frame_ix caller_of(const struct scene *scene, struct frame_ix frame)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct site_ix site = frame_at(snapshot, frame)->site;
	struct frame_ix at = frame_at(snapshot, frame)->caller;

	for (; at.at != NO_ROW; at = frame_at(snapshot, at)->caller) {
		const struct site_ix one = frame_at(snapshot, at)->site;

		if (scene->site_part[one.at] == PART_PROGRAM && !site_same_function(snapshot, one, site))
			return at;
	}
	return at;
}

void words_site(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site)
{
	size_t length;

	add_function(phrase, snapshot, site);
	length = phrase->length;
	phrase_add(phrase, ", ");
	if (words_line(phrase, snapshot, site))
		return;
	phrase_back(phrase, length);
	if (!has_text(site_at(snapshot, site)->function) || !has_text(site_at(snapshot, site)->module))
		return;
	phrase_add(phrase, " of ");
	words_module(phrase, snapshot, site);
}

void words_where(struct phrase *phrase, const struct scene *scene, struct frame_ix frame)
{
	const struct frame_ix caller = caller_of(scene, frame);

	words_site(phrase, scene->snapshot, frame_at(scene->snapshot, frame)->site);
	if (caller.at == NO_ROW)
		return;
	phrase_add(phrase, ", under ");
	add_function(phrase, scene->snapshot, frame_at(scene->snapshot, caller)->site);
}

void words_summary(struct phrase *phrase, const struct report *report, const struct finding *finding)
{
	const struct fact *stack = NULL, *fact;
	const char *words = NULL;
	uint32_t i;

	words_add(phrase, report, finding, NULL, finding->cause->summary);
	for (i = 0; i < finding->fact_count; i++) {
		fact = &finding->facts[i];
		if (fact->frame.at == NO_ROW || fact->who.at != finding->culprit.at)
			continue;
		if (fact->kind == FACT_LOOP)
			words = "; looping in {place}";
		else if (fact->kind == FACT_ASLEEP)
			words = "; asleep in {place}";
		else if (!stack)
			words = "; in {place}";
		else
			continue;
		stack = fact;
	}
	if (stack)
		words_add(phrase, report, finding, stack, words);
}
