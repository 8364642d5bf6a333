/* SPDX-License-Identifier: MIT */
/*
 * Opening what a target has mapped, or names: through map_files of a process that maps it, else (that needs
 * CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE) by path and compared.  Only regular files are ever opened.
 *
 * maps shows the device of the superblock, stat(2) what the filesystem likes: on btrfs one of the subvolume,
 * on overlayfs another layer's.  So a device without a major number tells little: what was found by path must
 * then hold the bytes that the process has mapped.
 */
#include "files.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"

int file_locate(const char *path, struct stat *ret)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	int found;

	if (fd < 0 || fstat(fd, ret) < 0)
		return -1;
	found = fd;
	fd = -1;
	return found;
}

/* A regular file here may be a register of a device, or an endless answer of the kernel. */
static bool is_pseudo(int fd)
{
	struct statfs found;

	if (fstatfs(fd, &found) < 0)
		return true;
	switch ((uint32_t)found.f_type) {
	case PROC_SUPER_MAGIC: case SYSFS_MAGIC: case DEBUGFS_MAGIC: case TRACEFS_MAGIC: case SECURITYFS_MAGIC:
	case CGROUP_SUPER_MAGIC: case CGROUP2_SUPER_MAGIC: case PSTOREFS_MAGIC: case EFIVARFS_MAGIC: case BPF_FS_MAGIC:
	case HUGETLBFS_MAGIC: /* reading a hole takes a huge page from whoever needs it */
		return true;
	default:
		return false;
	}
}

static int trouble(int error, int *ret_error)
{
	*ret_error = error;
	return error_is_ours(error) ? -error : sight_of_errno(error);
}

int file_map(int located_fd, const struct stat *stat, const uint8_t **ret, size_t *length, int *error)
{
	char path[32], magic[SELFMAG];
	void *bytes;

	if (S_ISREG(stat->st_mode) && is_pseudo(located_fd))
		return SIGHT_UNSUPPORTED;
	if (!S_ISREG(stat->st_mode) || stat->st_size < (off_t)sizeof(Elf64_Ehdr) || (uint64_t)stat->st_size > SIZE_MAX)
		return SIGHT_STRANGE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", located_fd);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return trouble(errno, error);
	if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) || memcmp(magic, ELFMAG, SELFMAG) != 0)
		return SIGHT_STRANGE;
	bytes = mmap(NULL, (size_t)stat->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return trouble(errno, error);
	*ret = bytes;
	*length = (size_t)stat->st_size;
	return 0;
}

/* Does the process have mapped there what stands in this file? */
static bool holds_the_same(struct space *space, const struct place *place, int located_fd)
{
	uint8_t here[4096], there[sizeof(here)];
	char path[32];
	size_t length = sizeof(here);

	if (place->region.end - place->region.start < length)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", located_fd);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd >= 0 && pread(fd, here, length, (off_t)place->region.offset) == (ssize_t)length &&
	       memory_live(space, place->region.start, there, length) && !memcmp(here, there, length);
}

static uint64_t device_of(const struct stat *stat)
{
	return (uint64_t)major(stat->st_dev) << 20 | minor(stat->st_dev);
}

static bool is_this(struct space *space, const struct place *place, int located_fd, const struct stat *stat)
{
	if (!S_ISREG(stat->st_mode) || stat->st_ino != place->inode)
		return false;
	if (device_of(stat) == place->device)
		return true;
	return device_is_nameless(place->device) && !is_pseudo(located_fd) && holds_the_same(space, place, located_fd);
}

/* Found at this path, and it is the very file: an O_PATH descriptor.  Else -1; *found: it was another one. */
__attribute__((__format__(__printf__, 5, 6)))
static int locate_and_compare(struct space *space, const struct place *place, struct stat *ret, bool *found,
			      const char *format, ...)
{
	char path[BOUND_FILE_PATH];
	va_list arguments;
	int fd, length;

	va_start(arguments, format);
	length = vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	fd = length < (int)sizeof(path) ? file_locate(path, ret) : -1;
	if (fd < 0 || is_this(space, place, fd, ret))
		return fd;
	close(fd);
	*found = true;
	return -1;
}

int place_locate(struct space *space, const struct place *place, struct stat *ret, int *sight, int *error)
{
	const char *name = space->text + place->path;
	bool another = false;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", space->via, (unsigned long)place->region.start,
		 (unsigned long)place->region.end);
	fd = file_locate(path, ret);
	if (fd >= 0)
		return fd;
	*error = errno;
	if (error_is_ours(*error)) {
		*sight = -*error;
		return -1;
	}
	fd = locate_and_compare(space, place, ret, &another, "/proc/%d/exe", space->via);
	if (fd >= 0 || place->deleted || name[0] != '/') {
		*sight = sight_of_errno(*error);
		return fd;
	}
	another = false;
	fd = locate_and_compare(space, place, ret, &another, "/proc/%d/root%s", space->via, name);
	if (fd < 0)
		fd = locate_and_compare(space, place, ret, &another, "%s", name);
	*sight = another ? SIGHT_MOVED : sight_of_errno(*error);
	return fd;
}
