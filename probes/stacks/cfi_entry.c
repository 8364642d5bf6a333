/* SPDX-License-Identifier: MIT */
/*
 * CIEs and FDEs as they lie in .eh_frame and .debug_frame.  The two differ in how an FDE names
 * its CIE: in .eh_frame by the distance back from that very word (and a CIE has 0 there),
 * in .debug_frame by its offset in the section (and a CIE has all ones).
 */
#include "cfi_inner.h"

#include "sight.h"

enum {
	ABSOLUTE = 0x00, UDATA2 = 0x02, UDATA4 = 0x03, UDATA8 = 0x04, ULEB = 0x01, SLEB = 0x09,
	SDATA2 = 0x0a, SDATA4 = 0x0b, SDATA8 = 0x0c, FORM = 0x0f,
	PC_RELATIVE = 0x10, DATA_RELATIVE = 0x30, BASE = 0x70, INDIRECT = 0x80, OMITTED = 0xff,
};
#define LENGTH_WIDE UINT32_C(0xffffffff)
#define LENGTH_RESERVED UINT32_C(0xfffffff0)

uint64_t read_uleb(struct reader *reader)
{
	unsigned shift = 0;
	uint64_t ret = 0;
	uint8_t byte;

	do {
		byte = read_byte(reader);
		if (shift > 63 || (shift == 63 && (byte & 0x7e))) {
			reader->bad = true;
			return 0;
		}
		ret |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return ret;
}

int64_t read_sleb(struct reader *reader)
{
	unsigned shift = 0;
	uint64_t ret = 0;
	uint8_t byte;

	do {
		byte = read_byte(reader);
		if (shift > 63) {
			reader->bad = true;
			return 0;
		}
		ret |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		ret |= ~UINT64_C(0) << shift;
	return (int64_t)ret;
}

size_t encoding_size(uint8_t encoding)
{
	switch (encoding & FORM) {
	case UDATA2:
	case SDATA2:
		return 2;
	case UDATA4:
	case SDATA4:
		return 4;
	case ABSOLUTE:
	case UDATA8:
	case SDATA8:
		return 8;
	default:
		return 0;
	}
}

uint64_t read_encoded(struct reader *reader, uint8_t encoding, uint64_t here, uint64_t data)
{
	size_t size = encoding_size(encoding);
	uint64_t ret;

	if (encoding == OMITTED || (encoding & INDIRECT)) {
		reader->bad = true;
		return 0;
	}
	if (size) {
		ret = read_word(reader, size);
		if ((encoding & FORM) == SDATA2)
			ret = (uint64_t)(int64_t)(int16_t)ret;
		else if ((encoding & FORM) == SDATA4)
			ret = (uint64_t)(int64_t)(int32_t)ret;
	} else if ((encoding & FORM) == ULEB) {
		ret = read_uleb(reader);
	} else if ((encoding & FORM) == SLEB) {
		ret = (uint64_t)read_sleb(reader);
	} else {
		reader->bad = true;
		return 0;
	}
	switch (encoding & BASE) {
	case ABSOLUTE:
		return ret;
	case PC_RELATIVE:
		return ret + here;
	case DATA_RELATIVE:
		return ret + data;
	default:
		reader->bad = true;
		return 0;
	}
}

struct cfi_section cfi_section_of(const struct elffile *elf, bool debug)
{
	const struct span_of_file *span = debug ? &elf->debug_frame : &elf->eh_frame;

	return (struct cfi_section){ span->bytes, span->bytes ? span->length : 0, span->address, debug };
}

int cfi_unit_read(const struct cfi_section *section, size_t at, struct cfi_unit *ret)
{
	struct reader reader;
	uint64_t length, id;
	const uint8_t *body;
	bool wide = false;
	size_t id_at;

	if (at >= section->length || section->length - at < 4)
		return SIGHT_GONE;
	reader = reader_begin(section->bytes + at, section->length - at);
	length = read_word(&reader, 4);
	if (length == LENGTH_WIDE) {
		wide = true;
		length = read_word(&reader, 8);
	} else if (length >= LENGTH_RESERVED) {
		return SIGHT_STRANGE;
	}
	id_at = (size_t)(reader.at - section->bytes);
	body = read_bytes(&reader, length);
	if (!body)
		return SIGHT_STRANGE;
	*ret = (struct cfi_unit){ .next = (size_t)(reader.at - section->bytes) };
	if (length == 0) { /* the end mark of one object file; another's entries may follow */
		ret->cie = true;
		ret->body = reader_begin(body, 0);
		return 0;
	}
	ret->body = reader_begin(body, length);
	/* The word is 4 bytes in .eh_frame whatever the length; in .debug_frame it goes with it. */
	id = read_word(&ret->body, wide && section->debug ? 8 : 4);
	if (ret->body.bad)
		return SIGHT_STRANGE;
	if (section->debug) {
		ret->cie = id == (wide ? UINT64_MAX : UINT32_MAX);
		ret->cie_at = (size_t)id;
	} else {
		ret->cie = id == 0;
		ret->cie_at = id <= id_at ? id_at - (size_t)id : SIZE_MAX;
	}
	return 0;
}

/* What the letters of the augmentation announce.  Personality routines are passed over. */
static bool augmentation_read(struct reader *reader, const char *letters, struct cfi_cie *cie)
{
	struct reader data = *reader;
	uint64_t length;
	uint8_t encoding;
	size_t size;

	if (!*letters)
		return true;
	if (*letters++ != 'z')
		return false;
	cie->sized = true;
	length = read_uleb(reader);
	data.at = reader->at;
	if (!read_bytes(reader, length))
		return false;
	data.end = reader->at;
	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			cie->encoding = read_byte(&data);
			break;
		case 'L':
			read_byte(&data);
			break;
		case 'P':
			encoding = read_byte(&data);
			size = encoding_size(encoding);
			if (encoding == OMITTED)
				break;
			if (!size)
				return false;
			read_bytes(&data, size);
			break;
		case 'S':
			cie->signal = true;
			break;
		case 'B': /* aarch64: return addresses are signed with the other key */
		case 'G': /* aarch64: a tagged stack */
			break;
		default:
			return false;
		}
	}
	return !data.bad;
}

