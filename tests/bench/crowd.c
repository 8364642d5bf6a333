/* SPDX-License-Identifier: MIT */
/*
 * Makes a crowd: a machine full of processes and sockets that are nobody's business,
 * and a tree of processes to be looked at.
 *
 *	crowd [--idle N] [--sockets N] [--tree N] [--fan N] [--threads N]
 *	      [--tree-sockets N] [--fds N]
 *
 * Prints "tree PID", then "READY", and ends, with all it started, when its standard
 * input does.  Everybody dies with its parent, orphans come to us, and nobody is
 * signalled but direct children, by pid.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HOLDERS = 10, STACK = 64 << 10, DESCRIPTORS = 65536, FOREVER_S = 1000000 };

struct plan {
	unsigned idle, sockets;
	unsigned tree, fan, threads, tree_sockets, fds;
};

static struct plan plan = { .threads = 1 };
static int ready[2]; /* Everybody writes a byte when he is settled. */

static void settled(void)
{
	if (write(ready[1], "", 1) != 1)
		err(1, "write");
	close(ready[1]);
}

static void __attribute__((__noreturn__)) sleep_forever(void)
{
	for (;;)
		pause();
}

/* 0 in the child, which will not outlive us. */
static pid_t start(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	return 0;
}

static void detach(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0)
		err(1, "/dev/null");
	close(fd);
}

/* ---- sockets --------------------------------------------------------------- */

static int listener = -1;

static void listener_open(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (void *)&any, sizeof(any)) < 0 || listen(listener, 8) < 0)
		err(1, "listen");
}

static void listener_close(void)
{
	close(listener);
	listener = -1;
}

/* Reset rather than closed at the end: thousands in TIME-WAIT would be in the next measurement. */
static void pair_open(int *ret_a, int *ret_b)
{
	const struct linger reset = { .l_onoff = 1 };
	struct sockaddr_in name;
	socklen_t length = sizeof(name);
	int a = socket(AF_INET, SOCK_STREAM, 0), b;

	if (a < 0 || getsockname(listener, (void *)&name, &length) < 0 ||
	    connect(a, (void *)&name, sizeof(name)) < 0)
		err(1, "connect");
	b = accept(listener, NULL, NULL);
	if (b < 0)
		err(1, "accept");
	setsockopt(a, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(b, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	*ret_a = a;
	*ret_b = b;
}

/* ---- those who stand about ------------------------------------------------- */

static void idle_start(void)
{
	unsigned i;

	for (i = 0; i < plan.idle; i++)
		if (start() == 0) {
			detach();
			close(ready[0]);
			settled();
			sleep_forever();
		}
}

static void holder_live(unsigned pairs)
{
	int a, b;

	detach();
	close(ready[0]);
	listener_open();
	while (pairs--)
		pair_open(&a, &b);
	settled();
	sleep_forever();
}

static unsigned share(unsigned whole, unsigned which, unsigned of)
{
	return (uint64_t)whole * (which + 1) / of - (uint64_t)whole * which / of;
}

static void holders_start(void)
{
	unsigned i;

	for (i = 0; i < HOLDERS && plan.sockets; i++)
		if (start() == 0)
			holder_live(share(plan.sockets / 2, i, HOLDERS));
}

/* ---- the tree -------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t all_here;

static void wait_for_condition(void)
{
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&never, &lock);
}

static void wait_for_pipe(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0 || read(ends[0], &byte, 1) < 0)
		err(1, "pipe");
}

static void wait_for_event(void)
{
	struct pollfd pollfd = { .fd = eventfd(0, 0), .events = POLLIN };

	poll(&pollfd, 1, -1);
}

static void wait_for_time(void)
{
	const struct timespec rest = { .tv_sec = FOREVER_S };

	nanosleep(&rest, NULL);
}

static void *thread_live(void *which)
{
	static void (*const waits[])(void) = { wait_for_condition, wait_for_pipe, wait_for_event, wait_for_time };

	pthread_barrier_wait(&all_here);
	waits[(uintptr_t)which % 4]();
	return NULL;
}

static void threads_start(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	uintptr_t i;

	if (plan.threads < 2)
		return;
	pthread_barrier_init(&all_here, NULL, plan.threads);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (i = 0; i < plan.threads - 1; i++) {
		errno = pthread_create(&thread, &attr, thread_live, (void *)i);
		if (errno)
			err(1, "pthread_create");
	}
	pthread_barrier_wait(&all_here);
}

/* Some of everything, besides sockets. */
static void fds_open(unsigned count)
{
	int ends[2];
	unsigned i;

	for (i = 0; i + 5 < count; i += 6)
		if (pipe(ends) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
		    eventfd(0, 0) < 0 || open("/proc/self/exe", O_RDONLY) < 0)
			err(1, "%u descriptors", count);
}

/* Odd ones run an event loop over all of their sockets, even ones wait for one answer. */
static void __attribute__((__noreturn__)) node_wait(unsigned self, const int *sockets, unsigned count)
{
	struct epoll_event event = { .events = EPOLLIN };
	unsigned i;
	char byte;
	int epoll;

	if (count && self % 2) {
		epoll = epoll_create1(0);
		for (i = 0; i < count; i++)
			epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event);
		epoll_wait(epoll, &event, 1, -1);
	} else if (count) {
		recv(sockets[0], &byte, 1, 0); /* its peer may die first: no matter */
	}
	sleep_forever();
}

/* Node i is the parent of i * fan + 1 to i * fan + fan, and shares some pairs with each. */
static void __attribute__((__noreturn__)) node_live(unsigned self, const int *given, unsigned given_count)
{
	const unsigned pairs = plan.tree_sockets / 2;
	unsigned most = pairs + given_count, count, each, child, i;
	int *mine = calloc(most + 1, sizeof(*mine)), *theirs = calloc(pairs + 1, sizeof(*theirs)), keep;

	if (!mine || !theirs)
		err(1, "calloc");
	memcpy(mine, given, given_count * sizeof(*mine));
	count = given_count;
	for (child = self * plan.fan + 1; child <= self * plan.fan + plan.fan && child < plan.tree; child++) {
		each = share(pairs, child - 1, plan.tree - 1);
		if (each)
			listener_open();
		for (i = 0; i < each; i++)
			pair_open(&mine[count++], &theirs[i]);
		if (start() == 0) {
			/* The newest descriptors, ascending: close what lies between. */
			if (each)
				listener_close();
			for (i = 0, keep = ready[1]; i < each; keep = theirs[i++])
				if (theirs[i] > keep + 1)
					syscall(SYS_close_range, keep + 1, theirs[i] - 1, 0);
			syscall(SYS_close_range, keep + 1, ~0U, 0);
			node_live(child, theirs, each);
		}
		if (each)
			listener_close();
		for (i = 0; i < each; i++)
			close(theirs[i]);
	}
	if (plan.tree == 1 && pairs) {
		listener_open();
		for (i = 0; i < pairs; i++)
			pair_open(&mine[count++], &theirs[i]);
		listener_close();
	}
	if (self == 0)
		fds_open(plan.fds);
	threads_start();
	settled();
	node_wait(self, mine, count);
}

static void tree_start(void)
{
	pid_t root;

	if (!plan.tree)
		return;
	root = start();
	if (root == 0) {
		detach();
		close(ready[0]);
		node_live(0, NULL, 0);
	}
	printf("tree %d\n", (int)root);
}

/* ---- beginning and end ----------------------------------------------------- */

static unsigned number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value > 1000000)
		errx(2, "%s: not a number that makes sense", text);
	return value;
}

