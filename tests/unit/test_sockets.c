/* SPDX-License-Identifier: MIT */
/* The sockets probe on sockets of this very process, and of children in namespaces of their own. */
#include "probe.h"

#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diag.h"
#include "door.h"

static struct snapshot s;
static struct door *door;
static struct process_ix self;
static void *memory;

static uint64_t net_of(pid_t pid)
{
	char path[64];
	struct stat found;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	cr_assert_eq(stat(path, &found), 0);
	return found.st_ino;
}

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	memory = NULL;
	cr_assert_eq(door_open("/proc", &door), 0);
	cr_assert_eq(snapshot_init(&s), 0);
	s.host.net_ns = (int64_t)net_of(getpid());
	cr_assert_eq(snapshot_add_process(&s, getpid(), 1, &self), 0);
	process_at(&s, self)->ns_net = (uint64_t)s.host.net_ns;
}

static void teardown(void)
{
	probe_sockets.forget(memory);
	snapshot_deinit(&s);
	door_close(door);
}

TestSuite(sockets, .init = setup, .fini = teardown, .timeout = 20);

/* As probe_fds would. */
static struct object_ix hold_as(struct process_ix process, int number, uint64_t inode, unsigned looks)
{
	struct fd fd = { .process = process, .number = number, .looks = (uint8_t)looks, .offset = UNSEEN };
	struct fd_ix ix;

	cr_assert_eq(snapshot_add_object(&s, OBJECT_SOCKET, (struct object_key){ 0, inode }, &fd.object), 0);
	cr_assert_eq(snapshot_add_fd(&s, &fd, &ix), 0);
	return fd.object;
}

static uint64_t inode_of(int fd)
{
	struct stat found;

	cr_assert_eq(fstat(fd, &found), 0);
	return found.st_ino;
}

static struct object_ix hold(int fd)
{
	return hold_as(self, fd, inode_of(fd), 1 << LOOK_T0 | 1 << LOOK_T1);
}

static void look_at(enum look look, const struct process_ix *processes, uint32_t count)
{
	const struct probe_options options = { 0 };
	const struct visit visit = {
		.door = door, .snapshot = &s, .look = look, .options = &options, .memory = &memory,
		.deadline_ns = door_now_ns() + INT64_C(5000000000),
	};
	const struct subjects subjects = { .processes = processes, .process_count = count };

	cr_assert_eq(probe_sockets.look(&visit, &subjects), 0);
}

static void look(enum look at)
{
	look_at(at, &self, 1);
}

static struct object *at(struct object_ix ix)
{
	cr_assert_neq(ix.at, NO_ROW);
	return object_at(&s, ix);
}

static const char *text(struct text bytes)
{
	return snapshot_bytes(&s, bytes);
}

static bool gap_filed(const char *detail)
{
	uint32_t i;

	for (i = 0; i < s.gaps.count; i++)
		if (strcmp(text(s.gaps.row[i].detail), detail) == 0)
			return true;
	return false;
}

/* ---- sockets to look at ---------------------------------------------------- */

static uint16_t port_of(int fd)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	return ntohs(name.ss_family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port :
						 ((struct sockaddr_in6 *)&name)->sin6_port);
}

static int listen4(int backlog)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	cr_assert_eq(listen(fd, backlog), 0);
	return fd;
}

static int connect4(uint16_t port, int flags)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	cr_assert(connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0 || errno == EINPROGRESS);
	return fd;
}

struct pair { int listener, client, server; };

static struct pair pair4(void)
{
	struct pair ret;

	ret.listener = listen4(5);
	ret.client = connect4(port_of(ret.listener), 0);
	ret.server = accept(ret.listener, NULL, NULL);
	cr_assert_geq(ret.server, 0);
	return ret;
}

/* Until the kernel has done what it does in its own time. */
static void settle(void)
{
	usleep(30000);
}

/* ---- TCP ------------------------------------------------------------------- */

