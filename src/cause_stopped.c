/* SPDX-License-Identifier: MIT */
/* Suspended, kept off the CPU, or in the kernel: states that decide before all else. */
#include "cause.h"

#include <string.h>

static const struct cgroup *trial_cgroup(const struct trial *trial)
{
	const struct process *process = trial_process(trial);

	return process->cgroup.at == NO_ROW ? NULL : cgroup_at(trial->scene->snapshot, process->cgroup);
}

static bool window_known(const struct trial *trial)
{
	return trial->scene->snapshot->window_ns != UNSEEN && trial->scene->snapshot->window_ns > 0;
}

/* That it is suspended is seen, whatever is not known of who waits for it. */
static bool suspended(struct trial *trial)
{
	if (!trial->suspect->suspended)
		return false;
	trial->doubts = 0;
	return true;
}

/* Stopped at one look only may be a tracer at work, or Ctrl-Z this moment. */
static void doubt_unless_twice(struct trial *trial, const char *letters)
{
	const struct task *task = trial_task(trial);

	if (!task->at[LOOK_T0].state || !task->at[LOOK_T1].state || !strchr(letters, task->at[LOOK_T0].state)
	    || !strchr(letters, task->at[LOOK_T1].state))
		trial_doubt(trial, DOUBT_ONE_LOOK);
	if (trial->suspect->moved != MOVED_NO)
		trial_doubt(trial, DOUBT_CHANGED);
}

bool rule_frozen(struct trial *trial)
{
	const struct cgroup *cgroup = trial_cgroup(trial);

	if (!cgroup || cgroup->at[LOOK_T1].frozen != ANSWER_YES || !suspended(trial))
		return false;
	if (cgroup->at[LOOK_T0].frozen != ANSWER_YES)
		trial_doubt(trial, DOUBT_ONE_LOOK);
	trial_fact(trial, fact_of(trial, FACT_FROZEN));
	return true;
}

bool rule_traced(struct trial *trial)
{
	struct process_ix tracer;
	struct fact fact;

	if (trial_look(trial)->state != 't' || !suspended(trial))
		return false;
	doubt_unless_twice(trial, "t");
	trial_doubt(trial, DOUBT_TRACER);
	fact = fact_of(trial, FACT_TRACED);
	tracer = scene_find_process(trial->scene, trial_look(trial)->tracer);
	if (tracer.at != NO_ROW)
		fact.other = scene_leader(trial->scene, tracer);
	fact.amount = trial_look(trial)->tracer;
	trial_fact(trial, fact);
	return true;
}

bool rule_job_stopped(struct trial *trial)
{
	if (trial_look(trial)->state != 'T' || !suspended(trial))
		return false;
	doubt_unless_twice(trial, "T");
	trial_fact(trial, fact_of(trial, FACT_STOPPED));
	return true;
}

bool rule_throttled(struct trial *trial)
{
	const struct cgroup *cgroup = trial_cgroup(trial);
	int64_t throttled;
	struct fact fact;

	if (!cgroup || !window_known(trial) || trial->suspect->suspended)
		return false;
	throttled = delta(cgroup->at[LOOK_T0].throttled_ns, cgroup->at[LOOK_T1].throttled_ns);
	/* Only who wants to run is hurt by a throttled group: one who was asleep is not. */
	if (throttled == UNSEEN || throttled < trial->scene->snapshot->window_ns / 4
	    || (trial->suspect->moved == MOVED_NO && trial_look(trial)->state != 'R'))
		return false;
	fact = fact_of(trial, FACT_THROTTLED);
	fact.amount = throttled / 1000000;
	trial_fact(trial, fact);
	trial_doubt(trial, DOUBT_MOVES);
	return true;
}

