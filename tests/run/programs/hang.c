/* SPDX-License-Identifier: MIT */
/*
 * Programs that hang each time in the same way, one a mode: hang MODE [ARG].  The cases build it as
 * they like: with and without debug information, optimized or not, with lines and functions moved.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((__noinline__, __noclone__))

static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

/* MOVE */
static inline __attribute__((__always_inline__)) void rest(int seconds)
{
	const struct timespec left = { seconds, 0 };

	while (nanosleep(&left, NULL) < 0)
		;
}

/* MOVE */
/* A server that answers some messages, and then nobody any more. */
APART static void backoff(void)
{
	rest(1000000);
}

/* MOVE */
APART static void pump(int fd)
{
	char byte;
	int i;

	for (i = 0; i < 3; i++)
		if (read(fd, &byte, 1) != 1 || write(fd, &byte, 1) != 1)
			_exit(1);
	backoff();
}

/* MOVE */
APART static void ask(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), i;
	char bytes[1000] = "x";

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(1);
	for (i = 0; i < 3; i++)
		if (write(fd, "x", 1) != 1 || read(fd, bytes, 1) != 1)
			_exit(1);
	if (write(fd, bytes, sizeof(bytes)) < 0)
		_exit(1);
	ready();
	if (read(fd, bytes, 1) < 0)
		_exit(1);
}

/* MOVE */
/* A client and a server on a port: 0 for any. */
static void neglect(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		exit(77);
	if (fork() == 0) {
		prctl(PR_SET_NAME, "server");
		pump(accept(listener, NULL, NULL));
	}
	close(listener);
	ask(ntohs(address.sin_port));
}

/* MOVE */
/* Two wedges of one program: what is around them, libc and a loop, is the same. */
APART static void await(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	while (poll(&pollfd, 1, -1) != 1)
		;
}

/* MOVE */
APART static void await_config(int fd)
{
	await(fd);
	printf("config\n"); /* no tail call, and no function that is like another */
}

/* MOVE */
APART static void await_answer(int fd)
{
	await(fd);
	printf("answer\n");
}

/* MOVE */
static void dispatch(const char *which)
{
	int pipes[2];

	if (pipe(pipes) < 0)
		exit(77);
	ready();
	if (strcmp(which, "config") == 0)
		await_config(pipes[0]);
	else
		await_answer(pipes[0]);
}

/* MOVE */
/* A loop that is somewhere else each time that one looks. */
static volatile unsigned sink;
#define LEAF(name)                                    \
	APART static void name(void)                  \
	{                                             \
		unsigned i;                           \
		for (i = 0; i < 200000 + sink % 7; i++) \
			sink = sink * 31 + i;         \
	}
LEAF(hash_key)
LEAF(compare_key)
LEAF(swap_key)
LEAF(copy_key)
LEAF(move_key)
LEAF(drop_key)
LEAF(find_key)
LEAF(sort_key)

/* MOVE */
APART static void settle(void)
{
	static void (*const leaves[])(void) = { hash_key, compare_key, swap_key, copy_key, move_key, drop_key, find_key, sort_key };

	srand((unsigned)time(NULL) ^ (unsigned)getpid());
	for (;;)
		leaves[rand() % 8]();
}

/* MOVE */
/* Victims of several kinds and names, in an order of their own, and the one they wait for. */
static void victim(char kind, int fd)
{
	char name[] = "victim-x", byte;

	name[7] = kind;
	prctl(PR_SET_NAME, name);
	switch (kind) {
	case 'p':
		await(fd);
		break;
	case 'r':
		_exit(read(fd, &byte, 1) != 1);
	default:
		_exit(recv(fd, &byte, 1, 0) != 1);
	}
	_exit(0);
}

/* MOVE */
static void crowd(const char *order)
{
	int ends[8][2], i, count = (int)strlen(order);

	for (i = 0; i < count && i < 8; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]) < 0)
			exit(77);
	if (fork() == 0) {
		prctl(PR_SET_NAME, "server");
		for (i = 0; i < count; i++)
			close(ends[i][1]);
		backoff();
	}
	for (i = 0; i < count; i++) {
		int k;

		if (fork() == 0) {
			for (k = 0; k < count; k++) {
				close(ends[k][0]);
				if (k != i)
					close(ends[k][1]);
			}
			/* Asked, and no answer. */
			if (write(ends[i][1], "?", 1) == 1)
				victim(order[i], ends[i][1]);
			_exit(1);
		}
	}
	for (i = 0; i < count; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
	ready();
	pause();
}

/* MOVE */
int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : "";

	alarm(120);
	if (strcmp(mode, "neglect") == 0)
		neglect(atoi(argument));
	else if (strcmp(mode, "await") == 0)
		dispatch(argument);
	else if (strcmp(mode, "spin") == 0) {
		ready();
		settle();
	} else if (strcmp(mode, "crowd") == 0)
		crowd(argument);
	fprintf(stderr, "hang: no such mode: %s\n", mode);
	return 2;
}
