/* SPDX-License-Identifier: MIT */
#include "neglect.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <fcntl.h>

#include "bounds.h"

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

bool peer_neglects(const struct scene *scene, struct object_ix object)
{
	if (object.at == NO_ROW)
		return false;
	return object_neglected(scene, object_at(scene->snapshot, object)->peer);
}

static bool may_read(const struct fd *fd)
{
	return (fd->flags & O_ACCMODE) != O_WRONLY;
}

/* The process at the writing end; NO_ROW: none in view.  A pipe's is a holder of its write end. */
static struct process_ix find_asker(const struct scene *scene, struct object_ix object, struct process_ix reader)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct object *row = object_at(snapshot, object);
	bool pipe = row->kind == OBJECT_PIPE || row->kind == OBJECT_FIFO;
	struct object_ix end = pipe ? object : row->peer;
	const struct span *span;
	const struct fd *fd;
	uint32_t i;

	if (end.at == NO_ROW)
		return (struct process_ix){ NO_ROW };
	span = &scene->object_fds[end.at];
	for (i = 0; i < span->count; i++) {
		fd = &snapshot->fds.row[scene->holder_order[span->first + i]];
		if (fd->process.at == reader.at || (pipe && (fd->flags & O_ACCMODE) == O_RDONLY))
			continue;
		return fd->process;
	}
	return (struct process_ix){ NO_ROW };
}

/* Somebody is at the other end: else the data is a leftover, and the peer's end is the story. */
static bool peer_lives(const struct scene *scene, const struct object *row, struct process_ix asker)
{
	(void)scene;
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
		if (!may_read(fd) || (process->flags & PROCESS_OURS) || fd->process.at == best.at)
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
		if (!object_neglected(scene, object))
			continue;
		row = object_at(snapshot, object);
		one = (struct neglect){ .object = object, .accept = is_listener(row) };
		one.bytes = one.accept ? row->at[LOOK_T1].backlog : row->at[LOOK_T1].readable;
		one.process = find_reader(scene, object, &one.shared);
		if (one.process.at == NO_ROW)
			continue;
		one.asker = find_asker(scene, object, one.process);
		if (one.accept || peer_lives(scene, row, one.asker))
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
