/* SPDX-License-Identifier: MIT */
/* Words that tasks wait on, and who may write there: rows of objects and holds. */
#include "futexes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

static int word_add(struct futexes *futexes, const struct word *word)
{
	const uint32_t room = futexes->word_room ? futexes->word_room * 2 : 16;
	struct word *grown;

	if (futexes->word_count == futexes->word_room) {
		grown = realloc(futexes->words, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		futexes->words = grown;
		futexes->word_room = room;
	}
	futexes->words[futexes->word_count++] = *word;
	return 0;
}

/* 0 and the row; -E2BIG when it was cut; or -ENOMEM. */
static int word_place(struct futexes *futexes, struct object_key key, struct task_ix task, uint64_t address,
		      struct object_ix *ret)
{
	struct snapshot *snapshot = futexes->snapshot;
	struct object_look *seen;
	struct text label;
	char text[32];
	int r;

	r = snapshot_add_object(snapshot, OBJECT_FUTEX, key, ret);
	if (r < 0)
		return r;
	seen = &object_at(snapshot, *ret)->at[futexes->visit->look];
	if (seen->sight == SIGHT_UNASKED) {
		seen->when_ns = task_at(snapshot, task)->at[futexes->visit->look].when_ns;
		seen->sight = SIGHT_OK;
		r = word_add(futexes, &(struct word){ *ret, task, address });
		if (r < 0)
			return r;
	}
	if (text_seen(object_at(snapshot, *ret)->label))
		return 0;
	snprintf(text, sizeof(text), "futex 0x%llx", (unsigned long long)address);
	r = snapshot_text(snapshot, text, strlen(text), &label);
	object_at(snapshot, *ret)->label = label;
	return r == -ENOMEM ? r : 0;
}

int futex_hold(struct futexes *futexes, struct object_ix object, struct process_ix process, struct task_ix task)
{
	const struct hold row = {
		.object = object, .process = process, .task = task, .role = ROLE_MAPS, .basis = HOLD_EXACT,
		.looks = (uint8_t)(1 << futexes->visit->look),
	};
	const int r = snapshot_add_hold(futexes->snapshot, &row);

	return r == -E2BIG ? 0 : r;
}

int futex_private(struct futexes *futexes, struct task_ix at, uint64_t address)
{
	const struct task *task = task_at(futexes->snapshot, at);
	const uint64_t space = (uint64_t)(uint32_t)process_at(futexes->snapshot, task->process)->pid << 32;
	struct object_ix object;
	int r;

	r = word_place(futexes, (struct object_key){ space, address }, at, address, &object);
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	object_at(futexes->snapshot, object)->cover = COVER_MACHINE; /* nobody else has this memory */
	return futex_hold(futexes, object, task->process, (struct task_ix){ NO_ROW });
}

static int page_add(struct futexes *futexes, const struct page *page)
{
	struct page *grown;
	uint32_t i;

	for (i = 0; i < futexes->page_count; i++)
		if (futexes->pages[i].object.at == page->object.at)
			return 0;
	if (futexes->page_count == BOUND_PAGES) {
		futexes->holes = true;
		return 0;
	}
	grown = realloc(futexes->pages, (futexes->page_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	futexes->pages = grown;
	futexes->pages[futexes->page_count++] = *page;
	return 0;
}

/* Without the private flag it may be shared, and need not. */
int futex_shared(struct futexes *futexes, const struct waiter *waiter, const struct mapping *mapping)
{
	const struct process_ix process = task_at(futexes->snapshot, waiter->task)->process;
	struct page page;
	int r;

	if (!mapping->shared)
		return futex_private(futexes, waiter->task, waiter->address);
	page = (struct page){
		.device = mapping->device, .inode = mapping->inode,
		.offset = mapping->offset + (waiter->address - mapping->start),
	};
	r = word_place(futexes, (struct object_key){ page.device, page.inode << 20 ^ page.offset }, waiter->task,
		       waiter->address, &page.object);
	if (r == 0)
		r = futex_hold(futexes, page.object, process, waiter->task);
	if (r == 0)
		r = page_add(futexes, &page);
	return r == -E2BIG ? 0 : r;
}
