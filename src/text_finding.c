/* SPDX-License-Identifier: MIT */
/*
 * A finding for a person: verdict, culprit, evidence, victims, why not more certain,
 * what it is not, what to do.  In that order, for the answer must be in the first lines.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "announce.h"
#include "text_parts.h"
#include "words.h"

enum { HEAD_COLUMN = 42, SHOWN_FACTS = 3, SHOWN_VICTIMS = 2, SHOWN_DOUBTS = 3 };
/* From here on the machine may be to blame, and "not it" says nothing of it. */
enum { PRESSURE_PERMILLE = 20, BUSY_PERMILLE = 900 };

/* ---- the first line ----------------------------------------------------------- */

static enum style style_of(const struct finding *finding)
{
	if (finding->verdict == VERDICT_UNKNOWN)
		return STYLE_YELLOW;
	if (!verdict_is_wedge(finding->verdict))
		return STYLE_GREEN;
	return finding->certainty == UNSURE ? STYLE_YELLOW : STYLE_RED;
}

static void put_verdict(struct page *page, const struct finding *finding)
{
	const char *name = verdict_names[finding->verdict];
	char word[32];
	size_t i;

	for (i = 0; name[i] && i + 1 < sizeof(word); i++)
		word[i] = (char)toupper((unsigned char)name[i]);
	word[i] = '\0';
	page_style(page, style_of(finding));
	page_words(page, word);
	page_style(page, STYLE_PLAIN);
	if (finding->verdict == VERDICT_UNKNOWN) {
		if (finding->cause->verdict == VERDICT_UNKNOWN)
			return;
		page_words(page, ", best guess ");
		page_words(page, verdict_names[finding->cause->verdict]);
		page_words(page, " ");
		page_words(page, finding->cause->name);
		return;
	}
	page_words(page, "  ");
	page_words(page, finding->cause->name);
	page_words(page, "  (");
	page_words(page, certainty_names[finding->certainty]);
	page_words(page, ")");
}

/* "pytest[4242]: 5 processes, 11 threads, no progress for 2.0 s" */
static void add_about(struct phrase *phrase, const struct report *report, const struct finding *finding)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	uint32_t i, targets = 0;
	char text[32];

	for (i = 0; i < report->processes; i++) {
		if (!(process_at(snapshot, report->order[i])->flags & PROCESS_TARGET))
			continue;
		if (targets++ == 0)
			words_process(phrase, snapshot, report->order[i]);
	}
	if (targets > 1)
		phrase_format(phrase, " and %" PRIu32 " more", targets - 1);
	phrase_format(phrase, "%s%" PRIu32 " process%s, %" PRIu32 " thread%s", targets > 0 ? ": " : "",
		      report->tree_processes, report->tree_processes == 1 ? "" : "es", report->tree_threads,
		      report->tree_threads == 1 ? "" : "s");
	if (report->ended) {
		phrase_add(phrase, "; ended by itself");
	} else if (finding->since_ms != UNSEEN && finding->since_ms > report->still_ms &&
		   verdict_is_wedge(finding->verdict)) {
		format_age(finding->since_ms, text, sizeof(text));
		phrase_add(phrase, ", for at least ");
		phrase_tie(phrase, text);
	} else if (report->still_ms > 0) {
		format_age(report->still_ms, text, sizeof(text));
		phrase_add(phrase, ", no progress for ");
		phrase_tie(phrase, text);
	}
	if (report->suspended_by_user)
		phrase_add(phrase, "; suspended by you: judged as it was before");
}

/* ---- culprit and evidence -------------------------------------------------------- */

/* Said on the culprit's own line: facts about it that need no object to be understood. */
static bool is_of_culprit(const struct finding *finding, const struct fact *fact)
{
	return finding->culprit.at != NO_ROW && fact->who.at == finding->culprit.at &&
	       strncmp(fact_template(fact->kind), "{who} ", strlen("{who} ")) == 0;
}

