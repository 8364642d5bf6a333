/* SPDX-License-Identifier: MIT */
/*
 * The pure half of sock_diag: requests as bytes, and replies as structs.  What comes
 * back is the kernel's, but is read as if it were anybody's: recorded and mangled
 * replies are tests, and fuzz_diag calls every function here.
 */
#include "diag.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sight.h"
#include "snapshot.h"

/* ---- replies --------------------------------------------------------------- */

static uint64_t cookie_of(const uint32_t half[2])
{
	return (uint64_t)half[1] << 32 | half[0];
}

/* The kernel's tcp_info grows at its end: an older one lacks the last members. */
static int64_t info_member(const void *bytes, size_t length, size_t offset, size_t size)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (offset + size > length)
		return UNSEEN;
	if (size == sizeof(narrow)) {
		memcpy(&narrow, (const char *)bytes + offset, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, (const char *)bytes + offset, sizeof(wide));
	return wide > INT64_MAX / 2 ? UNSEEN : (int64_t)wide; /* as any number of a snapshot */
}

#define INFO_MEMBER(bytes, length, member) \
	info_member((bytes), (length), offsetof(struct tcp_info, member), sizeof(((struct tcp_info *)0)->member))

static void info_parse(const struct nlmsghdr *message, struct diag_info *ret)
{
	const struct nlattr *attribute;
	const void *bytes;
	size_t length;

	*ret = (struct diag_info){ UNSEEN, UNSEEN, UNSEEN, UNSEEN };
	mnl_attr_for_each(attribute, message, sizeof(struct inet_diag_msg)) {
		if (mnl_attr_get_type(attribute) != INET_DIAG_INFO)
			continue;
		bytes = mnl_attr_get_payload(attribute);
		length = mnl_attr_get_payload_len(attribute);
		ret->last_received_ms = INFO_MEMBER(bytes, length, tcpi_last_data_recv);
		ret->last_sent_ms = INFO_MEMBER(bytes, length, tcpi_last_data_sent);
		ret->bytes_received = INFO_MEMBER(bytes, length, tcpi_bytes_received);
		ret->bytes_acked = INFO_MEMBER(bytes, length, tcpi_bytes_acked);
	}
}

int diag_parse_inet(const struct nlmsghdr *message, uint8_t protocol, struct diag_inet *ret, struct diag_info *info)
{
	const struct inet_diag_msg *told = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*told))
		return SIGHT_STRANGE;
	if (told->idiag_family != AF_INET && told->idiag_family != AF_INET6)
		return SIGHT_STRANGE;
	ret->inode = told->idiag_inode;
	ret->family = told->idiag_family;
	ret->protocol = protocol;
	ret->state = told->idiag_state;
	ret->timer = told->idiag_timer;
	ret->local_port = ntohs(told->id.idiag_sport);
	ret->remote_port = ntohs(told->id.idiag_dport);
	ret->interface = told->id.idiag_if;
	ret->readable = told->idiag_rqueue;
	ret->unsent = told->idiag_wqueue;
	ret->cookie = cookie_of(told->id.idiag_cookie);
	memcpy(ret->local, told->id.idiag_src, sizeof(ret->local));
	memcpy(ret->remote, told->id.idiag_dst, sizeof(ret->remote));
	if (info)
		info_parse(message, info);
	return SIGHT_OK;
}

int diag_parse_unix(const struct nlmsghdr *message, struct diag_unix *ret)
{
	const struct unix_diag_msg *told = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;
	struct unix_diag_rqlen queues;
	uint16_t length;
	const void *bytes;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*told) || told->udiag_family != AF_UNIX)
		return SIGHT_STRANGE;
	*ret = (struct diag_unix){ .inode = told->udiag_ino, .type = told->udiag_type, .state = told->udiag_state };
	mnl_attr_for_each(attribute, message, sizeof(*told)) {
		bytes = mnl_attr_get_payload(attribute);
		length = mnl_attr_get_payload_len(attribute);
		switch (mnl_attr_get_type(attribute)) {
		case UNIX_DIAG_NAME:
			ret->name = bytes;
			ret->name_length = length;
			break;
		case UNIX_DIAG_PEER:
			if (length < sizeof(ret->peer))
				return SIGHT_STRANGE;
			memcpy(&ret->peer, bytes, sizeof(ret->peer));
			ret->peer_seen = true;
			break;
		case UNIX_DIAG_ICONS:
			ret->pending = bytes;
			ret->pending_count = length / sizeof(uint32_t);
			break;
		case UNIX_DIAG_RQLEN:
			if (length < sizeof(queues))
				return SIGHT_STRANGE;
			memcpy(&queues, bytes, sizeof(queues));
			ret->readable = queues.udiag_rqueue;
			ret->unsent = queues.udiag_wqueue;
			ret->queues_seen = true;
			break;
		case UNIX_DIAG_SHUTDOWN:
			if (length < sizeof(ret->shutdown))
				return SIGHT_STRANGE;
			memcpy(&ret->shutdown, bytes, sizeof(ret->shutdown));
			break;
		}
	}
	return SIGHT_OK;
}

