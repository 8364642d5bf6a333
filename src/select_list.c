/* SPDX-License-Identifier: MIT */
/*
 * Selectors that look through everybody: session, terminal, marker, command line, control
 * group.  Each picks rows of the roster and then takes the uppermost of them.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "bounds.h"
#include "door.h"
#include "environ.h"
#include "probe.h"
#include "select_inner.h"

/* ---- session and terminal -------------------------------------------------- */

int select_session(struct choice *choice, const char *value)
{
	const bool self = strcmp(value, "self") == 0;
	const int64_t session = self ? getsid(0) : select_number(value);
	uint32_t i, count = 0;
	int r;

	/* getsid(2) is 0 when the leader is in a pid namespace outside of ours. */
	if (self && session == 0)
		return choice_complain(choice, -EINVAL, "whoever leads our session is outside of this pid namespace: "
				       "name a process, a marker or a control group");
	if (session <= 0)
		return choice_complain(choice, -EINVAL, "not a session id: %.80s", value);
	r = choice_list(choice);
	if (r < 0)
		return r;
	for (i = 0; i < choice->roster.count; i++)
		choice->picked[i] = choice->roster.row[i].session == session &&
				    !choice_is_kin(choice, choice->roster.row[i].pid);
	r = choice_take(choice, &count);
	if (r == 0 && count == 0)
		return choice_complain(choice, -ESRCH, "nothing%s runs in session %.80s", self ? " else" : "", value);
	return r;
}

/*
 * The jobs of this terminal: our session without the shell that leads it.  When we lead
 * a group, the others in it are our own pipeline (wedgecheck | less).
 */
int select_terminal(struct choice *choice)
{
	const struct roster_row *self;
	uint32_t i, count = 0;
	int r;

	r = choice_list(choice);
	if (r < 0)
		return r;
	self = roster_find(&choice->roster, getpid());
	for (i = 0; self && self->tty != 0 && i < choice->roster.count; i++) {
		const struct roster_row *row = &choice->roster.row[i];

		choice->picked[i] = row->session == self->session && row->tty == self->tty && row->pid != row->session &&
				    !(self->group == self->pid && row->group == self->group) &&
				    !choice_is_kin(choice, row->pid);
	}
	r = choice_take(choice, &count);
	if (r == 0 && count == 0)
		return choice_complain(choice, -EINVAL, "no target: name a process id (%s)",
				       self && self->tty ? "nothing else runs on this terminal" : "we have no terminal");
	return r;
}

/* ---- marker ---------------------------------------------------------------- */

/* Those of everybody who are no kin and have an environment: their pids, and where they stand in the roster. */
static int others_gather(struct choice *choice, int32_t *pids, uint32_t *rows, uint32_t *ret_count)
{
	uint32_t i, count = 0;
	int r = choice_list(choice);

	for (i = 0; r == 0 && i < choice->roster.count; i++) {
		const struct roster_row *row = &choice->roster.row[i];

		if (row->parent == 2 || row->pid == 2 || choice_is_kin(choice, row->pid))
			continue; /* kernel threads have none */
		pids[count] = row->pid;
		rows[count++] = i;
	}
	*ret_count = count;
	return r;
}

static int marker_pick(struct choice *choice, const char *marker, size_t *ret_denied)
{
	const size_t room = (size_t)choice->roster.count + 1;
	int32_t *pids = calloc(room, sizeof(*pids));
	uint32_t *rows = calloc(room, sizeof(*rows)), count = 0, i;
	bool *bears = calloc(room, sizeof(*bears));
	int r = -ENOMEM;

	if (pids && rows && bears) {
		r = others_gather(choice, pids, rows, &count);
		if (r == 0)
			r = environ_bearers(choice->door, pids, count, marker, choice->deadline_ns, bears, ret_denied);
		for (i = 0; r == 0 && i < count; i++)
			choice->picked[rows[i]] = bears[i];
	}
	free(pids);
	free(rows);
	free(bears);
	return r;
}

int select_marker(struct choice *choice, const char *value)
{
	char *marker = NULL;
	const char *own;
	uint32_t count = 0;
	size_t denied = 0;
	int r;

	if (strchr(value, '=')) {
		if (!environ_is_marker(value))
			return choice_complain(choice, -EINVAL, "not NAME=VALUE: %.80s", value);
		marker = strdup(value);
	} else {
		own = getenv(value);
		if (!own || !*own)
			return choice_complain(choice, -EINVAL, "%.80s is not set in our own environment: say %.80s=VALUE",
					       *value ? value : "the marker", *value ? value : "NAME");
		if (asprintf(&marker, "%s=%s", value, own) < 0)
			marker = NULL;
	}
	if (!marker)
		return -ENOMEM;
	r = choice_list(choice);
	if (r == 0)
		r = marker_pick(choice, marker, &denied);
	if (r == 0)
		r = choice_take(choice, &count);
	if (r == 0 && count == 0)
		r = denied ? choice_complain(choice, -EACCES, "no process that we may look into carries %.120s "
					     "(%zu would not show their environment)", marker, denied) :
			     choice_complain(choice, -ESRCH, "no %sprocess carries %.120s",
					     door_is_live(choice->door) ? "other " : "", marker);
	free(marker);
	return r;
}

