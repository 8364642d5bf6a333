/* SPDX-License-Identifier: MIT */
#include "host_parse.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "door.h"
#include "flat.h"
#include "probe.h"

/* Exactly as many bytes as there are, so that a sanitizer sees one too many. */
static char *exact(const char *text, size_t length)
{
	char *bytes = malloc(length ? length : 1);

	memcpy(bytes, text, length);
	return bytes;
}

static const char stat_text[] =
	"cpu  109973 1 20487 403924 617 2 105 326 7 0\n"
	"cpu0 57606 0 9517 200327 47 0 17 165 0 0\n"
	"cpu1 52367 0 10970 203597 570 0 87 160 0 0\n"
	"intr 50330 0 9\nctxt 1\nbtime 1700000000\ncpus 9\n";

static const char status_text[] =
	"Name:\tcat\nUid:\t1000\t1001\t0\t0\nCapInh:\t0000000000000000\nCapEff:\t000001fffeffffff\n"
	"NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n";

Test(host_parse, cpu)
{
	struct cpu_lines lines;

	cr_assert_eq(cpu_parse(stat_text, strlen(stat_text), &lines), 0);
	cr_assert_eq(lines.busy_ticks, 109973 + 1 + 20487 + 2 + 105 + 326);
	cr_assert_eq(lines.idle_ticks, 403924 + 617);
	cr_assert_eq(lines.steal_ticks, 326);
	cr_assert_eq(lines.cpus, 2);
	cr_assert_eq(cpu_parse("cpu 1 2 3 4\n", 12, &lines), 0, "as old kernels write it");
	cr_assert_eq(lines.busy_ticks, 6);
	cr_assert_eq(lines.steal_ticks, 0);
	cr_assert_eq(lines.cpus, 0);
	cr_assert_eq(cpu_parse("cpu 1 2 3\n", 10, &lines), SIGHT_STRANGE);
	cr_assert_eq(cpu_parse("cpu0 1 2 3 4\n", 13, &lines), SIGHT_STRANGE);
	cr_assert_eq(cpu_parse("", 0, &lines), SIGHT_STRANGE);
}

Test(host_parse, viewer)
{
	struct viewer_lines lines;

	cr_assert_eq(viewer_parse(status_text, strlen(status_text), &lines), 0);
	cr_assert_eq(lines.uid, 1000);
	cr_assert_eq(lines.euid, 1001);
	cr_assert_eq(lines.seccomp, 2);
	cr_assert_eq(lines.capabilities, UINT64_C(0x1fffeffffff));
	cr_assert_eq(viewer_parse("Uid:\t1\t1\nCapEff:\t0\n", 19, &lines), 0);
	cr_assert_eq(lines.seccomp, UNSEEN);
	cr_assert_eq(viewer_parse("Uid:\t1\nCapEff:\t0\n", 17, &lines), SIGHT_STRANGE);
	cr_assert_eq(viewer_parse("CapEff:\t0\n", 10, &lines), SIGHT_STRANGE);
}

Test(host_parse, pressure)
{
	static const char text[] = "some avg10=55.63 avg60=38.26 avg300=42.03 total=295114919\nfull avg10=0.00 total=7\n";
	int64_t us = -1;

	cr_assert_eq(pressure_parse(text, strlen(text), &us), 0);
	cr_assert_eq(us, 295114919);
	us = -1;
	cr_assert_eq(pressure_parse("full total=7\nsome total=8\n", 26, &us), SIGHT_STRANGE);
	cr_assert_eq(pressure_parse("some avg10=1\n total=8\n", 22, &us), SIGHT_STRANGE);
	cr_assert_eq(pressure_parse("some total=\n", 12, &us), SIGHT_STRANGE);
	cr_assert_eq(us, -1);
}

Test(host_parse, flat)
{
	static const char text[] = "pswpin 12\npswpout\t34\nMemTotal:       49368172 kB\npswp 9\nlast 5";

	cr_assert_eq(flat_find(text, strlen(text), "pswpin"), 12);
	cr_assert_eq(flat_find(text, strlen(text), "pswpout"), 34);
	cr_assert_eq(flat_find(text, strlen(text), "pswp"), 9, "not a longer key");
	cr_assert_eq(flat_find(text, strlen(text), "MemTotal:"), 49368172);
	cr_assert_eq(flat_find(text, strlen(text), "last"), 5);
	cr_assert_eq(flat_find(text, strlen(text), "none"), UNSEEN);
	cr_assert_eq(flat_find("key x\n", 6, "key"), UNSEEN);
	cr_assert_eq(flat_find("key", 3, "key"), UNSEEN);
}