static bool finding_has(const struct finding *finding, enum fact_kind kind)
{
	uint32_t i;

	for (i = 0; i < finding->fact_count; i++)
		if (finding->facts[i].kind == kind)
			return true;
	return false;
}

/* "asleep in read_config, config.c:120: ..." says it already. */
static bool says_its_place(const struct finding *finding)
{
	uint32_t i;

	for (i = 0; i < finding->fact_count; i++)
		if (finding->facts[i].kind == FACT_ASLEEP && finding->facts[i].frame.at != NO_ROW)
			return true;
	return false;
}

static void add_culprit_facts(struct phrase *phrase, const struct report *report, const struct finding *finding)
{
	uint32_t i, said = 0;
	struct fact fact;

	for (i = 0; i < finding->fact_count; i++) {
		if (!is_of_culprit(finding, &finding->facts[i]) || finding->facts[i].kind == FACT_SILENT_FIRST ||
		    (finding->facts[i].kind == FACT_STACK && says_its_place(finding)))
			continue;
		fact = finding->facts[i];
		if (fact.kind == FACT_ASLEEP && finding_has(finding, FACT_SILENT_FIRST))
			fact.age_ms = UNSEEN; /* said once, below */
		phrase_add(phrase, said++ > 0 ? "; " : "");
		words_fact_of_culprit(phrase, report, finding, &fact);
	}
	for (i = 0; i < finding->fact_count; i++) {
		if (finding->facts[i].kind != FACT_SILENT_FIRST || !is_of_culprit(finding, &finding->facts[i]))
			continue;
		phrase_add(phrase, said++ > 0 ? "; " : "");
		words_fact_of_culprit(phrase, report, finding, &finding->facts[i]);
	}
	if (said > 0)
		return;
	phrase_add(phrase, "in ");
	if (!words_call(phrase, report->scene, finding->culprit))
		phrase_back(phrase, phrase->length - strlen("in "));
}

static void put_culprit(struct page *page, const struct report *report, const struct finding *finding)
{
	struct phrase phrase;

	if (finding->culprit.at == NO_ROW)
		return;
	page_label(page, finding->verdict == VERDICT_UNKNOWN ? "suspect" : "culprit");
	phrase_init(&phrase, page_place(page));
	words_task(&phrase, report->scene->snapshot, finding->culprit);
	page_style(page, STYLE_BOLD);
	page_phrase(page, &phrase);
	page_style(page, STYLE_PLAIN);
	phrase_init(&phrase, page_place(page));
	add_culprit_facts(&phrase, report, finding);
	if (phrase.length > 0) {
		page_words(page, "  ");
		page_phrase(page, &phrase);
	}
}

static bool is_victim(const struct report *report, const struct finding *finding, struct task_ix task)
{
	uint32_t i;

	if (task.at == NO_ROW)
		return false;
	for (i = 0; i < finding->victim_count; i++)
		if (finding->victims[i].at == task_at(report->scene->snapshot, task)->process.at)
			return true;
	return false;
}

static void put_facts(struct page *page, const struct report *report, const struct finding *finding, uint32_t most)
{
	struct phrase phrase;
	uint32_t i, said = 0;

	for (i = 0; i < finding->fact_count && said < most; i++) {
		const struct fact *fact = &finding->facts[i];

		if (is_of_culprit(finding, fact))
			continue;
		if (fact->kind == FACT_UNANSWERED && is_victim(report, finding, fact->other))
			continue; /* beside the victim */
		if (finding->cycle_count > 0 && (fact->kind == FACT_WAITS || fact->kind == FACT_WAITS_CHILD))
			continue; /* the circle says it */
		page_label(page, finding->culprit.at == NO_ROW && said == 0 ? "why" : "");
		phrase_init(&phrase, page_place(page));
		words_fact(&phrase, report, finding, fact);
		page_phrase(page, &phrase);
		said++;
	}
}

/* ---- victims, chain, circle -------------------------------------------------------- */