int diag_parse_vsock(const struct nlmsghdr *message, struct diag_vsock *ret)
{
	const struct vsock_diag_msg *told = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*told) || told->vdiag_family != AF_VSOCK)
		return SIGHT_STRANGE;
	*ret = (struct diag_vsock){
		.inode = told->vdiag_ino, .type = told->vdiag_type, .state = told->vdiag_state,
		.local_cid = told->vdiag_src_cid, .local_port = told->vdiag_src_port,
		.remote_cid = told->vdiag_dst_cid, .remote_port = told->vdiag_dst_port,
	};
	return SIGHT_OK;
}

int diag_error(const struct nlmsghdr *message)
{
	int32_t ret;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(ret))
		return 0;
	memcpy(&ret, mnl_nlmsg_get_payload(message), sizeof(ret));
	return ret < 0 && ret > INT32_MIN ? -ret : 0;
}

/* mnl_nlmsg_ok() takes a length of 2^31 and more for negative, and so for short enough. */
int diag_each(const void *bytes, size_t length, int (*each)(void *context, const struct nlmsghdr *message),
	      void *context)
{
	const struct nlmsghdr *message;
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < length && length - at >= sizeof(*message)) {
		message = (const void *)((const char *)bytes + at);
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > length - at)
			break;
		r = each(context, message);
		at += MNL_ALIGN((size_t)message->nlmsg_len);
	}
	return r;
}

struct walk {
	uint32_t sequence;
	int (*each)(void *context, const struct nlmsghdr *message);
	void *context;
	int *error;
};

static int walk_message(void *context, const struct nlmsghdr *message)
{
	struct walk *walk = context;

	if (walk->sequence && message->nlmsg_seq != walk->sequence)
		return 0;
	if (message->nlmsg_type != NLMSG_DONE && message->nlmsg_type != NLMSG_ERROR)
		return walk->each(walk->context, message);
	*walk->error = diag_error(message);
	return *walk->error ? DIAG_FAILED : DIAG_DONE;
}

int diag_walk(const void *bytes, size_t length, uint32_t sequence,
	      int (*each)(void *context, const struct nlmsghdr *message), void *context, int *error)
{
	struct walk walk = { sequence, each, context, error };

	*error = 0;
	return diag_each(bytes, length, walk_message, &walk);
}

/* ---- requests -------------------------------------------------------------- */

struct diag_request diag_request_of(uint16_t type, uint16_t flags, const void *body, size_t size)
{
	struct nlmsghdr header = {
		.nlmsg_len = (uint32_t)(MNL_NLMSG_HDRLEN + size),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
	};
	struct diag_request ret = { .length = header.nlmsg_len };

	memcpy(ret.bytes, &header, sizeof(header));
	memcpy(ret.bytes + MNL_NLMSG_HDRLEN, body, size);
	return ret;
}

/*
 * The request of before 3.3: the only one whose dump has no family, so that both come
 * out of a single walk over the hash table (measured: half the time of two walks).
 */
struct diag_request diag_request_tcp(uint32_t states, uint16_t local_port)
{
	const struct inet_diag_req wanted = {
		.idiag_family = AF_INET,
		.id.idiag_sport = htons(local_port),
		.idiag_states = states,
	};

	return diag_request_of(TCPDIAG_GETSOCK, NLM_F_DUMP, &wanted, sizeof(wanted));
}

struct diag_request diag_request_inet(uint8_t family, uint8_t protocol, uint32_t states, uint16_t local_port)
{
	const struct inet_diag_req_v2 wanted = {
		.sdiag_family = family,
		.sdiag_protocol = protocol,
		.idiag_states = states,
		.id.idiag_sport = htons(local_port),
	};

	return diag_request_of(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &wanted, sizeof(wanted));
}

static struct inet_diag_req_v2 exact(uint8_t family)
{
	return (struct inet_diag_req_v2){
		.sdiag_family = family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = DIAG_STATES_ALL,
		.id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
}

struct diag_request diag_request_self(const struct diag_inet *socket, bool with_info)
{
	struct inet_diag_req_v2 wanted = exact(socket->family);

