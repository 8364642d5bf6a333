/* SPDX-License-Identifier: MIT */
/* Phrases: bounded, escaped text on its way into a report. */
#include "phrase.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const char ellipsis[] = "...";

void phrase_init(struct phrase *phrase, enum place place)
{
	phrase->place = place;
	phrase->cut = false;
	phrase->length = 0;
	phrase->text[0] = '\0';
}

/* Room for the ellipsis is always left. */
static bool phrase_append(struct phrase *phrase, const char *text, size_t length)
{
	if (phrase->cut)
		return false;
	if (phrase->length + length + sizeof(ellipsis) > sizeof(phrase->text)) {
		phrase->cut = true;
		text = ellipsis;
		length = strlen(ellipsis);
	}
	memcpy(phrase->text + phrase->length, text, length);
	phrase->length += length;
	phrase->text[phrase->length] = '\0';
	return !phrase->cut;
}

void phrase_bytes(struct phrase *phrase, const char *bytes, size_t length)
{
	char one[ESCAPE_ROOM];
	size_t at = 0, made;

	while (at < length) {
		at += escape_next(phrase->place, bytes + at, length - at, one, &made);
		if (!phrase_append(phrase, one, made))
			return;
	}
}

void phrase_add(struct phrase *phrase, const char *words)
{
	phrase_bytes(phrase, words, strlen(words));
}

void phrase_format(struct phrase *phrase, const char *format, ...)
{
	char words[256];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	phrase_add(phrase, words);
}

void phrase_tie(struct phrase *phrase, const char *words)
{
	static const char tie = PHRASE_TIE;

	for (; *words; words++)
		if (*words == ' ')
			phrase_append(phrase, &tie, 1);
		else
			phrase_bytes(phrase, words, 1);
}

void phrase_escaped(struct phrase *phrase, const struct phrase *other)
{
	phrase_append(phrase, other->text, other->length);
}

void phrase_back(struct phrase *phrase, size_t length)
{
	if (length >= phrase->length)
		return;
	phrase->length = length;
	phrase->text[length] = '\0';
	phrase->cut = false;
}

int phrase_put(const struct phrase *phrase, FILE *out)
{
	size_t i;

	for (i = 0; i < phrase->length; i++)
		if (putc_unlocked(phrase->text[i] == PHRASE_TIE ? ' ' : phrase->text[i], out) == EOF)
			return -errno;
	return 0;
}
