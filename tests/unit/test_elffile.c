/* SPDX-License-Identifier: MIT */
#include "stacks/elffile.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bounds.h"
#include "cleanup.h"
#include "sight.h"

struct image { uint8_t *bytes; size_t length; };

static struct image image_of(const char *path)
{
	struct stat stat;
	struct image ret;

	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && fstat(fd, &stat) == 0);
	ret.length = (size_t)stat.st_size;
	ret.bytes = mmap(NULL, ret.length, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	cr_assert_neq(ret.bytes, MAP_FAILED);
	return ret;
}

static bool lies_in(struct span_of_file span, const struct elffile *elf)
{
	return !span.bytes || (span.bytes >= elf->bytes && span.length <= elf->length &&
			       (size_t)(span.bytes - elf->bytes) <= elf->length - span.length);
}

/* Every part lies in the image, or in what was unpacked. */
static void check_parts(const struct elffile *elf)
{
	uint32_t i;

	cr_assert(lies_in(elf->eh_frame_hdr, elf) && lies_in(elf->eh_frame, elf) && lies_in(elf->symtab, elf) &&
		  lies_in(elf->strtab, elf) && lies_in(elf->dynsym, elf) && lies_in(elf->dynstr, elf) &&
		  lies_in(elf->minidebug, elf) && lies_in(elf->debuglink, elf) && lies_in(elf->build_id, elf));
	cr_assert(elf->unpacked ? elf->debug_frame.bytes == elf->unpacked : lies_in(elf->debug_frame, elf));
	for (i = 0; i < elf->load_count; i++)
		cr_assert(elf->loads[i].offset <= elf->length && elf->loads[i].length <= elf->length - elf->loads[i].offset);
}

/* One word of what readelf(1) says: address, or size, of a section. */
static uint64_t readelf_says(const char *path, const char *section, int column)
{
	char command[512];
	unsigned long long ret = 0;

	snprintf(command, sizeof(command), "readelf -SW %s | sed 's/^ *\\[ *[0-9]*\\] *//' | awk '$1 == \"%s\" { print $%d }'",
		 path, section, column);
	FILE *pipe = popen(command, "re");
	cr_assert(pipe && fscanf(pipe, "%llx", &ret) == 1, "%s", command);
	pclose(pipe);
	return ret;
}

static void check_section(const char *path, const char *name, struct span_of_file span)
{
	cr_assert_not_null(span.bytes, "%s", name);
	cr_expect_eq(span.address, readelf_says(path, name, 3), "%s", name);
	cr_expect_eq(span.length, readelf_says(path, name, 5), "%s", name);
}

Test(elffile, as_readelf_says)
{
	static const char path[] = "/usr/bin/python3";
	struct image image = image_of(path);
	struct elffile elf;

	if (system("readelf --version >/dev/null 2>&1") != 0)
		cr_skip_test("no readelf here");
	cr_assert_eq(elffile_init(image.bytes, image.length, &elf), 0);
	check_parts(&elf);
	check_section(path, ".eh_frame", elf.eh_frame);
	check_section(path, ".eh_frame_hdr", elf.eh_frame_hdr);
	check_section(path, ".dynsym", elf.dynsym);
	check_section(path, ".dynstr", elf.dynstr);
	cr_expect_eq(elf.build_id.length, 20);
	cr_expect(!elf.go);
	elffile_deinit(&elf);
}

Test(elffile, code_is_where_it_says)
{
	struct image image = image_of("/proc/self/exe");
	const struct load_of_file *code = NULL;
	struct elffile elf;
	uint64_t address;
	uint32_t i;

	cr_assert_eq(elffile_init(image.bytes, image.length, &elf), 0);
	cr_expect(elf.symtab.bytes && elf.strtab.bytes && elf.relocatable);
	for (i = 0; i < elf.load_count; i++)
		if (elf.loads[i].executable)
			code = &elf.loads[i];
	cr_assert_not_null(code);
	cr_assert(elffile_address(&elf, code->offset + 16, &address));
	cr_expect_eq(address, code->address + 16);
	cr_expect_eq(elffile_at(&elf, address, 8), image.bytes + code->offset + 16);
	cr_expect_eq(elffile_at(&elf, code->address + code->length - 8, 8), image.bytes + code->offset + code->length - 8);
	cr_expect_null(elffile_at(&elf, code->address + code->length - 8, 9));
	cr_expect_null(elffile_at(&elf, UINT64_MAX - 3, 8));
	cr_expect_null(elffile_at(&elf, code->address, 0));
	cr_expect_null(elffile_at(&elf, code->address, SIZE_MAX));
	elffile_deinit(&elf);
}