Test(sockets, both_ends_of_a_connection_are_joined)
{
	struct pair pair = pair4();
	struct object_ix client = hold(pair.client), server = hold(pair.server), listener = hold(pair.listener);
	char wanted[64];

	cr_assert_eq(write(pair.client, "0123456789", 10), 10);
	settle();
	look(LOOK_T0);
	cr_assert_eq(at(client)->kind, OBJECT_TCP);
	cr_assert_eq(at(client)->family, AF_INET);
	cr_assert_eq(at(client)->type, SOCK_STREAM);
	cr_assert_eq(at(client)->reach, REACH_LOCAL);
	cr_assert_eq(at(client)->ns_net, (uint64_t)s.host.net_ns);
	cr_assert_eq(at(client)->peer.at, server.at);
	cr_assert_eq(at(server)->peer.at, client.at);
	cr_assert_eq(at(server)->listener.at, NO_ROW);
	cr_assert_eq(at(client)->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_eq(at(client)->at[LOOK_T0].state, TCP_ESTABLISHED);
	cr_assert_eq(at(server)->at[LOOK_T0].readable, 10);
	cr_assert_eq(at(client)->at[LOOK_T0].readable, 0);
	cr_assert_eq(at(client)->at[LOOK_T0].unsent, 0);
	snprintf(wanted, sizeof(wanted), "127.0.0.1:%u", port_of(pair.client));
	cr_assert_str_eq(text(at(client)->label), wanted);
	cr_assert_str_eq(text(at(server)->remote), wanted);

	cr_assert_eq(at(listener)->kind, OBJECT_TCP);
	cr_assert_eq(at(listener)->at[LOOK_T0].state, TCP_LISTEN);
	cr_assert_eq(at(listener)->at[LOOK_T0].backlog, 0);
	cr_assert_eq(at(listener)->at[LOOK_T0].backlog_max, 5);
	cr_assert_eq(at(listener)->at[LOOK_T0].readable, UNSEEN);
	cr_assert_eq(at(listener)->reach, REACH_NONE);
	cr_assert_not(text_seen(at(listener)->remote));
	cr_assert_eq(s.gaps.count, 0);
	cr_assert_eq(s.objects.count, 3);
}

Test(sockets, ages_and_counters_are_told)
{
	struct pair pair = pair4();
	struct object_ix client = hold(pair.client), server = hold(pair.server);

	cr_assert_eq(write(pair.client, "0123456789", 10), 10);
	settle();
	look(LOOK_T0);
	cr_assert_eq(at(server)->at[LOOK_T0].info_sight, SIGHT_OK);
	cr_assert_eq(at(server)->at[LOOK_T0].bytes_received, 10);
	cr_assert_eq(at(client)->at[LOOK_T0].bytes_acked, 11, "the SYN counts as one");
	cr_assert(at(server)->at[LOOK_T0].last_received_ms >= 20 && at(server)->at[LOOK_T0].last_received_ms < 5000);
	cr_assert(at(client)->at[LOOK_T0].last_sent_ms >= 20 && at(client)->at[LOOK_T0].last_sent_ms < 5000);
}

Test(sockets, the_second_look_sees_what_changed)
{
	struct pair pair = pair4(), other = pair4();
	struct object_ix server = hold(pair.server), listener = hold(pair.listener), dead = hold(other.client);

	look(LOOK_T0);
	cr_assert_eq(write(pair.client, "0123456789", 10), 10);
	connect4(port_of(pair.listener), 0);
	/* A reset: with unread data close(2) sends one. */
	cr_assert_eq(write(other.client, "x", 1), 1);
	settle();
	close(other.server);
	settle();
	look(LOOK_T1);
	cr_assert_eq(at(server)->at[LOOK_T0].readable, 0);
	cr_assert_eq(at(server)->at[LOOK_T1].readable, 10);
	cr_assert_eq(at(server)->at[LOOK_T1].bytes_received, 10);
	cr_assert_eq(at(listener)->at[LOOK_T1].backlog, 1);
	cr_assert_eq(at(dead)->at[LOOK_T0].state, TCP_ESTABLISHED);
	cr_assert_eq(at(dead)->at[LOOK_T1].sight, SIGHT_OK);
	cr_assert_eq(at(dead)->at[LOOK_T1].state, TCP_CLOSE);
}

Test(sockets, a_peer_outside_the_tree_is_added)
{
	struct pair pair = pair4();
	struct object_ix client = hold(pair.client), peer;

	cr_assert_eq(write(pair.client, "0123456789", 10), 10);
	settle();
	look(LOOK_T0);
	peer = at(client)->peer;
	cr_assert_eq(at(peer)->key.name, inode_of(pair.server));
	cr_assert_eq(at(peer)->kind, OBJECT_TCP);
	cr_assert_eq(at(peer)->reach, REACH_LOCAL);
	cr_assert_eq(at(peer)->peer.at, client.at);
	cr_assert_eq(at(peer)->at[LOOK_T0].readable, 10);
	look(LOOK_T1);
	cr_assert_eq(at(peer)->at[LOOK_T1].sight, SIGHT_OK);
	cr_assert_eq(at(peer)->at[LOOK_T1].readable, 10);
	close(pair.server);
}

Test(sockets, those_who_join_later_are_answered_from_the_same_list)
{
	struct pair pair = pair4(), other = pair4();
	struct object_ix client = hold(pair.client), late;
	struct process_ix friend;

	look(LOOK_T0);
	cr_assert_eq(snapshot_add_process(&s, getpid(), 2, &friend), 0);
	late = hold_as(friend, other.server, inode_of(other.server), 1 << LOOK_T0);
	/* No list is to be read again: none could be. */
	door_inject(door, "tcp_diag", ENOSYS);
	look_at(LOOK_T0, &friend, 1);
	cr_assert_eq(at(late)->kind, OBJECT_TCP);
	cr_assert_eq(at(late)->at[LOOK_T0].state, TCP_ESTABLISHED);
	cr_assert_eq(at(client)->at[LOOK_T0].sight, SIGHT_OK);
}

Test(sockets, an_unread_fin_is_no_data)
{
	struct pair empty = pair4(), full = pair4(), read_out = pair4();
	struct object_ix a, b, c;
	char byte;

	close(empty.client);
	cr_assert_eq(write(full.client, "abc", 3), 3);
	close(full.client);
	close(read_out.client);
	settle();
	cr_assert_eq(read(read_out.server, &byte, 1), 0);
	a = hold(empty.server);
	b = hold(full.server);
	c = hold(read_out.server);
	look(LOOK_T0);
	cr_assert_eq(at(a)->at[LOOK_T0].state, TCP_CLOSE_WAIT);
	cr_assert_eq(at(a)->at[LOOK_T0].readable, 0);
	cr_assert_eq(at(b)->at[LOOK_T0].state, TCP_CLOSE_WAIT);
	cr_assert_eq(at(b)->at[LOOK_T0].readable, 3);
	cr_assert_eq(at(c)->at[LOOK_T0].readable, 0);
	cr_assert_eq(at(a)->at[LOOK_T0].eof_unread, ANSWER_YES);
	cr_assert_eq(at(b)->at[LOOK_T0].eof_unread, ANSWER_YES);
	cr_assert_eq(at(c)->at[LOOK_T0].eof_unread, ANSWER_NO);
	cr_assert_eq(at(a)->reach, REACH_LOCAL);
	cr_assert_eq(at(a)->peer.at, NO_ROW, "nobody holds the other end any more");
}

Test(sockets, a_connection_not_accepted_belongs_to_the_listener)
{
	int listener_fd = listen4(5), client_fd = connect4(port_of(listener_fd), 0), server_fd;
	struct object_ix client = hold(client_fd), embryo, listener, server;

	cr_assert_eq(write(client_fd, "abc", 3), 3);
	settle();
	look(LOOK_T0);
	embryo = at(client)->peer;
	cr_assert_eq(at(embryo)->key.space, (uint64_t)s.host.net_ns);
	cr_assert(at(embryo)->key.name >> 63);
	cr_assert_eq(at(embryo)->peer.at, client.at);
	cr_assert_eq(at(embryo)->at[LOOK_T0].readable, 3);
	cr_assert_eq(at(embryo)->reach, REACH_LOCAL);
	listener = at(embryo)->listener;
	cr_assert_eq(at(client)->listener.at, listener.at);
	cr_assert_eq(at(listener)->key.name, inode_of(listener_fd));
	cr_assert_eq(at(listener)->at[LOOK_T0].backlog, 1);

	server_fd = accept(listener_fd, NULL, NULL);
	server = hold_as(self, server_fd, inode_of(server_fd), 1 << LOOK_T1);
	look(LOOK_T1);
	cr_assert_eq(at(client)->peer.at, server.at);
	cr_assert_eq(at(client)->listener.at, NO_ROW);
	cr_assert_eq(at(server)->peer.at, client.at);
	cr_assert_eq(at(server)->kind, OBJECT_TCP);
	cr_assert_eq(at(server)->at[LOOK_T1].readable, 3);
	cr_assert_eq(at(server)->reach, REACH_LOCAL);
	cr_assert_eq(at(embryo)->at[LOOK_T1].sight, SIGHT_GONE);
}

Test(sockets, a_client_without_room_waits_for_the_listener)
{
	int listener_fd = listen4(0), clients[4];
	struct object_ix listener = hold(listener_fd), last;
	int i;

	for (i = 0; i < 4; i++)
		clients[i] = connect4(port_of(listener_fd), SOCK_NONBLOCK);
	settle();
	last = hold(clients[3]);
	look(LOOK_T0);
	cr_assert_eq(at(last)->at[LOOK_T0].state, TCP_SYN_SENT);
	cr_assert_eq(at(last)->reach, REACH_LOCAL);
	cr_assert_eq(at(last)->listener.at, listener.at);
	cr_assert_eq(at(last)->peer.at, listener.at);
	cr_assert_eq(at(last)->at[LOOK_T0].info_sight, SIGHT_UNASKED);
	cr_assert_eq(at(last)->at[LOOK_T0].last_received_ms, UNSEEN);
	cr_assert_gt(at(listener)->at[LOOK_T0].backlog, at(listener)->at[LOOK_T0].backlog_max);
}

Test(sockets, a_full_peer_shows_a_zero_window_probe)
{
	struct pair pair = pair4();
	struct object_ix client = hold(pair.client), server = hold(pair.server);
	static char bytes[65536];
	int i;

	fcntl(pair.client, F_SETFL, O_NONBLOCK);
	for (i = 0; i < 1000 && write(pair.client, bytes, sizeof(bytes)) > 0; i++)
		;
	usleep(400000);
	look(LOOK_T0);
	cr_assert_gt(at(server)->at[LOOK_T0].readable, 0);
	cr_assert_gt(at(client)->at[LOOK_T0].unsent, 0);
	cr_assert_eq(at(client)->at[LOOK_T0].timer, 4);
}

static int listen6(bool both)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		cr_skip_test("no IPv6 here");
	if (both)
		name.sin6_addr = in6addr_any;
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		cr_skip_test("no IPv6 loopback here");
	cr_assert_eq(listen(fd, 5), 0);
	return fd;
}

