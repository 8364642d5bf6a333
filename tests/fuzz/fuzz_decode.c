/* SPDX-License-Identifier: MIT */
/* Any call with any memory behind it: number, arguments, then what was read at the places they name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct snapshot snapshot;

static size_t take(const uint8_t **data, size_t *size, void *to, size_t length)
{
	if (length > *size)
		length = *size;
	memcpy(to, *data, length);
	*data += length;
	*size -= length;
	return length;
}

/* Ranges share what bytes are left. */
static uint32_t make_peeks(const struct range *ranges, uint32_t count, const uint8_t *data, size_t size,
			   struct peek *peeks)
{
	size_t length;
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (!ranges[i].length || ranges[i].length > BOUND_PEEK)
			abort();
		length = ranges[i].length < size ? ranges[i].length : size;
		peeks[i] = (struct peek){ .sight = SIGHT_OK, .address = ranges[i].address };
		if (snapshot_text(&snapshot, data, length, &peeks[i].bytes) < 0)
			peeks[i].bytes = TEXT_UNSEEN;
		data += length / 2;
		size -= length / 2;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct set_entry set[BOUND_POLLFDS];
	struct process process = { .bits = 64 };
	struct call call = { 0 };
	struct range ranges[DECODE_RANGES];
	struct peek peeks[DECODE_RANGES];
	struct decoded decoded;
	uint8_t arch = 0;
	uint32_t count, i, entries;
	bool unread;

	if (snapshot_init(&snapshot) < 0)
		return 0;
	take(&data, &size, &arch, sizeof(arch));
	take(&data, &size, &call.number, sizeof(call.number));
	take(&data, &size, call.args, sizeof(call.args));
	snapshot.host.arch = arch % 3;
	call.number %= 512;
	count = make_peeks(ranges, decode_wants(&call, (enum arch)snapshot.host.arch, ranges), data, size, peeks);
	decoded = decode_call(&snapshot, &process, &call, LOOK_T1, peeks, count);
	if (decoded.timeout_ns != UNSEEN && decoded.timeout_ns < 0)
		abort();
	if (text_seen(decoded.path) && decoded.path.length > BOUND_PATH)
		abort();
	entries = decode_set(&snapshot, &decoded, &call, peeks, count, set, BOUND_POLLFDS, &unread);
	if (entries > BOUND_POLLFDS)
		abort();
	for (i = 0; i < entries; i++)
		if (set[i].fd < 0)
			abort();
	snapshot_deinit(&snapshot);
	return 0;
}
