/* SPDX-License-Identifier: MIT */
/* Asleep beside a channel that somebody needs it for, or in one particular channel of its own. */
#include "cause.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

static bool asleep(const struct trial *trial)
{
	return !trial->suspect->suspended && !trial->suspect->burns;
}

/* Who waits woke up and went on within the window: then somebody serves it, slowly. */
static bool victim_moves(const struct trial *trial)
{
	const struct edge *edge = trial->suspect->into;

	return edge && task_moved(trial->scene, edge->from) == MOVED_YES && !trial->graph->retrier[edge->from.at];
}

/* Unread data may be taken the moment after the second look, by who just woke up. */
static void doubt_if_awake(struct trial *trial)
{
	const struct object *object = object_at(trial->scene->snapshot, trial->suspect->neglected);

	if (trial->suspect->moved == MOVED_UNKNOWN)
		trial_doubt(trial, DOUBT_ONE_LOOK);
	/* A unix socket counts no bytes: as many as before need not be the same ones. */
	if (trial->suspect->moved == MOVED_YES && object->at[LOOK_T1].bytes_received == UNSEEN
	    && process_io_moved(trial->scene, trial->suspect->process) != MOVED_NO)
		trial_doubt(trial, DOUBT_CHANGED);
	trial_doubt(trial, DOUBT_MOVES); /* it may still come back and read */
}

static void describe_unread(struct trial *trial)
{
	const struct object_look *seen = &object_at(trial->scene->snapshot, trial->suspect->neglected)->at[LOOK_T1];
	struct fact fact = fact_of(trial, FACT_UNREAD);

	fact.object = trial->suspect->neglected;
	fact.other = trial->suspect->asker;
	fact.amount = trial->suspect->neglected_bytes;
	fact.age_ms = seen->last_received_ms;
	trial_fact(trial, fact);
}

static bool neglects_data(const struct trial *trial)
{
	const struct object_ix object = trial->suspect->neglected;

	return object.at != NO_ROW && object_at(trial->scene->snapshot, object)->at[LOOK_T1].readable > 0
	       && asleep(trial);
}

/* The listener that it neglects, if that is what it neglects. */
static const struct object_look *neglected_listener(const struct trial *trial)
{
	const struct object_look *seen;

	if (trial->suspect->neglected.at == NO_ROW || !asleep(trial))
		return NULL;
	seen = &object_at(trial->scene->snapshot, trial->suspect->neglected)->at[LOOK_T1];
	return seen->backlog != UNSEEN && seen->backlog > 0 ? seen : NULL;
}

static void describe_backlog(struct trial *trial)
{
	struct fact fact = fact_of(trial, FACT_BACKLOG);

	fact.object = trial->suspect->neglected;
	fact.amount = trial->suspect->neglected_bytes;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt_pace(trial);
	trial_doubt(trial, DOUBT_MOVES);
}

/* The queue takes one more than was asked for; then new clients do not even get in. */
bool rule_backlog_full(struct trial *trial)
{
	const struct object_look *seen = neglected_listener(trial);

	if (!seen || (seen->backlog_max != UNSEEN && seen->backlog <= seen->backlog_max))
		return false;
	describe_backlog(trial);
	return true;
}

/* Its event set is armed for that channel, but it is not the set that it waits in. */
bool rule_event_loop_blocked(struct trial *trial)
{
	const enum action action = trial_action(trial);

	if (!neglects_data(trial) || action == ACTION_EPOLL || action == ACTION_POLL || action == ACTION_SELECT)
		return false;
	if (process_listens(trial->scene, trial->suspect->process, trial->suspect->neglected) != LISTENED_ARMED)
		return false;
	trial_describe_sleep(trial);
	describe_unread(trial);
	doubt_if_awake(trial);
	trial_doubt_pace(trial);
	return true;
}

/* The loop turns, but nobody listens for what has come. */
bool rule_loop_deaf(struct trial *trial)
{
	const enum action action = trial_action(trial);
	enum listened listened;
	struct fact fact;

	if (!neglects_data(trial) || (action != ACTION_EPOLL && action != ACTION_POLL && action != ACTION_SELECT))
		return false;
	listened = process_listens(trial->scene, trial->suspect->process, trial->suspect->neglected);
	if (listened != LISTENED_DISARMED && listened != LISTENED_NOT)
		return false;
	fact = fact_of(trial, listened == LISTENED_DISARMED ? FACT_DISARMED : FACT_IN_NO_SET);
	fact.object = trial->suspect->neglected;
	fact.other = trial->suspect->asker;
	describe_unread(trial);
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	doubt_if_awake(trial);
	return true;
}

