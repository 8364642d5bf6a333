/* SPDX-License-Identifier: MIT */
#include "chains.h"

#include <errno.h>
#include <string.h>

#include "bounds.h"
#include "components.h"
#include "neglect.h"

/* Links are counted and stored by the same walk, twice. */
struct builder {
	const struct scene *scene;
	const struct graph *graph;
	uint32_t links;
	uint32_t *to, *from;          /* NULL in the counting walk */
	const struct edge **by;
	struct task_ix *wakers;       /* Scratch, BOUND_WAKERS_EACH of them. */
	const struct task_ix *speaker;
};

bool task_in_view(const struct scene *scene, struct task_ix task)
{
	const struct process *process = process_at(scene->snapshot, task_at(scene->snapshot, task)->process);

	return process->joined != JOINED_PARENT && !task_dead(scene, task);
}

bool task_in_scope(const struct scene *scene, struct task_ix task)
{
	const struct process *process = process_at(scene->snapshot, task_at(scene->snapshot, task)->process);

	return task_in_view(scene, task) && (!(process->flags & PROCESS_OURS) || (process->flags & PROCESS_TARGET));
}

/* How telling a thread is for its process; more is better. */
static int speaker_rank(const struct scene *scene, const struct graph *graph, struct task_ix task, bool leader)
{
	const struct decoded *call = &scene->calls[task_last_look(scene->snapshot, task)][task.at];

	if (!task_in_view(scene, task))
		return -1;
	if (task_burns(scene, task))
		return 6;
	if (task_suspended(scene, task))
		return 5;
	if (call->action == ACTION_FUTEX)
		return leader ? 1 : 0;
	if (graph->does_wake[task.at] == LIFE_CLOSED)
		return 4;
	return leader ? 3 : 2;
}

struct task_ix process_speaker(const struct scene *scene, const struct graph *graph, struct process_ix process)
{
	const struct span *span = &scene->process_tasks[process.at];
	struct task_ix best = { NO_ROW }, task;
	int rank, best_rank = -1;
	uint32_t i;

	for (i = 0; i < span->count; i++) {
		task.at = scene->task_order[span->first + i];
		rank = speaker_rank(scene, graph, task, i == 0);
		if (rank > best_rank) {
			best = task;
			best_rank = rank;
		}
	}
	return best;
}

static void add_link(struct builder *builder, struct task_ix from, struct task_ix to, const struct edge *edge)
{
	if (builder->to) {
		builder->to[builder->links] = to.at;
		builder->from[builder->links] = from.at;
		builder->by[builder->links] = edge;
	}
	builder->links++;
}

/*
 * The wakers of an edge come sorted by (pid, tid).  Of each process either the closed
 * threads count (the others do not serve this channel) or the one that speaks for it.
 */
static void link_wakers(struct builder *builder, const struct edge *edge, bool closed)
{
	const struct snapshot *snapshot = builder->scene->snapshot;
	const struct process_ix own = task_at(snapshot, edge->from)->process;
	uint32_t count, i, j, k;
	struct process_ix process;
	struct task_ix speaker;
	bool any_closed;

	count = graph_tasks(builder->scene, builder->graph, edge, builder->wakers, BOUND_WAKERS_EACH);
	if (count > BOUND_WAKERS_EACH)
		count = BOUND_WAKERS_EACH;
	for (i = 0; i < count; i = j) {
		process = task_at(snapshot, builder->wakers[i])->process;
		for (j = i; j < count && task_at(snapshot, builder->wakers[j])->process.at == process.at; j++)
			;
		/* A loop that listens to its own wake-up pipe is not waiting for itself. */
		if (process.at == own.at && edge->in_set)
			continue;
		any_closed = false;
		for (k = i; closed && k < j; k++) {
			if (builder->graph->does_wake[builder->wakers[k].at] != LIFE_CLOSED
			    || !task_in_view(builder->scene, builder->wakers[k]))
				continue;
			if (builder->wakers[k].at == edge->from.at && channel_is_word(edge->channel))
				continue;
			add_link(builder, edge->from, builder->wakers[k], edge);
			any_closed = true;
		}
		/* Within a process only a lock leads on: to the thread that runs, as with an interpreter's. */
		if (any_closed || (process.at == own.at && !channel_is_word(edge->channel)))
			continue;
		speaker = j - i == 1 ? builder->wakers[i] : builder->speaker[process.at];
		if (speaker.at != NO_ROW && task_in_view(builder->scene, speaker) && speaker.at != edge->from.at
		    && (process.at != own.at || task_burns(builder->scene, speaker)))
			add_link(builder, edge->from, speaker, edge);
	}
}

