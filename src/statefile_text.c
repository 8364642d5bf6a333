/* SPDX-License-Identifier: MIT */
/* The text of a run's record, both ways.  One row a line of it; strict, for others may have written it. */
#include "statefile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const run_phase_names[PHASES] = { "running", "triage", "ending" };

enum kind { KIND_ID, KIND_OUTER, KIND_BOOT, KIND_NARROW, KIND_WIDE, KIND_PHASE, KIND_COMMAND };

static const struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	int64_t least, most;
} rows[] = {
#define MEMBER(member) offsetof(struct run_record, member)
	{ "run", KIND_ID, MEMBER(run_id), 0, 0 },
	{ "outer", KIND_OUTER, MEMBER(outer_id), 0, 0 },
	{ "boot_id", KIND_BOOT, MEMBER(boot_id), 0, 0 },
	{ "pid_namespace", KIND_WIDE, MEMBER(pid_namespace), 0, INT64_MAX },
	{ "pid", KIND_NARROW, MEMBER(pid), 1, INT32_MAX },
	{ "start_ticks", KIND_WIDE, MEMBER(start_ticks), 0, INT64_MAX },
	{ "leader", KIND_NARROW, MEMBER(leader), 0, INT32_MAX },
	{ "leader_start_ticks", KIND_WIDE, MEMBER(leader_ticks), 0, INT64_MAX },
	{ "session", KIND_NARROW, MEMBER(session), 0, INT32_MAX },
	{ "group", KIND_NARROW, MEMBER(group), 0, INT32_MAX },
	{ "started_ms", KIND_WIDE, MEMBER(started_ms), 0, INT64_MAX },
	{ "deadline_ms", KIND_WIDE, MEMBER(deadline_ms), 0, INT64_MAX },
	{ "attempt", KIND_NARROW, MEMBER(attempt), 1, INT32_MAX },
	{ "phase", KIND_PHASE, MEMBER(phase), 0, 0 },
	{ "command", KIND_COMMAND, MEMBER(command), 0, 0 },
#undef MEMBER
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const char head[] = "wedgerun 1\n", tail[] = "end\n";

bool run_id_valid(const char *text)
{
	return strlen(text) == RUN_ID - 1 && strspn(text, "0123456789abcdef") == RUN_ID - 1;
}

static int64_t number_of(const struct row *row, const struct run_record *record)
{
	const char *at = (const char *)record + row->offset;
	int32_t narrow;
	int64_t wide;

	if (row->kind == KIND_NARROW) {
		memcpy(&narrow, at, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, at, sizeof(wide));
	return wide;
}

size_t run_record_put(const struct run_record *record, char *to, size_t size)
{
	size_t used = strlen(head), i;
	int n;

	if (size < sizeof(head))
		return 0;
	memcpy(to, head, sizeof(head));
	for (i = 0; i < ROWS; i++) {
		const char *text = (const char *)record + rows[i].offset;

		if (rows[i].kind == KIND_NARROW || rows[i].kind == KIND_WIDE)
			n = snprintf(to + used, size - used, "%s %" PRId64 "\n", rows[i].name, number_of(&rows[i], record));
		else
			n = snprintf(to + used, size - used, "%s %s\n", rows[i].name,
				     rows[i].kind == KIND_PHASE ? run_phase_names[record->phase] : *text ? text : "-");
		if (n < 0 || (used += (size_t)n) >= size)
			return 0;
	}
	if (size - used < sizeof(tail))
		return 0;
	memcpy(to + used, tail, sizeof(tail));
	return used + strlen(tail);
}

/* ---- the other way ----------------------------------------------------------------- */

static bool number_parse(const struct row *row, const char *text, struct run_record *record)
{
	char *to = (char *)record + row->offset;
	int64_t number = 0;
	const char *at;
	int32_t narrow;

	if (!*text || (*text == '0' && text[1]))
		return false;
	for (at = text; *at; at++)
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *at - '0', &number))
			return false;
	if (number < row->least || number > row->most)
		return false;
	narrow = (int32_t)number;
	if (row->kind == KIND_NARROW)
		memcpy(to, &narrow, sizeof(narrow));
	else
		memcpy(to, &number, sizeof(number));
	return true;
}

/* 6c1e04a1-5f2b-4c70-8b86-0d2f5e5b1a11 */
static bool boot_id_valid(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
			return false;
	return i == 36;
}

/* It was escaped by its writer: what is not fit for a terminal did not come from there. */
static bool command_valid(const char *text)
{
	const unsigned char *at;

	if (!*text || strlen(text) >= RUN_COMMAND)
		return false;
	for (at = (const unsigned char *)text; *at; at++)
		if (*at < 0x20 || *at >= 0x7f)
			return false;
	return true;
}

static bool phase_parse(const char *text, enum run_phase *ret)
{
	unsigned i;

	for (i = 0; i < PHASES; i++) {
		if (strcmp(text, run_phase_names[i]) == 0) {
			*ret = (enum run_phase)i;
			return true;
		}
	}
	return false;
}

static bool value_parse(const struct row *row, const char *text, struct run_record *record)
{
	char *to = (char *)record + row->offset;

	switch (row->kind) {
	case KIND_OUTER:
		if (strcmp(text, "-") == 0)
			return true;
		/* fall through */
	case KIND_ID:
		if (!run_id_valid(text))
			return false;
		break;
	case KIND_BOOT:
		if (!boot_id_valid(text))
			return false;
		break;
	case KIND_COMMAND:
		if (!command_valid(text))
			return false;
		break;
	case KIND_PHASE:
		return phase_parse(text, &record->phase);
	case KIND_NARROW:
	case KIND_WIDE:
		return number_parse(row, text, record);
	}
	strcpy(to, text);
	return true;
}

/* The line "NAME VALUE" that must stand here, its value into value. */
static bool line_take(const char **at, const char *end, const char *name, char *value, size_t size)
{
	const size_t length = strlen(name);
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	size_t rest;

	if (!stop || (size_t)(stop - *at) <= length || memcmp(*at, name, length) != 0 || (*at)[length] != ' ')
		return false;
	rest = (size_t)(stop - *at) - length - 1;
	if (rest >= size || memchr(*at + length + 1, '\0', rest))
		return false;
	memcpy(value, *at + length + 1, rest);
	value[rest] = '\0';
	*at = stop + 1;
	return true;
}

int run_record_parse(const char *text, size_t length, struct run_record *ret, char *complaint, size_t size)
{
	struct run_record record = { 0 };
	const char *at = text, *end = text + length;
	char value[128];
	size_t i;

	if (length < strlen(head) || memcmp(text, head, strlen(head)) != 0) {
		snprintf(complaint, size, "not a record of wedgerun, or of another version");
		return SIGHT_STRANGE;
	}
	at += strlen(head);
	for (i = 0; i < ROWS; i++) {
		if (!line_take(&at, end, rows[i].name, value, sizeof(value)) || !value_parse(&rows[i], value, &record)) {
			snprintf(complaint, size, "corrupt: no good line '%s'", rows[i].name);
			return SIGHT_STRANGE;
		}
	}
	if ((size_t)(end - at) != strlen(tail) || memcmp(at, tail, strlen(tail)) != 0) {
		snprintf(complaint, size, "corrupt: it does not end where it should");
		return SIGHT_STRANGE;
	}
	*ret = record;
	return 0;
}
