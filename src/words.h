/* SPDX-License-Identifier: MIT */
/*
 * The rooms that turn facts, templates and gaps into words, for text and JSON alike:
 *
 *	words.c		templates; words_say.c their placeholders
 *	words_fact.c	what each kind of fact is called and says
 *	words_call.c	what a task is in: "recvfrom(7), tcp 127.0.0.1:80 -> 4000"
 *	words_name.c	tasks, processes, objects, chains, ages, amounts
 *	words_where.c	where in its code a task is
 *	words_gap.c	what was not seen, what to do about it, what it cost
 *	words_advice.c	what a reader can do
 *
 * Templates hold {placeholders}; an unknown one fails a unit test.  What stands in
 * [brackets] is left out when something in it is not known; brackets do not nest.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "escape.h"
#include "judge.h"
#include "phrase.h"

/**
 * Expand a template for a finding (may be NULL) and a fact (may be NULL):
 *
 *	{culprit} {who} {other}	"worker-2[4260]"
 *	{child}			the process of {other}
 *	{whose}			"its" where the fact is about the culprit, else "worker-1[4259]'s"
 *	{pid} {tracer} {parent}	numbers: of the culprit; its tracer's, its parent's
 *	{target}		what to ask for to see the same again: as the user typed it, else pids
 *	{victims}		"pytest[4242], worker-1[4259]", at most 4, then "and 3 more"
 *	{call}			"clock_nanosleep for 1000000 s", "recvfrom(7), tcp 127.0.0.1:80 -> 4000",
 *				from wchan when the call is not known: of the culprit, or of {who} in a fact
 *	{bytes}			fact.amount as "18 204 B"
 *	{count} {percent} {ms}	fact.amount as "12", "99 %", "1.5 s"
 *	{count:socket}		"1 socket", "12 sockets"
 *	{age}			fact.age_ms as "9.6 s", "17 min"
 *	{window}		"2.0 s"
 *	{taken}			"none taken in 2.0 s", or "no less than 2.0 s before"
 *	{object}		"tcp 127.0.0.1:80 -> 4000", "pipe:[123]"
 *	{wchan} {exit}		wchan; a wait status as "was killed by SIGKILL", "exited with 1"
 *	{cgroup}		path of the culprit's control group
 *	{busy}			"26 %": the CPUs of the machine through the window
 *	{channel}		what the cycle or chain goes over: "pipe", "pipe and child"
 *	{cycle}			"a[1] -pipe-> b[2] -child-> a[1]"
 *	{primitive}		"a mutex", "the end of a thread": of the culprit, or of {who} in a fact
 *	{place} {line}		fact.frame as "read_config, config.c:120, under main", as "config.c:120"
 *
 * Without a fact, {bytes} and its kin are of the first fact of the finding that has
 * them.  0; -EINVAL when a placeholder is not known (it then stands as it is).
 */
int words_add(struct phrase *phrase, const struct report *report, const struct finding *finding,
	      const struct fact *fact, const char *words);

/**
 * A fact as a sentence, in the template of its kind; its unit ("bytes", "ms", "permille", "count",
 * "wait-status" or NULL) and name ("unread").
 */
void words_fact(struct phrase *phrase, const struct report *report, const struct finding *finding,
		const struct fact *fact);
/** The same with the name of the culprit left out where it is the subject. */
void words_fact_of_culprit(struct phrase *phrase, const struct report *report, const struct finding *finding,
			   const struct fact *fact);
const char *fact_unit(enum fact_kind kind);
const char *fact_name(enum fact_kind kind);
const char *fact_template(enum fact_kind kind);

