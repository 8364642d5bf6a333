/* SPDX-License-Identifier: MIT */
/* Recorded replies of sock_diag (Linux 6.18, x86_64), and the same mangled. */
#include "diag.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "sight.h"
#include "snapshot.h"

/* 127.0.0.1:42071 accepted from 127.0.0.1:37742, 100 bytes unread. */
static const char accepted[] =
	"\x7c\x00\x00\x00\x14\x00\x00\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\x02\x01\x00\x00\xa4\x57\x93\x6e\x7f\x00\x00\x01\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x00\x00\x01\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x27\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x64\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x4f\x1d\x01\x00\x05\x00\x08\x00\x00\x00\x00\x00"
	"\x08\x00\x0f\x00\x00\x00\x00\x00\x0c\x00\x15\x00\x01\x00\x00\x00"
	"\x00\x00\x00\x00\x06\x00\x16\x00\x52\x00\x00\x00";

/* The same with INET_DIAG_INFO. */
static const char accepted_info[] =
	"\x98\x01\x00\x00\x14\x00\x00\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\x02\x01\x00\x00\xa4\x57\x93\x6e\x7f\x00\x00\x01\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x00\x00\x01\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\x27\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x64\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x4f\x1d\x01\x00\x05\x00\x08\x00\x00\x00\x00\x00"
	"\x08\x00\x0f\x00\x00\x00\x00\x00\x0c\x00\x15\x00\x01\x00\x00\x00"
	"\x00\x00\x00\x00\x06\x00\x16\x00\x52\x00\x00\x00\x1c\x01\x02\x00"
	"\x01\x00\x00\x00\x00\x07\xaa\x01\x40\x0d\x03\x00\x40\x9c\x00\x00"
	"\x00\x80\x00\x00\x18\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x29\x00\x00\x00"
	"\x00\x00\x00\x00\x2b\x00\x00\x00\x2a\x00\x00\x00\xff\xff\x00\x00"
	"\xcb\xff\x00\x00\x19\x00\x00\x00\x0c\x00\x00\x00\xff\xff\xff\x7f"
	"\x0a\x00\x00\x00\xcb\xff\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00"
	"\xcb\xff\x00\x00\x00\x00\x00\x00\x47\x47\xb2\xb8\x08\x00\x00\x00"
	"\xff\xff\xff\xff\xff\xff\xff\xff\x07\x00\x00\x00\x00\x00\x00\x00"
	"\x64\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00"
	"\x00\x00\x00\x00\x19\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00";

/* [::1]:59813 listens, backlog 5. */
static const char listener6[] =
	"\x84\x00\x00\x00\x14\x00\x00\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\x0a\x0a\x00\x00\xe9\xa5\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x16\x27\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00"
	"\x00\x00\x00\x00\x52\x1d\x01\x00\x05\x00\x08\x00\x00\x00\x00\x00"
	"\x05\x00\x0b\x00\x01\x00\x00\x00\x08\x00\x0f\x00\x00\x00\x00\x00"
	"\x0c\x00\x15\x00\x01\x00\x00\x00\x00\x00\x00\x00\x06\x00\x16\x00"
	"\x12\x00\x00\x00";

/* /tmp/rec.sock listens, one client (73045) not accepted yet, backlog 5. */
static const char unix_listener[] =
	"\x50\x00\x00\x00\x14\x00\x00\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\x01\x01\x0a\x00\x54\x1d\x01\x00\x17\x27\x00\x00\x00\x00\x00\x00"
	"\x12\x00\x00\x00\x2f\x74\x6d\x70\x2f\x72\x65\x63\x2e\x73\x6f\x63"
	"\x6b\x00\x00\x00\x08\x00\x03\x00\x55\x1d\x01\x00\x0c\x00\x04\x00"
	"\x01\x00\x00\x00\x05\x00\x00\x00\x05\x00\x06\x00\x00\x00\x00\x00";

