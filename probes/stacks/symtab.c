/* SPDX-License-Identifier: MIT */
/* Function symbols by address. */
#include "symtab.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

struct entry {
	uint64_t start;
	uint64_t reach;           /* the largest end of this one and of all before it */
	uint32_t size;            /* 0: a label */
	uint32_t which;           /* SOURCE_BIT, and the number in the table */
};

#define SOURCE_BIT (UINT32_C(1) << 31)

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

struct symtab {
	struct symtab_source sources[SYMTAB_SOURCES];
	struct entry *entries;    /* ascending by start, and in the order of their tables */
	uint32_t count;
};

static Elf64_Sym symbol_at(const struct symtab *symtab, uint32_t which)
{
	const struct symtab_source *source = &symtab->sources[which & SOURCE_BIT ? 1 : 0];
	Elf64_Sym ret;

	memcpy(&ret, source->symbols.bytes + (size_t)(which & ~SOURCE_BIT) * sizeof(ret), sizeof(ret));
	return ret;
}

/* ---- building ------------------------------------------------------------------- */

static bool lies_in_code(const struct elffile *code, uint64_t address)
{
	uint32_t i;

	for (i = 0; i < code->load_count; i++)
		if (code->loads[i].executable && address >= code->loads[i].address &&
		    address - code->loads[i].address < code->loads[i].length)
			return true;
	return false;
}

static bool is_function(const Elf64_Sym *symbol, const struct symtab_source *source)
{
	const unsigned type = ELF64_ST_TYPE(symbol->st_info);
	char first;

	if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) || symbol->st_shndx == SHN_UNDEF ||
	    symbol->st_shndx == SHN_ABS || symbol->st_name >= source->names.length)
		return false;
	first = (char)source->names.bytes[symbol->st_name];
	/* "$x", "$d": where code and data begin, on arm. */
	return first != '\0' && (type != STT_NOTYPE || first != '$');
}

static void source_read(struct symtab *symtab, uint32_t bit, size_t limit, const struct elffile *code)
{
	const struct symtab_source *source = &symtab->sources[bit ? 1 : 0];
	Elf64_Sym symbol;
	size_t i;

	for (i = 1; i < limit; i++) {
		symbol = symbol_at(symtab, (uint32_t)i | bit);
		if (!is_function(&symbol, source) || !lies_in_code(code, symbol.st_value))
			continue;
		symtab->entries[symtab->count++] = (struct entry){
			.start = symbol.st_value, .which = (uint32_t)i | bit,
			.size = symbol.st_size < UINT32_MAX ? (uint32_t)symbol.st_size : UINT32_MAX,
		};
	}
}

/* One pass of a radix sort; keeps the order of equals. */
static void sort_by_digit(const struct entry *from, struct entry *to, uint32_t count, uint64_t lowest, unsigned shift)
{
	uint32_t places[DIGITS] = { 0 }, before = 0, here, i;

	for (i = 0; i < count; i++)
		places[(from[i].start - lowest) >> shift & (DIGITS - 1)]++;
	for (i = 0; i < DIGITS; i++) {
		here = places[i];
		places[i] = before;
		before += here;
	}
	for (i = 0; i < count; i++)
		to[places[(from[i].start - lowest) >> shift & (DIGITS - 1)]++] = from[i];
}

static int sort(struct symtab *symtab)
{
	struct entry *from = symtab->entries, *to, *swap;
	uint64_t lowest = UINT64_MAX, highest = 0;
	unsigned shift;
	uint32_t i;

	to = malloc((symtab->count + 1) * sizeof(*to));
	if (!to)
		return -ENOMEM;
	for (i = 0; i < symtab->count; i++) {
		lowest = from[i].start < lowest ? from[i].start : lowest;
		highest = from[i].start > highest ? from[i].start : highest;
	}
	for (shift = 0; shift < 64 && symtab->count > 0 && (highest - lowest) >> shift != 0; shift += DIGIT_BITS) {
		sort_by_digit(from, to, symtab->count, lowest, shift);
		swap = from;
		from = to;
		to = swap;
	}
	symtab->entries = from;
	free(to);
	return 0;
}

static void reaches_set(struct symtab *symtab)
{
	uint64_t reach = 0, end;
	uint32_t i;

	for (i = 0; i < symtab->count; i++) {
		struct entry *entry = &symtab->entries[i];

		if (__builtin_add_overflow(entry->start, entry->size, &end))
			end = UINT64_MAX;
		reach = end > reach ? end : reach;
		entry->reach = reach;
	}
}

