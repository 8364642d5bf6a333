/* SPDX-License-Identifier: MIT */
#include "neglect.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <fcntl.h>

#include "bounds.h"

/* Data and its acknowledgement come that close together. */
enum { ANSWER_MS = 100 };

static bool is_channel(const struct object *object)
{
	return object->kind == OBJECT_PIPE || object->kind == OBJECT_FIFO || object->kind == OBJECT_UNIX
	       || object->kind == OBJECT_TCP;
}

static bool is_listener(const struct object *object)
{
	return (object->kind == OBJECT_TCP || object->kind == OBJECT_UNIX) && object->at[LOOK_T1].state == TCP_LISTEN;
}

bool object_neglected(const struct scene *scene, struct object_ix object)
{
	const struct object *row;
	int64_t before, after;

	if (object.at == NO_ROW)
		return false;
	row = object_at(scene->snapshot, object);
	if (is_listener(row)) {
		before = row->at[LOOK_T0].backlog;
		after = row->at[LOOK_T1].backlog;
	} else if (is_channel(row)) {
		before = row->at[LOOK_T0].readable;
		after = row->at[LOOK_T1].readable;
	} else {
		return false;
	}
	/* More may have come; but where less is left somebody took some. */
	return before > 0 && after >= before && (after == before || object_moved(scene, object) != MOVED_UNKNOWN);
}

bool object_untaken(const struct scene *scene, struct object_ix object)
{
	const struct object_look *at = object_at(scene->snapshot, object)->at;
	const int64_t grown = at[LOOK_T1].readable - at[LOOK_T0].readable;

	if (at[LOOK_T0].readable == UNSEEN || at[LOOK_T1].readable == UNSEEN || grown < 0)
		return false;
	return grown == 0 || (at[LOOK_T0].bytes_received != UNSEEN && at[LOOK_T1].bytes_received != UNSEEN
			      && at[LOOK_T1].bytes_received - at[LOOK_T0].bytes_received == grown);
}

bool peer_neglects(const struct scene *scene, struct object_ix object)
{
	if (object.at == NO_ROW)
		return false;
	return object_neglected(scene, object_at(scene->snapshot, object)->peer);
}

bool asked_unanswered(const struct scene *scene, struct object_ix object)
{
	const struct object_look *seen;

	if (object.at == NO_ROW || object_at(scene->snapshot, object)->kind != OBJECT_TCP)
		return false;
	seen = &object_at(scene->snapshot, object)->at[LOOK_T1];
	if (seen->state != TCP_ESTABLISHED || seen->last_sent_ms == UNSEEN || seen->last_received_ms == UNSEEN)
		return false;
	/* A connection that never received anything counts from when it was made. */
	return seen->last_sent_ms >= 1000 && seen->bytes_acked > 1
	       && (seen->bytes_received == 0 || seen->last_received_ms - seen->last_sent_ms >= ANSWER_MS);
}

static bool may_read(const struct fd *fd)
{
	return (fd->flags & O_ACCMODE) != O_WRONLY;
}

/* A task of it sleeps in a write to this very object: whatever else it holds, it is the writer. */
static bool is_writing(const struct scene *scene, struct process_ix process, struct object_ix object)
{
	const struct span *span = &scene->process_tasks[process.at];
	const struct decoded *call;
	uint32_t i;

	for (i = 0; i < span->count; i++) {
		struct task_ix task = { scene->task_order[span->first + i] };

		call = &scene->calls[task_last_look(scene->snapshot, task)][task.at];
		if (call->action == ACTION_WRITE && scene_fd_object(scene, process, call->fd).at == object.at)
			return true;
	}
	return false;
}

/* Whoever writes at the other end was woken within the window: so room was made, and the level is a pace. */
static bool writer_moves(const struct scene *scene, struct object_ix object)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct object *row = object_at(snapshot, object);
	struct object_ix end = row->peer.at == NO_ROW ? object : row->peer;
	const struct span *span = &scene->object_fds[end.at];
	const struct span *tasks;
	const struct decoded *call;
	uint32_t i, j;

	for (i = 0; i < span->count; i++) {
		struct process_ix process = snapshot->fds.row[scene->holder_order[span->first + i]].process;

		tasks = &scene->process_tasks[process.at];
		for (j = 0; j < tasks->count; j++) {
			struct task_ix task = { scene->task_order[tasks->first + j] };

			call = &scene->calls[task_last_look(snapshot, task)][task.at];
			if (call->action == ACTION_WRITE && scene_fd_object(scene, process, call->fd).at == end.at
			    && task_moved(scene, task) == MOVED_YES)
				return true;
		}
	}
	return false;
}

/*
 * The level of a pipe is another, and who may take from it has read something: slower than it comes, perhaps,
 * but for all that can be seen it reads.  Of a socket the kernel counts what was taken.
 */
