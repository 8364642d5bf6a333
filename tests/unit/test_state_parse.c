/* SPDX-License-Identifier: MIT */
#include "state_parse.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAIL " S 4242 4200 4100 34816 4250 4194560 101 5 7 9 1200 300 40 2 20 -5 3 0 144742 3133440 390 " \
	"18446744073709551615 93975216881664 93975216901545 140728423334224 0 0 0 0 4096 16384 0 0 0 17 1 0 2 0 0 0 " \
	"93975216917552 93975216919168 93975419293696 140728423340683 140728423340703 140728423340703 140728423342059 256\n"

/*
 * Every prefix and every single wrong byte: only what the sanitizers say counts, and
 * that a text refused leaves the answer alone.
 */
#define TORTURE(call, text) \
	do { \
		size_t length_ = strlen(text), n_, i_; \
		for (n_ = 0; n_ <= length_; n_++) { \
			char *bytes = malloc(n_ ? n_ : 1); /* no more, so that one byte beyond is caught */ \
			const size_t size = n_; \
			memcpy(bytes, text, n_); \
			call; \
			for (i_ = 0; n_ == length_ && i_ < n_; i_++) { \
				char kept = bytes[i_]; \
				bytes[i_] = '-'; call; \
				bytes[i_] = '\n'; call; \
				bytes[i_] = '\0'; call; \
				bytes[i_] = (char)0xff; call; \
				bytes[i_] = '9'; call; \
				bytes[i_] = kept; \
			} \
			free(bytes); \
		} \
	} while (0)

Test(stat, a_line)
{
	static const char text[] = "13182 (cat)" TAIL;
	struct stat_line line;

	cr_assert_eq(stat_parse(text, strlen(text), &line), 0);
	cr_expect_eq(line.pid, 13182);
	cr_expect_eq(line.comm_length, 3);
	cr_expect_eq(memcmp(line.comm, "cat", 3), 0);
	cr_expect_eq(line.state, 'S');
	cr_expect_eq(line.parent, 4242);
	cr_expect_eq(line.group, 4200);
	cr_expect_eq(line.session, 4100);
	cr_expect_eq(line.tty, 34816);
	cr_expect_eq(line.tty_foreground, 4250);
	cr_expect_eq(line.flags, 4194560);
	cr_expect_eq(line.minor_faults, 101);
	cr_expect_eq(line.major_faults, 7);
	cr_expect_eq(line.cpu_ticks, 1500);
	cr_expect_eq(line.system_ticks, 300);
	cr_expect_eq(line.children_ticks, 42);
	cr_expect_eq(line.nice, -5);
	cr_expect_eq(line.threads, 3);
	cr_expect_eq(line.start_ticks, 144742);
	cr_expect_eq(line.pages_resident, 390);
	cr_expect_eq(line.code_start, 93975216881664);
	cr_expect_eq(line.cpu, 1);
	cr_expect_eq(line.policy, 2);
	cr_expect_eq(line.exit_status, 256);
}

Test(stat, hostile_names)
{
	static const char *const names[] = {
		") R 1", "", ")", "(", "a)b", "a b\nc", "\x1b[31m\xff\xfe", ") R 1 1 1 1 1 (", "\n", "))))))))))))))",
	};
	struct stat_line line;
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(text, sizeof(text), "7 (%s)%s", names[i], TAIL);
		cr_assert_eq(stat_parse(text, strlen(text), &line), 0, "%s", names[i]);
		cr_expect_eq(line.comm_length, strlen(names[i]));
		cr_expect_eq(memcmp(line.comm, names[i], line.comm_length), 0);
		cr_expect_eq(line.state, 'S');
		cr_expect_eq(line.parent, 4242);
		cr_expect_eq(line.start_ticks, 144742);
	}
}

Test(stat, what_is_no_line)
{
	static const char *const texts[] = {
		"", "7", "7 (a", "7 (a)", "7 (a) ", "7 (a) S", "7 (a) S ", "7 (a) S 1 1 1", "x (a)" TAIL, "7 a" TAIL,
		"7 (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 x",
	};
	struct stat_line line = { .pid = -77 };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_expect_eq(stat_parse(texts[i], strlen(texts[i]), &line), SIGHT_STRANGE, "%s", texts[i]);
	cr_expect_eq(line.pid, -77);
}

