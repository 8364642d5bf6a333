/* SPDX-License-Identifier: MIT */
/* What a word of /proc/PID/pagemap says: Documentation/admin-guide/mm/pagemap.rst. */
#ifndef PAGEMAP_H
#define PAGEMAP_H

#include <stdbool.h>
#include <stdint.h>

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)
#define PAGEMAP_GUARDED (UINT64_C(1) << 57) /* userfaultfd write-protection, even of no page at all */

/** Can this page be read without waiting for whoever would have to provide it? */
static inline bool pagemap_readable(uint64_t word)
{
	return (word & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)) &&
	       (word & (PAGEMAP_PRESENT | PAGEMAP_GUARDED)) != PAGEMAP_GUARDED;
}

#endif
