/* SPDX-License-Identifier: MIT */
#include "cgroup_parse.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "door.h"
#include "probe.h"

static const char hybrid[] =
	"9:name=systemd:/user.slice/session:1\n8:cpu,cpuacct:/jobs/a\n6:freezer:/\n4:memory:/jobs\n0::/\n";

static bool is(struct slice slice, const char *word)
{
	return slice_is(slice, word);
}

Test(cgroup_parse, memberships)
{
	static const char two[] = "0::/../other/a\n", deep[] = "3:pids:/\n2:cpu:/x\n0::/\n";
	size_t n = strlen(hybrid);

	cr_assert(is(membership_find(hybrid, n, "cpuacct"), "/jobs/a"));
	cr_assert(is(membership_find(hybrid, n, "cpu"), "/jobs/a"));
	cr_assert(is(membership_find(hybrid, n, "freezer"), "/"));
	cr_assert(is(membership_find(hybrid, n, ""), "/"));
	cr_assert_eq(membership_find(hybrid, n, "acct").length, 0);
	cr_assert_eq(membership_find(hybrid, n, "pids").length, 0);
	cr_assert(is(membership_show(hybrid, n), "/user.slice/session:1"), "names may hold colons");
	cr_assert(is(membership_show(two, strlen(two)), "/../other/a"));
	cr_assert(is(membership_show(deep, strlen(deep)), "/x"));
	cr_assert(is(membership_show("0::/\n", 5), "/"));
	cr_assert_eq(membership_show("", 0).length, 0);
}

Test(cgroup_parse, hostile_memberships)
{
	static const char *const lines[] = { "", "\n", "0", "0:", "0::", "0::\n", "x::/", ":::/\n", "0:cpu\n", "0::x/" };
	struct membership line;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct scan scan = scan_begin(lines[i], strlen(lines[i]));

		cr_assert_not(membership_next(&scan, &line), "%s", lines[i]);
	}
}

static const char mountinfo[] =
	"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
	"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:7 master:2 - cgroup cgroup rw,cpu,cpuacct\n"
	"41 31 0:38 /docker/4f1 /sys/fs/cgroup/uni\\040fied rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
	"42 31 0:39 / /x - cgroup\n"
	"43 31 0:39 / /x rw cgroup cgroup rw\n";

static struct cgroup_mount mount_at(unsigned which)
{
	struct scan scan = scan_begin(mountinfo, strlen(mountinfo));
	struct cgroup_mount mount;
	unsigned i;

	for (i = 0; i <= which; i++)
		cr_assert(cgroup_mount_next(&scan, &mount));
	return mount;
}

Test(cgroup_parse, mounts)
{
	struct scan scan = scan_begin(mountinfo, strlen(mountinfo));
	struct cgroup_mount mount = mount_at(0);
	unsigned count = 0;

	cr_assert_not(mount.unified);
	cr_assert(is(mount.root, "/"));
	cr_assert(is(mount.point, "/sys/fs/cgroup/cpu"));
	cr_assert(slice_lists(mount.options, "cpuacct"));
	cr_assert_not(slice_lists(mount.options, "acct"));
	mount = mount_at(1);
	cr_assert(mount.unified);
	cr_assert(is(mount.root, "/docker/4f1"));
	while (cgroup_mount_next(&scan, &mount))
		count++;
	cr_assert_eq(count, 2);
}

static const char *place(struct cgroup_mount mount, const char *path, size_t size)
{
	static char to[256];
	size_t point = 999;

	if (!cgroup_place(&mount, (struct slice){ path, strlen(path) }, to, size, &point))
		return NULL;
	cr_assert_leq(point, strlen(to));
	return to;
}

Test(cgroup_parse, places)
{
	struct cgroup_mount plain = mount_at(0), bound = mount_at(1), above = mount_at(0);

	cr_assert_str_eq(place(plain, "/", 256), "/sys/fs/cgroup/cpu");
	cr_assert_str_eq(place(plain, "/a/b", 256), "/sys/fs/cgroup/cpu/a/b");
	cr_assert_str_eq(place(bound, "/docker/4f1", 256), "/sys/fs/cgroup/uni fied");
	cr_assert_str_eq(place(bound, "/docker/4f1/x", 256), "/sys/fs/cgroup/uni fied/x");
	cr_assert_null(place(bound, "/docker/4f12", 256), "a longer name");
	cr_assert_null(place(bound, "/docker", 256));
	cr_assert_null(place(bound, "/", 256));
	cr_assert_null(place(plain, "/../other", 256), "of another namespace");
	cr_assert_null(place(plain, "/..", 256));
	cr_assert_str_eq(place(plain, "/..x", 256), "/sys/fs/cgroup/cpu/..x");
	above.root = (struct slice){ "/..", 3 };
	cr_assert_str_eq(place(above, "/../other", 256), "/sys/fs/cgroup/cpu/other");
	cr_assert_null(place(above, "/../../x", 256));
	cr_assert_str_eq(place(plain, "/a", 21), "/sys/fs/cgroup/cpu/a");
	cr_assert_null(place(plain, "/a", 20));
	cr_assert_null(place(plain, "/a", 5));
}