bool rule_not_consuming(struct trial *trial)
{
	const struct suspect *suspect = trial->suspect;
	struct fact fact;

	if (neglected_listener(trial)) {
		describe_backlog(trial);
		if (suspect->victim_count == 0)
			trial_doubt(trial, DOUBT_APPLICATION);
		return true;
	}
	if (neglects_data(trial)) {
		trial_describe_sleep(trial);
		describe_unread(trial);
		doubt_if_awake(trial);
		/* Armed, readable, and asleep in the set all the same: edge-triggered, or we misread it. */
		if (trial_in_set(trial) && process_listens(trial->scene, suspect->process, suspect->neglected)
						   == LISTENED_ARMED)
			trial_doubt(trial, DOUBT_CHANGED);
		trial_doubt_pace(trial);
		return true;
	}
	/* The victim cannot send: its peer's buffers are full, whether or not we could see into them. */
	if (!asleep(trial) || !suspect->into || suspect->into->want != WANT_WRITE
	    || (suspect->into->channel != CHANNEL_TCP && suspect->into->channel != CHANNEL_UNIX) || victim_moves(trial))
		return false;
	trial_describe_sleep(trial);
	fact = fact_of(trial, FACT_FULL);
	fact.other = suspect->into->from;
	fact.object = suspect->into->object;
	trial_fact(trial, fact);
	trial_doubt_pace(trial);
	trial_doubt(trial, DOUBT_MOVES);
	return true;
}

bool rule_pipe_full(struct trial *trial)
{
	const struct suspect *suspect = trial->suspect;
	const struct edge *edge = suspect->into;
	struct fact fact;

	if (rule_circle_pipe_full(trial))
		return true;
	if (!asleep(trial) || !edge || edge->want != WANT_WRITE || victim_moves(trial)
	    || (edge->channel != CHANNEL_PIPE && edge->channel != CHANNEL_FIFO))
		return false;
	fact = fact_of(trial, FACT_FULL);
	fact.other = edge->from;
	fact.object = edge->object;
	fact.amount = object_at(trial->scene->snapshot, edge->object)->at[LOOK_T1].readable;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt_pace(trial);
	if (suspect->does != LIFE_CLOSED || suspect->can != LIFE_CLOSED)
		trial_doubt(trial, DOUBT_MOVES);
	return true;
}

/* ---- a child that did the work and is gone ------------------------------------------ */

/* Of several the one of which it is known why. */
static struct process_ix lost_child(const struct trial *trial)
{
	const struct scene *scene = trial->scene;
	const struct span *span = &scene->process_children[trial->suspect->process.at];
	struct process_ix ret = { NO_ROW };
	const struct process *child;
	uint32_t i;

	for (i = 0; i < span->count; i++) {
		struct process_ix ix = { scene->child_order[span->first + i] };

		child = process_at(scene->snapshot, ix);
		if (child->exit_status == UNSEEN || !process_zombie(scene, ix) || !WIFSIGNALED((int)child->exit_status))
			continue;
		if (child->oom_killed == ANSWER_YES)
			return ix;
		if (ret.at == NO_ROW)
			ret = ix;
	}
	return ret;
}

static bool waits_for_answer(const struct trial *trial)
{
	const enum action action = trial_action(trial);

	return asleep(trial) && action != ACTION_CHILD && action != ACTION_NONE && action != ACTION_SLEEP;
}

static void describe_lost(struct trial *trial, struct process_ix child)
{
	struct fact fact = fact_of(trial, FACT_ZOMBIE);

	fact.other = scene_leader(trial->scene, child);
	fact.amount = process_at(trial->scene->snapshot, child)->exit_status;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	/* Closed: nobody is left to answer.  Else the loss may be known and dealt with. */
	if (trial->suspect->does != LIFE_CLOSED)
		trial_doubt(trial, DOUBT_APPLICATION);
	trial_doubt(trial, DOUBT_PLAUSIBLE);
}

/* The log names it; the counter of its group only says that somebody was. */
static bool describe_oom(struct trial *trial, struct process_ix child)
{
	const struct snapshot *snapshot = trial->scene->snapshot;
	const struct process *process = process_at(snapshot, child);
	const bool named = process->oom_killed == ANSWER_YES;
	struct fact fact = fact_of(trial, named ? FACT_OOM_KILLED : FACT_OOM);

	if (!named) {
		if (process->oom_killed == ANSWER_NO || process->cgroup.at == NO_ROW)
			return false;
		fact.amount = cgroup_at(snapshot, process->cgroup)->at[LOOK_T0].oom_kills;
		if (fact.amount == UNSEEN || fact.amount <= 0)
			return false;
	}
	fact.other = scene_leader(trial->scene, child);
	trial_fact(trial, fact);
	return true;
}

bool rule_oom_killed_child(struct trial *trial)
{
	struct process_ix child = lost_child(trial);

	if (child.at == NO_ROW || !waits_for_answer(trial)
	    || WTERMSIG((int)process_at(trial->scene->snapshot, child)->exit_status) != SIGKILL
	    || !describe_oom(trial, child))
		return false;
	describe_lost(trial, child);
	return true;
}

