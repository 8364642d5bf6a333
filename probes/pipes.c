/* SPDX-License-Identifier: MIT */
/*
 * How full the pipes and FIFOs are that the tree holds: FIONREAD and F_GETPIPE_SZ through a
 * descriptor that a helper borrows from one living holder (pidfd_getfd(2)), an end at a time.
 *
 * It takes ptrace access, which the fd list does not, and the pipe's mutex, which a reader asleep
 * in a page fault holds: so it is asked, and nothing depends on it alone.
 */
#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"

enum { BATCH = 256, HOLDERS_TRIED = 3 };

struct pipes {
	struct fd_pass *pass;
	uint32_t *tried;          /**< One an object: the fd row after the one asked last. */
	uint8_t *refused;         /**< One a process: 1 when it does not lend. */
	uint32_t asked;           /**< Pipes asked so far. */
	uint32_t at[BATCH];       /**< fd rows. */
	struct question question[BATCH];
};

static int pipe_answered(void *context, size_t which, const struct answer *answer)
{
	struct pipes *pipes = context;
	struct snapshot *snapshot = pipes->pass->snapshot;
	const struct fd *fd = &snapshot->fds.row[pipes->at[which]];
	struct object_look *seen = &object_at(snapshot, fd->object)->at[pipes->pass->look];
	struct pipe_level level;

	seen->sight = answer->sight;
	seen->when_ns = door_now_ns();
	if (answer->sight == SIGHT_OK && answer->length == sizeof(level)) {
		memcpy(&level, answer->bytes, sizeof(level));
		seen->readable = level.readable;
		seen->room = level.size > level.readable ? level.size - level.readable : 0;
		return 0;
	}
	if (answer->sight == SIGHT_OK)
		seen->sight = SIGHT_STRANGE;
	if (answer->sight == SIGHT_GONE || answer->sight == SIGHT_MOVED)
		return 0; /* closed meanwhile */
	pipes->refused[fd->process.at] = 1;
	return fd_pass_miss(pipes->pass, fd->process, seen->sight, answer->error, MISS_PIPE);
}

static bool lends(const struct pipes *pipes, const struct fd *fd)
{
	const struct snapshot *snapshot = pipes->pass->snapshot;
	const struct process *process = process_at(snapshot, fd->process);
	uint8_t kind = object_at(snapshot, fd->object)->kind;

	return (kind == OBJECT_PIPE || kind == OBJECT_FIFO) && fd->looks & 1 << pipes->pass->look &&
	       fd->process.at < pipes->pass->process_count && process->flags & PROCESS_IN_TREE &&
	       !(process->flags & PROCESS_OURS) && !pipes->refused[fd->process.at] && !(fd->flags & O_PATH);
}

/** Not asked yet, or its last holder had no answer. */
static bool wants_asking(const struct pipes *pipes, uint32_t at)
{
	const struct fd *fd = &pipes->pass->snapshot->fds.row[at];
	uint8_t sight = object_at(pipes->pass->snapshot, fd->object)->at[pipes->pass->look].sight;
	uint32_t tried = pipes->tried[fd->object.at];

	return tried ? at >= tried && sight != SIGHT_OK && sight != SIGHT_CUT : sight == SIGHT_UNASKED;
}

/** One question for each pipe that has no answer yet, to the next of its holders. */
static int pipes_round(struct pipes *pipes, bool first)
{
	struct fd_pass *pass = pipes->pass;
	const struct snapshot *snapshot = pass->snapshot;
	uint32_t next = 0, count = 1;
	int r = 0;

	while (r == 0 && count > 0) {
		for (count = 0; next < snapshot->fds.count && count < BATCH; next++) {
			const struct fd *fd = &snapshot->fds.row[next];

			if (!lends(pipes, fd) || !wants_asking(pipes, next))
				continue;
			if (first && pipes->asked++ == BOUND_PIPES)
				return fd_pass_miss(pass, fd->process, SIGHT_CUT, 0, MISS_PIPE);
			/* Until its answer comes: it is not to be asked twice. */
			object_at(snapshot, fd->object)->at[pass->look].sight = SIGHT_CUT;
			pipes->tried[fd->object.at] = next + 1;
			pipes->at[count] = next;
			pipes->question[count++] = (struct question){
				.ask = ASK_PIPE,
				.pid = process_at(snapshot, fd->process)->pid,
				.number = { (uint64_t)fd->number },
			};
		}
		if (count)
			r = door_ask(pass->visit->door, pipes->question, count, BOUND_ASK_MS,
				     pass->visit->deadline_ns, pipe_answered, pipes);
	}
	return r;
}

int pipes_measure(struct fd_pass *pass)
{
	_cleanup_free_ struct pipes *pipes = calloc(1, sizeof(*pipes));
	_cleanup_free_ uint32_t *tried = calloc(pass->snapshot->objects.count + 1, sizeof(*tried));
	_cleanup_free_ uint8_t *refused = calloc(pass->process_count + 1, sizeof(*refused));
	int round, r = 0;

	if (!pipes || !tried || !refused)
		return -ENOMEM;
	pipes->pass = pass;
	pipes->tried = tried;
	pipes->refused = refused;
	for (round = 0; round < HOLDERS_TRIED && r == 0; round++)
		r = pipes_round(pipes, round == 0);
	return r;
}
