/* SPDX-License-Identifier: MIT */
/*
 * Hashing for tables whose keys a target may choose (its arguments, its inodes):
 * seeded from the 16 random bytes that the kernel gives every program (AT_RANDOM),
 * so that nobody outside can pick keys that all collide.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

static inline uint64_t hash_seed(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM);
	uint64_t ret = UINT64_C(0x9e3779b97f4a7c15);

	if (random)
		memcpy(&ret, random, sizeof(ret));
	return ret;
}

/** Both halves of the 128-bit product, folded. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)(a ^ UINT64_C(0xa0761d6478bd642f)) *
				    (b ^ UINT64_C(0xe7037ed1a0b428db));

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;
	uint64_t ret = hash_mix(seed, length), word;

	for (; length >= sizeof(word); length -= sizeof(word), byte += sizeof(word)) {
		memcpy(&word, byte, sizeof(word));
		ret = hash_mix(ret ^ word, seed);
	}
	word = 0;
	if (length)
		memcpy(&word, byte, length);
	return hash_mix(ret ^ word, seed);
}

#endif
