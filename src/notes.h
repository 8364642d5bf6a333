/* SPDX-License-Identifier: MIT */
/*
 * What a report says beside its findings: counts, order, the machine, the gaps.  Pure.
 */
#ifndef NOTES_H
#define NOTES_H

#include "judge.h"

/** Fills everything of *report but its findings; *ret: report->notes, for the judge to put roles in.  0 or -ENOMEM. */
int notes_take(const struct scene *scene, struct report *report, struct process_note **ret);

#endif
