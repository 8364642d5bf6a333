/* SPDX-License-Identifier: MIT */
/* Stable sorts in linear time. */
#include "order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

int order_scratch(uint32_t room, struct order_work *ret)
{
	struct order_work work = { .room = room };
	size_t count = room ? room : 1;

	work.keys = malloc(count * sizeof(*work.keys));
	work.groups = malloc(count * sizeof(*work.groups));
	work.rows = malloc(count * sizeof(*work.rows));
	if (!work.keys || !work.groups || !work.rows) {
		order_scratch_end(&work);
		return -ENOMEM;
	}
	*ret = work;
	return 0;
}

void order_scratch_end(struct order_work *work)
{
	free(work->keys);
	free(work->groups);
	free(work->rows);
	*work = (struct order_work){ 0 };
}

void order_start(uint32_t *order, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		order[i] = i;
}

/* One digit of all keys; a digit that all have in common is skipped by the caller. */
static void order_digit(uint32_t *order, uint32_t count, unsigned shift, struct order_work *work)
{
	uint32_t first[257] = { 0 }, i;

	for (i = 0; i < count; i++)
		first[(work->keys[order[i]] >> shift & 0xff) + 1]++;
	for (i = 0; i < 256; i++)
		first[i + 1] += first[i];
	for (i = 0; i < count; i++)
		work->rows[first[work->keys[order[i]] >> shift & 0xff]++] = order[i];
	memcpy(order, work->rows, count * sizeof(*order));
}

void order_by(uint32_t *order, uint32_t count, struct order_work *work)
{
	uint64_t differs = 0;
	unsigned shift;
	uint32_t i;

	for (i = 1; i < count; i++)
		differs |= work->keys[order[i]] ^ work->keys[order[0]];
	for (shift = 0; shift < 64; shift += 8)
		if (differs >> shift & 0xff)
			order_digit(order, count, shift, work);
}

void order_group(uint32_t *order, uint32_t count, uint32_t groups, struct span *spans, struct order_work *work)
{
	uint32_t i, group, first = 0, left;

	for (i = 0; i < groups; i++)
		spans[i] = (struct span){ 0, 0 };
	for (i = 0; i < count; i++)
		if (work->groups[order[i]] < groups)
			spans[work->groups[order[i]]].count++;
	for (i = 0; i < groups; i++) {
		spans[i].first = first;
		first += spans[i].count;
		spans[i].count = 0;
	}
	left = first;
	for (i = 0; i < count; i++) {
		group = work->groups[order[i]];
		if (group < groups)
			work->rows[spans[group].first + spans[group].count++] = order[i];
		else
			work->rows[left++] = order[i];
	}
	memcpy(order, work->rows, count * sizeof(*order));
}
