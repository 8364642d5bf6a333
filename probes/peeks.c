/* SPDX-License-Identifier: MIT */
/*
 * The memory that blocked calls name (timeouts, pollfd arrays, fd_sets, futex words),
 * kept raw: decode.h gives it meaning.
 */
#include <errno.h>

#include "decode.h"
#include "state_inner.h"

static enum arch arch_of(const struct snapshot *snapshot)
{
	if (snapshot->host.arch != ARCH_UNKNOWN)
		return (enum arch)snapshot->host.arch;
#if defined(__x86_64__)
	return ARCH_X86_64;
#elif defined(__aarch64__)
	return ARCH_AARCH64;
#else
	return ARCH_UNKNOWN;
#endif
}

/* Its call as this look read it; NULL when it is in none, or in one of the other width. */
static const struct call *call_of(const struct state *state, struct task_ix at)
{
	const struct task *task = task_at(state->snapshot, at);
	const struct call *call = &task->at[state->look].call;

	if (task->at[state->look].call_sight != SIGHT_OK || call->number < 0)
		return NULL;
	return process_at(state->snapshot, task->process)->bits == 32 ? NULL : call;
}

static int memory_ask(struct state *state, struct task_ix at)
{
	const struct call *call = call_of(state, at);
	const struct task *task = task_at(state->snapshot, at);
	struct range ranges[DECODE_RANGES];
	struct question *question;
	uint32_t i, count;

	count = call ? decode_wants(call, arch_of(state->snapshot), ranges) : 0;
	for (i = 0; i < count; i++) {
		question = batch_add(&state->batch, KIND_MEMORY, at.at, ASK_MEMORY,
				     process_at(state->snapshot, task->process)->pid);
		if (!question)
			return -ENOMEM;
		question->tid = task->tid;
		question->address = ranges[i].address;
		question->limit = ranges[i].length;
	}
	return 0;
}

/*
 * A page that is not resident is not touched: its owner might have to bring it, and
 * need not (userfaultfd).  Short reads keep what came.
 */
static int memory_take(struct state *state, struct task_ix at, const struct question *question,
		       const struct answer *answer)
{
	struct peek peek = {
		.task = at, .look = (uint8_t)state->look, .sight = (uint8_t)answer->sight,
		.address = question->address, .bytes = TEXT_UNSEEN,
	};
	int r = 0;

	if (answer->sight == SIGHT_OK || answer->sight == SIGHT_CUT)
		r = snapshot_text(state->snapshot, answer->bytes, answer->length, &peek.bytes);
	if (r == 0 || r == -E2BIG)
		r = snapshot_add_peek(state->snapshot, &peek);
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	if (answer->sight == SIGHT_OK)
		return 0;
	return state_miss(state, task_at(state->snapshot, at)->process, KIND_MEMORY, answer->sight, answer->error,
			  NULL);
}

static int take(void *context, size_t which, const struct answer *answer)
{
	struct state *state = context;

	return memory_take(state, (struct task_ix){ state->batch.about[which].row }, &state->batch.questions[which],
			   answer);
}

int peeks_look(struct state *state)
{
	uint32_t i;
	int r = 0;

	for (i = 0; i < state->task_count && r == 0; i++)
		r = memory_ask(state, state->tasks[i]);
	return r < 0 ? r : batch_ask(&state->batch, state->visit, take, state);
}
