/* SPDX-License-Identifier: MIT */
#include "kernel_log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree.h"

#define TAIL " total-vm:75280kB, anon-rss:63644kB, file-rss:4252kB, shmem-rss:0kB, UID:1000 pgtables:188kB oom_score_adj:0\n"

/* ---- the parser ------------------------------------------------------------ */

/* Exactly as many bytes as there are, so that a sanitizer sees one too many. */
static int parse(const char *text, size_t length, struct log_record *ret)
{
	char *bytes = malloc(length ? length : 1);
	int r;

	memcpy(bytes, text, length);
	r = log_record_parse(bytes, length, ret);
	free(bytes);
	return r;
}

static void names(const char *text, int32_t pid, const char *comm)
{
	struct log_record record;

	cr_assert_eq(parse(text, strlen(text), &record), 0, "%s", text);
	cr_expect_eq(record.killed, pid, "%s", text);
	cr_expect_eq(record.comm_length, strlen(comm), "%s", text);
	cr_expect_arr_eq(record.comm, comm, strlen(comm), "%s", text);
}

Test(kernel_log, real_records)
{
	struct log_record record;
	const char *text = "3,2637,7079206101,-;Memory cgroup out of memory: Killed process 15071 (python3)" TAIL;

	names(text, 15071, "python3");
	cr_assert_eq(parse(text, strlen(text), &record), 0);
	cr_expect_eq(record.when_ns, INT64_C(7079206101000));
	names("3,1,2,-,caller=T12;Out of memory: Killed process 7 (java)" TAIL, 7, "java");
	names("3,1,2,-;Out of memory (oom_kill_allocating_task): Killed process 7 (java)" TAIL, 7, "java");
	names("3,1,2,-;Killed process 7 (java) total-vm:12kB, anon-rss:0kB, file-rss:0kB\n", 7, "java");
	names("3,1,2,-;Killed process 7 (java), UID 1000, total-vm:12kB, anon-rss:0kB, file-rss:0kB", 7, "java");
	names("6,339,5140900,-;NET: Registered protocol family 10\n SUBSYSTEM=x\n", 0, "");
	names("4,1,2,-;python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n", 0, "");
}

Test(kernel_log, hostile_names)
{
	names("3,1,2,-;Out of memory: Killed process 7 (a) total-vm:1k)" TAIL, 7, "a) total-vm:1k");
	names("3,1,2,-;Out of memory: Killed process 7 ())" TAIL, 7, ")");
	names("3,1,2,-;Out of memory: Killed process 7 ()" TAIL, 7, "");
	names("3,1,2,-;Out of memory: Killed process 7 (\\x0a\\x5cx\\xff ;)" TAIL, 7, "\n\\x\xff ;");
	names("3,1,2,-;Out of memory: Killed process 7 (123456789012345)" TAIL, 7, "123456789012345");
	names("3,1,2,-;Out of memory: Killed process 7 (1234567890123456)" TAIL, 0, "");
	names("3,1,2,-;Out of memory: Killed process 7 (a\\x4)" TAIL, 0, "");
	names("3,1,2,-;Out of memory: Killed process 7 (a", 0, "");
	names("3,1,2,-;Out of memory: Killed process 7 (a)", 0, "");
	names("3,1,2,-;Out of memory: Killed process 0 (a)" TAIL, 0, "");
	names("3,1,2,-;Out of memory: Killed process 99999999999 (a)" TAIL, 0, "");
	names("3,1,2,-;Out of memory: Killed process -7 (a)" TAIL, 0, "");
	/* A program of that name, and what it makes the kernel say. */
	names("6,1,2,-;Killed process [7]: segfault at 0 ip 0 sp 0 error 4\n", 0, "");
	names("6,1,2,-;x[8]: Out of memory: Killed process 7 (a)" TAIL, 0, "");
	names("6,1,2,-;x\\x0a3,1,2,-;Out of memory: Killed process 7 (a)" TAIL, 0, "");
}

Test(kernel_log, what_is_no_record_of_the_kernels)
{
	static const char *const texts[] = {
		"", "\n", "3", "3,1,2", "3,1,2,-", "3,1,2,-\n;x", "3,1,;x", ",,,;x", " SUBSYSTEM=x", "-3,1,2,-;x",
		"3,1,9999999999999999999999,-;x",
		/* As a program writes it: another facility, whatever it asks for. */
		("11,1,2,-;Out of memory: Killed process 7 (a)" TAIL),
	};
	struct log_record record = { .killed = 42 };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_expect_eq(parse(texts[i], strlen(texts[i]), &record), SIGHT_STRANGE, "%s", texts[i]);
	cr_expect_eq(record.killed, 42);
}

/* ---- the look -------------------------------------------------------------- */

enum { UPTIME_S = 10000, SUSPENDED_S = 500, START_S = 9000 };

