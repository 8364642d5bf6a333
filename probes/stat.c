/* SPDX-License-Identifier: MIT */
/* /proc/PID/task/TID/stat: read and stored. */
#include "stat.h"

#include <errno.h>
#include <unistd.h>

#include "door.h"

int stat_read(struct door *door, pid_t pid, pid_t tid, struct stat_line *ret, int *error)
{
	const char *text;
	size_t length;
	int r;

	r = door_read(door, &text, &length, error, "%d/task/%d/stat", pid, tid);
	return r ? r : stat_parse(text, length, ret);
}

int64_t stat_ticks_ns(const struct snapshot *snapshot, int64_t ticks)
{
	const int64_t user_hz = snapshot->host.user_hz > 0 ? snapshot->host.user_hz : sysconf(_SC_CLK_TCK);

	return ticks < 0 || ticks > INT64_MAX / 1000000000 ? UNSEEN : ticks * (INT64_C(1000000000) / user_hz);
}

static int comm_store(struct snapshot *snapshot, const struct stat_line *line, struct text *ret)
{
	const int r = snapshot_text(snapshot, line->comm, line->comm_length, ret);

	return r == -E2BIG ? 0 : r;
}

int stat_store_process(struct snapshot *snapshot, struct process_ix at, enum look look, const struct stat_line *line,
		       int64_t when_ns)
{
	struct process *process = process_at(snapshot, at);
	const struct text before = process->comm;
	int r;

	process->parent = line->parent;
	process->group = line->group;
	process->session = line->session;
	process->tty = line->tty;
	process->tty_foreground = line->tty_foreground;
	if (line->flags & STAT_KERNEL_THREAD)
		process->flags |= PROCESS_KERNEL;
	if (line->state == 'Z' || line->state == 'X')
		process->exit_status = line->exit_status;
	process->at[look].when_ns = when_ns;
	process->at[look].sight = SIGHT_OK;
	process->at[look].children_cpu_ns = stat_ticks_ns(snapshot, line->children_ticks);
	process->at[look].pages_resident = line->pages_resident;
	r = comm_store(snapshot, line, &process->comm);
	/* Another name may be another program: probe_state looks closer.  Kernel threads are renamed by what they do. */
	if (r == 0 && text_seen(before) && before.at != process->comm.at && !(process->flags & PROCESS_KERNEL))
		process->flags |= PROCESS_EXECED;
	return r;
}

int stat_store_task(struct snapshot *snapshot, struct task_ix at, enum look look, const struct stat_line *line,
		    int64_t when_ns)
{
	struct task *task = task_at(snapshot, at);
	struct task_look *seen = &task->at[look];

	task->nice = line->nice;
	task->policy = line->policy;
	seen->when_ns = when_ns;
	seen->stat_sight = SIGHT_OK;
	seen->state = line->state;
	seen->cpu_ns = stat_ticks_ns(snapshot, line->cpu_ticks);
	seen->system_ns = stat_ticks_ns(snapshot, line->system_ticks);
	seen->minor_faults = line->minor_faults;
	seen->major_faults = line->major_faults;
	seen->cpu = line->cpu == UNSEEN ? -1 : (int32_t)line->cpu;
	return comm_store(snapshot, line, &task->comm);
}
