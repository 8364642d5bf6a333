/* SPDX-License-Identifier: MIT */
/* Numbers by pairs of numbers: an open table that doubles. */
#include "pairs.h"

#include <errno.h>

#include "hash.h"

enum { ROOM_LEAST = 256 };

void pairs_init(struct pairs *pairs, struct arena *arena)
{
	*pairs = (struct pairs){ .arena = arena, .seed = hash_seed() };
}

static struct pair *slot_of(const struct pairs *pairs, uint64_t first, uint64_t second)
{
	uint64_t at = hash_mix(first ^ pairs->seed, second);
	struct pair *slot;

	for (;; at++) {
		slot = &pairs->slot[at & (pairs->room - 1)];
		if (slot->number == 0 || (slot->first == first && slot->second == second))
			return slot;
	}
}

static int pairs_grow(struct pairs *pairs)
{
	struct pairs grown = *pairs;
	uint32_t i;

	grown.room = pairs->room ? pairs->room * 2 : ROOM_LEAST;
	grown.slot = arena_new(pairs->arena, struct pair, grown.room);
	if (!grown.slot)
		return -ENOMEM;
	for (i = 0; i < pairs->room; i++)
		if (pairs->slot[i].number)
			*slot_of(&grown, pairs->slot[i].first, pairs->slot[i].second) = pairs->slot[i];
	*pairs = grown;
	return 0;
}

uint32_t pairs_get(const struct pairs *pairs, uint64_t first, uint64_t second)
{
	return pairs->used == 0 ? 0 : slot_of(pairs, first, second)->number;
}

int pairs_put(struct pairs *pairs, uint64_t first, uint64_t second, uint32_t number)
{
	struct pair *slot;

	if (pairs->used >= pairs->room / 2 && pairs_grow(pairs) < 0)
		return -ENOMEM;
	slot = slot_of(pairs, first, second);
	pairs->used += slot->number == 0;
	*slot = (struct pair){ first, second, number };
	return 0;
}
