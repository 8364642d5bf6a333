/* SPDX-License-Identifier: MIT */
/*
 * Strict UTF-8, a character at a time: no overlong forms, no surrogates, nothing
 * past U+10FFFF.  Pure.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>

/** Bytes (1 to 4) of the character that text starts with, its code in *ret; 0: not valid, or cut. */
unsigned utf8_decode(const char *text, size_t length, uint32_t *ret);

#endif
