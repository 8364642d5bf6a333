/* SPDX-License-Identifier: MIT */
/* Any bytes as .eh_frame_hdr, .eh_frame and .debug_frame; what is written from them is plain and says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sight.h"
#include "stacks/cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 16 };

/* Of its own, so that a byte beyond is caught. */
static struct span_of_file span_take(const uint8_t **data, size_t *size, size_t length, uint64_t address)
{
	struct span_of_file ret = { .address = address };
	uint8_t *bytes;

	if (length > *size)
		length = *size;
	bytes = malloc(length ? length : 1);
	if (!bytes)
		abort();
	if (length)
		memcpy(bytes, *data, length);
	*data += length;
	*size -= length;
	ret.bytes = bytes;
	ret.length = length;
	return ret;
}

static void check(const struct cfi_entry *entry, uint64_t address, uint64_t bias)
{
	struct elffile elf = { .eh_frame = { entry->image, entry->length, 0 } };
	static struct cfi_entry again;
	struct cfi_index *index = NULL;

	if (address < entry->start || address >= entry->end || entry->start < entry->function ||
	    entry->end > entry->function_end || entry->length > CFI_IMAGE || entry->length % 8)
		abort();
	if (entry->end + bias < entry->start + bias || entry->end - entry->start > UINT32_MAX)
		return; /* more than an index takes */
	if (cfi_find(&elf, &index, address + bias, 0, &again) != 0) {
		if (!entry->outermost)
			abort();
	} else if (again.start != entry->start + bias || again.end != entry->end + bias ||
		   again.cfa_register != entry->cfa_register || again.saved != entry->saved) {
		abort();
	}
	cfi_index_destroy(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cfi_entry entry;
	struct cfi_index *index = NULL;
	struct elffile elf = { 0 };
	uint16_t lengths[2];
	uint32_t address, bias;
	unsigned i;
	int r;

	if (size < HEAD)
		return 0;
	memcpy(lengths, data, sizeof(lengths));
	memcpy(&address, data + 4, sizeof(address));
	memcpy(&bias, data + 8, sizeof(bias));
	data += HEAD;
	size -= HEAD;
	elf.eh_frame_hdr = span_take(&data, &size, lengths[0], 0x3000);
	elf.eh_frame = span_take(&data, &size, lengths[1], 0x4000);
	elf.debug_frame = span_take(&data, &size, size, 0);
	for (i = 0; i < 4; i++, address += 0x41) {
		r = cfi_find(&elf, &index, address, bias, &entry);
		if (r < 0)
			abort();
		if (r == 0)
			check(&entry, address, bias);
	}
	cfi_index_destroy(index);
	free((void *)(uintptr_t)elf.eh_frame_hdr.bytes);
	free((void *)(uintptr_t)elf.eh_frame.bytes);
	free((void *)(uintptr_t)elf.debug_frame.bytes);
	return 0;
}
