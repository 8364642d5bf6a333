/* SPDX-License-Identifier: MIT */
/*
 * Lines and inlined functions, through libdw.
 *
 * libdw opens files that the debug information names, whatever they are: the file that is shared with others
 * (.gnu_debugaltlink), and those of split units.  So such a file is looked for and checked by us, and without it nothing
 * is read; units that were split give their lines, and nothing of what is inlined.
 */
#include "lines.h"

#ifdef HAVE_LIBDW
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bounds.h"
#include "debugfile.h"
#include "door.h"
#include "hash.h"
#include "lines_inner.h"

/* ---- opening -------------------------------------------------------------------- */

static void image_end(const struct libdw *libdw, struct image *image)
{
	if (image->dwarf)
		libdw->dwarf_end(image->dwarf);
	if (image->elf)
		libdw->elf_end(image->elf);
	*image = (struct image){ 0 };
}

struct lines *lines_destroy(struct lines *lines)
{
	uint32_t i;

	if (!lines)
		return NULL;
	if (lines->libdw) {
		image_end(lines->libdw, &lines->main);
		image_end(lines->libdw, &lines->shared);
	}
	for (i = 0; i < lines->room; i++)
		free(lines->slots[i].at);
	for (i = 0; i < lines->name_count; i++)
		free(lines->names[i]);
	free(lines->slots);
	free(lines->names);
	free(lines->units.extents);
	free(lines->units.units);
	free(lines);
	return NULL;
}

/*
 * libelf notes in the section headers, in place, that a section was unpacked: our mapping of the file is a private
 * one, which may be written to without changing the file.
 */
static void image_begin(const struct libdw *libdw, const struct elffile *elf, struct image *ret)
{
	if (mprotect((void *)(uintptr_t)elf->bytes, elf->length, PROT_READ | PROT_WRITE) < 0)
		return;
	ret->elf = libdw->elf_memory((char *)(uintptr_t)elf->bytes, elf->length);
	ret->dwarf = ret->elf ? libdw->dwarf_begin_elf(ret->elf, DWARF_C_READ, NULL) : NULL;
	if (!ret->dwarf)
		image_end(libdw, ret);
}

/* What several debug files have in common may stand in one more. */
static int shared_begin(struct lines *lines, struct module *module)
{
	const struct elffile *elf = NULL;
	const char *name;
	const void *id;
	ssize_t length;
	int r;

	length = lines->libdw->dwelf_dwarf_gnu_debugaltlink(lines->main.dwarf, &name, &id);
	if (length == 0)
		return 0;
	r = length > 0 ? debugfile_find_shared(module, name, id, (size_t)length, &elf) : 0;
	if (r < 0)
		return r;
	if (elf)
		image_begin(lines->libdw, elf, &lines->shared);
	if (lines->shared.dwarf)
		lines->libdw->dwarf_setalt(lines->main.dwarf, lines->shared.dwarf);
	else
		image_end(lines->libdw, &lines->main);
	return 0;
}

static int lines_create(struct module *module, struct lines **ret)
{
	const struct elffile *elf = &module->elf;
	struct lines *lines = calloc(1, sizeof(*lines));
	int r = 0;

	if (!lines)
		return -ENOMEM;
	if (!elf->debug_info)
		r = debugfile_find(module, &elf);
	if (r == 0 && elf && elf->debug_info)
		lines->libdw = libdw_load();
	if (lines->libdw)
		image_begin(lines->libdw, elf, &lines->main);
	if (lines->main.dwarf)
		r = shared_begin(lines, module);
	if (r < 0) {
		lines_destroy(lines);
		return r;
	}
	*ret = lines;
	return 0;
}

/* ---- remembering ---------------------------------------------------------------- */

static struct remembered *slot_of(struct remembered *slots, uint32_t room, uint64_t address)
{
	uint32_t at = (uint32_t)hash_mix(address, hash_seed()) & (room - 1);

	while (slots[at].at && slots[at].address != address)
		at = (at + 1) & (room - 1);
	return &slots[at];
}

static int remember(struct lines *lines, uint64_t address, const struct line_at *line)
{
	const uint32_t room = lines->room ? lines->room * 2 : 64;
	const size_t length = offsetof(struct line_at, each) + line->count * sizeof(line->each[0]);
	struct line_at *kept = malloc(length);
	struct remembered *more;
	uint32_t i;

	if (!kept)
		return -ENOMEM;
	if (lines->count >= lines->room / 2) {
		more = calloc(room, sizeof(*more));
		if (!more) {
			free(kept);
			return -ENOMEM;
		}
		for (i = 0; i < lines->room; i++)
			if (lines->slots[i].at)
				*slot_of(more, room, lines->slots[i].address) = lines->slots[i];
		free(lines->slots);
		lines->slots = more;
		lines->room = room;
	}
	memcpy(kept, line, length);
	*slot_of(lines->slots, lines->room, address) = (struct remembered){ address, kept };
	lines->count++;
	return 0;
}

static int line_look_up(struct lines *lines, uint64_t address, int64_t deadline_ns, struct line_at *ret)
{
	Dwarf_Die buffer, *unit = NULL;
	int r;

	r = unit_find(lines, address, deadline_ns, &unit, &buffer);
	if (r == 0 && unit)
		r = line_read(lines, unit, address, ret);
	return r < 0 ? r : remember(lines, address, ret);
}

bool lines_cut(const struct module *module)
{
	return module->lines && module->lines->spent_ns > BOUND_LINES_MS * INT64_C(1000000);
}

int line_find(struct module *module, uint64_t address, struct line_at *ret)
{
	const int64_t begun = door_now_ns();
	const struct remembered *known;
	struct lines *lines;
	int r;

	ret->count = 0;
	if (!module->lines) {
		r = lines_create(module, &module->lines);
		if (r < 0)
			return r;
	}
	lines = module->lines;
	if (!lines->main.dwarf)
		return 0;
	known = lines->room ? slot_of(lines->slots, lines->room, address) : NULL;
	if (known && known->at) {
		memcpy(ret, known->at, offsetof(struct line_at, each) + known->at->count * sizeof(ret->each[0]));
		return 0;
	}
	if (lines_cut(module))
		return 0;
	memset(ret, 0, sizeof(*ret));
	r = line_look_up(lines, address, begun + BOUND_LINES_MS * INT64_C(1000000) - lines->spent_ns, ret);
	lines->spent_ns += door_now_ns() - begun;
	return r;
}

#else /* configured without libdw */

int line_find(struct module *module, uint64_t address, struct line_at *ret)
{
	(void)module;
	(void)address;
	ret->count = 0;
	return 0;
}

bool lines_cut(const struct module *module)
{
	(void)module;
	return false;
}

struct lines *lines_destroy(struct lines *lines)
{
	return lines;
}
#endif
