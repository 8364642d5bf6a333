/* SPDX-License-Identifier: MIT */
#include "field.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "rows.h"

/* ---- helpers --------------------------------------------------------------- */

static char *save(const struct snapshot *snapshot, size_t *length)
{
	char *ret = NULL;
	FILE *to = open_memstream(&ret, length);

	cr_assert_eq(snapshot_save(snapshot, to), 0);
	fclose(to);
	return ret;
}

static int load(const char *bytes, size_t length, struct snapshot *ret, struct field_error *error)
{
	FILE *from = fmemopen((void *)(uintptr_t)bytes, length ? length : 1, "r");
	int r;

	if (!length)
		fgetc(from);
	r = snapshot_load(from, ret, error);
	fclose(from);
	return r;
}

static void init(struct snapshot *s)
{
	cr_assert_eq(snapshot_init(s), 0);
}

static struct text text(struct snapshot *s, const void *bytes, size_t length)
{
	struct text ret;

	cr_assert_eq(snapshot_text(s, bytes, length, &ret), 0);
	return ret;
}

/** Saved, loaded and saved again: the same bytes; the first of them is returned. */
static char *round_trip(const struct snapshot *s, struct snapshot *ret)
{
	struct field_error error;
	size_t length, again_length;
	char *first = save(s, &length), *again;

	cr_assert_eq(load(first, length, ret, &error), 0, "line %zu: %s: %s", error.line, error.where, error.what);
	again = save(ret, &again_length);
	cr_assert_eq(again_length, length);
	cr_assert_eq(memcmp(again, first, length), 0);
	free(again);
	return first;
}

/* ---- generic snapshots ----------------------------------------------------- */

static uint64_t random_state = 1;

static uint64_t random_word(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return random_state ^ random_state >> 31;
}

static int64_t random_number(const struct field *field)
{
	uint64_t range = (uint64_t)field->most - (uint64_t)field->least + 1;

	switch (random_word() % 4) {
	case 0:
		return field->least;
	case 1:
		return field->most;
	default:
		return (int64_t)((uint64_t)field->least + (range ? random_word() % range : random_word()));
	}
}

static void fill(struct snapshot *s, const struct field *field, char *row, uint32_t rows)
{
	unsigned char bytes[40];
	struct text some;
	uint64_t word;
	int64_t number;
	int32_t narrow;
	uint32_t at;
	size_t i, j, length;

	for (; field->name; field++)
		for (i = 0; i < (field->repeat ? field->repeat : 1); i++) {
			char *to = row + field->offset + i * field->size;

			if (!field->must && random_word() % 4 == 0)
				continue; /* unseen */
			switch (field->type) {
			case FIELD_NUMBER:
				number = random_number(field);
				narrow = (int32_t)number;
				if (field->size == sizeof(narrow))
					memcpy(to, &narrow, sizeof(narrow));
				else
					memcpy(to, &number, sizeof(number));
				break;
			case FIELD_NAME:
			case FIELD_BYTE:
				*to = (char)random_number(field);
				break;
			case FIELD_LETTER:
				*to = field->names[0][random_word() % strlen(field->names[0])];
				break;
			case FIELD_WORD:
				word = random_word();
				memcpy(to, &word, field->size);
				break;
			case FIELD_TEXT:
				length = random_word() % sizeof(bytes);
				for (j = 0; j < length; j++)
					bytes[j] = (unsigned char)(random_word() >> 9);
				some = text(s, bytes, length);
				memcpy(to, &some, sizeof(some));
				break;
			case FIELD_ROW:
				at = (uint32_t)(random_word() % rows);
				memcpy(to, &at, sizeof(at));
				break;
			case FIELD_INNER:
				fill(s, field->inner, to, rows);
				break;
			}
		}
}

