/* SPDX-License-Identifier: MIT */
#include "door.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bounds.h"
#include "identity.h"

#define MS INT64_C(1000000)
#define NO_DEADLINE INT64_MAX

enum { KEPT = 64 };

/* What was answered, in order. */
static struct { int sight, error; size_t length; char bytes[64]; } kept[KEPT];
static size_t answers;
static struct door *door;
static char root[64];

static int keep(void *context, size_t which, const struct answer *answer)
{
	size_t some = answer->length < sizeof(kept[0].bytes) - 1 ? answer->length : sizeof(kept[0].bytes) - 1;
	(void)context;

	cr_assert_eq(which, answers, "in order, each once");
	cr_assert(answer->bytes);
	cr_assert_eq(((const char *)answer->bytes)[answer->length], '\0');
	if (which < KEPT) {
		kept[which].sight = answer->sight;
		kept[which].error = answer->error;
		kept[which].length = answer->length;
		memset(kept[which].bytes, 0, sizeof(kept[which].bytes));
		memcpy(kept[which].bytes, answer->bytes, some);
	}
	answers++;
	return 0;
}

static void ask(const struct question *questions, size_t count)
{
	answers = 0;
	cr_assert_eq(door_ask(door, questions, count, BOUND_ASK_MS, NO_DEADLINE, keep, NULL), 0);
	cr_assert_eq(answers, count);
}

static void live(void)
{
	cr_assert_eq(door_open("/proc", &door), 0);
}

static void recorded(void)
{
	snprintf(root, sizeof(root), "/tmp/test_ask.XXXXXX");
	cr_assert(mkdtemp(root));
	cr_assert_eq(door_open(root, &door), 0);
}

static void end(void)
{
	char command[128];

	door = door_close(door);
	if (!root[0])
		return;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

static void put(const char *name, const char *bytes)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	cr_assert(file);
	fputs(bytes, file);
	fclose(file);
}

static void fifo(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	cr_assert_eq(mkfifo(path, 0600), 0);
}

/* The only child of ours that has no exit signal; 0 none. */
static pid_t helper_pid(void)
{
	char path[64], name[32] = "";
	pid_t pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)syscall(SYS_gettid));
	file = fopen(path, "r");
	cr_assert(file);
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	fclose(file);
	if (!pid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "r");
	cr_assert(file && fgets(name, sizeof(name), file));
	fclose(file);
	cr_assert_str_eq(name, "wedge-helper\n");
	return pid;
}

static const struct question good = { .ask = ASK_FILE, .pid = 1, .path = "good", .limit = 100 };
static const struct question stuck = { .ask = ASK_FILE, .pid = 2, .path = "fifo", .limit = 100 };

Test(ask, files_links_and_stat, .init = recorded, .fini = end)
{
	struct question questions[] = {
		good,
		{ .ask = ASK_FILE, .pid = 1, .path = "good", .limit = 3 },
		{ .ask = ASK_FILE, .pid = 1, .path = "good", .limit = 5 },
		{ .ask = ASK_FILE, .pid = 1, .path = "none", .limit = 100 },
		{ .ask = ASK_FILE, .pid = 1, .path = "link", .limit = 100 },
		{ .ask = ASK_LINK, .pid = 1, .path = "link" },
		{ .ask = ASK_LINK, .pid = 1, .path = "link", .limit = 2 },
		{ .ask = ASK_STAT, .pid = 1, .path = "link" },
	};
	struct stat status;
	char path[128];

	put("good", "hello");
	snprintf(path, sizeof(path), "%s/link", root);
	cr_assert_eq(symlink("good", path), 0);
	ask(questions, sizeof(questions) / sizeof(*questions));
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_str_eq(kept[0].bytes, "hello");
	cr_assert_eq(kept[1].sight, SIGHT_CUT);
	cr_assert_str_eq(kept[1].bytes, "hel");
	cr_assert_eq(kept[2].sight, SIGHT_OK, "exactly as much as asked");
	cr_assert_eq(kept[3].sight, SIGHT_GONE);
	cr_assert_eq(kept[3].error, ENOENT);
	cr_assert_eq(kept[4].error, ELOOP, "nothing is opened through a link");
	cr_assert_str_eq(kept[5].bytes, "good");
	cr_assert_eq(kept[6].sight, SIGHT_CUT);
	cr_assert_str_eq(kept[6].bytes, "go");
	cr_assert_eq(kept[7].length, sizeof(status));
}

