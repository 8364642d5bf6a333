/* SPDX-License-Identifier: MIT */
/*
 * What unix sockets tell through their descriptors only: how many descriptors travel to
 * them (scm_fds of fdinfo), and, where somebody is blocked on one, SO_RCVTIMEO and SO_SNDTIMEO.
 *
 * Which sockets are unix ones is what the sockets probe found out at T0, after this one: so all
 * this is seen at T1.
 */
#include "fds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "decode.h"
#include "door.h"

enum { BATCH = 256 };

static int socket_flight(struct fd_pass *pass, const struct fd *fd)
{
	struct object *object = object_at(pass->snapshot, fd->object);
	struct fdinfo info;
	char place[FD_PLACE];
	int error, sight;

	fd_pass_place(pass, fd->process, place);
	sight = fd_info(pass->visit->door, place, fd->number, &info, &error);
	if (sight < 0)
		return sight;
	if (sight == SIGHT_OK && info.in_flight != UNSEEN && object->in_flight != ANSWER_YES)
		object->in_flight = info.in_flight > 0 ? ANSWER_YES : ANSWER_NO;
	return 0;
}

/** Once a socket, whoever holds it. */
static int flights_look(struct fd_pass *pass)
{
	const struct snapshot *snapshot = pass->snapshot;
	_cleanup_free_ uint8_t *done = calloc(snapshot->objects.count + 1, 1);
	uint32_t at;
	int r = 0;

	if (!done)
		return -ENOMEM;
	for (at = 0; at < snapshot->fds.count && r == 0; at++) {
		const struct fd *fd = &snapshot->fds.row[at];

		if (object_at(snapshot, fd->object)->kind != OBJECT_UNIX || !(fd->looks & 1 << pass->look) ||
		    fd->process.at >= pass->process_count || done[fd->object.at]++)
			continue;
		r = socket_flight(pass, fd);
	}
	return r;
}

struct waits {
	struct fd_pass *pass;
	struct fd_ix at[BATCH];
	struct question question[BATCH];
	uint32_t count;
};

static int timeouts_answered(void *context, size_t which, const struct answer *answer)
{
	struct waits *waits = context;
	const struct fd *fd = fd_at(waits->pass->snapshot, waits->at[which]);
	struct object *object = object_at(waits->pass->snapshot, fd->object);
	struct socket_timeouts timeouts;

	if (answer->sight == SIGHT_OK && answer->length == sizeof(timeouts)) {
		memcpy(&timeouts, answer->bytes, sizeof(timeouts));
		object->receive_timeout_ms = timeouts.receive_ms;
		object->send_timeout_ms = timeouts.send_ms;
		return 0;
	}
	if (answer->sight == SIGHT_OK || answer->sight == SIGHT_GONE || answer->sight == SIGHT_MOVED)
		return 0;
	return fd_pass_miss(waits->pass, fd->process, answer->sight, answer->error, MISS_TIMEOUTS);
}

static int waits_ask(struct waits *waits)
{
	const struct visit *visit = waits->pass->visit;
	uint32_t count = waits->count;

	waits->count = 0;
	if (!count)
		return 0;
	return door_ask(visit->door, waits->question, count, BOUND_ASK_MS, visit->deadline_ns, timeouts_answered,
			waits);
}

/** The unix socket that a blocked task reads, writes, accepts from or connects; else NO_ROW. */
static struct fd_ix socket_waited(const struct fd_pass *pass, struct task_ix ix)
{
	const struct snapshot *snapshot = pass->snapshot;
	const struct task *task = task_at(snapshot, ix);
	const struct object *object;
	struct decoded decoded;
	struct fd_ix fd;

	if (task->process.at >= pass->process_count || task->at[pass->look].call.number < 0)
		return (struct fd_ix){ NO_ROW };
	decoded = decode_call(snapshot, process_at(snapshot, task->process), &task->at[pass->look].call, pass->look,
			      NULL, 0);
	if (decoded.fd < 0 || (decoded.action != ACTION_READ && decoded.action != ACTION_WRITE &&
			       decoded.action != ACTION_ACCEPT && decoded.action != ACTION_CONNECT))
		return (struct fd_ix){ NO_ROW };
	fd = fd_pass_known(pass, task->process, decoded.fd);
	if (fd.at == NO_ROW)
		return fd;
	object = object_at(snapshot, fd_at(snapshot, fd)->object);
	if (object->kind != OBJECT_UNIX || object->receive_timeout_ms != UNSEEN)
		return (struct fd_ix){ NO_ROW };
	return fd;
}

static int timeouts_look(struct fd_pass *pass, const struct subjects *subjects)
{
	_cleanup_free_ struct waits *waits = calloc(1, sizeof(*waits));
	uint32_t i;
	int r = 0;

	if (!waits)
		return -ENOMEM;
	waits->pass = pass;
	for (i = 0; i < subjects->task_count && r == 0; i++) {
		struct fd_ix fd = socket_waited(pass, subjects->tasks[i]);
		const struct fd *row;

		if (fd.at == NO_ROW)
			continue;
		row = fd_at(pass->snapshot, fd);
		waits->at[waits->count] = fd;
		waits->question[waits->count++] = (struct question){
			.ask = ASK_TIMEOUTS,
			.pid = process_at(pass->snapshot, row->process)->pid,
			.number = { (uint64_t)row->number },
		};
		if (waits->count == BATCH)
			r = waits_ask(waits);
	}
	return r < 0 ? r : waits_ask(waits);
}

int unixes_look(struct fd_pass *pass, const struct subjects *subjects)
{
	int r;

	if (pass->look != LOOK_T1)
		return 0;
	r = flights_look(pass);
	return r < 0 ? r : timeouts_look(pass, subjects);
}
