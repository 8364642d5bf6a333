/* SPDX-License-Identifier: MIT */
/* The record of a run: written, locked, replaced, taken away; and read by those who find it. */
#include "statefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "identity.h"

enum { TURNS = 8 };

static int __attribute__((__format__(__printf__, 4, 5)))
complain(int error, char *complaint, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(complaint, size, format, arguments);
	va_end(arguments);
	return error;
}

/* ---- who we are ------------------------------------------------------------------ */

int run_id_make(char ret[RUN_ID])
{
	uint64_t random;

	/* Early in boot it would block: an id need not be a secret. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint64_t)door_now_ns() << 20 ^ (uint64_t)getpid();
	snprintf(ret, RUN_ID, "%016" PRIx64, random);
	return 0;
}

/* A small file of /proc, as a text.  Length or -errno. */
static ssize_t proc_read(const char *path, char *to, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, to, size - 1);
	if (n < 0)
		return -errno;
	to[n] = '\0';
	return n;
}

int run_record_here(struct run_record *record)
{
	struct stat space;
	char text[64];
	ssize_t n;

	n = proc_read("/proc/sys/kernel/random/boot_id", text, sizeof(text));
	if (n < 0)
		return (int)n;
	text[strcspn(text, "\n")] = '\0';
	if (strlen(text) != sizeof(record->boot_id) - 1)
		return -EPROTO;
	if (stat("/proc/self/ns/pid", &space) < 0)
		return -errno;
	memcpy(record->boot_id, text, sizeof(record->boot_id));
	record->pid_namespace = (int64_t)space.st_ino;
	return 0;
}

int run_start_ticks(pid_t pid, int64_t *ret)
{
	struct identity identity;
	char path[32], text[1024];
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	n = proc_read(path, text, sizeof(text));
	if (n < 0)
		return error_is_ours((int)-n) ? (int)n : sight_of_errno((int)-n);
	r = identity_parse(text, (size_t)n, &identity);
	if (r == 0)
		*ret = identity.start_ticks;
	return r;
}

/* ---- the directory ------------------------------------------------------------- */

static int private_check(int fd, uid_t uid, mode_t forbidden, const char *path, char *complaint, size_t size)
{
	struct stat found;

	if (fstat(fd, &found) < 0)
		return complain(-errno, complaint, size, "%.200s: %s", path, strerror(errno));
	if (found.st_uid != uid)
		return complain(-EPERM, complaint, size, "%.200s belongs to another user: not used", path);
	if (found.st_mode & forbidden)
		return complain(-EPERM, complaint, size, "%.200s is open to other users: not used", path);
	return 0;
}