/** A task or process for a person: comm, or what an interpreter runs ("pytest" for python3 -m pytest), with pid. */
void words_task(struct phrase *phrase, const struct snapshot *snapshot, struct task_ix task);
void words_process(struct phrase *phrase, const struct snapshot *snapshot, struct process_ix process);
/** "tcp 127.0.0.1:80 -> 4000" (in JSON the remote address whole), "pipe:[123]", "FIFO /run/x". */
void words_object(struct phrase *phrase, const struct snapshot *snapshot, struct object_ix object);
/** "a[1] -pipe-> b[2] -tcp-> c[3]". */
void words_chain(struct phrase *phrase, const struct report *report, const struct finding *finding);
/** The same of a circle, which ends where it began.  false: there is none. */
bool words_cycle(struct phrase *phrase, const struct report *report, const struct finding *finding);
/** "pipe and child": of the cycle, else the chain.  false: neither has an edge. */
bool words_channels(struct phrase *phrase, const struct report *report, const struct finding *finding);
/** What a task is in at its newest look; false when nothing is known about it. */
bool words_call(struct phrase *phrase, const struct scene *scene, struct task_ix task);
/** The same, one word or two: "recvfrom(7)", "epoll_wait(5)", "do_wait". */
bool words_call_short(struct phrase *phrase, const struct scene *scene, struct task_ix task);
/** "config.c:120"; false: not known. */
bool words_line(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site);
/** "read_config, config.c:120"; where the line is not known "read_config of feedd", without a name "feedd+0x1139". */
void words_site(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site);
/** "read_config, config.c:120, under main"; where the line is not known "read_config of feedd, under main". */
void words_where(struct phrase *phrase, const struct scene *scene, struct frame_ix frame);
/** The summary of a finding: the template of its cause, and where in its code the culprit is. */
void words_summary(struct phrase *phrase, const struct report *report, const struct finding *finding);
/** A wait(2) status: "exited with 1", "was killed by SIGKILL"; false: not known. */
bool words_exit(struct phrase *phrase, int64_t wait_status);
/** What the user named: as typed, else pids, at most 8. */
void words_target(struct phrase *phrase, const struct report *report);

/** "30 ms", "9.6 s", "17 min", "3 h 05 min", "12 d". */
void format_age(int64_t ms, char *to, size_t size);
void format_bytes(int64_t bytes, char *to, size_t size);  /**< "18 204 B", "1.2 MB" */
void format_seconds(int64_t ns, char *to, size_t size);   /**< As a program asked for it: "1000000 s", "0.05 s". */
const char *signal_name(int number);                      /**< "SIGKILL"; NULL: none of the first 31. */

/**
 * Gaps in words, templates for words_add(): what is not known ("system calls"), why
 * ("permission denied"), what to do (NULL: nothing), what it made impossible.
 */
struct gap_words {
	const char *meaning, *because, *remedy, *cost;
	bool minor;                    /**< No verdict hangs on it: a text report need not give it a line. */
	unsigned rank;                 /**< Those with a lower one are named first; equal ones mean the same. */
};
struct gap_words gap_words(const struct report *report, const struct gap_group *gap);
/** The meaning, with {detail} as the probe told it: "descriptors of 3 processes outside the tree". */
void words_missed(struct phrase *phrase, const struct report *report, const struct gap_group *gap);

/** The advice of a finding in the order to follow it: evidence is kept before anything is ended. */
struct advice {
	enum advice_kind kind;
	const char *text;              /**< Template. */
	const char *const *argv;       /**< As in struct advice_row; NULL: none. */
	bool frees;
};
/** Fills at most 8, returns how many.  Nothing is ended on a finding that is less than likely. */
enum { ADVICE_MOST = 8, ADVICE_WORDS = 6 };
unsigned advice_of(const struct report *report, const struct finding *finding, struct advice ret[ADVICE_MOST]);
/** "keep the evidence: wedgecheck --save FILE 4242", "let dd[7] go on (kill -CONT 7)". */
void words_advice(struct phrase *phrase, const struct report *report, const struct finding *finding,
		  const struct advice *advice);
/** One word of argv ("{pid}" and kin become numbers); false: not known, and the whole argv is better left out. */
bool advice_word(const struct report *report, const struct finding *finding, const char *word, char *to, size_t size);

#endif
