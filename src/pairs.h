/* SPDX-License-Identifier: MIT */
/*
 * Numbers by pairs of numbers, in an arena.
 */
#ifndef PAIRS_H
#define PAIRS_H

#include <stdint.h>

#include "arena.h"

struct pair { uint64_t first, second; uint32_t number; };

struct pairs {
	struct arena *arena;
	struct pair *slot;        /**< number 0: free. */
	uint32_t room, used;
	uint64_t seed;
};

void pairs_init(struct pairs *pairs, struct arena *arena);
/** What was put for that pair; 0: nothing. */
uint32_t pairs_get(const struct pairs *pairs, uint64_t first, uint64_t second);
/** Put a number other than 0.  0 or -ENOMEM. */
int pairs_put(struct pairs *pairs, uint64_t first, uint64_t second, uint32_t number);

#endif
