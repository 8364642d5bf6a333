/* SPDX-License-Identifier: MIT */
#include "stacks/cfi_inner.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "sight.h"

#if defined(__x86_64__)

/* ---- sections made by hand --------------------------------------------------------- */

struct bytes {
	uint8_t at[1024];
	size_t length;
};

static void put(struct bytes *bytes, const void *from, size_t length)
{
	cr_assert_leq(length, sizeof(bytes->at) - bytes->length);
	memcpy(bytes->at + bytes->length, from, length);
	bytes->length += length;
}

static void put_number(struct bytes *bytes, uint64_t number, size_t size)
{
	put(bytes, &number, size);
}

/* What stands before its length is the length of. */
static void put_unit(struct bytes *section, const struct bytes *body, bool wide)
{
	if (wide)
		put_number(section, UINT32_MAX, 4);
	put_number(section, body->length, wide ? 8 : 4);
	put(section, body->at, body->length);
}

enum { SECTION_AT = 0x4000, CODE = 0x1000, CODE_LENGTH = 0x100 };

/* At first the CFA is rsp + 8 and the return address lies below it. */
static const uint8_t INITIAL[] = { 0x0c, 7, 8, 0x90, 1 };
/* push %rbp; mov %rsp, %rbp; ...; leave; ret */
static const uint8_t FRAME[] = {
	0x41, 0x0e, 16, 0x86, 2,      /* 1001: CFA rsp + 16, rbp at CFA - 16 */
	0x43, 0x0d, 6,                /* 1004: CFA rbp + 16 */
	0x02, 0x7c, 0x0a, 0xc6, 0x0c, 7, 8, /* 1080: remembered; rbp as it was, CFA rsp + 8 */
	0x41, 0x0b,                   /* 1081: as remembered */
};

struct shape {
	bool debug, wide;
	uint8_t version;
	const char *letters;
	uint8_t data[8];              /* of the augmentation */
	size_t data_length;
	uint8_t encoding;
};

static void put_cie(struct bytes *section, const struct shape *shape)
{
	struct bytes body = { .length = 0 };

	put_number(&body, shape->debug ? UINT64_MAX : 0, shape->debug && shape->wide ? 8 : 4);
	put_number(&body, shape->version, 1);
	put(&body, shape->letters, strlen(shape->letters) + 1);
	if (shape->version == 4)
		put_number(&body, 0x0008, 2);
	put_number(&body, 1, 1);      /* code */
	put_number(&body, 0x78, 1);   /* data: -8 */
	put_number(&body, 16, 1);
	if (*shape->letters == 'z') {
		put_number(&body, shape->data_length, 1);
		put(&body, shape->data, shape->data_length);
	}
	put(&body, INITIAL, sizeof(INITIAL));
	put_unit(section, &body, shape->wide);
}

static void put_fde(struct bytes *section, const struct shape *shape, const uint8_t *program, size_t length)
{
	struct bytes body = { .length = 0 };
	size_t here = section->length + (shape->wide ? 12 : 4);

	put_number(&body, shape->debug ? 0 : here, shape->debug && shape->wide ? 8 : 4);
	if (shape->encoding == 0x1b) {
		put_number(&body, CODE - (SECTION_AT + here + body.length), 4);
		put_number(&body, CODE_LENGTH, 4);
	} else {
		put_number(&body, CODE, 8);
		put_number(&body, CODE_LENGTH, 8);
	}
	if (*shape->letters == 'z')
		put_number(&body, 0, 1);
	put(&body, program, length);
	put_unit(section, &body, shape->wide);
}

static struct elffile elf_of(const struct shape *shape, const struct bytes *section)
{
	struct span_of_file span = { section->at, section->length, shape->debug ? 0 : SECTION_AT };
	struct elffile ret = { 0 };

	if (shape->debug)
		ret.debug_frame = span;
	else
		ret.eh_frame = span;
	return ret;
}

static int find_in(const struct shape *shape, const struct bytes *section, uint64_t address, struct cfi_entry *ret)
{
	struct elffile elf = elf_of(shape, section);
	struct cfi_index *index = NULL;
	int r = cfi_find(&elf, &index, address, 0, ret);

	index = cfi_index_destroy(index);
	return r;
}

