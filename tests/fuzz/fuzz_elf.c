/* SPDX-License-Identifier: MIT */
/* Any bytes as an ELF file: its parts, its symbols, what it brings along, the name of its debug file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "sight.h"
#include "stacks/debugfile.h"
#include "stacks/demangle.h"
#include "stacks/elffile.h"
#include "stacks/minidebug.h"
#include "stacks/symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t sum;

/* All bytes that are handed out can be read. */
static void touch(struct span_of_file span)
{
	if (span.bytes && span.length == 0)
		abort();
	if (span.bytes)
		sum = (uint8_t)(sum + span.bytes[0] + span.bytes[span.length - 1]);
}

static void names(const struct elffile *elf, const struct elffile *other)
{
	const struct symtab_source sources[] = {
		{ elf, elf->symtab.bytes ? elf->symtab : elf->dynsym, elf->symtab.bytes ? elf->strtab : elf->dynstr },
		{ other, other->symtab, other->strtab },
	};
	char name[BOUND_NAME];
	struct symtab_match match;
	struct symtab *symtab;
	uint64_t address;
	uint32_t i, j;

	if (symtab_create(sources, 2, elf, &symtab) != 0)
		return;
	for (i = 0; i < elf->load_count; i++)
		for (j = 0; j < 64; j++) {
			address = elf->loads[i].address + elf->loads[i].length * j / 64;
			if (!symtab_find(symtab, address, &match))
				continue;
			if (match.start > address || match.length == 0 || match.length > BOUND_MANGLED)
				abort();
			demangle(match.name, match.length, name);
			if (strlen(name) >= BOUND_NAME)
				abort();
		}
	symtab_destroy(symtab);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elffile elf, mini = { 0 };
	void *memory = NULL;
	const char *name;
	uint64_t address;
	uint32_t crc, i;

	if (elffile_init(data, size, &elf) != 0)
		return 0;
	touch(elf.eh_frame_hdr);
	touch(elf.eh_frame);
	touch(elf.debug_frame);
	touch(elf.symtab);
	touch(elf.strtab);
	touch(elf.dynsym);
	touch(elf.dynstr);
	touch(elf.minidebug);
	touch(elf.build_id);
	touch(elf.sections);
	if (debuglink_parse(elf.debuglink, &name, &crc) && (strlen(name) == 0 || strchr(name, '/')))
		abort();
	for (i = 0; i < elf.load_count; i++) {
		const uint8_t *bytes = elffile_at(&elf, elf.loads[i].address, 1);

		if (bytes)
			sum = (uint8_t)(sum + *bytes);
		if (elf.loads[i].length > 0 && !elffile_address(&elf, elf.loads[i].offset, &address))
			abort();
	}
	if (elf.minidebug.bytes && minidebug_unpack(elf.minidebug, &memory, &mini) != 0)
		memory = NULL;
	names(&elf, &mini);
	if (memory)
		elffile_deinit(&mini);
	free(memory);
	elffile_deinit(&elf);
	return 0;
}
