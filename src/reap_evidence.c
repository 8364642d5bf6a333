/* SPDX-License-Identifier: MIT */
/*
 * What says that a process was left behind.  Evidence is gathered of everybody, then
 * --older and --match take away; relatives come later.
 *
 * A session or process group of which the leader has died says so, for its number is not
 * given away again while it has members; but not one that we or an ancestor of ours is in,
 * for that is how a whole login, or a CI job, may look from inside.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "bounds.h"
#include "cgroup_parse.h"
#include "door.h"
#include "probe.h"
#include "reap.h"
#include "select_inner.h"

const char *const evidence_names[EVIDENCES] = {
	"run", "run-id", "marker", "port", "cgroup", "dead-session", "dead-group", "same-session", "same-dead-port", "found",
	"child",
};

void mark_add(struct mark *mark, enum evidence evidence, int32_t number, const char *text)
{
	uint8_t i;

	for (i = 0; i < mark->reasons; i++)
		if (mark->reason[i].evidence == evidence && mark->reason[i].number == number && mark->reason[i].text == text)
			return;
	if (mark->reasons < REASONS_MOST)
		mark->reason[mark->reasons++] = (struct reason){ .evidence = evidence, .number = number, .text = text };
}

/* ---- sessions and groups -------------------------------------------------------------- */

/* Are we, or an ancestor of ours, in there?  Then it says nothing. */
static bool is_ours(const struct census *census, int32_t leader, bool session)
{
	uint32_t i;

	for (i = 0; i < census->count; i++)
		if (census->row[i].kin && (session ? census->row[i].session : census->row[i].group) == leader)
			return true;
	return false;
}

/* Led from within our pid namespace (else it is 0), by one who has died. */
static bool is_dead_leader(const struct census *census, int32_t leader, bool session)
{
	return leader > 1 && !leader_lives(census, leader) && !is_ours(census, leader, session);
}

bool being_is_orphan(const struct census *census, const struct being *being)
{
	const struct being *parent = census_find(census, being->parent);

	return being->parent == 1 || !parent || (parent->session != being->session && being->session != being->pid);
}

/* "/user.slice/user-0.slice/user@0.service/app.slice/x.service/y" -> "x.service"; a user's manager is none. */
static struct slice service_of(const char *text, size_t length)
{
	const struct slice path = membership_show(text, length);
	const char *at = path.at, *end = path.at + path.length, *stop;
	struct slice ret = { 0 };

	for (; at < end; at = stop + 1) {
		stop = memchr(at, '/', (size_t)(end - at));
		if (!stop)
			stop = end;
		if (stop - at > 8 && memcmp(stop - 8, ".service", 8) == 0 && memcmp(at, "user@", 5) != 0)
			ret = (struct slice){ at, (size_t)(stop - at) };
		if (stop == end)
			break;
	}
	return ret;
}

/* Of a service that somebody manages, and that is not the one we run in. */
static int is_managed(struct reaper *reaper, const struct being *being, bool *ret)
{
	char own[256] = "";
	const char *text;
	struct slice service;
	size_t length;
	int r, error;

	*ret = false;
	r = door_read(reaper->door, &text, &length, &error, "%d/cgroup", (int)getpid());
	if (r == SIGHT_OK) {
		service = service_of(text, length);
		if (service.length < sizeof(own))
			memcpy(own, service.at ? service.at : "", service.length);
	}
	if (r >= 0)
		r = door_read(reaper->door, &text, &length, &error, "%d/cgroup", being->pid);
	if (r == SIGHT_OK) {
		service = service_of(text, length);
		*ret = service.length > 0 && !(strlen(own) == service.length && memcmp(own, service.at, service.length) == 0);
	}
	return r < 0 ? r : 0;
}