/** Each table has so many rows, each member whatever it may be. */
static void fill_all(struct snapshot *s, uint32_t rows)
{
	enum table_id table;
	uint32_t i, at;
	void *row;

	fill(s, header_fields, (char *)s, rows);
	for (table = 0; table < TABLES; table++)
		for (i = 0; i < rows; i++) {
			cr_assert_eq(rows_append(s, table, &at, &row), 0);
			fill(s, tables[table].fields, row, rows);
		}
	for (i = 0; i < rows; i++) {
		s->peeks.row[i].address &= UINT32_MAX;
		s->frames.row[i].caller.at = i ? (uint32_t)(random_word() % i) : NO_ROW;
	}
}

Test(save_load, whatever_a_snapshot_holds_comes_back)
{
	struct field_error error;
	struct snapshot s, back;
	uint64_t seed;

	for (seed = 1; seed <= 50; seed++) {
		random_state = seed;
		init(&s);
		fill_all(&s, 8);
		cr_assert_eq(field_check(&s, &error), 0, "%s: %s", error.where, error.what);
		free(round_trip(&s, &back));
		cr_assert_eq(back.tasks.count, 8);
		snapshot_deinit(&back);
		snapshot_deinit(&s);
	}
}

/* Toggle one byte of each field in turn: the file must show it. */
static void each_shows(struct snapshot *s, const struct field *field, char *row)
{
	char *before, *after, kept[8];
	size_t i, before_length, after_length;
	struct text some;

	for (; field->name; field++)
		for (i = 0; i < (field->repeat ? field->repeat : 1); i++) {
			char *to = row + field->offset + i * field->size;

			if (field->type == FIELD_INNER) {
				each_shows(s, field->inner, to);
				continue;
			}
			before = save(s, &before_length);
			memcpy(kept, to, field->size);
			memset(to, 0, field->size);
			if (field->type == FIELD_TEXT) {
				some = text(s, "some", 4);
				memcpy(to, &some, sizeof(some));
			} else if (field->type == FIELD_LETTER) {
				*to = field->names[0][0];
			} else if (field->type != FIELD_ROW) {
				*to = field->blank == 1 ? 0 : 1;
			}
			after = save(s, &after_length);
			cr_assert(before_length != after_length || memcmp(before, after, after_length) != 0,
				  "%s is not saved", field->name);
			memcpy(to, kept, field->size);
			free(before);
			free(after);
		}
}

Test(save_load, every_member_is_saved)
{
	struct snapshot s;
	enum table_id table;
	uint32_t at;
	void *row;

	init(&s);
	each_shows(&s, header_fields, (char *)&s);
	for (table = 0; table < TABLES; table++) {
		cr_assert_eq(rows_append(&s, table, &at, &row), 0);
		each_shows(&s, tables[table].fields, row);
	}
	snapshot_deinit(&s);
}

Test(save_load, an_empty_snapshot_is_a_header_and_an_end)
{
	struct snapshot s, back;
	char *saved;

	init(&s);
	saved = round_trip(&s, &back);
	cr_assert_str_eq(saved, "{\"schema\": \"wedgetools.snapshot/1\"}\n{\"end\": true}\n");
	cr_assert(back.window_ns == UNSEEN && back.cost.cpu_ns == 0 && back.processes.count == 0);
	free(saved);
	snapshot_deinit(&back);
	snapshot_deinit(&s);
}

