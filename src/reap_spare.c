/* SPDX-License-Identifier: MIT */
/*
 * Children of what was left behind belong to it; and who is left alone, whatever the
 * evidence: we and our ancestors, pid 1, other users' processes, runs that live, and who
 * opted out.  What is below a live run or one who opted out shares its fate.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "door.h"
#include "fdinfo.h"
#include "reap.h"
#include "state_parse.h"

const char *const spare_names[SPARES] = {
	"no", "ancestor-or-self", "init", "other-user", "live-run", "opted-out", "unreadable", "reads-our-output",
};

/* ---- the walk down -------------------------------------------------------------------- */

struct above {
	int32_t marked;           /* nearest that is marked and no kin; 0 none */
	int32_t shelter;          /* nearest that shelters what is below it; 0 none */
	uint8_t spare;            /* why: SPARE_LIVE or SPARE_KEEP */
};

struct descent {
	struct reaper *reaper;
	struct sweep *sweep;
	uint32_t *stack; struct above *above; uint32_t depth; /* still to visit, with what stands above each */
	bool *visited;
	int (*visit)(struct descent *descent, uint32_t row, struct above *above);
};

static int descend(struct descent *descent, uint32_t top)
{
	const struct census *census = &descent->sweep->census;
	struct above above = { 0 };
	uint32_t row, first, count;
	int r;

	descent->depth = 0;
	descent->stack[descent->depth] = top;
	descent->above[descent->depth++] = above;
	while (descent->depth > 0) {
		row = descent->stack[--descent->depth];
		above = descent->above[descent->depth];
		if (descent->visited[row])
			continue;
		descent->visited[row] = true;
		r = descent->visit(descent, row, &above);
		if (r < 0)
			return r;
		census_children(census, census->row[row].pid, &first, &count);
		while (count-- > 0) {
			descent->stack[descent->depth] = census->by_parent[first + count];
			descent->above[descent->depth++] = above;
		}
	}
	return 0;
}

/* Everybody, parents before children. */
static int descend_all(struct descent *descent)
{
	const struct census *census = &descent->sweep->census;
	uint32_t i;
	int r = 0;

	memset(descent->visited, 0, census->count * sizeof(*descent->visited));
	for (i = 0; i < census->count && r == 0; i++)
		if (!census_find(census, census->row[i].parent))
			r = descend(descent, i);
	/* A parent may have left, and its pid come back, while we read. */
	for (i = 0; i < census->count && r == 0; i++)
		if (!descent->visited[i])
			r = descend(descent, i);
	return r;
}

/* ---- first: who is marked, or below such a one ------------------------------------------- */

static int below_visit(struct descent *descent, uint32_t row, struct above *above)
{
	const struct being *being = &descent->sweep->census.row[row];
	struct mark *mark = &descent->sweep->mark[row];

	if (being->kin || being->pid == 1) {
		above->marked = 0;
		return 0;
	}
	mark->below = above->marked != 0;
	if (mark->reasons == 0 && above->marked)
		mark_add(mark, EVIDENCE_CHILD, above->marked, NULL);
	if (mark->reasons > 0)
		above->marked = being->pid;
	return 0;
}

/* ---- then: who of them is left alone -------------------------------------------------------- */

/* 0, or -errno; *ret is the real user, UNSEEN not known. */
static int user_read(struct reaper *reaper, const struct being *being, int64_t *ret)
{
	struct status_lines lines;
	const char *text;
	size_t length;
	int r, error;

	*ret = UNSEEN;
	r = door_read(reaper->door, &text, &length, &error, "%d/status", being->pid);
	if (r == SIGHT_OK && status_parse(text, length, &lines) == 0)
		*ret = lines.real_uid;
	return r < 0 ? r : 0;
}

/* The wedgerun of a live run, and what it started. */
static bool is_live_run(const struct reaper *reaper, const struct being *being)
{
	uint32_t i;

	for (i = 0; i < reaper->runs.count; i++) {
		const struct reap_run *run = &reaper->runs.row[i];

		if (run->state == RUN_LIVE &&
		    ((being->pid == run->record.pid && being->start_ticks == run->record.start_ticks) ||
		     (being->pid == run->record.leader && being->start_ticks == run->record.leader_ticks)))
			return true;
	}
	return false;
}

static bool carries_live_run(struct reaper *reaper, const struct environ_fact *fact)
{
	const struct reap_run *run = *fact->run_id ? runs_find(&reaper->runs, fact->run_id) : NULL;

	return run && run->state == RUN_LIVE;
}

