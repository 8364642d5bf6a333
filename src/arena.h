/* SPDX-License-Identifier: MIT */
/*
 * Scratch memory in chunks: much is allocated, all of it is freed at once.  Used by
 * graph, judge and renderers only; what outlives them lies in the snapshot.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *newest; /**< NULL when nothing was allocated yet. */
	size_t used;                /**< Bytes taken of the newest chunk. */
	size_t total;               /**< Bytes of all chunks, for tests and limits. */
};

/** Cannot fail; allocates nothing.  The caller ends it with arena_deinit(). */
void arena_init(struct arena *arena);
void arena_deinit(struct arena *arena);

/** Zeroed bytes, aligned for any type, valid until arena_deinit().  NULL: no memory. */
void *arena_take(struct arena *arena, size_t count, size_t size);

#define arena_new(arena, type, count) ((type *)arena_take((arena), (count), sizeof(type)))

#endif
