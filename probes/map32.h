/* SPDX-License-Identifier: MIT */
/*
 * From a number to a number, for the time of one visit: inodes to rows.  Zeroed is empty.
 */
#ifndef MAP32_H
#define MAP32_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "hash.h"

#define MAP32_NONE UINT32_MAX

struct map32_slot { uint32_t key, value; }; /* value MAP32_NONE: empty */

struct map32 {
	struct map32_slot *slots;
	uint32_t count, room;     /* room: 0, or a power of two and at least twice count */
};

static inline void map32_deinit(struct map32 *map)
{
	free(map->slots);
	*map = (struct map32){ 0 };
}

static inline struct map32_slot *map32_slot_of(struct map32_slot *slots, uint32_t room, uint32_t key)
{
	uint32_t at = (uint32_t)hash_mix(key, hash_seed()) & (room - 1);

	while (slots[at].value != MAP32_NONE && slots[at].key != key)
		at = (at + 1) & (room - 1);
	return &slots[at];
}

static inline uint32_t map32_get(const struct map32 *map, uint32_t key)
{
	return map->room ? map32_slot_of(map->slots, map->room, key)->value : MAP32_NONE;
}

/** The value of a key that is there already is replaced.  value is not MAP32_NONE.  0 or -ENOMEM. */
static inline int map32_put(struct map32 *map, uint32_t key, uint32_t value)
{
	uint32_t room = map->room ? map->room * 2 : 64, i;
	struct map32_slot *slots, *slot;

	if (map->count >= map->room / 2) {
		slots = malloc(room * sizeof(*slots));
		if (!slots)
			return -ENOMEM;
		for (i = 0; i < room; i++)
			slots[i].value = MAP32_NONE;
		for (i = 0; i < map->room; i++)
			if (map->slots[i].value != MAP32_NONE)
				*map32_slot_of(slots, room, map->slots[i].key) = map->slots[i];
		free(map->slots);
		map->slots = slots;
		map->room = room;
	}
	slot = map32_slot_of(map->slots, map->room, key);
	if (slot->value == MAP32_NONE)
		map->count++;
	*slot = (struct map32_slot){ key, value };
	return 0;
}

#endif