Test(ask, a_stuck_question_costs_only_its_process, .init = recorded, .fini = end, .timeout = 20)
{
	struct question questions[300];
	int64_t before;
	size_t i;

	put("good", "hello");
	fifo("fifo");
	for (i = 0; i < 300; i++)
		questions[i] = i % 3 == 1 ? stuck : good;
	before = door_now_ns();
	ask(questions, 300);
	cr_assert_geq(door_now_ns() - before, BOUND_ASK_MS * MS);
	cr_assert_lt(door_now_ns() - before, 4 * BOUND_ASK_MS * MS, "one deadline, not a hundred");
	for (i = 0; i < KEPT; i++) {
		cr_assert_eq(kept[i].sight, i % 3 == 1 ? SIGHT_TIMEOUT : SIGHT_OK, "%zu", i);
		cr_assert_str_eq(kept[i].bytes, i % 3 == 1 ? "" : "hello");
	}
	before = door_now_ns();
	ask(&stuck, 1);
	cr_assert_eq(kept[0].sight, SIGHT_TIMEOUT, "nor asked again");
	cr_assert_lt(door_now_ns() - before, BOUND_ASK_MS * MS / 2);
}

Test(ask, many_stuck_processes_end_in_a_bound, .init = recorded, .fini = end, .timeout = 30)
{
	struct question questions[KEPT];
	size_t i;

	put("good", "hello");
	fifo("fifo");
	for (i = 0; i < KEPT; i++) {
		questions[i] = stuck;
		questions[i].pid = i + 1;
	}
	answers = 0;
	cr_assert_eq(door_ask(door, questions, KEPT, 5, NO_DEADLINE, keep, NULL), 0);
	cr_assert_eq(answers, KEPT);
	for (i = 0; i < KEPT; i++)
		cr_assert_eq(kept[i].sight, i < BOUND_HELPERS_LOST ? SIGHT_TIMEOUT : SIGHT_CUT, "%zu", i);
	usleep(50000);
	ask(&good, 1);
	cr_assert_eq(kept[0].sight, SIGHT_TIMEOUT, "pid 1 missed");
	cr_assert_eq(helper_pid(), 0, "all were killed, none is left, none is a zombie");
}

Test(ask, the_deadline_of_the_round_cuts, .init = recorded, .fini = end, .timeout = 20)
{
	struct question questions[] = { good, stuck, good, good };
	int64_t before = door_now_ns();

	put("good", "hello");
	fifo("fifo");
	answers = 0;
	cr_assert_eq(door_ask(door, questions, 4, 10000, before + 100 * MS, keep, NULL), 0);
	cr_assert_lt(door_now_ns() - before, 1000 * MS);
	cr_assert_eq(answers, 4);
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_eq(kept[1].sight, SIGHT_CUT, "its own deadline had not passed");
	cr_assert_eq(kept[3].sight, SIGHT_CUT);
	ask(&good, 1);
	cr_assert_eq(kept[0].sight, SIGHT_OK, "the next round works");
}

