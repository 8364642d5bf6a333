/* SPDX-License-Identifier: MIT */
/*
 * One row for each member of each struct of snapshot.h, with its name in the file,
 * its range and its value when unseen; and the names of the enums.
 */
#include "field.h"

#include <string.h>

#include "bounds.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *const sight_names[] = {
	[SIGHT_OK] = "ok", [SIGHT_UNASKED] = "unasked", [SIGHT_GONE] = "gone", [SIGHT_DENIED] = "denied",
	[SIGHT_TIMEOUT] = "timeout", [SIGHT_UNSUPPORTED] = "unsupported", [SIGHT_MOVED] = "moved",
	[SIGHT_CUT] = "cut", [SIGHT_STRANGE] = "strange", NULL,
};
const char *const object_kind_names[] = {
	[OBJECT_OTHER] = "other", [OBJECT_PIPE] = "pipe", [OBJECT_FIFO] = "fifo", [OBJECT_UNIX] = "unix",
	[OBJECT_TCP] = "tcp", [OBJECT_UDP] = "udp", [OBJECT_SOCKET] = "socket", [OBJECT_EVENTFD] = "eventfd",
	[OBJECT_TIMERFD] = "timerfd", [OBJECT_SIGNALFD] = "signalfd", [OBJECT_INOTIFY] = "inotify",
	[OBJECT_EPOLL] = "epoll", [OBJECT_PIDFD] = "pidfd", [OBJECT_URING] = "io_uring",
	[OBJECT_USERFAULTFD] = "userfaultfd", [OBJECT_SECCOMP] = "seccomp", [OBJECT_PTY] = "pty",
	[OBJECT_TTY] = "tty", [OBJECT_DEVICE] = "device", [OBJECT_FILE] = "file",
	[OBJECT_DIRECTORY] = "directory", [OBJECT_FUTEX] = "futex", [OBJECT_KINDS] = NULL,
};
const char *const probe_names[] = {
	"host", "tasks", "state", "cgroups", "fds", "sockets", "holders", "futexes", "stacks", NULL,
};
const char *const arch_names[] = {
	[ARCH_UNKNOWN] = "unknown", [ARCH_X86_64] = "x86_64", [ARCH_AARCH64] = "aarch64", NULL,
};
const char *const joined_names[] = {
	[JOINED_UNKNOWN] = "unknown", [JOINED_TARGET] = "target", [JOINED_CHILD] = "child",
	[JOINED_SESSION] = "session", [JOINED_GROUP] = "group", [JOINED_MARKER] = "marker",
	[JOINED_HOLDER] = "holder", [JOINED_TRACER] = "tracer", [JOINED_PARENT] = "parent", NULL,
};
const char *const cover_names[] = {
	[COVER_NONE] = "none", [COVER_TREE] = "tree", [COVER_MACHINE] = "machine", [COVER_HOLES] = "holes", NULL,
};
const char *const reach_names[] = {
	[REACH_UNKNOWN] = "unknown", [REACH_NONE] = "none", [REACH_LOCAL] = "local",
	[REACH_NAMESPACE] = "namespace", [REACH_EXTERNAL] = "external", NULL,
};
const char *const role_names[] = { [ROLE_MAPS] = "maps", [ROLE_OWNS] = "owns", NULL };
const char *const hold_basis_names[] = { [HOLD_EXACT] = "exact", [HOLD_HINT] = "hint", NULL };
const char *const frame_kind_names[] = {
	[FRAME_KERNEL] = "kernel", [FRAME_NATIVE] = "native", [FRAME_PYTHON] = "python", NULL,
};
const char *const frame_basis_names[] = {
	[BASIS_UNKNOWN] = "unknown", [BASIS_REGISTERS] = "registers", [BASIS_TABLES] = "tables",
	[BASIS_LIVE] = "live", [BASIS_POINTER] = "pointer", [BASIS_SCANNED] = "scanned", [BASIS_DEBUG] = "debug",
	[BASIS_KERNEL] = "kernel", NULL,
};
const char *const stack_way_names[] = {
	[WAY_NONE] = "none", [WAY_UNSTOPPED] = "unstopped", [WAY_STOPPED] = "stopped", NULL,
};
const char *const stack_end_names[] = {
	[END_UNKNOWN] = "unknown", [END_WHOLE] = "whole", [END_FRAMES] = "frames", [END_BYTES] = "bytes",
	[END_NO_TABLE] = "no-table", [END_MEMORY] = "memory", [END_LOOP] = "loop", [END_STRANGE] = "strange",
	[END_TIME] = "time", NULL,
};
const char *const stop_names[] = { [STOP_AUTO] = "auto", [STOP_NEVER] = "never", [STOP_ALWAYS] = "always", NULL };
const char *const look_names[] = { [LOOK_T0] = "t0", [LOOK_T1] = "t1", NULL };
const char *const answer_names[] = {
	[ANSWER_UNKNOWN] = "unknown", [ANSWER_NO] = "no", [ANSWER_YES] = "yes", NULL,
};
static const char *const state_letters[] = { "RSDTtZXIP", NULL };

