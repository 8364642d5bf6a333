/* SPDX-License-Identifier: MIT */
/*
 * Call frame information: which entry covers an address, taken from .eh_frame_hdr, plain .eh_frame
 * or .debug_frame; the row of it that holds there, checked and written anew in the one plain
 * form that an unwinder is given.  Takes bytes, believes none of them, and may be
 * fed anything.
 */
#ifndef CFI_H
#define CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elffile.h"

enum { CFI_IMAGE = 4096 };

/** One row, as a CIE and an FDE of a plain .eh_frame: version 1, absolute addresses, no locations. */
struct cfi_entry {
	uint64_t start, end;      /**< Addresses as linked that the row holds for. */
	uint64_t function, function_end; /**< That the whole entry covers. */
	bool signal;              /**< 'S': a signal frame; the caller's pc is exact. */
	bool outermost;           /**< The return address is undefined: nobody called. */
	int16_t cfa_register;     /**< DWARF number; -1: by an expression. */
	int64_t cfa_offset;       /**< From that register. */
	uint64_t lost;            /**< Bit n: what register n held in the caller cannot be known. */
	uint64_t saved;           /**< Bit n: it is saved at a fixed distance from the CFA. */
	size_t cie_at, fde_at, length; /**< In image. */
	uint8_t image[CFI_IMAGE];
};

struct cfi_index; /**< Where each FDE starts; of sections without a sorted table. */
struct cfi_index *cfi_index_destroy(struct cfi_index *index);

/**
 * The entry that covers this address as linked.  bias is added to the addresses written into the image.
 * *index is made when it is needed first (NULL before).  0; SIGHT_GONE: none covers it; SIGHT_STRANGE:
 * it was refused (absurd lengths, an expression that jumps back, ...), then function and function_end
 * are set if they are known, else both 0; -ENOMEM.
 */
int cfi_find(const struct elffile *elf, struct cfi_index **index, uint64_t address, uint64_t bias,
	     struct cfi_entry *ret);

#endif