Test(ask, a_helper_that_dies_costs_one_question, .init = recorded, .fini = end, .timeout = 20)
{
	struct question questions[] = { good, stuck, good, stuck };
	pid_t pid, killer;
	siginfo_t info;

	put("good", "hello");
	fifo("fifo");
	ask(&good, 1);
	pid = helper_pid();
	cr_assert_gt(pid, 0);
	killer = fork();
	if (killer == 0) {
		usleep(60000);
		kill(pid, SIGKILL);
		_exit(0);
	}
	ask(questions, 4);
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_eq(kept[1].sight, SIGHT_STRANGE);
	cr_assert_eq(kept[1].error, ECHILD);
	cr_assert_eq(kept[2].sight, SIGHT_OK);
	cr_assert_eq(kept[3].sight, SIGHT_TIMEOUT, "it was asked again, with a new helper");
	cr_assert_eq(waitid(P_ALL, 0, &info, WEXITED), 0);
	cr_assert_eq(info.si_pid, killer, "helpers are nobody's but the door's to wait for");
	cr_assert_eq(waitid(P_ALL, 0, &info, WEXITED), -1);
}

static int stop_at_two(void *context, size_t which, const struct answer *answer)
{
	(void)context;
	(void)answer;
	return which == 2 ? -ENOSPC : 0;
}

Test(ask, answer_can_end_the_round, .init = recorded, .fini = end)
{
	struct question questions[] = { good, good, good, good };

	put("good", "hello");
	cr_assert_eq(door_ask(door, questions, 4, BOUND_ASK_MS, NO_DEADLINE, stop_at_two, NULL), -ENOSPC);
	ask(questions, 4);
	cr_assert_str_eq(kept[3].bytes, "hello");
}

Test(ask, more_than_a_batch_and_longer_than_its_room, .init = recorded, .fini = end, .timeout = 30)
{
	static char big[2 << 20];
	struct question *questions = calloc(3000, sizeof(*questions));
	size_t i;

	memset(big, 'x', sizeof(big) - 1);
	put("good", "hello");
	put("big", big);
	for (i = 0; i < 3000; i++)
		questions[i] = good;
	ask(questions, 3000);
	for (i = 0; i < 20; i++)
		questions[i] = (struct question){ .ask = ASK_FILE, .pid = 1, .path = i % 5 ? "big" : "good" };
	ask(questions, 20);
	for (i = 0; i < 20; i++) {
		cr_assert_eq(kept[i].sight, SIGHT_OK);
		cr_assert_eq(kept[i].length, i % 5 ? sizeof(big) - 1 : 5);
	}
	memset(big, 'p', sizeof(big) - 1);
	questions[1].path = big;
	ask(questions, 3);
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_eq(kept[1].error, E2BIG);
	cr_assert_eq(kept[2].sight, SIGHT_OK);
	free(questions);
}

Test(ask, injected_errors_reach_both_leaves, .init = live, .fini = end)
{
	char status[32];
	struct question questions[] = {
		{ .ask = ASK_FILE, .pid = getpid(), .path = status, .limit = 4096 },
		{ .ask = ASK_MEMORY, .pid = getpid(), .address = (uintptr_t)questions, .limit = 8 },
		{ .ask = ASK_KCMP, .pid = getpid(), .other_pid = getpid(), .number = { KCMP_VM } },
	};

	snprintf(status, sizeof(status), "%d/syscall", getpid());
	ask(questions, 3);
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_eq(kept[1].sight, SIGHT_OK);
	door_inject(door, "/syscall", EPERM);
	door_inject(door, "/memory", ESRCH);
	ask(questions, 3);
	cr_assert_eq(kept[0].sight, SIGHT_DENIED);
	cr_assert_eq(kept[0].error, EPERM);
	cr_assert_eq(kept[1].sight, SIGHT_GONE);
	cr_assert_eq(kept[2].sight, SIGHT_OK);
	door_inject(door, "/kcmp", EMFILE);
	answers = 0;
	cr_assert_eq(door_ask(door, questions, 3, BOUND_ASK_MS, NO_DEADLINE, keep, NULL), -EMFILE);
}

/* ---- the helper itself ----------------------------------------------------- */

