/* SPDX-License-Identifier: MIT */
/* Interned bytes: one block that grows, and an open-addressed table of what is in it. */
#include "pool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "hash.h"

enum { FIRST_BYTES = 16 << 10, FIRST_SLOTS = 1 << 10 };

/** offset is one more than the real one; 0: empty. */
struct pool_slot { uint32_t hash, offset, length; };

struct pool {
	char *bytes;
	size_t used, room;
	struct pool_slot *slots;
	uint32_t count, slot_count; /* slot_count is a power of two */
	uint64_t seed;
};

int pool_create(struct pool **ret)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return -ENOMEM;
	pool->seed = hash_seed();
	pool->bytes = malloc(FIRST_BYTES);
	pool->slots = calloc(FIRST_SLOTS, sizeof(*pool->slots));
	if (!pool->bytes || !pool->slots) {
		pool_destroy(pool);
		return -ENOMEM;
	}
	pool->room = FIRST_BYTES;
	pool->slot_count = FIRST_SLOTS;
	*ret = pool;
	return 0;
}

struct pool *pool_destroy(struct pool *pool)
{
	if (pool) {
		free(pool->bytes);
		free(pool->slots);
		free(pool);
	}
	return NULL;
}

const char *pool_bytes(const struct pool *pool, uint32_t offset)
{
	return pool->bytes + offset;
}

size_t pool_size(const struct pool *pool)
{
	return pool->used;
}

/** The slot of those bytes, or the empty one where they belong. */
static struct pool_slot *slot_find(const struct pool *pool, uint32_t hash, const void *bytes, size_t length)
{
	uint32_t mask = pool->slot_count - 1, at;

	for (at = hash & mask; pool->slots[at].offset; at = (at + 1) & mask) {
		struct pool_slot *slot = &pool->slots[at];

		if (slot->hash == hash && slot->length == length &&
		    (length == 0 || memcmp(pool->bytes + slot->offset - 1, bytes, length) == 0))
			break;
	}
	return &pool->slots[at];
}

static int slots_grow(struct pool *pool)
{
	uint32_t count = pool->slot_count * 2, at, old;
	struct pool_slot *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (old = 0; old < pool->slot_count; old++) {
		if (!pool->slots[old].offset)
			continue;
		for (at = pool->slots[old].hash & (count - 1); slots[at].offset; at = (at + 1) & (count - 1))
			;
		slots[at] = pool->slots[old];
	}
	free(pool->slots);
	pool->slots = slots;
	pool->slot_count = count;
	return 0;
}

static int bytes_grow(struct pool *pool, size_t needed)
{
	size_t room = pool->room;
	char *bytes;

	while (room < needed)
		room *= 2;
	bytes = realloc(pool->bytes, room);
	if (!bytes)
		return -ENOMEM;
	pool->bytes = bytes;
	pool->room = room;
	return 0;
}

int pool_intern(struct pool *pool, const void *bytes, size_t length, uint32_t *ret)
{
	size_t inside = (uintptr_t)bytes - (uintptr_t)pool->bytes;
	struct pool_slot *slot;
	uint32_t hash;
	int r;

	if (length >= BOUND_POOL)
		return -E2BIG;
	hash = (uint32_t)hash_bytes(pool->seed, bytes, length);
	slot = slot_find(pool, hash, bytes, length);
	if (slot->offset) {
		*ret = slot->offset - 1;
		return 0;
	}
	if (length >= BOUND_POOL - pool->used)
		return -E2BIG;
	if (pool->count >= pool->slot_count / 2) {
		r = slots_grow(pool);
		if (r < 0)
			return r;
		slot = slot_find(pool, hash, bytes, length);
	}
	if (pool->used + length + 1 > pool->room) {
		bool ours = inside < pool->used; /* part of an older text: it moves along */

		r = bytes_grow(pool, pool->used + length + 1);
		if (r < 0)
			return r;
		if (ours)
			bytes = pool->bytes + inside;
	}
	if (length)
		memcpy(pool->bytes + pool->used, bytes, length);
	pool->bytes[pool->used + length] = '\0';
	*slot = (struct pool_slot){ hash, (uint32_t)pool->used + 1, (uint32_t)length };
	pool->count++;
	*ret = (uint32_t)pool->used;
	pool->used += length + 1;
	return 0;
}