/* That client. */
static const char unix_unaccepted[] =
	"\x3c\x00\x00\x00\x14\x00\x00\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\x01\x01\x01\x00\x55\x1d\x01\x00\x18\x27\x00\x00\x00\x00\x00\x00"
	"\x08\x00\x02\x00\x00\x00\x00\x00\x0c\x00\x04\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x05\x00\x06\x00\x00\x00\x00\x00";

/* One of a socketpair, 33 bytes unread. */
static const char unix_pair[] =
	"\x3c\x00\x00\x00\x14\x00\x00\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\x01\x01\x01\x00\x59\x1d\x01\x00\x19\x27\x00\x00\x00\x00\x00\x00"
	"\x08\x00\x02\x00\x58\x1d\x01\x00\x0c\x00\x04\x00\x21\x00\x00\x00"
	"\x00\x00\x00\x00\x05\x00\x06\x00\x00\x00\x00\x00";

/* A datagram socket bound to the abstract name "wedge". */
static const char unix_abstract[] =
	"\x40\x00\x00\x00\x14\x00\x00\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\x01\x02\x07\x00\x5c\x1d\x01\x00\x1b\x27\x00\x00\x00\x00\x00\x00"
	"\x0a\x00\x00\x00\x00\x77\x65\x64\x67\x65\x00\x00\x0c\x00\x04\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x05\x00\x06\x00\x00\x00\x00\x00";

/* "No such socket." */
static const char none[] =
	"\x5c\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\xfe\xff\xff\xff\x48\x00\x00\x00\x14\x00\x01\x00\x07\x00\x00\x00"
	"\x00\x00\x00\x00\x02\x06\x00\x00\xff\xff\xff\xff\x00\x01\x00\x02"
	"\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff";

/* The end of a dump. */
static const char done[] =
	"\x14\x00\x00\x00\x03\x00\x02\x00\x07\x00\x00\x00\x03\x77\x00\x00"
	"\x00\x00\x00\x00";

/* Replies are aligned; string literals need not be. */
union reply {
	struct nlmsghdr header;
	unsigned char bytes[1024];
};

static union reply reply_of(const char *bytes, size_t size)
{
	union reply ret = { 0 };

	memcpy(ret.bytes, bytes, size - 1);
	return ret;
}
#define REPLY(bytes) reply_of((bytes), sizeof(bytes))

/* ---- inet ------------------------------------------------------------------ */

Test(diag, tells_an_accepted_connection)
{
	union reply reply = REPLY(accepted);
	const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct diag_inet told;
	struct diag_info info;

	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, &info), SIGHT_OK));
	cr_assert(eq(int, told.family, AF_INET));
	cr_assert(eq(int, told.protocol, IPPROTO_TCP));
	cr_assert(eq(int, told.state, 1));
	cr_assert(eq(int, told.timer, 0));
	cr_assert(eq(int, told.local_port, 42071));
	cr_assert(eq(int, told.remote_port, 37742));
	cr_assert_arr_eq(told.local, loopback, 4);
	cr_assert_arr_eq(told.remote, loopback, 4);
	cr_assert(eq(u32, told.inode, 73039));
	cr_assert(eq(u32, told.readable, 100));
	cr_assert(eq(u32, told.unsent, 0));
	cr_assert(eq(u64, told.cookie, 0x2715));
	cr_assert(eq(i64, info.last_received_ms, UNSEEN), "no INFO was asked for");
	cr_assert(eq(i64, info.bytes_received, UNSEEN));
}

Test(diag, tells_the_ages_of_a_connection)
{
	union reply reply = REPLY(accepted_info);
	struct diag_inet told;
	struct diag_info info;

	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, &info), SIGHT_OK));
	cr_assert(eq(i64, info.last_sent_ms, 41));
	cr_assert(eq(i64, info.last_received_ms, 43));
	cr_assert(eq(i64, info.bytes_acked, 7));
	cr_assert(eq(i64, info.bytes_received, 100));
}

