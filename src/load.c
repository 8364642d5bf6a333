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
#include "lines.h"
#include "refuse.h"
#include "rows.h"
#include "take.h"

/** Rows of one table on successive lines: how a row's line is found again. */
struct run { enum table_id table; uint32_t first; size_t line; };

struct loading {
	struct snapshot snapshot;
	struct lines lines;
	struct field_error *error;
	struct run *runs;
	uint32_t run_count, run_room;
	struct taking taking;
};

static void loading_deinit(struct loading *loading)
{
	if (loading->snapshot.pool)
		snapshot_deinit(&loading->snapshot);
	lines_deinit(&loading->lines);
	free(loading->runs);
	free(loading->taking.scratch);
}

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

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
	return fields_take(&loading->taking, header_fields, object, NULL, (char *)&loading->snapshot);
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
	return fields_take(&loading->taking, tables[table].fields, object, &where, row);
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
	loading.taking = (struct taking){ .snapshot = &loading.snapshot, .error = error };
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