Test(stat, an_old_short_line_and_odd_numbers)
{
	static const char text[] = "7 (a) K -1 99999999999 -99999999999 0 -1 4294967295 0 0 0 0 "
				   "9223372036854775807 9223372036854775807 0 0 20 0 1 0 99999999999999999999 0 -1";
	struct stat_line line;

	cr_assert_eq(stat_parse(text, strlen(text), &line), 0);
	cr_expect_eq(line.state, 0);
	cr_expect_eq(line.parent, -1);
	cr_expect_eq(line.group, INT32_MAX);
	cr_expect_eq(line.session, INT32_MIN);
	cr_expect_eq(line.start_ticks, INT64_MAX);
	cr_expect_eq(line.cpu, UNSEEN);
	cr_expect_eq(line.policy, UNSEEN);
	cr_expect_eq(line.exit_status, UNSEEN);
}

Test(stat, torture)
{
	struct stat_line line;

	TORTURE(stat_parse(bytes, size, &line), "7 (a)" TAIL);
}

static const char status[] =
	"Name:\tTgid:\\n)x\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\nNgid:\t0\nPid:\t4243\nPPid:\t1\nTracerPid:\t99\n"
	"Uid:\t1000\t1001\t1002\t1003\nGid:\t0\t0\t0\t0\nFDSize:\t256\nGroups:\t \nNStgid:\t4242\t17\nNSpid:\t4243\t18\n"
	"Threads:\t2\nSigQ:\t0/96365\nSigIgn:\t0000000000001000\nSigCgt:\t8000000180002000\nCoreDumping:\t1\n"
	"voluntary_ctxt_switches:\t15\nnonvoluntary_ctxt_switches:\t3\n";

Test(status, a_file)
{
	struct status_lines lines;

	cr_assert_eq(status_parse(status, strlen(status), &lines), 0);
	cr_expect_eq(lines.tgid, 4242);
	cr_expect_eq(lines.tracer, 99);
	cr_expect_eq(lines.uid, 1001);
	cr_expect_eq(lines.real_uid, 1000);
	cr_expect_eq(lines.ns_pid, 18);
	cr_assert_eq(lines.ns_pids_length, strlen("4243\t18"));
	cr_expect_eq(memcmp(lines.ns_pids, "4243\t18", 7), 0);
	cr_expect_eq(lines.ignored, 0x1000);
	cr_expect_eq(lines.caught, 0x8000000180002000);
	cr_expect_eq(lines.core_dumping, ANSWER_YES);
	cr_expect_eq(lines.voluntary, 15);
	cr_expect_eq(lines.involuntary, 3);
}

Test(status, what_is_missing_stays_unseen)
{
	static const char text[] = "Name:\ta\nTgid:\t7\nNSpid:\t7\nUid:\t5\n";
	struct status_lines lines = { .tgid = -77 };

	cr_assert_eq(status_parse(text, strlen(text), &lines), 0);
	cr_expect_eq(lines.tracer, -1);
	cr_expect_eq(lines.uid, UNSEEN);
	cr_expect_eq(lines.ns_pid, 7);
	cr_expect_null(lines.ns_pids);
	cr_expect_eq(lines.core_dumping, ANSWER_UNKNOWN);
	cr_expect_eq(lines.voluntary, UNSEEN);
	cr_expect_eq(lines.involuntary, UNSEEN);
	lines.tgid = -77;
	cr_expect_eq(status_parse("", 0, &lines), SIGHT_STRANGE);
	cr_expect_eq(status_parse("Name:\ta\n", 8, &lines), SIGHT_STRANGE);
	cr_expect_eq(status_parse("Tgid:\t7\n", 8, &lines), SIGHT_STRANGE);
	cr_expect_eq(lines.tgid, -77);
}

Test(status, torture)
{
	struct status_lines lines;

	TORTURE(status_parse(bytes, size, &lines), status);
}

static int parsed(const char *text, struct call *ret)
{
	return syscall_parse(text, strlen(text), ret);
}

