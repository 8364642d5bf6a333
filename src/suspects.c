/* SPDX-License-Identifier: MIT */
#include "suspects.h"

#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

struct search {
	const struct chains *chains;
	const struct scene *scene;
	const struct snapshot *snapshot;
	const struct neglect *neglects; uint32_t neglect_count;
	uint32_t *seen, *queue, *step; /* One a task: mark of the round, breadth-first queue, link it came by. */
	uint32_t round;
	uint8_t *known;                /* One a process: has a suspect already. */
	struct suspect *found; uint32_t count;
};

/* ---- small questions ------------------------------------------------------------- */

/* Its parent is gone: it was handed to init or a subreaper, and the session it was born into has no leader. */
static bool is_orphan(const struct scene *scene, struct process_ix process)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct process *row = process_at(snapshot, process);
	struct process_ix parent = scene_parent(scene, process), session = scene_find_process(scene, row->session);

	if (row->session == row->pid || row->parent == 0)
		return false;
	if (row->parent != 1 && (parent.at == NO_ROW || process_at(snapshot, parent)->session == row->session))
		return false;
	return session.at == NO_ROW || process_dead(scene, session);
}

static const struct neglect *neglect_of(const struct search *search, struct process_ix process)
{
	uint32_t i;

	for (i = 0; i < search->neglect_count; i++)
		if (search->neglects[i].process.at == process.at)
			return &search->neglects[i];
	return NULL;
}

/* The more it says about what is wrong, the higher. */
static int edge_rank(const struct scene *scene, const struct edge *edge)
{
	int rank = certainty_of(edge->doubts) * 4;

	if (object_neglected(scene, edge->object) || peer_neglects(scene, edge->object))
		rank += 32;
	/* A channel tells more than a parent's wait, and that more than a lock without owner. */
	if (edge->channel == CHANNEL_CHILD)
		rank -= 16;
	if (channel_is_word(edge->channel) || edge->channel == CHANNEL_TIMER)
		rank -= 24;
	/* Loops register for writing once and for all; nothing of theirs waits to be sent. */
	if (edge->in_set && edge->want == WANT_WRITE)
		rank -= 8;
	if (!edge->in_set)
		rank += 1;
	return rank;
}

/* ---- who waits for it, by which way ------------------------------------------------ */

/* Breadth first against the links, from all tasks of the suspect's component. */
static uint32_t reach_back(struct search *search, struct task_ix end)
{
	const struct chains *chains = search->chains;
	uint32_t head = 0, tail = 0, link, from, i;

	search->round++;
	search->queue[tail++] = end.at;
	search->seen[end.at] = search->round;
	search->step[end.at] = NO_ROW;
	while (head < tail) {
		uint32_t task = search->queue[head++];

		for (i = chains->back_first[task]; i < chains->back_first[task + 1]; i++) {
			link = chains->back[i];
			from = chains->from[link];
			if (search->seen[from] == search->round)
				continue;
			search->seen[from] = search->round;
			search->step[from] = link;
			search->queue[tail++] = from;
		}
	}
	return tail;
}

static int by_pid(const void *a, const void *b, void *context)
{
	const struct snapshot *snapshot = context;
	const struct process *left = process_at(snapshot, *(const struct process_ix *)a);
	const struct process *right = process_at(snapshot, *(const struct process_ix *)b);

	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return left->start_ticks < right->start_ticks ? -1 : left->start_ticks > right->start_ticks;
}

static bool in_cycle(const struct suspect *suspect, const struct snapshot *snapshot, struct process_ix process)
{
	uint32_t i;

	for (i = 0; i < suspect->cycle_count; i++)
		if (task_at(snapshot, suspect->cycle[i])->process.at == process.at)
			return true;
	return false;
}