Test(cgroup_parse, cut_anywhere)
{
	struct cgroup_mount mount;
	struct membership line;
	size_t n;

	for (n = 0; n < sizeof(mountinfo); n++) {
		char *bytes = malloc(n ? n : 1);
		struct scan scan;

		memcpy(bytes, mountinfo, n);
		for (scan = scan_begin(bytes, n); cgroup_mount_next(&scan, &mount);)
			place(mount, "/docker/4f1/x", 256);
		memcpy(bytes, hybrid, n < sizeof(hybrid) ? n : 0);
		for (scan = scan_begin(bytes, n < sizeof(hybrid) ? n : 0); membership_next(&scan, &line);)
			;
		free(bytes);
	}
}

Test(cgroup_parse, limits)
{
	int64_t quota = 1, period = 1;

	cr_assert_eq(limit_parse("1048576\n", 8), 1048576);
	cr_assert_eq(limit_parse("max\n", 4), UNSEEN);
	cr_assert_eq(limit_parse("9223372036854771712\n", 20), UNSEEN);
	cr_assert_eq(limit_parse("9223372036854710272\n", 20), UNSEEN, "pages of 64 KiB");
	cr_assert_eq(limit_parse("-1\n", 3), UNSEEN);
	cr_assert_eq(limit_parse("", 0), UNSEEN);
	cr_assert_eq(cpu_max_parse("50000 100000\n", 13, &quota, &period), 0);
	cr_assert_eq(quota, 50000);
	cr_assert_eq(period, 100000);
	cr_assert_eq(cpu_max_parse("max 100000\n", 11, &quota, &period), 0);
	cr_assert_eq(quota, UNSEEN);
	cr_assert_eq(cpu_max_parse("max\n", 4, &quota, &period), SIGHT_STRANGE);
	cr_assert_eq(cpu_max_parse("5", 1, &quota, &period), SIGHT_STRANGE);
}

/* ---- the probe, on recorded trees ------------------------------------------ */

static struct snapshot snapshot;
static struct door *door;
static struct process_ix processes[8];
static char root[64];

static void __attribute__((__format__(__printf__, 2, 3))) put(const char *name, const char *format, ...)
{
	char path[512], *slash;
	va_list arguments;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	cr_assert(file, "%s", path);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	fclose(file);
}

static void begin(void)
{
	snprintf(root, sizeof(root), "/tmp/test_cgroups.XXXXXX");
	cr_assert(mkdtemp(root));
	cr_assert_eq(door_open(root, &door), 0);
	cr_assert_eq(snapshot_init(&snapshot), 0);
}

