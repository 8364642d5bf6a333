/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <criterion/criterion.h>
#include <stdint.h>

Test(arena, gives_zeroed_aligned_bytes)
{
	struct arena arena;
	unsigned i, j;

	arena_init(&arena);
	for (i = 1; i < 2000; i++) {
		unsigned char *bytes = arena_take(&arena, i, 1);

		cr_assert_not_null(bytes);
		cr_assert_eq((uintptr_t)bytes % _Alignof(max_align_t), 0);
		for (j = 0; j < i; j++)
			cr_assert_eq(bytes[j], 0);
		for (j = 0; j < i; j++)
			bytes[j] = 0xff;
	}
	arena_deinit(&arena);
	cr_assert_eq(arena.total, 0);
}

Test(arena, refuses_an_overflow)
{
	struct arena arena;

	arena_init(&arena);
	cr_assert_null(arena_take(&arena, SIZE_MAX / 2, 4));
	cr_assert_null(arena_take(&arena, SIZE_MAX, 1));
	cr_assert_not_null(arena_take(&arena, 0, 0));
	arena_deinit(&arena);
}
