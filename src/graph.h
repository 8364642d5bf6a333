/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom: pure, from a snapshot to edges, and the fixpoints over them.
 *
 * A task waits on any of its edges (poll: one fd is enough); an edge is satisfied
 * by any, or needs all, of its wakers.  A waker is a node: a task; a process (any of
 * its tasks); or a hub, one end of one object (any of its holders).  Hubs keep the
 * graph linear: 1,000 makes waiting on one jobserver pipe that all of them hold are
 * 2,000 links and not a million.
 *
 * Edge cases, once and for all: an edge without wakers is satisfied by nobody, in
 * either mode; a blocked task without an edge is LIFE_UNREAD, for silence is not
 * proof; a suspended task is not live, so whoever waits only for it is closed, and
 * the sink of that chain is the suspended task, not a deadlock.
 *
 * To add a way of waiting: a file src/edge_NAME.c and a row in src/edges.c; see edges.h.
 */
#ifndef GRAPH_H
#define GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "doubt.h"
#include "scene.h"

enum channel {
	CHANNEL_PIPE, CHANNEL_FIFO, CHANNEL_UNIX, CHANNEL_TCP, CHANNEL_UDP,
	/* A word of memory: not known what for, else what the function that waits says. */
	CHANNEL_FUTEX, CHANNEL_MUTEX, CHANNEL_RWLOCK, CHANNEL_CONDITION, CHANNEL_SEMAPHORE, CHANNEL_JOIN, CHANNEL_BARRIER,
	CHANNEL_CHILD, CHANNEL_EVENTFD, CHANNEL_EPOLL, CHANNEL_PTY, CHANNEL_PTRACE, CHANNEL_VFORK, CHANNEL_TIMER,
	CHANNEL_DEVICE, CHANNEL_SIGNAL, CHANNEL_FILE, CHANNEL_SECCOMP, CHANNEL_EXTERNAL, CHANNELS,
};
extern const char *const channel_names[CHANNELS]; /**< As in waits[].channel: "pipe", ... */

/** It waits on a word of memory, which names no owner, whatever it is called. */
static inline bool channel_is_word(unsigned channel)
{
	return channel >= CHANNEL_FUTEX && channel <= CHANNEL_BARRIER;
}

enum mode { MODE_ANY, MODE_ALL };

/** Which way the waiter wants bytes to go. */
enum want { WANT_OTHER, WANT_READ, WANT_WRITE, WANT_ACCEPT, WANT_CONNECT, WANT_OPEN };

struct edge {
	struct task_ix from;
	uint8_t channel, mode, want; /**< enum channel, enum mode, enum want. */
	uint8_t outside;          /**< 1: something we do not model can also wake it: a live seed. */
	uint8_t unheld;           /**< 1: outside only because no holder of the other end was found and not every process searched. */
	uint8_t ready;            /**< 1: what it waits for is there already (unread data, expired timer): a live seed. */
	uint8_t in_set;           /**< 1: one entry of a poll, select or epoll set. */
	uint8_t poll_wait;        /**< 1: no blocked call: it polls for this (WNOHANG) between short sleeps. */
	int32_t fd;               /**< The waiter's descriptor; -1 none. */
	struct object_ix object;  /**< NO_ROW: none (a child, a timer). */
	int64_t deadline_ns;      /**< Left at T1; UNSEEN: none.  Any finite one seeds can_wake; an hour and more does not seed does_wake. */
	uint32_t first_waker, wakers; /**< In graph.waker.  Tasks come out of it by graph_tasks(). */
	uint32_t doubts;
};

/** Tasks come first (index = task_ix), then processes, then hubs. */
struct node_ix { uint32_t at; };

enum life {
	LIFE_LIVE,      /**< Somebody or something can still wake it. */
	LIFE_CLOSED,    /**< Nothing in view ever will. */
	LIFE_SUSPENDED, /**< Stopped, traced, frozen: a root of its own kind. */
	LIFE_UNREAD,    /**< Could not be read: counted as live, and said so. */
};
/** Dead tasks have no edges and read LIFE_CLOSED: ask task_dead() before calling one stuck. */

struct graph {
	const struct edge *edge;        uint32_t edges;   /**< Sorted by from. */
	const uint32_t *first_edge;     /**< One a task and one more: edges of task t are [first_edge[t], first_edge[t+1]). */
	const struct node_ix *waker;    uint32_t wakers;
	/* What processes and hubs are made of: node n (not a task) has the members
	   [first_member[n - tasks], first_member[n - tasks + 1]): tasks of a process, processes of a hub, by pid or tid. */
	const uint32_t *first_member;
	const struct node_ix *member;   uint32_t members;
	const uint8_t *can_wake;        /**< enum life, one a node: serves proofs. */
	const uint8_t *does_wake;       /**< enum life, one a node: serves likelihood. */
	const uint8_t *retrier;         /**< 1 a task that woke, took nothing and went back to the same call beside another edge. */
	/** Strongly connected component, one a node, reckoned among what does_wake leaves closed or suspended: a live
	    node is a component of its own.  Sinks have the lowest numbers: whatever a node waits for has no higher one. */
	const uint32_t *component;
	uint32_t tasks, processes, hubs, components, nodes;
};

/*
 * Two fixpoints over the same edges.  can_wake: anything that might ever wake it
 * counts; what stays closed under it may be called proved.  does_wake: a task that
 * is live only by its own timer or movement counts as a waker only for a channel that it
 * touched within the window (one that waits for something outside: for all), and a task that
 * woke, consumed nothing and returned to the same call beside another edge (a retrier) is no seed;
 * what stays closed under it may be called likely.
 */
/** 0 or -ENOMEM.  Linear in nodes, edges and wakers; no recursion.  All of *ret is in the scene's arena. */
int graph_build(const struct scene *scene, struct graph *ret);
/**
 * The least fixpoint alone, for the property test: life holds LIFE_LIVE or LIFE_UNREAD for
 * seeds, LIFE_SUSPENDED for roots, LIFE_CLOSED for the rest on entry, then the answer.
 * work: graph_life_room() words.
 */
void graph_life(const struct graph *graph, uint8_t *life, uint32_t *work);
size_t graph_life_room(const struct graph *graph);
/** The tasks behind an edge's wakers, hubs and processes opened, by (pid, tid); at most limit; returns how many there are. */
uint32_t graph_tasks(const struct scene *scene, const struct graph *graph, const struct edge *edge,
		     struct task_ix *ret, uint32_t limit);
/** All its wakers are the waiter's own process: its wake-up pipe, a pipe end that it forgot.  True when there are none. */
bool graph_own(const struct scene *scene, const struct graph *graph, const struct edge *edge);

#endif
