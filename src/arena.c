/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { CHUNK = 64 << 10 };

struct arena_chunk {
	struct arena_chunk *older;
	size_t room;
	max_align_t bytes[];
};

void arena_init(struct arena *arena)
{
	*arena = (struct arena){ 0 };
}

void arena_deinit(struct arena *arena)
{
	struct arena_chunk *chunk, *older;

	for (chunk = arena->newest; chunk; chunk = older) {
		older = chunk->older;
		free(chunk);
	}
	arena_init(arena);
}

void *arena_take(struct arena *arena, size_t count, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_chunk *chunk;
	size_t bytes, room;
	char *taken;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + align - 1) / align * align;
	if (bytes == 0)
		bytes = align;

	if (!arena->newest || arena->newest->room - arena->used < bytes) {
		room = bytes > CHUNK ? bytes : CHUNK;
		/* Fresh pages from calloc() are zero already: no second pass over them. */
		chunk = calloc(1, sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		chunk->room = room;
		chunk->older = arena->newest;
		arena->newest = chunk;
		arena->used = 0;
		arena->total += room;
	}
	taken = (char *)arena->newest->bytes + arena->used;
	arena->used += bytes;
	return taken;
}
