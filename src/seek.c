/* SPDX-License-Identifier: MIT */
/* Hash tables from identities to rows. */
#include "seek.h"

#include <errno.h>
#include <stdlib.h>

#include "hash.h"
#include "rows.h"

enum { FIRST_SLOTS = 64 };

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

int seek_prepare(const struct snapshot *snapshot, enum table_id table, seek_hash *hash)
{
	struct seek_index *index = &snapshot->seek->index[table];
	struct rows rows = rows_of(snapshot, table);
	int r;

	r = index_grow(index, rows.count + 1);
	if (r < 0)
		return r;
	while (index->known < rows.count)
		seek_insert(snapshot, table, hash(snapshot->seek->seed, rows_at(&rows, table, index->known)));
	return 0;
}

void seek_insert(const struct snapshot *snapshot, enum table_id table, uint32_t hash)
{
	struct seek_index *index = &snapshot->seek->index[table];

	index->known++;
	slot_put(index->slots, index->slot_count, (struct seek_slot){ hash, index->known });
}

struct seek_cursor seek_begin(const struct snapshot *snapshot, enum table_id table, seek_hash *hash, const void *wanted)
{
	struct seek_cursor ret = { .hash = hash(snapshot->seek->seed, wanted) };

	if (seek_prepare(snapshot, table, hash) < 0) {
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
