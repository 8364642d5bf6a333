/* SPDX-License-Identifier: MIT */
/*
 * Keeps one scenario: starts it in a session of its own, is the reaper of whatever
 * it leaves behind, and ends all of it when told to, when its time is up, or when
 * the runner dies.
 *
 *	keeper --hello FILE [--uid UID] [--enter CGROUP.PROCS]... [--undo SCRIPT]
 *	       [--remove DIRECTORY] [--limit SECONDS] [--favour] -- PROGRAM ARGUMENTS
 *
 * Nothing but a direct child is ever signalled: until we reap it, its pid is its own.
 * Orphans become our children, since we are a subreaper, so killing generation after
 * generation ends with nobody left.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENTER_MOST = 4, END_MS = 10000, UNDO_MS = 8000, STEP_MS = 10 };

struct plan {
	const char *hello, *undo, *remove;
	const char *enter[ENTER_MOST];
	int enters;
	long uid, limit_s;
	bool favour;
	char **argv;
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

static void pause_ms(long ms)
{
	struct timespec rest = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&rest, NULL);
}

static void say_role(const char *path, const char *name, pid_t pid)
{
	char line[64];
	int fd, length;

	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		err(1, "%s", path);
	length = snprintf(line, sizeof(line), "role %s %d\n", name, (int)pid);
	if (write(fd, line, length) != length)
		err(1, "%s", path);
	close(fd);
}

static void enter_group(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		err(126, "%s", path);
	close(fd);
}

/* Before all others: it is to be what it is on an idle machine, on a busy one too. */
static void favour(void)
{
	int fd;

	setpriority(PRIO_PROCESS, 0, -15);
	fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC); /* where sessions share, nice counts within one only */
	if (fd >= 0 && write(fd, "-15", 3) != 3)
		warn("autogroup");
	if (fd >= 0)
		close(fd);
}

static void become(const struct plan *plan)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t none;
	int i;

	setsid();
	for (i = 0; i < plan->enters; i++)
		enter_group(plan->enter[i]);
	setrlimit(RLIMIT_CORE, &no_core);
	if (plan->favour)
		favour();
	if (plan->uid > 0 &&
	    (setgroups(0, NULL) || setresgid(plan->uid, plan->uid, plan->uid) ||
	     setresuid(plan->uid, plan->uid, plan->uid)))
		err(126, "uid %ld", plan->uid);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(plan->argv[0], plan->argv);
	err(127, "%s", plan->argv[0]);
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Parent of a process by its stat: "4242 (a) b) S 4241 ..."; comm may hold anything. */
static pid_t parent_of(const char *pid)
{
	char path[64], text[512], *at;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return -1;
	text[length] = '\0';
	at = strrchr(text, ')');
	return at && at[1] && at[2] ? (pid_t)atoi(at + 4) : -1;
}

/* Send to every direct child; how many there are.  With name: say who they are. */
static int each_child(int signal, bool name)
{
	struct dirent *entry;
	pid_t self = getpid();
	int count = 0;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return -1;
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || parent_of(entry->d_name) != self)
			continue;
		count++;
		if (name)
			warnx("still there: %s", entry->d_name);
		kill(atoi(entry->d_name), signal);
	}
	closedir(proc);
	return count;
}

static void run_undo(const char *script)
{
	long end = now_ms() + UNDO_MS;
	pid_t child = fork();
	sigset_t none;

	if (child == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	while (child > 0 && now_ms() < end) {
		if (waitpid(child, NULL, WNOHANG) == child)
			return;
		pause_ms(STEP_MS);
	}
}

/* An emptied control group stays busy for a moment. */
static int remove_group(const char *path)
{
	int i;

	for (i = 0; path && rmdir(path) && errno == EBUSY && i < 100; i++)
		pause_ms(STEP_MS);
	return 0;
}

static int end_all(const struct plan *plan)
{
	long end = now_ms() + END_MS;

	if (plan->undo)
		run_undo(plan->undo);
	while (now_ms() < end) {
		if (each_child(SIGKILL, false) == 0)
			return remove_group(plan->remove);
		pause_ms(STEP_MS);
		reap();
	}
	each_child(SIGKILL, true);
	return 1;
}

static int keep(const struct plan *plan, const sigset_t *wanted)
{
	long end = now_ms() + plan->limit_s * 1000;

	for (;;) {
		long left = end - now_ms();
		struct timespec rest = { left / 1000, left % 1000 * 1000000L };
		int got;

		if (left <= 0)
			break;
		got = sigtimedwait(wanted, NULL, &rest);
		if (got == SIGCHLD)
			reap();
		else if (got > 0 || errno != EINTR)
			break;
	}
	return end_all(plan);
}

static void parse(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
		{ "hello", required_argument, NULL, 'h' }, { "uid", required_argument, NULL, 'u' },
		{ "enter", required_argument, NULL, 'e' }, { "undo", required_argument, NULL, 'x' },
		{ "limit", required_argument, NULL, 'l' }, { "remove", required_argument, NULL, 'r' },
		{ "favour", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'h': plan->hello = optarg; break;
		case 'u': plan->uid = atol(optarg); break;
		case 'x': plan->undo = optarg; break;
		case 'f': plan->favour = true; break;
		case 'r': plan->remove = optarg; break;
		case 'l': plan->limit_s = atol(optarg); break;
		case 'e':
			if (plan->enters == ENTER_MOST)
				errx(2, "too many --enter");
			plan->enter[plan->enters++] = optarg;
			break;
		default: exit(2);
		}
	}
	if (!plan->hello || optind == argc)
		errx(2, "usage: keeper --hello FILE [options] -- PROGRAM ARGUMENTS");
	plan->argv = argv + optind;
}

int main(int argc, char **argv)
{
	struct plan plan = { .limit_s = 300 };
	pid_t runner = getppid(), child;
	sigset_t wanted;

	parse(argc, argv, &plan);
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGHUP);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || prctl(PR_SET_PDEATHSIG, SIGTERM))
		err(1, "prctl");
	if (getppid() != runner)
		return 1;
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (child == 0) {
		say_role(plan.hello, "top", getpid());
		become(&plan);
	}
	return keep(&plan, &wanted);
}
