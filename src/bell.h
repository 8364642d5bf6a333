/* SPDX-License-Identifier: MIT */
/* Sleeping on a word in shared pages, and waking who does: futex(2). */
#ifndef BELL_H
#define BELL_H

#include <stdatomic.h>
#include <stdint.h>

/** Sleep while *word is value, at most for_ns; negative: for ever. */
void bell_wait(_Atomic uint32_t *word, uint32_t value, int64_t for_ns);
void bell_wake(_Atomic uint32_t *word);

#endif