static bool waits_for_one_thing(const struct graph *graph, struct task_ix task)
{
	uint32_t i, real = 0;

	for (i = graph->first_edge[task.at]; i < graph->first_edge[task.at + 1]; i++) {
		if (graph->edge[i].channel == CHANNEL_TIMER)
			continue;
		if (graph->edge[i].outside)
			return false;
		real++;
	}
	return real == 1;
}

static void link_all(struct builder *builder)
{
	const struct graph *graph = builder->graph;
	const struct edge *edge;
	struct task_ix task;
	bool closed, one;
	uint32_t i;

	builder->links = 0;
	for (task.at = 0; task.at < graph->tasks; task.at++) {
		/* Who is suspended is a root: its tracer is a fact about it, not the end of its chain. */
		if (!task_in_view(builder->scene, task) || task_suspended(builder->scene, task))
			continue;
		closed = graph->does_wake[task.at] == LIFE_CLOSED;
		one = waits_for_one_thing(graph, task);
		for (i = graph->first_edge[task.at]; i < graph->first_edge[task.at + 1]; i++) {
			edge = &graph->edge[i];
			if (closed || one || peer_neglects(builder->scene, edge->object)
			    || asked_unanswered(builder->scene, edge->object))
				link_wakers(builder, edge, closed);
		}
	}
}

static const struct task_ix *speakers_find(const struct scene *scene, const struct graph *graph)
{
	struct task_ix *speaker = arena_new(scene->arena, struct task_ix, graph->processes + 1);
	struct process_ix process;

	for (process.at = 0; speaker && process.at < graph->processes; process.at++)
		speaker[process.at] = process_speaker(scene, graph, process);
	return speaker;
}

static int turn_links(struct builder *builder, struct arena *arena, uint32_t tasks, struct chains *ret)
{
	uint32_t *first, *back_first, *back, *place, i;

	first = arena_new(arena, uint32_t, tasks + 1);
	back_first = arena_new(arena, uint32_t, tasks + 1);
	back = arena_new(arena, uint32_t, builder->links);
	place = arena_new(arena, uint32_t, tasks + 1);
	if (!first || !back_first || !back || !place)
		return -ENOMEM;
	for (i = 0; i < builder->links; i++) {
		first[builder->from[i] + 1]++;
		back_first[builder->to[i] + 1]++;
	}
	for (i = 0; i < tasks; i++) {
		first[i + 1] += first[i];
		back_first[i + 1] += back_first[i];
		place[i] = back_first[i];
	}
	for (i = 0; i < builder->links; i++)
		back[place[builder->to[i]]++] = i;
	ret->first = first;
	ret->back_first = back_first;
	ret->back = back;
	return 0;
}

int chains_init(const struct scene *scene, const struct graph *graph, struct chains *ret)
{
	struct builder builder = { .scene = scene, .graph = graph };
	struct chains chains = { .scene = scene, .graph = graph, .tasks = graph->tasks };
	struct arena *arena = scene->arena;
	uint32_t *component, i;
	uint8_t *leaves;
	int r;

	builder.wakers = arena_new(arena, struct task_ix, BOUND_WAKERS_EACH);
	builder.speaker = speakers_find(scene, graph);
	if (!builder.wakers || !builder.speaker)
		return -ENOMEM;
	link_all(&builder);
	builder.to = arena_new(arena, uint32_t, builder.links);
	builder.from = arena_new(arena, uint32_t, builder.links);
	builder.by = arena_new(arena, const struct edge *, builder.links);
	component = arena_new(arena, uint32_t, chains.tasks);
	if (!builder.to || !builder.from || !builder.by || !component)
		return -ENOMEM;
	link_all(&builder);

	r = turn_links(&builder, arena, chains.tasks, &chains);
	if (r < 0)
		return r;
	r = components_find(chains.first, builder.to, chains.tasks, arena, component, &chains.components);
	if (r < 0)
		return r;
	leaves = arena_new(arena, uint8_t, chains.components);
	if (!leaves)
		return -ENOMEM;
	for (i = 0; i < builder.links; i++)
		if (component[builder.from[i]] != component[builder.to[i]])
			leaves[component[builder.from[i]]] = 1;
	chains.links = builder.links;
	chains.to = builder.to;
	chains.from = builder.from;
	chains.by = builder.by;
	chains.component = component;
	chains.leaves = leaves;
	chains.speaker = builder.speaker;
	*ret = chains;
	return 0;
}
