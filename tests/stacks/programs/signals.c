/* SPDX-License-Identifier: MIT */
/* signals MODE [WAY]: a handler stays, on this stack or another, above what it interrupted. */
#include "place.h"

static char other_stack[64 << 10];
static pthread_t first;

FRAME void handler(int number)
{
	int kept = errno, ret;

	say_ready(0);
	ret = park();
	STAY(ret + number);
	errno = kept;
}

/* On one stack, and from there on another. */
FRAME void handler_again(int number)
{
	int ret = raise(SIGUSR2);

	STAY(ret + number);
}

FRAME void set(int number, void (*to)(int), int flags)
{
	struct sigaction action = { .sa_handler = to, .sa_flags = flags };
	stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };

	if (sigaltstack(&stack, NULL) || sigaction(number, &action, NULL))
		err(1, "sigaction");
}

FRAME int interrupted(int a)
{
	int ret = raise(SIGUSR1);

	STAY(a);
	return ret + a;
}

FRAME int interrupted_reading(int a)
{
	char byte;
	int ret = (int)read(nothing[0], &byte, 1);

	STAY(a);
	return ret + a;
}

/*
 * Interrupted at its first instruction: the address before it belongs to another function.
 * Two jumps before, that nobody takes it for the end of a call.
 */
int traps_at_once(int a);
#if defined(__x86_64__)
__asm__(".text\n.type before_the_trap, @function\nbefore_the_trap:\n.cfi_startproc\nnop\nret\n.cfi_endproc\n"
	".size before_the_trap, . - before_the_trap\n"
	".type traps_at_once, @function\ntraps_at_once:\n.cfi_startproc\nud2\nret\n.cfi_endproc\n"
	".size traps_at_once, . - traps_at_once\n");
#else
int traps_at_once(int a) { __builtin_trap(); return a; }
#endif

FRAME int calls_the_trap(int a)
{
	int ret = traps_at_once(a);

	STAY(a);
	return ret + a;
}

static void *sender(void *unused)
{
	for (;;) {
		char text[256] = "";
		FILE *file = fopen("/proc/self/syscall", "r"); /* of the first thread: is it in read(2)? */

		if (file && fgets(text, sizeof(text), file) && text[0] == '0' && text[1] == ' ')
			break;
		if (file)
			fclose(file);
		usleep(1000);
	}
	pthread_kill(first, SIGUSR1);
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	pthread_t thread;
	int ret = 0;

	place_begin(argc > 2 ? argv[2] : NULL);
	first = pthread_self();
	set(SIGUSR1, handler, 0);
	if (!strcmp(mode, "plain"))
		ret = interrupted(argc);
	else if (!strcmp(mode, "other-stack")) {
		set(SIGUSR1, handler, SA_ONSTACK);
		ret = interrupted(argc);
	} else if (!strcmp(mode, "nested")) {
		set(SIGUSR1, handler_again, 0);
		set(SIGUSR2, handler, SA_ONSTACK);
		ret = interrupted(argc);
	} else if (!strcmp(mode, "in-call")) {
		pthread_create(&thread, NULL, sender, NULL);
		ret = interrupted_reading(argc);
	} else if (!strcmp(mode, "trap")) {
		set(SIGILL, handler, SA_ONSTACK);
		ret = calls_the_trap(argc);
	} else
		errx(2, "no such mode: %s", mode);
	STAY(ret);
	return ret;
}