static bool reader_reads(const struct scene *scene, struct object_ix object)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct object *row = object_at(snapshot, object);
	const struct span *span = &scene->object_fds[object.at];
	const struct process_look *looks;
	const struct fd *fd;
	uint32_t i;

	if ((row->kind != OBJECT_PIPE && row->kind != OBJECT_FIFO) || row->at[LOOK_T0].readable == row->at[LOOK_T1].readable)
		return false;
	for (i = 0; i < span->count; i++) {
		fd = &snapshot->fds.row[scene->holder_order[span->first + i]];
		looks = process_at(snapshot, fd->process)->at;
		if (may_read(fd) && !is_writing(scene, fd->process, object) && looks[LOOK_T0].read_bytes != UNSEEN
		    && looks[LOOK_T1].read_bytes > looks[LOOK_T0].read_bytes)
			return true;
	}
	return false;
}

/* Somebody whose connection waits in this listener's queue. */
static struct process_ix find_client(const struct scene *scene, struct object_ix listener)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct object *client;
	const struct fd *fd;
	uint32_t i;

	for (i = 0; i < snapshot->fds.count; i++) {
		fd = &snapshot->fds.row[i];
		client = object_at(snapshot, fd->object);
		if (client->listener.at == listener.at
		    || (client->peer.at != NO_ROW && object_at(snapshot, client->peer)->listener.at == listener.at))
			return fd->process;
	}
	return (struct process_ix){ NO_ROW };
}

/* The process at the writing end; NO_ROW: none in view.  A pipe's is a holder of its write end. */
static struct process_ix find_asker(const struct scene *scene, struct object_ix object, struct process_ix reader)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct object *row = object_at(snapshot, object);
	bool pipe = row->kind == OBJECT_PIPE || row->kind == OBJECT_FIFO;
	struct object_ix end = pipe ? object : row->peer;
	struct process_ix found = { NO_ROW };
	const struct span *span;
	const struct fd *fd;
	uint32_t i;

	if (is_listener(row))
		return find_client(scene, object);
	if (end.at == NO_ROW)
		return found;
	span = &scene->object_fds[end.at];
	for (i = 0; i < span->count; i++) {
		fd = &snapshot->fds.row[scene->holder_order[span->first + i]];
		if (fd->process.at == reader.at || (pipe && (fd->flags & O_ACCMODE) == O_RDONLY))
			continue;
		if (found.at == NO_ROW || is_writing(scene, fd->process, object))
			found = fd->process;
	}
	return found;
}

/* Somebody is at the other end: else the data is a leftover, and the peer's end is the story. */
static bool peer_lives(const struct object *row, struct process_ix asker)
{
	if (row->kind == OBJECT_TCP)
		return row->at[LOOK_T1].state == TCP_ESTABLISHED;
	return asker.at != NO_ROW;
}

/* Among several holders the one that listens for it, else the youngest: who was forked for the job. */
static struct process_ix find_reader(const struct scene *scene, struct object_ix object, bool *shared)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct span *span = &scene->object_fds[object.at];
	struct process_ix best = { NO_ROW };
	bool listens, best_listens = false;
	const struct process *process;
	const struct fd *fd;
	uint32_t i;

	*shared = false;
	for (i = 0; i < span->count; i++) {
		fd = &snapshot->fds.row[scene->holder_order[span->first + i]];
		process = process_at(snapshot, fd->process);
		if (!may_read(fd) || (process->flags & PROCESS_OURS) || fd->process.at == best.at
		    || is_writing(scene, fd->process, object))
			continue;
		listens = process_listens(scene, fd->process, object) < LISTENED_NOT;
		if (best.at != NO_ROW) {
			*shared = true;
			if (best_listens > listens
			    || (best_listens == listens
				&& process_at(snapshot, best)->start_ticks >= process->start_ticks))
				continue;
		}
		best = fd->process;
		best_listens = listens;
	}
	return best;
}

static int by_process_then_bytes(const void *a, const void *b, void *context)
{
	const struct scene *scene = context;
	const struct neglect *left = a, *right = b;
	int32_t p = process_at(scene->snapshot, left->process)->pid, q = process_at(scene->snapshot, right->process)->pid;
	const struct object_key *k, *l;

	if (p != q)
		return p < q ? -1 : 1;
	if (left->accept != right->accept)
		return left->accept ? 1 : -1;
	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	k = &object_at(scene->snapshot, left->object)->key;
	l = &object_at(scene->snapshot, right->object)->key;
	return k->name < l->name ? -1 : k->name > l->name;
}

int neglect_find(const struct scene *scene, const struct neglect **ret, uint32_t *count)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct neglect *found, one;
	struct object_ix object;
	uint32_t n = 0, most = 0;
	const struct object *row;

	for (object.at = 0; object.at < snapshot->objects.count; object.at++)
		most += object_neglected(scene, object);
	found = arena_new(scene->arena, struct neglect, most);
	if (!found)
		return -ENOMEM;
	for (object.at = 0; object.at < snapshot->objects.count; object.at++) {
		if (!object_neglected(scene, object) || writer_moves(scene, object) || reader_reads(scene, object))
			continue;
		row = object_at(snapshot, object);
		one = (struct neglect){ .object = object, .accept = is_listener(row) };
		one.bytes = one.accept ? row->at[LOOK_T1].backlog : row->at[LOOK_T1].readable;
		one.process = find_reader(scene, object, &one.shared);
		if (one.process.at == NO_ROW)
			continue;
		one.asker = find_asker(scene, object, one.process);
		if (one.accept || peer_lives(row, one.asker))
			found[n++] = one;
	}
	qsort_r(found, n, sizeof(*found), by_process_then_bytes, (void *)(uintptr_t)scene);
	*ret = found;
	*count = n;
	return 0;
}

