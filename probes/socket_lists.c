/* SPDX-License-Identifier: MIT */
/*
 * The kernel's lists of sockets, one network namespace at a time: whose row is waiting
 * for what they tell is in pass->rows, by inode.  The TCP list of T0 is kept: processes
 * that join later the same look, and exact requests at T1, are answered from it.
 */
#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bounds.h"
#include "cleanup.h"

/*
 * What it costs to ask, in rows of a dump (0.3 us): an exact request 2.5 us; walking the
 * hash table of TCP, however empty, 0.25 ms (measured, 262,144 buckets).
 */
enum { COST_EXACT = 8, COST_WALK = 850 };

struct reading {
	struct socket_pass *pass;
	uint32_t space;
	uint8_t protocol;
	bool keep;
};

static struct space *space_of(const struct reading *reading)
{
	return &reading->pass->memory->spaces[reading->space];
}

static struct object_ix row_of(const struct socket_pass *pass, uint32_t inode)
{
	return (struct object_ix){ inode ? map32_get(&pass->rows, inode) : NO_ROW };
}

/* ---- TCP, UDP, raw --------------------------------------------------------- */

int socket_know(struct socket_pass *pass, struct object_ix object, uint32_t space, const struct diag_inet *told,
		bool fresh)
{
	struct socket_memory *memory = pass->memory;
	uint32_t at = map32_get(&memory->known_of, object.at), room;
	struct known *more;
	int r;

	if (at == MAP32_NONE) {
		if (memory->known_count == memory->known_room) {
			room = memory->known_room ? memory->known_room * 2 : 64;
			more = reallocarray(memory->known, room, sizeof(*more));
			if (!more)
				return -ENOMEM;
			memory->known = more;
			memory->known_room = room;
		}
		at = memory->known_count;
		r = map32_put(&memory->known_of, object.at, at);
		if (r < 0)
			return r;
		memory->known[at] = (struct known){ .object = object };
		memory->known_count++;
	}
	memory->known[at].told = *told;
	memory->known[at].space = space;
	memory->known[at].fresh |= fresh;
	return 0;
}

static int inet_found(struct socket_pass *pass, uint32_t space, struct object_ix object,
		      const struct diag_inet *told)
{
	bool new = pass_object(pass, object)->reach == REACH_UNKNOWN;
	int r;

	/* The subflows of a multipath TCP socket come under one inode: the first is shown. */
	if (pass_seen(pass, object))
		return 0;
	r = socket_fill_inet(pass, object, told, pass->memory->spaces[space].ns);
	if (r == 0)
		r = socket_know(pass, object, space, told, new);
	return r;
}

