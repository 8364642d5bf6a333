/* SPDX-License-Identifier: MIT */
/*
 * How a helper answers each kind of question.  Anything here may block for as long as
 * the target likes.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "cleanup.h"
#include "pagemap.h"
#include "remote.h"

enum { PAGES_AT_ONCE = 64 };

static ssize_t file_answer(struct helper *helper, const struct question *question, char *to, int *sight)
{
	size_t limit = question->limit && question->limit < BOUND_PROC_FILE ? question->limit : BOUND_PROC_FILE;
	size_t used = 0;
	ssize_t n;

	_cleanup_close_ int fd = openat(helper->proc_fd, question->path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, to + used, limit + 1 - used)) > 0) {
		used += n;
		if (used > limit) {
			*sight = SIGHT_CUT;
			return limit;
		}
	}
	return n < 0 ? -errno : (ssize_t)used;
}

static ssize_t link_answer(struct helper *helper, const struct question *question, char *to, int *sight)
{
	size_t limit = question->limit && question->limit < PATH_MAX ? question->limit : PATH_MAX;
	ssize_t n = readlinkat(helper->proc_fd, question->path, to, limit + 1);

	if (n <= (ssize_t)limit)
		return n < 0 ? -errno : n;
	*sight = SIGHT_CUT;
	return limit;
}

static ssize_t stat_answer(struct helper *helper, const struct question *question, char *to)
{
	struct stat *found = (void *)to;

	return fstatat(helper->proc_fd, question->path, found, 0) < 0 ? -errno : (ssize_t)sizeof(*found);
}

static int pagemap_open(struct helper *helper, pid_t tid)
{
	char path[32];

	cleanup_close(&helper->pagemap_fd);
	snprintf(path, sizeof(path), "%d/pagemap", tid);
	helper->pagemap_fd = openat(helper->proc_fd, path, O_RDONLY | O_CLOEXEC);
	helper->pagemap_of = tid;
	return helper->pagemap_fd < 0 ? -errno : 0;
}

/* How many pages from this one on can be read without waiting for anybody; or -errno. */
static ssize_t pages_resident(struct helper *helper, pid_t tid, uint64_t page, size_t count)
{
	uint64_t words[PAGES_AT_ONCE];
	size_t resident = 0, some, i;
	bool opened = false;
	ssize_t n;
	int r;

	while (resident < count) {
		if (helper->pagemap_fd < 0 || helper->pagemap_of != tid) {
			r = pagemap_open(helper, tid);
			if (r < 0)
				return r;
			opened = true;
		}
		some = count - resident < PAGES_AT_ONCE ? count - resident : PAGES_AT_ONCE;
		n = pread(helper->pagemap_fd, words, some * sizeof(*words), (page + resident) * sizeof(*words));
		if (n < 0)
			return -errno;
		if (n < (ssize_t)sizeof(*words)) {
			/* Past the end; or of a program that was left by exec(2): look at the new one, once. */
			if (opened)
				return resident;
			cleanup_close(&helper->pagemap_fd);
			helper->pagemap_fd = -1;
			continue;
		}
		for (i = 0; i < n / sizeof(*words); i++, resident++)
			if (!pagemap_readable(words[i]))
				return resident;
	}
	return resident;
}

static ssize_t memory_answer(struct helper *helper, const struct question *question, char *to, int *sight)
{
	const uint64_t page_size = sysconf(_SC_PAGESIZE);
	pid_t tid = question->tid > 0 ? question->tid : question->pid;
	size_t wanted = question->limit < BOUND_PROC_FILE ? question->limit : BOUND_PROC_FILE;
	uint64_t first = question->address / page_size, last, readable;
	struct iovec piece = { .iov_base = (void *)(uintptr_t)question->address };
	ssize_t n;

	if (wanted == 0 || __builtin_add_overflow(question->address, wanted - 1, &last))
		return -EINVAL;
	last /= page_size;
	n = pages_resident(helper, tid, first, last - first + 1);
	if (n < 0)
		return n;
	if (n == 0) {
		*sight = SIGHT_GONE;
		return 0;
	}
	readable = (first + n) * page_size - question->address;
	piece.iov_len = readable < wanted ? readable : wanted;
	n = remote_read(helper->proc_fd, tid, to, &piece, 1);
	if (n < 0)
		return n;
	if ((size_t)n < question->limit)
		*sight = SIGHT_CUT;
	return n;
}

static ssize_t kcmp_answer(const struct question *question, char *to)
{
	struct kcmp_epoll_slot slot = { .efd = question->number[2], .tfd = question->number[2] >> 32,
					.toff = question->address };
	unsigned long second = question->number[2];
	int32_t *order = (void *)to;
	long r;

	if (question->number[0] == KCMP_EPOLL_TFD)
		second = (uintptr_t)&slot;
	r = syscall(SYS_kcmp, question->pid, question->other_pid, (int)question->number[0],
		    (unsigned long)question->number[1], second);
	if (r < 0)
		return -errno;
	*order = r;
	return sizeof(*order);
}

