/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of the processes: /proc/PID/fd, one link each, and fdinfo where it is
 * needed: direction of pipe ends, counters of eventfds, timers.
 *
 * Both looks list every process anew: it costs about 1.3 us a descriptor (measured), less
 * than finding out which of them could matter.  What T1 finds on the same number under the same
 * name is taken for the same; a row of T0 only, of a process that was listed again, was closed
 * meanwhile.  A process that could not be listed again has fds_sight set and is opaque.
 */
#include "fds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "hash.h"
#include "identity.h"

/* ---- one pass -------------------------------------------------------------- */

static uint32_t *known_slot(const struct fd_pass *pass, struct process_ix process, int32_t number)
{
	uint32_t at = (uint32_t)hash_mix(process.at, (uint32_t)number);

	for (;; at++) {
		uint32_t *slot = &pass->known[at & (pass->known_slots - 1)];
		const struct fd *fd;

		if (*slot == NO_ROW)
			return slot;
		fd = fd_at(pass->snapshot, (struct fd_ix){ *slot });
		if (fd->process.at == process.at && fd->number == number)
			return slot;
	}
}

int fd_pass_refresh(struct fd_pass *pass)
{
	uint32_t count = pass->snapshot->fds.count, slots = 64, at, *slot;
	uint8_t now = 1 << pass->look;

	free(pass->known);

	while (slots / 2 < count)
		slots *= 2;
	pass->known = malloc(slots * sizeof(*pass->known));
	if (!pass->known)
		return -ENOMEM;
	memset(pass->known, 0xff, slots * sizeof(*pass->known));
	pass->known_slots = slots;
	for (at = 0; at < count; at++) {
		const struct fd *fd = &pass->snapshot->fds.row[at];

		slot = known_slot(pass, fd->process, fd->number);
		if (*slot == NO_ROW || (fd->looks & now) || !(pass->snapshot->fds.row[*slot].looks & now))
			*slot = at;
	}
	return 0;
}

struct fd_ix fd_pass_known(const struct fd_pass *pass, struct process_ix process, int32_t number)
{
	return (struct fd_ix){ *known_slot(pass, process, number) };
}

/*
 * A process whose leader called pthread_exit(3) has its descriptors under the threads that
 * live on: the leader is a zombie and its own fd/ is empty.
 */
static void speakers_find(struct fd_pass *pass, const struct subjects *subjects)
{
	const struct snapshot *snapshot = pass->snapshot;
	uint32_t i;

	for (i = 0; i < subjects->task_count; i++) {
		const struct task *task = task_at(snapshot, subjects->tasks[i]);
		char state = task->at[pass->look].state;

		if (task->tid == process_at(snapshot, task->process)->pid && (state == 'Z' || state == 'X'))
			pass->speaker[task->process.at] = -1;
	}
	for (i = 0; i < subjects->task_count; i++) {
		const struct task *task = task_at(snapshot, subjects->tasks[i]);
		char state = task->at[pass->look].state;

		if (pass->speaker[task->process.at] == -1 && state && state != 'Z' && state != 'X')
			pass->speaker[task->process.at] = task->tid;
	}
}

int fd_pass_init(const struct visit *visit, const struct subjects *subjects, struct fd_pass *ret)
{
	struct fd_pass pass = {
		.visit = visit, .snapshot = visit->snapshot, .look = visit->look,
		.process_count = visit->snapshot->processes.count,
	};

	*ret = pass;
	ret->speaker = calloc(pass.process_count + 1, sizeof(*ret->speaker));
	ret->complained = calloc(pass.process_count + 1, sizeof(*ret->complained));
	if (!ret->speaker || !ret->complained)
		return -ENOMEM;
	speakers_find(ret, subjects);
	return fd_pass_refresh(ret);
}

void fd_pass_deinit(struct fd_pass *pass)
{
	free(pass->speaker);
	free(pass->complained);
	free(pass->known);
	free(pass->paths.row);
	free(pass->events.row);
}

bool fd_pass_late(const struct fd_pass *pass)
{
	return door_now_ns() >= pass->visit->deadline_ns;
}

void fd_pass_place(const struct fd_pass *pass, struct process_ix process, char ret[FD_PLACE])
{
	int pid = process_at(pass->snapshot, process)->pid, tid = pass->speaker[process.at];

	if (tid > 0)
		snprintf(ret, FD_PLACE, "%d/task/%d", pid, tid);
	else
		snprintf(ret, FD_PLACE, "%d", pid);
}

int fd_laters_add(struct fd_laters *laters, const struct fd_later *later)
{
	uint32_t room;
	struct fd_later *row;

	if (laters->count == laters->room) {
		room = laters->room ? laters->room * 2 : 64;
		row = realloc(laters->row, room * sizeof(*row));
		if (!row)
			return -ENOMEM;
		laters->row = row;
		laters->room = room;
	}
	laters->row[laters->count++] = *later;
	return 0;
}

