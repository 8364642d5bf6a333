/* SPDX-License-Identifier: MIT */
/* Compressed sections: Elf64_Chdr and a zlib stream, or "ZLIB", a length and a zlib stream. */
#include "inflate.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bounds.h"
#include "elffile.h"

enum { OLD_HEADER = 12 };

/* The length it claims to have unpacked, and where the stream begins; false: not ours to read. */
static bool header_read(const uint8_t *bytes, size_t length, bool old, uint64_t *ret_length, size_t *ret_skip)
{
	Elf64_Chdr header;
	uint64_t big_endian;

	if (old) {
		if (length < OLD_HEADER || memcmp(bytes, "ZLIB", 4) != 0)
			return false;
		memcpy(&big_endian, bytes + 4, sizeof(big_endian));
		*ret_length = __builtin_bswap64(big_endian);
		*ret_skip = OLD_HEADER;
		return true;
	}
	if (length < sizeof(header))
		return false;
	memcpy(&header, bytes, sizeof(header));
	*ret_length = header.ch_size;
	*ret_skip = sizeof(header);
	return header.ch_type == ELFCOMPRESS_ZLIB;
}

int inflate_section(const uint8_t *bytes, size_t length, bool old, void **memory, struct span_of_file *ret)
{
	uint64_t claimed;
	size_t skip;
	uLongf unpacked;
	void *to;

	if (!header_read(bytes, length, old, &claimed, &skip) || claimed == 0 || claimed > BOUND_UNPACKED ||
	    claimed / 1100 > length) /* deflate packs 1032 bytes into one at best */
		return 0;
	to = malloc(claimed);
	if (!to)
		return -ENOMEM;
	unpacked = claimed;
	if (uncompress(to, &unpacked, bytes + skip, length - skip) != Z_OK || unpacked != claimed) {
		free(to);
		return 0;
	}
	*memory = to;
	*ret = (struct span_of_file){ to, claimed, 0 };
	return 0;
}
