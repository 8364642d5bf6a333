/* SPDX-License-Identifier: MIT */
#include "kernel_stack.h"

#include <criterion/criterion.h>

static struct scan of(const char *text)
{
	return scan_begin(text, strlen(text));
}

Test(kernel_stack, frames_are_innermost_first_with_module_and_offset)
{
	struct scan scan = of("[<0>] rpc_wait_bit_killable+0x1e/0xa0 [sunrpc]\n[<0>] do_epoll_wait+0x5a3/0x7b0\n");
	struct kernel_frame frame;

	cr_assert(kernel_frame_next(&scan, &frame));
	cr_assert_eq(frame.function_length, strlen("rpc_wait_bit_killable"));
	cr_assert_eq(memcmp(frame.function, "rpc_wait_bit_killable", frame.function_length), 0);
	cr_assert_eq(frame.into, 0x1e);
	cr_assert_eq(frame.module_length, strlen("sunrpc"));
	cr_assert_eq(memcmp(frame.module, "sunrpc", frame.module_length), 0);
	cr_assert(kernel_frame_next(&scan, &frame));
	cr_assert_eq(memcmp(frame.function, "do_epoll_wait", frame.function_length), 0);
	cr_assert_null(frame.module);
	cr_assert_not(kernel_frame_next(&scan, &frame));
}

Test(kernel_stack, lines_that_are_no_frames_are_passed_over)
{
	struct scan scan = of("nonsense\n[<0>] +0x1/0x2\n[<0>] f\n[<0>] g+0x/0x2\n[<0>] h+0x1/0x2 [\n"
			      "[<ffffffff81000000>] last+0x1/0x2");
	struct kernel_frame frame;

	cr_assert(kernel_frame_next(&scan, &frame));
	cr_assert_eq(frame.function_length, 4);
	cr_assert_eq(memcmp(frame.function, "last", 4), 0);
	cr_assert_not(kernel_frame_next(&scan, &frame));
	scan = of("");
	cr_assert_not(kernel_frame_next(&scan, &frame));
}
