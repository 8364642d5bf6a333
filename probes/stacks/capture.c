/* SPDX-License-Identifier: MIT */
/*
 * Which way a stack is taken: beside the task where that is enough, from its own hands only if it
 * must be and takes no harm.
 */
#include "capture_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "door.h"
#include "restart.h"
#include "settle.h"
#include "stat.h"

int capturer_open(struct capturer **ret)
{
	_cleanup_free_ struct capturer *capturer = calloc(1, sizeof(*capturer));
	void *stack;

	if (!capturer)
		return -ENOMEM;
	capturer->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (capturer->proc_fd < 0)
		return -errno;
	capturer->source = (struct stack_source){ .proc_fd = capturer->proc_fd, .pagemap = -1 };
	stack = malloc(BOUND_STACK_BYTES);
	if (!stack) {
		close(capturer->proc_fd);
		return -ENOMEM;
	}
	capturer->stack = stack;
	*ret = capturer;
	capturer = NULL;
	return 0;
}

struct capturer *capturer_close(struct capturer *capturer)
{
	if (!capturer)
		return NULL;
	helpers_deinit(&capturer->tracers);
	stack_source_close(&capturer->source);
	close(capturer->proc_fd);
	free(capturer->stack);
	free(capturer);
	return NULL;
}

int capture_fail(struct capture *capture, int sight, const char *detail, int error)
{
	const int64_t stopped_ns = capture->stopped_ns;

	if (sight < 0)
		return sight;
	*capture = (struct capture){
		.sight = (uint8_t)sight, .error = error, .detail = detail, .stopped_ns = stopped_ns,
		.when_ns = door_now_ns(), .way = WAY_NONE,
	};
	return 0;
}

bool is_narrow(int proc_fd, pid_t pid, const struct registers *registers)
{
	char path[32], text[1024];
	ssize_t n;

	if (registers->word[REGISTER_STACK] > UINT32_MAX || registers->word[REGISTER_PC] > UINT32_MAX)
		return false;
	snprintf(path, sizeof(path), "%d/auxv", pid);
	_cleanup_close_ int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	return n > 0 && auxv_bits(text, (size_t)n) == 32;
}

static bool descriptor_restarts(const struct glancer *glancer, int descriptor)
{
	char path[32], link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "fd/%d", descriptor);
	n = readlinkat(glancer->directory, path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	return read_restarts(link);
}

/*
 * After a stop the kernel may return by iret, which takes no such stack pointer: the task dies of it.
 * sysret, by which it would have gone on, does not look.
 */
static bool pointer_returns(uint64_t pointer)
{
#if defined(__x86_64__)
	return (uint64_t)((int64_t)(pointer << 16) >> 16) == pointer;
#else
	(void)pointer;
	return true;
#endif
}

bool may_stop(const struct capture_wish *wish, const struct standing *standing, const struct call *call,
	      const struct glancer *glancer)
{
	const int descriptor = call_descriptor(call);

	if (wish->stop == STOP_NEVER || (call->number >= CALL_OUTSIDE && !pointer_returns(call->sp)))
		return false;
	switch (standing->state) {
	case 'R': /* it may have fallen asleep since */
	case 'S':
		return wish->stop == STOP_ALWAYS || call_restarts(call) ||
		       (descriptor >= 0 && descriptor_restarts(glancer, descriptor));
	case 'T': /* its call is interrupted by that stop already */
		return true;
	}
	return false; /* D stops when it wakes, t is another's */
}

/* Catch it asleep, if it may not be stopped; patiently, if it sleeps now and then. */
static int restless_capture(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer,
			    bool runs, struct capture *ret)
{
	struct call call = { .number = CALL_RUNNING };

	if (wish->held_only)
		return capture_fail(ret, SIGHT_MOVED, "stop", 0);
	return capture_unstopped(capturer, wish, glancer, runs ? 0 : BOUND_PATIENT_MS * INT64_C(1000000), &call, ret);
}

