/* SPDX-License-Identifier: MIT */
/*
 * Numbers out of kernel text, without locale, errno or copying.  A cursor never
 * passes its end, whatever the text holds; numbers too large become the largest.
 */
#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct scan { const char *at, *end; };

static inline struct scan scan_begin(const char *text, size_t length)
{
	return (struct scan){ text, length ? text + length : text }; /* NULL + 0 is undefined */
}

/** Blanks and tabs, never a line end. */
static inline void scan_blanks(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t'))
		scan->at++;
}

/** These bytes stand here: pass them. */
static inline bool scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
		return false;
	scan->at += length;
	return true;
}

static inline int scan_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/** Digits of that base from here on; false, and nothing passed, when there is none. */
static inline bool scan_digits(struct scan *scan, unsigned base, uint64_t *ret)
{
	uint64_t number = 0;
	const char *at = scan->at;
	unsigned digit;

	for (; at < scan->end && (digit = (unsigned)scan_digit(*at)) < base; at++)
		if (__builtin_mul_overflow(number, base, &number) || __builtin_add_overflow(number, digit, &number))
			number = UINT64_MAX;
	if (at == scan->at)
		return false;
	scan->at = at;
	*ret = number;
	return true;
}

/** After blanks: a decimal number, perhaps negative. */
static inline bool scan_number(struct scan *scan, int64_t *ret)
{
	struct scan ahead = *scan;
	bool negative;
	uint64_t number;

	scan_blanks(&ahead);
	negative = scan_word(&ahead, "-");
	if (!scan_digits(&ahead, 10, &number))
		return false;
	if (number > INT64_MAX)
		number = INT64_MAX;
	*scan = ahead;
	*ret = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

/** After blanks: 0x and hexadecimal digits. */
static inline bool scan_hex(struct scan *scan, uint64_t *ret)
{
	struct scan ahead = *scan;

	scan_blanks(&ahead);
	if (!scan_word(&ahead, "0x") || !scan_digits(&ahead, 16, ret))
		return false;
	*scan = ahead;
	return true;
}

/** The line from here on, without its end, which is passed; false at the end of the text. */
static inline bool scan_line(struct scan *scan, struct scan *ret)
{
	const char *stop;

	if (scan->at >= scan->end)
		return false;
	stop = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
	*ret = (struct scan){ scan->at, stop ? stop : scan->end };
	scan->at = stop ? stop + 1 : scan->end;
	return true;
}

static inline int32_t scan_narrow(int64_t number)
{
	return number > INT32_MAX ? INT32_MAX : number < INT32_MIN ? INT32_MIN : (int32_t)number;
}

#endif
