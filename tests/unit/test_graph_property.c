/* SPDX-License-Identifier: MIT */
/*
 * What must hold for every graph, tried on many small ones: the fixpoint agrees with a
 * search over all orders of waking up; a waker more never closes anybody; and no
 * answer depends on the order of rows.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "follow.h"
#include "make.h"

static uint64_t dice;

static uint32_t roll(uint32_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 33) % sides;
}

/* ---- small abstract graphs ---------------------------------------------------- */

enum { NODES = 7, EDGES = 14, WAKERS = 64 };

struct small {
	struct graph graph;
	struct edge edge[EDGES];
	uint32_t first_edge[NODES + 1], first_member[NODES + 1];
	struct node_ix waker[WAKERS], member[WAKERS];
	uint8_t seed[NODES];
};

static void small_point(struct small *small)
{
	small->graph.edge = small->edge;
	small->graph.first_edge = small->first_edge;
	small->graph.waker = small->waker;
	small->graph.first_member = small->first_member;
	small->graph.member = small->member;
}

static void small_roll(struct small *small)
{
	static const uint8_t seeds[] = { LIFE_LIVE, LIFE_UNREAD, LIFE_SUSPENDED, LIFE_CLOSED, LIFE_CLOSED, LIFE_CLOSED,
					 LIFE_CLOSED, LIFE_CLOSED };
	struct graph *graph = &small->graph;
	uint32_t n, e, w, count;

	memset(small, 0, sizeof(*small));
	small_point(small);
	graph->nodes = 1 + roll(NODES);
	graph->tasks = 1 + roll(graph->nodes);
	graph->processes = roll(graph->nodes - graph->tasks + 1);
	graph->hubs = graph->nodes - graph->tasks - graph->processes;
	for (n = 0; n < graph->tasks; n++) {
		count = roll(3);
		for (e = 0; e < count; e++) {
			struct edge *edge = &small->edge[graph->edges++];

			edge->from.at = n;
			edge->mode = roll(3) ? MODE_ANY : MODE_ALL;
			edge->first_waker = graph->wakers;
			edge->wakers = roll(4);
			for (w = 0; w < edge->wakers; w++)
				small->waker[graph->wakers++].at = roll(graph->nodes);
			/* A waker that no edge names. */
			if (!roll(4))
				small->waker[graph->wakers++].at = roll(graph->nodes);
		}
		small->first_edge[n + 1] = graph->edges;
		small->seed[n] = seeds[roll(sizeof(seeds))];
	}
	for (n = graph->tasks; n < graph->nodes; n++) {
		count = roll(4);
		for (w = 0; w < count; w++)
			small->member[graph->members++].at = roll(graph->nodes);
		small->first_member[n - graph->tasks + 1] = graph->members;
		small->seed[n] = LIFE_CLOSED;
	}
}

static bool edge_satisfied(const struct small *small, const struct edge *edge, uint32_t awake)
{
	uint32_t w, woken = 0;

	for (w = 0; w < edge->wakers; w++)
		woken += awake >> small->waker[edge->first_waker + w].at & 1;
	return edge->mode == MODE_ALL ? woken && woken == edge->wakers : woken > 0;
}

static bool may_wake_now(const struct small *small, uint32_t node, uint32_t awake)
{
	const struct graph *graph = &small->graph;
	uint32_t i;

	if (node >= graph->tasks) {
		for (i = small->first_member[node - graph->tasks]; i < small->first_member[node - graph->tasks + 1]; i++)
			if (awake >> small->member[i].at & 1)
				return true;
		return false;
	}
	if (small->seed[node] == LIFE_SUSPENDED)
		return false;
	for (i = small->first_edge[node]; i < small->first_edge[node + 1]; i++)
		if (edge_satisfied(small, &small->edge[i], awake))
			return true;
	return false;
}

