/* SPDX-License-Identifier: MIT */
/*
 * Strongly connected components of any directed graph: nodes that reach one another.
 */
#ifndef COMPONENTS_H
#define COMPONENTS_H

#include <stdint.h>

#include "arena.h"

/**
 * Links of node n go to [first[n], first[n + 1]) of to.  component: one a node, numbered so
 * that no link leads to a higher number: sinks come first.  Linear, no recursion.  0 or -ENOMEM.
 */
int components_find(const uint32_t *first, const uint32_t *to, uint32_t nodes, struct arena *arena,
		    uint32_t *component, uint32_t *ret_count);

#endif
