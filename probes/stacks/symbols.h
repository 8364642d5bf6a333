/* SPDX-License-Identifier: MIT */
/*
 * What a place in a module is called: .symtab, else the debug file found by build-id or
 * .gnu_debuglink, else .gnu_debugdata, and .dynsym; demangled.  Never asks a network server.
 */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include "space.h"

struct symbols;
struct symbols *symbols_destroy(struct symbols *symbols);

struct symbol {
	const char *name;         /**< Demangled; the module's; NULL: nothing names it. */
	uint64_t into;            /**< Bytes from its start. */
};

/** The function that an address as linked lies in.  0 (name may be NULL) or -ENOMEM. */
int symbol_find(struct module *module, uint64_t address, struct symbol *ret);

#endif
