/* SPDX-License-Identifier: MIT */
#include "stacks/unwind.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)

static struct modules *modules;
static struct unwinder *unwinder;
static struct unwound got;

static void setup(void)
{
	cr_assert_eq(modules_create(&modules), 0);
	cr_assert_eq(unwinder_open(&unwinder), 0);
}

static void teardown(void)
{
	unwinder = unwinder_close(unwinder);
	modules = modules_destroy(modules);
}

TestSuite(unwind_hostile, .init = setup, .fini = teardown);

/* ---- stacks made up, over our own code --------------------------------------------- */

enum { WORDS = 4096 };
static uint64_t words[WORDS];

/* Anything that ends, in time, with a reason. */
static void check_ends(struct space *space, const struct registers *registers, uint64_t stack_at, size_t length)
{
	struct capture capture = {
		.registers = *registers, .stack_at = stack_at, .stack = (const uint8_t *)words, .stack_length = length,
	};
	struct timespec begin, end;

	got.ends = END_UNKNOWN;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	cr_assert_eq(unwind(unwinder, space, &capture, &got), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	cr_expect_lt((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000, 1000);
	cr_expect_neq(got.ends, END_UNKNOWN);
	cr_expect_leq(got.count, BOUND_STACK_FRAMES);
}

/* Behind a call: what it calls does not matter. */
static __attribute__((__noinline__)) void *code_here(void)
{
	return __builtin_return_address(0);
}

static struct registers registers_of(uint64_t pc, uint64_t sp, uint64_t frame)
{
	struct registers ret = { .known = 0x1ffff };

	ret.word[REGISTER_PC] = pc;
	ret.word[REGISTER_STACK] = sp;
	ret.word[REGISTER_FRAME] = frame;
	return ret;
}

static struct space *own_space(void)
{
	struct space *ret;

	cr_assert_eq(space_open(modules, getpid(), &ret), 0);
	return ret;
}

Test(unwind_hostile, stack_pointers_to_nowhere)
{
	static const uint64_t pointers[] = { 0, 1, 7, 8, 0x1000, UINT64_C(1) << 46, INT64_MAX, UINT64_C(1) << 63,
					     UINT64_MAX - 7, UINT64_MAX };
	static const uint64_t codes[] = { 0, 1, UINT64_MAX, UINT64_C(1) << 62, UINT64_C(0x4000000100000000) };
	struct space *space = own_space();
	struct registers registers;
	unsigned i, n, known;

	for (i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
		for (known = 0; known < 2; known++) {
			registers = registers_of((uintptr_t)code_here(), pointers[i], pointers[9 - i]);
			if (known)
				registers.known = UINT64_C(1) << REGISTER_PC | UINT64_C(1) << REGISTER_STACK;
			check_ends(space, &registers, pointers[i], 0);
			cr_expect_leq(got.count, 2);
			cr_expect_neq(got.ends, END_WHOLE);
			for (n = 0; n < sizeof(codes) / sizeof(codes[0]); n++) {
				registers.word[REGISTER_PC] = codes[n];
				check_ends(space, &registers, pointers[i], 0);
			}
		}
	registers.known = 0;
	check_ends(space, &registers, 0, 0);
	cr_expect_eq(got.count, 0);
	cr_expect(got.wants_registers);
	space = space_close(space);
}

/* Every word of the stack is a return address of the same place. */
Test(unwind_hostile, the_same_caller_for_ever)
{
	const uint64_t at = UINT64_C(0x7fff00000000);
	struct space *space = own_space();
	struct registers registers = registers_of((uintptr_t)code_here(), at, at + 64);
	unsigned i;

	for (i = 0; i < WORDS; i++)
		words[i] = (uintptr_t)code_here();
	check_ends(space, &registers, at, sizeof(words));
	cr_expect_gt(got.count, 1);
	registers.known = UINT64_C(1) << REGISTER_PC | UINT64_C(1) << REGISTER_STACK;
	check_ends(space, &registers, at, sizeof(words));
	space = space_close(space);
}

/* Generated code whose frame pointers lead in a circle, back, nowhere, or on for ever. */
Test(unwind_hostile, frame_pointers_that_lie)
{
	static const uint8_t call[] = { 0xff, 0xd0, 0x90 };
	const uint64_t at = UINT64_C(0x7fff00000000);
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct registers registers;
	struct space *space;
	uint64_t target;
	unsigned i;

	cr_assert_neq(code, MAP_FAILED);
	memcpy(code + 100, call, sizeof(call));
	space = own_space();
	target = (uintptr_t)code + 102;
	registers = registers_of((uintptr_t)code + 200, at, at);
	words[0] = at;
	words[1] = target;
	check_ends(space, &registers, at, sizeof(words));
	cr_expect_eq(got.count, 2);
	cr_expect_neq(got.ends, END_WHOLE);
	for (i = 0; i < 2 * 20; i += 2) {
		words[i] = at + (i + 2) * 8;
		words[i + 1] = target;
	}
	words[i - 2] = words[i - 1] = 0;
	check_ends(space, &registers, at, sizeof(words));
	cr_expect_eq(got.count, 20);
	cr_expect_eq(got.ends, END_WHOLE);
	cr_expect_eq(got.steps[19].basis, BASIS_POINTER);
	words[i - 1] = target; /* and the last leads back to the first */
	words[i - 2] = at;
	check_ends(space, &registers, at, sizeof(words));
	cr_expect_eq(got.count, 21);
	cr_expect_neq(got.ends, END_WHOLE);
	for (i = 0; i < WORDS; i += 2) {
		words[i] = at + (i + 2) * 8;
		words[i + 1] = target;
	}
	check_ends(space, &registers, at, sizeof(words));
	cr_expect_eq(got.count, BOUND_STACK_FRAMES);
	cr_expect_eq(got.ends, END_FRAMES);
	registers.word[REGISTER_FRAME] = at + sizeof(words) - 8;
	check_ends(space, &registers, at, sizeof(words));
	registers.word[REGISTER_FRAME] = at + 1;
	check_ends(space, &registers, at, sizeof(words));
	cr_expect_eq(got.count, 1);
	space = space_close(space);
	munmap(code, 4096);
}

/* Signal frames that lead to signal frames, on stacks that lie anywhere. */
Test(unwind_hostile, handlers_without_end)
{
	static const uint8_t sigreturn[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	const uint64_t at = UINT64_C(0x7fff00000000);
	struct space *space = own_space();
	const uint8_t *trampoline = NULL;
	struct registers registers;
	struct sigaction action;
	unsigned i;

	signal(SIGUSR2, SIG_IGN);
	cr_assert_eq(syscall(SYS_rt_sigaction, SIGUSR2, NULL, &action, 8), 0);
	memcpy(&trampoline, (char *)&action + 16, sizeof(trampoline)); /* sa_restorer as the kernel has it */
	if (!trampoline || memcmp(trampoline, sigreturn, sizeof(sigreturn)))
		cr_skip_test("no trampoline of the kind that is known");
	for (i = 0; i < WORDS; i++)
		words[i] = i % 2 ? at + 8 : (uintptr_t)trampoline;
	registers = registers_of((uintptr_t)trampoline, at, at);
	check_ends(space, &registers, at, sizeof(words));
	cr_expect_lt(got.count, 20);
	cr_expect_neq(got.ends, END_WHOLE);
	space = space_close(space);
}

/* Anything at all on the stack. */
Test(unwind_hostile, noise)
{
	const uint64_t at = UINT64_C(0x7fff00000000);
	struct space *space = own_space();
	const uint64_t codes[] = { (uintptr_t)code_here(), (uintptr_t)qsort + 40, (uintptr_t)printf + 20,
				   (uintptr_t)unwind + 99 };
	struct registers registers;
	unsigned round, i;

	srandom(7);
	for (round = 0; round < 300; round++) {
		for (i = 0; i < WORDS; i++) {
			uint64_t noise = (uint64_t)random();

			words[i] = noise % 3 == 0 ? at + noise % sizeof(words) : noise % 3 == 1 ? noise :
				   codes[noise / 3 % 4] + noise % 64;
		}
		registers = registers_of(codes[round % 4] + (unsigned)random() % 64, at + (unsigned)random() % 256,
					 at + (unsigned)random() % 512 * 8);
		if (round % 2)
			registers.known = UINT64_C(1) << REGISTER_PC | UINT64_C(1) << REGISTER_STACK;
		check_ends(space, &registers, at, sizeof(words));
	}
	space = space_close(space);
}

#endif
