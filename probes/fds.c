/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of the processes: /proc/PID/fd, one link each, and fdinfo where it is
 * needed: direction of pipe ends, counters of eventfds, timers.
 *
 * Both looks list every process anew: it costs 3 to 6 us a descriptor (measured), and
 * finding out which of them could matter would cost as much.  What T1 finds on the same number under the same
 * name is taken for the same; a row of T0 only, of a process that was listed again, was closed
 * meanwhile.  A process that could not be listed again has fds_sight set and is opaque.
 */
#include "fds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "identity.h"

/** Whoever waits on a pipe end cares which end it is. */
static int pipe_add(struct fd_pass *pass, const struct fd_later *found, const char *place, struct object_ix object)
{
	struct fd_ix known = fd_pass_known(pass, found->process, found->number);
	struct fdinfo info;
	int error, sight;

	if (known.at != NO_ROW && fd_at(pass->snapshot, known)->object.at == object.at)
		return fd_add(pass, found->process, found->number, object, NULL, 0);
	sight = fd_info(pass->visit->door, place, found->number, &info, &error);
	return sight < 0 ? sight : fd_add(pass, found->process, found->number, object, &info, sight);
}

/** The path of a descriptor that T1 finds unchanged needs no second stat(2). */
static bool same_path(const struct fd_pass *pass, const struct fd_later *found, struct object_ix *ret)
{
	struct fd_ix known = fd_pass_known(pass, found->process, found->number);
	const struct object *object;

	if (known.at == NO_ROW || !text_seen(found->text))
		return false;
	*ret = fd_at(pass->snapshot, known)->object;
	object = object_at(pass->snapshot, *ret);
	return object->label.at == found->text.at && object->label.length == found->text.length;
}

int fd_link_add(struct fd_pass *pass, struct process_ix process, const char *place, int32_t number, const char *text,
		size_t length)
{
	struct snapshot *snapshot = pass->snapshot;
	struct fdlink link = fdlink_parse(text, length);
	struct fd_later found = {
		.process = process, .number = number, .kind = link.kind, .text = TEXT_UNSEEN, .twin = NO_ROW,
		.object = { NO_ROW },
	};
	struct object_key key = { 0, link.inode };
	struct object_ix object;
	int r = 0;

	if (length)
		r = snapshot_text(snapshot, text, length, &found.text);
	if (r == -ENOMEM)
		return r;
	if (link.form == FDLINK_PATH && same_path(pass, &found, &object))
		return fd_add(pass, process, number, object, NULL, 0);
	if (link.form == FDLINK_PATH)
		return fd_laters_add(&pass->paths, &found);
	if (link.form == FDLINK_ANONYMOUS && link.kind != OBJECT_OTHER)
		return fd_laters_add(&pass->events, &found);

	if (link.form == FDLINK_ANONYMOUS)
		key = fd_key_anonymous(snapshot, process, number);
	r = fd_object(snapshot, link.kind, key, found.text, &object);
	if (r < 0)
		return r;
	if (link.kind == OBJECT_PIPE)
		return pipe_add(pass, &found, place, object);
	return fd_add(pass, process, number, object, NULL, 0);
}

/** No descriptors, and no secret either: it died, or is dying, in front of us. */
static bool is_zombie(struct door *door, pid_t pid)
{
	struct identity identity;
	const char *text;
	size_t length;
	int error;

	return door_read(door, &text, &length, &error, "%d/stat", pid) == SIGHT_OK &&
	       identity_parse(text, length, &identity) == 0 && (identity.state == 'Z' || identity.state == 'X');
}

/** Its descriptors could not be listed, so it may hold anything. */
static int process_opaque(struct fd_pass *pass, struct process_ix ix, int sight, int error)
{
	struct process *process = process_at(pass->snapshot, ix);

	if (sight == SIGHT_GONE && door_alive(pass->visit->door, process->pid, process->start_ticks))
		sight = SIGHT_DENIED; /* hidepid */
	if (sight == SIGHT_GONE || is_zombie(pass->visit->door, process->pid)) {
		if (process->fds_sight == SIGHT_UNASKED)
			process->fds_sight = SIGHT_GONE;
		return 0;
	}
	process->opaque = ANSWER_YES;
	process->fds_sight = sight;
	return fd_pass_miss(pass, ix, sight, error, MISS_LIST);
}

int fd_numbers_read(struct door *door, const char *place, struct fd_numbers *ret, int *error)
{
	const int32_t *list;
	size_t count;
	int r;

	ret->count = 0;
	r = door_list(door, &list, &count, error, "%s/fd", place);
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return r;
	if (count > ret->room) {
		int32_t *row = realloc(ret->row, count * sizeof(*row));

		if (!row)
			return -ENOMEM;
		ret->row = row;
		ret->room = count;
	}
	memcpy(ret->row, list, count * sizeof(*list));
	ret->count = count;
	if (count > BOUND_FDS_EACH) {
		ret->count = BOUND_FDS_EACH;
		return SIGHT_CUT;
	}
	return r;
}

