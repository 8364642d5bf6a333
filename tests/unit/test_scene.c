/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include <criterion/criterion.h>

#include "make.h"

static struct made m;

static void setup(void)
{
	made_init(&m);
}

static void teardown(void)
{
	made_deinit(&m);
}

TestSuite(scene, .init = setup, .fini = teardown);

static const struct task *task_of(const struct span *span, uint32_t which)
{
	return &m.snapshot.tasks.row[m.scene.task_order[span->first + which]];
}

Test(scene, an_empty_snapshot_has_a_scene)
{
	made_build(&m);
	cr_assert_eq(m.graph.nodes, 0);
	cr_assert_eq(scene_find_process(&m.scene, 1).at, NO_ROW);
	cr_assert_eq(scene_find_task(&m.scene, 1).at, NO_ROW);
}

Test(scene, tasks_lie_by_tid_with_the_leader_first)
{
	struct process_ix process = make_process(&m, 300, 0), other = make_process(&m, 200, 300);

	make_task(&m, process, 350);
	make_task(&m, other, 250);
	make_task(&m, process, 299); /* After a wrap of pids. */
	made_build(&m);
	cr_assert_eq(m.scene.process_tasks[process.at].count, 3);
	cr_assert_eq(task_of(&m.scene.process_tasks[process.at], 0)->tid, 300);
	cr_assert_eq(task_of(&m.scene.process_tasks[process.at], 1)->tid, 299);
	cr_assert_eq(task_of(&m.scene.process_tasks[process.at], 2)->tid, 350);
	cr_assert_eq(task_of(&m.scene.process_tasks[other.at], 1)->tid, 250);
	cr_assert_eq(scene_find_task(&m.scene, 350).at, m.scene.task_order[m.scene.process_tasks[process.at].first + 2]);
	cr_assert_eq(scene_find_task(&m.scene, 351).at, NO_ROW);
	cr_assert_eq(scene_find_process(&m.scene, 200).at, other.at);
}

Test(scene, children_lie_by_pid_below_their_parent)
{
	struct process_ix parent = make_process(&m, 100, 0), late = make_process(&m, 120, 100);
	struct process_ix early = make_process(&m, 110, 100);
	const struct span *span;

	made_build(&m);
	span = &m.scene.process_children[parent.at];
	cr_assert_eq(span->count, 2);
	cr_assert_eq(m.scene.child_order[span->first], early.at);
	cr_assert_eq(m.scene.child_order[span->first + 1], late.at);
	cr_assert_eq(scene_parent(&m.scene, late).at, parent.at);
	cr_assert_eq(scene_parent(&m.scene, parent).at, NO_ROW);
}

/* Its parent left, and the number was given out again. */
Test(scene, nobody_is_younger_than_its_child)
{
	struct process_ix child = make_process(&m, 100, 200);

	make_process(&m, 200, 0);
	made_build(&m);
	cr_assert_eq(scene_parent(&m.scene, child).at, NO_ROW);
}

Test(scene, the_newest_row_of_a_number_is_its_descriptor)
{
	struct process_ix process = make_process(&m, 100, 0);
	struct object_ix old = make_pipe(&m, 7), young = make_pipe(&m, 8);
	struct fd_ix newer = make_fd(&m, process, 3, young, O_RDONLY), older = make_fd(&m, process, 3, old, O_RDONLY);

	fd_at(&m.snapshot, older)->looks = 1 << LOOK_T0;
	fd_at(&m.snapshot, newer)->looks = 1 << LOOK_T1;
	make_fd(&m, process, 0, old, O_RDONLY);
	make_fd(&m, process, 70000, old, O_RDONLY);
	made_build(&m);
	cr_assert_eq(scene_fd_object(&m.scene, process, 3).at, young.at);
	cr_assert_eq(scene_fd_object(&m.scene, process, 0).at, old.at);
	cr_assert_eq(scene_fd_object(&m.scene, process, 70000).at, old.at);
	cr_assert_eq(scene_fd(&m.scene, process, 4).at, NO_ROW);
	cr_assert_eq(scene_fd(&m.scene, process, -1).at, NO_ROW);
	cr_assert(scene_fd_open(&m.scene, fd_at(&m.snapshot, newer)));
	cr_assert_not(scene_fd_open(&m.scene, fd_at(&m.snapshot, older)));
	process_at(&m.snapshot, process)->fds_sight = SIGHT_DENIED;
	cr_assert(scene_fd_open(&m.scene, fd_at(&m.snapshot, older)), "nobody could look again");
}

