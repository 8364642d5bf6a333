/* SPDX-License-Identifier: MIT */
#include "stacks/symbols.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "sight.h"
#include "stacks/debugfile.h"
#include "stacks/demangle.h"
#include "stacks/minidebug.h"
#include "stacks/symtab.h"

/* ---- real files ----------------------------------------------------------------- */

static struct module module_of(const char *path)
{
	struct module ret = { .path = path, .seen_by = getpid() };
	struct stat stat;
	void *bytes;

	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && fstat(fd, &stat) == 0, "%s", path);
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	cr_assert_neq(bytes, MAP_FAILED);
	cr_assert_eq(elffile_init(bytes, (size_t)stat.st_size, &ret.elf), 0);
	return ret;
}

static void module_end(struct module *module)
{
	symbols_destroy(module->symbols);
	debugfile_destroy(module->debug);
	elffile_deinit(&module->elf);
}

static const char *name_at(struct module *module, uint64_t address)
{
	struct symbol symbol;

	cr_assert_eq(symbol_find(module, address, &symbol), 0);
	return symbol.name ? symbol.name : "(none)";
}

/* Every function that nm(1) lists with a size is found from its middle, under one of its names. */
static unsigned check_against_nm(struct module *module, const char *command)
{
	char line[4096], name[2048], *version;
	unsigned long long start, size, last = 0, last_size = 0;
	unsigned checked = 0, wrong = 0;
	bool found = true;
	struct symbol symbol;
	char type;
	FILE *pipe = popen(command, "re");

	cr_assert_not_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		if (sscanf(line, "%llx %llx %c %2047s", &start, &size, &type, name) != 4 || !strchr("tTwWi", type) || size == 0)
			continue;
		/* C++ names are said without arguments here; a weak thread-local one has no address, only an offset. */
		if (!strncmp(name, "_Z", 2) || start < 4096)
			continue;
		version = strchr(name, '@');
		if (version)
			*version = '\0';
		/* Aliases stand together: one of them is the name. */
		if (start != last || size != last_size) {
			wrong += !found;
			found = false;
			checked++;
		}
		last = start;
		last_size = size;
		cr_assert_eq(symbol_find(module, start + size / 2, &symbol), 0);
		found = found || (symbol.name && (!strcmp(symbol.name, name) || symbol.into != size / 2));
	}
	pclose(pipe);
	cr_expect_eq(wrong + !found, 0, "%s: %u of %u", command, wrong, checked);
	return checked;
}

Test(symbols, as_nm_says)
{
	struct module own = module_of("/proc/self/exe"), python = module_of("/usr/bin/python3");
	char command[BOUND_PATH + 64], exe[BOUND_PATH] = "";

	if (system("nm --version >/dev/null 2>&1") != 0)
		cr_skip_test("no nm here");
	cr_assert_gt(readlink("/proc/self/exe", exe, sizeof(exe) - 1), 0);
	snprintf(command, sizeof(command), "nm -Sn --defined-only %s", exe);
	cr_expect_gt(check_against_nm(&own, command), 500);
	cr_expect_gt(check_against_nm(&python, "nm -DSn --defined-only /usr/bin/python3"), 500);
	module_end(&own);
	module_end(&python);
}

Test(symbols, of_nothing)
{
	struct module own = module_of("/proc/self/exe");

	cr_expect_str_eq(name_at(&own, 0), "(none)");
	cr_expect_str_eq(name_at(&own, UINT64_MAX), "(none)");
	module_end(&own);
}

/* ---- separate debug files ------------------------------------------------------- */

static char folder[] = "/tmp/wedge-symbols-XXXXXX";

static void run(const char *what)
{
	char command[1024], exe[BOUND_PATH] = "";

	cr_assert_gt(readlink("/proc/self/exe", exe, sizeof(exe) - 1), 0);
	snprintf(command, sizeof(command), "exe=%s; cd %s && %s", exe, folder, what);
	cr_assert_eq(system(command), 0, "%s", command);
}

static uint64_t own_address(const char *name)
{
	struct module own = module_of("/proc/self/exe");
	const uint8_t *strings = own.elf.strtab.bytes;
	uint64_t ret = 0;
	Elf64_Sym symbol;
	size_t i;

	for (i = 0; i < own.elf.symtab.length / sizeof(symbol); i++) {
		memcpy(&symbol, own.elf.symtab.bytes + i * sizeof(symbol), sizeof(symbol));
		if (!strcmp((const char *)strings + symbol.st_name, name))
			ret = symbol.st_value;
	}
	module_end(&own);
	cr_assert_neq(ret, 0);
	return ret;
}