Test(save_load, a_row_reads_well)
{
	struct process_ix process;
	struct task_ix task;
	struct snapshot s, back;
	struct task_look *look;
	char *saved;

	init(&s);
	s.host.arch = ARCH_X86_64;
	s.window_ns = 2000000000;
	cr_assert_eq(snapshot_add_process(&s, 4242, 100, &process), 0);
	process_at(&s, process)->comm = text(&s, "a\x1b[31m\\\"\xff\xc3\xa9", 11);
	process_at(&s, process)->argv = text(&s, "sh\0-c\0", 6);
	cr_assert_eq(snapshot_add_task(&s, process, 4242, 100, &task), 0);
	look = &task_at(&s, task)->at[LOOK_T1];
	look->stat_sight = SIGHT_OK;
	look->state = 'S';
	look->call.number = 7;
	look->call.args[0] = UINT64_MAX;

	saved = round_trip(&s, &back);
	cr_assert_str_eq(saved,
		"{\"schema\": \"wedgetools.snapshot/1\", \"window_ns\": 2000000000, \"host\": {\"arch\": \"x86_64\"}}\n"
		"{\"table\": \"processes\", \"pid\": 4242, \"start_ticks\": 100, "
		"\"comm\": \"a\\\\x1b[31m\\\\\\\\\\\"\\\\xff\xc3\xa9\", \"argv\": \"sh\\\\x00-c\\\\x00\"}\n"
		"{\"table\": \"tasks\", \"process\": 0, \"tid\": 4242, \"start_ticks\": 100, \"t1\": {\"stat_sight\": \"ok\", "
		"\"state\": \"S\", \"call\": {\"number\": 7, \"args\": [\"0xffffffffffffffff\", \"0x0\", \"0x0\", \"0x0\", "
		"\"0x0\", \"0x0\"]}}}\n"
		"{\"end\": true}\n");
	cr_assert_eq(process_at(&back, process)->argv.length, 6);
	cr_assert_eq(memcmp(snapshot_bytes(&back, process_at(&back, process)->argv), "sh\0-c\0", 7), 0);
	cr_assert_str_eq(snapshot_bytes(&back, process_at(&back, process)->comm), "a\x1b[31m\\\"\xff\xc3\xa9");
	cr_assert_eq(task_at(&back, task)->at[LOOK_T0].call.number, CALL_UNSEEN);
	cr_assert_eq(snapshot_find_task(&back, 4242).at, 0);
	free(saved);
	snapshot_deinit(&back);
	snapshot_deinit(&s);
}

Test(save_load, a_number_beyond_its_range_is_saved_as_the_nearest)
{
	struct object_ix object;
	struct snapshot s, back;

	init(&s);
	cr_assert_eq(snapshot_add_object(&s, OBJECT_EVENTFD, (struct object_key){ 0, 5 }, &object), 0);
	object_at(&s, object)->at[LOOK_T0].expires_ns = INT64_MAX;
	object_at(&s, object)->at[LOOK_T1].expires_ns = -5;
	object_at(&s, object)->at[LOOK_T1].sight = 200;
	free(round_trip(&s, &back));
	cr_assert_eq(object_at(&back, object)->at[LOOK_T0].expires_ns, INT64_MAX / 2);
	cr_assert_eq(object_at(&back, object)->at[LOOK_T1].expires_ns, 0);
	cr_assert_eq(object_at(&back, object)->at[LOOK_T1].sight, SIGHT_UNASKED);
	snapshot_deinit(&back);
	snapshot_deinit(&s);
}

Test(save_load, a_full_disk_is_said)
{
	struct snapshot s;
	FILE *full = fopen("/dev/full", "w");

	if (!full)
		cr_skip_test("no /dev/full");
	init(&s);
	cr_assert_eq(snapshot_save(&s, full), -ENOSPC);
	fclose(full);
	snapshot_deinit(&s);
}

/* ---- hostile files --------------------------------------------------------- */

#define HEAD "{\"schema\":\"wedgetools.snapshot/1\"}\n"
#define TAIL "{\"end\":true}\n"
#define PROCESS "{\"table\":\"processes\",\"pid\":1}\n"
#define TASK "{\"table\":\"tasks\",\"process\":0,\"tid\":1"
#define OBJECT "{\"table\":\"objects\",\"kind\":\"pipe\"}\n"

struct refusal { const char *file; size_t line; const char *where, *what; };

static void refuses(const struct refusal *refusal)
{
	struct snapshot untouched = { .window_ns = 99 };
	struct field_error error;

	cr_assert_eq(load(refusal->file, strlen(refusal->file), &untouched, &error), -EBADMSG, "accepted: %s",
		     refusal->file);
	cr_assert_eq(untouched.window_ns, 99);
	cr_assert(strstr(error.what, refusal->what), "%s\nsays: %s", refusal->file, error.what);
	cr_assert_str_eq(error.where, refusal->where, "%s\nat: %s", refusal->file, error.where);
	cr_assert_eq(error.line, refusal->line, "%s\nline %zu", refusal->file, error.line);
}