static int tcp_keep(struct space *space, const struct diag_inet *told)
{
	struct diag_inet *more;
	size_t room;

	if (space->tcp_count == BOUND_SOCKETS_KEPT) {
		space->tcp_cut = true;
		return 0;
	}
	if (space->tcp_count == space->tcp_room) {
		room = space->tcp_room ? space->tcp_room * 2 : 256;
		more = reallocarray(space->tcp, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		space->tcp = more;
		space->tcp_room = room;
	}
	space->tcp[space->tcp_count++] = *told;
	return 0;
}

static int inet_message(void *context, const struct nlmsghdr *message)
{
	const struct reading *reading = context;
	struct socket_pass *pass = reading->pass;
	struct object_ix object;
	struct diag_inet told;
	int r;

	if (diag_parse_inet(message, reading->protocol, &told, NULL) || told.inode == 0)
		return 0;
	if (reading->keep) {
		r = tcp_keep(space_of(reading), &told);
		if (r < 0)
			return r;
	}
	object = row_of(pass, told.inode);
	return object.at == NO_ROW ? 0 : inet_found(pass, reading->space, object, &told);
}

static int tcp_recall(struct socket_pass *pass, uint32_t which)
{
	struct object_ix object;
	struct diag_inet told;
	size_t i;
	int r;

	for (i = 0; i < pass->memory->spaces[which].tcp_count; i++) {
		told = pass->memory->spaces[which].tcp[i];
		object = row_of(pass, told.inode);
		r = object.at == NO_ROW ? 0 : inet_found(pass, which, object, &told);
		if (r < 0)
			return r;
	}
	return 0;
}

static int tcp_read(struct reading *reading, struct diag *diag, int *error)
{
	const struct diag_request request = diag_request_tcp(DIAG_STATES_HELD, 0);
	bool again = space_of(reading)->tcp_dumped;
	int r;

	if (again) {
		r = tcp_recall(reading->pass, reading->space);
		if (r < 0 || !space_of(reading)->tcp_cut)
			return r;
	}
	reading->protocol = IPPROTO_TCP;
	reading->keep = !again;
	r = diag_dump(diag, &request, inet_message, reading, error);
	reading->keep = false;
	space_of(reading)->tcp_dumped |= r == SIGHT_OK;
	return r;
}

static int inet_read(struct reading *reading, struct diag *diag, uint8_t protocol, int *error)
{
	const struct diag_request requests[] = {
		diag_request_inet(AF_INET, protocol, DIAG_STATES_HELD, 0),
		diag_request_inet(AF_INET6, protocol, DIAG_STATES_HELD, 0),
	};
	int r;

	reading->protocol = protocol;
	r = diag_dump(diag, &requests[0], inet_message, reading, error);
	return r ? r : diag_dump(diag, &requests[1], inet_message, reading, error);
}

static int udp_read(struct reading *reading, struct diag *diag, int *error)
{
	return inet_read(reading, diag, IPPROTO_UDP, error);
}

static int raw_read(struct reading *reading, struct diag *diag, int *error)
{
	return inet_read(reading, diag, IPPROTO_RAW, error);
}

/* ---- vsock ----------------------------------------------------------------- */

static int vsock_message(void *context, const struct nlmsghdr *message)
{
	const struct reading *reading = context;
	struct object_ix object;
	struct diag_vsock told;

	if (diag_parse_vsock(message, &told))
		return 0;
	object = row_of(reading->pass, told.inode);
	return object.at == NO_ROW ? 0 : socket_fill_vsock(reading->pass, object, &told, space_of(reading)->ns);
}

static int vsock_read(struct reading *reading, struct diag *diag, int *error)
{
	const struct diag_request request = diag_request_vsock();

	return diag_dump(diag, &request, vsock_message, reading, error);
}

/* ---- all of them ----------------------------------------------------------- */

static int unix_read(struct reading *reading, struct diag *diag, int *error)
{
	return socket_unix_read(reading->pass, reading->space, diag, error);
}

static int (*const readers[SOCKET_LISTS])(struct reading *reading, struct diag *diag, int *error) = {
	tcp_read, unix_read, udp_read, raw_read, vsock_read,
};

int socket_lists_read(struct socket_pass *pass, uint32_t which, uint8_t lists)
{
	struct reading reading = { .pass = pass, .space = which };
	struct list_failure failure;
	struct space *space;
	struct diag diag;
	unsigned i;
	int r = 0;

	space_diag(pass, which, &diag);
	for (i = 0; i < SOCKET_LISTS && r >= 0; i++) {
		if (!(lists & 1 << i))
			continue;
		failure = (struct list_failure){ 0 };
		r = readers[i](&reading, &diag, &failure.error);
		failure.sight = r > 0 ? r : SIGHT_OK;
		space = &pass->memory->spaces[which];
		space->listed |= 1 << i;
		space->failure[i] = failure;
	}
	space_done(pass, which, &diag);
	return r < 0 ? r : 0;
}

/* ---- T1 -------------------------------------------------------------------- */

struct asking {
	struct socket_pass *pass;
	uint32_t space;
	uint32_t *which;          /* rows of known[], one a request */
};

/*
 * Of a socket that is in no list any more: what somebody still has a descriptor of was
 * reset or closed at both ends, for TCP takes it out of its tables then.
 */
static void tcp_left(struct socket_pass *pass, const struct known *known)
{
	struct object_look *seen = &pass_object(pass, known->object)->at[pass->look];

	seen->when_ns = pass->when_ns;
	if (!known->held) {
		seen->sight = SIGHT_GONE;
		return;
	}
	seen->sight = SIGHT_OK;
	seen->state = TCP_CLOSE;
}

/* It was not accepted at T0, and is now. */
static int tcp_accepted(struct asking *asking, const struct known *known, const struct diag_inet *told)
{
	struct socket_pass *pass = asking->pass;
	struct object_ix client = pass_object(pass, known->object)->peer, object;
	int r;

	pass_object(pass, known->object)->at[pass->look].sight = SIGHT_GONE;
	r = snapshot_add_object(pass->snapshot, OBJECT_TCP, (struct object_key){ 0, told->inode }, &object);
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	r = inet_found(pass, asking->space, object, told);
	if (r < 0 || client.at == NO_ROW)
		return r;
	pass_object(pass, object)->reach = pass_object(pass, known->object)->reach;
	socket_join(pass, object, client);
	socket_join(pass, client, object);
	return 0;
}

static int known_message(void *context, size_t which, const struct nlmsghdr *message, int sight, int error)
{
	struct asking *asking = context;
	struct socket_pass *pass = asking->pass;
	struct known known = pass->memory->known[asking->which[which]];
	struct diag_inet told;

	(void)error;
	if (pass_seen(pass, known.object))
		return 0;
	if (message && diag_parse_inet(message, IPPROTO_TCP, &told, NULL) == SIGHT_OK) {
		if (told.inode == known.told.inode)
			return inet_found(pass, asking->space, known.object, &told);
		if (known.told.inode == 0)
			return tcp_accepted(asking, &known, &told);
	} else if (sight != SIGHT_GONE) {
		pass_object(pass, known.object)->at[pass->look].sight = (uint8_t)(sight ? sight : SIGHT_STRANGE);
		return 0;
	}
	tcp_left(pass, &known);
	return 0;
}

static int known_request(struct asking *asking, struct diag *diag, const struct diag_request *requests, size_t count)
{
	int r, error;

	r = diag_ask(diag, requests, count, false, known_message, asking, &error);
	if (r <= 0)
		return r;
	asking->pass->memory->spaces[asking->space].failure[0] = (struct list_failure){ r, error };
	return 0;
}

/*
 * The first pass: lists, where they are cheaper or there is no other way.  An exact
 * request for a listener may find another one of the same port, and what is known from
 * T0 may be nothing.
 */
static int known_list(struct asking *asking, struct diag *diag, uint32_t count, bool listeners, int *sight)
{
	struct space *space = &asking->pass->memory->spaces[asking->space];
	struct reading reading = { .pass = asking->pass, .space = asking->space, .protocol = IPPROTO_TCP };
	bool all = !space->tcp_dumped || count * COST_EXACT >= space->tcp_count + COST_WALK;
	const struct diag_request request = diag_request_tcp(all ? DIAG_STATES_HELD : DIAG_STATES_LISTEN, 0);
	int r, error;

	*sight = SIGHT_OK;
	if (!all && !listeners)
		return 0;
	r = diag_dump(diag, &request, inet_message, &reading, &error);
	if (r > 0) {
		*sight = r;
		space->failure[0] = (struct list_failure){ r, error };
	}
	return r < 0 ? r : 0;
}

/*
 * Sockets that came since T0 have no known addresses: they stay unasked, unless the list is
 * cheaper than so many requests, or was not needed at T0.
 */
int socket_known_ask(struct socket_pass *pass, uint32_t which, bool newcomers)
{
	struct socket_memory *memory = pass->memory;
	struct asking asking = { .pass = pass, .space = which };
	_cleanup_free_ struct diag_request *requests = calloc(memory->known_count + 1, sizeof(*requests));
	_cleanup_free_ uint32_t *rows = calloc(memory->known_count + 1, sizeof(*rows));
	bool listeners = false;
	uint32_t i, count = 0;
	struct diag diag;
	int r, sight;

	if (!rows || !requests)
		return -ENOMEM;
	for (i = 0; i < memory->known_count; i++)
		if (memory->known[i].space == which && memory->known[i].told.protocol == IPPROTO_TCP) {
			listeners |= memory->known[i].told.state == TCP_LISTEN;
			count++;
		}
	if (count == 0 && (!newcomers || memory->spaces[which].tcp_dumped))
		return 0;
	memory->spaces[which].listed |= LIST_TCP;
	memory->spaces[which].failure[0] = (struct list_failure){ 0 };
	space_diag(pass, which, &diag);
	r = known_list(&asking, &diag, count, listeners, &sight);

	for (i = 0, count = 0; i < memory->known_count && r == 0; i++) {
		struct known *known = &memory->known[i];

		if (known->space != which || known->told.protocol != IPPROTO_TCP || pass_seen(pass, known->object))
			continue;
		if (known->told.state != TCP_LISTEN && !socket_has_remote(&known->told))
			continue; /* bound only: it may have any connection by now */
		if (known->told.state != TCP_LISTEN) {
			requests[count] = diag_request_self(&known->told, false);
			rows[count++] = i;
		} else if (sight) {
			pass_object(pass, known->object)->at[pass->look].sight = (uint8_t)sight;
		} else {
			tcp_left(pass, known);
		}
	}
	asking.which = rows;
	if (r == 0)
		r = known_request(&asking, &diag, requests, count);
	space_done(pass, which, &diag);
	return r;
}