Test(scene, movement_needs_two_looks)
{
	struct process_ix process = make_process(&m, 100, 0);
	struct task_ix task = make_leader(&m, process);
	struct task_look *at = task_at(&m.snapshot, task)->at;

	made_build(&m);
	cr_assert_eq(task_moved(&m.scene, task), MOVED_NO);
	at[LOOK_T1].voluntary++;
	cr_assert_eq(task_moved(&m.scene, task), MOVED_YES);
	at[LOOK_T1].voluntary--;
	at[LOOK_T1].involuntary++;
	cr_assert_eq(task_moved(&m.scene, task), MOVED_YES);
	at[LOOK_T1].involuntary--;
	at[LOOK_T1].state = 'D';
	cr_assert_eq(task_moved(&m.scene, task), MOVED_YES);
	at[LOOK_T1].state = 'S';
	at[LOOK_T0].voluntary = UNSEEN;
	cr_assert_eq(task_moved(&m.scene, task), MOVED_NO, "schedstat is exact");
	at[LOOK_T1].sched_sight = SIGHT_UNSUPPORTED;
	cr_assert_eq(task_moved(&m.scene, task), MOVED_UNKNOWN, "ticks are not");
	at[LOOK_T1].stat_sight = SIGHT_DENIED;
	cr_assert_eq(task_moved(&m.scene, task), MOVED_UNKNOWN);
	at[LOOK_T1].stat_sight = SIGHT_GONE;
	cr_assert_eq(task_moved(&m.scene, task), MOVED_YES);
	cr_assert(task_dead(&m.scene, task));
	cr_assert(process_dead(&m.scene, process));
}

Test(scene, who_became_a_zombie_in_the_window_has_ended)
{
	struct process_ix process = make_process(&m, 100, 0);
	struct task_look *at = task_at(&m.snapshot, make_leader(&m, process))->at;

	made_build(&m);
	cr_assert_not(process_ended(&m.scene, process));
	at[LOOK_T1].state = 'Z';
	cr_assert(process_ended(&m.scene, process));
	at[LOOK_T0].state = 'Z';
	cr_assert_not(process_ended(&m.scene, process), "it was one before");
	process_at(&m.snapshot, process)->at[LOOK_T1].sight = SIGHT_GONE;
	cr_assert(process_ended(&m.scene, process));
}

Test(scene, a_loop_counts_its_timeout_down)
{
	struct task_ix task = make_leader(&m, make_process(&m, 100, 0));
	struct call *call;

	make_call(&m, task, "epoll_wait", 3, 0x1000, 10, 998, 0, 0);
	made_build(&m);
	call = &task_at(&m.snapshot, task)->at[LOOK_T1].call;
	cr_assert(task_same_call(&m.scene, task));
	call->args[3] = 997;
	cr_assert(task_same_call(&m.scene, task));
	cr_assert_eq(task_moved(&m.scene, task), MOVED_NO);
	call->args[0] = 4;
	cr_assert_not(task_same_call(&m.scene, task));
	cr_assert_eq(task_moved(&m.scene, task), MOVED_YES);
}

Test(scene, shares_of_the_window)
{
	struct task_ix task = make_leader(&m, make_process(&m, 100, 0));
	struct task_look *at = task_at(&m.snapshot, task)->at;

	made_build(&m);
	cr_assert_eq(task_cpu_permille(&m.scene, task), 0);
	at[LOOK_T1].cpu_ns = at[LOOK_T0].cpu_ns + MADE_SECOND_NS / 2;
	at[LOOK_T1].wait_ns = at[LOOK_T0].wait_ns + MADE_SECOND_NS;
	cr_assert_eq(task_cpu_permille(&m.scene, task), 250);
	cr_assert_eq(task_delay_permille(&m.scene, task), 500);
	cr_assert_not(task_burns(&m.scene, task));
	at[LOOK_T0].state = at[LOOK_T1].state = 'R';
	cr_assert(task_burns(&m.scene, task), "always running and it grew");
	at[LOOK_T0].state = 'S';
	at[LOOK_T1].cpu_ns = at[LOOK_T0].cpu_ns + 3 * MADE_SECOND_NS;
	cr_assert_eq(task_cpu_permille(&m.scene, task), 1000);
	cr_assert(task_burns(&m.scene, task));
	at[LOOK_T1].cpu_ns = UNSEEN;
	cr_assert_eq(task_cpu_permille(&m.scene, task), -1);
	at[LOOK_T1].when_ns = at[LOOK_T0].when_ns;
	cr_assert_eq(task_delay_permille(&m.scene, task), -1);
}

