/* SPDX-License-Identifier: MIT */
/* Whose stacks are taken, in which order, how often. */
#include <criterion/criterion.h>

#include "bounds.h"
#include "closer.h"
#include "make.h"

static struct made m;
static struct report report;
static struct closer closer;

static void setup(void)
{
	made_init(&m);
}

static void teardown(void)
{
	made_deinit(&m);
}

TestSuite(closer, .init = setup, .fini = teardown);

static void look(bool all, int32_t samples)
{
	made_build(&m);
	cr_assert_eq(judge(&m.scene, &m.graph, true, &report), 0);
	cr_assert_eq(closer_wanted(&report, all, samples, &m.arena, &closer), 0);
}

static int32_t tid(uint32_t at)
{
	cr_assert_lt(at, closer.count);
	return task_at(&m.snapshot, closer.tasks[at])->tid;
}

static bool has(int32_t wanted)
{
	uint32_t i;

	for (i = 0; i < closer.count; i++)
		if (tid(i) == wanted)
			return true;
	return false;
}

/* 100 reads from a pipe whose only writer, 101, sleeps. */
static void make_reader_and_sleeper(struct process_ix *reader, struct process_ix *sleeper)
{
	struct object_ix pipe = make_pipe(&m, 7);

	*reader = make_process(&m, 100, 0);
	*sleeper = make_process(&m, 101, 100);
	make_fd(&m, *reader, 3, pipe, O_RDONLY);
	make_fd(&m, *sleeper, 1, pipe, O_WRONLY);
	make_call(&m, make_leader(&m, *reader), "read", 3, 0x1000, 4096, 0, 0, 0);
	make_sleep(&m, make_leader(&m, *sleeper), 100000, 0);
}

Test(closer, culprit_then_victim)
{
	struct process_ix reader, sleeper;

	make_reader_and_sleeper(&reader, &sleeper);
	make_task(&m, reader, 150); /* beside the one that waits: not asked */
	make_process(&m, 102, 100);
	look(false, 1);
	cr_assert_eq(closer.count, 2);
	cr_assert_eq(tid(0), 101);
	cr_assert_eq(tid(1), 100);
	cr_assert_eq(closer.samples[0], 1);
	cr_assert_eq(closer.samples[1], 1);
	cr_assert_eq(closer.left_out, 0);
}

Test(closer, the_waiting_thread_of_a_victim)
{
	struct process_ix reader, sleeper;
	struct task_ix thread;

	make_reader_and_sleeper(&reader, &sleeper);
	thread = make_task(&m, reader, 150);
	make_call(&m, thread, "read", 3, 0x1000, 4096, 0, 0, 0);
	make_call(&m, make_leader(&m, reader), "epoll_wait", 9, 0x1000, 4096, 0, 0, 0);
	look(false, 1);
	cr_assert(has(150));
	cr_assert(!has(100));
}

Test(closer, all_of_the_tree_after_those_who_matter)
{
	struct process_ix reader, sleeper, outside;

	make_reader_and_sleeper(&reader, &sleeper);
	make_task(&m, reader, 150);
	make_process(&m, 102, 100);
	outside = make_process(&m, 90, 1);
	process_at(&m.snapshot, outside)->flags = 0;
	process_at(&m.snapshot, outside)->joined = JOINED_HOLDER;
	look(true, 3);
	cr_assert_eq(closer.count, 4);
	cr_assert_eq(tid(0), 101);
	cr_assert_eq(tid(1), 100);
	cr_assert_eq(tid(2), 150);
	cr_assert_eq(tid(3), 102);
	cr_assert_eq(closer.samples[3], 3);
}

Test(closer, burning_tasks_are_looked_at_again_and_again)
{
	struct process_ix parent = make_process(&m, 100, 0), child = make_process(&m, 101, 100);

	make_call(&m, make_leader(&m, parent), "wait4", 101, 0, 0, 0, 0, 0);
	make_burning(&m, make_leader(&m, child));
	look(false, 1);
	cr_assert_eq(tid(0), 101);
	cr_assert_eq(closer.samples[0], BOUND_COMPARED);
	cr_assert_eq(tid(1), 100);
	cr_assert_eq(closer.samples[1], 1);
	look(false, 20);
	cr_assert_eq(closer.samples[0], 20);
}

