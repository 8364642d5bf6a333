/* SPDX-License-Identifier: MIT */
/*
 * Is it the same hang as last time?  A short word made of what stays when pids, ports, paths,
 * lines and addresses change and the program is built again: class, cause, program, and the
 * functions in which the culprit is.  Never of its victims.  Pure.
 *
 * Of an interpreter it is known what it runs, not where that is: two hangs of one script that make the
 * same call in the end are told apart by nothing here.
 *
 *	w1:9f3ac1d2		version of these rules, a hash
 */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include "judge.h"

enum { SIGNATURE_VERSION = 1 };

/** Of a wedge that is likely or proved; "" for all else: what is unsure must not be taken for the same. */
struct signature signature_of(const struct scene *scene, const struct finding *finding);

#endif
