/* SPDX-License-Identifier: MIT */
/*
 * From what sock_diag told to the row of a socket: kind, addresses, state and queues,
 * without the kernel's oddities.
 */
#include "sockets.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	/* Newer than netinet/tcp.h. */
	STATE_NEW_SYN_RECV = 12,
	STATE_BOUND_INACTIVE = 13, /* since 6.8; before, such a socket is in no list */
	RECEIVE_SHUTDOWN = 1,
	SHUTDOWN_BOTH = 3,
};

/* Long enough for "[" address "%" interface "]:" port. */
enum { ENDPOINT = INET6_ADDRSTRLEN + 32 };

static int endpoint_text(struct snapshot *snapshot, const struct diag_inet *told, bool remote, struct text *ret)
{
	const uint8_t *address = remote ? told->remote : told->local;
	unsigned port = remote ? told->remote_port : told->local_port;
	const char *open = told->family == AF_INET6 ? "[" : "", *close = told->family == AF_INET6 ? "]" : "";
	char host[INET6_ADDRSTRLEN], zone[16] = "", text[ENDPOINT];

	if (!inet_ntop(told->family, address, host, sizeof(host)))
		return 0;
	if (told->interface && !remote)
		snprintf(zone, sizeof(zone), "%%%" PRIu32, told->interface);
	snprintf(text, sizeof(text), "%s%s%s%s:%u", open, host, zone, close, port);
	return snapshot_text(snapshot, text, strlen(text), ret);
}

bool socket_has_remote(const struct diag_inet *told)
{
	static const uint8_t nowhere[16];

	return told->state != TCP_LISTEN && (told->remote_port != 0 || memcmp(told->remote, nowhere, 16) != 0);
}

static uint8_t state_of(uint8_t state)
{
	switch (state) {
	case STATE_NEW_SYN_RECV:
		return TCP_SYN_RECV;
	case STATE_BOUND_INACTIVE:
		return TCP_CLOSE;
	}
	return state <= TCP_CLOSING ? state : 0;
}

/* The FIN of the other side counts as one byte until somebody reads the end of the stream. */
static void queues_fill(const struct diag_inet *told, struct object_look *seen)
{
	bool fin = told->state == TCP_CLOSE_WAIT || told->state == TCP_LAST_ACK || told->state == TCP_CLOSING;

	seen->readable = told->readable;
	seen->unsent = told->unsent;
	if (told->protocol != IPPROTO_TCP)
		return;
	seen->eof_unread = fin && told->readable > 0 ? ANSWER_YES : ANSWER_NO;
	seen->readable -= seen->eof_unread == ANSWER_YES;
}

static int fail_as_unseen(int r)
{
	return r == -E2BIG ? 0 : r;
}

int socket_fill_inet(struct socket_pass *pass, struct object_ix ix, const struct diag_inet *told, uint64_t ns)
{
	struct text label = TEXT_UNSEEN, remote = TEXT_UNSEEN;
	struct object_look *seen;
	struct object *object;
	int r;

	r = endpoint_text(pass->snapshot, told, false, &label);
	if (r == 0 && socket_has_remote(told))
		r = endpoint_text(pass->snapshot, told, true, &remote);
	object = pass_object(pass, ix);
	object->kind = told->protocol == IPPROTO_TCP ? OBJECT_TCP :
		       told->protocol == IPPROTO_UDP ? OBJECT_UDP : OBJECT_SOCKET;
	object->type = told->protocol == IPPROTO_TCP ? SOCK_STREAM :
		       told->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_RAW;
	object->family = told->family;
	object->ns_net = ns;
	if (text_seen(label))
		object->label = label;
	object->remote = remote;
	if (!socket_has_remote(told) && object->reach == REACH_UNKNOWN)
		object->reach = REACH_NONE;

	seen = &object->at[pass->look];
	seen->when_ns = pass->when_ns;
	seen->sight = SIGHT_OK;
	seen->state = state_of(told->state);
	seen->timer = told->timer;
	if (told->protocol == IPPROTO_TCP && told->state == TCP_LISTEN) {
		seen->backlog = told->readable;
		seen->backlog_max = told->unsent;
	} else {
		queues_fill(told, seen);
	}
	return fail_as_unseen(r);
}

