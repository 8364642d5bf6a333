/* SPDX-License-Identifier: MIT */
/*
 * hostile MODE: stack pointers, frame pointers and mappings that make no sense, or do not stay as
 * they are.  x86_64 only.  What sleeps at a stack of its own making is in sleep_at(), which tables cover, or in
 * bare_sleep_at(), which none does.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "place.h"

enum { PAGE = 4096 };
static const uint64_t terabyte = 1ULL << 40;

_Noreturn void sleep_at(uint64_t sp, uint64_t frame), bare_sleep_at(uint64_t sp, uint64_t frame);
extern char inside_framed[], inside_plain[], inside_bare[];

__asm__(".text\n"
	/* pause(2) again and again, with these in rsp and rbp */
	".type sleep_at, @function\nsleep_at:\n.cfi_startproc\n"
	"mov %rdi, %rsp\nmov %rsi, %rbp\n1: mov $34, %eax\nsyscall\njmp 1b\n.cfi_endproc\n.size sleep_at, . - sleep_at\n"
	".type bare_sleep_at, @function\nbare_sleep_at:\n"
	"mov %rdi, %rsp\nmov %rsi, %rbp\n1: mov $34, %eax\nsyscall\njmp 1b\n.size bare_sleep_at, . - bare_sleep_at\n"
	/* places to return to: by frame pointer and table, by stack pointer and table, by no table */
	".type framed, @function\nframed:\n.cfi_startproc\npush %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset rbp, -16\n"
	"mov %rsp, %rbp\n.cfi_def_cfa_register rbp\ncall framed\ninside_framed: nop\nleave\n.cfi_def_cfa rsp, 8\nret\n"
	".cfi_endproc\n.size framed, . - framed\n"
	".type plain, @function\nplain:\n.cfi_startproc\ncall plain\ninside_plain: nop\nret\n.cfi_endproc\n.size plain, . - plain\n"
	".type bare, @function\nbare:\npush %rbp\nmov %rsp, %rbp\ncall bare\ninside_bare: nop\nleave\nret\n.size bare, . - bare\n"
	".globl inside_framed, inside_plain, inside_bare, sleep_at, bare_sleep_at\n");

static void *map_at(void *at, size_t length, int protection, int flags)
{
	void *memory = mmap(at, length, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (memory == MAP_FAILED)
		err(77, "mmap");
	return memory;
}

static uint64_t *memory_of(size_t length)
{
	return map_at(NULL, length, PROT_READ | PROT_WRITE, 0);
}

/* ---- stack pointers ------------------------------------------------------------- */

static uint64_t unmapped(void)
{
	char *page = map_at(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, 0);

	munmap(page + PAGE, PAGE);
	return (uint64_t)page + PAGE + 128;
}

/* The first page can be read, the next has no file behind it any more. */
static uint64_t beyond_file(void)
{
	int fd = memfd_create("short", 0);
	char *pages;

	if (fd < 0 || ftruncate(fd, 4 * PAGE))
		err(77, "memfd");
	pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(pages, 0, 4 * PAGE);
	if (ftruncate(fd, PAGE))
		err(77, "memfd");
	return (uint64_t)pages + PAGE - 64;
}

/* Whoever touches it sleeps until this process ends. */
static uint64_t page_of_nobody(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	uint64_t page = (uint64_t)memory_of(16 * PAGE);

	range.range.start = page + PAGE;
	range.range.len = 15 * PAGE;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range))
		err(77, "userfaultfd");
	*(uint64_t *)page = 1;
	return page + PAGE - 256;
}

