/* SPDX-License-Identifier: MIT */
/* The small files of /proc/PID and /proc/PID/task/TID, as text. */
#include "state_parse.h"

#include <string.h>

#include "scan.h"

enum { STAT_FIELDS = 52, STAT_NEEDED = 24 };

/*
 * 13182 (cat) R 13179 13179 5015 0 -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 144742 3133440 390 18446744073709551615 ...
 *
 * The name is what the task chose, up to 15 bytes (63 of a kernel thread), and not
 * escaped: it may hold ") R 1" and line ends.  So it ends at the last ')'.
 */
int stat_parse(const char *text, size_t length, struct stat_line *ret)
{
	struct scan scan = scan_begin(text, length);
	struct stat_line line = { 0 };
	int64_t pid, field[STAT_FIELDS + 1];
	const char *close;
	unsigned i;

	if (!scan_number(&scan, &pid) || !scan_word(&scan, " ("))
		return SIGHT_STRANGE;
	close = memrchr(scan.at, ')', (size_t)(scan.end - scan.at));
	if (!close || scan.end - close < 4 || close[1] != ' ' || close[3] != ' ')
		return SIGHT_STRANGE;
	line.pid = scan_narrow(pid);
	line.comm = scan.at;
	line.comm_length = (size_t)(close - scan.at);
	line.state = strchr("RSDTtZXIP", close[2]) ? close[2] : 0;
	scan.at = close + 3;

	for (i = 4; i <= STAT_FIELDS; i++)
		if (!scan_number(&scan, &field[i]))
			break;
	if (i <= STAT_NEEDED)
		return SIGHT_STRANGE;
	for (; i <= STAT_FIELDS; i++)
		field[i] = UNSEEN;

	line.parent = scan_narrow(field[4]);
	line.group = scan_narrow(field[5]);
	line.session = scan_narrow(field[6]);
	line.tty = scan_narrow(field[7]);
	line.tty_foreground = scan_narrow(field[8]);
	line.flags = (uint64_t)field[9];
	line.minor_faults = field[10];
	line.major_faults = field[12];
	line.cpu_ticks = (int64_t)((uint64_t)field[14] + (uint64_t)field[15]);
	line.system_ticks = field[15];
	line.children_ticks = (int64_t)((uint64_t)field[16] + (uint64_t)field[17]);
	line.nice = field[19];
	line.threads = field[20];
	line.start_ticks = field[22];
	line.pages_resident = field[24];
	line.code_start = field[26];
	line.cpu = field[39];
	line.policy = field[41];
	line.exit_status = field[52];
	*ret = line;
	return 0;
}

/** "\t1000\t0" and the like: the number in column which (0 the first), a missing one stays. */
static void column(struct scan line, unsigned which, int64_t *ret)
{
	int64_t number;

	do {
		if (!scan_number(&line, &number))
			return;
	} while (which--);
	*ret = number;
}

static void mask(struct scan line, uint64_t *ret)
{
	scan_blanks(&line);
	scan_digits(&line, 16, ret);
}

/** NSpid:	4242	17: from the outermost namespace that we see to its own. */
static void namespaces(struct scan line, struct status_lines *ret)
{
	int64_t number;
	unsigned count = 0;

	scan_blanks(&line);
	ret->ns_pids = line.at;
	ret->ns_pids_length = (size_t)(line.end - line.at);
	while (scan_number(&line, &number)) {
		ret->ns_pid = scan_narrow(number);
		count++;
	}
	if (count < 2) {
		ret->ns_pids = NULL;
		ret->ns_pids_length = 0;
	}
}

/*
 * Name:	cat
 * ...
 * Uid:	0	0	0	0
 *
 * Name is escaped by the kernel, so that it cannot fake a line.
 */
