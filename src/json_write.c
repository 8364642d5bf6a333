/* SPDX-License-Identifier: MIT */
/* A streaming JSON writer for reports and saved snapshots. */
#include "json_write.h"

#include <errno.h>
#include <string.h>

#include "escape.h"
#include "snapshot.h"

static void put_bytes(struct json_out *json, const char *bytes, size_t length)
{
	if (length > 0 && fwrite_unlocked(bytes, 1, length, json->out) != length && json->error == 0)
		json->error = errno ? -errno : -EIO;
}

static void put_char(struct json_out *json, char byte)
{
	if (putc_unlocked(byte, json->out) == EOF && json->error == 0)
		json->error = errno ? -errno : -EIO;
}

static void put_quoted(struct json_out *json, const char *bytes, size_t length)
{
	int r;

	put_char(json, '"');
	r = put_escaped(json->out, PLACE_JSON, bytes, length);
	if (r < 0 && json->error == 0)
		json->error = r;
	put_char(json, '"');
}

/* Everything before a value: comma, new line, key. */
static void begin_value(struct json_out *json, const char *key, bool bracket)
{
	uint32_t bit = UINT32_C(1) << json->depth;
	unsigned i;

	if (json->filled & bit)
		put_char(json, ',');
	if (json->depth > 0 && json->depth <= json->lines && (json->depth == 1 || (bracket && (json->arrays & bit)))) {
		put_char(json, '\n');
		for (i = 0; i < json->depth; i++)
			put_char(json, ' ');
	} else if (json->filled & bit) {
		put_char(json, ' ');
	}
	json->filled |= bit;
	if (!key)
		return;
	put_quoted(json, key, strlen(key));
	put_bytes(json, ": ", 2);
}

static void open_bracket(struct json_out *json, const char *key, bool array)
{
	uint32_t bit;

	begin_value(json, key, true);
	put_char(json, array ? '[' : '{');
	json->depth++;
	bit = UINT32_C(1) << json->depth;
	json->filled &= ~bit;
	json->arrays = array ? json->arrays | bit : json->arrays & ~bit;
}

void json_out_init(struct json_out *json, FILE *out, unsigned lines)
{
	*json = (struct json_out){ .out = out, .lines = lines };
}

int json_out_end(struct json_out *json)
{
	put_char(json, '\n');
	if (fflush(json->out) != 0 && json->error == 0)
		json->error = -errno;
	if (ferror(json->out) && json->error == 0)
		json->error = -EIO;
	return json->error;
}

void json_out_line(struct json_out *json)
{
	put_char(json, '\n');
	json->filled = 0;
}

void json_open_object(struct json_out *json, const char *key)
{
	open_bracket(json, key, false);
}

void json_open_array(struct json_out *json, const char *key)
{
	open_bracket(json, key, true);
}

void json_close(struct json_out *json)
{
	bool array = json->arrays & UINT32_C(1) << json->depth;

	if (json->depth == 1 && json->lines > 0)
		put_char(json, '\n');
	put_char(json, array ? ']' : '}');
	json->depth--;
}

void json_put_null(struct json_out *json, const char *key)
{
	begin_value(json, key, false);
	put_bytes(json, "null", 4);
}

void json_put_bool(struct json_out *json, const char *key, bool value)
{
	begin_value(json, key, false);
	if (value)
		put_bytes(json, "true", 4);
	else
		put_bytes(json, "false", 5);
}

void json_put_integer(struct json_out *json, const char *key, int64_t value)
{
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[24];
	size_t at = sizeof(digits);

	begin_value(json, key, false);
	do
		digits[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		digits[--at] = '-';
	put_bytes(json, digits + at, sizeof(digits) - at);
}

void json_put_number(struct json_out *json, const char *key, int64_t value)
{
	if (value == UNSEEN)
		json_put_null(json, key);
	else
		json_put_integer(json, key, value);
}

void json_put_word(struct json_out *json, const char *key, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	begin_value(json, key, false);
	digits[--at] = '"';
	do
		digits[--at] = "0123456789abcdef"[value & 15];
	while ((value >>= 4) > 0);
	digits[--at] = 'x';
	digits[--at] = '0';
	digits[--at] = '"';
	put_bytes(json, digits + at, sizeof(digits) - at);
}

void json_put_text(struct json_out *json, const char *key, const char *bytes, size_t length)
{
	begin_value(json, key, false);
	put_quoted(json, bytes, length);
}

void json_put_string(struct json_out *json, const char *key, const char *text)
{
	if (text)
		json_put_text(json, key, text, strlen(text));
	else
		json_put_null(json, key);
}

void json_open_string(struct json_out *json, const char *key)
{
	begin_value(json, key, false);
	put_char(json, '"');
}

void json_close_string(struct json_out *json)
{
	put_char(json, '"');
}