Test(scene, a_frozen_group_suspends)
{
	struct process_ix process = make_process(&m, 100, 0);
	struct task_ix task = make_leader(&m, process);
	struct cgroup_ix group;

	cr_assert_eq(snapshot_add_cgroup(&m.snapshot, make_text(&m, "0::/x"), &group), 0);
	process_at(&m.snapshot, process)->cgroup = group;
	made_build(&m);
	cr_assert_not(task_suspended(&m.scene, task));
	cgroup_at(&m.snapshot, group)->at[LOOK_T1].sight = SIGHT_OK;
	cgroup_at(&m.snapshot, group)->at[LOOK_T1].frozen = ANSWER_YES;
	cr_assert(task_suspended(&m.scene, task));
}

Test(scene, objects_and_processes_move)
{
	struct process_ix process = make_process(&m, 100, 0);
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, process, 3, pipe, O_RDONLY);
	made_build(&m);
	cr_assert_eq(object_moved(&m.scene, pipe), MOVED_NO);
	cr_assert_eq(process_io_moved(&m.scene, process), MOVED_NO);
	object_at(&m.snapshot, pipe)->at[LOOK_T1].readable = 5;
	cr_assert_eq(object_moved(&m.scene, pipe), MOVED_YES);
	cr_assert_eq(process_io_moved(&m.scene, process), MOVED_YES);
	object_at(&m.snapshot, pipe)->at[LOOK_T1].readable = UNSEEN;
	cr_assert_eq(object_moved(&m.scene, pipe), MOVED_UNKNOWN);
	process_at(&m.snapshot, process)->at[LOOK_T0].read_bytes = UNSEEN;
	cr_assert_eq(process_io_moved(&m.scene, process), MOVED_UNKNOWN);
	process_at(&m.snapshot, process)->at[LOOK_T1].written_bytes++;
	cr_assert_eq(process_io_moved(&m.scene, process), MOVED_YES);
}

Test(scene, peeks_go_to_their_task_and_look)
{
	struct task_ix one = make_leader(&m, make_process(&m, 100, 0)), two = make_leader(&m, make_process(&m, 101, 100));
	const struct peek *peeks;
	uint32_t count;

	make_peek(&m, two, 0x1000, "b", 1);
	make_peek(&m, one, 0x2000, "a", 1);
	make_peek(&m, two, 0x3000, "c", 1);
	made_build(&m);
	peeks = scene_peeks(&m.scene, two, LOOK_T1, &count);
	cr_assert_eq(count, 2);
	cr_assert(peeks[0].address == 0x1000 && peeks[1].address == 0x3000 && peeks[0].look == LOOK_T1);
	peeks = scene_peeks(&m.scene, one, LOOK_T0, &count);
	cr_assert(count == 1 && peeks[0].address == 0x2000 && peeks[0].look == LOOK_T0);
}

Test(order, is_stable_and_by_all_digits)
{
	static const uint64_t keys[] = { 5, UINT64_MAX, 5, 0, UINT64_C(1) << 40, 256, 5 };
	static const uint32_t expected[] = { 3, 0, 2, 6, 5, 4, 1 };
	enum { COUNT = 7 };
	struct order_work work;
	uint32_t order[COUNT], i;

	cr_assert_eq(order_scratch(COUNT, &work), 0);
	order_start(order, COUNT);
	for (i = 0; i < COUNT; i++)
		work.keys[i] = keys[i];
	order_by(order, COUNT, &work);
	cr_assert_arr_eq(order, expected, sizeof(expected));
	order_by(order, 0, &work);
	order_scratch_end(&work);
}

Test(order, groups_keep_the_order_within)
{
	static const uint32_t groups[] = { 1, 0, NO_ROW, 1, 0 };
	static const uint32_t expected[] = { 1, 4, 0, 3, 2 };
	struct order_work work;
	struct span spans[3];
	uint32_t order[5], i;

	cr_assert_eq(order_scratch(5, &work), 0);
	order_start(order, 5);
	for (i = 0; i < 5; i++)
		work.groups[i] = groups[i];
	order_group(order, 5, 3, spans, &work);
	cr_assert_arr_eq(order, expected, sizeof(expected));
	cr_assert(spans[0].first == 0 && spans[0].count == 2);
	cr_assert(spans[1].first == 2 && spans[1].count == 2);
	cr_assert(spans[2].count == 0);
	order_scratch_end(&work);
}