	memcpy(wanted.id.idiag_src, socket->local, sizeof(socket->local));
	memcpy(wanted.id.idiag_dst, socket->remote, sizeof(socket->remote));
	wanted.id.idiag_sport = htons(socket->local_port);
	wanted.id.idiag_dport = htons(socket->remote_port);
	wanted.id.idiag_if = socket->interface;
	if (socket->cookie) {
		wanted.id.idiag_cookie[0] = (uint32_t)socket->cookie;
		wanted.id.idiag_cookie[1] = (uint32_t)(socket->cookie >> 32);
	}
	if (with_info)
		wanted.idiag_ext = 1 << (INET_DIAG_INFO - 1);
	return diag_request_of(SOCK_DIAG_BY_FAMILY, 0, &wanted, sizeof(wanted));
}

struct diag_request diag_request_peer(const struct diag_inet *socket)
{
	struct inet_diag_req_v2 wanted = exact(socket->family);

	memcpy(wanted.id.idiag_src, socket->remote, sizeof(socket->remote));
	memcpy(wanted.id.idiag_dst, socket->local, sizeof(socket->local));
	wanted.id.idiag_sport = htons(socket->remote_port);
	wanted.id.idiag_dport = htons(socket->local_port);
	return diag_request_of(SOCK_DIAG_BY_FAMILY, 0, &wanted, sizeof(wanted));
}

struct diag_request diag_request_listener(const struct diag_inet *socket)
{
	struct inet_diag_req_v2 wanted = exact(socket->family);

	memcpy(wanted.id.idiag_src, socket->remote, sizeof(socket->remote));
	wanted.id.idiag_sport = htons(socket->remote_port);
	return diag_request_of(SOCK_DIAG_BY_FAMILY, 0, &wanted, sizeof(wanted));
}

/* One of the two ends may speak of 127.0.0.1 and the other of ::ffff:127.0.0.1. */
static void address_widen(uint8_t family, const uint8_t address[16], uint8_t ret[16])
{
	if (family == AF_INET6) {
		memcpy(ret, address, 16);
		return;
	}
	memset(ret, 0, 10);
	memset(ret + 10, 0xff, 2);
	memcpy(ret + 12, address, 4);
}

bool diag_is_peer(const struct diag_inet *one, const struct diag_inet *other)
{
	uint8_t one_local[16], one_remote[16], other_local[16], other_remote[16];

	if (one->local_port != other->remote_port || one->remote_port != other->local_port)
		return false;
	address_widen(one->family, one->local, one_local);
	address_widen(one->family, one->remote, one_remote);
	address_widen(other->family, other->local, other_local);
	address_widen(other->family, other->remote, other_remote);
	return memcmp(one_local, other_remote, sizeof(one_local)) == 0
	       && memcmp(one_remote, other_local, sizeof(one_remote)) == 0;
}

struct diag_request diag_request_unix(uint32_t inode)
{
	const struct unix_diag_req wanted = {
		.sdiag_family = AF_UNIX,
		.udiag_states = DIAG_STATES_ALL,
		.udiag_ino = inode,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN,
		.udiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};

	return diag_request_of(SOCK_DIAG_BY_FAMILY, inode ? 0 : NLM_F_DUMP, &wanted, sizeof(wanted));
}

struct diag_request diag_request_vsock(void)
{
	const struct vsock_diag_req wanted = { .sdiag_family = AF_VSOCK, .vdiag_states = DIAG_STATES_ALL };

	return diag_request_of(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &wanted, sizeof(wanted));
}

void diag_request_number(struct diag_request *request, uint32_t sequence)
{
	memcpy(request->bytes + offsetof(struct nlmsghdr, nlmsg_seq), &sequence, sizeof(sequence));
}

const char *diag_request_name(const struct diag_request *request)
{
	struct nlmsghdr header;
	uint8_t family, protocol;

	memcpy(&header, request->bytes, sizeof(header));
	if (header.nlmsg_type == TCPDIAG_GETSOCK)
		return "tcp_diag";
	if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return "rtnetlink";
	family = request->bytes[MNL_NLMSG_HDRLEN];
	protocol = request->bytes[MNL_NLMSG_HDRLEN + 1];
	switch (family) {
	case AF_UNIX:
		return "unix_diag";
	case AF_VSOCK:
		return "vsock_diag";
	}
	return protocol == IPPROTO_TCP ? "tcp_diag" : protocol == IPPROTO_UDP ? "udp_diag" : "raw_diag";
}

bool diag_is_lockless(const char *release)
{
	unsigned major, minor;

	return sscanf(release, "%u.%u", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 9));
}
