/* SPDX-License-Identifier: MIT */
#include "select.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "select_inner.h"
#include "tree.h"

static char complaint[256];

static int chosen(enum selector_kind kind, const char *value)
{
	const struct selector selector = { kind, value };

	complaint[0] = '\0';
	return select_targets(tree.door, &selector, 1, &tree.snapshot, complaint, sizeof(complaint));
}

static bool is_target(pid_t pid)
{
	const struct process *process = tree_process(pid);

	return process && (process->flags & (PROCESS_TARGET | PROCESS_IN_TREE)) == (PROCESS_TARGET | PROCESS_IN_TREE) &&
	       process->joined == JOINED_TARGET;
}

static char *number_text(int64_t number)
{
	static char text[32];

	snprintf(text, sizeof(text), "%ld", (long)number);
	return text;
}

Test(select, what_is_no_process_id, .init = tree_live, .fini = tree_end)
{
	static const struct { const char *word; int error; const char *complaint; } cases[] = {
		{ "0", -EINVAL, "not a process id: 0" },
		{ "000", -EINVAL, "not a process id: 000" },
		{ "-5", -EINVAL, "not a process id: -5" },
		{ "", -EINVAL, "empty target: a process id is wanted" },
		{ "99999999999999", -ESRCH, "no such process: 99999999999999 (too large for a process id)" },
		{ "2147483648", -ESRCH, "no such process: 2147483648 (too large for a process id)" },
		{ "2147483647", -ESRCH, "no such process: 2147483647" },
		{ "0x10", -EINVAL, "not a process id: 0x10" },
		{ " 1", -ESRCH, "no such process id, unit, container or control group:  1" },
		{ NULL, 0, NULL },
	};
	unsigned i;

	for (i = 0; cases[i].word; i++) {
		cr_expect_eq(chosen(SELECT_WORD, cases[i].word), cases[i].error, "%s", cases[i].word);
		cr_expect_str_eq(complaint, cases[i].complaint);
		cr_expect_eq(snapshot_find_process(&tree.snapshot, 1).at, NO_ROW);
	}
	cr_expect_eq(chosen(SELECT_WORD, "1x"), -EINVAL);
	cr_expect_eq(strncmp(complaint, "not a process id: 1x; near: 1 (", 31), 0, "%s", complaint);
	cr_expect_eq(tree.snapshot.processes.count, 0);
}

Test(select, numbers)
{
	cr_expect_eq(select_number("4242"), 4242);
	cr_expect_eq(select_number("2147483647"), INT32_MAX);
	cr_expect_gt(select_number("2147483648"), INT32_MAX);
	cr_expect_gt(select_number("999999999999999999999999999999"), INT32_MAX);
	cr_expect_eq(select_number(""), -1);
	cr_expect_eq(select_number("0"), -1);
	cr_expect_eq(select_number("+1"), -1);
	cr_expect_eq(select_number("1 "), -1);
}

static void *idle(void *unused)
{
	tree_tell(gettid());
	for (;;)
		pause();
	return unused;
}

Test(select, a_process_and_its_thread_are_one, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();
	struct selector selectors[3] = { { SELECT_WORD, NULL }, { SELECT_WORD, NULL }, { SELECT_WORD, NULL } };
	char texts[2][16];
	pthread_t thread;
	pid_t tid;

	if (pid == 0) {
		pthread_create(&thread, NULL, idle, NULL);
		for (;;)
			pause();
	}
	tid = tree_hear();
	snprintf(texts[0], sizeof(texts[0]), "%d", tid);
	snprintf(texts[1], sizeof(texts[1]), "%d", pid);
	selectors[0].value = texts[0];
	selectors[1].value = selectors[2].value = texts[1];
	cr_assert_eq(select_targets(tree.door, selectors, 3, &tree.snapshot, complaint, sizeof(complaint)), 0);
	cr_expect_eq(tree.snapshot.processes.count, 1);
	cr_expect(is_target(pid));
}