static int orphan_mark(struct reaper *reaper, struct sweep *sweep, uint32_t at, bool any)
{
	const struct census *census = &sweep->census;
	const struct being *being = &census->row[at];
	const bool session = is_dead_leader(census, being->session, true);
	const bool group = is_dead_leader(census, being->group, false) && being_is_orphan(census, being);
	bool managed;
	size_t i;
	int r;

	for (i = 0; i < reaper->options->leader_count; i++) {
		if (session && being->session == reaper->options->leaders[i])
			mark_add(&sweep->mark[at], EVIDENCE_SESSION, being->session, NULL);
		if (group && being->group == reaper->options->leaders[i])
			mark_add(&sweep->mark[at], EVIDENCE_GROUP, being->group, NULL);
	}
	if (!any || (!session && !group))
		return 0;
	r = is_managed(reaper, being, &managed);
	if (r == 0 && !managed)
		mark_add(&sweep->mark[at], session ? EVIDENCE_SESSION : EVIDENCE_GROUP, session ? being->session : being->group,
			 NULL);
	return r;
}

/* ---- dead runs --------------------------------------------------------------------------- */

/* Is that number the leader's, and not given away again? */
static bool is_led(const struct sweep *sweep, int32_t number, int32_t leader, int64_t start_ticks)
{
	const struct being *now;

	if (leader <= 1 || number != leader)
		return false;
	now = census_find(&sweep->census, leader);
	return !now || now->start_ticks == start_ticks;
}

/*
 * A session or group counts when the command or wedgerun led it: what they were born
 * into is the caller's.  Nobody in it can be older than the run.
 */
static void run_mark(const struct reap_run *run, struct sweep *sweep)
{
	const struct run_record *record = &run->record;
	uint32_t i;

	for (i = 0; i < sweep->census.count; i++) {
		const struct being *being = &sweep->census.row[i];

		if (being->start_ticks < record->start_ticks)
			continue;
		if ((being->pid == record->leader && being->start_ticks == record->leader_ticks) ||
		    is_led(sweep, being->session, record->leader, record->leader_ticks) ||
		    is_led(sweep, being->group, record->leader, record->leader_ticks) ||
		    is_led(sweep, being->group, record->pid, record->start_ticks))
			mark_add(&sweep->mark[i], EVIDENCE_RUN, record->pid, record->run_id);
	}
}

static int environs_mark(struct reaper *reaper, struct sweep *sweep)
{
	const struct reap_options *options = reaper->options;
	const struct census *census = &sweep->census;
	uint32_t *rows, i, count = 0;
	bool dead_runs = false;
	size_t k;
	int r;

	for (i = 0; i < reaper->runs.count; i++)
		dead_runs = dead_runs || (options->runs && reaper->runs.row[i].state == RUN_DEAD);
	if (options->markers.count == 0 && !dead_runs)
		return 0;
	rows = calloc(census->count + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (i = 0; i < census->count; i++)
		if (!census->row[i].kin)
			rows[count++] = i;
	r = environs_ask(reaper, census, rows, count);
	for (i = 0; i < count && r == 0; i++) {
		const struct environ_fact *fact = environ_of(reaper, &census->row[rows[i]]);
		struct mark *mark = &sweep->mark[rows[i]];
		const struct reap_run *run;

		if (!fact)
			continue;
		for (k = 0; k < options->markers.count; k++)
			if (fact->markers & UINT64_C(1) << k)
				mark_add(mark, EVIDENCE_MARKER, 0, options->markers.row[k]);
		run = dead_runs && *fact->run_id ? runs_find(&reaper->runs, fact->run_id) : NULL;
		if (run && run->state == RUN_DEAD)
			mark_add(mark, EVIDENCE_RUN_ID, run->record.pid, run->record.run_id);
	}
	free(rows);
	return r;
}

/* ---- control groups ------------------------------------------------------------------------ */

static int cgroups_mark(struct reaper *reaper, struct sweep *sweep)
{
	const struct reap_options *options = reaper->options;
	const char *text;
	size_t length, k;
	uint32_t i;
	int r, error;

	for (i = 0; i < sweep->census.count && options->cgroups.count > 0; i++) {
		if (reaper->quick && !sweep->census.row[i].fresh)
			continue;
		r = door_read(reaper->door, &text, &length, &error, "%d/cgroup", sweep->census.row[i].pid);
		if (r < 0)
			return r;
		for (k = 0; r == SIGHT_OK && k < options->cgroups.count; k++)
			if (cgroup_is_below(text, length, options->cgroups.row[k]))
				mark_add(&sweep->mark[i], EVIDENCE_CGROUP, 0, options->cgroups.row[k]);
	}
	return 0;
}

/* ---- what takes away ------------------------------------------------------------------------- */

struct matching { struct reaper *reaper; struct batch batch; bool *matched; char *line; };

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
	if (regexec(&matching->reaper->options->match, matching->line, 0, NULL, 0) == 0)
		matching->matched[matching->batch.about[which].row] = true;
	return 0;
}

