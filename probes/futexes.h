/* SPDX-License-Identifier: MIT */
/*
 * What the rooms of probe_futexes share: futexes.c finds who waits, futex_words.c keeps
 * words and who may write there, futex_maps.c asks.  Nobody else includes this.
 */
#ifndef FUTEXES_H
#define FUTEXES_H

#include <stdbool.h>

#include "batch.h"
#include "maps.h"
#include "probe.h"

/** A task in a wait on a word that others may share. */
struct waiter { struct task_ix task; uint64_t address; };
/** A word to be read. */
struct word { struct object_ix object; struct task_ix task; uint64_t address; };
/** A word in a file. */
struct page { struct object_ix object; uint64_t device, inode, offset; };

struct futexes {
	const struct visit *visit;
	struct snapshot *snapshot;
	struct batch batch;
	struct waiter *waiters; uint32_t waiter_count; /**< Room for BOUND_SHARED_WAITERS. */
	struct page *pages;     uint32_t page_count;
	struct word *words;     uint32_t word_count, word_room;
	uint32_t *first_peek;     /**< By row of task: the first of this look; NO_ROW none. */
	bool holes;               /**< Not everybody's maps were to be had. */
};

/* Each returns 0 or -ENOMEM and kin. */

/** A word of its process alone: its row, and that its tasks may write there. */
int futex_private(struct futexes *futexes, struct task_ix task, uint64_t address);
/** The word of a waiter, which lies in that mapping. */
int futex_shared(struct futexes *futexes, const struct waiter *waiter, const struct mapping *mapping);
/** Whoever is in this process may write to that word; task: the one that waits for it, or NO_ROW. */
int futex_hold(struct futexes *futexes, struct object_ix object, struct process_ix process, struct task_ix task);

/** By the maps of waiters: which words they are. */
int futex_ask_waiters(struct futexes *futexes);
/** By the maps of all subjects: who else maps the pages; and what all words hold. */
int futex_ask_rest(struct futexes *futexes, const struct subjects *subjects);
/** Nobody can say who else maps what this one waits on. */
int futex_maps_miss(struct futexes *futexes, struct process_ix process, int sight, int error);

#endif