Test(diag, an_older_tcp_info_lacks_its_end)
{
	union reply reply = REPLY(accepted_info);
	struct nlattr *attribute = (struct nlattr *)(reply.bytes + 124);
	struct diag_inet told;
	struct diag_info info;

	/* Until 4.1 it ended before tcpi_bytes_acked (byte 120). */
	attribute->nla_len = sizeof(*attribute) + 104;
	reply.header.nlmsg_len = 124 + attribute->nla_len;
	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, &info), SIGHT_OK));
	cr_assert(eq(i64, info.last_received_ms, 43));
	cr_assert(eq(i64, info.bytes_acked, UNSEEN));
	cr_assert(eq(i64, info.bytes_received, UNSEEN));

	/* One that ends within a member does not have it. */
	attribute->nla_len = sizeof(*attribute) + 54;
	reply.header.nlmsg_len = 124 + attribute->nla_len;
	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, &info), SIGHT_OK));
	cr_assert(eq(i64, info.last_sent_ms, 41));
	cr_assert(eq(i64, info.last_received_ms, UNSEEN));
}

Test(diag, tells_a_listener)
{
	union reply reply = REPLY(listener6);
	const uint8_t loopback[16] = { [15] = 1 };
	struct diag_inet told;

	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, NULL), SIGHT_OK));
	cr_assert(eq(int, told.family, AF_INET6));
	cr_assert(eq(int, told.state, 10));
	cr_assert(eq(int, told.local_port, 59813));
	cr_assert(eq(int, told.remote_port, 0));
	cr_assert_arr_eq(told.local, loopback, 16);
	cr_assert(eq(u32, told.readable, 0));
	cr_assert(eq(u32, told.unsent, 5));
}

Test(diag, refuses_what_is_no_inet_socket)
{
	union reply reply = REPLY(accepted), other = REPLY(unix_pair);
	struct diag_inet told;

	reply.header.nlmsg_len = NLMSG_HDRLEN + sizeof(struct inet_diag_msg) - 1;
	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, NULL), SIGHT_STRANGE), "cut");
	reply.header.nlmsg_len = NLMSG_HDRLEN;
	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, NULL), SIGHT_STRANGE), "empty");
	cr_assert(eq(int, diag_parse_inet(&other.header, IPPROTO_TCP, &told, NULL), SIGHT_STRANGE), "of unix");
}

Test(diag, an_attribute_that_lies_ends_the_attributes)
{
	union reply reply = REPLY(accepted_info);
	struct nlattr *attribute = (struct nlattr *)(reply.bytes + 124);
	struct diag_inet told;
	struct diag_info info;

	attribute->nla_len = UINT16_MAX;
	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, &info), SIGHT_OK));
	cr_assert(eq(u32, told.inode, 73039));
	cr_assert(eq(i64, info.bytes_received, UNSEEN));
	attribute->nla_len = 0;
	cr_assert(eq(int, diag_parse_inet(&reply.header, IPPROTO_TCP, &told, &info), SIGHT_OK));
	cr_assert(eq(i64, info.bytes_received, UNSEEN));
}

/* ---- unix ------------------------------------------------------------------ */

Test(diag, tells_a_unix_listener_and_who_waits_there)
{
	union reply reply = REPLY(unix_listener);
	struct diag_unix told;
	uint32_t client;

	cr_assert(eq(int, diag_parse_unix(&reply.header, &told), SIGHT_OK));
	cr_assert(eq(u32, told.inode, 73044));
	cr_assert(eq(int, told.type, SOCK_STREAM));
	cr_assert(eq(int, told.state, 10));
	cr_assert(eq(u32, told.name_length, 14));
	cr_assert_arr_eq(told.name, "/tmp/rec.sock", 14);
	cr_assert(told.queues_seen);
	cr_assert(eq(u32, told.readable, 1));
	cr_assert(eq(u32, told.unsent, 5));
	cr_assert(eq(u32, told.pending_count, 1));
	memcpy(&client, told.pending, sizeof(client));
	cr_assert(eq(u32, client, 73045));
	cr_assert_not(told.peer_seen);
}

