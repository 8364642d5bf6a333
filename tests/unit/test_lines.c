/* SPDX-License-Identifier: MIT */
#include "stacks/lines.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "stacks/debugfile.h"

static struct module module;

static void begin(const char *name)
{
	char *path = realpath(name, NULL);
	struct stat stat;
	void *bytes;

	cr_assert_not_null(path, "%s", name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && fstat(fd, &stat) == 0, "%s", name);
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	cr_assert_neq(bytes, MAP_FAILED);
	module = (struct module){ .path = path, .seen_by = getpid() };
	cr_assert_eq(elffile_init(bytes, (size_t)stat.st_size, &module.elf), 0);
}

static void end(void)
{
	lines_destroy(module.lines);
	debugfile_destroy(module.debug);
	elffile_deinit(&module.elf);
	free((char *)(uintptr_t)module.path);
}

static uint64_t address_of(const char *name)
{
	uint64_t ret = 0;
	Elf64_Sym symbol;
	size_t i;

	for (i = 0; i < module.elf.symtab.length / sizeof(symbol); i++) {
		memcpy(&symbol, module.elf.symtab.bytes + i * sizeof(symbol), sizeof(symbol));
		if (!strcmp((const char *)module.elf.strtab.bytes + symbol.st_name, name))
			ret = symbol.st_value;
	}
	cr_assert_neq(ret, 0, "%s", name);
	return ret;
}

static bool ends_so(const char *text, const char *end_of_it)
{
	return text && strlen(text) >= strlen(end_of_it) && !strcmp(text + strlen(text) - strlen(end_of_it), end_of_it);
}

#ifdef HAVE_LIBDW
static void check_place(const char *path)
{
	struct line_at found, again;
	uint32_t i;

	begin(path);
	cr_assert_eq(line_find(&module, address_of("place"), &found), 0);
	cr_assert_eq(found.count, 3, "%s: %u", path, found.count);
	cr_expect_str_eq(found.each[0].function, "inner");
	cr_expect_str_eq(found.each[1].function, "middle");
	cr_expect_null(found.each[2].function);
	cr_expect_eq(found.each[0].line, 5);
	cr_expect_eq(found.each[1].line, 11);
	cr_expect_eq(found.each[2].line, 17);
	for (i = 0; i < 3; i++)
		cr_expect(ends_so(found.each[i].file, "inlined.c"));
	cr_assert_eq(line_find(&module, address_of("place"), &again), 0);
	cr_expect(again.count == 3 && !memcmp(found.each, again.each, 3 * sizeof(found.each[0])));
	cr_expect(!lines_cut(&module));
	end();
}

Test(lines, what_is_inlined)
{
	check_place("tests/unit/inlined");
}

Test(lines, of_sections_that_are_compressed)
{
	check_place("tests/unit/inlined-packed");
}

/* Of a separate debug file. */
Test(lines, of_a_stripped_program)
{
	check_place("tests/unit/inlined-stripped");
}

/* The line is there, and no file is opened that the program names. */
Test(lines, of_units_that_were_split)
{
	struct line_at found;

	begin("tests/unit/inlined-split");
	cr_assert_eq(line_find(&module, address_of("place"), &found), 0);
	cr_assert_eq(found.count, 1);
	cr_expect_eq(found.each[0].line, 5);
	end();
}

/* Every third byte of a function. */
Test(lines, as_eu_addr2line_says)
{
	char command[256], said[2048], ours[2048];
	struct line_at found;
	uint64_t address;
	uint32_t j;
	FILE *pipe;

	if (system("eu-addr2line --version >/dev/null 2>&1") != 0)
		cr_skip_test("no eu-addr2line here");
	begin("tests/unit/inlined");
	for (address = address_of("outer"); address < address_of("outer") + 12; address += 3) {
		cr_assert_eq(line_find(&module, address, &found), 0);
		snprintf(command, sizeof(command), "eu-addr2line -i -s -e tests/unit/inlined %#lx", (unsigned long)address);
		pipe = popen(command, "re");
		cr_assert_not_null(pipe);
		for (j = 0; j < found.count; j++) {
			cr_assert_not_null(fgets(said, sizeof(said), pipe));
			if (!strncmp(said, "??", 2))
				cr_skip_test("no .debug_aranges from this compiler, without which eu-addr2line says nothing");
			snprintf(ours, sizeof(ours), "%s:%d", strrchr(found.each[j].file, '/') + 1, found.each[j].line);
			cr_expect(!strncmp(said, ours, strlen(ours)) && strchr(":\n", said[strlen(ours)]), "%s: %s", ours, said);
		}
		cr_expect_null(fgets(said, sizeof(said), pipe), "%s", said);
		pclose(pipe);
	}
	end();
}
#endif

Test(lines, without_debug_information)
{
	struct line_at found;

	begin("/usr/bin/env");
	cr_assert_eq(line_find(&module, module.elf.loads[1].address, &found), 0);
	cr_expect_eq(found.count, 0);
	end();
}

Test(lines, nowhere)
{
	struct line_at found;

	begin("tests/unit/inlined");
	cr_assert_eq(line_find(&module, 0, &found), 0);
	cr_expect_eq(found.count, 0);
	cr_assert_eq(line_find(&module, UINT64_MAX, &found), 0);
	cr_expect_eq(found.count, 0);
	end();
}