Test(sockets, ipv6_and_mapped_peers_are_found)
{
	int listener6 = listen6(false), both = listen6(true), client6, server6, client4, server4;
	struct sockaddr_in6 name;
	socklen_t size = sizeof(name);
	struct object_ix a, b, c, d;
	char wanted[64];

	cr_assert_eq(getsockname(listener6, (struct sockaddr *)&name, &size), 0);
	client6 = socket(AF_INET6, SOCK_STREAM, 0);
	cr_assert_eq(connect(client6, (struct sockaddr *)&name, size), 0);
	server6 = accept(listener6, NULL, NULL);
	client4 = connect4(port_of(both), 0);
	server4 = accept(both, NULL, NULL);
	a = hold(client6);
	b = hold(server6);
	c = hold(client4);
	d = hold(server4);
	look(LOOK_T0);
	cr_assert_eq(at(a)->family, AF_INET6);
	cr_assert_eq(at(a)->peer.at, b.at);
	cr_assert_eq(at(b)->peer.at, a.at);
	cr_assert_eq(at(a)->reach, REACH_LOCAL);
	snprintf(wanted, sizeof(wanted), "[::1]:%u", port_of(listener6));
	cr_assert_str_eq(text(at(a)->remote), wanted);

	cr_assert_eq(at(c)->family, AF_INET);
	cr_assert_eq(at(d)->family, AF_INET6, "v4-mapped");
	cr_assert_eq(at(c)->peer.at, d.at);
	cr_assert_eq(at(d)->peer.at, c.at);
	cr_assert_eq(at(c)->reach, REACH_LOCAL);
	cr_assert_eq(at(d)->reach, REACH_LOCAL);
	snprintf(wanted, sizeof(wanted), "[::ffff:127.0.0.1]:%u", port_of(client4));
	cr_assert_str_eq(text(at(d)->remote), wanted);
}

