/* SPDX-License-Identifier: MIT */
/*
 * The leaf of the door for what answers at once: files, directories and links below
 * /proc, read into one scratch buffer.
 *
 * Nothing is opened through a link: O_NOFOLLOW makes /proc/PID/fd/N and the like fail
 * with ELOOP, for to open them would be to open the target's own file.
 */
#include "door_inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"

enum { SCRATCH_FIRST = 64 << 10, DIRENTS = 32 << 10, LOG_RECORD = 8 << 10 };

int64_t door_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int sight_of_errno(int error)
{
	switch (error) {
	case 0:
		return SIGHT_OK;
	case EPERM:
	case EACCES:
		return SIGHT_DENIED;
	case ENOENT:
	case ESRCH:
	case ENODEV: /* kernfs: an open file of a cgroup that was removed */
		return SIGHT_GONE;
	case ENOSYS:
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
		return SIGHT_UNSUPPORTED;
	case ETIMEDOUT:
		return SIGHT_TIMEOUT;
	}
	return SIGHT_STRANGE;
}

bool error_is_ours(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE || error == ENOSPC;
}

static void descriptors_raise(struct door *door)
{
	struct rlimit raised;

	getrlimit(RLIMIT_NOFILE, &door->descriptors);
	raised = door->descriptors;
	raised.rlim_cur = raised.rlim_max < BOUND_DESCRIPTORS ? raised.rlim_max : BOUND_DESCRIPTORS;
	if (raised.rlim_cur <= door->descriptors.rlim_cur || setrlimit(RLIMIT_NOFILE, &raised) < 0)
		raised = door->descriptors;
	door->descriptors_most = raised.rlim_cur;
}

int door_open(const char *proc, struct door **ret)
{
	struct door *door;
	int r;

	door = calloc(1, sizeof(*door));
	if (!door)
		return -ENOMEM;
	door->live = strcmp(proc, "/proc") == 0;
	door->scratch_room = SCRATCH_FIRST;
	door->scratch = malloc(door->scratch_room + 1);
	door->proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = !door->scratch ? -ENOMEM : door->proc_fd < 0 ? -errno : 0;
	if (r < 0) {
		cleanup_close(&door->proc_fd);
		free(door->scratch);
		free(door);
		return r;
	}
	descriptors_raise(door);
	*ret = door;
	return 0;
}

struct door *door_close(struct door *door)
{
	if (!door)
		return NULL;
	asking_destroy(door->asking);
	errands_destroy(door->errands);
	holdings_destroy(door->holdings);
	close(door->proc_fd);
	setrlimit(RLIMIT_NOFILE, &door->descriptors);
	free(door->scratch);
	free(door);
	return NULL;
}

void door_inject(struct door *door, const char *path_end, int error)
{
	struct injection *injection;

	if (door->injection_count == INJECTIONS)
		return;
	injection = &door->injections[door->injection_count++];
	snprintf(injection->path_end, sizeof(injection->path_end), "%s", path_end);
	injection->error = error;
}

int door_injected(const struct door *door, const char *path)
{
	size_t length, end;
	unsigned i;

	if (door->injection_count == 0)
		return 0;
	length = strlen(path);
	for (i = 0; i < door->injection_count; i++) {
		end = strlen(door->injections[i].path_end);
		if (end <= length && strcmp(path + length - end, door->injections[i].path_end) == 0)
			return door->injections[i].error;
	}
	return 0;
}

/* What a look that failed comes to. */
static int failed(int error, int *ret)
{
	if (error_is_ours(error))
		return -error;
	*ret = error;
	return sight_of_errno(error);
}