Test(select, zombies_ourselves_and_init, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();

	if (pid == 0)
		_exit(0);
	cr_assert_eq(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	cr_expect_eq(chosen(SELECT_WORD, number_text(pid)), 0);
	cr_expect(is_target(pid));
	cr_expect_eq(chosen(SELECT_WORD, number_text(getpid())), 0);
	cr_expect(is_target(getpid()));
	cr_expect_eq(chosen(SELECT_WORD, "1"), 0);
	cr_expect(is_target(1));
}

Test(select, one_that_was_reaped, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = fork();
	char wanted[64];

	if (pid == 0)
		_exit(0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_eq(chosen(SELECT_WORD, number_text(pid)), -ESRCH);
	snprintf(wanted, sizeof(wanted), "no such process: %d", pid);
	cr_expect_eq(strncmp(complaint, wanted, strlen(wanted)), 0, "%s", complaint);
}

/* In a session of its own: one who leads it, and a child. */
static pid_t session(pid_t *child)
{
	const pid_t pid = tree_fork();

	if (pid == 0) {
		setsid();
		if (tree_fork() == 0)
			tree_stay();
		for (;;)
			pause();
	}
	*child = tree_hear();
	return pid;
}

Test(select, a_session_by_its_uppermost, .init = tree_live, .fini = tree_end)
{
	pid_t child, pid = session(&child);

	cr_assert_eq(chosen(SELECT_SESSION, number_text(pid)), 0, "%s", complaint);
	cr_expect(is_target(pid));
	cr_expect_not(is_target(child));
	cr_expect_eq(tree.snapshot.processes.count, 1);
	cr_expect_eq(chosen(SELECT_SESSION, "2147483647"), -ESRCH);
	cr_expect_str_eq(complaint, "nothing runs in session 2147483647");
	cr_expect_eq(chosen(SELECT_SESSION, "me"), -EINVAL);
	cr_expect_str_eq(complaint, "not a session id: me");
}

Test(select, our_own_session_is_without_us, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();
	int status;

	if (pid == 0) {
		setsid();
		if (chosen(SELECT_SESSION, "self") != -ESRCH)
			_exit(1);
		_exit(strcmp(complaint, "nothing else runs in session self") ? 2 : 0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}

static pid_t program(const char *argument, const char *variable)
{
	char *const arguments[] = { (char *)"cat", (char *)argument, NULL };
	char *const environment[] = { (char *)"A=1", (char *)variable, NULL };
	const pid_t pid = tree_fork();

	if (pid == 0) {
		execve("/bin/cat", arguments, environment);
		_exit(9);
	}
	tree_settle(pid, pid, "wait_for_partner");
	return pid;
}

static void fifo(char path[64])
{
	snprintf(path, 64, "/tmp/test_select.%d", getpid());
	cr_assert_eq(mkfifo(path, 0600), 0);
}

Test(select, by_marker, .init = tree_live, .fini = tree_end)
{
	char path[64], marker[64], other[64];
	pid_t pid;

	fifo(path);
	snprintf(marker, sizeof(marker), "TEST_SELECT=%d", getpid());
	snprintf(other, sizeof(other), "TEST_SELECT=%d0", getpid());
	pid = program(path, marker);
	cr_expect_eq(chosen(SELECT_MARKER, marker), 0, "%s", complaint);
	cr_expect(is_target(pid));
	cr_expect_eq(tree.snapshot.processes.count, 1);
	cr_expect_eq(chosen(SELECT_MARKER, other), -ESRCH);
	cr_expect_eq(chosen(SELECT_MARKER, "TEST_SELECT"), -EINVAL);
	cr_expect_str_eq(complaint, "TEST_SELECT is not set in our own environment: say TEST_SELECT=VALUE");
	cr_expect_eq(chosen(SELECT_MARKER, "TEST_SELECT="), -EINVAL);
	cr_expect_str_eq(complaint, "not NAME=VALUE: TEST_SELECT=");
	setenv("TEST_SELECT", strchr(marker, '=') + 1, 1);
	cr_expect_eq(chosen(SELECT_MARKER, "TEST_SELECT"), 0, "%s", complaint);

	/* The CI runner's is the default. */
	unsetenv("RUNNER_TRACKING_ID");
	unsetenv("CI_JOB_ID");
	setenv("BUILD_ID", "no-such-build", 1);
	cr_expect_eq(select_targets(tree.door, NULL, 0, &tree.snapshot, complaint, sizeof(complaint)), -ESRCH);
	cr_expect_str_eq(complaint, "no other process carries BUILD_ID=no-such-build");
	unlink(path);
}

Test(select, by_command_line, .init = tree_live, .fini = tree_end)
{
	char path[64], pattern[80];
	uint32_t i;
	pid_t pid;

	fifo(path);
	pid = program(path, "B=1");
	snprintf(pattern, sizeof(pattern), "^cat .*test_select\\.%d$", getpid());
	cr_expect_eq(chosen(SELECT_MATCH, pattern), 0, "%s", complaint);
	cr_expect(is_target(pid));
	cr_expect_eq(tree.snapshot.processes.count, 1);
	unlink(path);

	cr_expect_eq(chosen(SELECT_MATCH, "a(b"), -EINVAL);
	cr_expect_eq(strncmp(complaint, "not a regular expression: a(b: ", 31), 0, "%s", complaint);
	cr_expect_eq(chosen(SELECT_MATCH, "no such [c]ommand line anywhere"), -ESRCH);
	cr_expect_str_eq(complaint, "no process matches no such [c]ommand line anywhere");

	/* Whatever it says: never we, nor those we come from. */
	cr_expect_eq(chosen(SELECT_MATCH, "."), 0);
	cr_expect_not(is_target(getpid()));
	cr_expect_not(is_target(getppid()));
	cr_expect_not(is_target(1));
	for (i = 0; i < tree.snapshot.processes.count; i++)
		cr_expect_not(door_is_helper(tree.door, tree.snapshot.processes.row[i].pid));
}

static int listener(int type, char port[16])
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(name);
	const int fd = socket(AF_INET, type, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&name, size), 0);
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	snprintf(port, 16, "%d", ntohs(name.sin_port));
	return fd;
}

Test(select, by_port, .init = tree_live, .fini = tree_end)
{
	const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	char port[16];
	unsigned i;
	pid_t pid;
	int fd;

	for (i = 0; i < 2; i++) {
		fd = listener(types[i], port);
		pid = tree_fork();
		if (pid == 0)
			tree_stay();
		tree_hear();
		close(fd);
		cr_expect_eq(chosen(SELECT_PORT, port), 0, "%s", complaint);
		cr_expect(is_target(pid));
	}
	cr_expect_eq(tree.snapshot.processes.count, 2);
	cr_expect_eq(chosen(SELECT_PORT, "0"), -EINVAL);
	cr_expect_eq(chosen(SELECT_PORT, "65536"), -EINVAL);
	cr_expect_eq(chosen(SELECT_PORT, "http"), -EINVAL);
	cr_expect_str_eq(complaint, "not a port: http (1 to 65535)");
	close(listener(SOCK_STREAM, port));
	cr_expect_eq(chosen(SELECT_PORT, port), -ESRCH);
}

/* ---- terminals ------------------------------------------------------------- */

/* On a terminal of our own: exit status 0 when the choice is as it should be. */
static int on_terminal(bool with_job)
{
	const int master = posix_openpt(O_RDWR | O_NOCTTY);
	pid_t job = -1;
	int slave, r;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 || setsid() < 0)
		return 10;
	slave = open(ptsname(master), O_RDWR);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		return 11;
	if (with_job) {
		job = tree_fork();
		if (job == 0) {
			setpgid(0, 0);
			if (tree_fork() == 0)
				tree_stay();
			for (;;)
				pause();
		}
		tree_hear();
	}
	r = select_targets(tree.door, NULL, 0, &tree.snapshot, complaint, sizeof(complaint));
	if (!with_job)
		return r == -EINVAL && strstr(complaint, "nothing else runs on this terminal") ? 0 : 1;
	return r == 0 && is_target(job) && tree.snapshot.processes.count == 1 ? 0 : 2;
}

static int status_of(bool with_job)
{
	const pid_t pid = tree_fork();
	int status;

	if (pid == 0) {
		unsetenv("RUNNER_TRACKING_ID");
		unsetenv("BUILD_ID");
		unsetenv("CI_JOB_ID");
		_exit(on_terminal(with_job));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

Test(select, the_jobs_of_this_terminal, .init = tree_live, .fini = tree_end)
{
	cr_expect_eq(status_of(true), 0);
	cr_expect_eq(status_of(false), 0);
}

Test(select, no_terminal_no_target, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();
	int status;

	if (pid == 0) {
		setsid();
		unsetenv("RUNNER_TRACKING_ID");
		unsetenv("BUILD_ID");
		unsetenv("CI_JOB_ID");
		if (select_targets(tree.door, NULL, 0, &tree.snapshot, complaint, sizeof(complaint)) != -EINVAL)
			_exit(1);
		_exit(strcmp(complaint, "no target: name a process id (we have no terminal)") ? 2 : 0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}

/* ---- control groups and names ---------------------------------------------- */

static bool below(const char *text, const char *path)
{
	return cgroup_is_below(text, strlen(text), path);
}

Test(select, below_a_control_group)
{
	static const char both[] = "7:memory:/a/b\n5:cpu,cpuacct:/c\n1:name=systemd:/system.slice/x.service\n0::/u/v\n";

	cr_expect(below(both, "/a/b"));
	cr_expect(below(both, "/a"));
	cr_expect(below(both, "/a/"));
	cr_expect_not(below(both, "/a/b/c"));
	cr_expect_not(below(both, "/a/bc"));
	cr_expect_not(below(both, "/b"));
	cr_expect(below(both, "/sys/fs/cgroup/memory/a"));
	cr_expect_not(below(both, "/sys/fs/cgroup/memory/c"));
	cr_expect(below(both, "/sys/fs/cgroup/cpu,cpuacct/c"));
	cr_expect(below(both, "/sys/fs/cgroup/systemd/system.slice"));
	cr_expect(below(both, "/sys/fs/cgroup/unified/u/v"));
	cr_expect_not(below(both, "/sys/fs/cgroup/unified/u/v/w"));
	cr_expect(below("0::/u/v\n", "/sys/fs/cgroup/u"));
	cr_expect(below("0::/\n", "/"));
	cr_expect(below("0::/\n", "/sys/fs/cgroup"));
	cr_expect(below("0::/\n", "/sys/fs/cgroup/"));
	cr_expect_not(below("0::/\n", "/u"));
	cr_expect_not(below("", "/"));
	cr_expect_not(below("nonsense\n", "/"));
}

static bool named(const char *text, const char *word)
{
	return cgroup_is_named(text, strlen(text), word);
}

#define ID "4f9c0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7"

Test(select, units_containers_and_leaves)
{
	static const char unit[] = "0::/system.slice/nginx.service/sub\n";

	cr_expect(named(unit, "nginx"));
	cr_expect(named(unit, "nginx.service"));
	cr_expect(named(unit, "sub"));
	cr_expect(named(unit, "system.slice"));
	cr_expect(named(unit, "system"));
	cr_expect_not(named(unit, "ngin"));
	cr_expect_not(named(unit, "nginx.serv"));
	cr_expect_not(named(unit, ""));
	cr_expect(named("0::/system.slice/docker-" ID ".scope\n", "4f9c0a1b2c3d"));
	cr_expect(named("0::/system.slice/docker-" ID ".scope\n", ID));
	cr_expect_not(named("0::/system.slice/docker-" ID ".scope\n", "4f9c0a1b2c3"));
	cr_expect_not(named("0::/system.slice/docker-" ID ".scope\n", ID "0"));
	cr_expect(named("7:memory:/docker/" ID "\n0::/\n", "4f9c0a1b2c3d"));
	cr_expect(named("0::/kubepods.slice/pod1/cri-containerd-" ID ".scope\n", "4f9c0a1b2c3d"));
	cr_expect_not(named("0::/x/4f9c0a1b2c3d4e\n", "4f9c0a1b2c3d"));
	cr_expect_not(named("0::/\n", "x"));
	cr_expect_not(named("", "x"));
}

static const struct being beings[] = {
	{ 1, 0, 1, 1, 0, 1, "systemd", "" },
	{ 30, 1, 30, 30, 0, 3, "nginx", "" },
	{ 31, 30, 30, 30, 0, 3, "nginx", "" },
	{ 32, 1, 32, 32, 0, 3, "python3", "" },
	{ 4242, 1, 33, 33, 0, 3, "redis-server", "" },
	{ 0, 0, 0, 0, 0, 0, NULL, NULL },
};

Test(select, recorded_units, .init = tree_recorded, .fini = tree_end)
{
	tree_record(beings);
	tree_put_text("30/cgroup", "0::/system.slice/nginx.service\n");
	tree_put_text("31/cgroup", "0::/system.slice/nginx.service\n");
	tree_put_text("32/cgroup", "0::/user.slice\n");
	cr_expect_eq(chosen(SELECT_WORD, "nginx"), 0, "%s", complaint);
	cr_expect(is_target(30));
	cr_expect_eq(tree.snapshot.processes.count, 1);
	cr_expect_eq(chosen(SELECT_CGROUP, "/user.slice"), 0, "%s", complaint);
	cr_expect(is_target(32));
	cr_expect_eq(chosen(SELECT_CGROUP, "/other.slice"), -ESRCH);
	cr_expect_str_eq(complaint, "no process in control group /other.slice");
	cr_expect_eq(chosen(SELECT_CGROUP, "user.slice"), -EINVAL);
}

Test(select, who_may_have_been_meant, .init = tree_recorded, .fini = tree_end)
{
	tree_record(beings);
	cr_expect_eq(chosen(SELECT_WORD, "pyton3"), -ESRCH);
	cr_expect_str_eq(complaint, "no such process id, unit, container or control group: pyton3; near: 32 (python3)");
	cr_expect_eq(chosen(SELECT_WORD, "nginx"), -ESRCH);
	cr_expect_str_eq(complaint,
			 "no such process id, unit, container or control group: nginx; near: 30 (nginx), 31 (nginx)");
	cr_expect_eq(chosen(SELECT_WORD, "4224"), -ESRCH);
	cr_expect_str_eq(complaint, "no such process: 4224; near: 4242 (redis-server)");
	cr_expect_eq(chosen(SELECT_WORD, "30x"), -EINVAL);
	cr_expect_str_eq(complaint, "not a process id: 30x; near: 30 (nginx)");
	cr_expect_eq(chosen(SELECT_WORD, "zzzzzz"), -ESRCH);
	cr_expect_str_eq(complaint, "no such process id, unit, container or control group: zzzzzz");
	cr_expect_eq(tree.snapshot.processes.count, 0);
}

Test(select, hidden_processes_are_no_ghosts, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();
	char wanted[128];

	if (pid == 0)
		tree_stay();
	tree_hear();
	door_inject(tree.door, "/stat", ENOENT);
	cr_expect_eq(chosen(SELECT_WORD, number_text(pid)), -EACCES);
	snprintf(wanted, sizeof(wanted), "process %d is hidden from us", pid);
	cr_expect_eq(strncmp(complaint, wanted, strlen(wanted)), 0, "%s", complaint);
}
