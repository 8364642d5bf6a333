/* SPDX-License-Identifier: MIT */
/* Which unit of the debug information covers an address. */
#include <errno.h>
#include <stdlib.h>

#include "bounds.h"
#include "door.h"
#include "lines_inner.h"

static int extent_compare(const void *one, const void *other)
{
	const struct extent *a = one, *b = other;

	return a->start < b->start ? -1 : a->start > b->start;
}

static int extent_add(struct units *units, uint64_t start, uint64_t end)
{
	const uint32_t room = units->extent_room ? units->extent_room * 2 : 256;
	struct extent *more;

	if (units->extent_count == units->extent_room) {
		more = reallocarray(units->extents, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		units->extents = more;
		units->extent_room = room;
	}
	units->extents[units->extent_count++] = (struct extent){ start, end, units->unit_count - 1 };
	return 0;
}

static int unit_add(const struct libdw *libdw, struct units *units, Dwarf_Die *unit)
{
	const uint32_t room = units->unit_room ? units->unit_room * 2 : 64;
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	Dwarf_Die *more;
	int r = 0;

	if (units->unit_count == units->unit_room) {
		more = reallocarray(units->units, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		units->units = more;
		units->unit_room = room;
	}
	units->units[units->unit_count++] = *unit;
	while (r == 0 && units->extent_count < BOUND_LINE_EXTENTS &&
	       (at = libdw->dwarf_ranges(unit, at, &base, &start, &end)) > 0)
		if (start < end)
			r = extent_add(units, start, end);
	return r;
}

static int extents_make(struct lines *lines, int64_t deadline_ns)
{
	struct units *units = &lines->units;
	Dwarf_CU *at = NULL;
	Dwarf_Die unit;
	int r = 0;

	units->made = true;
	while (r == 0 && units->unit_count < BOUND_LINE_UNITS && door_now_ns() < deadline_ns &&
	       lines->libdw->dwarf_get_units(lines->main.dwarf, at, &at, NULL, NULL, &unit, NULL) == 0)
		r = unit_add(lines->libdw, units, &unit);
	if (units->extent_count > 0)
		qsort(units->extents, units->extent_count, sizeof(*units->extents), extent_compare);
	return r;
}

int unit_find(struct lines *lines, uint64_t address, int64_t deadline_ns, Dwarf_Die **ret, Dwarf_Die *buffer)
{
	struct units *units = &lines->units;
	uint32_t low = 0, high, middle;
	int r;

	*ret = lines->libdw->dwarf_addrdie(lines->main.dwarf, address, buffer);
	if (*ret)
		return 0;
	if (!units->made) {
		r = extents_make(lines, deadline_ns);
		if (r < 0)
			return r;
	}
	high = units->extent_count;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (units->extents[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0 && address < units->extents[low - 1].end)
		*ret = &units->units[units->extents[low - 1].unit];
	return 0;
}