Test(elffile, written_pages_are_not_taken_from_the_file)
{
	struct image image = image_of("/proc/self/exe");
	struct elffile elf;
	uint32_t i;

	cr_assert_eq(elffile_init(image.bytes, image.length, &elf), 0);
	cr_assert_gt(elf.relro_end, elf.relro_start);
	cr_expect_null(elffile_at(&elf, elf.relro_start, 8));
	for (i = 0; i < elf.load_count; i++)
		if (elf.loads[i].writable)
			cr_expect_null(elffile_at(&elf, elf.loads[i].address + elf.loads[i].length - 8, 8));
	elffile_deinit(&elf);
}

Test(elffile, without_section_headers)
{
	struct image image = image_of("/proc/self/exe");
	struct elffile whole, elf;
	Elf64_Ehdr *header = (void *)image.bytes;

	cr_assert_eq(elffile_init(image.bytes, image.length, &whole), 0);
	header->e_shoff = 0;
	header->e_shnum = 0;
	cr_assert_eq(elffile_init(image.bytes, image.length, &elf), 0);
	check_parts(&elf);
	cr_expect_eq(elf.eh_frame.bytes, whole.eh_frame.bytes);
	cr_expect_eq(elf.eh_frame.address, whole.eh_frame.address);
	cr_expect_geq(elf.eh_frame.length, whole.eh_frame.length);
	cr_expect_eq(elf.build_id.bytes, whole.build_id.bytes);
	cr_expect_null(elf.symtab.bytes);
	elffile_deinit(&elf);
	elffile_deinit(&whole);
}

Test(elffile, what_is_not_ours)
{
	uint8_t bytes[sizeof(Elf64_Ehdr)] = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB };
	struct elffile elf;

	cr_expect_eq(elffile_init(bytes, sizeof(bytes), &elf), SIGHT_UNSUPPORTED);
	bytes[EI_CLASS] = ELFCLASS64;
	bytes[EI_DATA] = ELFDATA2MSB;
	cr_expect_eq(elffile_init(bytes, sizeof(bytes), &elf), SIGHT_UNSUPPORTED);
	bytes[EI_DATA] = ELFDATA2LSB;
	cr_expect_eq(elffile_init(bytes, sizeof(bytes), &elf), SIGHT_STRANGE);
	cr_expect_eq(elffile_init(bytes, sizeof(bytes) - 1, &elf), SIGHT_STRANGE);
	cr_expect_eq(elffile_init("#!/bin/sh\n", 10, &elf), SIGHT_STRANGE);
	cr_expect_eq(elffile_init(NULL, 0, &elf), SIGHT_STRANGE);
}

/* A file of one named section, which holds payload, and .shstrtab. */
struct tiny {
	Elf64_Ehdr header;
	Elf64_Shdr sections[4];
	char names[64];
	uint8_t payload[512];
};

static struct tiny tiny_of(const char *name, uint32_t type, const void *payload, size_t length)
{
	struct tiny ret = {
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_DYN,
			    .e_machine = EM_X86_64, .e_shoff = offsetof(struct tiny, sections),
			    .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4, .e_shstrndx = 2 },
		.sections = {
			[1] = { .sh_name = 1, .sh_type = type, .sh_offset = offsetof(struct tiny, payload), .sh_size = length,
				.sh_link = 3 },
			[2] = { .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct tiny, names), .sh_size = 64 },
			[3] = { .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct tiny, names), .sh_size = 64 },
		},
	};

	snprintf(ret.names + 1, sizeof(ret.names) - 1, "%s", name);
	cr_assert_leq(length, sizeof(ret.payload));
	memcpy(ret.payload, payload, length);
	return ret;
}

static struct elffile parsed(const struct tiny *tiny)
{
	struct elffile elf;

	cr_assert_eq(elffile_init(tiny, sizeof(*tiny), &elf), 0);
	check_parts(&elf);
	return elf;
}

Test(elffile, a_symbol_table_that_claims_too_much)
{
	struct tiny tiny = tiny_of(".symtab", SHT_SYMTAB, "", 0);
	struct elffile elf;

	tiny.sections[1].sh_entsize = sizeof(Elf64_Sym);
	tiny.sections[1].sh_size = 3 * sizeof(Elf64_Sym) + 5;
	elf = parsed(&tiny);
	cr_expect_eq(elf.symtab.length, 3 * sizeof(Elf64_Sym));
	tiny.sections[1].sh_size = sizeof(Elf64_Sym) - 1;
	cr_expect_null(parsed(&tiny).symtab.bytes);
	tiny.sections[1].sh_size = UINT64_C(2) << 30;
	cr_expect_null(parsed(&tiny).symtab.bytes);
	tiny.sections[1].sh_offset = UINT64_MAX - 8;
	tiny.sections[1].sh_size = 64;
	cr_expect_null(parsed(&tiny).symtab.bytes);
	tiny.sections[1].sh_offset = offsetof(struct tiny, payload);
	tiny.sections[1].sh_entsize = 1;
	cr_expect_null(parsed(&tiny).symtab.bytes);
	tiny.sections[1].sh_entsize = sizeof(Elf64_Sym);
	tiny.sections[1].sh_link = 77;
	cr_expect_null(parsed(&tiny).symtab.bytes);
}

