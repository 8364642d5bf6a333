/* SPDX-License-Identifier: MIT */
/*
 * How a task stands, from its files in /proc, which the task does not notice: is it the one
 * that is meant, does it sleep, in which call, and did it run since the last glance?
 */
#ifndef GLANCE_H
#define GLANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "snapshot.h"

/** Files of one task, open. */
struct glancer { int directory, syscall, counter; bool by_switches; };
#define GLANCER_CLOSED ((struct glancer){ -1, -1, -1, false })

struct standing {
	int64_t start_ticks;
	uint64_t flags;           /**< PF_* of the kernel. */
	char state;               /**< As in stat. */
	int64_t cpu;              /**< The one it ran on last; UNSEEN not told. */
};

/** What does not change while a task does not run. */
struct glance {
	struct call call;
	int64_t counter[2];       /**< Time on a CPU and waiting for one; or switches. */
};

/** What could not be read, in a fixed word, and the errno. */
struct glance_miss { const char *detail; int error; };

/**
 * 0, a sight (and *miss), or -errno of our own.  glancer_close() in any case.
 */
int glancer_open(int proc_fd, pid_t pid, pid_t tid, struct glancer *ret, struct glance_miss *miss);
void glancer_close(struct glancer *glancer);
int glance_standing(const struct glancer *glancer, struct standing *ret, struct glance_miss *miss);
/** The tid of who traces it; 0 nobody, or it cannot be told. */
pid_t glance_tracer(const struct glancer *glancer);
/** How often it fell asleep of itself, ever; false: not to be had. */
bool glance_sleeps(const struct glancer *glancer, int64_t *ret);
/** CPU time of it; false: not to be had. */
bool glance_cpu(struct glancer *glancer, int64_t *ret_ns);
/** SIGHT_MOVED, and CALL_RUNNING: it runs. */
int glance_call(struct glancer *glancer, struct call *ret, struct glance_miss *miss);
/** SIGHT_MOVED: it runs. */
int glance(struct glancer *glancer, struct glance *ret, struct glance_miss *miss);
bool glance_same(const struct glance *a, const struct glance *b);

#endif