/* ---- UDP ------------------------------------------------------------------- */

Test(sockets, udp_sockets_are_told)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in far = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xcb007101), .sin_port = htons(9) };
	int bound = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
	int outward = socket(AF_INET, SOCK_DGRAM, 0);
	struct object_ix a, b, c;

	cr_assert_eq(bind(bound, (struct sockaddr *)&name, sizeof(name)), 0);
	name.sin_port = htons(port_of(bound));
	cr_assert_eq(connect(client, (struct sockaddr *)&name, sizeof(name)), 0);
	cr_assert_eq(write(client, "abc", 3), 3);
	a = hold(bound);
	b = hold(client);
	if (connect(outward, (struct sockaddr *)&far, sizeof(far)) < 0) /* TEST-NET-3 */
		outward = -1;
	c = outward < 0 ? b : hold(outward);
	look(LOOK_T0);
	cr_assert_eq(at(a)->kind, OBJECT_UDP);
	cr_assert_eq(at(a)->type, SOCK_DGRAM);
	cr_assert_eq(at(a)->reach, REACH_NONE);
	cr_assert_gt(at(a)->at[LOOK_T0].readable, 0);
	cr_assert_eq(at(b)->reach, REACH_LOCAL);
	cr_assert_eq(at(b)->at[LOOK_T0].state, TCP_ESTABLISHED);
	if (outward >= 0)
		cr_assert_eq(at(c)->reach, REACH_EXTERNAL);
	look(LOOK_T1);
	cr_assert_eq(at(a)->at[LOOK_T1].sight, SIGHT_OK);
	cr_assert_eq(at(b)->at[LOOK_T1].readable, 0);
	cr_assert_eq(s.gaps.count, 0);
}

Test(sockets, udp_sockets_connected_to_each_other_are_joined)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one_fd = socket(AF_INET, SOCK_DGRAM, 0), other_fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct object_ix one = hold(one_fd), other = hold(other_fd);

	cr_assert_eq(bind(one_fd, (struct sockaddr *)&name, sizeof(name)), 0);
	cr_assert_eq(bind(other_fd, (struct sockaddr *)&name, sizeof(name)), 0);
	name.sin_port = htons(port_of(other_fd));
	cr_assert_eq(connect(one_fd, (struct sockaddr *)&name, sizeof(name)), 0);
	name.sin_port = htons(port_of(one_fd));
	cr_assert_eq(connect(other_fd, (struct sockaddr *)&name, sizeof(name)), 0);
	look(LOOK_T0);
	cr_assert_eq(at(one)->peer.at, other.at);
	cr_assert_eq(at(other)->peer.at, one.at);
	cr_assert_eq(at(one)->reach, REACH_LOCAL);
}

/* ---- unix ------------------------------------------------------------------ */

Test(sockets, unix_pairs_of_every_type_are_joined)
{
	const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct object_ix one, other;
	char wanted[64];
	int pair[2];
	size_t i;

	for (i = 0; i < 3; i++) {
		cr_assert_eq(socketpair(AF_UNIX, types[i], 0, pair), 0);
		cr_assert_eq(write(pair[0], "abcde", 5), 5);
		one = hold(pair[0]);
		other = hold(pair[1]);
		look(LOOK_T0);
		cr_assert_eq(at(one)->kind, OBJECT_UNIX);
		cr_assert_eq(at(one)->family, AF_UNIX);
		cr_assert_eq(at(one)->type, types[i]);
		cr_assert_eq(at(one)->reach, REACH_LOCAL);
		cr_assert_eq(at(one)->peer.at, other.at);
		cr_assert_eq(at(other)->peer.at, one.at);
		cr_assert_eq(at(one)->at[LOOK_T0].readable, 0);
		cr_assert_gt(at(one)->at[LOOK_T0].unsent, 5, "memory, not bytes");
		cr_assert_eq(at(other)->at[LOOK_T0].readable, 5);
		cr_assert_eq(at(other)->at[LOOK_T0].state, TCP_ESTABLISHED);
		snprintf(wanted, sizeof(wanted), "unix:[%llu]", (unsigned long long)at(other)->key.name);
		cr_assert_str_eq(text(at(other)->label), wanted);
		cr_assert_str_eq(text(at(one)->remote), wanted);
	}
}

