/* SPDX-License-Identifier: MIT */
/*
 * What the kernel calls the protocol of a socket (extended attribute
 * system.sockprotoname), and which of its lists has it.  Pure.
 */
#ifndef SOCKET_NAME_H
#define SOCKET_NAME_H

#include <stddef.h>
#include <stdint.h>

/** Lists of sock_diag that may have a socket. */
enum socket_list {
	LIST_NONE  = 0,           /**< A family that stays on this machine, or has no list that we read. */
	LIST_TCP   = 1 << 0,
	LIST_UNIX  = 1 << 1,
	LIST_UDP   = 1 << 2,
	LIST_RAW   = 1 << 3,
	LIST_VSOCK = 1 << 4,
	LIST_ANY   = (1 << 5) - 1,
};

struct socket_name {
	const char *name;         /**< "TCP", "UNIX-STREAM", "NETLINK" ... */
	int32_t family, type;     /**< AF_*; SOCK_*, -1 when the name does not tell. */
	uint8_t lists;            /**< enum socket_list, bits. */
	uint8_t outside;          /**< 1: its family leaves the machine, and no list that we read has it. */
};

/** NULL: an unheard-of name. */
const struct socket_name *socket_name_find(const char *name, size_t length);

#endif
