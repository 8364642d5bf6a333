/* SPDX-License-Identifier: MIT */
/* Filling a snapshot: rows by identity, texts, gaps. */
#include "snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "pool.h"
#include "rows.h"
#include "seek.h"

int snapshot_init(struct snapshot *snapshot)
{
	struct snapshot local = { 0 };
	int r;

	field_unsee(header_fields, &local);
	r = pool_create(&local.pool);
	if (r < 0)
		return r;
	r = seek_create(&local.seek);
	if (r < 0) {
		pool_destroy(local.pool);
		return r;
	}
	*snapshot = local;
	return 0;
}

void snapshot_deinit(struct snapshot *snapshot)
{
	enum table_id table;

	for (table = 0; table < TABLES; table++)
		free(rows_of(snapshot, table).row);
	pool_destroy(snapshot->pool);
	seek_destroy(snapshot->seek);
	*snapshot = (struct snapshot){ 0 };
}

int rows_append(struct snapshot *snapshot, enum table_id table, uint32_t *ret_at, void **ret_row)
{
	struct rows rows = rows_of(snapshot, table);
	uint32_t room;
	void *row;

	if (rows.count >= tables[table].bound)
		return -E2BIG;
	if (rows.count == rows.room) {
		room = rows.room ? rows.room * 2 : 16;
		row = realloc(rows.row, room * tables[table].row_size);
		if (!row)
			return -ENOMEM;
		rows.row = row;
		rows.room = room;
	}
	row = rows_at(&rows, table, rows.count);
	memcpy(row, snapshot->seek->blank[table], tables[table].row_size);
	*ret_at = rows.count++;
	*ret_row = row;
	rows_set(snapshot, table, &rows);
	return 0;
}

/* ---- adding ---------------------------------------------------------------- */

/**
 * The row of that identity.  When there was none, it is new and blank, and *ret_row the
 * place to fill its identity in; else NULL.  A row without its owner (NO_ROW, because
 * that was cut) could never be used: it counts as cut too.
 */
static int row_place(struct snapshot *snapshot, enum table_id table, const void *wanted, bool owned, int64_t *cut,
		     uint32_t *ret_at, void **ret_row)
{
	uint32_t at = NO_ROW;
	int r = -E2BIG;

	*ret_row = NULL;
	if (owned) {
		at = seek_find(snapshot, table, wanted);
		if (at != NO_ROW) {
			*ret_at = at;
			return 0;
		}
		r = seek_prepare(snapshot, table);
	}
	if (r == 0)
		r = rows_append(snapshot, table, ret_at, ret_row);
	if (r == 0)
		seek_insert(snapshot, table, wanted);
	else if (r == -E2BIG)
		(*cut)++;
	return r;
}

int snapshot_add_cgroup(struct snapshot *snapshot, struct text membership, struct cgroup_ix *ret)
{
	struct cgroup wanted = { .membership = membership }, *row;
	void *new;
	int r;

	r = row_place(snapshot, TABLE_CGROUPS, &wanted, text_seen(membership), &snapshot->cut.cgroups, &ret->at,
		      &new);
	row = new;
	if (row)
		row->membership = membership;
	return r;
}

int snapshot_add_process(struct snapshot *snapshot, pid_t pid, int64_t start_ticks, struct process_ix *ret)
{
	struct process wanted = { .pid = pid, .start_ticks = start_ticks }, *row;
	void *new;
	int r;

	r = row_place(snapshot, TABLE_PROCESSES, &wanted, true, &snapshot->cut.processes, &ret->at, &new);
	row = new;
	if (row) {
		row->pid = pid;
		row->start_ticks = start_ticks;
	}
	return r;
}

int snapshot_add_task(struct snapshot *snapshot, struct process_ix process, pid_t tid, int64_t start_ticks,
		      struct task_ix *ret)
{
	struct task wanted = { .process = process, .tid = tid, .start_ticks = start_ticks }, *row;
	void *new;
	int r;

	r = row_place(snapshot, TABLE_TASKS, &wanted, process.at != NO_ROW, &snapshot->cut.tasks, &ret->at, &new);
	row = new;
	if (row) {
		row->process = process;
		row->tid = tid;
		row->start_ticks = start_ticks;
	}
	return r;
}

