/* SPDX-License-Identifier: MIT */
/* The records that wedgerun leaves: which runs are dead, which live; and taking those of dead ones away. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "reap.h"

struct reading { struct reaper *reaper; uid_t owner; unsigned which; int directory; };

static int run_take(void *context, const char *name)
{
	struct reading *reading = context;
	struct reap_runs *runs = &reading->reaper->runs;
	struct reap_run run = { .owner = reading->owner, .directory = reading->which, .claim = -1 }, *grown;
	char complaint[STATE_COMPLAINT];
	int r;

	r = statefile_read(reading->directory, name, reading->owner, &run.record, &run.state, complaint, sizeof(complaint));
	if (r < 0)
		return r;
	if (r != SIGHT_OK)
		return r == SIGHT_GONE ? 0 : reap_note(reading->reaper, "a record of a run was passed over: %.280s",
						       *complaint ? complaint : name);
	if (runs_find(runs, run.record.run_id))
		return 0;
	grown = reallocarray(runs->row, runs->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	runs->row = grown;
	grown[runs->count++] = run;
	return 0;
}

int runs_read(struct reaper *reaper, uid_t owner)
{
	struct reap_runs *runs = &reaper->runs;
	struct reading reading = { .reaper = reaper, .owner = owner };
	char complaint[STATE_COMPLAINT];
	uid_t *grown;
	uint32_t i;
	int r = 0;

	for (i = 0; i < runs->owner_count; i++)
		if (runs->owners[i] == owner)
			return 0;
	grown = reallocarray(runs->owners, runs->owner_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	runs->owners = grown;
	grown[runs->owner_count++] = owner;

	for (reading.which = 0; reading.which < STATE_DIRECTORIES && r == 0; reading.which++) {
		reading.directory = statedir_open(owner, reading.which, false, complaint, sizeof(complaint));
		if (reading.directory < 0) {
			if (*complaint)
				r = reap_note(reaper, "%.300s", complaint);
			continue;
		}
		r = statedir_each(reading.directory, run_take, &reading);
		close(reading.directory);
	}
	return r;
}

void runs_end(struct reap_runs *runs)
{
	uint32_t i;

	for (i = 0; i < runs->count; i++)
		cleanup_close(&runs->row[i].claim);
	free(runs->row);
	free(runs->owners);
	*runs = (struct reap_runs){ 0 };
}

struct reap_run *runs_find(struct reap_runs *runs, const char *id)
{
	uint32_t i;

	for (i = 0; i < runs->count; i++)
		if (strcmp(runs->row[i].record.run_id, id) == 0)
			return &runs->row[i];
	return NULL;
}

static void run_name(const struct reap_run *run, char to[RUN_ID + 8])
{
	snprintf(to, RUN_ID + 8, "%s.run", run->record.run_id);
}

/* One that somebody else has claimed is ended by him: to us it is as good as alive. */
int runs_claim(struct reaper *reaper)
{
	char name[RUN_ID + 8], complaint[STATE_COMPLAINT];
	uint32_t i;
	int directory, r;

	for (i = 0; i < reaper->runs.count; i++) {
		struct reap_run *run = &reaper->runs.row[i];

		if (run->state != RUN_DEAD)
			continue;
		directory = statedir_open(run->owner, run->directory, false, complaint, sizeof(complaint));
		if (directory < 0)
			continue;
		run_name(run, name);
		run->claim = statefile_claim(directory, name);
		close(directory);
		if (run->claim != -EAGAIN)
			continue;
		run->state = RUN_LIVE;
		r = reap_note(reaper, "run %s is being cleaned up by somebody else", run->record.run_id);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Does the group of its command hold anybody who may be signalled, and nobody who is seen? */
static bool group_is_hidden(const struct census *census, int32_t group)
{
	uint32_t i;

	for (i = 0; i < census->count; i++)
		if (census->row[i].group == group)
			return false;
	return group > 1 && kill(-group, 0) == 0;
}

int runs_hidden(struct reaper *reaper, bool *ret)
{
	uint32_t i;
	int r = 0;

	*ret = false;
	for (i = 0; i < reaper->runs.count && r == 0; i++) {
		struct reap_run *run = &reaper->runs.row[i];

		run->hidden = run->state == RUN_DEAD && run->owner == reaper->uid &&
			      group_is_hidden(&reaper->last, run->record.group);
		if (!run->hidden)
			continue;
		*ret = true;
		r = reap_note(reaper, "of run %s (%s) somebody in process group %d is there whom /proc hides from us: run it as root",
			      run->record.run_id, run->record.command, run->record.group);
	}
	return r;
}

static bool is_left(const struct reaper *reaper, const struct reap_run *run)
{
	uint32_t i, k;

	if (run->hidden)
		return true;
	for (i = 0; i < reaper->left_count; i++) {
		const struct leftover *left = &reaper->left[i];

		if (left->fate == FATE_ENDED || left->fate == FATE_KILLED)
			continue;
		for (k = 0; k < left->mark.reasons; k++)
			if (left->mark.reason[k].text == run->record.run_id)
				return true;
	}
	for (i = 0; i < reaper->spared_count; i++)
		for (k = 0; k < reaper->spared[i].mark.reasons; k++)
			if (reaper->spared[i].mark.reason[k].text == run->record.run_id)
				return true;
	return false;
}

void runs_forget(struct reaper *reaper)
{
	char name[RUN_ID + 8], complaint[STATE_COMPLAINT];
	uint32_t i;
	int directory;

	for (i = 0; i < reaper->runs.count; i++) {
		struct reap_run *run = &reaper->runs.row[i];

		if (run->owner != reaper->uid || (run->state != RUN_EARLIER_BOOT && (run->claim < 0 || is_left(reaper, run))))
			continue;
		directory = statedir_open(run->owner, run->directory, false, complaint, sizeof(complaint));
		if (directory < 0)
			continue;
		run_name(run, name);
		statefile_remove(directory, name);
		close(directory);
	}
}