static const struct refusal refusals[] = {
	/* not ours, or not all of it */
	{ "", 0, "", "empty" },
	{ "\n", 1, "", "not a saved snapshot" },
	{ "hello\n", 1, "", "not a saved snapshot" },
	{ "{}\n" TAIL, 1, "", "not a saved snapshot" },
	{ "[]\n", 1, "", "not a saved snapshot" },
	{ "{\"schema\":7}\n", 1, "", "not a saved snapshot" },
	{ "{\"schema\":\"wedgetools.report/1\"}\n", 1, "", "a report" },
	{ "{\"schema\":\"wedgetools.snapshot/2\"}\n" TAIL, 1, "", "newer program" },
	{ "{\"schema\":\"wedgetools.snapshot/10\"}\n" TAIL, 1, "", "newer program" },
	{ HEAD, 1, "", "cut off after this line" },
	{ HEAD PROCESS, 2, "", "cut off after this line" },
	{ HEAD "{\"table\":\"proc", 2, "", "cut off in the middle" },
	{ HEAD TAIL PROCESS, 3, "", "follows the end" },
	{ HEAD TAIL "\n", 3, "", "follows the end" },
	{ HEAD "\n" TAIL, 2, "", "not JSON" },
	{ HEAD "[1]\n" TAIL, 2, "", "not a JSON object" },
	{ HEAD "{\"end\":1}\n", 2, "", "neither a row" },
	{ HEAD "{\"table\":1}\n" TAIL, 2, "", "neither a row" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"pid\":2}\n" TAIL, 2, "", "duplicate" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1} x\n" TAIL, 2, "", "not JSON" },
	{ HEAD "{\"table\":\"processes\",\"pid\":NaN}\n" TAIL, 2, "", "not JSON" },
	{ HEAD "{\"table\":\"processes\",\"pid\":99999999999999999999}\n" TAIL, 2, "", "not JSON" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1e999}\n" TAIL, 2, "", "not JSON" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"comm\":\"\xff\"}\n" TAIL, 2, "", "not JSON" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"comm\":\"\\u0000\"}\n" TAIL, 2, "", "not JSON" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"comm\":\"\\ud800\"}\n" TAIL, 2, "", "not JSON" },
	/* values */
	{ "{\"schema\":\"wedgetools.snapshot/1\",\"window_ns\":-1}\n" TAIL, 1, "window_ns", "not within 0 ..." },
	{ "{\"schema\":\"wedgetools.snapshot/1\",\"host\":{\"t0\":{\"when_ns\":-1}}}\n" TAIL, 1, "host.t0.when_ns", "not within" },
	{ "{\"schema\":\"wedgetools.snapshot/1\",\"host\":{\"user_hz\":0}}\n" TAIL, 1, "host.user_hz", "not within" },
	{ "{\"schema\":\"wedgetools.snapshot/1\",\"host\":[]}\n" TAIL, 1, "host", "not an object" },
	{ HEAD "{\"table\":\"processes\"}\n" TAIL, 2, "processes[0].pid", "missing" },
	{ HEAD "{\"table\":\"processes\",\"pid\":null}\n" TAIL, 2, "processes[0].pid", "missing" },
	{ HEAD "{\"table\":\"processes\",\"pid\":\"1\"}\n" TAIL, 2, "processes[0].pid", "not a whole number" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1.5}\n" TAIL, 2, "processes[0].pid", "not a whole number" },
	{ HEAD "{\"table\":\"processes\",\"pid\":0}\n" TAIL, 2, "processes[0].pid", "not within 1 ... 4194304" },
	{ HEAD "{\"table\":\"processes\",\"pid\":-1}\n" TAIL, 2, "processes[0].pid", "not within" },
	{ HEAD PROCESS "{\"table\":\"processes\",\"pid\":4294967297}\n" TAIL, 3, "processes[1].pid", "not within" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"bits\":256}\n" TAIL, 2, "processes[0].bits", "not within" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"flags\":1}\n" TAIL, 2, "processes[0].flags", "not a word" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"flags\":\"0x100000000\"}\n" TAIL, 2, "processes[0].flags", "1 to 8 digits" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"ns_net\":\"0x\"}\n" TAIL, 2, "processes[0].ns_net", "digits" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"ns_net\":\"0xG\"}\n" TAIL, 2, "processes[0].ns_net", "digits" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"ns_net\":\"0x11111111111111111\"}\n" TAIL, 2, "processes[0].ns_net", "digits" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"comm\":7}\n" TAIL, 2, "processes[0].comm", "not a text" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"comm\":\"\\\\q\"}\n" TAIL, 2, "processes[0].comm", "backslash" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"comm\":\"\\\\x4\"}\n" TAIL, 2, "processes[0].comm", "backslash" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"opaque\":\"perhaps\"}\n" TAIL, 2, "processes[0].opaque", "not one of unknown, no, yes" },
	{ HEAD "{\"table\":\"processes\",\"pid\":1,\"fds_sight\":3}\n" TAIL, 2, "processes[0].fds_sight", "not one of ok, unasked" },
	{ HEAD "{\"table\":\"objects\",\"kind\":\"teapot\"}\n" TAIL, 2, "objects[0].kind", "not one of other, pipe, fifo" },
	{ HEAD PROCESS TASK ",\"t0\":{\"state\":\"Q\"}}\n" TAIL, 3, "tasks[0].t0.state", "not one of RSDTtZXIP" },
	{ HEAD PROCESS TASK ",\"t1\":{\"state\":\"SS\"}}\n" TAIL, 3, "tasks[0].t1.state", "not one of RSDTtZXIP" },
	{ HEAD PROCESS TASK ",\"t1\":{\"state\":\"\"}}\n" TAIL, 3, "tasks[0].t1.state", "not one of RSDTtZXIP" },
	{ HEAD PROCESS TASK ",\"t0\":{\"call\":{\"args\":[\"0x1\"]}}}\n" TAIL, 3, "tasks[0].t0.call.args", "not an array of 6" },
	{ HEAD PROCESS TASK ",\"t0\":{\"call\":{\"args\":\"0x1\"}}}\n" TAIL, 3, "tasks[0].t0.call.args", "not an array of 6" },
	{ HEAD PROCESS TASK ",\"t0\":{\"call\":{\"args\":[\"0x1\",\"0x1\",1,\"0x1\",\"0x1\",\"0x1\"]}}}\n" TAIL, 3,
	  "tasks[0].t0.call.args[2]", "not a word" },
	{ HEAD PROCESS TASK ",\"t0\":{\"call\":{\"number\":-4}}}\n" TAIL, 3, "tasks[0].t0.call.number", "not within -2" },
	{ HEAD PROCESS TASK ",\"t0\":7}\n" TAIL, 3, "tasks[0].t0", "not an object" },
	/* rows: found wrong when all are there */
	{ HEAD PROCESS "{\"table\":\"tasks\",\"tid\":1}\n" TAIL, 3, "tasks[0].process", "missing" },
	{ HEAD "{\"table\":\"tasks\",\"tid\":1,\"process\":0}\n" TAIL, 2, "tasks[0].process", "no row 0 in processes, which has 0" },
	{ HEAD PROCESS TASK "}\n" "{\"table\":\"tasks\",\"tid\":2,\"process\":1}\n" TAIL, 4, "tasks[1].process", "no row 1" },
	{ HEAD "{\"table\":\"tasks\",\"tid\":2,\"process\":-1}\n" TAIL, 2, "tasks[0].process", "not the number of a row" },
	{ HEAD "{\"table\":\"tasks\",\"tid\":2,\"process\":4294967295}\n" TAIL, 2, "tasks[0].process", "not the number of a row" },
	{ HEAD "{\"table\":\"tasks\",\"tid\":2,\"process\":4294967296}\n" TAIL, 2, "tasks[0].process", "not the number of a row" },
	{ HEAD "{\"table\":\"unknown\"}\n" OBJECT PROCESS "{\"table\":\"objects\",\"peer\":2}\n" TAIL, 5, "objects[1].peer", "no row 2" },
	{ HEAD PROCESS "{\"table\":\"fds\",\"process\":0,\"number\":3}\n" TAIL, 3, "fds[0].object", "missing" },
	{ HEAD PROCESS OBJECT "{\"table\":\"fds\",\"process\":0,\"object\":0,\"number\":-1}\n" TAIL, 4, "fds[0].number", "not within" },
	{ HEAD PROCESS OBJECT "{\"table\":\"fds\",\"process\":0,\"object\":0,\"number\":1,\"looks\":4}\n" TAIL, 4, "fds[0].looks", "not within 0 ... 3" },
	{ HEAD OBJECT "{\"table\":\"holds\",\"object\":0}\n" TAIL, 3, "holds[0].process", "missing" },
	{ HEAD OBJECT "{\"table\":\"watches\",\"object\":0}\n" TAIL, 3, "watches[0].set", "missing" },
	{ HEAD "{\"table\":\"peeks\"}\n" TAIL, 2, "peeks[0].task", "missing" },
	{ HEAD PROCESS TASK "}\n{\"table\":\"peeks\",\"task\":0,\"look\":\"t2\"}\n" TAIL, 4, "peeks[0].look", "not one of t0, t1" },
	{ HEAD PROCESS TASK "}\n{\"table\":\"peeks\",\"task\":0,\"address\":\"0xffffffffffffffff\",\"bytes\":\"a\"}\n" TAIL, 4,
	  "peeks[0]", "beyond the last address" },
	{ HEAD "{\"table\":\"labels\",\"name\":\"a\"}\n" TAIL, 2, "labels[0].value", "missing" },
	{ HEAD "{\"table\":\"cgroups\",\"path\":\"/\"}\n" TAIL, 2, "cgroups[0].membership", "missing" },
	{ HEAD "{\"table\":\"gaps\",\"probe\":\"astrology\"}\n" TAIL, 2, "gaps[0].probe", "not one of host, tasks" },
};