Test(diag, tells_peers_of_unix_sockets)
{
	union reply waiting = REPLY(unix_unaccepted), pair = REPLY(unix_pair), alone = REPLY(unix_abstract);
	struct diag_unix told;

	cr_assert(eq(int, diag_parse_unix(&waiting.header, &told), SIGHT_OK));
	cr_assert(told.peer_seen);
	cr_assert(eq(u32, told.peer, 0));
	cr_assert_null(told.name);

	cr_assert(eq(int, diag_parse_unix(&pair.header, &told), SIGHT_OK));
	cr_assert(told.peer_seen);
	cr_assert(eq(u32, told.peer, 73048));
	cr_assert(eq(u32, told.readable, 33));

	cr_assert(eq(int, diag_parse_unix(&alone.header, &told), SIGHT_OK));
	cr_assert_not(told.peer_seen);
	cr_assert(eq(int, told.type, SOCK_DGRAM));
	cr_assert(eq(u32, told.name_length, 6));
	cr_assert_arr_eq(told.name, "\0wedge", 6);
}

Test(diag, refuses_what_is_no_unix_socket)
{
	union reply cut = REPLY(unix_pair), shortened = REPLY(unix_pair), other = REPLY(accepted);
	struct diag_unix told;

	cut.header.nlmsg_len = NLMSG_HDRLEN + sizeof(struct unix_diag_msg) - 1;
	cr_assert(eq(int, diag_parse_unix(&cut.header, &told), SIGHT_STRANGE));
	cr_assert(eq(int, diag_parse_unix(&other.header, &told), SIGHT_STRANGE));
	((struct nlattr *)(shortened.bytes + 32))->nla_len = 6;
	cr_assert(eq(int, diag_parse_unix(&shortened.header, &told), SIGHT_STRANGE), "half a peer is none");
}

/* ---- runs of messages ------------------------------------------------------ */

static int count_message(void *context, const struct nlmsghdr *message)
{
	(void)message;
	++*(int *)context;
	return 0;
}

Test(diag, walks_to_the_end_of_a_dump)
{
	union reply reply = { 0 };
	int error, seen = 0;

	memcpy(reply.bytes, accepted, 124);
	memcpy(reply.bytes + 124, listener6, 132);
	cr_assert(eq(int, diag_walk(reply.bytes, 256, 7, count_message, &seen, &error), DIAG_MORE));
	cr_assert(eq(int, seen, 2));

	memcpy(reply.bytes + 256, done, 20);
	cr_assert(eq(int, diag_walk(reply.bytes, 276, 7, count_message, &seen, &error), DIAG_DONE));
	cr_assert(eq(int, seen, 4));
	cr_assert(eq(int, diag_walk(reply.bytes, 276, 8, count_message, &seen, &error), DIAG_MORE));
	cr_assert(eq(int, seen, 4), "replies to another request");
}

Test(diag, tells_how_a_dump_failed)
{
	union reply refusal = REPLY(none), ended = REPLY(done);
	int error, seen = 0;

	cr_assert(eq(int, diag_walk(refusal.bytes, 92, 0, count_message, &seen, &error), DIAG_FAILED));
	cr_assert(eq(int, error, ENOENT));
	/* A dump that broke off says so in its last message. */
	memcpy(ended.bytes + 16, "\xf4\xff\xff\xff", 4);
	cr_assert(eq(int, diag_walk(ended.bytes, 20, 0, count_message, &seen, &error), DIAG_FAILED));
	cr_assert(eq(int, error, ENOMEM));
	/* An errno of INT_MIN cannot be made positive. */
	memcpy(refusal.bytes + 16, "\x00\x00\x00\x80", 4);
	cr_assert(eq(int, diag_walk(refusal.bytes, 92, 0, count_message, &seen, &error), DIAG_DONE));
	cr_assert(eq(int, seen, 0));
}

Test(diag, a_length_that_lies_ends_the_walk)
{
	union reply reply = { 0 };
	const uint32_t lies[] = { 0, 1, 15, 133, 4096, INT32_MAX, UINT32_MAX };
	int error, seen;
	size_t i;

	memcpy(reply.bytes, accepted, 124);
	memcpy(reply.bytes + 124, listener6, 132);
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		memcpy(reply.bytes + 124, &lies[i], 4);
		seen = 0;
		cr_assert(eq(int, diag_walk(reply.bytes, 256, 0, count_message, &seen, &error), DIAG_MORE));
		cr_assert(eq(int, seen, 1), "%u", lies[i]);
	}
}

