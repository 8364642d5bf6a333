/* SPDX-License-Identifier: MIT */
/*
 * A snapshot as JSON Lines: a loop over the rows of field.c.  What is unseen is left
 * out, and members stand in the order of their field rows, so the same snapshot
 * always gives the same bytes.
 *
 * Whatever was seen can be loaded again: a number beyond its field's range (an alarm
 * in 200 years) goes as the nearest one within.
 */
#include "field.h"

#include <string.h>

#include "json_write.h"
#include "rows.h"

static int64_t number_of(const struct field *field, const char *from)
{
	int32_t narrow;
	int64_t ret;

	if (field->size == sizeof(narrow)) {
		memcpy(&narrow, from, sizeof(narrow));
		ret = narrow;
	} else {
		memcpy(&ret, from, sizeof(ret));
	}
	if (ret == field->blank)
		return ret;
	if (ret < field->least)
		return field->least;
	return ret < field->most ? ret : field->most;
}

static uint64_t word_of(const struct field *field, const char *from)
{
	uint32_t narrow;
	uint64_t ret;

	if (field->size == sizeof(narrow)) {
		memcpy(&narrow, from, sizeof(narrow));
		return narrow;
	}
	memcpy(&ret, from, sizeof(ret));
	return ret;
}

static struct text text_of(const char *from)
{
	struct text ret;

	memcpy(&ret, from, sizeof(ret));
	return ret;
}

static uint32_t row_of(const char *from)
{
	uint32_t ret;

	memcpy(&ret, from, sizeof(ret));
	return ret;
}

static bool fields_blank(const struct field *fields, const char *row);

static bool member_blank(const struct field *field, const char *from)
{
	uint8_t byte = *(const uint8_t *)from;

	switch (field->type) {
	case FIELD_NUMBER:
		return number_of(field, from) == field->blank;
	case FIELD_WORD:
		return word_of(field, from) == 0;
	case FIELD_NAME:
	case FIELD_BYTE:
		return byte == field->blank || byte > field->most;
	case FIELD_LETTER:
		return byte == 0 || !strchr(field->names[0], byte);
	case FIELD_TEXT:
		return !text_seen(text_of(from));
	case FIELD_ROW:
		return row_of(from) == NO_ROW;
	case FIELD_INNER:
		return fields_blank(field->inner, from);
	}
	return true;
}

static bool field_blank(const struct field *field, const char *from)
{
	size_t i = 0;

	do
		if (!member_blank(field, from + i * field->size))
			return false;
	while (++i < field->repeat);
	return true;
}

static bool fields_blank(const struct field *fields, const char *row)
{
	const struct field *field;

	for (field = fields; field->name; field++)
		if (!field_blank(field, row + field->offset))
			return false;
	return true;
}

static void fields_put(struct json_out *json, const struct snapshot *snapshot, const struct field *fields,
		       const char *row);

static void member_put(struct json_out *json, const struct snapshot *snapshot, const struct field *field,
		       const char *key, const char *from)
{
	uint8_t byte = *(const uint8_t *)from;
	struct text text;

	switch (field->type) {
	case FIELD_NUMBER:
		json_put_number(json, key, number_of(field, from));
		break;
	case FIELD_WORD:
		json_put_word(json, key, word_of(field, from));
		break;
	case FIELD_NAME:
		json_put_string(json, key, field->names[byte]);
		break;
	case FIELD_BYTE:
		json_put_integer(json, key, byte);
		break;
	case FIELD_LETTER:
		json_put_text(json, key, from, 1);
		break;
	case FIELD_TEXT:
		text = text_of(from);
		json_put_text(json, key, snapshot_bytes(snapshot, text), text.length);
		break;
	case FIELD_ROW:
		json_put_integer(json, key, row_of(from));
		break;
	case FIELD_INNER:
		json_open_object(json, key);
		fields_put(json, snapshot, field->inner, from);
		json_close(json);
		break;
	}
}

static void fields_put(struct json_out *json, const struct snapshot *snapshot, const struct field *fields,
		       const char *row)
{
	const struct field *field;
	size_t i;

	for (field = fields; field->name; field++) {
		const char *from = row + field->offset;

		if (field_blank(field, from))
			continue;
		if (!field->repeat) {
			member_put(json, snapshot, field, field->name, from);
			continue;
		}
		if (field->type == FIELD_INNER) {
			for (i = 0; i < field->repeat; i++)
				if (!member_blank(field, from + i * field->size))
					member_put(json, snapshot, field, look_names[i], from + i * field->size);
			continue;
		}
		json_open_array(json, field->name);
		for (i = 0; i < field->repeat; i++)
			member_put(json, snapshot, field, NULL, from + i * field->size);
		json_close(json);
	}
}

int snapshot_save(const struct snapshot *snapshot, FILE *to)
{
	struct json_out json;
	enum table_id table;
	uint32_t at;

	json_out_init(&json, to, 0);
	json_open_object(&json, NULL);
	json_put_string(&json, "schema", SNAPSHOT_SCHEMA);
	fields_put(&json, snapshot, header_fields, (const char *)snapshot);
	json_close(&json);
	json_out_line(&json);

	for (table = 0; table < TABLES; table++) {
		struct rows rows = rows_of(snapshot, table);

		for (at = 0; at < rows.count && json.error == 0; at++) {
			json_open_object(&json, NULL);
			json_put_string(&json, "table", tables[table].name);
			fields_put(&json, snapshot, tables[table].fields, rows_at(&rows, table, at));
			json_close(&json);
			json_out_line(&json);
		}
	}

	json_open_object(&json, NULL);
	json_put_bool(&json, "end", true);
	json_close(&json);
	return json_out_end(&json);
}
