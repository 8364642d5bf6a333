/* SPDX-License-Identifier: MIT */
/*
 * The machine and the viewer: /proc/stat, meminfo, vmstat, pressure, the clocks,
 * uname(2); once, who we are: /proc/self/status, Yama.
 */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "door.h"
#include "flat.h"
#include "host_parse.h"
#include "probe.h"
#include "state_parse.h"

static int miss(const struct visit *visit, int sight, int error, const char *detail)
{
	struct gap gap = gap_blank(PROBE_HOST, sight, visit->look, error);
	int r = snapshot_text(visit->snapshot, detail, strlen(detail), &gap.detail);

	return r == -ENOMEM ? r : snapshot_miss(visit->snapshot, NULL, &gap);
}

/* 1 with the text; 0 when it was not to be had, and filed as a gap; -errno. */
static int fetch(const struct visit *visit, const char *path, const char *detail, const char **text, size_t *length)
{
	int error, r = door_read(visit->door, text, length, &error, "%s", path);

	if (r == SIGHT_OK)
		return 1;
	return r < 0 ? r : miss(visit, r, error, detail);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int read_stat(const struct visit *visit, struct host *host)
{
	struct host_look *seen = &host->at[visit->look];
	int64_t tick_ns = 1000000000 / host->user_hz;
	struct cpu_lines lines;
	const char *text;
	size_t length;
	int r;

	r = fetch(visit, "stat", "stat", &text, &length);
	if (r <= 0)
		return r;
	r = cpu_parse(text, length, &lines);
	if (r)
		return miss(visit, r, 0, "stat");
	host->cpus = lines.cpus;
	seen->busy_ns = lines.busy_ticks * tick_ns;
	seen->idle_ns = lines.idle_ticks * tick_ns;
	seen->steal_ns = lines.steal_ticks * tick_ns;
	return 0;
}

static int read_memory(const struct visit *visit, struct host *host)
{
	struct host_look *seen = &host->at[visit->look];
	int64_t in, out;
	const char *text;
	size_t length;
	int r;

	r = fetch(visit, "meminfo", "meminfo", &text, &length);
	if (r < 0)
		return r;
	if (r > 0) {
		host->memory_kb = flat_find(text, length, "MemTotal:");
		seen->available_kb = flat_find(text, length, "MemAvailable:");
	}
	r = fetch(visit, "vmstat", "vmstat", &text, &length);
	if (r <= 0)
		return r;
	in = flat_find(text, length, "pswpin");
	out = flat_find(text, length, "pswpout");
	if (in != UNSEEN && out != UNSEEN) /* else a kernel without swap */
		seen->swapped_pages = (int64_t)((uint64_t)in + (uint64_t)out);
	return 0;
}

/* Pressure is off on many machines: no such file, or EOPNOTSUPP with psi=0. */
static int read_pressure(const struct visit *visit, const char *path, int64_t *ret)
{
	const char *text;
	size_t length;
	int r, error = 0;

	r = door_read(visit->door, &text, &length, &error, "pressure/%s", path);
	if (r < 0 || error == ENOENT || error == EOPNOTSUPP)
		return r < 0 ? r : 0;
	if (r == SIGHT_OK)
		r = pressure_parse(text, length, ret);
	return r == SIGHT_OK ? 0 : miss(visit, r, error, "pressure");
}

static int look_now(const struct visit *visit, struct host *host)
{
	struct host_look *seen = &host->at[visit->look];
	int r;

	seen->when_ns = clock_ns(CLOCK_MONOTONIC);
	seen->boot_ns = clock_ns(CLOCK_BOOTTIME);
	seen->real_ns = clock_ns(CLOCK_REALTIME);
	r = read_stat(visit, host);
	if (r == 0)
		r = read_memory(visit, host);
	if (r == 0)
		r = read_pressure(visit, "cpu", &seen->cpu_pressure_us);
	if (r == 0)
		r = read_pressure(visit, "memory", &seen->memory_pressure_us);
	if (r == 0)
		r = read_pressure(visit, "io", &seen->io_pressure_us);
	return r;
}

static enum arch arch_of(const char *machine)
{
	if (strcmp(machine, "x86_64") == 0)
		return ARCH_X86_64;
	return strcmp(machine, "aarch64") == 0 ? ARCH_AARCH64 : ARCH_UNKNOWN;
}

static int name_host(const struct visit *visit, struct host *host)
{
	struct snapshot *snapshot = visit->snapshot;
	struct utsname names;
	const char *text;
	size_t length;
	uint64_t inode;
	int r, error;

	uname(&names);
	host->arch = arch_of(names.machine);
	r = snapshot_text(snapshot, names.nodename, strlen(names.nodename), &host->name);
	if (r != -ENOMEM)
		r = snapshot_text(snapshot, names.release, strlen(names.release), &host->kernel);
	if (r == -ENOMEM)
		return r;

	r = fetch(visit, "sys/kernel/random/boot_id", "boot_id", &text, &length);
	if (r < 0)
		return r;
	if (r > 0) {
		length -= length && text[length - 1] == '\n';
		r = snapshot_text(snapshot, text, length, &host->boot_id);
		if (r == -ENOMEM)
			return r;
	}
	r = door_link(visit->door, &text, &length, &error, "self/ns/net");
	if (r == SIGHT_OK) {
		r = ns_parse(text, length, &inode);
		if (r == SIGHT_OK)
			host->net_ns = (int64_t)inode;
	}
	return r <= 0 ? r : miss(visit, r, error, "ns");
}

static int name_viewer(const struct visit *visit, struct viewer *viewer)
{
	struct viewer_lines lines;
	struct scan scan;
	const char *text;
	size_t length;
	int r, error = 0;

	viewer->pid = getpid();
	viewer->session = getsid(0);
	r = door_read(visit->door, &text, &length, &error, "sys/kernel/yama/ptrace_scope");
	if (r < 0)
		return r;
	scan = scan_begin(text, r == SIGHT_OK ? length : 0);
	if (r == SIGHT_OK)
		r = scan_number(&scan, &viewer->ptrace_scope) ? 0 : SIGHT_STRANGE;
	if (r != SIGHT_OK && error != ENOENT) {
		r = miss(visit, r, error, "yama");
		if (r < 0)
			return r;
	}
	r = fetch(visit, "self/status", "status", &text, &length);
	if (r <= 0)
		return r;
	r = viewer_parse(text, length, &lines);
	if (r)
		return miss(visit, r, 0, "status");
	viewer->uid = lines.uid;
	viewer->euid = lines.euid;
	viewer->seccomp = lines.seccomp;
	viewer->capabilities = lines.capabilities;
	return 0;
}

static int host_look(const struct visit *visit, const struct subjects *subjects)
{
	struct snapshot *snapshot = visit->snapshot;
	struct host *host = &snapshot->host;
	int r;
	(void)subjects;

	host->user_hz = sysconf(_SC_CLK_TCK);
	host->page_size = sysconf(_SC_PAGESIZE);
	r = look_now(visit, host);
	if (r < 0)
		return r;
	if (visit->look == LOOK_T1) {
		if (host->at[LOOK_T0].when_ns != UNSEEN)
			snapshot->window_ns = host->at[LOOK_T1].when_ns - host->at[LOOK_T0].when_ns;
		return 0;
	}
	snapshot->captured_at_ms = host->at[LOOK_T0].real_ns / 1000000;
	r = name_host(visit, host);
	return r < 0 ? r : name_viewer(visit, &snapshot->viewer);
}

const struct probe probe_host = {
	.id = PROBE_HOST, .name = "host", .stage = STAGE_LOOK, .after = 0, .look = host_look,
};
