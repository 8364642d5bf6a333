/* SPDX-License-Identifier: MIT */
#include "closer.h"

#include <errno.h>

#include "bounds.h"
#include "chains.h"

struct wanted {
	const struct report *report;
	const struct scene *scene;
	struct closer closer;
	uint8_t *taken;           /* One a task. */
	uint32_t limit;
	int32_t samples;
};

static bool has_a_stack(const struct scene *scene, struct task_ix task)
{
	const struct process *process = process_at(scene->snapshot, task_at(scene->snapshot, task)->process);

	return !(process->flags & (PROCESS_KERNEL | PROCESS_OURS)) && task_in_view(scene, task)
	       && !task_dead(scene, task);
}

static void want(struct wanted *wanted, struct task_ix task)
{
	struct closer *closer = &wanted->closer;

	if (task.at == NO_ROW || wanted->taken[task.at] || !has_a_stack(wanted->scene, task))
		return;
	wanted->taken[task.at] = 1;
	if (closer->count >= wanted->limit) {
		closer->left_out++;
		return;
	}
	closer->tasks[closer->count] = task;
	closer->samples[closer->count] = wanted->samples;
	if (wanted->samples < BOUND_COMPARED && task_burns(wanted->scene, task))
		closer->samples[closer->count] = BOUND_COMPARED;
	closer->count++;
}

static void want_process(struct wanted *wanted, struct process_ix process)
{
	const struct span *tasks = &wanted->scene->process_tasks[process.at];
	uint32_t i;

	for (i = 0; i < tasks->count; i++)
		want(wanted, (struct task_ix){ wanted->scene->task_order[tasks->first + i] });
}

/* Where the chain passes through it, or what asked; else the one that speaks for it. */
static void want_victim(struct wanted *wanted, const struct finding *finding, struct process_ix victim)
{
	const struct snapshot *snapshot = wanted->scene->snapshot;
	struct task_ix task;
	bool any = false;
	uint32_t i;

	for (i = 0; i < finding->chain_count + finding->fact_count; i++) {
		task = i < finding->chain_count ? finding->chain[i]->from
						: finding->facts[i - finding->chain_count].other;
		if (task.at == NO_ROW || task_at(snapshot, task)->process.at != victim.at)
			continue;
		want(wanted, task);
		any = true;
	}
	if (!any)
		want(wanted, process_speaker(wanted->scene, wanted->report->graph, victim));
}

static bool waits_on_a_word(const struct scene *scene, struct task_ix task)
{
	const enum look look = task_last_look(scene->snapshot, task);

	return task_blocked(scene, task) && scene->calls[look][task.at].action == ACTION_FUTEX;
}

static void want_those_who_matter(struct wanted *wanted)
{
	const struct report *report = wanted->report;
	const struct finding *finding, *end = report->findings + report->count;
	uint32_t i;

	for (finding = report->findings; finding < end; finding++)
		if (finding->verdict != VERDICT_PROGRESSING)
			want(wanted, finding->culprit);
	for (finding = report->findings; finding < end; finding++)
		for (i = 0; i < finding->cycle_count; i++)
			want(wanted, finding->cycle[i]);
	for (finding = report->findings; finding < end; finding++)
		for (i = 0; finding->verdict != VERDICT_PROGRESSING && i < finding->victim_count; i++)
			want_victim(wanted, finding, finding->victims[i]);
	for (finding = report->findings; finding < end; finding++)
		if (finding->verdict != VERDICT_PROGRESSING && finding->culprit.at != NO_ROW
		    && waits_on_a_word(wanted->scene, finding->culprit))
			want_process(wanted, task_at(wanted->scene->snapshot, finding->culprit)->process);
}

int closer_wanted(const struct report *report, bool all, int32_t samples, struct arena *arena, struct closer *ret)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	const uint32_t tasks = snapshot->tasks.count;
	struct wanted wanted = {
		.report = report,
		.scene = report->scene,
		.limit = all || tasks < BOUND_CLOSER ? tasks : BOUND_CLOSER,
		.samples = samples > 1 ? samples : 1,
	};
	uint32_t i;

	wanted.taken = arena_new(arena, uint8_t, tasks + 1);
	wanted.closer.tasks = arena_new(arena, struct task_ix, wanted.limit + 1);
	wanted.closer.samples = arena_new(arena, int32_t, wanted.limit + 1);
	if (!wanted.taken || !wanted.closer.tasks || !wanted.closer.samples)
		return -ENOMEM;
	if (report->count > 0)
		want_those_who_matter(&wanted);
	for (i = 0; all && i < report->processes; i++)
		if (process_at(snapshot, report->order[i])->flags & PROCESS_IN_TREE)
			want_process(&wanted, report->order[i]);
	*ret = wanted.closer;
	return 0;
}
