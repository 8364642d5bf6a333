/* SPDX-License-Identifier: MIT */
/*
 * A saved snapshot back into memory, a line at a time.  The file may come from
 * anybody: what is not exactly as field.c says is refused with its line, and
 * nothing is believed before field_check() has seen the whole.
 */
#include "field.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "escape.h"
#include "lines.h"
#include "refuse.h"
#include "rows.h"

/** Rows of one table on successive lines: how a row's line is found again. */
struct run { enum table_id table; uint32_t first; size_t line; };

struct loading {
	struct snapshot snapshot;
	struct lines lines;
	struct field_error *error;
	struct run *runs;
	uint32_t run_count, run_room;
	char *scratch;            /**< For a text while its escapes are undone. */
	size_t scratch_room;
};

static void loading_deinit(struct loading *loading)
{
	if (loading->snapshot.pool)
		snapshot_deinit(&loading->snapshot);
	lines_deinit(&loading->lines);
	free(loading->runs);
	free(loading->scratch);
}

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

/* ---- values ---------------------------------------------------------------- */

static int number_take(struct loading *loading, const struct field *field, const json_t *value,
		       const struct place_in *where, char *to)
{
	int64_t number;
	int32_t narrow;

	if (!json_is_integer(value))
		return refuse(loading->error, where, "not a whole number");
	number = json_integer_value(value);
	if (number < field->least || number > field->most)
		return refuse(loading->error, where, "not within %" PRId64 " ... %" PRId64, field->least, field->most);
	if (field->type == FIELD_BYTE) {
		*(uint8_t *)to = (uint8_t)number;
	} else if (field->size == sizeof(narrow)) {
		narrow = (int32_t)number;
		memcpy(to, &narrow, sizeof(narrow));
	} else {
		memcpy(to, &number, sizeof(number));
	}
	return 0;
}

/* "0x7ffc0a1b2c3d" */
static int word_take(struct loading *loading, const struct field *field, const json_t *value,
		     const struct place_in *where, char *to)
{
	const char *text = json_string_value(value);
	uint64_t wide = 0;
	uint32_t narrow;
	size_t digits;

	if (!text || strncmp(text, "0x", 2) != 0)
		return refuse(loading->error, where, "not a word such as \"0x1f\"");
	text += 2;
	digits = strspn(text, "0123456789abcdef");
	if (digits == 0 || text[digits] || digits > 2 * field->size)
		return refuse(loading->error, where, "not a word of 1 to %zu digits 0-9a-f", 2 * field->size);
	for (; *text; text++)
		wide = wide << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	if (field->size == sizeof(narrow)) {
		narrow = (uint32_t)wide;
		memcpy(to, &narrow, sizeof(narrow));
	} else {
		memcpy(to, &wide, sizeof(wide));
	}
	return 0;
}

static int name_take(struct loading *loading, const struct field *field, const json_t *value,
		     const struct place_in *where, char *to)
{
	const char *text = json_string_value(value);
	char all[sizeof(loading->error->what)] = "";
	size_t used = 0;
	uint8_t i;

	for (i = 0; text && field->names[i]; i++)
		if (strcmp(field->names[i], text) == 0) {
			*(uint8_t *)to = i;
			return 0;
		}
	for (i = 0; field->names[i] && used < sizeof(all); i++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", field->names[i]);
	return refuse(loading->error, where, "not one of %s", all);
}

static int letter_take(struct loading *loading, const struct field *field, const json_t *value,
		       const struct place_in *where, char *to)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != 1 || !strchr(field->names[0], text[0]))
		return refuse(loading->error, where, "not one of %s", field->names[0]);
	*to = text[0];
	return 0;
}

static int text_take(struct loading *loading, const json_t *value, const struct place_in *where, char *to)
{
	const char *bytes = json_string_value(value);
	size_t length = json_string_length(value);
	struct text text;
	char *scratch;
	long unescaped;
	int r;

	if (!bytes)
		return refuse(loading->error, where, "not a text");
	if (memchr(bytes, '\\', length)) {
		if (length > loading->scratch_room) {
			scratch = realloc(loading->scratch, length);
			if (!scratch)
				return -ENOMEM;
			loading->scratch = scratch;
			loading->scratch_room = length;
		}
		memcpy(loading->scratch, bytes, length);
		unescaped = unescape(loading->scratch, length);
		if (unescaped < 0)
			return refuse(loading->error, where, "a backslash that begins neither \\\\ nor \\xNN");
		bytes = loading->scratch;
		length = (size_t)unescaped;
	}
	r = snapshot_text(&loading->snapshot, bytes, length, &text);
	if (r == -E2BIG)
		return refuse(loading->error, where, "more than %d bytes of text in all", BOUND_POOL);
	if (r == 0)
		memcpy(to, &text, sizeof(text));
	return r;
}