static int find_victims(struct search *search, struct suspect *suspect, uint32_t reached)
{
	const struct snapshot *snapshot = search->snapshot;
	struct process_ix *victims, process;
	uint8_t *taken;
	uint32_t i, n = 0;

	victims = arena_new(search->scene->arena, struct process_ix, reached + search->neglect_count + 1);
	taken = arena_new(search->scene->arena, uint8_t, snapshot->processes.count + 1);
	if (!victims || !taken)
		return -ENOMEM;
	taken[suspect->process.at] = 1;
	for (i = 0; i < reached; i++) {
		process = task_at(snapshot, (struct task_ix){ search->queue[i] })->process;
		if (taken[process.at] || in_cycle(suspect, snapshot, process)
		    || !(process_at(snapshot, process)->flags & PROCESS_IN_TREE))
			continue;
		taken[process.at] = 1;
		victims[n++] = process;
	}
	/* Whoever wrote what lies unread, whether or not it sleeps over it. */
	for (i = 0; i < search->neglect_count; i++) {
		process = search->neglects[i].asker;
		if (search->neglects[i].process.at != suspect->process.at || process.at == NO_ROW || taken[process.at]
		    || in_cycle(suspect, snapshot, process))
			continue;
		taken[process.at] = 1;
		victims[n++] = process;
	}
	qsort_r(victims, n, sizeof(*victims), by_pid, (void *)(uintptr_t)snapshot);
	suspect->victims = victims;
	suspect->victim_count = n;
	return 0;
}

/* The way from the target that waits for it, or from the farthest victim. */
static int find_chain(struct search *search, struct suspect *suspect, uint32_t reached)
{
	const struct snapshot *snapshot = search->snapshot;
	const struct edge **chain;
	uint32_t i, n = 0, task = NO_ROW;

	for (i = 1; i < reached; i++) {
		struct process_ix process = task_at(snapshot, (struct task_ix){ search->queue[i] })->process;

		if (process.at == suspect->process.at)
			continue;
		if (task == NO_ROW || (process_at(snapshot, process)->flags & PROCESS_TARGET))
			task = search->queue[i];
		if (process_at(snapshot, process)->flags & PROCESS_TARGET)
			break;
	}
	if (task == NO_ROW)
		return 0;
	chain = arena_new(search->scene->arena, const struct edge *, reached);
	if (!chain)
		return -ENOMEM;
	for (; search->step[task] != NO_ROW; task = search->chains->to[search->step[task]])
		chain[n++] = search->chains->by[search->step[task]];
	suspect->chain = chain;
	suspect->chain_count = n;
	return 0;
}

static void find_edges(struct search *search, struct suspect *suspect)
{
	const struct chains *chains = search->chains;
	const struct graph *graph = chains->graph;
	const struct edge *edge;
	uint32_t i, link;
	int best = INT_MIN, rank;

	for (i = chains->back_first[suspect->task.at]; i < chains->back_first[suspect->task.at + 1]; i++) {
		link = chains->back[i];
		if (task_at(search->snapshot, (struct task_ix){ chains->from[link] })->process.at == suspect->process.at)
			continue;
		rank = edge_rank(search->scene, chains->by[link]);
		if (rank > best) {
			best = rank;
			suspect->into = chains->by[link];
		}
	}
	best = INT_MIN;
	for (i = graph->first_edge[suspect->task.at]; i < graph->first_edge[suspect->task.at + 1]; i++) {
		edge = &graph->edge[i];
		rank = edge_rank(search->scene, edge) + (edge->channel == CHANNEL_TIMER ? 0 : 4);
		if (rank > best) {
			best = rank;
			suspect->out = edge;
		}
	}
}

/* ---- circles ------------------------------------------------------------------------ */

static bool comes_before(const struct scene *scene, struct task_ix a, struct task_ix b)
{
	const struct task *left = task_at(scene->snapshot, a), *right = task_at(scene->snapshot, b);
	int64_t l = left->at[LOOK_T1].silent_ns, r = right->at[LOOK_T1].silent_ns;
	int64_t le = left->at[LOOK_T1].silent_error_ns, re = right->at[LOOK_T1].silent_error_ns;

	if (l != UNSEEN && r != UNSEEN && le != UNSEEN && re != UNSEEN && (l - le > r + re || r - re > l + le))
		return l > r;
	if (process_at(scene->snapshot, left->process)->pid != process_at(scene->snapshot, right->process)->pid)
		return process_at(scene->snapshot, left->process)->pid < process_at(scene->snapshot, right->process)->pid;
	return left->tid < right->tid;
}

/*
 * A shortest circle through this task, by closed tasks of its component.  A futex names no
 * owner, so it closes no circle: the threads of an idle pool all wait for each other that way.
 */
