/* SPDX-License-Identifier: MIT */
/*
 * Is every index in its table, every enum, number and text in range?  A loop over the
 * rows of field.c, then the few rules that no field row can say.
 */
#include "field.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bounds.h"
#include "pool.h"
#include "refuse.h"
#include "rows.h"

static int fields_check(const struct snapshot *snapshot, const struct field *fields, const char *row,
			const struct place_in *where, struct field_error *error);

static int number_check(const struct field *field, int64_t value, const struct place_in *where,
			struct field_error *error)
{
	if (value == field->blank)
		return field->must ? refuse(error, where, "missing") : 0;
	if (value < field->least || value > field->most)
		return refuse(error, where, "not within %" PRId64 " ... %" PRId64, field->least, field->most);
	return 0;
}

static int text_check(const struct snapshot *snapshot, const struct field *field, const char *from,
		      const struct place_in *where, struct field_error *error)
{
	size_t size = pool_size(snapshot->pool);
	struct text text;

	memcpy(&text, from, sizeof(text));
	if (!text_seen(text))
		return field->must ? refuse(error, where, "missing") : 0;
	if (text.at >= size || text.length >= size - text.at ||
	    pool_bytes(snapshot->pool, text.at)[text.length] != '\0')
		return refuse(error, where, "a text that is not in the pool");
	return 0;
}

static int row_check(const struct snapshot *snapshot, const struct field *field, const char *from,
		     const struct place_in *where, struct field_error *error)
{
	uint32_t at, count = rows_of(snapshot, field->target).count;

	memcpy(&at, from, sizeof(at));
	if (at == NO_ROW)
		return field->must ? refuse(error, where, "missing") : 0;
	if (at >= count)
		return refuse(error, where, "no row %" PRIu32 " in %s, which has %" PRIu32, at,
			      tables[field->target].name, count);
	if (field->earlier && at >= (uint32_t)where->outer->index)
		return refuse(error, where, "row %" PRIu32 " does not come before it", at);
	return 0;
}

static int member_check(const struct snapshot *snapshot, const struct field *field, const char *from,
			const struct place_in *where, struct field_error *error)
{
	uint8_t byte = *(const uint8_t *)from;
	int32_t narrow;
	int64_t wide;

	switch (field->type) {
	case FIELD_NUMBER:
		if (field->size == sizeof(narrow)) {
			memcpy(&narrow, from, sizeof(narrow));
			wide = narrow;
		} else {
			memcpy(&wide, from, sizeof(wide));
		}
		return number_check(field, wide, where, error);
	case FIELD_NAME:
	case FIELD_BYTE:
		return number_check(field, byte, where, error);
	case FIELD_LETTER:
		if (byte && !strchr(field->names[0], byte))
			return refuse(error, where, "not one of %s", field->names[0]);
		return 0;
	case FIELD_TEXT:
		return text_check(snapshot, field, from, where, error);
	case FIELD_ROW:
		return row_check(snapshot, field, from, where, error);
	case FIELD_INNER:
		return fields_check(snapshot, field->inner, from, where, error);
	case FIELD_WORD:
		break; /* all bits mean something, or nothing */
	}
	return 0;
}

static int fields_check(const struct snapshot *snapshot, const struct field *fields, const char *row,
			const struct place_in *where, struct field_error *error)
{
	const struct field *field;
	size_t i;
	int r;

	for (field = fields; field->name; field++) {
		i = 0;
		do {
			struct place_in inside = place_of(where, field, i);

			r = member_check(snapshot, field, row + field->offset + i * field->size, &inside, error);
			if (r < 0)
				return r;
		} while (++i < field->repeat);
	}
	return 0;
}

static int peek_check(const struct peek *peek, const struct place_in *where, struct field_error *error)
{
	if (!text_seen(peek->bytes))
		return 0;
	if (peek->bytes.length > BOUND_PEEK)
		return refuse(error, where, "more than %d bytes", BOUND_PEEK);
	if (peek->address > UINT64_MAX - peek->bytes.length)
		return refuse(error, where, "memory beyond the last address");
	return 0;
}

int field_check(const struct snapshot *snapshot, struct field_error *error)
{
	enum table_id table;
	uint32_t at;
	int r;

	*error = (struct field_error){ .table = TABLES };
	r = fields_check(snapshot, header_fields, (const char *)snapshot, NULL, error);
	if (r < 0)
		return r;

	for (table = 0; table < TABLES; table++) {
		struct rows rows = rows_of(snapshot, table);

		for (at = 0; at < rows.count; at++) {
			const struct place_in where = { NULL, tables[table].name, at };

			error->table = table;
			error->row = at;
			r = fields_check(snapshot, tables[table].fields, rows_at(&rows, table, at), &where, error);
			if (r == 0 && table == TABLE_PEEKS)
				r = peek_check(&snapshot->peeks.row[at], &where, error);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
