/* SPDX-License-Identifier: MIT */
/*
 * Where each FDE of a section starts, for sections without a sorted table: .debug_frame, and .eh_frame of
 * static programs.  Read once a module.
 */
#include "cfi_inner.h"

#include <errno.h>
#include <stdlib.h>

#include "bounds.h"
#include "sight.h"

struct entry_at { uint64_t start; uint32_t length, at; };

struct places {
	bool built;
	struct entry_at *row;
	size_t count, room;
};

struct cfi_index { struct places eh_frame, debug_frame; };

static int entry_add(struct places *places, const struct entry_at *entry)
{
	size_t room;
	void *row;

	if (places->count == places->room) {
		room = places->room ? places->room * 2 : 256;
		row = reallocarray(places->row, room, sizeof(*places->row));
		if (!row)
			return -ENOMEM;
		places->row = row;
		places->room = room;
	}
	places->row[places->count++] = *entry;
	return 0;
}

static int entry_order(const void *one, const void *other)
{
	const struct entry_at *a = one, *b = other;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->length < b->length ? -1 : a->length > b->length;
}

static void places_sort(struct places *places)
{
	size_t i;

	for (i = 1; i < places->count; i++)
		if (entry_order(&places->row[i - 1], &places->row[i]) > 0) {
			qsort(places->row, places->count, sizeof(*places->row), entry_order);
			return;
		}
}

static int places_build(struct places *places, const struct cfi_section *section)
{
	size_t at = 0, cie_at = SIZE_MAX;
	struct cfi_unit unit;
	struct cfi_cie cie;
	struct cfi_fde fde;
	struct entry_at entry;
	bool cie_ok = false;

	places->built = true;
	while (at <= UINT32_MAX && places->count < BOUND_CFI_PLACES && cfi_unit_read(section, at, &unit) == 0) {
		entry.at = (uint32_t)at;
		at = unit.next;
		if (unit.cie)
			continue;
		if (unit.cie_at != cie_at) {
			cie_at = unit.cie_at;
			cie_ok = cfi_cie_read(section, cie_at, &cie) == 0;
		}
		if (!cie_ok || cfi_fde_read(section, &unit, &cie, &fde) != 0 || fde.start == fde.end ||
		    fde.end - fde.start > UINT32_MAX)
			continue;
		entry.start = fde.start;
		entry.length = (uint32_t)(fde.end - fde.start);
		if (entry_add(places, &entry) < 0)
			return -ENOMEM;
	}
	places_sort(places);
	return 0;
}

int cfi_index_find(struct cfi_index **index, const struct cfi_section *section, uint64_t address, size_t *ret)
{
	size_t low = 0, high, middle;
	struct places *places;
	int r;

	if (!section->length)
		return SIGHT_GONE;
	if (!*index) {
		*index = calloc(1, sizeof(**index));
		if (!*index)
			return -ENOMEM;
	}
	places = section->debug ? &(*index)->debug_frame : &(*index)->eh_frame;
	if (!places->built) {
		r = places_build(places, section);
		if (r < 0)
			return r;
	}
	for (high = places->count; low < high;) {
		middle = low + (high - low) / 2;
		if (places->row[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - places->row[low - 1].start >= places->row[low - 1].length)
		return SIGHT_GONE;
	*ret = places->row[low - 1].at;
	return 0;
}

struct cfi_index *cfi_index_destroy(struct cfi_index *index)
{
	if (index) {
		free(index->eh_frame.row);
		free(index->debug_frame.row);
		free(index);
	}
	return NULL;
}
