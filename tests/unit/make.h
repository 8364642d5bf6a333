/* SPDX-License-Identifier: MIT */
/*
 * Snapshots made by hand, a line a fact, for the tests of scene, graph, judge and
 * renderers.  Whatever a test does not say is as in a quiet tree seen twice, two seconds
 * apart, by root on x86_64: everybody asleep, nothing moved, every holder searched.
 *
 *	struct made made;
 *
 *	made_init(&made);
 *	child = make_process(&made, 101, 100);
 *	pipe = make_pipe(&made, 7);
 *	make_fd(&made, child, 1, pipe, O_WRONLY);
 *	make_call(&made, make_leader(&made, child), "write", 1, 0x1000, 4096, 0, 0, 0);
 *	made_build(&made);
 *	... made.scene, made.graph ...
 *	made_deinit(&made);
 */
#ifndef MAKE_H
#define MAKE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include "graph.h"
#include "scene.h"
#include "snapshot.h"

struct made {
	struct snapshot snapshot;
	struct arena arena;
	struct scene scene;
	struct graph graph;
};

enum { MADE_WINDOW_S = 2 };
#define MADE_SECOND_NS INT64_C(1000000000)

void made_init(struct made *made);
void made_deinit(struct made *made);
/** Scene and graph, anew. */
void made_build(struct made *made);

/** In the tree, with its leader asleep in no call that was read; parent 0: none of the snapshot. */
struct process_ix make_process(struct made *made, int32_t pid, int32_t parent);
struct task_ix make_leader(struct made *made, struct process_ix process);
struct task_ix make_task(struct made *made, struct process_ix process, int32_t tid);

/** Blocked in that call at both looks. */
void make_call(struct made *made, struct task_ix task, const char *name, uint64_t a0, uint64_t a1, uint64_t a2,
	       uint64_t a3, uint64_t a4, uint64_t a5);
/** S, D, R, T, t, Z at both looks; R: on a CPU, and in no call. */
void make_state(struct made *made, struct task_ix task, char state);
/** It woke so often within the window. */
void make_moved(struct made *made, struct task_ix task, int64_t wakes);
/** It burned CPU through the window. */
void make_burning(struct made *made, struct task_ix task);
void make_wchan(struct made *made, struct task_ix task, const char *wchan);
/** The process moved bytes by read and write. */
void make_io(struct made *made, struct process_ix process, int64_t bytes);

/** Read at both looks from the task's memory. */
void make_peek(struct made *made, struct task_ix task, uint64_t address, const void *bytes, size_t length);
/** A struct timespec there. */
void make_timespec(struct made *made, struct task_ix task, uint64_t address, int64_t seconds, int64_t nanoseconds);
/** asleep in clock_nanosleep for so long. */
void make_sleep(struct made *made, struct task_ix task, int64_t seconds, int64_t nanoseconds);

/** Searched for on the whole machine; empty. */
struct object_ix make_object(struct made *made, enum object_kind kind, uint64_t name);
struct object_ix make_pipe(struct made *made, uint64_t inode);
/** Connected to each other, empty, local. */
void make_pair(struct made *made, enum object_kind kind, uint64_t name, struct object_ix ends[2]);
/** Bytes to be taken from it, at both looks. */
void make_readable(struct made *made, struct object_ix object, int64_t bytes);
struct fd_ix make_fd(struct made *made, struct process_ix process, int32_t number, struct object_ix object,
		     uint32_t flags);
void make_watch(struct made *made, struct object_ix set, int32_t number, struct object_ix object, uint32_t events);

/** Text of the pool. */
struct text make_text(struct made *made, const char *text);


/** A native frame called by caller (NO_ROW: outermost), of a module; function NULL: not named. */
struct frame_ix make_frame(struct made *made, struct frame_ix caller, const char *module, const char *function,
			   uint64_t offset);
/** The same of the program itself, at this line of main.c. */
struct frame_ix make_line(struct made *made, struct frame_ix caller, const char *function, int32_t line);
/** A whole stack, read beside a sleeper; sample 0 the first. */
struct stack *make_stack(struct made *made, struct task_ix task, int32_t sample, struct frame_ix innermost);
#define MADE_NO_FRAME ((struct frame_ix){ NO_ROW })

#endif
