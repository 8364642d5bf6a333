/* SPDX-License-Identifier: MIT */
#include "statefile.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bounds.h"

static char home[] = "/tmp/wedge-unit-XXXXXX";
static char complaint[STATE_COMPLAINT];

static void home_make(void)
{
	cr_assert(mkdtemp(home));
	cr_assert_eq(setenv("XDG_RUNTIME_DIR", home, 1), 0);
}

static void home_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", home);
	cr_expect_eq(system(command), 0);
}

TestSuite(statefile, .init = home_make, .fini = home_remove);

static struct run_record sample(void)
{
	struct run_record ret = { .run_id = "9f3ac1d25b6e7a80", .pid = getpid(), .leader = 77, .leader_ticks = 5,
				  .session = 0, .group = 77, .started_ms = 1732240000000, .attempt = 1, .command = "a\\x0ab" };

	cr_assert_eq(run_record_here(&ret), 0);
	cr_assert_eq(run_start_ticks(ret.pid, &ret.start_ticks), 0);
	return ret;
}

static int directory_open(void)
{
	int fd = statedir_open(geteuid(), 0, true, complaint, sizeof(complaint));

	cr_assert_geq(fd, 0, "%s", complaint);
	return fd;
}

/* A file of those bytes, as the sample's record. */
static void put(int directory, const char *text, size_t length, mode_t mode)
{
	int fd = openat(directory, "9f3ac1d25b6e7a80.run", O_WRONLY | O_CREAT | O_TRUNC, mode);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, length), (ssize_t)length);
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

static int get(int directory, struct run_record *ret, enum run_state *state)
{
	return statefile_read(directory, "9f3ac1d25b6e7a80.run", geteuid(), ret, state, complaint, sizeof(complaint));
}

Test(statefile, text_and_back)
{
	const struct run_record record = sample();
	struct run_record back;
	char text[BOUND_STATE_FILE];
	size_t length, i;

	length = run_record_put(&record, text, sizeof(text));
	cr_assert_gt(length, 0);
	cr_assert_eq(run_record_parse(text, length, &back, complaint, sizeof(complaint)), 0, "%s", complaint);
	cr_expect_str_eq(back.run_id, record.run_id);
	cr_expect_str_eq(back.outer_id, "");
	cr_expect_str_eq(back.boot_id, record.boot_id);
	cr_expect_eq(back.pid, record.pid);
	cr_expect_eq(back.start_ticks, record.start_ticks);
	cr_expect_eq(back.leader, 77);
	cr_expect_eq(back.group, 77);
	cr_expect_eq(back.started_ms, 1732240000000);
	cr_expect_eq(back.phase, PHASE_RUNNING);
	cr_expect_str_eq(back.command, "a\\x0ab");
	/* Cut anywhere it is refused, and so is a record with room for nothing. */
	for (i = 0; i < length; i++)
		cr_expect_eq(run_record_parse(text, i, &back, complaint, sizeof(complaint)), SIGHT_STRANGE, "%zu", i);
	cr_expect_eq(run_record_put(&record, text, length), 0);
}

/* In a good record, one line is another: refused, by the name of that line. */
Test(statefile, hostile_lines)
{
	static const char *const lines[] = {
		"run 9f3ac1d25b6e7a8", "run 9F3AC1D25B6E7A80", "run ../../etc/passwd", "outer x", "boot_id 1", "pid 0",
		"pid -1", "pid 1 ", "pid 01", "pid 99999999999", "pid", "start_ticks 99999999999999999999", "leader x",
		"attempt 0", "phase asleep", "command ", "command a\033[31m", "command \xff",
		"command aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	const struct run_record record = sample();
	char good[BOUND_STATE_FILE], bad[2 * BOUND_STATE_FILE], name[32];
	struct run_record back = { .pid = 1 };
	size_t i;

	cr_assert_gt(run_record_put(&record, good, sizeof(good)), 0);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *at, *end;

		snprintf(name, sizeof(name), "\n%.*s ", (int)strcspn(lines[i], " "), lines[i]);
		at = strstr(good, name);
		cr_assert(at, "%s", lines[i]);
		end = strchr(at + 1, '\n');
		snprintf(bad, sizeof(bad), "%.*s%s%s", (int)(at + 1 - good), good, lines[i], end);
		cr_expect_eq(run_record_parse(bad, strlen(bad), &back, complaint, sizeof(complaint)), SIGHT_STRANGE, "%s",
			     lines[i]);
		name[strlen(name) - 1] = '\'';
		cr_expect(strstr(complaint, name + 1), "%s: %s", lines[i], complaint);
	}
	cr_expect_eq(back.pid, 1, "left alone when it is refused");
}

