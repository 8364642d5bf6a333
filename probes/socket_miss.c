/* SPDX-License-Identifier: MIT */
/* Gaps of the sockets probe: once a reason and namespace, or a reason and process. */
#include "sockets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "door.h"

int socket_miss(struct socket_pass *pass, struct process_ix process, int sight, int error, const char *detail)
{
	struct gap gap = gap_blank(PROBE_SOCKETS, sight, pass->look, error);
	int r;

	gap.process = process;
	r = snapshot_text(pass->snapshot, detail, strlen(detail), &gap.detail);
	if (r < 0 && r != -E2BIG)
		return r;
	return snapshot_miss(pass->snapshot, NULL, &gap);
}

static const char *list_detail(const struct space *space, unsigned list)
{
	if (space->pid)
		return "netns";
	if (space->no_netlink)
		return "netlink";
	switch (1 << list) {
	case LIST_UNIX:
		return "unix_diag";
	case LIST_VSOCK:
		return "vsock_diag";
	}
	return "inet_diag";
}

/* A list that should have had it could not be read: why not; else NULL. */
static const struct list_failure *wanted_failure(const struct socket_pass *pass, const struct wanted *wanted,
						 unsigned *list)
{
	const struct space *space = &pass->memory->spaces[wanted->space];
	/* Of a socket that might be in any, the likely ones count. */
	uint8_t lists = wanted->lists == LIST_ANY ? LIST_TCP | LIST_UNIX | LIST_UDP : wanted->lists;
	unsigned i;

	for (i = 0; i < SOCKET_LISTS; i++)
		if ((lists & 1 << i) && (space->listed & 1 << i) && space->failure[i].sight) {
			*list = i;
			return &space->failure[i];
		}
	return NULL;
}

/* Does the descriptor lead somewhere else by now?  Then its name was not that socket's either. */
static bool wanted_left(const struct socket_pass *pass, const struct wanted *wanted)
{
	const struct object *object = pass_object(pass, wanted->object);
	char link[32];
	const char *text;
	size_t length;
	int error;

	snprintf(link, sizeof(link), "socket:[%" PRIu64 "]", object->key.name);
	return door_link(pass->visit->door, &text, &length, &error, "%d/fd/%d",
			 process_at(pass->snapshot, wanted->process)->pid, wanted->number) != SIGHT_OK ||
	       strcmp(text, link) != 0;
}

static int wanted_miss(struct socket_pass *pass, const struct wanted *wanted, struct process_ix *last)
{
	struct object *object = pass_object(pass, wanted->object);
	struct object_look *seen = &object->at[pass->look];
	struct space *space = &pass->memory->spaces[wanted->space];
	const struct list_failure *failure;
	unsigned list;

	failure = wanted_failure(pass, wanted, &list);
	if (failure) {
		seen->sight = (uint8_t)failure->sight;
		if (space->complained & 1 << list)
			return 0;
		space->complained |= 1 << list;
		return socket_miss(pass, space->pid ? wanted->process : (struct process_ix){ NO_ROW }, failure->sight,
				   failure->error, list_detail(space, list));
	}
	/* New at T1: its addresses are not known, and nobody looked. */
	if (pass->look == LOOK_T1 && (wanted->lists & LIST_TCP))
		return 0;
	if (wanted->lists != LIST_ANY && wanted_left(pass, wanted)) {
		object->kind = OBJECT_SOCKET;
		object->family = object->type = -1;
		object->reach = REACH_UNKNOWN;
		seen->sight = SIGHT_GONE;
		return 0;
	}
	seen->sight = SIGHT_UNSUPPORTED;
	if (last->at == wanted->process.at)
		return 0;
	*last = wanted->process;
	return socket_miss(pass, wanted->process, SIGHT_UNSUPPORTED, 0, object->kind == OBJECT_UNIX ? "netns" : "unlisted");
}

/*
 * In no list: never bound nor connected, or reset; or of a namespace where nobody lives
 * whom we look at.  So it is with every unix socket in no list: an accepted one belongs to the
 * namespace of its client.  A family that leaves the machine and has no list that we read is as bad.
 */
int socket_miss_unseen(struct socket_pass *pass)
{
	struct process_ix last = { NO_ROW };
	uint32_t i;
	int r = 0;

	for (i = 0; i < pass->wanted_count && r == 0; i++)
		if (!pass_seen(pass, pass->wanted[i].object) || pass->wanted[i].outside)
			r = wanted_miss(pass, &pass->wanted[i], &last);
	return r;
}
