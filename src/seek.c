/* SPDX-License-Identifier: MIT */
/* What makes a row the same row, and hash tables from there to its number. */
#include "seek.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "hash.h"
#include "rows.h"

enum { FIRST_SLOTS = 64 };

/* ---- identities ------------------------------------------------------------ */

static uint32_t hash_two(uint64_t seed, uint64_t first, uint64_t second)
{
	return (uint32_t)hash_mix(hash_mix(seed, first), second);
}

static uint32_t cgroup_hash(uint64_t seed, const void *row)
{
	const struct cgroup *cgroup = row;

	return hash_two(seed, cgroup->membership.at, 0);
}

static bool cgroup_same(const void *row, const void *wanted)
{
	const struct cgroup *a = row, *b = wanted;

	return a->membership.at == b->membership.at && a->membership.length == b->membership.length;
}

/* By pid alone, and by tid alone: snapshot_find_*() know no more. */
static uint32_t process_hash(uint64_t seed, const void *row)
{
	const struct process *process = row;

	return hash_two(seed, (uint32_t)process->pid, 0);
}

static bool process_same(const void *row, const void *wanted)
{
	const struct process *a = row, *b = wanted;

	return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

static uint32_t task_hash(uint64_t seed, const void *row)
{
	const struct task *task = row;

	return hash_two(seed, (uint32_t)task->tid, 0);
}

static bool task_same(const void *row, const void *wanted)
{
	const struct task *a = row, *b = wanted;

	return a->tid == b->tid && a->start_ticks == b->start_ticks && a->process.at == b->process.at;
}

/** A link says "socket:[N]"; which kind of socket is learned later, and its row stays the same. */
static uint8_t object_sort(const struct object *object)
{
	switch (object->kind) {
	case OBJECT_UNIX:
	case OBJECT_TCP:
	case OBJECT_UDP:
		return OBJECT_SOCKET;
	}
	return object->kind;
}

static uint32_t object_hash(uint64_t seed, const void *row)
{
	const struct object *object = row;

	return hash_two(hash_mix(seed, object_sort(object)), object->key.space, object->key.name);
}

static bool object_same(const void *row, const void *wanted)
{
	const struct object *a = row, *b = wanted;

	return object_sort(a) == object_sort(b) && a->key.space == b->key.space && a->key.name == b->key.name;
}

static uint32_t fd_hash(uint64_t seed, const void *row)
{
	const struct fd *fd = row;

	return hash_two(hash_mix(seed, fd->process.at), (uint32_t)fd->number, fd->object.at);
}

static bool fd_same(const void *row, const void *wanted)
{
	const struct fd *a = row, *b = wanted;

	return a->process.at == b->process.at && a->number == b->number && a->object.at == b->object.at;
}

static uint32_t hold_hash(uint64_t seed, const void *row)
{
	const struct hold *hold = row;

	return hash_two(hash_mix(seed, (uint64_t)hold->object.at << 8 | hold->role), hold->process.at, hold->task.at);
}

static bool hold_same(const void *row, const void *wanted)
{
	const struct hold *a = row, *b = wanted;

	return a->object.at == b->object.at && a->process.at == b->process.at && a->task.at == b->task.at &&
	       a->role == b->role;
}

static uint32_t watch_hash(uint64_t seed, const void *row)
{
	const struct watch *watch = row;

	return hash_two(hash_mix(seed, (uint64_t)watch->set.at << 32 | watch->object.at), (uint32_t)watch->number,
			watch->events);
}

static bool watch_same(const void *row, const void *wanted)
{
	const struct watch *a = row, *b = wanted;

	return a->set.at == b->set.at && a->number == b->number && a->object.at == b->object.at &&
	       a->events == b->events;
}

static uint32_t site_hash(uint64_t seed, const void *row)
{
	const struct site *site = row;

	return hash_two(hash_mix(hash_mix(seed, site->function.at), site->module.at), site->offset,
			(uint64_t)site->file.at << 32 | (uint32_t)site->line);
}

static bool site_same(const void *row, const void *wanted)
{
	const struct site *a = row, *b = wanted;

	return a->kind == b->kind && a->offset == b->offset && a->module.at == b->module.at &&
	       a->function.at == b->function.at && a->file.at == b->file.at && a->line == b->line;
}

static uint32_t frame_hash(uint64_t seed, const void *row)
{
	const struct frame *frame = row;

	return hash_two(hash_mix(seed, frame->basis), frame->caller.at, frame->site.at);
}

static bool frame_same(const void *row, const void *wanted)
{
	const struct frame *a = row, *b = wanted;

	return a->caller.at == b->caller.at && a->site.at == b->site.at && a->basis == b->basis;
}

/** How rows of a table are told apart.  Tables that are not here have no identity. */
static const struct identity {
	uint32_t (*hash)(uint64_t seed, const void *row);
	bool (*same)(const void *row, const void *wanted);
} identities[TABLES] = {
	[TABLE_CGROUPS] = { cgroup_hash, cgroup_same },
	[TABLE_PROCESSES] = { process_hash, process_same },
	[TABLE_TASKS] = { task_hash, task_same },
	[TABLE_OBJECTS] = { object_hash, object_same },
	[TABLE_FDS] = { fd_hash, fd_same },
	[TABLE_HOLDS] = { hold_hash, hold_same },
	[TABLE_WATCHES] = { watch_hash, watch_same },
	[TABLE_SITES] = { site_hash, site_same },
	[TABLE_FRAMES] = { frame_hash, frame_same },
};

/* ---- the tables ------------------------------------------------------------ */

int seek_create(struct seek **ret)
{
	struct seek *seek = calloc(1, sizeof(*seek));
	size_t size = 0, i;
	char *block;

	if (!seek)
		return -ENOMEM;
	for (i = 0; i < TABLES; i++)
		size += tables[i].row_size;
	block = calloc(1, size);
	if (!block) {
		free(seek);
		return -ENOMEM;
	}
	for (i = 0; i < TABLES; i++) {
		seek->blank[i] = block;
		field_unsee(tables[i].fields, block);
		block += tables[i].row_size;
	}
	seek->seed = hash_seed();
	*ret = seek;
	return 0;
}

struct seek *seek_destroy(struct seek *seek)
{
	size_t i;

	if (seek) {
		for (i = 0; i < TABLES; i++)
			free(seek->index[i].slots);
		free(seek->blank[0]);
		free(seek);
	}
	return NULL;
}

static void slot_put(struct seek_slot *slots, uint32_t slot_count, struct seek_slot slot)
{
	uint32_t at = slot.hash & (slot_count - 1);

	while (slots[at].at)
		at = (at + 1) & (slot_count - 1);
	slots[at] = slot;
}

static int index_grow(struct seek_index *index, uint32_t rows)
{
	uint32_t count = index->slot_count ? index->slot_count : FIRST_SLOTS, at;
	struct seek_slot *slots;

	while (count / 2 < rows)
		count *= 2;
	if (count == index->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (at = 0; at < index->slot_count; at++)
		if (index->slots[at].at)
			slot_put(slots, count, index->slots[at]);
	free(index->slots);
	index->slots = slots;
	index->slot_count = count;
	return 0;
}

int seek_prepare(const struct snapshot *snapshot, enum table_id table)
{
	struct seek_index *index = &snapshot->seek->index[table];
	struct rows rows = rows_of(snapshot, table);
	int r;

	r = index_grow(index, rows.count + 1);
	if (r < 0)
		return r;
	while (index->known < rows.count)
		seek_insert(snapshot, table, rows_at(&rows, table, index->known));
	return 0;
}

void seek_insert(const struct snapshot *snapshot, enum table_id table, const void *row)
{
	struct seek_index *index = &snapshot->seek->index[table];
	uint32_t hash = identities[table].hash(snapshot->seek->seed, row);

	index->known++;
	slot_put(index->slots, index->slot_count, (struct seek_slot){ hash, index->known });
}

struct seek_cursor seek_begin(const struct snapshot *snapshot, enum table_id table, const void *wanted)
{
	struct seek_cursor ret = { .hash = identities[table].hash(snapshot->seek->seed, wanted) };

	if (seek_prepare(snapshot, table) < 0) {
		ret.count = rows_of(snapshot, table).count;
		return ret;
	}
	ret.index = &snapshot->seek->index[table];
	ret.at = ret.hash & (ret.index->slot_count - 1);
	return ret;
}

uint32_t seek_next(struct seek_cursor *cursor)
{
	const struct seek_index *index = cursor->index;

	if (!index)
		return cursor->at < cursor->count ? cursor->at++ : NO_ROW;
	while (index->slots[cursor->at].at) {
		const struct seek_slot *slot = &index->slots[cursor->at];

		cursor->at = (cursor->at + 1) & (index->slot_count - 1);
		if (slot->hash == cursor->hash)
			return slot->at - 1;
	}
	return NO_ROW;
}

uint32_t seek_find(const struct snapshot *snapshot, enum table_id table, const void *wanted)
{
	struct seek_cursor cursor = seek_begin(snapshot, table, wanted);
	struct rows rows = rows_of(snapshot, table);
	uint32_t at;

	while ((at = seek_next(&cursor)) != NO_ROW)
		if (identities[table].same(rows_at(&rows, table, at), wanted))
			break;
	return at;
}
