/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor whose link is a path really is: a FIFO, a regular file, a terminal ...
 *
 * Neither link nor fdinfo tells, so stat(2) is asked through /proc/PID/fd/N.  It opens
 * nothing, but on a dead NFS server it waits, so a helper asks.  The same path in the same
 * mount namespace is asked once, but for FIFOs: two of one name (a mount above a mount) must
 * never become one channel.
 */
#include "fds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"

enum { BATCH = 1024, QUESTION_PATH = FD_PLACE + 16 };

struct batch {
	struct fd_laters *paths;
	uint32_t at[BATCH];
	char path[BATCH][QUESTION_PATH];
	struct question question[BATCH];
};

static int path_answered(void *context, size_t which, const struct answer *answer)
{
	struct batch *batch = context;
	struct path_seen *seen = &batch->paths->row[batch->at[which]].seen;
	struct stat stat;

	seen->sight = answer->sight;
	seen->error = answer->error;
	if (answer->sight != SIGHT_OK)
		return 0;
	if (answer->length != sizeof(stat)) {
		seen->sight = SIGHT_STRANGE;
		return 0;
	}
	memcpy(&stat, answer->bytes, sizeof(stat));
	seen->mode = stat.st_mode;
	seen->device = stat.st_dev;
	seen->inode = stat.st_ino;
	seen->node = stat.st_rdev;
	return 0;
}

int paths_ask(struct fd_pass *pass, struct fd_laters *paths)
{
	_cleanup_free_ struct batch *batch = NULL;
	char place[FD_PLACE];
	uint32_t next = 0, count;
	int r;

	for (;;) {
		while (next < paths->count && !paths->row[next].ask)
			next++;
		if (next == paths->count)
			return 0;
		if (!batch)
			batch = malloc(sizeof(*batch));
		if (!batch)
			return -ENOMEM;
		batch->paths = paths;
		for (count = 0; next < paths->count && count < BATCH; next++) {
			struct fd_later *later = &paths->row[next];

			if (!later->ask)
				continue;
			later->ask = 0;
			fd_pass_place(pass, later->process, place);
			snprintf(batch->path[count], QUESTION_PATH, "%s/fd/%d", place, later->number);
			batch->at[count] = next;
			batch->question[count] = (struct question){
				.ask = ASK_STAT,
				.pid = process_at(pass->snapshot, later->process)->pid,
				.path = batch->path[count],
			};
			count++;
		}
		r = door_ask(pass->visit->door, batch->question, count, BOUND_ASK_MS, pass->visit->deadline_ns,
			     path_answered, batch);
		if (r < 0)
			return r;
	}
}

static bool text_ends(const struct snapshot *snapshot, struct text text, const char *end)
{
	size_t length = strlen(end);

	return text_seen(text) && text.length >= length &&
	       !memcmp(snapshot_bytes(snapshot, text) + text.length - length, end, length);
}

static bool text_begins(const struct snapshot *snapshot, struct text text, const char *begin)
{
	size_t length = strlen(begin);

	return text_seen(text) && text.length >= length && !memcmp(snapshot_bytes(snapshot, text), begin, length);
}

/** A name that was unlinked may have been used again: such texts say nothing. */
static uint64_t path_space(const struct fd_pass *pass, const struct fd_later *later)
{
	const struct process *process = process_at(pass->snapshot, later->process);

	if (!text_seen(later->text) || text_ends(pass->snapshot, later->text, " (deleted)"))
		return UINT64_MAX;
	return process->ns_mnt ? process->ns_mnt : UINT64_C(1) << 63 | later->process.at;
}

static int path_order(const void *a, const void *b)
{
	const struct fd_later *x = a, *y = b;

	if (x->space != y->space)
		return x->space < y->space ? -1 : 1;
	if (x->text.at != y->text.at)
		return x->text.at < y->text.at ? -1 : 1;
	return 0;
}

static bool path_repeats(const struct fd_laters *paths, uint32_t at)
{
	return at > 0 && paths->row[at].space != UINT64_MAX && path_order(&paths->row[at - 1], &paths->row[at]) == 0;
}

