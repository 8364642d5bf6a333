/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/fdinfo/N as plain numbers.  Pure.
 */
#ifndef FDINFO_H
#define FDINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Every member is UNSEEN where the kernel has no such line for this kind of file. */
struct fdinfo {
	int64_t offset;           /**< pos */
	int64_t flags;            /**< O_ACCMODE | O_NONBLOCK | O_CLOEXEC ... */
	int64_t mount, inode;     /**< mnt_id, ino (since 5.14) */
	int64_t count, id;        /**< eventfd-count, eventfd-id (since 5.2) */
	int64_t ticks;            /**< timerfd: expirations not read yet. */
	int64_t left_ns, interval_ns; /**< timerfd: it_value, it_interval; 0 disarmed, one-shot. */
	int64_t signals;          /**< signalfd: its mask, bit n-1 for signal n. */
	int64_t pid;              /**< pidfd: -1 reaped, 0 not in our pid namespace. */
	int64_t tty;              /**< pty master: tty-index, the N of /dev/pts/N. */
	int64_t in_flight;        /**< Unix socket: scm_fds, descriptors travelling to it. */
};

/** 0, or SIGHT_STRANGE without a flags line; what was understood is in *ret all the same. */
int fdinfo_parse(const char *text, size_t length, struct fdinfo *ret);

/** A "tfd:" line of an epoll. */
struct fdinfo_watch {
	int32_t number;           /**< As it was registered; it may be closed since. */
	uint32_t events;          /**< EPOLL* bits, EPOLLONESHOT included. */
	uint64_t inode;           /**< Of what is watched; 0 before 4.13. */
	uint64_t device;          /**< Its st_dev (of the super block: btrfs and overlayfs show another to stat(2)). */
};

/** The next of them, advancing *text and *length; false when there is none. */
bool fdinfo_watch(const char **text, size_t *length, struct fdinfo_watch *ret);

#endif
