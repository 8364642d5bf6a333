/* SPDX-License-Identifier: MIT */
/* bare KIND [WAY]: functions in assembler that no table covers, with a frame pointer and without. */
#include "place.h"

typedef int (*callback)(void);
int bare_with(callback to), bare_without(callback to), bare_twice(callback to);

__asm__(".text\n"
	".type bare_with, @function\nbare_with:\n"
	"push %rbp\nmov %rsp, %rbp\nsub $32, %rsp\ncall *%rdi\nnop\nleave\nret\n.size bare_with, . - bare_with\n"
	".type bare_without, @function\nbare_without:\n"
	"sub $40, %rsp\ncall *%rdi\nadd $40, %rsp\nret\n.size bare_without, . - bare_without\n"
	".type bare_twice, @function\nbare_twice:\n"
	"push %rbp\nmov %rsp, %rbp\ncall bare_with\nnop\npop %rbp\nret\n.size bare_twice, . - bare_twice\n");

FRAME int called_back(void)
{
	int ret;

	say_ready(0);
	ret = park();
	STAY(ret);
	return ret + 1;
}

FRAME int calls_bare(const char *kind)
{
	int ret;

	if (!strcmp(kind, "without"))
		ret = bare_without(called_back);
	else if (!strcmp(kind, "twice"))
		ret = bare_twice(called_back);
	else
		ret = bare_with(called_back);
	STAY(ret);
	return ret + 1;
}

int main(int argc, char **argv)
{
	int ret;

	place_begin(argc > 2 ? argv[2] : NULL);
	ret = calls_bare(argc > 1 ? argv[1] : "");
	STAY(ret);
	return ret;
}
