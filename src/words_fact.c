/* SPDX-License-Identifier: MIT */
/* What each kind of fact is called, what its amount counts, and how it is said. */
#include <string.h>

#include "words.h"

struct fact_row {
	const char *name;         /* evidence[].kind */
	const char *unit;         /* evidence[].unit of amount; NULL: it has no amount, but an age where known. */
	const char *words;        /* The sentence.  One that starts with {who} can be said of the culprit without it. */
};

static const char subject[] = "{who} ";

static const struct fact_row fact_rows[FACTS] = {
	[FACT_ASLEEP] = { "asleep", NULL, "{who} asleep in [{place}: ]{call}[; silent for {age}]" },
	[FACT_BURNS] = { "burns", "permille", "{who} used {percent} of a CPU" },
	[FACT_UNREAD] = { "unread", "bytes",
		"{bytes} unread on {whose} {object}[ from {other}]; {taken}" },
	[FACT_FULL] = { "full", "bytes", "{object} is full[, {bytes}][; {who} should drain it][, {other} writes to it]" },
	[FACT_UNANSWERED] = { "unanswered", NULL, "[{other} ]asked {who} over {object}[ {age} ago] and has no answer" },
	[FACT_WAITS] = { "waits", NULL, "{who} waits for {other}[ over {object}]" },
	[FACT_WAITS_CHILD] = { "waits-child", NULL, "{who} waits for its child {child} to end" },
	[FACT_HOLDS] = { "holds", NULL, "{who} still holds the write end of {object}[, so {other} sees no end of file]" },
	[FACT_NO_WRITER] = { "no-writer", NULL, "{object} has no writer" },
	[FACT_NO_READER] = { "no-reader", NULL, "{object} has no reader" },
	[FACT_PEER_GONE] = { "peer-gone", NULL,
		"the other end of {whose} {object} is closed, and {who} has not noticed" },
	[FACT_EXTERNAL] = { "external", NULL, "the peer of {object} is on another host" },
	[FACT_NAMESPACE] = { "namespace", NULL, "the peer of {object} is in another network namespace of this host" },
	[FACT_DISARMED] = { "disarmed", NULL,
		"{object} is registered one-shot and disarmed: nobody listens for it" },
	[FACT_IN_NO_SET] = { "in-no-set", NULL, "{object} is in no event set and nobody reads it" },
	[FACT_BACKLOG] = { "backlog", "count", "{count:connection} not accepted yet at {object}" },
	[FACT_STOPPED] = { "stopped", NULL, "{who} is stopped by a signal" },
	[FACT_TRACED] = { "traced", NULL, "{who} is held by a tracer[, {other}]" },
	[FACT_FROZEN] = { "frozen", NULL, "{who} is in a frozen control group" },
	[FACT_THROTTLED] = { "throttled", "ms", "{who} is in a control group that was throttled for {ms} of {window}" },
	[FACT_STARVED] = { "starved", "permille", "{who} wanted a CPU and had none for {percent} of the time" },
	[FACT_PRESSURE] = { "pressure", "count", "{who} is short of memory: {count:event} in {window}" },
	[FACT_OOM] = { "oom", "count", "{count:process} of the control group of {who} killed for memory" },
	[FACT_OOM_KILLED] = { "oom-killed", NULL, "the kernel log says that {child} was killed for memory" },
	[FACT_ZOMBIE] = { "zombie", "wait-status", "{child} {exit}, and {who} has not reaped it" },
	[FACT_CLOSE_WAIT] = { "close-wait", "count", "{who} has {count:socket} in CLOSE-WAIT" },
	[FACT_RETRIES] = { "retries", "count", "{who} woke {count:time} in {window} and went back to the same call" },
	[FACT_TIMER] = { "timer", "ms", "{who} wakes by itself in {ms}" },
	[FACT_TTY] = { "tty", NULL, "{who} reads the terminal {object}" },
	[FACT_ORPHAN] = { "orphan", NULL, "{who} is an orphan: its parent died" },
	[FACT_UNINTERRUPTIBLE] = { "uninterruptible", NULL, "{who} cannot be interrupted" },
	[FACT_CORE] = { "core", NULL, "{who} is dumping core" },
	[FACT_SILENT_FIRST] = { "silent-first", NULL, "{who} silent first[, for {age}]" },
	[FACT_RAN_SINCE] = { "ran-since", NULL, "{who} ran after {other} fell silent, and still took nothing" },
	[FACT_MOVED] = { "moved", "bytes", "{who} moved {bytes} in {window}" },
	[FACT_EXITED] = { "exited", NULL, "{who} ended within the window" },
	[FACT_NOT_SEEN] = { "not-seen", NULL, "{who} could not be seen well enough" },
	[FACT_STACK] = { "stack", NULL, "{who} is in {place}" },
	[FACT_LOOP] = { "loop", "count", "{who} loops in {place}[: in each of {count:stack}]" },
};

const char *fact_name(enum fact_kind kind)
{
	return fact_rows[kind].name;
}

const char *fact_unit(enum fact_kind kind)
{
	return fact_rows[kind].unit;
}

const char *fact_template(enum fact_kind kind)
{
	return fact_rows[kind].words;
}

void words_fact(struct phrase *phrase, const struct report *report, const struct finding *finding,
		const struct fact *fact)
{
	words_add(phrase, report, finding, fact, fact_rows[fact->kind].words);
}

void words_fact_of_culprit(struct phrase *phrase, const struct report *report, const struct finding *finding,
			   const struct fact *fact)
{
	const char *words = fact_rows[fact->kind].words;

	if (fact->who.at != NO_ROW && fact->who.at == finding->culprit.at &&
	    strncmp(words, subject, strlen(subject)) == 0)
		words += strlen(subject);
	words_add(phrase, report, finding, fact, words);
}
