/* SPDX-License-Identifier: MIT */
/* Escaping of a target's bytes, for terminals, files and JSON; reads nothing but its arguments. */
#include "escape.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

struct range_of_codes { uint32_t first, last; };

/* Characters that move the cursor, hide, or reorder what stands around them. */
static const struct range_of_codes treacherous[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f },
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x115f, 0x1160 }, { 0x180b, 0x180f },
	{ 0x200b, 0x200f }, /* zero width, left-to-right and right-to-left marks */
	{ 0x2028, 0x202e }, /* separators, embeddings, overrides */
	{ 0x2060, 0x206f }, /* word joiner, isolates */
	{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
	{ 0xe0000, 0xe0fff }, /* tags, more variation selectors */
};

static const struct range_of_codes wide[] = {
	{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf }, { 0x4e00, 0xa4cf },
	{ 0xa960, 0xa97f }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
};

static const struct range_of_codes combining[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x064b, 0x065f }, { 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0xfe20, 0xfe2f },
};

static bool code_is_in(uint32_t code, const struct range_of_codes *ranges, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}
#define IS_IN(code, ranges) code_is_in((code), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

unsigned escape_next(enum place place, const char *bytes, size_t length, char *to, size_t *made)
{
	static const char digits[] = "0123456789abcdef";
	const char *slash = place == PLACE_JSON ? "\\\\" : "\\";
	size_t slashes = strlen(slash), out = 0;
	uint32_t code = 0;
	unsigned count, i;

	count = utf8_decode(bytes, length, &code);
	if (count > 0 && !IS_IN(code, treacherous) && (place != PLACE_ASCII || code < 0x80)) {
		if (code == '\\')
			out = (size_t)(stpcpy(stpcpy(to, slash), slash) - to);
		else if (code == '"' && place == PLACE_JSON)
			out = (size_t)(stpcpy(to, "\\\"") - to);
		else
			memcpy(to, bytes, out = count);
		*made = out;
		return count;
	}
	if (count == 0)
		count = 1;
	for (i = 0; i < count; i++) {
		memcpy(to + out, slash, slashes);
		out += slashes;
		to[out++] = 'x';
		to[out++] = digits[(unsigned char)bytes[i] >> 4];
		to[out++] = digits[(unsigned char)bytes[i] & 15];
	}
	*made = out;
	return count;
}

/* How many bytes from the start need no escape anywhere: most of them. */
static size_t plain_run(const char *bytes, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (bytes[i] < 0x20 || bytes[i] > 0x7e || bytes[i] == '\\' || bytes[i] == '"')
			break;
	return i;
}

int put_escaped(FILE *out, enum place place, const char *bytes, size_t length)
{
	char one[ESCAPE_ROOM];
	size_t at = 0, run, made;

	while (at < length) {
		run = plain_run(bytes + at, length - at);
		if (run > 0 && fwrite_unlocked(bytes + at, 1, run, out) != run)
			return -errno;
		at += run;
		if (at == length)
			break;
		at += escape_next(place, bytes + at, length - at, one, &made);
		if (fwrite_unlocked(one, 1, made, out) != made)
			return -errno;
	}
	return 0;
}

size_t escape_into(char *to, size_t size, enum place place, const char *bytes, size_t length)
{
	char one[ESCAPE_ROOM];
	size_t at = 0, used = 0, made;

	while (at < length) {
		at += escape_next(place, bytes + at, length - at, one, &made);
		if (used + made >= size)
			break;
		memcpy(to + used, one, made);
		used += made;
	}
	to[used] = '\0';
	return used;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

long unescape(char *text, size_t length)
{
	size_t in = 0, out = 0;
	int high, low;

	while (in < length) {
		if (text[in] != '\\') {
			text[out++] = text[in++];
			continue;
		}
		if (in + 1 < length && text[in + 1] == '\\') {
			text[out++] = '\\';
			in += 2;
			continue;
		}
		if (in + 3 >= length || text[in + 1] != 'x')
			return -1;
		high = hex_value(text[in + 2]);
		low = hex_value(text[in + 3]);
		if (high < 0 || low < 0)
			return -1;
		text[out++] = (char)(high << 4 | low);
		in += 4;
	}
	return (long)out;
}

size_t text_columns(const char *text, size_t length)
{
	size_t at = 0, columns = 0;
	uint32_t code;
	unsigned count;

	while (at < length) {
		count = utf8_decode(text + at, length - at, &code);
		if (count == 0) {
			count = 1;
			code = ' ';
		}
		at += count;
		if (IS_IN(code, combining))
			continue;
		columns += IS_IN(code, wide) ? 2 : 1;
	}
	return columns;
}

size_t text_fitting(const char *text, size_t length, size_t columns)
{
	size_t end = 0, next, used = 0;

	while (end < length) {
		next = end + 1;
		if (text[end] == '\\')
			next = end + (end + 1 < length && text[end + 1] == 'x' ? 4 : 2);
		while (next < length && ((unsigned char)text[next] & 0xc0) == 0x80)
			next++;
		if (next > length)
			break;
		used += text_columns(text + end, next - end);
		if (used > columns)
			break;
		end = next;
	}
	return end;
}
