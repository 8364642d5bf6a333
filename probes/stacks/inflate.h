/* SPDX-License-Identifier: MIT */
/* Sections of an ELF image that are compressed with zlib.  Takes bytes, and may be fed anything. */
#ifndef INFLATE_H
#define INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span_of_file;

/**
 * Unpack a section with SHF_COMPRESSED, or an old one (.zdebug_NAME).  *memory is the caller's to free; *ret lies in
 * it.  What is odd, longer than BOUND_UNPACKED or of another method leaves both as they are.  0 or -ENOMEM.
 */
int inflate_section(const uint8_t *bytes, size_t length, bool old, void **memory, struct span_of_file *ret);

#endif
