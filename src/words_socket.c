/* SPDX-License-Identifier: MIT */
/* Words for sockets; numbers are those of the kernel, which a replayed snapshot keeps. */
#include "words_socket.h"

#include <inttypes.h>
#include <sys/socket.h>

#include "words.h"

enum { STATE_CLOSE = 7, STATE_CLOSE_WAIT = 8 };

bool object_is_socket(const struct object *object)
{
	return object->kind == OBJECT_TCP || object->kind == OBJECT_UDP || object->kind == OBJECT_UNIX ||
	       object->kind == OBJECT_SOCKET;
}

const char *socket_family(const struct object *object)
{
	switch (object->family) {
	case AF_UNIX:
		return "unix";
	case AF_INET:
		return "ipv4";
	case AF_INET6:
		return "ipv6";
	case AF_NETLINK:
		return "netlink";
	case AF_PACKET:
		return "packet";
	case AF_VSOCK:
		return "vsock";
	default:
		return object->kind == OBJECT_UNIX ? "unix" : NULL;
	}
}

const char *socket_type(const struct object *object)
{
	switch (object->type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "dgram";
	case SOCK_RAW:
		return "raw";
	case SOCK_SEQPACKET:
		return "seqpacket";
	default:
		return NULL;
	}
}

const struct object_look *object_last(const struct object *object)
{
	return &object->at[object->at[LOOK_T1].sight == SIGHT_OK ? LOOK_T1 : LOOK_T0];
}

const char *socket_state(const struct object *object)
{
	static const char *const names[] = {
		NULL, "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED", "CLOSE-WAIT",
		"LAST-ACK", "LISTEN", "CLOSING", "SYN-RECV",
	};
	unsigned state = object_last(object)->state;

	if (state == STATE_CLOSE && object->kind != OBJECT_TCP) /* no connection, where there need be none */
		return "UNCONN";
	return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

bool socket_is_close_wait(const struct object *object)
{
	return object->kind == OBJECT_TCP && object_last(object)->state == STATE_CLOSE_WAIT;
}

void socket_walk_init(struct socket_walk *walk, const struct scene *scene, struct process_ix process)
{
	struct span span = scene->process_fds[process.at];
	uint8_t looks = 0;
	uint32_t i;

	for (i = 0; i < span.count; i++)
		looks |= scene->snapshot->fds.row[scene->fd_order[span.first + i]].looks;
	*walk = (struct socket_walk){ .scene = scene, .process = process };
	walk->look = looks & 1 << LOOK_T1 ? 1 << LOOK_T1 : 1 << LOOK_T0;
}

struct fd_ix socket_walk_next(struct socket_walk *walk)
{
	const struct snapshot *snapshot = walk->scene->snapshot;
	struct span span = walk->scene->process_fds[walk->process.at];
	struct fd_ix fd;

	while (walk->at < span.count) {
		fd.at = walk->scene->fd_order[span.first + walk->at++];
		if ((fd_at(snapshot, fd)->looks & walk->look) &&
		    object_is_socket(object_at(snapshot, fd_at(snapshot, fd)->object)))
			return fd;
	}
	return (struct fd_ix){ NO_ROW };
}

struct fd_ix socket_peer(const struct scene *scene, struct object_ix object, struct process_ix self)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct object_ix peer = object_at(snapshot, object)->peer;
	struct fd_ix ret = { NO_ROW }, fd;
	struct span span;
	uint32_t i;

	if (peer.at == NO_ROW)
		return ret;
	span = scene->object_fds[peer.at];
	for (i = 0; i < span.count; i++) {
		fd.at = scene->holder_order[span.first + i];
		if (fd_at(snapshot, fd)->process.at != self.at)
			return fd;
		if (ret.at == NO_ROW)
			ret = fd;
	}
	return ret;
}

void words_peer(struct phrase *phrase, const struct scene *scene, struct object_ix object, struct process_ix self)
{
	struct fd_ix fd = socket_peer(scene, object, self);
	uint8_t reach = object_at(scene->snapshot, object)->reach;

	if (fd.at != NO_ROW) {
		words_process(phrase, scene->snapshot, fd_at(scene->snapshot, fd)->process);
		phrase_format(phrase, " fd %" PRId32, fd_at(scene->snapshot, fd)->number);
	} else if (reach == REACH_EXTERNAL) {
		phrase_add(phrase, "external");
	} else if (reach == REACH_NAMESPACE) {
		phrase_add(phrase, "another namespace");
	} else if (reach == REACH_LOCAL) {
		phrase_add(phrase, "this host");
	}
}