static uint32_t circle_through(struct search *search, struct task_ix task, struct task_ix *ret, uint32_t limit)
{
	const struct chains *chains = search->chains;
	uint32_t head = 0, tail = 0, i, at, n = 0;

	search->round++;
	search->queue[tail++] = task.at;
	while (head < tail) {
		at = search->queue[head++];
		for (i = chains->first[at]; i < chains->first[at + 1]; i++) {
			if (channel_is_word(chains->by[i]->channel))
				continue;
			if (chains->to[i] == task.at) {
				/* Walk back from at to the task: that is the circle, the wrong way round. */
				uint32_t length = 1, step;

				for (step = at; step != task.at; step = chains->from[search->step[step]])
					length++;
				if (length > limit)
					return 0;
				n = length;
				for (step = at; length > 1; step = chains->from[search->step[step]])
					ret[--length] = (struct task_ix){ step };
				ret[0] = task;
				return n;
			}
			if (search->seen[chains->to[i]] == search->round
			    || chains->component[chains->to[i]] != chains->component[task.at]
			    || chains->graph->does_wake[chains->to[i]] != LIFE_CLOSED)
				continue;
			search->seen[chains->to[i]] = search->round;
			search->step[chains->to[i]] = i;
			search->queue[tail++] = chains->to[i];
		}
	}
	return 0;
}

enum { CIRCLE_MOST = 64 };

/* The first member to fall silent, else the lowest pid, names the circle. */
static int find_circle(struct search *search, struct suspect *suspect)
{
	struct task_ix circle[CIRCLE_MOST], first, *kept;
	uint32_t n, i, at;

	if (suspect->does != LIFE_CLOSED)
		return 0;
	n = circle_through(search, suspect->task, circle, CIRCLE_MOST);
	if (n < 2)
		return 0;
	kept = arena_new(search->scene->arena, struct task_ix, n);
	if (!kept)
		return -ENOMEM;
	for (first = circle[0], at = 0, i = 1; i < n; i++) {
		if (comes_before(search->scene, circle[i], first)) {
			first = circle[i];
			at = i;
		}
	}
	for (i = 0; i < n; i++)
		kept[i] = circle[(at + i) % n];
	suspect->cycle = kept;
	suspect->cycle_count = n;
	suspect->task = first;
	suspect->process = task_at(search->snapshot, first)->process;
	return 0;
}

/* ---- one suspect ---------------------------------------------------------------------- */

/* alone: it is its own wait that was asked about, not those of others for it. */
static int describe(struct search *search, struct task_ix task, bool alone, struct suspect *ret)
{
	const struct scene *scene = search->scene;
	const struct graph *graph = search->chains->graph;
	struct suspect suspect = {
		.task = task,
		.process = task_at(search->snapshot, task)->process,
		.neglected = { NO_ROW },
		.asker = { NO_ROW },
		.can = graph->can_wake[task.at],
		.does = graph->does_wake[task.at],
	};
	const struct neglect *neglect;
	uint32_t reached, i;
	int r;

	r = find_circle(search, &suspect);
	if (r < 0)
		return r;
	suspect.moved = task_moved(scene, suspect.task);
	suspect.burns = task_burns(scene, suspect.task);
	suspect.suspended = task_suspended(scene, suspect.task);
	suspect.blocked = task_blocked(scene, suspect.task);
	suspect.retrier = graph->retrier[suspect.task.at];
	suspect.can = graph->can_wake[suspect.task.at];
	suspect.does = graph->does_wake[suspect.task.at];
	suspect.orphan = is_orphan(scene, suspect.process);

	neglect = neglect_of(search, suspect.process);
	if (neglect) {
		suspect.neglected = neglect->object;
		suspect.neglected_bytes = neglect->bytes;
		if (neglect->asker.at != NO_ROW)
			suspect.asker = search->chains->speaker[neglect->asker.at];
		if (neglect->shared)
			suspect.doubts |= DOUBT_PLAUSIBLE;
	}
	find_edges(search, &suspect);
	if (alone)
		suspect.into = NULL;
	reached = reach_back(search, suspect.task);
	r = find_victims(search, &suspect, reached);
	if (r == 0)
		r = find_chain(search, &suspect, reached);
	if (r < 0)
		return r;

	/* What must hold for the circle: every wait in it; else the last step of the chain. */
	for (i = 0; i < suspect.cycle_count; i++) {
		uint32_t from = suspect.cycle[i].at, to = suspect.cycle[(i + 1) % suspect.cycle_count].at, link;

		for (link = search->chains->first[from]; link < search->chains->first[from + 1]; link++)
			if (search->chains->to[link] == to) {
				suspect.doubts |= search->chains->by[link]->doubts;
				break;
			}
	}
	/* Any other wait of a member could end it too: no proof where one of those is in doubt. */
	for (i = 0; i < suspect.cycle_count; i++) {
		uint32_t at, from = suspect.cycle[i].at;

		for (at = graph->first_edge[from]; at < graph->first_edge[from + 1]; at++)
			if (graph->edge[at].doubts & ~suspect.doubts)
				suspect.doubts |= DOUBT_MOVES;
	}
	if (suspect.cycle_count == 0 && !neglect) {
		if (suspect.into)
			suspect.doubts |= suspect.into->doubts;
	}
	*ret = suspect;
	return 0;
}