/* Every set of nodes that can be awake at once, by every order: bit s of reached. */
static uint32_t ever_awake(const struct small *small)
{
	bool reached[1 << NODES] = { false };
	uint32_t state, node, start = 0, ever = 0;

	for (node = 0; node < small->graph.nodes; node++)
		if (small->seed[node] == LIFE_LIVE || small->seed[node] == LIFE_UNREAD)
			start |= 1u << node;
	reached[start] = true;
	/* Waking only adds bits, so larger numbers come later. */
	for (state = 0; state < 1u << small->graph.nodes; state++) {
		if (!reached[state])
			continue;
		ever |= state;
		for (node = 0; node < small->graph.nodes; node++)
			if (!(state >> node & 1) && may_wake_now(small, node, state))
				reached[state | 1u << node] = true;
	}
	return ever;
}

static void small_life(const struct small *small, uint8_t life[NODES])
{
	uint32_t *work = calloc(graph_life_room(&small->graph), sizeof(*work));

	cr_assert_not_null(work);
	memcpy(life, small->seed, NODES);
	graph_life(&small->graph, life, work);
	free(work);
}

Test(property, closed_is_exactly_what_no_order_of_waking_wakes)
{
	struct small small;
	uint8_t life[NODES];
	uint32_t round, node, awake, closed = 0, woken = 0;

	dice = 0x9e3779b97f4a7c15;
	for (round = 0; round < 60000; round++) {
		small_roll(&small);
		small_life(&small, life);
		awake = ever_awake(&small);
		for (node = 0; node < small.graph.nodes; node++) {
			bool lives = life[node] == LIFE_LIVE || life[node] == LIFE_UNREAD;

			cr_assert_eq(lives, awake >> node & 1, "round %u node %u", round, node);
			closed += !lives;
			woken += lives && small.seed[node] == LIFE_CLOSED;
		}
	}
	/* The dice must have shown both faces. */
	cr_assert_gt(closed, 20000, "%u", closed);
	cr_assert_gt(woken, 10000, "%u", woken);
}

/* One more waker, which lives, for some edge. */
Test(property, a_live_waker_more_closes_nobody)
{
	struct small small, more;
	uint8_t before[NODES], after[NODES];
	uint32_t round, node, e, w, freed = 0;

	dice = 0x2545f4914f6cdd1d;
	for (round = 0; round < 60000; round++) {
		uint32_t live;

		do {
			small_roll(&small);
			for (live = 0; live < small.graph.tasks && small.seed[live] != LIFE_LIVE; live++)
				;
		} while (!small.graph.edges || live == small.graph.tasks);
		more = small;
		small_point(&more);
		e = roll(more.graph.edges);
		/* Its wakers move to the end of the array, where there is room for one more. */
		for (w = 0; w < more.edge[e].wakers; w++)
			more.waker[more.graph.wakers + w] = more.waker[more.edge[e].first_waker + w];
		more.edge[e].first_waker = more.graph.wakers;
		more.waker[more.graph.wakers + more.edge[e].wakers++].at = live;
		more.graph.wakers += more.edge[e].wakers;
		small_life(&small, before);
		small_life(&more, after);
		for (node = 0; node < small.graph.nodes; node++) {
			cr_assert(before[node] == LIFE_CLOSED || after[node] == before[node], "round %u", round);
			freed += before[node] != after[node];
		}
	}
	cr_assert_gt(freed, 1000, "%u", freed);
}

/* ---- whole snapshots ------------------------------------------------------------ */

enum { PROCESSES = 6, OBJECTS = 8 };

static void roll_call(struct made *made, struct task_ix task)
{
	static const struct { int32_t fd; int16_t events, revents; } set[3] = { { 3, 1, 0 }, { 4, 4, 0 }, { 5, 1, 0 } };
	uint32_t kind = roll(30);

	if (kind < 7)
		make_call(made, task, "read", 3 + roll(6), 0x1000, 10, 0, 0, 0);
	else if (kind < 14)
		make_call(made, task, "write", 3 + roll(6), 0x1000, 10, 0, 0, 0);
	else if (kind < 18)
		make_call(made, task, "wait4", roll(2) ? 0xffffffff : 100 + roll(PROCESSES), 0, 0, 0, 0, 0);
	else if (kind < 21)
		make_call(made, task, "futex", 0x5000, 0x80, 2, 0, 0, 0);
	else if (kind < 24)
		make_call(made, task, "poll", 0x2000, 1 + roll(3), roll(2) ? 0xffffffff : 1000, 0, 0, 0);
	else if (kind < 26)
		make_call(made, task, "epoll_wait", 9, 0x1000, 10, roll(3) ? 0xffffffff : 2000, 0, 0);
	else if (kind < 28)
		make_state(made, task, kind & 1 ? 'T' : 'Z');
	else if (kind < 29)
		make_sleep(made, task, roll(2) ? 5 : 100000, 0);
	else
		make_burning(made, task);
	if (kind >= 21 && kind < 24)
		make_peek(made, task, 0x2000, set, sizeof(set));
	if (!roll(8))
		make_moved(made, task, 1 + roll(3));
}