Test(symbols, debug_file_by_name)
{
	char path[64];
	const uint64_t address = own_address("tree_settle");
	struct module module;

	if (system("objcopy --version >/dev/null 2>&1") != 0)
		cr_skip_test("no objcopy here");
	cr_assert_not_null(mkdtemp(folder));
	run("mkdir .debug && objcopy --only-keep-debug $exe .debug/prog.debug && cp $exe prog && "
	    "objcopy --strip-all --add-gnu-debuglink=.debug/prog.debug prog");
	snprintf(path, sizeof(path), "%s/prog", folder);
	module = module_of(path);
	cr_expect_null(module.elf.symtab.bytes);
	cr_expect_str_eq(name_at(&module, address), "tree_settle");
	module_end(&module);
	/* Beside it. */
	run("mv .debug/prog.debug .");
	module = module_of(path);
	cr_expect_str_eq(name_at(&module, address), "tree_settle");
	module_end(&module);
	/* Another file of that name: of another build, or, without one, of another checksum. */
	run("objcopy --only-keep-debug /proc/self/exe prog.debug 2>/dev/null; echo >>prog.debug; "
	    "objcopy --remove-section=.note.gnu.build-id prog");
	module = module_of(path);
	cr_expect_str_neq(name_at(&module, address), "tree_settle");
	module_end(&module);
	/* What is no file at all is not opened: this one would wait for a writer for ever. */
	run("rm prog.debug && mkfifo prog.debug");
	module = module_of(path);
	cr_expect_str_neq(name_at(&module, address), "tree_settle");
	module_end(&module);
	run("rm -r ../$(basename $PWD)");
}

Test(symbols, debug_file_by_build_id)
{
	struct module libc = { 0 };
	const struct elffile *debug;
	char maps[512];

	_cleanup_fclose_ FILE *file = fopen("/proc/self/maps", "re");
	while (file && fgets(maps, sizeof(maps), file))
		if (strstr(maps, "/libc.so.6")) {
			*strchr(maps, '\n') = '\0';
			libc = module_of(strchr(maps, '/'));
			break;
		}
	cr_assert_not_null(libc.elf.bytes);
	if (access("/usr/lib/debug/.build-id", F_OK) != 0)
		cr_skip_test("no debug files here");
	cr_assert_eq(debugfile_find(&libc, &debug), 0);
	if (!debug)
		cr_skip_test("no debug file of libc here");
	cr_expect(debug->symtab.length > libc.elf.dynsym.length && debug->build_id.length == libc.elf.build_id.length);
	module_end(&libc);
}

Test(symbols, debuglink)
{
	struct {
		const char *bytes;
		size_t length;
		bool good;
	} tries[] = {
		{ "a.debug\0\1\2\3\4", 12, true },
		{ "abc\0\1\2\3\4", 8, true },
		{ "ab\0\0\1\2\3\4", 8, true },
		{ "abcd\0\0\0\0\1\2\3\4", 12, true },
		{ "abc\0\1\2\3", 7, false },
		{ "abc", 3, false },
		{ "a/b\0\1\2\3\4", 8, false },
		{ "..\0\0\1\2\3\4", 8, false },
		{ "\0\0\0\0\1\2\3\4", 8, false },
	};
	const char *name;
	uint32_t crc;
	size_t i;

	for (i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		const struct span_of_file span = { (const uint8_t *)tries[i].bytes, tries[i].length, 0 };

		cr_expect_eq(debuglink_parse(span, &name, &crc), tries[i].good, "%zu", i);
		if (tries[i].good)
			cr_expect(crc == 0x04030201 && !strcmp(name, tries[i].bytes));
	}
	cr_expect(!debuglink_parse((struct span_of_file){ 0 }, &name, &crc));
}

/* ---- .gnu_debugdata ------------------------------------------------------------- */

static struct span_of_file packed(const void *bytes, size_t length)
{
	const size_t room = lzma_stream_buffer_bound(length);
	uint8_t *to = malloc(room);
	size_t used = 0;

	cr_assert(to && lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, bytes, length, to, &used, room) == LZMA_OK);
	return (struct span_of_file){ to, used, 0 };
}

