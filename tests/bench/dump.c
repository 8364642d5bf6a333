/* SPDX-License-Identifier: MIT */
/*
 * The one machine-wide cost of a look: the dump of all TCP sockets that wedgecheck asks
 * sock_diag for (diag_request_tcp() of probes/diag_parse.c), asked and thrown away.
 *
 *	dump
 *	dump_us 7200 sockets 10016 bytes 1242004
 *
 * The time is CPU of the dump alone, without the start of this program.
 */
#include <err.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 32 << 10, TIME_WAIT = 6, NEW_SYN_RECV = 12 };

static struct { long sockets, bytes; } seen;

static int64_t cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec
	       + usage.ru_stime.tv_usec;
}

static void dump(int fd, const void *request, size_t length)
{
	static _Alignas(struct nlmsghdr) char buffer[BUFFER];
	const struct nlmsghdr *message;
	ssize_t n;
	int left;

	if (send(fd, request, length, 0) < 0)
		err(1, "sock_diag");
	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
		seen.bytes += n;
		left = n;
		for (message = (void *)buffer; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
				return;
			seen.sockets++;
		}
	}
	err(1, "sock_diag");
}

int main(void)
{
	/* The old request: it has no family, so one walk brings IPv4 and IPv6. */
	const struct {
		struct nlmsghdr head;
		struct inet_diag_req body;
	} request = {
		{ .nlmsg_len = sizeof(request), .nlmsg_type = TCPDIAG_GETSOCK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		{ .idiag_family = AF_INET, .idiag_states = ~(1U << TIME_WAIT | 1U << NEW_SYN_RECV) },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int64_t begun_us;

	if (fd < 0)
		err(1, "netlink");
	begun_us = cpu_us();
	dump(fd, &request, sizeof(request));
	printf("dump_us %ld sockets %ld bytes %ld\n", (long)(cpu_us() - begun_us), seen.sockets, seen.bytes);
	close(fd);
	return 0;
}
