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

struct elffile {
	const uint8_t *bytes;     /**< Not ours: whoever mapped or copied them frees them, after us. */
	size_t length;
	uint16_t machine;         /**< EM_X86_64 ... */
	bool relocatable;         /**< ET_DYN: may be mapped anywhere. */
	struct span_of_file eh_frame_hdr, eh_frame; /**< By program header, else by section. */
	struct span_of_file debug_frame;  /**< Unpacked if it was compressed. */
	struct span_of_file symtab, strtab, dynsym, dynstr; /**< Raw Elf64_Sym and names. */
	struct span_of_file minidebug;    /**< .gnu_debugdata, still packed. */
	struct span_of_file debuglink;    /**< .gnu_debuglink, raw. */
	struct span_of_file build_id;     /**< The bytes of NT_GNU_BUILD_ID. */
	bool go;                  /**< Has .gopclntab or .go.buildinfo. */
	void *unpacked[4];        /**< What elffile_deinit() frees. */
};

/** 0, SIGHT_UNSUPPORTED (32 bits, other byte order), SIGHT_STRANGE, or -ENOMEM.  What is odd is left out. */
int elffile_init(const void *bytes, size_t length, struct elffile *ret);
void elffile_deinit(struct elffile *elf);

/** From an offset in the file to the address as linked, by PT_LOAD; false: not loaded. */
bool elffile_address(const struct elffile *elf, uint64_t offset, uint64_t *ret);
/**
 * Bytes of the image that lie at this linked address and are never written to (PT_LOAD without
 * PF_W, outside PT_GNU_RELRO), as many as asked for; NULL: not in the file.
 */
const uint8_t *elffile_at(const struct elffile *elf, uint64_t address, size_t length);

#endif
