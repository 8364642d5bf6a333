/* SPDX-License-Identifier: MIT */
/* Programs that are hard to end, one a mode: actor MODE [ARG]. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void sleep_on(void)
{
	/* Nobody's child for ever, should a test go wrong. */
	alarm(120);
	for (;;)
		pause();
}

static void ignore_all(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void *fork_and_sleep(void *unused)
{
	(void)unused;
	if (fork() == 0) {
		ignore_all();
		sleep_on();
	}
	sleep_on();
}

static void *just_sleep(void *unused)
{
	(void)unused;
	sleep_on();
}

/* A child of a thread that is not the first: listed in that thread's children only. */
static void thread_child(void)
{
	pthread_t thread;

	ignore_all();
	pthread_create(&thread, NULL, fork_and_sleep, NULL);
	sleep_on();
}

/* The first thread ends, the process goes on: its leader is a zombie. */
static void zombie_leader(void)
{
	pthread_t thread;

	ignore_all();
	alarm(120);
	pthread_create(&thread, NULL, just_sleep, NULL);
	pthread_exit(NULL);
}

/* COUNT processes, each of which makes way for a child of its own every so often: pids never stand still. */
static void respawn(int count, int pause_ms)
{
	int i;

	ignore_all();
	signal(SIGCHLD, SIG_IGN);
	alarm(120);
	for (i = 0; i < count; i++) {
		if (fork() == 0) {
			srand((unsigned)i);
			usleep((unsigned)(rand() % (pause_ms * 1000)));
			for (;;) {
				alarm(120);
				usleep((unsigned)pause_ms * 1000);
				switch (fork()) {
				case 0:
				case -1:
					break; /* a full machine: go on oneself */
				default:
					_exit(0);
				}
			}
		}
	}
	printf("ready\n");
	fflush(stdout);
	sleep_on();
}

/* A comm that tries to look like something else. */
static void named(void)
{
	prctl(PR_SET_NAME, "x) (\n::error\xff");
	if (fork() == 0) {
		ignore_all();
		sleep_on();
	}
	sleep_on();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "deaf") == 0) {
		ignore_all();
		printf("ready\n");
		fflush(stdout);
		sleep_on();
	} else if (strcmp(mode, "sleep") == 0) {
		sleep_on();
	} else if (strcmp(mode, "thread-child") == 0) {
		thread_child();
	} else if (strcmp(mode, "zombie-leader") == 0) {
		zombie_leader();
	} else if (strcmp(mode, "respawn") == 0 && argc > 3) {
		respawn(atoi(argv[2]), atoi(argv[3]));
	} else if (strcmp(mode, "named") == 0) {
		named();
	} else if (strcmp(mode, "setuid") == 0) {
		ignore_all();
		sleep_on();
	} else if (strcmp(mode, "real-root") == 0) {
		if (setresuid(0, 0, 0) < 0)
			return 2;
		ignore_all();
		sleep_on();
	} else if (strcmp(mode, "undumpable") == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		ignore_all();
		sleep_on();
	}
	fprintf(stderr, "actor: no such mode: %s\n", mode);
	return 2;
}