static void roll_snapshot(struct made *made)
{
	struct object_ix object[OBJECTS], set = make_object(made, OBJECT_EPOLL, 99);
	struct process_ix processes[PROCESSES];
	uint32_t i, k;

	for (i = 0; i < OBJECTS; i++) {
		if (i % 3 == 1 && i + 1 < OBJECTS) {
			make_pair(made, OBJECT_UNIX, 10 + i, &object[i]);
			i++;
		} else {
			object[i] = make_pipe(made, 10 + i);
		}
	}
	for (i = 0; i < PROCESSES; i++) {
		processes[i] = make_process(made, (int32_t)(100 + i), i ? (int32_t)(100 + roll(i)) : 0);
		for (k = roll(3); k > 0; k--)
			make_task(made, processes[i], (int32_t)(200 + i * 10 + k));
		for (k = 0; k < 6; k++)
			if (roll(8))
				make_fd(made, processes[i], (int32_t)(3 + k), object[roll(OBJECTS)], roll(3));
		make_fd(made, processes[i], 9, set, O_RDWR);
		make_watch(made, set, (int32_t)(3 + i), object[roll(OBJECTS)], roll(2) ? 1 : 5);
		if (!roll(3))
			process_at(&made->snapshot, processes[i])->caught_signals = 1 << 16;
	}
	for (i = 0; i < made->snapshot.tasks.count; i++)
		roll_call(made, (struct task_ix){ i });
	for (i = 0; i < OBJECTS; i++) {
		if (!roll(12))
			make_readable(made, object[i], 100);
		if (!roll(12))
			object_at(&made->snapshot, object[i])->cover = COVER_TREE;
		if (!roll(12))
			object_at(&made->snapshot, object[i])->at[LOOK_T1].readable = 5;
	}
}

static uint32_t *shuffled(uint32_t count)
{
	uint32_t *place = calloc(count + 1, sizeof(*place)), i, k, held;

	cr_assert_not_null(place);
	for (i = 0; i < count; i++)
		place[i] = i;
	for (i = count; i > 1; i--) {
		k = roll(i);
		held = place[i - 1];
		place[i - 1] = place[k];
		place[k] = held;
	}
	return place;
}

#define SHUFFLE(table, places) do { \
	to->table.row = calloc(from->table.count + 1, sizeof(*to->table.row)); \
	cr_assert_not_null(to->table.row); \
	for (i = 0; i < from->table.count; i++) \
		to->table.row[places[i]] = from->table.row[i]; \
	to->table.room = from->table.count + 1; \
} while (0)

static void move(uint32_t *at, const uint32_t *place)
{
	if (*at != NO_ROW)
		*at = place[*at];
}

