/* SPDX-License-Identifier: MIT */
/* What HTML and XML keep for themselves, as entities. */
#include "markup.h"

#include <string.h>

/* NULL: it stands for itself. */
static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	case PHRASE_TIE:
		return " ";
	default:
		return NULL;
	}
}

void put_markup(FILE *out, const char *text, size_t length)
{
	const char *entity;
	size_t i;

	for (i = 0; i < length; i++) {
		entity = entity_of(text[i]);
		if (entity)
			fputs_unlocked(entity, out);
		else
			putc_unlocked(text[i], out);
	}
}

void put_markup_phrase(FILE *out, const struct phrase *phrase)
{
	put_markup(out, phrase->text, phrase->length);
}

size_t markup_length(const char *text, size_t length)
{
	const char *entity;
	size_t i, ret = 0;

	for (i = 0; i < length; i++) {
		entity = entity_of(text[i]);
		ret += entity ? strlen(entity) : 1;
	}
	return ret;
}
