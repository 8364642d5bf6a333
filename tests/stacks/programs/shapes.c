/* SPDX-License-Identifier: MIT */
/* shapes SHAPE [WAY]: frames that are laid out oddly, and callers that are not ours. */
#include <alloca.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include "place.h"

static volatile int size = 3000;
static char anything;

FRAME int inner(int a)
{
	int ret;

	say_ready(0);
	ret = park();
	STAY(a);
	return ret + a;
}

FRAME int with_alloca(int a)
{
	char *block = alloca((size_t)(size + a));
	int ret;

	memset(block, a, 64);
	ret = inner(block[3]);
	STAY(block[5]);
	return ret + 1;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvla"
FRAME int with_vla(int a)
{
	char block[size * 2 + a];
	int ret;

	memset(block, a, 64);
	ret = inner(block[3]);
	STAY(block[5]);
	return ret + 1;
}
#pragma GCC diagnostic pop

/* More than a page, more than 64 KB: whoever copies little of the stack loses what is behind. */
FRAME int with_large(int a)
{
	volatile char block[300 << 10];
	int ret;

	block[a] = 1;
	block[sizeof(block) - 1] = 2;
	ret = inner(a);
	STAY(block[a]);
	return ret + 1;
}

FRAME int with_realigned(int a)
{
	__attribute__((aligned(128))) volatile char block[256];
	int ret;

	block[a] = (char)(uintptr_t)block;
	ret = inner(a);
	STAY(block[a]);
	return ret + 1;
}

/* Both: the canonical frame address is then an expression. */
FRAME int with_realigned_alloca(int a)
{
	__attribute__((aligned(64))) volatile char block[128];
	char *more = alloca((size_t)(size + a));
	int ret;

	block[a] = 1;
	memset(more, a, 64);
	ret = inner(more[3]);
	STAY(block[a] + more[5]);
	return ret + 1;
}

FRAME int with_arguments(int a, int b, int c, int d, int e, int f, int g, int h, int i, ...)
{
	int ret = inner(a + b + c + d + e + f + g), last;
	va_list rest;

	va_start(rest, i);
	last = va_arg(rest, int);
	va_end(rest);
	return ret + h + i + last;
}

/* The call is the last thing in it: its return address lies behind the function. */
FRAME __attribute__((noreturn)) void never_returns(int a)
{
	inner(a);
	_exit(a);
}

FRAME void ends_with_call(int a)
{
	STAY(a);
	never_returns(a + 1);
}

static int compare(const void *a, const void *b)
{
	int ret = inner(1);

	STAY(a);
	return ret + (a < b);
}

static int each_object(struct dl_phdr_info *info, size_t length, void *context)
{
	int ret = inner(context != NULL);

	STAY(info);
	STAY(length);
	return ret;
}

static void at_exit(void)
{
	STAY(inner(1));
}

static void at_thread_end(void *value)
{
	STAY(inner(value != NULL));
}

FRAME void *with_key(void *unused)
{
	pthread_key_t key;

	pthread_key_create(&key, at_thread_end);
	pthread_setspecific(key, &anything);
	return unused;
}

FRAME int jumps(int a)
{
	static jmp_buf back;
	volatile int times = 0;

	if (setjmp(back) < 3) {
		times = times + 1;
		longjmp(back, times);
	}
	STAY(times);
	return inner(a) + times;
}

static int wanted; /* the constructor runs before main knows its arguments */

__attribute__((constructor)) static void before_main(int argc, char **argv, char **environment)
{
	(void)environment;
	if (argc < 2 || strcmp(argv[1], "constructor"))
		return;
	place_begin(argv[2]);
	wanted = inner(argc);
	STAY(wanted);
}

int main(int argc, char **argv)
{
	const char *shape = argc > 1 ? argv[1] : "";
	int numbers[4] = { 4, 3, 2, 1 }, ret = 0;
	pthread_t thread;

	place_begin(argc > 2 ? argv[2] : NULL);
	if (!strcmp(shape, "alloca"))
		ret = with_alloca(argc);
	else if (!strcmp(shape, "vla"))
		ret = with_vla(argc);
	else if (!strcmp(shape, "large"))
		ret = with_large(argc);
	else if (!strcmp(shape, "realigned"))
		ret = with_realigned(argc);
	else if (!strcmp(shape, "realigned-alloca"))
		ret = with_realigned_alloca(argc);
	else if (!strcmp(shape, "arguments"))
		ret = with_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9, argc);
	else if (!strcmp(shape, "last-call"))
		ends_with_call(argc);
	else if (!strcmp(shape, "qsort"))
		qsort(numbers, 4, sizeof(int), compare);
	else if (!strcmp(shape, "objects"))
		ret = dl_iterate_phdr(each_object, NULL);
	else if (!strcmp(shape, "jumps"))
		ret = jumps(argc);
	else if (!strcmp(shape, "exit"))
		exit(atexit(at_exit));
	else if (!strcmp(shape, "thread-end")) {
		pthread_create(&thread, NULL, with_key, NULL);
		pthread_join(thread, NULL);
	} else
		errx(2, "no such shape: %s", shape);
	STAY(ret);
	return ret;
}
