/* SPDX-License-Identifier: MIT */
/*
 * The one machine-wide cost of a look: the sock_diag dumps that wedgecheck asks for at
 * its first look, asked and thrown away.
 *
 *	dump
 *	dump_us 6100 sockets 10051 bytes 1125712
 *
 * The time is CPU of the dumps alone, without the start of this program.
 */
#include <err.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 32 << 10, UNIX_SHOW = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN };

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

static void dump_inet(int fd, uint8_t family, uint8_t protocol)
{
	const struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		{ .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		{ .sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = ~0U },
	};

	dump(fd, &request, sizeof(request));
}

static void dump_unix(int fd)
{
	const struct {
		struct nlmsghdr head;
		struct unix_diag_req body;
	} request = {
		{ .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		{ .sdiag_family = AF_UNIX, .udiag_states = ~0U, .udiag_show = UNIX_SHOW },
	};

	dump(fd, &request, sizeof(request));
}

int main(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int64_t begun_us;

	if (fd < 0)
		err(1, "netlink");
	begun_us = cpu_us();
	dump_inet(fd, AF_INET, IPPROTO_TCP);
	dump_inet(fd, AF_INET6, IPPROTO_TCP);
	dump_inet(fd, AF_INET, IPPROTO_UDP);
	dump_inet(fd, AF_INET6, IPPROTO_UDP);
	dump_unix(fd);
	printf("dump_us %ld sockets %ld bytes %ld\n", (long)(cpu_us() - begun_us), seen.sockets, seen.bytes);
	close(fd);
	return 0;
}
