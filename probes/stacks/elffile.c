/* SPDX-License-Identifier: MIT */
/*
 * Where the parts of an ELF image lie: its program headers, its section headers, its build-id.
 *
 * Every header is copied out before it is looked at (nothing in a file need be aligned, and it may
 * change under us), and every part is checked to lie in the image before it is handed out.
 */
#include "elffile.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "inflate.h"
#include "sight.h"

enum {
	PAGE_LARGEST = 64 << 10,        /* a segment begins less than a page into its mapping */
	SHT_UNWIND_X86_64 = 0x70000001, /* what some linkers call .eh_frame */
	EH_PCREL_SDATA4 = 0x1b,         /* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
	NOTE_HEADER = 12,
};

/* A part of the image, if all of it is there. */
static bool part(const struct elffile *elf, uint64_t offset, uint64_t length, struct span_of_file *ret)
{
	if (offset > elf->length || length > elf->length - offset || length == 0)
		return false;
	*ret = (struct span_of_file){ elf->bytes + offset, length, 0 };
	return true;
}

/* ---- program headers ------------------------------------------------------------ */

static void load_read(struct elffile *elf, const Elf64_Phdr *header)
{
	struct span_of_file span;
	uint64_t end;

	if (elf->load_count == ELF_LOADS || !part(elf, header->p_offset, header->p_filesz, &span) ||
	    __builtin_add_overflow(header->p_vaddr, header->p_filesz, &end))
		return;
	elf->loads[elf->load_count++] = (struct load_of_file){
		.offset = header->p_offset, .length = header->p_filesz, .address = header->p_vaddr,
		.writable = header->p_flags & PF_W, .executable = header->p_flags & PF_X,
	};
}

/* Notes: name length, descriptor length, type; then both, each padded to words. */
static void notes_read(struct elffile *elf, struct span_of_file notes)
{
	static const char gnu[4] = "GNU";

	while (!elf->build_id.bytes && notes.length >= NOTE_HEADER) {
		uint32_t word[3];
		uint64_t name, descriptor;

		memcpy(word, notes.bytes, NOTE_HEADER);
		name = ((uint64_t)word[0] + 3) & ~UINT64_C(3);
		descriptor = ((uint64_t)word[1] + 3) & ~UINT64_C(3);
		if (name + word[1] > notes.length - NOTE_HEADER)
			return;
		if (word[2] == NT_GNU_BUILD_ID && word[0] == sizeof(gnu) && word[1] > 0 && word[1] <= BOUND_BUILD_ID &&
		    !memcmp(notes.bytes + NOTE_HEADER, gnu, sizeof(gnu)))
			elf->build_id = (struct span_of_file){ notes.bytes + NOTE_HEADER + name, word[1], 0 };
		if (name + descriptor > notes.length - NOTE_HEADER)
			return;
		notes.bytes += NOTE_HEADER + name + descriptor;
		notes.length -= NOTE_HEADER + name + descriptor;
	}
}

static void segments_read(struct elffile *elf, const Elf64_Ehdr *header, uint64_t count)
{
	struct span_of_file span, notes;
	Elf64_Phdr segment;
	uint64_t i;

	if (header->e_phentsize != sizeof(segment) || !part(elf, header->e_phoff, count * sizeof(segment), &span))
		return;
	for (i = 0; i < count; i++) {
		memcpy(&segment, span.bytes + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_LOAD) {
			load_read(elf, &segment);
		} else if (segment.p_type == PT_GNU_RELRO &&
			   !__builtin_add_overflow(segment.p_vaddr, segment.p_memsz, &elf->relro_end)) {
			elf->relro_start = segment.p_vaddr;
		} else if (segment.p_type == PT_GNU_EH_FRAME &&
			   part(elf, segment.p_offset, segment.p_filesz, &elf->eh_frame_hdr)) {
			elf->eh_frame_hdr.address = segment.p_vaddr;
		} else if (segment.p_type == PT_NOTE && part(elf, segment.p_offset, segment.p_filesz, &notes)) {
			notes_read(elf, notes);
		}
	}
}

/* ---- section headers ------------------------------------------------------------ */

static bool is_called(struct span_of_file names, const Elf64_Shdr *section, const char *name)
{
	size_t size = strlen(name) + 1;

	return names.bytes && section->sh_name < names.length && names.length - section->sh_name >= size &&
	       !memcmp(names.bytes + section->sh_name, name, size);
}

static Elf64_Shdr section_at(struct span_of_file table, uint64_t which)
{
	Elf64_Shdr ret = { 0 };

	if (which < table.length / sizeof(ret))
		memcpy(&ret, table.bytes + which * sizeof(ret), sizeof(ret));
	return ret;
}

static bool section_part(const struct elffile *elf, const Elf64_Shdr *section, struct span_of_file *ret)
{
	if (section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL || (section->sh_flags & SHF_COMPRESSED) ||
	    !part(elf, section->sh_offset, section->sh_size, ret))
		return false;
	ret->address = section->sh_flags & SHF_ALLOC ? section->sh_addr : 0;
	return true;
}

static void symbols_read(const struct elffile *elf, struct span_of_file table, const Elf64_Shdr *section,
			 struct span_of_file *symbols, struct span_of_file *names)
{
	const Elf64_Shdr strings = section_at(table, section->sh_link);

