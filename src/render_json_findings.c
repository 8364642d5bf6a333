/* SPDX-License-Identifier: MIT */
/* Findings and waits of the JSON report. */
#include <inttypes.h>
#include <string.h>

#include "render_json.h"
#include "signature.h"
#include "words.h"

enum { SHOWN_WAKERS = 16 };

static void put_phrase(struct json_out *json, const char *key, const struct phrase *phrase)
{
	json_open_string(json, key);
	phrase_put(phrase, json->out);
	json_close_string(json);
}

static void put_template(struct json_out *json, const char *key, const struct report *report,
			 const struct finding *finding, const char *words)
{
	struct phrase phrase;

	phrase_init(&phrase, PLACE_JSON);
	words_add(&phrase, report, finding, NULL, words);
	put_phrase(json, key, &phrase);
}

static void put_task_of(struct json_out *json, const char *key, const struct snapshot *snapshot, struct task_ix task)
{
	const struct task *it = task_at(snapshot, task);

	json_open_object(json, key);
	json_put_integer(json, "pid", process_at(snapshot, it->process)->pid);
	json_put_integer(json, "tid", it->tid);
	json_close(json);
}

static void put_culprit(struct json_out *json, const struct snapshot *snapshot, struct task_ix task)
{
	const struct process *process;
	const struct task *it;
	char title[64];

	if (task.at == NO_ROW) {
		json_put_null(json, "culprit");
		return;
	}
	it = task_at(snapshot, task);
	process = process_at(snapshot, it->process);
	process_title(snapshot, it->process, title, sizeof(title));
	json_open_object(json, "culprit");
	json_put_integer(json, "pid", process->pid);
	json_put_integer(json, "tid", it->tid);
	json_put_number(json, "start_ticks", process->start_ticks);
	json_text(json, "comm", snapshot, it->comm);
	json_put_string(json, "title", title);
	json_close(json);
}

static void put_evidence(struct json_out *json, const struct report *report, const struct finding *finding,
		     const struct fact *fact)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	const char *unit = fact_unit(fact->kind);
	bool age = fact->amount == UNSEEN && fact->age_ms != UNSEEN;
	struct phrase phrase;

	json_open_object(json, NULL);
	json_put_string(json, "kind", fact_name(fact->kind));
	phrase_init(&phrase, PLACE_JSON);
	words_fact(&phrase, report, finding, fact);
	put_phrase(json, "text", &phrase);
	json_put_number(json, "value", age ? fact->age_ms : fact->amount);
	json_put_string(json, "unit", age ? "ms" : fact->amount == UNSEEN ? NULL : unit);
	if (fact->who.at != NO_ROW) {
		json_put_integer(json, "pid", process_at(snapshot, task_at(snapshot, fact->who)->process)->pid);
		json_put_integer(json, "tid", task_at(snapshot, fact->who)->tid);
	} else {
		json_put_null(json, "pid");
		json_put_null(json, "tid");
	}
	if (fact->object.at != NO_ROW) {
		phrase_init(&phrase, PLACE_JSON);
		words_object(&phrase, snapshot, fact->object);
		put_phrase(json, "object", &phrase);
	} else {
		json_put_null(json, "object");
	}
	json_close(json);
}

/* "{target}" stands for every target. */
static void put_targets(struct json_out *json, const struct report *report)
{
	char number[24];
	uint32_t i;

	for (i = 0; i < report->processes; i++) {
		const struct process *process = process_at(report->scene->snapshot, report->order[i]);

		if (!(process->flags & PROCESS_TARGET))
			continue;
		snprintf(number, sizeof(number), "%" PRId32, process->pid);
		json_put_string(json, NULL, number);
	}
}

static void put_argv(struct json_out *json, const struct report *report, const struct finding *finding,
		     const char *const *argv)
{
	char word[64];
	unsigned i;

	for (i = 0; argv && argv[i] && i < ADVICE_WORDS; i++)
		if (strcmp(argv[i], "{target}") != 0 && !advice_word(report, finding, argv[i], word, sizeof(word)))
			argv = NULL;
	if (!argv) {
		json_put_null(json, "argv");
		return;
	}
	json_open_array(json, "argv");
	for (i = 0; argv[i] && i < ADVICE_WORDS; i++) {
		if (strcmp(argv[i], "{target}") == 0) {
			put_targets(json, report);
			continue;
		}
		advice_word(report, finding, argv[i], word, sizeof(word));
		json_put_string(json, NULL, word);
	}
	json_close(json);
}

static void put_advice(struct json_out *json, const struct report *report, const struct finding *finding,
		       const struct advice *advice)
{
	uint32_t i;

	json_open_object(json, NULL);
	json_put_string(json, "kind", advice_kind_names[advice->kind]);
	put_template(json, "text", report, finding, advice->text);
	put_argv(json, report, finding, advice->argv);
	json_open_array(json, "frees");
	for (i = 0; advice->frees && i < finding->victim_count; i++)
		json_put_integer(json, NULL, process_at(report->scene->snapshot, finding->victims[i])->pid);
	json_close(json);
	json_close(json);
}