static int running_capture(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer,
			   struct capture *ret)
{
	struct call call = { .number = CALL_RUNNING };
	int64_t sleeps = UNSEEN;
	const bool runs = wish->stop == STOP_ALWAYS || settle(glancer, &call, &sleeps);
	int r;

	if (wish->stop == STOP_NEVER || (!runs && !call_restarts(&call)))
		return restless_capture(capturer, wish, glancer, runs, ret);
	/* Where it was seen to sleep a stop does no harm: no matter how often it does. */
	r = capture_held(capturer, wish, runs ? sleeps : UNSEEN, ret);
	if (r < 0 || ret->sight != SIGHT_MOVED)
		return r;
	return restless_capture(capturer, wish, glancer, false, ret);
}

/* Beside it, and if that is not enough by having it held. */
static int task_capture(struct capturer *capturer, const struct capture_wish *wish, const struct standing *standing,
			struct glancer *glancer, struct capture *ret)
{
	struct call call = { .number = CALL_RUNNING };
	int r;

	if (standing->state == 'R')
		return running_capture(capturer, wish, glancer, ret);
	if (wish->held_only) /* asleep, or it is left alone; the one who traces looks for himself */
		return wish->stop == STOP_NEVER ? capture_fail(ret, SIGHT_MOVED, "stop", 0) :
						  capture_held(capturer, wish, UNSEEN, ret);
	r = capture_unstopped(capturer, wish, glancer, 0, &call, ret);
	if (r < 0)
		return r;
	ret->could_stop = may_stop(wish, standing, &call, glancer);
	if (ret->sight != SIGHT_MOVED)
		return 0;
	return running_capture(capturer, wish, glancer, ret);
}

/* Without asking again who it is and how it stands: time that it never spent running tells. */
static int asleep_capture(struct capturer *capturer, const struct capture_wish *wish, struct glancer *glancer,
			  struct capture *ret)
{
	const struct standing standing = { .state = 'S' };
	const int r = capture_asleep(capturer, wish, glancer, ret);

	if (r == 0 && ret->sight == SIGHT_OK)
		ret->could_stop = may_stop(wish, &standing, &wish->asleep->call, glancer);
	return r;
}

static int wish_capture(struct capturer *capturer, const struct capture_wish *wish, struct capture *ret)
{
	struct glance_miss miss = { "task", 0 };
	struct standing standing;
	struct glancer glancer;
	int r;

	*ret = (struct capture){ 0 };
	r = glancer_open(capturer->proc_fd, wish->pid, wish->tid, &glancer, &miss);
	if (r == 0 && wish->asleep && !wish->held_only) {
		r = asleep_capture(capturer, wish, &glancer, ret);
		if (r < 0 || ret->sight != SIGHT_MOVED) {
			glancer_close(&glancer);
			return r;
		}
	}
	if (r == 0)
		r = glance_standing(&glancer, &standing, &miss);
	if (r == 0 && standing.start_ticks != wish->start_ticks)
		r = SIGHT_GONE;
	if (r)
		r = capture_fail(ret, r, miss.detail, miss.error);
	else if (standing.state == 'Z' || standing.state == 'X' || (standing.flags & STAT_KERNEL_THREAD))
		ret->when_ns = door_now_ns(); /* no user stack at all */
	else
		r = task_capture(capturer, wish, &standing, &glancer, ret);
	glancer_close(&glancer);
	return r;
}

int capture(struct capturer *capturer, const struct capture_wish *wishes, size_t count,
	    int (*take)(void *context, size_t which, const struct capture *capture), void *context)
{
	struct capture ret;
	size_t i;
	int r = 0;

	for (i = 0; i < count && r == 0; i++) {
		r = wish_capture(capturer, &wishes[i], &ret);
		if (r == 0)
			r = take(context, i, &ret);
	}
	return r;
}
