/* SPDX-License-Identifier: MIT */
/*
 * A closed circle of waits.  False alarms live here: an idle pool and its manager wait for each
 * other too, until a thread that merely sleeps now gives them work.  So a circle that is
 * closed only under does_wake must hold something undone (a full pipe, unread data) to be called
 * a deadlock, one whose every wait is an entry of an event set is an idle loop, and
 * a wait that names no owner makes no circle.
 */
#include "cause.h"

struct circle {
	const struct edge *edge[64];
	uint32_t count;
	bool all_in_set, undone, pipe_write, all_read, all_write, ownerless;
};

/* The wait of one member that leads to the next. */
static const struct edge *edge_between(const struct trial *trial, struct task_ix from, struct task_ix to)
{
	const struct graph *graph = trial->graph;
	struct task_ix wakers[256];
	const struct edge *edge, *best = NULL;
	uint32_t i, j, n;

	for (i = graph->first_edge[from.at]; i < graph->first_edge[from.at + 1]; i++) {
		edge = &graph->edge[i];
		n = graph_tasks(trial->scene, graph, edge, wakers, 256);
		for (j = 0; j < n && j < 256; j++)
			if (wakers[j].at == to.at && (!best || certainty_of(edge->doubts) > certainty_of(best->doubts)))
				best = edge;
	}
	return best;
}

static bool circle_read(const struct trial *trial, struct circle *ret)
{
	const struct suspect *suspect = trial->suspect;
	struct circle circle = { .all_in_set = true, .all_read = true, .all_write = true };
	const struct edge *edge;
	uint32_t i;

	if (suspect->cycle_count < 2 || suspect->cycle_count > 64)
		return false;
	for (i = 0; i < suspect->cycle_count; i++) {
		edge = edge_between(trial, suspect->cycle[i], suspect->cycle[(i + 1) % suspect->cycle_count]);
		if (!edge)
			return false;
		circle.edge[circle.count++] = edge;
		circle.all_in_set &= edge->in_set;
		circle.all_read &= edge->want == WANT_READ;
		circle.all_write &= edge->want == WANT_WRITE;
		circle.ownerless |= (edge->doubts & DOUBT_OWNERLESS) != 0;
		if (edge->want == WANT_WRITE)
			circle.undone = true;
		if (edge->want == WANT_WRITE && (edge->channel == CHANNEL_PIPE || edge->channel == CHANNEL_FIFO))
			circle.pipe_write = true;
		if (object_neglected(trial->scene, edge->object) || peer_neglects(trial->scene, edge->object))
			circle.undone = true;
	}
	*ret = circle;
	return true;
}

/* The members' waits as facts, the deciding one first. */
static void describe_circle(struct trial *trial, const struct circle *circle)
{
	const struct snapshot *snapshot = trial->scene->snapshot;
	struct fact fact;
	uint32_t i;

	for (i = 0; i < circle->count; i++) {
		const struct edge *edge = circle->edge[i];

		if (edge->want == WANT_WRITE && edge->object.at != NO_ROW) {
			fact = fact_of(trial, FACT_FULL);
			fact.who = trial->suspect->cycle[(i + 1) % circle->count];
			fact.other = edge->from;
			fact.object = edge->object;
			fact.amount = object_at(snapshot, edge->object)->at[LOOK_T1].readable;
			trial_fact(trial, fact);
		}
	}
	for (i = 0; i < circle->count && i < 4; i++) {
		const struct edge *edge = circle->edge[i];

		fact = fact_of(trial, edge->channel == CHANNEL_CHILD ? FACT_WAITS_CHILD : FACT_WAITS);
		fact.who = edge->from;
		fact.other = trial->suspect->cycle[(i + 1) % circle->count];
		fact.object = edge->object;
		trial_fact(trial, fact);
	}
}

static bool circle_is_deadlock(struct trial *trial, struct circle *circle)
{
	const struct graph *graph = trial->graph;
	uint32_t i;

	if (!circle_read(trial, circle) || circle->all_in_set || circle->ownerless)
		return false;
	for (i = 0; i < trial->suspect->cycle_count; i++) {
		if (graph->can_wake[trial->suspect->cycle[i].at] != LIFE_CLOSED) {
			if (!circle->undone)
				return false;
			trial_doubt(trial, DOUBT_MOVES);
		}
		if (graph->retrier[trial->suspect->cycle[i].at])
			trial_doubt(trial, DOUBT_RETRIES);
	}
	return true;
}

bool rule_circle_pipe_full(struct trial *trial)
{
	struct circle circle;

	if (!circle_is_deadlock(trial, &circle) || !circle.pipe_write)
		return false;
	trial->verdict = VERDICT_DEADLOCK;
	describe_circle(trial, &circle);
	return true;
}

/* One reads the terminal that another of the circle should type at. */
bool rule_circle_prompt(struct trial *trial)
{
	struct circle circle;
	struct fact fact;
	uint32_t i;

	if (!circle_is_deadlock(trial, &circle))
		return false;
	for (i = 0; i < circle.count; i++) {
		const struct edge *edge = circle.edge[i];

		if (edge->channel != CHANNEL_PTY || edge->want != WANT_READ || edge->object.at == NO_ROW
		    || object_at(trial->scene->snapshot, edge->object)->pty_master)
			continue;
		trial->verdict = VERDICT_DEADLOCK;
		fact = fact_of(trial, FACT_TTY);
		fact.who = edge->from;
		fact.object = edge->object;
		trial_fact(trial, fact);
		describe_circle(trial, &circle);
		return true;
	}
	return false;
}

bool rule_mutual_send(struct trial *trial)
{
	struct circle circle;

	if (!circle_is_deadlock(trial, &circle) || !circle.all_write)
		return false;
	describe_circle(trial, &circle);
	return true;
}

bool rule_mutual_receive(struct trial *trial)
{
	struct circle circle;

	if (!circle_is_deadlock(trial, &circle) || !circle.all_read)
		return false;
	describe_circle(trial, &circle);
	return true;
}

bool rule_wait_cycle(struct trial *trial)
{
	struct circle circle;

	if (!circle_is_deadlock(trial, &circle))
		return false;
	describe_circle(trial, &circle);
	return true;
}
