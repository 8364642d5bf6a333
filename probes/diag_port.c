/* SPDX-License-Identifier: MIT */
/* Whose is this port: for the selector --port; and all of TCP, for those who ask about many. */
#include "diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bounds.h"
#include "door.h"
#include "sight.h"

struct port {
	uint32_t *inodes;
	size_t count, room;
};

static int port_message(void *context, const struct nlmsghdr *message)
{
	struct port *port = context;
	struct diag_inet told;
	uint32_t *more;
	size_t i;

	if (diag_parse_inet(message, 0, &told, NULL) || told.inode == 0)
		return 0;
	for (i = 0; i < port->count; i++)
		if (port->inodes[i] == told.inode)
			return 0;
	if (port->count == port->room) {
		more = reallocarray(port->inodes, port->room ? port->room * 2 : 8, sizeof(*more));
		if (!more)
			return -ENOMEM;
		port->inodes = more;
		port->room = port->room ? port->room * 2 : 8;
	}
	port->inodes[port->count++] = told.inode;
	return 0;
}

int diag_port_inodes(struct door *door, uint16_t port, uint32_t **ret, size_t *count, int *error)
{
	const struct diag_request tries[] = {
		diag_request_tcp(DIAG_STATES_LISTEN, port),
		diag_request_inet(AF_INET, IPPROTO_UDP, DIAG_STATES_HELD, port),
		diag_request_inet(AF_INET6, IPPROTO_UDP, DIAG_STATES_HELD, port),
		diag_request_tcp(DIAG_STATES_HELD, port),
	};
	struct port found = { 0 };
	struct diag diag;
	size_t i;
	int r = SIGHT_OK, seen = SIGHT_UNASKED, number = 0;

	*error = 0;
	diag_init(&diag, door, 0, door_now_ns() + BOUND_NETLINK_MS * INT64_C(1000000));
	for (i = 0; i < sizeof(tries) / sizeof(tries[0]) && r >= 0; i++) {
		/* Both families of UDP are one try. */
		if (found.count > 0 && i != 2)
			break;
		r = diag_dump(&diag, &tries[i], port_message, &found, &number);
		if (r == SIGHT_OK)
			seen = SIGHT_OK;
		else if (r > 0 && seen != SIGHT_OK) {
			seen = r;
			*error = number;
		}
	}
	diag_deinit(&diag);
	if (r < 0 || seen != SIGHT_OK) {
		free(found.inodes);
		return r < 0 ? r : seen;
	}
	*error = 0;
	*ret = found.inodes;
	*count = found.count;
	return SIGHT_OK;
}

struct pile { struct diag_inet *row; size_t count, room; bool cut; };

static int pile_message(void *context, const struct nlmsghdr *message)
{
	struct pile *pile = context;
	struct diag_inet told, *more;

	if (diag_parse_inet(message, IPPROTO_TCP, &told, NULL) || told.inode == 0)
		return 0;
	pile->cut = pile->count == BOUND_SOCKETS_KEPT;
	if (pile->cut)
		return 0;
	if (pile->count == pile->room) {
		more = reallocarray(pile->row, pile->room ? pile->room * 2 : 64, sizeof(*more));
		if (!more)
			return -ENOMEM;
		pile->row = more;
		pile->room = pile->room ? pile->room * 2 : 64;
	}
	pile->row[pile->count++] = told;
	return 0;
}

int diag_tcp_list(struct door *door, pid_t pid, uint32_t states, int64_t deadline_ns, struct diag_inet **ret,
		  size_t *count, int *error)
{
	const struct diag_request request = diag_request_tcp(states, 0);
	struct pile pile = { 0 };
	struct diag diag;
	int r;

	*error = 0;
	diag_init(&diag, door, pid, deadline_ns);
	r = diag_dump(&diag, &request, pile_message, &pile, error);
	diag_deinit(&diag);
	if (r != SIGHT_OK && r != SIGHT_CUT) {
		free(pile.row);
		return r;
	}
	*ret = pile.row;
	*count = pile.count;
	return pile.cut ? SIGHT_CUT : r;
}
