/* SPDX-License-Identifier: MIT */
/*
 * From what the user named to targets: pids named outright, and what each selector
 * finds; who is meant when nobody is named; and one clear line when there is nobody.
 */
#include "select_inner.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "door.h"
#include "stat.h"

int choice_complain(struct choice *choice, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(choice->complaint, choice->complaint_size, format, arguments);
	va_end(arguments);
	return error;
}

/* ---- everybody ------------------------------------------------------------- */

/* We and our ancestors. */
static int kin_gather(struct choice *choice)
{
	const struct roster_row *row;
	int32_t pid = getpid();
	int r;

	r = pids_add(&choice->kin, pid);
	while (r == 0 && (row = roster_find(&choice->roster, pid)) && row->parent > 0 &&
	       !choice_is_kin(choice, row->parent)) {
		pid = row->parent;
		r = pids_add(&choice->kin, pid);
	}
	return r;
}

int choice_list(struct choice *choice)
{
	int r;

	if (choice->listed) {
		memset(choice->picked, 0, choice->roster.count * sizeof(*choice->picked));
		return 0;
	}
	r = roster_init(choice->door, &choice->roster);
	if (r < 0)
		return r;
	choice->listed = true;
	choice->picked = calloc(choice->roster.count + 1, sizeof(*choice->picked));
	if (!choice->picked)
		return -ENOMEM;
	return door_is_live(choice->door) ? kin_gather(choice) : 0;
}

bool choice_is_kin(const struct choice *choice, int32_t pid)
{
	uint32_t i;

	for (i = 0; i < choice->kin.count; i++)
		if (choice->kin.row[i] == pid)
			return true;
	return door_is_helper(choice->door, pid);
}

int choice_take(struct choice *choice, uint32_t *ret_count)
{
	const struct roster *roster = &choice->roster;
	const struct roster_row *parent;
	uint32_t i, count = 0;
	int r = 0;

	for (i = 0; i < roster->count && r == 0; i++) {
		if (!choice->picked[i])
			continue;
		count++;
		parent = roster_find(roster, roster->row[i].parent);
		if (!parent || parent == &roster->row[i] || !choice->picked[parent - roster->row])
			r = pids_add(&choice->chosen, roster->row[i].pid);
	}
	*ret_count = count;
	return r;
}

/* ---- one named outright ---------------------------------------------------- */

/* Its process, when it is the id of a thread. */
static int32_t group_of(struct choice *choice, int32_t tid)
{
	struct status_lines lines;
	const char *text;
	size_t length;
	int error;

	if (door_read(choice->door, &text, &length, &error, "%d/status", tid) != SIGHT_OK ||
	    status_parse(text, length, &lines) != 0 || lines.tgid <= 0)
		return tid;
	return lines.tgid;
}

static int select_pid(struct choice *choice, int32_t pid)
{
	struct stat_line line;
	char near[160], digits[16];
	int r, error = 0;

	pid = group_of(choice, pid);
	r = stat_read(choice->door, pid, pid, &line, &error);
	if (r == SIGHT_OK)
		return pids_add(&choice->chosen, pid);
	if (r < 0)
		return r;
	/* hidepid: the living answer ENOENT, too. */
	if (r == SIGHT_DENIED || (door_is_live(choice->door) && (kill(pid, 0) == 0 || errno == EPERM)))
		return choice_complain(choice, -EACCES, "process %d is hidden from us (/proc is mounted with hidepid): "
				       "run as its user or as root", pid);
	r = choice_list(choice);
	if (r < 0)
		return r;
	snprintf(digits, sizeof(digits), "%d", pid);
	near_text(choice, digits, near, sizeof(near));
	return choice_complain(choice, -ESRCH, "no such process: %d%s", pid, near);
}

static int select_word(struct choice *choice, const char *word)
{
	const int64_t number = select_number(word);

	if (number > INT32_MAX)
		return choice_complain(choice, -ESRCH, "no such process: %.80s (too large for a process id)", word);
	if (number > 0)
		return select_pid(choice, (int32_t)number);
	if (!*word)
		return choice_complain(choice, -EINVAL, "empty target: a process id is wanted");
	if (strspn(word, "0") == strlen(word) || (*word == '-' && select_number(word + 1) > 0))
		return choice_complain(choice, -EINVAL, "not a process id: %.80s", word);
	return select_unit(choice, word);
}

/* ---- nobody named ---------------------------------------------------------- */

static int select_default(struct choice *choice)
{
	static const char *const runners[] = { "RUNNER_TRACKING_ID", "BUILD_ID", "CI_JOB_ID", NULL };
	const char *value;
	unsigned i;

	for (i = 0; runners[i]; i++) {
		value = getenv(runners[i]);
		if (value && *value)
			return select_marker(choice, runners[i]);
	}
	return select_terminal(choice);
}

/* ---- all ------------------------------------------------------------------- */

static int select_one(struct choice *choice, const struct selector *selector)
{
	switch (selector->kind) {
	case SELECT_WORD:
		return select_word(choice, selector->value);
	case SELECT_PORT:
		return select_port(choice, selector->value);
	case SELECT_MARKER:
		return select_marker(choice, selector->value);
	case SELECT_MATCH:
		return select_match(choice, selector->value);
	case SELECT_SESSION:
		return select_session(choice, selector->value);
	case SELECT_CGROUP:
		return select_cgroup(choice, selector->value);
	}
	return -EINVAL;
}

/* Some may have left since they were found: that is news only when nobody is left. */
static int targets_mark(struct choice *choice)
{
	struct snapshot *snapshot = choice->snapshot;
	uint32_t i, marked = 0;
	struct stat_line line;
	struct process_ix at;
	int r, error;

	for (i = 0; i < choice->chosen.count; i++) {
		const int32_t pid = choice->chosen.row[i];

		r = stat_read(choice->door, pid, pid, &line, &error);
		if (r == SIGHT_OK)
			r = snapshot_add_process(snapshot, pid, line.start_ticks, &at);
		if (r == -E2BIG)
			break;
		if (r < 0)
			return r;
		if (r != SIGHT_OK)
			continue;
		process_at(snapshot, at)->flags |= PROCESS_TARGET | PROCESS_IN_TREE;
		process_at(snapshot, at)->joined = JOINED_TARGET;
		marked++;
		r = door_hold(choice->door, pid, line.start_ticks);
		if (r < 0)
			return r;
	}
	if (marked == 0)
		return choice_complain(choice, -ESRCH, "no such process: %d (it has just ended)", choice->chosen.row[0]);
	return 0;
}

int select_targets(struct door *door, const struct selector *selectors, size_t count, struct snapshot *snapshot,
		   char *complaint, size_t complaint_size)
{
	struct choice choice = {
		.door = door,
		.snapshot = snapshot,
		.deadline_ns = door_now_ns() + BOUND_BUDGET_MS * INT64_C(1000000),
		.complaint = complaint,
		.complaint_size = complaint_size,
	};
	size_t i;
	int r = 0;

	if (count == 0)
		r = select_default(&choice);
	for (i = 0; i < count && r == 0; i++)
		r = select_one(&choice, &selectors[i]);
	if (r == 0)
		r = targets_mark(&choice);
	roster_deinit(&choice.roster);
	free(choice.picked);
	free(choice.kin.row);
	free(choice.chosen.row);
	return r;
}
