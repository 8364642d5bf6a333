/* SPDX-License-Identifier: MIT */
/*
 * Who else on the machine holds what somebody waits for: one pass over /proc/PID/fd of every
 * process that the fds probe did not list.
 *
 * Whatever a link makes a candidate is found out as fds.c does it, in a snapshot of its own;
 * what proves to be wanted is copied over with its process.
 */
#include "fds.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "state_parse.h"
#include "wanted.h"

#define PF_KTHREAD UINT64_C(0x00200000)

enum { DEADLINE_EVERY = 64 };

struct search {
	const struct visit *visit;
	struct snapshot *snapshot;
	struct wanted wanted;
	struct snapshot met;      /**< Candidates only. */
	struct visit inner;
	struct fd_pass pass;      /**< Over .met. */
	struct fd_numbers numbers;
	int64_t followed;         /**< Processes that joined the report so. */
	uint32_t unreadable;
	const char *hidden;       /**< Why not every process was to be seen; NULL: all were. */
	bool incomplete;          /**< Something was left out by a bound of ours. */
};

/* ---- one stranger ---------------------------------------------------------- */

/** Its row among the candidates; NO_ROW when it left.  0, or -errno. */
static int stranger_add(struct search *search, pid_t pid, pid_t speaker, struct process_ix *ret)
{
	struct door *door = search->visit->door;
	struct process *process;
	struct stat_line line;
	const char *text;
	size_t length;
	uint64_t mounts;
	int error, r;

	ret->at = NO_ROW;
	r = door_read(door, &text, &length, &error, "%d/stat", pid);
	if (r < 0)
		return r;
	if (r != SIGHT_OK || stat_parse(text, length, &line) != 0)
		return 0;
	r = snapshot_add_process(&search->met, pid, line.start_ticks, ret);
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	process = process_at(&search->met, *ret);
	process->parent = line.parent;
	process->tty = line.tty;
	r = snapshot_text(&search->met, line.comm, line.comm_length, &process->comm);
	if (r == -ENOMEM)
		return r;
	search->pass.speaker[ret->at] = speaker;
	r = door_link(door, &text, &length, &error, "%d/ns/mnt", pid);
	if (r == SIGHT_OK && ns_parse(text, length, &mounts) == 0)
		process_at(&search->met, *ret)->ns_mnt = mounts;
	return r < 0 ? r : 0;
}

/** Kernel threads, zombies and what we started ourselves hold nothing of anybody's. */
static bool holds_nothing(struct door *door, pid_t pid)
{
	struct stat_line line;
	const char *text;
	size_t length;
	int error, r;

	r = door_read(door, &text, &length, &error, "%d/stat", pid);
	if (r == SIGHT_GONE)
		return true;
	if (r != SIGHT_OK || stat_parse(text, length, &line) != 0)
		return false;
	return line.flags & PF_KTHREAD || line.parent == getpid() ||
	       ((line.state == 'Z' || line.state == 'X') && line.threads <= 1);
}

/** A living thread of a process whose leader left; 0: none. */
static int thread_find(struct door *door, pid_t pid, pid_t *ret)
{
	const int32_t *list;
	size_t count;
	int error, r;

	*ret = 0;
	r = door_list(door, &list, &count, &error, "%d/task", pid);
	if (r == SIGHT_OK && count > 1)
		*ret = list[list[0] == pid];
	return r < 0 ? r : 0;
}

static int stranger_links(struct search *search, pid_t pid, pid_t speaker, const char *place)
{
	struct process_ix process = { NO_ROW };
	char kept[PATH_MAX];
	const char *text;
	size_t length, i;
	int error, r = 0;

	for (i = 0; i < search->numbers.count && r >= 0; i++) {
		int32_t number = search->numbers.row[i];

		r = door_link(search->visit->door, &text, &length, &error, "%s/fd/%d", place, number);
		if (r == SIGHT_DENIED) {
			/* Listed but not to be read: it has privileges that we have not. */
			search->unreadable++;
			return 0;
		}
		if (r != SIGHT_OK || length > sizeof(kept) || !wanted_link(&search->wanted, text, length))
			continue;
		memcpy(kept, text, length); /* what is read next takes its place */
		if (process.at == NO_ROW)
			r = stranger_add(search, pid, speaker, &process);
		if (r < 0 || process.at == NO_ROW)
			break;
		r = fd_link_add(&search->pass, process, place, number, kept, length);
	}
	return r < 0 ? r : 0;
}

