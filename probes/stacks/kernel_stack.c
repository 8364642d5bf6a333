/* SPDX-License-Identifier: MIT */
/* /proc/PID/task/TID/stack, as text. */
#include "kernel_stack.h"

/* [<0>] do_epoll_wait+0x5a3/0x7b0
   [<0>] rpc_wait_bit_killable+0x1e/0xa0 [sunrpc] */
static bool frame_parse(struct scan line, struct kernel_frame *ret)
{
	struct kernel_frame found = { 0 };
	uint64_t address, size;
	const char *plus, *close;

	if (!scan_word(&line, "[<") || !scan_digits(&line, 16, &address) || !scan_word(&line, ">] "))
		return false;
	plus = memchr(line.at, '+', (size_t)(line.end - line.at));
	if (!plus || plus == line.at || plus - line.at > UINT16_MAX)
		return false;
	found.function = line.at;
	found.function_length = (uint16_t)(plus - line.at);
	line.at = plus + 1;
	if (!scan_hex(&line, &found.into) || !scan_word(&line, "/") || !scan_hex(&line, &size))
		return false;
	if (scan_word(&line, " [")) {
		close = memchr(line.at, ']', (size_t)(line.end - line.at));
		if (!close || close == line.at || close - line.at > UINT16_MAX)
			return false;
		found.module = line.at;
		found.module_length = (uint16_t)(close - line.at);
	}
	*ret = found;
	return true;
}

bool kernel_frame_next(struct scan *scan, struct kernel_frame *ret)
{
	struct scan line;

	while (scan_line(scan, &line))
		if (frame_parse(line, ret))
			return true;
	return false;
}