/* By a program of its own in an otherwise plain section. */
static int find_program(const uint8_t *program, size_t length, uint64_t address, struct cfi_entry *ret)
{
	static const struct shape shape = { .version = 1, .letters = "" };
	struct bytes section = { .length = 0 };

	put_cie(&section, &shape);
	put_fde(&section, &shape, program, length);
	return find_in(&shape, &section, address, ret);
}

/* The image says again what the entry says, to whoever reads it as an .eh_frame. */
static void check_image(const struct cfi_entry *entry, uint64_t address, uint64_t bias)
{
	const struct shape plain = { .letters = "zR" };
	struct bytes section = { .length = entry->length };
	struct cfi_entry *again = malloc(sizeof(*again));

	cr_assert_leq(entry->length, sizeof(section.at));
	cr_expect_eq(entry->length % 8, 0);
	memcpy(section.at, entry->image, entry->length);
	cr_assert_eq(find_in(&plain, &section, address + bias, again), 0);
	cr_expect_eq(again->start, entry->start + bias);
	cr_expect_eq(again->end, entry->end + bias);
	cr_expect_eq(again->cfa_register, entry->cfa_register);
	if (entry->cfa_register >= 0)
		cr_expect_eq(again->cfa_offset, entry->cfa_offset);
	cr_expect_eq(again->saved, entry->saved);
	free(again);
}

static const struct shape SHAPES[] = {
	{ .version = 1, .letters = "" },
	{ .version = 1, .letters = "zR", .data = { 0x1b }, .data_length = 1, .encoding = 0x1b },
	{ .version = 3, .letters = "zR", .data = { 0x1b }, .data_length = 1, .encoding = 0x1b },
	{ .version = 1, .letters = "zPLR", .data = { 0x9b, 1, 2, 3, 4, 0x1b, 0x1b }, .data_length = 7, .encoding = 0x1b },
	{ .version = 1, .letters = "zRS", .data = { 0x1b }, .data_length = 1, .encoding = 0x1b },
	{ .version = 1, .letters = "zR", .data = { 0x1b }, .data_length = 1, .encoding = 0x1b, .wide = true },
	{ .version = 1, .letters = "", .debug = true },
	{ .version = 3, .letters = "", .debug = true },
	{ .version = 4, .letters = "", .debug = true },
	{ .version = 4, .letters = "", .debug = true, .wide = true },
};
enum { SHAPE_COUNT = sizeof(SHAPES) / sizeof(SHAPES[0]) };

Test(cfi, rows_of_a_function_in_every_shape)
{
	static const struct {
		uint64_t at, start, end;
		int16_t cfa;
		int64_t offset;
		bool saved;
	} rows[] = {
		{ 0x1000, 0x1000, 0x1001, 7, 8, false }, { 0x1001, 0x1001, 0x1004, 7, 16, true },
		{ 0x1003, 0x1001, 0x1004, 7, 16, true }, { 0x1004, 0x1004, 0x1080, 6, 16, true },
		{ 0x107f, 0x1004, 0x1080, 6, 16, true }, { 0x1080, 0x1080, 0x1081, 7, 8, false },
		{ 0x1081, 0x1081, 0x1100, 6, 16, true }, { 0x10ff, 0x1081, 0x1100, 6, 16, true },
	};
	struct cfi_entry *entry = malloc(sizeof(*entry));
	unsigned i, n;

	for (i = 0; i < SHAPE_COUNT; i++) {
		struct bytes section = { .length = 0 };

		put_cie(&section, &SHAPES[i]);
		put_fde(&section, &SHAPES[i], FRAME, sizeof(FRAME));
		for (n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
			cr_assert_eq(find_in(&SHAPES[i], &section, rows[n].at, entry), 0, "shape %u, row %u", i, n);
			cr_expect_eq(entry->start, rows[n].start);
			cr_expect_eq(entry->end, rows[n].end);
			cr_expect_eq(entry->cfa_register, rows[n].cfa);
			cr_expect_eq(entry->cfa_offset, rows[n].offset);
			cr_expect_eq(entry->saved, UINT64_C(1) << 16 | (rows[n].saved ? 1 << 6 : 0));
			cr_expect_eq(entry->function, CODE);
			cr_expect_eq(entry->function_end, CODE + CODE_LENGTH);
			cr_expect_eq(entry->signal, !strcmp(SHAPES[i].letters, "zRS"));
			cr_expect(!entry->outermost && !entry->lost);
			check_image(entry, rows[n].at, 0);
		}
		cr_expect_eq(find_in(&SHAPES[i], &section, CODE - 1, entry), SIGHT_GONE);
		cr_expect_eq(find_in(&SHAPES[i], &section, CODE + CODE_LENGTH, entry), SIGHT_GONE);
	}
	free(entry);
}

