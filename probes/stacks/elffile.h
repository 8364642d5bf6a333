/* SPDX-License-Identifier: MIT */
/*
 * A 64-bit ELF image as bytes in memory: segments, sections, build-id.  Reads nothing but those
 * bytes and believes none of them.
 */
#ifndef ELFFILE_H
#define ELFFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of an image, and the address as linked of the first.  bytes NULL: not there. */
struct span_of_file {
	const uint8_t *bytes;
	size_t length;
	uint64_t address;         /**< 0 for what is not loaded (.debug_frame, .symtab). */
};

/** What a PT_LOAD maps of the file; all of it lies in the file. */
struct load_of_file {
	uint64_t offset, length;  /**< In the file. */
	uint64_t address;         /**< As linked, of the first byte. */
	bool writable, executable;
};

enum { ELF_LOADS = 16 };

struct elffile {
	const uint8_t *bytes;     /**< Not ours: whoever mapped or copied them frees them, after us. */
	size_t length;
	uint16_t machine;         /**< EM_X86_64 ... */
	bool relocatable;         /**< ET_DYN: may be mapped anywhere. */
	bool go;                  /**< Has .gopclntab or .go.buildinfo. */
	bool debug_info;          /**< Has .debug_info, perhaps compressed. */
	uint32_t load_count;
	struct load_of_file loads[ELF_LOADS]; /**< More are left out. */
	uint64_t relro_start, relro_end;  /**< PT_GNU_RELRO, addresses: written to once, by the loader. */
	struct span_of_file eh_frame_hdr, eh_frame; /**< By program header, else by section. */
	struct span_of_file debug_frame;  /**< Unpacked if it was compressed. */
	struct span_of_file symtab, strtab, dynsym, dynstr; /**< Raw Elf64_Sym and names. */
	struct span_of_file minidebug;    /**< .gnu_debugdata, still packed. */
	struct span_of_file debuglink;    /**< .gnu_debuglink, raw. */
	struct span_of_file sections;     /**< Raw Elf64_Shdr. */
	struct span_of_file build_id;     /**< The bytes of NT_GNU_BUILD_ID. */
	void *unpacked;           /**< What elffile_deinit() frees. */
};

/**
 * 0, SIGHT_UNSUPPORTED (32 bits, other byte order), SIGHT_STRANGE, or -ENOMEM.  What is odd is left out.
 * Nothing is to be freed unless it returned 0.
 */
int elffile_init(const void *bytes, size_t length, struct elffile *ret);
void elffile_deinit(struct elffile *elf);

/**
 * From an offset in the file, as a page of code is mapped from there, to the address as linked, by
 * PT_LOAD; false: not loaded.  The offset may lie before what the segment holds, on its first page.
 */
bool elffile_address(const struct elffile *elf, uint64_t offset, uint64_t *ret);
/**
 * Bytes of the image that lie at this linked address and are never written to (PT_LOAD without
 * PF_W, outside PT_GNU_RELRO), as many as asked for; NULL: not in the file.
 */
const uint8_t *elffile_at(const struct elffile *elf, uint64_t address, size_t length);

/** Does the section of this number hold this linked address? */
bool elffile_section_holds(const struct elffile *elf, uint32_t which, uint64_t address);

#endif
