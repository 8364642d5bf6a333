/* SPDX-License-Identifier: MIT */
/*
 * Interned bytes: equal bytes have equal offsets, so texts compare as integers.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool;

/** 0 or -ENOMEM.  The caller ends it with pool_destroy(), which takes NULL and returns NULL. */
int pool_create(struct pool **ret);
struct pool *pool_destroy(struct pool *pool);

/** Put bytes in, or find them.  0, -ENOMEM, or -E2BIG at BOUND_POOL.  *ret: offset. */
int pool_intern(struct pool *pool, const void *bytes, size_t length, uint32_t *ret);

/** Bytes at an offset that pool_intern() gave, followed by a NUL.  Valid until the next pool_intern(). */
const char *pool_bytes(const struct pool *pool, uint32_t offset);

/** Bytes in use, all texts with their NULs. */
size_t pool_size(const struct pool *pool);

#endif