/*
 * Ranges.  MOST leaves a bit free, so that two such numbers may be added or subtracted;
 * milliseconds, microseconds, ticks (100 a second or more) and kilobytes may also be
 * turned into nanoseconds and bytes.  146 years is enough for a clock.
 */
#define MOST	   (INT64_MAX / 2)
#define MOST_MS	   (MOST / 1000000)
#define MOST_US	   (MOST / 1000)
#define MOST_TICKS (MOST / 10000000)
#define MOST_KB	   (MOST / 1024)
#define MOST_PAGES (MOST >> 16)
#define MOST_PID   (1 << 22) /* PID_MAX_LIMIT */

#define MEMBER(s, m) .name = #m, .offset = offsetof(struct s, m), .size = sizeof(((struct s *)NULL)->m)
#define BLANK(s, m)  (sizeof(((struct s *)NULL)->m) == sizeof(int32_t) ? -1 : UNSEEN)

#define NUMBER(s, m, low, high) \
	{ MEMBER(s, m), .type = FIELD_NUMBER, .blank = BLANK(s, m), .least = (low), .most = (high) }
#define IDENTITY(s, m, low, high) \
	{ MEMBER(s, m), .type = FIELD_NUMBER, .blank = BLANK(s, m), .least = (low), .most = (high), .must = true }
#define COUNT(s, m) NUMBER(s, m, 0, MOST)
#define SUM(s, m)   { MEMBER(s, m), .type = FIELD_NUMBER, .blank = 0, .least = 0, .most = MOST }
#define PID(s, m)   NUMBER(s, m, 0, MOST_PID)
#define NAME(s, m, list) \
	{ MEMBER(s, m), .type = FIELD_NAME, .most = COUNT_OF(list) - 2, .names = list }
#define SIGHT(s, m) \
	{ MEMBER(s, m), .type = FIELD_NAME, .blank = SIGHT_UNASKED, .most = SIGHT_STRANGE, .names = sight_names }
#define ANSWER(s, m)	    NAME(s, m, answer_names)
#define BYTE(s, m, high)    { MEMBER(s, m), .type = FIELD_BYTE, .most = (high) }
#define LETTER(s, m, list)  { MEMBER(s, m), .type = FIELD_LETTER, .names = list }
#define WORD(s, m)	    { MEMBER(s, m), .type = FIELD_WORD }
#define WORDS(s, m, n)	    { .name = #m, .type = FIELD_WORD, .offset = offsetof(struct s, m), \
			      .size = sizeof(((struct s *)NULL)->m[0]), .repeat = (n) }
#define TEXT(s, m)	    { MEMBER(s, m), .type = FIELD_TEXT }
#define MUST_TEXT(s, m)	    { MEMBER(s, m), .type = FIELD_TEXT, .must = true }
#define ROW(s, m, table)    { MEMBER(s, m), .type = FIELD_ROW, .target = (table) }
#define OWNER(s, m, table)  { MEMBER(s, m), .type = FIELD_ROW, .target = (table), .must = true }
#define EARLIER(s, m, table) { MEMBER(s, m), .type = FIELD_ROW, .target = (table), .earlier = true }
#define INNER(s, m, fields) { MEMBER(s, m), .type = FIELD_INNER, .inner = fields }
#define AT(s, fields)	    { .name = "at", .type = FIELD_INNER, .offset = offsetof(struct s, at), \
			      .size = sizeof(((struct s *)NULL)->at[0]), .repeat = LOOKS, .inner = fields }
#define END { .name = NULL }

/* ---- the header ------------------------------------------------------------ */