static int unix_listener(const char *name, size_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, name, length);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + length), 0);
	cr_assert_eq(listen(fd, 3), 0);
	return fd;
}

static int unix_client(const char *name, size_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, name, length);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + length), 0);
	return fd;
}

Test(sockets, a_unix_client_not_accepted_waits_for_the_listener)
{
	char name[64] = "", wanted[64];
	int listener_fd, client_fd, server_fd;
	struct object_ix client, listener, server;
	size_t length;

	length = 1 + (size_t)snprintf(name + 1, sizeof(name) - 1, "wedge-test-%d", getpid());
	listener_fd = unix_listener(name, length);
	client_fd = unix_client(name, length);
	client = hold(client_fd);
	look(LOOK_T0);
	snprintf(wanted, sizeof(wanted), "@wedge-test-%d", getpid());
	listener = at(client)->peer;
	cr_assert_eq(at(listener)->key.name, inode_of(listener_fd));
	cr_assert_eq(at(client)->listener.at, listener.at);
	cr_assert_eq(at(client)->at[LOOK_T0].state, TCP_ESTABLISHED);
	cr_assert_str_eq(text(at(listener)->label), wanted);
	cr_assert_str_eq(text(at(client)->remote), wanted);
	cr_assert_eq(at(listener)->at[LOOK_T0].state, TCP_LISTEN);
	cr_assert_eq(at(listener)->at[LOOK_T0].backlog, 1);
	cr_assert_eq(at(listener)->at[LOOK_T0].backlog_max, 3);
	cr_assert_eq(at(listener)->reach, REACH_NONE);

	server_fd = accept(listener_fd, NULL, NULL);
	look(LOOK_T1);
	server = at(client)->peer;
	cr_assert_eq(at(server)->key.name, inode_of(server_fd));
	cr_assert_eq(at(client)->listener.at, NO_ROW);
	cr_assert_str_eq(text(at(server)->label), wanted);
}

Test(sockets, a_unix_socket_whose_peer_was_closed_says_so)
{
	struct object_ix one;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(write(pair[1], "abc", 3), 3);
	close(pair[1]);
	one = hold(pair[0]);
	look(LOOK_T0);
	cr_assert_eq(at(one)->at[LOOK_T0].state, TCP_CLOSE_WAIT);
	cr_assert_eq(at(one)->at[LOOK_T0].readable, 3);
	cr_assert_eq(at(one)->peer.at, NO_ROW);
}

Test(sockets, a_path_is_a_label)
{
	char path[64];
	struct object_ix listener;

	snprintf(path, sizeof(path), "/tmp/wedge-test-%d", getpid());
	unlink(path);
	listener = hold(unix_listener(path, strlen(path) + 1));
	look(LOOK_T0);
	unlink(path);
	cr_assert_str_eq(text(at(listener)->label), path);
	cr_assert_eq(at(listener)->label.length, strlen(path));
}

/* ---- the rest -------------------------------------------------------------- */

