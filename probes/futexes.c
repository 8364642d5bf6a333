/* SPDX-License-Identifier: MIT */
/*
 * Words of memory that tasks wait on, and who could write there.  A private word is its
 * process's.  A shared one belongs to all who map its page: it is known by the file, if
 * one without a name, and /proc/PID/maps of the tree tells who they are.  The kernel
 * knows no owner.
 */
#include <errno.h>
#include <stdlib.h>

#include "bounds.h"
#include "decode.h"
#include "futexes.h"

/* ---- what is known already ------------------------------------------------- */

/* Peeks of one task and look lie together, as probe_state has put them. */
static int peeks_index(struct futexes *futexes)
{
	const struct snapshot *snapshot = futexes->snapshot;
	uint32_t i;

	futexes->first_peek = malloc((snapshot->tasks.count + 1) * sizeof(*futexes->first_peek));
	if (!futexes->first_peek)
		return -ENOMEM;
	for (i = 0; i <= snapshot->tasks.count; i++)
		futexes->first_peek[i] = NO_ROW;
	for (i = snapshot->peeks.count; i-- > 0;)
		if (snapshot->peeks.row[i].look == futexes->visit->look)
			futexes->first_peek[snapshot->peeks.row[i].task.at] = i;
	return 0;
}

static uint32_t peeks_of(const struct futexes *futexes, struct task_ix task, const struct peek **ret)
{
	const struct snapshot *snapshot = futexes->snapshot;
	uint32_t first = futexes->first_peek[task.at], end;

	for (end = first; end < snapshot->peeks.count; end++) {
		const struct peek *peek = &snapshot->peeks.row[end];

		if (peek->task.at != task.at || peek->look != futexes->visit->look)
			break;
	}
	*ret = first == NO_ROW ? NULL : &snapshot->peeks.row[first];
	return first == NO_ROW ? 0 : end - first;
}

/* ---- the look -------------------------------------------------------------- */

static int task_look(struct futexes *futexes, struct task_ix at)
{
	const struct task *task = task_at(futexes->snapshot, at);
	const struct task_look *seen = &task->at[futexes->visit->look];
	const struct peek *peeks;
	struct decoded decoded;
	uint32_t count;

	if (seen->call_sight != SIGHT_OK || seen->call.number < 0)
		return 0;
	count = peeks_of(futexes, at, &peeks);
	decoded = decode_call(futexes->snapshot, process_at(futexes->snapshot, task->process), &seen->call,
			      futexes->visit->look, peeks, count);
	if (decoded.action != ACTION_FUTEX || decoded.address == 0)
		return 0;
	if (decoded.futex_private)
		return futex_private(futexes, at, decoded.address);
	if (futexes->waiter_count == BOUND_SHARED_WAITERS)
		return futex_maps_miss(futexes, task->process, SIGHT_CUT, 0);
	futexes->waiters[futexes->waiter_count++] = (struct waiter){ at, decoded.address };
	return 0;
}

static int look_at(struct futexes *futexes, const struct subjects *subjects)
{
	uint32_t i;
	int r;

	futexes->waiters = calloc(BOUND_SHARED_WAITERS, sizeof(*futexes->waiters));
	r = futexes->waiters ? peeks_index(futexes) : -ENOMEM;
	for (i = 0; i < subjects->task_count && r == 0; i++)
		r = task_look(futexes, subjects->tasks[i]);
	if (r == 0)
		r = futex_ask_waiters(futexes);
	if (r == 0)
		r = futex_ask_rest(futexes, subjects);
	return r;
}

static int futexes_look(const struct visit *visit, const struct subjects *subjects)
{
	struct futexes futexes = { .visit = visit, .snapshot = visit->snapshot };
	int r;

	r = look_at(&futexes, subjects);
	batch_deinit(&futexes.batch);
	free(futexes.waiters);
	free(futexes.pages);
	free(futexes.words);
	free(futexes.first_peek);
	return r;
}

const struct probe probe_futexes = {
	.id = PROBE_FUTEXES,
	.name = "futexes",
	.stage = STAGE_LOOK,
	.after = PROBE_BIT(PROBE_STATE),
	.look = futexes_look,
};