static const struct field host_look_fields[] = {
	COUNT(host_look, when_ns), COUNT(host_look, boot_ns), COUNT(host_look, real_ns),
	COUNT(host_look, busy_ns), COUNT(host_look, idle_ns), COUNT(host_look, steal_ns),
	NUMBER(host_look, cpu_pressure_us, 0, MOST_US), NUMBER(host_look, memory_pressure_us, 0, MOST_US),
	NUMBER(host_look, io_pressure_us, 0, MOST_US),
	NUMBER(host_look, swapped_pages, 0, MOST_PAGES), NUMBER(host_look, available_kb, 0, MOST_KB),
	END,
};
static const struct field host_fields[] = {
	TEXT(host, name), TEXT(host, boot_id), TEXT(host, kernel), NAME(host, arch, arch_names),
	NUMBER(host, cpus, 1, 1 << 20), NUMBER(host, user_hz, 1, 1000000), NUMBER(host, page_size, 1, 1 << 24),
	NUMBER(host, memory_kb, 0, MOST_KB), COUNT(host, net_ns), AT(host, host_look_fields), END,
};
static const struct field viewer_fields[] = {
	PID(viewer, pid), NUMBER(viewer, uid, 0, UINT32_MAX), NUMBER(viewer, euid, 0, UINT32_MAX),
	PID(viewer, session), NUMBER(viewer, ptrace_scope, 0, 255), NUMBER(viewer, seccomp, 0, 255),
	WORD(viewer, capabilities), END,
};
static const struct field asked_fields[] = {
	BYTE(asked, overdue, 1), NAME(asked, stop, stop_names), NUMBER(asked, window_ms, 0, MOST_MS),
	NUMBER(asked, samples, 0, BOUND_STACKS), NUMBER(asked, interval_ms, 0, MOST_MS), PID(asked, first), TEXT(asked, test),
	TEXT(asked, selector), END,
};
static const struct field cost_fields[] = {
	SUM(cost, wall_ns), SUM(cost, cpu_ns), SUM(cost, longest_stop_ns), SUM(cost, total_stop_ns),
	SUM(cost, threads_stopped), END,
};
static const struct field cut_fields[] = {
	SUM(cut, cgroups), SUM(cut, processes), SUM(cut, tasks), SUM(cut, fds), SUM(cut, objects), SUM(cut, holds),
	SUM(cut, watches), SUM(cut, peeks), SUM(cut, stacks), SUM(cut, gaps), SUM(cut, followed), END,
};
const struct field header_fields[] = {
	NUMBER(snapshot, captured_at_ms, 0, MOST_MS), COUNT(snapshot, window_ns),
	INNER(snapshot, host, host_fields), INNER(snapshot, viewer, viewer_fields),
	INNER(snapshot, asked, asked_fields), INNER(snapshot, cost, cost_fields), INNER(snapshot, cut, cut_fields),
	END,
};

/* ---- the tables ------------------------------------------------------------ */

static const struct field label_fields[] = { MUST_TEXT(label, name), MUST_TEXT(label, value), END };

static const struct field cgroup_look_fields[] = {
	SIGHT(cgroup_look, sight), ANSWER(cgroup_look, frozen),
	COUNT(cgroup_look, throttled_ns), COUNT(cgroup_look, throttled_count), COUNT(cgroup_look, oom_kills),
	COUNT(cgroup_look, memory_high), COUNT(cgroup_look, memory_bytes), END,
};
static const struct field cgroup_fields[] = {
	MUST_TEXT(cgroup, membership), TEXT(cgroup, path), COUNT(cgroup, memory_limit),
	NUMBER(cgroup, cpu_quota_us, 0, MOST_US), NUMBER(cgroup, cpu_period_us, 1, MOST_US),
	AT(cgroup, cgroup_look_fields), END,
};

static const struct field process_look_fields[] = {
	COUNT(process_look, when_ns), SIGHT(process_look, sight), SIGHT(process_look, io_sight),
	COUNT(process_look, read_bytes), COUNT(process_look, written_bytes), COUNT(process_look, children_cpu_ns),
	NUMBER(process_look, pages_resident, 0, MOST_PAGES), END,
};
static const struct field process_fields[] = {
	IDENTITY(process, pid, 1, MOST_PID), PID(process, parent), PID(process, group), PID(process, session),
	NUMBER(process, tty, INT32_MIN, INT32_MAX), PID(process, tty_foreground), PID(process, ns_pid),
	WORD(process, flags), NAME(process, joined, joined_names), NUMBER(process, start_ticks, 0, MOST_TICKS),
	NUMBER(process, uid, 0, UINT32_MAX), TEXT(process, ns_pids), WORD(process, ns_net),
	WORD(process, ns_pidns), WORD(process, ns_ipc), WORD(process, ns_mnt), WORD(process, ns_time),
	NUMBER(process, monotonic_offset_ns, -MOST, MOST), NUMBER(process, boot_offset_ns, -MOST, MOST),
	WORD(process, caught_signals), WORD(process, ignored_signals), COUNT(process, posix_timers),
	NUMBER(process, exit_status, 0, UINT32_MAX), ANSWER(process, core_dumping), ANSWER(process, uring),
	ANSWER(process, oom_killed), ANSWER(process, opaque), BYTE(process, bits, 64), TEXT(process, comm), TEXT(process, argv),
	TEXT(process, cwd), TEXT(process, exe), ROW(process, cgroup, TABLE_CGROUPS),
	SIGHT(process, argv_sight), SIGHT(process, fds_sight), SIGHT(process, ns_sight),
	SIGHT(process, status_sight), SIGHT(process, links_sight), AT(process, process_look_fields), END,
};

