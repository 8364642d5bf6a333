/* SPDX-License-Identifier: MIT */
/* Which register of the kernel's has which DWARF number. */
#include "registers.h"

#include <string.h>
#include <sys/user.h>

static void set(struct registers *registers, unsigned number, uint64_t word)
{
	registers->word[number] = word;
	registers->known |= UINT64_C(1) << number;
}

#if defined(__x86_64__)
static const uint8_t arguments[6] = { 5, 4, 1, 10, 8, 9 }; /* rdi rsi rdx r10 r8 r9 */

int registers_of_set(const void *bytes, size_t length, struct registers *ret)
{
	struct user_regs_struct from;

	*ret = (struct registers){ 0 };
	if (length != sizeof(from)) /* in 32-bit code the kernel hands out the set of that */
		return SIGHT_UNSUPPORTED;
	memcpy(&from, bytes, sizeof(from));
	const unsigned long long words[] = {
		from.rax, from.rdx, from.rcx, from.rbx, from.rsi, from.rdi, from.rbp, from.rsp,
		from.r8, from.r9, from.r10, from.r11, from.r12, from.r13, from.r14, from.r15, from.rip,
	};
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		set(ret, i, words[i]);
	return 0;
}
#elif defined(__aarch64__)
static const uint8_t arguments[6] = { 0, 1, 2, 3, 4, 5 };

int registers_of_set(const void *bytes, size_t length, struct registers *ret)
{
	struct user_regs_struct from;

	*ret = (struct registers){ 0 };
	if (length != sizeof(from))
		return SIGHT_UNSUPPORTED;
	memcpy(&from, bytes, sizeof(from));
	for (unsigned i = 0; i < 31; i++)
		set(ret, i, from.regs[i]);
	set(ret, REGISTER_STACK, from.sp);
	set(ret, REGISTER_PC, from.pc);
	return 0;
}
#else
static const uint8_t arguments[6] = { 0 };

int registers_of_set(const void *bytes, size_t length, struct registers *ret)
{
	(void)bytes;
	(void)length;
	*ret = (struct registers){ 0 };
	return SIGHT_UNSUPPORTED;
}
#endif

void registers_of_call(const struct call *call, struct registers *ret)
{
	unsigned i;

	*ret = (struct registers){ 0 };
	if (call->number >= 0)
		for (i = 0; i < 6; i++)
			set(ret, arguments[i], call->args[i]);
	set(ret, REGISTER_STACK, call->sp);
	set(ret, REGISTER_PC, call->pc);
}