int fd_pass_miss(struct fd_pass *pass, struct process_ix process, int sight, int error, const char *detail)
{
	struct gap gap = gap_blank(PROBE_FDS, sight, pass->look, error);
	int r;

	if (pass->complained[process.at])
		return 0;
	pass->complained[process.at] = 1;
	gap.process = process;
	r = snapshot_text(pass->snapshot, detail, strlen(detail), &gap.detail);
	if (r == -ENOMEM)
		return r;
	return snapshot_miss(pass->snapshot, NULL, &gap);
}

/* ---- adding ---------------------------------------------------------------- */

int fd_object(struct snapshot *snapshot, enum object_kind kind, struct object_key key, struct text label,
	      struct object_ix *ret)
{
	struct object_ix object;
	int r;

	r = snapshot_add_object(snapshot, kind, key, &object);
	if (r == -E2BIG) {
		ret->at = NO_ROW;
		return 0;
	}
	if (r < 0)
		return r;
	if (!text_seen(object_at(snapshot, object)->label))
		object_at(snapshot, object)->label = label;
	*ret = object;
	return 0;
}

struct object_key fd_key_anonymous(const struct snapshot *snapshot, struct process_ix process, int32_t number)
{
	uint64_t pid = (uint32_t)process_at(snapshot, process)->pid;

	return (struct object_key){ pid << 32 | (uint32_t)number, 0 };
}

int fd_add(struct fd_pass *pass, struct process_ix process, int32_t number, struct object_ix object,
	   const struct fdinfo *info, int info_sight)
{
	struct fd fd = {
		.process = process, .number = number, .object = object,
		.flags_sight = info ? info_sight : SIGHT_UNASKED, .looks = 1 << pass->look, .offset = UNSEEN,
	};
	struct fd_ix added;
	int r;

	if (info && info_sight == SIGHT_OK) {
		fd.flags = (uint32_t)info->flags;
		fd.offset = info->offset;
	}
	r = snapshot_add_fd(pass->snapshot, &fd, &added);
	return r == -E2BIG ? 0 : r;
}

int fd_info(struct door *door, const char *place, int32_t number, struct fdinfo *ret, int *error)
{
	const char *text;
	size_t length;
	int r;

	*error = 0;
	r = door_read(door, &text, &length, error, "%s/fdinfo/%d", place, number);
	if (r == SIGHT_OK || r == SIGHT_CUT)
		return fdinfo_parse(text, length, ret);
	if (r > 0)
		fdinfo_parse("", 0, ret);
	return r;
}

/* ---- listing --------------------------------------------------------------- */

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

static int link_add(struct fd_pass *pass, struct process_ix process, const char *place, int32_t number,
		    const char *text, size_t length)
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
	if (process->fds_sight == sight)
		return 0; /* filed at T0 */
	process->fds_sight = sight;
	return fd_pass_miss(pass, ix, sight, error, "fd");
}

struct numbers { int32_t *row; size_t room; };

static int numbers_keep(struct numbers *numbers, const int32_t *from, size_t count)
{
	if (count > numbers->room) {
		int32_t *row = realloc(numbers->row, count * sizeof(*row));

		if (!row)
			return -ENOMEM;
		numbers->row = row;
		numbers->room = count;
	}
	memcpy(numbers->row, from, count * sizeof(*from));
	return 0;
}

static int process_list(struct fd_pass *pass, struct process_ix ix, struct numbers *numbers)
{
	struct door *door = pass->visit->door;
	struct process *process = process_at(pass->snapshot, ix);
	char place[FD_PLACE];
	const int32_t *list;
	const char *text;
	size_t count, length, i;
	int error, r;

	fd_pass_place(pass, ix, place);
	r = door_list(door, &list, &count, &error, "%s/fd", place);
	if (r < 0)
		return r;
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return process_opaque(pass, ix, r, error);
	if (count > BOUND_FDS_EACH) {
		count = BOUND_FDS_EACH;
		r = SIGHT_CUT;
	}
	if (r == SIGHT_CUT) {
		r = process_opaque(pass, ix, SIGHT_CUT, 0);
	} else {
		if (process->fds_sight == SIGHT_UNASKED)
			process->fds_sight = SIGHT_OK;
		if (process->opaque == ANSWER_UNKNOWN)
			process->opaque = ANSWER_NO;
		if (process->uring == ANSWER_UNKNOWN)
			process->uring = ANSWER_NO;
	}
	if (r == 0)
		r = numbers_keep(numbers, list, count);
	for (i = 0; i < count && r == 0; i++) {
		r = door_link(door, &text, &length, &error, "%s/fd/%d", place, numbers->row[i]);
		if (r == SIGHT_OK)
			r = link_add(pass, ix, place, numbers->row[i], text, length);
		else if (r == SIGHT_GONE)
			r = 0; /* closed meanwhile, or the process left: what follows is gone as well */
		else if (r == SIGHT_DENIED)
			return process_opaque(pass, ix, r, error); /* exec of a set-user-id program */
		else if (r > 0)
			r = link_add(pass, ix, place, numbers->row[i], "", 0); /* a path too long */
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
	struct numbers numbers = { 0 };
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

	r = fd_pass_init(visit, subjects, &pass);
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
