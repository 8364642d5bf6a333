/* SPDX-License-Identifier: MIT */
/*
 * What an attempt comes to, and a run of several.  Pure: tables and comparisons.
 */
#ifndef RUN_OUTCOME_H
#define RUN_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum outcome {
	OUTCOME_PASSED,           /**< Exit status 0. */
	OUTCOME_FAILED,           /**< Another one. */
	OUTCOME_SIGNALLED,        /**< Ended by a signal that was not ours. */
	OUTCOME_HANG,             /**< The limit passed, or it stalled and was ended for that. */
	OUTCOME_CANCELLED,        /**< We were told to end, and passed that on. */
	OUTCOME_LEAKED,           /**< It passed, left processes behind, and --leak=fail. */
	OUTCOME_NOT_RUN,          /**< It could not be started. */
	OUTCOME_FLAKY,            /**< Of a run: it hung, and then passed. */
	OUTCOMES
};
extern const char *const outcome_names[OUTCOMES];

enum {
	ATTEMPT_PORTS = 32, ATTEMPT_SIGNATURE = 96, ATTEMPT_WORD = 32, ATTEMPT_SUMMARY = 512, ATTEMPT_LIST = 2048,
};

struct attempt {
	unsigned number;          /**< From 1. */
	enum outcome outcome;
	bool over;                /**< The command was reaped; its status is real. */
	int wait_status;          /**< As of waitpid(2). */
	bool late;                /**< It went past its limit, whatever came then. */
	bool stalled;             /**< Ended because nothing moved, not because of the limit. */
	int own_status;           /**< 125 ... 127 when it was not run. */
	int64_t started_ms, took_ms; /**< Since the epoch. */
	unsigned left, survivors; /**< Left behind by its own exit; not to be ended. */
	uint16_t ports[ATTEMPT_PORTS]; unsigned port_count; /**< Listened on when it hung. */
	/* Escaped for a terminal, "" none: */
	char class[ATTEMPT_WORD], cause[ATTEMPT_WORD], certainty[ATTEMPT_WORD];
	char signature[ATTEMPT_SIGNATURE];
	char summary[ATTEMPT_SUMMARY];
	char report[64];          /**< Name of its JSON file within the report directory. */
	char left_list[ATTEMPT_LIST], survivor_list[ATTEMPT_LIST]; /**< Names, separated by "; ". */
	char moved_list[ATTEMPT_LIST];
	char trouble[160];        /**< Why there is no report. */
};

/** Outcome of an attempt from the rest of it. */
enum outcome attempt_outcome(const struct attempt *attempt, int cancelled, bool leak_fails);
/** Exit status that stands for it alone, as a shell would say it. */
int attempt_status(const struct attempt *attempt, bool preserve_status);

/** Do two hangs have the same signature?  0 no, 1 yes, -1 not to be told: one has none. */
int attempt_same(const struct attempt *one, const struct attempt *other);

struct summary {
	enum outcome outcome;
	int status;               /**< Exit status. */
	bool retries;
	unsigned counts[OUTCOMES];
	int64_t shortest_ms, longest_ms;
	int same_signature;       /**< Of all hangs, as attempt_same(). */
};
/**
 * Of a run's attempts in order.  retries: a later attempt replaces an earlier hang; else all count,
 * the worst first.
 */
struct summary attempts_sum(const struct attempt *attempts, size_t count, bool retries, bool flaky_fails,
			    bool preserve_status);

#endif
