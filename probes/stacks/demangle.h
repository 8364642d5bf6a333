/* SPDX-License-Identifier: MIT */
/*
 * C++ and Rust names as their authors wrote them, without parameters.  Takes bytes, and
 * may be fed anything; needs libiberty, without it names stay as they are.
 */
#ifndef STACK_DEMANGLE_H
#define STACK_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"

/** The name, demangled if it was mangled; cut at BOUND_NAME, the last three bytes then being "...". */
void demangle(const char *name, size_t length, char ret[BOUND_NAME]);

#endif
