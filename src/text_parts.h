/* SPDX-License-Identifier: MIT */
/*
 * Parts of text reports: the finding, and what closes every report: what was not
 * seen, and what looking cost.
 */
#ifndef TEXT_PARTS_H
#define TEXT_PARTS_H

#include "page.h"

/** One finding; the first one whole, others shorter. */
void text_finding(struct page *page, const struct report *report, const struct finding *finding, bool first);
/** The running test, if we were told. */
void text_test(struct page *page, const struct report *report);
/** A few frames of the culprit and of those who wait for it; nothing where no stack was taken. */
void text_stacks(struct page *page, const struct report *report);
/** Gaps, one line a remedy; then the cost. */
void text_gaps(struct page *page, const struct report *report);

#endif
