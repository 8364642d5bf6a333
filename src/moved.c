/* SPDX-License-Identifier: MIT */
/* What changed between the two looks: of tasks, objects, processes. */
#include "scene.h"

/* Two sightings of one number. */
static enum moved number_moved(int64_t before, int64_t after)
{
	if (before == UNSEEN || after == UNSEEN)
		return MOVED_UNKNOWN;
	return before == after ? MOVED_NO : MOVED_YES;
}

bool task_same_call(const struct scene *scene, struct task_ix task)
{
	const struct task_look *at = task_at(scene->snapshot, task)->at;
	enum arg_type types[6];
	int i;

	if (at[LOOK_T0].call_sight != SIGHT_OK || at[LOOK_T1].call_sight != SIGHT_OK ||
	    at[LOOK_T0].call.number < 0 || at[LOOK_T0].call.number != at[LOOK_T1].call.number)
		return false;
	syscall_args((enum arch)scene->snapshot->host.arch, at[LOOK_T0].call.number, types);
	for (i = 0; i < 6; i++)
		if (at[LOOK_T0].call.args[i] != at[LOOK_T1].call.args[i] && types[i] != ARG_MS)
			return false;
	return true;
}

bool task_same_wait(const struct scene *scene, struct task_ix task)
{
	const struct task_look *before = &task_at(scene->snapshot, task)->at[LOOK_T0];
	const struct task_look *after = &task_at(scene->snapshot, task)->at[LOOK_T1];

	if (before->call_sight == SIGHT_OK && after->call_sight == SIGHT_OK &&
	    (before->call.number >= 0 || after->call.number >= 0))
		return task_same_call(scene, task);
	return before->state == after->state && text_seen(before->wchan) && before->wchan.at == after->wchan.at &&
	       before->wchan.length == after->wchan.length;
}

static bool call_differs(const struct scene *scene, struct task_ix task)
{
	const struct task_look *at = task_at(scene->snapshot, task)->at;

	return at[LOOK_T0].call_sight == SIGHT_OK && at[LOOK_T1].call_sight == SIGHT_OK &&
	       (at[LOOK_T0].call.number != at[LOOK_T1].call.number ||
		(at[LOOK_T0].call.number >= 0 && !task_same_call(scene, task)));
}

enum moved task_moved(const struct scene *scene, struct task_ix task)
{
	const struct task_look *before = &task_at(scene->snapshot, task)->at[LOOK_T0];
	const struct task_look *after = &task_at(scene->snapshot, task)->at[LOOK_T1];
	enum moved slept, pushed, ran;

	if (before->stat_sight == SIGHT_OK && after->stat_sight == SIGHT_GONE)
		return MOVED_YES;
	if (before->stat_sight != SIGHT_OK || after->stat_sight != SIGHT_OK)
		return MOVED_UNKNOWN;
	slept = number_moved(before->voluntary, after->voluntary);
	pushed = number_moved(before->involuntary, after->involuntary);
	ran = number_moved(before->cpu_ns, after->cpu_ns);
	if (slept == MOVED_YES || pushed == MOVED_YES || ran == MOVED_YES || before->state != after->state ||
	    call_differs(scene, task))
		return MOVED_YES;
	if (slept == MOVED_NO && pushed == MOVED_NO)
		return MOVED_NO;
	/* Clock ticks are too coarse to show a short run; schedstat is exact. */
	return ran == MOVED_NO && before->sched_sight == SIGHT_OK && after->sched_sight == SIGHT_OK ? MOVED_NO :
	       MOVED_UNKNOWN;
}

/* Thousandths of the window by which a time grew; -1 unknown. */
static int32_t share_permille(const struct scene *scene, struct task_ix task, int64_t before, int64_t after)
{
	const struct task_look *at = task_at(scene->snapshot, task)->at;
	int64_t window_ns = scene->snapshot->window_ns, share;

	if (at[LOOK_T0].stat_sight != SIGHT_OK || at[LOOK_T1].stat_sight != SIGHT_OK || before == UNSEEN ||
	    after == UNSEEN || after < before)
		return -1;
	if (at[LOOK_T0].when_ns != UNSEEN && at[LOOK_T1].when_ns != UNSEEN)
		window_ns = at[LOOK_T1].when_ns - at[LOOK_T0].when_ns;
	if (window_ns == UNSEEN || window_ns <= 0)
		return -1;
	share = (after - before) / ((window_ns + 999) / 1000);
	return share > 1000 ? 1000 : (int32_t)share;
}

