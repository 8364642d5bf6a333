/* SPDX-License-Identifier: MIT */
/* What an attempt comes to, and a run of several. */
#include "run_outcome.h"

#include <string.h>
#include <sys/wait.h>

#include "run.h"

const char *const outcome_names[OUTCOMES] = {
	[OUTCOME_PASSED] = "passed",   [OUTCOME_FAILED] = "failed",       [OUTCOME_SIGNALLED] = "signalled",
	[OUTCOME_HANG] = "hang",       [OUTCOME_CANCELLED] = "cancelled", [OUTCOME_LEAKED] = "leaked",
	[OUTCOME_NOT_RUN] = "not-run", [OUTCOME_FLAKY] = "flaky",
};

enum outcome attempt_outcome(const struct attempt *attempt, int cancelled, bool leak_fails)
{
	if (attempt->own_status)
		return OUTCOME_NOT_RUN;
	if (attempt->outcome == OUTCOME_HANG) /* we signalled it for that: its status is our doing */
		return OUTCOME_HANG;
	if (cancelled)
		return OUTCOME_CANCELLED;
	if (!attempt->over || WIFSIGNALED(attempt->wait_status))
		return OUTCOME_SIGNALLED;
	if (WEXITSTATUS(attempt->wait_status) != 0)
		return OUTCOME_FAILED;
	return leak_fails && attempt->left > 0 ? OUTCOME_LEAKED : OUTCOME_PASSED;
}

int attempt_status(const struct attempt *attempt, bool preserve_status)
{
	const int own = !attempt->over ? 128 + 9 :
			WIFSIGNALED(attempt->wait_status) ? 128 + WTERMSIG(attempt->wait_status) :
			WEXITSTATUS(attempt->wait_status);

	switch (attempt->outcome) {
	case OUTCOME_NOT_RUN:
		return attempt->own_status;
	case OUTCOME_HANG:
		return preserve_status ? own : STATUS_HANG;
	case OUTCOME_LEAKED:
		return STATUS_LEAK;
	default:
		return own;
	}
}

int attempt_same(const struct attempt *one, const struct attempt *other)
{
	if (!*one->signature || !*other->signature)
		return -1;
	return strcmp(one->signature, other->signature) == 0;
}

/* Who of two speaks for the run: the higher. */
static unsigned weight(enum outcome outcome)
{
	static const unsigned char weights[OUTCOMES] = {
		[OUTCOME_CANCELLED] = 7, [OUTCOME_NOT_RUN] = 6, [OUTCOME_HANG] = 5, [OUTCOME_SIGNALLED] = 4,
		[OUTCOME_FAILED] = 3,    [OUTCOME_LEAKED] = 2,
	};

	return weights[outcome];
}

/* One difference is a difference; one that cannot be told leaves the rest in doubt. */
static int same_both(int one, int other, bool first)
{
	if (first)
		return other;
	return one == 0 || other == 0 ? 0 : one < 0 || other < 0 ? -1 : 1;
}

struct summary attempts_sum(const struct attempt *attempts, size_t count, bool retries, bool flaky_fails,
			    bool preserve_status)
{
	struct summary ret = { .outcome = OUTCOME_NOT_RUN, .status = STATUS_OWN, .same_signature = -1, .retries = retries };
	const struct attempt *speaks = NULL, *hung = NULL;
	unsigned pairs = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct attempt *attempt = &attempts[i];

		ret.counts[attempt->outcome]++;
		if (i == 0 || attempt->took_ms < ret.shortest_ms)
			ret.shortest_ms = attempt->took_ms;
		if (i == 0 || attempt->took_ms > ret.longest_ms)
			ret.longest_ms = attempt->took_ms;
		if (!speaks || retries || weight(attempt->outcome) > weight(speaks->outcome))
			speaks = attempt;
		if (attempt->outcome == OUTCOME_HANG) {
			if (hung)
				ret.same_signature = same_both(ret.same_signature, attempt_same(hung, attempt), pairs++ == 0);
			else
				hung = attempt;
		}
	}
	if (!speaks)
		return ret;
	ret.outcome = speaks->outcome;
	ret.status = attempt_status(speaks, preserve_status);
	if (retries && hung && hung != speaks && speaks->outcome == OUTCOME_PASSED) {
		ret.outcome = OUTCOME_FLAKY;
		ret.status = flaky_fails ? STATUS_FLAKY : 0;
	}
	return ret;
}
