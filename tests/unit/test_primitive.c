/* SPDX-License-Identifier: MIT */
/* What the names of functions say about a wait on a word of memory. */
#include <criterion/criterion.h>
#include <string.h>

#include "make.h"
#include "primitive.h"

static struct made m;
static struct task_ix task;

static void setup(void)
{
	made_init(&m);
	task = make_leader(&m, make_process(&m, 100, 0));
}

static void teardown(void)
{
	made_deinit(&m);
}

TestSuite(primitive, .init = setup, .fini = teardown);

Test(primitive, names)
{
	static const struct { const char *function; enum primitive primitive; } rows[] = {
		{ "pthread_cond_wait", PRIMITIVE_CONDITION },
		{ "pthread_cond_wait@@GLIBC_2.3.2", PRIMITIVE_CONDITION },
		{ "___pthread_cond_wait", PRIMITIVE_CONDITION },
		{ "__pthread_cond_wait_common", PRIMITIVE_CONDITION },
		{ "pthread_cond_timedwait", PRIMITIVE_CONDITION },
		{ "pthread_cond_clockwait", PRIMITIVE_CONDITION },
		{ "pthread_cond_signal", PRIMITIVE_NONE },
		{ "pthread_cond_destroy", PRIMITIVE_NONE },
		{ "pthread_mutex_lock", PRIMITIVE_MUTEX },
		{ "__GI___pthread_mutex_lock", PRIMITIVE_MUTEX },
		{ "___pthread_mutex_lock", PRIMITIVE_MUTEX },
		{ "pthread_mutex_unlock", PRIMITIVE_NONE },
		{ "pthread_mutex_trylock", PRIMITIVE_NONE },
		{ "__lll_lock_wait_private", PRIMITIVE_MUTEX },
		{ "__lll_unlock_wake", PRIMITIVE_NONE },
		{ "pthread_rwlock_wrlock", PRIMITIVE_RWLOCK },
		{ "pthread_rwlock_timedrdlock", PRIMITIVE_RWLOCK },
		{ "pthread_rwlock_unlock", PRIMITIVE_NONE },
		{ "sem_wait", PRIMITIVE_SEMAPHORE },
		{ "__new_sem_wait_slow64.constprop.0", PRIMITIVE_SEMAPHORE },
		{ "sem_clockwait@@GLIBC_2.34", PRIMITIVE_SEMAPHORE },
		{ "sem_post", PRIMITIVE_NONE },
		{ "sem_trywait", PRIMITIVE_NONE },
		{ "pthread_join", PRIMITIVE_JOIN },
		{ "__pthread_clockjoin_ex", PRIMITIVE_JOIN },
		{ "pthread_tryjoin_np", PRIMITIVE_NONE },
		{ "pthread_barrier_wait", PRIMITIVE_BARRIER },
		{ "__pthread_once_slow", PRIMITIVE_ONCE },
		{ "__cxa_guard_acquire", PRIMITIVE_ONCE },
		{ "pthread_spin_lock", PRIMITIVE_SPIN },
		{ "std::condition_variable::wait(std::unique_lock<std::mutex>&)", PRIMITIVE_CONDITION },
		{ "std::__1::condition_variable::__do_timed_wait(std::__1::unique_lock<std::__1::mutex>&)",
		  PRIMITIVE_CONDITION },
		{ "std::condition_variable::notify_one()", PRIMITIVE_NONE },
		{ "std::mutex::lock()", PRIMITIVE_MUTEX },
		{ "std::mutex::unlock()", PRIMITIVE_NONE },
		{ "std::shared_timed_mutex::lock_shared()", PRIMITIVE_RWLOCK },
		{ "std::thread::join()", PRIMITIVE_JOIN },
		{ "std::sys::unix::locks::futex_mutex::Mutex::lock_contended", PRIMITIVE_MUTEX },
		{ "std::sync::mutex::Mutex<T>::lock", PRIMITIVE_MUTEX },
		{ "std::sys::sync::condvar::futex::Condvar::wait_optional_timeout", PRIMITIVE_CONDITION },
		{ "std::sys::sync::rwlock::futex::RwLock::read_contended", PRIMITIVE_RWLOCK },
		{ "std::thread::JoinHandle<T>::join", PRIMITIVE_JOIN },
		{ "std::sync::mpsc::Receiver<T>::recv", PRIMITIVE_CONDITION },
		{ "runtime.notesleep", PRIMITIVE_CONDITION },
		{ "runtime.lock2", PRIMITIVE_MUTEX },
		{ "runtime.unlock2", PRIMITIVE_NONE },
		{ "runtime.lockextra", PRIMITIVE_NONE },
		{ "take_gil", PRIMITIVE_MUTEX },
		{ "uv_cond_wait", PRIMITIVE_CONDITION },
		{ "cnd_wait_for_nobody", PRIMITIVE_NONE },
		{ "epoll_wait", PRIMITIVE_NONE },
		{ "clock_nanosleep", PRIMITIVE_NONE },
		{ "main", PRIMITIVE_NONE },
		{ "my_sem_wait", PRIMITIVE_NONE },
		{ "_", PRIMITIVE_NONE },
		{ "____", PRIMITIVE_NONE },
		{ "", PRIMITIVE_NONE },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(primitive_of(rows[i].function, strlen(rows[i].function)), rows[i].primitive, "%s",
			     rows[i].function);
}

/* A name of a target may be long, and full of what makes a matcher try again. */
Test(primitive, hostile_names)
{
	static char name[60000];
	size_t i;

	memset(name, ':', sizeof(name));
	cr_expect_eq(primitive_of(name, sizeof(name)), PRIMITIVE_NONE);
	for (i = 0; i + 5 <= sizeof(name); i += 5)
		memcpy(name + i, "std::", 5);
	cr_expect_eq(primitive_of(name, sizeof(name)), PRIMITIVE_NONE);
	memset(name, '_', sizeof(name));
	cr_expect_eq(primitive_of(name, sizeof(name)), PRIMITIVE_NONE);
	memset(name, '%', sizeof(name));
	cr_expect_eq(primitive_of(name, sizeof(name)), PRIMITIVE_NONE);
	cr_expect_eq(primitive_of("sem_wait\0x", 10), PRIMITIVE_SEMAPHORE);
}

#define LIBC "/lib/x86_64-linux-gnu/libc.so.6"
#define CXX "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"

static const char *name_of(struct frame_ix frame)
{
	cr_assert_neq(frame.at, NO_ROW);
	return snapshot_bytes(&m.snapshot, site_at(&m.snapshot, frame_at(&m.snapshot, frame)->site)->function);
}

Test(primitive, the_outermost_says_most)
{
	struct frame_ix at = make_line(&m, make_line(&m, MADE_NO_FRAME, "main", 10), "drain", 31), found;

	at = make_frame(&m, at, CXX, "std::condition_variable::wait(std::unique_lock<std::mutex>&)", 0x10);
	at = make_frame(&m, at, LIBC, "pthread_cond_wait", 0x20);
	at = make_frame(&m, at, LIBC, NULL, 0x30);
	make_stack(&m, task, 0, at);
	made_build(&m);
	cr_expect_eq(task_primitive(&m.scene, task, &found), PRIMITIVE_CONDITION);
	cr_expect_str_eq(name_of(found), "std::condition_variable::wait(std::unique_lock<std::mutex>&)");
}

/* The lock of the interpreter is a mutex, though a condition variable stands behind it. */
Test(primitive, the_interpreters_lock)
{
	struct frame_ix at = make_frame(&m, MADE_NO_FRAME, "/usr/bin/python3.11", "_PyEval_EvalFrameDefault", 0x10);

	at = make_frame(&m, at, "/usr/bin/python3.11", "take_gil", 0x20);
	at = make_frame(&m, at, LIBC, "pthread_cond_timedwait", 0x30);
	make_stack(&m, task, 0, at);
	made_build(&m);
	cr_expect_eq(task_primitive(&m.scene, task, NULL), PRIMITIVE_MUTEX);
}

/* What the program was doing when it called what sleeps says nothing of the sleep. */
Test(primitive, beyond_the_program_nothing_counts)
{
	struct frame_ix at = make_frame(&m, MADE_NO_FRAME, LIBC, "pthread_once", 0x10), found;

	at = make_line(&m, at, "init", 12);
	at = make_frame(&m, at, LIBC, "clock_nanosleep", 0x20);
	make_stack(&m, task, 0, at);
	made_build(&m);
	cr_expect_eq(task_primitive(&m.scene, task, &found), PRIMITIVE_NONE);
	cr_expect_eq(found.at, NO_ROW);
}

Test(primitive, no_stack)
{
	made_build(&m);
	cr_expect_eq(task_primitive(&m.scene, task, NULL), PRIMITIVE_NONE);
}

Test(primitive, all_have_names)
{
	int i;

	for (i = PRIMITIVE_NONE + 1; i < PRIMITIVES; i++) {
		cr_expect_not_null(primitive_names[i]);
		cr_expect_not_null(primitive_words[i]);
	}
}
