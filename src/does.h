/* SPDX-License-Identifier: MIT */
/*
 * The second fixpoint: who does wake whom, as far as the window shows.
 */
#ifndef DOES_H
#define DOES_H

#include "edges.h"

/** 1 a task that woke by its timeout, took nothing and went back to the same call beside another edge. */
void does_retriers(const struct scene *scene, const struct graph *graph, uint8_t *ret);
/**
 * life: LIFE_SUSPENDED and LIFE_UNREAD as in can_wake, the rest LIFE_CLOSED on entry, then the
 * answer.  hubs and hub_at as the collector left them.  0 or -ENOMEM.
 */
int does_wake(const struct scene *scene, const struct graph *graph, const struct edges *edges, uint8_t *life);

#endif