static void process_listed(struct process *process)
{
	if (process->fds_sight == SIGHT_UNASKED)
		process->fds_sight = SIGHT_OK;
	if (process->opaque == ANSWER_UNKNOWN)
		process->opaque = ANSWER_NO;
	if (process->uring == ANSWER_UNKNOWN)
		process->uring = ANSWER_NO;
}

static int process_list(struct fd_pass *pass, struct process_ix ix, struct fd_numbers *numbers)
{
	struct door *door = pass->visit->door;
	char place[FD_PLACE];
	const char *text;
	size_t length, i;
	int error, r;

	fd_pass_place(pass, ix, place);
	r = fd_numbers_read(door, place, numbers, &error);
	if (r < 0)
		return r;
	if (r == SIGHT_OK)
		process_listed(process_at(pass->snapshot, ix));
	else
		r = process_opaque(pass, ix, r, error);
	for (i = 0; i < numbers->count && r == 0; i++) {
		r = door_link(door, &text, &length, &error, "%s/fd/%d", place, numbers->row[i]);
		if (r == SIGHT_OK)
			r = fd_link_add(pass, ix, place, numbers->row[i], text, length);
		else if (r == SIGHT_GONE)
			r = 0; /* closed meanwhile, or the process left: what follows is gone as well */
		else if (r == SIGHT_DENIED)
			return process_opaque(pass, ix, r, error); /* exec of a set-user-id program */
		else if (r > 0)
			r = fd_link_add(pass, ix, place, numbers->row[i], "", 0); /* a path too long */
	}
	return r;
}

static bool has_descriptors(const struct fd_pass *pass, struct process_ix ix)
{
	const struct process *process = process_at(pass->snapshot, ix);

	return process->at[pass->look].sight != SIGHT_GONE && !(process->flags & PROCESS_KERNEL) &&
	       pass->speaker[ix.at] != -1;
}

/** What the time did not reach may hold anything, and what it held may be closed. */
static int rest_cut(struct fd_pass *pass, const struct process_ix *processes, uint32_t count)
{
	struct gap gap = gap_blank(PROBE_FDS, SIGHT_CUT, pass->look, 0);
	uint32_t i;
	int r;

	for (i = 0; i < count; i++) {
		if (!has_descriptors(pass, processes[i]))
			continue;
		process_at(pass->snapshot, processes[i])->fds_sight = SIGHT_CUT;
		process_at(pass->snapshot, processes[i])->opaque = ANSWER_YES;
	}
	r = snapshot_text(pass->snapshot, "fd", 2, &gap.detail);
	return r == -ENOMEM ? r : snapshot_miss(pass->snapshot, NULL, &gap);
}

static int processes_list(struct fd_pass *pass, const struct subjects *subjects)
{
	struct fd_numbers numbers = { 0 };
	uint32_t i;
	int r = 0;

	for (i = 0; i < subjects->process_count && r == 0; i++) {
		struct process_ix ix = subjects->processes[i];

		if (fd_pass_late(pass)) {
			r = rest_cut(pass, subjects->processes + i, subjects->process_count - i);
			break;
		}
		if (has_descriptors(pass, ix))
			r = process_list(pass, ix, &numbers);
		else if (process_at(pass->snapshot, ix)->fds_sight == SIGHT_UNASKED)
			process_at(pass->snapshot, ix)->fds_sight = SIGHT_OK;
	}
	free(numbers.row);
	return r;
}

/** Whatever somebody of the tree holds was looked for in all of the tree; opaque processes say so themselves. */
static void objects_covered(struct snapshot *snapshot)
{
	uint32_t at;

	for (at = 0; at < snapshot->fds.count; at++) {
		struct object *object = object_at(snapshot, snapshot->fds.row[at].object);

		if (object->cover == COVER_NONE)
			object->cover = COVER_TREE;
	}
}

static int fds_look(const struct visit *visit, const struct subjects *subjects)
{
	_cleanup_(fd_pass_deinit) struct fd_pass pass = { 0 };
	int r;

	r = fd_pass_init(visit, subjects, 0, &pass);
	if (r == 0)
		r = processes_list(&pass, subjects);
	if (r == 0)
		r = paths_add(&pass);
	if (r == 0)
		r = events_add(&pass);
	if (r == 0)
		r = pipes_measure(&pass);
	if (r == 0)
		r = unixes_look(&pass, subjects);
	if (r == 0)
		r = fdtables_look(&pass, subjects);
	if (r == 0)
		objects_covered(visit->snapshot);
	return r;
}

const struct probe probe_fds = {
	.id = PROBE_FDS,
	.name = "fds",
	.stage = STAGE_LOOK,
	.after = PROBE_BIT(PROBE_TASKS) | PROBE_BIT(PROBE_STATE),
	.look = fds_look,
};
