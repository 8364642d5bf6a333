/* SPDX-License-Identifier: MIT */
/* Functions that wait for another thread, and what for. */
#include "primitive.h"

#include <stdbool.h>
#include <string.h>

#include "telling.h"

enum { FRAMES_TRIED = 64 };

const char *const primitive_names[PRIMITIVES] = {
	[PRIMITIVE_MUTEX] = "mutex",         [PRIMITIVE_RWLOCK] = "rwlock",
	[PRIMITIVE_CONDITION] = "condition", [PRIMITIVE_SEMAPHORE] = "semaphore",
	[PRIMITIVE_JOIN] = "join",           [PRIMITIVE_BARRIER] = "barrier",
	[PRIMITIVE_ONCE] = "once",           [PRIMITIVE_SPIN] = "spinlock",
};

const char *const primitive_words[PRIMITIVES] = {
	[PRIMITIVE_MUTEX] = "a mutex",                  [PRIMITIVE_RWLOCK] = "a readers-writer lock",
	[PRIMITIVE_CONDITION] = "a condition variable", [PRIMITIVE_SEMAPHORE] = "a semaphore",
	[PRIMITIVE_JOIN] = "the end of a thread",       [PRIMITIVE_BARRIER] = "a barrier",
	[PRIMITIVE_ONCE] = "a one-time initialization", [PRIMITIVE_SPIN] = "a spin lock",
};

/*
 * '%' stands for anything.  A name may go on behind its pattern with a version, a clone's number,
 * arguments.  What tries a lock or gives it back waits for nobody and is not here.
 */
static const struct row {
	const char *pattern;
	enum primitive primitive;
} rows[] = {
	/* glibc, musl: less underscores and "GI_" */
	{ "pthread_cond_%wait%", PRIMITIVE_CONDITION },
	{ "pthread_mutex_lock%", PRIMITIVE_MUTEX },
	{ "pthread_mutex_timedlock%", PRIMITIVE_MUTEX },
	{ "pthread_mutex_clocklock%", PRIMITIVE_MUTEX },
	{ "pthread_mutex_cond_lock%", PRIMITIVE_MUTEX },
	{ "lll_lock_wait%", PRIMITIVE_MUTEX },
	{ "lll_clocklock_wait%", PRIMITIVE_MUTEX },
	{ "pthread_rwlock_%rdlock%", PRIMITIVE_RWLOCK },
	{ "pthread_rwlock_%wrlock%", PRIMITIVE_RWLOCK },
	{ "sem_wait%", PRIMITIVE_SEMAPHORE },
	{ "sem_timedwait%", PRIMITIVE_SEMAPHORE },
	{ "sem_clockwait%", PRIMITIVE_SEMAPHORE },
	{ "new_sem_wait%", PRIMITIVE_SEMAPHORE },
	{ "pthread_join%", PRIMITIVE_JOIN },
	{ "pthread_timedjoin%", PRIMITIVE_JOIN },
	{ "pthread_clockjoin%", PRIMITIVE_JOIN },
	{ "pthread_barrier_wait%", PRIMITIVE_BARRIER },
	{ "pthread_once%", PRIMITIVE_ONCE },
	{ "pthread_spin_lock%", PRIMITIVE_SPIN },
	{ "cnd_wait", PRIMITIVE_CONDITION },
	{ "cnd_timedwait", PRIMITIVE_CONDITION },
	{ "mtx_lock", PRIMITIVE_MUTEX },
	{ "mtx_timedlock", PRIMITIVE_MUTEX },
	{ "thrd_join", PRIMITIVE_JOIN },
	{ "cxa_guard_acquire", PRIMITIVE_ONCE },
	/* C++ */
	{ "%std::%condition_variable%::%wait%", PRIMITIVE_CONDITION },
	{ "%std::__atomic_futex_unsigned_base::%wait%", PRIMITIVE_CONDITION },
	{ "%std::%_State_base%::wait%", PRIMITIVE_CONDITION },
	{ "%std::%shared_%mutex::%lock%", PRIMITIVE_RWLOCK },
	{ "%std::%mutex::lock%", PRIMITIVE_MUTEX },
	{ "%std::%unique_lock<%>::lock%", PRIMITIVE_MUTEX },
	{ "%std::%thread::join%", PRIMITIVE_JOIN },
	{ "%std::%counting_semaphore%::%acquire%", PRIMITIVE_SEMAPHORE },
	{ "%std::%call_once%", PRIMITIVE_ONCE },
	{ "%Spin%ock::lock%", PRIMITIVE_SPIN },
	{ "%Spin%ock::Lock%", PRIMITIVE_SPIN },
	{ "%SpinLock::SlowLock%", PRIMITIVE_SPIN },
	{ "%absl::%Mutex::%Lock%", PRIMITIVE_MUTEX },
	{ "%absl::%CondVar::Wait%", PRIMITIVE_CONDITION },
	/* Rust */
	{ "%Condvar::wait%", PRIMITIVE_CONDITION },
	{ "%Mutex::lock%", PRIMITIVE_MUTEX },
	{ "%Mutex<%>::lock%", PRIMITIVE_MUTEX },
	{ "%RwLock::read%", PRIMITIVE_RWLOCK },
	{ "%RwLock::write%", PRIMITIVE_RWLOCK },
	{ "%RwLock<%>::read%", PRIMITIVE_RWLOCK },
	{ "%RwLock<%>::write%", PRIMITIVE_RWLOCK },
	{ "%RawRwLock::lock_%", PRIMITIVE_RWLOCK },
	{ "%std::thread::%JoinHandle%::join%", PRIMITIVE_JOIN },
	{ "%std::thread::%JoinInner%::join%", PRIMITIVE_JOIN },
	{ "std::thread::park%", PRIMITIVE_CONDITION },
	{ "std::sync::mp%::recv%", PRIMITIVE_CONDITION },
	{ "%std::sync::barrier::Barrier::wait%", PRIMITIVE_BARRIER },
	{ "%std::sync::once%call%", PRIMITIVE_ONCE },
	{ "tokio::runtime::%park%", PRIMITIVE_CONDITION },
	/* Go: what its threads wait on; goroutines wait on no thread of their own */
	{ "runtime.notesleep", PRIMITIVE_CONDITION },
	{ "runtime.notetsleep%", PRIMITIVE_CONDITION },
	{ "runtime.lock", PRIMITIVE_MUTEX },
	{ "runtime.lock2", PRIMITIVE_MUTEX },
	{ "runtime.lockWithRank", PRIMITIVE_MUTEX },
	/* interpreters and libraries */
	{ "take_gil", PRIMITIVE_MUTEX },
	{ "PyMutex_Lock%", PRIMITIVE_MUTEX },
	{ "ObjectMonitor::wait%", PRIMITIVE_CONDITION },
	{ "ObjectMonitor::enter%", PRIMITIVE_MUTEX },
	{ "ObjectMonitor::EnterI%", PRIMITIVE_MUTEX },
	{ "Monitor::wait%", PRIMITIVE_CONDITION },
	{ "Parker::park%", PRIMITIVE_CONDITION },
	{ "uv_cond_wait", PRIMITIVE_CONDITION },
	{ "uv_cond_timedwait", PRIMITIVE_CONDITION },
	{ "uv_mutex_lock", PRIMITIVE_MUTEX },
	{ "uv_rwlock_rdlock", PRIMITIVE_RWLOCK },
	{ "uv_rwlock_wrlock", PRIMITIVE_RWLOCK },
	{ "uv_sem_wait", PRIMITIVE_SEMAPHORE },
	{ "uv_thread_join", PRIMITIVE_JOIN },
	{ "uv_barrier_wait", PRIMITIVE_BARRIER },
	{ "g_cond_wait%", PRIMITIVE_CONDITION },
	{ "g_mutex_lock%", PRIMITIVE_MUTEX },
	{ "g_rw_lock_reader_lock", PRIMITIVE_RWLOCK },
	{ "g_rw_lock_writer_lock", PRIMITIVE_RWLOCK },
	{ "g_async_queue_pop%", PRIMITIVE_CONDITION },
	{ "g_async_queue_timeout_pop%", PRIMITIVE_CONDITION },
	{ "g_thread_join", PRIMITIVE_JOIN },
	{ "gomp_%barrier_wait%", PRIMITIVE_BARRIER },
	{ "gomp_sem_wait%", PRIMITIVE_SEMAPHORE },
	{ "gomp_mutex_lock%", PRIMITIVE_MUTEX },
};

