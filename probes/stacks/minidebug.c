/* SPDX-License-Identifier: MIT */
/* Unpacking .gnu_debugdata, which may be fed anything. */
#include "minidebug.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "bounds.h"
#include "cleanup.h"
#include "sight.h"

enum { ROOM_AT_FIRST = 256 << 10 };

static int sight_of(lzma_ret ret)
{
	return ret == LZMA_MEM_ERROR ? -ENOMEM : ret == LZMA_MEMLIMIT_ERROR ? SIGHT_UNSUPPORTED : SIGHT_STRANGE;
}

static int unpack(lzma_stream *stream, void **ret, size_t *length)
{
	size_t room = ROOM_AT_FIRST;
	_cleanup_free_ uint8_t *bytes = malloc(room);
	uint8_t *more;
	lzma_ret r;

	if (!bytes)
		return -ENOMEM;
	for (;;) {
		stream->next_out = bytes + stream->total_out;
		stream->avail_out = room - stream->total_out;
		r = lzma_code(stream, LZMA_FINISH);
		if (r == LZMA_STREAM_END)
			break;
		if (r != LZMA_OK || stream->avail_out > 0 || room >= BOUND_UNPACKED)
			return sight_of(r);
		more = realloc(bytes, room * 2);
		if (!more)
			return -ENOMEM;
		bytes = more;
		room *= 2;
	}
	*ret = bytes;
	*length = stream->total_out;
	bytes = NULL;
	return 0;
}

int minidebug_unpack(struct span_of_file packed, void **memory, struct elffile *ret)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	size_t length = 0;
	lzma_ret begun;
	int r;

	begun = lzma_stream_decoder(&stream, BOUND_UNPACKED, 0);
	if (begun != LZMA_OK)
		return sight_of(begun);
	stream.next_in = packed.bytes;
	stream.avail_in = packed.length;
	r = unpack(&stream, memory, &length);
	lzma_end(&stream);
	if (r != 0)
		return r;
	r = elffile_init(*memory, length, ret);
	if (r != 0)
		free(*memory);
	return r;
}
