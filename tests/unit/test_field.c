/* SPDX-License-Identifier: MIT */
#include "field.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "rows.h"

/* gcc says which bytes of a struct are padding: with it, one forgotten uint8_t is found. */
#ifdef __has_builtin
#if __has_builtin(__builtin_clear_padding)
#define PADDING_OF(type, map)                                   \
	do {                                                    \
		struct type whole;                              \
		memset(&whole, 0xff, sizeof(whole));            \
		__builtin_clear_padding(&whole);                \
		memcpy(map, &whole, sizeof(whole));             \
	} while (0)
#endif
#endif
/* Without: less than 8 bytes in a row that no field covers are taken for padding. */
#ifndef PADDING_OF
#define PADDING_OF(type, map) memset(map, 0, sizeof(struct type))
#define PADDING_UNKNOWN 1
#endif

/* An inner struct is covered as a whole here, and checked by itself. */
static void mark(const struct field *field, const char *name, unsigned char *map)
{
	size_t i, j;

	for (; field->name; field++)
		for (i = 0; i < (field->repeat ? field->repeat : 1); i++)
			for (j = 0; j < field->size; j++)
				cr_assert_eq(map[field->offset + i * field->size + j]++, 0, "%s.%s overlaps another",
					     name, field->name);
}

static void compare(const char *name, const unsigned char *map, const unsigned char *used, size_t size)
{
	size_t i, missing = 0;

	for (i = 0; i < size; i++) {
		missing = map[i] ? 0 : missing + 1;
		cr_assert_not(used[i] && !map[i], "%s: byte %zu belongs to no field row", name, i);
		cr_assert_lt(missing, 8, "%s: bytes up to %zu belong to no field row", name, i);
	}
}

