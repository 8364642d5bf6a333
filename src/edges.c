/* SPDX-License-Identifier: MIT */
/* The table of edge rules, and which task waits in what. */
#include "edges.h"

#include <string.h>

const char *const channel_names[CHANNELS] = {
	[CHANNEL_PIPE] = "pipe", [CHANNEL_FIFO] = "fifo", [CHANNEL_UNIX] = "unix", [CHANNEL_TCP] = "tcp",
	[CHANNEL_UDP] = "udp", [CHANNEL_FUTEX] = "futex", [CHANNEL_MUTEX] = "mutex", [CHANNEL_RWLOCK] = "rwlock",
	[CHANNEL_CONDITION] = "condition", [CHANNEL_SEMAPHORE] = "semaphore", [CHANNEL_JOIN] = "join",
	[CHANNEL_BARRIER] = "barrier", [CHANNEL_CHILD] = "child", [CHANNEL_EVENTFD] = "eventfd",
	[CHANNEL_EPOLL] = "epoll", [CHANNEL_PTY] = "pty", [CHANNEL_PTRACE] = "ptrace", [CHANNEL_VFORK] = "vfork",
	[CHANNEL_TIMER] = "timer", [CHANNEL_DEVICE] = "device", [CHANNEL_SIGNAL] = "signal", [CHANNEL_FILE] = "file",
	[CHANNEL_SECCOMP] = "seccomp", [CHANNEL_EXTERNAL] = "external",
};

const struct edge_rule edge_rules[] = {
	{ ACTION_READ, OBJECT_PIPE, false, draw_pipe_read },
	{ ACTION_READ, OBJECT_FIFO, false, draw_pipe_read },
	{ ACTION_READ, OBJECT_UNIX, false, draw_socket_read },
	{ ACTION_READ, OBJECT_TCP, false, draw_socket_read },
	{ ACTION_READ, OBJECT_UDP, false, draw_socket_read },
	{ ACTION_READ, OBJECT_SOCKET, false, draw_socket_read },
	{ ACTION_READ, OBJECT_EVENTFD, false, draw_eventfd },
	{ ACTION_READ, OBJECT_TIMERFD, false, draw_timerfd },
	{ ACTION_READ, OBJECT_SIGNALFD, false, draw_signalfd },
	{ ACTION_READ, OBJECT_EPOLL, false, draw_epoll },
	{ ACTION_READ, OBJECT_PIDFD, false, draw_pidfd },
	{ ACTION_READ, OBJECT_PTY, false, draw_pty_read },
	{ ACTION_READ, OBJECT_TTY, false, draw_device },
	{ ACTION_READ, OBJECT_DEVICE, false, draw_device },
	{ ACTION_READ, OBJECT_FILE, false, draw_file },
	{ ACTION_READ, OBJECT_DIRECTORY, false, draw_file },
	{ ACTION_READ, OBJECT_INOTIFY, false, draw_outside },
	{ ACTION_READ, OBJECT_USERFAULTFD, false, draw_outside },
	{ ACTION_READ, OBJECT_SECCOMP, false, draw_outside },
	{ ACTION_READ, OBJECT_URING, false, draw_outside },
	{ ACTION_READ, OBJECT_OTHER, false, draw_outside },
	{ ACTION_WRITE, OBJECT_PIPE, false, draw_pipe_write },
	{ ACTION_WRITE, OBJECT_FIFO, false, draw_pipe_write },
	{ ACTION_WRITE, OBJECT_UNIX, false, draw_socket_write },
	{ ACTION_WRITE, OBJECT_TCP, false, draw_socket_write },
	{ ACTION_WRITE, OBJECT_UDP, false, draw_socket_write },
	{ ACTION_WRITE, OBJECT_SOCKET, false, draw_socket_write },
	{ ACTION_WRITE, OBJECT_EVENTFD, false, draw_eventfd },
	{ ACTION_WRITE, OBJECT_PTY, false, draw_pty_write },
	{ ACTION_WRITE, OBJECT_TTY, false, draw_device },
	{ ACTION_WRITE, OBJECT_DEVICE, false, draw_device },
	{ ACTION_WRITE, OBJECT_FILE, false, draw_file },
	{ ACTION_WRITE, OBJECT_OTHER, false, draw_outside },
	{ ACTION_ACCEPT, OBJECT_OTHER, true, draw_accept },
	{ ACTION_CONNECT, OBJECT_OTHER, true, draw_connect },
	{ ACTION_OPEN, OBJECT_OTHER, true, draw_open },
	{ ACTION_POLL, OBJECT_OTHER, true, draw_poll },
	{ ACTION_SELECT, OBJECT_OTHER, true, draw_poll },
	{ ACTION_EPOLL, OBJECT_EPOLL, false, draw_epoll },
	{ ACTION_SLEEP, OBJECT_OTHER, true, draw_sleep },
	{ ACTION_CHILD, OBJECT_OTHER, true, draw_child },
	{ ACTION_FUTEX, OBJECT_OTHER, true, draw_futex },
	{ ACTION_SIGNAL, OBJECT_OTHER, true, draw_signal },
	{ ACTION_RING, OBJECT_OTHER, true, draw_outside },
	{ ACTION_VFORK, OBJECT_OTHER, true, draw_vfork },
	{ ACTION_SYNC, OBJECT_OTHER, true, draw_file },
	{ ACTION_NONE, OBJECT_OTHER, false, NULL },
};