Test(helper, holds_nothing_of_ours, .init = live, .fini = end)
{
	struct question question = { .ask = ASK_FILE, .pid = 1, .path = "uptime", .limit = 100 };
	const int32_t *numbers;
	const char *link;
	size_t count, length, i;
	int error, ends[2];
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	ask(&question, 1);
	pid = helper_pid();
	cr_assert_gt(pid, 0);
	if (geteuid() != 0) {
		cr_assert_eq(door_list(door, &numbers, &count, &error, "%d/fd", pid), SIGHT_DENIED);
		cr_skip_test("what a helper read is private: only root can look");
	}
	cr_assert_eq(door_list(door, &numbers, &count, &error, "%d/fd", pid), 0);
	cr_assert_eq(count, 4);
	for (i = 0; i < 4; i++) {
		cr_assert_eq(door_link(door, &link, &length, &error, "%d/fd/%zu", pid, i), 0);
		cr_assert_str_eq(link, i < 3 ? "/dev/null" : "/proc");
	}
	cr_assert_eq(door_link(door, &link, &length, &error, "%d/cwd", pid), 0);
	cr_assert_str_eq(link, "/");
	cr_assert_gt(door_helper_cpu_ns(door), 0);
}

Test(helper, dies_with_us, .init = live, .fini = end, .timeout = 20)
{
	struct question question = { .ask = ASK_FILE, .pid = 1, .path = "uptime", .limit = 100 };
	int ends[2], tries;
	pid_t parent, pid = 0;
	char path[32];

	cr_assert_eq(pipe(ends), 0);
	parent = fork();
	if (parent == 0) {
		live();
		ask(&question, 1);
		pid = helper_pid();
		if (write(ends[1], &pid, sizeof(pid)) < 0)
			_exit(1);
		pause();
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	cr_assert_eq(kill(pid, 0), 0);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	for (tries = 0; tries < 100 && access(path, F_OK) == 0; tries++)
		usleep(10000);
	cr_assert_lt(tries, 100, "an exited process has no exe");
	cr_assert_eq(read(ends[0], &pid, sizeof(pid)), 0, "nor kept it the pipe");
}

Test(helper, comes_and_goes_without_a_trace, .init = live, .fini = end, .timeout = 30)
{
	struct question question = { .ask = ASK_FILE, .pid = 1, .path = "uptime", .limit = 100 };
	int before = dup(2), after, i;

	close(before);
	for (i = 0; i < 100; i++) {
		struct door *kept_open = door;

		live();
		ask(&question, 1);
		door_close(door);
		door = kept_open;
		cr_assert_eq(helper_pid(), 0);
	}
	after = dup(2);
	cr_assert_eq(after, before);
	close(after);
	cr_assert_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	cr_assert_eq(errno, ECHILD);
}

/* ---- questions to a live target -------------------------------------------- */

struct target {
	pid_t pid;
	char *page, *absent;      /* in its memory: resident; not */
	int pipe[2], unix_pair[2], tcp, file;
};
static struct target target;

static void target_start(void)
{
	const struct timeval receive = { .tv_sec = 7, .tv_usec = 250000 };
	size_t size = getpagesize();

	live();
	target.page = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	target.absent = target.page + size;
	strcpy(target.page, "here I am");
	strcpy(target.absent - 4, "end");
	cr_assert_eq(pipe(target.pipe), 0);
	cr_assert_eq(write(target.pipe[1], "12345", 5), 5);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, target.unix_pair), 0);
	cr_assert_eq(setsockopt(target.unix_pair[0], SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof(receive)), 0);
	target.tcp = socket(AF_INET, SOCK_STREAM, 0);
	target.file = open("/dev/null", O_RDONLY);
	target.pid = fork();
	if (target.pid == 0)
		for (;;)
			pause();
}

static void target_end(void)
{
	kill(target.pid, SIGKILL);
	waitpid(target.pid, NULL, 0);
	end();
}