static int stranger_scan(struct search *search, pid_t pid)
{
	struct door *door = search->visit->door;
	char place[FD_PLACE];
	pid_t speaker = 0;
	int error, r;

	snprintf(place, sizeof(place), "%d", pid);
	r = fd_numbers_read(door, place, &search->numbers, &error);
	if (r == SIGHT_OK && search->numbers.count == 0) {
		r = thread_find(door, pid, &speaker);
		if (r < 0 || !speaker)
			return r;
		snprintf(place, sizeof(place), "%d/task/%d", pid, speaker);
		r = fd_numbers_read(door, place, &search->numbers, &error);
	}
	if (r < 0)
		return r;
	if (r != SIGHT_OK && !holds_nothing(door, pid))
		search->unreadable++;
	return stranger_links(search, pid, speaker, place);
}

/* ---- everybody ------------------------------------------------------------- */

/** The fds probe saw all that it holds. */
static bool was_listed(const struct search *search, pid_t pid)
{
	struct process_ix process = snapshot_find_process(search->snapshot, pid);

	return process.at != NO_ROW && process_at(search->snapshot, process)->fds_sight == SIGHT_OK;
}

/** Neither behind hidepid nor outside our pid namespace is anybody to be seen. */
static int view_check(struct search *search, const int32_t *pids, size_t count)
{
	const char *text;
	uint64_t space;
	size_t length;
	int error, r;

	if (count == 0 || pids[0] != 1)
		search->hidden = "hidepid";
	r = door_link(search->visit->door, &text, &length, &error, "self/ns/pid");
	if (r != SIGHT_OK || ns_parse(text, length, &space) != 0 || space != NS_PID_FIRST)
		search->hidden = "pid namespace";
	return r < 0 ? r : 0;
}

static int everybody_scan(struct search *search, const int32_t *pids, size_t count)
{
	const struct subjects nobody = { 0 };
	size_t i;
	int r;

	r = fd_pass_init(&search->inner, &nobody, count, &search->pass);
	for (i = 0; i < count && r == 0; i++) {
		if (i % DEADLINE_EVERY == 0 && fd_pass_late(&search->pass)) {
			search->incomplete = true;
			break;
		}
		if (!was_listed(search, pids[i]))
			r = stranger_scan(search, pids[i]);
	}
	if (r == 0)
		r = paths_add(&search->pass);
	if (r == 0)
		r = events_add(&search->pass);
	return r;
}

