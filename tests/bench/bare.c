/* SPDX-License-Identifier: MIT */
/*
 * The floor: reads the files of /proc that wedgecheck reads of a tree, as often as it
 * does, one after the other into one buffer, and understands nothing.
 *
 *	bare PID
 *	processes 1000 tasks 5000 fds 8012 opens 71040 bytes 31405530
 *
 * rows[] below is what `tests/bench/run --files` counts under strace(1).
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { BUFFER = 512 << 10, PROCESSES = 32768, TASKS = 131072 };

enum of { OF_PROCESS, OF_TASK, OF_FD, OF_PIPE, OF_EVENTFD };
enum how { READ, LINK };

/* A file, and how often it is read at the first look and at the second. */
static const struct row {
	enum of of;
	enum how how;
	const char *name;
	unsigned first, second;
} rows[] = {
	{ OF_PROCESS, READ, "stat", 1, 0 },    /* besides that of its tasks: it is still the same */
	{ OF_PROCESS, READ, "auxv", 1, 0 },
	{ OF_PROCESS, READ, "cgroup", 1, 0 },
	{ OF_PROCESS, READ, "cmdline", 1, 0 },
	{ OF_PROCESS, READ, "io", 1, 1 },
	{ OF_PROCESS, READ, "timers", 1, 0 },
	{ OF_PROCESS, LINK, "cwd", 1, 0 },
	{ OF_PROCESS, LINK, "exe", 1, 1 },
	{ OF_PROCESS, LINK, "ns/ipc", 1, 0 },
	{ OF_PROCESS, LINK, "ns/mnt", 1, 0 },
	{ OF_PROCESS, LINK, "ns/net", 1, 0 },
	{ OF_PROCESS, LINK, "ns/pid", 1, 0 },
	{ OF_PROCESS, LINK, "ns/time", 1, 0 },
	{ OF_TASK, READ, "sched", 0, 1 },
	{ OF_TASK, READ, "schedstat", 1, 1 },
	{ OF_TASK, READ, "stat", 1, 1 },
	{ OF_TASK, READ, "status", 1, 1 },
	{ OF_TASK, READ, "syscall", 1, 1 },
	{ OF_TASK, READ, "wchan", 1, 1 },
	{ OF_FD, LINK, "fd", 1, 1 },
	{ OF_PIPE, READ, "fdinfo", 1, 0 },
	{ OF_EVENTFD, READ, "fdinfo", 1, 1 },
};

/*
 * At each look besides: the directories task and fd of every process, once; and children of
 * every task, twice when there are any.  Left out, for they depend on the call that a task
 * sits in: pagemap and the memory that the call names.
 */

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static char buffer[BUFFER + 1];
static int numbers[TASKS];
static struct { unsigned long processes, tasks, fds, opens, bytes; } seen;

/*
 * What fits into a page the kernel hands out in one piece.  Whoever must be sure of the
 * end, as wedgecheck is, asks once more; here only a list of children is read to its end.
 */
static ssize_t file_read(const char *path, bool whole)
{
	ssize_t n, used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	seen.opens++;
	if (fd < 0)
		return -1;
	while ((n = read(fd, buffer + used, BUFFER - used)) > 0) {
		used += n;
		if (!whole)
			break;
	}
	close(fd);
	seen.bytes += used;
	buffer[used] = '\0';
	return used;
}

/* Numbers in a directory, into numbers[]. */
static unsigned directory_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned count = 0;
	ssize_t n, at;

	seen.opens++;
	if (fd < 0)
		return 0;
	while ((n = getdents64(fd, buffer, BUFFER)) > 0)
		for (at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			if (entry->d_name[0] != '.' && count < TASKS)
				numbers[count++] = atoi(entry->d_name);
			at += entry->d_reclen;
		}
	close(fd);
	return count;
}

static enum of fd_kind(const char *link)
{
	if (strncmp(link, "pipe:", 5) == 0)
		return OF_PIPE;
	return strcmp(link, "anon_inode:[eventfd]") == 0 ? OF_EVENTFD : OF_FD;
}

/* OF_FD: returns what kind of descriptor it is. */
static enum of rows_read(enum of of, bool second, const char *prefix, int number)
{
	enum of kind = of;
	char path[96];
	unsigned i, times;
	ssize_t n;

	for (i = 0; i < ROWS; i++) {
		if (rows[i].of != of)
			continue;
		if (of >= OF_FD)
			snprintf(path, sizeof(path), "%s/%s/%d", prefix, rows[i].name, number);
		else
			snprintf(path, sizeof(path), "%s/%s", prefix, rows[i].name);
		for (times = second ? rows[i].second : rows[i].first; times; times--) {
			if (rows[i].how == READ) {
				file_read(path, false);
				continue;
			}
			seen.opens++;
			n = readlink(path, buffer, BUFFER);
			buffer[n > 0 ? n : 0] = '\0';
			if (of == OF_FD)
				kind = fd_kind(buffer);
		}
	}
	return kind;
}

static unsigned tasks_of(int pid, int **ret)
{
	static int tids[TASKS];
	unsigned count;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	count = directory_read(path);
	memcpy(tids, numbers, count * sizeof(*tids));
	*ret = tids;
	return count;
}

/* Its children join the list of pids; returns how long that is now. */
static unsigned children_join(int pid, int tid, int pids[], unsigned count)
{
	char path[64], *at, *end;
	long child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
	if (file_read(path, true) < 0)
		return count;
	for (at = buffer; (child = strtol(at, &end, 10)) > 0 && end != at && count < PROCESSES; at = end)
		pids[count++] = child;
	return count;
}

static unsigned children_of(int pid, const int *tids, unsigned tasks, int pids[], unsigned count)
{
	unsigned before = count, turn, i;

	for (turn = 0; turn < 2; turn++) {
		for (i = 0, count = before; i < tasks; i++)
			count = children_join(pid, tids[i], pids, count);
		if (count == before)
			break;
	}
	return count;
}

static void fds_read(int pid, bool second)
{
	char path[64];
	unsigned count, i;
	enum of kind;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	count = directory_read(path);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	for (i = 0; i < count; i++) {
		kind = rows_read(OF_FD, second, path, numbers[i]);
		if (kind != OF_FD)
			rows_read(kind, second, path, numbers[i]);
	}
	if (!second)
		seen.fds += count;
}

static void process_look(int pid, bool second, int pids[], unsigned *count)
{
	char path[64];
	unsigned tasks, i;
	int *tids;

	tasks = tasks_of(pid, &tids);
	*count = children_of(pid, tids, tasks, pids, *count);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	rows_read(OF_PROCESS, second, path, 0);
	for (i = 0; i < tasks; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tids[i]);
		rows_read(OF_TASK, second, path, 0);
	}
	fds_read(pid, second);
	if (!second) {
		seen.processes++;
		seen.tasks += tasks;
	}
}

int main(int argc, char **argv)
{
	static int pids[PROCESSES];
	unsigned count, i;
	int second;

	if (argc != 2 || atoi(argv[1]) <= 0)
		errx(2, "usage: bare PID");
	for (second = 0; second < 2; second++) {
		pids[0] = atoi(argv[1]);
		for (i = 0, count = 1; i < count; i++)
			process_look(pids[i], second, pids, &count);
	}
	if (!seen.tasks)
		errx(1, "%s: no such process", argv[1]);
	printf("processes %lu tasks %lu fds %lu opens %lu bytes %lu\n", seen.processes, seen.tasks, seen.fds,
	       seen.opens, seen.bytes);
	return 0;
}
