/* SPDX-License-Identifier: MIT */
/* Any bytes as a fdinfo that may tell of a lock: one of the words that we know, or none and nothing touched. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kinds[] = { "flock", "OFD lock", "POSIX lock", "lease" };
	char kind[32] = "untouched", cut[4] = "x", *text = malloc(size ? size : 1);
	bool known = false;
	size_t i;

	if (!text)
		abort();
	memcpy(text, data, size);
	if (lock_parse(text, size, kind, sizeof(kind))) {
		for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			known |= strcmp(kind, kinds[i]) == 0;
		if (!known || !memmem(text, size, "lock:", 5) || !lock_parse(text, size, cut, sizeof(cut)) || strlen(cut) != 3)
			abort();
	} else if (strcmp(kind, "untouched") != 0) {
		abort();
	}
	free(text);
	return 0;
}
