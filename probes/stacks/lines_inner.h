/* SPDX-License-Identifier: MIT */
/* What lines.c, line_units.c and line_read.c share. */
#ifndef LINES_INNER_H
#define LINES_INNER_H

#include "libdw.h"
#include "lines.h"

/** A unit covers these addresses; for files without .debug_aranges (of clang). */
struct extent {
	uint64_t start, end;
	uint32_t unit;            /**< Index into units. */
};

struct units {
	struct extent *extents;   /**< Ascending by start. */
	Dwarf_Die *units;
	uint32_t extent_count, extent_room, unit_count, unit_room;
	bool made;
};

struct remembered {
	uint64_t address;
	struct line_at *at;       /**< NULL: the slot is empty. */
};

struct lines {
	const struct libdw *libdw; /**< NULL: no debug information. */
	struct image { Elf *elf; Dwarf *dwarf; } main, shared; /**< dwarf NULL: nothing there. */
	struct units units;
	struct remembered *slots; /**< Open addressed. */
	uint32_t count, room;
	char **names;             /**< Of inlined functions. */
	uint32_t name_count, name_room;
	int64_t spent_ns;
};

/** The unit that an address lies in, perhaps in *buffer; *ret NULL: none.  0 or -ENOMEM. */
int unit_find(struct lines *lines, uint64_t address, int64_t deadline_ns, Dwarf_Die **ret, Dwarf_Die *buffer);

/** What stands at an address of a unit; ret is zeroed.  0 or -ENOMEM. */
int line_read(struct lines *lines, Dwarf_Die *unit, uint64_t address, struct line_at *ret);

#endif
