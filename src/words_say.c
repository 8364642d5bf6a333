/* SPDX-License-Identifier: MIT */
/* The placeholders of templates, a function each; to add one: a function, a row, a line in words.h. */
#include "words_say.h"

#include <inttypes.h>
#include <string.h>

#include "neglect.h"
#include "primitive.h"

enum { SHOWN_VICTIMS = 4 };

static struct task_ix who_of(const struct context *context)
{
	if (context->fact)
		return context->fact->who;
	return context->finding ? context->finding->culprit : (struct task_ix){ NO_ROW };
}

enum part { PART_AMOUNT, PART_AGE, PART_OBJECT, PART_OTHER, PART_FRAME };

static bool fact_has(const struct fact *fact, enum part part, const char *unit)
{
	const char *its = fact_unit(fact->kind);

	switch (part) {
	case PART_AMOUNT:
		return fact->amount != UNSEEN && its && strcmp(its, unit) == 0;
	case PART_AGE:
		return fact->age_ms != UNSEEN;
	case PART_OBJECT:
		return fact->object.at != NO_ROW;
	case PART_OTHER:
		return fact->other.at != NO_ROW;
	case PART_FRAME:
		return fact->frame.at != NO_ROW;
	}
	return false;
}

/* The fact that is being told, else the first of the finding that has such a part; NULL: none. */
static const struct fact *fact_with(const struct context *context, enum part part, const char *unit)
{
	const struct finding *finding = context->finding;
	uint32_t i;

	if (context->fact)
		return context->fact;
	for (i = 0; finding && i < finding->fact_count; i++)
		if (fact_has(&finding->facts[i], part, unit))
			return &finding->facts[i];
	return NULL;
}

static int64_t amount_of(const struct context *context, const char *unit)
{
	const struct fact *fact = fact_with(context, PART_AMOUNT, unit);

	return fact ? fact->amount : UNSEEN;
}

static const struct process *culprit_of(const struct context *context)
{
	if (!context->finding || context->finding->culprit.at == NO_ROW)
		return NULL;
	return process_at(context->snapshot, task_at(context->snapshot, context->finding->culprit)->process);
}

/* ---- the placeholders: false when not known -------------------------------- */

static bool say_task(const struct context *context, struct phrase *phrase, struct task_ix task)
{
	if (task.at == NO_ROW)
		return false;
	words_task(phrase, context->snapshot, task);
	return true;
}

static bool say_culprit(const struct context *context, struct phrase *phrase)
{
	return context->finding && say_task(context, phrase, context->finding->culprit);
}

static bool say_who(const struct context *context, struct phrase *phrase)
{
	return say_task(context, phrase, who_of(context));
}

static bool say_other(const struct context *context, struct phrase *phrase)
{
	const struct fact *fact = fact_with(context, PART_OTHER, NULL);

	return fact && say_task(context, phrase, fact->other);
}

/* A child is a process, whichever of its threads is in the way. */
static bool say_child(const struct context *context, struct phrase *phrase)
{
	const struct fact *fact = fact_with(context, PART_OTHER, NULL);

	if (!fact || fact->other.at == NO_ROW)
		return false;
	words_process(phrase, context->snapshot, task_at(context->snapshot, fact->other)->process);
	return true;
}

static bool say_whose(const struct context *context, struct phrase *phrase)
{
	struct task_ix who = who_of(context);

	if (who.at == NO_ROW)
		return false;
	if (context->finding && context->finding->culprit.at == who.at) {
		phrase_add(phrase, "its");
		return true;
	}
	words_task(phrase, context->snapshot, who);
	phrase_add(phrase, "'s");
	return true;
}

static bool say_number(struct phrase *phrase, int64_t number)
{
	if (number == UNSEEN || number <= 0)
		return false;
	phrase_format(phrase, "%" PRId64, number);
	return true;
}

static bool say_pid(const struct context *context, struct phrase *phrase)
{
	const struct process *culprit = culprit_of(context);

	return culprit && say_number(phrase, culprit->pid);
}

static bool say_parent(const struct context *context, struct phrase *phrase)
{
	const struct process *culprit = culprit_of(context);

	return culprit && say_number(phrase, culprit->parent);
}

