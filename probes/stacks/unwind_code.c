/* SPDX-License-Identifier: MIT */
/*
 * The few things that machine instructions tell an unwinder: where a call ends and leads, what a
 * signal handler returns to, and where a thread ends.  Takes bytes only.
 */
#include "unwind_inner.h"

#include <string.h>

#if defined(__x86_64__)

/* mov $15, %rax (or %eax); syscall: rt_sigreturn */
bool code_is_sigreturn(const uint8_t *bytes, size_t length)
{
	static const uint8_t wide[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	static const uint8_t narrow[] = { 0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05 };

	return (length >= sizeof(wide) && !memcmp(bytes, wide, sizeof(wide))) ||
	       (length >= sizeof(narrow) && !memcmp(bytes, narrow, sizeof(narrow)));
}

/* mov $60, %eax (or %al); syscall: exit, which ends the thread */
bool code_is_exit(const uint8_t *bytes, size_t length)
{
	static const uint8_t wide[] = { 0xb8, 60, 0, 0, 0, 0x0f, 0x05 }, narrow[] = { 0xb0, 60, 0x0f, 0x05 };
	size_t i;

	for (i = 0; i < length; i++)
		if ((length - i >= sizeof(wide) && !memcmp(bytes + i, wide, sizeof(wide))) ||
		    (length - i >= sizeof(narrow) && !memcmp(bytes + i, narrow, sizeof(narrow))))
			return true;
	return false;
}

static int32_t distance_at(const uint8_t *bytes)
{
	int32_t ret;

	memcpy(&ret, bytes, sizeof(ret));
	return ret;
}

/* ff /2: bytes of a call through a register or memory that begins here; 0: none does. */
static size_t indirect_length(const uint8_t *bytes, size_t length)
{
	uint8_t mode, low;
	size_t ret = 2;

	if (length < 2 || bytes[0] != 0xff || (bytes[1] >> 3 & 7) != 2)
		return 0;
	mode = bytes[1] >> 6;
	low = bytes[1] & 7;
	if (mode == 3)
		return ret;
	if (low == 4) {
		if (length < 3)
			return 0;
		ret++;
		if (mode == 0 && (bytes[2] & 7) == 5)
			ret += 4;
	} else if (mode == 0 && low == 5) {
		ret += 4;
	}
	return ret + (mode == 1 ? 1 : mode == 2 ? 4 : 0);
}

enum call_kind code_call(const uint8_t *bytes, size_t length, uint64_t return_address, uint64_t *target)
{
	const uint8_t *end = bytes + length;
	size_t i;

	if (length >= 5 && end[-5] == 0xe8) {
		*target = return_address + (uint64_t)(int64_t)distance_at(end - 4);
		return CALL_DIRECT;
	}
	if (length >= 6 && end[-6] == 0xff && end[-5] == 0x15) {
		*target = return_address + (uint64_t)(int64_t)distance_at(end - 4);
		return CALL_THROUGH;
	}
	for (i = 2; i <= 7 && i <= length; i++)
		if (indirect_length(end - i, i) == i)
			return CALL_INDIRECT;
	return CALL_NONE;
}

/* [endbr64] [bnd] jmp *distance(%rip) */
bool code_is_stub(const uint8_t *bytes, size_t length, uint64_t address, uint64_t *slot)
{
	static const uint8_t endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at = 0;

	if (length >= sizeof(endbr) && !memcmp(bytes, endbr, sizeof(endbr)))
		at += sizeof(endbr);
	if (at < length && bytes[at] == 0xf2)
		at++;
	if (length < at + 6 || bytes[at] != 0xff || bytes[at + 1] != 0x25)
		return false;
	*slot = address + at + 6 + (uint64_t)(int64_t)distance_at(bytes + at + 2);
	return true;
}

#elif defined(__aarch64__)

static uint32_t word_at(const uint8_t *bytes)
{
	uint32_t ret;

	memcpy(&ret, bytes, sizeof(ret));
	return ret;
}

/* mov x8, #139; svc #0 */
bool code_is_sigreturn(const uint8_t *bytes, size_t length)
{
	return length >= 8 && word_at(bytes) == 0xd2801168 && word_at(bytes + 4) == 0xd4000001;
}

/* mov x8, #93; svc #0 */
bool code_is_exit(const uint8_t *bytes, size_t length)
{
	size_t i;

	for (i = 0; i + 8 <= length; i += 4)
		if (word_at(bytes + i) == 0xd2800ba8 && word_at(bytes + i + 4) == 0xd4000001)
			return true;
	return false;
}

enum call_kind code_call(const uint8_t *bytes, size_t length, uint64_t return_address, uint64_t *target)
{
	uint32_t word;

	if (length < 4)
		return CALL_NONE;
	word = word_at(bytes + length - 4);
	if ((word & 0xfc000000) == 0x94000000) { /* bl */
		*target = return_address - 4 + (uint64_t)((int64_t)((uint64_t)word << 38) >> 36);
		return CALL_DIRECT;
	}
	return (word & 0xfffffc1f) == 0xd63f0000 ? CALL_INDIRECT : CALL_NONE; /* blr */
}

bool code_is_stub(const uint8_t *bytes, size_t length, uint64_t address, uint64_t *slot)
{
	(void)bytes;
	(void)length;
	(void)address;
	(void)slot;
	return false;
}

#endif
