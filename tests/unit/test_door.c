/* SPDX-License-Identifier: MIT */
#include "door.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bounds.h"
#include "identity.h"

static struct door *door;
static char root[64];
static const char *text;
static const int32_t *numbers;
static size_t length;
static int error;

static void live(void)
{
	cr_assert_eq(door_open("/proc", &door), 0);
}

static void recorded(void)
{
	snprintf(root, sizeof(root), "/tmp/test_door.XXXXXX");
	cr_assert(mkdtemp(root));
	cr_assert_eq(door_open(root, &door), 0);
}

static void end(void)
{
	char command[128];

	door = door_close(door);
	cr_assert_null(door);
	if (!root[0])
		return;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

static void put(const char *name, const char *bytes, size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	cr_assert(file);
	cr_assert_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static void directory(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	cr_assert_eq(mkdir(path, 0700), 0);
}

static int64_t start_of(pid_t pid)
{
	struct identity identity;

	cr_assert_eq(door_read(door, &text, &length, &error, "%d/stat", pid), 0);
	cr_assert_eq(identity_parse(text, length, &identity), 0);
	return identity.start_ticks;
}

Test(door, reads_a_file_whole, .init = recorded, .fini = end)
{
	put("stat", "cpu 1\n", 6);
	cr_assert_eq(door_read(door, &text, &length, &error, "%s", "stat"), SIGHT_OK);
	cr_assert_eq(length, 6);
	cr_assert_str_eq(text, "cpu 1\n");
	put("empty", "", 0);
	cr_assert_eq(door_read(door, &text, &length, &error, "empty"), SIGHT_OK);
	cr_assert_eq(length, 0);
	cr_assert_str_eq(text, "");
}

Test(door, cuts_at_the_bound, .init = recorded, .fini = end)
{
	char *big = malloc(BOUND_PROC_FILE + 1);

	memset(big, 'x', BOUND_PROC_FILE + 1);
	put("big", big, BOUND_PROC_FILE + 1);
	cr_assert_eq(door_read(door, &text, &length, &error, "big"), SIGHT_CUT);
	cr_assert_eq(length, BOUND_PROC_FILE);
	cr_assert_eq(text[length], '\0');
	cr_assert_arr_eq(text, big, length);
	put("less", big, BOUND_PROC_FILE - 1);
	cr_assert_eq(door_read(door, &text, &length, &error, "less"), SIGHT_OK);
	cr_assert_eq(length, BOUND_PROC_FILE - 1);
	free(big);
}

Test(door, errors_are_sights, .init = recorded, .fini = end)
{
	text = "untouched";
	cr_assert_eq(door_read(door, &text, &length, &error, "42/stat"), SIGHT_GONE);
	cr_assert_eq(error, ENOENT);
	cr_assert_str_eq(text, "untouched");
	cr_assert_eq(door_list(door, &numbers, &length, &error, "42/fd"), SIGHT_GONE);
	cr_assert_eq(door_link(door, &text, &length, &error, "42/exe"), SIGHT_GONE);
	directory("d");
	cr_assert_eq(door_read(door, &text, &length, &error, "d"), SIGHT_STRANGE);
	cr_assert_eq(error, EISDIR);
	cr_assert_eq(door_read(door, &text, &length, &error, "%5000d", 1), SIGHT_STRANGE);
	cr_assert_eq(error, ENAMETOOLONG);
}

Test(door, never_opens_through_a_link, .init = live, .fini = end)
{
	int fd = open("/dev/null", O_RDONLY);

	cr_assert_eq(door_read(door, &text, &length, &error, "self/fd/%d", fd), SIGHT_STRANGE);
	cr_assert_eq(error, ELOOP);
	cr_assert_eq(door_link(door, &text, &length, &error, "self/fd/%d", fd), SIGHT_OK);
	cr_assert_str_eq(text, "/dev/null");
	cr_assert_eq(length, strlen(text));
}

Test(door, lists_numbers_ascending, .init = recorded, .fini = end)
{
	static const char *const names[] = { "17", "3", "self", "-1", "99999999999", "2147483647", "2147483648", "1x" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		directory(names[i]);
	cr_assert_eq(door_list(door, &numbers, &length, &error, "."), SIGHT_OK);
	cr_assert_eq(length, 3);
	cr_assert_eq(numbers[0], 3);
	cr_assert_eq(numbers[1], 17);
	cr_assert_eq(numbers[2], 2147483647);
}

Test(door, lists_more_than_its_buffer, .init = recorded, .fini = end)
{
	char name[16];
	size_t i;

	for (i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "%zu", i);
		put(name, "", 0);
	}
	cr_assert_eq(door_list(door, &numbers, &length, &error, "."), SIGHT_OK);
	cr_assert_eq(length, 20000);
	for (i = 0; i < length; i++)
		cr_assert_eq(numbers[i], (int32_t)i);
}

Test(door, reads_cgroup_files_only, .init = recorded, .fini = end)
{
	directory("sys");
	directory("sys/fs");
	directory("sys/fs/cgroup");
	put("sys/fs/cgroup/cpu.stat", "nr 1\n", 5);
	put("secret", "x", 1);
	cr_assert_eq(door_read_system(door, &text, &length, &error, "/sys/fs/cgroup/%s", "cpu.stat"), SIGHT_OK);
	cr_assert_str_eq(text, "nr 1\n");
	cr_assert_eq(door_read_system(door, &text, &length, &error, "/secret"), SIGHT_UNSUPPORTED);
	cr_assert_eq(door_read_system(door, &text, &length, &error, "/sys/fs/cgroup/../../../secret"),
		     SIGHT_UNSUPPORTED);
	cr_assert_eq(door_read_system(door, &text, &length, &error, "/sys/fs/cgroup/.."), SIGHT_UNSUPPORTED);
}

Test(door, reads_the_kernel_log, .init = recorded, .fini = end)
{
	static const char log[] = "6,1,0,-;a\n SUBSYSTEM=b\n";

	cr_assert_eq(door_read_log(door, &text, &length, &error), SIGHT_UNSUPPORTED);
	directory("dev");
	put("dev/kmsg", log, strlen(log));
	cr_assert_eq(door_read_log(door, &text, &length, &error), SIGHT_OK);
	cr_assert_eq(length, strlen(log));
	cr_assert_str_eq(text, log);
	door_inject(door, "dev/kmsg", EPERM);
	cr_assert_eq(door_read_log(door, &text, &length, &error), SIGHT_DENIED);
	cr_assert_eq(error, EPERM);
}

Test(door, reads_the_kernel_log_to_its_end, .init = live, .fini = end, .timeout = 30)
{
	int r = door_read_log(door, &text, &length, &error);

	if (r == SIGHT_DENIED || r == SIGHT_UNSUPPORTED)
		cr_skip_test("no kernel log for us here");
	cr_assert(r == SIGHT_OK || r == SIGHT_CUT, "%d: %s", r, strerror(error));
	cr_assert_gt(length, 0);
	cr_assert_eq(text[length - 1], '\n');
}

Test(door, injected_errors, .init = recorded, .fini = end)
{
	put("stat", "x", 1);
	put("wchan", "x", 1);
	door_inject(door, "stat", EACCES);
	cr_assert_eq(door_read(door, &text, &length, &error, "stat"), SIGHT_DENIED);
	cr_assert_eq(error, EACCES);
	cr_assert_eq(door_read(door, &text, &length, &error, "wchan"), SIGHT_OK);
	door_inject(door, "", EMFILE);
	cr_assert_eq(door_read(door, &text, &length, &error, "wchan"), -EMFILE, "ours travels up");
	cr_assert_eq(door_link(door, &text, &length, &error, "exe"), -EMFILE);
	cr_assert_eq(door_list(door, &numbers, &length, &error, "."), -EMFILE);
}

Test(door, errnos_have_their_sights)
{
	cr_assert_eq(sight_of_errno(0), SIGHT_OK);
	cr_assert_eq(sight_of_errno(EPERM), SIGHT_DENIED);
	cr_assert_eq(sight_of_errno(ESRCH), SIGHT_GONE);
	cr_assert_eq(sight_of_errno(ENOSYS), SIGHT_UNSUPPORTED);
	cr_assert_eq(sight_of_errno(ETIMEDOUT), SIGHT_TIMEOUT);
	cr_assert_eq(sight_of_errno(EINVAL), SIGHT_STRANGE);
	cr_assert_eq(sight_of_errno(ENOMEM), SIGHT_STRANGE);
}

Test(door, raises_and_restores_the_limit)
{
	struct rlimit limit, before;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	before.rlim_cur = 256;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	live();
	getrlimit(RLIMIT_NOFILE, &limit);
	cr_assert_gt(limit.rlim_cur, 256);
	cr_assert_leq(limit.rlim_cur, BOUND_DESCRIPTORS);
	end();
	getrlimit(RLIMIT_NOFILE, &limit);
	cr_assert_eq(limit.rlim_cur, 256);
}

Test(identity, real_lines)
{
	static const char line[] =
		"4242 (cat) S 4200 4242 4200 34816 4242 4194304 93 0 0 0 0 0 0 0 20 0 1 0 7654321 3096576 427 "
		"18446744073709551615 94 94 140 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 94 94 94 140 140 140 140 0\n";
	static const char liar[] = "42 (a) R 1\n) Z 1 42 42 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 17 0 0\n";
	struct identity identity;

	cr_assert_eq(identity_parse(line, sizeof(line) - 1, &identity), 0);
	cr_assert_eq(identity.state, 'S');
	cr_assert_eq(identity.start_ticks, 7654321);
	cr_assert_eq(identity_parse(liar, sizeof(liar) - 1, &identity), 0);
	cr_assert_eq(identity.state, 'Z');
	cr_assert_eq(identity.start_ticks, 17);
}

Test(identity, hostile_lines)
{
	static const char *const lines[] = {
		"", ")", ") ", ") S", ") S ", "1 (a", "1 (a) S 1 2 3",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 ",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 x",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 -7",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 7x",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 99999999999999999999",
	};
	struct identity identity = { '?', -1 };
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		cr_assert_eq(identity_parse(lines[i], strlen(lines[i]), &identity), SIGHT_STRANGE, "%s", lines[i]);
	cr_assert_eq(identity.start_ticks, -1);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	cr_assert_gt(pid, 0);
	return pid;
}

static void exits_alive_zombie_gone(bool hold)
{
	pid_t pid = sleeper();
	int64_t start = start_of(pid);
	siginfo_t info;

	if (hold) {
		cr_assert_eq(door_hold(door, pid, start), 0);
		cr_assert_eq(door_hold(door, pid, start), 0, "twice is fine");
	}
	cr_assert(door_alive(door, pid, start));
	cr_assert_not(door_alive(door, pid, start + 1));
	kill(pid, SIGKILL);
	cr_assert_eq(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	cr_assert(door_alive(door, pid, start), "a zombie lives");
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_assert_not(door_alive(door, pid, start));
	cr_assert_eq(door_hold(door, pid, start + 1), SIGHT_GONE);
}

Test(identity, held, .init = live, .fini = end)
{
	exits_alive_zombie_gone(true);
}

Test(identity, not_held, .init = live, .fini = end)
{
	exits_alive_zombie_gone(false);
}

Test(identity, another_start_time_is_another_process, .init = live, .fini = end)
{
	cr_assert_eq(door_hold(door, getpid(), start_of(getpid()) - 1), SIGHT_GONE);
}

Test(identity, hidepid_is_denied_not_gone, .init = live, .fini = end)
{
	pid_t pid = sleeper();
	int64_t start = start_of(pid);

	cr_assert_eq(door_hold(door, pid, start), 0);
	door_inject(door, "/stat", ENOENT);
	cr_assert(door_alive(door, pid, start), "the pidfd knows");
	cr_assert_eq(door_hold(door, getpid(), 1), SIGHT_DENIED);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(identity, holds_many_and_gives_up_in_time, .timeout = 30)
{
	struct rlimit limit = { 128, 128 };
	pid_t pids[200];
	int64_t start[200];
	size_t i;

	setrlimit(RLIMIT_NOFILE, &limit);
	live();
	for (i = 0; i < 200; i++) {
		pids[i] = sleeper();
		start[i] = start_of(pids[i]);
		cr_assert_eq(door_hold(door, pids[i], start[i]), 0);
	}
	cr_assert_eq(door_list(door, &numbers, &length, &error, "self/fd"), SIGHT_OK);
	cr_assert_lt(length, 128 - 32, "some are left for reading");
	for (i = 0; i < 200; i++) {
		cr_assert(door_alive(door, pids[i], start[i]));
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		cr_assert_not(door_alive(door, pids[i], start[i]));
	}
	end();
}
