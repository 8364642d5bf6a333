/* SPDX-License-Identifier: MIT */
/*
 * A program whose stacks are taken, and which notices: THREADS threads sleep DEPTH calls deep in
 * a lock, a pipe and a semaphore by turns, and one reads the clock in a tight loop and
 * keeps the largest gap.
 *
 *	watched THREADS DEPTH
 *	READY
 *	gap_us 103		for each line on stdin: since the last one
 *
 * It ends with its stdin.
 */
#include <err.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t closed;
static int empty[2];
static int depth;
static volatile bool ends; /* it never does */
static _Atomic int64_t largest_gap_ns;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void wait_for_ever(int how)
{
	char byte;

	if (how == 0) {
		pthread_mutex_lock(&mutex);
		while (!ends)
			pthread_cond_wait(&never, &mutex);
	}
	if (how == 1)
		while (!ends && read(empty[0], &byte, 1) >= 0)
			;
	while (!ends)
		sem_wait(&closed);
}

static __attribute__((__noinline__)) int descend(int how, int left)
{
	if (left == 0) {
		wait_for_ever(how);
		return 0;
	}
	return descend(how, left - 1) + left; /* not a tail call: it has a frame */
}

static void *sleeper(void *which)
{
	descend((int)((uintptr_t)which % 3), depth);
	return NULL;
}

static void *spinner(void *unused)
{
	int64_t before = now_ns(), after;

	(void)unused;
	for (;; before = after) {
		after = now_ns();
		if (after - before > atomic_load_explicit(&largest_gap_ns, memory_order_relaxed))
			atomic_store(&largest_gap_ns, after - before);
	}
	return NULL;
}

static void start(void *(*life)(void *), uintptr_t which)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 << 10);
	if (pthread_create(&thread, &attributes, life, (void *)which) != 0)
		errx(1, "no thread");
}

int main(int argc, char **argv)
{
	uintptr_t i, threads;
	char line[64];

	if (argc != 3)
		errx(1, "usage: watched THREADS DEPTH");
	prctl(PR_SET_PDEATHSIG, 9);
	threads = strtoul(argv[1], NULL, 10);
	depth = atoi(argv[2]);
	if (sem_init(&closed, 0, 0) < 0 || pipe(empty) < 0)
		err(1, "semaphore, pipe");
	for (i = 0; i < threads; i++)
		start(sleeper, i);
	start(spinner, 0);
	puts("READY");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("gap_us %lld\n", (long long)atomic_exchange(&largest_gap_ns, 0) / 1000);
		fflush(stdout);
	}
	return 0;
}
