/* SPDX-License-Identifier: MIT */
/*
 * Which entry of a module's call frame information covers an address: by the sorted table of
 * .eh_frame_hdr, else by an index of .eh_frame, else of .debug_frame.
 */
#include "cfi_inner.h"

#include "sight.h"

enum { HDR_VERSION = 1, OMITTED = 0xff };

struct table {
	struct reader rows;
	uint64_t address;         /* of the first row */
	uint64_t data;            /* that of the section */
	uint64_t count;
	uint8_t encoding;
	size_t size;              /* of one of the two pointers of a row */
};

static bool table_open(const struct elffile *elf, struct table *ret)
{
	const struct span_of_file *span = &elf->eh_frame_hdr;
	struct reader reader = reader_begin(span->bytes, span->bytes ? span->length : 0);
	uint8_t pointer, count;

	if (read_byte(&reader) != HDR_VERSION)
		return false;
	pointer = read_byte(&reader);
	count = read_byte(&reader);
	ret->encoding = read_byte(&reader);
	ret->data = span->address;
	ret->size = encoding_size(ret->encoding);
	if (pointer == OMITTED || count == OMITTED || ret->encoding == OMITTED || !ret->size || reader.bad)
		return false;
	read_encoded(&reader, pointer, 0, 0);
	ret->count = read_encoded(&reader, count, 0, 0);
	ret->address = span->address + (uint64_t)(reader.at - span->bytes);
	ret->rows = reader;
	if (ret->count > reader_left(&reader) / (2 * ret->size))
		ret->count = reader_left(&reader) / (2 * ret->size);
	return !reader.bad && ret->count;
}

/* The first or second pointer of a row. */
static uint64_t table_word(const struct table *table, uint64_t row, unsigned which)
{
	size_t at = (size_t)(row * 2 + which) * table->size;
	struct reader reader = reader_begin(table->rows.at + at, table->size);

	return read_encoded(&reader, table->encoding, table->address + at, table->data);
}

int cfi_table_find(const struct elffile *elf, uint64_t address, size_t *ret)
{
	uint64_t low = 0, high, middle, entry;
	struct table table;

	if (!table_open(elf, &table))
		return SIGHT_UNSUPPORTED;
	for (high = table.count; low < high;) {
		middle = low + (high - low) / 2;
		if (table_word(&table, middle, 0) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return SIGHT_GONE;
	entry = table_word(&table, low - 1, 1) - elf->eh_frame.address;
	if (entry >= elf->eh_frame.length)
		return SIGHT_UNSUPPORTED;
	*ret = (size_t)entry;
	return 0;
}

/* The entry there, if it covers the address. */
static int entry_take(const struct cfi_section *section, size_t at, uint64_t address, uint64_t bias,
		      struct cfi_entry *ret)
{
	const struct cfi_rule *caller;
	struct cfi_unit unit;
	struct cfi_cie cie;
	struct cfi_fde fde;
	struct cfi_row row;
	unsigned i;

	if (cfi_unit_read(section, at, &unit) != 0 || unit.cie || cfi_cie_read(section, unit.cie_at, &cie) != 0 ||
	    cfi_fde_read(section, &unit, &cie, &fde) != 0)
		return SIGHT_STRANGE;
	if (address < fde.start || address >= fde.end)
		return SIGHT_GONE;
	ret->function = fde.start;
	ret->function_end = fde.end;
	if (cie.return_register != CFI_RETURN)
		return SIGHT_STRANGE;
	if (cfi_row_find(&fde, address, &row) != 0)
		return SIGHT_STRANGE;
	ret->start = row.start;
	ret->end = row.end;
	ret->signal = cie.signal;
	caller = &row.rules[cie.return_register];
	ret->outermost = caller->kind == RULE_UNDEFINED;
	ret->cfa_register = row.cfa.kind == RULE_REGISTER ? (int16_t)row.cfa.value : -1;
	ret->cfa_offset = row.cfa_offset;
	ret->lost = ret->saved = 0;
	for (i = 0; i < CFI_REGISTERS; i++) {
		ret->lost |= (uint64_t)(row.rules[i].kind == RULE_UNDEFINED) << i;
		ret->saved |= (uint64_t)(row.rules[i].kind == RULE_OFFSET) << i;
	}
#if defined(__x86_64__)
	if (caller->kind == RULE_NONE || caller->kind == RULE_SAME)
		return SIGHT_STRANGE; /* its caller would be itself */
#endif
	return cfi_image_write(&fde, &row, bias, ret);
}

static int eh_frame_take(const struct elffile *elf, struct cfi_index **index, uint64_t address, uint64_t bias,
			 struct cfi_entry *ret)
{
	struct cfi_section section = cfi_section_of(elf, false);
	size_t at;
	int r;

	if (!section.length)
		return SIGHT_GONE;
	r = cfi_table_find(elf, address, &at);
	if (r == SIGHT_UNSUPPORTED)
		r = cfi_index_find(index, &section, address, &at);
	return r ? r : entry_take(&section, at, address, bias, ret);
}

int cfi_find(const struct elffile *elf, struct cfi_index **index, uint64_t address, uint64_t bias,
	     struct cfi_entry *ret)
{
	struct cfi_section section = cfi_section_of(elf, true);
	int r, eh_frame;
	size_t at;

	ret->function = ret->function_end = 0;
	eh_frame = eh_frame_take(elf, index, address, bias, ret);
	if (eh_frame <= 0)
		return eh_frame;
	r = cfi_index_find(index, &section, address, &at);
	if (r == 0)
		r = entry_take(&section, at, address, bias, ret);
	return r == SIGHT_GONE ? eh_frame : r;
}
