/* SPDX-License-Identifier: MIT */
/* Registers by DWARF numbers, from what each architecture calls them. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "capture.h"

enum { REGISTER_SET = 512 }; /**< Bytes that hold any set the kernel hands out here. */

/** Of a task that sleeps in a call, from its syscall file: arguments, stack pointer, pc. */
void registers_of_call(const struct call *call, struct registers *ret);
/** From NT_PRSTATUS of ptrace(2).  0, or SIGHT_UNSUPPORTED: it is a program of another width. */
int registers_of_set(const void *set, size_t length, struct registers *ret);

/** Bytes below the stack pointer that a function may use. */
#if defined(__x86_64__)
enum { RED_ZONE = 128 };
#else
enum { RED_ZONE = 0 };
#endif

#endif