int snapshot_add_object(struct snapshot *snapshot, enum object_kind kind, struct object_key key,
			struct object_ix *ret)
{
	struct object wanted = { .kind = (uint8_t)kind, .key = key }, *row;
	void *new;
	int r;

	r = row_place(snapshot, TABLE_OBJECTS, &wanted, true, &snapshot->cut.objects, &ret->at, &new);
	row = new;
	if (row) {
		row->kind = (uint8_t)kind;
		row->key = key;
	}
	return r;
}

int snapshot_add_fd(struct snapshot *snapshot, const struct fd *fd, struct fd_ix *ret)
{
	struct fd wanted = *fd; /* it may lie in the table that moves */
	void *new;
	int r;

	r = row_place(snapshot, TABLE_FDS, &wanted, fd->process.at != NO_ROW && fd->object.at != NO_ROW,
		      &snapshot->cut.fds, &ret->at, &new);
	if (r < 0)
		return r;
	if (new)
		*fd_at(snapshot, *ret) = wanted;
	else
		fd_at(snapshot, *ret)->looks |= wanted.looks;
	return 0;
}

int snapshot_add_hold(struct snapshot *snapshot, const struct hold *hold)
{
	struct hold wanted = *hold;
	uint32_t at;
	void *new;
	int r;

	r = row_place(snapshot, TABLE_HOLDS, &wanted, hold->object.at != NO_ROW && hold->process.at != NO_ROW,
		      &snapshot->cut.holds, &at, &new);
	if (r < 0)
		return r;
	if (new)
		snapshot->holds.row[at] = wanted;
	else
		snapshot->holds.row[at].looks |= wanted.looks;
	return 0;
}

int snapshot_add_watch(struct snapshot *snapshot, const struct watch *watch)
{
	struct watch wanted = *watch;
	uint32_t at;
	void *new;
	int r;

	r = row_place(snapshot, TABLE_WATCHES, &wanted, watch->set.at != NO_ROW, &snapshot->cut.watches, &at, &new);
	if (r < 0)
		return r;
	if (new)
		snapshot->watches.row[at] = wanted;
	else
		snapshot->watches.row[at].looks |= wanted.looks;
	return 0;
}

int snapshot_add_peek(struct snapshot *snapshot, const struct peek *peek)
{
	struct peek added = *peek;
	void *row;
	uint32_t at;
	int r = -E2BIG;

	if (added.task.at != NO_ROW)
		r = rows_append(snapshot, TABLE_PEEKS, &at, &row);
	if (r == 0)
		snapshot->peeks.row[at] = added;
	else if (r == -E2BIG)
		snapshot->cut.peeks++;
	return r;
}

int snapshot_add_site(struct snapshot *snapshot, const struct site *site, struct site_ix *ret)
{
	const struct site wanted = *site;
	void *new;
	int r;

	r = row_place(snapshot, TABLE_SITES, &wanted, true, &snapshot->cut.stacks, &ret->at, &new);
	if (new)
		*site_at(snapshot, *ret) = wanted;
	return r;
}

int snapshot_add_frame(struct snapshot *snapshot, const struct frame *frame, struct frame_ix *ret)
{
	const struct frame wanted = *frame;
	void *new;
	int r;

	r = row_place(snapshot, TABLE_FRAMES, &wanted, wanted.site.at != NO_ROW, &snapshot->cut.stacks, &ret->at,
		      &new);
	if (new)
		*frame_at(snapshot, *ret) = wanted;
	return r;
}

int snapshot_add_stack(struct snapshot *snapshot, const struct stack *stack)
{
	void *row;
	uint32_t at;
	int r = -E2BIG;

	if (stack->task.at != NO_ROW)
		r = rows_append(snapshot, TABLE_STACKS, &at, &row);
	if (r == 0)
		snapshot->stacks.row[at] = *stack;
	else if (r == -E2BIG)
		snapshot->cut.stacks++;
	return r;
}

int snapshot_add_label(struct snapshot *snapshot, struct text name, struct text value)
{
	void *row;
	uint32_t at;
	int r;

	r = rows_append(snapshot, TABLE_LABELS, &at, &row);
	if (r == 0)
		snapshot->labels.row[at] = (struct label){ name, value };
	return r;
}