Test(symbols, minidebug)
{
	struct module own = module_of("/proc/self/exe"), bare = own;
	const uint64_t address = own_address("tree_settle");

	/* As if it were stripped, and brought its symbols along. */
	bare.elf.symtab = bare.elf.strtab = bare.elf.debuglink = bare.elf.build_id = (struct span_of_file){ 0 };
	bare.elf.minidebug = packed(own.elf.bytes, own.elf.length);
	cr_expect_str_eq(name_at(&bare, address), "tree_settle");
	symbols_destroy(bare.symbols);
	debugfile_destroy(bare.debug);
	/* Damaged, it names nothing and harms nothing. */
	memset((void *)(uintptr_t)(bare.elf.minidebug.bytes + bare.elf.minidebug.length / 2), 0x5a, 64);
	bare.symbols = NULL;
	bare.debug = NULL;
	cr_expect_str_neq(name_at(&bare, address), "tree_settle");
	symbols_destroy(bare.symbols);
	debugfile_destroy(bare.debug);
	free((void *)(uintptr_t)bare.elf.minidebug.bytes);
	module_end(&own);
}

Test(symbols, minidebug_that_grows_without_end)
{
	const size_t length = BOUND_UNPACKED + 1;
	void *zeros = calloc(length, 1), *memory;
	struct span_of_file bomb = packed(zeros, length);
	struct elffile elf;

	cr_expect_lt(bomb.length, length / 1000);
	cr_expect_eq(minidebug_unpack(bomb, &memory, &elf), SIGHT_STRANGE);
	cr_expect_eq(minidebug_unpack((struct span_of_file){ bomb.bytes, bomb.length / 2, 0 }, &memory, &elf), SIGHT_STRANGE);
	cr_expect_eq(minidebug_unpack((struct span_of_file){ (const uint8_t *)"", 0, 0 }, &memory, &elf), SIGHT_STRANGE);
	free((void *)(uintptr_t)bomb.bytes);
	free(zeros);
}

/* ---- which symbol --------------------------------------------------------------- */

enum { CODE = 0x1000, CODE_END = 0x9000 };

static const Elf64_Shdr sections[2] = { [1] = { .sh_flags = SHF_ALLOC, .sh_addr = CODE, .sh_size = CODE_END - CODE } };

static struct elffile code_elf(void)
{
	return (struct elffile){
		.load_count = 1, .loads = { { .address = CODE, .length = CODE_END - CODE, .executable = true } },
		.sections = { (const uint8_t *)sections, sizeof(sections), 0 },
	};
}

struct wish { const char *name; uint64_t start, size; int binding, type; };

/* What is at this address, of these. */
static const char *chosen(const struct wish *wishes, size_t count, uint64_t address)
{
	static char name[64];
	struct elffile elf = code_elf();
	Elf64_Sym symbols[32] = { 0 };
	char names[1024] = "";
	size_t used = 1, i;
	struct symtab *symtab;
	struct symtab_match match;

	for (i = 0; i < count; i++) {
		symbols[i + 1] = (Elf64_Sym){ .st_name = (Elf64_Word)used, .st_value = wishes[i].start, .st_size = wishes[i].size,
					      .st_info = ELF64_ST_INFO(wishes[i].binding, wishes[i].type), .st_shndx = 1 };
		used += (size_t)sprintf(names + used, "%s", wishes[i].name) + 1;
	}
	struct symtab_source source = { &elf, { (const uint8_t *)symbols, (count + 1) * sizeof(*symbols), 0 },
					{ (const uint8_t *)names, used, 0 } };
	cr_assert_eq(symtab_create(&source, 1, &elf, &symtab), 0);
	snprintf(name, sizeof(name), "-");
	if (symtab_find(symtab, address, &match))
		snprintf(name, sizeof(name), "%.*s", (int)match.length, match.name);
	symtab_destroy(symtab);
	return name;
}

#define CHOSEN(address, ...) chosen((struct wish[]){ __VA_ARGS__ }, sizeof((struct wish[]){ __VA_ARGS__ }) / sizeof(struct wish), address)

Test(symbols, the_stronger_alias)
{
	cr_expect_str_eq(CHOSEN(0x2008, { "weak", 0x2000, 16, STB_WEAK, STT_FUNC }, { "strong", 0x2000, 16, STB_GLOBAL, STT_FUNC },
				{ "local", 0x2000, 16, STB_LOCAL, STT_FUNC }), "strong");
	cr_expect_str_eq(CHOSEN(0x2008, { "one", 0x2000, 16, STB_GLOBAL, STT_FUNC }, { "two", 0x2000, 16, STB_GLOBAL, STT_FUNC }), "one");
	cr_expect_str_eq(CHOSEN(0x2008, { "long", 0x2000, 32, STB_GLOBAL, STT_FUNC }, { "short", 0x2000, 16, STB_GLOBAL, STT_FUNC }),
			 "short");
}