static bool stack_pointers(const char *mode)
{
	static const struct { const char *name; uint64_t sp; } fixed[] = {
		{ "sp-zero", 0 }, { "sp-eight", 8 }, { "sp-top", UINT64_MAX - 7 }, { "sp-kernel", 0xffff888000000000 },
		{ "sp-nowhere", 0x0000800000000000 }, { "sp-canonical", 0x8000000000000000 }, { "sp-vsyscall", 0xffffffffff600000 },
	};
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (!strcmp(mode, fixed[i].name)) {
			say_ready(0);
			sleep_at(fixed[i].sp, fixed[i].sp);
		}
	if (!strcmp(mode, "sp-unmapped")) {
		uint64_t sp = unmapped();

		say_ready(0);
		sleep_at(sp, sp + 64);
	}
	if (!strcmp(mode, "sp-none") || !strcmp(mode, "sp-noreserve")) {
		int protection = strcmp(mode, "sp-none") ? PROT_READ | PROT_WRITE : PROT_NONE;
		uint64_t sp = (uint64_t)map_at(NULL, 64 * terabyte, protection, MAP_NORESERVE) + terabyte;

		say_ready(0);
		sleep_at(sp, sp + 64);
	}
	if (!strcmp(mode, "sp-huge-pages")) {
		uint64_t *memory = map_at(NULL, 4 * terabyte, PROT_READ | PROT_WRITE, MAP_NORESERVE);

		madvise(memory, 4 * terabyte, MADV_HUGEPAGE);
		memory[1] = (uint64_t)inside_plain;
		say_ready(0);
		sleep_at((uint64_t)memory, (uint64_t)memory);
	}
	if (!strcmp(mode, "sp-beyond-file")) {
		uint64_t sp = beyond_file();

		say_ready(0);
		sleep_at(sp, sp + 16);
	}
	if (!strcmp(mode, "sp-nobody")) {
		uint64_t sp = page_of_nobody();

		say_ready(0);
		sleep_at(sp, sp + 64);
	}
	if (!strcmp(mode, "sp-text")) {
		say_ready(0);
		sleep_at((uint64_t)inside_plain, (uint64_t)inside_framed);
	}
	if (!strcmp(mode, "sp-odd")) {
		uint64_t *memory = memory_of(PAGE);

		say_ready(0);
		sleep_at((uint64_t)memory + 1001, (uint64_t)memory + 1003);
	}
	return false;
}

/* ---- stacks of our own making ------------------------------------------------------ */

/* Each cell is a saved frame pointer and a return address. */
static void cells(uint64_t *memory, size_t count, const char *to, const size_t *next)
{
	size_t i;

	for (i = 0; i < count; i++) {
		memory[2 * i] = (uint64_t)(memory + 2 * next[i]);
		memory[2 * i + 1] = (uint64_t)to;
	}
}

static bool frame_pointers(const char *mode)
{
	static const size_t self[] = { 0 }, two[] = { 1, 0 }, down[] = { 3, 0, 1, 2 }, one_back[] = { 1, 2, 0 };
	bool tables = !strncmp(mode, "table-", 6);
	const char *to = tables ? inside_framed : inside_bare;
	uint64_t *memory = memory_of(64 << 20);
	size_t i;

	memory += 512; /* a page below it, where the stack pointer is */
	if (!strcmp(mode, "fp-self") || !strcmp(mode, "table-self"))
		cells(memory, 1, to, self);
	else if (!strcmp(mode, "fp-two") || !strcmp(mode, "table-two"))
		cells(memory, 2, to, two);
	else if (!strcmp(mode, "fp-down"))
		cells(memory, 4, to, down);
	else if (!strcmp(mode, "table-three"))
		cells(memory, 3, to, one_back);
	else if (!strcmp(mode, "fp-long") || !strcmp(mode, "table-long")) {
		for (i = 0; i < 1000000; i++) {
			memory[2 * i] = (uint64_t)(memory + 2 * i + 2);
			memory[2 * i + 1] = (uint64_t)to;
		}
	} else if (!strcmp(mode, "fp-wild")) {
		memory[0] = (uint64_t)map_at(NULL, 64 * terabyte, PROT_NONE, MAP_NORESERVE) + PAGE;
		memory[1] = (uint64_t)to;
	} else if (!strcmp(mode, "fp-odd")) {
		memory[0] = (uint64_t)memory + 3;
		memory[1] = (uint64_t)to;
	} else if (!strcmp(mode, "returns")) { /* nothing but return addresses */
		for (i = 0; i < 1 << 20; i++)
			memory[i] = (uint64_t)inside_plain;
	} else if (!strcmp(mode, "to-itself")) { /* the stack's words point at each other */
		for (i = 0; i < 1 << 17; i++)
			memory[i] = (uint64_t)(memory + (i * 7 + 1) % (1 << 17));
	} else if (!strcmp(mode, "to-data")) {
		memory[0] = (uint64_t)memory;
		memory[1] = (uint64_t)memory;
	} else
		return false;
	if (tables)
		memory[-1] = (uint64_t)to; /* what sleep_at returns to, by its table */
	say_ready(0);
	if (tables)
		sleep_at((uint64_t)(memory - 1), (uint64_t)memory);
	else if (!strcmp(mode, "returns") || !strcmp(mode, "to-itself") || !strcmp(mode, "to-data"))
		sleep_at((uint64_t)memory, (uint64_t)memory);
	bare_sleep_at((uint64_t)(memory - 8), (uint64_t)memory);
}

/* ---- what does not stay as it is ------------------------------------------------------ */

static uint64_t *shaken;

