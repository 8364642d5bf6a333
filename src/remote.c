/* SPDX-License-Identifier: MIT */
/* process_vm_readv(2), and where that is withheld, /proc/PID/mem. */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include "cleanup.h"

/* A container's filter may withhold the system call; the file asks for the same right. */
static ssize_t file_read(int proc_fd, pid_t tid, char *to, const struct iovec *pieces, unsigned count, int refused)
{
	size_t used = 0;
	char path[32];
	unsigned i;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/mem", tid);
	_cleanup_close_ int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -refused;
	for (i = 0; i < count; i++) {
		errno = EFAULT;
		n = (off_t)(uintptr_t)pieces[i].iov_base < 0 ? -1 :
		    pread(fd, to + used, pieces[i].iov_len, (off_t)(uintptr_t)pieces[i].iov_base);
		if (n < 0)
			return used ? (ssize_t)used : -errno;
		used += (size_t)n;
		if ((size_t)n < pieces[i].iov_len)
			break;
	}
	return (ssize_t)used;
}

ssize_t remote_read(int proc_fd, pid_t tid, void *to, const struct iovec *pieces, unsigned count)
{
	struct iovec local = { to, 0 };
	unsigned i;
	ssize_t n;

	for (i = 0; i < count; i++)
		local.iov_len += pieces[i].iov_len;
	n = process_vm_readv(tid, &local, 1, pieces, count, 0);
	if (n >= 0 || (errno != EPERM && errno != ENOSYS))
		return n < 0 ? -errno : n;
	return file_read(proc_fd, tid, to, pieces, count, errno);
}