Test(sockets, a_netlink_socket_stays_on_this_host)
{
	struct object_ix one = hold(socket(AF_NETLINK, SOCK_RAW, 0));

	look(LOOK_T0);
	cr_assert_eq(at(one)->kind, OBJECT_SOCKET);
	cr_assert_eq(at(one)->family, AF_NETLINK);
	cr_assert_eq(at(one)->reach, REACH_NONE);
	cr_assert_eq(at(one)->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_eq(s.gaps.count, 0);
}

Test(sockets, a_socket_in_no_list_is_not_guessed_at)
{
	struct object_ix one = hold(socket(AF_INET, SOCK_STREAM, 0));

	look(LOOK_T0);
	cr_assert_eq(at(one)->family, AF_INET);
	cr_assert_eq(at(one)->reach, REACH_UNKNOWN);
	cr_assert_eq(at(one)->at[LOOK_T0].sight, SIGHT_UNSUPPORTED);
	cr_assert(gap_filed("unlisted"));
	cr_assert_eq(s.gaps.row[0].process.at, self.at);
}

Test(sockets, without_names_every_list_is_read)
{
	struct pair pair = pair4();
	struct object_ix client = hold(pair.client), one;
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	one = hold(ends[0]);
	door_inject(door, "protocol", EACCES);
	look(LOOK_T0);
	cr_assert_eq(at(client)->kind, OBJECT_TCP);
	cr_assert_eq(at(one)->kind, OBJECT_UNIX);
	cr_assert_eq(at(one)->reach, REACH_LOCAL);
	cr_assert_eq(s.gaps.count, 0);
}

Test(sockets, no_sockets_no_questions)
{
	door_inject(door, "netlink", EPERM);
	look(LOOK_T0);
	look(LOOK_T1);
	cr_assert_eq(s.gaps.count, 0);
	cr_assert_eq(s.objects.count, 0);
}

Test(sockets, without_netlink_there_is_one_gap)
{
	struct pair pair = pair4();
	struct object_ix client = hold(pair.client), server = hold(pair.server);

	door_inject(door, "netlink", EPERM);
	look(LOOK_T0);
	cr_assert_eq(at(client)->at[LOOK_T0].sight, SIGHT_DENIED);
	cr_assert_eq(at(server)->at[LOOK_T0].sight, SIGHT_DENIED);
	cr_assert_eq(at(client)->reach, REACH_UNKNOWN);
	cr_assert_eq(at(client)->family, AF_INET, "its name still tells that");
	cr_assert_eq(s.gaps.count, 1);
	cr_assert(gap_filed("netlink"));
	cr_assert_eq(s.gaps.row[0].sight, SIGHT_DENIED);
	cr_assert_eq(s.gaps.row[0].error, EPERM);
	cr_assert_eq(s.gaps.row[0].process.at, NO_ROW);
}

Test(sockets, without_unix_diag_only_unix_sockets_are_unseen)
{
	struct pair pair = pair4();
	struct object_ix client = hold(pair.client), one;
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	one = hold(ends[0]);
	door_inject(door, "unix_diag", ENOENT);
	look(LOOK_T0);
	cr_assert_eq(at(client)->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_eq(at(one)->at[LOOK_T0].sight, SIGHT_UNSUPPORTED);
	cr_assert_eq(at(one)->kind, OBJECT_UNIX, "its name tells that");
	cr_assert_eq(at(one)->family, AF_UNIX);
	cr_assert_eq(at(one)->reach, REACH_LOCAL);
	cr_assert_eq(s.gaps.count, 1);
	cr_assert(gap_filed("unix_diag"));
}

Test(sockets, ages_that_cannot_be_had_cost_nothing_else)
{
	struct pair pair = pair4();
	struct object_ix client = hold(pair.client);

	door_inject(door, "0/diag", ENOSYS); /* of the helper */
	look(LOOK_T0);
	cr_assert_eq(at(client)->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_neq(at(client)->peer.at, NO_ROW);
	cr_assert_eq(at(client)->at[LOOK_T0].info_sight, SIGHT_UNSUPPORTED);
	cr_assert_eq(at(client)->at[LOOK_T0].bytes_acked, UNSEEN);
	cr_assert(gap_filed("tcp_info"));
	cr_assert_eq(s.gaps.count, 1);
}

/* ---- what belongs to a child ----------------------------------------------- */

enum { CHILD_SOCKETS = 4 };

/** What a child tells of itself. */
struct told { int32_t error, count; uint64_t inode[CHILD_SOCKETS]; int32_t number[CHILD_SOCKETS]; };

static pid_t child_begin(void (*life)(struct told *told), struct told *ret)
{
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct told told = { 0 };
		struct stat found;
		int i;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		life(&told);
		for (i = 0; i < told.count; i++)
			told.inode[i] = fstat(told.number[i], &found) == 0 ? found.st_ino : 0;
		if (write(ends[1], &told, sizeof(told)) != sizeof(told))
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], ret, sizeof(*ret)), (ssize_t)sizeof(*ret));
	close(ends[0]);
	return pid;
}

static void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct process_ix child_row(pid_t pid)
{
	struct process_ix ret;

	cr_assert_eq(snapshot_add_process(&s, pid, 2, &ret), 0);
	process_at(&s, ret)->ns_net = net_of(pid);
	return ret;
}

static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	r = ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return r;
}

/* A connection and a socket pair in a namespace of its own, and a socket from before it went there. */
static void elsewhere(struct told *told)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(name);
	int listener, ends[2], before = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(before, (struct sockaddr *)&name, size) < 0 || unshare(CLONE_NEWNET) < 0 || loopback_up() < 0) {
		told->error = errno;
		return;
	}
	listener = socket(AF_INET, SOCK_STREAM, 0);
	told->number[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&name, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&name, &size) < 0 ||
	    connect(told->number[0], (struct sockaddr *)&name, size) < 0 || write(told->number[0], "abc", 3) != 3 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
		told->error = errno;
		return;
	}
	told->number[1] = accept(listener, NULL, NULL);
	told->number[2] = ends[0];
	told->number[3] = before;
	told->count = 4;
}

static char meeting[64]; /* where a path leads across */

static void across(struct told *told)
{
	if (unshare(CLONE_NEWNET) < 0) {
		told->error = errno;
		return;
	}
	told->number[0] = unix_client(meeting, strlen(meeting) + 1);
	told->count = 1;
}