int symtab_create(const struct symtab_source *sources, size_t count, const struct elffile *code, struct symtab **ret)
{
	struct symtab *symtab = calloc(1, sizeof(*symtab));
	size_t limits[SYMTAB_SOURCES] = { 0 }, sum = 0, i;
	int r;

	if (!symtab)
		return -ENOMEM;
	for (i = 0; i < count && i < SYMTAB_SOURCES; i++) {
		symtab->sources[i] = sources[i];
		limits[i] = sources[i].symbols.length / sizeof(Elf64_Sym);
		if (limits[i] > BOUND_SYMBOLS)
			limits[i] = BOUND_SYMBOLS;
		sum += limits[i];
	}
	symtab->entries = malloc((sum + 1) * sizeof(*symtab->entries));
	if (!symtab->entries) {
		free(symtab);
		return -ENOMEM;
	}
	for (i = 0; i < SYMTAB_SOURCES; i++)
		source_read(symtab, i ? SOURCE_BIT : 0, limits[i], code);
	r = sort(symtab);
	if (r < 0) {
		symtab_destroy(symtab);
		return r;
	}
	reaches_set(symtab);
	*ret = symtab;
	return 0;
}

struct symtab *symtab_destroy(struct symtab *symtab)
{
	if (symtab)
		free(symtab->entries);
	free(symtab);
	return NULL;
}

/* ---- looking up ----------------------------------------------------------------- */

static int strength(const Elf64_Sym *symbol)
{
	switch (ELF64_ST_BIND(symbol->st_info)) {
	case STB_GLOBAL:
		return 3;
	case STB_WEAK:
		return 2;
	case STB_LOCAL:
		return 1;
	default:
		return 0;
	}
}

/* Both cover the address, and the other one stands behind in the order of the index. */
static bool is_better(const struct symtab *symtab, const struct entry *a, const struct entry *than)
{
	const Elf64_Sym one = symbol_at(symtab, a->which), other = symbol_at(symtab, than->which);
	const int strong = strength(&one), stronger = strength(&other);

	if ((strong > 1) != (stronger > 1))
		return strong > 1;
	if (a->start != than->start)
		return false; /* the other one is nearer */
	return strong != stronger ? strong > stronger : a->size <= than->size;
}

/* How many begin at the address or before. */
static uint32_t count_before(const struct symtab *symtab, uint64_t address)
{
	uint32_t low = 0, high = symtab->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (symtab->entries[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct entry *covering(const struct symtab *symtab, uint32_t before, uint64_t address)
{
	const struct entry *found = NULL, *entry;
	uint32_t steps;

	for (steps = 0; steps < before && steps < BOUND_SYMBOL_STEPS; steps++) {
		entry = &symtab->entries[before - 1 - steps];
		if (entry->reach <= address)
			break;
		if (address - entry->start < entry->size && (!found || is_better(symtab, entry, found)))
			found = entry;
	}
	return found;
}

/* Of assembly: the last label before it, if no sized symbol ends behind that, in its section. */
static const struct entry *label(const struct symtab *symtab, uint32_t before, uint64_t address)
{
	const struct entry *entry, *found = NULL;
	Elf64_Sym symbol;
	uint32_t steps;

	for (steps = 0; steps < before && steps < BOUND_SYMBOL_STEPS; steps++) {
		entry = &symtab->entries[before - 1 - steps];
		if (entry->size != 0 || entry->start < symtab->entries[before - 1].reach ||
		    (found && entry->start != found->start))
			break;
		symbol = symbol_at(symtab, entry->which);
		if (elffile_section_holds(symtab->sources[entry->which & SOURCE_BIT ? 1 : 0].elf, symbol.st_shndx, address) &&
		    (!found || is_better(symtab, entry, found)))
			found = entry;
	}
	return found;
}

bool symtab_find(const struct symtab *symtab, uint64_t address, struct symtab_match *ret)
{
	const uint32_t before = count_before(symtab, address);
	const struct symtab_source *source;
	const struct entry *found;
	Elf64_Sym symbol;
	size_t room;
	const char *at;

	found = covering(symtab, before, address);
	if (!found)
		found = label(symtab, before, address);
	if (!found)
		return false;
	source = &symtab->sources[found->which & SOURCE_BIT ? 1 : 0];
	symbol = symbol_at(symtab, found->which);
	if (symbol.st_name >= source->names.length)
		return false;
	room = source->names.length - symbol.st_name;
	room = room < BOUND_MANGLED ? room : BOUND_MANGLED;
	*ret = (struct symtab_match){ .which = found->which, .start = found->start,
				      .name = (const char *)source->names.bytes + symbol.st_name };
	ret->length = strnlen(ret->name, room);
	at = memchr(ret->name, '@', ret->length);
	if (at > ret->name)
		ret->length = (size_t)(at - ret->name);
	return ret->length > 0;
}
