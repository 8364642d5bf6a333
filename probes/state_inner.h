/* SPDX-License-Identifier: MIT */
/*
 * What the rooms of probe_state share: state.c, state_task.c, state_process.c, peeks.c,
 * silent.c, kernel_log.c.  Nobody else includes this.
 */
#ifndef STATE_INNER_H
#define STATE_INNER_H

#include "batch.h"
#include "probe.h"

/** Files and answers: the detail of a gap, and what a question was about. */
enum kind {
	KIND_STATUS, KIND_SCHEDSTAT, KIND_WCHAN, KIND_SCHED,          /* of a task, read */
	KIND_SYSCALL, KIND_MEMORY,                                    /* of a task, asked */
	KIND_NS, KIND_TIMERS,                                         /* of a process, read */
	KIND_IO, KIND_CMDLINE, KIND_EXE, KIND_CWD, KIND_AUXV,         /* of a process, asked */
	KIND_KMSG, KIND_PID_NAMESPACE,                                /* of nobody: the kernel log, and why it is not read */
	KINDS,
};
extern const char *const kind_names[KINDS];

struct state {
	const struct visit *visit;
	struct snapshot *snapshot;
	enum look look;
	struct process_ix *processes; uint32_t process_count, process_room;
	struct task_ix *tasks;        uint32_t task_count, task_room;
	uint32_t *voice;          /**< By row of process: row of a task that lives, the leader if it does; NO_ROW none. */
	uint32_t *filed;          /**< By row of process: 1 << kind for gaps that were filed. */
	uint32_t per_process_room;/**< Of both. */
	uint32_t filed_machine;
	struct text detail[KINDS];
	struct batch batch;
};

/* Each returns 0 or -ENOMEM and kin. */

/** Note what was missed, once a process and kind; machine-wide when the kernel lacks it, or process is NO_ROW. */
int state_miss(struct state *state, struct process_ix process, enum kind kind, int sight, int error, uint8_t *mark);
/**
 * The same for a file of a task: when it is not there, that may be the task's end
 * (no gap: threads end), the process's, or a kernel without such a file.
 */
int state_miss_task(struct state *state, struct task_ix task, enum kind kind, int sight, int error, uint8_t *mark);

/** A task that lives, to ask about its process through: the leader may be gone.  NO_ROW: none. */
struct task_ix state_voice(const struct state *state, struct process_ix process);

int state_read_task(struct state *state, struct task_ix task);
int state_ask_task(struct state *state, struct task_ix task);
int state_take_syscall(struct state *state, struct task_ix task, const struct answer *answer);

int state_read_process(struct state *state, struct process_ix process);
int state_ask_process(struct state *state, struct process_ix process);
/** After the first round: became another program in the window, so its facts are asked again. */
int state_ask_again(struct state *state, struct process_ix process);
int state_take_process(struct state *state, enum kind kind, struct process_ix process, const struct answer *answer);

/** The memory that the calls name: a round of its own. */
int peeks_look(struct state *state);
/** How long the tasks that did not run in the window are silent; T1 only. */
int silent_look(struct state *state);
/** Whom the kernel killed for memory: of zombies that SIGKILL ended. */
int kernel_log_look(struct state *state);

#endif
