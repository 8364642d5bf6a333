/* SPDX-License-Identifier: MIT */
/* Names of places in a module: which tables it has, and names remembered. */
#include "symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "debugfile.h"
#include "demangle.h"
#include "map32.h"
#include "minidebug.h"
#include "symtab.h"

struct symbols {
	struct symtab *symtab;
	struct elffile minidebug; /* bytes NULL: none, or not needed */
	void *unpacked;           /* what holds it */
	struct map32 named;       /* from a symbol's number to its place in names */
	char **names;
	uint32_t count, room;
};

struct symbols *symbols_destroy(struct symbols *symbols)
{
	uint32_t i;

	if (!symbols)
		return NULL;
	symtab_destroy(symbols->symtab);
	elffile_deinit(&symbols->minidebug);
	free(symbols->unpacked);
	for (i = 0; i < symbols->count; i++)
		free(symbols->names[i]);
	free(symbols->names);
	map32_deinit(&symbols->named);
	free(symbols);
	return NULL;
}

static struct symtab_source table_of(const struct elffile *elf)
{
	return (struct symtab_source){ elf, elf->symtab, elf->strtab };
}

/* What .dynsym has is in .symtab too, if there is one anywhere. */
static int sources_find(struct symbols *symbols, struct module *module, struct symtab_source *sources, size_t *count)
{
	const struct elffile *elf = &module->elf, *debug;
	int r;

	*count = 1;
	sources[0] = table_of(elf);
	if (elf->symtab.bytes)
		return 0;
	r = debugfile_find(module, &debug);
	if (r < 0)
		return r;
	if (debug) {
		sources[0] = table_of(debug);
		return 0;
	}
	sources[0] = (struct symtab_source){ elf, elf->dynsym, elf->dynstr };
	if (!elf->minidebug.bytes)
		return 0;
	r = minidebug_unpack(elf->minidebug, &symbols->unpacked, &symbols->minidebug);
	if (r == 0)
		sources[(*count)++] = table_of(&symbols->minidebug);
	else
		symbols->unpacked = NULL;
	return r < 0 ? r : 0;
}

static int symbols_create(struct module *module, struct symbols **ret)
{
	struct symtab_source sources[SYMTAB_SOURCES];
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	size_t count;
	int r;

	if (!symbols)
		return -ENOMEM;
	r = sources_find(symbols, module, sources, &count);
	if (r == 0)
		r = symtab_create(sources, count, &module->elf, &symbols->symtab);
	if (r < 0) {
		symbols_destroy(symbols);
		return r;
	}
	*ret = symbols;
	return 0;
}

static int name_add(struct symbols *symbols, const struct symtab_match *match, const char **ret)
{
	const uint32_t room = symbols->room ? symbols->room * 2 : 64;
	char name[BOUND_NAME], **more;
	int r;

	if (symbols->count == symbols->room) {
		more = reallocarray(symbols->names, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		symbols->names = more;
		symbols->room = room;
	}
	demangle(match->name, match->length, name);
	symbols->names[symbols->count] = strdup(name);
	if (!symbols->names[symbols->count])
		return -ENOMEM;
	*ret = symbols->names[symbols->count++];
	r = map32_put(&symbols->named, match->which, symbols->count - 1);
	return r;
}

int symbol_find(struct module *module, uint64_t address, struct symbol *ret)
{
	struct symtab_match match;
	uint32_t known;
	int r;

	*ret = (struct symbol){ 0 };
	if (!module->symbols) {
		r = symbols_create(module, &module->symbols);
		if (r < 0)
			return r;
	}
	if (!symtab_find(module->symbols->symtab, address, &match))
		return 0;
	ret->into = address - match.start;
	known = map32_get(&module->symbols->named, match.which);
	if (known == MAP32_NONE)
		return name_add(module->symbols, &match, &ret->name);
	ret->name = module->symbols->names[known];
	return 0;
}