Test(syscall, its_four_shapes)
{
	struct call call;

	cr_assert_eq(parsed("7 0x7ffc9d1cbd60 0x2 0xffffffff 0x0 0x5 0x6 0x7ffc9d1cbd18 0x7f2bd0a4f1a1\n", &call), 0);
	cr_expect_eq(call.number, 7);
	cr_expect_eq(call.args[0], 0x7ffc9d1cbd60);
	cr_expect_eq(call.args[2], 0xffffffff);
	cr_expect_eq(call.args[5], 6);
	cr_expect_eq(call.sp, 0x7ffc9d1cbd18);
	cr_expect_eq(call.pc, 0x7f2bd0a4f1a1);
	cr_assert_eq(parsed("running\n", &call), 0);
	cr_expect_eq(call.number, CALL_RUNNING);
	cr_expect_eq(call.args[5], 0);
	cr_assert_eq(parsed("-1 0x7ffe1bd2ac88 0x7f8a51c9a1d5\n", &call), 0);
	cr_expect_eq(call.number, CALL_OUTSIDE);
	cr_expect_eq(call.sp, 0x7ffe1bd2ac88);
	cr_assert_eq(parsed("-1 0x0 0x0\n", &call), 0); /* a zombie */
	cr_expect_eq(call.number, CALL_OUTSIDE);
}

Test(syscall, no_number_is_mistaken_for_ours)
{
	struct call call;

	cr_assert_eq(parsed("-2 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n", &call), 0);
	cr_expect_eq(call.number, CALL_OUTSIDE);
	cr_assert_eq(parsed("-3 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n", &call), 0);
	cr_expect_eq(call.number, CALL_OUTSIDE);
	cr_assert_eq(parsed("1073741831 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n", &call), 0); /* x32 poll */
	cr_expect_eq(call.number, 1073741831);
}

Test(syscall, what_is_none)
{
	static const char *const texts[] = { "", "\n", "0", "0 0x1 0x2", "7 1 2 3 4 5 6 7 8", "run", "-1", "-1 0x1", "0x7 0x1 0x2" };
	struct call call = { .number = 77 };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_expect_eq(parsed(texts[i], &call), SIGHT_STRANGE, "%s", texts[i]);
	cr_expect_eq(call.number, 77);
}

Test(syscall, torture)
{
	struct call call;

	TORTURE(syscall_parse(bytes, size, &call), "7 0x7ffc9d1cbd60 0x2 0xffffffff 0x0 0x5 0x6 0x7ffc9d1cbd18 0x7f2bd0a4f1a1\n");
	TORTURE(syscall_parse(bytes, size, &call), "-1 0x7ffe1bd2ac88 0x7f8a51c9a1d5\n");
}

Test(schedstat, counted_or_not)
{
	int64_t cpu_ns = 0, wait_ns = 0;

	cr_assert_eq(schedstat_parse("1823912 51226 14\n", 17, &cpu_ns, &wait_ns), 0);
	cr_expect_eq(cpu_ns, 1823912);
	cr_expect_eq(wait_ns, 51226);
	cr_expect_eq(schedstat_parse("0 0 0\n", 6, &cpu_ns, &wait_ns), SIGHT_UNSUPPORTED);
	cr_expect_eq(schedstat_parse("0 51226 1\n", 10, &cpu_ns, &wait_ns), 0);
	cr_expect_eq(schedstat_parse("1 2\n", 4, &cpu_ns, &wait_ns), SIGHT_STRANGE);
	cr_expect_eq(schedstat_parse("-1 2 3\n", 7, &cpu_ns, &wait_ns), SIGHT_STRANGE);
	cr_expect_eq(cpu_ns, 0);
	TORTURE(schedstat_parse(bytes, size, &cpu_ns, &wait_ns), "1823912 51226 14\n");
}

Test(io, both_counters)
{
	static const char text[] = "rchar: 6976\nwchar: 12\nsyscr: 10\nsyscw: 0\nread_bytes: 0\n";
	int64_t taken, written;

	cr_assert_eq(io_parse(text, strlen(text), &taken, &written), 0);
	cr_expect_eq(taken, 6976);
	cr_expect_eq(written, 12);
	cr_expect_eq(io_parse("rchar: 1\n", 9, &taken, &written), SIGHT_STRANGE);
	TORTURE(io_parse(bytes, size, &taken, &written), text);
}