static void end(void)
{
	char command[128];

	snapshot_deinit(&snapshot);
	door_close(door);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

static void member(unsigned which, const char *membership)
{
	char name[32];

	snprintf(name, sizeof(name), "%u/cgroup", 100 + which);
	put(name, "%s", membership);
	snprintf(name, sizeof(name), "%u/stat", 100 + which);
	put(name, "%u (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 7 0 0\n", 100 + which);
	cr_assert_eq(snapshot_add_process(&snapshot, 100 + (pid_t)which, 7, &processes[which]), 0);
}

static void *memory;

static void look(enum look which, uint32_t count)
{
	const struct visit visit = {
		.door = door, .snapshot = &snapshot, .look = which, .deadline_ns = INT64_MAX, .memory = &memory,
	};
	const struct subjects subjects = { .processes = processes, .process_count = count };

	cr_assert_eq(probe_cgroups.look(&visit, &subjects), 0);
	if (which == LOOK_T1)
		probe_cgroups.forget(memory);
}

static const struct cgroup *group_of(unsigned which)
{
	cr_assert_neq(process_at(&snapshot, processes[which])->cgroup.at, NO_ROW);
	return cgroup_at(&snapshot, process_at(&snapshot, processes[which])->cgroup);
}

#define V2 "sys/fs/cgroup/"

Test(cgroups, version_2, .init = begin, .fini = end)
{
	const struct cgroup *group;

	put("self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	member(0, "0::/jobs/a\n");
	member(1, "0::/jobs/a\n");
	put(V2 "cpu.stat", "usage_usec 9\n");
	put(V2 "jobs/cpu.max", "50000 100000\n");
	put(V2 "jobs/cpu.stat", "usage_usec 9\nnr_periods 3\nnr_throttled 2\nthrottled_usec 70\n");
	put(V2 "jobs/memory.max", "1000\n");
	put(V2 "jobs/memory.events.local", "low 0\nhigh 5\n");
	put(V2 "jobs/a/cpu.max", "max 100000\n");
	put(V2 "jobs/a/cpu.stat", "usage_usec 9\nnr_periods 3\nnr_throttled 1\nthrottled_usec 3\n");
	put(V2 "jobs/a/memory.max", "4000\n");
	put(V2 "jobs/a/memory.current", "777\n");
	put(V2 "jobs/a/memory.events", "low 0\nhigh 9\nmax 0\noom 1\noom_kill 3\n");
	put(V2 "jobs/a/memory.events.local", "low 0\nhigh 1\n");
	put(V2 "jobs/a/cgroup.events", "populated 1\nfrozen 0\n");
	look(LOOK_T0, 2);
	put(V2 "jobs/a/cgroup.events", "populated 1\nfrozen 1\n");
	put(V2 "jobs/cpu.stat", "nr_throttled 4\nthrottled_usec 170\n");
	look(LOOK_T1, 2);

	group = group_of(0);
	cr_assert_eq(group, group_of(1));
	cr_assert_str_eq(snapshot_bytes(&snapshot, group->path), "/jobs/a");
	cr_assert_eq(group->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_eq(group->at[LOOK_T0].frozen, ANSWER_NO);
	cr_assert_eq(group->at[LOOK_T1].frozen, ANSWER_YES);
	cr_assert_eq(group->cpu_quota_us, 50000, "of the one above");
	cr_assert_eq(group->cpu_period_us, 100000);
	cr_assert_eq(group->at[LOOK_T0].throttled_ns, 73000);
	cr_assert_eq(group->at[LOOK_T0].throttled_count, 3);
	cr_assert_eq(group->at[LOOK_T1].throttled_ns, 173000);
	cr_assert_eq(group->memory_limit, 1000);
	cr_assert_eq(group->at[LOOK_T0].memory_high, 6);
	cr_assert_eq(group->at[LOOK_T0].memory_bytes, 777);
	cr_assert_eq(group->at[LOOK_T0].oom_kills, 3);
	cr_assert_eq(snapshot.gaps.count, 0);
}

Test(cgroups, version_1_and_an_empty_2, .init = begin, .fini = end)
{
	const struct cgroup *group;

	put("self/mountinfo",
	    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	    "37 31 0:34 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
	    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
	member(0, "6:freezer:/f\n4:memory:/m\n1:cpu,cpuacct:/c\n0::/\n");
	put(V2 "cpu/cpu.cfs_quota_us", "-1\n");
	put(V2 "cpu/cpu.stat", "nr_periods 0\nnr_throttled 100\nthrottled_time 100\n");
	put(V2 "cpu/c/cpu.cfs_quota_us", "20000\n");
	put(V2 "cpu/c/cpu.cfs_period_us", "100000\n");
	put(V2 "cpu/c/cpu.stat", "nr_periods 5\nnr_throttled 4\nthrottled_time 123456\n");
	put(V2 "memory/memory.failcnt", "2\n");
	put(V2 "memory/memory.limit_in_bytes", "9223372036854771712\n");
	put(V2 "memory/m/memory.failcnt", "40\n");
	put(V2 "memory/m/memory.limit_in_bytes", "8192\n");
	put(V2 "memory/m/memory.usage_in_bytes", "4096\n");
	put(V2 "memory/m/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
	put(V2 "freezer/f/freezer.state", "FREEZING\n");
	put(V2 "unified/cpu.stat", "usage_usec 1\n");
	look(LOOK_T0, 1);
	put(V2 "freezer/f/freezer.state", "FROZEN\n");
	look(LOOK_T1, 1);
	group = group_of(0);
	cr_assert_str_eq(snapshot_bytes(&snapshot, group->path), "/f");
	cr_assert_eq(group->at[LOOK_T0].frozen, ANSWER_UNKNOWN, "on its way");
	cr_assert_eq(group->at[LOOK_T1].frozen, ANSWER_YES);
	cr_assert_eq(group->cpu_quota_us, 20000);
	cr_assert_eq(group->at[LOOK_T0].throttled_ns, 123456, "above nothing is limited");
	cr_assert_eq(group->at[LOOK_T0].throttled_count, 4);
	cr_assert_eq(group->memory_limit, 8192);
	cr_assert_eq(group->at[LOOK_T0].memory_high, 42);
	cr_assert_eq(group->at[LOOK_T0].memory_bytes, 4096);
	cr_assert_eq(group->at[LOOK_T0].oom_kills, 1);
	cr_assert_eq(snapshot.gaps.count, 0);
}

Test(cgroups, the_topmost_cannot_be_frozen, .init = begin, .fini = end)
{
	put("self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put(V2 "cpu.stat", "usage_usec 9\n");
	member(0, "0::/\n");
	look(LOOK_T0, 1);
	cr_assert_eq(group_of(0)->at[LOOK_T0].frozen, ANSWER_NO);
	cr_assert_eq(group_of(0)->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_eq(group_of(0)->at[LOOK_T0].throttled_ns, UNSEEN);
	cr_assert_eq(snapshot.gaps.count, 0);
	probe_cgroups.forget(memory);
}

Test(cgroups, out_of_sight, .init = begin, .fini = end)
{
	put("self/mountinfo",
	    "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
	    "42 31 0:39 / /elsewhere/cpu rw - cgroup cgroup rw,cpu\n");
	member(0, "0::/../other\n");
	member(1, "0::/gone (deleted)\n");
	member(2, "3:cpu:/x\n0::/\n");
	look(LOOK_T0, 3);
	cr_assert_eq(group_of(0)->at[LOOK_T0].sight, SIGHT_DENIED);
	cr_assert_eq(group_of(0)->at[LOOK_T0].frozen, ANSWER_UNKNOWN);
	cr_assert_eq(group_of(1)->at[LOOK_T0].sight, SIGHT_GONE);
	cr_assert_eq(group_of(1)->at[LOOK_T0].frozen, ANSWER_UNKNOWN);
	cr_assert_eq(group_of(2)->at[LOOK_T0].sight, SIGHT_UNSUPPORTED, "not mounted where we look");
	cr_assert_eq(snapshot.gaps.count, 3);
	cr_assert_eq(snapshot.gaps.row[0].process.at, processes[0].at);
	cr_assert_str_eq(snapshot_bytes(&snapshot, snapshot.gaps.row[0].detail), "place");
	probe_cgroups.forget(memory);
}

Test(cgroups, denied_and_vanished, .init = begin, .fini = end)
{
	put("self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("self/cgroup", "0::/\n");
	member(0, "0::/a\n");
	member(1, "0::/a\n");
	member(2, "0::/a\n");
	put(V2 "a/cgroup.events", "frozen 0\n");
	put(V2 "a/cpu.stat", "nr_throttled 1\nthrottled_usec 1\n");
	door_inject(door, "a/cpu.stat", EACCES);
	door_inject(door, "101/cgroup", ENOENT);
	door_inject(door, "102/cgroup", ENOENT);
	door_inject(door, "102/stat", ENOENT);
	look(LOOK_T0, 3);
	cr_assert_eq(group_of(0)->at[LOOK_T0].sight, SIGHT_DENIED);
	cr_assert_eq(group_of(0)->at[LOOK_T0].frozen, ANSWER_NO, "read before the trouble");
	cr_assert_eq(process_at(&snapshot, processes[1])->cgroup.at, NO_ROW);
	cr_assert_eq(snapshot.gaps.count, 2, "who left is nobody's gap");
	cr_assert_str_eq(snapshot_bytes(&snapshot, snapshot.gaps.row[0].detail), "cpu.stat");
	cr_assert_eq(snapshot.gaps.row[0].error, EACCES);
	cr_assert_eq(snapshot.gaps.row[1].sight, SIGHT_DENIED, "hidepid");
	cr_assert_eq(snapshot.gaps.row[1].process.at, processes[1].at);
	probe_cgroups.forget(memory);
}

Test(cgroups, this_machine)
{
	struct process_ix process;
	const struct subjects subjects = { .processes = &process, .process_count = 1 };
	struct visit visit = { .snapshot = &snapshot, .deadline_ns = INT64_MAX };

	cr_assert_eq(door_open("/proc", &door), 0);
	cr_assert_eq(snapshot_init(&snapshot), 0);
	visit.door = door;
	cr_assert_eq(snapshot_add_process(&snapshot, getpid(), 1, &process), 0);
	cr_assert_eq(probe_cgroups.look(&visit, &subjects), 0);
	if (process_at(&snapshot, process)->cgroup.at == NO_ROW)
		cr_skip_test("no control groups here");
	cr_assert(text_seen(cgroup_at(&snapshot, process_at(&snapshot, process)->cgroup)->path));
	cr_assert_neq(cgroup_at(&snapshot, process_at(&snapshot, process)->cgroup)->at[LOOK_T0].sight, SIGHT_UNASKED);
	visit.deadline_ns = 0;
	visit.look = LOOK_T1;
	cr_assert_eq(probe_cgroups.look(&visit, &subjects), 0);
	cr_assert_eq(snapshot.gaps.row[snapshot.gaps.count - 1].sight, SIGHT_CUT);
	snapshot_deinit(&snapshot);
	door_close(door);
}
