/* SPDX-License-Identifier: MIT */
/*
 * Function symbols of one or more tables, sorted by address, and which of them names a place.
 * Takes bytes, believes none of them, and may be fed anything.
 */
#ifndef SYMTAB_H
#define SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elffile.h"

/** A table and its strings, both of the image elf: needed as long as the symtab is. */
struct symtab_source {
	const struct elffile *elf;
	struct span_of_file symbols, names;
};

enum { SYMTAB_SOURCES = 2 };

struct symtab;

/** Symbols in the executable segments of code.  0 or -ENOMEM. */
int symtab_create(const struct symtab_source *sources, size_t count, const struct elffile *code, struct symtab **ret);
struct symtab *symtab_destroy(struct symtab *symtab);

struct symtab_match {
	uint32_t which;           /**< Number of the symbol, for those who remember names. */
	uint64_t start;
	const char *name;         /**< In the strings, not terminated, without a version ("@@GLIBC_2.4"). */
	size_t length;            /**< At most BOUND_MANGLED. */
};

/**
 * The symbol that names an address as linked, chosen as libdwfl does: one with a size that covers it, global or
 * weak before local, then the nearest, then the stronger, then the shorter, then the first; without any, a label
 * that nothing ends behind.
 */
bool symtab_find(const struct symtab *symtab, uint64_t address, struct symtab_match *ret);

#endif