static int row_take(struct loading *loading, const struct field *field, const json_t *value,
		    const struct place_in *where, char *to)
{
	uint32_t at;

	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) >= NO_ROW)
		return refuse(loading->error, where, "not the number of a row of %s", tables[field->target].name);
	at = (uint32_t)json_integer_value(value);
	memcpy(to, &at, sizeof(at));
	return 0;
}

static int fields_take(struct loading *loading, const struct field *fields, const json_t *object,
		       const struct place_in *where, char *row);

static int member_take(struct loading *loading, const struct field *field, const json_t *value,
		       const struct place_in *where, char *to)
{
	if (!value || json_is_null(value))
		return 0;
	switch (field->type) {
	case FIELD_NUMBER:
	case FIELD_BYTE:
		return number_take(loading, field, value, where, to);
	case FIELD_WORD:
		return word_take(loading, field, value, where, to);
	case FIELD_NAME:
		return name_take(loading, field, value, where, to);
	case FIELD_LETTER:
		return letter_take(loading, field, value, where, to);
	case FIELD_TEXT:
		return text_take(loading, value, where, to);
	case FIELD_ROW:
		return row_take(loading, field, value, where, to);
	case FIELD_INNER:
		return fields_take(loading, field->inner, value, where, to);
	}
	return 0;
}

