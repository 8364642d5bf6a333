/* SPDX-License-Identifier: MIT */
/* Who listens where: the sockets of a process, found again in its list of TCP sockets. */
#include "run_ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "run.h"
#include "scan.h"

enum { SOCKETS_EACH = 1024, LISTEN = 10 };

static const char *const lists[] = { "tcp", "tcp6" };

/*
 *   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 123456 1 ...
 */
static bool listener_parse(struct scan line, unsigned *ret_port, uint64_t *ret_inode)
{
	uint64_t port, state;
	const char *at = memchr(line.at, ':', (size_t)(line.end - line.at));
	int64_t inode;
	unsigned field;

	if (!at)
		return false;
	line.at = at + 1;
	scan_blanks(&line);
	at = memchr(line.at, ':', (size_t)(line.end - line.at)); /* behind the address */
	if (!at)
		return false;
	line.at = at + 1;
	if (!scan_digits(&line, 16, &port) || port > UINT16_MAX)
		return false;
	for (field = 1; field <= 9; field++) {
		scan_blanks(&line);
		if (field == 2 && (!scan_digits(&line, 16, &state) || state != LISTEN))
			return false;
		if (field == 8 && scan_number(&line, &inode)) {
			*ret_port = (unsigned)port;
			*ret_inode = (uint64_t)inode;
			return inode > 0;
		}
		while (line.at < line.end && *line.at != ' ')
			line.at++;
	}
	return false;
}

bool listener_next(const char **at, const char *end, unsigned *ret_port, uint64_t *ret_inode)
{
	struct scan text = { *at, end }, line;

	while (scan_line(&text, &line)) {
		*at = text.at;
		if (listener_parse(line, ret_port, ret_inode))
			return true;
	}
	return false;
}

/* Inodes of its sockets. */
static size_t sockets_list(const struct tree *tree, int32_t pid, uint64_t *ret, size_t size)
{
	const int32_t *listed;
	int32_t *fds;
	size_t count, i, used = 0, length;
	const char *link;
	int error, r;

	r = door_list(tree->door, &listed, &count, &error, "%d/fd", pid);
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return 0;
	fds = calloc(count + 1, sizeof(*fds));
	if (!fds)
		return 0;
	memcpy(fds, listed, count * sizeof(*fds));
	for (i = 0; i < count && used < size; i++) {
		if (door_link(tree->door, &link, &length, &error, "%d/fd/%d", pid, fds[i]) != SIGHT_OK ||
		    strncmp(link, "socket:[", 8) != 0)
			continue;
		ret[used++] = strtoull(link + 8, NULL, 10);
	}
	free(fds);
	return used;
}

static bool same_network(const struct tree *tree, int32_t pid)
{
	const char *link;
	char ours[64];
	size_t length;
	int error;

	if (door_link(tree->door, &link, &length, &error, "self/ns/net") != SIGHT_OK || length >= sizeof(ours))
		return true;
	strcpy(ours, link);
	return door_link(tree->door, &link, &length, &error, "%d/ns/net", pid) != SIGHT_OK || strcmp(link, ours) == 0;
}

static unsigned port_add(uint16_t *ports, unsigned count, unsigned size, unsigned port)
{
	unsigned at = count;

	while (at > 0 && ports[at - 1] > port)
		at--;
	if (count == size || (at > 0 && ports[at - 1] == port))
		return count;
	memmove(ports + at + 1, ports + at, (count - at) * sizeof(*ports));
	ports[at] = (uint16_t)port;
	return count + 1;
}

unsigned member_ports(const struct tree *tree, const struct member *member, bool ours_only, uint16_t *ret, unsigned size)
{
	uint64_t sockets[SOCKETS_EACH], inode;
	const size_t count = sockets_list(tree, member->pid, sockets, SOCKETS_EACH);
	const char *text;
	unsigned used = 0, port, list;
	size_t length, i;
	int error, r;

	if (count == 0 || (ours_only && !same_network(tree, member->pid)))
		return 0;
	for (list = 0; list < 2; list++) {
		r = door_read(tree->door, &text, &length, &error, "%d/net/%s", member->pid, lists[list]);
		if (r != SIGHT_OK && r != SIGHT_CUT)
			continue;
		for (const char *at = text; listener_next(&at, text + length, &port, &inode);)
			for (i = 0; i < count; i++)
				if (sockets[i] == inode)
					used = port_add(ret, used, size, port);
	}
	return used;
}

bool port_listened(const struct tree *tree, unsigned port)
{
	const char *text;
	uint64_t inode;
	unsigned list, found;
	size_t length;
	int error, r;

	for (list = 0; list < 2; list++) {
		r = door_read(tree->door, &text, &length, &error, "self/net/%s", lists[list]);
		if (r != SIGHT_OK && r != SIGHT_CUT)
			continue;
		for (const char *at = text; listener_next(&at, text + length, &found, &inode);)
			if (found == port)
				return true;
	}
	return false;
}
