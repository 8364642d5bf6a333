/* SPDX-License-Identifier: MIT */
/* Asleep, and nobody waits for it over a channel: forgotten, at rest, at work, or not to be seen. */
#include "cause.h"

#include <netinet/tcp.h>

enum { CLOSE_WAITS_OF_A_LEAK = 4, CLOSE_WAITS_OF_A_SURE_LEAK = 32 };

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

	if (!process_ended(trial->scene, trial->suspect->process) && task->at[LOOK_T1].stat_sight != SIGHT_GONE)
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

/* It still listens, or talks to somebody: then it may be a daemon that somebody wants. */
static bool has_company(const struct trial *trial)
{
	const struct scene *scene = trial->scene;
	const struct span *span = &scene->process_fds[trial->suspect->process.at];
	const struct object *object;
	uint32_t i;

	for (i = 0; i < span->count; i++) {
		object = object_at(scene->snapshot, scene->snapshot->fds.row[scene->fd_order[span->first + i]].object);
		if (object->kind == OBJECT_TCP && (object->at[LOOK_T1].state == TCP_LISTEN
						   || object->at[LOOK_T1].state == TCP_ESTABLISHED))
			return true;
		if (object->kind == OBJECT_UNIX && object->at[LOOK_T1].state == TCP_LISTEN)
			return true;
	}
	return false;
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
	trial_doubt(trial, has_company(trial) ? DOUBT_APPLICATION : DOUBT_MOVES);
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
	/* A handful may be a pool's, to be noticed at the next use. */
	trial_doubt(trial, n < CLOSE_WAITS_OF_A_SURE_LEAK ? DOUBT_APPLICATION : DOUBT_PLAUSIBLE);
	return true;
}

/* The first child that is dead at both looks: one that died this moment may yet be reaped. */
static struct process_ix zombie_child(const struct trial *trial)
{
	const struct scene *scene = trial->scene;
	const struct span *span = &scene->process_children[trial->suspect->process.at];
	struct process_ix child;
	struct task_ix leader;
	uint32_t i;

	for (i = 0; i < span->count; i++) {
		child.at = scene->child_order[span->first + i];
		leader = scene_leader(scene, child);
		if (process_zombie(scene, child) && task_at(scene->snapshot, leader)->at[LOOK_T0].state == 'Z')
			return child;
	}
	return (struct process_ix){ NO_ROW };
}

/* The target itself is dead: who should have reaped it is its parent. */
static bool is_zombie(struct trial *trial)
{
	const struct scene *scene = trial->scene;
	struct process_ix parent = scene_parent(scene, trial->suspect->process);
	struct fact fact;

	if (!process_zombie(scene, trial->suspect->process))
		return false;
	fact = fact_of(trial, FACT_ZOMBIE);
	fact.other = trial->suspect->task;
	if (parent.at != NO_ROW)
		fact.who = scene_leader(scene, parent);
	fact.amount = trial_process(trial)->exit_status;
	trial_fact(trial, fact);
	trial_doubt(trial, DOUBT_APPLICATION);
	return true;
}

bool rule_zombie_unreaped(struct trial *trial)
{
	struct process_ix child = zombie_child(trial);
	struct fact fact;

	if (is_zombie(trial))
		return true;
	if (trial->suspect->burns || trial->suspect->suspended || child.at == NO_ROW)
		return false;
	fact = fact_of(trial, FACT_ZOMBIE);
	fact.other = scene_leader(trial->scene, child);
	fact.amount = process_at(trial->scene->snapshot, child)->exit_status;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_APPLICATION);
	return true;
}

/* Bytes moved: written, or over a channel, or read by one who does nothing else (redis reads /proc for its clock). */
static bool bytes_moved(const struct trial *trial)
{
	const struct process *process = trial_process(trial);
	int64_t written = delta(process->at[LOOK_T0].written_bytes, process->at[LOOK_T1].written_bytes);
	const struct span *fds = &trial->scene->process_fds[trial->suspect->process.at];
	const struct object *object;
	uint32_t i;

	if (written != UNSEEN && written > 0)
		return true;
	for (i = 0; i < fds->count; i++) {
		struct object_ix ix = trial->scene->snapshot->fds.row[trial->scene->fd_order[fds->first + i]].object;

		object = object_at(trial->scene->snapshot, ix);
		if ((object->kind == OBJECT_TCP || object->kind == OBJECT_UNIX || object->kind == OBJECT_PIPE
		     || object->kind == OBJECT_FIFO || object->kind == OBJECT_UDP)
		    && object_moved(trial->scene, ix) == MOVED_YES)
			return true;
	}
	return !trial_in_set(trial) && process_io_moved(trial->scene, trial->suspect->process) == MOVED_YES;
}

/* Bytes, or children, come and go; or it was not even there at the first look. */
bool rule_working(struct trial *trial)
{
	const struct process *process = trial_process(trial);
	int64_t bytes, children;
	struct fact fact;

	if (trial_task(trial)->at[LOOK_T0].stat_sight != SIGHT_OK && trial_task(trial)->at[LOOK_T1].stat_sight == SIGHT_OK) {
		trial_fact(trial, fact_of(trial, FACT_MOVED));
		trial_doubt(trial, DOUBT_ONE_LOOK);
		return true;
	}
	if (trial->suspect->moved != MOVED_YES || trial->suspect->neglected.at != NO_ROW)
		return false;
	bytes = delta(process->at[LOOK_T0].read_bytes, process->at[LOOK_T1].read_bytes);
	if (bytes != UNSEEN && delta(process->at[LOOK_T0].written_bytes, process->at[LOOK_T1].written_bytes) != UNSEEN)
		bytes += delta(process->at[LOOK_T0].written_bytes, process->at[LOOK_T1].written_bytes);
	children = delta(process->at[LOOK_T0].children_cpu_ns, process->at[LOOK_T1].children_cpu_ns);
	if (!bytes_moved(trial) && (children == UNSEEN || children <= 0))
		return false;
	trial_doubt(trial, DOUBT_PLAUSIBLE);
	fact = fact_of(trial, FACT_MOVED);
	fact.amount = bytes != UNSEEN && bytes > 0 ? bytes : UNSEEN;
	trial_fact(trial, fact);
	return true;
}

bool rule_no_waker(struct trial *trial)
{
	const struct edge *edge = trial->suspect->out;
	struct fact fact;

	if (trial->suspect->can != LIFE_CLOSED || !edge || edge->in_set || channel_is_word(edge->channel)
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

bool rule_file_lock_wait(struct trial *trial)
{
	return trial_action(trial) == ACTION_LOCK && rule_waits_outside(trial);
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

	if (seen->stat_sight == SIGHT_OK && (seen->call.number != CALL_UNSEEN || trial_call(trial)->inferred))
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
