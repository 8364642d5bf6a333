/* SPDX-License-Identifier: MIT */
/*
 * Who listens where, from /proc/PID/net/tcp and tcp6: listeners only, for a client's port
 * blocks nobody.
 */
#ifndef RUN_PORTS_H
#define RUN_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree;
struct member;

/** The next listener of the text; false at its end.  Pure. */
bool listener_next(const char **at, const char *end, unsigned *ret_port, uint64_t *ret_inode);

/**
 * Ports that this process listens on, each once, ascending; at most size.  ours_only: nothing of one that
 * is in another network namespace.  Returns how many.
 */
unsigned member_ports(const struct tree *tree, const struct member *member, bool ours_only, uint16_t *ret, unsigned size);
/** Is somebody listening on it in our own network namespace? */
bool port_listened(const struct tree *tree, unsigned port);

#endif