	if (symbols->bytes || section->sh_entsize != sizeof(Elf64_Sym) || section->sh_size < sizeof(Elf64_Sym) || strings.sh_type != SHT_STRTAB ||
	    !section_part(elf, &strings, names))
		return;
	if (section_part(elf, section, symbols))
		symbols->length -= symbols->length % sizeof(Elf64_Sym);
}

static int debug_frame_read(struct elffile *elf, const Elf64_Shdr *section, bool old)
{
	struct span_of_file packed;
	Elf64_Shdr raw = *section;

	if (elf->debug_frame.bytes)
		return 0;
	if (!old && section_part(elf, section, &elf->debug_frame))
		return 0;
	raw.sh_flags &= ~(uint64_t)SHF_COMPRESSED;
	if (!section_part(elf, &raw, &packed))
		return 0;
	return inflate_section(packed.bytes, packed.length, old, &elf->unpacked, &elf->debug_frame);
}

static int section_read(struct elffile *elf, struct span_of_file table, struct span_of_file names,
			const Elf64_Shdr *section)
{
	struct span_of_file notes;

	switch (section->sh_type) {
	case SHT_SYMTAB:
		symbols_read(elf, table, section, &elf->symtab, &elf->strtab);
		return 0;
	case SHT_DYNSYM:
		symbols_read(elf, table, section, &elf->dynsym, &elf->dynstr);
		return 0;
	case SHT_NOTE:
		if (section_part(elf, section, &notes))
			notes_read(elf, notes);
		return 0;
	case SHT_PROGBITS:
	case SHT_UNWIND_X86_64:
		break;
	default:
		return 0;
	}
	if (is_called(names, section, ".eh_frame_hdr")) {
		if (!elf->eh_frame_hdr.bytes)
			section_part(elf, section, &elf->eh_frame_hdr);
	} else if (is_called(names, section, ".eh_frame")) {
		section_part(elf, section, &elf->eh_frame);
	} else if (is_called(names, section, ".gnu_debugdata")) {
		section_part(elf, section, &elf->minidebug);
	} else if (is_called(names, section, ".gnu_debuglink")) {
		section_part(elf, section, &elf->debuglink);
	} else if (is_called(names, section, ".debug_frame")) {
		return debug_frame_read(elf, section, false);
	} else if (is_called(names, section, ".zdebug_frame")) {
		return debug_frame_read(elf, section, true);
	} else if (is_called(names, section, ".gopclntab") || is_called(names, section, ".go.buildinfo")) {
		elf->go = true;
	} else if (is_called(names, section, ".debug_info") || is_called(names, section, ".zdebug_info")) {
		elf->debug_info = true;
	}
	return 0;
}

/* Large counts stand in the first section, which is otherwise empty. */
static int sections_read(struct elffile *elf, const Elf64_Ehdr *header, uint64_t *segments)
{
	struct span_of_file table = { 0 }, names = { 0 };
	uint64_t count = header->e_shnum, strings = header->e_shstrndx, i;
	Elf64_Shdr section;
	int r = 0;

	if (header->e_shentsize != sizeof(section) || !part(elf, header->e_shoff, sizeof(section), &table))
		return 0;
	section = section_at(table, 0);
	if (count == 0)
		count = section.sh_size;
	if (strings == SHN_XINDEX)
		strings = section.sh_link;
	if (*segments == PN_XNUM)
		*segments = section.sh_info;
	if (count > BOUND_ELF_SECTIONS || !part(elf, header->e_shoff, count * sizeof(section), &table))
		return 0;
	elf->sections = table;
	section = section_at(table, strings);
	section_part(elf, &section, &names);
	for (i = 1; i < count && r == 0; i++) {
		section = section_at(table, i);
		r = section_read(elf, table, names, &section);
	}
	return r;
}

/* ---- what follows from both ----------------------------------------------------- */

/* Without section headers: from where .eh_frame_hdr says, to the end of that segment. */
static void eh_frame_find(struct elffile *elf)
{
	const struct span_of_file *header = &elf->eh_frame_hdr;
	uint64_t at;
	int32_t distance;
	uint32_t i;

	if (elf->eh_frame.bytes || header->length < 8 || header->bytes[0] != 1 || header->bytes[1] != EH_PCREL_SDATA4)
		return;
	memcpy(&distance, header->bytes + 4, sizeof(distance));
	at = header->address + 4 + (uint64_t)(int64_t)distance;
	for (i = 0; i < elf->load_count; i++) {
		const struct load_of_file *load = &elf->loads[i];

		if (at >= load->address && at - load->address < load->length) {
			const uint64_t skip = at - load->address;

			elf->eh_frame = (struct span_of_file){ elf->bytes + load->offset + skip, load->length - skip, at };
			return;
		}
	}
}

int elffile_init(const void *bytes, size_t length, struct elffile *ret)
{
	struct elffile elf = { .bytes = bytes, .length = length };
	Elf64_Ehdr header;
	uint64_t segments;
	int r;

	if (length < sizeof(header))
		return SIGHT_STRANGE;
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return SIGHT_STRANGE;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return SIGHT_UNSUPPORTED;
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return SIGHT_STRANGE;
	elf.machine = header.e_machine;
	elf.relocatable = header.e_type == ET_DYN;
	segments = header.e_phnum;
	r = sections_read(&elf, &header, &segments);
	if (r != 0)
		return r;
	segments_read(&elf, &header, segments);
	eh_frame_find(&elf);
	*ret = elf;
	return 0;
}

void elffile_deinit(struct elffile *elf)
{
	free(elf->unpacked);
	*elf = (struct elffile){ 0 };
}

/* One page of the file may belong to two segments; what maps code is the executable one. */
static int load_fits(const struct load_of_file *load, uint64_t offset)
{
	if (offset >= load->offset ? offset - load->offset >= load->length : load->offset - offset >= PAGE_LARGEST)
		return 0;
	return 1 + 2 * load->executable + (offset >= load->offset);
}

bool elffile_address(const struct elffile *elf, uint64_t offset, uint64_t *ret)
{
	const struct load_of_file *found = NULL;
	int best = 0, fits;
	uint32_t i;

	for (i = 0; i < elf->load_count; i++) {
		fits = load_fits(&elf->loads[i], offset);
		if (fits > best) {
			best = fits;
			found = &elf->loads[i];
		}
	}
	if (!found)
		return false;
	*ret = found->address + (offset - found->offset);
	return true;
}

const uint8_t *elffile_at(const struct elffile *elf, uint64_t address, size_t length)
{
	uint64_t end;
	uint32_t i;

	if (length == 0 || __builtin_add_overflow(address, length, &end))
		return NULL;
	if (address < elf->relro_end && end > elf->relro_start)
		return NULL;
	for (i = 0; i < elf->load_count; i++) {
		const struct load_of_file *load = &elf->loads[i];

		if (!load->writable && address >= load->address && address - load->address < load->length)
			return length <= load->length - (address - load->address) ?
				       elf->bytes + load->offset + (address - load->address) : NULL;
	}
	return NULL;
}

bool elffile_section_holds(const struct elffile *elf, uint32_t which, uint64_t address)
{
	const Elf64_Shdr section = section_at(elf->sections, which);

	return (section.sh_flags & SHF_ALLOC) && address >= section.sh_addr && address - section.sh_addr < section.sh_size;
}