Test(target, memory, .init = target_start, .fini = target_end)
{
	struct question questions[] = {
		{ .ask = ASK_MEMORY, .pid = target.pid, .tid = target.pid, .address = (uintptr_t)target.page, .limit = 10 },
		{ .ask = ASK_MEMORY, .pid = target.pid, .address = (uintptr_t)target.absent, .limit = 10 },
		{ .ask = ASK_MEMORY, .pid = target.pid, .address = (uintptr_t)target.absent - 4, .limit = 10 },
		{ .ask = ASK_MEMORY, .pid = target.pid, .address = 8, .limit = 10 },
		{ .ask = ASK_MEMORY, .pid = target.pid, .address = UINT64_MAX - 4, .limit = 10 },
		{ .ask = ASK_MEMORY, .pid = target.pid, .address = (uintptr_t)target.page, .limit = 0 },
		{ .ask = ASK_MEMORY, .pid = target.pid, .address = UINT64_C(1) << 63, .limit = 10 },
		{ .ask = ASK_MEMORY, .pid = getpid(), .address = (uintptr_t)&questions, .limit = 4 },
	};

	ask(questions, 8);
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_str_eq(kept[0].bytes, "here I am");
	cr_assert_eq(kept[1].sight, SIGHT_GONE, "not resident");
	cr_assert_eq(kept[2].sight, SIGHT_CUT);
	cr_assert_eq(kept[2].length, 4);
	cr_assert_str_eq(kept[2].bytes, "end");
	cr_assert_eq(kept[3].sight, SIGHT_GONE, "not mapped");
	cr_assert_eq(kept[4].sight, SIGHT_STRANGE, "wraps");
	cr_assert_eq(kept[5].sight, SIGHT_STRANGE);
	cr_assert_eq(kept[6].sight, SIGHT_GONE);
	cr_assert_eq(kept[7].sight, SIGHT_OK, "another process, so another pagemap");
	cr_assert_eq(*(int *)kept[7].bytes, ASK_MEMORY);
}

