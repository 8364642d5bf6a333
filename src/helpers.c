/* SPDX-License-Identifier: MIT */
/*
 * Starting, watching and leaving helpers: clone(2), wait4(2), /proc/PID/stat.
 */
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "door_inner.h"
#include "helper.h"

enum { FAREWELL_MS = 20, NAP_NS = 100000 };

int helpers_start(struct helpers *helpers, const struct door *door, const struct calling *calling, const void *context)
{
	pid_t parent = getpid(), pid;
	void *pages;
	int error;

	if (helpers->pid)
		return 0;
	if (helpers->left_count > BOUND_HELPERS_LOST)
		return -EAGAIN;
	pages = mmap(NULL, calling->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED)
		return -errno;
	pid = syscall(SYS_clone, 0L, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		helper_settle(door, parent, calling->name);
		calling->live(pages, door, context);
	}
	if (pid < 0) {
		error = errno;
		munmap(pages, calling->length);
		return -error;
	}
	helpers->pid = pid;
	helpers->dead = false;
	helpers->pages = pages;
	helpers->length = calling->length;
	return 0;
}

static bool helper_reap(struct helpers *helpers, pid_t pid)
{
	struct rusage usage;

	if (wait4(pid, NULL, WNOHANG | __WALL, &usage) == 0)
		return false;
	helpers->cpu_ns += (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000) +
			   (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
	return true;
}

void helpers_reap(struct helpers *helpers)
{
	unsigned i = 0;

	while (i < helpers->left_count)
		if (helper_reap(helpers, helpers->left[i]))
			helpers->left[i] = helpers->left[--helpers->left_count];
		else
			i++;
}

bool helpers_died(struct helpers *helpers)
{
	if (!helpers->dead)
		helpers->dead = helper_reap(helpers, helpers->pid);
	return helpers->dead;
}

bool helpers_running(const struct helpers *helpers)
{
	char path[32], text[64] = "";
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", helpers->pid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	end = strrchr(text, ')');
	return end && strncmp(end, ") R", 3) == 0;
}

void helpers_leave(struct helpers *helpers)
{
	if (!helpers->pid)
		return;
	if (!helpers->dead) {
		kill(helpers->pid, SIGKILL);
		helpers->left[helpers->left_count++] = helpers->pid;
	}
	munmap(helpers->pages, helpers->length);
	helpers->pages = NULL;
	helpers->pid = 0;
	helpers_reap(helpers);
}

void helpers_deinit(struct helpers *helpers)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	int naps;

	helpers_leave(helpers);
	for (naps = 0; helpers->left_count && naps < FAREWELL_MS * 1000000 / NAP_NS; naps++) {
		nanosleep(&nap, NULL);
		helpers_reap(helpers);
	}
}

bool helpers_own(const struct helpers *helpers, pid_t pid)
{
	unsigned i;

	for (i = 0; i < helpers->left_count; i++)
		if (helpers->left[i] == pid)
			return true;
	return helpers->pid == pid;
}

int64_t helpers_cpu_ns(const struct helpers *helpers)
{
	struct timespec used = { 0 };
	clockid_t clock;

	if (helpers->pid && !helpers->dead && clock_getcpuclockid(helpers->pid, &clock) == 0)
		clock_gettime(clock, &used);
	return helpers->cpu_ns + used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}
