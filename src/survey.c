/* SPDX-License-Identifier: MIT */
/*
 * The one loop: who is looked at, by which probe, when.  Probes read; what they are
 * sent after is found here and in follow.c.
 *
 *	look (T0) -> follow what blocked tasks wait on, still T0 -> window -> look (T1)
 *	-> complete what would be a proof -> a closer look at those who matter
 */
#include "survey.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bounds.h"
#include "closer.h"
#include "door.h"
#include "follow.h"
#include "graph.h"

struct loop {
	struct door *door;
	struct snapshot *snapshot;
	const struct survey_options *options;
	uint32_t probes;
	int64_t deadline_ns;
	void **memory; /* One a probe: what it keeps from visit to visit. */
};

static void tell(const struct loop *loop, const char *doing)
{
	if (loop->options->progress)
		loop->options->progress(loop->options->context, doing);
}

static uint32_t with_prerequisites(uint32_t wanted)
{
	uint32_t before;
	unsigned i;

	do {
		before = wanted;
		for (i = 0; i < PROBES; i++)
			if (wanted & PROBE_BIT(probes[i]->id))
				wanted |= probes[i]->after;
	} while (wanted != before);
	return wanted;
}

/* All processes and tasks from these rows on. */
static int subjects_since(const struct snapshot *snapshot, uint32_t process, uint32_t task, struct arena *arena,
			  struct subjects *ret)
{
	struct process_ix *processes;
	struct task_ix *tasks;
	uint32_t i, n = 0, m = 0;

	processes = arena_new(arena, struct process_ix, snapshot->processes.count - process);
	tasks = arena_new(arena, struct task_ix, snapshot->tasks.count - task);
	if (!processes || !tasks)
		return -ENOMEM;
	for (i = process; i < snapshot->processes.count; i++)
		if (snapshot->processes.row[i].joined != JOINED_PARENT)
			processes[n++] = (struct process_ix){ i };
	for (i = task; i < snapshot->tasks.count; i++)
		tasks[m++] = (struct task_ix){ i };
	*ret = (struct subjects){ .processes = processes, .process_count = n, .tasks = tasks, .task_count = m };
	return 0;
}

static int run_probe(const struct loop *loop, unsigned which, enum look look, const struct subjects *subjects)
{
	const struct visit visit = {
		.door = loop->door,
		.snapshot = loop->snapshot,
		.look = look,
		.deadline_ns = loop->deadline_ns,
		.options = &loop->options->probe,
		.memory = &loop->memory[which],
	};

	return probes[which]->look(&visit, subjects);
}

/*
 * One look at the processes from these rows on.  The tasks probe comes first and adds
 * rows; the others then see all of them.
 */
static int look_from(const struct loop *loop, enum look look, uint32_t process, uint32_t task)
{
	struct snapshot *snapshot = loop->snapshot;
	struct subjects subjects;
	struct arena arena;
	unsigned i;
	int r = 0;

	arena_init(&arena);
	for (i = 0; i < PROBES && r == 0; i++) {
		if (!(loop->probes & PROBE_BIT(probes[i]->id)) || probes[i]->stage != STAGE_LOOK)
			continue;
		if (probes[i]->id == PROBE_HOST && process > 0)
			continue;
		r = subjects_since(snapshot, process, task, &arena, &subjects);
		if (r < 0)
			break;
		tell(loop, probes[i]->name);
		r = run_probe(loop, i, look, &subjects);
	}
	arena_deinit(&arena);
	return r;
}

