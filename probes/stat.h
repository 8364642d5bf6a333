/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/task/TID/stat: who a task is and how it stands, read once a look and
 * stored.  The file under task/ is read even of leaders: it costs half of /proc/PID/stat,
 * which sums up all threads.
 */
#ifndef STAT_H
#define STAT_H

#include <sys/types.h>

#include "snapshot.h"
#include "state_parse.h"

struct door;

/** PF_KTHREAD of the kernel's linux/sched.h, in stat_line.flags. */
#define STAT_KERNEL_THREAD UINT64_C(0x00200000)

/** 0, a sight with *error, or -errno.  ret->comm is in the door's scratch: good until its next call. */
int stat_read(struct door *door, pid_t pid, pid_t tid, struct stat_line *ret, int *error);

/** Ticks of a stat line in ns; UNSEEN when they make no sense. */
int64_t stat_ticks_ns(const struct snapshot *snapshot, int64_t ticks);

/** What the leader's line says of the whole process.  0 or -ENOMEM. */
int stat_store_process(struct snapshot *snapshot, struct process_ix process, enum look look,
		       const struct stat_line *line, int64_t when_ns);
int stat_store_task(struct snapshot *snapshot, struct task_ix task, enum look look, const struct stat_line *line,
		    int64_t when_ns);

#endif
