/* SPDX-License-Identifier: MIT */
/*
 * The files of one control group, version 1 or 2, whichever holds the controller.
 *
 * A limit anywhere above holds for all below, but is counted only where it stands: so
 * throttling and limits are gathered from the group up to what is mounted.
 */
#include "cgroup_read.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "door.h"
#include "flat.h"

/* A directory, NUL-terminated, and how much of it is the mount point. */
struct place { char path[PATH_MAX]; size_t point; };

/* One group being read, and the first trouble with it. */
struct reading {
	const struct visit *visit;
	const struct mounts *mounts;
	struct cgroup *group;
	struct cgroup_look *seen;
	bool first;               /* not looked at before: its limits too */
	int sight, error;
	const char *detail;
};

int cgroup_miss(const struct visit *visit, struct process_ix process, uint8_t *fact, int sight, int error,
		const char *detail)
{
	struct gap gap = gap_blank(PROBE_CGROUPS, sight, visit->look, error);
	int r = snapshot_text(visit->snapshot, detail, strlen(detail), &gap.detail);

	gap.process = process;
	return r == -ENOMEM ? r : snapshot_miss(visit->snapshot, fact, &gap);
}

static void trouble(struct reading *reading, int sight, int error, const char *detail)
{
	if (reading->sight != SIGHT_OK)
		return;
	reading->sight = sight;
	reading->error = error;
	reading->detail = detail;
}

/* 1 with the text, 0 without, -errno.  A file that is not there is a controller that is off. */
static int fetch(struct reading *reading, const struct place *place, const char *name, const char **text,
		 size_t *length)
{
	int error, r = door_read_system(reading->visit->door, text, length, &error, "%s/%s", place->path, name);

	if (r == SIGHT_OK)
		return 1;
	if (r > 0 && error != ENOENT)
		trouble(reading, r, error, name);
	return r < 0 ? r : 0;
}

/* 0; SIGHT_DENIED when it lies beyond what is mounted here, SIGHT_UNSUPPORTED when nothing is. */
static int place_find(const struct reading *reading, const char *controller, struct slice path, struct place *ret)
{
	int sight = SIGHT_UNSUPPORTED;
	unsigned i;

	for (i = 0; i < reading->mounts->count; i++) {
		const struct cgroup_mount *mount = &reading->mounts->mount[i];

		if (*controller ? mount->unified || !slice_lists(mount->options, controller) : !mount->unified)
			continue;
		if (cgroup_place(mount, path, ret->path, sizeof(ret->path), &ret->point))
			return 0;
		sight = SIGHT_DENIED;
	}
	return sight;
}

static bool place_is_top(const struct place *place)
{
	return place->path[place->point] == '\0';
}

/* To the group above; false at the top. */
static bool place_up(struct place *place)
{
	char *slash;

	if (place_is_top(place))
		return false;
	slash = strrchr(place->path, '/');
	*slash = '\0';
	return true;
}

static void add(int64_t *sum, int64_t number)
{
	if (number != UNSEEN)
		*sum = (int64_t)((uint64_t)number + (*sum == UNSEEN ? 0 : (uint64_t)*sum));
}

/* ---- freezer --------------------------------------------------------------- */

/* freezer.state, version 1: "THAWED", "FREEZING" or "FROZEN", own or from above. */
static int read_freezer(struct reading *reading, const struct place *place, uint8_t *frozen)
{
	const char *text;
	size_t length;
	int r = fetch(reading, place, "freezer.state", &text, &length);

	if (r < 0)
		return r;
	if (r > 0)
		*frozen = strncmp(text, "FROZEN", 6) == 0 ? ANSWER_YES : strncmp(text, "THAWED", 6) == 0 ? ANSWER_NO : *frozen;
	else if (place_is_top(place))
		*frozen = ANSWER_NO; /* the topmost has no such file: it cannot be frozen */
	else
		trouble(reading, SIGHT_GONE, ENOENT, "freezer.state");
	return 0;
}