int statedir_open(uid_t uid, unsigned which, bool create, char *complaint, size_t size)
{
	const char *const runtime = getenv("XDG_RUNTIME_DIR");
	_cleanup_close_ int base = -1;
	char home[256], name[32] = "wedgetools", path[sizeof(home) + sizeof(name)];
	int fd, r;

	*complaint = '\0';
	if (which == 0) {
		if (uid != geteuid() || !runtime || *runtime != '/' || strlen(runtime) >= sizeof(home))
			return -ENOENT;
		strcpy(home, runtime);
	} else if (which == 1) {
		snprintf(home, sizeof(home), "/run/user/%u", uid);
	} else {
		strcpy(home, "/tmp");
		snprintf(name, sizeof(name), "wedgetools-%u", uid);
	}
	snprintf(path, sizeof(path), "%s/%s", home, name);

	base = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : -ENOENT;
	/* /tmp is everybody's; what is below it is checked all the same. */
	if (which < 2) {
		r = private_check(base, uid, 022, home, complaint, size);
		if (r < 0)
			return r;
	}
	if (create && mkdirat(base, name, 0700) < 0 && errno != EEXIST)
		return complain(-errno, complaint, size, "cannot make %.200s: %s", path, strerror(errno));
	fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return complain(-EPERM, complaint, size, "%.200s is no directory: not used", path);
	if (fd < 0)
		return complain(-errno, complaint, size, "cannot open %.200s: %s", path, strerror(errno));
	r = private_check(fd, uid, 077, path, complaint, size);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/* ---- writing it ------------------------------------------------------------------ */

static int lock_take(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

static bool lock_held(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Written aside, locked, renamed: the locked descriptor, or -errno. */
static int record_place(int directory, const char *name, const struct run_record *record)
{
	_cleanup_close_ int fd = -1;
	char aside[RUN_ID + 16], text[BOUND_STATE_FILE];
	size_t length = run_record_put(record, text, sizeof(text));
	ssize_t n;
	int r;

	if (length == 0)
		return -E2BIG;
	snprintf(aside, sizeof(aside), ".%s.tmp", name);
	fd = openat(directory, aside, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, text, length);
	r = n < 0 ? -errno : (size_t)n < length ? -ENOSPC : lock_take(fd);
	if (r == 0 && renameat(directory, aside, directory, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(directory, aside, 0);
		return r;
	}
	r = fd;
	fd = -1;
	return r;
}

int statefile_begin(const struct run_record *record, struct statefile *ret, char *complaint, size_t size)
{
	struct statefile file = { -1, -1, "" };
	char later[STATE_COMPLAINT];
	unsigned which;
	int r = -ENOENT;

	*ret = file;
	*complaint = '\0';
	snprintf(file.name, sizeof(file.name), "%s.run", record->run_id);
	for (which = 0; which < STATE_DIRECTORIES; which++) {
		file.directory = statedir_open(geteuid(), which, true, *complaint ? later : complaint,
					       *complaint ? sizeof(later) : size);
		if (file.directory < 0) {
			r = file.directory;
			continue;
		}
		file.fd = record_place(file.directory, file.name, record);
		if (file.fd >= 0) {
			*complaint = '\0';
			*ret = file;
			return 0;
		}
		r = file.fd;
		close(file.directory);
		complain(r, complaint, size, "cannot write the record of this run: %s", strerror(-r));
	}
	if (!*complaint)
		complain(r, complaint, size, "no directory for the record of this run");
	return r;
}

int statefile_update(struct statefile *file, const struct run_record *record)
{
	int fd;

	if (file->fd < 0)
		return 0;
	fd = record_place(file->directory, file->name, record);
	if (fd < 0)
		return fd;
	close(file->fd);
	file->fd = fd;
	return 0;
}

void statefile_end(struct statefile *file)
{
	if (file->fd < 0)
		return;
	unlinkat(file->directory, file->name, 0);
	close(file->fd);
	close(file->directory);
	file->fd = file->directory = -1;
}

/* ---- reading it ------------------------------------------------------------------ */

/* "9f3ac1d25b6e7a80.run" */
static bool name_valid(const char *name)
{
	char id[RUN_ID];

	if (strlen(name) != RUN_ID - 1 + 4 || strcmp(name + RUN_ID - 1, ".run") != 0)
		return false;
	memcpy(id, name, RUN_ID - 1);
	id[RUN_ID - 1] = '\0';
	return run_id_valid(id);
}

int statedir_each(int directory, int (*found)(void *context, const char *name), void *context)
{
	_cleanup_closedir_ DIR *names = NULL;
	struct dirent *entry;
	unsigned count = 0;
	int fd, r = 0;

	fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	names = fdopendir(fd);
	if (!names) {
		close(fd);
		return -ENOMEM;
	}
	while (r == 0 && count < BOUND_STATE_FILES && (entry = readdir(names))) {
		if (!name_valid(entry->d_name))
			continue;
		count++;
		r = found(context, entry->d_name);
	}
	return r;
}

/* Opened if it is to be trusted: a descriptor, or as statefile_read() and -errno of ours. */
static int record_open(int directory, const char *name, uid_t owner, struct stat *found, int *ret, char *complaint,
		       size_t size)
{
	_cleanup_close_ int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return complain(SIGHT_STRANGE, complaint, size, "%.40s: a link, not a record", name);
	if (fd < 0)
		return error_is_ours(errno) ? -errno : sight_of_errno(errno);
	if (fstat(fd, found) < 0)
		return sight_of_errno(errno);
	if (!S_ISREG(found->st_mode))
		return complain(SIGHT_STRANGE, complaint, size, "%.40s: no regular file", name);
	if (found->st_uid != owner || (found->st_mode & 022) || found->st_nlink > 1)
		return complain(SIGHT_STRANGE, complaint, size, "%.40s: not private to user %u", name, owner);
	if (found->st_size > BOUND_STATE_FILE)
		return complain(SIGHT_STRANGE, complaint, size, "%.40s: too long for a record", name);
	*ret = fd;
	fd = -1;
	return 0;
}

static int record_read(int fd, const char *name, struct run_record *ret, char *complaint, size_t size)
{
	char text[BOUND_STATE_FILE + 1], why[128];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	int r;

	if (n < 0)
		return complain(SIGHT_STRANGE, complaint, size, "%.40s: %s", name, strerror(errno));
	r = run_record_parse(text, (size_t)n, ret, why, sizeof(why));
	if (r == 0 && strncmp(ret->run_id, name, RUN_ID - 1) != 0)
		return complain(SIGHT_STRANGE, complaint, size, "%.40s: it is about another run", name);
	return r ? complain(r, complaint, size, "%.40s: %s", name, why) : 0;
}

static enum run_state record_state(const struct run_record *record, bool locked)
{
	struct run_record here = { 0 };

	if (run_record_here(&here) == 0) {
		if (strcmp(here.boot_id, record->boot_id) != 0)
			return RUN_EARLIER_BOOT;
		if (here.pid_namespace != record->pid_namespace)
			return RUN_ELSEWHERE;
	}
	return locked ? RUN_LIVE : RUN_DEAD;
}

int statefile_read(int directory, const char *name, uid_t owner, struct run_record *ret, enum run_state *state,
		   char *complaint, size_t size)
{
	struct run_record record;
	struct stat found, now;
	bool locked = false;
	unsigned turn;
	int fd = -1, r = SIGHT_MOVED;

	*complaint = '\0';
	for (turn = 0; turn < TURNS; turn++) {
		r = record_open(directory, name, owner, &found, &fd, complaint, size);
		if (r)
			return r;
		locked = lock_held(fd);
		r = record_read(fd, name, &record, complaint, size);
		close(fd);
		if (locked || r < 0)
			break;
		/* Replaced since we opened it?  Then the lock is on another file. */
		if (fstatat(directory, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? SIGHT_GONE : sight_of_errno(errno);
		if (now.st_ino == found.st_ino && now.st_dev == found.st_dev)
			break;
	}
	if (r)
		return r;
	*ret = record;
	*state = record_state(&record, locked);
	return 0;
}

int statefile_claim(int directory, const char *name)
{
	struct stat opened, now;
	int fd, r;

	fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = lock_take(fd);
	if (r == 0 && fstatat(directory, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r == 0 && (fstat(fd, &opened) < 0 || opened.st_ino != now.st_ino))
		r = -EAGAIN; /* it was replaced: so it lives */
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int statefile_remove(int directory, const char *name)
{
	return unlinkat(directory, name, 0) < 0 ? -errno : 0;
}
