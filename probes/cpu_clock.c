/* SPDX-License-Identifier: MIT */
/*
 * The clocks of CPUs, compared by a thread that visits them.
 *
 * It must be a thread (the whole of us would have to wait where a real-time task holds a
 * CPU) and must take no lock: the door may fork a helper while it still waits for such
 * a CPU.  So it uses system calls only, and its memory is its own, for the last one
 * to free.
 */
#include "cpu_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "state_parse.h"

enum { TRIES = 3, GOOD_ENOUGH_NS = 200000, SCHED_LENGTH = 4096 };

struct visit_cpus {
	atomic_int users;         /* us and the thread; the last one frees */
	atomic_size_t done;
	size_t count;
	struct cpu_clock clocks[];
};

/* Its own file, beside the door: that is not made for two at once. */
static int64_t own_exec_start(void)
{
	_cleanup_close_ int fd = open("/proc/thread-self/sched", O_RDONLY | O_CLOEXEC);
	char text[SCHED_LENGTH];
	int64_t exec_start;
	ssize_t n;

	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	return n < 0 || sched_parse(text, (size_t)n, &exec_start) ? UNSEEN : exec_start;
}

/*
 * sched_yield(2) brings exec_start up to date: it is from between the two readings of
 * the clock, unless somebody else ran here meanwhile; then they are far apart.
 */
static void clock_read(struct cpu_clock *clock)
{
	int64_t before_ns, after_ns, exec_start;
	unsigned i;

	for (i = 0; i < TRIES; i++) {
		before_ns = door_now_ns();
		sched_yield();
		after_ns = door_now_ns();
		exec_start = own_exec_start();
		if (exec_start == UNSEEN)
			return;
		if (clock->offset_ns == UNSEEN || after_ns - before_ns < clock->error_ns) {
			clock->offset_ns = after_ns - exec_start;
			clock->error_ns = after_ns - before_ns;
		}
		if (clock->error_ns < GOOD_ENOUGH_NS)
			return;
	}
}

static bool cpu_enter(int32_t cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return false;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static void let_go(struct visit_cpus *visit)
{
	if (atomic_fetch_sub(&visit->users, 1) == 1)
		free(visit);
}

static void *visit_all(void *context)
{
	struct visit_cpus *visit = context;
	size_t i;

	for (i = 0; i < visit->count && atomic_load(&visit->users) > 1; i++) {
		if (cpu_enter(visit->clocks[i].cpu))
			clock_read(&visit->clocks[i]);
		atomic_store(&visit->done, i + 1);
	}
	let_go(visit);
	return NULL;
}

int cpu_clock_compare(struct cpu_clock *clocks, size_t count)
{
	struct visit_cpus *visit;
	struct timespec until;
	pthread_t thread;
	size_t i, done;

	for (i = 0; i < count; i++)
		clocks[i].offset_ns = clocks[i].error_ns = UNSEEN;
	visit = calloc(1, sizeof(*visit) + count * sizeof(*clocks));
	if (!visit)
		return -ENOMEM;
	atomic_init(&visit->users, 2);
	visit->count = count;
	for (i = 0; i < count; i++)
		visit->clocks[i] = clocks[i];
	if (pthread_create(&thread, NULL, visit_all, visit) != 0) {
		free(visit);
		return 0;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (BOUND_CALIBRATE_MS % 1000) * 1000000;
	until.tv_sec += BOUND_CALIBRATE_MS / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_timedjoin_np(thread, NULL, &until) != 0)
		pthread_detach(thread);
	done = atomic_load(&visit->done);
	for (i = 0; i < done; i++)
		clocks[i] = visit->clocks[i];
	let_go(visit);
	return 0;
}