/* The same facts in another order.  The pool is shared; index and rows are its own. */
static void shuffle_snapshot(const struct snapshot *from, struct snapshot *to, struct pool **own_pool)
{
	uint32_t *process = shuffled(from->processes.count), *task = shuffled(from->tasks.count);
	uint32_t *object = shuffled(from->objects.count), *fd = shuffled(from->fds.count);
	uint32_t *watch = shuffled(from->watches.count), *peek = shuffled(from->peeks.count), i;
	struct seek *seek;

	cr_assert_eq(snapshot_init(to), 0);
	*own_pool = to->pool;
	seek = to->seek;
	*to = *from;
	to->seek = seek;
	SHUFFLE(processes, process);
	SHUFFLE(tasks, task);
	SHUFFLE(objects, object);
	SHUFFLE(fds, fd);
	SHUFFLE(watches, watch);
	SHUFFLE(peeks, peek);
	for (i = 0; i < to->tasks.count; i++)
		move(&to->tasks.row[i].process.at, process);
	for (i = 0; i < to->objects.count; i++)
		move(&to->objects.row[i].peer.at, object);
	for (i = 0; i < to->fds.count; i++) {
		move(&to->fds.row[i].process.at, process);
		move(&to->fds.row[i].object.at, object);
	}
	for (i = 0; i < to->watches.count; i++) {
		move(&to->watches.row[i].set.at, object);
		move(&to->watches.row[i].object.at, object);
	}
	for (i = 0; i < to->peeks.count; i++)
		move(&to->peeks.row[i].task.at, task);
	free(process);
	free(task);
	free(object);
	free(fd);
	free(watch);
	free(peek);
}

static void assert_same_edge(const struct made *a, const struct edge *x, const struct made *b, const struct edge *y)
{
	struct task_ix left[64], right[64];
	uint32_t count, i;

	cr_assert(x->channel == y->channel && x->mode == y->mode && x->want == y->want && x->outside == y->outside &&
		  x->unheld == y->unheld && x->ready == y->ready && x->in_set == y->in_set &&
		  x->poll_wait == y->poll_wait && x->fd == y->fd && x->deadline_ns == y->deadline_ns &&
		  x->doubts == y->doubts);
	cr_assert_eq(x->object.at == NO_ROW, y->object.at == NO_ROW);
	if (x->object.at != NO_ROW)
		cr_assert_eq(object_at(&a->snapshot, x->object)->key.name, object_at(&b->snapshot, y->object)->key.name);
	count = graph_tasks(&a->scene, &a->graph, x, left, 64);
	cr_assert_eq(count, graph_tasks(&b->scene, &b->graph, y, right, 64));
	for (i = 0; i < count && i < 64; i++)
		cr_assert_eq(task_at(&a->snapshot, left[i])->tid, task_at(&b->snapshot, right[i])->tid);
}

static void assert_same_graph(const struct made *a, const struct made *b)
{
	struct task_ix x, y, z;
	uint32_t e, count;

	cr_assert_eq(a->graph.edges, b->graph.edges);
	cr_assert_eq(a->graph.components, b->graph.components);
	for (x.at = 0; x.at < a->graph.tasks; x.at++) {
		y = scene_find_task(&b->scene, task_at(&a->snapshot, x)->tid);
		cr_assert_neq(y.at, NO_ROW);
		cr_assert_eq(a->graph.can_wake[x.at], b->graph.can_wake[y.at]);
		cr_assert_eq(a->graph.does_wake[x.at], b->graph.does_wake[y.at]);
		cr_assert_eq(a->graph.retrier[x.at], b->graph.retrier[y.at]);
		count = a->graph.first_edge[x.at + 1] - a->graph.first_edge[x.at];
		cr_assert_eq(count, b->graph.first_edge[y.at + 1] - b->graph.first_edge[y.at]);
		for (e = 0; e < count; e++)
			assert_same_edge(a, &a->graph.edge[a->graph.first_edge[x.at] + e], b,
					 &b->graph.edge[b->graph.first_edge[y.at] + e]);
		for (z.at = 0; z.at < x.at; z.at++)
			cr_assert_eq(a->graph.component[x.at] == a->graph.component[z.at],
				     b->graph.component[y.at] ==
				     b->graph.component[scene_find_task(&b->scene, task_at(&a->snapshot, z)->tid).at]);
	}
}