static bool say_tracer(const struct context *context, struct phrase *phrase)
{
	const struct task *task;

	if (!culprit_of(context))
		return false;
	task = task_at(context->snapshot, context->finding->culprit);
	return say_number(phrase, task->at[task_last_look(context->snapshot, context->finding->culprit)].tracer);
}

static bool say_target(const struct context *context, struct phrase *phrase)
{
	size_t length = phrase->length;

	words_target(phrase, context->report);
	return phrase->length > length;
}

static bool say_victims(const struct context *context, struct phrase *phrase)
{
	const struct finding *finding = context->finding;
	uint32_t i;

	if (!finding || finding->victim_count == 0)
		return false;
	for (i = 0; i < finding->victim_count && i < SHOWN_VICTIMS; i++) {
		if (i > 0)
			phrase_add(phrase, ", ");
		words_process(phrase, context->snapshot, finding->victims[i]);
	}
	if (i < finding->victim_count)
		phrase_format(phrase, " and %" PRIu32 " more", finding->victim_count - i);
	return true;
}

static bool say_call(const struct context *context, struct phrase *phrase)
{
	return words_call(phrase, context->report->scene, who_of(context));
}

static bool say_bytes(const struct context *context, struct phrase *phrase)
{
	int64_t amount = amount_of(context, "bytes");
	char text[32];

	if (amount == UNSEEN)
		return false;
	format_bytes(amount, text, sizeof(text));
	phrase_tie(phrase, text);
	return true;
}

/* {count:process}: the noun is put in the plural where it must be. */
static bool say_count(const struct context *context, struct phrase *phrase)
{
	int64_t amount = amount_of(context, "count");

	if (amount == UNSEEN)
		return false;
	phrase_format(phrase, "%" PRId64, amount);
	if (context->noun_length == 0)
		return true;
	phrase_tie(phrase, " ");
	phrase_bytes(phrase, context->noun, context->noun_length);
	if (amount != 1)
		phrase_add(phrase, context->noun[context->noun_length - 1] == 's' ? "es" : "s");
	return true;
}

static bool say_percent(const struct context *context, struct phrase *phrase)
{
	int64_t amount = amount_of(context, "permille");
	char text[32];

	if (amount == UNSEEN)
		return false;
	snprintf(text, sizeof(text), "%" PRId64 " %%", amount / 10);
	phrase_tie(phrase, text);
	return true;
}

static bool say_span(struct phrase *phrase, int64_t ms)
{
	char text[32];

	if (ms == UNSEEN || ms < 0)
		return false;
	format_age(ms, text, sizeof(text));
	phrase_tie(phrase, text);
	return true;
}

static bool say_ms(const struct context *context, struct phrase *phrase)
{
	return say_span(phrase, amount_of(context, "ms"));
}

static bool say_age(const struct context *context, struct phrase *phrase)
{
	const struct fact *fact = fact_with(context, PART_AGE, NULL);

	return fact && say_span(phrase, fact->age_ms);
}

static bool say_window(const struct context *context, struct phrase *phrase)
{
	int64_t window = context->snapshot->window_ns;

	return window != UNSEEN && say_span(phrase, (window + 500000) / 1000000);
}

static bool say_taken(const struct context *context, struct phrase *phrase)
{
	const struct fact *fact = fact_with(context, PART_OBJECT, NULL);
	const bool none = fact && fact->object.at != NO_ROW && context->report &&
			  object_untaken(context->report->scene, fact->object);

	phrase_add(phrase, none ? "none taken in " : "no less than ");
	if (!say_window(context, phrase))
		return false;
	phrase_add(phrase, none ? "" : " before");
	return true;
}

/* Who opens something has no object of it yet, but names it. */
static bool say_path(const struct context *context, struct phrase *phrase)
{
	struct task_ix who = who_of(context);
	const struct decoded *call;

	if (who.at == NO_ROW || !context->report)
		return false;
	call = &context->report->scene->calls[task_last_look(context->snapshot, who)][who.at];
	if (call->action != ACTION_OPEN || !text_seen(call->path))
		return false;
	phrase_bytes(phrase, snapshot_bytes(context->snapshot, call->path), call->path.length);
	return true;
}

static bool say_object(const struct context *context, struct phrase *phrase)
{
	const struct fact *fact = fact_with(context, PART_OBJECT, NULL);

	if (!fact || fact->object.at == NO_ROW)
		return say_path(context, phrase);
	words_object(phrase, context->snapshot, fact->object);
	return true;
}

