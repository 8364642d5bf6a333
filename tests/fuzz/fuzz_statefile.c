/* SPDX-License-Identifier: MIT */
/* Any bytes as the record of a run: refused, or written again as the very same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "statefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char complaint[STATE_COMPLAINT] = "", text[BOUND_STATE_FILE];
	struct run_record record;
	size_t length;
	int r;

	r = run_record_parse((const char *)data, size, &record, complaint, sizeof(complaint));
	if (r != SIGHT_OK && (r != SIGHT_STRANGE || !*complaint || strchr(complaint, '\n')))
		abort();
	if (r != SIGHT_OK)
		return 0;
	length = run_record_put(&record, text, sizeof(text));
	if (length != size || memcmp(text, data, size) != 0)
		abort();
	return 0;
}
