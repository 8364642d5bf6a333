/* SPDX-License-Identifier: MIT */
/*
 * A snapshot plus what must be found fast in it, and the calls decoded.  Derived,
 * never saved; lives in an arena.  Pure.
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "decode.h"
#include "order.h"
#include "snapshot.h"

struct scene {
	const struct snapshot *snapshot;
	struct arena *arena;
	/* Each order array holds all row numbers of a table, grouped; the span array, one a
	   row of the grouping table, says where each group lies. */
	const uint32_t *task_order;   const struct span *process_tasks;    /**< By tid; the leader first. */
	const uint32_t *child_order;  const struct span *process_children; /**< Processes whose parent it is, by pid. */
	const uint32_t *fd_order;     const struct span *process_fds;      /**< By number. */
	const uint32_t *holder_order; const struct span *object_fds;       /**< fds on it, by (pid, number). */
	const uint32_t *hold_order;   const struct span *object_holds;
	const uint32_t *watch_order;  const struct span *set_watches;      /**< Of an epoll object. */
	const uint32_t *watched_order;const struct span *object_watches;   /**< Of what is watched. */
	const uint32_t *peek_order;   const struct span *task_peeks[LOOKS];
	const uint32_t *stack_order;  const struct span *task_stacks;      /**< By sample. */
	const uint8_t *site_part;           /**< One a site: enum site_part (telling.h). */
	const uint8_t *site_primitive;      /**< One a site: enum primitive (primitive.h). */
	const struct decoded *calls[LOOKS]; /**< One a task; inferred where the call could not be read. */
	const struct peek *peeks_sorted;    /**< Peeks in peek_order: a task's and look's lie together. */
	const struct process_ix *process_parent; /**< One a process; NO_ROW: not in the snapshot. */
	const uint32_t *process_rank;       /**< One a process: its place by pid, then start_ticks. */
	const uint32_t *pid_order, *tid_order; /**< All processes, all tasks, by pid or tid, the youngest last. */
	const uint8_t *process_paused;      /**< 1: of a whole job of the viewer's session that is stopped (Ctrl-Z to
	                                         get a prompt): judged as it was before, so not suspended. */
	enum look last;                     /**< T1 if that look was taken at all, else T0. */
	bool paused;                        /**< Some process is. */
};

/** 0 or -ENOMEM. */
int scene_init(const struct snapshot *snapshot, struct arena *arena, struct scene *ret);

/** The fd row of a number in a process (the newest look's); at == NO_ROW when there is none. */
struct fd_ix scene_fd(const struct scene *scene, struct process_ix process, int32_t number);
/** Its object, or NO_ROW. */
struct object_ix scene_fd_object(const struct scene *scene, struct process_ix process, int32_t number);
/** The process's first task (its leader, when seen); NO_ROW when none. */
struct task_ix scene_leader(const struct scene *scene, struct process_ix process);
/** Parent process in the snapshot, or NO_ROW. */
struct process_ix scene_parent(const struct scene *scene, struct process_ix process);
/** The youngest of that number; NO_ROW when there is none. */
struct process_ix scene_find_process(const struct scene *scene, int32_t pid);
struct task_ix scene_find_task(const struct scene *scene, int32_t tid);
/** The peeks of a task at a look, for decode_set(). */
const struct peek *scene_peeks(const struct scene *scene, struct task_ix task, enum look look, uint32_t *ret_count);
/** Is the descriptor there at the last look; also when the last look could not list any. */
bool scene_fd_open(const struct scene *scene, const struct fd *fd);

/** Three answers, not two: seen once is not the same as still. */
enum moved { MOVED_NO, MOVED_YES, MOVED_UNKNOWN };
/** Did it run within the window: context switches, CPU time, another call or state. */
enum moved task_moved(const struct scene *scene, struct task_ix task);
/** Ran on a CPU for most of what it could: CPU time grew by half the window or more, or state R at both looks and it grew. */
bool task_burns(const struct scene *scene, struct task_ix task);
/** Share of the window spent on a CPU, and waiting for one, in thousandths; -1 unknown. */
int32_t task_cpu_permille(const struct scene *scene, struct task_ix task);
int32_t task_delay_permille(const struct scene *scene, struct task_ix task);
/** Same call with the same arguments at both looks, but for a timeout in milliseconds, which a loop counts down. */
bool task_same_call(const struct scene *scene, struct task_ix task);
/** The same, and where no call could be read or it was in none, asleep at the same place at both looks. */
bool task_same_wait(const struct scene *scene, struct task_ix task);
/** Stopped (T), traced (t) or in a frozen group. */
bool task_suspended(const struct scene *scene, struct task_ix task);
/** In a system call or fault, asleep (S or D), at the newest look. */
bool task_blocked(const struct scene *scene, struct task_ix task);
/** Zombie, dead, or gone at the last look: it never wakes anybody and waits for nothing. */
bool task_dead(const struct scene *scene, struct task_ix task);
/** All its tasks are dead, or it is gone.  A zombie leader with live threads is not. */
bool process_dead(const struct scene *scene, struct process_ix process);
/** Dead, and still there for its parent to reap. */
bool process_zombie(const struct scene *scene, struct process_ix process);
/** Lived at T0, and is gone or a zombie at T1: nobody had more than the window to reap it. */
bool process_ended(const struct scene *scene, struct process_ix process);
/** The newest look at which it was seen: T1, else T0. */
enum look task_last_look(const struct snapshot *snapshot, struct task_ix task);
/** Did bytes move through this object within the window: level, counters or queue changed. */
enum moved object_moved(const struct scene *scene, struct object_ix object);
/** Did bytes move through the process: rchar, wchar, or any socket or pipe it holds whose level changed. */
enum moved process_io_moved(const struct scene *scene, struct process_ix process);

/** What a person calls it, unescaped, into to: "pytest", "worker-2" (title.h). */
void process_title(const struct snapshot *snapshot, struct process_ix process, char *to, size_t size);
/** What an interpreter runs, "feed.py"; false: it is none, runs nothing that has a name, or has named itself. */
bool process_script(const struct snapshot *snapshot, struct process_ix process, char *to, size_t size);

#endif
