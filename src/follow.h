/* SPDX-License-Identifier: MIT */
/*
 * Objects that a blocked task wants and whose other end may be outside the tree:
 * what STAGE_FOLLOW looks for.  Pure.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

#include "arena.h"
#include "snapshot.h"

/**
 * As seen at T0, without COVER_MACHINE or COVER_HOLES yet: pipes and FIFOs read, written
 * or opened, sockets read, written or connected (with their peers), ptys, eventfds, what
 * an event set waits for when nothing else in it can wake the task.  0 or -ENOMEM; *ret in the arena.
 */
int follow_wanted(const struct snapshot *snapshot, struct arena *arena, struct object_ix **ret, uint32_t *count);

struct scene;
struct graph;
/**
 * After T1: objects not yet searched for on the whole machine, on which tasks wait that are closed
 * under can_wake: one more pass completes the proof.  0 or -ENOMEM; *ret in the arena.
 */
int follow_confirm(const struct scene *scene, const struct graph *graph, struct arena *arena, struct object_ix **ret,
		   uint32_t *count);

#endif
