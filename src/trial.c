/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include "bounds.h"
#include "telling.h"

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
		.frame = { NO_ROW },
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

enum action trial_action(const struct trial *trial)
{
	return trial_call(trial)->action;
}

bool trial_in_set(const struct trial *trial)
{
	enum action action = trial_action(trial);

	if (action == ACTION_EPOLL || (action == ACTION_POLL && trial_call(trial)->inferred))
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
	if (own->silent_ns == UNSEEN || theirs->silent_ns == UNSEEN || own->silent_error_ns == UNSEEN
	    || theirs->silent_error_ns == UNSEEN)
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
	fact.frame = task_telling(trial->scene, trial->suspect->task, NULL);
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
	if (trial_call(trial)->timeout_unread && trial_action(trial) == ACTION_SLEEP) {
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
