/* SPDX-License-Identifier: MIT */
/*
 * The parser of the links under /proc/PID/fd: "pipe:[15714]", "socket:[15716]",
 * "anon_inode:[eventpoll]", "/dev/pts/3", "/tmp/log (deleted)", "/memfd:x (deleted)",
 * "net:[4026531833]".  A target chooses only names that begin with a slash; all others are
 * the kernel's word.
 */
#include "fdlink.h"

#include <stdbool.h>
#include <string.h>

#include "snapshot.h"

/** Whole texts.  inotify and seccomp have no brackets, and never had. */
static const struct { const char *text; uint8_t kind; } anonymous[] = {
	{ "anon_inode:[eventpoll]", OBJECT_EPOLL },
	{ "anon_inode:[eventfd]", OBJECT_EVENTFD },
	{ "anon_inode:[timerfd]", OBJECT_TIMERFD },
	{ "anon_inode:[signalfd]", OBJECT_SIGNALFD },
	{ "anon_inode:inotify", OBJECT_INOTIFY },
	{ "anon_inode:[fanotify]", OBJECT_INOTIFY },
	{ "anon_inode:[pidfd]", OBJECT_PIDFD },
	{ "anon_inode:[io_uring]", OBJECT_URING },
	{ "anon_inode:[userfaultfd]", OBJECT_USERFAULTFD },
	{ "anon_inode:seccomp notify", OBJECT_SECCOMP },
};

/** The prefix, digits, "]" and nothing else. */
static bool number_after(const char *prefix, const char *text, size_t length, uint64_t *ret)
{
	size_t at = strlen(prefix);
	uint64_t value = 0;

	if (length < at + 2 || length > at + 20 || memcmp(text, prefix, at) || text[length - 1] != ']')
		return false;
	for (; at < length - 1; at++) {
		if (text[at] < '0' || text[at] > '9')
			return false;
		value = value * 10 + (text[at] - '0');
	}
	*ret = value;
	return true;
}

struct fdlink fdlink_parse(const char *text, size_t length)
{
	struct fdlink link = { FDLINK_ANONYMOUS, OBJECT_OTHER, 0 };
	uint64_t number;
	size_t i;

	if (length && text[0] == '/') {
		link.form = FDLINK_PATH;
		return link;
	}
	if (number_after("pipe:[", text, length, &link.inode)) {
		link.form = FDLINK_INODE;
		link.kind = OBJECT_PIPE;
		return link;
	}
	if (number_after("socket:[", text, length, &link.inode)) {
		link.form = FDLINK_INODE;
		link.kind = OBJECT_SOCKET;
		return link;
	}
	for (i = 0; i < sizeof(anonymous) / sizeof(anonymous[0]); i++)
		if (length == strlen(anonymous[i].text) && !memcmp(text, anonymous[i].text, length))
			link.kind = anonymous[i].kind;
	/* 6.9 and a few after it, until programs complained. */
	if (number_after("pidfd:[", text, length, &number))
		link.kind = OBJECT_PIDFD;
	return link;
}