static int add_suspect(struct search *search, struct task_ix task, bool alone)
{
	struct suspect *suspect = &search->found[search->count];
	uint32_t i;
	int r;

	if (search->count >= BOUND_SUSPECTS || search->known[task_at(search->snapshot, task)->process.at]
	    || !task_in_scope(search->scene, task))
		return 0;
	r = describe(search, task, alone, suspect);
	if (r < 0)
		return r;
	search->known[suspect->process.at] = 1;
	for (i = 0; i < suspect->cycle_count; i++)
		search->known[task_at(search->snapshot, suspect->cycle[i])->process.at] = 1;
	search->count++;
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------ */

static bool waits_on(const struct chains *chains, struct task_ix task)
{
	return chains->leaves[chains->component[task.at]];
}

/* The end of the chain that begins at this task; among several the first by identity. */
static struct task_ix chain_end(struct search *search, struct task_ix task)
{
	const struct chains *chains = search->chains;
	uint32_t head = 0, tail = 0, at, i;

	search->round++;
	search->queue[tail++] = task.at;
	search->seen[task.at] = search->round;
	while (head < tail) {
		at = search->queue[head++];
		if (!chains->leaves[chains->component[at]])
			return (struct task_ix){ at };
		for (i = chains->first[at]; i < chains->first[at + 1]; i++) {
			if (search->seen[chains->to[i]] == search->round)
				continue;
			search->seen[chains->to[i]] = search->round;
			search->queue[tail++] = chains->to[i];
		}
	}
	return task;
}

/* Its chain ends in its own process: a lock of its own holds it up, nobody else. */
static bool waits_on_others(struct search *search, struct task_ix task)
{
	const struct snapshot *snapshot = search->snapshot;

	return task_at(snapshot, chain_end(search, task))->process.at != task_at(snapshot, task)->process.at;
}

/*
 * Without a wait there is no chain, but some states speak for themselves.  A thread of an
 * event loop or a pool is no suspect for sleeping.
 */
static bool speaks_for_itself(const struct search *search, struct task_ix task)
{
	const struct scene *scene = search->scene;
	const enum look look = task_last_look(search->snapshot, task);
	const char state = task_at(search->snapshot, task)->at[look].state;

	return task_suspended(scene, task) || task_burns(scene, task) || task_delay_permille(scene, task) > 300
	       || (state == 'D' && task_moved(scene, task) == MOVED_NO);
}

/* A sleep without an end in view, in which nobody in view can wake it. */
static bool is_closed_end(const struct search *search, struct task_ix task)
{
	const struct graph *graph = search->chains->graph;
	uint32_t i;

	if (graph->does_wake[task.at] != LIFE_CLOSED)
		return false;
	for (i = graph->first_edge[task.at]; i < graph->first_edge[task.at + 1]; i++)
		if (!channel_is_word(graph->edge[i].channel))
			return true;
	return false;
}

static bool in_tree(const struct search *search, struct task_ix task)
{
	return process_at(search->snapshot, task_at(search->snapshot, task)->process)->flags & PROCESS_IN_TREE;
}

/* Where the chain of the one that --first names ends. */
static int find_asked(struct search *search)
{
	const struct process_ix process = scene_find_process(search->scene, search->snapshot->asked.first);
	struct task_ix leader, end;
	int r;

	if (process.at == NO_ROW)
		return 0;
	leader = scene_leader(search->scene, process);
	if (leader.at == NO_ROW)
		return 0;
	end = chain_end(search, leader);
	r = add_suspect(search, end, end.at == leader.at);
	if (r == 0 && search->count > 0)
		search->found[0].asked = true;
	return r;
}

static int find_all(struct search *search)
{
	const struct chains *chains = search->chains;
	const struct neglect *neglect;
	struct task_ix task, speaker;
	uint32_t i;
	int r = 0;

	/* Whoever neglects a channel and is not itself held up by somebody else. */
	for (i = 0; i < search->neglect_count && r == 0; i++) {
		neglect = &search->neglects[i];
		speaker = neglect_speaker(search->scene, neglect);
		if (speaker.at != NO_ROW && !waits_on_others(search, speaker))
			r = add_suspect(search, speaker, false);
	}
	/* Ends at which somebody else's chain arrives, and what speaks for itself. */
	for (task.at = 0; task.at < chains->tasks && r == 0; task.at++) {
		bool reached = chains->back_first[task.at + 1] > chains->back_first[task.at];

		if (!task_in_scope(search->scene, task) || waits_on(chains, task))
			continue;
		if (!in_tree(search, task) && !reached)
			continue;
		if (reached || speaks_for_itself(search, task) || is_closed_end(search, task))
			r = add_suspect(search, task, false);
	}
	return r;
}

/* Its state alone is a sign: orphaned, or with children or connections that it forgot. */
static bool forgets(const struct search *search, struct process_ix process)
{
	const struct scene *scene = search->scene;
	const struct span *children = &scene->process_children[process.at], *fds = &scene->process_fds[process.at];
	struct object_ix object;
	uint32_t i;

	if (is_orphan(scene, process))
		return true;
	for (i = 0; i < children->count; i++)
		if (process_zombie(scene, (struct process_ix){ scene->child_order[children->first + i] }))
			return true;
	for (i = 0; i < fds->count; i++) {
		object = search->snapshot->fds.row[scene->fd_order[fds->first + i]].object;
		if (object.at != NO_ROW && object_at(search->snapshot, object)->kind == OBJECT_TCP
		    && object_at(search->snapshot, object)->at[LOOK_T1].state == TCP_CLOSE_WAIT)
			return true;
	}
	return false;
}

static int find_forgetful(struct search *search)
{
	const struct snapshot *snapshot = search->snapshot;
	struct process_ix process;
	struct task_ix speaker;
	int r = 0;

	for (process.at = 0; process.at < snapshot->processes.count && r == 0; process.at++) {
		if (!(process_at(snapshot, process)->flags & PROCESS_IN_TREE) || !forgets(search, process))
			continue;
		speaker = search->chains->speaker[process.at];
		if (speaker.at != NO_ROW && !waits_on(search->chains, speaker))
			r = add_suspect(search, speaker, false);
	}
	return r;
}

/* The one that speaks for the first target, or, where all of it is dead, its leader. */
static struct task_ix first_target(const struct search *search)
{
	const struct snapshot *snapshot = search->snapshot;
	struct task_ix speaker, dead = { NO_ROW };
	struct process_ix process;

	for (process.at = 0; process.at < snapshot->processes.count; process.at++) {
		if (!(process_at(snapshot, process)->flags & PROCESS_TARGET))
			continue;
		speaker = search->chains->speaker[process.at];
		if (speaker.at != NO_ROW)
			return speaker;
		if (dead.at == NO_ROW)
			dead = scene_leader(search->scene, process);
	}
	return dead;
}

int suspects_find(const struct chains *chains, const struct suspect **ret, uint32_t *count, struct suspect *resting)
{
	struct search search = {
		.chains = chains,
		.scene = chains->scene,
		.snapshot = chains->scene->snapshot,
	};
	struct arena *arena = chains->scene->arena;
	struct task_ix target;
	int r;

	search.seen = arena_new(arena, uint32_t, chains->tasks + 1);
	search.queue = arena_new(arena, uint32_t, chains->tasks + 1);
	search.step = arena_new(arena, uint32_t, chains->tasks + 1);
	search.known = arena_new(arena, uint8_t, search.snapshot->processes.count + 1);
	search.found = arena_new(arena, struct suspect, BOUND_SUSPECTS);
	if (!search.seen || !search.queue || !search.step || !search.known || !search.found)
		return -ENOMEM;
	r = neglect_find(search.scene, &search.neglects, &search.neglect_count);
	if (r == 0)
		r = find_asked(&search);
	if (r == 0)
		r = find_all(&search);
	if (r == 0)
		r = find_forgetful(&search);
	if (r < 0)
		return r;

	*resting = (struct suspect){ .task = { NO_ROW }, .process = { NO_ROW } };
	target = first_target(&search);
	if (target.at != NO_ROW) {
		r = describe(&search, chain_end(&search, target), false, resting);
		if (r < 0)
			return r;
	}
	*ret = search.found;
	*count = search.count;
	return 0;
}
