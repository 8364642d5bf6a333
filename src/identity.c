/* SPDX-License-Identifier: MIT */
/*
 * Which process a pid means: pidfds held while we look, and the start time in
 * /proc/PID/stat.
 *
 * A pidfd is opened before the start time is checked: were the pid reused in
 * between, the time would differ, and were it reused within one tick, the pidfd
 * would be the dead one's and say so.
 */
#include "identity.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "door_inner.h"

enum { DESCRIPTORS_SPARED = 64, SLOTS_FIRST = 64 };

struct held { pid_t pid; int fd; int64_t start_ticks; };

/* By pid, open addressing; pid 0 is an empty slot; nothing is ever taken out. */
struct holdings {
	struct held *slots;
	size_t count, room;       /* room is a power of two */
	bool full;                /* descriptors are short */
};

struct holdings *holdings_destroy(struct holdings *holdings)
{
	size_t i;

	if (!holdings)
		return NULL;
	for (i = 0; i < holdings->room; i++)
		if (holdings->slots[i].pid)
			close(holdings->slots[i].fd);
	free(holdings->slots);
	free(holdings);
	return NULL;
}

/* The slot of pid, or the empty one where it would go. */
static struct held *held_at(const struct holdings *holdings, pid_t pid)
{
	size_t i = (uint32_t)pid * UINT32_C(2654435761);

	for (;; i++) {
		struct held *held = &holdings->slots[i & (holdings->room - 1)];

		if (held->pid == pid || held->pid == 0)
			return held;
	}
}

static int holdings_grow(struct holdings *holdings)
{
	struct holdings grown = { .room = holdings->room ? holdings->room * 2 : SLOTS_FIRST };
	size_t i;

	if (holdings->room && holdings->count < holdings->room / 2)
		return 0;
	grown.slots = calloc(grown.room, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (i = 0; i < holdings->room; i++)
		if (holdings->slots[i].pid)
			*held_at(&grown, holdings->slots[i].pid) = holdings->slots[i];
	free(holdings->slots);
	holdings->slots = grown.slots;
	holdings->room = grown.room;
	return 0;
}

/*
 * 42 (a) R 1) S 1 42 42 0 -1 4194560 ... 22nd field is the start time; the name may
 * hold anything, parentheses and newlines too, so the last ")" ends it.
 */
int identity_parse(const char *text, size_t length, struct identity *ret)
{
	const char *end = text + length, *at = memrchr(text, ')', length);
	struct identity found = { 0 };
	unsigned field;

	if (!at || end - at < 4 || at[1] != ' ' || at[3] != ' ')
		return SIGHT_STRANGE;
	found.state = at[2];
	at += 4;
	for (field = 4; field < 22; field++) {
		at = memchr(at, ' ', end - at);
		if (!at)
			return SIGHT_STRANGE;
		at++;
	}
	if (at == end || *at < '0' || *at > '9')
		return SIGHT_STRANGE;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(found.start_ticks, 10, &found.start_ticks) ||
		    __builtin_add_overflow(found.start_ticks, *at - '0', &found.start_ticks))
			return SIGHT_STRANGE;
	if (at < end && *at != ' ' && *at != '\n')
		return SIGHT_STRANGE;
	*ret = found;
	return 0;
}

/* 0, a sight or -errno of our own. */
static int identity_read(const struct door *door, pid_t pid, struct identity *ret)
{
	char path[32], text[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", pid);
	n = door_peek(door, path, text, sizeof(text));
	if (n < 0)
		return error_is_ours(-n) ? n : sight_of_errno(-n);
	return identity_parse(text, n, ret);
}

/* Readable once every thread is gone, a zombie left or not. */
static bool pidfd_exited(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) > 0;
}

/* -1 with errno EMFILE too when what is left is needed for reading. */
static int pidfd_spare(const struct door *door, pid_t pid)
{
	int fd;

	if (!door->live) {
		errno = ENOSYS;
		return -1;
	}
	fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 || (rlim_t)fd + DESCRIPTORS_SPARED < door->descriptors_most)
		return fd;
	close(fd);
	errno = EMFILE;
	return -1;
}

int door_hold(struct door *door, pid_t pid, int64_t start_ticks)
{
	struct identity identity;
	struct held *held;
	int r, fd = -1;

	if (!door->holdings) {
		door->holdings = calloc(1, sizeof(*door->holdings));
		if (!door->holdings)
			return -ENOMEM;
	}
	r = holdings_grow(door->holdings);
	if (r < 0)
		return r;
	held = held_at(door->holdings, pid);
	if (held->pid && held->start_ticks == start_ticks)
		return 0;

	if (!door->holdings->full) {
		fd = pidfd_spare(door, pid);
		if (fd < 0 && errno == ESRCH)
			return SIGHT_GONE;
		if (fd < 0 && errno == EMFILE)
			door->holdings->full = true;
	}
	r = identity_read(door, pid, &identity);
	if (r == SIGHT_GONE && fd >= 0 && !pidfd_exited(fd))
		r = SIGHT_DENIED; /* hidepid: it lives, and we may not see it */
	else if (r == SIGHT_OK && identity.start_ticks != start_ticks)
		r = SIGHT_GONE;
	if (r || fd < 0) {
		cleanup_close(&fd);
		return r;
	}
	if (held->pid)
		close(held->fd); /* of one that had this pid before */
	else
		door->holdings->count++;
	*held = (struct held){ .pid = pid, .fd = fd, .start_ticks = start_ticks };
	return 0;
}

bool door_alive(struct door *door, pid_t pid, int64_t start_ticks)
{
	struct identity identity;
	struct held *held = NULL;
	bool exited = false;

	if (door->holdings && door->holdings->room)
		held = held_at(door->holdings, pid);
	if (held && held->pid && held->start_ticks == start_ticks) {
		exited = pidfd_exited(held->fd);
		if (!exited)
			return true;
	}
	if (identity_read(door, pid, &identity) != SIGHT_OK || identity.start_ticks != start_ticks)
		return false;
	/* Exited, and yet there: its zombie, unless somebody took the pid within the same tick. */
	return !exited || identity.state == 'Z' || identity.state == 'X';
}

bool door_is_live(const struct door *door)
{
	return door->live;
}

bool door_session(const struct door *door, pid_t pid, int32_t *ret_session, int32_t *ret_group)
{
	pid_t session, group;

	if (!door->live)
		return false;
	session = getsid(pid);
	group = getpgid(pid);
	if (session < 0 || group < 0)
		return false;
	*ret_session = session;
	*ret_group = group;
	return true;
}