int status_parse(const char *text, size_t length, struct status_lines *ret)
{
	struct scan scan = scan_begin(text, length), line;
	struct status_lines found = {
		.tgid = -1, .tracer = -1, .uid = UNSEEN, .real_uid = UNSEEN, .ns_pid = -1, .voluntary = UNSEEN, .involuntary = UNSEEN,
	};
	int64_t number;

	if (!scan_word(&scan, "Name:"))
		return SIGHT_STRANGE;
	while (scan_line(&scan, &line)) {
		number = UNSEEN;
		if (scan_word(&line, "Tgid:")) {
			column(line, 0, &number);
			found.tgid = number == UNSEEN ? -1 : scan_narrow(number);
		} else if (scan_word(&line, "TracerPid:")) {
			column(line, 0, &number);
			found.tracer = number == UNSEEN ? -1 : scan_narrow(number);
		} else if (scan_word(&line, "Uid:")) {
			column(line, 0, &found.real_uid);
			column(line, 1, &found.uid);
		} else if (scan_word(&line, "NSpid:")) {
			namespaces(line, &found);
		} else if (scan_word(&line, "SigIgn:")) {
			mask(line, &found.ignored);
		} else if (scan_word(&line, "SigCgt:")) {
			mask(line, &found.caught);
		} else if (scan_word(&line, "CoreDumping:")) {
			column(line, 0, &number);
			found.core_dumping = number == UNSEEN ? ANSWER_UNKNOWN : number ? ANSWER_YES : ANSWER_NO;
		} else if (scan_word(&line, "voluntary_ctxt_switches:")) {
			column(line, 0, &found.voluntary);
		} else if (scan_word(&line, "nonvoluntary_ctxt_switches:")) {
			column(line, 0, &found.involuntary);
		}
	}
	if (found.tgid < 0)
		return SIGHT_STRANGE;
	*ret = found;
	return 0;
}

/*
 * 0 0x3 0x7ffc9d1cbd60 0x20000 0x0 0x0 0x0 0x7ffc9d1cbd18 0x7f2bd0a4f1a1
 * -1 0x7ffe1bd2ac88 0x7f8a51c9a1d5
 * running
 *
 * Whoever made a call with a number below -1 was stopped at its entrance, for no such
 * call can block: outside, too.
 */
int syscall_parse(const char *text, size_t length, struct call *ret)
{
	struct scan scan = scan_begin(text, length);
	struct call call = { .number = CALL_RUNNING };
	int64_t number;
	unsigned i;

	if (scan_word(&scan, "running")) {
		*ret = call;
		return 0;
	}
	if (!scan_number(&scan, &number))
		return SIGHT_STRANGE;
	call.number = number < 0 ? CALL_OUTSIDE : scan_narrow(number);
	for (i = 0; number != -1 && i < 6; i++)
		if (!scan_hex(&scan, &call.args[i]))
			return SIGHT_STRANGE;
	if (!scan_hex(&scan, &call.sp) || !scan_hex(&scan, &call.pc))
		return SIGHT_STRANGE;
	*ret = call;
	return 0;
}

/* 1823912 51226 14 */
int schedstat_parse(const char *text, size_t length, int64_t *ret_cpu_ns, int64_t *ret_wait_ns)
{
	struct scan scan = scan_begin(text, length);
	int64_t cpu_ns, wait_ns, turns;

	if (!scan_number(&scan, &cpu_ns) || !scan_number(&scan, &wait_ns) || !scan_number(&scan, &turns))
		return SIGHT_STRANGE;
	if (cpu_ns < 0 || wait_ns < 0)
		return SIGHT_STRANGE;
	if (cpu_ns == 0 && wait_ns == 0 && turns == 0)
		return SIGHT_UNSUPPORTED;
	*ret_cpu_ns = cpu_ns;
	*ret_wait_ns = wait_ns;
	return 0;
}

/* rchar: 6976 */
int io_parse(const char *text, size_t length, int64_t *ret_read, int64_t *ret_written)
{
	struct scan scan = scan_begin(text, length), line;
	int64_t taken = UNSEEN, written = UNSEEN;

	while (scan_line(&scan, &line)) {
		if (scan_word(&line, "rchar:"))
			column(line, 0, &taken);
		else if (scan_word(&line, "wchar:"))
			column(line, 0, &written);
	}
	if (taken == UNSEEN || written == UNSEEN)
		return SIGHT_STRANGE;
	*ret_read = taken;
	*ret_written = written;
	return 0;
}

