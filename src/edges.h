/* SPDX-License-Identifier: MIT */
/*
 * How edges are drawn: one rule for each way of waiting, one collector for all.
 *
 * To add a way of waiting: a function in a file src/edge_NAME.c, declared here, and a
 * row in edge_rules[] (edges.c).  The rule names the object, its other end and what
 * is ready or outside; the collector adds every doubt that follows from the object, the
 * holders and the waiter, so that no rule can forget one.
 */
#ifndef EDGES_H
#define EDGES_H

#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"
#include "graph.h"

struct inference;

/** Holders by the access mode of their descriptor. */
enum end { END_READ = 1, END_WRITE = 2, END_ANY = 3 };

/** What children a process has. */
enum { CHILDREN_LIVE = 1, CHILDREN_ZOMBIE = 2 };

/** Stands for all holders of one end of an object, all children of a process, or all supervisors. */
struct hub {
	struct object_ix object;  /**< NO_ROW: children, supervisors. */
	struct process_ix parent; /**< NO_ROW: an end, supervisors. */
	enum end end;
	uint32_t first, count;    /**< In edges.member: processes, by pid; or tasks, where a hold names one. */
	uint32_t doubts;          /**< Of its holders. */
};

/** What a call that could not be read may be about. */
struct candidates {
	const struct inference *inference; /**< Of whom these are; NULL: nobody's yet. */
	struct process_ix process;
	struct { int32_t fd; struct object_ix object; enum action action; } row[BOUND_CANDIDATES];
	uint32_t count;
	bool more;
};

struct edges {
	const struct scene *scene;
	struct edge *edge;        uint32_t count, room;
	struct node_ix *waker;    uint32_t wakers, waker_room; /**< Hubs are numbered from hub_base. */
	struct hub *hub;          uint32_t hubs, hub_room;
	struct node_ix *member;   uint32_t members, member_room;
	uint32_t hub_base;        /**< Tasks and processes. */
	uint32_t *hub_at;         /**< One more than the hub of [object * 3 + end - 1], then of a process's children,
	                               last of all supervisors; 0 none. */
	uint32_t *set_waiter;     /**< One an object: one more than the task whose edges stand for this long event set. */
	uint32_t *word;           /**< One a task: one more than the futex it was found to wait on; 0 none. */
	uint8_t *children;        /**< One a process: has CHILDREN_LIVE, CHILDREN_ZOMBIE. */
	uint32_t *tracee;         /**< Tasks that are traced, grouped by tracing process. */
	struct span *process_tracees;
	uint32_t *listener;       /**< Listening unix sockets by name, once somebody connects to one. */
	uint32_t listeners;
	struct candidates candidates; /**< Of the task drawn last that needed any. */
	struct set_entry *set;    /**< Scratch of BOUND_POLLFDS entries. */
	uint32_t everywhere;      /**< Doubts of whatever has holders: somebody opaque, a ring, a descriptor in flight. */
	uint32_t waiter_doubts;   /**< Of the task whose edges are being drawn. */
	uint32_t depth;           /**< 0: the call's own descriptor; else how deep in sets. */
	int error;                /**< A failed allocation is remembered, and reported by edges_draw(). */
};

/** All edges of all tasks, in task order.  0 or -ENOMEM; edges_deinit() in either case. */
int edges_draw(const struct scene *scene, struct edges *ret);
void edges_deinit(struct edges *edges);
/** Its middle: the edges of each task, by the rules (edges.c); the rest is in collect.c and hubs.c. */
void edges_draw_tasks(struct edges *edges);
/** Room for one more row in an array of count rows; rows: where its address is kept.  False: no memory. */
bool edges_grow(struct edges *edges, void *rows, size_t size, uint32_t count, uint32_t *room);

/** What a rule is asked: task waits in call, which is about object (NO_ROW: none, or not known). */
struct wait {
	const struct scene *scene;
	struct edges *edges;
	struct task_ix task;
	struct process_ix process;
	const struct decoded *call;
	struct object_ix object;
};

struct edge_rule {
	enum action action;
	enum object_kind kind;
	bool any_kind;            /**< Matches whatever object, none too. */
	void (*draw)(const struct wait *wait);
};
extern const struct edge_rule edge_rules[]; /**< Ends in draw NULL; first match wins. */