Test(symbols, the_nearer_one_that_covers)
{
	cr_expect_str_eq(CHOSEN(0x2018, { "outer", 0x2000, 64, STB_GLOBAL, STT_FUNC }, { "inner", 0x2010, 16, STB_GLOBAL, STT_FUNC }), "inner");
	cr_expect_str_eq(CHOSEN(0x2020, { "outer", 0x2000, 64, STB_GLOBAL, STT_FUNC }, { "inner", 0x2010, 16, STB_GLOBAL, STT_FUNC }), "outer");
	cr_expect_str_eq(CHOSEN(0x2040, { "outer", 0x2000, 64, STB_GLOBAL, STT_FUNC }, { "inner", 0x2010, 16, STB_GLOBAL, STT_FUNC }), "-");
	cr_expect_str_eq(CHOSEN(0x2018, { "inner", 0x2010, 16, STB_LOCAL, STT_FUNC }, { "outer", 0x2000, 64, STB_GLOBAL, STT_FUNC }), "outer");
}

Test(symbols, labels_without_a_size)
{
	cr_expect_str_eq(CHOSEN(0x2018, { "label", 0x2010, 0, STB_LOCAL, STT_NOTYPE }), "label");
	cr_expect_str_eq(CHOSEN(0x2018, { "sized", 0x2000, 64, STB_LOCAL, STT_FUNC }, { "label", 0x2010, 0, STB_GLOBAL, STT_NOTYPE }), "sized");
	cr_expect_str_eq(CHOSEN(0x2080, { "sized", 0x2000, 64, STB_LOCAL, STT_FUNC }, { "label", 0x2010, 0, STB_GLOBAL, STT_NOTYPE }), "-");
	cr_expect_str_eq(CHOSEN(0x2080, { "sized", 0x2000, 64, STB_LOCAL, STT_FUNC }, { "label", 0x2040, 0, STB_GLOBAL, STT_NOTYPE }), "label");
}

Test(symbols, what_names_no_code)
{
	cr_expect_str_eq(CHOSEN(0x2008, { "data", 0x2000, 16, STB_GLOBAL, STT_OBJECT }), "-");
	cr_expect_str_eq(CHOSEN(0xa008, { "far", 0xa000, 16, STB_GLOBAL, STT_FUNC }), "-");
	cr_expect_str_eq(CHOSEN(0x2008, { "$x", 0x2000, 0, STB_LOCAL, STT_NOTYPE }), "-");
	cr_expect_str_eq(CHOSEN(0x2008, { "ifunc", 0x2000, 16, STB_GLOBAL, STT_GNU_IFUNC }), "ifunc");
	cr_expect_str_eq(CHOSEN(0x2008, { "pthread_cond_wait@@GLIBC_2.3.2", 0x2000, 16, STB_GLOBAL, STT_FUNC }), "pthread_cond_wait");
	cr_expect_str_eq(CHOSEN(0x2008, { "@odd", 0x2000, 16, STB_GLOBAL, STT_FUNC }), "@odd");
}

Test(symbols, absurd_sizes)
{
	cr_expect_str_eq(CHOSEN(0x8fff, { "all", 0x2000, UINT64_MAX, STB_GLOBAL, STT_FUNC }), "all");
	cr_expect_str_eq(CHOSEN(0x1fff, { "all", 0x2000, UINT64_MAX, STB_GLOBAL, STT_FUNC }), "-");
}

/* Strings that do not end, and names outside of them. */
Test(symbols, strings_that_do_not_end)
{
	struct elffile elf = code_elf();
	Elf64_Sym symbols[4] = {
		[1] = { .st_name = 1, .st_value = 0x2000, .st_size = 16, .st_info = STT_FUNC, .st_shndx = 1 },
		[2] = { .st_name = 4, .st_value = 0x3000, .st_size = 16, .st_info = STT_FUNC, .st_shndx = 1 },
		[3] = { .st_name = 0xffffffff, .st_value = 0x4000, .st_size = 16, .st_info = STT_FUNC, .st_shndx = 1 },
	};
	char *names = malloc(4);
	struct symtab_source source = { &elf, { (const uint8_t *)symbols, sizeof(symbols), 0 }, { (const uint8_t *)names, 4, 0 } };
	struct symtab_match match;
	struct symtab *symtab;

	memcpy(names, "\0abc", 4);
	cr_assert_eq(symtab_create(&source, 1, &elf, &symtab), 0);
	cr_assert(symtab_find(symtab, 0x2001, &match));
	cr_expect(match.length == 3 && !memcmp(match.name, "abc", 3));
	cr_expect(!symtab_find(symtab, 0x3001, &match));
	cr_expect(!symtab_find(symtab, 0x4001, &match));
	symtab_destroy(symtab);
	free(names);
	source.symbols = source.names = (struct span_of_file){ 0 };
	cr_assert_eq(symtab_create(&source, 1, &elf, &symtab), 0);
	cr_expect(!symtab_find(symtab, 0x2001, &match));
	symtab_destroy(symtab);
}