/* se.exec_start                                :       1447272.532583 */
int sched_parse(const char *text, size_t length, int64_t *ret_exec_start_ns)
{
	struct scan scan = scan_begin(text, length), line;
	uint64_t ms, part;
	unsigned digits;
	const char *from;

	while (scan_line(&scan, &line)) {
		if (!scan_word(&line, "se.exec_start"))
			continue;
		scan_blanks(&line);
		if (!scan_word(&line, ":"))
			return SIGHT_STRANGE;
		scan_blanks(&line);
		if (!scan_digits(&line, 10, &ms) || !scan_word(&line, "."))
			return SIGHT_STRANGE;
		from = line.at;
		if (!scan_digits(&line, 10, &part))
			return SIGHT_STRANGE;
		digits = (unsigned)(line.at - from);
		if (digits != 6 || ms > INT64_MAX / 1000000 - 1)
			return SIGHT_STRANGE;
		*ret_exec_start_ns = (int64_t)(ms * 1000000 + part);
		return 0;
	}
	return SIGHT_STRANGE;
}

/** Seconds and nanoseconds of an offset that the kernel accepted: it refuses what would not fit. */
static bool offset_ns(struct scan line, int64_t *ret)
{
	int64_t seconds, nanoseconds, sum;

	if (!scan_number(&line, &seconds) || !scan_number(&line, &nanoseconds))
		return false;
	if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &sum) ||
	    __builtin_add_overflow(sum, nanoseconds, &sum))
		return false;
	*ret = sum;
	return true;
}

/* monotonic           0         0 */
int timens_parse(const char *text, size_t length, int64_t *ret_monotonic_ns, int64_t *ret_boot_ns)
{
	struct scan scan = scan_begin(text, length), line;
	int64_t monotonic = UNSEEN, boot = UNSEEN;

	while (scan_line(&scan, &line)) {
		if (scan_word(&line, "monotonic "))
			offset_ns(line, &monotonic);
		else if (scan_word(&line, "boottime "))
			offset_ns(line, &boot);
	}
	if (monotonic == UNSEEN || boot == UNSEEN)
		return SIGHT_STRANGE;
	*ret_monotonic_ns = monotonic;
	*ret_boot_ns = boot;
	return 0;
}

/* net:[4026531840] */
int ns_parse(const char *text, size_t length, uint64_t *ret)
{
	struct scan scan = scan_begin(text, length);
	const char *open = memchr(text, '[', length);
	uint64_t inode;

	if (!open)
		return SIGHT_STRANGE;
	scan.at = open + 1;
	if (!scan_digits(&scan, 10, &inode) || !scan_word(&scan, "]"))
		return SIGHT_STRANGE;
	*ret = inode;
	return 0;
}

/*
 * ID: 0
 * signal: 14/00007ffd1a2b3c40
 * notify: signal/pid.4242
 * ClockID: 1
 */
int64_t timers_count(const char *text, size_t length)
{
	struct scan scan = scan_begin(text, length), line;
	int64_t count = 0;

	while (scan_line(&scan, &line))
		if (scan_word(&line, "ID:"))
			count++;
	return count;
}

/*
 * Pairs of words as wide as the program's, kept by the kernel.  AT_PHENT (4) is the
 * size of a program header: 56 in a 64-bit program, 32 in a 32-bit one.
 */
unsigned auxv_bits(const char *text, size_t length)
{
	uint64_t wide[2];
	uint32_t narrow[2];
	size_t at;

	for (at = 0; at + sizeof(wide) <= length; at += sizeof(wide)) {
		memcpy(wide, text + at, sizeof(wide));
		if (wide[0] == 4 && wide[1] == 56)
			return 64;
	}
	for (at = 0; at + sizeof(narrow) <= length; at += sizeof(narrow)) {
		memcpy(narrow, text + at, sizeof(narrow));
		if (narrow[0] == 4 && narrow[1] == 32)
			return 32;
	}
	return 0;
}

/* 4243 4244 4250  (with a blank after each, and no line end) */
bool children_next(const char **at, const char *end, int32_t *ret)
{
	struct scan scan = { *at, end };
	int64_t number;

	if (!scan_number(&scan, &number) || number <= 0 || number > INT32_MAX)
		return false;
	*at = scan.at;
	*ret = (int32_t)number;
	return true;
}