bool rule_worker_lost(struct trial *trial)
{
	struct process_ix child = lost_child(trial);

	if (child.at == NO_ROW || !waits_for_answer(trial))
		return false;
	describe_lost(trial, child);
	return true;
}

/* ---- its own wait ---------------------------------------------------------------------- */

static bool own_pipe(const struct trial *trial, enum want want)
{
	const struct edge *edge = trial->suspect->out;

	return asleep(trial) && edge && !edge->in_set
	       && (edge->channel == CHANNEL_PIPE || edge->channel == CHANNEL_FIFO)
	       && (edge->want == want || (edge->want == WANT_OPEN && trial_call(trial)->write == (want == WANT_WRITE)));
}

static bool has_outside_waker(const struct trial *trial, const struct edge *edge)
{
	struct task_ix wakers[64];
	uint32_t i, n;

	n = graph_tasks(trial->scene, trial->graph, edge, wakers, 64);
	for (i = 0; i < n && i < 64; i++)
		if (task_at(trial->scene->snapshot, wakers[i])->process.at != trial->suspect->process.at)
			return true;
	return n > 64;
}

static bool rule_no_partner(struct trial *trial, enum want want, enum fact_kind kind)
{
	const struct edge *edge = trial->suspect->out;
	struct fact fact;

	if (!own_pipe(trial, want) || has_outside_waker(trial, edge))
		return false;
	/* Its own end counts as a partner: then it holds up itself. */
	if (edge->wakers > 0 && trial->suspect->does != LIFE_CLOSED)
		return false;
	trial_doubt(trial, edge->doubts);
	fact = fact_of(trial, kind);
	fact.object = edge->object;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	if (trial->suspect->can != LIFE_CLOSED)
		trial_doubt(trial, DOUBT_MOVES);
	return true;
}

static bool holds_own_end(const struct trial *trial)
{
	const struct edge *edge = trial->suspect->out;

	return edge && edge->wakers > 0 && edge->want != WANT_OPEN;
}

bool rule_no_writer(struct trial *trial)
{
	return !holds_own_end(trial) && rule_no_partner(trial, WANT_READ, FACT_NO_WRITER);
}

bool rule_no_reader(struct trial *trial)
{
	return rule_no_partner(trial, WANT_WRITE, FACT_NO_READER);
}

/* It only listens to a pipe, and other threads of its process may write to the one in question. */
static bool receives_for_others(const struct trial *trial)
{
	const struct edge *out = trial->suspect->out;

	return out && out->want == WANT_READ && !out->in_set && out->channel == CHANNEL_PIPE
	       && trial->scene->process_tasks[trial->suspect->process.at].count > 1;
}

bool rule_holds_write_end(struct trial *trial)
{
	const struct edge *edge = trial->suspect->into;
	struct fact fact;

	if (holds_own_end(trial) && rule_no_partner(trial, WANT_READ, FACT_HOLDS))
		return true;
	if (!asleep(trial) || !edge || edge->want != WANT_READ || victim_moves(trial)
	    || (edge->channel != CHANNEL_PIPE && edge->channel != CHANNEL_FIFO))
		return false;
	/* A writer that is itself an event loop, or listens outside, works when it is told to. */
	if (trial_in_set(trial) || trial_action(trial) == ACTION_ACCEPT || (trial->suspect->out && trial->suspect->out->outside))
		return false;
	fact = fact_of(trial, FACT_HOLDS);
	fact.object = edge->object;
	fact.other = edge->from;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	/* Both ends of a line on which nobody speaks. */
	if (receives_for_others(trial)) {
		trial_doubt(trial, DOUBT_THREADS | DOUBT_APPLICATION);
		trial->verdict = VERDICT_IDLE;
	/* Asleep in a queue or lock of its own beside others who hold the end: a pool at rest. */
	} else if (trial_action(trial) == ACTION_FUTEX) {
		trial_doubt(trial, DOUBT_OWNERLESS | DOUBT_APPLICATION);
		trial->verdict = VERDICT_IDLE;
	} else if (!trial_sleeps_long(trial)) {
		trial_doubt(trial, DOUBT_TIMER);
		/* A short nap between two lines is how a slow producer works. */
		if (trial_timer_ns(trial) != UNSEEN && trial_timer_ns(trial) <= INT64_C(60000000000))
			trial->verdict = VERDICT_IDLE;
	}
	if (trial->suspect->can != LIFE_CLOSED)
		trial_doubt(trial, DOUBT_MOVES);
	return true;
}

