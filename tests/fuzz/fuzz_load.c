/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a saved snapshot.  What is accepted must save to a file that is
 * accepted too and saves to the same bytes, and can be filled further.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load(const void *bytes, size_t length, struct snapshot *ret)
{
	struct field_error error;
	FILE *from = fmemopen((void *)(uintptr_t)bytes, length, "r");
	int r;

	if (!from)
		abort();
	r = snapshot_load(from, ret, &error);
	fclose(from);
	if (r < 0 && (error.what[0] == '\0' || error.line == 0) && length > 0)
		abort(); /* a refusal without a reason */
	return r;
}

static char *save(const struct snapshot *snapshot, size_t *length)
{
	char *ret = NULL;
	FILE *to = open_memstream(&ret, length);

	if (!to || snapshot_save(snapshot, to) < 0)
		abort();
	fclose(to);
	return ret;
}

/* Rows of a loaded snapshot are found like those of a fresh one. */
static void fill_further(struct snapshot *snapshot)
{
	struct process_ix process;
	uint32_t count = snapshot->processes.count, i;

	for (i = 0; i < count; i++) {
		process.at = i;
		if (snapshot_find_process(snapshot, process_at(snapshot, process)->pid).at == NO_ROW)
			abort();
		if (snapshot_add_process(snapshot, process_at(snapshot, process)->pid,
					 process_at(snapshot, process)->start_ticks, &process) < 0)
			abort();
	}
	if (snapshot->processes.count != count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot first, second;
	char *saved, *again;
	size_t length, again_length;

	if (size == 0 || load(data, size, &first) < 0)
		return 0;
	saved = save(&first, &length);
	if (load(saved, length, &second) < 0)
		abort();
	again = save(&second, &again_length);
	if (again_length != length || memcmp(again, saved, length) != 0)
		abort();
	fill_further(&second);
	free(saved);
	free(again);
	snapshot_deinit(&first);
	snapshot_deinit(&second);
	return 0;
}