Test(property, the_order_of_rows_never_changes_the_answer)
{
	static struct made made, other;
	struct pool *own_pool;
	uint32_t round, node, closed = 0, apart = 0, circles = 0;

	dice = 0xda942042e4dd58b5;
	for (round = 0; round < 1500; round++) {
		made_init(&made);
		roll_snapshot(&made);
		made_build(&made);
		memset(&other, 0, sizeof(other));
		arena_init(&other.arena);
		shuffle_snapshot(&made.snapshot, &other.snapshot, &own_pool);
		made_build(&other);
		assert_same_graph(&made, &other);
		for (node = 0; node < made.graph.tasks; node++) {
			closed += made.graph.can_wake[node] == LIFE_CLOSED;
			apart += made.graph.can_wake[node] != made.graph.does_wake[node];
		}
		circles += made.graph.components < made.graph.nodes;
		other.snapshot.pool = own_pool;
		made_deinit(&other);
		made_deinit(&made);
	}
	cr_assert_gt(closed, 400, "%u", closed);
	cr_assert_gt(apart, 400, "%u", apart);
	cr_assert_gt(circles, 100, "%u", circles);
}

/* What stays closed under the weaker claim stays so under the stronger: nobody is proved who is not likely. */
Test(property, closed_for_ever_is_closed_for_now)
{
	static struct made made;
	uint32_t round, node;

	dice = 0xbf58476d1ce4e5b9;
	for (round = 0; round < 1500; round++) {
		made_init(&made);
		roll_snapshot(&made);
		made_build(&made);
		for (node = 0; node < made.graph.nodes; node++)
			cr_assert(made.graph.can_wake[node] != LIFE_CLOSED || made.graph.does_wake[node] == LIFE_CLOSED);
		made_deinit(&made);
	}
}

/* A thread that runs joins some process: whatever it could do frees, and never closes. */
Test(property, a_running_thread_more_closes_nobody)
{
	static struct made made;
	uint8_t before[64];
	struct process_ix process;
	uint32_t round, node, tasks, freed = 0;

	dice = 0x94d049bb133111eb;
	for (round = 0; round < 1500; round++) {
		made_init(&made);
		roll_snapshot(&made);
		made_build(&made);
		tasks = made.graph.tasks;
		cr_assert_leq(tasks, sizeof(before));
		memcpy(before, made.graph.can_wake, tasks);
		process.at = roll(made.snapshot.processes.count);
		make_burning(&made, make_task(&made, process, 999));
		made_build(&made);
		for (node = 0; node < tasks; node++) {
			cr_assert(before[node] == LIFE_CLOSED || made.graph.can_wake[node] != LIFE_CLOSED);
			freed += before[node] != made.graph.can_wake[node];
		}
		made_deinit(&made);
	}
	cr_assert_gt(freed, 50, "%u", freed);
}

/* ---- hostile snapshots: anything that a file may hold once field_check() has passed ---- */

static int64_t odd_number(void)
{
	static const int64_t odd[] = { UNSEEN, 0, 1, 2, 100, 2000000000, INT64_MAX / 2, 65536 };

	return odd[roll(sizeof(odd) / sizeof(*odd))];
}

static uint8_t odd_sight(void)
{
	return (uint8_t)(roll(3) ? SIGHT_OK : roll(SIGHT_STRANGE + 1));
}

static uint32_t odd_row(uint32_t count)
{
	return roll(4) && count ? roll(count) : NO_ROW;
}

static void odd_task(struct task *task)
{
	static const char states[] = "RSDTtZXIP";
	struct task_look *seen;
	int look, i;

	task->own_fds = (uint8_t)roll(3);
	for (look = 0; look < LOOKS; look++) {
		seen = &task->at[look];
		seen->stat_sight = odd_sight();
		seen->call_sight = odd_sight();
		seen->wchan_sight = odd_sight();
		seen->state = roll(4) ? 'S' : states[roll(sizeof(states))];
		seen->when_ns = odd_number();
		seen->voluntary = odd_number();
		seen->involuntary = odd_number();
		seen->cpu_ns = odd_number();
		seen->silent_ns = odd_number();
		seen->tracer = (int32_t)roll(20) - 1;
		seen->call.number = roll(10) ? (int32_t)roll(475) : -(int32_t)roll(4);
		for (i = 0; i < 6; i++)
			seen->call.args[i] = roll(3) ? roll(12) : (uint64_t)odd_number();
	}
}

