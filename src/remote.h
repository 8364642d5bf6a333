/* SPDX-License-Identifier: MIT */
/* Memory of another task.  What may not be touched is the caller's to know: pagemap.h. */
#ifndef REMOTE_H
#define REMOTE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/**
 * These pieces of it, one after the other, into to; no more than IOV_MAX.  The bytes that came before one that
 * could not be read, or -errno.  proc_fd: of /proc.
 */
ssize_t remote_read(int proc_fd, pid_t tid, void *to, const struct iovec *pieces, unsigned count);

#endif