Test(save_load, refuses_with_line_place_and_reason)
{
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		refuses(&refusals[i]);
}

Test(save_load, a_complaint_holds_nothing_of_the_file)
{
	static const char file[] = HEAD "{\"table\": evil\x1b[31m}\n" TAIL;
	struct field_error error;
	struct snapshot s;

	cr_assert_eq(load(file, strlen(file), &s, &error), -EBADMSG);
	cr_assert_null(strstr(error.what, "evil"));
	cr_assert_null(strchr(error.what, '\x1b'));
	cr_assert_gt(error.column, 0);
}

Test(save_load, takes_what_a_later_version_adds)
{
	static const char file[] =
		"{\"schema\":\"wedgetools.snapshot/1\",\"moon\":\"full\",\"host\":{\"phase\":[]}}\n"
		"{\"table\":\"moons\",\"number\":1}\n"
		"{\"table\":\"processes\",\"pid\":1,\"mood\":{\"t0\":1},\"comm\":null}\n" TAIL;
	struct field_error error;
	struct snapshot s;

	cr_assert_eq(load(file, strlen(file), &s, &error), 0, "%s", error.what);
	cr_assert_eq(s.processes.count, 1);
	snapshot_deinit(&s);
}

Test(save_load, rows_may_refer_forward_and_the_end_needs_no_newline)
{
	static const char file[] = HEAD TASK "}\n" PROCESS "{\"table\":\"objects\",\"peer\":1}\n" OBJECT "{\"end\":true}";
	struct field_error error;
	struct snapshot s;

	cr_assert_eq(load(file, strlen(file), &s, &error), 0, "%s", error.what);
	cr_assert_eq(s.objects.row[0].peer.at, 1);
	cr_assert_eq(s.tasks.row[0].at[LOOK_T1].call.number, CALL_UNSEEN);
	snapshot_deinit(&s);
}