static const struct field call_fields[] = {
	{ MEMBER(call, number), .type = FIELD_NUMBER, .blank = CALL_UNSEEN, .least = CALL_RUNNING, .most = INT32_MAX },
	WORDS(call, args, 6), WORD(call, sp), WORD(call, pc), END,
};
static const struct field task_look_fields[] = {
	COUNT(task_look, when_ns), SIGHT(task_look, stat_sight), SIGHT(task_look, wchan_sight),
	SIGHT(task_look, call_sight), SIGHT(task_look, status_sight), SIGHT(task_look, sched_sight),
	LETTER(task_look, state, state_letters), TEXT(task_look, wchan), INNER(task_look, call, call_fields),
	COUNT(task_look, cpu_ns), COUNT(task_look, system_ns), COUNT(task_look, wait_ns), COUNT(task_look, voluntary),
	COUNT(task_look, involuntary), COUNT(task_look, minor_faults), COUNT(task_look, major_faults),
	NUMBER(task_look, silent_ns, -MOST, MOST), COUNT(task_look, silent_error_ns),
	PID(task_look, tracer), NUMBER(task_look, cpu, 0, 1 << 20), END,
};
static const struct field task_fields[] = {
	OWNER(task, process, TABLE_PROCESSES), IDENTITY(task, tid, 1, MOST_PID), PID(task, ns_tid),
	NUMBER(task, start_ticks, 0, MOST_TICKS), NUMBER(task, nice, -128, 127), NUMBER(task, policy, 0, 255),
	TEXT(task, comm), ANSWER(task, own_fds), AT(task, task_look_fields), END,
};

static const struct field key_fields[] = { WORD(object_key, space), WORD(object_key, name), END };
static const struct field object_look_fields[] = {
	COUNT(object_look, when_ns), SIGHT(object_look, sight), SIGHT(object_look, info_sight),
	BYTE(object_look, state, 12), BYTE(object_look, timer, 255), ANSWER(object_look, armed), ANSWER(object_look, eof_unread),
	COUNT(object_look, readable), COUNT(object_look, room), COUNT(object_look, unsent),
	COUNT(object_look, backlog), COUNT(object_look, backlog_max),
	NUMBER(object_look, last_received_ms, 0, MOST_MS), NUMBER(object_look, last_sent_ms, 0, MOST_MS),
	COUNT(object_look, bytes_received), COUNT(object_look, bytes_acked),
	COUNT(object_look, expires_ns), COUNT(object_look, interval_ns),
	NUMBER(object_look, word, -INT64_MAX, INT64_MAX), END,
};
static const struct field object_fields[] = {
	NAME(object, kind, object_kind_names), NAME(object, cover, cover_names), NAME(object, reach, reach_names),
	ANSWER(object, in_flight), BYTE(object, pty_master, 1), NUMBER(object, family, 0, INT32_MAX),
	NUMBER(object, type, 0, INT32_MAX), PID(object, pid), NUMBER(object, receive_timeout_ms, 0, MOST_MS),
	NUMBER(object, send_timeout_ms, 0, MOST_MS), INNER(object, key, key_fields), WORD(object, ns_net),
	ROW(object, peer, TABLE_OBJECTS), ROW(object, listener, TABLE_OBJECTS), TEXT(object, label), TEXT(object, remote),
	AT(object, object_look_fields), END,
};

