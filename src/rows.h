/* SPDX-License-Identifier: MIT */
/*
 * The tables of a snapshot without their types, for the rooms that treat them all
 * alike: snapshot.c, save.c, load.c, check.c.  Nobody else needs this.
 */
#ifndef ROWS_H
#define ROWS_H

#include <stdint.h>
#include <string.h>

#include "field.h"
#include "snapshot.h"

/** What every TABLE() is. */
struct rows { void *row; uint32_t count, room; };
_Static_assert(sizeof(struct rows) == sizeof(((struct snapshot *)NULL)->tasks), "TABLE() looks different");

/* By memcpy(): a struct task * must not be read as a void *. */
static inline struct rows rows_of(const struct snapshot *snapshot, enum table_id table)
{
	struct rows ret;

	memcpy(&ret, (const char *)snapshot + tables[table].offset, sizeof(ret));
	return ret;
}

static inline void rows_set(struct snapshot *snapshot, enum table_id table, const struct rows *rows)
{
	memcpy((char *)snapshot + tables[table].offset, rows, sizeof(*rows));
}

static inline void *rows_at(const struct rows *rows, enum table_id table, uint32_t at)
{
	return (char *)rows->row + (size_t)at * tables[table].row_size;
}

/** A new row, entirely unseen, at the end.  0, -ENOMEM, or -E2BIG at the table's bound. */
int rows_append(struct snapshot *snapshot, enum table_id table, uint32_t *ret_at, void **ret_row);

#endif
