/* SPDX-License-Identifier: MIT */
/*
 * A probe reads one interface of the kernel into the snapshot and decides nothing.
 * To add one: a file in probes/, a row in probes/table.c, a row per new field in
 * src/field.c, a row of words for its gaps in src/words_gap.c.
 *
 * survey() (src/survey.h) runs them, in this order:
 *
 *	select  ->  look(T0)  ->  follow, look(T0) ... at most BOUND_FOLLOW_ROUNDS
 *	        ->  sleep out the window  ->  look(T1)  ->  a closer look at those who matter
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot.h"

struct door;

enum probe_id {
	PROBE_HOST, PROBE_TASKS, PROBE_STATE, PROBE_CGROUPS, PROBE_FDS, PROBE_SOCKETS, PROBE_HOLDERS, PROBE_FUTEXES,
	PROBE_STACKS,
	PROBES,
};
#define PROBE_BIT(id) (UINT32_C(1) << (id))

enum probe_stage {
	STAGE_LOOK,   /**< At T0 and again at T1. */
	STAGE_FOLLOW, /**< At T0 only, for objects that somebody blocked waits on
	                   and whose other end may be outside the tree. */
	STAGE_CLOSER, /**< After the last look, for the tasks that matter. */
};

/** Whom to look at this time.  Arrays are the caller's.  Rows added meanwhile are not in it. */
struct subjects {
	const struct process_ix *processes; uint32_t process_count;
	const struct task_ix *tasks;        uint32_t task_count;
	const struct object_ix *objects;    uint32_t object_count; /**< STAGE_FOLLOW: the wanted ones. */
	const int32_t *samples;             /**< STAGE_CLOSER: how many stacks of each task; NULL: one. */
};

struct probe_options {
	bool whole_args;          /**< --args=full: do not mask credentials. */
	enum stop stop;           /**< May threads be stopped for their stacks? */
	int64_t interval_ns;      /**< From one sample of a stack to the next. */
	const char *marker;       /**< "NAME=VALUE" whose bearers belong to the tree; NULL none. */
};

struct visit {
	struct door *door;
	struct snapshot *snapshot;
	enum look look;
	int64_t deadline_ns;      /**< door_now_ns(); a probe that would pass it files SIGHT_CUT and returns. */
	const struct probe_options *options;
	void **memory;            /**< What this probe keeps from visit to visit of one survey: *memory is NULL at
	                               first and ended by .forget.  NULL: nothing is kept (tests). */
};

struct probe {
	enum probe_id id;
	const char *name;         /**< As in gaps[].probe and the man page. */
	enum probe_stage stage;
	uint32_t after;           /**< PROBE_BIT()s that must have run in this look. */
	/** 0, or -errno of our own.  What the target did is in sights and gaps. */
	int (*look)(const struct visit *visit, const struct subjects *subjects);
	/** Frees *visit.memory after the last look, if it is not NULL; NULL: this probe keeps nothing. */
	void (*forget)(void *memory);
};

/** In an order that satisfies every .after; a unit test proves it. */
extern const struct probe *const probes[PROBES];

extern const struct probe probe_host;     /**< host.c: /proc/stat, pressure, meminfo, clocks, the viewer. */
extern const struct probe probe_tasks;    /**< tasks.c: the tree below the processes in *subjects, their threads. */
extern const struct probe probe_state;    /**< state.c: stat, status, wchan, syscall + peeks, schedstat, sched, io, argv. */
extern const struct probe probe_cgroups;  /**< cgroups.c */
extern const struct probe probe_fds;      /**< fds.c: fd/, fdinfo, pipe levels, event sets, ptys. */
extern const struct probe probe_sockets;  /**< sockets.c: sock_diag. */
extern const struct probe probe_holders;  /**< holders.c: one pass over every process, for wanted objects. */
extern const struct probe probe_futexes;  /**< futexes.c: who maps the page of a futex. */
extern const struct probe probe_stacks;   /**< stacks/stacks.c: native and kernel stacks. */

#endif
