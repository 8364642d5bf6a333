/* SPDX-License-Identifier: MIT */
/* The regions of one process, out of /proc/PID/maps, and which module each belongs to. */
#include "space.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "maps.h"
#include "space_inner.h"

enum { CHUNK = 64 << 10, ADDRESS_32_BITS = 32 };

/* ---- reading maps --------------------------------------------------------------- */

static int text_put(struct space *space, const char *text, size_t length, uint32_t *ret)
{
	size_t room;

	/* Lines of one file stand together. */
	if (space->count > 0) {
		*ret = space->places[space->count - 1].path;
		if (!strncmp(space->text + *ret, text, length) && space->text[*ret + length] == '\0')
			return 0;
	}
	if (length >= space->text_room - space->text_length) {
		room = 2 * space->text_room + length + 4096;
		char *more = realloc(space->text, room);
		if (!more)
			return -ENOMEM;
		space->text = more;
		space->text_room = room;
	}
	*ret = (uint32_t)space->text_length;
	memcpy(space->text + space->text_length, text, length);
	space->text_length += length;
	space->text[space->text_length++] = '\0';
	return 0;
}

static bool path_is(const struct mapping *mapping, const char *name)
{
	return mapping->path_length == strlen(name) && !memcmp(mapping->path, name, mapping->path_length);
}

static enum region_kind kind_of(const struct mapping *mapping)
{
	if (mapping->inode != 0 || path_is(mapping, "[vdso]"))
		return REGION_FILE;
	if (path_is(mapping, "[stack]"))
		return REGION_STACK;
	return mapping->executable && !path_is(mapping, "[vsyscall]") ? REGION_JIT : REGION_OTHER;
}

static int place_add(struct space *space, const struct mapping *mapping)
{
	const uint32_t room = space->room ? space->room * 2 : 256;
	struct place *place;
	uint32_t path;
	int r;

	if (space->count == BOUND_REGIONS)
		return SIGHT_CUT;
	if (space->count == space->room) {
		place = reallocarray(space->places, room, sizeof(*place));
		if (!place)
			return -ENOMEM;
		space->places = place;
		space->room = room;
	}
	/* The kernel lists them in order; a search relies on it. */
	if (space->count > 0 && mapping->start < space->places[space->count - 1].region.end)
		return 0;
	r = text_put(space, mapping->path, mapping->path_length, &path);
	if (r < 0)
		return r;
	space->places[space->count++] = (struct place){
		.region = { .start = mapping->start, .end = mapping->end, .offset = mapping->offset,
			    .kind = (uint8_t)kind_of(mapping),
			    .executable = mapping->executable, .writable = mapping->writable },
		.device = mapping->device, .inode = mapping->inode, .path = path, .deleted = mapping->deleted,
	};
	return 0;
}

static int lines_take(struct space *space, struct scan *scan)
{
	struct mapping mapping;
	int r = 0;

	while (r == 0 && mapping_next(scan, &mapping))
		r = place_add(space, &mapping);
	return r;
}

/* In pieces: a process may have 65,530 regions or more.  Into a blank space. */
static int maps_read(struct space *space)
{
	_cleanup_free_ char *text = malloc(CHUNK);
	size_t used = 0, whole;
	const char *last;
	char path[32];
	ssize_t n;
	int r = 0;

	if (!text)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/maps", space->via);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_is_ours(errno) ? -errno : sight_of_errno(errno);
	while (r == 0 && (n = read(fd, text + used, CHUNK - used)) > 0) {
		used += (size_t)n;
		last = memrchr(text, '\n', used);
		if (!last && used < CHUNK)
			continue;
		whole = last ? (size_t)(last - text) + 1 : used;
		struct scan scan = scan_begin(text, whole);
		r = lines_take(space, &scan);
		memmove(text, text + whole, used - whole);
		used -= whole;
	}
	if (n < 0)
		return error_is_ours(errno) ? -errno : sight_of_errno(errno);
	return r;
}

