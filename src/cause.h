/* SPDX-License-Identifier: MIT */
/*
 * The rules behind the rows of causes.c, by the state that decides first.  Each says whether
 * its cause holds for the suspect of the trial, and leaves the facts and doubts that made it so.
 */
#ifndef CAUSE_H
#define CAUSE_H

#include "trial.h"

/* cause_stopped.c: suspended, kept off the CPU, in the kernel. */
bool rule_frozen(struct trial *trial);
bool rule_traced(struct trial *trial);
bool rule_job_stopped(struct trial *trial);
bool rule_throttled(struct trial *trial);
bool rule_cpu_starved(struct trial *trial);
bool rule_memory_pressure(struct trial *trial);
bool rule_core_dumping(struct trial *trial);
bool rule_uninterruptible(struct trial *trial);

/* cause_spin.c: burns CPU. */
bool rule_computing(struct trial *trial);
bool rule_busy_poll(struct trial *trial);
bool rule_spin_wait(struct trial *trial);
bool rule_compute_loop(struct trial *trial);

/* cause_circle.c: a closed circle of waits. */
bool rule_circle_pipe_full(struct trial *trial);
bool rule_circle_prompt(struct trial *trial);
bool rule_mutual_send(struct trial *trial);
bool rule_mutual_receive(struct trial *trial);
bool rule_wait_cycle(struct trial *trial);

/* cause_ipc.c: asleep, beside or in one particular channel. */
bool rule_backlog_full(struct trial *trial);
bool rule_event_loop_blocked(struct trial *trial);
bool rule_loop_deaf(struct trial *trial);
bool rule_worker_lost(struct trial *trial);
bool rule_oom_killed_child(struct trial *trial);
bool rule_not_consuming(struct trial *trial);
bool rule_pipe_full(struct trial *trial);
bool rule_no_writer(struct trial *trial);
bool rule_no_reader(struct trial *trial);
bool rule_holds_write_end(struct trial *trial);
bool rule_waits_for_input(struct trial *trial);
bool rule_peer_external(struct trial *trial);
bool rule_peer_elsewhere(struct trial *trial);
bool rule_no_reply(struct trial *trial);
bool rule_connecting(struct trial *trial);

/* cause_idle.c: asleep, and nobody waits over a channel. */
bool rule_ended(struct trial *trial);
bool rule_vfork_unfinished(struct trial *trial);
bool rule_peer_dead(struct trial *trial);
bool rule_close_wait_leak(struct trial *trial);
bool rule_zombie_unreaped(struct trial *trial);
bool rule_working(struct trial *trial);
bool rule_no_waker(struct trial *trial);
bool rule_threads_wait(struct trial *trial);
bool rule_event_loop_idle(struct trial *trial);
bool rule_timed_sleep(struct trial *trial);
bool rule_file_lock_wait(struct trial *trial);
bool rule_waits_outside(struct trial *trial);
bool rule_unseen(struct trial *trial);
bool rule_always(struct trial *trial);

#endif
