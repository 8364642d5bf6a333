/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

static struct pool *pool;

static void setup(void)
{
	cr_assert_eq(pool_create(&pool), 0);
}

static void teardown(void)
{
	pool = pool_destroy(pool);
	cr_assert_null(pool);
}

TestSuite(pool, .init = setup, .fini = teardown);

static uint32_t intern(const void *bytes, size_t length)
{
	uint32_t ret = UINT32_MAX;

	cr_assert_eq(pool_intern(pool, bytes, length, &ret), 0);
	return ret;
}

Test(pool, equal_bytes_have_equal_offsets)
{
	uint32_t abc = intern("abc", 3);

	cr_assert_neq(intern("abd", 3), abc);
	cr_assert_eq(intern("abc", 3), abc);
	cr_assert_str_eq(pool_bytes(pool, abc), "abc");
	cr_assert_eq(pool_size(pool), 8);
}

Test(pool, a_prefix_and_a_tail_are_other_texts)
{
	uint32_t whole = intern("ab\0cd", 5);

	cr_assert_neq(intern("ab", 2), whole);
	cr_assert_neq(intern("ab\0", 3), whole);
	cr_assert_neq(intern("cd", 2), whole + 3);
	cr_assert_eq(memcmp(pool_bytes(pool, whole), "ab\0cd\0", 6), 0);
}

Test(pool, no_bytes_are_a_text)
{
	uint32_t empty = intern("", 0);

	cr_assert_eq(intern(NULL, 0), empty);
	cr_assert_str_eq(pool_bytes(pool, empty), "");
}

Test(pool, keeps_everything_while_it_grows)
{
	enum { TEXTS = 50000 };
	uint32_t *at = calloc(TEXTS, sizeof(*at));
	char text[32];
	int i;

	for (i = 0; i < TEXTS; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		at[i] = intern(text, strlen(text));
	}
	for (i = 0; i < TEXTS; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		cr_assert_str_eq(pool_bytes(pool, at[i]), text);
		cr_assert_eq(intern(text, strlen(text)), at[i]);
	}
	free(at);
}

/* The source of the bytes may be the pool itself, which moves. */
Test(pool, takes_a_part_of_its_own_text)
{
	enum { LONG = 16000 };
	char *text = malloc(LONG);
	uint32_t whole, part;
	int i;

	for (i = 0; i < LONG; i++)
		text[i] = (char)('a' + i % 26);
	whole = intern(text, LONG);
	part = intern(pool_bytes(pool, whole) + 1, LONG - 2);
	cr_assert_eq(memcmp(pool_bytes(pool, part), text + 1, LONG - 2), 0);
	cr_assert_eq(pool_bytes(pool, part)[LONG - 2], '\0');
	free(text);
}

Test(pool, refuses_what_goes_beyond_its_bound)
{
	uint32_t at = 7;

	cr_assert_eq(pool_intern(pool, "x", BOUND_POOL, &at), -E2BIG);
	cr_assert_eq(pool_intern(pool, "x", SIZE_MAX, &at), -E2BIG);
	cr_assert_eq(at, 7);
	cr_assert_eq(pool_size(pool), 0);
}

Test(pool, destroy_takes_null)
{
	cr_assert_null(pool_destroy(NULL));
}
