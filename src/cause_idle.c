/* SPDX-License-Identifier: MIT */
/* Asleep, and nobody waits for it over a channel: forgotten, at rest, at work, or not to be seen. */
#include "cause.h"

#include <netinet/tcp.h>

enum { CLOSE_WAITS_OF_A_LEAK = 4 };

static uint32_t close_waits(const struct trial *trial, int64_t *oldest_ms)
{
	const struct scene *scene = trial->scene;
	const struct span *span = &scene->process_fds[trial->suspect->process.at];
	const struct object *object;
	const struct fd *fd;
	uint32_t i, n = 0;

	*oldest_ms = UNSEEN;
	for (i = 0; i < span->count; i++) {
		fd = &scene->snapshot->fds.row[scene->fd_order[span->first + i]];
		if (fd->object.at == NO_ROW)
			continue;
		object = object_at(scene->snapshot, fd->object);
		if (object->kind != OBJECT_TCP || object->at[LOOK_T0].state != TCP_CLOSE_WAIT
		    || object->at[LOOK_T1].state != TCP_CLOSE_WAIT)
			continue;
		n++;
		if (object->at[LOOK_T1].last_received_ms > *oldest_ms)
			*oldest_ms = object->at[LOOK_T1].last_received_ms;
	}
	return n;
}

bool rule_ended(struct trial *trial)
{
	const struct task *task = trial_task(trial);

	if (trial_process(trial)->at[LOOK_T1].sight != SIGHT_GONE && task->at[LOOK_T1].stat_sight != SIGHT_GONE)
		return false;
	trial_fact(trial, fact_of(trial, FACT_EXITED));
	return true;
}

bool rule_vfork_unfinished(struct trial *trial)
{
	const struct edge *edge = trial->suspect->into;
	struct fact fact;

	if (!edge || edge->channel != CHANNEL_VFORK || trial->suspect->burns || trial->suspect->suspended)
		return false;
	fact = fact_of(trial, FACT_WAITS_CHILD);
	fact.who = edge->from;
	fact.other = trial->suspect->task;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt_pace(trial);
	return true;
}

/* The one that started it, and the one it talked to, are both gone. */
bool rule_peer_dead(struct trial *trial)
{
	struct fact fact;
	int64_t oldest;

	if (!trial->suspect->orphan || trial->suspect->moved == MOVED_YES || close_waits(trial, &oldest) == 0)
		return false;
	trial_fact(trial, fact_of(trial, FACT_ORPHAN));
	fact = fact_of(trial, FACT_CLOSE_WAIT);
	fact.amount = close_waits(trial, &oldest);
	fact.age_ms = oldest;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_MOVES);
	return true;
}

bool rule_close_wait_leak(struct trial *trial)
{
	struct fact fact;
	int64_t oldest;
	uint32_t n;

	n = close_waits(trial, &oldest);
	if (n < CLOSE_WAITS_OF_A_LEAK || trial->suspect->burns)
		return false;
	fact = fact_of(trial, FACT_CLOSE_WAIT);
	fact.amount = n;
	fact.age_ms = oldest;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_APPLICATION);
	return true;
}

static uint32_t zombie_children(const struct trial *trial, struct process_ix *first)
{
	const struct scene *scene = trial->scene;
	const struct span *span = &scene->process_children[trial->suspect->process.at];
	struct process_ix child;
	const struct task *task;
	struct task_ix leader;
	uint32_t i, n = 0;

	for (i = 0; i < span->count; i++) {
		child.at = scene->child_order[span->first + i];
		leader = scene_leader(scene, child);
		if (leader.at == NO_ROW || scene->process_tasks[child.at].count != 1)
			continue;
		task = task_at(scene->snapshot, leader);
		if (task->at[LOOK_T0].state != 'Z' || task->at[LOOK_T1].state != 'Z')
			continue;
		if (n++ == 0)
			*first = child;
	}
	return n;
}

bool rule_zombie_unreaped(struct trial *trial)
{
	struct process_ix child = { NO_ROW };
	struct fact fact;

	if (trial->suspect->burns || trial->suspect->suspended || zombie_children(trial, &child) == 0)
		return false;
	fact = fact_of(trial, FACT_ZOMBIE);
	fact.other = scene_leader(trial->scene, child);
	fact.amount = process_at(trial->scene->snapshot, child)->exit_status;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_APPLICATION);
	return true;
}

