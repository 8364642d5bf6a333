/* SPDX-License-Identifier: MIT */
/* Templates, expanded: what stands in braces is said, what stands in brackets may be left out. */
#include "words.h"

#include <errno.h>
#include <string.h>

#include "words_say.h"

/* One {placeholder}; *known: it had something to say.  Returns its length in the template, 0: it is none. */
static size_t expand(struct context *context, struct phrase *phrase, const char *words, bool optional, bool *known)
{
	size_t length = strcspn(words + 1, "}"), name = strcspn(words + 1, ":}");
	const struct placeholder *row;

	if (words[1 + length] != '}')
		return 0;
	row = placeholder_find(words + 1, name);
	if (!row)
		return 0;
	context->noun = name < length ? words + 1 + name + 1 : "";
	context->noun_length = name < length ? length - name - 1 : 0;
	*known = row->say(context, phrase);
	if (!*known && !optional)
		phrase_add(phrase, row->otherwise);
	return length + 2;
}

int words_add(struct phrase *phrase, const struct report *report, const struct finding *finding,
	      const struct fact *fact, const char *words)
{
	struct context context = {
		.report = report, .snapshot = report->scene->snapshot, .finding = finding, .fact = fact,
	};
	bool optional = false, whole = true, known;
	size_t start = 0, used;
	int ret = 0;

	while (*words) {
		if (*words == '[' && !optional) {
			optional = true;
			whole = true;
			start = phrase->length;
			words++;
			continue;
		}
		if (*words == ']' && optional) {
			optional = false;
			if (!whole)
				phrase_back(phrase, start);
			words++;
			continue;
		}
		if (*words != '{') {
			used = strcspn(words + 1, "{[]") + 1;
			phrase_bytes(phrase, words, used);
			words += used;
			continue;
		}
		used = expand(&context, phrase, words, optional, &known);
		if (used == 0) {
			ret = -EINVAL;
			phrase_bytes(phrase, words, used = 1);
		} else {
			whole = whole && known;
		}
		words += used;
	}
	return optional ? -EINVAL : ret;
}
