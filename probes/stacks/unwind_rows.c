/* SPDX-License-Identifier: MIT */
/*
 * What unwind tables say of places in modules, remembered for a run.  Each place has a made-up address
 * of its own (code), the same for all processes that map the module, so that what the
 * unwinder remembers of it serves all of them.
 */
#include "unwind_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "sight.h"

enum { BUCKETS = BOUND_UNWIND_ROWS, TRAMPOLINE = 16 };

/* Addresses of user space end far below.  The low half of pc is kept: there are tables that look at its bits. */
#define CODE_BASE (UINT64_C(1) << 62)
#define LINKED_MOST (UINT64_C(1) << 56)

int rows_open(struct unwinder *unwinder)
{
	unwinder->rows = calloc(BOUND_UNWIND_ROWS, sizeof(*unwinder->rows));
	unwinder->buckets = calloc(BUCKETS, sizeof(*unwinder->buckets));
	unwinder->images = malloc(BOUND_UNWIND_IMAGES); /* pages come as they are used */
	unwinder->row_count = 1;
	unwinder->seed = hash_seed();
	return unwinder->rows && unwinder->buckets && unwinder->images ? 0 : -ENOMEM;
}

void rows_close(struct unwinder *unwinder)
{
	free(unwinder->rows);
	free(unwinder->buckets);
	free(unwinder->images);
}

static void rows_forget(struct unwinder *unwinder)
{
	memset(unwinder->buckets, 0, BUCKETS * sizeof(*unwinder->buckets));
	unwinder->row_count = 1;
	unwinder->images_length = 0;
	unw_flush_cache(unwinder->space, 0, 0);
}

static uint32_t *bucket_of(struct unwinder *unwinder, const struct module *module, uint64_t key)
{
	return &unwinder->buckets[hash_mix((uintptr_t)module ^ unwinder->seed, key) % BUCKETS];
}

/*
 * A table of one row in front, as dwarf_search_unwind_table() wants it: from where the code
 * starts, and where the FDE is, both as distances.
 */
static void image_keep(struct unwinder *unwinder, struct row *row)
{
	const struct cfi_entry *entry = &unwinder->entry;
	uint8_t *image = unwinder->images + unwinder->images_length;
	int32_t table[2] = { 0, (int32_t)(sizeof(table) + entry->fde_at) };

	memcpy(image, table, sizeof(table));
	memcpy(image + sizeof(table), entry->image, entry->length);
	row->image = unwinder->images_length;
	row->length = (uint32_t)(sizeof(table) + entry->length);
	unwinder->images_length += row->length;
}

static int row_fill(struct unwinder *unwinder, struct module *module, uint64_t address, bool exact, struct row *row)
{
	const uint8_t *code = elffile_at(&module->elf, address, TRAMPOLINE);
	struct cfi_entry *entry = &unwinder->entry;
	uint64_t lookup = exact ? address : address - 1;
	int r;

	row->code = CODE_BASE | (uint64_t)(row - unwinder->rows) << 32 | (uint32_t)lookup;
	if (code && code_is_sigreturn(code, TRAMPOLINE)) {
		row->kind = ROW_SIGNAL;
		return 0;
	}
	if (address >= LINKED_MOST)
		return 0;
	r = cfi_find(&module->elf, &module->index, lookup, row->code - lookup, entry);
	if (r < 0)
		return r;
	row->function = entry->function;
	row->function_end = entry->function_end;
	if (r != 0 || entry->end >= LINKED_MOST) {
		row->kind = r == SIGHT_GONE ? ROW_NONE : ROW_STRANGE;
		return 0;
	}
	row->kind = entry->outermost ? ROW_OUTERMOST : ROW_TABLE;
	row->signal = entry->signal;
	row->cfa_register = entry->cfa_register;
	row->cfa_offset = entry->cfa_offset;
	row->lost = entry->lost;
	row->saved = entry->saved;
	image_keep(unwinder, row);
	return 0;
}

int row_find(struct unwinder *unwinder, struct module *module, uint64_t address, bool exact, const struct row **ret)
{
	uint64_t key = address << 1 | exact;
	struct row *row;
	uint32_t *bucket, at;
	int r;

	bucket = bucket_of(unwinder, module, key);
	for (at = *bucket; at; at = row->next) {
		row = &unwinder->rows[at];
		if (row->key == key && row->module == module) {
			*ret = row;
			return 0;
		}
	}
	if (unwinder->row_count == BOUND_UNWIND_ROWS ||
	    BOUND_UNWIND_IMAGES - unwinder->images_length < CFI_IMAGE + 8)
		rows_forget(unwinder);
	row = &unwinder->rows[unwinder->row_count];
	*row = (struct row){ .module = module, .key = key };
	r = row_fill(unwinder, module, address, exact, row);
	if (r < 0)
		return r;
	row->next = *bucket;
	*bucket = unwinder->row_count++;
	*ret = row;
	return 0;
}