/** Does the answer for one say too little of the next?  A timeout does not: the server is dead for all. */
static bool ask_again(const struct path_seen *seen)
{
	return seen->sight == SIGHT_GONE || seen->sight == SIGHT_DENIED ||
	       (seen->sight == SIGHT_OK && S_ISFIFO(seen->mode));
}

/** Every path has its answer afterwards. */
static int paths_stat(struct fd_pass *pass)
{
	struct fd_laters *paths = &pass->paths;
	uint32_t at;
	int r;

	for (at = 0; at < paths->count; at++)
		paths->row[at].space = path_space(pass, &paths->row[at]);
	if (paths->count)
		qsort(paths->row, paths->count, sizeof(*paths->row), path_order);
	for (at = 0; at < paths->count; at++)
		paths->row[at].ask = !path_repeats(paths, at);
	r = paths_ask(pass, paths);
	if (r < 0)
		return r;
	for (at = 1; at < paths->count; at++) {
		if (!path_repeats(paths, at))
			continue;
		paths->row[at].seen = paths->row[at - 1].seen;
		paths->row[at].ask = ask_again(&paths->row[at].seen);
	}
	return paths_ask(pass, paths);
}

static bool is_device_name(const struct snapshot *snapshot, struct text text)
{
	return text_begins(snapshot, text, "/dev/") && !text_begins(snapshot, text, "/dev/shm/") &&
	       !text_begins(snapshot, text, "/dev/mqueue/") && !text_begins(snapshot, text, "/dev/hugepages/");
}

static int path_object(struct fd_pass *pass, const struct fd_later *later, struct object_ix *ret)
{
	const struct path_seen *seen = &later->seen;
	struct object_key key = { seen->device, seen->inode };
	enum object_kind kind = OBJECT_OTHER;
	int r;

	if (seen->sight == SIGHT_OK && S_ISCHR(seen->mode)) {
		r = tty_object(pass, later, ret);
		if (r < 0 || ret->at != NO_ROW)
			return r;
	}
	if (seen->sight != SIGHT_OK) {
		kind = is_device_name(pass->snapshot, later->text) ? OBJECT_DEVICE : OBJECT_OTHER;
		key = fd_key_anonymous(pass->snapshot, later->process, later->number);
	} else if (S_ISFIFO(seen->mode)) {
		kind = OBJECT_FIFO;
	} else if (S_ISREG(seen->mode)) {
		kind = OBJECT_FILE;
	} else if (S_ISDIR(seen->mode)) {
		kind = OBJECT_DIRECTORY;
	} else if (S_ISCHR(seen->mode) || S_ISBLK(seen->mode)) {
		kind = OBJECT_DEVICE;
		key = (struct object_key){ 3, seen->node };
	}
	return fd_object(pass->snapshot, kind, key, later->text, ret);
}

static int path_add(struct fd_pass *pass, const struct fd_later *later)
{
	bool fifo = later->seen.sight == SIGHT_OK && S_ISFIFO(later->seen.mode);
	struct object_ix object;
	struct fdinfo info;
	char place[FD_PLACE];
	int error, r, sight = SIGHT_UNASKED;

	if (later->seen.sight != SIGHT_OK && later->seen.sight != SIGHT_GONE) {
		r = fd_pass_miss(pass, later->process, later->seen.sight, later->seen.error, MISS_STAT);
		if (r < 0)
			return r;
	}
	r = path_object(pass, later, &object);
	if (r < 0)
		return r;
	if (fifo) {
		fd_pass_place(pass, later->process, place);
		sight = fd_info(pass->visit->door, place, later->number, &info, &error);
		if (sight < 0)
			return sight;
	}
	return fd_add(pass, later->process, later->number, object, fifo ? &info : NULL, sight);
}

int paths_add(struct fd_pass *pass)
{
	bool learn = false;
	uint32_t at;
	int r;

	r = paths_stat(pass);
	for (at = 0; at < pass->paths.count; at++)
		learn |= tty_is_pty(&pass->paths.row[at].seen);
	if (r == 0 && learn)
		r = ttys_learn(pass);
	for (at = 0; at < pass->paths.count && r == 0; at++)
		r = path_add(pass, &pass->paths.row[at]);
	return r;
}