static void plan_read(int argc, char **argv)
{
	static const struct { const char *name; unsigned *value; } rows[] = {
		{ "idle", &plan.idle }, { "sockets", &plan.sockets }, { "tree", &plan.tree },
		{ "fan", &plan.fan }, { "threads", &plan.threads },
		{ "tree-sockets", &plan.tree_sockets }, { "fds", &plan.fds },
	};
	enum { ROWS = sizeof(rows) / sizeof(*rows) };
	struct option options[ROWS + 1] = { 0 };
	int i;

	for (i = 0; i < ROWS; i++)
		options[i] = (struct option){ .name = rows[i].name, .has_arg = required_argument, .val = i };
	while ((i = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (i == '?')
			exit(2);
		else
			*rows[i].value = number(optarg);
	if (!plan.fan)
		plan.fan = plan.tree;
}

static void descriptors_raise(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < DESCRIPTORS)
		limit.rlim_max = DESCRIPTORS;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) { /* not root: what we may have */
		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Everyone who was started has a write end until he is settled, or dead. */
static void wait_for_all(void)
{
	unsigned wanted = plan.idle + (plan.sockets ? HOLDERS : 0) + plan.tree;
	char bytes[4096];
	ssize_t n;

	close(ready[1]);
	while ((n = read(ready[0], bytes, sizeof(bytes))) > 0)
		wanted -= n;
	if (wanted)
		errx(1, "%u processes did not start", wanted);
	close(ready[0]);
}

/* Children not reaped yet: these pids are theirs.  Their orphans come to us, and are dying. */
static void end_all(void)
{
	char path[64];
	FILE *children;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	children = fopen(path, "re");
	if (!children)
		err(1, "%s", path);
	while (fscanf(children, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	fclose(children);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

int main(int argc, char **argv)
{
	char byte;

	plan_read(argc, argv);
	descriptors_raise();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe(ready) < 0)
		err(1, "pipe");
	idle_start();
	holders_start();
	tree_start();
	fflush(stdout);
	wait_for_all();
	puts("READY");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	end_all();
	return 0;
}
