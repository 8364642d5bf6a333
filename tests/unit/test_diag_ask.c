/* SPDX-License-Identifier: MIT */
/* Asking the kernel of this machine, directly and by the helper. */
#include "diag.h"

#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "door.h"
#include "sight.h"

static struct door *door;
static struct diag diag;

static void setup(void)
{
	cr_assert_eq(door_open("/proc", &door), 0);
	diag_init(&diag, door, 0, door_now_ns() + INT64_C(5000000000));
}

static void teardown(void)
{
	diag_deinit(&diag);
	door_close(door);
}

TestSuite(diag_ask, .init = setup, .fini = teardown, .timeout = 20);

static uint32_t inode_of(int fd)
{
	struct stat found;

	cr_assert_eq(fstat(fd, &found), 0);
	return (uint32_t)found.st_ino;
}

static int bound(int type, uint16_t *port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, type, 0);

	name.sin_port = htons(*port);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	*port = ntohs(name.sin_port);
	return fd;
}

static int connected(uint16_t to)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons(to) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

struct sought { uint32_t inode; struct diag_inet found; size_t times, all; };

static int seek(void *context, const struct nlmsghdr *message)
{
	struct sought *sought = context;
	struct diag_inet told;

	sought->all++;
	if (diag_parse_inet(message, IPPROTO_TCP, &told, NULL) == SIGHT_OK && told.inode == sought->inode) {
		sought->found = told;
		sought->times++;
	}
	return 0;
}

/* Both ways bring the same, and leave no reply behind for the next question. */
Test(diag_ask, lists_come_whole)
{
	const struct diag_request all = diag_request_tcp(DIAG_STATES_HELD, 0), unheard = diag_request_inet(AF_INET, 254, 1, 0);
	struct sought sought = { 0 };
	uint16_t port = 0;
	int listener = bound(SOCK_STREAM, &port), error, i;

	cr_assert_eq(listen(listener, 500), 0);
	for (i = 0; i < 400; i++)
		connected(port); /* more than one part of a dump */
	sought.inode = inode_of(listener);
	for (i = 0; i < 2; i++) {
		diag.by_helper = i == 1;
		sought.times = sought.all = 0;
		cr_assert_eq(diag_dump(&diag, &all, seek, &sought, &error), SIGHT_OK);
		cr_assert_eq(sought.times, 1, "by_helper %d", i);
		cr_assert_geq(sought.all, 800);
		cr_assert_eq(sought.found.state, TCP_LISTEN);
		cr_assert_eq(sought.found.local_port, port);
		cr_assert_eq(diag_dump(&diag, &unheard, seek, &sought, &error), SIGHT_UNSUPPORTED);
		cr_assert_eq(error, ENOENT);
	}
}

struct answers { int sight[200], error[200]; struct diag_inet told[200]; struct diag_info info[200]; size_t count; };

static int answer(void *context, size_t which, const struct nlmsghdr *message, int sight, int error)
{
	struct answers *answers = context;

	cr_assert_lt(which, 200);
	cr_assert_eq(answers->sight[which], -1, "answered twice");
	answers->sight[which] = sight;
	answers->error[which] = error;
	answers->count++;
	if (message)
		cr_assert_eq(diag_parse_inet(message, IPPROTO_TCP, &answers->told[which], &answers->info[which]), SIGHT_OK);
	return 0;
}

Test(diag_ask, every_question_is_answered_once)
{
	static struct diag_request requests[200];
	static struct answers answers;
	struct sought sought = { 0 };
	const struct diag_request all = diag_request_tcp(DIAG_STATES_HELD, 0);
	struct diag_inet nobody;
	uint16_t port = 0;
	int listener = bound(SOCK_STREAM, &port), client, error, way, i;

	cr_assert_eq(listen(listener, 5), 0);
	client = connected(port);
	sought.inode = inode_of(client);
	cr_assert_eq(diag_dump(&diag, &all, seek, &sought, &error), SIGHT_OK);
	cr_assert_eq(sought.times, 1);
	nobody = sought.found;
	nobody.cookie++;

	/* More than one batch; direct, and by the helper with what takes the lock. */
	for (way = 0; way < 2; way++) {
		memset(&answers, 0, sizeof(answers));
		for (i = 0; i < 200; i++) {
			answers.sight[i] = -1;
			requests[i] = diag_request_self(i % 2 ? &nobody : &sought.found, way == 1);
		}
		cr_assert_eq(diag_ask(&diag, requests, 200, way == 1, answer, &answers, &error), SIGHT_OK);
		cr_assert_eq(answers.count, 200);
		for (i = 0; i < 200; i++) {
			cr_assert_eq(answers.sight[i], i % 2 ? SIGHT_GONE : SIGHT_OK, "%d", i);
			if (i % 2 == 0)
				cr_assert_eq(answers.told[i].inode, sought.inode);
			if (i % 2 == 0 && way == 1)
				cr_assert_eq(answers.info[i].bytes_received, 0);
		}
	}
	cr_assert_eq(diag_ask(&diag, requests, 0, false, answer, &answers, &error), SIGHT_OK);
	cr_assert_eq(answers.count, 200);
}

