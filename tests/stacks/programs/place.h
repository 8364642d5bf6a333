/* SPDX-License-Identifier: MIT */
/*
 * What every program here does: build a chain of calls that is known beforehand, say "ready PID...",
 * and stay at its end, asleep or running, until whoever started it kills it or dies.
 */
#ifndef PLACE_H
#define PLACE_H

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Each function of a chain is a frame of its own, under its own name. */
#ifdef __clang__
#define FRAME __attribute__((noinline, used))
#else
#define FRAME __attribute__((noipa, used))
#endif

/* After the call there is something left to do: no tail call. */
#define STAY(value) __asm__ volatile("" : : "r"(value) : "memory")

enum { SECONDS_AT_MOST = 120 };

static const char *way = "sleep"; /* how it stays */
static int nothing[2];            /* a pipe that nobody writes to */

static inline void place_begin(const char *how)
{
	const pid_t parent = getppid();

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent || parent == 1 || pipe(nothing))
		exit(1);
	alarm(SECONDS_AT_MOST);
	if (how)
		way = how;
}

/* A child counts its own time, and ends with its own parent. */
static inline void place_child(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() == 1)
		_exit(1);
	alarm(SECONDS_AT_MOST);
}

static inline void say_ready(pid_t other)
{
	char line[64];
	int length = snprintf(line, sizeof(line), other ? "ready %d %d\n" : "ready %d\n", (int)getpid(), (int)other);

	if (write(1, line, (size_t)length) != length)
		_exit(1);
}

/* Here every chain ends.  Being stopped and let go again must not end it. */
FRAME int park(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
	struct pollfd one = { nothing[0], POLLIN, 0 };
	volatile unsigned long turns = 0;
	char byte;

	if (!strcmp(way, "spin"))
		for (;;)
			turns = turns + 1;
	if (!strcmp(way, "read"))
		while (read(nothing[0], &byte, 1) < 0)
			;
	if (!strcmp(way, "poll"))
		for (;;)
			poll(&one, 1, -1);
	if (!strcmp(way, "cond")) {
		pthread_mutex_lock(&lock);
		for (;;)
			pthread_cond_wait(&never, &lock);
	}
#ifdef __x86_64__
	if (!strcmp(way, "raw")) /* no frame of libc between */
		for (;;) {
			long number = SYS_pause;

			__asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
		}
#endif
	for (;;)
		sleep(1000);
	return 0;
}

#endif
