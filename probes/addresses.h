/* SPDX-License-Identifier: MIT */
/*
 * Is an address one of this machine's own?  The kernel's routing answers that, one
 * address at a time (RTM_GETROUTE).  A dump of all addresses would take the lock of the
 * network configuration (rtnl_mutex) on older kernels, which a stuck driver may hold for
 * ever, and a host of containers has thousands of them.
 */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

struct door;
struct nlmsghdr;

/** The other end is on this host for sure: a loopback address, or the same as this end's.  Pure. */
bool address_is_home(const struct diag_inet *socket);

/**
 * Are the remote addresses of these sockets, all of our own network namespace, local ones?  ret: an enum
 * answer_yes for each.  0; an enum sight with *error when some stayed ANSWER_UNKNOWN; -errno of our own.
 */
int addresses_ask(struct door *door, int64_t deadline_ns, const struct diag_inet *const *sockets, size_t count,
		  uint8_t *ret, int *error);

/** How to get to the remote end.  Pure. */
struct diag_request route_request(const struct diag_inet *socket);
/** An enum answer_yes: does that route stay on this host?  Pure. */
int route_is_local(const struct nlmsghdr *message);

#endif