int32_t task_cpu_permille(const struct scene *scene, struct task_ix task)
{
	const struct task_look *at = task_at(scene->snapshot, task)->at;

	return share_permille(scene, task, at[LOOK_T0].cpu_ns, at[LOOK_T1].cpu_ns);
}

int32_t task_delay_permille(const struct scene *scene, struct task_ix task)
{
	const struct task_look *at = task_at(scene->snapshot, task)->at;

	return share_permille(scene, task, at[LOOK_T0].wait_ns, at[LOOK_T1].wait_ns);
}

bool task_burns(const struct scene *scene, struct task_ix task)
{
	const struct task_look *at = task_at(scene->snapshot, task)->at;
	int32_t share = task_cpu_permille(scene, task);

	if (share >= 500)
		return true;
	return share >= 0 && at[LOOK_T0].state == 'R' && at[LOOK_T1].state == 'R' &&
	       at[LOOK_T1].cpu_ns > at[LOOK_T0].cpu_ns;
}

bool task_suspended(const struct scene *scene, struct task_ix task)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct task *row = task_at(snapshot, task);
	const struct process *process = process_at(snapshot, row->process);
	char state = row->at[task_last_look(snapshot, task)].state;
	const struct cgroup_look *group;

	if (state == 't' || (state == 'T' && !scene->process_paused[row->process.at]))
		return true;
	if (process->cgroup.at == NO_ROW)
		return false;
	group = &cgroup_at(snapshot, process->cgroup)->at[scene->last];
	return group->sight == SIGHT_OK && group->frozen == ANSWER_YES;
}

bool task_blocked(const struct scene *scene, struct task_ix task)
{
	const struct task *row = task_at(scene->snapshot, task);
	const struct task_look *seen = &row->at[task_last_look(scene->snapshot, task)];

	if (seen->stat_sight != SIGHT_OK)
		return false;
	if (seen->state == 'T') /* Stopped by the viewer: the call that it was in is still there. */
		return scene->process_paused[row->process.at] && seen->call_sight == SIGHT_OK &&
		       seen->call.number >= 0;
	return seen->state == 'S' || seen->state == 'D';
}

enum moved object_moved(const struct scene *scene, struct object_ix object)
{
	const struct object_look *at = object_at(scene->snapshot, object)->at;
	const int64_t before[] = { at[0].readable, at[0].room, at[0].unsent, at[0].backlog, at[0].bytes_received,
				   at[0].bytes_acked, at[0].word };
	const int64_t after[] = { at[1].readable, at[1].room, at[1].unsent, at[1].backlog, at[1].bytes_received,
				  at[1].bytes_acked, at[1].word };
	enum moved answer = MOVED_UNKNOWN, one;
	size_t i;

	if (at[LOOK_T0].state && at[LOOK_T1].state) {
		if (at[LOOK_T0].state != at[LOOK_T1].state)
			return MOVED_YES;
		answer = MOVED_NO;
	}
	for (i = 0; i < sizeof(before) / sizeof(*before); i++) {
		one = number_moved(before[i], after[i]);
		if (one == MOVED_YES)
			return MOVED_YES;
		if (one == MOVED_NO)
			answer = MOVED_NO;
	}
	return answer;
}

static bool carries_bytes(enum object_kind kind)
{
	return kind == OBJECT_PIPE || kind == OBJECT_FIFO || kind == OBJECT_UNIX || kind == OBJECT_TCP ||
	       kind == OBJECT_UDP || kind == OBJECT_SOCKET || kind == OBJECT_PTY;
}

enum moved process_io_moved(const struct scene *scene, struct process_ix process)
{
	const struct process_look *at = process_at(scene->snapshot, process)->at;
	const struct span *fds = &scene->process_fds[process.at];
	enum moved in = number_moved(at[LOOK_T0].read_bytes, at[LOOK_T1].read_bytes);
	enum moved out = number_moved(at[LOOK_T0].written_bytes, at[LOOK_T1].written_bytes);
	const struct fd *fd;
	uint32_t i;

	if (in == MOVED_YES || out == MOVED_YES)
		return MOVED_YES;
	for (i = 0; i < fds->count; i++) {
		fd = &scene->snapshot->fds.row[scene->fd_order[fds->first + i]];
		if (carries_bytes((enum object_kind)object_at(scene->snapshot, fd->object)->kind) &&
		    object_moved(scene, fd->object) == MOVED_YES)
			return MOVED_YES;
	}
	return in == MOVED_NO && out == MOVED_NO ? MOVED_NO : MOVED_UNKNOWN;
}
