/* SPDX-License-Identifier: MIT */
/*
 * One pass over everybody: evidence, siblings, children, exceptions.  What it finds for the
 * first time is put down with its reasons; what was found before belongs to it for good,
 * and so does who is in a session or group that such a one led: its number is not given
 * away as long as somebody is in there.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "door.h"
#include "reap.h"

enum { NOTES_MOST = 64 };

int reap_note(struct reaper *reaper, const char *format, ...)
{
	char line[sizeof(*reaper->notes)], (*grown)[sizeof(line)];
	va_list arguments;
	uint32_t i;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (i = 0; i < reaper->note_count; i++)
		if (strcmp(reaper->notes[i], line) == 0)
			return 0;
	if (reaper->note_count == NOTES_MOST)
		return 0;
	grown = reallocarray(reaper->notes, reaper->note_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	reaper->notes = grown;
	memcpy(grown[reaper->note_count++], line, sizeof(line));
	return 0;
}

struct leftover *left_find(struct reaper *reaper, int32_t pid, int64_t start_ticks)
{
	uint32_t i;

	for (i = 0; i < reaper->left_count; i++)
		if (reaper->left[i].being.pid == pid && reaper->left[i].being.start_ticks == start_ticks)
			return &reaper->left[i];
	return NULL;
}

/* ---- what earlier sweeps found ------------------------------------------------------------ */

/* Found before, or in the session or group of one that was. */
static void known_mark(struct reaper *reaper, struct sweep *sweep)
{
	const struct census *census = &sweep->census;
	uint32_t i, k;

	for (k = 0; k < reaper->left_count; k++) {
		const struct being *known = &reaper->left[k].being, *now = census_find(census, known->pid);
		const bool reused = now && now->start_ticks != known->start_ticks;

		for (i = 0; i < census->count; i++) {
			const struct being *being = &census->row[i];

			if (being->kin || being->start_ticks < known->start_ticks)
				continue;
			if ((being->pid == known->pid && being->start_ticks == known->start_ticks) ||
			    (!reused && (being->session == known->pid || being->group == known->pid)))
				mark_add(&sweep->mark[i], EVIDENCE_FOUND, known->pid, NULL);
		}
	}
}

/* ---- siblings --------------------------------------------------------------------------------- */

static bool session_is_kins(const struct census *census, int32_t session)
{
	uint32_t i;

	for (i = 0; i < census->count; i++)
		if (census->row[i].kin && census->row[i].session == session)
			return true;
	return false;
}

/* The session that a run was started in belongs to whoever started it, and so may others in it. */
static bool is_callers(const struct reaper *reaper, const struct mark *mark, int32_t session)
{
	const struct run_record *record;
	uint32_t i;
	uint8_t k;

	for (k = 0; k < mark->reasons; k++)
		for (i = 0; i < reaper->runs.count; i++) {
			record = &reaper->runs.row[i].record;
			if (mark->reason[k].text == record->run_id && record->session == session && record->leader != session)
				return true;
		}
	return false;
}

/* In the session of an orphan, whose leader has died. */
static void sessions_mark(const struct reaper *reaper, struct sweep *sweep)
{
	const struct census *census = &sweep->census;
	int32_t done = 0;
	uint32_t i, k;

	for (i = 0; i < census->count; i++) {
		const struct being *being = &census->row[i];

		if (sweep->mark[i].reasons == 0 || sweep->mark[i].reason[0].evidence == EVIDENCE_SAME_SESSION || being->kin ||
		    being->session <= 1 || being->session == done || !being_is_orphan(census, being) ||
		    leader_lives(census, being->session) || session_is_kins(census, being->session) ||
		    is_callers(reaper, &sweep->mark[i], being->session))
			continue;
		done = being->session;
		for (k = 0; k < census->count; k++)
			if (k != i && sweep->mark[k].reasons == 0 && census->row[k].session == being->session)
				mark_add(&sweep->mark[k], EVIDENCE_SAME_SESSION, being->pid, NULL);
	}
}

static bool anybody(const struct sweep *sweep)
{
	uint32_t i;

	for (i = 0; i < sweep->census.count; i++)
		if (sweep->mark[i].reasons > 0)
			return true;
	return false;
}

/* ---- all ---------------------------------------------------------------------------------------- */

static int left_add(struct leftover **list, uint32_t *count, uint32_t *room, const struct sweep *sweep, uint32_t row)
{
	struct leftover *grown;

	if (*count == *room) {
		grown = reallocarray(*list, *room ? *room * 2 : 16, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		*list = grown;
		*room = *room ? *room * 2 : 16;
	}
	(*list)[(*count)++] = (struct leftover){
		.being = sweep->census.row[row], .mark = sweep->mark[row],
		.age_ms = being_age_ms(&sweep->census, &sweep->census.row[row]),
	};
	return 0;
}

static int results_take(struct reaper *reaper, const struct sweep *sweep, uint32_t *ret_new)
{
	uint32_t i;
	int r = 0;

	*ret_new = 0;
	for (i = 0; i < sweep->found_count && r == 0; i++) {
		const struct being *being = &sweep->census.row[sweep->found[i]];

		if (left_find(reaper, being->pid, being->start_ticks))
			continue;
		++*ret_new;
		r = left_add(&reaper->left, &reaper->left_count, &reaper->left_room, sweep, sweep->found[i]);
	}
	for (i = 0; !reaper->sparing_told && i < sweep->census.count && r == 0; i++)
		if (sweep->mark[i].reasons > 0 && sweep->mark[i].spare != SPARE_NOT && !being_is_dead(&sweep->census.row[i]))
			r = left_add(&reaper->spared, &reaper->spared_count, &reaper->spared_room, sweep, i);
	reaper->sparing_told = true;
	return r;
}

int reap_sweep(struct reaper *reaper, bool quick, uint32_t *ret_new)
{
	struct sweep sweep = { 0 };
	int r;

	reaper->quick = quick && reaper->last.count > 0;
	reaper->deadline_ns = door_now_ns() + BOUND_BUDGET_MS * INT64_C(1000000);
	r = census_take(reaper->door, reaper->quick ? &reaper->last : NULL, &sweep.census);
	if (r < 0)
		return r;
	reaper->vanished = sweep.census.vanished;
	sweep.mark = calloc(sweep.census.count + 1, sizeof(*sweep.mark));
	r = sweep.mark ? evidence_mark(reaper, &sweep) : -ENOMEM;
	if (r == 0)
		r = evidence_filter(reaper, &sweep);
	if (r == 0 && !reaper->quick && anybody(&sweep)) {
		sessions_mark(reaper, &sweep);
		r = peers_mark(reaper, &sweep);
		if (r == 0)
			r = evidence_filter(reaper, &sweep);
	}
	if (r == 0) {
		known_mark(reaper, &sweep);
		r = spares_mark(reaper, &sweep);
	}
	if (r == 0)
		r = results_take(reaper, &sweep, ret_new);
	free(sweep.mark);
	free(sweep.found);
	census_end(&reaper->last);
	reaper->last = sweep.census;
	return r;
}