static int machine_search(struct search *search)
{
	_cleanup_free_ int32_t *pids = NULL;
	const int32_t *list;
	size_t count;
	int error, r;

	r = door_list(search->visit->door, &list, &count, &error, ".");
	if (r < 0)
		return r;
	if (r != SIGHT_OK) {
		search->incomplete = true;
		return 0;
	}
	pids = malloc((count + 1) * sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	memcpy(pids, list, count * sizeof(*pids));
	r = view_check(search, pids, count);
	return r < 0 ? r : everybody_scan(search, pids, count);
}

/* ---- what was found -------------------------------------------------------- */

static int text_copy(const struct snapshot *from, struct text text, struct snapshot *to, struct text *ret)
{
	int r = 0;

	*ret = TEXT_UNSEEN;
	if (text_seen(text))
		r = snapshot_text(to, snapshot_bytes(from, text), text.length, ret);
	return r == -ENOMEM ? r : 0;
}

/** The holder's row in the report; NO_ROW past the bound. */
static int holder_join(struct search *search, const struct process *met, struct process_ix *ret)
{
	struct snapshot *snapshot = search->snapshot;
	struct process *process;
	uint32_t before = snapshot->processes.count;
	int r;

	ret->at = NO_ROW;
	if (search->followed >= BOUND_FOLLOWED && snapshot_find_process(snapshot, met->pid).at == NO_ROW) {
		snapshot->cut.followed++;
		search->incomplete = true;
		return 0;
	}
	r = snapshot_add_process(snapshot, met->pid, met->start_ticks, ret);
	if (r == -E2BIG) {
		search->incomplete = true;
		return 0;
	}
	if (r < 0)
		return r;
	process = process_at(snapshot, *ret);
	if (snapshot->processes.count == before && process->joined != JOINED_PARENT)
		return 0;
	process->joined = JOINED_HOLDER;
	process->parent = met->parent;
	if (met->pid == getpid())
		process->flags |= PROCESS_OURS;
	search->followed++;
	return text_copy(&search->met, met->comm, snapshot, &process->comm);
}

static int fd_found(struct search *search, const struct fd *met_fd)
{
	const struct object *met = object_at(&search->met, met_fd->object);
	struct snapshot *snapshot = search->snapshot;
	struct fd fd = *met_fd;
	struct fd_ix added;
	struct text label;
	int r;

	if (!wanted_object(&search->wanted, met))
		return 0;
	r = holder_join(search, process_at(&search->met, met_fd->process), &fd.process);
	if (r < 0 || fd.process.at == NO_ROW)
		return r;
	r = text_copy(&search->met, met->label, snapshot, &label);
	if (r == 0)
		r = fd_object(snapshot, met->kind, met->key, label, &fd.object);
	if (r < 0 || fd.object.at == NO_ROW)
		return r;
	if (met->kind == OBJECT_PTY) {
		object_at(snapshot, fd.object)->pty_master = met->pty_master;
		tty_join(snapshot, fd.object);
	}
	r = snapshot_add_fd(snapshot, &fd, &added);
	return r == -E2BIG ? 0 : r;
}

/** One of a kind, however often it is run. */
static int search_miss(struct search *search, int sight, const char *detail)
{
	struct snapshot *snapshot = search->snapshot;
	struct gap gap = gap_blank(PROBE_HOLDERS, sight, search->visit->look, 0);
	uint32_t i;
	int r;

	for (i = 0; i < snapshot->gaps.count; i++)
		if (snapshot->gaps.row[i].probe == PROBE_HOLDERS && snapshot->gaps.row[i].sight == sight)
			return 0;
	r = snapshot_text(snapshot, detail, strlen(detail), &gap.detail);
	return r == -ENOMEM ? r : snapshot_miss(snapshot, NULL, &gap);
}

static int holes_tell(struct search *search)
{
	char detail[32];
	int r = 0;

	snprintf(detail, sizeof(detail), "%u process%s", search->unreadable, search->unreadable == 1 ? "" : "es");
	if (search->unreadable)
		r = search_miss(search, SIGHT_DENIED, detail);
	else if (search->hidden)
		r = search_miss(search, SIGHT_DENIED, search->hidden);
	if (r == 0 && search->incomplete)
		r = search_miss(search, SIGHT_CUT, "fd");
	return r;
}

static int search_end(struct search *search, const struct subjects *subjects)
{
	struct snapshot *snapshot = search->snapshot;
	bool holes;
	uint32_t i;
	int r = 0;

	for (i = 0; i < search->met.fds.count && r == 0; i++)
		r = fd_found(search, &search->met.fds.row[i]);
	for (i = 0; i < snapshot->processes.count; i++)
		search->unreadable += snapshot->processes.row[i].opaque == ANSWER_YES;
	search->unreadable += search->met.gaps.count;
	holes = search->unreadable || search->hidden || search->incomplete;
	for (i = 0; i < subjects->object_count; i++) {
		struct object *object = object_at(snapshot, subjects->objects[i]);

		object->cover = holes || !wanted_findable(object) ? COVER_HOLES : COVER_MACHINE;
	}
	return r < 0 ? r : holes_tell(search);
}

static void search_deinit(struct search *search)
{
	fd_pass_deinit(&search->pass);
	wanted_deinit(&search->wanted);
	free(search->numbers.row);
	snapshot_deinit(&search->met);
}

static int holders_look(const struct visit *visit, const struct subjects *subjects)
{
	struct search search = { .visit = visit, .snapshot = visit->snapshot, .inner = *visit };
	uint32_t i;
	int r;

	if (subjects->object_count == 0)
		return 0;
	r = snapshot_init(&search.met);
	if (r < 0)
		return r;
	search.inner.snapshot = &search.met;
	for (i = 0; i < visit->snapshot->processes.count; i++)
		search.followed += visit->snapshot->processes.row[i].joined == JOINED_HOLDER;
	r = wanted_init(visit->snapshot, subjects->objects, subjects->object_count, &search.wanted);
	if (r == 0)
		r = machine_search(&search);
	if (r == 0)
		r = search_end(&search, subjects);
	search_deinit(&search);
	return r;
}

const struct probe probe_holders = {
	.id = PROBE_HOLDERS,
	.name = "holders",
	.stage = STAGE_FOLLOW,
	.after = PROBE_BIT(PROBE_FDS) | PROBE_BIT(PROBE_SOCKETS),
	.look = holders_look,
};