static const struct field fd_fields[] = {
	OWNER(fd, process, TABLE_PROCESSES), IDENTITY(fd, number, 0, INT32_MAX), OWNER(fd, object, TABLE_OBJECTS),
	WORD(fd, flags), SIGHT(fd, flags_sight), BYTE(fd, looks, (1 << LOOKS) - 1),
	NUMBER(fd, offset, -INT64_MAX, INT64_MAX), END,
};
static const struct field hold_fields[] = {
	OWNER(hold, object, TABLE_OBJECTS), OWNER(hold, process, TABLE_PROCESSES), ROW(hold, task, TABLE_TASKS),
	NAME(hold, role, role_names), NAME(hold, basis, hold_basis_names), BYTE(hold, looks, (1 << LOOKS) - 1), END,
};
static const struct field watch_fields[] = {
	OWNER(watch, set, TABLE_OBJECTS), NUMBER(watch, number, 0, INT32_MAX), ROW(watch, object, TABLE_OBJECTS),
	WORD(watch, events), BYTE(watch, looks, (1 << LOOKS) - 1), END,
};
static const struct field peek_fields[] = {
	OWNER(peek, task, TABLE_TASKS), NAME(peek, look, look_names), SIGHT(peek, sight), WORD(peek, address),
	TEXT(peek, bytes), END,
};
static const struct field site_fields[] = {
	NAME(site, kind, frame_kind_names), BYTE(site, jit, 1), TEXT(site, function), TEXT(site, file),
	TEXT(site, module), TEXT(site, build_id), NUMBER(site, line, 0, INT32_MAX), WORD(site, offset),
	WORD(site, into), END,
};
static const struct field frame_fields[] = {
	EARLIER(frame, caller, TABLE_FRAMES), OWNER(frame, site, TABLE_SITES), NAME(frame, basis, frame_basis_names),
	END,
};
static const struct field stack_fields[] = {
	OWNER(stack, task, TABLE_TASKS), NUMBER(stack, sample, 0, INT32_MAX), COUNT(stack, when_ns),
	ROW(stack, innermost, TABLE_FRAMES), SIGHT(stack, sight), NAME(stack, way, stack_way_names),
	NAME(stack, ends, stack_end_names), SIGHT(stack, kernel_sight), COUNT(stack, stopped_ns), END,
};
static const struct field gap_fields[] = {
	NAME(gap, probe, probe_names), SIGHT(gap, sight), NAME(gap, look, look_names),
	NUMBER(gap, error, 0, 4095), ROW(gap, process, TABLE_PROCESSES), ROW(gap, task, TABLE_TASKS),
	ROW(gap, object, TABLE_OBJECTS), TEXT(gap, detail), END,
};

#define ROWS(list, type, most) \
	{ #list, offsetof(struct snapshot, list), sizeof(struct type), (most), type##_fields }

const struct table tables[TABLES] = {
	[TABLE_LABELS] = ROWS(labels, label, BOUND_LABELS),
	[TABLE_CGROUPS] = ROWS(cgroups, cgroup, BOUND_PROCESSES),
	[TABLE_PROCESSES] = ROWS(processes, process, BOUND_PROCESSES),
	[TABLE_TASKS] = ROWS(tasks, task, BOUND_TASKS),
	[TABLE_OBJECTS] = ROWS(objects, object, BOUND_OBJECTS),
	[TABLE_FDS] = ROWS(fds, fd, BOUND_FDS),
	[TABLE_HOLDS] = ROWS(holds, hold, BOUND_HOLDS),
	[TABLE_WATCHES] = ROWS(watches, watch, BOUND_WATCHES),
	[TABLE_PEEKS] = ROWS(peeks, peek, BOUND_PEEKS),
	[TABLE_SITES] = ROWS(sites, site, BOUND_FRAMES),
	[TABLE_FRAMES] = ROWS(frames, frame, BOUND_FRAMES),
	[TABLE_STACKS] = ROWS(stacks, stack, BOUND_STACKS),
	[TABLE_GAPS] = ROWS(gaps, gap, BOUND_GAPS),
};

/* ---- unseen ---------------------------------------------------------------- */

static void member_unsee(const struct field *field, char *to)
{
	int32_t narrow = (int32_t)field->blank;

	switch (field->type) {
	case FIELD_NUMBER:
		if (field->size == sizeof(narrow))
			memcpy(to, &narrow, sizeof(narrow));
		else
			memcpy(to, &field->blank, sizeof(field->blank));
		break;
	case FIELD_NAME:
	case FIELD_BYTE:
		*(uint8_t *)to = (uint8_t)field->blank;
		break;
	case FIELD_TEXT:
		memcpy(to, &TEXT_UNSEEN, sizeof(struct text));
		break;
	case FIELD_ROW:
		memcpy(to, &(uint32_t){ NO_ROW }, sizeof(uint32_t));
		break;
	case FIELD_WORD:
	case FIELD_LETTER:
		memset(to, 0, field->size);
		break;
	case FIELD_INNER:
		field_unsee(field->inner, to);
		break;
	}
}

void field_unsee(const struct field *fields, void *row)
{
	const struct field *field;
	size_t i;

	for (field = fields; field->name; field++)
		for (i = 0; i < (field->repeat ? field->repeat : 1); i++)
			member_unsee(field, (char *)row + field->offset + i * field->size);
}
