/* SPDX-License-Identifier: MIT */
/*
 * What the rooms behind capture.h share: capture.c decides, nostop.c reads beside, hold.c has
 * tracer.c read from a task that is held.  Nobody else includes this.
 */
#ifndef CAPTURE_INNER_H
#define CAPTURE_INNER_H

#include "bounds.h"
#include "capture.h"
#include "glance.h"
#include "helpers.h"
#include "stackcopy.h"

struct capturer {
	int proc_fd;
	struct stack_source source;
	uint8_t *stack;           /* BOUND_STACK_BYTES, of what is read beside */
	struct helpers tracers;   /* one at a time */
};

/** A capture that came to nothing.  -errno is handed on, else 0. */
int capture_fail(struct capture *capture, int sight, const char *detail, int error);
/** Does it stand so that it may be stopped, and takes no harm? */
bool may_stop(const struct capture_wish *wish, const struct standing *standing, const struct call *call,
	      const struct glancer *glancer);
/** The registers say that it is a 32-bit program, or leave it open and the program's auxv says so. */
bool is_narrow(int proc_fd, pid_t pid, const struct registers *registers);

static inline size_t stack_most(const struct capture_wish *wish)
{
	return wish->deep ? BOUND_STACK_BYTES : BOUND_STACK_STEP;
}

/** Read beside one that has not run since it was seen asleep; SIGHT_MOVED: perhaps it has, look again.  0 or -errno. */
int capture_asleep(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer,
		   struct capture *ret);
/** Read beside; ret->sight says how it went: SIGHT_MOVED when it ran at every try, and for so long.  *call: as seen last.  0 or -errno. */
int capture_unstopped(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer,
		      int64_t patience_ns, struct call *call, struct capture *ret);
/**
 * Have it held.  SIGHT_MOVED: it came to stand so that it may not be stopped, or did not sleep just so often
 * any more (UNSEEN: that does not matter).  0 or -errno.
 */
int capture_held(struct capturer *capturer, const struct capture_wish *wish, int64_t sleeps, struct capture *ret);

/* ---- hold.c and tracer.c --------------------------------------------------------- */

/** Pages shared with the process that traces. */
struct holding {
	_Atomic uint32_t asked, answered; /* numbers of questions; futexes */
	_Atomic int64_t held_ns;          /* since when a task is in its hands; 0 none is */
	_Atomic uint32_t leaves;          /* it ends behind this answer, and so lets go */
	struct capture_wish wish;
	int64_t sleeps;
	struct capture capture;           /* its .stack is ours below; .detail lies in both of us alike */
	uint8_t stack[BOUND_STACK_BYTES];
};
extern const struct calling calling_tracer; /* tracer.c */

#endif
