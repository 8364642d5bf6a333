/* SPDX-License-Identifier: MIT */
/* One pass over descriptors: where they are listed, which were known, how rows are added. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "fds.h"
#include "hash.h"

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

static const char *const miss_words[] = {
	[MISS_LIST] = "fd", [MISS_STAT] = "stat", [MISS_FDINFO] = "fdinfo", [MISS_KCMP] = "kcmp", [MISS_PIPE] = "pipe",
	[MISS_TIMEOUTS] = "timeouts",
};

static void missed_before(struct fd_pass *pass)
{
	const struct snapshot *snapshot = pass->snapshot;
	uint32_t at;
	size_t i;

	for (at = 0; at < snapshot->gaps.count; at++) {
		const struct gap *gap = &snapshot->gaps.row[at];

		if (gap->probe != PROBE_FDS || gap->process.at == NO_ROW)
			continue;
		for (i = 0; i < sizeof(miss_words) / sizeof(miss_words[0]); i++)
			if (!strcmp(snapshot_bytes(snapshot, gap->detail), miss_words[i]))
				pass->missed[gap->process.at] |= 1 << i;
	}
}

int fd_pass_init(const struct visit *visit, const struct subjects *subjects, uint32_t extra, struct fd_pass *ret)
{
	struct fd_pass pass = {
		.visit = visit, .snapshot = visit->snapshot, .look = visit->look,
		.process_count = visit->snapshot->processes.count + extra,
	};

	*ret = pass;
	ret->speaker = calloc(pass.process_count + 1, sizeof(*ret->speaker));
	ret->missed = calloc(pass.process_count + 1, sizeof(*ret->missed));
	if (!ret->speaker || !ret->missed)
		return -ENOMEM;
	speakers_find(ret, subjects);
	missed_before(ret);
	return fd_pass_refresh(ret);
}

void fd_pass_deinit(struct fd_pass *pass)
{
	free(pass->speaker);
	free(pass->missed);
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

bool fd_pass_missed(const struct fd_pass *pass, struct process_ix process, enum fd_miss miss)
{
	return pass->missed[process.at] & 1 << miss;
}

int fd_pass_miss(struct fd_pass *pass, struct process_ix process, int sight, int error, enum fd_miss miss)
{
	struct gap gap = gap_blank(PROBE_FDS, sight, pass->look, error);
	int r;

	if (fd_pass_missed(pass, process, miss))
		return 0;
	pass->missed[process.at] |= 1 << miss;
	gap.process = process;
	r = snapshot_text(pass->snapshot, miss_words[miss], strlen(miss_words[miss]), &gap.detail);
	return r == -ENOMEM ? r : snapshot_miss(pass->snapshot, NULL, &gap);
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