static void odd_object(struct snapshot *s, struct object *object)
{
	struct object_look *seen;
	int look;

	object->kind = (uint8_t)roll(OBJECT_KINDS);
	object->cover = (uint8_t)roll(4);
	object->reach = (uint8_t)roll(5);
	object->in_flight = (uint8_t)roll(3);
	object->pid = (int32_t)roll(20) - 1;
	object->type = (int32_t)roll(6);
	object->receive_timeout_ms = odd_number();
	object->send_timeout_ms = odd_number();
	object->peer.at = odd_row(s->objects.count);
	object->listener.at = odd_row(s->objects.count);
	for (look = 0; look < LOOKS; look++) {
		seen = &object->at[look];
		seen->sight = odd_sight();
		seen->state = (uint8_t)roll(12);
		seen->armed = (uint8_t)roll(3);
		seen->readable = odd_number();
		seen->word = odd_number();
		seen->expires_ns = odd_number();
		seen->backlog = odd_number();
	}
}

static void odd_rows(struct made *made)
{
	struct snapshot *s = &made->snapshot;
	uint8_t bytes[64];
	uint32_t i, k;

	for (i = 0; i < 12; i++) {
		struct process *process;
		struct process_ix ix = make_process(made, (int32_t)(1 + i), (int32_t)roll(14));

		process = process_at(s, ix);
		process->flags = roll(64);
		process->group = (int32_t)roll(4);
		process->session = (int32_t)roll(3);
		process->caught_signals = roll(2) ? UINT64_MAX : 0;
		process->uring = (uint8_t)roll(3);
		process->opaque = (uint8_t)roll(3);
		process->fds_sight = odd_sight();
		process->status_sight = odd_sight();
		process->at[LOOK_T1].sight = odd_sight();
		process->ns_pid = (int32_t)roll(14);
		if (roll(4) == 0)
			process->ns_pids = make_text(made, "1\t2");
		for (k = roll(3); k > 0; k--)
			make_task(made, ix, (int32_t)(20 + i * 3 + k));
	}
	for (i = 0; i < 16; i++)
		make_object(made, OBJECT_PIPE, i);
	for (i = 0; i < s->objects.count; i++)
		odd_object(s, &s->objects.row[i]);
	for (i = 0; i < s->tasks.count; i++)
		odd_task(&s->tasks.row[i]);
	for (i = 0; i < 100; i++) {
		struct fd_ix fd = make_fd(made, (struct process_ix){ roll(s->processes.count) }, (int32_t)roll(12),
					  (struct object_ix){ roll(s->objects.count) }, roll(8));
		struct hold hold = { { roll(s->objects.count) }, { roll(s->processes.count) },
				     { odd_row(s->tasks.count) }, (uint8_t)roll(2), (uint8_t)roll(2), (uint8_t)roll(4) };
		struct watch watch = { { roll(s->objects.count) }, (int32_t)roll(12), { odd_row(s->objects.count) },
				       roll(2) ? roll(64) : (uint32_t)roll(64) << 26, (uint8_t)roll(4) };

		fd_at(s, fd)->looks = (uint8_t)roll(4);
		fd_at(s, fd)->flags_sight = odd_sight();
		snapshot_add_hold(s, &hold);
		snapshot_add_watch(s, &watch);
		for (k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)(roll(3) ? roll(8) : roll(256));
		make_peek(made, (struct task_ix){ roll(s->tasks.count) }, roll(12), bytes, 1 + roll(sizeof(bytes)));
	}
	s->viewer.session = (int64_t)roll(3);
	s->host.arch = (uint8_t)roll(3);
}

Test(property, no_snapshot_breaks_it)
{
	static struct made made;
	struct object_ix *objects;
	struct task_ix found[3];
	uint32_t round, count, e;

	dice = 0x853c49e6748fea9b;
	for (round = 0; round < 1000; round++) {
		made_init(&made);
		odd_rows(&made);
		made_build(&made);
		for (e = 0; e < made.graph.edges; e++)
			graph_tasks(&made.scene, &made.graph, &made.graph.edge[e], found, 3);
		cr_assert_eq(follow_wanted(&made.snapshot, &made.arena, &objects, &count), 0);
		cr_assert_leq(count, made.snapshot.objects.count);
		cr_assert_eq(follow_confirm(&made.scene, &made.graph, &made.arena, &objects, &count), 0);
		made_deinit(&made);
	}
}