Test(diag_ask, a_deadline_in_the_past_answers_too)
{
	static struct diag_request requests[100];
	static struct answers answers;
	struct diag_inet any = { .family = AF_INET, .local_port = 1, .remote_port = 2 };
	int error, i;

	diag.deadline_ns = 1;
	for (i = 0; i < 100; i++) {
		answers.sight[i] = -1;
		requests[i] = diag_request_self(&any, false);
	}
	cr_assert_eq(diag_ask(&diag, requests, 100, false, answer, &answers, &error), SIGHT_CUT);
	cr_assert_eq(answers.count, 100);
	cr_assert_eq(answers.sight[99], SIGHT_CUT);
}

Test(diag_ask, who_was_silent_once_is_not_asked_again)
{
	const struct diag_request all = diag_request_tcp(DIAG_STATES_HELD, 0);
	struct diag_inet any = { .family = AF_INET, .local_port = 1, .remote_port = 2 };
	const struct diag_request request = diag_request_self(&any, false);
	static struct answers answers = { .sight = { -1 } };
	struct sought sought = { 0 };
	int error = 0;

	diag.silent = true;
	cr_assert_eq(diag_dump(&diag, &all, seek, &sought, &error), SIGHT_TIMEOUT);
	cr_assert_eq(error, ETIMEDOUT);
	cr_assert_eq(sought.all, 0);
	cr_assert_eq(diag_ask(&diag, &request, 1, false, answer, &answers, &error), SIGHT_TIMEOUT);
	cr_assert_eq(answers.count, 1);
	cr_assert_eq(answers.sight[0], SIGHT_TIMEOUT);
}

/* ---- ports ----------------------------------------------------------------- */

static uint32_t only_owner(uint16_t port)
{
	uint32_t *inodes = NULL, ret = 0;
	size_t count = 99;
	int error;

	cr_assert_eq(diag_port_inodes(door, port, &inodes, &count, &error), SIGHT_OK);
	cr_assert_leq(count, 1);
	if (count)
		ret = inodes[0];
	free(inodes);
	return ret;
}

Test(diag_ask, a_port_is_the_listeners_else_the_udp_sockets_else_anybodys)
{
	uint16_t port = 0, client_port = 0;
	int client = bound(SOCK_STREAM, &client_port), listener = bound(SOCK_STREAM, &port), udp = bound(SOCK_DGRAM, &port);
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons(port) };

	cr_assert_eq(listen(listener, 5), 0);
	cr_assert_eq(only_owner(port), inode_of(listener));
	cr_assert_eq(connect(client, (struct sockaddr *)&name, sizeof(name)), 0);
	cr_assert_eq(only_owner(client_port), inode_of(client));
	cr_assert_eq(only_owner(port), inode_of(listener), "not the connection that is not accepted yet");
	close(client);
	close(listener);
	cr_assert_eq(only_owner(port), inode_of(udp));
	close(udp);
	cr_assert_eq(only_owner(port), 0);
}

Test(diag_ask, a_port_cannot_be_asked_for_without_netlink)
{
	uint32_t *inodes = NULL;
	size_t count = 99;
	int error = 0;

	door_inject(door, "netlink", EPERM);
	cr_assert_eq(diag_port_inodes(door, 80, &inodes, &count, &error), SIGHT_DENIED);
	cr_assert_eq(error, EPERM);
	cr_assert_null(inodes);
	cr_assert_eq(count, 99);
}