/* The task of a victim that waits: where the chain passes through it, else its first. */
static struct task_ix waiting_task(const struct report *report, const struct finding *finding, struct process_ix victim)
{
	uint32_t i;

	for (i = 0; i < finding->chain_count; i++)
		if (task_at(report->scene->snapshot, finding->chain[i]->from)->process.at == victim.at)
			return finding->chain[i]->from;
	return scene_leader(report->scene, victim);
}

static void add_unanswered(struct phrase *phrase, const struct report *report, const struct finding *finding,
			   struct process_ix victim)
{
	char text[32];
	uint32_t i;

	for (i = 0; i < finding->fact_count; i++) {
		const struct fact *fact = &finding->facts[i];

		if (fact->kind != FACT_UNANSWERED || fact->other.at == NO_ROW ||
		    task_at(report->scene->snapshot, fact->other)->process.at != victim.at)
			continue;
		phrase_add(phrase, ": asked");
		if (fact->age_ms != UNSEEN) {
			format_age(fact->age_ms, text, sizeof(text));
			phrase_add(phrase, " ");
			phrase_tie(phrase, text);
			phrase_add(phrase, " ago");
		}
		phrase_add(phrase, ", no answer");
		return;
	}
}

static void put_victims(struct page *page, const struct report *report, const struct finding *finding)
{
	struct phrase phrase;
	size_t length;
	uint32_t i;

	if (finding->victim_count == 0)
		return;
	page_label(page, "victims");
	phrase_init(&phrase, page_place(page));
	for (i = 0; i < finding->victim_count && i < SHOWN_VICTIMS; i++) {
		struct process_ix victim = finding->victims[i];

		phrase_add(&phrase, i > 0 ? "; " : "");
		words_process(&phrase, report->scene->snapshot, victim);
		length = phrase.length;
		phrase_add(&phrase, " in ");
		if (!words_call(&phrase, report->scene, waiting_task(report, finding, victim)))
			phrase_back(&phrase, length);
		add_unanswered(&phrase, report, finding, victim);
	}
	if (i < finding->victim_count)
		phrase_format(&phrase, "; and %" PRIu32 " more", finding->victim_count - i);
	page_phrase(page, &phrase);
}

static void put_chain(struct page *page, const struct report *report, const struct finding *finding)
{
	struct phrase phrase;

	phrase_init(&phrase, page_place(page));
	if (finding->cycle_count > 0) {
		page_label(page, "circle");
		words_cycle(&phrase, report, finding);
	} else if (finding->chain_count > 1 && finding->culprit.at != NO_ROW) {
		page_label(page, "waits");
		words_chain(&phrase, report, finding);
	}
	page_phrase(page, &phrase);
}

/* ---- how certain, what it is not, what to do ------------------------------------------ */

static void put_because(struct page *page, const struct finding *finding)
{
	const struct doubt_row *row;
	unsigned said = 0;

	if (finding->certainty == PROVED)
		return;
	for (row = doubts; row->name && said < SHOWN_DOUBTS; row++) {
		if (!(finding->doubts & row->doubt) || row->ceiling != finding->certainty)
			continue;
		if (said++ == 0) {
			page_label(page, "because");
			page_words(page, certainty_names[finding->certainty]);
			page_words(page, finding->certainty == LIKELY ? ", not proved: " : ": ");
		} else {
			page_words(page, "; ");
		}
		page_words(page, row->because);
	}
}