/* ---- command line ---------------------------------------------------------- */

struct matching { struct choice *choice; struct batch batch; regex_t regex; char *line; };

static int match_take(void *context, size_t which, const struct answer *answer)
{
	struct matching *matching = context;
	const char *bytes = answer->bytes;
	size_t i;

	if (answer->sight != SIGHT_OK && answer->sight != SIGHT_CUT)
		return 0;
	for (i = 0; i < answer->length && i < BOUND_MATCH; i++)
		matching->line[i] = bytes[i] ? bytes[i] : ' ';
	while (i > 0 && matching->line[i - 1] == ' ')
		i--;
	matching->line[i] = '\0';
	if (regexec(&matching->regex, matching->line, 0, NULL, 0) == 0)
		matching->choice->picked[matching->batch.about[which].row] = true;
	return 0;
}

static int match_pick(struct matching *matching)
{
	struct choice *choice = matching->choice;
	const struct visit visit = { .door = choice->door, .deadline_ns = choice->deadline_ns };
	struct question *question;
	uint32_t i;

	for (i = 0; i < choice->roster.count; i++) {
		const struct roster_row *row = &choice->roster.row[i];

		if (choice_is_kin(choice, row->pid))
			continue;
		choice->picked[i] = regexec(&matching->regex, row->comm, 0, NULL, 0) == 0;
		if (choice->picked[i])
			continue;
		question = batch_add_path(&matching->batch, 0, i, ASK_FILE, row->pid, "%d/cmdline", row->pid);
		if (!question)
			return -ENOMEM;
		question->limit = BOUND_MATCH;
	}
	return batch_ask(&matching->batch, &visit, match_take, matching);
}

int select_match(struct choice *choice, const char *value)
{
	struct matching matching = { .choice = choice };
	uint32_t count = 0;
	char why[96];
	int r;

	r = regcomp(&matching.regex, value, REG_EXTENDED | REG_NOSUB);
	if (r == REG_ESPACE)
		return -ENOMEM;
	if (r != 0) {
		regerror(r, &matching.regex, why, sizeof(why));
		return choice_complain(choice, -EINVAL, "not a regular expression: %.80s: %s", value, why);
	}
	matching.line = malloc(BOUND_MATCH + 1);
	r = matching.line ? choice_list(choice) : -ENOMEM;
	if (r == 0)
		r = match_pick(&matching);
	if (r == 0)
		r = choice_take(choice, &count);
	regfree(&matching.regex);
	batch_deinit(&matching.batch);
	free(matching.line);
	if (r == 0 && count == 0)
		return choice_complain(choice, -ESRCH, "no process matches %.80s", value);
	return r;
}

/* ---- control groups -------------------------------------------------------- */

/* All but us whose control groups are so; our ancestors, too: they were asked for by name. */
static int groups_pick(struct choice *choice, bool (*is)(const char *text, size_t length, const char *word),
		       const char *word, uint32_t *ret_count)
{
	const int32_t self = door_is_live(choice->door) ? getpid() : -1;
	const char *text;
	size_t length;
	uint32_t i;
	int r, error;

	r = choice_list(choice);
	for (i = 0; r >= 0 && i < choice->roster.count; i++) {
		const struct roster_row *row = &choice->roster.row[i];

		if (row->pid == self || door_is_helper(choice->door, row->pid))
			continue;
		r = door_read(choice->door, &text, &length, &error, "%d/cgroup", row->pid);
		if (r == SIGHT_OK)
			choice->picked[i] = is(text, length, word);
	}
	return r < 0 ? r : choice_take(choice, ret_count);
}

int select_cgroup(struct choice *choice, const char *value)
{
	uint32_t count = 0;
	int r;

	if (*value != '/')
		return choice_complain(choice, -EINVAL, "not the path of a control group: %.120s (it begins with /)", value);
	r = groups_pick(choice, cgroup_is_below, value, &count);
	if (r == 0 && count == 0)
		return choice_complain(choice, -ESRCH, "no process in control group %.120s", value);
	return r;
}

int select_unit(struct choice *choice, const char *word)
{
	const bool digits = *word >= '0' && *word <= '9';
	uint32_t count = 0;
	char near[160];
	int r;

	r = groups_pick(choice, cgroup_is_named, word, &count);
	if (r < 0 || count > 0)
		return r;
	near_text(choice, word, near, sizeof(near));
	if (digits || *word == '-')
		return choice_complain(choice, -EINVAL, "not a process id: %.80s%s", word, near);
	return choice_complain(choice, -ESRCH, "no such process id, unit, container or control group: %.80s%s", word,
			       near);
}
