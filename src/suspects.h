/* SPDX-License-Identifier: MIT */
/*
 * The ends of chains: who may be the one that everybody waits for.  Pure.
 */
#ifndef SUSPECTS_H
#define SUSPECTS_H

#include <stdint.h>

#include "chains.h"
#include "judge.h"
#include "neglect.h"

/**
 * Every suspect once a process, in no order that matters.  *resting: the end of the first
 * target's chain, which is judged when no other suspect is; NO_ROW in .task: no target could
 * be seen.  0 or -ENOMEM; in the scene's arena.
 */
int suspects_find(const struct chains *chains, const struct suspect **ret, uint32_t *count, struct suspect *resting);

#endif
