/* SPDX-License-Identifier: MIT */
/*
 * What the link /proc/PID/fd/N says of the file behind it.  Pure.
 */
#ifndef FDLINK_H
#define FDLINK_H

#include <stddef.h>
#include <stdint.h>

/** How such a file is told from others. */
enum fdlink_form {
	FDLINK_INODE,     /**< By the number in the link: pipes, sockets. */
	FDLINK_ANONYMOUS, /**< All of them share one inode: eventfd, epoll, timerfd ... */
	FDLINK_PATH,      /**< Only stat(2) can tell what it is: FIFO, file, directory, device. */
};

struct fdlink {
	uint8_t form;             /**< enum fdlink_form */
	uint8_t kind;             /**< enum object_kind; OBJECT_OTHER for a path. */
	uint64_t inode;           /**< FDLINK_INODE */
};

/** Cannot fail: a text that nobody knows is an anonymous OBJECT_OTHER. */
struct fdlink fdlink_parse(const char *text, size_t length);

#endif