Test(sockets, a_path_leads_from_one_namespace_to_another)
{
	struct process_ix processes[2];
	struct object_ix client, server;
	struct told told;
	int listener_fd;
	pid_t pid;

	snprintf(meeting, sizeof(meeting), "/tmp/wedge-meeting-%d", getpid());
	unlink(meeting);
	listener_fd = unix_listener(meeting, strlen(meeting) + 1);
	pid = child_begin(across, &told);
	unlink(meeting);
	if (told.error) {
		child_end(pid);
		cr_skip_test("no network namespace of its own: %s", strerror(told.error));
	}
	server = hold(accept(listener_fd, NULL, NULL));
	processes[0] = child_row(pid);
	processes[1] = self;
	client = hold_as(processes[0], told.number[0], told.inode[0], 3);
	look_at(LOOK_T0, processes, 2);
	child_end(pid);
	cr_assert_eq(at(client)->peer.at, server.at);
	cr_assert_eq(at(server)->peer.at, client.at);
	cr_assert_eq(at(client)->ns_net, process_at(&s, processes[0])->ns_net);
	cr_assert_eq(at(server)->ns_net, at(client)->ns_net, "accepted, it is of the client's namespace");
	cr_assert_eq(at(server)->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_eq(s.gaps.count, 0);
}

Test(sockets, a_unix_socket_of_a_namespace_not_looked_into_is_local)
{
	struct object_ix server;
	struct told told;
	int listener_fd;
	pid_t pid;

	snprintf(meeting, sizeof(meeting), "/tmp/wedge-meeting-%d", getpid());
	unlink(meeting);
	listener_fd = unix_listener(meeting, strlen(meeting) + 1);
	pid = child_begin(across, &told);
	unlink(meeting);
	if (told.error) {
		child_end(pid);
		cr_skip_test("no network namespace of its own: %s", strerror(told.error));
	}
	server = hold(accept(listener_fd, NULL, NULL));
	look(LOOK_T0);
	child_end(pid);
	cr_assert_eq(at(server)->kind, OBJECT_UNIX);
	cr_assert_eq(at(server)->reach, REACH_LOCAL);
	cr_assert_eq(at(server)->at[LOOK_T0].sight, SIGHT_UNSUPPORTED);
	cr_assert(gap_filed("netns"));
}

Test(sockets, another_namespace_is_looked_into)
{
	struct object_ix client, server, end, before;
	struct process_ix process;
	struct told told;
	pid_t pid;

	pid = child_begin(elsewhere, &told);
	if (told.error) {
		child_end(pid);
		cr_skip_test("no network namespace of its own: %s", strerror(told.error));
	}
	process = child_row(pid);
	client = hold_as(process, told.number[0], told.inode[0], 3);
	server = hold_as(process, told.number[1], told.inode[1], 3);
	end = hold_as(process, told.number[2], told.inode[2], 3);
	before = hold_as(process, told.number[3], told.inode[3], 3);
	settle();
	look_at(LOOK_T0, &process, 1);
	look_at(LOOK_T1, &process, 1);
	child_end(pid);
	cr_assert_neq(process_at(&s, process)->ns_net, (uint64_t)s.host.net_ns);
	cr_assert_eq(at(client)->kind, OBJECT_TCP);
	cr_assert_eq(at(client)->ns_net, process_at(&s, process)->ns_net);
	cr_assert_eq(at(client)->reach, REACH_LOCAL);
	cr_assert_eq(at(client)->peer.at, server.at);
	cr_assert_eq(at(server)->at[LOOK_T0].readable, 3);
	cr_assert_eq(at(server)->at[LOOK_T0].bytes_received, 3);
	cr_assert_eq(at(server)->at[LOOK_T1].readable, 3);
	cr_assert_eq(at(end)->kind, OBJECT_UNIX);
	cr_assert_eq(at(end)->reach, REACH_LOCAL);
	cr_assert_eq(at(before)->kind, OBJECT_UDP);
	cr_assert_eq(at(before)->ns_net, (uint64_t)s.host.net_ns, "it stayed where it was created");
	cr_assert_eq(s.gaps.count, 0);
}

/* Who is connected to an address of this host that is not a loopback one. */
static void at_home(struct told *told)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a4d0001) }, mine = name, far = name;
	struct ifreq address = { .ifr_name = "lo:1" };
	socklen_t size = sizeof(name);
	int fd = -1, listener, i;

	far.sin_addr.s_addr = htonl(0x0a4d00ff);
	far.sin_port = htons(9);
	mine.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(&address.ifr_addr, &name, sizeof(name));
	if (unshare(CLONE_NEWNET) < 0 || loopback_up() < 0 || (fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0 ||
	    ioctl(fd, SIOCSIFADDR, &address) < 0) {
		told->error = errno;
		return;
	}
	for (i = 0; i < 3; i++)
		told->number[i] = socket(AF_INET, i == 2 ? SOCK_DGRAM : SOCK_STREAM, 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&name, size) < 0 || listen(listener, 5) < 0 ||
	    getsockname(listener, (struct sockaddr *)&name, &size) < 0 ||
	    bind(told->number[0], (struct sockaddr *)&mine, size) < 0 ||
	    connect(told->number[0], (struct sockaddr *)&name, size) < 0 ||
	    connect(told->number[1], (struct sockaddr *)&name, size) < 0) {
		told->error = errno;
		return;
	}
	told->count = 3;
	/* 10.0.0.0/8 is on lo, but this one is nobody's: sent there, it would be refused by ourselves. */
	if (connect(told->number[2], (struct sockaddr *)&far, size) < 0)
		told->count = 2;
}

/* The probe itself, from within that namespace: the routing is asked for our own only. */
Test(sockets, addresses_of_this_host_are_local)
{
	struct told told = { 0 };
	struct object_ix bound, same;

	at_home(&told);
	if (told.error)
		cr_skip_test("no network namespace of its own: %s", strerror(told.error));
	s.host.net_ns = (int64_t)net_of(getpid());
	process_at(&s, self)->ns_net = (uint64_t)s.host.net_ns;
	bound = hold(told.number[0]);
	same = hold(told.number[1]);
	/* Even where the other end is not to be found. */
	look(LOOK_T0);
	cr_assert_eq(at(bound)->reach, REACH_LOCAL, "from 127.0.0.1 to 10.77.0.1");
	cr_assert_eq(at(same)->reach, REACH_LOCAL, "from 10.77.0.1 to itself");
	cr_assert_neq(at(bound)->peer.at, NO_ROW);
	cr_assert_eq(s.gaps.count, 0);
}