void edges_apply(const struct wait *wait)
{
	const struct edge_rule *rule;
	bool known = wait->object.at != NO_ROW;
	enum object_kind kind = OBJECT_OTHER;

	if (known)
		kind = (enum object_kind)object_at(wait->scene->snapshot, wait->object)->kind;
	for (rule = edge_rules; rule->draw; rule++) {
		if (rule->action != wait->call->action || !(rule->any_kind || (known && rule->kind == kind)))
			continue;
		rule->draw(wait);
		return;
	}
}

void edges_apply_entry(const struct wait *wait, enum action action, int32_t fd, struct object_ix object)
{
	const struct decoded call = { .action = action, .fd = fd, .other_fd = -1, .write = action == ACTION_WRITE,
				      .timeout_ns = UNSEEN, .child = -1, .path = TEXT_UNSEEN };
	const struct wait entry = { wait->scene, wait->edges, wait->task, wait->process, &call, object };

	edges_apply(&entry);
}

const struct object_look *wait_object(const struct wait *wait, struct object_ix object)
{
	const struct object *row = object_at(wait->scene->snapshot, object);

	/* Whatever the sight at T1, it was not seen better at T0 unless only then. */
	if (row->at[LOOK_T1].sight == SIGHT_OK || row->at[LOOK_T0].sight != SIGHT_OK)
		return &row->at[wait->scene->last];
	return &row->at[LOOK_T0];
}

const char *wait_wchan(const struct wait *wait)
{
	const struct snapshot *snapshot = wait->scene->snapshot;
	const struct task_look *seen = &task_at(snapshot, wait->task)->at[task_last_look(snapshot, wait->task)];

	return text_seen(seen->wchan) ? snapshot_bytes(snapshot, seen->wchan) : "";
}

static bool seen_twice(const struct task *task)
{
	return task->at[LOOK_T0].stat_sight == SIGHT_OK && task->at[LOOK_T1].stat_sight == SIGHT_OK &&
	       (task->at[LOOK_T0].call_sight == SIGHT_OK) == (task->at[LOOK_T1].call_sight == SIGHT_OK);
}

static uint32_t waiter_doubts(const struct wait *wait)
{
	const struct process *process = process_at(wait->scene->snapshot, wait->process);
	const struct task *task = task_at(wait->scene->snapshot, wait->task);
	uint32_t bits = 0;

	/* SIGALRM is 14; its default is death, which wakes others but not this one. */
	if (process->status_sight != SIGHT_OK || (process->caught_signals >> 13 & 1) || process->posix_timers != 0)
		bits |= DOUBT_SIGNAL;
	if (!seen_twice(task))
		bits |= DOUBT_ONE_LOOK;
	else if (!task_same_wait(wait->scene, wait->task))
		bits |= DOUBT_CHANGED;
	/* A call that a supervisor intercepted looks like the call itself. */
	if (task->at[task_last_look(wait->scene->snapshot, wait->task)].wchan_sight != SIGHT_OK)
		bits |= DOUBT_PLAUSIBLE;
	return bits;
}

static bool sleeps_in(const struct wait *wait, const char *word)
{
	return !strncmp(wait_wchan(wait), word, strlen(word));
}

/* A task that sleeps in no call that could be read.  FUSE lets a signal through, so it sleeps in S. */
static void draw_callless(const struct wait *wait, char state)
{
	if (state != 'D' && !sleeps_in(wait, "request_wait_answer"))
		return;
	if (sleeps_in(wait, "kernel_clone"))
		draw_vfork(wait);
	else
		draw_file(wait);
}

static void draw_call(const struct wait *wait, char state)
{
	const struct decoded *call = wait->call;
	uint32_t first = wait->edges->count;

	if (call->action == ACTION_NONE) {
		draw_callless(wait, state);
		return;
	}
	if (call->inferred)
		draw_inferred(wait);
	else
		edges_apply(wait);
	if (call->other_fd >= 0) /* Which of the two it waits for is not to be seen. */
		edges_apply_entry(wait, ACTION_WRITE, call->other_fd,
				  scene_fd_object(wait->scene, wait->process, call->other_fd));
	edges_timeout(wait, first);
	if (wait->edges->count == first && state == 'D')
		draw_file(wait);
	draw_polling(wait);
}

static void draw_task(struct wait *wait)
{
	const struct scene *scene = wait->scene;
	const struct task *task = task_at(scene->snapshot, wait->task);
	enum look look = task_last_look(scene->snapshot, wait->task);

	wait->call = NULL;
	wait->object.at = NO_ROW;
	if (task_dead(scene, wait->task))
		return;
	wait->edges->waiter_doubts = waiter_doubts(wait);
	if (task_suspended(scene, wait->task)) {
		if (task->at[look].state == 't')
			draw_tracer(wait);
		return;
	}
	if (!task_blocked(scene, wait->task))
		return;
	wait->call = &scene->calls[look][wait->task.at];
	/* Whatever the call is about, it has not come to that. */
	if (sleeps_in(wait, "seccomp_do_user_notif")) {
		draw_seccomp(wait);
		return;
	}
	if (sleeps_in(wait, "handle_userfault")) {
		draw_userfault(wait);
		return;
	}
	if (wait->call->fd >= 0) {
		/* Its number means something in a table that was not listed. */
		if (task->own_fds == ANSWER_YES)
			return;
		wait->object = scene_fd_object(scene, wait->process, wait->call->fd);
	}
	draw_call(wait, task->at[look].state);
}

void edges_draw_tasks(struct edges *edges)
{
	const struct scene *scene = edges->scene;
	struct wait wait = { .scene = scene, .edges = edges };

	for (wait.task.at = 0; wait.task.at < scene->snapshot->tasks.count && !edges->error; wait.task.at++) {
		wait.process = task_at(scene->snapshot, wait.task)->process;
		draw_task(&wait);
	}
}
