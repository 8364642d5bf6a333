/* SPDX-License-Identifier: MIT */
/*
 * Row numbers in the order of a key, in linear time: radix and counting sorts that
 * keep the order of equals.  A report must not depend on the order in which rows
 * were found, and a machine may hold a million of them.
 */
#ifndef ORDER_H
#define ORDER_H

#include <stdint.h>

/** A run of rows of one group. */
struct span { uint32_t first, count; };

/** Scratch for as many rows as the longest table has; filled by order_scratch(). */
struct order_work {
	uint64_t *keys;           /**< By row: set it before order_by(). */
	uint32_t *groups;         /**< By row: set it before order_group(); NO_ROW: in none. */
	uint32_t *rows;
	uint32_t room;
};

/** 0 or -ENOMEM.  order_scratch_end() frees it. */
int order_scratch(uint32_t room, struct order_work *ret);
void order_scratch_end(struct order_work *work);

/** 0, 1, 2, ... */
void order_start(uint32_t *order, uint32_t count);
/** Least key first; equals stay as they are.  To sort by several keys, begin with the least important. */
void order_by(uint32_t *order, uint32_t count, struct order_work *work);
/** Group by group; rows without one come last.  spans: one a group. */
void order_group(uint32_t *order, uint32_t count, uint32_t groups, struct span *spans, struct order_work *work);

#endif