Test(cfi, where_it_is_mapped_goes_into_the_image)
{
	static const struct shape shape = { .version = 1, .letters = "" };
	struct bytes section = { .length = 0 };
	struct cfi_entry *entry = malloc(sizeof(*entry));
	struct cfi_index *index = NULL;
	struct elffile elf;

	put_cie(&section, &shape);
	put_fde(&section, &shape, FRAME, sizeof(FRAME));
	elf = elf_of(&shape, &section);
	cr_assert_eq(cfi_find(&elf, &index, 0x1002, UINT64_C(0x7f0000000000), entry), 0);
	check_image(entry, 0x1002, UINT64_C(0x7f0000000000));
	index = cfi_index_destroy(index);
	free(entry);
}

Test(cfi, who_began_it_was_not_called)
{
	static const uint8_t program[] = { 0x07, 16 };
	struct cfi_entry *entry = malloc(sizeof(*entry));

	cr_assert_eq(find_program(program, sizeof(program), CODE, entry), 0);
	cr_expect(entry->outermost);
	cr_expect_eq(entry->lost, 1 << 16);
	free(entry);
}

Test(cfi, every_operation)
{
	static const uint8_t program[] = {
		0x05, 3, 3, 0x11, 12, 0x7c, 0x2f, 13, 2, /* saved: rbx, r12, r13 */
		0x14, 14, 1, 0x15, 15, 0x7f,             /* r14, r15: CFA - 8, CFA + 8 */
		0x08, 0, 0x07, 1, 0x09, 2, 9, 0x09, 8, 40, /* rax the same, rdx lost, rcx in r9, r8 in a vector register */
		0x05, 17, 5, 0x06, 17, 0xd1,             /* vector registers are passed over */
		0x10, 4, 2, 0x77, 8, 0x16, 5, 1, 0x30,   /* rsi at rsp + 8, rdi is 0 */
		0x2e, 16, 0x00, 0x13, 0x7e,              /* size of arguments; nothing; CFA offset 16 */
		0x0f, 4, 0x77, 8, 0x77, 0,               /* CFA by an expression */
		0x01, 0x10, 0x10, 0, 0, 0, 0, 0, 0,      /* from 1010 on */
		0x12, 7, 0x7d,                           /* CFA rsp + 24 */
	};
	struct cfi_entry *entry = malloc(sizeof(*entry));

	cr_assert_eq(find_program(program, sizeof(program), CODE, entry), 0);
	cr_expect_eq(entry->cfa_register, -1);
	cr_expect_eq(entry->end, CODE + 0x10);
	cr_expect_eq(entry->saved, 1 << 3 | 1 << 12 | 1 << 13 | 1 << 16);
	cr_expect_eq(entry->lost, 1 << 1 | 1 << 8);
	check_image(entry, CODE, 0);
	cr_assert_eq(find_program(program, sizeof(program), CODE + 0x10, entry), 0);
	cr_expect_eq(entry->cfa_register, 7);
	cr_expect_eq(entry->cfa_offset, 24);
	free(entry);
}

/* ---- hostile ones ------------------------------------------------------------------ */

