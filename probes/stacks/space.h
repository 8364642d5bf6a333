/* SPDX-License-Identifier: MIT */
/*
 * What is mapped where in one process, and the files behind it, which all processes of a run
 * share by (device, inode).  Files are opened through map_files, else through the process's
 * root and compared; only regular ones.  Runs in the errand that takes stacks.
 */
#ifndef SPACE_H
#define SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "elffile.h"

/** A mapped file, once for a run: two that maps shows alike but which are not (subvolumes) are two. */
struct module {
	uint64_t device, inode;   /**< device as in maps: major << 20 | minor. */
	const char *path;         /**< As maps shows it first, less " (deleted)"; "[vdso]".  The path of that process: it may
	                               name another file here. */
	bool deleted;
	uint8_t sight;            /**< OK: elf may be used.  Else why not: STRANGE no ELF file, UNSUPPORTED no 64-bit one or
	                               on a pseudo filesystem, MOVED that path is another file by now ... */
	int error;                /**< errno as met, for the gap. */
	pid_t seen_by;            /**< Task through which it was opened. */
	struct elffile elf;
	struct debugfile *debug;  /**< debugfile.h: its separate debug file; NULL until looked for. */
	struct symbols *symbols;  /**< symbols.h; NULL until a name was asked for. */
	struct cfi_index *index;  /**< cfi.h: of plain .eh_frame or .debug_frame; NULL until needed. */
	struct lines *lines;      /**< lines.h; NULL until a line was asked for. */
};

enum region_kind {
	REGION_FILE,              /**< Has a file behind it, or is [vdso]. */
	REGION_JIT,               /**< Executable, no file, or one that is no ELF file: generated code. */
	REGION_STACK,             /**< "[stack]", or where a stack pointer was seen to point. */
	REGION_OTHER,
};

struct region {
	uint64_t start, end;      /**< Addresses; end is the first beyond. */
	uint64_t offset;          /**< In the file, of start. */
	uint64_t bias;            /**< Address as linked = address - bias; of files, set by region_module(). */
	uint8_t kind;             /**< enum region_kind */
	bool executable, writable;
	bool placed;              /**< bias is known. */
	struct module *module;    /**< Set by region_module(), also when it could not be opened (module->sight); or NULL. */
};

struct space;
struct modules;               /**< All files of a run. */

int modules_create(struct modules **ret);
struct modules *modules_destroy(struct modules *modules);

/**
 * Read the maps of a process, through another of its threads if its first one has ended.
 * 0; SIGHT_CUT: *ret is set, regions beyond BOUND_REGIONS are not in it; SIGHT_GONE (also: it has no memory),
 * SIGHT_DENIED, SIGHT_UNSUPPORTED (a 32-bit process); -errno.
 * Files are opened when first needed (region_module()).
 */
int space_open(struct modules *modules, pid_t pid, struct space **ret);
struct space *space_close(struct space *space);
/**
 * Read maps anew (dlopen in between two samples, exec): a cheap check first is the caller's.  Regions found before
 * are gone, modules stay.  As space_open(); if it fails the old regions stay.
 */
int space_renew(struct space *space);
pid_t space_pid(const struct space *space);

/** The region an address lies in, or NULL. */
const struct region *space_find(const struct space *space, uint64_t address);
/** The first region that ends behind it, or NULL. */
const struct region *space_next(const struct space *space, uint64_t address);
/**
 * The module of a file region, opened now if it was not yet; NULL if it is no file, could not be opened, is no
 * ELF file, or none of its regions is executable (such files are never opened: they may be anything, and
 * a first read of some has effects).
 */
struct module *region_module(struct space *space, const struct region *region);

/**
 * Memory for unwinding: from the copied stack, else from the file where that is never written,
 * else live from the process where pagemap says that it is resident (*live is then set).  False: not to be had.
 */
struct memory_view {
	struct space *space;
	uint64_t stack_at;
	const uint8_t *stack;
	size_t stack_length;
	unsigned live_reads;      /**< Counted; refused beyond BOUND_LIVE_READS. */
};
bool memory_read(struct memory_view *view, uint64_t address, void *to, size_t length, bool *live);

#endif