static int path_open(const struct door *door, const char *path, int flags)
{
	int fd, error = door_injected(door, path);

	if (error) {
		errno = error;
		return -1;
	}
	do
		fd = openat(door->proc_fd, path, flags | O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static ssize_t bytes_read(int fd, void *to, size_t size)
{
	ssize_t n;

	do
		n = read(fd, to, size);
	while (n < 0 && errno == EINTR);
	return n;
}

static int scratch_grow(struct door *door, size_t room)
{
	char *grown = realloc(door->scratch, room + 1);

	if (!grown)
		return -ENOMEM;
	door->scratch = grown;
	door->scratch_room = room;
	return 0;
}

/* least: bytes that a read must have room for. */
static int file_read(struct door *door, const char *path, int flags, size_t least, const char **ret, size_t *length,
		     int *error)
{
	_cleanup_close_ int fd = path_open(door, path, flags);
	size_t used = 0, room;
	bool cut = false;
	ssize_t n;
	int r;

	if (fd < 0)
		return failed(errno, error);
	/*
	 * Until read(2) says 0: a seq_file hands out what fits into a buffer of its own, so
	 * a short read does not tell the end.  The last read costs 0.2 us (measured).
	 */
	for (;;) {
		if (door->scratch_room - used < least) {
			room = door->scratch_room * 2 < BOUND_PROC_FILE ? door->scratch_room * 2 : BOUND_PROC_FILE;
			cut = room <= door->scratch_room;
			if (cut)
				break;
			r = scratch_grow(door, room);
			if (r < 0)
				return r;
		}
		n = bytes_read(fd, door->scratch + used, door->scratch_room - used);
		/* The log: these were overwritten, and it goes on with the oldest; all was read. */
		if (n < 0 && errno == EPIPE && (flags & O_NONBLOCK))
			continue;
		if (n < 0 && errno == EAGAIN && (flags & O_NONBLOCK))
			break;
		if (n < 0) {
			*error = errno; /* ENOMEM too: the size of the answer is the target's doing */
			return sight_of_errno(*error);
		}
		if (n == 0)
			break;
		used += n;
	}
	door->scratch[used] = '\0';
	*ret = door->scratch;
	*length = used;
	*error = 0;
	return cut ? SIGHT_CUT : SIGHT_OK;
}

/* 0, or SIGHT_STRANGE for what is too long to be a path. */
static int __attribute__((__format__(__printf__, 3, 0)))
path_print(char path[PATH_MAX], int *error, const char *format, va_list arguments)
{
	int n = vsnprintf(path, PATH_MAX, format, arguments);

	if (n >= 0 && n < PATH_MAX)
		return 0;
	*error = ENAMETOOLONG;
	return SIGHT_STRANGE;
}

int door_read(struct door *door, const char **ret, size_t *length, int *error, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = path_print(path, error, format, arguments);
	va_end(arguments);
	return r ? r : file_read(door, path, 0, 1, ret, length, error);
}

/* Names come from /proc/PID/cgroup, which shows "/../" where namespaces differ. */
static bool path_is_cgroup(const char *path)
{
	const char *const home = "/sys/fs/cgroup/";
	size_t length = strlen(path);

	return strncmp(path, home, strlen(home)) == 0 && !strstr(path, "/../") &&
	       !(length >= 3 && strcmp(path + length - 3, "/..") == 0);
}

int door_read_system(struct door *door, const char **ret, size_t *length, int *error, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = path_print(path, error, format, arguments);
	va_end(arguments);
	if (r)
		return r;
	if (!path_is_cgroup(path)) {
		*error = EXDEV;
		return SIGHT_UNSUPPORTED;
	}
	return file_read(door, door->live ? path : path + 1, 0, 1, ret, length, error);
}

int door_read_log(struct door *door, const char **ret, size_t *length, int *error)
{
	const char *const path = door->live ? "/dev/kmsg" : "dev/kmsg";
	struct stat node;
	int r;

	/* A container may have a null device or a console there. */
	if (door->live && (stat(path, &node) < 0 || !S_ISCHR(node.st_mode) || node.st_rdev != makedev(1, 11)))
		return failed(EOPNOTSUPP, error);
	r = file_read(door, path, O_NONBLOCK, LOG_RECORD, ret, length, error);
	return r == SIGHT_GONE ? SIGHT_UNSUPPORTED : r;
}

int door_link(struct door *door, const char **ret, size_t *length, int *error, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	ssize_t n;
	int r;

	va_start(arguments, format);
	r = path_print(path, error, format, arguments);
	va_end(arguments);
	if (r)
		return r;
	r = door_injected(door, path);
	if (r)
		return failed(r, error);
	n = readlinkat(door->proc_fd, path, door->scratch, door->scratch_room);
	if (n < 0)
		return failed(errno, error);
	door->scratch[n] = '\0';
	*ret = door->scratch;
	*length = n;
	*error = 0;
	return SIGHT_OK;
}

int door_protocol(struct door *door, const char **ret, size_t *length, int *error, const char *format, ...)
{
	char path[PATH_MAX], whole[PATH_MAX + 16];
	va_list arguments;
	ssize_t n;
	int r;

	va_start(arguments, format);
	r = path_print(path, error, format, arguments);
	va_end(arguments);
	if (r)
		return r;
	snprintf(whole, sizeof(whole), "%s/protocol", path);
	r = door_injected(door, whole);
	if (r)
		return failed(r, error);
	if (!door->live)
		return failed(EOPNOTSUPP, error);
	/* Follows the link as readlink(2) does, without opening anything and without a lock. */
	snprintf(whole, sizeof(whole), "/proc/%s", path);
	n = getxattr(whole, "system.sockprotoname", door->scratch, door->scratch_room);
	if (n < 0)
		return failed(errno, error);
	door->scratch[n] = '\0';
	*ret = door->scratch;
	*length = n;
	*error = 0;
	return SIGHT_OK;
}

/* "17" is, "." and "self" are not. */
static bool name_is_number(const char *name, int32_t *ret)
{
	int64_t value = 0;
	const char *at;

	for (at = name; *at >= '0' && *at <= '9' && value <= INT32_MAX; at++)
		value = value * 10 + (*at - '0');
	if (at == name || *at || value > INT32_MAX)
		return false;
	*ret = value;
	return true;
}

static int number_order(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The kernel lists pids and fds in order; tasks only mostly. */
static void numbers_sort(int32_t *numbers, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (numbers[i - 1] > numbers[i])
			break;
	if (i < count)
		qsort(numbers, count, sizeof(*numbers), number_order);
}

int door_list(struct door *door, const int32_t **ret, size_t *count, int *error, const char *format, ...)
{
	_Alignas(struct dirent64) char entries[DIRENTS];
	char path[PATH_MAX];
	size_t used = 0;
	va_list arguments;
	ssize_t n, at;
	int r;

	va_start(arguments, format);
	r = path_print(path, error, format, arguments);
	va_end(arguments);
	if (r)
		return r;
	_cleanup_close_ int fd = path_open(door, path, O_DIRECTORY);
	if (fd < 0)
		return failed(errno, error);

	while ((n = getdents64(fd, entries, sizeof(entries))) > 0) {
		/* A name takes 24 bytes here and 4 there: one call's worth always fits after growing. */
		if ((used * sizeof(int32_t)) + n > door->scratch_room) {
			r = scratch_grow(door, door->scratch_room * 2);
			if (r < 0)
				return r;
		}
		for (at = 0; at < n && used < BOUND_LIST;) {
			const struct dirent64 *entry = (const void *)(entries + at);

			used += name_is_number(entry->d_name, (int32_t *)door->scratch + used);
			at += entry->d_reclen;
		}
		if (used == BOUND_LIST)
			break;
	}
	if (n < 0) {
		*error = errno;
		return sight_of_errno(*error);
	}
	numbers_sort((int32_t *)door->scratch, used);
	*ret = (int32_t *)door->scratch;
	*count = used;
	*error = 0;
	return used == BOUND_LIST ? SIGHT_CUT : SIGHT_OK;
}

ssize_t door_peek(const struct door *door, const char *path, char *to, size_t size)
{
	_cleanup_close_ int fd = path_open(door, path, 0);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = bytes_read(fd, to, size - 1);
	if (n < 0)
		return -errno;
	to[n] = '\0';
	return n;
}