Test(sched, when_it_last_ran)
{
	static const char text[] = "cat (13159, #threads: 1)\n---------------------\n"
				   "se.exec_start                                :       1447272.532583\n"
				   "se.vruntime                                  :           682.451205\n";
	int64_t ns = 7;

	cr_assert_eq(sched_parse(text, strlen(text), &ns), 0);
	cr_expect_eq(ns, 1447272532583);
	ns = 7;
	cr_expect_eq(sched_parse("", 0, &ns), SIGHT_STRANGE);
	cr_expect_eq(sched_parse("se.exec_start : 12\n", 19, &ns), SIGHT_STRANGE);
	cr_expect_eq(sched_parse("se.exec_start : -1.000000\n", 26, &ns), SIGHT_STRANGE);
	cr_expect_eq(sched_parse("se.exec_start : 99999999999999999999.000000\n", 44, &ns), SIGHT_STRANGE);
	cr_expect_eq(sched_parse("se.exec_start : 1.00000000000000\n", 33, &ns), SIGHT_STRANGE);
	cr_expect_eq(ns, 7);
	TORTURE(sched_parse(bytes, size, &ns), text);
}

Test(timens, offsets)
{
	static const char text[] = "monotonic         -86400         5\nboottime            7         0\n";
	int64_t monotonic, boot;

	cr_assert_eq(timens_parse(text, strlen(text), &monotonic, &boot), 0);
	cr_expect_eq(monotonic, -INT64_C(86400000000000) + 5);
	cr_expect_eq(boot, INT64_C(7000000000));
	cr_expect_eq(timens_parse("monotonic 1 1\n", 14, &monotonic, &boot), SIGHT_STRANGE);
	cr_expect_eq(timens_parse("monotonic 9223372036854775807 1\nboottime 0 0\n", 45, &monotonic, &boot), SIGHT_STRANGE);
	TORTURE(timens_parse(bytes, size, &monotonic, &boot), text);
}

Test(ns, inode_of_a_link)
{
	uint64_t inode = 7;

	cr_assert_eq(ns_parse("net:[4026531840]", 16, &inode), 0);
	cr_expect_eq(inode, 4026531840);
	cr_expect_eq(ns_parse("net:[]", 6, &inode), SIGHT_STRANGE);
	cr_expect_eq(ns_parse("net:[5", 6, &inode), SIGHT_STRANGE);
	cr_expect_eq(ns_parse("", 0, &inode), SIGHT_STRANGE);
	cr_expect_eq(inode, 4026531840);
	TORTURE(ns_parse(bytes, size, &inode), "net:[4026531840]");
}

Test(timers, rows)
{
	static const char text[] = "ID: 0\nsignal: 14/00007ffd1a2b3c40\nnotify: signal/pid.4242\nClockID: 1\nID: 1\nsignal: 0/0\n";

	cr_expect_eq(timers_count(text, strlen(text)), 2);
	cr_expect_eq(timers_count("", 0), 0);
	cr_expect_eq(timers_count("ID", 2), 0);
}

Test(auxv, wide_and_narrow)
{
	const uint64_t wide[] = { 33, 0x7fd838a0e000, 51, 0xe30, 3, 0x5556261cf040, 4, 56, 0, 0 };
	const uint32_t narrow[] = { 32, 0xf7f1a540, 33, 0xf7f1a000, 3, 0x8048034, 4, 32, 0, 0 };
	unsigned answer;

	cr_expect_eq(auxv_bits((const char *)wide, sizeof(wide)), 64);
	cr_expect_eq(auxv_bits((const char *)narrow, sizeof(narrow)), 32);
	cr_expect_eq(auxv_bits((const char *)wide, 3 * 16), 0);
	cr_expect_eq(auxv_bits("", 0), 0);
	TORTURE(answer = auxv_bits(bytes, size), "0123456789abcdef0123456789abcdef");
	(void)answer;
}

Test(children, a_list_and_none)
{
	static const char text[] = "4243 4244 4250 ";
	const char *at = text, *end = text + strlen(text);
	int32_t pid = 0;

	cr_expect(children_next(&at, end, &pid) && pid == 4243);
	cr_expect(children_next(&at, end, &pid) && pid == 4244);
	cr_expect(children_next(&at, end, &pid) && pid == 4250);
	cr_expect_not(children_next(&at, end, &pid));
	for (const char *bad = "0 "; bad; bad = NULL)
		cr_expect_not(children_next(&bad, bad + 2, &pid));
	at = "-5 ";
	cr_expect_not(children_next(&at, at + 3, &pid));
	at = "99999999999999999999 ";
	cr_expect_not(children_next(&at, at + 21, &pid));
	cr_expect_eq(pid, 4250);
}
