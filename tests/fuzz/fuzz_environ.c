/* SPDX-License-Identifier: MIT */
/* Any bytes as an environment: markers, the run, the opt-out; as an entry by entry search finds them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "environ.h"
#include "reap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const markers[] = { "BUILD_ID=17", "CI_JOB_ID=4242", "A=b" };

static bool has(const char *bytes, size_t length, const char *entry)
{
	size_t at, end;

	for (at = 0; at < length; at = end + 1) {
		for (end = at; end < length && bytes[end]; end++)
			;
		if (end - at == strlen(entry) && memcmp(bytes + at, entry, end - at) == 0)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct texts texts = { (const char **)(uintptr_t)markers, sizeof(markers) / sizeof(markers[0]) };
	struct environ_fact fact = { 0 };
	char *bytes = malloc(size ? size : 1); /* just as long as it is: a byte too far is seen */
	char entry[sizeof("WEDGE_RUN_ID=") + RUN_ID];
	size_t i;

	if (!bytes)
		abort();
	memcpy(bytes, data, size);
	environ_take(bytes, size, &texts, &fact);
	if (fact.settled != (size > 0) || fact.keep != has(bytes, size, "WEDGE_KEEP=1") || fact.denied || fact.markers >> texts.count)
		abort();
	for (i = 0; i < texts.count; i++)
		if (!!(fact.markers & UINT64_C(1) << i) != has(bytes, size, markers[i]))
			abort();
	if (memchr(fact.run_id, '\0', sizeof(fact.run_id)) == NULL)
		abort();
	snprintf(entry, sizeof(entry), "WEDGE_RUN_ID=%s", fact.run_id);
	if (*fact.run_id && (strlen(fact.run_id) != RUN_ID - 1 || !has(bytes, size, entry)))
		abort();
	free(bytes);
	return 0;
}