static void put_signature(struct json_out *json, const struct signature *signature)
{
	if (!*signature->text) {
		json_put_null(json, "signature");
		json_put_null(json, "signature_version");
		return;
	}
	json_put_string(json, "signature", signature->text);
	json_put_integer(json, "signature_version", SIGNATURE_VERSION);
}

void json_finding(struct json_out *json, const char *key, const struct report *report, const struct finding *finding)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	struct advice advice[ADVICE_MOST];
	char id[17], name[64];
	struct phrase phrase;
	unsigned count;
	uint32_t i;

	report_id(report, id);
	snprintf(name, sizeof(name), "%.8s-%" PRIu32, id, (uint32_t)(finding - report->findings) + 1);
	json_open_object(json, key);
	json_put_string(json, "id", name);
	json_put_string(json, "class", verdict_names[finding->verdict]);
	json_put_string(json, "cause", finding->cause->name);
	json_put_string(json, "certainty", certainty_names[finding->certainty]);
	json_doubts(json, "because", finding->doubts);
	put_culprit(json, snapshot, finding->culprit);
	if (finding->cycle_count > 0) {
		json_open_array(json, "cycle");
		for (i = 0; i < finding->cycle_count; i++)
			put_task_of(json, NULL, snapshot, finding->cycle[i]);
		json_close(json);
	} else {
		json_put_null(json, "cycle");
	}
	json_open_array(json, "victims");
	for (i = 0; i < finding->victim_count; i++) {
		const struct process *victim = process_at(snapshot, finding->victims[i]);

		json_open_object(json, NULL);
		json_put_integer(json, "pid", victim->pid);
		json_put_number(json, "start_ticks", victim->start_ticks);
		json_close(json);
	}
	json_close(json);
	json_put_number(json, "since_ms", finding->since_ms);
	phrase_init(&phrase, PLACE_JSON);
	words_summary(&phrase, report, finding);
	put_phrase(json, "summary", &phrase);
	json_open_array(json, "evidence");
	for (i = 0; i < finding->fact_count; i++)
		put_evidence(json, report, finding, &finding->facts[i]);
	json_close(json);
	json_open_array(json, "advice");
	count = advice_of(report, finding, advice);
	for (i = 0; i < count; i++)
		put_advice(json, report, finding, &advice[i]);
	json_close(json);
	put_signature(json, &finding->signature);
	json_close(json);
}

/* ---- waits ---------------------------------------------------------------------- */

static uint64_t put_wakers(struct json_out *json, const struct report *report, const struct edge *edge)
{
	struct task_ix wakers[SHOWN_WAKERS];
	uint32_t count, i;

	count = graph_tasks(report->scene, report->graph, edge, wakers, SHOWN_WAKERS);
	json_open_array(json, "to");
	for (i = 0; i < count && i < SHOWN_WAKERS; i++)
		put_task_of(json, NULL, report->scene->snapshot, wakers[i]);
	json_close(json);
	return count > SHOWN_WAKERS ? count - SHOWN_WAKERS : 0;
}

static uint64_t put_wait(struct json_out *json, const struct report *report, const struct edge *edge)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	struct phrase phrase;
	uint64_t left_out;

	json_open_object(json, NULL);
	put_task_of(json, "from", snapshot, edge->from);
	left_out = put_wakers(json, report, edge);
	json_put_string(json, "mode", edge->mode == MODE_ALL ? "all" : "any");
	json_put_string(json, "channel", channel_names[edge->channel]);
	if (edge->object.at != NO_ROW) {
		phrase_init(&phrase, PLACE_JSON);
		words_object(&phrase, snapshot, edge->object);
		put_phrase(json, "object", &phrase);
	} else {
		json_put_null(json, "object");
	}
	json_put_number(json, "deadline_ms", edge->deadline_ns == UNSEEN ? UNSEEN : edge->deadline_ns / 1000000);
	json_doubts(json, "doubts", edge->doubts);
	phrase_init(&phrase, PLACE_JSON);
	if (!words_call_short(&phrase, report->scene, edge->from))
		phrase_add(&phrase, "asleep");
	put_phrase(json, "evidence", &phrase);
	json_close(json);
	return left_out;
}

/* In the order of the processes, so that it does not hang on who was met first. */
void json_waits(struct json_out *json, const struct report *report, uint64_t *ret)
{
	const struct scene *scene = report->scene;
	const struct graph *graph = report->graph;
	uint64_t left_out = 0;
	uint32_t i, t, e;

	json_open_array(json, "waits");
	for (i = 0; graph && i < report->processes; i++) {
		struct span span = scene->process_tasks[report->order[i].at];

		if (!(process_at(scene->snapshot, report->order[i])->flags & PROCESS_IN_TREE))
			continue;
		for (t = 0; t < span.count; t++) {
			uint32_t task = scene->task_order[span.first + t];

			for (e = graph->first_edge[task]; e < graph->first_edge[task + 1]; e++)
				left_out += put_wait(json, report, &graph->edge[e]);
		}
	}
	json_close(json);
	*ret = left_out;
}
