/* SPDX-License-Identifier: MIT */
/* .gnu_debugdata: symbols that a stripped file brings along, packed with xz. */
#ifndef MINIDEBUG_H
#define MINIDEBUG_H

#include "elffile.h"

/**
 * Unpack an ELF image, at most BOUND_UNPACKED bytes.  0: free(*memory) after elffile_deinit(ret);
 * SIGHT_STRANGE, SIGHT_UNSUPPORTED, or -ENOMEM: nothing to free.
 */
int minidebug_unpack(struct span_of_file packed, void **memory, struct elffile *ret);

#endif