Test(statefile, lives_as_long_as_its_lock)
{
	struct run_record record = sample(), back;
	struct statefile file;
	enum run_state state;
	int directory, claimed;

	cr_assert_eq(statefile_begin(&record, &file, complaint, sizeof(complaint)), 0, "%s", complaint);
	directory = directory_open();
	cr_assert_eq(get(directory, &back, &state), 0, "%s", complaint);
	cr_expect_eq(state, RUN_LIVE);
	cr_expect_eq(statefile_claim(directory, file.name), -EAGAIN);

	record.phase = PHASE_ENDING;
	record.leader = 78;
	cr_assert_eq(statefile_update(&file, &record), 0);
	cr_assert_eq(get(directory, &back, &state), 0, "%s", complaint);
	cr_expect_eq(state, RUN_LIVE);
	cr_expect_eq(back.leader, 78);
	cr_expect_eq(back.phase, PHASE_ENDING);

	close(file.fd); /* as if we had been killed */
	cr_assert_eq(get(directory, &back, &state), 0, "%s", complaint);
	cr_expect_eq(state, RUN_DEAD);
	claimed = statefile_claim(directory, file.name);
	cr_expect_geq(claimed, 0);
	cr_expect_eq(statefile_claim(directory, file.name), -EAGAIN, "one at a time");
	cr_expect_eq(statefile_remove(directory, file.name), 0);
	cr_expect_eq(get(directory, &back, &state), SIGHT_GONE);
	close(claimed);
	close(directory);
}

Test(statefile, ends_and_is_gone)
{
	const struct run_record record = sample();
	struct run_record back;
	struct statefile file;
	enum run_state state;
	int directory;

	cr_assert_eq(statefile_begin(&record, &file, complaint, sizeof(complaint)), 0, "%s", complaint);
	statefile_end(&file);
	statefile_end(&file);
	cr_expect_eq(statefile_update(&file, &record), 0);
	directory = directory_open();
	cr_expect_eq(get(directory, &back, &state), SIGHT_GONE);
	close(directory);
}