static void *sleeps_on_shaken(void *unused)
{
	sleep_at((uint64_t)(shaken + 512), (uint64_t)(shaken + 520));
	return unused;
}

static uint64_t random_word(void)
{
	static uint64_t seed = 88172645463325252ULL;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* The first thread rewrites the stack on which the second sleeps. */
static void shake(void)
{
	const uint64_t to[] = { (uint64_t)inside_framed, (uint64_t)inside_plain, (uint64_t)inside_bare, 0 };
	pthread_t thread;

	shaken = memory_of(1 << 20);
	pthread_create(&thread, NULL, sleeps_on_shaken, NULL);
	say_ready(0);
	for (;;) {
		uint64_t word = random_word(), place = random_word() % (1 << 14);

		shaken[512 + place] = word & 1 ? (uint64_t)(shaken + 512 + word % (1 << 14)) : to[word >> 1 & 3];
	}
}

FRAME int rises(int left)
{
	int ret = 0;

	if (left > 0)
		ret = rises(left - 1);
	STAY(left);
	return ret + left;
}

static void *comes_and_goes(void *unused)
{
	usleep((unsigned)((uintptr_t)unused % 997));
	return unused;
}

static void end_quickly(bool with_threads)
{
	for (;;) {
		pthread_t thread[16];
		int i;

		for (i = 0; i < 16; i++)
			if (pthread_create(thread + i, NULL, comes_and_goes, (void *)(random_word() & 0xffff)))
				err(1, "thread");
		for (i = 0; i < 16; i++)
			pthread_join(thread[i], NULL);
		if (!with_threads)
			return;
	}
}

static void map_and_unmap(const char *library)
{
	for (;;) {
		void *plug = dlopen(library, RTLD_NOW);

		if (!plug)
			errx(1, "%s", dlerror());
		dlclose(plug);
	}
}

static bool changing(const char *mode, char **argv)
{
	if (!strcmp(mode, "shaken"))
		shake();
	if (!strcmp(mode, "rising")) {
		say_ready(0);
		for (;;)
			STAY(rises((int)(random_word() % 300)));
	}
	if (!strcmp(mode, "threads")) {
		say_ready(0);
		end_quickly(true);
	}
	if (!strcmp(mode, "plugs")) {
		say_ready(0);
		map_and_unmap(argv[2]);
	}
	if (!strcmp(mode, "execs")) {
		char left[16];
		int count = argv[2] ? atoi(argv[2]) : 100000;

		if (count == 100000)
			say_ready(0);
		usleep(300);
		snprintf(left, sizeof(left), "%d", count - 1);
		execl("/proc/self/exe", argv[0], mode, left, (char *)NULL);
		err(1, "exec");
	}
	if (!strcmp(mode, "forks")) {
		say_ready(0);
		for (;;) {
			pid_t child = fork();

			if (child == 0) {
				usleep(200);
				_exit(0);
			}
			waitpid(child, NULL, 0);
		}
	}
	return false;
}

/* ---- too much of it, or too little -------------------------------------------------------- */

static void *sleeps_in_page(void *code)
{
	((void (*)(void))code)();
	return NULL;
}

static bool mappings(const char *mode)
{
	static const uint8_t pauses[] = { 0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7 };
	pthread_t thread;

	if (!strcmp(mode, "many-maps")) {
		char *memory = map_at(NULL, 60000UL * 2 * PAGE, PROT_READ, MAP_NORESERVE);
		size_t i;

		for (i = 0; i < 60000; i += 2)
			if (mprotect(memory + i * PAGE, PAGE, PROT_READ | PROT_WRITE))
				break;
		say_ready(0);
		park();
	}
	if (!strcmp(mode, "code-gone") || !strcmp(mode, "stack-gone")) {
		void *page = map_at(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, 0);
		pthread_attr_t attributes;
		void *stack = memory_of(64 << 10);

		memcpy(page, pauses, sizeof(pauses));
		pthread_attr_init(&attributes);
		pthread_attr_setstack(&attributes, stack, 64 << 10);
		pthread_create(&thread, &attributes, sleeps_in_page, page);
		usleep(50000);
		if (!strcmp(mode, "code-gone"))
			munmap(page, PAGE);
		else
			munmap(stack, 64 << 10);
		say_ready(0);
		park();
	}
	if (!strcmp(mode, "named")) {
		prctl(PR_SET_NAME, "\033[31m\n\"\\\xff\xfe");
		say_ready(0);
		park();
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	place_begin(NULL);
	stack_pointers(mode);
	frame_pointers(mode);
	changing(mode, argv);
	mappings(mode);
	errx(2, "no such mode: %s", mode);
}
