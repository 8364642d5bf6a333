/* SPDX-License-Identifier: MIT */
/* A report in one line. */
#include "announce.h"

#include <string.h>

#include "words.h"

enum weight announce_weight(const struct report *report)
{
	const struct finding *finding = report->findings;

	if (report->count == 0)
		return WEIGHT_NONE;
	if (finding->verdict == VERDICT_UNKNOWN)
		return WEIGHT_WARNING;
	if (!verdict_is_wedge(finding->verdict))
		return WEIGHT_NONE;
	return finding->certainty == UNSURE ? WEIGHT_WARNING : WEIGHT_ERROR;
}

bool announce_test(struct phrase *phrase, const struct report *report)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	const struct text name = snapshot->asked.test;

	if (!text_seen(name) || name.length == 0)
		return false;
	phrase_bytes(phrase, snapshot_bytes(snapshot, name), name.length);
	return true;
}

static void add_kind(struct phrase *phrase, const struct cause *cause)
{
	phrase_add(phrase, verdict_names[cause->verdict]);
	phrase_add(phrase, " ");
	phrase_add(phrase, cause->name);
}

void announce_title(struct phrase *phrase, const struct report *report)
{
	const struct finding *finding = report->findings;
	struct phrase test;

	if (report->count == 0) {
		phrase_add(phrase, "nothing to judge");
		return;
	}
	if (finding->verdict == VERDICT_UNKNOWN) {
		phrase_add(phrase, "unknown");
		if (finding->cause->verdict != VERDICT_UNKNOWN) {
			phrase_add(phrase, ", best guess ");
			add_kind(phrase, finding->cause);
		}
		return;
	}
	if (verdict_is_wedge(finding->verdict)) {
		phrase_init(&test, PLACE_ASCII);
		phrase_add(phrase, finding->certainty == UNSURE ? "perhaps hung" : "hung");
		phrase_add(phrase, announce_test(&test, report) ? " test: " : ": ");
	}
	phrase_add(phrase, verdict_names[finding->verdict]); /* not the cause's own: it may be overdue */
	phrase_add(phrase, " ");
	phrase_add(phrase, finding->cause->name);
}

void announce_message(struct phrase *phrase, const struct report *report)
{
	const struct finding *finding = report->findings;

	if (report->count == 0)
		return;
	if (announce_test(phrase, report))
		phrase_add(phrase, ": ");
	words_summary(phrase, report, finding);
	if (finding->victim_count > 0)
		words_add(phrase, report, finding, NULL, "; held up: {victims}");
	if (finding->verdict != VERDICT_UNKNOWN) {
		phrase_add(phrase, " (");
		phrase_add(phrase, certainty_names[finding->certainty]);
		phrase_add(phrase, ")");
	}
	if (*finding->signature.text) {
		phrase_add(phrase, ", ");
		phrase_add(phrase, finding->signature.text);
	}
}
