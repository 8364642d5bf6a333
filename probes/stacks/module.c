/* SPDX-License-Identifier: MIT */
/*
 * The modules of a run, by (device, inode) as maps shows them.  A device without a major number tells little
 * (files.c): there, what looks alike is one module only if stat(2) agrees.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "bounds.h"
#include "cfi.h"
#include "cleanup.h"
#include "debugfile.h"
#include "files.h"
#include "hash.h"
#include "lines.h"
#include "maps.h"
#include "sight.h"
#include "space_inner.h"
#include "symbols.h"

enum holding { HOLDS_NOTHING, HOLDS_MAPPING, HOLDS_COPY };

struct module_file {
	struct module module;
	dev_t stat_device;        /* 0 with stat_inode 0: never located */
	ino_t stat_inode;
	enum holding holding;     /* of module.elf.bytes */
};

struct modules {
	struct module_file **slots; /* open addressed; several may have the same key */
	uint32_t count, room;     /* room: 0, or a power of two and at least twice count */
	struct module_file *vdso; /* our own, which is everybody's */
	uint64_t vdso_length;
};

/* The vdso of one process, if it is not ours: keyed by the process. */
#define DEVICE_VDSO UINT64_MAX

int modules_create(struct modules **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

static struct module_file *file_destroy(struct module_file *file)
{
	void *bytes;
	size_t length;

	if (!file)
		return NULL;
	lines_destroy(file->module.lines); /* libdw reads the files below */
	symbols_destroy(file->module.symbols);
	debugfile_destroy(file->module.debug);
	bytes = (void *)(uintptr_t)file->module.elf.bytes;
	length = file->module.elf.length;
	cfi_index_destroy(file->module.index);
	elffile_deinit(&file->module.elf);
	if (file->holding == HOLDS_MAPPING)
		munmap(bytes, length);
	else if (file->holding == HOLDS_COPY)
		free(bytes);
	free((char *)(uintptr_t)file->module.path);
	free(file);
	return NULL;
}

struct modules *modules_destroy(struct modules *modules)
{
	uint32_t i;

	if (!modules)
		return NULL;
	for (i = 0; i < modules->room; i++)
		file_destroy(modules->slots[i]);
	file_destroy(modules->vdso);
	free(modules->slots);
	free(modules);
	return NULL;
}

/* ---- the table ------------------------------------------------------------------ */

static uint32_t slot_first(const struct modules *modules, uint64_t device, uint64_t inode)
{
	return (uint32_t)hash_mix(hash_mix(hash_seed(), device), inode) & (modules->room - 1);
}

static void slot_put(struct modules *modules, struct module_file *file)
{
	uint32_t at = slot_first(modules, file->module.device, file->module.inode);

	while (modules->slots[at])
		at = (at + 1) & (modules->room - 1);
	modules->slots[at] = file;
}

static int modules_grow(struct modules *modules)
{
	struct modules more = { .room = modules->room ? modules->room * 2 : 64 };
	uint32_t i;

	if (modules->count < modules->room / 2)
		return 0;
	more.slots = calloc(more.room, sizeof(*more.slots));
	if (!more.slots)
		return -ENOMEM;
	for (i = 0; i < modules->room; i++)
		if (modules->slots[i])
			slot_put(&more, modules->slots[i]);
	free(modules->slots);
	modules->slots = more.slots;
	modules->room = more.room;
	return 0;
}

/* A blank one, in the table. */
static int file_add(struct modules *modules, uint64_t device, uint64_t inode, const char *path, struct module_file **ret)
{
	struct module_file *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return -ENOMEM;
	file->module.device = device;
	file->module.inode = inode;
	file->module.sight = SIGHT_UNASKED;
	file->module.path = strdup(path);
	r = file->module.path ? modules_grow(modules) : -ENOMEM;
	if (r < 0) {
		file_destroy(file);
		return r;
	}
	slot_put(modules, file);
	modules->count++;
	*ret = file;
	return 0;
}

/* ---- modules -------------------------------------------------------------------- */

static int elf_begin(struct module_file *file, const uint8_t *bytes, size_t length, enum holding holding)
{
	int r = elffile_init(bytes, length, &file->module.elf);

	if (r == 0) {
		file->holding = holding;
		return 0;
	}
	if (holding == HOLDS_MAPPING)
		munmap((void *)(uintptr_t)bytes, length);
	else if (holding == HOLDS_COPY)
		free((void *)(uintptr_t)bytes);
	return r;
}

/* Our own trouble travels up, whatever else is met becomes the module's sight. */
static int module_seen(struct module_file *file, int r)
{
	if (r < 0)
		return r;
	file->module.sight = (uint8_t)r;
	return 0;
}

static int module_open(struct module_file *file, int located_fd, const struct stat *stat)
{
	const uint8_t *bytes;
	size_t length;
	int r;

	file->stat_device = stat->st_dev;
	file->stat_inode = stat->st_ino;
	r = file_map(located_fd, stat, &bytes, &length, &file->module.error);
	if (r == 0)
		r = elf_begin(file, bytes, length, HOLDS_MAPPING);
	return module_seen(file, r);
}

/* It could not be had through that process; through another one it may. */
static bool is_worth_a_try(const struct module_file *file, const struct space *space)
{
	switch (file->module.sight) {
	case SIGHT_OK: case SIGHT_STRANGE: case SIGHT_UNSUPPORTED:
		return false;
	default:
		return file->module.seen_by != space->via;
	}
}

static bool is_located(const struct module_file *file)
{
	return file->stat_device != 0 || file->stat_inode != 0;
}

/* ---- [vdso] --------------------------------------------------------------------- */

/* What the kernel maps for all programs of our kind; its length only maps tells. */
static int vdso_own(struct modules *modules)
{
	_cleanup_free_ char *line = NULL;
	const void *at = (const void *)getauxval(AT_SYSINFO_EHDR);
	size_t room = 0;
	ssize_t length;
	struct mapping mapping;
	struct module_file *file;

	if (modules->vdso)
		return 0;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	modules->vdso = file;
	file->module.sight = SIGHT_UNSUPPORTED;
	file->module.path = strdup("[vdso]");
	if (!file->module.path)
		return -ENOMEM;
	_cleanup_fclose_ FILE *maps = fopen("/proc/self/maps", "re");
	while (at && maps && (length = getline(&line, &room, maps)) > 0) {
		struct scan scan = scan_begin(line, (size_t)length);

		if (!mapping_next(&scan, &mapping) || mapping.start != (uintptr_t)at)
			continue;
		modules->vdso_length = mapping.end - mapping.start;
		return module_seen(file, elf_begin(file, at, modules->vdso_length, HOLDS_NOTHING));
	}
	return 0;
}

/* That of a process that brought another one along (restored from a checkpoint, of another personality). */
static int vdso_copy(struct space *space, const struct place *place, struct module_file *file)
{
	size_t length = place->region.end - place->region.start;
	void *bytes;

	if (length > BOUND_VDSO)
		return module_seen(file, SIGHT_STRANGE);
	bytes = malloc(length);
	if (!bytes)
		return -ENOMEM;
	if (!memory_live(space, place->region.start, bytes, length)) {
		free(bytes);
		return module_seen(file, SIGHT_DENIED);
	}
	return module_seen(file, elf_begin(file, bytes, length, HOLDS_COPY));
}

static int vdso_find(struct space *space, const struct place *place, struct module **ret)
{
	struct modules *modules = space->modules;
	struct module_file *file;
	uint32_t at;
	int r;

	r = vdso_own(modules);
	if (r < 0)
		return r;
	if (modules->vdso->module.sight == SIGHT_OK && place->region.end - place->region.start == modules->vdso_length) {
		*ret = &modules->vdso->module;
		return 0;
	}
	for (at = modules->room ? slot_first(modules, DEVICE_VDSO, (uint64_t)space->via) : 0;
	     modules->room && modules->slots[at]; at = (at + 1) & (modules->room - 1)) {
		file = modules->slots[at];
		if (file->module.device == DEVICE_VDSO && file->module.inode == (uint64_t)space->via) {
			*ret = &file->module;
			return 0;
		}
	}
	r = file_add(modules, DEVICE_VDSO, (uint64_t)space->via, "[vdso]", &file);
	if (r < 0)
		return r;
	*ret = &file->module;
	file->module.seen_by = space->via;
	return vdso_copy(space, place, file);
}

/* ---- the one way in ------------------------------------------------------------- */

int module_find(struct space *space, const struct place *place, struct module **ret)
{
	struct modules *modules = space->modules;
	_cleanup_close_ int fd = -1;
	struct module_file *file = NULL;
	struct stat stat;
	int sight = SIGHT_OK, error = 0, r;
	bool located = false;
	uint32_t at;

	if (place->inode == 0)
		return vdso_find(space, place, ret);
	for (at = modules->room ? slot_first(modules, place->device, place->inode) : 0;
	     modules->room && modules->slots[at]; at = (at + 1) & (modules->room - 1)) {
		struct module_file *other = modules->slots[at];

		if (other->module.inode != place->inode || other->module.device != place->device)
			continue;
		if (device_is_nameless(place->device) && !located) {
			fd = place_locate(space, place, &stat, &sight, &error);
			located = true;
		}
		if (fd >= 0 && is_located(other) &&
		    (other->stat_device != stat.st_dev || other->stat_inode != stat.st_ino))
			continue;
		file = other;
		break;
	}
	if (file && !is_worth_a_try(file, space)) {
		*ret = &file->module;
		return 0;
	}
	if (!located)
		fd = place_locate(space, place, &stat, &sight, &error);
	if (fd < 0 && sight < 0)
		return sight;
	if (!file) {
		r = file_add(modules, place->device, place->inode, space->text + place->path, &file);
		if (r < 0)
			return r;
	}
	file->module.deleted = place->deleted;
	file->module.seen_by = space->via;
	file->module.error = fd < 0 ? error : 0;
	*ret = &file->module;
	return fd < 0 ? module_seen(file, sight) : module_open(file, fd, &stat);
}
