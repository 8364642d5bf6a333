/* SPDX-License-Identifier: MIT */
/*
 * Who descends from us: /proc/PID/task/TID/children of every thread, for a child of another
 * thread is listed only there; by the parents of all where the kernel has no such file.
 * Orphans are our own children, for we are their reaper.
 *
 * With /proc mounted hidepid=2 whoever may not be read is not to be seen, a child of ours that changed its
 * user or cannot be dumped, too.  It is listed as a child all the same, and can be held and ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "run.h"
#include "state_parse.h"

enum { DESCRIPTORS_SPARED = 64 };

/* And the thread that lists it as a child; 0: none does. */
struct found { int32_t pid, parent, tid; };
struct pids { struct found *row; size_t count, room; };

int tree_init(struct tree *tree)
{
	*tree = (struct tree){ 0 };
	return door_open("/proc", &tree->door);
}

void tree_deinit(struct tree *tree)
{
	size_t i;

	for (i = 0; i < tree->count; i++)
		if (tree->row[i].fd >= 0)
			close(tree->row[i].fd);
	free(tree->row);
	tree->door = door_close(tree->door);
	*tree = (struct tree){ 0 };
}

static int pids_add(struct pids *pids, struct found found)
{
	size_t room = pids->room ? pids->room * 2 : 64;
	struct found *grown;

	if (pids->count == pids->room) {
		grown = reallocarray(pids->row, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		pids->row = grown;
		pids->room = room;
	}
	pids->row[pids->count++] = found;
	return 0;
}

/* ---- members ------------------------------------------------------------------- */

/* Every thread is gone; a leader that is a zombie while others run does not count. */
static bool member_ended(const struct member *member)
{
	struct pollfd pollfd = { .fd = member->fd, .events = POLLIN };

	if (member->fd < 0)
		return member->state == 'Z' || member->state == 'X';
	return poll(&pollfd, 1, 0) > 0;
}

static int pidfd_spare(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct rlimit limit;

	if (fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0 || (rlim_t)fd + DESCRIPTORS_SPARED < limit.rlim_cur)
		return fd;
	close(fd);
	return -1;
}

static struct member *member_find(struct tree *tree, int32_t pid)
{
	size_t i;

	for (i = 0; i < tree->count; i++)
		if (tree->row[i].pid == pid)
			return &tree->row[i];
	return NULL;
}

static int member_read(const struct tree *tree, int32_t pid, struct stat_line *ret)
{
	const char *text;
	size_t length;
	int error, r;

	r = door_read(tree->door, &text, &length, &error, "%d/stat", pid);
	return r == SIGHT_OK ? stat_parse(text, length, ret) : r;
}

/* Held, not ended, and still listed where it was found: so who is held is who was listed. */
static bool is_hidden(const struct tree *tree, const struct found *found, int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	const char *text, *at;
	size_t length;
	int32_t child;
	int error;

	if (fd < 0 || !found->tid || poll(&pollfd, 1, 0) != 0 ||
	    door_read(tree->door, &text, &length, &error, "%d/task/%d/children", found->parent, found->tid) != SIGHT_OK)
		return false;
	for (at = text; children_next(&at, text + length, &child);)
		if (child == found->pid)
			return true;
	return false;
}

/* Its row, made if it is not there.  0, a sight (not to be seen, or gone), or -errno. */
static int member_meet(struct tree *tree, const struct found *found, unsigned *ret_new)
{
	const int32_t pid = found->pid;
	struct member *member = member_find(tree, pid), *grown;
	size_t room = tree->room ? tree->room * 2 : 64;
	struct stat_line line;
	bool hidden = false;
	int fd = -1, r;

	if (!member || member->fd < 0)
		fd = pidfd_spare(pid); /* before its start time is read: then it is about that one */
	r = member_read(tree, pid, &line);
	if (r > 0 && is_hidden(tree, found, member && member->fd >= 0 ? member->fd : fd)) {
		hidden = true;
		line = (struct stat_line){ .comm = "?", .comm_length = 1, .parent = found->parent, .state = '?',
					   .start_ticks = member ? member->start_ticks : -1,
					   .cpu_ticks = member ? member->cpu_ticks : 0 };
		r = 0;
	}
	if (!r && member && member->start_ticks < 0 && member->fd >= 0)
		member->start_ticks = line.start_ticks;
	if (r || (member && member->start_ticks != line.start_ticks)) {
		if (!r)
			r = SIGHT_MOVED; /* its pid went to another: tree_drop_dead(), then it is a new one */
		cleanup_close(&fd);
		return r;
	}
	if (!member) {
		if (tree->count == tree->room) {
			grown = reallocarray(tree->row, room, sizeof(*grown));
			if (!grown) {
				cleanup_close(&fd);
				return -ENOMEM;
			}
			tree->row = grown;
			tree->room = room;
		}
		member = &tree->row[tree->count++];
		*member = (struct member){ .pid = pid, .start_ticks = line.start_ticks, .fd = -1 };
		++*ret_new;
	}
	if (member->fd < 0)
		member->fd = fd;
	else
		cleanup_close(&fd);
	member->seen = true;
	member->hidden = hidden;
	member->parent = line.parent;
	member->state = line.state;
	member->cpu_ticks = line.cpu_ticks;
	memset(member->comm, 0, sizeof(member->comm));
	memcpy(member->comm, line.comm, line.comm_length < sizeof(member->comm) ? line.comm_length : sizeof(member->comm) - 1);
	return 0;
}

void tree_drop_dead(struct tree *tree)
{
	size_t i, kept = 0;

	for (i = 0; i < tree->count; i++) {
		if (!tree->row[i].seen || member_ended(&tree->row[i]))
			cleanup_close(&tree->row[i].fd);
		else
			tree->row[kept++] = tree->row[i];
	}
	tree->count = kept;
}

bool member_signal(const struct tree *tree, const struct member *member, int number)
{
	struct stat_line line;

	if (member->fd >= 0)
		return syscall(SYS_pidfd_send_signal, member->fd, number, NULL, 0) == 0;
	if (member_read(tree, member->pid, &line) != SIGHT_OK || line.start_ticks != member->start_ticks) {
		errno = ESRCH;
		return false;
	}
	return kill(member->pid, number) == 0;
}

/* ---- the walk ------------------------------------------------------------------- */

static bool is_spared(const struct tree *tree, int32_t pid)
{
	return pid == tree->spared || door_is_helper(tree->door, pid);
}

static int children_read(struct tree *tree, int32_t pid, int32_t tid, struct pids *queue)
{
	const char *text, *at;
	size_t length;
	int32_t child;
	int error, r;

	r = door_read(tree->door, &text, &length, &error, "%d/task/%d/children", pid, tid);
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return r;
	for (at = text, r = 0; r == 0 && children_next(&at, text + length, &child);)
		if (!is_spared(tree, child))
			r = pids_add(queue, (struct found){ child, pid, tid });
	return r;
}

/* Everybody whose parent is in the queue, until there is nobody new. */
static int everybody_scan(struct tree *tree, struct pids *queue)
{
	struct { int32_t pid, parent; } *all = NULL;
	struct stat_line line;
	size_t count, used = 0, i, at;
	const int32_t *listed;
	struct pids pids = { 0 };
	int error, r;

	r = door_list(tree->door, &listed, &count, &error, ".");
	for (i = 0; (r == SIGHT_OK || r == SIGHT_CUT) && i < count; i++)
		if (pids_add(&pids, (struct found){ .pid = listed[i] }) < 0)
			r = -ENOMEM;
	if (r >= 0)
		all = calloc(pids.count + 1, sizeof(*all));
	if (r >= 0 && !all)
		r = -ENOMEM;
	for (i = 0; r >= 0 && i < pids.count; i++) {
		if (member_read(tree, pids.row[i].pid, &line) == SIGHT_OK) {
			all[used].pid = pids.row[i].pid;
			all[used++].parent = line.parent;
		}
	}
	for (at = 0; r >= 0 && at < queue->count; at++)
		for (i = 0; r >= 0 && i < used; i++)
			if (all[i].parent == queue->row[at].pid && !is_spared(tree, all[i].pid))
				r = pids_add(queue, (struct found){ .pid = all[i].pid, .parent = all[i].parent });
	free(all);
	free(pids.row);
	return r < 0 ? r : 0;
}

static int children_walk(struct tree *tree, struct pids *queue, int32_t pid)
{
	struct pids tids = { 0 };
	const int32_t *listed;
	size_t count, i;
	int error, r, seen = SIGHT_OK;

	r = door_list(tree->door, &listed, &count, &error, "%d/task", pid);
	for (i = 0; (r == SIGHT_OK || r == SIGHT_CUT) && i < count; i++)
		if (pids_add(&tids, (struct found){ .pid = listed[i] }) < 0)
			r = -ENOMEM;
	for (i = 0; r >= 0 && i < tids.count; i++) {
		r = children_read(tree, pid, tids.row[i].pid, queue);
		if (r > 0)
			seen = r;
	}
	free(tids.row);
	/* Of ourselves it must be there: this kernel has none. */
	if (r >= 0 && seen == SIGHT_GONE && pid == getpid())
		tree->scans = true;
	return r < 0 ? r : 0;
}

int tree_walk(struct tree *tree, unsigned *ret_new)
{
	struct pids queue = { 0 };
	size_t i, at;
	int r;

	*ret_new = 0;
	for (i = 0; i < tree->count; i++)
		tree->row[i].seen = false;
	r = pids_add(&queue, (struct found){ .pid = getpid() });
	for (at = 0; r == 0 && at < queue.count && queue.count < BOUND_PROCESSES; at++) {
		if (!tree->scans)
			r = children_walk(tree, &queue, queue.row[at].pid);
		if (r == 0 && tree->scans && at == 0)
			r = everybody_scan(tree, &queue);
		if (r == 0 && at > 0)
			r = member_meet(tree, &queue.row[at], ret_new);
		if (r > 0)
			r = 0; /* it left, or may not be seen: the others count all the same */
	}
	free(queue.row);
	return r;
}

/* ---- bytes moved ------------------------------------------------------------------ */

struct bytes { int64_t *ret; };

static int bytes_answer(void *context, size_t which, const struct answer *answer)
{
	struct bytes *bytes = context;
	int64_t in, out;

	if (answer->sight == SIGHT_OK && io_parse(answer->bytes, answer->length, &in, &out) == 0)
		bytes->ret[which] = in + out;
	return 0;
}

/* /proc/PID/io waits for a lock that exec holds, perhaps for ever. */
int tree_bytes(struct tree *tree, int64_t *ret)
{
	struct bytes bytes = { ret };
	struct question *questions;
	char (*paths)[24];
	size_t i;
	int r;

	questions = calloc(tree->count + 1, sizeof(*questions));
	paths = calloc(tree->count + 1, sizeof(*paths));
	for (i = 0; questions && paths && i < tree->count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%d/io", tree->row[i].pid);
		questions[i] = (struct question){ .ask = ASK_FILE, .pid = tree->row[i].pid, .path = paths[i] };
		ret[i] = -1;
	}
	r = questions && paths ? door_ask(tree->door, questions, tree->count, BOUND_ASK_MS,
					  door_now_ns() + INT64_C(1000000000), bytes_answer, &bytes) : -ENOMEM;
	free(questions);
	free(paths);
	return r;
}