Test(sockets, a_namespace_that_is_closed_to_us_is_a_gap)
{
	struct object_ix client;
	struct process_ix process;
	struct told told;
	char path[32];
	pid_t pid;

	pid = child_begin(elsewhere, &told);
	if (told.error) {
		child_end(pid);
		cr_skip_test("no network namespace of its own: %s", strerror(told.error));
	}
	process = child_row(pid);
	client = hold_as(process, told.number[0], told.inode[0], 3);
	snprintf(path, sizeof(path), "%d/diag", pid);
	door_inject(door, path, EPERM);
	look_at(LOOK_T0, &process, 1);
	child_end(pid);
	cr_assert_eq(at(client)->at[LOOK_T0].sight, SIGHT_DENIED);
	cr_assert_eq(at(client)->reach, REACH_UNKNOWN);
	cr_assert(gap_filed("netns"));
	cr_assert_eq(s.gaps.row[0].process.at, process.at);
}

static struct { int fd; char *page; } stuck;

static void *write_for_ever(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)write(stuck.fd, stuck.page, 4096);
}

/* Asleep in write(2) on a page that never comes, with the socket's lock. */
static void locked(struct told *told)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int faults = syscall(SYS_userfaultfd, O_CLOEXEC), listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(name);
	pthread_t writer;
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	range.range.start = (uintptr_t)page;
	range.range.len = 4096;
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) < 0 || ioctl(faults, UFFDIO_REGISTER, &range) < 0 ||
	    bind(listener, (struct sockaddr *)&name, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&name, &size) < 0 ||
	    connect(client, (struct sockaddr *)&name, size) < 0) {
		told->error = errno;
		return;
	}
	told->number[0] = client;
	told->number[1] = accept(listener, NULL, NULL);
	told->count = 2;
	stuck.fd = client;
	stuck.page = page;
	told->error = pthread_create(&writer, NULL, write_for_ever, NULL);
}

Test(sockets, a_locked_socket_costs_a_deadline_and_its_ages)
{
	struct object_ix client, server;
	struct process_ix process;
	struct told told;
	int64_t begun_ns;
	pid_t pid;

	pid = child_begin(locked, &told);
	if (told.error) {
		child_end(pid);
		cr_skip_test("no userfaultfd: %s", strerror(told.error));
	}
	process = child_row(pid);
	client = hold_as(process, told.number[0], told.inode[0], 3);
	server = hold_as(process, told.number[1], told.inode[1], 3);
	settle();
	begun_ns = door_now_ns();
	look_at(LOOK_T0, &process, 1);
	look_at(LOOK_T1, &process, 1);
	begun_ns = door_now_ns() - begun_ns;
	child_end(pid);
	cr_assert_eq(at(client)->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_eq(at(client)->at[LOOK_T1].sight, SIGHT_OK);
	cr_assert_eq(at(client)->at[LOOK_T0].info_sight, SIGHT_TIMEOUT);
	cr_assert_eq(at(client)->at[LOOK_T1].info_sight, SIGHT_UNASKED, "once is enough");
	cr_assert_eq(at(server)->at[LOOK_T0].info_sight, SIGHT_OK);
	cr_assert(gap_filed("tcp_info"));
	cr_assert_lt(begun_ns, INT64_C(1500000000));
}

static int count_timeout(void *context, size_t which, const struct nlmsghdr *message, int sight, int error)
{
	(void)which;
	(void)error;
	*(int *)context += !message && sight == SIGHT_TIMEOUT;
	return 0;
}

struct sought { uint64_t inode; struct diag_inet found; };

static int seek(void *context, const struct nlmsghdr *message)
{
	struct sought *sought = context;
	struct diag_inet told;

	if (diag_parse_inet(message, IPPROTO_TCP, &told, NULL) == SIGHT_OK && told.inode == sought->inode)
		sought->found = told;
	return 0;
}

/* As on kernels before 6.9, where everybody waits for whoever is stuck. */
Test(sockets, one_deadline_is_enough_for_what_should_not_block)
{
	const struct diag_request all = diag_request_tcp(DIAG_STATES_HELD, 0);
	int error = 0, timeouts = 0, listed, r = 0, i;
	struct diag_request requests[20];
	struct sought sought = { 0 };
	struct diag diag;
	struct told told;
	int64_t begun_ns;
	pid_t pid;

	pid = child_begin(locked, &told);
	if (told.error) {
		child_end(pid);
		cr_skip_test("no userfaultfd: %s", strerror(told.error));
	}
	settle();
	diag_init(&diag, door, 0, door_now_ns() + INT64_C(5000000000));
	sought.inode = told.inode[0];
	listed = diag_dump(&diag, &all, seek, &sought, &error);
	begun_ns = door_now_ns();
	if (sought.found.inode) {
		for (i = 0; i < 20; i++)
			requests[i] = diag_request_self(&sought.found, true);
		diag.by_helper = true;
		r = diag_ask(&diag, requests, 20, false, count_timeout, &timeouts, &error);
	}
	begun_ns = door_now_ns() - begun_ns;
	child_end(pid);
	diag_deinit(&diag);
	cr_assert_eq(listed, SIGHT_OK);
	cr_assert_neq(sought.found.inode, 0, "a list takes no lock");
	cr_assert_eq(r, SIGHT_TIMEOUT);
	cr_assert_eq(error, ETIMEDOUT);
	cr_assert_eq(timeouts, 20);
	cr_assert(diag.silent);
	cr_assert_lt(begun_ns, INT64_C(1000000000));
}
