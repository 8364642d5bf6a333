/* SPDX-License-Identifier: MIT */
/*
 * A chain of calls that is known, for tests of stacks: main, f1 ... f20, leaf, which sleeps.  On
 * standard output it tells where each of them begins, the innermost first, then it goes to sleep.
 *
 *	chain plain|signal|crash|thread
 *
 * signal: f10 is interrupted, and a handler on a stack of its own calls f11.
 * crash:  f10 calls a null pointer, whereupon the same handler does.
 * thread: all of it in a thread, while main waits.
 */
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* In a section of their own, so that what lies between its ends is ours. */
#define LINK __attribute__((__noinline__, __section__("chain")))
extern const char __start_chain[], __stop_chain[];

static const char *mode;
static volatile unsigned sink;
static void *volatile handler_stack;

/* Whatever follows a call keeps it from becoming a jump. */
#define PLAIN(this, next) LINK static void this(unsigned n) { next(n + 1); sink++; }

__attribute__((__used__)) LINK static void leaf(unsigned n)
{
	sink += n;
	pause();
	sink++;
}

#if defined(ODD) && defined(__x86_64__)
/* Its CFA is (rsp + 16) / 1: right, but there is no need to divide, and we refuse to. */
void odd(unsigned n);
__asm__(".pushsection chain, \"ax\"\n"
	"odd:	.cfi_startproc\n"
	"	subq	$8, %rsp\n"
	"	.cfi_escape 0x0f, 4, 0x77, 16, 0x31, 0x1b\n"
	"	call	leaf\n"
	"	addq	$8, %rsp\n"
	"	.cfi_def_cfa %rsp, 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.popsection\n");
#define ODD_LINK odd,
__attribute__((__used__))
#else
#define odd leaf
#define ODD_LINK
#endif
PLAIN(f20, odd)
PLAIN(f19, f20)

/* Its frame is as large as it is told. */
LINK static void f18(unsigned n)
{
	char *bytes = alloca(n * 24 + 16);

	memset(bytes, 1, n * 24 + 16);
	f19(n + 1);
	sink += (unsigned)bytes[n];
}

PLAIN(f17, f18)

/* Its stack is aligned anew. */
LINK static void f16(unsigned n)
{
	_Alignas(64) volatile char bytes[64] = { 0 };

	bytes[n % 64] = 1;
	f17(n + 1);
	sink += (unsigned)bytes[3];
}

/* Old return addresses stay in what it does not write to. */
LINK static void f15(unsigned n)
{
	volatile char bytes[4000];

	bytes[n] = 1;
	f16(n + 1);
	sink += (unsigned)bytes[n];
}

static void (*volatile through)(unsigned) = f15;

LINK static void f14(unsigned n)
{
	through(n + 1);
	sink++;
}

static int compare(const void *, const void *);

LINK static void f13(unsigned n)
{
	unsigned pair[2] = { n, n };

	qsort(pair, 2, sizeof(pair[0]), compare);
	sink += pair[0];
}

LINK static int compare(const void *a, const void *b)
{
	const unsigned *number = a;

	f14(*number);
	sink++;
	return a < b;
}

PLAIN(f12, f13)
PLAIN(f11, f12)

LINK static void handler(int signal)
{
	f11((unsigned)signal);
	sink++;
}

LINK static void f10(unsigned n)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_size = 1 << 16 };
	void (*volatile nothing)(void) = NULL;

	handler_stack = stack.ss_sp = malloc(stack.ss_size);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (!strcmp(mode, "signal"))
		raise(SIGUSR1);
	else if (!strcmp(mode, "crash"))
		nothing();
	else
		f11(n + 1);
	sink++;
}

PLAIN(f9, f10)
PLAIN(f8, f9)
PLAIN(f7, f8)
PLAIN(f6, f7)
PLAIN(f5, f6)
PLAIN(f4, f5)
PLAIN(f3, f4)
PLAIN(f2, f3)
PLAIN(f1, f2)

LINK static void *thread(void *argument)
{
	f1(1);
	return argument;
}

static void tell(const void *function)
{
	printf("%lx ", (unsigned long)(uintptr_t)function);
}

LINK int main(int argc, char **argv)
{
	void (*const chain[])(unsigned) = { leaf, ODD_LINK f20, f19, f18, f17, f16, f15, f14, f13, f12, f11,
					    f10, f9, f8, f7, f6, f5, f4, f3, f2, f1 };
	pthread_t child;
	unsigned i;

	mode = argc > 1 ? argv[1] : "plain";
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tell(__start_chain);
	tell(__stop_chain);
	for (i = 0; i < sizeof(chain) / sizeof(chain[0]); i++) {
		tell((const void *)(uintptr_t)chain[i]);
		if (chain[i] == f14)
			tell((const void *)(uintptr_t)compare);
		if (chain[i] == f11 && (!strcmp(mode, "signal") || !strcmp(mode, "crash")))
			tell((const void *)(uintptr_t)handler);
	}
	tell(!strcmp(mode, "thread") ? (const void *)(uintptr_t)thread : (const void *)(uintptr_t)main);
	printf("\n");
	fflush(stdout);
	if (!strcmp(mode, "thread"))
		return pthread_create(&child, NULL, thread, NULL) || pthread_join(child, NULL);
	f1(1);
	return 0;
}