/** Draw by the first rule that matches; none: nothing. */
void edges_apply(const struct wait *wait);
/** The same for one entry of a set: action is ACTION_READ, ACTION_WRITE ... */
void edges_apply_entry(const struct wait *wait, enum action action, int32_t fd, struct object_ix object);

/**
 * A new edge, with the doubts of the waiter (caught SIGALRM, POSIX timers, seen once, another
 * call at T0) and of the object (changed between the looks).  object NO_ROW: of no object.
 */
struct edge *edge_begin(const struct wait *wait, enum channel channel, enum want want, struct object_ix object);

/* The rest is about the edge that was begun last. */

struct edge *edge_current(struct edges *edges);
/** Its wakers are whoever holds that end, with the doubts of that search.  False: nobody found. */
bool edge_holders(struct edges *edges, struct object_ix object, enum end end);
/**
 * The same of an end that nobody may hold any more: then the wait is over (end of file,
 * broken pipe), or, where not every process was searched, unheld.
 */
void edge_other_end(struct edges *edges, struct object_ix object, enum end end);
/** Its wakers are the living children of a process.  False: none. */
bool edge_children(struct edges *edges, struct process_ix parent);
/** Its wakers are all who hold a seccomp notify descriptor.  False: nobody found. */
bool edge_supervisors(struct edges *edges);
void edge_task(struct edges *edges, struct task_ix to);
void edge_process(struct edges *edges, struct process_ix to);
void edge_waker(struct edges *edges, uint32_t node);
void edge_outside(struct edges *edges);
/** Outside, because nobody was found to hold the other end; searched: in vain, on the whole machine. */
void edge_unheld(struct edges *edges, bool searched);
void edge_ready(struct edges *edges);
void edge_deadline(struct edges *edges, int64_t left_ns);
void edge_doubt(struct edges *edges, uint32_t bits);

/** The timeout of the call goes to all edges drawn from number first on; one that could not be read is an edge of its own. */
void edges_timeout(const struct wait *wait, uint32_t first);

/** The object as it was seen last. */
const struct object_look *wait_object(const struct wait *wait, struct object_ix object);
/** Where the task waits in the kernel, as seen last; "" unseen. */
const char *wait_wchan(const struct wait *wait);
/** SIGCHLD is caught and a child lives: its end interrupts whatever waits interruptibly. */
bool wait_hears_children(const struct wait *wait);

/* The rules, each in the file of its family. */

void draw_pipe_read(const struct wait *wait);    /* edge_pipe.c */
void draw_pipe_write(const struct wait *wait);
void draw_open(const struct wait *wait);

void draw_socket_read(const struct wait *wait);  /* edge_socket.c */
void draw_socket_write(const struct wait *wait);
void draw_accept(const struct wait *wait);
void draw_connect(const struct wait *wait);
/** The listening unix socket of that name, as decoded.path has it; NO_ROW. */
struct object_ix edges_unix_listener(struct edges *edges, struct text name); /* unix_names.c */

void draw_poll(const struct wait *wait);         /* edge_poll.c */
void draw_epoll(const struct wait *wait);

void draw_futex(const struct wait *wait);        /* edge_futex.c */

void draw_pty_read(const struct wait *wait);     /* edge_pty.c */
void draw_pty_write(const struct wait *wait);

void draw_child(const struct wait *wait);        /* edge_child.c */
void draw_pidfd(const struct wait *wait);
void draw_vfork(const struct wait *wait);
void draw_signal(const struct wait *wait);
void draw_signalfd(const struct wait *wait);
void draw_polling(const struct wait *wait);

void draw_inferred(const struct wait *wait);     /* edge_inferred.c */
void draw_guessed_set(const struct wait *wait);

void draw_sleep(const struct wait *wait);        /* edge_misc.c */
void draw_eventfd(const struct wait *wait);
void draw_timerfd(const struct wait *wait);
void draw_device(const struct wait *wait);
void draw_file(const struct wait *wait);
void draw_outside(const struct wait *wait);
void draw_tracer(const struct wait *wait);
void draw_seccomp(const struct wait *wait);
void draw_userfault(const struct wait *wait);

#endif