Test(save_load, refuses_more_rows_than_its_bound)
{
	struct field_error error;
	struct snapshot s;
	size_t length;
	char *bytes;
	FILE *to = open_memstream(&bytes, &length);
	int i;

	fputs(HEAD, to);
	for (i = 0; i <= BOUND_GAPS; i++)
		fputs("{\"table\":\"gaps\"}\n", to);
	fputs(TAIL, to);
	fclose(to);
	cr_assert_eq(load(bytes, length, &s, &error), -EBADMSG);
	cr_assert(strstr(error.what, "more than 4096 rows of gaps"));
	cr_assert_eq(error.line, BOUND_GAPS + 2);
	free(bytes);
}

Test(save_load, refuses_a_line_that_does_not_end)
{
	struct field_error error;
	struct snapshot s;
	FILE *endless = fopen("/dev/zero", "r");

	cr_assert_not_null(endless);
	cr_assert_eq(snapshot_load(endless, &s, &error), -EBADMSG);
	cr_assert_eq(error.line, 1);
	fclose(endless);
}

Test(save_load, refuses_deep_nesting)
{
	enum { DEPTH = 100000 };
	struct field_error error;
	struct snapshot s;
	size_t length;
	char *bytes;
	FILE *to = open_memstream(&bytes, &length);
	int i;

	fputs(HEAD "{\"table\":", to);
	for (i = 0; i < DEPTH; i++)
		fputc('[', to);
	fputs("\n" TAIL, to);
	fclose(to);
	cr_assert_eq(load(bytes, length, &s, &error), -EBADMSG);
	cr_assert_eq(error.line, 2);
	free(bytes);
}