Test(cfi, programs_that_are_refused)
{
	static const struct {
		const char *what;
		uint8_t length, program[24];
	} programs[] = {
		{ "unknown operation", 1, { 0x3f } },
		{ "advance of another machine", 9, { 0x1d } },
		{ "operand missing", 1, { 0x0e } },
		{ "restored, never remembered", 1, { 0x0b } },
		{ "remembered too often", 17, { 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10 } },
		{ "CFA by a register beyond", 3, { 0x0c, 17, 8 } },
		{ "CFA by an absurd register", 12, { 0x0c, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 8 } },
		{ "a number without end", 13, { 0x0e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 } },
		{ "expression longer than the section", 3, { 0x0f, 0x7f, 0x30 } },
		{ "expression of 2^63 bytes", 11, { 0x0f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1 } },
		{ "empty expression", 2, { 0x0f, 0 } },
		{ "expression that jumps back to itself", 5, { 0x0f, 3, 0x2f, 0xfd, 0xff } },
		{ "expression that branches back", 6, { 0x0f, 4, 0x31, 0x28, 0xfc, 0xff } },
		{ "expression that jumps beyond", 5, { 0x0f, 3, 0x2f, 0x40, 0 } },
		{ "expression that jumps into an operand", 10, { 0x0f, 8, 0x2f, 1, 0, 0x0a, 0x1b, 0x1b, 0x30, 0x30 } },
		{ "expression that divides", 5, { 0x0f, 3, 0x31, 0x30, 0x1b } },
		{ "expression that calls", 5, { 0x0f, 3, 0x98, 0, 0 } },
		{ "expression with a vector register", 4, { 0x0f, 2, 0x81, 0 } },
		{ "location that goes back", 10, { 0x41, 0x01, 0, 0, 0, 0, 0, 0, 0, 0 } },
		{ "no rule for the return address", 2, { 0x08, 16 } },
		{ "offset of no register", 4, { 0x0f, 1, 0x30, 0x0e } },
	};
	struct cfi_entry *entry = malloc(sizeof(*entry));
	unsigned i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		cr_expect_eq(find_program(programs[i].program, programs[i].length, CODE + CODE_LENGTH - 1, entry),
			     SIGHT_STRANGE, "%s", programs[i].what);
	free(entry);
}

Test(cfi, jumps_forward_are_no_loops)
{
	static const uint8_t ends[] = { 0x0f, 5, 0x77, 8, 0x2f, 0, 0 };
	static const uint8_t over[] = { 0x0f, 8, 0x31, 0x28, 1, 0, 0x96, 0x77, 8, 0x06 };
	struct cfi_entry *entry = malloc(sizeof(*entry));

	cr_expect_eq(find_program(ends, sizeof(ends), CODE, entry), 0);
	cr_expect_eq(find_program(over, sizeof(over), CODE, entry), 0);
	free(entry);
}

Test(cfi, entries_that_name_no_cie)
{
	static const struct shape shape = { .version = 1, .letters = "" };
	static const uint32_t pointers[] = { 1, 4, 0x7fffffff, 0xfffffffc, 29, 0x80000000 };
	struct cfi_entry *entry = malloc(sizeof(*entry));
	struct bytes section;
	size_t fde;
	unsigned i;

	for (i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		section.length = 0;
		put_cie(&section, &shape);
		fde = section.length;
		put_fde(&section, &shape, FRAME, sizeof(FRAME));
		cr_assert_eq(find_in(&shape, &section, CODE, entry), 0);
		memcpy(section.at + fde + 4, &pointers[i], sizeof(pointers[i]));
		cr_expect_eq(find_in(&shape, &section, CODE, entry), SIGHT_GONE, "%#x", pointers[i]);
	}
	free(entry);
}

/* Every prefix, and every byte wrong: no more is asked than that it ends, within the bytes. */
Test(cfi, torture)
{
	static const uint8_t wrong[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, 0x2f };
	struct cfi_entry *entry = malloc(sizeof(*entry));
	unsigned shape, i, n;
	size_t length;

	for (shape = 0; shape < SHAPE_COUNT; shape++) {
		struct bytes section = { .length = 0 };

		put_cie(&section, &SHAPES[shape]);
		put_fde(&section, &SHAPES[shape], FRAME, sizeof(FRAME));
		for (length = 0; length <= section.length; length++) {
			uint8_t *bytes = malloc(length + 1);
			struct elffile elf = elf_of(&SHAPES[shape], &section);
			struct span_of_file *span = SHAPES[shape].debug ? &elf.debug_frame : &elf.eh_frame;

			memcpy(bytes, section.at, length);
			span->bytes = bytes;
			span->length = length;
			for (i = 0; i < sizeof(wrong) * (length == section.length ? length : 1); i++) {
				struct cfi_index *index = NULL;
				size_t at = i / sizeof(wrong);
				uint8_t kept = bytes[at];

				if (length == section.length)
					bytes[at] = wrong[i % sizeof(wrong)];
				for (n = 0; n < 4; n++)
					if (cfi_find(&elf, &index, CODE + n * 0x55, 0, entry) == 0)
						cr_assert(entry->start <= CODE + n * 0x55 && entry->end > CODE + n * 0x55 &&
							  entry->length <= CFI_IMAGE);
				bytes[at] = kept;
				index = cfi_index_destroy(index);
			}
			free(bytes);
		}
	}
	free(entry);
}