/* Many in no order: each is found where it lies. */
Test(symbols, in_no_order)
{
	enum { COUNT = 5000 };
	struct elffile elf = code_elf();
	Elf64_Sym *symbols = calloc(COUNT + 1, sizeof(*symbols));
	struct symtab_source source = { &elf, { (const uint8_t *)symbols, (COUNT + 1) * sizeof(*symbols), 0 },
					{ (const uint8_t *)"\0name", 6, 0 } };
	struct symtab_match match;
	struct symtab *symtab;
	uint32_t i;

	cr_assert_not_null(symbols);
	for (i = 0; i < COUNT; i++)
		symbols[i + 1] = (Elf64_Sym){ .st_name = 1, .st_value = CODE + i * 2741 % COUNT * 4, .st_size = 3,
					      .st_info = STT_FUNC, .st_shndx = 1 };
	cr_assert_eq(symtab_create(&source, 1, &elf, &symtab), 0);
	for (i = 0; i < COUNT; i++) {
		cr_assert(symtab_find(symtab, CODE + i * 4 + 2, &match));
		cr_assert_eq(match.start, CODE + i * 4);
		cr_assert_eq(symbols[match.which].st_value, match.start);
		cr_assert(!symtab_find(symtab, CODE + i * 4 + 3, &match));
	}
	symtab_destroy(symtab);
	free(symbols);
}

/* ---- demangling ----------------------------------------------------------------- */

static const char *demangled(const char *name)
{
	static char ret[BOUND_NAME];

	demangle(name, strlen(name), ret);
	return ret;
}

#ifdef HAVE_LIBIBERTY
Test(symbols, mangled_names)
{
	cr_expect_str_eq(demangled("_ZN5queue4waitEi"), "queue::wait");
	cr_expect_str_eq(demangled("_ZNSt6threadC2Ev"), "std::thread::thread");
	cr_expect_str_eq(demangled("_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE"), "std::condition_variable::wait");
	cr_expect_str_eq(demangled("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"), "core::fmt::Formatter::pad");
	cr_expect_str_eq(demangled("_RNvCskwGfYPst2Cb_3foo3bar"), "foo::bar");
	cr_expect_str_eq(demangled("_RNvNtNtCs1234_7mycrate3foo3bar3baz"), "mycrate::foo::bar::baz");
}

/* A hundred bytes that stand for more than all memory: each type a pair of the one before. */
Test(symbols, a_name_that_explodes, .timeout = 10)
{
	char name[512] = "_Z1fI1a";
	int i;

	for (i = 0; i < 30; i++)
		sprintf(name + strlen(name), "1bIS%c_S%c_E", i < 10 ? '0' + i : 'A' + i - 10, i < 10 ? '0' + i : 'A' + i - 10);
	strcat(name, "Evv");
	cr_expect_lt(strlen(demangled(name)), BOUND_NAME);
}
#endif

Test(symbols, names_that_are_not_mangled)
{
	cr_expect_str_eq(demangled("main"), "main");
	cr_expect_str_eq(demangled("_Z"), "_Z");
	cr_expect_str_eq(demangled("_ZNonsense("), "_ZNonsense(");
	cr_expect_str_eq(demangled("_R"), "_R");
	demangled("_RNvNtNtCs1234_0mycrate3foo3bar3baz"); /* an empty name in it */
	cr_expect_str_eq(demangled(""), "");
}

Test(symbols, long_names_are_cut)
{
	char name[2 * BOUND_MANGLED];
	const char *shown;
	size_t i;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	shown = demangled(name);
	cr_expect_eq(strlen(shown), BOUND_NAME - 1);
	cr_expect_str_eq(shown + BOUND_NAME - 4, "...");
	name[BOUND_NAME] = '\0';
	cr_expect_eq(strlen(demangled(name)), BOUND_NAME - 1);
	name[BOUND_NAME - 1] = '\0';
	cr_expect_str_eq(demangled(name), name);
	/* Not in the middle of a character. */
	for (i = 0; i + 1 < sizeof(name) - 1; i += 2)
		memcpy(name + i, "\xc3\xa4", 2);
	name[BOUND_NAME + 100] = '\0';
	shown = demangled(name);
	cr_expect_eq(strlen(shown) % 2, 1);
	cr_expect_str_eq(shown + strlen(shown) - 3, "...");
}
