/* SPDX-License-Identifier: MIT */
#include "addresses.h"

#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "door.h"
#include "snapshot.h"

static struct diag_inet from_to(int family, const char *local, const char *remote)
{
	struct diag_inet ret = { .family = (uint8_t)family, .local_port = 1, .remote_port = 2 };

	cr_assert_eq(inet_pton(family, local, ret.local), 1);
	cr_assert_eq(inet_pton(family, remote, ret.remote), 1);
	return ret;
}

Test(addresses, loopback_and_its_own_address_are_home)
{
	static const struct { int family; const char *local, *remote; bool home; } cases[] = {
		{ AF_INET, "127.0.0.1", "127.0.0.1", true },
		{ AF_INET, "10.0.0.1", "127.255.3.4", true },
		{ AF_INET, "10.0.0.1", "10.0.0.1", true },
		{ AF_INET, "10.0.0.1", "10.0.0.2", false },
		{ AF_INET, "10.0.0.1", "126.0.0.1", false },
		{ AF_INET, "10.0.0.1", "128.0.0.1", false },
		{ AF_INET6, "::1", "::1", true },
		{ AF_INET6, "fe80::1", "fe80::1", true },
		{ AF_INET6, "fe80::1", "fe80::2", false },
		{ AF_INET6, "::ffff:10.0.0.1", "::ffff:127.0.0.9", true },
		{ AF_INET6, "::ffff:10.0.0.1", "::ffff:10.0.0.2", false },
		{ AF_INET6, "2001:db8::1", "2001:db8::7f00:1", false },
	};
	struct diag_inet socket;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		socket = from_to(cases[i].family, cases[i].local, cases[i].remote);
		cr_assert_eq(address_is_home(&socket), cases[i].home, "%s", cases[i].remote);
	}
}

Test(addresses, asks_for_the_way_to_the_other_end)
{
	struct diag_inet socket = from_to(AF_INET6, "::ffff:10.0.0.1", "::ffff:10.0.0.2");
	struct diag_request request = route_request(&socket);
	const uint8_t plain[] = { 8, 0, RTA_DST, 0, 10, 0, 0, 2 };
	const uint8_t interface[] = { 8, 0, RTA_OIF, 0, 7, 0, 0, 0 };
	const struct rtmsg *route = (const void *)(request.bytes + NLMSG_HDRLEN);

	cr_assert_eq(request.length, NLMSG_HDRLEN + sizeof(*route) + 8);
	cr_assert_eq(route->rtm_family, AF_INET, "a v4-mapped address goes the way of the v4 one");
	cr_assert_eq(route->rtm_dst_len, 32);
	cr_assert_arr_eq(request.bytes + NLMSG_HDRLEN + sizeof(*route), plain, 8);

	socket = from_to(AF_INET6, "fe80::1", "fe80::2");
	socket.interface = 7;
	request = route_request(&socket);
	cr_assert_eq(request.length, NLMSG_HDRLEN + sizeof(*route) + 20 + 8);
	cr_assert_eq(route->rtm_family, AF_INET6);
	cr_assert_eq(route->rtm_dst_len, 128);
	cr_assert_arr_eq(request.bytes + NLMSG_HDRLEN + sizeof(*route) + 20, interface, 8);
}

Test(addresses, reads_the_type_of_a_route)
{
	struct { struct nlmsghdr header; struct rtmsg route; } reply = {
		.header = { .nlmsg_len = sizeof(reply), .nlmsg_type = RTM_NEWROUTE },
		.route = { .rtm_family = AF_INET, .rtm_type = RTN_LOCAL },
	};

	cr_assert_eq(route_is_local(&reply.header), ANSWER_YES);
	reply.route.rtm_type = RTN_UNICAST;
	cr_assert_eq(route_is_local(&reply.header), ANSWER_NO);
	reply.header.nlmsg_len = sizeof(reply) - 1;
	cr_assert_eq(route_is_local(&reply.header), ANSWER_UNKNOWN);
	reply.header.nlmsg_len = sizeof(reply);
	reply.header.nlmsg_type = NLMSG_ERROR;
	cr_assert_eq(route_is_local(&reply.header), ANSWER_UNKNOWN);
}

Test(addresses, each_address_gets_its_answer)
{
	const struct diag_inet here = from_to(AF_INET, "10.0.0.1", "127.0.0.1");
	const struct diag_inet far = from_to(AF_INET, "10.0.0.1", "203.0.113.1"); /* TEST-NET-3 */
	const struct diag_inet mapped = from_to(AF_INET6, "::1", "::ffff:127.0.0.2");
	const struct diag_inet *const sockets[] = { &far, &here, &mapped, &far, &here };
	uint8_t local[5];
	struct door *door;
	int error;

	cr_assert_eq(door_open("/proc", &door), 0);
	cr_assert_eq(addresses_ask(door, door_now_ns() + INT64_C(1000000000), sockets, 5, local, &error), 0);
	cr_assert_eq(local[0], ANSWER_NO);
	cr_assert_eq(local[1], ANSWER_YES);
	cr_assert_eq(local[2], ANSWER_YES);
	cr_assert_eq(local[3], ANSWER_NO);
	cr_assert_eq(local[4], ANSWER_YES);

	memset(local, 0xff, sizeof(local));
	door_inject(door, "rtnetlink", EPERM);
	cr_assert_eq(addresses_ask(door, door_now_ns() + INT64_C(1000000000), sockets, 5, local, &error), SIGHT_DENIED);
	cr_assert_eq(error, EPERM);
	cr_assert_eq(local[0], ANSWER_UNKNOWN);
	cr_assert_eq(local[4], ANSWER_UNKNOWN);
	door_close(door);
}
