/* SPDX-License-Identifier: MIT */
/* A place in a function in a function in a function; test_lines.c knows the lines. */
static inline __attribute__((__always_inline__)) int inner(int n)
{
	__asm__ volatile(".globl place\nplace: nop" : "+r"(n)); /* line 5 */
	return n * 3;
}

static inline __attribute__((__always_inline__)) int middle(int n)
{
	return inner(n + 1) + 1; /* line 11 */
}

__attribute__((__noinline__)) int outer(int n);
__attribute__((__noinline__)) int outer(int n)
{
	return middle(n) * 2; /* line 17 */
}

int main(int argc, char **argv)
{
	(void)argv;
	return outer(argc) == 12345;
}
