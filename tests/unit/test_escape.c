/* SPDX-License-Identifier: MIT */
#include "escape.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cleanup.h"
#include "utf8.h"

static void check(enum place place, const char *bytes, size_t length, const char *want)
{
	_cleanup_free_ char *streamed = NULL;
	char text[256];
	size_t size;
	FILE *out;

	cr_expect_eq(escape_into(text, sizeof(text), place, bytes, length), strlen(want), "%s for %s", text, want);
	cr_expect_str_eq(text, want);
	out = open_memstream(&streamed, &size);
	cr_assert_eq(put_escaped(out, place, bytes, length), 0);
	fclose(out);
	cr_expect_str_eq(streamed, want);
}

Test(escape, plain_text_stays)
{
	check(PLACE_TERMINAL, "pytest -x 'a b' \"q\" ~", 21, "pytest -x 'a b' \"q\" ~");
	check(PLACE_JSON, "a \"q\"", 5, "a \\\"q\\\"");
	check(PLACE_TERMINAL, "gr\xc3\xbc\xc3\x9f \xe2\x86\x92", 10, "gr\xc3\xbc\xc3\x9f \xe2\x86\x92");
	check(PLACE_ASCII, "gr\xc3\xbc", 4, "gr\\xc3\\xbc");
	check(PLACE_TERMINAL, "", 0, "");
}

Test(escape, controls_and_backslash)
{
	check(PLACE_TERMINAL, "a\nb\033[31m\a\0c\x7f\\", 13, "a\\x0ab\\x1b[31m\\x07\\x00c\\x7f\\\\");
	check(PLACE_JSON, "\n\\\"", 3, "\\\\x0a\\\\\\\\\\\"");
}

Test(escape, invalid_utf8)
{
	check(PLACE_TERMINAL, "\xff\xfe", 2, "\\xff\\xfe");
	check(PLACE_TERMINAL, "\xc0\xaf", 2, "\\xc0\\xaf");             /* overlong / */
	check(PLACE_TERMINAL, "\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf");
	check(PLACE_TERMINAL, "\xf0\x80\x80\xaf", 4, "\\xf0\\x80\\x80\\xaf");
	check(PLACE_TERMINAL, "\xed\xa0\x80", 3, "\\xed\\xa0\\x80");    /* surrogate */
	check(PLACE_TERMINAL, "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"); /* U+110000 */
	check(PLACE_TERMINAL, "\xe2\x86", 2, "\\xe2\\x86");             /* cut */
	check(PLACE_TERMINAL, "\xe2\x86" "a", 3, "\\xe2\\x86" "a");
	check(PLACE_TERMINAL, "\x80", 1, "\\x80");
}

Test(escape, characters_that_deceive)
{
	check(PLACE_TERMINAL, "a\xe2\x80\xae" "b", 5, "a\\xe2\\x80\\xae" "b");      /* U+202E */
	check(PLACE_JSON, "\xe2\x81\xa6", 3, "\\\\xe2\\\\x81\\\\xa6");             /* U+2066 */
	check(PLACE_TERMINAL, "\xc2\x9b" "31m", 5, "\\xc2\\x9b" "31m");             /* C1 CSI */
	check(PLACE_TERMINAL, "\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b");               /* zero width space */
	check(PLACE_TERMINAL, "\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf");               /* byte order mark */
}

Test(escape, is_cut_between_sequences_only)
{
	char text[8];

	cr_expect_eq(escape_into(text, 8, PLACE_TERMINAL, "abcd\033", 5), 4);
	cr_expect_str_eq(text, "abcd");
	cr_expect_eq(escape_into(text, 8, PLACE_TERMINAL, "abc\033def", 7), 7);
	cr_expect_str_eq(text, "abc\\x1b");
	cr_expect_eq(escape_into(text, 4, PLACE_TERMINAL, "ab\xc3\xbc", 4), 2);
	cr_expect_str_eq(text, "ab");
	cr_expect_eq(escape_into(text, 1, PLACE_TERMINAL, "ab", 2), 0);
	cr_expect_str_eq(text, "");
}

/* Every byte alone, and every pair, through a real JSON parser and back. */
Test(escape, json_round_trip)
{
	char bytes[2], quoted[64], text[64];
	size_t length;
	unsigned i;
	json_t *value;
	long back;

	for (i = 0; i < 65536 + 256; i++) {
		size_t count = i < 256 ? 1 : 2;

		bytes[0] = (char)(i & 255);
		bytes[1] = (char)(i < 256 ? 0 : (i - 256) >> 8);
		quoted[0] = '"';
		length = 1 + escape_into(quoted + 1, sizeof(quoted) - 2, PLACE_JSON, bytes, count);
		quoted[length++] = '"';
		value = json_loadb(quoted, length, JSON_DECODE_ANY, NULL);
		cr_assert(value, "%x: %.*s", i, (int)length, quoted);
		length = json_string_length(value);
		memcpy(text, json_string_value(value), length);
		json_decref(value);
		back = unescape(text, length);
		cr_assert_eq(back, (long)count, "%x", i);
		cr_assert_eq(memcmp(text, bytes, count), 0, "%x", i);
	}
}

Test(escape, no_raw_control_ever)
{
	char bytes[4], text[32];
	uint32_t seed = 1;
	unsigned round;
	size_t length, i;

	for (round = 0; round < 200000; round++) {
		for (i = 0; i < 4; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (char)(seed >> 24);
		}
		length = escape_into(text, sizeof(text), PLACE_ASCII, bytes, 4);
		for (i = 0; i < length; i++)
			cr_assert(text[i] >= ' ' && text[i] < 0x7f);
		cr_assert_eq(unescape(text, length), 4);
		cr_assert_eq(memcmp(text, bytes, 4), 0);
	}
}

Test(escape, undo_refuses_what_is_not_ours)
{
	char lone[] = "a\\", unknown[] = "\\n", half[] = "\\x1", upper[] = "\\x1B", doubled[] = "\\\\x41";

	cr_expect_eq(unescape(lone, 2), -1);
	cr_expect_eq(unescape(unknown, 2), -1);
	cr_expect_eq(unescape(half, 3), -1);
	cr_expect_eq(unescape(upper, 4), -1);
	cr_expect_eq(unescape(doubled, 5), 4);
	cr_expect_eq(memcmp(doubled, "\\x41", 4), 0);
}

Test(escape, a_full_stream_is_an_error)
{
	FILE *full = fopen("/dev/full", "w");

	cr_assert(full);
	setvbuf(full, NULL, _IONBF, 0);
	cr_expect_eq(put_escaped(full, PLACE_TERMINAL, "abc", 3), -ENOSPC);
	cr_expect_eq(put_escaped(full, PLACE_TERMINAL, "\033", 1), -ENOSPC);
	fclose(full);
}

Test(escape, columns)
{
	cr_expect_eq(text_columns("abc", 3), 3);
	cr_expect_eq(text_columns("gr\xc3\xbc\xc3\x9f", 6), 4);
	cr_expect_eq(text_columns("e\xcc\x81", 3), 1);         /* e, combining acute */
	cr_expect_eq(text_columns("\xe6\xbc\xa2", 3), 2);      /* a Han character */
}