/* The killed one's lock goes with it, although its child lives on. */
Test(statefile, sigkill)
{
	const struct run_record record = sample();
	struct run_record back;
	struct statefile file;
	enum run_state state;
	int directory, told[2], status;
	char byte;
	pid_t pid;

	cr_assert_eq(pipe2(told, O_CLOEXEC), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (statefile_begin(&record, &file, complaint, sizeof(complaint)) < 0)
			_exit(1);
		if (fork() == 0) {
			execlp("sleep", "sleep", "2", NULL);
			_exit(127);
		}
		usleep(100000);
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	close(told[1]);
	cr_assert_eq(read(told[0], &byte, 1), 1);
	directory = directory_open();
	cr_assert_eq(get(directory, &back, &state), 0, "%s", complaint);
	cr_expect_eq(state, RUN_LIVE);
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(get(directory, &back, &state), 0, "%s", complaint);
	cr_expect_eq(state, RUN_DEAD);
	close(directory);
	close(told[0]);
}

Test(statefile, earlier_boot_and_other_namespace)
{
	struct run_record record = sample(), back;
	char text[BOUND_STATE_FILE];
	enum run_state state;
	int directory = directory_open();

	record.pid_namespace++;
	put(directory, text, run_record_put(&record, text, sizeof(text)), 0600);
	cr_assert_eq(get(directory, &back, &state), 0, "%s", complaint);
	cr_expect_eq(state, RUN_ELSEWHERE);
	memset(record.boot_id, '0', 8);
	put(directory, text, run_record_put(&record, text, sizeof(text)), 0600);
	cr_assert_eq(get(directory, &back, &state), 0, "%s", complaint);
	cr_expect_eq(state, RUN_EARLIER_BOOT);
	close(directory);
}

Test(statefile, hostile_files)
{
	const struct run_record record = sample();
	struct run_record back;
	char text[BOUND_STATE_FILE + 64];
	enum run_state state;
	int directory = directory_open();
	size_t length;

	memset(text, 'x', sizeof(text));
	put(directory, text, sizeof(text), 0600);
	cr_expect_eq(get(directory, &back, &state), SIGHT_STRANGE);
	cr_expect(strstr(complaint, "too long"), "%s", complaint);

	put(directory, "", 0, 0600);
	cr_expect_eq(get(directory, &back, &state), SIGHT_STRANGE);
	length = run_record_put(&record, text, sizeof(text));
	put(directory, text, length, 0666);
	cr_expect_eq(get(directory, &back, &state), SIGHT_STRANGE);
	cr_expect(strstr(complaint, "not private"), "%s", complaint);

	put(directory, text, length, 0600);
	cr_assert_eq(linkat(directory, "9f3ac1d25b6e7a80.run", directory, "other", 0), 0);
	cr_expect_eq(get(directory, &back, &state), SIGHT_STRANGE, "a second name");
	cr_assert_eq(unlinkat(directory, "9f3ac1d25b6e7a80.run", 0), 0);
	cr_assert_eq(symlinkat("other", directory, "9f3ac1d25b6e7a80.run"), 0);
	cr_expect_eq(get(directory, &back, &state), SIGHT_STRANGE);
	cr_expect(strstr(complaint, "a link"), "%s", complaint);
	cr_assert_eq(unlinkat(directory, "9f3ac1d25b6e7a80.run", 0), 0);
	cr_assert_eq(mkfifoat(directory, "9f3ac1d25b6e7a80.run", 0600), 0);
	cr_expect_eq(get(directory, &back, &state), SIGHT_STRANGE, "and no waiting for a writer");
	cr_assert_eq(unlinkat(directory, "9f3ac1d25b6e7a80.run", 0), 0);

	/* Another run's record under this name. */
	text[strlen("wedgerun 1\nrun ")] = '0';
	put(directory, text, length, 0600);
	cr_expect_eq(get(directory, &back, &state), SIGHT_STRANGE);
	cr_expect(strstr(complaint, "another run"), "%s", complaint);
	close(directory);
}

Test(statefile, hostile_directories)
{
	char path[64], target[64];

	snprintf(path, sizeof(path), "%s/wedgetools", home);
	snprintf(target, sizeof(target), "%s/elsewhere", home);
	cr_expect_eq(statedir_open(geteuid(), 0, false, complaint, sizeof(complaint)), -ENOENT);
	cr_assert_eq(mkdir(target, 0700), 0);
	cr_assert_eq(symlink(target, path), 0);
	cr_expect_eq(statedir_open(geteuid(), 0, true, complaint, sizeof(complaint)), -EPERM);
	cr_expect(strstr(complaint, "no directory"), "%s", complaint);
	cr_assert_eq(unlink(path), 0);

	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(chmod(path, 0755), 0);
	cr_expect_eq(statedir_open(geteuid(), 0, true, complaint, sizeof(complaint)), -EPERM);
	cr_expect(strstr(complaint, "open to other users"), "%s", complaint);
	cr_assert_eq(chmod(path, 0700), 0);
	if (geteuid() == 0) {
		cr_assert_eq(chown(path, 1, 1), 0);
		cr_expect_eq(statedir_open(0, 0, true, complaint, sizeof(complaint)), -EPERM);
		cr_expect(strstr(complaint, "another user"), "%s", complaint);
		cr_assert_eq(chown(path, 0, 0), 0);
	}
	cr_assert_eq(chmod(home, 0777), 0);
	cr_expect_eq(statedir_open(geteuid(), 0, true, complaint, sizeof(complaint)), -EPERM, "others could swap it");
	cr_assert_eq(chmod(home, 0700), 0);

	cr_assert_eq(setenv("XDG_RUNTIME_DIR", "relative", 1), 0);
	cr_expect_eq(statedir_open(geteuid(), 0, true, complaint, sizeof(complaint)), -ENOENT);
	cr_expect_eq(statedir_open(geteuid() + 1, 0, true, complaint, sizeof(complaint)), -ENOENT);
}

/* An unusable first directory is no reason to have no record. */
Test(statefile, next_directory)
{
	struct run_record record = sample();
	struct statefile file;
	char path[64];

	snprintf(path, sizeof(path), "%s/wedgetools", home);
	cr_assert_eq(symlink("/nowhere", path), 0);
	cr_assert_eq(run_id_make(record.run_id), 0);
	cr_expect(run_id_valid(record.run_id));
	cr_assert_eq(statefile_begin(&record, &file, complaint, sizeof(complaint)), 0, "%s", complaint);
	statefile_end(&file);
}

static int note(void *context, const char *name)
{
	strcat(context, name);
	return 0;
}

Test(statefile, listed)
{
	const struct run_record record = sample();
	struct statefile file;
	char names[256] = "";
	int directory, fd;

	cr_assert_eq(statefile_begin(&record, &file, complaint, sizeof(complaint)), 0, "%s", complaint);
	directory = directory_open();
	fd = openat(directory, "..run", O_CREAT | O_WRONLY, 0600);
	close(fd);
	fd = openat(directory, ".9f3ac1d25b6e7a80.run.tmp", O_CREAT | O_WRONLY, 0600);
	close(fd);
	cr_expect_eq(statedir_each(directory, note, names), 0);
	cr_expect_str_eq(names, "9f3ac1d25b6e7a80.run");
	statefile_end(&file);
	close(directory);
}
