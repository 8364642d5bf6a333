/* SPDX-License-Identifier: MIT */
/*
 * Control groups of the processes looked at: /proc/PID/cgroup once a process,
 * /proc/self/mountinfo once, and each group once a look (cgroup_read.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_read.h"
#include "door.h"

/* Under hidepid the living look gone; without CONFIG_CGROUPS nobody has the file. */
static int membership_missed(const struct visit *visit, struct process_ix process, int sight, int error)
{
	const struct process *row = process_at(visit->snapshot, process);
	const char *text;
	size_t length;
	int r, ignored;

	if (sight == SIGHT_GONE) {
		if (!door_alive(visit->door, row->pid, row->start_ticks))
			return 0;
		r = door_read(visit->door, &text, &length, &ignored, "self/cgroup");
		if (r < 0)
			return r;
		sight = r == SIGHT_OK ? SIGHT_DENIED : SIGHT_UNSUPPORTED;
	}
	return cgroup_miss(visit, process, NULL, sight, error, "cgroup");
}

static int membership_read(const struct visit *visit, struct process_ix process)
{
	struct snapshot *snapshot = visit->snapshot;
	struct text membership, shown;
	struct cgroup_ix group;
	struct slice path;
	const char *text;
	size_t length;
	int r, error;

	r = door_read(visit->door, &text, &length, &error, "%d/cgroup", process_at(snapshot, process)->pid);
	if (r < 0)
		return r;
	if (r > 0)
		return membership_missed(visit, process, r, error);
	if (length == 0)
		return 0; /* no hierarchy at all */
	path = membership_show(text, length);
	r = snapshot_text(snapshot, text, length, &membership);
	if (r == 0)
		r = snapshot_text(snapshot, path.at, path.length, &shown);
	if (r == 0)
		r = snapshot_add_cgroup(snapshot, membership, &group);
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	cgroup_at(snapshot, group)->path = shown;
	process_at(snapshot, process)->cgroup = group;
	return 0;
}

static int mounts_read(const struct visit *visit, struct mounts *mounts)
{
	struct cgroup_mount mount;
	struct scan scan;
	const char *text;
	size_t length;
	int r, error;

	r = door_read(visit->door, &text, &length, &error, "self/mountinfo");
	if (r < 0)
		return r;
	if (r > 0 && r != SIGHT_CUT)
		return cgroup_miss(visit, (struct process_ix){ NO_ROW }, NULL, r, error, "mountinfo");
	mounts->text = malloc(length + 1);
	if (!mounts->text)
		return -ENOMEM;
	memcpy(mounts->text, text, length);
	scan = scan_begin(mounts->text, length);
	while (mounts->count < BOUND_CGROUP_MOUNTS && cgroup_mount_next(&scan, &mount))
		if (mount.point.length >= 14 && memcmp(mount.point.at, "/sys/fs/cgroup", 14) == 0)
			mounts->mount[mounts->count++] = mount;
	return 0;
}

static void cgroups_forget(void *memory)
{
	struct mounts *mounts = memory;

	free(mounts->text);
	free(mounts);
}

static int mounts_get(const struct visit *visit, struct mounts **ret)
{
	struct mounts *mounts;
	int r;

	if (visit->memory && *visit->memory) {
		*ret = *visit->memory;
		return 0;
	}
	mounts = calloc(1, sizeof(*mounts));
	if (!mounts)
		return -ENOMEM;
	r = mounts_read(visit, mounts);
	if (r < 0) {
		cgroups_forget(mounts);
		return r;
	}
	if (visit->memory)
		*visit->memory = mounts;
	*ret = mounts;
	return 0;
}

static int groups_look(const struct visit *visit, const struct subjects *subjects, const struct mounts *mounts)
{
	uint32_t i;
	int r;

	for (i = 0; i < subjects->process_count; i++) {
		const struct process_ix process = subjects->processes[i];
		const struct process *row = process_at(visit->snapshot, process);

		if (row->at[visit->look].sight == SIGHT_GONE)
			continue;
		if (door_now_ns() >= visit->deadline_ns)
			return cgroup_miss(visit, process, NULL, SIGHT_CUT, 0, "deadline");
		r = row->cgroup.at == NO_ROW ? membership_read(visit, process) : 0;
		if (r == 0 && row->cgroup.at != NO_ROW)
			r = cgroup_read(visit, mounts, process);
		if (r < 0)
			return r;
	}
	return 0;
}

static int cgroups_look(const struct visit *visit, const struct subjects *subjects)
{
	struct mounts *mounts;
	int r;

	if (subjects->process_count == 0)
		return 0;
	r = mounts_get(visit, &mounts);
	if (r < 0)
		return r;
	r = groups_look(visit, subjects, mounts);
	if (!visit->memory)
		cgroups_forget(mounts);
	return r;
}

const struct probe probe_cgroups = {
	.id = PROBE_CGROUPS, .name = "cgroups", .stage = STAGE_LOOK, .after = PROBE_BIT(PROBE_TASKS),
	.look = cgroups_look, .forget = cgroups_forget,
};