static int find_holders(const struct loop *loop, enum look look, const struct object_ix *objects, uint32_t count)
{
	const struct subjects subjects = { .objects = objects, .object_count = count };
	unsigned i;
	int r;

	for (i = 0; i < PROBES; i++) {
		if (!(loop->probes & PROBE_BIT(probes[i]->id)) || probes[i]->stage != STAGE_FOLLOW)
			continue;
		tell(loop, probes[i]->name);
		r = run_probe(loop, i, look, &subjects);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Who holds the other end, and what does that one wait on, and so on. */
static int follow(const struct loop *loop)
{
	struct snapshot *snapshot = loop->snapshot;
	uint32_t round, count, processes, tasks;
	struct object_ix *wanted;
	struct arena arena;
	int r = 0;

	for (round = 0; round < BOUND_FOLLOW_ROUNDS && r == 0; round++) {
		arena_init(&arena);
		processes = snapshot->processes.count;
		tasks = snapshot->tasks.count;
		r = follow_wanted(snapshot, &arena, &wanted, &count);
		if (r == 0 && count > 0)
			r = find_holders(loop, LOOK_T0, wanted, count);
		arena_deinit(&arena);
		if (r < 0 || snapshot->processes.count == processes)
			return r;
		r = look_from(loop, LOOK_T0, processes, tasks);
	}
	return r;
}

static int understand(const struct loop *loop, struct arena *arena, struct scene *ret_scene, struct graph *ret_graph)
{
	int r = scene_init(loop->snapshot, arena, ret_scene);

	return r < 0 ? r : graph_build(ret_scene, ret_graph);
}

/* What nobody in view will ever wake: is there really nobody else?  One pass answers. */
static int complete_proofs(const struct loop *loop)
{
	struct object_ix *wanted;
	struct graph graph;
	struct scene scene;
	struct arena arena;
	uint32_t count = 0;
	int r;

	arena_init(&arena);
	r = understand(loop, &arena, &scene, &graph);
	if (r == 0)
		r = follow_confirm(&scene, &graph, &arena, &wanted, &count);
	if (r == 0 && count > 0)
		r = find_holders(loop, LOOK_T1, wanted, count);
	arena_deinit(&arena);
	return r;
}

/* Stacks cost the most, so they are taken of those whom the judge would name. */
static int look_closer(struct loop *loop)
{
	const struct survey_options *options = loop->options;
	struct snapshot *snapshot = loop->snapshot;
	struct subjects subjects = { 0 };
	struct closer closer;
	struct report report;
	struct graph graph;
	struct scene scene;
	struct arena arena;
	int32_t rounds = 0;
	uint32_t i;
	int r;

	arena_init(&arena);
	r = understand(loop, &arena, &scene, &graph);
	if (r == 0)
		r = judge(&scene, &graph, true, &report);
	if (r == 0)
		r = closer_wanted(&report, options->all_stacks, options->samples, &arena, &closer);
	if (r == 0) {
		tell(loop, probes[PROBE_STACKS]->name);
		snapshot->cut.stacks += closer.left_out;
		subjects.tasks = closer.tasks;
		subjects.task_count = closer.count;
		subjects.samples = closer.samples;
		for (i = 0; i < closer.count; i++)
			if (closer.samples[i] > rounds)
				rounds = closer.samples[i];
		loop->deadline_ns = door_now_ns() + options->budget_ns / 2 + rounds * options->probe.interval_ns;
		r = run_probe(loop, PROBE_STACKS, scene.last, &subjects);
	}
	arena_deinit(&arena);
	return r;
}

static void sleep_until(int64_t when_ns)
{
	const struct timespec when = { .tv_sec = when_ns / 1000000000, .tv_nsec = when_ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

static int64_t own_cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000)
	       + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
}

static int look_twice(struct loop *loop)
{
	const struct survey_options *options = loop->options;
	const int64_t begun_ns = door_now_ns();
	int r;

	loop->deadline_ns = begun_ns + options->budget_ns / 2;
	r = look_from(loop, LOOK_T0, 0, 0);
	if (r == 0)
		r = follow(loop);
	if (r < 0 || options->window_ns == 0)
		return r;

	tell(loop, "window");
	sleep_until(begun_ns + options->window_ns);
	loop->deadline_ns = door_now_ns() + options->budget_ns / 2;
	r = look_from(loop, LOOK_T1, 0, 0);
	if (r == 0 && (loop->probes & PROBE_BIT(PROBE_HOLDERS)))
		r = complete_proofs(loop);
	return r;
}

int survey(struct door *door, const struct survey_options *options, struct snapshot *snapshot)
{
	void *memory[PROBES] = { NULL };
	struct loop loop = {
		.memory = memory,
		.door = door,
		.snapshot = snapshot,
		.options = options,
		.probes = with_prerequisites(options->probes),
	};
	const int64_t begun_ns = door_now_ns();
	unsigned i;
	int r;

	snapshot->cost.longest_stop_ns = snapshot->cost.total_stop_ns = snapshot->cost.threads_stopped = 0;
	r = look_twice(&loop);
	if (r == 0 && (loop.probes & PROBE_BIT(PROBE_STACKS)))
		r = look_closer(&loop);
	for (i = 0; i < PROBES; i++)
		if (probes[i]->forget && memory[i])
			probes[i]->forget(memory[i]);
	if (r < 0)
		return r;

	snapshot->cost.wall_ns = door_now_ns() - begun_ns;
	snapshot->cost.cpu_ns = own_cpu_ns() + door_helper_cpu_ns(door);
	return 0;
}