/* A shell that was given nothing to run sits at its prompt: that is what shells do. */
static bool is_interactive_shell(const struct trial *trial)
{
	static const char *const shells[] = { "bash", "sh", "dash", "zsh", "ksh", "fish", "ash", "mksh", "tcsh" };
	const struct process *process = trial_process(trial);
	const char *comm = snapshot_bytes(trial->scene->snapshot, process->comm);
	const char *argv = snapshot_bytes(trial->scene->snapshot, process->argv);
	size_t at;
	unsigned i;

	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(comm, shells[i]) == 0)
			break;
	if (i == sizeof(shells) / sizeof(shells[0]))
		return false;
	for (at = strlen(argv) + 1; at < process->argv.length; at += strlen(argv + at) + 1)
		if (argv[at] != '-' && argv[at])
			return false;
	return true;
}

bool rule_waits_for_input(struct trial *trial)
{
	const struct edge *edge = trial->suspect->out;
	struct fact fact;

	if (rule_circle_prompt(trial))
		return true;
	if (!asleep(trial) || !edge || (edge->channel != CHANNEL_PTY && edge->channel != CHANNEL_DEVICE)
	    || edge->want != WANT_READ || edge->object.at == NO_ROW)
		return false;
	if (object_at(trial->scene->snapshot, edge->object)->kind != OBJECT_TTY
	    && (object_at(trial->scene->snapshot, edge->object)->kind != OBJECT_PTY
		|| object_at(trial->scene->snapshot, edge->object)->pty_master))
		return false;
	fact = fact_of(trial, FACT_TTY);
	fact.object = edge->object;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_APPLICATION);
	if (is_interactive_shell(trial))
		trial->verdict = VERDICT_IDLE;
	return true;
}

static bool waits_on_socket(const struct trial *trial, enum reach reach)
{
	const struct edge *edge = trial->suspect->out;

	return asleep(trial) && edge && edge->object.at != NO_ROW && (!edge->in_set || !trial_in_set(trial))
	       && object_at(trial->scene->snapshot, edge->object)->reach == reach;
}

static void describe_far_peer(struct trial *trial, enum fact_kind kind)
{
	const struct object_look *seen = &object_at(trial->scene->snapshot, trial->suspect->out->object)->at[LOOK_T1];
	struct fact fact = fact_of(trial, kind);

	fact.object = trial->suspect->out->object;
	fact.age_ms = seen->last_sent_ms;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	if (trial->suspect->neglected.at != NO_ROW)
		describe_unread(trial);
	/* The other end may be thinking: only who waits for this one can tell that it is too long. */
	if (trial->suspect->neglected.at == NO_ROW)
		trial_doubt(trial, DOUBT_APPLICATION);
	trial_doubt(trial, DOUBT_MOVES);
}

bool rule_peer_external(struct trial *trial)
{
	if (!waits_on_socket(trial, REACH_EXTERNAL))
		return false;
	describe_far_peer(trial, FACT_EXTERNAL);
	return true;
}

bool rule_peer_elsewhere(struct trial *trial)
{
	if (!waits_on_socket(trial, REACH_NAMESPACE))
		return false;
	describe_far_peer(trial, FACT_NAMESPACE);
	return true;
}

/* It tries to get in, and nobody opens. */
bool rule_connecting(struct trial *trial)
{
	const struct edge *edge = trial->suspect->out;
	struct fact fact;

	if (!asleep(trial) || trial_action(trial) != ACTION_CONNECT || !edge)
		return false;
	fact = fact_of(trial, FACT_WAITS);
	fact.object = edge->object;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	trial_doubt(trial, DOUBT_APPLICATION);
	return true;
}

/* Somebody waits in this one channel for an answer, and who should give it sleeps over something else. */
bool rule_no_reply(struct trial *trial)
{
	const struct suspect *suspect = trial->suspect;
	const struct edge *edge = suspect->into;
	struct fact fact;

	if (!asleep(trial) || !edge || edge->want != WANT_READ || edge->object.at == NO_ROW || trial_in_set(trial)
	    || victim_moves(trial)
	    || trial_action(trial) == ACTION_ACCEPT || trial_action(trial) == ACTION_NONE)
		return false;
	if (edge->channel != CHANNEL_TCP && edge->channel != CHANNEL_UNIX && edge->channel != CHANNEL_EVENTFD)
		return false;
	fact = fact_of(trial, FACT_UNANSWERED);
	fact.other = edge->from;
	fact.object = edge->object;
	fact.age_ms = object_at(trial->scene->snapshot, edge->object)->at[LOOK_T1].last_sent_ms;
	trial_fact(trial, fact);
	trial_describe_sleep(trial);
	if (!trial_sleeps_long(trial))
		trial_doubt(trial, DOUBT_TIMER);
	/* Asleep in a lock or a queue of its own it may be a pool's thread with nothing to do. */
	if (trial_action(trial) != ACTION_SLEEP)
		trial_doubt(trial, DOUBT_APPLICATION);
	trial_doubt(trial, DOUBT_MOVES);
	return true;
}