/* Does it wait for what we write?  A pipe of ours that it can read from. */
static int reads_us(struct reaper *reaper, const struct being *being, bool *ret)
{
	struct fd_list fds = { 0 };
	struct fdinfo info;
	const char *text;
	size_t length;
	uint32_t i;
	int r, error;

	*ret = false;
	r = fds_list(reaper->door, being, 64, &fds);
	for (i = 0; r >= 0 && i < fds.count && !*ret; i++) {
		r = fd_link(reaper->door, being, fds.row[i], &text);
		if (r != SIGHT_OK || !output_find(reaper, fd_inode(text, "pipe")))
			continue;
		r = door_read(reaper->door, &text, &length, &error, "%d/task/%d/fdinfo/%d", being->pid, being->speaker,
			      fds.row[i]);
		if (r == SIGHT_OK && fdinfo_parse(text, length, &info) == 0)
			*ret = (info.flags & O_ACCMODE) != O_WRONLY;
	}
	free(fds.row);
	return r < 0 ? r : 0;
}

static int spare_visit(struct descent *descent, uint32_t row, struct above *above)
{
	struct reaper *reaper = descent->reaper;
	const struct being *being = &descent->sweep->census.row[row];
	struct mark *mark = &descent->sweep->mark[row];
	const struct environ_fact *fact = environ_of(reaper, being);
	bool reads = false;
	int64_t user;
	int r;

	if (is_live_run(reaper, being) || (fact && carries_live_run(reaper, fact)) || (fact && fact->keep)) {
		above->shelter = being->pid;
		above->spare = fact && fact->keep ? SPARE_KEEP : SPARE_LIVE;
	}
	if (mark->reasons == 0)
		return 0;
	if (being->kin || being->pid == 1) {
		mark->spare = being->kin ? SPARE_KIN : SPARE_INIT;
		return 0;
	}
	if (above->shelter) {
		mark->spare = above->spare;
		mark->spare_pid = above->shelter == being->pid ? 0 : above->shelter;
		return 0;
	}
	r = user_read(reaper, being, &user);
	if (r == 0 && user != (int64_t)reaper->uid && !reaper->options->other_users) {
		mark->spare = user == UNSEEN ? SPARE_UNKNOWN : SPARE_USER;
		return 0;
	}
	if (r == 0)
		r = reads_us(reaper, being, &reads);
	if (reads)
		mark->spare = SPARE_READER;
	else if (!fact || fact->denied)
		mark->spare = SPARE_UNKNOWN;
	return r;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Those that are marked; environments of programs that are just being started are empty: once more. */
static int environs_of_marked(struct reaper *reaper, const struct sweep *sweep, uint32_t *rows)
{
	const struct timespec moment = { 0, 3000000 };
	const struct environ_fact *fact;
	uint32_t i, count = 0, again = 0;
	int r;

	for (i = 0; i < sweep->census.count; i++)
		if (sweep->mark[i].reasons > 0 && !sweep->census.row[i].kin)
			rows[count++] = i;
	r = environs_ask(reaper, &sweep->census, rows, count);
	for (i = 0; i < count && r == 0; i++) {
		fact = environ_of(reaper, &sweep->census.row[rows[i]]);
		if (fact && !fact->settled && !fact->denied)
			rows[again++] = rows[i];
	}
	if (r == 0 && again > 0) {
		nanosleep(&moment, NULL);
		r = environs_ask(reaper, &sweep->census, rows, again);
	}
	return r;
}

/* With --other-users their runs count as much. */
static int owners_read(struct reaper *reaper, const struct sweep *sweep)
{
	int64_t user;
	uint32_t i;
	int r = 0;

	for (i = 0; reaper->options->other_users && i < sweep->census.count && r == 0; i++) {
		if (sweep->mark[i].reasons == 0)
			continue;
		r = user_read(reaper, &sweep->census.row[i], &user);
		if (r == 0 && user != UNSEEN)
			r = runs_read(reaper, (uid_t)user);
	}
	return r;
}

static int found_visit(struct descent *descent, uint32_t row, struct above *above)
{
	const struct mark *mark = &descent->sweep->mark[row];

	(void)above;
	if (mark->reasons > 0 && mark->spare == SPARE_NOT && !being_is_dead(&descent->sweep->census.row[row]))
		descent->sweep->found[descent->sweep->found_count++] = row;
	return 0;
}

int spares_mark(struct reaper *reaper, struct sweep *sweep)
{
	struct descent descent = { .reaper = reaper, .sweep = sweep };
	const size_t room = (size_t)sweep->census.count + 1;
	int r = -ENOMEM;

	descent.stack = calloc(room, sizeof(*descent.stack));
	descent.above = calloc(room, sizeof(*descent.above));
	descent.visited = calloc(room, sizeof(*descent.visited));
	sweep->found = calloc(room, sizeof(*sweep->found));
	if (descent.stack && descent.above && descent.visited && sweep->found) {
		descent.visit = below_visit;
		r = descend_all(&descent);
		if (r == 0)
			r = environs_of_marked(reaper, sweep, descent.stack);
		if (r == 0)
			r = owners_read(reaper, sweep);
		descent.visit = spare_visit;
		if (r == 0)
			r = descend_all(&descent);
		descent.visit = found_visit;
		if (r == 0)
			r = descend_all(&descent);
	}
	free(descent.stack);
	free(descent.above);
	free(descent.visited);
	return r;
}
