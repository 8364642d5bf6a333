/* SPDX-License-Identifier: MIT */
/*
 * Between the files of cfi.h: the sections' bytes, what a CIE and an FDE say, and the one row of
 * their programs that holds at an address.
 */
#ifndef CFI_INNER_H
#define CFI_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cfi.h"

/** Registers that have rules; those beyond (vectors) are passed over. */
#if defined(__aarch64__)
enum { CFI_REGISTERS = 32, CFI_RETURN = 30 };
#else
enum { CFI_REGISTERS = 17, CFI_RETURN = 16 };
#endif

/* ---- bytes: little-endian, as the machines we run on ------------------------------ */

/** Never passes its end: reads 0 there, and is bad from then on. */
struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct reader reader_begin(const uint8_t *bytes, size_t length)
{
	return (struct reader){ bytes, length ? bytes + length : bytes, false };
}

static inline size_t reader_left(const struct reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

/** Passes that many bytes; NULL: there are fewer. */
static inline const uint8_t *read_bytes(struct reader *reader, uint64_t length)
{
	const uint8_t *ret = reader->at;

	if (reader->bad || length > reader_left(reader)) {
		reader->bad = true;
		return NULL;
	}
	reader->at += length;
	return ret;
}

/** A number of 1 to 8 bytes. */
static inline uint64_t read_word(struct reader *reader, size_t size)
{
	const uint8_t *bytes = read_bytes(reader, size);
	uint64_t ret = 0;

	if (bytes)
		memcpy(&ret, bytes, size);
	return ret;
}

static inline uint8_t read_byte(struct reader *reader)
{
	return (uint8_t)read_word(reader, 1);
}

uint64_t read_uleb(struct reader *reader);
int64_t read_sleb(struct reader *reader);
/** A pointer in a DW_EH_PE encoding; here is the address as linked of the reader's first byte, data that of .eh_frame_hdr. */
uint64_t read_encoded(struct reader *reader, uint8_t encoding, uint64_t here, uint64_t data);
/** Bytes that this encoding takes, 0: as many as it takes, or it is none we know. */
size_t encoding_size(uint8_t encoding);

/* ---- sections: cfi_entry.c --------------------------------------------------------- */

struct cfi_section {
	const uint8_t *bytes;
	size_t length;
	uint64_t address;         /**< As linked; of .eh_frame. */
	bool debug;               /**< .debug_frame: CIEs are named otherwise. */
};

struct cfi_section cfi_section_of(const struct elffile *elf, bool debug);

struct cfi_cie {
	uint64_t code_align;
	int64_t data_align;
	uint8_t return_register;
	uint8_t encoding;         /**< Of pointers in its FDEs. */
	bool sized;               /**< 'z' */
	bool signal;              /**< 'S' */
	struct reader program;
};

struct cfi_fde {
	struct cfi_cie cie;
	uint64_t start, end;
	struct reader program;
	uint64_t program_at;      /**< Address as linked of the program's first byte. */
};

/** One CIE or FDE, its head read. */
struct cfi_unit {
	size_t next;              /**< Where the next begins. */
	bool cie;
	size_t cie_at;            /**< Of an FDE. */
	struct reader body;       /**< Behind the CIE's mark or pointer. */
};

/** 0; SIGHT_GONE: no more; SIGHT_STRANGE: the length makes no sense, nothing can follow. */
int cfi_unit_read(const struct cfi_section *section, size_t at, struct cfi_unit *ret);
/** 0 or SIGHT_STRANGE. */
int cfi_cie_read(const struct cfi_section *section, size_t at, struct cfi_cie *ret);
/** Of an FDE whose CIE was read: what it covers, and its program.  0 or SIGHT_STRANGE. */
int cfi_fde_read(const struct cfi_section *section, const struct cfi_unit *unit, const struct cfi_cie *cie,
		 struct cfi_fde *ret);

/* ---- rows: cfi_row.c --------------------------------------------------------------- */

enum rule_kind {
	RULE_NONE,                /**< Nothing was said: as it was. */
	RULE_SAME,
	RULE_UNDEFINED,
	RULE_OFFSET,              /**< Saved at CFA + value. */
	RULE_VALUE,               /**< Is CFA + value. */
	RULE_REGISTER,            /**< In register value; of the CFA: value, plus its offset. */
	RULE_EXPRESSION,          /**< Saved where the expression says. */
	RULE_VALUE_EXPRESSION,    /**< What the expression says. */
};

struct cfi_rule {
	uint8_t kind;             /**< enum rule_kind */
	int64_t value;
	const uint8_t *expression;
	size_t length;
};

struct cfi_row {
	uint64_t start, end;
	struct cfi_rule cfa;
	int64_t cfa_offset;
	struct cfi_rule rules[CFI_REGISTERS];
};

/** The row that holds at the address.  0 or SIGHT_STRANGE. */
int cfi_row_find(const struct cfi_fde *fde, uint64_t address, struct cfi_row *ret);

/** May an unwinder evaluate this?  Known operations, all of it there, jumps forward and onto operations only. */
bool cfi_expression_ok(const uint8_t *bytes, size_t length);

/** Write the row into ret->image.  0 or SIGHT_STRANGE. */
int cfi_image_write(const struct cfi_fde *fde, const struct cfi_row *row, uint64_t bias, struct cfi_entry *ret);

/* ---- where entries are: cfi_index.c, cfi_table.c ------------------------------------- */

/** Offset of the FDE that covers the address, by an index of our own.  0, SIGHT_GONE, -ENOMEM. */
int cfi_index_find(struct cfi_index **index, const struct cfi_section *section, uint64_t address, size_t *ret);
/** The same by .eh_frame_hdr, which may be wrong.  0, SIGHT_GONE; SIGHT_UNSUPPORTED: it has no usable table. */
int cfi_table_find(const struct elffile *elf, uint64_t address, size_t *ret);

#endif
