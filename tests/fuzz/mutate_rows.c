/* SPDX-License-Identifier: MIT */
/*
 * Changes saved snapshots so that most of them still load: numbers, words and whole rows
 * are exchanged, JSON stays JSON.  Blind changes would hardly ever get past the loader.
 * One change in eight is libFuzzer's own.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);

struct part { size_t at, length; };

/* Part of the text from at, up to the first byte for which is() no longer holds. */
static struct part part_from(const char *text, size_t size, size_t at, bool (*is)(char c))
{
	struct part ret = { at, 0 };

	while (at + ret.length < size && is(text[at + ret.length]))
		ret.length++;
	return ret;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_not_quote(char c)
{
	return c != '"' && c != '\n';
}

static bool is_not_newline(char c)
{
	return c != '\n';
}

/* A number somewhere, or nothing: length 0. */
static struct part some_number(const char *text, size_t size)
{
	size_t start = (size_t)rand() % size, i, at;

	for (i = 0; i < size; i++) {
		at = (start + i) % size;
		if (is_digit(text[at]) && (at == 0 || !is_digit(text[at - 1])))
			return part_from(text, size, at, is_digit);
	}
	return (struct part){ 0, 0 };
}

/* What stands between quotes behind ": ", or nothing. */
static struct part some_word(const char *text, size_t size)
{
	size_t start = (size_t)rand() % size, i, at;

	for (i = 0; i < size; i++) {
		at = (start + i) % size;
		if (at >= 2 && text[at - 1] == '"' && (text[at - 2] == ' ' || text[at - 2] == ':'))
			return part_from(text, size, at, is_not_quote);
	}
	return (struct part){ 0, 0 };
}

/* A line with its newline, neither the first nor the last; or nothing. */
static struct part some_row(const char *text, size_t size)
{
	struct part ret = { 0, 0 };
	size_t at = (size_t)rand() % size;

	while (at > 0 && text[at - 1] != '\n')
		at--;
	if (at == 0)
		return ret;
	ret = part_from(text, size, at, is_not_newline);
	if (ret.at + ++ret.length >= size)
		ret.length = 0;
	return ret;
}

/* "key": value, with its comma; or nothing. */
static struct part some_member(const char *text, size_t size)
{
	struct part row = some_row(text, size), ret = { 0, 0 };
	const char *comma, *next;
	size_t from;

	if (row.length < 2)
		return ret;
	from = row.at + (size_t)rand() % row.length;
	comma = memmem(text + from, row.at + row.length - from, ", \"", 3);
	next = comma ? memmem(comma + 3, (size_t)(text + row.at + row.length - comma - 3), ", \"", 3) : NULL;
	if (next)
		ret = (struct part){ (size_t)(comma - text), (size_t)(next - comma) };
	return ret;
}

/* The part gives way to length bytes; new size, the old one if there is no room. */
static size_t replace(char *text, size_t size, size_t most, struct part part, const char *by, size_t length)
{
	char *copy;

	if (size - part.length + length > most)
		return size;
	copy = malloc(length + 1);
	if (!copy)
		abort();
	memcpy(copy, by, length); /* it may lie in text */
	memmove(text + part.at + length, text + part.at + part.length, size - part.at - part.length);
	memcpy(text + part.at, copy, length);
	free(copy);
	return size - part.length + length;
}

static size_t change_number(char *text, size_t size, size_t most)
{
	static const char *const telling[] = {
		"0", "1", "2", "7", "255", "4096", "65536", "2147483647", "4294967295", "1000000000", "9223372036854775807",
	};
	struct part part = some_number(text, size), other = some_number(text, size);
	char digits[24];
	int length;

	if (part.length == 0)
		return size;
	switch (rand() % 4) {
	case 0:
		return replace(text, size, most, part, text + other.at, other.length);
	case 1:
		length = snprintf(digits, sizeof(digits), "%s",
				  telling[(size_t)rand() % (sizeof(telling) / sizeof(telling[0]))]);
		break;
	case 2:
		length = snprintf(digits, sizeof(digits), "%d", rand() % 24);
		break;
	default:
		length = snprintf(digits, sizeof(digits), "%llu",
				  strtoull(text + part.at, NULL, 10) + (unsigned)rand() % 9 - 4);
	}
	return replace(text, size, most, part, digits, (size_t)length);
}

static size_t change_word(char *text, size_t size, size_t most)
{
	struct part part = some_word(text, size), other = some_word(text, size);

	return part.at == 0 || other.at == 0 ? size :
	       replace(text, size, most, part, text + other.at, other.length);
}

static size_t change_rows(char *text, size_t size, size_t most)
{
	struct part part = some_row(text, size), other = some_row(text, size);

	if (part.length == 0 || other.length == 0)
		return size;
	switch (rand() % 3) {
	case 0:
		return replace(text, size, most, part, "", 0);
	case 1:
		other.length = 0; /* once more, there */
		return replace(text, size, most, other, text + part.at, part.length);
	default:
		return replace(text, size, most, part, text + other.at, other.length);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed)
{
	char *text = (char *)data, *whole;
	int changes;

	srand(seed);
	if (size == 0 || rand() % 8 == 0)
		return LLVMFuzzerMutate(data, size, most);
	/* Whatever looks for the end of a number must find one. */
	whole = malloc(most + 1);
	if (!whole)
		abort();
	memcpy(whole, text, size);
	for (changes = 1 + rand() % 4; changes > 0 && size > 0; changes--) {
		whole[size] = '\0';
		switch (rand() % 8) {
		case 0: case 1: case 2:
			size = change_number(whole, size, most);
			break;
		case 3: case 4:
			size = change_word(whole, size, most);
			break;
		case 5:
			size = replace(whole, size, most, some_member(whole, size), "", 0);
			break;
		default:
			size = change_rows(whole, size, most);
		}
	}
	memcpy(text, whole, size);
	free(whole);
	return size;
}