/* What people suspect first, where it was seen not to be so. */
static void put_not_it(struct page *page, const struct report *report, const struct finding *finding)
{
	struct phrase host, network;

	phrase_init(&network, page_place(page));
	phrase_init(&host, page_place(page));
	if (report->external_known && report->external_connections == 0)
		phrase_add(&network, "no direct external connection seen");
	if (finding->verdict != VERDICT_STARVED) {
		if (report->cpu_busy_permille >= 0 && report->cpu_busy_permille < BUSY_PERMILLE)
			phrase_format(&host, "CPU %" PRId32 " %% busy", report->cpu_busy_permille / 10);
		if (report->memory_pressure_permille >= 0 && report->memory_pressure_permille < PRESSURE_PERMILLE)
			phrase_add(&host, host.length > 0 ? ", no memory pressure" : "no memory pressure");
	}
	if (network.length == 0 && host.length == 0)
		return;
	page_label(page, "not it");
	page_phrase(page, &network);
	if (host.length == 0)
		return;
	page_words(page, network.length > 0 ? "; host: " : "host: ");
	page_phrase(page, &host);
}

static void put_next(struct page *page, const struct report *report, const struct finding *finding, bool first)
{
	struct advice advice[ADVICE_MOST];
	unsigned count = advice_of(report, finding, advice), i;
	struct phrase phrase;

	phrase_init(&phrase, page_place(page));
	for (i = 0; i < count; i++) {
		if (!first && (advice[i].kind == ADVICE_KEEP_EVIDENCE || advice[i].kind == ADVICE_MORE_SIGHT))
			continue; /* once is enough for all of them */
		if (phrase.length > 0)
			phrase_add(&phrase, advice[i].kind == ADVICE_UNBLOCK ? "; then " : "; ");
		words_advice(&phrase, report, finding, &advice[i]);
	}
	if (phrase.length == 0)
		return;
	page_label(page, "next");
	page_phrase(page, &phrase);
}

/* Beside the first finding only the names of the next ones matter: what they share was said. */
static void put_shorter(struct page *page, const struct report *report, const struct finding *finding)
{
	struct phrase phrase;

	if (finding->cycle_count > 0)
		put_chain(page, report, finding);
	put_culprit(page, report, finding);
	put_facts(page, report, finding, 1);
	if (finding->victim_count > 0) {
		page_label(page, "victims");
		phrase_init(&phrase, page_place(page));
		words_add(&phrase, report, finding, NULL, "{victims}");
		page_phrase(page, &phrase);
	}
	put_next(page, report, finding, false);
}

static void put_whole(struct page *page, const struct report *report, const struct finding *finding)
{
	if (finding->cycle_count > 0)
		put_chain(page, report, finding);
	put_culprit(page, report, finding);
	put_facts(page, report, finding, SHOWN_FACTS);
	put_victims(page, report, finding);
	if (finding->cycle_count == 0)
		put_chain(page, report, finding);
	put_because(page, finding);
	put_not_it(page, report, finding);
	put_next(page, report, finding, true);
}

static void put_calm(struct page *page, const struct report *report, const struct finding *finding)
{
	struct phrase phrase;

	page_label(page, "");
	phrase_init(&phrase, page_place(page));
	words_summary(&phrase, report, finding);
	page_phrase(page, &phrase);
	put_because(page, finding);
	put_next(page, report, finding, true);
}

void text_test(struct page *page, const struct report *report)
{
	struct phrase phrase;

	phrase_init(&phrase, page_place(page));
	if (!announce_test(&phrase, report))
		return;
	page_label(page, "test");
	page_phrase(page, &phrase);
}

void text_finding(struct page *page, const struct report *report, const struct finding *finding, bool first)
{
	struct phrase phrase;

	put_verdict(page, finding);
	if (first) {
		phrase_init(&phrase, page_place(page));
		add_about(&phrase, report, finding);
		page_tab(page, page->options->columns == 0 ||
			       HEAD_COLUMN + text_columns(phrase.text, phrase.length) <= page->options->columns ?
			       HEAD_COLUMN : 0);
		page_phrase(page, &phrase);
		text_test(page, report);
	}
	if (finding->verdict == VERDICT_IDLE || finding->verdict == VERDICT_PROGRESSING)
		put_calm(page, report, finding);
	else if (first || page->options->verbose)
		put_whole(page, report, finding);
	else
		put_shorter(page, report, finding);
	page_end_line(page);
}