/* Bytes, or children, come and go. */
bool rule_working(struct trial *trial)
{
	const struct process *process = trial_process(trial);
	int64_t bytes, children;
	struct fact fact;

	if (trial->suspect->moved != MOVED_YES || trial->suspect->neglected.at != NO_ROW)
		return false;
	bytes = delta(process->at[LOOK_T0].read_bytes, process->at[LOOK_T1].read_bytes);
	if (bytes != UNSEEN && delta(process->at[LOOK_T0].written_bytes, process->at[LOOK_T1].written_bytes) != UNSEEN)
		bytes += delta(process->at[LOOK_T0].written_bytes, process->at[LOOK_T1].written_bytes);
	children = delta(process->at[LOOK_T0].children_cpu_ns, process->at[LOOK_T1].children_cpu_ns);
	if (process_io_moved(trial->scene, trial->suspect->process) != MOVED_YES
	    && (children == UNSEEN || children <= 0))
		return false;
	fact = fact_of(trial, FACT_MOVED);
	fact.amount = bytes != UNSEEN && bytes > 0 ? bytes : UNSEEN;
	trial_fact(trial, fact);
	return true;
}

bool rule_no_waker(struct trial *trial)
{
	const struct edge *edge = trial->suspect->out;
	struct fact fact;

	if (trial->suspect->can != LIFE_CLOSED || !edge || edge->in_set || edge->channel == CHANNEL_FUTEX
	    || trial->suspect->cycle_count > 0)
		return false;
	fact = fact_of(trial, edge->channel == CHANNEL_CHILD ? FACT_WAITS_CHILD : FACT_WAITS);
	fact.object = edge->object;
	trial_doubt(trial, edge->doubts);
	trial_describe_sleep(trial);
	trial_fact(trial, fact);
	return true;
}

/* A lock, a condition, a queue: who will wake it, a futex does not say. */
bool rule_threads_wait(struct trial *trial)
{
	if (trial_action(trial) != ACTION_FUTEX || trial->suspect->burns || trial->suspect->suspended)
		return false;
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_OWNERLESS | DOUBT_APPLICATION);
	return true;
}

bool rule_event_loop_idle(struct trial *trial)
{
	if (!trial_in_set(trial) || trial->suspect->burns || trial->suspect->suspended)
		return false;
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_APPLICATION);
	/* Closed: its sets hold nothing but its own wake-up calls, and loops that wait for it in turn. */
	if (trial->suspect->can == LIFE_CLOSED)
		trial->verdict = VERDICT_IDLE_WEDGE;
	return true;
}

bool rule_timed_sleep(struct trial *trial)
{
	struct fact fact;

	if (trial_action(trial) != ACTION_SLEEP || trial->suspect->burns || trial->suspect->suspended)
		return false;
	trial_describe_sleep(trial);
	if (trial_timer_ns(trial) != UNSEEN) {
		fact = fact_of(trial, FACT_TIMER);
		fact.amount = trial_timer_ns(trial) / 1000000;
		trial_fact(trial, fact);
	}
	trial_doubt(trial, DOUBT_APPLICATION);
	return true;
}

bool rule_waits_outside(struct trial *trial)
{
	if (trial->suspect->suspended || trial->suspect->burns || trial_action(trial) == ACTION_NONE)
		return false;
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_APPLICATION);
	return true;
}

bool rule_unseen(struct trial *trial)
{
	const struct task_look *seen = trial_look(trial);

	if (seen->stat_sight == SIGHT_OK && seen->call.number != CALL_UNSEEN)
		return false;
	trial_fact(trial, fact_of(trial, FACT_NOT_SEEN));
	trial_doubt(trial, DOUBT_CALL);
	return true;
}

bool rule_always(struct trial *trial)
{
	trial_fact(trial, fact_of(trial, trial->suspect->moved == MOVED_YES ? FACT_MOVED : FACT_ASLEEP));
	trial_doubt(trial, DOUBT_APPLICATION);
	return true;
}
