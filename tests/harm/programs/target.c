/* SPDX-License-Identifier: MIT */
/*
 * Somebody whose stacks are taken, and who would notice what was done to him.
 *
 *	target FILE watch SLEEPERS     one thread reads the clock all the time, the others sleep
 *	target FILE signals            the same, and both count signals
 *	target FILE calls              a thread in each blocking call
 *	target FILE exits US           exits with status 7 after so many microseconds
 *	target FILE execs COUNT        becomes itself again so often, then exits with status 7
 *	target FILE churn              threads begin and end
 *	target FILE restless US        runs so long, then is in epoll_wait(2) for a millisecond, and so on
 *	target FILE leaderless         the first thread has ended, the others live
 *	target FILE vfork              in D until its child execs or exits, which is when told->returns is set
 *	target FILE traced             a child of ours reads the clock, and we trace it
 *	target FILE holed              sleeps on a stack of which pages are a userfaultfd's
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "told.h"

enum { STACK = 256 << 10, STATUS = 7, HOLED = 16 };

struct told *told;
static char **arguments;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

void thread_start(void *(*life)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, life, argument) != 0)
		errx(1, "no thread");
	pthread_attr_destroy(&attributes);
}

void sleep_for_ever(void)
{
	pthread_mutex_lock(&lock);
	atomic_fetch_add(&told->ready, 1);
	for (;;)
		pthread_cond_wait(&never, &lock);
}

static void *sleeper(void *argument)
{
	(void)argument;
	sleep_for_ever();
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void *clock_read(void *argument)
{
	int64_t before = now_ns(), now, gap;
	(void)argument;

	atomic_fetch_add(&told->ready, 1);
	for (;;) {
		now = now_ns();
		gap = now - before;
		if ((uint64_t)gap > atomic_load_explicit(&told->gap_ns, memory_order_relaxed))
			atomic_store(&told->gap_ns, (uint64_t)gap);
		atomic_fetch_add_explicit(&told->turns, 1, memory_order_relaxed);
		before = now;
	}
	return NULL;
}

static void watch(int sleepers)
{
	while (sleepers-- > 0)
		thread_start(sleeper, NULL);
	clock_read(NULL);
}

static void signal_count(int number)
{
	(void)number;
	atomic_fetch_add(&told->signals, 1);
}

/* SIGRTMIN for the sleeper, SIGRTMIN + 1 for the one that runs: each is blocked in the other. */
static void *signal_sleeper(void *argument)
{
	sigset_t other;

	sigemptyset(&other);
	sigaddset(&other, SIGRTMIN + 1);
	pthread_sigmask(SIG_SETMASK, &other, NULL);
	return sleeper(argument);
}

static void signals(void)
{
	struct sigaction action = { .sa_handler = signal_count, .sa_flags = SA_RESTART };
	sigset_t other;

	sigaction(SIGRTMIN, &action, NULL);
	sigaction(SIGRTMIN + 1, &action, NULL);
	thread_start(signal_sleeper, NULL);
	sigemptyset(&other);
	sigaddset(&other, SIGRTMIN);
	pthread_sigmask(SIG_SETMASK, &other, NULL);
	clock_read(NULL);
}

static void several(void)
{
	int i;

	for (i = 0; i < 8; i++)
		thread_start(sleeper, NULL);
	thread_start(clock_read, NULL);
	thread_start(clock_read, NULL);
}

static void exits(long us)
{
	several();
	usleep((useconds_t)us);
	_exit(STATUS);
}

static void execs(long count)
{
	char left[24];

	atomic_fetch_add(&told->lives, 1);
	if (count <= 0)
		_exit(STATUS);
	several();
	usleep(3000 + (useconds_t)(now_ns() % 7000));
	snprintf(left, sizeof(left), "%ld", count - 1);
	execl("/proc/self/exe", arguments[0], arguments[1], arguments[2], left, (char *)NULL);
	err(1, "exec");
}

static void *short_life(void *argument)
{
	(void)argument;
	usleep((useconds_t)(now_ns() % 3000));
	atomic_fetch_add(&told->lives, 1);
	return NULL;
}

static void churn(void)
{
	int i;

	atomic_store(&told->ready, 1);
	for (;;) {
		for (i = 0; i < 8; i++)
			thread_start(short_life, NULL);
		usleep(2000);
	}
}

static void restless(long us)
{
	const int epoll = epoll_create1(0);
	struct epoll_event event;
	int64_t began_ns;

	atomic_store(&told->ready, 1);
	for (;;) {
		began_ns = now_ns();
		while (now_ns() - began_ns < us * 1000)
			;
		if (epoll_wait(epoll, &event, 1, 1) < 0 && errno == EINTR)
			atomic_fetch_add(&told->eintr, 1);
		atomic_fetch_add(&told->lives, 1);
	}
}

static void leaderless(void)
{
	several();
	pthread_exit(NULL);
}

static void vfork_wait(void)
{
	atomic_fetch_add(&told->ready, 1);
	/* The call itself: vfork(3) would return twice into this frame. */
	if (syscall(SYS_clone, 0x4000 /* CLONE_VFORK */ | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!atomic_load(&told->returns))
			usleep(1000);
		_exit(0);
	}
	watch(0);
}

static void traced(void)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		watch(0);
	}
	if (ptrace(PTRACE_SEIZE, child, 0, 0) < 0)
		err(1, "seize");
	atomic_store(&told->child, (uint64_t)child);
	for (;;)
		pause();
}

#if defined(__x86_64__)
static void holed(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { 0 };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *stack = mmap(NULL, HOLED * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	range.range.start = (uintptr_t)stack;
	range.range.len = HOLED * page;
	zero.range.start = (uintptr_t)stack;
	zero.range.len = page;
	if (fd < 0 || stack == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) < 0 ||
	    ioctl(fd, UFFDIO_REGISTER, &range) < 0 || ioctl(fd, UFFDIO_ZEROPAGE, &zero) < 0)
		err(77, "userfaultfd");
	atomic_store(&told->ready, 1);
	__asm__ volatile("mov %0, %%rsp\n1: mov %1, %%eax\nsyscall\njmp 1b"
			 : : "r"(stack + page / 2), "i"(SYS_pause) : "memory");
}
#else
static void holed(void)
{
	errx(77, "not on this architecture");
}
#endif

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "";
	const long number = argc > 3 ? atol(argv[3]) : 0;
	int fd;

	prctl(PR_SET_PDEATHSIG, strcmp(mode, "calls") == 0 ? SIGTERM : SIGKILL);
	fd = argc > 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	told = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (told == MAP_FAILED)
		err(2, "target");
	arguments = argv;
	if (strcmp(mode, "watch") == 0)
		watch((int)number);
	else if (strcmp(mode, "signals") == 0)
		signals();
	else if (strcmp(mode, "calls") == 0)
		calls_live();
	else if (strcmp(mode, "exits") == 0)
		exits(number);
	else if (strcmp(mode, "execs") == 0)
		execs(number);
	else if (strcmp(mode, "churn") == 0)
		churn();
	else if (strcmp(mode, "restless") == 0)
		restless(number);
	else if (strcmp(mode, "leaderless") == 0)
		leaderless();
	else if (strcmp(mode, "vfork") == 0)
		vfork_wait();
	else if (strcmp(mode, "traced") == 0)
		traced();
	else if (strcmp(mode, "holed") == 0)
		holed();
	else
		return 2;
	return 0;
}
