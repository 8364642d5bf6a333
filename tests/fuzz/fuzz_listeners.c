/* SPDX-License-Identifier: MIT */
/* Any bytes as /proc/PID/net/tcp: listeners one after the other, always nearer to the end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "run_ports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	const char *at = text, *before = NULL;
	uint64_t inode;
	unsigned port;

	if (!text)
		abort();
	memcpy(text, data, size);
	while (listener_next(&at, text + size, &port, &inode)) {
		if (port > UINT16_MAX || inode == 0 || at > text + size || (before && at <= before))
			abort();
		before = at;
	}
	free(text);
	return 0;
}