/* cgroup.events, version 2: "populated 1\nfrozen 0\n". */
static int read_events(struct reading *reading, const struct place *place, uint8_t *frozen)
{
	const char *text;
	size_t length;
	int64_t number;
	int r = fetch(reading, place, "cgroup.events", &text, &length);

	if (r < 0)
		return r;
	if (r > 0) {
		number = flat_find(text, length, "frozen");
		*frozen = number == UNSEEN ? *frozen : number ? ANSWER_YES : ANSWER_NO;
	} else if (place_is_top(place)) {
		*frozen = ANSWER_NO;
	} else {
		trouble(reading, SIGHT_GONE, ENOENT, "cgroup.events");
	}
	return 0;
}

/* ---- cpu ------------------------------------------------------------------- */

static void tighter_quota(struct cgroup *group, int64_t quota_us, int64_t period_us)
{
	if (quota_us == UNSEEN || period_us <= 0)
		return;
	if (group->cpu_quota_us != UNSEEN &&
	    (double)quota_us / (double)period_us >= (double)group->cpu_quota_us / (double)group->cpu_period_us)
		return;
	group->cpu_quota_us = quota_us;
	group->cpu_period_us = period_us;
}

/* cpu.cfs_quota_us: "-1" when there is none. */
static int read_quota_1(struct reading *reading, const struct place *place, int64_t *quota_us, int64_t *period_us)
{
	struct scan scan;
	const char *text;
	size_t length;
	int r;

	r = fetch(reading, place, "cpu.cfs_quota_us", &text, &length);
	if (r <= 0)
		return r;
	scan = scan_begin(text, length);
	if (!scan_number(&scan, quota_us) || *quota_us < 0) {
		*quota_us = UNSEEN;
		return 0;
	}
	r = fetch(reading, place, "cpu.cfs_period_us", &text, &length);
	if (r <= 0)
		return r;
	scan = scan_begin(text, length);
	if (!scan_number(&scan, period_us))
		trouble(reading, SIGHT_STRANGE, 0, "cpu.cfs_period_us");
	return 0;
}

static int read_quota_2(struct reading *reading, const struct place *place, int64_t *quota_us, int64_t *period_us)
{
	const char *text;
	size_t length;
	int r = fetch(reading, place, "cpu.max", &text, &length);

	if (r > 0 && cpu_max_parse(text, length, quota_us, period_us))
		trouble(reading, SIGHT_STRANGE, 0, "cpu.max");
	return r < 0 ? r : 0;
}

static int read_cpu(struct reading *reading, struct place *place, bool unified)
{
	struct cgroup_look *seen = reading->seen;
	int64_t quota_us, period_us, number;
	bool leaf = true;
	const char *text;
	size_t length;
	int r;

	do {
		quota_us = UNSEEN;
		period_us = UNSEEN;
		r = unified ? read_quota_2(reading, place, &quota_us, &period_us) :
			      read_quota_1(reading, place, &quota_us, &period_us);
		if (r < 0)
			return r;
		if (reading->first)
			tighter_quota(reading->group, quota_us, period_us);
		if (!leaf && quota_us == UNSEEN)
			continue;
		leaf = false;
		r = fetch(reading, place, "cpu.stat", &text, &length);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		add(&seen->throttled_count, flat_find(text, length, "nr_throttled"));
		number = flat_find(text, length, unified ? "throttled_usec" : "throttled_time");
		add(&seen->throttled_ns, unified && number != UNSEEN ? (int64_t)((uint64_t)number * 1000) : number);
	} while (place_up(place));
	return 0;
}

/* ---- memory ---------------------------------------------------------------- */

/* The first number of a file, or what limit_parse() makes of it. */
static int read_limit(struct reading *reading, const struct place *place, const char *name, int64_t *ret)
{
	const char *text;
	size_t length;
	int r = fetch(reading, place, name, &text, &length);

	if (r > 0)
		*ret = limit_parse(text, length);
	return r < 0 ? r : 0;
}

static int read_keyed(struct reading *reading, const struct place *place, const char *name, const char *key,
		      int64_t *ret)
{
	const char *text;
	size_t length;
	int r = fetch(reading, place, name, &text, &length);

	if (r > 0)
		*ret = flat_find(text, length, key);
	return r < 0 ? r : 0;
}

