/* SPDX-License-Identifier: MIT */
/*
 * Threads with descriptors of their own, by unshare(CLONE_FILES): /proc/PID/fd is the leader's
 * table, and says nothing of theirs.  kcmp(2) tells, at T1, of tasks that are blocked.
 */
#include "fds.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"

enum { BATCH = 256 };

struct tables {
	struct fd_pass *pass;
	uint32_t count;
	struct task_ix at[BATCH];
	struct question question[BATCH];
};

static int table_answered(void *context, size_t which, const struct answer *answer)
{
	struct tables *tables = context;
	struct task *task = task_at(tables->pass->snapshot, tables->at[which]);
	int32_t order;

	if (answer->sight == SIGHT_OK && answer->length == sizeof(order)) {
		memcpy(&order, answer->bytes, sizeof(order));
		task->own_fds = order ? ANSWER_YES : ANSWER_NO;
		return 0;
	}
	if (answer->sight == SIGHT_OK || answer->sight == SIGHT_GONE)
		return 0;
	return fd_pass_miss(tables->pass, task->process, answer->sight, answer->error, MISS_KCMP);
}

static int tables_ask(struct tables *tables)
{
	const struct visit *visit = tables->pass->visit;
	uint32_t count = tables->count;

	tables->count = 0;
	if (!count)
		return 0;
	return door_ask(visit->door, tables->question, count, BOUND_ASK_MS, visit->deadline_ns, table_answered, tables);
}

/** A leader that is a zombie has no table to compare with. */
static bool wants_asking(const struct fd_pass *pass, const struct task *task)
{
	const struct process *process = process_at(pass->snapshot, task->process);
	char state = task->at[pass->look].state;

	return task->tid != process->pid && task->own_fds == ANSWER_UNKNOWN && (state == 'S' || state == 'D') &&
	       pass->speaker[task->process.at] == 0 && !fd_pass_missed(pass, task->process, MISS_KCMP);
}

int fdtables_look(struct fd_pass *pass, const struct subjects *subjects)
{
	_cleanup_free_ struct tables *tables = NULL;
	uint32_t i;
	int r = 0;

	for (i = 0; i < subjects->task_count && r == 0; i++) {
		const struct task *task = task_at(pass->snapshot, subjects->tasks[i]);

		if (pass->look != LOOK_T1 || !wants_asking(pass, task))
			continue;
		if (!tables)
			tables = calloc(1, sizeof(*tables));
		if (!tables)
			return -ENOMEM;
		tables->pass = pass;
		tables->at[tables->count] = subjects->tasks[i];
		tables->question[tables->count++] = (struct question){
			.ask = ASK_KCMP,
			.pid = process_at(pass->snapshot, task->process)->pid,
			.other_pid = task->tid,
			.number = { KCMP_FILES },
		};
		if (tables->count == BATCH)
			r = tables_ask(tables);
	}
	return r < 0 || !tables ? r : tables_ask(tables);
}
