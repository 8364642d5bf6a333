/* SPDX-License-Identifier: MIT */
#include "fdlink.h"

#include <criterion/criterion.h>
#include <string.h>

#include "snapshot.h"

static struct fdlink parsed(const char *text)
{
	return fdlink_parse(text, strlen(text));
}

static void check(const char *text, enum fdlink_form form, enum object_kind kind, uint64_t inode)
{
	struct fdlink link = parsed(text);

	cr_expect_eq(link.form, form, "%s", text);
	cr_expect_eq(link.kind, kind, "%s", text);
	cr_expect_eq(link.inode, inode, "%s", text);
}

Test(fdlink, what_the_kernel_writes)
{
	check("pipe:[15714]", FDLINK_INODE, OBJECT_PIPE, 15714);
	check("socket:[4294967295]", FDLINK_INODE, OBJECT_SOCKET, 4294967295);
	check("anon_inode:[eventpoll]", FDLINK_ANONYMOUS, OBJECT_EPOLL, 0);
	check("anon_inode:[eventfd]", FDLINK_ANONYMOUS, OBJECT_EVENTFD, 0);
	check("anon_inode:[timerfd]", FDLINK_ANONYMOUS, OBJECT_TIMERFD, 0);
	check("anon_inode:[signalfd]", FDLINK_ANONYMOUS, OBJECT_SIGNALFD, 0);
	check("anon_inode:inotify", FDLINK_ANONYMOUS, OBJECT_INOTIFY, 0);
	check("anon_inode:[pidfd]", FDLINK_ANONYMOUS, OBJECT_PIDFD, 0);
	check("pidfd:[3021]", FDLINK_ANONYMOUS, OBJECT_PIDFD, 0);
	check("anon_inode:[io_uring]", FDLINK_ANONYMOUS, OBJECT_URING, 0);
	check("anon_inode:[userfaultfd]", FDLINK_ANONYMOUS, OBJECT_USERFAULTFD, 0);
	check("anon_inode:seccomp notify", FDLINK_ANONYMOUS, OBJECT_SECCOMP, 0);
	check("anon_inode:bpf-map", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("net:[4026531833]", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
}

Test(fdlink, whatever_a_target_may_name_is_a_path)
{
	check("/dev/pts/3", FDLINK_PATH, OBJECT_OTHER, 0);
	check("/memfd:pipe:[1] (deleted)", FDLINK_PATH, OBJECT_OTHER, 0);
	check("/pipe:[1]", FDLINK_PATH, OBJECT_OTHER, 0);
	check("/", FDLINK_PATH, OBJECT_OTHER, 0);
}

Test(fdlink, nearly)
{
	check("", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("pipe:[]", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("pipe:[12", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("pipe:[12]]", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("pipe:[-1]", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("pipe:[99999999999999999999]", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("socket:[1] (deleted)", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("anon_inode:[eventfd] ", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
	check("anon_inode:[eventf", FDLINK_ANONYMOUS, OBJECT_OTHER, 0);
}