/* Does all of the name match, but for what may follow it?  Without recursion: the last '%' takes more. */
static bool matches(const char *pattern, const char *name, size_t length)
{
	const char *again = NULL, *from = NULL, *end = name + length;

	while (name < end || *pattern) {
		if (*pattern == '%') {
			again = ++pattern;
			from = name;
			if (!*pattern)
				return true;
		} else if (name < end && *pattern && *name == *pattern) {
			name++;
			pattern++;
		} else if (!*pattern && memchr(".@(<[ ", *name, 6)) {
			return true;
		} else if (again && from < end) {
			name = ++from;
			pattern = again;
		} else {
			return false;
		}
	}
	return true;
}

static bool strip(const char **name, size_t *length, const char *what)
{
	size_t known = strlen(what);

	if (*length <= known || memcmp(*name, what, known) != 0)
		return false;
	*name += known;
	*length -= known;
	return true;
}

enum primitive primitive_of(const char *function, size_t length)
{
	size_t i;

	/* "__GI___pthread_mutex_lock" */
	while (strip(&function, &length, "_") || strip(&function, &length, "GI_"))
		;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (matches(rows[i].pattern, function, length))
			return rows[i].primitive;
	return PRIMITIVE_NONE;
}

enum primitive site_primitive_of(const struct snapshot *snapshot, struct site_ix site)
{
	const struct site *it = site_at(snapshot, site);

	if (it->kind == FRAME_KERNEL || !text_seen(it->function))
		return PRIMITIVE_NONE;
	return primitive_of(snapshot_bytes(snapshot, it->function), it->function.length);
}

enum primitive stack_primitive(const struct scene *scene, struct frame_ix innermost, struct frame_ix *at)
{
	enum primitive ret = PRIMITIVE_NONE, one;
	struct frame_ix step = innermost;
	const struct frame *frame;
	unsigned tried;

	if (at)
		at->at = NO_ROW;
	for (tried = 0; step.at != NO_ROW && tried < FRAMES_TRIED; step = frame->caller, tried++) {
		frame = frame_at(scene->snapshot, step);
		one = (enum primitive)scene->site_primitive[frame->site.at];
		if (one != PRIMITIVE_NONE) {
			ret = one;
			if (at)
				*at = step;
		} else if (scene->site_part[frame->site.at] >= (ret ? PART_INTERPRETER : PART_PROGRAM)) {
			break;
		}
	}
	return ret;
}

enum primitive task_primitive(const struct scene *scene, struct task_ix task, struct frame_ix *at)
{
	const struct stack *stack = newest_stack(scene, task);
	const struct frame_ix none = { NO_ROW };

	return stack_primitive(scene, stack ? stack->innermost : none, at);
}
