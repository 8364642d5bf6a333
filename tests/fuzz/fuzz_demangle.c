/* SPDX-License-Identifier: MIT */
/* Any bytes as the name of a symbol. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stacks/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[BOUND_NAME], *copy;

	demangle((const char *)data, size, name);
	if (strlen(name) >= BOUND_NAME)
		abort();
	/* The same with a prefix that makes it a mangled one. */
	copy = malloc(size + 2);
	if (!copy)
		return 0;
	memcpy(copy, size % 2 ? "_Z" : "_R", 2);
	memcpy(copy + 2, data, size);
	demangle(copy, size + 2, name);
	if (strlen(name) >= BOUND_NAME)
		abort();
	free(copy);
	return 0;
}