Test(closer, what_works_is_left_alone)
{
	struct process_ix process = make_process(&m, 100, 0);

	make_burning(&m, make_leader(&m, process));
	make_io(&m, process, 1 << 20);
	look(false, 1);
	cr_assert_eq(report.findings[0].verdict, VERDICT_PROGRESSING);
	cr_assert_eq(closer.count, 0);
	look(true, 1);
	cr_assert_eq(closer.count, 1);
}

Test(closer, an_idle_target_is_looked_at)
{
	struct process_ix process = make_process(&m, 100, 0);

	make_sleep(&m, make_leader(&m, process), 5, 0);
	look(false, 1);
	cr_assert_eq(report.findings[0].verdict, VERDICT_IDLE);
	cr_assert_eq(closer.count, 1);
}

Test(closer, threads_beside_one_that_waits_on_a_word)
{
	struct process_ix process = make_process(&m, 100, 0);
	struct task_ix thread;

	make_call(&m, make_leader(&m, process), "futex", 0x5000, 0x80, 2, 0, 0, 0);
	thread = make_task(&m, process, 150);
	make_call(&m, thread, "futex", 0x6000, 0x80, 2, 0, 0, 0);
	look(false, 1);
	cr_assert_eq(tid(0), 100);
	cr_assert_eq(tid(1), 150);
	cr_assert_eq(closer.count, 2);
}

Test(closer, circles)
{
	struct process_ix one = make_process(&m, 100, 0), two = make_process(&m, 101, 100);
	struct process_ix watcher = make_process(&m, 99, 0);
	struct object_ix ends[2];

	process_at(&m.snapshot, watcher)->flags = PROCESS_IN_TREE;
	process_at(&m.snapshot, one)->parent = 99;
	make_pair(&m, OBJECT_UNIX, 30, ends);
	make_fd(&m, one, 3, ends[0], O_RDWR);
	make_fd(&m, two, 3, ends[1], O_RDWR);
	make_call(&m, make_leader(&m, one), "read", 3, 0x1000, 4096, 0, 0, 0);
	make_call(&m, make_leader(&m, two), "read", 3, 0x1000, 4096, 0, 0, 0);
	make_call(&m, make_leader(&m, watcher), "wait4", 100, 0, 0, 0, 0, 0);
	look(false, 1);
	cr_assert_eq(report.findings[0].cycle_count, 2);
	cr_assert_eq(closer.count, 3);
	cr_assert_eq(tid(0), 100);
	cr_assert_eq(tid(1), 101);
	cr_assert_eq(tid(2), 99);
}

Test(closer, nobody_without_a_stack)
{
	struct process_ix parent = make_process(&m, 100, 0), child = make_process(&m, 101, 100);
	struct process_ix kernel = make_process(&m, 102, 100), ours = make_process(&m, 103, 100);

	make_sleep(&m, make_leader(&m, parent), 100000, 0);
	make_state(&m, make_leader(&m, child), 'Z');
	process_at(&m.snapshot, kernel)->flags |= PROCESS_KERNEL;
	process_at(&m.snapshot, ours)->flags |= PROCESS_OURS;
	look(true, 1);
	cr_assert(has(100));
	cr_assert(!has(101));
	cr_assert(!has(102));
	cr_assert(!has(103));
	cr_assert_eq(closer.count, 1);
}

Test(closer, bounded_unless_all)
{
	struct process_ix process = make_process(&m, 100, 0);
	int32_t i;

	make_call(&m, make_leader(&m, process), "futex", 0x5000, 0x80, 2, 0, 0, 0);
	for (i = 0; i < BOUND_CLOSER + 9; i++)
		make_call(&m, make_task(&m, process, 1000 + i), "futex", 0x5000, 0x80, 2, 0, 0, 0);
	look(false, 0);
	cr_assert_eq(closer.count, BOUND_CLOSER);
	cr_assert_eq(closer.left_out, 10);
	cr_assert_eq(closer.samples[0], 1);
	look(true, 1);
	cr_assert_eq(closer.count, BOUND_CLOSER + 10);
	cr_assert_eq(closer.left_out, 0);
}

Test(closer, nothing_to_look_at)
{
	look(true, 1);
	cr_assert_eq(closer.count, 0);
}
