/* SPDX-License-Identifier: MIT */
/* What each task does: status, schedstat, wchan and syscall under /proc/PID/task/TID. */
#include <errno.h>
#include <string.h>

#include "state_inner.h"
#include "state_parse.h"

/* In bytes a little more than its number needs: "0x7ffc9d1cbd60 " eight times. */
enum { SYSCALL_LENGTH = 256 };

static bool in_kernel_asleep(char letter)
{
	return letter && strchr("SDTtIP", letter);
}

static int store_text(struct snapshot *snapshot, const char *bytes, size_t length, struct text *ret)
{
	const int r = snapshot_text(snapshot, bytes, length, ret);

	return r == -E2BIG ? 0 : r;
}

/* A process is told by any thread of it; its pid inside its namespaces by the leader. */
static int status_store(struct state *state, struct task_ix at, const struct status_lines *lines)
{
	struct task *task = task_at(state->snapshot, at);
	struct process *process = process_at(state->snapshot, task->process);
	struct task_look *seen = &task->at[state->look];

	seen->status_sight = SIGHT_OK;
	seen->tracer = lines->tracer;
	seen->voluntary = lines->voluntary;
	seen->involuntary = lines->involuntary;
	task->ns_tid = lines->ns_pid;
	if (at.at == state_voice(state, task->process).at || task->tid == process->pid) {
		process->status_sight = SIGHT_OK;
		process->uid = lines->uid;
		process->caught_signals = lines->caught;
		process->ignored_signals = lines->ignored;
		if (lines->core_dumping != ANSWER_UNKNOWN)
			process->core_dumping = lines->core_dumping;
	}
	if (task->tid != process->pid)
		return 0;
	process->ns_pid = lines->ns_pid;
	return lines->ns_pids ? store_text(state->snapshot, lines->ns_pids, lines->ns_pids_length, &process->ns_pids) : 0;
}

static int status_read(struct state *state, struct task_ix at, int32_t pid, int32_t tid)
{
	struct status_lines lines;
	const char *text;
	size_t length;
	int r, error = 0;

	r = door_read(state->visit->door, &text, &length, &error, "%d/task/%d/status", pid, tid);
	if (r == SIGHT_OK)
		r = status_parse(text, length, &lines);
	if (r == SIGHT_OK)
		return status_store(state, at, &lines);
	return r < 0 ? r : state_miss_task(state, at, KIND_STATUS, r, error,
					   &task_at(state->snapshot, at)->at[state->look].status_sight);
}

/* Better than the ticks of stat, and the only one to tell the delay. */
static int schedstat_read(struct state *state, struct task_ix at, int32_t pid, int32_t tid)
{
	struct task_look *seen = &task_at(state->snapshot, at)->at[state->look];
	const char *text;
	size_t length;
	int r, error = 0;

	r = door_read(state->visit->door, &text, &length, &error, "%d/task/%d/schedstat", pid, tid);
	if (r == SIGHT_OK)
		r = schedstat_parse(text, length, &seen->cpu_ns, &seen->wait_ns);
	/* All zero may be a kernel that does not count, or a task that has not yet run. */
	if (r <= 0 || (r == SIGHT_UNSUPPORTED && error == 0 && seen->cpu_ns == 0))
		return r < 0 ? r : 0;
	return state_miss_task(state, at, KIND_SCHEDSTAT, r, error, NULL);
}

/*
 * "0" is what a task reads that is not asleep, but also anybody's without ptrace access
 * (READ): then its namespaces were refused as well.
 */
static int wchan_read(struct state *state, struct task_ix at, int32_t pid, int32_t tid)
{
	struct task *task = task_at(state->snapshot, at);
	struct task_look *seen = &task->at[state->look];
	const struct process *process = process_at(state->snapshot, task->process);
	const char *text;
	size_t length;
	int r, error = 0;

	if (!in_kernel_asleep(seen->state)) {
		seen->wchan_sight = seen->state == 'R' ? SIGHT_OK : SIGHT_UNASKED;
		return 0;
	}
	r = door_read(state->visit->door, &text, &length, &error, "%d/task/%d/wchan", pid, tid);
	if (r < 0)
		return r;
	if (r == SIGHT_OK && length == 1 && *text == '0' && process->ns_sight != SIGHT_OK)
		r = SIGHT_DENIED;
	if (r != SIGHT_OK)
		return state_miss_task(state, at, KIND_WCHAN, r, error, &seen->wchan_sight);
	seen->wchan_sight = SIGHT_OK;
	if (length == 0 || *text == '0')
		return 0;
	return store_text(state->snapshot, text, length, &seen->wchan);
}

int state_read_task(struct state *state, struct task_ix at)
{
	const struct task *task = task_at(state->snapshot, at);
	const int32_t pid = process_at(state->snapshot, task->process)->pid, tid = task->tid;
	int r;

	r = schedstat_read(state, at, pid, tid);
	if (r == 0)
		r = status_read(state, at, pid, tid);
	if (r == 0)
		r = wchan_read(state, at, pid, tid);
	return r;
}

int state_ask_task(struct state *state, struct task_ix at)
{
	struct task *task = task_at(state->snapshot, at);
	struct task_look *seen = &task->at[state->look];
	const struct process *process = process_at(state->snapshot, task->process);
	struct question *question;

	if (seen->state == 'Z' || seen->state == 'X')
		return 0;
	if (process->flags & PROCESS_KERNEL) { /* its file shows registers that nobody ever set */
		seen->call.number = CALL_OUTSIDE;
		seen->call_sight = SIGHT_OK;
		return 0;
	}
	question = batch_add_path(&state->batch, KIND_SYSCALL, at.at, ASK_FILE, process->pid, "%d/task/%d/syscall",
			     process->pid, task->tid);
	if (!question)
		return -ENOMEM;
	question->limit = SYSCALL_LENGTH;
	return 0;
}

int state_take_syscall(struct state *state, struct task_ix at, const struct answer *answer)
{
	struct task_look *seen = &task_at(state->snapshot, at)->at[state->look];
	int sight = answer->sight;

	if (sight == SIGHT_OK)
		sight = syscall_parse(answer->bytes, answer->length, &seen->call);
	if (sight != SIGHT_OK)
		return state_miss_task(state, at, KIND_SYSCALL, sight, answer->error, &seen->call_sight);
	seen->call_sight = SIGHT_OK;
	return 0;
}