/* ---- requests -------------------------------------------------------------- */

static struct inet_diag_req_v2 body(const struct diag_request *request)
{
	struct inet_diag_req_v2 ret;

	memcpy(&ret, request->bytes + NLMSG_HDRLEN, sizeof(ret));
	return ret;
}

Test(diag, asks_for_the_socket_and_for_its_peer)
{
	union reply reply = REPLY(accepted);
	struct diag_inet told;
	struct diag_request self, peer, listener;

	diag_parse_inet(&reply.header, IPPROTO_TCP, &told, NULL);
	self = diag_request_self(&told, true);
	cr_assert(eq(u32, self.length, 72));
	cr_assert(eq(int, ntohs(body(&self).id.idiag_sport), 42071));
	cr_assert(eq(int, ntohs(body(&self).id.idiag_dport), 37742));
	cr_assert(eq(u32, body(&self).id.idiag_cookie[0], 0x2715));
	cr_assert(eq(int, body(&self).idiag_ext, 1 << (INET_DIAG_INFO - 1)));
	peer = diag_request_peer(&told);
	cr_assert(eq(int, ntohs(body(&peer).id.idiag_sport), 37742));
	cr_assert(eq(int, ntohs(body(&peer).id.idiag_dport), 42071));
	cr_assert(eq(u32, body(&peer).id.idiag_cookie[0], INET_DIAG_NOCOOKIE));
	cr_assert(eq(int, body(&peer).idiag_ext, 0), "no lock is taken for a peer");
	listener = diag_request_listener(&told);
	cr_assert(eq(int, ntohs(body(&listener).id.idiag_sport), 37742));
	cr_assert(eq(int, body(&listener).id.idiag_dport, 0));
}

Test(diag, a_mapped_peer_is_a_peer_and_a_listener_is_none)
{
	union reply reply = REPLY(accepted);
	struct diag_inet one, other = { .family = AF_INET6, .local_port = 37742, .remote_port = 42071 };
	const uint8_t mapped[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };

	diag_parse_inet(&reply.header, IPPROTO_TCP, &one, NULL);
	memcpy(other.local, mapped, 16);
	memcpy(other.remote, mapped, 16);
	cr_assert(diag_is_peer(&one, &other));
	cr_assert(diag_is_peer(&other, &one));
	other.remote[15] = 2;
	cr_assert_not(diag_is_peer(&one, &other));
	other.remote[15] = 1;
	other.remote_port = 0;
	cr_assert_not(diag_is_peer(&one, &other), "that is what a listener looks like");
}

Test(diag, names_the_module_that_answers)
{
	struct diag_request request = diag_request_tcp(DIAG_STATES_HELD, 0);

	cr_assert_str_eq(diag_request_name(&request), "tcp_diag");
	request = diag_request_inet(AF_INET6, IPPROTO_UDP, DIAG_STATES_HELD, 0);
	cr_assert_str_eq(diag_request_name(&request), "udp_diag");
	request = diag_request_unix(0);
	cr_assert_str_eq(diag_request_name(&request), "unix_diag");
	request = diag_request_vsock();
	cr_assert_str_eq(diag_request_name(&request), "vsock_diag");
	request = diag_request_inet(AF_INET, IPPROTO_RAW, DIAG_STATES_HELD, 0);
	cr_assert_str_eq(diag_request_name(&request), "raw_diag");
}

Test(diag, knows_which_kernels_have_the_mutex)
{
	cr_assert(diag_is_lockless("6.18.44-fc-v669"));
	cr_assert(diag_is_lockless("6.9.0"));
	cr_assert(diag_is_lockless("7.0.1"));
	cr_assert_not(diag_is_lockless("6.8.12-amd64"));
	cr_assert_not(diag_is_lockless("6.1.0-28-amd64"));
	cr_assert_not(diag_is_lockless("5.14.0-503.el9"));
	cr_assert_not(diag_is_lockless(""));
	cr_assert_not(diag_is_lockless("unheard of"));
}
