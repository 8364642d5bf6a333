/* SPDX-License-Identifier: MIT */
/*
 * Waiting on a socket: for whoever holds the other end, where it is on this host; for
 * the holders of the listener, where nobody has accepted the connection yet; else for
 * something outside.
 */
#include "edges.h"

#include <sys/socket.h>

enum { TCP_IS_SYN_SENT = 2, TCP_IS_SYN_RECV = 3, TCP_IS_CLOSE = 7, TCP_IS_CLOSE_WAIT = 8, TCP_IS_LISTEN = 10 };

/* tcp_syn_retries is 6 by default: 1 + 2 + 4 + ... + 64 seconds until connect(2) gives up. */
#define CONNECT_GIVES_UP_NS (INT64_C(127) * 1000000000)

static const struct object *socket_row(const struct wait *wait)
{
	return object_at(wait->scene->snapshot, wait->object);
}

static enum channel socket_channel(const struct object *socket)
{
	switch (socket->kind) {
	case OBJECT_UNIX:
		return CHANNEL_UNIX;
	case OBJECT_TCP:
		return CHANNEL_TCP;
	case OBJECT_UDP:
		return CHANNEL_UDP;
	}
	return CHANNEL_EXTERNAL;
}

/* SO_RCVTIMEO, SO_SNDTIMEO: they end a blocking call, not a poll. */
static void socket_time(const struct wait *wait, int64_t timeout_ms)
{
	if (wait->edges->depth)
		return;
	if (timeout_ms == UNSEEN)
		edge_doubt(wait->edges, DOUBT_SOCKET_TIME);
	else if (timeout_ms > 0 && timeout_ms < INT64_MAX / 1000000)
		edge_deadline(wait->edges, timeout_ms * 1000000);
}

/*
 * May anybody but the peer send to it?  A stream has one peer.  A datagram socket that
 * is connected hears only its peer; that this one is the peer's peer says that it is.
 */
static bool socket_has_one_peer(const struct wait *wait, const struct object *socket)
{
	if (socket->kind == OBJECT_TCP || (socket->kind == OBJECT_UNIX && socket->type != SOCK_DGRAM))
		return true;
	return socket->peer.at != NO_ROW &&
	       object_at(wait->scene->snapshot, socket->peer)->peer.at == wait->object.at;
}

/* Nobody has a descriptor of the other end: not accepted yet, in flight, or not searched for. */
static void socket_unheld(const struct wait *wait, const struct object *socket)
{
	const struct object *peer = object_at(wait->scene->snapshot, socket->peer);
	struct object_ix listener = peer->listener.at != NO_ROW ? peer->listener : socket->listener;

	if (listener.at != NO_ROW) {
		edge_other_end(wait->edges, listener, END_ANY);
		return;
	}
	edge_unheld(wait->edges, peer->cover == COVER_MACHINE);
}

static void socket_peer(const struct wait *wait, const struct object *socket)
{
	if (socket->reach == REACH_EXTERNAL || !socket_has_one_peer(wait, socket)) {
		edge_outside(wait->edges);
	} else if (socket->peer.at != NO_ROW) {
		if (!edge_holders(wait->edges, socket->peer, END_ANY))
			socket_unheld(wait, socket);
	} else if (socket->listener.at != NO_ROW) {
		edge_other_end(wait->edges, socket->listener, END_ANY);
	} else {
		edge_outside(wait->edges);
	}
}

/* The other side said goodbye, or the connection is dead: nothing is waited for any more. */
static bool socket_over(const struct object *socket, const struct object_look *seen)
{
	return socket->kind == OBJECT_TCP && (seen->state == TCP_IS_CLOSE || seen->state == TCP_IS_CLOSE_WAIT);
}

void draw_socket_read(const struct wait *wait)
{
	const struct object *socket = socket_row(wait);
	const struct object_look *seen = wait_object(wait, wait->object);

	if (seen->state == TCP_IS_LISTEN) {
		draw_accept(wait);
		return;
	}
	edge_begin(wait, socket_channel(socket), WANT_READ, wait->object);
	if (seen->readable > 0 || socket_over(socket, seen))
		edge_ready(wait->edges);
	socket_time(wait, socket->receive_timeout_ms);
	socket_peer(wait, socket);
}

void draw_socket_write(const struct wait *wait)
{
	const struct object *socket = socket_row(wait);
	const struct object_look *seen = wait_object(wait, wait->object);

	if (socket->kind == OBJECT_TCP && (seen->state == TCP_IS_SYN_SENT || seen->state == TCP_IS_SYN_RECV)) {
		draw_connect(wait);
		return;
	}
	edge_begin(wait, socket_channel(socket), WANT_WRITE, wait->object);
	if (socket->kind == OBJECT_TCP && seen->state == TCP_IS_CLOSE)
		edge_ready(wait->edges);
	socket_time(wait, socket->send_timeout_ms);
	socket_peer(wait, socket);
}

void draw_accept(const struct wait *wait)
{
	const struct object *socket;

	if (wait->object.at == NO_ROW) {
		edge_begin(wait, CHANNEL_EXTERNAL, WANT_ACCEPT, wait->object);
		edge_outside(wait->edges);
		return;
	}
	socket = socket_row(wait);
	edge_begin(wait, socket_channel(socket), WANT_ACCEPT, wait->object);
	edge_outside(wait->edges);
	if (wait_object(wait, wait->object)->backlog > 0)
		edge_ready(wait->edges);
}

/*
 * A connection to this host waits for room in the listener's backlog: TCP gives up in
 * the end, a unix socket never does.
 */
void draw_connect(const struct wait *wait)
{
	const struct object *socket;
	struct object_ix named;

	if (wait->object.at == NO_ROW) {
		edge_begin(wait, CHANNEL_EXTERNAL, WANT_CONNECT, wait->object);
		edge_outside(wait->edges);
		return;
	}
	socket = socket_row(wait);
	edge_begin(wait, socket_channel(socket), WANT_CONNECT, wait->object);
	socket_time(wait, socket->send_timeout_ms);
	if (socket->kind == OBJECT_TCP)
		edge_deadline(wait->edges, CONNECT_GIVES_UP_NS);
	named = edges_unix_listener(wait->edges, wait->call->path);
	if (named.at == NO_ROW) {
		socket_peer(wait, socket);
		return;
	}
	/* The name is the caller's: another mount namespace may have the same. */
	edge_doubt(wait->edges, DOUBT_PLAUSIBLE);
	edge_other_end(wait->edges, named, END_ANY);
}