Test(host_parse, cut_anywhere)
{
	struct viewer_lines viewer;
	struct cpu_lines lines;
	int64_t us;
	size_t n;

	for (n = 0; n < sizeof(stat_text); n++) {
		char *bytes = exact(stat_text, n);

		cpu_parse(bytes, n, &lines);
		pressure_parse(bytes, n, &us);
		flat_find(bytes, n, "btime");
		free(bytes);
	}
	for (n = 0; n < sizeof(status_text); n++) {
		char *bytes = exact(status_text, n);

		viewer_parse(bytes, n, &viewer);
		free(bytes);
	}
}

/* ---- the probe ------------------------------------------------------------- */

static struct snapshot snapshot;
static struct door *door;

static void look(enum look which)
{
	const struct visit visit = { .door = door, .snapshot = &snapshot, .look = which, .deadline_ns = INT64_MAX };
	const struct subjects nobody = { 0 };

	cr_assert_eq(probe_host.look(&visit, &nobody), 0);
}

static void begin(void)
{
	cr_assert_eq(door_open("/proc", &door), 0);
	cr_assert_eq(snapshot_init(&snapshot), 0);
}

static void end(void)
{
	snapshot_deinit(&snapshot);
	door_close(door);
}

Test(host, this_machine, .init = begin, .fini = end)
{
	const struct host *host = &snapshot.host;

	look(LOOK_T0);
	usleep(1000);
	look(LOOK_T1);
	cr_assert_eq(host->cpus, sysconf(_SC_NPROCESSORS_ONLN));
	cr_assert_gt(host->memory_kb, 0);
	cr_assert_gt(host->at[LOOK_T0].busy_ns, 0);
	cr_assert_gt(host->at[LOOK_T1].available_kb, 0);
	cr_assert_geq(host->at[LOOK_T1].boot_ns, host->at[LOOK_T1].when_ns);
	cr_assert_eq(snapshot.window_ns, host->at[LOOK_T1].when_ns - host->at[LOOK_T0].when_ns);
	cr_assert_geq(snapshot.window_ns, 1000000);
	cr_assert_eq(snapshot.captured_at_ms, host->at[LOOK_T0].real_ns / 1000000);
	cr_assert_eq(host->boot_id.length, 36);
	cr_assert_gt(host->net_ns, 0);
	cr_assert(text_seen(host->kernel));
	cr_assert_neq(host->arch, ARCH_UNKNOWN);
	cr_assert_eq(snapshot.viewer.euid, geteuid());
	cr_assert_eq(snapshot.viewer.pid, getpid());
	cr_assert_geq(snapshot.viewer.seccomp, 0);
	cr_assert_eq(snapshot.gaps.count, 0);
}

Test(host, what_is_missing_is_a_gap_but_for_what_is_often_off, .init = begin, .fini = end)
{
	door_inject(door, "pressure/cpu", ENOENT);
	door_inject(door, "pressure/io", EOPNOTSUPP);
	door_inject(door, "ptrace_scope", ENOENT);
	look(LOOK_T0);
	cr_assert_eq(snapshot.gaps.count, 0);
	cr_assert_eq(snapshot.host.at[LOOK_T0].cpu_pressure_us, UNSEEN);
	cr_assert_eq(snapshot.viewer.ptrace_scope, UNSEEN);
	door_inject(door, "stat", EACCES);
	look(LOOK_T1);
	cr_assert_geq(snapshot.gaps.count, 1);
	cr_assert_eq(snapshot.gaps.row[0].sight, SIGHT_DENIED);
	cr_assert_eq(snapshot.gaps.row[0].error, EACCES);
	cr_assert_str_eq(snapshot_bytes(&snapshot, snapshot.gaps.row[0].detail), "stat");
	cr_assert_eq(snapshot.host.at[LOOK_T1].busy_ns, UNSEEN);
	cr_assert_gt(snapshot.host.at[LOOK_T1].available_kb, 0, "the rest is read");
}

Test(host, nothing_at_all, .init = begin, .fini = end)
{
	door_inject(door, "", ENOENT);
	look(LOOK_T0);
	cr_assert_geq(snapshot.gaps.count, 4);
	cr_assert_eq(snapshot.host.cpus, UNSEEN);
}

Test(host, our_own_trouble_travels_up, .init = begin, .fini = end)
{
	const struct visit visit = { .door = door, .snapshot = &snapshot, .deadline_ns = INT64_MAX };
	const struct subjects nobody = { 0 };

	door_inject(door, "vmstat", EMFILE);
	cr_assert_eq(probe_host.look(&visit, &nobody), -EMFILE);
}