/* ---- finding --------------------------------------------------------------- */

struct process_ix snapshot_find_process(const struct snapshot *snapshot, pid_t pid)
{
	struct process wanted = { .pid = pid };
	struct seek_cursor cursor = seek_begin(snapshot, TABLE_PROCESSES, &wanted);
	struct process_ix ret = { NO_ROW }, at;

	while ((at.at = seek_next(&cursor)) != NO_ROW)
		if (process_at(snapshot, at)->pid == pid &&
		    (ret.at == NO_ROW ||
		     process_at(snapshot, at)->start_ticks > process_at(snapshot, ret)->start_ticks))
			ret = at;
	return ret;
}

struct task_ix snapshot_find_task(const struct snapshot *snapshot, pid_t tid)
{
	struct task wanted = { .tid = tid };
	struct seek_cursor cursor = seek_begin(snapshot, TABLE_TASKS, &wanted);
	struct task_ix ret = { NO_ROW }, at;

	while ((at.at = seek_next(&cursor)) != NO_ROW)
		if (task_at(snapshot, at)->tid == tid &&
		    (ret.at == NO_ROW || task_at(snapshot, at)->start_ticks > task_at(snapshot, ret)->start_ticks))
			ret = at;
	return ret;
}

struct object_ix snapshot_find_object(const struct snapshot *snapshot, enum object_kind kind, struct object_key key)
{
	struct object wanted = { .kind = (uint8_t)kind, .key = key };

	return (struct object_ix){ seek_find(snapshot, TABLE_OBJECTS, &wanted) };
}

/* ---- texts and gaps -------------------------------------------------------- */

int snapshot_text(struct snapshot *snapshot, const void *bytes, size_t length, struct text *ret)
{
	uint32_t at;
	int r;

	*ret = TEXT_UNSEEN;
	r = pool_intern(snapshot->pool, bytes, length, &at);
	if (r == 0)
		*ret = (struct text){ at, (uint32_t)length };
	return r;
}

const char *snapshot_bytes(const struct snapshot *snapshot, struct text text)
{
	return text_seen(text) ? pool_bytes(snapshot->pool, text.at) : "";
}

struct gap gap_blank(unsigned probe, int sight, enum look look, int error)
{
	return (struct gap){
		.probe = (uint8_t)probe,
		.sight = (uint8_t)sight,
		.look = (uint8_t)look,
		.error = error < 0 ? -error : error,
		.process = { NO_ROW },
		.task = { NO_ROW },
		.object = { NO_ROW },
		.detail = TEXT_UNSEEN,
	};
}

/** Is it the first gap of its reason?  Then remember it. */
static bool reason_new(struct snapshot *snapshot, const struct gap *gap)
{
	struct seek *seek = snapshot->seek;
	uint32_t i;

	for (i = 0; i < seek->reason_count; i++) {
		const struct gap *filed = &snapshot->gaps.row[seek->reasons[i]];

		if (filed->probe == gap->probe && filed->sight == gap->sight && filed->error == gap->error &&
		    filed->detail.at == gap->detail.at)
			return false;
	}
	if (i == BOUND_GAP_REASONS)
		return false;
	seek->reasons[seek->reason_count++] = snapshot->gaps.count;
	return true;
}

int snapshot_miss(struct snapshot *snapshot, uint8_t *sight, const struct gap *gap)
{
	struct gap filed = *gap;
	bool first;
	void *row;
	uint32_t at;
	int r;

	if (sight)
		*sight = filed.sight;
	/* Ten thousand refusals of one kind must not crowd out the one of another. */
	first = snapshot->gaps.count < BOUND_GAPS && reason_new(snapshot, &filed);
	r = first || snapshot->gaps.count < BOUND_GAPS - BOUND_GAP_REASONS ?
		    rows_append(snapshot, TABLE_GAPS, &at, &row) : -E2BIG;
	if (r == 0)
		snapshot->gaps.row[at] = filed;
	else if (first)
		snapshot->seek->reason_count--;
	if (r == -E2BIG)
		snapshot->cut.gaps++;
	return r == -E2BIG ? 0 : r;
}
