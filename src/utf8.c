/* SPDX-License-Identifier: MIT */
/* UTF-8, decoded strictly: what a terminal or a JSON parser would refuse is refused here. */
#include "utf8.h"

unsigned utf8_decode(const char *text, size_t length, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned count, i;
	uint32_t code;

	if (length == 0)
		return 0;
	if (bytes[0] < 0x80) {
		*ret = bytes[0];
		return 1;
	}
	if (bytes[0] >= 0xc2 && bytes[0] < 0xe0)
		count = 2;
	else if (bytes[0] >= 0xe0 && bytes[0] < 0xf0)
		count = 3;
	else if (bytes[0] >= 0xf0 && bytes[0] < 0xf5)
		count = 4;
	else
		return 0;
	if (count > length)
		return 0;
	code = bytes[0] & (0x7fU >> count);
	for (i = 1; i < count; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < least[count] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret = code;
	return count;
}