int cfi_cie_read(const struct cfi_section *section, size_t at, struct cfi_cie *ret)
{
	struct cfi_cie cie = { .encoding = ABSOLUTE };
	char letters[8] = { 0 };
	struct cfi_unit unit;
	struct reader reader;
	uint64_t column;
	uint8_t version;
	unsigned i;

	if (cfi_unit_read(section, at, &unit) != 0 || !unit.cie)
		return SIGHT_STRANGE;
	reader = unit.body;
	version = read_byte(&reader);
	if (version != 1 && version != 3 && (version != 4 || !section->debug))
		return SIGHT_STRANGE;
	for (i = 0; (letters[i] = (char)read_byte(&reader)) != 0;)
		if (++i == sizeof(letters))
			return SIGHT_STRANGE;
	if (version == 4 && (read_byte(&reader) != 8 || read_byte(&reader) != 0)) /* address size, segment size */
		return SIGHT_STRANGE;
	cie.code_align = read_uleb(&reader);
	cie.data_align = read_sleb(&reader);
	column = version == 1 ? read_byte(&reader) : read_uleb(&reader);
	if (column >= CFI_REGISTERS || !augmentation_read(&reader, letters, &cie) || reader.bad)
		return SIGHT_STRANGE;
	cie.return_register = (uint8_t)column;
	cie.program = reader;
	*ret = cie;
	return 0;
}

int cfi_fde_read(const struct cfi_section *section, const struct cfi_unit *unit, const struct cfi_cie *cie,
		 struct cfi_fde *ret)
{
	struct cfi_fde fde = { .cie = *cie };
	struct reader reader = unit->body;
	uint64_t length;

	fde.start = read_encoded(&reader, cie->encoding, section->address + (uint64_t)(reader.at - section->bytes), 0);
	length = read_encoded(&reader, cie->encoding & FORM, 0, 0);
	if (cie->sized)
		read_bytes(&reader, read_uleb(&reader));
	if (reader.bad || __builtin_add_overflow(fde.start, length, &fde.end))
		return SIGHT_STRANGE;
	fde.program = reader;
	fde.program_at = section->address + (uint64_t)(reader.at - section->bytes);
	*ret = fde;
	return 0;
}
