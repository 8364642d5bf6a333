/* SPDX-License-Identifier: MIT */
/*
 * Waiting on a word of memory.  Whoever can write to it may wake: the threads of the process
 * and, where the page is shared, all who map it.  The kernel knows no owner.  Where a stack
 * was taken, the function that waits says what the word is for, and no more than that.
 */
#include "edges.h"
#include "primitive.h"

/* Of a shared word the probe files who maps it, and who waits on it; a private one has the address for its name. */
static struct object_ix futex_object(const struct wait *wait)
{
	const struct snapshot *snapshot = wait->scene->snapshot;
	struct object_key key = { (uint64_t)(uint32_t)process_at(snapshot, wait->process)->pid << 32,
				  wait->call->address };
	uint32_t word = wait->edges->word[wait->task.at];

	if (word)
		return (struct object_ix){ word - 1 };
	return snapshot_find_object(snapshot, OBJECT_FUTEX, key);
}

static enum channel futex_channel(const struct wait *wait)
{
	static const enum channel channels[PRIMITIVES] = {
		[PRIMITIVE_NONE] = CHANNEL_FUTEX,           [PRIMITIVE_MUTEX] = CHANNEL_MUTEX,
		[PRIMITIVE_RWLOCK] = CHANNEL_RWLOCK,        [PRIMITIVE_CONDITION] = CHANNEL_CONDITION,
		[PRIMITIVE_SEMAPHORE] = CHANNEL_SEMAPHORE,  [PRIMITIVE_JOIN] = CHANNEL_JOIN,
		[PRIMITIVE_BARRIER] = CHANNEL_BARRIER,      [PRIMITIVE_ONCE] = CHANNEL_FUTEX,
		[PRIMITIVE_SPIN] = CHANNEL_FUTEX,
	};

	return channels[task_primitive(wait->scene, wait->task, NULL)];
}

void draw_futex(const struct wait *wait)
{
	struct object_ix word = futex_object(wait);

	edge_begin(wait, futex_channel(wait), WANT_OTHER, word);
	edge_doubt(wait->edges, DOUBT_OWNERLESS);
	/* Several words at once: only the first was looked at. */
	if (wait->call->count > 1 && !wait->call->futex_private)
		edge_outside(wait->edges);
	if (word.at == NO_ROW || !edge_holders(wait->edges, word, END_ANY))
		edge_process(wait->edges, wait->process);
}
