/* SPDX-License-Identifier: MIT */
/*
 * sock_diag(7) for a helper: one netlink socket in each network namespace asked about.
 *
 * A socket answers for the namespace it was created in, for good; so the helper is
 * elsewhere only while it creates one.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

enum { DATAGRAM = 64 << 10 }; /* the kernel makes none beyond 32 KiB */

static int own_net_open(struct helper *helper)
{
	struct stat found;

	if (helper->own_net_fd >= 0)
		return 0;
	helper->own_net_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (helper->own_net_fd < 0)
		return -errno;
	if (fstat(helper->own_net_fd, &found) < 0)
		_exit(1); /* of an open nsfs file: cannot be */
	helper->own_net = found.st_ino;
	return 0;
}

static int diag_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

static int diag_socket_in(struct helper *helper, pid_t pid)
{
	_cleanup_close_ int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int fd;

	if (pidfd < 0 || setns(pidfd, CLONE_NEWNET) < 0)
		return -errno;
	fd = diag_socket();
	if (setns(helper->own_net_fd, CLONE_NEWNET) < 0)
		_exit(1); /* never go on in the wrong place */
	return fd;
}

/* The socket for pid's namespace (0: ours), kept; or -errno. */
static int diag_find(struct helper *helper, pid_t pid, unsigned *ret)
{
	struct stat found;
	char path[32];
	uint64_t net;
	unsigned i;
	int r, fd;

	r = own_net_open(helper);
	if (r < 0)
		return r;
	net = helper->own_net;
	if (pid > 0) {
		snprintf(path, sizeof(path), "%d/ns/net", pid);
		if (fstatat(helper->proc_fd, path, &found, 0) < 0)
			return -errno;
		net = found.st_ino;
	}
	for (i = 0; i < helper->diag_count; i++)
		if (helper->diag[i].net == net) {
			*ret = i;
			return 0;
		}
	fd = net == helper->own_net ? diag_socket() : diag_socket_in(helper, pid);
	if (fd < 0)
		return fd;
	if (i == HELPER_NAMESPACES) {
		i = net % HELPER_NAMESPACES;
		close(helper->diag[i].fd);
	} else {
		helper->diag_count++;
	}
	helper->diag[i].net = net;
	helper->diag[i].fd = fd;
	*ret = i;
	return 0;
}

/* What remains unread in a socket would answer the next request. */
static void diag_drop(struct helper *helper, unsigned which)
{
	close(helper->diag[which].fd);
	helper->diag[which] = helper->diag[--helper->diag_count];
}

/* Is this datagram the last of the answer? */
static bool diag_ends(const char *bytes, size_t length)
{
	struct nlmsghdr head;
	size_t at;

	for (at = 0; length - at >= sizeof(head); at += NLMSG_ALIGN(head.nlmsg_len)) {
		memcpy(&head, bytes + at, sizeof(head));
		if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR || !(head.nlmsg_flags & NLM_F_MULTI))
			return true;
		if (head.nlmsg_len < sizeof(head) || NLMSG_ALIGN(head.nlmsg_len) > length - at)
			return true;
	}
	return false;
}

ssize_t helper_diag(struct helper *helper, const struct question *question, char *to, size_t room, bool *cut)
{
	unsigned which = 0;
	size_t used = 0;
	ssize_t n;
	int r, fd;

	r = diag_find(helper, question->pid, &which);
	if (r < 0)
		return r;
	fd = helper->diag[which].fd;
	if (send(fd, question->path, question->limit, 0) < 0) {
		r = -errno;
		diag_drop(helper, which);
		return r;
	}
	do {
		if (room - used < DATAGRAM) {
			*cut = true;
			diag_drop(helper, which);
			return used;
		}
		n = recv(fd, to + used, room - used < DATAGRAM * 4 ? room - used : DATAGRAM * 4, MSG_TRUNC);
		if (n <= 0 || n > DATAGRAM * 4) {
			r = n < 0 ? -errno : -EMSGSIZE;
			diag_drop(helper, which);
			return r;
		}
		used += n;
	} while (!diag_ends(to + used - n, n));
	return used;
}
