/* SPDX-License-Identifier: MIT */
/* park < called_back < poisoned < main, where the table of poisoned says what -DPOISON says. */
#include "place.h"

#ifndef POISON
#define POISON ""
#endif

int poisoned(int (*to)(void));
__asm__(".text\n.globl poisoned\n.type poisoned, @function\npoisoned:\n.cfi_startproc\n"
	"push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset rbp, -16\nmov %rsp, %rbp\n" POISON "\n"
	"call *%rdi\nnop\npop %rbp\nret\n.cfi_endproc\n.size poisoned, . - poisoned\n");

FRAME int called_back(void)
{
	int ret;

	say_ready(0);
	ret = park();
	STAY(ret);
	return ret + 1;
}

int main(int argc, char **argv)
{
	int ret;

	place_begin(argv[1]);
	ret = poisoned(called_back);
	STAY(ret);
	return argc;
}