bool rule_cpu_starved(struct trial *trial)
{
	int32_t ran = task_cpu_permille(trial->scene, trial->suspect->task);
	int32_t waited = task_delay_permille(trial->scene, trial->suspect->task);
	struct fact fact;

	/* It wanted a third of the time at least, and got less than a quarter of what it wanted. */
	if (ran < 0 || waited < 0 || ran + waited < 333 || ran * 4 >= ran + waited
	    || (trial_process(trial)->flags & PROCESS_KERNEL))
		return false;
	trial_doubt(trial, DOUBT_MOVES); /* the next moment may be kinder */
	fact = fact_of(trial, FACT_STARVED);
	fact.amount = waited;
	trial_fact(trial, fact);
	return true;
}

bool rule_memory_pressure(struct trial *trial)
{
	const struct cgroup *cgroup = trial_cgroup(trial);
	const struct host *host = &trial->scene->snapshot->host;
	const struct task *task = trial_task(trial);
	int64_t high = UNSEEN, swapped, faults;
	struct fact fact;

	faults = delta(task->at[LOOK_T0].major_faults, task->at[LOOK_T1].major_faults);
	swapped = delta(host->at[LOOK_T0].swapped_pages, host->at[LOOK_T1].swapped_pages);
	if (cgroup)
		high = delta(cgroup->at[LOOK_T0].memory_high, cgroup->at[LOOK_T1].memory_high);
	if (trial->suspect->moved == MOVED_NO || trial->suspect->suspended)
		return false;
	/* Waits for its pages: many major faults while the group or the machine is short. */
	if (faults == UNSEEN || faults < 100 || ((high == UNSEEN || high < 100) && (swapped == UNSEEN || swapped < 1000)))
		return false;
	fact = fact_of(trial, FACT_PRESSURE);
	fact.amount = faults;
	trial_fact(trial, fact);
	trial_doubt(trial, DOUBT_PLAUSIBLE);
	return true;
}

bool rule_core_dumping(struct trial *trial)
{
	if (trial_process(trial)->core_dumping != ANSWER_YES)
		return false;
	trial_doubt(trial, DOUBT_MOVES);
	trial_fact(trial, fact_of(trial, FACT_CORE));
	return true;
}

/* Asleep outside of any call: its memory does not come.  A frozen group (v2) looks so too, where it may not be read. */
static bool waits_for_page(const struct trial *trial)
{
	const struct task_look *seen = trial_look(trial);
	const char *wchan = snapshot_bytes(trial->scene->snapshot, seen->wchan);

	return !(trial_process(trial)->flags & PROCESS_KERNEL) && seen->state == 'S' && seen->call_sight == SIGHT_OK
	       && seen->call.number == CALL_OUTSIDE && *wchan && strcmp(wchan, "get_signal") != 0 && strcmp(wchan, "do_freezer_trap") != 0
	       && trial->suspect->moved == MOVED_NO;
}

bool rule_uninterruptible(struct trial *trial)
{
	const struct task *task = trial_task(trial);
	const enum action action = trial_action(trial);

	if (waits_for_page(trial) && !trial->suspect->suspended) {
		trial_doubt(trial, DOUBT_MOVES);
		trial_describe_sleep(trial);
		return true;
	}
	if (trial_look(trial)->state != 'D' || trial->suspect->suspended || action == ACTION_VFORK)
		return false;
	if (trial->suspect->moved == MOVED_YES)
		return false;
	/* In D at one of two looks is what any read of a file looks like. */
	if (trial->scene->last == LOOK_T1 && task->at[LOOK_T0].state != 'D')
		return false;
	if (trial->scene->last != LOOK_T1)
		trial_doubt(trial, DOUBT_ONE_LOOK | DOUBT_SHORT);
	trial_doubt(trial, DOUBT_MOVES); /* the disk, or the server, may still answer */
	trial->doubts &= ~(uint32_t)DOUBT_CALL;
	trial_fact(trial, fact_of(trial, FACT_UNINTERRUPTIBLE));
	trial_describe_sleep(trial);
	return true;
}
