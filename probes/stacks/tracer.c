/* SPDX-License-Identifier: MIT */
/*
 * The only place that calls ptrace(2), in a process of its own: when it ends, however it ends,
 * the kernel lets go of whom it held.
 *
 * PTRACE_SEIZE, never ATTACH: the SIGSTOP of that one outlives us.  No PTRACE_O_EXITKILL.  No task
 * in D is interrupted, for it would stop when it wakes.  A task is let go with the signal it
 * stopped for, or that signal were lost.  What does not go as it should ends this process.
 */
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bell.h"
#include "capture_inner.h"
#include "door.h"
#include "registers.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

/* How waiting for a stop ended. */
enum stopping { STOPPING_HERE, STOPPING_GONE, STOPPING_LATE, STOPPING_ODD };

/* The process itself. */
struct tracer {
	struct stack_source source;
	cpu_set_t cpus;           /* it was given */
	bool aside;               /* it runs on another CPU than the task it is about to stop */
};

/*
 * Where the task is to stop it must not find us: it would wait for the CPU that we look for it
 * on.  And once it has stopped, nobody else on the machine is to keep us from letting it go.
 */
static void tracer_settle(struct tracer *tracer)
{
	const struct sched_param first = { .sched_priority = 1 };

	CPU_ZERO(&tracer->cpus);
	sched_getaffinity(0, sizeof(tracer->cpus), &tracer->cpus);
	sched_setscheduler(0, SCHED_FIFO, &first); /* if we may */
}

static void tracer_step_aside(struct tracer *tracer, int64_t cpu)
{
	cpu_set_t others = tracer->cpus;

	tracer->aside = sched_getcpu() != cpu;
	if (tracer->aside || cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_CLR((int)cpu, &others);
	tracer->aside = CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof(others), &others) == 0;
}

/* Who it is and how it stands, right before it is touched.  0, or a sight. */
static int task_check(struct tracer *tracer, struct holding *holding)
{
	const struct capture_wish *wish = &holding->wish;
	struct capture *ret = &holding->capture;
	int64_t sleeps = holding->sleeps;
	struct glancer glancer;
	struct glance_miss miss = { "task", 0 };
	struct standing standing = { 0 };
	struct call call = { .number = CALL_UNSEEN };
	int r;

	r = glancer_open(PROC_FD, wish->pid, wish->tid, &glancer, &miss);
	if (r == 0)
		r = glance_standing(&glancer, &standing, &miss);
	if (r == 0 && standing.start_ticks != wish->start_ticks)
		r = SIGHT_GONE;
	if (r == 0) {
		tracer_step_aside(tracer, standing.cpu);
		if (sleeps != UNSEEN && (!glance_sleeps(&glancer, &sleeps) || sleeps != holding->sleeps))
			r = SIGHT_MOVED;
		glance_call(&glancer, &call, &miss); /* what cannot be read is none that may be stopped */
		if (!may_stop(wish, &standing, &call, &glancer))
			r = SIGHT_MOVED;
	}
	glancer_close(&glancer);
	if (r)
		capture_fail(ret, r < 0 ? SIGHT_STRANGE : r, miss.detail, r < 0 ? -r : 0);
	return r;
}

/*
 * Its stop is announced by SIGCHLD, which is blocked.  At first we look again and again: a
 * running task is here sooner than we could fall asleep and wake.
 */
static enum stopping stop_await(const struct tracer *tracer, pid_t tid, int64_t began_ns, int *status)
{
	sigset_t announced;
	struct timespec rest;
	int64_t now;
	pid_t got;

	sigemptyset(&announced);
	sigaddset(&announced, SIGCHLD);
	for (;;) {
		got = wait4(tid, status, WNOHANG | __WALL, NULL);
		if (got == tid)
			return WIFSTOPPED(*status) ? STOPPING_HERE : STOPPING_GONE;
		if (got < 0)
			return STOPPING_ODD; /* another thread of it called exec(2) */
		now = door_now_ns();
		if (now - began_ns >= BOUND_HOLD_MS * MS)
			return STOPPING_LATE;
		if (tracer->aside && now - began_ns < BOUND_HOLD_POLL_US * US)
			continue;
		rest.tv_sec = 0;
		rest.tv_nsec = began_ns + BOUND_HOLD_MS * MS - now;
		sigtimedwait(&announced, NULL, &rest);
	}
}

/* While it is held. */
static bool registers_read(pid_t tid, struct capture *ret)
{
	_Alignas(16) unsigned char set[REGISTER_SET];
	struct iovec vector = { set, sizeof(set) };
	int sight, error = 0;

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &vector) < 0) {
		error = errno;
		sight = sight_of_errno(error);
	} else {
		sight = registers_of_set(set, vector.iov_len, &ret->registers);
	}
	if (sight)
		capture_fail(ret, sight, "registers", error);
	return sight == SIGHT_OK;
}

