/* SPDX-License-Identifier: MIT */
/*
 * What the epolls watch: the "tfd:" lines of their fdinfo, asked through a helper.
 *
 * A line names the descriptor as it was registered, in the process that did it, and the
 * inode.  The number may be closed since, or used again while a copy elsewhere keeps the old
 * file in the set: so the inode must agree where it tells anything.
 */
#include "fds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"

enum { BATCH = 64, QUESTION_PATH = FD_PLACE + 24 };

struct epolls {
	struct fd_pass *pass;
	uint64_t pipe_device, socket_device; /**< st_dev of all pipes, of all sockets; 0 not met yet. */
	uint32_t at[BATCH];
	char path[BATCH][QUESTION_PATH];
	struct question question[BATCH];
};

static bool is_socket(enum object_kind kind)
{
	return kind == OBJECT_SOCKET || kind == OBJECT_UNIX || kind == OBJECT_TCP || kind == OBJECT_UDP;
}

/** Of pipes, sockets and FIFOs the inode is the name. */
static bool has_inode(enum object_kind kind)
{
	return kind == OBJECT_PIPE || kind == OBJECT_FIFO || is_socket(kind);
}

static struct object_ix watched_by_number(struct epolls *epolls, struct process_ix process,
					  const struct fdinfo_watch *watch)
{
	const struct snapshot *snapshot = epolls->pass->snapshot;
	struct fd_ix fd = fd_pass_known(epolls->pass, process, watch->number);
	const struct object *object;

	if (fd.at == NO_ROW || !(fd_at(snapshot, fd)->looks & 1 << epolls->pass->look))
		return (struct object_ix){ NO_ROW };
	object = object_at(snapshot, fd_at(snapshot, fd)->object);
	if (watch->inode && has_inode(object->kind) && object->key.name != watch->inode)
		return (struct object_ix){ NO_ROW };
	if (watch->inode && object->kind == OBJECT_PIPE)
		epolls->pipe_device = watch->device;
	if (watch->inode && is_socket(object->kind))
		epolls->socket_device = watch->device;
	return fd_at(snapshot, fd)->object;
}

static struct object_ix watched_by_inode(const struct epolls *epolls, const struct fdinfo_watch *watch)
{
	const struct snapshot *snapshot = epolls->pass->snapshot;

	if (!watch->inode)
		return (struct object_ix){ NO_ROW };
	if (watch->device == epolls->pipe_device)
		return snapshot_find_object(snapshot, OBJECT_PIPE, (struct object_key){ 0, watch->inode });
	if (watch->device == epolls->socket_device)
		return snapshot_find_object(snapshot, OBJECT_SOCKET, (struct object_key){ 0, watch->inode });
	return snapshot_find_object(snapshot, OBJECT_FIFO, (struct object_key){ watch->device, watch->inode });
}

static int epoll_watches(struct epolls *epolls, const struct fd_later *event, const char *text, size_t length)
{
	const char *rest = text;
	size_t left = length;
	struct fdinfo_watch watch;
	int r;

	/* Once to learn the devices of pipes and sockets, once in earnest. */
	while (fdinfo_watch(&rest, &left, &watch))
		watched_by_number(epolls, event->process, &watch);
	while (fdinfo_watch(&text, &length, &watch)) {
		struct watch row = {
			.set = event->object, .number = watch.number, .events = watch.events,
			.looks = 1 << epolls->pass->look,
		};

		row.object = watched_by_number(epolls, event->process, &watch);
		if (row.object.at == NO_ROW)
			row.object = watched_by_inode(epolls, &watch);
		r = snapshot_add_watch(epolls->pass->snapshot, &row);
		if (r < 0 && r != -E2BIG)
			return r;
	}
	return 0;
}

static int epoll_answered(void *context, size_t which, const struct answer *answer)
{
	struct epolls *epolls = context;
	const struct fd_later *event = &epolls->pass->events.row[epolls->at[which]];
	struct object_look *seen = &object_at(epolls->pass->snapshot, event->object)->at[epolls->pass->look];
	int r;

	seen->sight = answer->sight;
	seen->when_ns = door_now_ns();
	if (answer->sight == SIGHT_OK || answer->sight == SIGHT_CUT) {
		r = epoll_watches(epolls, event, answer->bytes, answer->bytes ? answer->length : 0);
		if (r < 0 || answer->sight == SIGHT_OK)
			return r;
	}
	if (answer->sight == SIGHT_GONE)
		return 0;
	return fd_pass_miss(epolls->pass, event->process, answer->sight, answer->error, MISS_FDINFO);
}

/** Of several holders, the one whose numbers the lines use: who made it. */
static bool is_maker(const struct fd_pass *pass, const struct fd_later *event)
{
	struct object_key key = fd_key_anonymous(pass->snapshot, event->process, event->number);

	return object_at(pass->snapshot, event->object)->key.space == key.space;
}

static bool wants_asking(const struct fd_pass *pass, const struct fd_later *event, bool makers)
{
	return event->kind == OBJECT_EPOLL && event->object.at != NO_ROW &&
	       object_at(pass->snapshot, event->object)->at[pass->look].sight == SIGHT_UNASKED &&
	       is_maker(pass, event) == makers;
}

static int epolls_ask(struct epolls *epolls, bool makers)
{
	struct fd_pass *pass = epolls->pass;
	uint32_t next = 0, count = 1;
	char place[FD_PLACE];
	int r = 0;

	while (r == 0 && count > 0) {
		for (count = 0; next < pass->events.count && count < BATCH; next++) {
			const struct fd_later *event = &pass->events.row[next];

			if (!wants_asking(pass, event, makers))
				continue;
			/* Until its answer comes; it is not to be asked twice. */
			object_at(pass->snapshot, event->object)->at[pass->look].sight = SIGHT_CUT;
			fd_pass_place(pass, event->process, place);
			snprintf(epolls->path[count], QUESTION_PATH, "%s/fdinfo/%d", place, event->number);
			epolls->at[count] = next;
			epolls->question[count] = (struct question){
				.ask = ASK_FILE,
				.pid = process_at(pass->snapshot, event->process)->pid,
				.path = epolls->path[count],
				.limit = BOUND_PROC_FILE,
			};
			count++;
		}
		if (count)
			r = door_ask(pass->visit->door, epolls->question, count, BOUND_ASK_MS,
				     pass->visit->deadline_ns, epoll_answered, epolls);
	}
	return r;
}

int epolls_look(struct fd_pass *pass)
{
	_cleanup_free_ struct epolls *epolls = NULL;
	uint32_t at;
	int r;

	for (at = 0; at < pass->events.count && pass->events.row[at].kind != OBJECT_EPOLL; at++)
		;
	if (at == pass->events.count)
		return 0;
	epolls = calloc(1, sizeof(*epolls));
	if (!epolls)
		return -ENOMEM;
	epolls->pass = pass;
	r = fd_pass_refresh(pass);
	if (r == 0)
		r = epolls_ask(epolls, true);
	if (r == 0)
		r = epolls_ask(epolls, false);
	return r;
}