/* "@name" for an abstract one, else the path, which may fill sun_path without a NUL. */
static int unix_text(struct snapshot *snapshot, uint64_t inode, const struct diag_unix *told, struct text *ret)
{
	char text[128];
	size_t length;

	if (!told->name || told->name_length == 0) {
		snprintf(text, sizeof(text), "unix:[%" PRIu64 "]", inode);
		return snapshot_text(snapshot, text, strlen(text), ret);
	}
	if (told->name[0] != '\0')
		return snapshot_text(snapshot, told->name, strnlen(told->name, told->name_length), ret);
	length = told->name_length < sizeof(text) ? told->name_length : sizeof(text);
	memcpy(text, told->name, length);
	text[0] = '@';
	return snapshot_text(snapshot, text, length, ret);
}

/*
 * What is left when the other end was closed still says "established", with a peer of
 * inode 0, as one does that waits to be accepted; but that one was not shut down.
 */
static uint8_t unix_state(const struct diag_unix *told)
{
	if (told->state == TCP_ESTABLISHED && told->peer_seen && told->peer == 0 && told->shutdown == SHUTDOWN_BOTH)
		return TCP_CLOSE_WAIT;
	return state_of(told->state);
}

int socket_fill_unix(struct socket_pass *pass, struct object_ix ix, const struct diag_unix *told, uint64_t ns)
{
	struct object *object = pass_object(pass, ix);
	struct text label = TEXT_UNSEEN;
	struct object_look *seen;
	int r;

	r = unix_text(pass->snapshot, object->key.name, told, &label);
	object->kind = OBJECT_UNIX;
	object->family = AF_UNIX;
	object->type = told->type;
	object->ns_net = ns;
	if (text_seen(label))
		object->label = label;
	object->reach = told->state == TCP_LISTEN || !told->peer_seen ? REACH_NONE : REACH_LOCAL;

	seen = &object->at[pass->look];
	seen->when_ns = pass->when_ns;
	seen->sight = SIGHT_OK;
	seen->state = unix_state(told);
	if (told->queues_seen && told->state == TCP_LISTEN) {
		seen->backlog = told->readable;
		seen->backlog_max = told->unsent;
	} else if (told->queues_seen) {
		seen->readable = told->readable;
		seen->unsent = told->unsent;
	}
	return fail_as_unseen(r);
}

int socket_fill_vsock(struct socket_pass *pass, struct object_ix ix, const struct diag_vsock *told, uint64_t ns)
{
	struct text label = TEXT_UNSEEN, remote = TEXT_UNSEEN;
	bool connected = told->remote_port != VMADDR_PORT_ANY && told->state != TCP_LISTEN;
	struct object *object;
	char text[48];
	int r;

	snprintf(text, sizeof(text), "vsock:%" PRIu32 ":%" PRIu32, told->local_cid, told->local_port);
	r = snapshot_text(pass->snapshot, text, strlen(text), &label);
	if (r == 0 && connected) {
		snprintf(text, sizeof(text), "vsock:%" PRIu32 ":%" PRIu32, told->remote_cid, told->remote_port);
		r = snapshot_text(pass->snapshot, text, strlen(text), &remote);
	}
	object = pass_object(pass, ix);
	object->kind = OBJECT_SOCKET;
	object->family = AF_VSOCK;
	object->type = told->type;
	object->ns_net = ns;
	if (text_seen(label))
		object->label = label;
	object->remote = remote;
	object->reach = !connected ? REACH_NONE :
			told->remote_cid == VMADDR_CID_LOCAL || told->remote_cid == told->local_cid ? REACH_LOCAL :
												   REACH_EXTERNAL;
	object->at[pass->look].when_ns = pass->when_ns;
	object->at[pass->look].sight = SIGHT_OK;
	object->at[pass->look].state = state_of(told->state);
	return fail_as_unseen(r);
}

void socket_join(struct socket_pass *pass, struct object_ix one, struct object_ix other)
{
	struct object *object = pass_object(pass, one), *end = pass_object(pass, other);

	object->peer = other;
	object->listener.at = NO_ROW;
	if (object->kind == OBJECT_UNIX && !text_seen(object->remote))
		object->remote = end->label;
}
