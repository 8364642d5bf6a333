/* SPDX-License-Identifier: MIT */
/*
 * Names of struct proto, as the kernel's net/ directory gives them.  A multipath TCP
 * socket is among the TCP ones: its subflows carry its inode number.
 */
#include "socket_name.h"

#include <string.h>
#include <sys/socket.h>

#ifndef AF_XDP
#define AF_XDP 44
#endif

static const struct socket_name names[] = {
	{ "TCP", AF_INET, SOCK_STREAM, LIST_TCP, 0 },
	{ "TCPv6", AF_INET6, SOCK_STREAM, LIST_TCP, 0 },
	{ "MPTCP", AF_INET, SOCK_STREAM, LIST_TCP, 0 },
	{ "MPTCPv6", AF_INET6, SOCK_STREAM, LIST_TCP, 0 },
	{ "UDP", AF_INET, SOCK_DGRAM, LIST_UDP, 0 },
	{ "UDPv6", AF_INET6, SOCK_DGRAM, LIST_UDP, 0 },
	{ "RAW", AF_INET, SOCK_RAW, LIST_RAW, 0 },
	{ "RAWv6", AF_INET6, SOCK_RAW, LIST_RAW, 0 },
	{ "UNIX", AF_UNIX, -1, LIST_UNIX, 0 },
	{ "UNIX-STREAM", AF_UNIX, SOCK_STREAM, LIST_UNIX, 0 }, /* since 5.15 */
	{ "AF_VSOCK", AF_VSOCK, -1, LIST_VSOCK, 0 },
	{ "NETLINK", AF_NETLINK, -1, LIST_NONE, 0 },
	{ "PACKET", AF_PACKET, -1, LIST_NONE, 0 },
	{ "ALG", AF_ALG, -1, LIST_NONE, 0 },
	{ "KEY", AF_KEY, SOCK_RAW, LIST_NONE, 0 },
	{ "XDP", AF_XDP, SOCK_RAW, LIST_NONE, 0 },
	{ "PING", AF_INET, SOCK_DGRAM, LIST_NONE, 1 },
	{ "PINGv6", AF_INET6, SOCK_DGRAM, LIST_NONE, 1 },
	{ "UDP-Lite", AF_INET, SOCK_DGRAM, LIST_NONE, 1 },
	{ "UDPLITEv6", AF_INET6, SOCK_DGRAM, LIST_NONE, 1 },
	{ "SCTP", AF_INET, -1, LIST_NONE, 1 },
	{ "SCTPv6", AF_INET6, -1, LIST_NONE, 1 },
	{ "DCCP", AF_INET, -1, LIST_NONE, 1 },
	{ "DCCPv6", AF_INET6, -1, LIST_NONE, 1 },
};

const struct socket_name *socket_name_find(const char *name, size_t length)
{
	size_t i;

	/* The attribute is said with its NUL. */
	while (length > 0 && name[length - 1] == '\0')
		length--;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0)
			return &names[i];
	return NULL;
}
