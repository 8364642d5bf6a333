/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <string.h>

#include "bounds.h"

#define HOUR_NS (INT64_C(3600) * 1000000000)

void trial_fact(struct trial *trial, struct fact fact)
{
	if (trial->fact_count < sizeof(trial->facts) / sizeof(trial->facts[0]))
		trial->facts[trial->fact_count++] = fact;
}

struct fact fact_of(const struct trial *trial, enum fact_kind kind)
{
	return (struct fact){
		.kind = kind,
		.who = trial->suspect->task,
		.other = { NO_ROW },
		.object = { NO_ROW },
		.amount = UNSEEN,
		.age_ms = UNSEEN,
	};
}

void trial_doubt(struct trial *trial, uint32_t doubt)
{
	trial->doubts |= doubt;
}

const struct task *trial_task(const struct trial *trial)
{
	return task_at(trial->scene->snapshot, trial->suspect->task);
}

const struct process *trial_process(const struct trial *trial)
{
	return process_at(trial->scene->snapshot, trial->suspect->process);
}

const struct task_look *trial_look(const struct trial *trial)
{
	return &trial_task(trial)->at[task_last_look(trial->scene->snapshot, trial->suspect->task)];
}

const struct decoded *trial_call(const struct trial *trial)
{
	enum look look = task_last_look(trial->scene->snapshot, trial->suspect->task);

	return &trial->scene->calls[look][trial->suspect->task.at];
}

/* Names differ from kernel to kernel: whole names that were seen, and prefixes of families. */
static const struct { const char *name; enum action action; } wchans[] = {
	{ "hrtimer_nanosleep", ACTION_SLEEP },
	{ "do_nanosleep", ACTION_SLEEP },
	{ "common_nsleep", ACTION_SLEEP },
	{ "do_epoll_wait", ACTION_EPOLL },
	{ "ep_poll", ACTION_EPOLL },
	{ "poll_schedule_timeout", ACTION_POLL },
	{ "do_poll", ACTION_POLL },
	{ "do_select", ACTION_SELECT },
	{ "futex_", ACTION_FUTEX },
	{ "do_futex", ACTION_FUTEX },
	{ "do_wait", ACTION_CHILD },
	{ "kernel_wait", ACTION_CHILD },
	{ "anon_pipe_read", ACTION_READ },
	{ "pipe_read", ACTION_READ },
	{ "anon_pipe_write", ACTION_WRITE },
	{ "pipe_write", ACTION_WRITE },
	{ "wait_for_partner", ACTION_OPEN },
	{ "unix_stream_read", ACTION_READ },
	{ "unix_stream_data_wait", ACTION_READ },
	{ "sk_wait_data", ACTION_READ },
	{ "sk_stream_wait_memory", ACTION_WRITE },
	{ "sock_alloc_send_pskb", ACTION_WRITE },
	{ "inet_csk_accept", ACTION_ACCEPT },
	{ "n_tty_read", ACTION_READ },
	{ "do_sigtimedwait", ACTION_SIGNAL },
	{ "sigsuspend", ACTION_SIGNAL },
	{ "__do_sys_pause", ACTION_SIGNAL },
	{ "locks_lock_inode_wait", ACTION_LOCK },
	{ "fcntl_setlk", ACTION_LOCK },
};

enum action task_action(const struct scene *scene, struct task_ix task)
{
	enum look look = task_last_look(scene->snapshot, task);
	const struct decoded *call = &scene->calls[look][task.at];
	const struct task_look *seen = &task_at(scene->snapshot, task)->at[look];
	const char *wchan;
	unsigned i;

	if (call->action != ACTION_NONE || seen->call.number != CALL_UNSEEN || !text_seen(seen->wchan))
		return call->action;
	wchan = snapshot_bytes(scene->snapshot, seen->wchan);
	for (i = 0; i < sizeof(wchans) / sizeof(wchans[0]); i++)
		if (strncmp(wchan, wchans[i].name, strlen(wchans[i].name)) == 0)
			return wchans[i].action;
	return ACTION_NONE;
}

enum action trial_action(const struct trial *trial)
{
	return task_action(trial->scene, trial->suspect->task);
}

bool trial_in_set(const struct trial *trial)
{
	enum action action = trial_action(trial);

	if (action == ACTION_EPOLL)
		return true;
	if (action != ACTION_POLL && action != ACTION_SELECT)
		return false;
	return action == ACTION_SELECT || trial_call(trial)->count != 1;
}

int64_t trial_timer_ns(const struct trial *trial)
{
	const struct decoded *call = trial_call(trial);

	return call->action == ACTION_NONE ? UNSEEN : call->timeout_ns;
}

bool trial_sleeps_long(const struct trial *trial)
{
	int64_t left = trial_timer_ns(trial);

	if (trial_call(trial)->timeout_unread || trial_action(trial) == ACTION_NONE)
		return false;
	if (left == UNSEEN)
		return trial_call(trial)->action != ACTION_NONE && trial_call(trial)->action != ACTION_SLEEP;
	return left >= HOUR_NS;
}

static struct task_ix nearest_victim(const struct trial *trial)
{
	if (trial->suspect->into)
		return trial->suspect->into->from;
	return trial->suspect->asker;
}

bool trial_ran_since(const struct trial *trial)
{
	const struct task_ix victim = nearest_victim(trial);
	const struct task_look *own = trial_look(trial), *theirs;

	if (victim.at == NO_ROW)
		return false;
	theirs = &task_at(trial->scene->snapshot, victim)->at[task_last_look(trial->scene->snapshot, victim)];
	if (own->silent_ns == UNSEEN || theirs->silent_ns == UNSEEN)
		return false;
	/* Waking the suspect and falling asleep are the same instant for both: leave room. */
	return theirs->silent_ns - theirs->silent_error_ns
	       > own->silent_ns + own->silent_error_ns + INT64_C(200000000);
}

int64_t delta(int64_t before, int64_t after)
{
	if (before == UNSEEN || after == UNSEEN)
		return UNSEEN;
	return after - before;
}

void trial_describe_sleep(struct trial *trial)
{
	const struct task_look *seen = trial_look(trial);
	struct fact fact = fact_of(trial, FACT_ASLEEP);

	if (seen->silent_ns != UNSEEN)
		fact.age_ms = seen->silent_ns / 1000000;
	trial_fact(trial, fact);
}

void trial_doubt_pace(struct trial *trial)
{
	const int64_t left = trial_timer_ns(trial);
	struct fact fact;

	if (trial_ran_since(trial)) {
		fact = fact_of(trial, FACT_RAN_SINCE);
		fact.other = nearest_victim(trial);
		trial_fact(trial, fact);
		return;
	}
	if (trial_action(trial) == ACTION_SLEEP && trial_call(trial)->action == ACTION_NONE) {
		trial_doubt(trial, DOUBT_CALL); /* asleep, for how long is hidden */
		return;
	}
	if (left == UNSEEN || left >= BOUND_PATIENCE_MS * INT64_C(1000000))
		return;
	trial_doubt(trial, DOUBT_TIMER);
	fact = fact_of(trial, FACT_TIMER);
	fact.amount = left / 1000000;
	trial_fact(trial, fact);
}