/* Child 43 of 42 began at START_S, ended so, and is a zombie. */
static void record_zombie(int status, const char *log)
{
	static const struct being beings[] = {
		{ 42, 1, 42, 42, 0, START_S * 100, "main", "43 " }, { 43, 42, 42, 42, 0, START_S * 100, "python3", "" }, { 0 },
	};
	struct host *host = &tree.snapshot.host;
	char text[512], path[128];
	enum look look;

	tree_record(beings);
	snprintf(text, sizeof(text),
		 "43 (python3) Z 42 42 42 0 -1 4194560 1 0 0 0 10 20 30 40 20 0 1 0 %d 0 0 0 0 0 0 0 0 0 0 "
		 "0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 %d\n", START_S * 100, status);
	tree_put_text("43/stat", text);
	tree_put_text("43/task/43/stat", text);
	tree_put_text("self/ns/x", "");
	snprintf(path, sizeof(path), "%s/self/ns/pid", tree.root);
	cr_assert_eq(symlink("pid:[4026531836]", path), 0);
	if (log)
		tree_put_text("dev/kmsg", log);
	host->user_hz = 100;
	for (look = LOOK_T0; look < LOOKS; look++) {
		host->at[look].boot_ns = UPTIME_S * INT64_C(1000000000);
		host->at[look].when_ns = (UPTIME_S - SUSPENDED_S) * INT64_C(1000000000);
	}
	tree_target(42);
}

static int answered(const char *log)
{
	record_zombie(SIGKILL, log);
	tree_look(LOOK_T0, PROBE_BIT(PROBE_STATE));
	cr_assert_eq(tree_process(42)->oom_killed, ANSWER_UNKNOWN);
	return tree_process(43)->oom_killed;
}

#define BOOT "5,0,0,-;Linux version 6.18.5\n"
#define KILL(seconds, who) "3,9," #seconds "000000,-;Memory cgroup out of memory: Killed process " who TAIL

Test(kernel_log, names_the_zombie, .init = tree_recorded, .fini = tree_end)
{
	cr_expect_eq(answered(BOOT KILL(9400, "43 (python3)") "6,10,9400000001,-;more\n"), ANSWER_YES);
	cr_expect_eq(tree_gaps("kmsg", SIGHT_OK), 0);
}

Test(kernel_log, suspend_ages_a_process_only, .init = tree_recorded, .fini = tree_end)
{
	cr_expect_eq(answered(BOOT KILL(8510, "43 (python3)")), ANSWER_YES);
}

Test(kernel_log, an_older_namesake, .init = tree_recorded, .fini = tree_end)
{
	cr_expect_eq(answered(BOOT KILL(8400, "43 (python3)")), ANSWER_NO);
}

Test(kernel_log, another_name, .init = tree_recorded, .fini = tree_end)
{
	cr_expect_eq(answered(BOOT KILL(9400, "43 (python)")), ANSWER_NO);
}

Test(kernel_log, another_pid, .init = tree_recorded, .fini = tree_end)
{
	cr_expect_eq(answered(BOOT KILL(9400, "42 (main)")), ANSWER_NO);
}

Test(kernel_log, a_log_that_is_younger, .init = tree_recorded, .fini = tree_end)
{
	cr_expect_eq(answered("5,7,9200000000,-;usb 1-1: new device\n" KILL(9400, "44 (python3)")), ANSWER_UNKNOWN);
}

Test(kernel_log, an_empty_log, .init = tree_recorded, .fini = tree_end)
{
	cr_expect_eq(answered(""), ANSWER_UNKNOWN);
}

Test(kernel_log, only_sigkill_asks, .init = tree_recorded, .fini = tree_end)
{
	record_zombie(SIGTERM, BOOT KILL(9400, "43 (python3)"));
	door_inject(tree.door, "dev/kmsg", EPERM);
	tree_look(LOOK_T0, PROBE_BIT(PROBE_STATE));
	cr_expect_eq(tree_process(43)->oom_killed, ANSWER_UNKNOWN);
	cr_expect_eq(tree_gaps("kmsg", SIGHT_DENIED), 0);
}

Test(kernel_log, refused, .init = tree_recorded, .fini = tree_end)
{
	record_zombie(SIGKILL, BOOT KILL(9400, "43 (python3)"));
	door_inject(tree.door, "dev/kmsg", EPERM);
	tree_look(LOOK_T0, PROBE_BIT(PROBE_STATE));
	tree_look(LOOK_T1, PROBE_BIT(PROBE_STATE));
	cr_expect_eq(tree_process(43)->oom_killed, ANSWER_UNKNOWN);
	cr_expect_eq(tree_gaps("kmsg", SIGHT_DENIED), 1, "filed once, and of the machine");
}

Test(kernel_log, pids_of_another_namespace, .init = tree_recorded, .fini = tree_end)
{
	char path[128];

	record_zombie(SIGKILL, BOOT KILL(9400, "43 (python3)"));
	snprintf(path, sizeof(path), "%s/self/ns/pid", tree.root);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(symlink("pid:[4026532000]", path), 0);
	tree_look(LOOK_T0, PROBE_BIT(PROBE_STATE));
	cr_expect_eq(tree_process(43)->oom_killed, ANSWER_UNKNOWN);
	cr_expect_eq(tree_gaps("pid namespace", SIGHT_DENIED), 1);
}
