/* SPDX-License-Identifier: MIT */
/* stat, syscall, and schedstat or status, of /proc/PID/task/TID. */
#include "glance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "door.h"
#include "state_parse.h"

static int missed(const char *detail, int error, struct glance_miss *miss)
{
	*miss = (struct glance_miss){ detail, error };
	return error_is_ours(error) ? -error : sight_of_errno(error);
}

/* The file anew, from its start: the kernel writes it for each such read. */
static int file_again(int fd, const char *name, char *to, size_t size, size_t *length, struct glance_miss *miss)
{
	ssize_t n = pread(fd, to, size, 0);

	*length = 0;
	if (n < 0) /* lack of memory is not told from what the target did */
		return errno == ENOMEM ? SIGHT_STRANGE : missed(name, errno, miss);
	*length = (size_t)n;
	return 0;
}

static int counter_open(struct glancer *glancer, struct glance_miss *miss)
{
	char text[128];
	int64_t ignored;
	size_t length;
	int r;

	glancer->counter = openat(glancer->directory, "schedstat", O_RDONLY | O_CLOEXEC);
	if (glancer->counter >= 0) {
		r = file_again(glancer->counter, "schedstat", text, sizeof(text), &length, miss);
		if (r == 0 && schedstat_parse(text, length, &ignored, &ignored) == 0)
			return 0;
		close(glancer->counter);
	}
	/* This kernel does not count them. */
	glancer->by_switches = true;
	glancer->counter = openat(glancer->directory, "status", O_RDONLY | O_CLOEXEC);
	return glancer->counter < 0 ? missed("status", errno, miss) : 0;
}

int glancer_open(int proc_fd, pid_t pid, pid_t tid, struct glancer *ret, struct glance_miss *miss)
{
	char path[48];

	*ret = GLANCER_CLOSED;
	snprintf(path, sizeof(path), "%d/task/%d", pid, tid);
	ret->directory = openat(proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->directory < 0)
		return missed("task", errno, miss);
	return 0;
}

void glancer_close(struct glancer *glancer)
{
	cleanup_close(&glancer->counter);
	cleanup_close(&glancer->syscall);
	cleanup_close(&glancer->directory);
	*glancer = GLANCER_CLOSED;
}

int glance_standing(const struct glancer *glancer, struct standing *ret, struct glance_miss *miss)
{
	struct stat_line line;
	char text[1024];
	size_t length;
	int r;

	_cleanup_close_ int fd = openat(glancer->directory, "stat", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return missed("stat", errno, miss);
	r = file_again(fd, "stat", text, sizeof(text), &length, miss);
	if (r == 0 && stat_parse(text, length, &line) != 0)
		r = missed("stat", EPROTO, miss);
	if (r == 0)
		*ret = (struct standing){ line.start_ticks, line.flags, line.state, line.cpu };
	return r;
}

int glance_call(struct glancer *glancer, struct call *ret, struct glance_miss *miss)
{
	char text[256];
	size_t length;
	int r;

	if (glancer->syscall < 0)
		glancer->syscall = openat(glancer->directory, "syscall", O_RDONLY | O_CLOEXEC);
	if (glancer->syscall < 0) {
		r = errno;
		if (r == ENOENT && faccessat(glancer->directory, "stat", F_OK, 0) == 0)
			r = EOPNOTSUPP; /* the task is there, only the file is not */
		return missed("syscall", r, miss);
	}
	r = file_again(glancer->syscall, "syscall", text, sizeof(text), &length, miss);
	if (r)
		return r;
	if (syscall_parse(text, length, ret) != 0)
		return missed("syscall", EPROTO, miss);
	return ret->number == CALL_RUNNING ? SIGHT_MOVED : 0;
}

static bool status_read(const struct glancer *glancer, struct status_lines *ret)
{
	char text[8192];
	ssize_t n;

	_cleanup_close_ int fd = openat(glancer->directory, "status", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	return n > 0 && status_parse(text, (size_t)n, ret) == 0;
}

pid_t glance_tracer(const struct glancer *glancer)
{
	struct status_lines lines;

	return status_read(glancer, &lines) && lines.tracer > 0 ? lines.tracer : 0;
}

bool glance_sleeps(const struct glancer *glancer, int64_t *ret)
{
	struct status_lines lines;

	if (!status_read(glancer, &lines) || lines.voluntary == UNSEEN)
		return false;
	*ret = lines.voluntary;
	return true;
}

static int counter_read(struct glancer *glancer, int64_t ret[2], struct glance_miss *miss)
{
	const char *name = glancer->by_switches ? "status" : "schedstat";
	struct status_lines lines;
	char text[8192];
	size_t length;
	int r = 0;

	if (glancer->counter < 0) {
		r = counter_open(glancer, miss);
		name = glancer->by_switches ? "status" : "schedstat";
	}
	if (r == 0)
		r = file_again(glancer->counter, name, text, sizeof(text), &length, miss);
	if (r)
		return r;
	if (!glancer->by_switches)
		return schedstat_parse(text, length, &ret[0], &ret[1]) ? missed(name, EPROTO, miss) : 0;
	if (status_parse(text, length, &lines) != 0 || lines.voluntary == UNSEEN || lines.involuntary == UNSEEN)
		return missed(name, EOPNOTSUPP, miss);
	ret[0] = lines.voluntary;
	ret[1] = lines.involuntary;
	return 0;
}

int glance(struct glancer *glancer, struct glance *ret, struct glance_miss *miss)
{
	int r = glance_call(glancer, &ret->call, miss);

	return r ? r : counter_read(glancer, ret->counter, miss);
}

bool glance_cpu(struct glancer *glancer, int64_t *ret_ns)
{
	struct glance_miss miss;
	int64_t counter[2];

	if (counter_read(glancer, counter, &miss) != 0 || glancer->by_switches)
		return false;
	*ret_ns = counter[0];
	return true;
}

bool glance_same(const struct glance *a, const struct glance *b)
{
	return a->counter[0] == b->counter[0] && a->counter[1] == b->counter[1] && a->call.number == b->call.number &&
	       a->call.sp == b->call.sp && a->call.pc == b->call.pc &&
	       memcmp(a->call.args, b->call.args, sizeof(a->call.args)) == 0;
}
