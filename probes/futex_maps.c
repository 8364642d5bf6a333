/* SPDX-License-Identifier: MIT */
/* Asking for the sake of futexes: /proc/PID/maps, and the words themselves. */
#include "futexes.h"

#include <errno.h>
#include <string.h>

#include "bounds.h"

/* What a question is for: which word it is; who else maps it; what it holds. */
enum { FOR_WAITERS, FOR_SHARERS, FOR_WORD };

/* Once a process and kind. */
static int miss(struct futexes *futexes, struct process_ix process, const char *detail, int sight, int error)
{
	struct snapshot *snapshot = futexes->snapshot;
	struct gap gap = gap_blank(PROBE_FUTEXES, sight, futexes->visit->look, error);
	uint32_t i;
	int r;

	gap.process = process;
	r = snapshot_text(snapshot, detail, strlen(detail), &gap.detail);
	if (r == -ENOMEM)
		return r;
	for (i = 0; i < snapshot->gaps.count; i++)
		if (snapshot->gaps.row[i].probe == PROBE_FUTEXES && snapshot->gaps.row[i].process.at == process.at &&
		    snapshot->gaps.row[i].detail.at == gap.detail.at)
			return 0;
	return snapshot_miss(snapshot, NULL, &gap);
}

int futex_maps_miss(struct futexes *futexes, struct process_ix process, int sight, int error)
{
	futexes->holes = true;
	return miss(futexes, process, "maps", sight, error);
}

/* Whose word lies there? */
static int waiters_find(struct futexes *futexes, struct process_ix process, const struct mapping *mapping)
{
	uint32_t i;
	int r = 0;

	for (i = 0; i < futexes->waiter_count && r == 0; i++) {
		const struct waiter *waiter = &futexes->waiters[i];

		if (waiter->address >= mapping->start && waiter->address < mapping->end &&
		    task_at(futexes->snapshot, waiter->task)->process.at == process.at)
			r = futex_shared(futexes, waiter, mapping);
	}
	return r;
}

/* Whose page is it, too? */
static int pages_find(struct futexes *futexes, struct process_ix process, const struct mapping *mapping)
{
	uint32_t i;
	int r = 0;

	for (i = 0; i < futexes->page_count && r == 0 && mapping->shared; i++) {
		const struct page *page = &futexes->pages[i];

		if (page->inode == mapping->inode && page->device == mapping->device &&
		    page->offset >= mapping->offset && page->offset - mapping->offset < mapping->end - mapping->start)
			r = futex_hold(futexes, page->object, process, (struct task_ix){ NO_ROW });
	}
	return r;
}

static int word_take(struct futexes *futexes, struct object_ix object, const struct question *question,
		     const struct answer *answer)
{
	struct object_look *seen = &object_at(futexes->snapshot, object)->at[futexes->visit->look];
	uint32_t word;

	if (answer->sight == SIGHT_OK && answer->length == sizeof(word)) {
		memcpy(&word, answer->bytes, sizeof(word));
		seen->word = word;
		return 0;
	}
	seen->sight = (uint8_t)answer->sight;
	return miss(futexes, snapshot_find_process(futexes->snapshot, question->pid), "memory", answer->sight,
		    answer->error);
}

static int take(void *context, size_t which, const struct answer *answer)
{
	struct futexes *futexes = context;
	const struct batch_about about = futexes->batch.about[which];
	const struct process_ix process = { about.row };
	struct mapping mapping;
	struct scan scan;
	int r = 0;

	if (about.kind == FOR_WORD)
		return word_take(futexes, (struct object_ix){ about.row }, &futexes->batch.questions[which], answer);
	if (answer->sight != SIGHT_OK && answer->sight != SIGHT_CUT)
		return answer->sight == SIGHT_GONE ? 0 : futex_maps_miss(futexes, process, answer->sight, answer->error);
	scan = scan_begin(answer->bytes, answer->length);
	while (r == 0 && mapping_next(&scan, &mapping))
		r = about.kind == FOR_WAITERS ? waiters_find(futexes, process, &mapping) :
						pages_find(futexes, process, &mapping);
	return r;
}

static int word_ask(struct futexes *futexes, const struct word *word)
{
	const struct task *task = task_at(futexes->snapshot, word->task);
	struct question *question;

	question = batch_add(&futexes->batch, FOR_WORD, word->object.at, ASK_MEMORY,
			     process_at(futexes->snapshot, task->process)->pid);
	if (!question)
		return -ENOMEM;
	question->tid = task->tid;
	question->address = word->address;
	question->limit = sizeof(uint32_t);
	return 0;
}

static int maps_ask(struct futexes *futexes, uint8_t round, struct process_ix process)
{
	const int32_t pid = process_at(futexes->snapshot, process)->pid;

	return batch_add_path(&futexes->batch, round, process.at, ASK_FILE, pid, "%d/maps", pid) ? 0 : -ENOMEM;
}

/* Those of processes with such waiters. */
int futex_ask_waiters(struct futexes *futexes)
{
	uint32_t i, j;
	int r = 0;

	for (i = 0; i < futexes->waiter_count && r == 0; i++) {
		const struct process_ix process = task_at(futexes->snapshot, futexes->waiters[i].task)->process;

		for (j = 0; j < i; j++)
			if (task_at(futexes->snapshot, futexes->waiters[j].task)->process.at == process.at)
				break;
		if (j == i)
			r = maps_ask(futexes, FOR_WAITERS, process);
	}
	return r < 0 ? r : batch_ask(&futexes->batch, futexes->visit, take, futexes);
}

/* Everybody's maps, and all words. */
int futex_ask_rest(struct futexes *futexes, const struct subjects *subjects)
{
	const enum look look = futexes->visit->look;
	uint32_t i, asked = 0;
	int r = 0;

	for (i = 0; i < subjects->process_count && r == 0 && futexes->page_count > 0; i++) {
		const struct process *process = process_at(futexes->snapshot, subjects->processes[i]);

		if ((process->flags & PROCESS_KERNEL) || process->at[look].sight != SIGHT_OK)
			continue;
		if (++asked > BOUND_MAPS) {
			r = futex_maps_miss(futexes, subjects->processes[i], SIGHT_CUT, 0);
			break;
		}
		r = maps_ask(futexes, FOR_SHARERS, subjects->processes[i]);
	}
	for (i = 0; i < futexes->word_count && r == 0; i++)
		r = word_ask(futexes, &futexes->words[i]);
	if (r == 0)
		r = batch_ask(&futexes->batch, futexes->visit, take, futexes);
	for (i = 0; i < futexes->page_count && r == 0 && !futexes->holes; i++)
		object_at(futexes->snapshot, futexes->pages[i].object)->cover = COVER_TREE;
	return r;
}
