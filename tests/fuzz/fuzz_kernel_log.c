/* SPDX-License-Identifier: MIT */
/* Any bytes as a record of the kernel log. */
#include <stdint.h>
#include <stdlib.h>

#include "kernel_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_record record;

	if (log_record_parse((const char *)data, size, &record) != 0)
		return 0;
	if (record.when_ns < 0 || record.killed < 0 || record.comm_length > LOG_COMM || (!record.killed && record.comm_length))
		abort();
	return 0;
}