static void stack_read(struct stack_source *source, struct holding *holding)
{
	const struct capture_wish *wish = &holding->wish;
	struct capture *ret = &holding->capture;
	const struct stack_wish stack = {
		.pointer = ret->registers.word[REGISTER_STACK], .most = stack_most(wish), .held = true,
	};
	struct stack_copy copy = { 0 };
	int r, error = 0;

	r = stack_copy(source, wish->pid, wish->tid, &stack, holding->stack, &copy, &error);
	if (r) {
		capture_fail(ret, r < 0 ? SIGHT_STRANGE : r, "memory", error);
		return;
	}
	ret->stack = holding->stack;
	ret->stack_at = copy.at;
	ret->stack_length = copy.length;
	ret->cut = copy.cut;
	ret->sight = SIGHT_OK;
}

/* The signal that it stopped for, if any: PTRACE_EVENT_STOP is our own interruption, or a stop of the whole group. */
static int signal_pending(int status)
{
	return status >> 16 ? 0 : WSTOPSIG(status);
}

/* It is in our hands.  False: that did not go as it should. */
static bool task_read(struct tracer *tracer, struct holding *holding, int64_t began_ns)
{
	struct capture *ret = &holding->capture;
	const pid_t tid = holding->wish.tid;
	int status, signal;

	switch (stop_await(tracer, tid, began_ns, &status)) {
	case STOPPING_HERE:
		break;
	case STOPPING_GONE:
		capture_fail(ret, SIGHT_GONE, "stop", 0);
		return true;
	case STOPPING_LATE:
		capture_fail(ret, SIGHT_TIMEOUT, "stop", ETIMEDOUT);
		return false;
	case STOPPING_ODD:
		capture_fail(ret, SIGHT_MOVED, "stop", 0);
		return false;
	}
	if (registers_read(tid, ret))
		stack_read(&tracer->source, holding);
	signal = signal_pending(status);
	if (ptrace(PTRACE_DETACH, tid, 0, (long)signal) < 0)
		return false; /* killed meanwhile; whatever we have of it is ours */
	ret->when_ns = door_now_ns();
	ret->stopped_ns = ret->when_ns - began_ns;
	ret->way = WAY_STOPPED;
	return true;
}

static void seize_failed(const struct capture_wish *wish, struct capture *ret, int error)
{
	struct glance_miss miss;
	struct glancer glancer;
	bool traced = false;

	if (error == EPERM && glancer_open(PROC_FD, wish->pid, wish->tid, &glancer, &miss) == 0) {
		traced = glance_tracer(&glancer) > 0;
		glancer_close(&glancer);
	}
	capture_fail(ret, sight_of_errno(error), traced ? "tracer" : "stop", error);
}

/* False: end this process. */
static bool task_hold(struct tracer *tracer, struct holding *holding)
{
	const struct capture_wish *wish = &holding->wish;
	struct capture *ret = &holding->capture;
	int64_t began_ns;
	int r, error = 0;
	bool well;

	*ret = (struct capture){ 0 };
	r = stack_source_open(&tracer->source, wish->pid, wish->tid, &error);
	if (r) {
		capture_fail(ret, r < 0 ? SIGHT_STRANGE : r, "memory", error);
		return true;
	}
	/* Nothing comes between this and the stop: it may not be so any more. */
	if (task_check(tracer, holding) != 0)
		return true;
	if (ptrace(PTRACE_SEIZE, wish->tid, 0, 0) < 0) {
		seize_failed(wish, ret, errno);
		return true;
	}
	began_ns = door_now_ns();
	atomic_store(&holding->held_ns, began_ns);
	if (ptrace(PTRACE_INTERRUPT, wish->tid, 0, 0) < 0) {
		capture_fail(ret, sight_of_errno(errno), "stop", errno);
		well = false;
	} else {
		well = task_read(tracer, holding, began_ns);
	}
	if (well)
		atomic_store(&holding->held_ns, 0);
	return well;
}

static void __attribute__((__noreturn__)) tracer_live(void *pages, const struct door *door, const void *context)
{
	struct tracer tracer = { .source = { .proc_fd = PROC_FD, .pagemap = -1 } };
	struct holding *holding = pages;
	uint32_t seen = 0;
	bool well = true;
	(void)door;
	(void)context;

	tracer_settle(&tracer);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would announce no stop */
	while (well) {
		while (atomic_load(&holding->asked) == seen)
			bell_wait(&holding->asked, seen, -1);
		seen = atomic_load(&holding->asked);
		well = task_hold(&tracer, holding);
		atomic_store(&holding->leaves, !well);
		atomic_store(&holding->answered, seen);
		bell_wake(&holding->answered);
	}
	_exit(0);
}

const struct calling calling_tracer = { "wedge-tracer", sizeof(struct holding), tracer_live };
