/* SPDX-License-Identifier: MIT */
/* Local addresses, by asking for the route to them: rtnetlink RTM_GETROUTE. */
#include "addresses.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "sight.h"
#include "snapshot.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* 127.0.0.0/8, in network order. */
static bool is_loopback4(const uint8_t *address)
{
	return address[0] == 127;
}

bool address_is_home(const struct diag_inet *socket)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (socket->family == AF_INET)
		return is_loopback4(socket->remote) || memcmp(socket->remote, socket->local, 4) == 0;
	if (memcmp(socket->remote, loopback6, 16) == 0 || memcmp(socket->remote, socket->local, 16) == 0)
		return true;
	return memcmp(socket->remote, mapped, sizeof(mapped)) == 0 && is_loopback4(socket->remote + 12);
}

struct diag_request route_request(const struct diag_inet *socket)
{
	struct {
		struct rtmsg route;
		struct nlattr head;
		uint8_t address[16];
		struct nlattr interface_head;
		uint32_t interface;
	} wanted = { 0 };
	size_t size = 16, length;
	const uint8_t *address = socket->remote;

	wanted.route.rtm_family = socket->family;
	if (socket->family == AF_INET6 && memcmp(address, mapped, sizeof(mapped)) == 0) {
		wanted.route.rtm_family = AF_INET;
		address += sizeof(mapped);
	}
	if (wanted.route.rtm_family == AF_INET)
		size = 4;
	wanted.route.rtm_dst_len = (unsigned char)(size * 8);
	wanted.head = (struct nlattr){ .nla_len = (uint16_t)(sizeof(wanted.head) + size), .nla_type = RTA_DST };
	memcpy(wanted.address, address, size);
	length = offsetof(__typeof__(wanted), address) + size;
	if (socket->interface) {
		struct nlattr head = { .nla_len = sizeof(head) + sizeof(uint32_t), .nla_type = RTA_OIF };

		memcpy((char *)&wanted + length, &head, sizeof(head));
		memcpy((char *)&wanted + length + sizeof(head), &socket->interface, sizeof(uint32_t));
		length += head.nla_len;
	}
	return diag_request_of(RTM_GETROUTE, 0, &wanted, length);
}

int route_is_local(const struct nlmsghdr *message)
{
	struct rtmsg route;

	if (message->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(message) < sizeof(route))
		return ANSWER_UNKNOWN;
	memcpy(&route, mnl_nlmsg_get_payload(message), sizeof(route));
	return route.rtm_type == RTN_LOCAL ? ANSWER_YES : ANSWER_NO;
}

/* ---- asking ---------------------------------------------------------------- */

struct route {
	const struct diag_inet *socket;
	size_t at;                /* in the caller's arrays */
};

struct routes {
	struct route *route;      /* sorted: equal addresses lie together */
	size_t count;
	const size_t *first;      /* one a request: where its run begins */
	uint8_t *ret;
	int sight, error;
};

static int by_address(const void *a, const void *b)
{
	const struct diag_inet *one = ((const struct route *)a)->socket, *other = ((const struct route *)b)->socket;

	if (one->family != other->family)
		return one->family < other->family ? -1 : 1;
	if (one->interface != other->interface)
		return one->interface < other->interface ? -1 : 1;
	return memcmp(one->remote, other->remote, sizeof(one->remote));
}

static int route_told(void *context, size_t which, const struct nlmsghdr *message, int sight, int error)
{
	struct routes *routes = context;
	size_t begin = routes->first[which], i;
	int answer = ANSWER_UNKNOWN;

	if (message)
		answer = route_is_local(message);
	else if (error == ENETUNREACH || error == EHOSTUNREACH || error == EINVAL || error == EACCES)
		answer = ANSWER_NO; /* no way there at all, or a blackhole: not here */
	if (answer == ANSWER_UNKNOWN) {
		routes->sight = sight ? sight : SIGHT_STRANGE;
		routes->error = error;
	}
	for (i = begin; i < routes->count; i++) {
		if (by_address(&routes->route[i], &routes->route[begin]) != 0)
			break;
		routes->ret[routes->route[i].at] = (uint8_t)answer;
	}
	return 0;
}

int addresses_ask(struct door *door, int64_t deadline_ns, const struct diag_inet *const *sockets, size_t count,
		  uint8_t *ret, int *error)
{
	_cleanup_free_ struct route *route = calloc(count + 1, sizeof(*route));
	_cleanup_free_ struct diag_request *requests = calloc(count + 1, sizeof(*requests));
	_cleanup_free_ size_t *first = calloc(count + 1, sizeof(*first));
	struct routes routes = { .route = route, .count = count, .first = first, .ret = ret };
	size_t i, asked = 0;
	struct diag diag;
	int r;

	if (!route || !requests || !first)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		route[i] = (struct route){ sockets[i], i };
	qsort(route, count, sizeof(*route), by_address);
	for (i = 0; i < count; i++) {
		if (i > 0 && by_address(&route[i], &route[i - 1]) == 0)
			continue;
		requests[asked] = route_request(route[i].socket);
		first[asked++] = i;
	}
	diag_init_route(&diag, door, deadline_ns);
	r = diag_ask(&diag, requests, asked, false, route_told, &routes, error);
	diag_deinit(&diag);
	if (r < 0)
		return r;
	*error = routes.error;
	return routes.sight;
}
