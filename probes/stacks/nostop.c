/* SPDX-License-Identifier: MIT */
/*
 * A stack read beside a task that sleeps.  What it sleeps in and how long it ever ran are compared before
 * and after: if they are the same it did not run, and what was read belongs together.
 */
#include <sched.h>
#include <time.h>

#include "capture_inner.h"
#include "door.h"
#include "registers.h"
#include "restart.h"

enum { NAP_NS = 100000 };

/* The stack of one that was seen so before.  0, SIGHT_MOVED, another sight, or -errno. */
static int copy_still(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer,
		      const struct glance *before, struct capture *ret, struct glance_miss *miss)
{
	struct stack_copy copy;
	struct glance after;
	int r;

	registers_of_call(&before->call, &ret->registers);
	miss->detail = "memory";
	r = stack_copy(&capturer->source, wish->pid, wish->tid,
		       &(struct stack_wish){ .pointer = before->call.sp, .most = stack_most(wish) },
		       capturer->stack, &copy, &miss->error);
	if (r)
		return r;
	ret->when_ns = door_now_ns();
	ret->stack = capturer->stack;
	ret->stack_at = copy.at;
	ret->stack_length = copy.length;
	ret->cut = copy.cut;
	r = glance(glancer, &after, miss);
	if (r)
		return r;
	return glance_same(before, &after) ? 0 : SIGHT_MOVED;
}

/* One try.  *call: as seen, but the first that would not restart stays.  0, SIGHT_MOVED, another sight, or -errno. */
static int try(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer, struct call *call,
	       struct capture *ret, struct glance_miss *miss)
{
	struct glance before;
	int r;

	before.call.number = CALL_UNSEEN;
	r = glance(glancer, &before, miss);
	if (call_restarts(call))
		*call = before.call;
	return r ? r : copy_still(capturer, wish, glancer, &before, ret, miss);
}

static int taken_beside(const struct capturer *capturer, const struct capture_wish *wish, struct capture *ret)
{
	if (is_narrow(capturer->proc_fd, wish->pid, &ret->registers))
		return capture_fail(ret, SIGHT_UNSUPPORTED, "registers", 0);
	ret->sight = SIGHT_OK;
	ret->way = WAY_UNSTOPPED;
	return 0;
}

int capture_asleep(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer,
		   struct capture *ret)
{
	struct glance_miss miss = { "syscall", 0 };
	const int r = copy_still(capturer, wish, glancer, wish->asleep, ret, &miss);

	if (r < 0)
		return r;
	return r ? capture_fail(ret, SIGHT_MOVED, miss.detail, miss.error) : taken_beside(capturer, wish, ret);
}

int capture_unstopped(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer,
		      int64_t patience_ns, struct call *call, struct capture *ret)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	const int64_t end_ns = patience_ns ? door_now_ns() + patience_ns : 0;
	struct glance_miss miss;
	int tries, r = SIGHT_MOVED;

	for (tries = 0; r == SIGHT_MOVED && (tries < BOUND_UNSTOPPED_TRIES || (end_ns && door_now_ns() < end_ns)); tries++) {
		if (tries >= BOUND_UNSTOPPED_TRIES)
			nanosleep(&nap, NULL);
		else if (tries > 0)
			sched_yield();
		miss = (struct glance_miss){ "syscall", 0 };
		r = try(capturer, wish, glancer, call, ret, &miss);
	}
	if (r)
		return capture_fail(ret, r, miss.detail, miss.error);
	return taken_beside(capturer, wish, ret);
}