Test(target, memory_after_exec_is_the_new_one, .init = live, .fini = end, .timeout = 20)
{
	struct question question = { .ask = ASK_MEMORY, .limit = 8 };
	char go, path[32], line[256];
	int ends[2], tries;
	unsigned long at;
	FILE *maps;

	cr_assert_eq(pipe(ends), 0);
	question.pid = fork();
	if (question.pid == 0) {
		if (read(ends[0], &go, 1) == 1)
			execlp("sleep", "sleep", "100", NULL);
		_exit(1);
	}
	question.address = (uintptr_t)&question;
	ask(&question, 1);
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_eq(write(ends[1], "g", 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/comm", question.pid);
	for (tries = 0; tries < 500; tries++) {
		maps = fopen(path, "r");
		cr_assert(maps && fgets(line, sizeof(line), maps));
		fclose(maps);
		if (strcmp(line, "sleep\n") == 0)
			break;
		usleep(10000);
	}
	usleep(50000);
	snprintf(path, sizeof(path), "/proc/%d/maps", question.pid);
	maps = fopen(path, "r");
	cr_assert(maps);
	cr_assert(fgets(line, sizeof(line), maps));
	fclose(maps);
	cr_assert_eq(sscanf(line, "%lx-", &at), 1);
	question.address = at; /* its ELF header */
	ask(&question, 1);
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_arr_eq(kept[0].bytes, "\177ELF", 4);
	kill(question.pid, SIGKILL);
	waitpid(question.pid, NULL, 0);
}

Test(target, kcmp, .init = target_start, .fini = target_end)
{
	struct question questions[] = {
		{ .ask = ASK_KCMP, .pid = target.pid, .other_pid = getpid(),
		  .number = { KCMP_FILE, target.pipe[0], target.pipe[0] } },
		{ .ask = ASK_KCMP, .pid = target.pid, .other_pid = getpid(),
		  .number = { KCMP_FILE, target.pipe[0], target.pipe[1] } },
		{ .ask = ASK_KCMP, .pid = target.pid, .other_pid = getpid(), .number = { KCMP_FILE, 999, 999 } },
		{ .ask = ASK_KCMP, .pid = target.pid, .other_pid = getpid(), .number = { KCMP_FILES } },
	};

	ask(questions, 4);
	if (kept[0].sight == SIGHT_UNSUPPORTED)
		cr_skip_test("no kcmp(2) in this kernel");
	cr_assert_eq(kept[0].sight, SIGHT_OK);
	cr_assert_eq(*(int32_t *)kept[0].bytes, 0);
	cr_assert_neq(*(int32_t *)kept[1].bytes, 0);
	cr_assert_eq(kept[2].sight, SIGHT_STRANGE);
	cr_assert_eq(kept[2].error, EBADF);
	cr_assert_neq(*(int32_t *)kept[3].bytes, 0, "after fork the tables are two");
}

Test(target, pipes_and_timeouts, .init = target_start, .fini = target_end)
{
	struct question questions[] = {
		{ .ask = ASK_PIPE, .pid = target.pid, .number = { target.pipe[0] } },
		{ .ask = ASK_PIPE, .pid = target.pid, .number = { target.pipe[1] } },
		{ .ask = ASK_PIPE, .pid = target.pid, .number = { target.file } },
		{ .ask = ASK_PIPE, .pid = target.pid, .number = { 999 } },
		{ .ask = ASK_TIMEOUTS, .pid = target.pid, .number = { target.unix_pair[0] } },
		{ .ask = ASK_TIMEOUTS, .pid = target.pid, .number = { target.tcp } },
		{ .ask = ASK_TIMEOUTS, .pid = target.pid, .number = { target.pipe[0] } },
	};
	const struct pipe_level *level;
	const struct socket_timeouts *timeouts;

	ask(questions, 7);
	for (int i = 0; i < 2; i++) {
		level = (const void *)kept[i].bytes;
		cr_assert_eq(kept[i].sight, SIGHT_OK);
		cr_assert_eq(level->readable, 5);
		cr_assert_geq(level->size, 4096);
	}
	cr_assert_eq(kept[2].sight, SIGHT_MOVED, "no pipe");
	cr_assert_eq(kept[3].sight, SIGHT_GONE);
	timeouts = (const void *)kept[4].bytes;
	cr_assert_eq(kept[4].sight, SIGHT_OK);
	cr_assert(timeouts->receive_ms > 7200 && timeouts->receive_ms < 7300, "to a jiffy");
	cr_assert_eq(timeouts->send_ms, 0);
	cr_assert_eq(kept[5].sight, SIGHT_UNSUPPORTED, "tcp may wait for its lock");
	cr_assert_eq(kept[6].sight, SIGHT_MOVED, "no socket");
}

Test(target, gone, .init = target_start, .fini = end)
{
	char path[32];
	struct question questions[] = {
		{ .ask = ASK_FILE, .pid = target.pid, .path = path },
		{ .ask = ASK_MEMORY, .pid = target.pid, .address = (uintptr_t)target.page, .limit = 8 },
		{ .ask = ASK_KCMP, .pid = target.pid, .other_pid = getpid(), .number = { KCMP_VM } },
		{ .ask = ASK_PIPE, .pid = target.pid, .number = { target.pipe[0] } },
		{ .ask = ASK_DIAG, .pid = target.pid, .path = "", .limit = 0 },
	};
	size_t i;

	snprintf(path, sizeof(path), "%d/syscall", target.pid);
	kill(target.pid, SIGKILL);
	waitpid(target.pid, NULL, 0);
	ask(questions, 5);
	for (i = 0; i < 5; i++)
		if (kept[i].sight != SIGHT_UNSUPPORTED)
			cr_assert_eq(kept[i].sight, SIGHT_GONE, "%zu", i);
}

/* ---- sock_diag ------------------------------------------------------------- */

struct request { struct nlmsghdr head; struct inet_diag_req_v2 body; };

static struct request dump_of_listeners(void)
{
	return (struct request){
		.head = { .nlmsg_len = sizeof(struct request), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1 },
		.body = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1 << 10 },
	};
}

struct seen { size_t sockets, ended, errors; uint16_t port; bool found; };

static int count_sockets(void *context, size_t which, const struct answer *answer)
{
	struct seen *seen = context;
	const char *bytes = answer->bytes;
	struct inet_diag_msg message;
	struct nlmsghdr head;
	size_t at;
	(void)which;

	cr_assert_eq(answer->sight, SIGHT_OK, "error %d", answer->error);
	for (at = 0; at + sizeof(head) <= answer->length; at += NLMSG_ALIGN(head.nlmsg_len)) {
		memcpy(&head, bytes + at, sizeof(head));
		seen->ended += head.nlmsg_type == NLMSG_DONE;
		seen->errors += head.nlmsg_type == NLMSG_ERROR;
		if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
			continue;
		seen->sockets++;
		memcpy(&message, bytes + at + sizeof(head), sizeof(message));
		seen->found |= ntohs(message.id.idiag_sport) == seen->port;
	}
	return 0;
}

static uint16_t listener(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

Test(ask_diag, dumps_and_single_answers, .init = live, .fini = end)
{
	struct request dump = dump_of_listeners(), single = dump_of_listeners();
	struct question questions[] = {
		{ .ask = ASK_DIAG, .path = &dump, .limit = sizeof(dump) },
		{ .ask = ASK_DIAG, .path = &single, .limit = sizeof(single) },
		{ .ask = ASK_DIAG, .path = &dump, .limit = sizeof(dump), .pid = getpid() },
	};
	struct seen seen = { .port = listener() };

	single.head.nlmsg_flags = NLM_F_REQUEST;
	single.body.id.idiag_sport = htons(1);
	cr_assert_eq(door_ask(door, questions, 3, BOUND_ASK_MS, NO_DEADLINE, count_sockets, &seen), 0);
	cr_assert_geq(seen.sockets, 2);
	cr_assert_eq(seen.ended, 2);
	cr_assert_eq(seen.errors, 1, "no such socket");
	cr_assert(seen.found);
}

Test(ask_diag, another_namespace, .init = live, .fini = end, .timeout = 20)
{
	struct request dump = dump_of_listeners();
	struct question questions[] = {
		{ .ask = ASK_DIAG, .path = &dump, .limit = sizeof(dump) },
		{ .ask = ASK_DIAG, .path = &dump, .limit = sizeof(dump) },
		{ .ask = ASK_DIAG, .path = &dump, .limit = sizeof(dump) },
	};
	struct seen here = { 0 }, there = { 0 }, again = { 0 };
	uint16_t port = 0;
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) == 0) {
			system("ip link set lo up");
			port = listener();
		}
		if (write(ends[1], &port, sizeof(port)) < 0)
			_exit(1);
		pause();
	}
	cr_assert_eq(read(ends[0], &port, sizeof(port)), sizeof(port));
	if (port == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		cr_skip_test("may not make a network namespace");
	}
	here.port = there.port = again.port = port;
	questions[1].pid = pid;
	cr_assert_eq(door_ask(door, &questions[0], 1, BOUND_ASK_MS, NO_DEADLINE, count_sockets, &here), 0);
	cr_assert_eq(door_ask(door, &questions[1], 1, BOUND_ASK_MS, NO_DEADLINE, count_sockets, &there), 0);
	cr_assert_eq(door_ask(door, &questions[2], 1, BOUND_ASK_MS, NO_DEADLINE, count_sockets, &again), 0);
	cr_assert_not(here.found);
	cr_assert(there.found);
	cr_assert_eq(there.sockets, 1);
	cr_assert_not(again.found, "the helper came back");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A page that nobody will ever bring, to write(2) from: -1 where that may not be. */
