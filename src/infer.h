/* SPDX-License-Identifier: MIT */
/*
 * What a task does in a call that could not be read, from where it sleeps.  Pure.
 */
#ifndef INFER_H
#define INFER_H

#include <stdbool.h>
#include <stdint.h>

#include "decode.h"

struct inference {
	const char *wchan;        /**< Its beginning. */
	enum action action;
	uint32_t kinds;           /**< Bits 1 << enum object_kind: what it may be about; 0: no descriptor. */
	bool timed;               /**< Such a call may have a timeout, and nobody can tell: at most unsure. */
};

/** The row of a kernel function; NULL: it tells nothing. */
const struct inference *infer(const char *wchan);

/** call as decoded; or, where the call was not to be had and the task sleeps, what its wchan says. */
struct decoded infer_call(const struct snapshot *snapshot, const struct task_look *seen, struct decoded call);

#endif