#define CHECK(type, fields)                                                                \
	do {                                                                               \
		unsigned char map[sizeof(struct type)] = { 0 }, used[sizeof(struct type)]; \
		PADDING_OF(type, used);                                                    \
		mark(fields, #type, map);                                                  \
		compare(#type, map, used, sizeof(map));                                    \
	} while (0)

#define CHECK_ROW(type, table)                                             \
	do {                                                               \
		cr_assert_eq(tables[table].row_size, sizeof(struct type)); \
		CHECK(type, tables[table].fields);                         \
	} while (0)

static const struct field *inner(const struct field *field, const char *name)
{
	while (field->name && strcmp(field->name, name) != 0)
		field++;
	cr_assert_not_null(field->inner, "no inner fields %s", name);
	return field->inner;
}

#define CHECK_INNER(type, outer, name)                                       \
	do {                                                                 \
		const struct field *fields_of_it = inner(outer, name);       \
		CHECK(type, fields_of_it);                                   \
	} while (0)

Test(field, every_byte_of_every_row_is_a_field_or_padding)
{
	const struct field *look = inner(tables[TABLE_TASKS].fields, "at");

	CHECK_ROW(label, TABLE_LABELS);
	CHECK_ROW(cgroup, TABLE_CGROUPS);
	CHECK_INNER(cgroup_look, tables[TABLE_CGROUPS].fields, "at");
	CHECK_ROW(process, TABLE_PROCESSES);
	CHECK_INNER(process_look, tables[TABLE_PROCESSES].fields, "at");
	CHECK_ROW(task, TABLE_TASKS);
	CHECK(task_look, look);
	CHECK_INNER(call, look, "call");
	CHECK_ROW(object, TABLE_OBJECTS);
	CHECK_INNER(object_key, tables[TABLE_OBJECTS].fields, "key");
	CHECK_INNER(object_look, tables[TABLE_OBJECTS].fields, "at");
	CHECK_ROW(fd, TABLE_FDS);
	CHECK_ROW(hold, TABLE_HOLDS);
	CHECK_ROW(watch, TABLE_WATCHES);
	CHECK_ROW(peek, TABLE_PEEKS);
	CHECK_ROW(site, TABLE_SITES);
	CHECK_ROW(frame, TABLE_FRAMES);
	CHECK_ROW(stack, TABLE_STACKS);
	CHECK_ROW(gap, TABLE_GAPS);
}

Test(field, every_byte_of_the_header_is_a_field_or_padding)
{
	static unsigned char whole_map[sizeof(struct snapshot)], whole_used[sizeof(struct snapshot)];
	const struct field *host = inner(header_fields, "host");
	enum table_id table;

	CHECK(host, host);
	CHECK_INNER(host_look, host, "at");
	CHECK_INNER(viewer, header_fields, "viewer");
	CHECK_INNER(asked, header_fields, "asked");
	CHECK_INNER(cost, header_fields, "cost");
	CHECK_INNER(cut, header_fields, "cut");

	PADDING_OF(snapshot, whole_used);
	mark(header_fields, "snapshot", whole_map);
	for (table = 0; table < TABLES; table++)
		memset(whole_map + tables[table].offset, 1, sizeof(struct rows));
	memset(whole_map + offsetof(struct snapshot, pool), 1, sizeof(struct pool *));
	memset(whole_map + offsetof(struct snapshot, seek), 1, sizeof(struct seek *));
	compare("snapshot", whole_map, whole_used, sizeof(whole_map));
}

/* The check above can fail: a struct with one byte more than its fields. */
#ifndef PADDING_UNKNOWN
struct forgetful { int64_t wide; uint8_t kept, forgotten; };

Test(field, a_forgotten_byte_beside_padding_would_be_found)
{
	unsigned char used[sizeof(struct forgetful)];

	PADDING_OF(forgetful, used);
	cr_assert(used[8] && used[9] && !used[10]);
}
#endif

static void each_field(const struct field *field, void (*visit)(const struct field *field))
{
	for (; field->name; field++) {
		visit(field);
		if (field->type == FIELD_INNER)
			each_field(field->inner, visit);
	}
}

static void sane(const struct field *field)
{
	size_t count = 0;

	switch (field->type) {
	case FIELD_NUMBER:
		cr_assert(field->size == sizeof(int32_t) || field->size == sizeof(int64_t), "%s", field->name);
		cr_assert_lt(field->least, field->most, "%s", field->name);
		if (field->size == sizeof(int32_t))
			cr_assert(field->least >= INT32_MIN && field->most <= INT32_MAX, "%s", field->name);
		break;
	case FIELD_WORD:
		cr_assert(field->size == sizeof(uint32_t) || field->size == sizeof(uint64_t), "%s", field->name);
		break;
	case FIELD_NAME:
		while (field->names[count])
			count++;
		cr_assert_eq(field->most, (int64_t)count - 1, "%s", field->name);
		cr_assert_leq(field->blank, field->most, "%s", field->name);
		cr_assert_eq(field->size, 1, "%s", field->name);
		break;
	case FIELD_BYTE:
	case FIELD_LETTER:
		cr_assert_eq(field->size, 1, "%s", field->name);
		cr_assert(field->type == FIELD_LETTER || (field->most > 0 && field->most <= 255), "%s", field->name);
		break;
	case FIELD_TEXT:
		cr_assert_eq(field->size, sizeof(struct text), "%s", field->name);
		break;
	case FIELD_ROW:
		cr_assert_eq(field->size, sizeof(uint32_t), "%s", field->name);
		cr_assert_lt(field->target, TABLES, "%s", field->name);
		break;
	case FIELD_INNER:
		cr_assert_not_null(field->inner, "%s", field->name);
		cr_assert(!field->repeat || field->repeat == LOOKS, "%s", field->name);
		break;
	}
}

Test(field, rows_of_the_table_make_sense)
{
	enum table_id table;

	each_field(header_fields, sane);
	for (table = 0; table < TABLES; table++) {
		cr_assert_not_null(tables[table].name);
		cr_assert_gt(tables[table].bound, 0);
		each_field(tables[table].fields, sane);
	}
}

static void fields_differ(const struct field *fields, const char *name)
{
	const struct field *a, *b;

	for (a = fields; a->name; a++) {
		cr_assert_str_neq(a->name, "table");
		cr_assert_str_neq(a->name, "schema");
		cr_assert_str_neq(a->name, "end");
		for (b = fields; b != a; b++)
			cr_assert_str_neq(a->name, b->name, "%s has two", name);
		if (a->type == FIELD_INNER)
			fields_differ(a->inner, a->name);
	}
}

Test(field, names_are_used_once)
{
	enum table_id table;

	fields_differ(header_fields, "the header");
	for (table = 0; table < TABLES; table++)
		fields_differ(tables[table].fields, tables[table].name);
}

static size_t count_of(const char *const *names)
{
	size_t ret = 0;

	while (names[ret])
		ret++;
	return ret;
}

Test(field, every_enum_has_all_its_names)
{
	cr_assert_eq(count_of(sight_names), SIGHT_STRANGE + 1);
	cr_assert_eq(count_of(object_kind_names), OBJECT_KINDS);
	cr_assert_eq(count_of(arch_names), ARCH_AARCH64 + 1);
	cr_assert_eq(count_of(joined_names), JOINED_PARENT + 1);
	cr_assert_eq(count_of(cover_names), COVER_HOLES + 1);
	cr_assert_eq(count_of(reach_names), REACH_EXTERNAL + 1);
	cr_assert_eq(count_of(role_names), ROLE_OWNS + 1);
	cr_assert_eq(count_of(hold_basis_names), HOLD_HINT + 1);
	cr_assert_eq(count_of(frame_kind_names), FRAME_PYTHON + 1);
	cr_assert_eq(count_of(frame_basis_names), BASIS_KERNEL + 1);
	cr_assert_eq(count_of(stack_way_names), WAY_STOPPED + 1);
	cr_assert_eq(count_of(stack_end_names), END_TIME + 1);
	cr_assert_eq(count_of(stop_names), STOP_ALWAYS + 1);
	cr_assert_eq(count_of(look_names), LOOKS);
	cr_assert_eq(count_of(answer_names), ANSWER_YES + 1);
	cr_assert_eq(count_of(probe_names), PROBES);
}

/* The model cannot include probe.h; here is where both are known. */
Test(field, probes_have_the_same_names)
{
	size_t i;

	for (i = 0; i < PROBES; i++)
		if (probes[i])
			cr_assert_str_eq(probe_names[probes[i]->id], probes[i]->name);
}

static void unseen_alike(const struct field *field, const char *row, const char *again)
{
	size_t i;

	for (; field->name; field++)
		for (i = 0; i < (field->repeat ? field->repeat : 1); i++) {
			size_t at = field->offset + i * field->size;

			if (field->type == FIELD_INNER)
				unseen_alike(field->inner, row + at, again + at);
			else
				cr_assert_eq(memcmp(row + at, again + at, field->size), 0, "%s", field->name);
		}
}

Test(field, unsee_overwrites_every_field)
{
	static char row[4096], again[4096];
	enum table_id table;

	for (table = 0; table < TABLES; table++) {
		cr_assert_leq(tables[table].row_size, sizeof(row));
		memset(row, 0x55, sizeof(row));
		memset(again, 0xaa, sizeof(again));
		field_unsee(tables[table].fields, row);
		field_unsee(tables[table].fields, again);
		unseen_alike(tables[table].fields, row, again);
	}
}

/* ---- wedge-snapshot(5) ----------------------------------------------------- */

static char *page;

static bool page_says(const char *word)
{
	static const char in_words[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t length = strlen(word);
	const char *at = page;

	for (; (at = strstr(at, word)); at += length)
		if (!strchr(in_words, at[-1]) && !strchr(in_words, at[length]))
			return true;
	return false;
}

static void documented(const struct field *field)
{
	size_t i;

	cr_expect(strcmp(field->name, "at") == 0 || page_says(field->name), "member %s", field->name);
	for (i = 0; field->type == FIELD_NAME && field->names[i]; i++)
		cr_expect(page_says(field->names[i]), "%s, a %s", field->names[i], field->name);
}

Test(field, the_manual_page_knows_every_member_and_name)
{
	const char *top = getenv("srcdir");
	char path[4096];
	enum table_id table;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/man/wedge-snapshot.5", top ? top : ".");
	file = fopen(path, "r");
	if (!file)
		cr_skip_test("%s: run by make check, or with srcdir set", path);
	page = calloc(1, 1 << 16);
	length = fread(page, 1, (1 << 16) - 1, file);
	fclose(file);
	cr_assert(length > 0 && length < (1 << 16) - 1);
	each_field(header_fields, documented);
	for (table = 0; table < TABLES; table++) {
		cr_expect(page_says(tables[table].name), "table %s", tables[table].name);
		each_field(tables[table].fields, documented);
	}
	free(page);
}

Test(field, a_frame_is_called_by_an_earlier_row)
{
	struct field_error error;
	struct snapshot s;
	struct site_ix site;
	struct frame_ix outer, inner_most;

	cr_assert_eq(snapshot_init(&s), 0);
	cr_assert_eq(snapshot_add_site(&s, &(struct site){ .kind = FRAME_NATIVE, .function = TEXT_UNSEEN,
		     .file = TEXT_UNSEEN, .module = TEXT_UNSEEN, .build_id = TEXT_UNSEEN, .line = -1 }, &site), 0);
	cr_assert_eq(snapshot_add_frame(&s, &(struct frame){ { NO_ROW }, site, BASIS_TABLES }, &outer), 0);
	cr_assert_eq(snapshot_add_frame(&s, &(struct frame){ outer, site, BASIS_REGISTERS }, &inner_most), 0);
	cr_assert_eq(field_check(&s, &error), 0);
	frame_at(&s, inner_most)->caller = inner_most;
	cr_assert_eq(field_check(&s, &error), -EBADMSG);
	snapshot_deinit(&s);
}
