/* SPDX-License-Identifier: MIT */
/*
 * The one room that turns facts, templates and gaps into words, for text and JSON
 * alike.  Templates hold {placeholders}; an unknown one fails a unit test.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>
#include <stdio.h>

#include "escape.h"
#include "judge.h"

/**
 * Expand a template for a finding (may be NULL) and a fact (may be NULL):
 *
 *	{culprit} {who} {other}	"worker-2[4260]"
 *	{pid} {tracer} {parent}	numbers
 *	{victims}		"pytest[4242], worker-1[4259]", at most 4, then "and 3 more"
 *	{call}			"clock_nanosleep for 1000000 s", "recvfrom(7), tcp 127.0.0.1:80 -> 127.0.0.1:4000",
 *				from wchan when the call is not known: of the culprit, or of {who} in a fact
 *	{bytes}			fact.amount as "18 204 B"
 *	{count} {percent} {ms}	fact.amount as "12", "99 %", "1.5 s"
 *	{age}			fact.age_ms as "9.6 s", "17 min"
 *	{window}		"2.0 s"
 *	{object}		"tcp 127.0.0.1:80 -> 127.0.0.1:4000", "pipe:[123]"
 *	{wchan} {exit}		wchan; a wait status as "was killed by SIGKILL", "exited with 1"
 *	{channel}		what the cycle or chain goes over: "pipe", "pipe and child"
 *	{cycle}			"a[1] -pipe-> b[2] -child-> a[1]"
 */
int put_words(FILE *out, enum place place, const struct report *report, const struct finding *finding,
	      const struct fact *fact, const char *words);

/** A fact as a sentence, in the template of its kind; its unit ("bytes", "ms", "permille", "count" or NULL) and name ("unread"). */
int put_fact(FILE *out, enum place place, const struct report *report, const struct finding *finding,
	     const struct fact *fact);
const char *fact_unit(enum fact_kind kind);
const char *fact_name(enum fact_kind kind);

/** A task or process for a person: comm, or what an interpreter runs ("pytest" for python3 -m pytest), with pid. */
int put_task(FILE *out, enum place place, const struct snapshot *snapshot, struct task_ix task);
int put_process(FILE *out, enum place place, const struct snapshot *snapshot, struct process_ix process);
/** The title alone, unescaped, into to: "pytest", "worker-2". */
void process_title(const struct snapshot *snapshot, struct process_ix process, char *to, size_t size);

/** "9.6 s", "17 min", "3 h 05 min", "12 d"; -> static storage of the caller. */
void format_age(int64_t ms, char *to, size_t size);
void format_bytes(int64_t bytes, char *to, size_t size); /**< "18 204 B", "1.2 MB" */

/** Gaps in words: what it means, what to do, what it made impossible.  src/words_gap.c. */
struct gap_words { const char *meaning, *remedy, *cost; };
struct gap_words gap_words(const struct report *report, const struct gap_group *gap);

#endif