static bool say_wchan(const struct context *context, struct phrase *phrase)
{
	struct task_ix who = who_of(context);
	struct text wchan;

	if (who.at == NO_ROW)
		return false;
	wchan = task_at(context->snapshot, who)->at[task_last_look(context->snapshot, who)].wchan;
	if (!text_seen(wchan) || wchan.length == 0)
		return false;
	phrase_bytes(phrase, snapshot_bytes(context->snapshot, wchan), wchan.length);
	return true;
}

static bool say_exit(const struct context *context, struct phrase *phrase)
{
	return words_exit(phrase, amount_of(context, "wait-status"));
}

static bool say_cgroup(const struct context *context, struct phrase *phrase)
{
	const struct process *culprit = culprit_of(context);
	struct text path;

	if (!culprit || culprit->cgroup.at == NO_ROW)
		return false;
	path = cgroup_at(context->snapshot, culprit->cgroup)->path;
	if (!text_seen(path) || path.length == 0)
		return false;
	phrase_bytes(phrase, snapshot_bytes(context->snapshot, path), path.length);
	return true;
}

static bool say_busy(const struct context *context, struct phrase *phrase)
{
	char text[32];

	if (context->report->cpu_busy_permille < 0)
		return false;
	snprintf(text, sizeof(text), "%" PRId32 " %%", context->report->cpu_busy_permille / 10);
	phrase_tie(phrase, text);
	return true;
}

static bool say_channel(const struct context *context, struct phrase *phrase)
{
	return context->finding && words_channels(phrase, context->report, context->finding);
}

static bool say_cycle(const struct context *context, struct phrase *phrase)
{
	return context->finding && words_cycle(phrase, context->report, context->finding);
}

static bool say_place(const struct context *context, struct phrase *phrase)
{
	const struct fact *fact = fact_with(context, PART_FRAME, NULL);

	if (!fact || fact->frame.at == NO_ROW)
		return false;
	words_where(phrase, context->report->scene, fact->frame);
	return true;
}

static bool say_line(const struct context *context, struct phrase *phrase)
{
	const struct fact *fact = fact_with(context, PART_FRAME, NULL);

	return fact && fact->frame.at != NO_ROW
	       && words_line(phrase, context->snapshot, frame_at(context->snapshot, fact->frame)->site);
}

static bool say_primitive(const struct context *context, struct phrase *phrase)
{
	struct task_ix who = who_of(context);
	enum primitive primitive;

	if (who.at == NO_ROW)
		return false;
	primitive = task_primitive(context->report->scene, who, NULL);
	if (primitive == PRIMITIVE_NONE)
		return false;
	phrase_add(phrase, primitive_words[primitive]);
	return true;
}

static const struct placeholder placeholders[] = {
	{ "culprit", say_culprit, "somebody" },
	{ "who", say_who, "somebody" },
	{ "other", say_other, "somebody" },
	{ "child", say_child, "a process" },
	{ "whose", say_whose, "somebody's" },
	{ "pid", say_pid, "PID" },
	{ "tracer", say_tracer, "PID" },
	{ "parent", say_parent, "PID" },
	{ "target", say_target, "PID" },
	{ "victims", say_victims, "nobody" },
	{ "call", say_call, "a call that could not be read" },
	{ "bytes", say_bytes, "some data" },
	{ "count", say_count, "some" },
	{ "percent", say_percent, "some" },
	{ "ms", say_ms, "some time" },
	{ "age", say_age, "some time" },
	{ "window", say_window, "the window" },
	{ "taken", say_taken, "no less than before" },
	{ "object", say_object, "something" },
	{ "wchan", say_wchan, "a place in the kernel that could not be read" },
	{ "exit", say_exit, "ended" },
	{ "cgroup", say_cgroup, "of the process" },
	{ "busy", say_busy, "some" },
	{ "channel", say_channel, "something" },
	{ "cycle", say_cycle, "a circle" },
	{ "place", say_place, "its code" },
	{ "line", say_line, "its code" },
	{ "primitive", say_primitive, "something" },
};

const struct placeholder *placeholder_find(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++)
		if (strlen(placeholders[i].name) == length && memcmp(placeholders[i].name, name, length) == 0)
			return &placeholders[i];
	return NULL;
}
