/* SPDX-License-Identifier: MIT */
/* Finding and checking separate debug files. */
#include "debugfile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

#include "bounds.h"
#include "cleanup.h"
#include "files.h"
#include "sight.h"

struct found {
	bool is;
	struct elffile elf;
};

struct debugfile {
	struct found own, shared;
};

/* What tells that a file is the one: a build-id if there is one, else a checksum. */
struct wanted {
	struct span_of_file build_id;
	const uint32_t *crc;      /* NULL: only the build-id may tell */
};

static const char debug_root[] = "/usr/lib/debug";

static void found_end(struct found *found)
{
	void *bytes = (void *)(uintptr_t)found->elf.bytes;
	size_t length = found->elf.length;

	if (!found->is)
		return;
	elffile_deinit(&found->elf);
	munmap(bytes, length);
}

struct debugfile *debugfile_destroy(struct debugfile *debug)
{
	if (debug) {
		found_end(&debug->own);
		found_end(&debug->shared);
	}
	free(debug);
	return NULL;
}

/* Name, NUL, up to three more, checksum. */
bool debuglink_parse(struct span_of_file section, const char **name, uint32_t *crc)
{
	const size_t length = section.bytes ? strnlen((const char *)section.bytes, section.length) : 0;
	const size_t at = (length + 4) & ~(size_t)3;

	if (length == 0 || length > BOUND_PATH || at > section.length || section.length - at < sizeof(*crc) ||
	    memchr(section.bytes, '/', length))
		return false;
	*name = (const char *)section.bytes;
	memcpy(crc, section.bytes + at, sizeof(*crc));
	return strcmp(*name, "..") != 0 && strcmp(*name, ".") != 0;
}

static uint32_t checksum(const uint8_t *bytes, size_t length)
{
	const size_t piece = 1 << 30;
	uLong ret = crc32(0, NULL, 0);

	for (; length > piece; bytes += piece, length -= piece)
		ret = crc32(ret, bytes, piece);
	return (uint32_t)crc32(ret, bytes, (uInt)length);
}

static bool is_the_one(const struct wanted *wanted, const struct elffile *elf)
{
	if (wanted->build_id.bytes && elf->build_id.bytes)
		return wanted->build_id.length == elf->build_id.length &&
		       !memcmp(wanted->build_id.bytes, elf->build_id.bytes, elf->build_id.length);
	return wanted->crc && elf->length <= BOUND_DEBUG_CRC && checksum(elf->bytes, elf->length) == *wanted->crc;
}

/* 0 also when nothing is there; -errno of our own. */
__attribute__((__format__(__printf__, 3, 4)))
static int try(struct found *found, const struct wanted *wanted, const char *format, ...)
{
	char path[BOUND_FILE_PATH];
	const uint8_t *bytes;
	struct elffile elf;
	struct stat stat;
	va_list arguments;
	size_t length;
	int error, r;

	if (found->is)
		return 0;
	va_start(arguments, format);
	r = vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	if (r >= (int)sizeof(path))
		return 0;
	_cleanup_close_ int fd = file_locate(path, &stat);
	if (fd < 0)
		return 0;
	r = file_map(fd, &stat, &bytes, &length, &error);
	if (r != 0)
		return r < 0 ? r : 0;
	r = elffile_init(bytes, length, &elf);
	if (r == 0 && (elf.symtab.bytes || elf.debug_info) && is_the_one(wanted, &elf)) {
		*found = (struct found){ true, elf };
		return 0;
	}
	if (r == 0)
		elffile_deinit(&elf);
	munmap((void *)(uintptr_t)bytes, length);
	return r < 0 ? r : 0;
}

static int find_by_build_id(struct found *found, struct span_of_file id, const char *root)
{
	const struct wanted wanted = { .build_id = id };
	char rest[2 * BOUND_BUILD_ID + 1] = "";
	size_t i;

	if (id.length < 2 || id.length > BOUND_BUILD_ID)
		return 0;
	for (i = 1; i < id.length; i++)
		snprintf(rest + 2 * (i - 1), 3, "%02x", id.bytes[i]);
	return try(found, &wanted, "%s%s/.build-id/%02x/%s.debug", root, debug_root, id.bytes[0], rest);
}

static int find_by_name(struct found *found, const struct module *module, const char *root)
{
	const char *slash = strrchr(module->path, '/'), *name;
	struct wanted wanted = { .build_id = module->elf.build_id };
	uint32_t crc;
	int folder, r;

	if (!slash || module->path[0] != '/' || !debuglink_parse(module->elf.debuglink, &name, &crc))
		return 0;
	wanted.crc = &crc;
	folder = (int)(slash - module->path);
	r = try(found, &wanted, "%s%.*s/.debug/%s", root, folder, module->path, name);
	if (r == 0)
		r = try(found, &wanted, "%s%s%.*s/%s", root, debug_root, folder, module->path, name);
	if (r == 0 && strcmp(name, slash + 1) != 0)
		r = try(found, &wanted, "%s%.*s/%s", root, folder, module->path, name);
	return r;
}

static void root_of(const struct module *module, char ret[32])
{
	snprintf(ret, 32, "/proc/%d/root", module->seen_by);
}

int debugfile_find(struct module *module, const struct elffile **ret)
{
	struct found *found;
	char root[32];
	int r = 0;

	if (!module->debug) {
		module->debug = calloc(1, sizeof(*module->debug));
		if (!module->debug)
			return -ENOMEM;
		found = &module->debug->own;
		root_of(module, root);
		r = find_by_build_id(found, module->elf.build_id, "");
		if (r == 0)
			r = find_by_build_id(found, module->elf.build_id, root);
		if (r == 0)
			r = find_by_name(found, module, root);
		if (r == 0)
			r = find_by_name(found, module, "");
	}
	*ret = module->debug->own.is ? &module->debug->own.elf : NULL;
	return r;
}

int debugfile_find_shared(struct module *module, const char *name, const uint8_t *id, size_t id_length,
			  const struct elffile **ret)
{
	static const char folder[] = "/.dwz/";
	const struct wanted wanted = { .build_id = { id, id_length, 0 } };
	const char *end = strstr(name, folder);
	const struct elffile *own;
	struct found *found;
	char root[32];
	int r;

	*ret = NULL;
	if (id_length == 0 || strlen(name) > BOUND_PATH)
		return 0;
	r = debugfile_find(module, &own); /* also makes module->debug */
	if (r < 0)
		return r;
	found = &module->debug->shared;
	root_of(module, root);
	r = find_by_build_id(found, wanted.build_id, "");
	if (r == 0)
		r = find_by_build_id(found, wanted.build_id, root);
	if (r == 0 && end)
		r = try(found, &wanted, "%s%s", debug_root, end);
	if (r == 0 && end)
		r = try(found, &wanted, "%s%s%s", root, debug_root, end);
	if (r == 0 && name[0] == '/')
		r = try(found, &wanted, "%s%s", root, name);
	*ret = found->is ? &found->elf : NULL;
	return r;
}