static int absent_page(char **ret)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	size_t size = (size_t)getpagesize();
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	*ret = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)*ret;
	range.range.len = size;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &range) < 0)
		return -1;
	return fd;
}

/* Asleep in write(2) to a socket, whose lock it holds: who wants to know more goes to D with it. */
static pid_t lock_holder(char **ret)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(listener()),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int ends[2], fd = socket(AF_INET, SOCK_STREAM, 0);
	char ready = 0;
	pid_t pid;

	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		ready = absent_page(ret) >= 0;
		if (write(ends[1], &ready, 1) == 1 && write(ends[1], ret, sizeof(*ret)) > 0 && ready)
			ready = write(fd, *ret, 100) > 0;
		pause();
	}
	cr_assert_eq(read(ends[0], &ready, 1), 1);
	cr_assert_eq(read(ends[0], ret, sizeof(*ret)), sizeof(*ret));
	close(fd);
	if (ready) {
		usleep(100000);
		return pid;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

static int keep_sight(void *context, size_t which, const struct answer *answer)
{
	int *sights = context;

	sights[which] = answer->sight;
	return 0;
}

Test(ask_diag, a_helper_that_cannot_even_be_killed_is_left, .init = live, .fini = end, .timeout = 30)
{
	struct request info = dump_of_listeners();
	struct question questions[] = {
		{ .ask = ASK_FILE, .pid = 1, .path = "uptime", .limit = 100 },
		{ .ask = ASK_DIAG, .path = &info, .limit = sizeof(info) },
		{ .ask = ASK_MEMORY, .limit = 8 },
		{ .ask = ASK_FILE, .pid = 1, .path = "uptime", .limit = 100 },
	};
	int sights[4] = { -1, -1, -1, -1 };
	int64_t before;
	char *page;
	pid_t pid = lock_holder(&page);

	if (pid < 0)
		cr_skip_test("no userfaultfd here");
	info.body.idiag_states = 1 << 1;
	info.body.idiag_ext = 1 << (INET_DIAG_INFO - 1);
	questions[1].pid = questions[2].pid = pid;
	questions[2].address = (uintptr_t)page;

	before = door_now_ns();
	cr_assert_eq(door_ask(door, &questions[2], 1, BOUND_ASK_MS, NO_DEADLINE, keep_sight, &sights[2]), 0);
	cr_assert_eq(sights[2], SIGHT_GONE, "its page is never touched");
	cr_assert_lt(door_now_ns() - before, BOUND_ASK_MS * MS / 2);

	cr_assert_eq(door_ask(door, questions, 4, BOUND_ASK_MS, NO_DEADLINE, keep_sight, sights), 0);
	cr_assert_eq(sights[0], SIGHT_OK);
	cr_assert_eq(sights[1], SIGHT_TIMEOUT);
	cr_assert_eq(sights[2], SIGHT_TIMEOUT, "one miss ends all");
	cr_assert_eq(sights[3], SIGHT_OK);
	cr_assert_lt(door_now_ns() - before, 3 * BOUND_ASK_MS * MS);
	before = door_now_ns();
	door = door_close(door);
	cr_assert_lt(door_now_ns() - before, 200 * MS);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(ask_diag, a_recorded_tree_asks_nobody, .init = recorded, .fini = end)
{
	struct request dump = dump_of_listeners();
	struct question questions[] = {
		{ .ask = ASK_DIAG, .path = &dump, .limit = sizeof(dump) },
		{ .ask = ASK_MEMORY, .pid = getpid(), .address = (uintptr_t)&dump, .limit = 8 },
	};

	ask(questions, 2);
	cr_assert_eq(kept[0].sight, SIGHT_UNSUPPORTED);
	cr_assert_eq(kept[1].sight, SIGHT_UNSUPPORTED);
}