Test(save_load, an_unreadable_stream_is_no_bad_file)
{
	struct field_error error;
	struct snapshot s;
	FILE *directory = fopen("/", "r");

	cr_assert_not_null(directory);
	cr_assert_eq(snapshot_load(directory, &s, &error), -EISDIR);
	fclose(directory);
}

/* Every prefix of a good file is refused, and none crashes. */
Test(save_load, refuses_every_prefix)
{
	struct field_error error;
	struct snapshot s, back;
	size_t length, i;
	char *saved;

	init(&s);
	fill_all(&s, 1);
	saved = save(&s, &length);
	for (i = 0; i + 1 < length; i++)
		cr_assert_eq(load(saved, i, &back, &error), -EBADMSG, "%zu of %zu bytes", i, length);
	free(saved);
	snapshot_deinit(&s);
}

Test(save_load, a_check_finds_what_only_memory_can_hold)
{
	struct field_error error;
	struct process_ix process;
	struct snapshot s;

	init(&s);
	cr_assert_eq(snapshot_add_process(&s, 1, 1, &process), 0);
	cr_assert_eq(field_check(&s, &error), 0);
	process_at(&s, process)->comm = (struct text){ 1000000, 1 };
	cr_assert_eq(field_check(&s, &error), -EBADMSG);
	cr_assert_str_eq(error.where, "processes[0].comm");
	process_at(&s, process)->comm = text(&s, "abc", 3);
	process_at(&s, process)->comm.length = 2;
	cr_assert_eq(field_check(&s, &error), -EBADMSG);
	process_at(&s, process)->comm.length = UINT32_MAX;
	cr_assert_eq(field_check(&s, &error), -EBADMSG);
	process_at(&s, process)->comm = TEXT_UNSEEN;
	process_at(&s, process)->opaque = 3;
	cr_assert_eq(field_check(&s, &error), -EBADMSG);
	cr_assert_str_eq(error.where, "processes[0].opaque");
	snapshot_deinit(&s);
}