/* The entries of a poll or select call of one task. */
static bool polled_by(const struct scene *scene, struct task_ix task, struct object_ix object)
{
	const enum look look = task_last_look(scene->snapshot, task);
	const struct decoded *call = &scene->calls[look][task.at];
	const struct process_ix process = task_at(scene->snapshot, task)->process;
	const struct span *span = &scene->task_peeks[look][task.at];
	struct set_entry entries[64];
	uint32_t i, count;
	bool unread;

	if (call->action != ACTION_POLL && call->action != ACTION_SELECT)
		return false;
	count = decode_set(scene->snapshot, call, &task_at(scene->snapshot, task)->at[look].call,
			   scene->peeks_sorted + span->first, span->count, entries, 64, &unread);
	if (unread || count > 64)
		return true; /* not known: then it may well listen */
	for (i = 0; i < count; i++)
		if ((entries[i].events & EPOLLIN) && scene_fd_object(scene, process, entries[i].fd).at == object.at)
			return true;
	return false;
}

enum listened process_listens(const struct scene *scene, struct process_ix process, struct object_ix object)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct span *span = &scene->object_watches[object.at];
	const struct span *fds = &scene->process_fds[process.at];
	const struct span *tasks = &scene->process_tasks[process.at];
	bool sets = false, spent = false;
	const struct watch *watch;
	struct object_ix set;
	uint32_t i, j;

	for (i = 0; i < fds->count; i++) {
		set = snapshot->fds.row[scene->fd_order[fds->first + i]].object;
		if (set.at == NO_ROW || object_at(snapshot, set)->kind != OBJECT_EPOLL)
			continue;
		sets = true;
		for (j = 0; j < span->count; j++) {
			watch = &snapshot->watches.row[scene->watched_order[span->first + j]];
			if (watch->set.at != set.at)
				continue;
			if ((watch->events & EPOLLONESHOT) && !(watch->events & (EPOLLIN | EPOLLOUT | EPOLLPRI)))
				spent = true;
			else if (watch->events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI))
				return LISTENED_ARMED;
		}
	}
	for (i = 0; i < tasks->count; i++) {
		struct task_ix task = { scene->task_order[tasks->first + i] };
		enum action action = scene->calls[task_last_look(snapshot, task)][task.at].action;

		if (action != ACTION_POLL && action != ACTION_SELECT)
			continue;
		sets = true;
		if (polled_by(scene, task, object))
			return LISTENED_ARMED;
	}
	if (spent)
		return LISTENED_DISARMED;
	return sets ? LISTENED_NOT : LISTENED_NO_SETS;
}

/* Does the set that this task waits in hold a connection to anybody? */
static bool serves_connections(const struct scene *scene, struct task_ix task, const struct decoded *call)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct object_ix set;
	const struct span *span;
	uint32_t i;

	if (call->action == ACTION_POLL || call->action == ACTION_SELECT)
		return true;
	set = scene_fd_object(scene, task_at(snapshot, task)->process, call->fd);
	if (set.at == NO_ROW)
		return true;
	span = &scene->set_watches[set.at];
	for (i = 0; i < span->count; i++) {
		const struct watch *watch = &snapshot->watches.row[scene->watch_order[span->first + i]];

		if (watch->object.at != NO_ROW && (object_at(snapshot, watch->object)->kind == OBJECT_TCP
						   || object_at(snapshot, watch->object)->kind == OBJECT_UNIX))
			return true;
	}
	return false;
}

static int responsibility(const struct scene *scene, struct task_ix task, bool leader)
{
	const struct decoded *call = &scene->calls[task_last_look(scene->snapshot, task)][task.at];

	if (task_dead(scene, task))
		return -1;
	if (task_burns(scene, task))
		return 6;
	if (task_suspended(scene, task))
		return 5;
	switch (call->action) {
	case ACTION_FUTEX:
		return leader ? 2 : 0;
	case ACTION_EPOLL:
	case ACTION_POLL:
	case ACTION_SELECT:
		if (serves_connections(scene, task, call))
			return 3;
		return leader ? 2 : 1;
	default:
		return leader ? 5 : 4;
	}
}

struct task_ix neglect_speaker(const struct scene *scene, const struct neglect *neglect)
{
	const struct span *span = &scene->process_tasks[neglect->process.at];
	struct task_ix best = { NO_ROW }, task;
	int rank, best_rank = -1;
	uint32_t i;

	for (i = 0; i < span->count; i++) {
		task.at = scene->task_order[span->first + i];
		rank = responsibility(scene, task, i == 0);
		if (rank > best_rank) {
			best = task;
			best_rank = rank;
		}
	}
	return best;
}
