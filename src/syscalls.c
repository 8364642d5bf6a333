/* SPDX-License-Identifier: MIT */
/* Names, numbers and argument types of system calls, and how an argument is shown. */
#include "syscalls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct syscall_row syscall_rows[SYSCALL_IDS] = {
#define ROW_BOTH(name, x86_64, aarch64, arguments) { #name, arguments },
#define ROW_X86_64(name, number, arguments) { #name, arguments },
	SYSCALLS(ROW_BOTH, ROW_X86_64)
};

/* One more than the id, so that a hole is 0. */
static const uint16_t on_x86_64[] = {
#define NUMBER_BOTH(name, x86_64, aarch64, arguments) [x86_64] = SYSCALL_##name + 1,
#define NUMBER_X86_64(name, number, arguments) [number] = SYSCALL_##name + 1,
	SYSCALLS(NUMBER_BOTH, NUMBER_X86_64)
};

static const uint16_t on_aarch64[] = {
#define ARM_BOTH(name, x86_64, aarch64, arguments) [aarch64] = SYSCALL_##name + 1,
#define ARM_X86_64(name, number, arguments)
	SYSCALLS(ARM_BOTH, ARM_X86_64)
};

enum syscall_id syscall_find(enum arch arch, int32_t number)
{
	const uint16_t *table = NULL;
	size_t count = 0;

	if (arch == ARCH_X86_64) {
		table = on_x86_64;
		count = sizeof(on_x86_64) / sizeof(*on_x86_64);
	} else if (arch == ARCH_AARCH64) {
		table = on_aarch64;
		count = sizeof(on_aarch64) / sizeof(*on_aarch64);
	}
	if (number < 0 || (size_t)number >= count || !table[number])
		return SYSCALL_NONE;
	return table[number] - 1;
}

const char *syscall_name(enum arch arch, int32_t number)
{
	enum syscall_id id = syscall_find(arch, number);

	return id == SYSCALL_NONE ? NULL : syscall_rows[id].name;
}

static const struct { char letter; enum arg_type type; } argument_letters[] = {
	{ 'f', ARG_FD }, { 'd', ARG_INT }, { 'u', ARG_UNSIGNED }, { 'p', ARG_POINTER }, { 'x', ARG_FLAGS },
	{ 'z', ARG_SIZE }, { 'i', ARG_PID }, { 's', ARG_SIGNAL }, { 'm', ARG_MS }, { 'F', ARG_FUTEX_OP },
	{ 'o', ARG_OFFSET },
};

unsigned syscall_args(enum arch arch, int32_t number, enum arg_type ret[6])
{
	enum syscall_id id = syscall_find(arch, number);
	const char *letters = id == SYSCALL_NONE ? "" : syscall_rows[id].arguments;
	unsigned count, i;

	for (i = 0; i < 6; i++)
		ret[i] = ARG_NONE;
	for (count = 0; count < 6 && letters[count]; count++)
		for (i = 0; i < sizeof(argument_letters) / sizeof(*argument_letters); i++)
			if (argument_letters[i].letter == letters[count])
				ret[count] = argument_letters[i].type;
	return count;
}

static const char *const futex_ops[] = {
	"FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_FD", "FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP",
	"FUTEX_LOCK_PI", "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI", "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET",
	"FUTEX_WAIT_REQUEUE_PI", "FUTEX_CMP_REQUEUE_PI", "FUTEX_LOCK_PI2",
};

/* The same on both architectures; 0 is no signal. */
static const char *const signals[] = {
	"0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
	"TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
	"WINCH", "IO", "PWR", "SYS",
};

static int futex_op_text(uint32_t op, char *to, size_t size)
{
	uint32_t command = op & 0x7f, rest = op & ~UINT32_C(0x1ff);
	char beyond[16] = "";

	if (command >= sizeof(futex_ops) / sizeof(*futex_ops))
		return snprintf(to, size, "0x%" PRIx32, op);
	if (rest)
		snprintf(beyond, sizeof(beyond), "|0x%" PRIx32, rest);
	return snprintf(to, size, "%s%s%s%s", futex_ops[command], op & 0x80 ? "|PRIVATE" : "",
			op & 0x100 ? "|REALTIME" : "", beyond);
}

size_t syscall_arg_text(enum arg_type type, uint64_t value, char *to, size_t size)
{
	int32_t small = (int32_t)(uint32_t)value;
	int length = 0;

	if (!size)
		return 0;
	to[0] = '\0';
	switch (type) {
	case ARG_NONE:
		break;
	case ARG_FD:
		length = small == -100 ? snprintf(to, size, "AT_FDCWD") : snprintf(to, size, "%" PRId32, small);
		break;
	case ARG_INT:
	case ARG_PID:
	case ARG_MS:
		length = snprintf(to, size, "%" PRId32, small);
		break;
	case ARG_UNSIGNED:
		length = snprintf(to, size, "%" PRIu32, (uint32_t)value);
		break;
	case ARG_POINTER:
		length = value ? snprintf(to, size, "0x%" PRIx64, value) : snprintf(to, size, "NULL");
		break;
	case ARG_FLAGS:
		length = value ? snprintf(to, size, "0x%" PRIx64, value) : snprintf(to, size, "0");
		break;
	case ARG_SIZE:
		length = snprintf(to, size, "%" PRIu64, value);
		break;
	case ARG_OFFSET:
		length = snprintf(to, size, "%" PRId64, (int64_t)value);
		break;
	case ARG_SIGNAL:
		if (small > 0 && (size_t)small < sizeof(signals) / sizeof(*signals))
			length = snprintf(to, size, "SIG%s", signals[small]);
		else
			length = snprintf(to, size, "%" PRId32, small);
		break;
	case ARG_FUTEX_OP:
		length = futex_op_text((uint32_t)value, to, size);
		break;
	}
	if (length < 0)
		return 0;
	return (size_t)length < size ? (size_t)length : size - 1;
}
