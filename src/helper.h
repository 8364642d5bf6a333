/* SPDX-License-Identifier: MIT */
/*
 * The process that asks what may block.  It is expendable: whatever it knows lies in
 * the channel, and it may be killed between any two instructions.
 */
#ifndef HELPER_H
#define HELPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "channel.h"

enum { HELPER_NAMESPACES = 16 };

struct helper {
	struct channel *channel;
	int proc_fd;
	bool live;                /* "/proc", not a recorded tree */
	int pagemap_fd;           /* of the last process whose memory was asked for */
	pid_t pagemap_of;
	int pidfd;                /* of the last process whose descriptor was borrowed */
	pid_t pidfd_of;
	int own_net_fd;
	uint64_t own_net;
	struct { uint64_t net; int fd; } diag[HELPER_NAMESPACES]; /* sock_diag sockets */
	unsigned diag_count;
};

/**
 * What every process of ours does first, right after the fork: blocks signals, dies with its
 * parent (who must be living still), takes a name, lets go of all descriptors but PROC_FD.
 */
void helper_settle(const struct door *door, pid_t parent, const char *name);

/** Answer one question into at most CHANNEL_ANSWER bytes, and a NUL, at to.  Fills all of *ret but .at. */
void helper_answer(struct helper *helper, const struct question *question, char *to, struct reply *ret);

/** ASK_DIAG: length of the replies, or -errno; *cut when there were more. */
ssize_t helper_diag(struct helper *helper, const struct question *question, char *to, size_t room, bool *cut);

#endif
