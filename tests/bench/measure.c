/* SPDX-License-Identifier: MIT */
/*
 * Runs a program, swallows what it prints, and says what it cost: CPU of itself and
 * of every child it waited for, wall time, time until it first printed, peak memory.
 *
 *	measure PROGRAM ARGUMENTS
 *	exit 0 cpu_us 9120 wall_us 311200 first_us 310900 peak_kb 9400 first line of its output
 *
 * In C because the peak of a process counts what it was before exec(2), and Python is
 * larger than all that is measured here.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static int64_t timeval_us(struct timeval time)
{
	return time.tv_sec * INT64_C(1000000) + time.tv_usec;
}

/* Until the last writer is gone.  Its first bytes, and when they came. */
static int64_t output_read(int fd, char first[], size_t size)
{
	static char swallowed[64 << 10];
	int64_t first_us = -1;
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, swallowed, sizeof(swallowed))) > 0) {
		if (first_us < 0)
			first_us = now_us();
		if ((size_t)n > size - 1 - used)
			n = size - 1 - used;
		memcpy(first + used, swallowed, n);
		used += n;
	}
	first[used] = '\0';
	first[strcspn(first, "\n")] = '\0';
	return first_us;
}

int main(int argc, char **argv)
{
	int64_t begun_us, first_us, ended_us;
	struct rusage usage;
	char first[200];
	int ends[2], status;
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: measure PROGRAM ARGUMENTS");
	if (pipe(ends) < 0)
		err(1, "pipe");
	begun_us = now_us();
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	close(ends[1]);
	first_us = output_read(ends[0], first, sizeof(first));
	if (wait4(pid, &status, 0, &usage) < 0)
		err(1, "wait4");
	ended_us = now_us();

	printf("exit %d cpu_us %ld wall_us %ld first_us %ld peak_kb %ld %s\n",
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
	       (long)(timeval_us(usage.ru_utime) + timeval_us(usage.ru_stime)), (long)(ended_us - begun_us),
	       (long)(first_us < 0 ? -1 : first_us - begun_us), usage.ru_maxrss, first);
	return 0;
}
