/* SPDX-License-Identifier: MIT */
/* File and line of an address, and the functions inlined there, innermost first. */
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "demangle.h"
#include "lines_inner.h"

static int name_keep(struct lines *lines, const char *name, const char **ret)
{
	const uint32_t room = lines->name_room ? lines->name_room * 2 : 64;
	char shown[BOUND_NAME], **more;

	if (lines->name_count == lines->name_room) {
		more = reallocarray(lines->names, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		lines->names = more;
		lines->name_room = room;
	}
	demangle(name, strlen(name), shown);
	lines->names[lines->name_count] = strdup(shown);
	if (!lines->names[lines->name_count])
		return -ENOMEM;
	*ret = lines->names[lines->name_count++];
	return 0;
}

/* The linkage name tells the class or module too. */
static const char *function_name(const struct libdw *libdw, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *ret = NULL;

	if (libdw->dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    libdw->dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		ret = libdw->dwarf_formstring(&attribute);
	return ret ? ret : libdw->dwarf_diename(die);
}

static uint64_t number(const struct libdw *libdw, Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word ret = 0;

	if (!libdw->dwarf_attr(die, name, &attribute) || libdw->dwarf_formudata(&attribute, &ret) != 0)
		return 0;
	return ret;
}

/* From here on it is the place from which that one was called. */
static void call_take(const struct libdw *libdw, Dwarf_Die *unit, Dwarf_Die *die, const char **file, int32_t *line)
{
	const uint64_t which = number(libdw, die, DW_AT_call_file), at = number(libdw, die, DW_AT_call_line);
	Dwarf_Files *files;
	size_t count;

	*file = NULL;
	if (which > 0 && libdw->dwarf_getsrcfiles(unit, &files, &count) == 0 && which < count)
		*file = libdw->dwarf_filesrc(files, which, NULL, NULL);
	*line = at > 0 && at <= INT32_MAX ? (int32_t)at : -1;
}

static bool is_split(const struct libdw *libdw, Dwarf_Die *unit)
{
	uint8_t type = 0;

	return libdw->dwarf_cu_info(unit->cu, NULL, &type, NULL, NULL, NULL, NULL, NULL) != 0 || type == DW_UT_skeleton;
}

/* The innermost scope and all around it; NULL: not to be had. */
static Dwarf_Die *scopes_of(const struct libdw *libdw, Dwarf_Die *unit, uint64_t address, int *count)
{
	_cleanup_free_ Dwarf_Die *inner = NULL;
	Dwarf_Die *ret = NULL;

	*count = 0;
	if (is_split(libdw, unit) || libdw->dwarf_getscopes(unit, address, &inner) <= 0)
		return NULL;
	/* Around an inlined function that gives where it is defined: go by what contains what instead. */
	*count = libdw->dwarf_getscopes_die(&inner[0], &ret);
	return *count > 0 ? ret : NULL;
}

int line_read(struct lines *lines, Dwarf_Die *unit, uint64_t address, struct line_at *ret)
{
	const struct libdw *libdw = lines->libdw;
	Dwarf_Line *place = libdw->dwarf_getsrc_die(unit, address);
	_cleanup_free_ Dwarf_Die *scopes = NULL;
	const char *file = NULL, *name, *kept;
	int line = -1, count, i, r;

	if (place) {
		file = libdw->dwarf_linesrc(place, NULL, NULL);
		if (libdw->dwarf_lineno(place, &line) != 0 || line <= 0)
			line = -1;
	}
	scopes = scopes_of(libdw, unit, address, &count);
	for (i = 0; i < count && ret->count < LINES_DEEP - 1; i++) {
		if (libdw->dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
			break;
		if (libdw->dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		name = function_name(libdw, &scopes[i]);
		r = name ? name_keep(lines, name, &kept) : 0;
		if (r < 0)
			return r;
		if (name) {
			ret->each[ret->count].function = kept;
			ret->each[ret->count].file = file;
			ret->each[ret->count++].line = line;
		}
		call_take(libdw, unit, &scopes[i], &file, &line);
	}
	if (ret->count == 0 && !file)
		return 0;
	ret->each[ret->count].file = file;
	ret->each[ret->count++].line = line;
	return 0;
}
