/* SPDX-License-Identifier: MIT */
/*
 * A report in one line, for those who read only that: what CI systems show beside a job.
 * It is about the first finding.
 */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H

#include "judge.h"
#include "phrase.h"

enum weight {
	WEIGHT_NONE,              /**< Nothing is wrong, as far as was seen. */
	WEIGHT_WARNING,           /**< A wedge that is unsure, or unknown. */
	WEIGHT_ERROR,             /**< A wedge, likely or proved. */
};

enum weight announce_weight(const struct report *report);
/** Our own words: "hung test: stuck-ipc not-consuming", "unknown, best guess stuck-ipc not-consuming". */
void announce_title(struct phrase *phrase, const struct report *report);
/** "tests/test_feed.py::test_reconnect: feedd[4260] left 18 204 B unread ...; asleep in backoff, feed.py:31 (likely), w1:9f3ac1d2" */
void announce_message(struct phrase *phrase, const struct report *report);
/** The test that was running (--test).  false: not known. */
bool announce_test(struct phrase *phrase, const struct report *report);

#endif