/* The first thread of a process may have ended before the others; its memory is theirs. */
static int maps_read_of_another(struct space *space)
{
	const struct dirent *entry;
	char path[32];
	int r = SIGHT_GONE;

	snprintf(path, sizeof(path), "/proc/%d/task", space->pid);
	_cleanup_closedir_ DIR *tasks = opendir(path);
	while (tasks && space->count == 0 && (r == SIGHT_GONE || r == 0) && (entry = readdir(tasks))) {
		space->via = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)strtol(entry->d_name, NULL, 10) : 0;
		r = space->via > 0 && space->via != space->pid ? maps_read(space) : SIGHT_GONE;
	}
	if (space->count == 0 && r == 0)
		r = SIGHT_GONE;
	return r;
}

static void regions_deinit(struct space *space)
{
	free(space->places);
	free(space->text);
	if (space->pagemap_fd >= 0)
		close(space->pagemap_fd);
	if (space->memory_fd >= 0)
		close(space->memory_fd);
}

static int regions_init(struct space *space, struct modules *modules, pid_t pid)
{
	int r;

	*space = (struct space){ .modules = modules, .pid = pid, .via = pid, .pagemap_fd = -1, .memory_fd = -1 };
	r = maps_read(space);
	if (space->count == 0 && (r == 0 || r == SIGHT_GONE))
		r = maps_read_of_another(space);
	if ((r == 0 || r == SIGHT_CUT) && space->places[space->count - 1].region.end <= UINT64_C(1) << ADDRESS_32_BITS)
		r = SIGHT_UNSUPPORTED; /* the stack of a 64-bit program lies far above */
	if (r != 0 && r != SIGHT_CUT)
		regions_deinit(space);
	return r;
}

int space_open(struct modules *modules, pid_t pid, struct space **ret)
{
	struct space *space = malloc(sizeof(*space));
	int r;

	if (!space)
		return -ENOMEM;
	r = regions_init(space, modules, pid);
	if (r != 0 && r != SIGHT_CUT) {
		free(space);
		return r;
	}
	*ret = space;
	return r;
}

struct space *space_close(struct space *space)
{
	if (space)
		regions_deinit(space);
	free(space);
	return NULL;
}

int space_renew(struct space *space)
{
	struct space fresh;
	int r = regions_init(&fresh, space->modules, space->pid);

	if (r != 0 && r != SIGHT_CUT)
		return r;
	regions_deinit(space);
	*space = fresh;
	return r;
}

pid_t space_pid(const struct space *space)
{
	return space->pid;
}

/* ---- looking up ----------------------------------------------------------------- */

const struct region *space_next(const struct space *space, uint64_t address)
{
	uint32_t low = 0, high = space->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (space->places[middle].region.end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < space->count ? &space->places[low].region : NULL;
}

const struct region *space_find(const struct space *space, uint64_t address)
{
	const struct region *ret = space_next(space, address);

	return ret && ret->start <= address ? ret : NULL;
}

static bool is_same_file(const struct place *a, const struct place *b)
{
	return a->inode == b->inode && a->device == b->device && a->path == b->path;
}

/* The code nearest to it among the regions of the same file that stand together. */
static struct place *code_of(struct space *space, struct place *place)
{
	struct place *const end = space->places + space->count, *at;

	for (at = place; at < end && is_same_file(at, place); at++)
		if (at->region.executable)
			return at;
	for (at = place; at >= space->places && is_same_file(at, place); at--)
		if (at->region.executable)
			return at;
	return NULL;
}

static int code_open(struct space *space, struct place *code)
{
	struct region *region = &code->region;
	uint64_t linked;
	int r;

	if (region->module || region->kind != REGION_FILE)
		return 0;
	r = module_find(space, code, &region->module);
	if (r < 0)
		return r;
	if (region->module->sight == SIGHT_STRANGE)
		region->kind = REGION_JIT;
	region->placed = region->module->sight == SIGHT_OK &&
			 elffile_address(&region->module->elf, region->offset, &linked);
	if (region->placed)
		region->bias = region->start - linked;
	return 0;
}

struct module *region_module(struct space *space, const struct region *region)
{
	struct place *place = space->places + ((const struct place *)(const void *)region - space->places);
	struct place *code;

	if (place->region.kind != REGION_FILE)
		return NULL;
	if (!place->region.module) {
		code = code_of(space, place);
		if (!code || code_open(space, code) < 0)
			return NULL;
		place->region.module = code->region.module;
		place->region.bias = code->region.bias;
		place->region.placed = code->region.placed;
	}
	return place->region.placed ? place->region.module : NULL;
}