/*
 * How often the limits that hold here were met.  memory.events counts what happens
 * below, not above; memory.events.local (Linux 5.2) what happened at each.
 */
static int read_memory(struct reading *reading, struct place *place, bool unified)
{
	struct cgroup_look *seen = reading->seen;
	int64_t *const limit = &reading->group->memory_limit;
	int64_t number;
	int r;

	r = read_keyed(reading, place, unified ? "memory.events" : "memory.oom_control", "oom_kill", &seen->oom_kills);
	if (r == 0)
		r = read_limit(reading, place, unified ? "memory.current" : "memory.usage_in_bytes", &seen->memory_bytes);
	if (r < 0)
		return r;
	do {
		number = UNSEEN;
		r = unified ? read_keyed(reading, place, "memory.events.local", "high", &number) :
			      read_limit(reading, place, "memory.failcnt", &number);
		if (r < 0)
			return r;
		add(&seen->memory_high, number);
		if (!reading->first)
			continue;
		number = UNSEEN;
		r = read_limit(reading, place, unified ? "memory.max" : "memory.limit_in_bytes", &number);
		if (r < 0)
			return r;
		if (number != UNSEEN && (*limit == UNSEEN || number < *limit))
			*limit = number;
	} while (place_up(place));
	return 0;
}

/* ---- a group --------------------------------------------------------------- */

/* True with the directory of the hierarchy that holds the controller; "" is version 2. */
static bool place_of(struct reading *reading, const char *text, size_t length, const char *controller,
		     struct place *ret, bool *unified)
{
	struct slice path = membership_find(text, length, controller);
	int sight;

	*unified = path.length == 0 || !*controller;
	if (*unified)
		path = membership_find(text, length, "");
	if (path.length == 0)
		return false;
	sight = place_find(reading, *unified ? "" : controller, path, ret);
	if (sight && path.length > 1) /* the topmost has no limits */
		trouble(reading, sight, 0, "place");
	return sight == 0;
}

static int group_read(struct reading *reading, const char *text, size_t length)
{
	uint8_t frozen_1 = ANSWER_NO, frozen_2 = ANSWER_NO;
	struct place place;
	bool unified;
	int r;

	reading->seen->sight = SIGHT_OK;
	if (place_of(reading, text, length, "freezer", &place, &unified) && !unified) {
		frozen_1 = ANSWER_UNKNOWN;
		r = read_freezer(reading, &place, &frozen_1);
		if (r < 0)
			return r;
	}
	if (place_of(reading, text, length, "", &place, &unified)) {
		frozen_2 = ANSWER_UNKNOWN;
		r = read_events(reading, &place, &frozen_2);
		if (r < 0)
			return r;
	}
	if (frozen_1 == ANSWER_YES || frozen_2 == ANSWER_YES)
		reading->seen->frozen = ANSWER_YES;
	else if (frozen_1 == ANSWER_NO && frozen_2 == ANSWER_NO && reading->sight == SIGHT_OK)
		reading->seen->frozen = ANSWER_NO;

	if (place_of(reading, text, length, "cpu", &place, &unified)) {
		r = read_cpu(reading, &place, unified);
		if (r < 0)
			return r;
	}
	if (place_of(reading, text, length, "memory", &place, &unified))
		return read_memory(reading, &place, unified);
	return 0;
}

int cgroup_read(const struct visit *visit, const struct mounts *mounts, struct process_ix process)
{
	struct snapshot *snapshot = visit->snapshot;
	struct cgroup *group = cgroup_at(snapshot, process_at(snapshot, process)->cgroup);
	struct reading reading = {
		.visit = visit, .mounts = mounts, .group = group, .seen = &group->at[visit->look],
		.first = group->at[!visit->look].sight == SIGHT_UNASKED,
	};
	int r;

	if (reading.seen->sight != SIGHT_UNASKED)
		return 0;
	r = group_read(&reading, snapshot_bytes(snapshot, group->membership), group->membership.length);
	if (r < 0 || reading.sight == SIGHT_OK)
		return r;
	return cgroup_miss(visit, process, &reading.seen->sight, reading.sight, reading.error, reading.detail);
}
