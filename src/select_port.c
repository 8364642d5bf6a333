/* SPDX-License-Identifier: MIT */
/* Who owns a port: its sockets by sock_diag, then the descriptors of everybody. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "door.h"
#include "select_inner.h"

/* socket:[8421] */
static bool is_one_of(const char *link, const uint32_t *inodes, size_t count)
{
	static const char prefix[] = "socket:[";
	unsigned long inode;
	size_t i;

	if (strncmp(link, prefix, strlen(prefix)) != 0)
		return false;
	inode = strtoul(link + strlen(prefix), NULL, 10);
	for (i = 0; i < count; i++)
		if (inodes[i] == inode)
			return true;
	return false;
}

/* 1 it holds one, 0 it does not, an enum sight above that when it would not say; or -errno. */
enum { HOLDS_NOT, HOLDS, HOLDS_UNSEEN };

static int holds(struct choice *choice, int32_t pid, const uint32_t *inodes, size_t count, struct pids *fds)
{
	const int32_t *listed;
	const char *link;
	size_t listed_count, length, i;
	int r, error;

	r = door_list(choice->door, &listed, &listed_count, &error, "%d/fd", pid);
	if (r < 0)
		return r;
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return r == SIGHT_GONE ? HOLDS_NOT : HOLDS_UNSEEN;
	for (i = 0, fds->count = 0; i < listed_count; i++)
		if (pids_add(fds, listed[i]) < 0)
			return -ENOMEM;
	for (i = 0; i < fds->count; i++) {
		r = door_link(choice->door, &link, &length, &error, "%d/fd/%d", pid, fds->row[i]);
		if (r < 0)
			return r;
		if (r == SIGHT_OK && is_one_of(link, inodes, count))
			return HOLDS;
	}
	return HOLDS_NOT;
}

/*
 * pid 1 holds the sockets that it hands to services: it is the owner only when nobody
 * else is.
 */
static int owners_pick(struct choice *choice, const uint32_t *inodes, size_t count, uint32_t *ret_unseen)
{
	uint32_t i, others = 0;
	struct pids fds = { 0 };
	int r = 0;

	for (i = 0; i < choice->roster.count && r >= 0; i++) {
		r = holds(choice, choice->roster.row[i].pid, inodes, count, &fds);
		choice->picked[i] = r == HOLDS;
		*ret_unseen += r == HOLDS_UNSEEN;
		others += r == HOLDS && choice->roster.row[i].pid != 1;
	}
	free(fds.row);
	for (i = 0; i < choice->roster.count && others > 0; i++)
		if (choice->roster.row[i].pid == 1)
			choice->picked[i] = false;
	return r < 0 ? r : 0;
}

int select_port(struct choice *choice, const char *value)
{
	const int64_t port = select_number(value);
	uint32_t *inodes = NULL, owners = 0, unseen = 0;
	size_t count = 0;
	int r, error = 0;

	if (port < 1 || port > 65535)
		return choice_complain(choice, -EINVAL, "not a port: %.80s (1 to 65535)", value);
	r = diag_port_inodes(choice->door, (uint16_t)port, &inodes, &count, &error);
	if (r > 0)
		return choice_complain(choice, -EACCES, "cannot look for port %s: %s", value, strerror(error));
	if (r == 0 && count == 0)
		return choice_complain(choice, -ESRCH, "nobody has port %s", value);
	if (r == 0)
		r = choice_list(choice);
	if (r == 0)
		r = owners_pick(choice, inodes, count, &unseen);
	free(inodes);
	if (r == 0)
		r = choice_take(choice, &owners);
	if (r == 0 && owners == 0)
		return unseen ? choice_complain(choice, -EACCES, "port %s is taken, but its owner hides its descriptors: "
						"run as its user or as root", value) :
				choice_complain(choice, -ESRCH, "port %s is taken, but by nobody here", value);
	return r;
}
