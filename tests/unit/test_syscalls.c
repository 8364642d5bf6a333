/* SPDX-License-Identifier: MIT */
#include "syscalls.h"

#include <criterion/criterion.h>
#include <string.h>

Test(syscalls, both_architectures_know_their_numbers)
{
	cr_assert_str_eq(syscall_name(ARCH_X86_64, 0), "read");
	cr_assert_str_eq(syscall_name(ARCH_AARCH64, 63), "read");
	cr_assert_str_eq(syscall_name(ARCH_X86_64, 202), "futex");
	cr_assert_str_eq(syscall_name(ARCH_AARCH64, 98), "futex");
	cr_assert_str_eq(syscall_name(ARCH_X86_64, 219), "restart_syscall");
	cr_assert_str_eq(syscall_name(ARCH_AARCH64, 128), "restart_syscall");
	cr_assert_str_eq(syscall_name(ARCH_AARCH64, 441), "epoll_pwait2");
	cr_assert_str_eq(syscall_name(ARCH_X86_64, 470), "listns");
}

Test(syscalls, what_is_not_in_the_table_has_no_name)
{
	static const int32_t none[] = { -1, -2, -3, 337, 423, 471, 512, 0x40000000, INT32_MAX, INT32_MIN };
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(*none); i++) {
		cr_assert_null(syscall_name(ARCH_X86_64, none[i]), "%d", none[i]);
		cr_assert_null(syscall_name(ARCH_AARCH64, none[i]), "%d", none[i]);
		cr_assert_null(syscall_name(ARCH_UNKNOWN, none[i]), "%d", none[i]);
	}
	cr_assert_null(syscall_name(ARCH_UNKNOWN, 0));
	cr_assert_null(syscall_name(ARCH_AARCH64, 244));
	cr_assert_not_null(syscall_name(ARCH_AARCH64, 0));
}

Test(syscalls, every_row_is_reachable_and_well_formed)
{
	unsigned seen[SYSCALL_IDS] = { 0 }, i;
	int32_t number;

	for (number = 0; number < 600; number++) {
		enum syscall_id x86_64 = syscall_find(ARCH_X86_64, number);
		enum syscall_id aarch64 = syscall_find(ARCH_AARCH64, number);

		if (x86_64 != SYSCALL_NONE)
			seen[x86_64]++;
		if (number >= 424 && number <= 470)
			cr_assert_eq(x86_64, aarch64, "%d", number);
	}
	for (i = 0; i < SYSCALL_IDS; i++) {
		cr_assert_eq(seen[i], 1, "%s", syscall_rows[i].name);
		cr_assert_leq(strlen(syscall_rows[i].arguments), 6, "%s", syscall_rows[i].name);
		cr_assert_eq(strspn(syscall_rows[i].arguments, "fdupxzismFo"), strlen(syscall_rows[i].arguments), "%s",
			     syscall_rows[i].name);
	}
}

Test(syscalls, arguments_have_types)
{
	enum arg_type types[6];

	cr_assert_eq(syscall_args(ARCH_X86_64, 232, types), 4); /* epoll_wait */
	cr_assert_eq(types[0], ARG_FD);
	cr_assert_eq(types[1], ARG_POINTER);
	cr_assert_eq(types[2], ARG_INT);
	cr_assert_eq(types[3], ARG_MS);
	cr_assert_eq(types[4], ARG_NONE);
	cr_assert_eq(syscall_args(ARCH_X86_64, 34, types), 0); /* pause */
	cr_assert_eq(syscall_args(ARCH_UNKNOWN, 232, types), 0);
}

static void assert_text(enum arg_type type, uint64_t value, const char *expected)
{
	char text[64];
	size_t length = syscall_arg_text(type, value, text, sizeof(text));

	cr_assert_str_eq(text, expected);
	cr_assert_eq(length, strlen(expected));
}

Test(syscalls, arguments_are_shown_as_what_they_are)
{
	assert_text(ARG_FD, 3, "3");
	assert_text(ARG_FD, 0xffffff9c, "AT_FDCWD");
	assert_text(ARG_MS, 0xffffffff, "-1"); /* poll's -1 as /proc shows it */
	assert_text(ARG_UNSIGNED, UINT64_MAX, "4294967295");
	assert_text(ARG_POINTER, 0, "NULL");
	assert_text(ARG_POINTER, 0x7ffd5c2f2b70, "0x7ffd5c2f2b70");
	assert_text(ARG_FLAGS, 0x80000, "0x80000");
	assert_text(ARG_SIZE, UINT64_MAX, "18446744073709551615");
	assert_text(ARG_OFFSET, UINT64_MAX, "-1");
	assert_text(ARG_PID, 0xffffffff, "-1");
	assert_text(ARG_SIGNAL, 17, "SIGCHLD");
	assert_text(ARG_SIGNAL, 64, "64");
	assert_text(ARG_SIGNAL, 0xffffffff, "-1");
	assert_text(ARG_FUTEX_OP, 0x189, "FUTEX_WAIT_BITSET|PRIVATE|REALTIME");
	assert_text(ARG_FUTEX_OP, 0, "FUTEX_WAIT");
	assert_text(ARG_FUTEX_OP, 0x77, "0x77");
	assert_text(ARG_FUTEX_OP, 0x10080, "FUTEX_WAIT|PRIVATE|0x10000");
	assert_text(ARG_NONE, 7, "");
}

Test(syscalls, a_short_buffer_is_cut)
{
	char text[5];

	cr_assert_eq(syscall_arg_text(ARG_FUTEX_OP, 0x189, text, sizeof(text)), 4);
	cr_assert_str_eq(text, "FUTE");
	cr_assert_eq(syscall_arg_text(ARG_INT, 1, text, 1), 0);
	cr_assert_eq(syscall_arg_text(ARG_INT, 1, text, 0), 0);
}