/*
 * A second descriptor of the target's file, or -errno.  While we hold it, no EOF comes
 * from it: close it at once.
 */
static int descriptor_borrow(struct helper *helper, pid_t pid, int number)
{
	int fd;

	if (helper->pidfd < 0 || helper->pidfd_of != pid) {
		cleanup_close(&helper->pidfd);
		helper->pidfd = syscall(SYS_pidfd_open, pid, 0);
		helper->pidfd_of = pid;
		if (helper->pidfd < 0)
			return -errno;
	}
	fd = syscall(SYS_pidfd_getfd, helper->pidfd, number, 0);
	return fd < 0 ? -errno : fd;
}

/* What is no pipe must not even be borrowed: closing it again may flush a file. */
static ssize_t pipe_answer(struct helper *helper, const struct question *question, char *to, int *sight)
{
	struct pipe_level *level = (void *)to;
	int number = question->number[0];
	struct stat found;
	char path[48];

	snprintf(path, sizeof(path), "%d/fd/%d", question->pid, number);
	if (fstatat(helper->proc_fd, path, &found, 0) < 0)
		return -errno;
	if (!S_ISFIFO(found.st_mode)) {
		*sight = SIGHT_MOVED;
		return 0;
	}
	_cleanup_close_ int fd = descriptor_borrow(helper, question->pid, number);
	if (fd < 0)
		return fd;
	if (fstat(fd, &found) < 0)
		return -errno;
	if (!S_ISFIFO(found.st_mode)) {
		*sight = SIGHT_MOVED;
		return 0;
	}
	level->size = fcntl(fd, F_GETPIPE_SZ);
	if (level->size < 0 || ioctl(fd, FIONREAD, &level->readable) < 0)
		return -errno;
	return sizeof(*level);
}

static int64_t timeout_ms(int fd, int option)
{
	struct timeval time = { 0 };
	socklen_t size = sizeof(time);

	if (getsockopt(fd, SOL_SOCKET, option, &time, &size) < 0)
		return -1;
	return time.tv_sec * INT64_C(1000) + time.tv_usec / 1000;
}

static ssize_t timeouts_answer(struct helper *helper, const struct question *question, char *to, int *sight)
{
	struct socket_timeouts *timeouts = (void *)to;
	int number = question->number[0], domain = -1;
	socklen_t size = sizeof(domain);
	char path[48], link[16] = "";

	snprintf(path, sizeof(path), "%d/fd/%d", question->pid, number);
	if (readlinkat(helper->proc_fd, path, link, sizeof(link)) < 0)
		return -errno;
	if (strncmp(link, "socket:[", 8) != 0) {
		*sight = SIGHT_MOVED;
		return 0;
	}
	_cleanup_close_ int fd = descriptor_borrow(helper, question->pid, number);
	if (fd < 0)
		return fd;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
		return -errno;
	if (domain != AF_UNIX)
		return -EAFNOSUPPORT;
	timeouts->receive_ms = timeout_ms(fd, SO_RCVTIMEO);
	timeouts->send_ms = timeout_ms(fd, SO_SNDTIMEO);
	if (timeouts->receive_ms < 0 || timeouts->send_ms < 0)
		return -errno;
	return sizeof(*timeouts);
}

static ssize_t diag_answer(struct helper *helper, const struct question *question, char *to, int *sight)
{
	bool cut = false;
	ssize_t n = helper_diag(helper, question, to, CHANNEL_ANSWER, &cut);

	if (cut)
		*sight = SIGHT_CUT;
	return n;
}

static ssize_t any_answer(struct helper *helper, const struct question *question, char *to, int *sight)
{
	switch (question->ask) {
	case ASK_FILE:
		return file_answer(helper, question, to, sight);
	case ASK_LINK:
		return link_answer(helper, question, to, sight);
	case ASK_STAT:
		return stat_answer(helper, question, to);
	default:
		break;
	}
	if (!helper->live) /* the pids of a recorded tree are nobody's */
		return -EOPNOTSUPP;
	switch (question->ask) {
	case ASK_MEMORY:
		return memory_answer(helper, question, to, sight);
	case ASK_KCMP:
		return kcmp_answer(question, to);
	case ASK_PIPE:
		return pipe_answer(helper, question, to, sight);
	case ASK_TIMEOUTS:
		return timeouts_answer(helper, question, to, sight);
	case ASK_DIAG:
		return diag_answer(helper, question, to, sight);
	default:
		return -EINVAL;
	}
}

void helper_answer(struct helper *helper, const struct question *question, char *to, struct reply *ret)
{
	int sight = SIGHT_OK;
	ssize_t n = any_answer(helper, question, to, &sight);

	ret->sight = n < 0 ? sight_of_errno(-n) : sight;
	ret->error = n < 0 ? -n : 0;
	ret->length = n < 0 ? 0 : n;
	to[ret->length] = '\0';
}