static int match_ask(struct matching *matching, const struct sweep *sweep)
{
	const struct visit visit = { .door = matching->reaper->door, .deadline_ns = matching->reaper->deadline_ns };
	struct question *question;
	uint32_t i;

	for (i = 0; i < sweep->census.count; i++) {
		const struct being *being = &sweep->census.row[i];

		if (sweep->mark[i].reasons == 0)
			continue;
		matching->matched[i] = regexec(&matching->reaper->options->match, being->comm, 0, NULL, 0) == 0;
		if (matching->matched[i])
			continue;
		question = batch_add_path(&matching->batch, 0, i, ASK_FILE, being->pid, "%d/task/%d/cmdline", being->pid,
					  being->speaker);
		if (!question)
			return -ENOMEM;
		question->limit = BOUND_MATCH;
	}
	return batch_ask(&matching->batch, &visit, match_take, matching);
}

static int match_filter(struct reaper *reaper, struct sweep *sweep)
{
	struct matching matching = { .reaper = reaper };
	uint32_t i;
	int r = -ENOMEM;

	matching.matched = calloc(sweep->census.count + 1, sizeof(*matching.matched));
	matching.line = malloc(BOUND_MATCH + 1);
	if (matching.matched && matching.line)
		r = match_ask(&matching, sweep);
	for (i = 0; r == 0 && i < sweep->census.count; i++)
		if (!matching.matched[i])
			sweep->mark[i].reasons = 0;
	batch_deinit(&matching.batch);
	free(matching.matched);
	free(matching.line);
	return r;
}

int evidence_filter(struct reaper *reaper, struct sweep *sweep)
{
	const struct reap_options *options = reaper->options;
	uint32_t i;

	for (i = 0; options->older_ms >= 0 && i < sweep->census.count; i++)
		if (being_age_ms(&sweep->census, &sweep->census.row[i]) < options->older_ms)
			sweep->mark[i].reasons = 0;
	return options->matches ? match_filter(reaper, sweep) : 0;
}

int evidence_mark(struct reaper *reaper, struct sweep *sweep)
{
	const struct reap_options *options = reaper->options;
	uint32_t i;
	int r;

	for (i = 0; options->runs && i < reaper->runs.count; i++)
		if (reaper->runs.row[i].state == RUN_DEAD)
			run_mark(&reaper->runs.row[i], sweep);
	r = environs_mark(reaper, sweep);
	if (r == 0)
		r = cgroups_mark(reaper, sweep);
	if (r == 0 && options->port_count > 0)
		r = ports_mark(reaper, sweep);
	for (i = 0; r == 0 && (options->orphans || options->leader_count > 0) && i < sweep->census.count; i++)
		if (!sweep->census.row[i].kin && (!reaper->quick || sweep->census.row[i].fresh))
			r = orphan_mark(reaper, sweep, i, options->orphans);
	return r;
}