Test(cfi, tables_that_lie)
{
	static const struct shape shape = { .version = 1, .letters = "" };
	struct bytes section = { .length = 0 }, table = { .length = 0 };
	struct cfi_entry *entry = malloc(sizeof(*entry));
	struct cfi_index *index = NULL;
	struct elffile elf;
	size_t fde, row;

	put_cie(&section, &shape);
	fde = section.length;
	put_fde(&section, &shape, FRAME, sizeof(FRAME));
	elf = elf_of(&shape, &section);
	put_number(&table, 0x3b031b01, 4);
	put_number(&table, 0, 4);
	put_number(&table, 1, 4);
	row = table.length;
	put_number(&table, CODE - 0x3000, 4);
	put_number(&table, SECTION_AT + fde - 0x3000, 4);
	elf.eh_frame_hdr = (struct span_of_file){ table.at, table.length, 0x3000 };

	cr_expect_eq(cfi_table_find(&elf, CODE + 5, &row), 0);
	cr_expect_eq(row, fde);
	cr_expect_eq(cfi_find(&elf, &index, CODE + 5, 0, entry), 0);
	cr_expect_null(index, "the table was enough");
	cr_expect_eq(cfi_find(&elf, &index, CODE - 1, 0, entry), SIGHT_GONE);

	memset(table.at + 8, 0xff, 4); /* more rows than there are bytes */
	cr_expect_eq(cfi_find(&elf, &index, CODE + 5, 0, entry), 0);
	memset(table.at + 16, 0x7f, 4); /* an entry outside: then by an index of our own */
	cr_expect_eq(cfi_find(&elf, &index, CODE + 5, 0, entry), 0);
	cr_expect_not_null(index);
	table.at[3] = 0xff;
	cr_expect_eq(cfi_find(&elf, &index, CODE + 5, 0, entry), 0);
	elf.eh_frame_hdr.length = 3;
	cr_expect_eq(cfi_find(&elf, &index, CODE + 5, 0, entry), 0);
	index = cfi_index_destroy(index);
	free(entry);
}

/* ---- real files -------------------------------------------------------------------- */

/* Of every function of a file: the table and our own index lead to the same entry, and what is written says the same. */
static unsigned check_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct cfi_entry *entry = malloc(sizeof(*entry));
	struct cfi_index *index = NULL;
	struct cfi_section section;
	struct cfi_unit unit;
	struct elffile elf;
	struct cfi_cie cie;
	struct cfi_fde fde;
	struct stat stat;
	size_t at, next, by_table, by_index;
	unsigned ret = 0;
	void *bytes;

	cr_assert_eq(fstat(fd, &stat), 0);
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	cr_assert_neq(bytes, MAP_FAILED);
	cr_assert_eq(elffile_init(bytes, (size_t)stat.st_size, &elf), 0);
	section = cfi_section_of(&elf, false);
	for (at = 0; cfi_unit_read(&section, at, &unit) == 0; at = next) {
		next = unit.next;
		if (unit.cie)
			continue;
		cr_assert_eq(cfi_cie_read(&section, unit.cie_at, &cie), 0);
		cr_assert_eq(cfi_fde_read(&section, &unit, &cie, &fde), 0);
		if (fde.start == fde.end)
			continue;
		cr_assert_eq(cfi_table_find(&elf, fde.end - 1, &by_table), 0);
		cr_assert_eq(cfi_index_find(&index, &section, fde.end - 1, &by_index), 0);
		cr_assert_eq(by_table, at);
		cr_assert_eq(by_index, at);
		cr_assert_eq(cfi_find(&elf, &index, fde.end - 1, 0, entry), 0);
		if (!entry->outermost) /* of that nothing is written */
			check_image(entry, fde.end - 1, 0);
		ret++;
	}
	index = cfi_index_destroy(index);
	elffile_deinit(&elf);
	munmap(bytes, (size_t)stat.st_size);
	free(entry);
	return ret;
}

Test(cfi, every_function_of_real_files)
{
	cr_expect_gt(check_file("/proc/self/exe"), 500);
	cr_expect_gt(check_file("/bin/sh"), 50);
}

#endif
