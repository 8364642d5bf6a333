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

struct debugfile {
	bool found;
	struct elffile elf;
};

static const char debug_root[] = "/usr/lib/debug";

struct debugfile *debugfile_destroy(struct debugfile *debug)
{
	if (debug && debug->found) {
		void *bytes = (void *)(uintptr_t)debug->elf.bytes;
		size_t length = debug->elf.length;

		elffile_deinit(&debug->elf);
		munmap(bytes, length);
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

static bool is_the_one(const struct elffile *of, const struct elffile *elf, const uint32_t *crc)
{
	if (of->build_id.bytes && elf->build_id.bytes)
		return of->build_id.length == elf->build_id.length &&
		       !memcmp(of->build_id.bytes, elf->build_id.bytes, elf->build_id.length);
	return crc && elf->length <= BOUND_DEBUG_CRC && checksum(elf->bytes, elf->length) == *crc;
}

/* 0 also when nothing is there; -errno of our own.  crc NULL: only the build-id may tell. */
__attribute__((__format__(__printf__, 4, 5)))
static int try(struct debugfile *debug, const struct module *module, const uint32_t *crc, const char *format, ...)
{
	char path[BOUND_FILE_PATH];
	const uint8_t *bytes;
	struct elffile elf;
	struct stat stat;
	va_list arguments;
	size_t length;
	int error, r;

	if (debug->found)
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
	if (r == 0 && elf.symtab.bytes && is_the_one(&module->elf, &elf, crc)) {
		debug->elf = elf;
		debug->found = true;
		return 0;
	}
	if (r == 0)
		elffile_deinit(&elf);
	munmap((void *)(uintptr_t)bytes, length);
	return r < 0 ? r : 0;
}

static int find_by_build_id(struct debugfile *debug, const struct module *module, const char *root)
{
	const struct span_of_file *id = &module->elf.build_id;
	char rest[2 * BOUND_BUILD_ID + 1] = "";
	size_t i;

	if (id->length < 2)
		return 0;
	for (i = 1; i < id->length; i++)
		snprintf(rest + 2 * (i - 1), 3, "%02x", id->bytes[i]);
	return try(debug, module, NULL, "%s%s/.build-id/%02x/%s.debug", root, debug_root, id->bytes[0], rest);
}

static int find_by_name(struct debugfile *debug, const struct module *module, const char *root)
{
	const char *slash = strrchr(module->path, '/'), *name;
	uint32_t crc;
	int folder, r;

	if (!slash || module->path[0] != '/' || !debuglink_parse(module->elf.debuglink, &name, &crc))
		return 0;
	folder = (int)(slash - module->path);
	r = try(debug, module, &crc, "%s%.*s/.debug/%s", root, folder, module->path, name);
	if (r == 0)
		r = try(debug, module, &crc, "%s%s%.*s/%s", root, debug_root, folder, module->path, name);
	if (r == 0 && strcmp(name, slash + 1) != 0)
		r = try(debug, module, &crc, "%s%.*s/%s", root, folder, module->path, name);
	return r;
}

int debugfile_find(struct module *module, const struct elffile **ret)
{
	char root[32];
	int r = 0;

	if (!module->debug) {
		module->debug = calloc(1, sizeof(*module->debug));
		if (!module->debug)
			return -ENOMEM;
		snprintf(root, sizeof(root), "/proc/%d/root", module->seen_by);
		r = find_by_build_id(module->debug, module, "");
		if (r == 0)
			r = find_by_build_id(module->debug, module, root);
		if (r == 0)
			r = find_by_name(module->debug, module, root);
		if (r == 0)
			r = find_by_name(module->debug, module, "");
	}
	*ret = module->debug->found ? &module->debug->elf : NULL;
	return r;
}