Test(elffile, counts_of_sections)
{
	struct tiny tiny = tiny_of(".gopclntab", SHT_PROGBITS, "go", 2);

	cr_expect(parsed(&tiny).go);
	tiny.header.e_shnum = 0;
	tiny.header.e_shstrndx = SHN_XINDEX;
	tiny.sections[0].sh_size = 4;
	tiny.sections[0].sh_link = 2;
	cr_expect(parsed(&tiny).go);
	tiny.sections[0].sh_size = UINT64_MAX / sizeof(Elf64_Shdr) + 5; /* times 64: wraps to 4 */
	cr_expect(!parsed(&tiny).go);
	tiny.sections[0].sh_size = 5000;
	cr_expect(!parsed(&tiny).go);
	tiny.sections[0].sh_size = 4;
	tiny.sections[0].sh_link = 0xffffffff;
	cr_expect(!parsed(&tiny).go);
}

static const char frame_text[] = "one entry, and another entry, and another entry, and another entry, and another";

static struct tiny packed(bool old, uint64_t claimed)
{
	uint8_t payload[256];
	uLongf length = sizeof(payload) - 32;
	const Elf64_Chdr header = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = claimed };
	const uint64_t big_endian = __builtin_bswap64(claimed);
	const size_t skip = old ? 12 : sizeof(header);
	struct tiny tiny;

	memcpy(payload, "ZLIB", 4);
	memcpy(payload + 4, &big_endian, 8);
	if (!old)
		memcpy(payload, &header, sizeof(header));
	cr_assert_eq(compress(payload + skip, &length, (const Bytef *)frame_text, sizeof(frame_text)), Z_OK);
	tiny = tiny_of(old ? ".zdebug_frame" : ".debug_frame", SHT_PROGBITS, payload, skip + length);
	tiny.sections[1].sh_flags = old ? 0 : SHF_COMPRESSED;
	return tiny;
}

Test(elffile, compressed_debug_frame)
{
	int old;

	for (old = 0; old < 2; old++) {
		struct tiny tiny = packed(old, sizeof(frame_text));
		struct elffile elf = parsed(&tiny);

		cr_assert_eq(elf.debug_frame.length, sizeof(frame_text));
		cr_expect_arr_eq(elf.debug_frame.bytes, frame_text, sizeof(frame_text));
		elffile_deinit(&elf);
	}
}

Test(elffile, compressed_lies)
{
	static const uint64_t claims[] = { 0, 1, sizeof(frame_text) - 1, sizeof(frame_text) + 1, BOUND_UNPACKED,
					   BOUND_UNPACKED + 1, UINT64_MAX };
	size_t i;
	int old;

	for (i = 0; i < sizeof(claims) / sizeof(*claims); i++)
		for (old = 0; old < 2; old++) {
			struct tiny tiny = packed(old, claims[i]);

			cr_expect_null(parsed(&tiny).debug_frame.bytes);
		}
}

Test(elffile, notes_with_absurd_lengths)
{
	static const uint32_t lengths[] = { 0, 3, 4, 5, 65, 400, 0x7fffffff, 0xfffffffd, 0xffffffff };
	uint32_t words[16] = { 4, 8, NT_GNU_BUILD_ID, 0x554e47, 0x11111111, 0x22222222 };
	struct tiny tiny = tiny_of(".note", SHT_NOTE, words, sizeof(words));
	size_t i, j;

	cr_expect_eq(parsed(&tiny).build_id.length, 8);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		for (j = 0; j < sizeof(lengths) / sizeof(*lengths); j++) {
			words[0] = lengths[i];
			words[1] = lengths[j];
			tiny = tiny_of(".note", SHT_NOTE, words, sizeof(words));
			parsed(&tiny);
		}
}

/* Cut anywhere, or with any byte of its headers changed, it is refused or its parts lie inside. */
Test(elffile, damaged)
{
	struct image image = image_of("/usr/bin/env");
	uint8_t *copy;
	struct elffile elf;
	size_t length, i;

	for (length = 0; length < image.length; length += length < 1024 ? 1 : 509) {
		copy = malloc(length ? length : 1);
		cr_assert_not_null(copy);
		memcpy(copy, image.bytes, length);
		if (elffile_init(copy, length, &elf) == 0) {
			check_parts(&elf);
			elffile_deinit(&elf);
		}
		free(copy);
	}
	for (i = 0; i < 1024; i++) {
		const uint8_t before = image.bytes[i];

		image.bytes[i] ^= 0xff;
		if (elffile_init(image.bytes, image.length, &elf) == 0) {
			check_parts(&elf);
			elffile_deinit(&elf);
		}
		image.bytes[i] = before;
	}
}
