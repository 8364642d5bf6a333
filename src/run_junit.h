/* SPDX-License-Identifier: MIT */
/*
 * A run as JUnit XML, in the dialect that Jenkins, GitLab and Surefire's readers share: one
 * case, a hang as <error type="hang">, a hang before a pass as <flakyError>, before a failure as <rerunError>.
 */
#ifndef RUN_JUNIT_H
#define RUN_JUNIT_H

#include <stddef.h>
#include <stdio.h>

#include "run_outcome.h"

/** Text for an attribute or an element: markup as entities, what XML 1.0 forbids left out.  0 or -errno. */
int put_xml(FILE *out, const char *bytes, size_t length);
/** 0 or -errno. */
int junit_put(const char *command, const struct attempt *attempts, size_t count, const struct summary *summary, FILE *out);

#endif
