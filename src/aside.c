/* SPDX-License-Identifier: MIT */
/* Writing a file aside, then renaming it: a reader sees the whole file or none. */
#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

bool aside_may_replace(const char *path)
{
	struct stat found;

	return lstat(path, &found) < 0 || S_ISREG(found.st_mode);
}

int aside_write(const char *path, int (*put)(const void *what, FILE *to), const void *what)
{
	_cleanup_free_ char *aside = NULL;
	FILE *to;
	int fd, r;

	if (asprintf(&aside, "%s.%d.tmp", path, (int)getpid()) < 0)
		return -ENOMEM;
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	to = fdopen(fd, "w");
	if (!to) {
		close(fd);
		unlink(aside);
		return -ENOMEM;
	}
	r = put(what, to);
	if (r == 0 && fflush(to) != 0)
		r = -errno;
	if (fclose(to) != 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(aside, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(aside);
	return r;
}
