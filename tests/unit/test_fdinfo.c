/* SPDX-License-Identifier: MIT */
#include "fdinfo.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sysmacros.h>

#include "snapshot.h"

static struct fdinfo parsed(const char *text)
{
	struct fdinfo info;

	cr_assert_eq(fdinfo_parse(text, strlen(text), &info), SIGHT_OK);
	return info;
}

Test(fdinfo, write_end_of_a_pipe)
{
	struct fdinfo info = parsed("pos:\t0\nflags:\t02004001\nmnt_id:\t16\nino:\t15714\n");

	cr_assert_eq(info.offset, 0);
	cr_assert_eq(info.flags, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert_eq(info.mount, 16);
	cr_assert_eq(info.inode, 15714);
	cr_assert_eq(info.count, UNSEEN);
	cr_assert_eq(info.tty, UNSEEN);
	cr_assert_eq(info.in_flight, UNSEEN);
}

Test(fdinfo, before_ino_was_printed)
{
	struct fdinfo info = parsed("pos:\t4096\nflags:\t0100001\nmnt_id:\t27\n");

	cr_assert_eq(info.offset, 4096);
	cr_assert_eq(info.flags & O_ACCMODE, O_WRONLY);
	cr_assert_eq(info.inode, UNSEEN);
}

Test(fdinfo, eventfd)
{
	struct fdinfo info = parsed("pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1038\n"
				    "eventfd-count:               1f\neventfd-id: 12\neventfd-semaphore: 0\n");

	cr_assert_eq(info.count, 31);
	cr_assert_eq(info.id, 12);
}

Test(fdinfo, full_eventfd)
{
	cr_assert_eq(parsed("flags:\t02\neventfd-count: fffffffffffffffe\n").count, INT64_MAX);
	cr_assert_eq(parsed("flags:\t02\neventfd-count: 10000000000000000\n").count, INT64_MAX);
}

Test(fdinfo, armed_timerfd)
{
	struct fdinfo info = parsed("pos:\t0\nflags:\t02\nmnt_id:\t17\nino:\t1038\nclockid: 1\nticks: 3\n"
				    "settime flags: 01\nit_value: (999, 995437914)\nit_interval: (0, 500000000)\n");

	cr_assert_eq(info.ticks, 3);
	cr_assert_eq(info.left_ns, INT64_C(999995437914));
	cr_assert_eq(info.interval_ns, 500000000);
}

Test(fdinfo, timerfd_of_the_far_future)
{
	cr_assert_eq(parsed("flags:\t02\nit_value: (9223372036854775807, 999999999)\n").left_ns, INT64_MAX);
}

Test(fdinfo, signalfd)
{
	cr_assert_eq(parsed("flags:\t02\nsigmask:\t0000000000010200\n").signals, 1 << 9 | 1 << 16);
	cr_assert_eq(parsed("flags:\t02\nsigmask:\tffffffffffffffff\n").signals, -1);
}

Test(fdinfo, pidfd)
{
	cr_assert_eq(parsed("flags:\t02000002\nPid:\t4242\nNSpid:\t4242\t7\n").pid, 4242);
	cr_assert_eq(parsed("flags:\t02000002\nPid:\t-1\nNSpid:\t-1\n").pid, -1);
}

Test(fdinfo, pty_master_and_unix_socket)
{
	cr_assert_eq(parsed("flags:\t02100002\nmnt_id:\t24\nino:\t91\ntty-index:\t3\n").tty, 3);
	cr_assert_eq(parsed("flags:\t02000002\nscm_fds: 1\n").in_flight, 1);
}

Test(fdinfo, locks_and_the_unheard_of_are_no_matter)
{
	struct fdinfo info = parsed("pos:\t7\nflags:\t02100002\nmnt_id:\t27\nino:\t10953502\n"
				    "lock:\t1: FLOCK  ADVISORY  WRITE 11759 fe:00:10953502 0 EOF\n"
				    "colour:\tblue\nino\n: 3\n\n");

	cr_assert_eq(info.offset, 7);
	cr_assert_eq(info.inode, 10953502);
}

Test(fdinfo, garbage_is_not_a_number)
{
	struct fdinfo info;
	static const char text[] = "pos:\t0x1\nflags:\t9\nmnt_id:\t- 3\nino:\t12x\n"
				   "eventfd-count: g\nticks: \nit_value: (1, 1000000000)\n"
				   "it_interval: (1 2)\nPid:\t--1\ntty-index:\nscm_fds";
	size_t length;

	cr_assert_eq(fdinfo_parse(text, sizeof(text) - 1, &info), SIGHT_STRANGE);
	cr_assert_eq(info.offset, UNSEEN);
	cr_assert_eq(info.flags, UNSEEN);
	cr_assert_eq(info.mount, UNSEEN);
	cr_assert_eq(info.inode, UNSEEN);
	cr_assert_eq(info.count, UNSEEN);
	cr_assert_eq(info.ticks, UNSEEN);
	cr_assert_eq(info.left_ns, UNSEEN);
	cr_assert_eq(info.interval_ns, UNSEEN);
	cr_assert_eq(info.pid, UNSEEN);
	cr_assert_eq(info.tty, UNSEEN);
	cr_assert_eq(info.in_flight, UNSEEN);
	for (length = 0; length < sizeof(text); length++)
		cr_assert_eq(fdinfo_parse(text, length, &info), SIGHT_STRANGE);
}

Test(fdinfo, nothing_at_all)
{
	struct fdinfo info;

	cr_assert_eq(fdinfo_parse("", 0, &info), SIGHT_STRANGE);
	cr_assert_eq(info.offset, UNSEEN);
}

Test(fdinfo, watches_of_an_epoll)
{
	static const char epoll[] = "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1038\n"
		"tfd:        7 events:       19 data:                7  pos:0 ino:40e sdev:10\n"
		"tfd:       13 events: 40000000 data:     7f7600000008  pos:-1 ino:a72216 sdev:fe00001\n";
	const char *text = epoll;
	size_t length = sizeof(epoll) - 1;
	struct fdinfo_watch watch;

	cr_assert(fdinfo_watch(&text, &length, &watch));
	cr_assert_eq(watch.number, 7);
	cr_assert_eq(watch.events, EPOLLIN | EPOLLERR | EPOLLHUP);
	cr_assert_eq(watch.inode, 0x40e);
	cr_assert_eq(watch.device, makedev(0, 0x10));
	cr_assert(fdinfo_watch(&text, &length, &watch));
	cr_assert_eq(watch.number, 13);
	cr_assert_eq(watch.events, EPOLLONESHOT);
	cr_assert_eq(watch.inode, 0xa72216);
	cr_assert_eq(watch.device, makedev(0xfe, 1));
	cr_assert_not(fdinfo_watch(&text, &length, &watch));
	cr_assert_eq(length, 0);
}

Test(fdinfo, watch_before_its_inode_was_printed)
{
	static const char epoll[] = "tfd:        5 events:       1d data: ffffffffffffffff";
	const char *text = epoll;
	size_t length = sizeof(epoll) - 1;
	struct fdinfo_watch watch;

	cr_assert(fdinfo_watch(&text, &length, &watch));
	cr_assert_eq(watch.number, 5);
	cr_assert_eq(watch.inode, 0);
	cr_assert_eq(watch.device, 0);
}

Test(fdinfo, no_watches)
{
	static const char hostile[] = "tfd: -1 events: 19 data: 0\ntfd: 2147483648 events: 1 data: 0\n"
		"tfd: 1 events: 100000000 data: 0\ntfd: 1 event: 1\ntfd:\n tfd: 1 events: 1 data: 0\n"
		"tfd: 1 events: 1 data: \n";
	const char *text = hostile;
	size_t length = sizeof(hostile) - 1;
	struct fdinfo_watch watch;

	cr_assert_not(fdinfo_watch(&text, &length, &watch));
}