/** Members of a field that repeats: "t0" and "t1", or an array. */
static int repeat_take(struct loading *loading, const struct field *field, const json_t *object,
		       const struct place_in *where, char *to)
{
	const json_t *array = field->type == FIELD_INNER ? NULL : json_object_get(object, field->name);
	const struct place_in whole = { where, field->name, -1 };
	size_t i;
	int r;

	if (array && !json_is_null(array) && json_array_size(array) != field->repeat)
		return refuse(loading->error, &whole, "not an array of %zu", field->repeat);
	for (i = 0; i < field->repeat; i++) {
		struct place_in inside = place_of(where, field, i);
		const json_t *value = field->type == FIELD_INNER ? json_object_get(object, inside.name) :
								   json_array_get(array, i);

		r = member_take(loading, field, value, &inside, to + i * field->size);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fields_take(struct loading *loading, const struct field *fields, const json_t *object,
		       const struct place_in *where, char *row)
{
	const struct field *field;
	int r;

	if (!json_is_object(object))
		return refuse(loading->error, where, "not an object");
	for (field = fields; field->name; field++) {
		struct place_in inside = place_of(where, field, 0);
		char *to = row + field->offset;

		if (field->repeat)
			r = repeat_take(loading, field, object, where, to);
		else
			r = member_take(loading, field, json_object_get(object, field->name), &inside, to);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- lines ----------------------------------------------------------------- */

/** The next line as an object: *ret NULL at the end of the stream. */
static int object_next(struct loading *loading, json_t **ret)
{
	json_t *object;
	json_error_t error;
	const char *line, *near;
	size_t length;
	int r;

	*ret = NULL;
	loading->error->column = 0;
	r = lines_next(&loading->lines, &line, &length);
	loading->error->line = loading->lines.number;
	if (r == -E2BIG) {
		loading->error->line++;
		return refuse(loading->error, NULL, "longer than %d bytes", BOUND_LOAD_LINE);
	}
	if (r < 0 || !line)
		return r;
	object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	if (object && json_is_object(object)) {
		*ret = object;
		return 0;
	}
	json_decref(object);
	if (!object && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (!object && loading->lines.cut)
		return refuse(loading->error, NULL, "cut off in the middle of this line");
	if (object)
		return refuse(loading->error, NULL, "not a JSON object");
	loading->error->column = error.column > 0 ? (size_t)error.column : 0;
	/* "invalid token near 'xyz'": keep jansson's words, not the file's. */
	near = strstr(error.text, " near ");
	return refuse(loading->error, NULL, "not JSON: %.*s", (int)(near ? near - error.text : JSON_ERROR_TEXT_LENGTH),
		      error.text);
}

static int header_take(struct loading *loading)
{
	static const char family[] = "wedgetools.snapshot/";
	_cleanup_(cleanup_json) json_t *object = NULL;
	const char *schema;
	int r;

	r = object_next(loading, &object);
	if (r == -EBADMSG)
		return refuse(loading->error, NULL, "not a saved snapshot");
	if (r < 0)
		return r;
	if (!object)
		return refuse(loading->error, NULL, "empty: not a saved snapshot");
	schema = json_string_value(json_object_get(object, "schema"));
	if (schema && strncmp(schema, "wedgetools.report/", 18) == 0)
		return refuse(loading->error, NULL, "a report of --json, not a snapshot of --save");
	if (!schema || strncmp(schema, family, strlen(family)) != 0)
		return refuse(loading->error, NULL, "not a saved snapshot");
	if (strcmp(schema, SNAPSHOT_SCHEMA) != 0)
		return refuse(loading->error, NULL, "saved by a newer program; this one reads %s", SNAPSHOT_SCHEMA);
	return fields_take(loading, header_fields, object, NULL, (char *)&loading->snapshot);
}

static int run_note(struct loading *loading, enum table_id table, uint32_t at)
{
	struct run *last = loading->run_count ? &loading->runs[loading->run_count - 1] : NULL;
	size_t line = loading->lines.number;

	if (last && last->table == table && line - last->line == at - last->first)
		return 0;
	if (loading->run_count == loading->run_room) {
		uint32_t room = loading->run_room ? loading->run_room * 2 : TABLES;
		struct run *runs = realloc(loading->runs, room * sizeof(*runs));

		if (!runs)
			return -ENOMEM;
		loading->runs = runs;
		loading->run_room = room;
	}
	loading->runs[loading->run_count++] = (struct run){ table, at, line };
	return 0;
}

static size_t run_line(const struct loading *loading, enum table_id table, uint32_t at)
{
	size_t ret = 1;
	uint32_t i;

	for (i = 0; i < loading->run_count; i++)
		if (loading->runs[i].table == table && loading->runs[i].first <= at)
			ret = loading->runs[i].line + (at - loading->runs[i].first);
	return ret;
}

static int line_take(struct loading *loading, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "table"));
	struct place_in where = { NULL, NULL, 0 };
	enum table_id table;
	uint32_t at;
	void *row;
	int r;

	if (!name)
		return refuse(loading->error, NULL, "neither a row of a table nor the end");
	for (table = 0; table < TABLES; table++)
		if (strcmp(tables[table].name, name) == 0)
			break;
	if (table == TABLES)
		return 0;
	r = rows_append(&loading->snapshot, table, &at, &row);
	if (r == -E2BIG)
		return refuse(loading->error, NULL, "more than %" PRIu32 " rows of %s", tables[table].bound,
			      tables[table].name);
	if (r == 0)
		r = run_note(loading, table, at);
	if (r < 0)
		return r;
	where.name = tables[table].name;
	where.index = at;
	return fields_take(loading, tables[table].fields, object, &where, row);
}

static int rows_take(struct loading *loading)
{
	int r;

	for (;;) {
		_cleanup_(cleanup_json) json_t *object = NULL;

		r = object_next(loading, &object);
		if (r < 0)
			return r;
		if (!object)
			return refuse(loading->error, NULL, "cut off after this line: the end is missing");
		if (json_is_true(json_object_get(object, "end")))
			return 0;
		r = line_take(loading, object);
		if (r < 0)
			return r;
	}
}

static int end_take(struct loading *loading)
{
	_cleanup_(cleanup_json) json_t *object = NULL;
	int r;

	r = object_next(loading, &object);
	if (r == -EBADMSG || object)
		return refuse(loading->error, NULL, "something follows the end");
	return r;
}

int snapshot_load(FILE *from, struct snapshot *ret, struct field_error *error)
{
	_cleanup_(loading_deinit) struct loading loading = { .error = error };
	int r;

	*error = (struct field_error){ .table = TABLES };
	lines_init(&loading.lines, from);
	r = snapshot_init(&loading.snapshot);
	if (r == 0)
		r = header_take(&loading);
	if (r == 0)
		r = rows_take(&loading);
	if (r == 0)
		r = end_take(&loading);
	if (r < 0)
		return r;
	r = field_check(&loading.snapshot, error);
	if (r < 0) {
		error->line = error->table == TABLES ? 1 : run_line(&loading, error->table, error->row);
		return r;
	}
	*ret = loading.snapshot;
	loading.snapshot.pool = NULL; /* it is the caller's now */
	return 0;
}
