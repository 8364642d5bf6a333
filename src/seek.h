/* SPDX-License-Identifier: MIT */
/*
 * From an identity to its row, while a snapshot is filled: one open-addressed table
 * of row numbers for each table of rows that have one.  Rows that came without being
 * announced (a loaded snapshot) are taken in when somebody asks.
 */
#ifndef SEEK_H
#define SEEK_H

#include <stdint.h>

#include "bounds.h"
#include "field.h"
#include "snapshot.h"

struct seek_slot { uint32_t hash, at; }; /**< at is one more than the row's; 0: empty. */

struct seek_index {
	struct seek_slot *slots;
	uint32_t slot_count;      /**< 0, or a power of two and at least twice known. */
	uint32_t known;           /**< Rows taken in. */
};

struct seek {
	uint64_t seed;
	struct seek_index index[TABLES];
	void *blank[TABLES];      /**< A row entirely unseen of each table; one block, blank[0]'s. */
	uint32_t reasons[BOUND_GAP_REASONS]; /**< The first gap of each reason. */
	uint32_t reason_count;
};

/** 0 or -ENOMEM. */
int seek_create(struct seek **ret);
struct seek *seek_destroy(struct seek *seek);

/* A wanted row is one of which only the identity is filled in. */

/** Take in all rows of a table and make room for one more.  0 or -ENOMEM. */
int seek_prepare(const struct snapshot *snapshot, enum table_id table);
/** Take in row, which is or is like the one after those known; seek_prepare() made room. */
void seek_insert(const struct snapshot *snapshot, enum table_id table, const void *row);
/** The row of that identity, or NO_ROW. */
uint32_t seek_find(const struct snapshot *snapshot, enum table_id table, const void *wanted);

/** Rows of which the hash is that of wanted (a pid has several processes); all rows when memory is short. */
struct seek_cursor {
	const struct seek_index *index; /**< NULL: walk all rows. */
	uint32_t hash, at, count;
};
struct seek_cursor seek_begin(const struct snapshot *snapshot, enum table_id table, const void *wanted);
/** The next such row, or NO_ROW. */
uint32_t seek_next(struct seek_cursor *cursor);

#endif
