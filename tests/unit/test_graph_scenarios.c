/* SPDX-License-Identifier: MIT */
/* Hangs and healthy programs in miniature: who is closed, under which fixpoint, with which doubts. */
#include <criterion/criterion.h>

#include "make.h"
#include "neglect.h"

static struct made m;

static void setup(void)
{
	made_init(&m);
}

static void teardown(void)
{
	made_deinit(&m);
}

TestSuite(scenario, .init = setup, .fini = teardown);

static enum life can(struct task_ix task)
{
	return (enum life)m.graph.can_wake[task.at];
}

static enum life does(struct task_ix task)
{
	return (enum life)m.graph.does_wake[task.at];
}

static uint32_t edges_of(struct task_ix task)
{
	return m.graph.first_edge[task.at + 1] - m.graph.first_edge[task.at];
}

static const struct edge *edge_of(struct task_ix task)
{
	cr_assert_eq(edges_of(task), 1);
	return &m.graph.edge[m.graph.first_edge[task.at]];
}

static struct task_ix process_task(int32_t pid, int32_t parent, struct process_ix *ret)
{
	*ret = make_process(&m, pid, parent);
	return make_leader(&m, *ret);
}

static void assert_proved(struct task_ix task)
{
	cr_assert_eq(can(task), LIFE_CLOSED);
	cr_assert_eq(does(task), LIFE_CLOSED);
	cr_assert_eq(certainty_of(edge_of(task)->doubts), PROVED, "doubts %#x", edge_of(task)->doubts);
}

static void assert_only_does(struct task_ix task)
{
	cr_assert_eq(can(task), LIFE_LIVE);
	cr_assert_eq(does(task), LIFE_CLOSED);
}

static void assert_live(struct task_ix task)
{
	cr_assert_eq(can(task), LIFE_LIVE);
	cr_assert_eq(does(task), LIFE_LIVE);
}

/* ---- closed ---------------------------------------------------------------- */

/* A child writes to a pipe that its parent should drain, with the parent in wait4(). */
static void undrained_pipe(struct process_ix *parent, struct process_ix *child)
{
	struct object_ix pipe = make_pipe(&m, 7);

	*parent = make_process(&m, 100, 0);
	*child = make_process(&m, 101, 100);
	make_fd(&m, *parent, 3, pipe, O_RDONLY);
	make_fd(&m, *child, 2, pipe, O_WRONLY);
	make_readable(&m, pipe, 65536);
	make_call(&m, make_leader(&m, *child), "write", 2, 0x1000, 4096, 0, 0, 0);
	make_call(&m, make_leader(&m, *parent), "wait4", 101, 0, 0, 0, 0, 0);
}

Test(scenario, parent_waits_for_a_child_whose_pipe_it_should_drain)
{
	struct process_ix parent, child;

	undrained_pipe(&parent, &child);
	made_build(&m);
	assert_proved(make_leader(&m, parent));
	assert_proved(make_leader(&m, child));
	cr_assert_eq(edge_of(make_leader(&m, parent))->channel, CHANNEL_CHILD);
	cr_assert_eq(edge_of(make_leader(&m, child))->channel, CHANNEL_PIPE);
	cr_assert_eq(edge_of(make_leader(&m, child))->want, WANT_WRITE);
	cr_assert_eq(m.graph.component[make_leader(&m, parent).at], m.graph.component[make_leader(&m, child).at]);
}

Test(scenario, an_unsearched_machine_forbids_the_proof)
{
	struct process_ix parent, child;

	undrained_pipe(&parent, &child);
	m.snapshot.objects.row[0].cover = COVER_TREE;
	made_build(&m);
	cr_assert_eq(can(make_leader(&m, child)), LIFE_CLOSED);
	cr_assert_eq(edge_of(make_leader(&m, child))->doubts, DOUBT_HOLDERS);
}

/* Python's p.wait(timeout=600): wait4(WNOHANG) between sleeps of 50 ms. */
Test(scenario, a_polling_wait_beside_an_undrained_pipe)
{
	struct process_ix parent, child;
	const struct edge *edge;
	struct task_ix task;
	uint32_t e;
	bool polls = false;

	undrained_pipe(&parent, &child);
	task = make_leader(&m, parent);
	make_sleep(&m, task, 0, 50000000);
	make_moved(&m, task, 40);
	made_build(&m);
	assert_only_does(make_leader(&m, child));
	assert_only_does(task);
	cr_assert_eq(m.graph.retrier[task.at], 1);
	for (e = m.graph.first_edge[task.at]; e < m.graph.first_edge[task.at + 1]; e++) {
		edge = &m.graph.edge[e];
		if (edge->channel != CHANNEL_CHILD)
			continue;
		polls = edge->poll_wait;
		cr_assert(edge->doubts & DOUBT_PLAUSIBLE);
	}
	cr_assert(polls);
}

Test(scenario, a_heartbeat_thread_shares_the_pipe_and_drains_nothing)
{
	struct process_ix parent, child;
	struct task_ix heartbeat;

	undrained_pipe(&parent, &child);
	heartbeat = make_task(&m, parent, 150);
	make_sleep(&m, heartbeat, 1, 0);
	make_moved(&m, heartbeat, 2);
	make_io(&m, parent, 100);
	made_build(&m);
	assert_live(heartbeat);
	assert_only_does(make_leader(&m, child));
	assert_only_does(make_leader(&m, parent));
}

Test(scenario, a_heartbeat_in_the_child_ends_no_child)
{
	struct process_ix parent, child;
	struct task_ix heartbeat;

	undrained_pipe(&parent, &child);
	heartbeat = make_task(&m, child, 150);
	make_sleep(&m, heartbeat, 1, 0);
	make_moved(&m, heartbeat, 2);
	made_build(&m);
	assert_live(heartbeat);
	assert_only_does(make_leader(&m, parent));
	assert_only_does(make_leader(&m, child));
}

static void both_blocked(enum object_kind kind, const char *call, struct task_ix ret[2])
{
	struct object_ix ends[2];
	struct process_ix process;
	int i;

	make_pair(&m, kind, 50, ends);
	for (i = 0; i < 2; i++) {
		ret[i] = process_task(100 + i, i ? 100 : 0, &process);
		make_fd(&m, process, 5, ends[i], O_RDWR);
		make_call(&m, ret[i], call, 5, 0x1000, 4096, 0, 0, 0);
	}
}

Test(scenario, both_tcp_sides_send)
{
	struct task_ix task[2];

	both_blocked(OBJECT_TCP, "sendto", task);
	make_readable(&m, (struct object_ix){ 0 }, 100000);
	make_readable(&m, (struct object_ix){ 1 }, 100000);
	made_build(&m);
	assert_proved(task[0]);
	assert_proved(task[1]);
	cr_assert_eq(edge_of(task[0])->channel, CHANNEL_TCP);
	cr_assert_eq(m.graph.component[task[0].at], m.graph.component[task[1].at]);
}

Test(scenario, both_unix_sides_receive)
{
	struct task_ix task[2];

	both_blocked(OBJECT_UNIX, "recvfrom", task);
	made_build(&m);
	assert_proved(task[0]);
	assert_proved(task[1]);
}

Test(scenario, a_socket_timeout_is_a_deadline)
{
	struct task_ix task[2];

	both_blocked(OBJECT_UNIX, "recvfrom", task);
	m.snapshot.objects.row[0].receive_timeout_ms = 5000;
	m.snapshot.objects.row[1].receive_timeout_ms = UNSEEN;
	made_build(&m);
	assert_live(task[0]);
	cr_assert_eq(edge_of(task[0])->deadline_ns, 5 * MADE_SECOND_NS);
	cr_assert_eq(edge_of(task[1])->doubts, DOUBT_SOCKET_TIME);
}

Test(scenario, the_only_writer_of_a_pipe_is_its_reader)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, process, 3, pipe, O_RDONLY);
	make_fd(&m, process, 4, pipe, O_WRONLY);
	make_call(&m, task, "read", 3, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	assert_proved(task);
}

static void make_futex(struct task_ix task, uint64_t address, uint32_t value)
{
	make_call(&m, task, "futex", address, 0x80, value, 0, 0, 0);
	make_wchan(&m, task, "futex_do_wait");
}

Test(scenario, mutex_abba_is_closed_but_ownerless)
{
	struct process_ix process;
	struct task_ix main_task = process_task(100, 0, &process), other = make_task(&m, process, 101);

	make_futex(main_task, 0x5000, 2);
	make_futex(other, 0x6000, 2);
	made_build(&m);
	cr_assert_eq(can(main_task), LIFE_CLOSED);
	cr_assert_eq(can(other), LIFE_CLOSED);
	cr_assert_eq(certainty_of(edge_of(other)->doubts), UNSURE);
	cr_assert(edge_of(other)->doubts & DOUBT_OWNERLESS);
}

/* Main joins a thread that waits for an event only main would set. */
Test(scenario, join_and_event)
{
	struct process_ix process;
	struct task_ix main_task = process_task(100, 0, &process), other = make_task(&m, process, 101);

	make_call(&m, main_task, "futex", 0x7000, 0x109, 101, 0, 0, 0xffffffff);
	make_futex(other, 0x6000, 0);
	made_build(&m);
	cr_assert_eq(can(main_task), LIFE_CLOSED);
	cr_assert_eq(can(other), LIFE_CLOSED);
}

/* A shared semaphore whose holder died: all who map it wait. */
Test(scenario, the_holder_of_a_shared_semaphore_is_dead)
{
	struct process_ix process[3];
	struct object_ix word = make_object(&m, OBJECT_FUTEX, 9);
	struct hold hold = { .object = word, .role = ROLE_MAPS, .looks = 3 };
	struct task_ix found[4];
	int i;

	for (i = 0; i < 3; i++) {
		process_task(100 + i, i ? 100 : 0, &process[i]);
		hold.process = process[i];
		hold.task = make_leader(&m, process[i]);
		cr_assert_eq(snapshot_add_hold(&m.snapshot, &hold), 0);
		make_call(&m, make_leader(&m, process[i]), "futex", 0x9000, 0, 0, 0, 0, 0);
	}
	make_state(&m, make_leader(&m, process[2]), 'Z');
	made_build(&m);
	cr_assert_eq(can(make_leader(&m, process[0])), LIFE_CLOSED);
	cr_assert_eq(can(make_leader(&m, process[1])), LIFE_CLOSED);
	cr_assert_eq(edges_of(make_leader(&m, process[2])), 0);
	cr_assert_eq(edge_of(make_leader(&m, process[0]))->object.at, word.at);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(make_leader(&m, process[0])), found, 4), 2);
	cr_assert_eq(found[1].at, make_leader(&m, process[1]).at);
}

/* Locks have no rule yet: a task in flock is unread, and whoever waits for it is not closed. */
Test(scenario, what_no_rule_knows_is_unread)
{
	struct process_ix locker, reader;
	struct task_ix locked = process_task(100, 0, &locker), reading = process_task(101, 100, &reader);
	struct object_ix pipe = make_pipe(&m, 7), file = make_object(&m, OBJECT_FILE, 8);

	make_fd(&m, locker, 1, pipe, O_WRONLY);
	make_fd(&m, locker, 3, file, O_RDWR);
	make_fd(&m, reader, 0, pipe, O_RDONLY);
	make_call(&m, locked, "flock", 3, 2, 0, 0, 0, 0);
	make_call(&m, reading, "read", 0, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(can(locked), LIFE_UNREAD);
	cr_assert_eq(does(locked), LIFE_UNREAD);
	assert_live(reading);
}

/* ---- not closed, or closed by no more than a long sleep ----------------------- */

/* communicate() held by a grandchild that sleeps: the sleeper is the end of the chain. */
Test(scenario, a_grandchild_holds_the_write_end)
{
	struct process_ix reader, grandchild;
	struct task_ix reading = process_task(100, 0, &reader), sleeping = process_task(102, 1, &grandchild);
	struct object_ix pipe = make_pipe(&m, 7);
	struct task_ix found[4];

	make_fd(&m, reader, 3, pipe, O_RDONLY);
	make_fd(&m, grandchild, 1, pipe, O_WRONLY);
	make_call(&m, reading, "read", 3, 0x1000, 10, 0, 0, 0);
	make_sleep(&m, sleeping, 1000000, 0);
	made_build(&m);
	assert_only_does(reading);
	assert_only_does(sleeping);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(reading), found, 4), 1);
	cr_assert_eq(found[0].at, sleeping.at);
	cr_assert_gt(m.graph.component[reading.at], m.graph.component[sleeping.at]);
}

Test(scenario, sleep_into_cat)
{
	struct process_ix sleeper, reader;
	struct task_ix sleeping = process_task(101, 100, &sleeper), reading = process_task(102, 100, &reader);
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, sleeper, 1, pipe, O_WRONLY);
	make_fd(&m, reader, 0, pipe, O_RDONLY);
	make_sleep(&m, sleeping, 60, 0);
	make_call(&m, reading, "read", 0, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	assert_live(sleeping);
	assert_only_does(reading);
	cr_assert_eq(edge_of(sleeping)->deadline_ns, 58 * MADE_SECOND_NS);
}

/* tail polls the pipe that it writes to, for the moment that its reader leaves. */
Test(scenario, who_asks_for_nothing_waits_for_a_hang_up)
{
	const struct { int32_t fd; int16_t events, revents; } set = { 1, 0, 0 };
	struct process_ix tail, grep;
	struct task_ix tailing = process_task(101, 100, &tail), grepping = process_task(102, 100, &grep), found[2];
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, tail, 1, pipe, O_WRONLY);
	make_fd(&m, grep, 0, pipe, O_RDONLY);
	make_readable(&m, pipe, 100);
	make_sleep(&m, grepping, 5, 0);
	make_call(&m, tailing, "poll", 0x2000, 1, 0xffffffff, 0, 0, 0);
	make_peek(&m, tailing, 0x2000, &set, sizeof(set));
	made_build(&m);
	cr_assert_eq(edge_of(tailing)->ready, 0);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(tailing), found, 2), 1);
	cr_assert_eq(found[0].at, grepping.at);
}

/* tail sleeps on inotify, which is outside, so it counts for all of its channels. */
Test(scenario, tail_into_grep_is_healthy)
{
	struct process_ix tail, grep;
	struct task_ix tailing = process_task(101, 100, &tail), grepping = process_task(102, 100, &grep);
	struct object_ix pipe = make_pipe(&m, 7), inotify = make_object(&m, OBJECT_INOTIFY, 8);

	make_fd(&m, tail, 1, pipe, O_WRONLY);
	make_fd(&m, tail, 4, inotify, O_RDONLY);
	make_fd(&m, grep, 0, pipe, O_RDONLY);
	make_call(&m, tailing, "read", 4, 0x1000, 10, 0, 0, 0);
	make_call(&m, grepping, "read", 0, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	assert_live(tailing);
	assert_live(grepping);
}

/* while date; do sleep 60; done | tee log */
Test(scenario, a_slow_loop_into_tee_ends_in_a_timer)
{
	struct process_ix shell, sleeper, tee;
	struct task_ix looping = process_task(101, 100, &shell), sleeping = process_task(103, 101, &sleeper);
	struct task_ix reading = process_task(102, 100, &tee);
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, shell, 1, pipe, O_WRONLY);
	make_fd(&m, sleeper, 1, pipe, O_WRONLY);
	make_fd(&m, tee, 0, pipe, O_RDONLY);
	make_call(&m, looping, "wait4", 0xffffffff, 0, 0, 0, 0, 0);
	make_sleep(&m, sleeping, 60, 0);
	make_call(&m, reading, "read", 0, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	assert_live(sleeping);
	assert_live(looping);
	assert_only_does(reading);
}

Test(scenario, an_event_loop_with_a_timeout_is_live)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix set = make_object(&m, OBJECT_EPOLL, 1), wake = make_object(&m, OBJECT_EVENTFD, 2);

	make_fd(&m, process, 3, set, O_RDWR);
	make_fd(&m, process, 4, wake, O_RDWR);
	make_watch(&m, set, 4, wake, 0x19);
	make_call(&m, task, "epoll_wait", 3, 0x1000, 10, 5000, 0, 0);
	made_build(&m);
	assert_live(task);
	cr_assert_eq(edge_of(task)->in_set, 1);
	cr_assert_eq(edge_of(task)->deadline_ns, 3 * MADE_SECOND_NS);
}

/* A timeout of a day is an event loop's way to say none. */
Test(scenario, a_timeout_of_a_day_is_none)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix set = make_object(&m, OBJECT_EPOLL, 1), wake = make_object(&m, OBJECT_EVENTFD, 2);

	make_fd(&m, process, 3, set, O_RDWR);
	make_fd(&m, process, 4, wake, O_RDWR);
	make_watch(&m, set, 4, wake, 0x19);
	make_call(&m, task, "epoll_wait", 3, 0x1000, 10, 0x5265c00, 0, 0);
	made_build(&m);
	assert_only_does(task);
}

Test(scenario, accept_waits_for_the_world)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix listener = make_object(&m, OBJECT_TCP, 1);

	object_at(&m.snapshot, listener)->at[LOOK_T1].state = object_at(&m.snapshot, listener)->at[LOOK_T0].state = 10;
	make_fd(&m, process, 3, listener, O_RDWR);
	make_call(&m, task, "accept4", 3, 0, 0, 0, 0, 0);
	made_build(&m);
	assert_live(task);
	cr_assert_eq(edge_of(task)->want, WANT_ACCEPT);
}

Test(scenario, a_spinning_peer_may_write_but_does_not)
{
	struct process_ix spinner, reader;
	struct task_ix spinning = process_task(101, 100, &spinner), reading = process_task(102, 100, &reader);
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, spinner, 1, pipe, O_WRONLY);
	make_fd(&m, reader, 0, pipe, O_RDONLY);
	make_burning(&m, spinning);
	make_call(&m, reading, "read", 0, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	assert_live(spinning);
	assert_only_does(reading);
}

Test(scenario, a_computing_child_may_end_any_time)
{
	struct process_ix parent, child;
	struct task_ix waiting = process_task(100, 0, &parent), computing = process_task(101, 100, &child);

	make_burning(&m, computing);
	make_call(&m, waiting, "wait4", 0xffffffff, 0, 0, 0, 0, 0);
	made_build(&m);
	assert_live(waiting);
}

Test(scenario, a_stopped_child_is_suspended_and_no_deadlock)
{
	struct process_ix parent, child;
	struct task_ix waiting = process_task(100, 0, &parent), stopped = process_task(101, 100, &child);

	make_call(&m, waiting, "wait4", 101, 0, 0, 0, 0, 0);
	make_state(&m, stopped, 'T');
	made_build(&m);
	cr_assert_eq(can(stopped), LIFE_SUSPENDED);
	cr_assert_eq(does(stopped), LIFE_SUSPENDED);
	cr_assert_eq(can(waiting), LIFE_CLOSED);
	cr_assert_gt(m.graph.component[waiting.at], m.graph.component[stopped.at]);
}

Test(scenario, a_whole_stopped_job_of_the_viewer_is_judged_as_before)
{
	struct process_ix parent, child;

	undrained_pipe(&parent, &child);
	process_at(&m.snapshot, parent)->group = 100;
	m.snapshot.viewer.session = process_at(&m.snapshot, parent)->session = 100;
	make_state(&m, make_leader(&m, parent), 'T');
	make_state(&m, make_leader(&m, child), 'T');
	made_build(&m);
	cr_assert(m.scene.paused);
	assert_proved(make_leader(&m, parent));
	assert_proved(make_leader(&m, child));
}

Test(scenario, a_stop_of_half_a_job_is_a_stop)
{
	struct process_ix parent, child;

	undrained_pipe(&parent, &child);
	m.snapshot.viewer.session = 100;
	make_state(&m, make_leader(&m, child), 'T');
	made_build(&m);
	cr_assert_not(m.scene.paused);
	cr_assert_eq(can(make_leader(&m, child)), LIFE_SUSPENDED);
}

/* Threads that wait for the GIL wake every 5 ms. */
Test(scenario, a_timed_wait_for_a_lock_is_live)
{
	struct process_ix process;
	struct task_ix waiting = process_task(100, 0, &process), other = make_task(&m, process, 101);

	make_call(&m, waiting, "futex", 0x5000, 0x189, 0, 0x8000, 0, 0xffffffff);
	make_timespec(&m, waiting, 0x8000, 1700000000 + 1002, 5000000);
	make_futex(other, 0x6000, 0);
	made_build(&m);
	cr_assert_eq(can(waiting), LIFE_LIVE);
	cr_assert_eq(edge_of(waiting)->deadline_ns, 5000000);
	cr_assert_eq(can(other), LIFE_LIVE);
}

/* ---- children ---------------------------------------------------------------- */

Test(scenario, a_zombie_is_there_to_be_reaped)
{
	struct process_ix parent, child;
	struct task_ix waiting = process_task(100, 0, &parent), dead = process_task(101, 100, &child);

	make_call(&m, waiting, "wait4", 0xffffffff, 0, 0, 0, 0, 0);
	make_state(&m, dead, 'Z');
	made_build(&m);
	cr_assert_eq(edge_of(waiting)->ready, 1);
	cr_assert_eq(can(dead), LIFE_CLOSED);
	assert_live(waiting);
}

Test(scenario, a_zombie_leader_with_live_threads_has_not_ended)
{
	struct process_ix parent, child;
	struct task_ix waiting = process_task(100, 0, &parent), dead = process_task(101, 100, &child);
	struct task_ix thread = make_task(&m, child, 150);

	make_call(&m, waiting, "wait4", 101, 0, 0, 0, 0, 0);
	make_state(&m, dead, 'Z');
	make_sleep(&m, thread, 5, 0);
	made_build(&m);
	cr_assert_eq(edge_of(waiting)->ready, 0);
	assert_live(waiting);
}

Test(scenario, a_child_that_was_reaped_in_the_window_wakes_nobody)
{
	struct process_ix parent, child;
	struct task_ix waiting = process_task(100, 0, &parent), gone = process_task(101, 100, &child);

	make_call(&m, waiting, "wait4", 0xffffffff, 0, 0, 0, 0, 0);
	process_at(&m.snapshot, child)->at[LOOK_T1].sight = SIGHT_GONE;
	task_at(&m.snapshot, gone)->at[LOOK_T1].stat_sight = SIGHT_GONE;
	made_build(&m);
	cr_assert_eq(edge_of(waiting)->wakers, 0);
	cr_assert_eq(edge_of(waiting)->ready, 1); /* ECHILD */
}

/* wedgecheck that a thread of the target started is a child, too, which was not there before. */
Test(scenario, who_looks_is_no_child)
{
	struct process_ix parent = make_process(&m, 100, 1), looker = make_process(&m, 101, 100);
	struct task_ix waiting = make_leader(&m, parent);

	make_call(&m, waiting, "wait4", 0xffffffff, 0, 0, 0, 0, 0);
	process_at(&m.snapshot, looker)->flags |= PROCESS_OURS;
	made_build(&m);
	cr_assert_eq(edge_of(waiting)->wakers, 0);
	make_process(&m, 102, 100);
	made_build(&m);
	cr_assert_eq(edge_of(waiting)->ready, 0);
	cr_assert_eq(edge_of(waiting)->wakers, 1);
}

/* while read line; do sleep 1; done: it reads, but slower than lines come. */
Test(scenario, a_slow_reader_of_a_pipe_takes)
{
	struct process_ix writer = make_process(&m, 100, 1), reader = make_process(&m, 101, 1);
	struct object_ix pipe = make_pipe(&m, 7);
	const struct neglect *found;
	uint32_t count;

	make_fd(&m, writer, 1, pipe, O_WRONLY);
	make_fd(&m, reader, 0, pipe, O_RDONLY);
	make_sleep(&m, make_leader(&m, reader), 1, 0);
	object_at(&m.snapshot, pipe)->at[LOOK_T0].readable = 115;
	object_at(&m.snapshot, pipe)->at[LOOK_T1].readable = 120;
	made_build(&m);
	cr_assert_eq(neglect_find(&m.scene, &found, &count), 0);
	cr_expect_eq(count, 1);
	cr_expect_not(object_untaken(&m.scene, pipe), "10 may have been taken, and 15 have come");
	make_io(&m, reader, 10);
	made_build(&m);
	cr_assert_eq(neglect_find(&m.scene, &found, &count), 0);
	cr_expect_eq(count, 0);
	make_readable(&m, pipe, 115);
	made_build(&m);
	cr_assert_eq(neglect_find(&m.scene, &found, &count), 0);
	cr_expect_eq(count, 1, "it reads something else");
	cr_expect(object_untaken(&m.scene, pipe));
}

/* dash: sigsuspend with SIGCHLD caught. */
Test(scenario, dash_waits_for_its_child_in_sigsuspend)
{
	struct process_ix parent, child;
	struct task_ix waiting = process_task(100, 0, &parent);
	const uint64_t mask = 0;

	process_task(101, 100, &child);
	make_call(&m, make_leader(&m, child), "futex", 0x5000, 0x80, 2, 0, 0, 0);
	make_call(&m, waiting, "rt_sigsuspend", 0x3000, 8, 0, 0, 0, 0);
	make_peek(&m, waiting, 0x3000, &mask, sizeof(mask));
	process_at(&m.snapshot, parent)->caught_signals = 1 << 16;
	made_build(&m);
	cr_assert_eq(edge_of(waiting)->channel, CHANNEL_CHILD);
	cr_assert_eq(edge_of(waiting)->doubts, DOUBT_PLAUSIBLE);
	cr_assert_eq(can(waiting), LIFE_CLOSED);
}

Test(scenario, any_other_signal_is_outside)
{
	struct process_ix parent, child;
	struct task_ix waiting = process_task(100, 0, &parent);

	process_task(101, 100, &child);
	make_call(&m, make_leader(&m, child), "futex", 0x5000, 0x80, 2, 0, 0, 0);
	make_call(&m, waiting, "pause", 0, 0, 0, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(edge_of(waiting)->channel, CHANNEL_SIGNAL);
	assert_live(waiting);
}

Test(scenario, vfork_waits_for_the_newest_child)
{
	struct process_ix parent, old, young;
	struct task_ix waiting = process_task(100, 0, &parent), found[2];
	struct object_ix pipe = make_pipe(&m, 7);

	make_sleep(&m, process_task(101, 100, &old), 5, 0);
	process_task(102, 100, &young);
	make_fd(&m, parent, 1, pipe, O_WRONLY);
	make_fd(&m, young, 0, pipe, O_RDONLY);
	make_call(&m, make_leader(&m, young), "read", 0, 0x1000, 10, 0, 0, 0);
	make_call(&m, waiting, "vfork", 0, 0, 0, 0, 0, 0);
	make_state(&m, waiting, 'D');
	made_build(&m);
	cr_assert_eq(edge_of(waiting)->channel, CHANNEL_VFORK);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(waiting), found, 2), 1);
	cr_assert_eq(found[0].at, make_leader(&m, young).at);
	assert_proved(waiting);
}

Test(scenario, a_tracee_waits_for_its_tracer)
{
	struct process_ix tracer, tracee;
	struct task_ix tracing = process_task(100, 0, &tracer), traced = process_task(101, 1, &tracee), found[2];

	make_sleep(&m, tracing, 1000000, 0);
	make_state(&m, traced, 't');
	task_at(&m.snapshot, traced)->at[LOOK_T0].tracer = task_at(&m.snapshot, traced)->at[LOOK_T1].tracer = 100;
	made_build(&m);
	cr_assert_eq(can(traced), LIFE_SUSPENDED);
	cr_assert_eq(edge_of(traced)->channel, CHANNEL_PTRACE);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(traced), found, 2), 1);
	cr_assert_eq(found[0].at, tracing.at);
}

/* strace waits with wait4(-1) for what it traces, though that is no child of it. */
Test(scenario, a_tracer_waits_for_its_tracees)
{
	struct process_ix tracer, tracee;
	struct task_ix tracing = process_task(100, 0, &tracer), traced = process_task(101, 1, &tracee);

	make_sleep(&m, traced, 5, 0);
	task_at(&m.snapshot, traced)->at[LOOK_T0].tracer = task_at(&m.snapshot, traced)->at[LOOK_T1].tracer = 100;
	make_call(&m, tracing, "wait4", 0xffffffff, 0, 0x40000000, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(edge_of(tracing)->ready, 0);
	cr_assert_eq(edge_of(tracing)->wakers, 1);
	assert_live(tracing);
}

/* ---- pipes, FIFOs, sockets ----------------------------------------------------- */

Test(scenario, a_reader_of_a_pipe_without_writers_has_reached_its_end)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, process, 3, pipe, O_RDONLY);
	make_call(&m, task, "read", 3, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(edge_of(task)->ready, 1);
	assert_live(task);
}

Test(scenario, a_writer_nobody_searched_for_may_be_anywhere)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix pipe = make_pipe(&m, 7);

	object_at(&m.snapshot, pipe)->cover = COVER_TREE;
	make_fd(&m, process, 3, pipe, O_RDONLY);
	make_call(&m, task, "read", 3, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(edge_of(task)->unheld, 1);
	cr_assert_eq(edge_of(task)->outside, 1);
	cr_assert(edge_of(task)->doubts & DOUBT_HOLDERS);
	assert_live(task);
}

Test(scenario, a_fifo_nobody_opens_is_closed_but_for_newcomers)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);
	static const char path[] = "/tmp/fifo";

	make_call(&m, task, "openat", 0xffffff9c, 0x4000, 0, 0, 0, 0);
	make_peek(&m, task, 0x4000, path, sizeof(path));
	make_wchan(&m, task, "wait_for_partner");
	made_build(&m);
	cr_assert_eq(can(task), LIFE_CLOSED);
	cr_assert_eq(edge_of(task)->channel, CHANNEL_FIFO);
	cr_assert_eq(edge_of(task)->want, WANT_OPEN);
	cr_assert_eq(edge_of(task)->doubts, DOUBT_NEWCOMER);
	cr_assert_str_eq(snapshot_bytes(&m.snapshot, m.scene.calls[LOOK_T1][task.at].path), path);
}

Test(scenario, any_other_open_waits_for_the_file_system)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);

	make_call(&m, task, "openat", 0xffffff9c, 0x4000, 0, 0, 0, 0);
	make_wchan(&m, task, "request_wait_answer");
	made_build(&m);
	cr_assert_eq(edge_of(task)->channel, CHANNEL_FILE);
	assert_live(task);
}

Test(scenario, unread_data_is_no_reason_to_sleep)
{
	struct task_ix task[2];

	both_blocked(OBJECT_UNIX, "recvfrom", task);
	make_readable(&m, (struct object_ix){ 0 }, 160);
	made_build(&m);
	cr_assert_eq(edge_of(task[0])->ready, 1);
	assert_live(task[0]);
	assert_live(task[1]);
}

Test(scenario, a_peer_off_this_host_is_outside)
{
	struct task_ix task[2];

	both_blocked(OBJECT_TCP, "recvfrom", task);
	m.snapshot.objects.row[0].reach = REACH_EXTERNAL;
	m.snapshot.objects.row[0].peer.at = NO_ROW;
	made_build(&m);
	cr_assert_eq(edge_of(task[0])->outside, 1);
	cr_assert_eq(edge_of(task[0])->unheld, 0);
	assert_live(task[1]); /* Its peer may hear something. */
}

static void connect_by_name(const char *label, const char *address, uint32_t length, struct task_ix ret[2])
{
	struct object_ix listener = make_object(&m, OBJECT_UNIX, 90), socket = make_object(&m, OBJECT_UNIX, 91);
	struct process_ix server, client;

	ret[0] = process_task(100, 0, &server);
	ret[1] = process_task(101, 100, &client);
	object_at(&m.snapshot, listener)->label = make_text(&m, label);
	object_at(&m.snapshot, listener)->at[LOOK_T0].state = object_at(&m.snapshot, listener)->at[LOOK_T1].state = 10;
	object_at(&m.snapshot, socket)->type = 1;
	object_at(&m.snapshot, socket)->send_timeout_ms = 0;
	make_fd(&m, server, 3, listener, O_RDWR);
	make_fd(&m, client, 3, socket, O_RDWR);
	make_sleep(&m, ret[0], 1000000, 0);
	make_call(&m, ret[1], "connect", 3, 0x4000, length, 0, 0, 0);
	make_peek(&m, ret[1], 0x4000, address, length);
	made_build(&m);
}

/* It has no peer yet: only the name that it asks for says who is to accept. */
Test(scenario, a_unix_client_connects_by_name)
{
	struct task_ix task[2], found[2];

	connect_by_name("/run/s", "\1\0/run/s\0\0\0", 11, task);
	cr_assert_eq(edge_of(task[1])->want, WANT_CONNECT);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(task[1]), found, 2), 1);
	cr_assert_eq(found[0].at, task[0].at);
	cr_assert(edge_of(task[1])->doubts & DOUBT_PLAUSIBLE);
	assert_only_does(task[1]);
}

Test(scenario, a_unix_client_connects_by_abstract_name)
{
	struct task_ix task[2];

	connect_by_name("@run", "\1\0\0run", 6, task);
	cr_assert_eq(edge_of(task[1])->wakers, 1);
}

Test(scenario, another_name_is_another_socket)
{
	struct task_ix task[2];

	connect_by_name("/run/s", "\1\0/run/t\0", 9, task);
	cr_assert_eq(edge_of(task[1])->wakers, 0);
	cr_assert_eq(edge_of(task[1])->outside, 1);
}

/* A client whose connection nobody accepted waits for the holders of the listener. */
Test(scenario, an_unaccepted_client_waits_for_the_listeners_holder)
{
	struct process_ix server, client;
	struct task_ix serving = process_task(100, 0, &server), asking = process_task(101, 100, &client), found[2];
	struct object_ix listener = make_object(&m, OBJECT_TCP, 90), ends[2];

	make_pair(&m, OBJECT_TCP, 50, ends);
	object_at(&m.snapshot, listener)->at[LOOK_T0].state = object_at(&m.snapshot, listener)->at[LOOK_T1].state = 10;
	object_at(&m.snapshot, ends[0])->listener = object_at(&m.snapshot, ends[1])->listener = listener;
	make_fd(&m, server, 3, listener, O_RDWR);
	make_fd(&m, client, 3, ends[0], O_RDWR);
	make_sleep(&m, serving, 1000000, 0);
	make_call(&m, asking, "recvfrom", 3, 0x1000, 10, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(asking), found, 2), 1);
	cr_assert_eq(found[0].at, serving.at);
	assert_only_does(asking);
}

Test(scenario, a_prompt_on_a_pty_waits_for_its_master)
{
	struct process_ix shell, terminal;
	struct task_ix reading = process_task(101, 100, &shell), driving = process_task(100, 0, &terminal), found[2];
	struct object_ix ends[2];

	make_pair(&m, OBJECT_PTY, 3, ends);
	make_fd(&m, shell, 0, ends[0], O_RDWR);
	make_fd(&m, terminal, 5, ends[1], O_RDWR);
	make_call(&m, reading, "read", 0, 0x1000, 1, 0, 0, 0);
	make_call(&m, driving, "wait4", 101, 0, 0, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(edge_of(reading)->channel, CHANNEL_PTY);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(reading), found, 2), 1);
	cr_assert_eq(found[0].at, driving.at);
	assert_proved(reading);
}

/* ---- sets -------------------------------------------------------------------- */

static struct task_ix event_loop(struct process_ix *process, struct object_ix *set)
{
	struct task_ix task = process_task(100, 0, process);

	*set = make_object(&m, OBJECT_EPOLL, 1);
	make_fd(&m, *process, 3, *set, O_RDWR);
	make_call(&m, task, "epoll_wait", 3, 0x1000, 10, 0xffffffff, 0, 0);
	return task;
}

/* asyncio alone with its wake-up socketpair: nobody but itself can write there. */
Test(scenario, an_event_loop_alone_with_its_wake_up_pair)
{
	struct object_ix set, ends[2];
	struct process_ix process;
	struct task_ix task = event_loop(&process, &set);

	make_pair(&m, OBJECT_UNIX, 20, ends);
	make_fd(&m, process, 4, ends[0], O_RDWR);
	make_fd(&m, process, 5, ends[1], O_RDWR);
	make_watch(&m, set, 4, ends[0], 1);
	made_build(&m);
	assert_proved(task);
	cr_assert_eq(edge_of(task)->in_set, 1);
}

Test(scenario, a_listener_in_the_set_is_outside)
{
	struct object_ix set, listener = make_object(&m, OBJECT_TCP, 21);
	struct process_ix process;
	struct task_ix task = event_loop(&process, &set);

	object_at(&m.snapshot, listener)->at[LOOK_T0].state = object_at(&m.snapshot, listener)->at[LOOK_T1].state = 10;
	make_fd(&m, process, 4, listener, O_RDWR);
	make_watch(&m, set, 4, listener, 1);
	made_build(&m);
	assert_live(task);
	cr_assert_eq(edge_of(task)->want, WANT_ACCEPT);
}

/* Trio: 40000019 is armed, 40000000 has fired and waits for nobody. */
Test(scenario, a_disarmed_one_shot_is_no_wait)
{
	struct object_ix set, ends[2], wake = make_object(&m, OBJECT_EVENTFD, 30);
	struct process_ix process, peer;
	struct task_ix task = event_loop(&process, &set);

	make_pair(&m, OBJECT_TCP, 20, ends);
	process_task(200, 100, &peer);
	make_fd(&m, process, 4, ends[0], O_RDWR);
	make_fd(&m, process, 5, wake, O_RDWR);
	make_fd(&m, peer, 4, ends[1], O_RDWR);
	make_readable(&m, ends[0], 480);
	make_watch(&m, set, 4, ends[0], 0x40000000);
	make_watch(&m, set, 5, wake, 0x40000019);
	make_burning(&m, make_leader(&m, peer));
	made_build(&m);
	cr_assert_eq(edge_of(task)->fd, 5);
	assert_proved(task);
}

Test(scenario, an_empty_set_waits_for_who_may_add_to_it)
{
	struct object_ix set;
	struct process_ix process;
	struct task_ix task = event_loop(&process, &set), other = make_task(&m, process, 150);

	make_futex(other, 0x5000, 0);
	made_build(&m);
	cr_assert_eq(edge_of(task)->channel, CHANNEL_EPOLL);
	cr_assert_eq(can(task), LIFE_CLOSED);
	make_sleep(&m, other, 5, 0);
	made_build(&m);
	assert_only_does(task);
}

Test(scenario, a_set_that_could_not_be_read_may_hold_anything)
{
	struct object_ix set;
	struct process_ix process;
	struct task_ix task = event_loop(&process, &set);

	object_at(&m.snapshot, set)->at[LOOK_T0].sight = object_at(&m.snapshot, set)->at[LOOK_T1].sight = SIGHT_DENIED;
	made_build(&m);
	assert_live(task);
	cr_assert(edge_of(task)->doubts & DOUBT_CALL);
}

Test(scenario, sets_lie_in_sets)
{
	struct object_ix set, inner = make_object(&m, OBJECT_EPOLL, 2), timer = make_object(&m, OBJECT_TIMERFD, 3);
	struct process_ix process;
	struct task_ix task = event_loop(&process, &set);
	int look;

	make_fd(&m, process, 4, inner, O_RDWR);
	make_fd(&m, process, 5, timer, O_RDWR);
	make_watch(&m, set, 4, inner, 1);
	make_watch(&m, inner, 5, timer, 1);
	for (look = 0; look < LOOKS; look++) {
		object_at(&m.snapshot, timer)->at[look].armed = ANSWER_YES;
		object_at(&m.snapshot, timer)->at[look].expires_ns = 7 * MADE_SECOND_NS;
	}
	made_build(&m);
	cr_assert_eq(edge_of(task)->channel, CHANNEL_TIMER);
	cr_assert_eq(edge_of(task)->deadline_ns, 7 * MADE_SECOND_NS);
	assert_live(task);
}

/* A set that contains itself many times must not explode. */
Test(scenario, sets_that_hold_themselves_end)
{
	struct object_ix set;
	struct process_ix process;
	struct task_ix task = event_loop(&process, &set);
	int32_t i;

	for (i = 0; i < 30; i++)
		make_watch(&m, set, 10 + i, set, 1);
	made_build(&m);
	cr_assert_lt(m.graph.edges, 3000000);
	assert_live(task);
}

Test(scenario, edge_triggered_data_was_told_of_already)
{
	struct object_ix set, ends[2];
	struct process_ix process, peer;
	struct task_ix task = event_loop(&process, &set);

	make_pair(&m, OBJECT_UNIX, 20, ends);
	process_task(200, 100, &peer);
	make_fd(&m, process, 4, ends[0], O_RDWR);
	make_fd(&m, peer, 4, ends[1], O_RDWR);
	make_call(&m, make_leader(&m, peer), "recvfrom", 4, 0, 10, 0, 0, 0);
	make_readable(&m, ends[0], 480);
	make_watch(&m, set, 4, ends[0], 0x80000001);
	made_build(&m);
	cr_assert_eq(edge_of(task)->ready, 0);
	assert_proved(task);
}

Test(scenario, poll_names_its_descriptors)
{
	const struct { int32_t fd; int16_t events, revents; } set[3] = { { 9, 1, 0 }, { -1, 1, 0 }, { 8, 4, 0 } };
	struct process_ix process, child;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix out = make_pipe(&m, 7), in = make_pipe(&m, 8);
	const struct edge *edge;

	process_task(101, 100, &child);
	make_fd(&m, process, 9, out, O_RDONLY);
	make_fd(&m, process, 8, in, O_WRONLY);
	make_fd(&m, child, 1, out, O_WRONLY);
	make_fd(&m, child, 0, in, O_RDONLY);
	make_call(&m, make_leader(&m, child), "futex", 0x5000, 0x80, 2, 0, 0, 0);
	make_call(&m, task, "poll", 0x2000, 3, 0xffffffff, 0, 0, 0);
	make_peek(&m, task, 0x2000, set, sizeof(set));
	made_build(&m);
	cr_assert_eq(edges_of(task), 2);
	edge = &m.graph.edge[m.graph.first_edge[task.at]];
	cr_assert(edge[0].fd == 8 && edge[0].want == WANT_WRITE && edge[0].in_set);
	cr_assert(edge[1].fd == 9 && edge[1].want == WANT_READ && edge[1].in_set);
	cr_assert_eq(can(task), LIFE_CLOSED);
}

Test(scenario, a_set_in_unread_memory_is_unread)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);

	make_call(&m, task, "poll", 0x2000, 3, 0xffffffff, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(edges_of(task), 0);
	cr_assert_eq(can(task), LIFE_UNREAD);
}

/* libuv: SIGCHLD writes to its own pipe, and so ends the wait. */
Test(scenario, a_caught_sigchld_ends_a_wait_on_a_set)
{
	struct object_ix set, pipe = make_pipe(&m, 7);
	struct process_ix process, child;
	struct task_ix task = event_loop(&process, &set);

	process_task(101, 100, &child);
	make_burning(&m, make_leader(&m, child));
	make_fd(&m, process, 4, pipe, O_RDONLY);
	make_fd(&m, process, 5, pipe, O_WRONLY);
	make_watch(&m, set, 4, pipe, 1);
	made_build(&m);
	cr_assert_eq(can(task), LIFE_CLOSED);
	process_at(&m.snapshot, process)->caught_signals = 1 << 16;
	made_build(&m);
	assert_live(task);
}

/* ---- retriers ------------------------------------------------------------------ */

/* Two ends that ask each other once a second and hear nothing. */
Test(scenario, retriers_on_both_ends_wake_nobody)
{
	const struct { int32_t fd; int16_t events, revents; } set = { 5, 1, 0 };
	struct task_ix task[2];
	int i;

	both_blocked(OBJECT_UNIX, "recvfrom", task);
	for (i = 0; i < 2; i++) {
		make_call(&m, task[i], "poll", 0x2000, 1, 1000, 0, 0, 0);
		make_peek(&m, task[i], 0x2000, &set, sizeof(set));
		make_moved(&m, task[i], 2);
	}
	made_build(&m);
	cr_assert_eq(m.graph.retrier[task[0].at], 1);
	assert_only_does(task[0]);
	assert_only_does(task[1]);
}

/* Woken more often than its timeout explains: it was served. */
Test(scenario, who_is_served_is_no_retrier)
{
	const struct { int32_t fd; int16_t events, revents; } set = { 5, 1, 0 };
	struct task_ix task[2];

	both_blocked(OBJECT_UNIX, "recvfrom", task);
	make_call(&m, task[0], "poll", 0x2000, 1, 1000, 0, 0, 0);
	make_peek(&m, task[0], 0x2000, &set, sizeof(set));
	make_moved(&m, task[0], 400);
	made_build(&m);
	cr_assert_eq(m.graph.retrier[task[0].at], 0);
	assert_live(task[0]);
	assert_live(task[1]); /* It has the channel in its wait set. */
}

/* asyncio with a timer once a second and nothing but its wake-up pair is a ticker. */
Test(scenario, a_loop_with_a_timer_is_a_ticker)
{
	struct object_ix set, ends[2];
	struct process_ix process;
	struct task_ix task = event_loop(&process, &set);

	make_pair(&m, OBJECT_UNIX, 20, ends);
	make_fd(&m, process, 4, ends[0], O_RDWR);
	make_fd(&m, process, 5, ends[1], O_RDWR);
	make_watch(&m, set, 4, ends[0], 1);
	make_call(&m, task, "epoll_wait", 3, 0x1000, 10, 1000, 0, 0);
	make_moved(&m, task, 2);
	made_build(&m);
	cr_assert_eq(m.graph.retrier[task.at], 0);
	assert_live(task);
}

Test(scenario, a_plain_ticker_is_live)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);

	make_sleep(&m, task, 1, 0);
	make_moved(&m, task, 2);
	made_build(&m);
	cr_assert_eq(m.graph.retrier[task.at], 0);
	assert_live(task);
}

/* ---- doubts ---------------------------------------------------------------------- */

Test(scenario, whatever_could_hide_an_end_forbids_the_proof)
{
	struct process_ix parent, child;
	struct task_ix task;

	undrained_pipe(&parent, &child);
	task = make_leader(&m, child);
	process_at(&m.snapshot, child)->caught_signals = 1 << 13;
	process_at(&m.snapshot, parent)->uring = ANSWER_YES;
	process_at(&m.snapshot, parent)->opaque = ANSWER_YES;
	made_build(&m);
	cr_assert_eq(edge_of(task)->doubts, DOUBT_SIGNAL | DOUBT_RING | DOUBT_OPAQUE);
}

Test(scenario, another_call_at_t0_is_a_change)
{
	struct process_ix parent, child;
	struct task_ix task;

	undrained_pipe(&parent, &child);
	task = make_leader(&m, child);
	task_at(&m.snapshot, task)->at[LOOK_T0].call.args[1]++;
	made_build(&m);
	cr_assert(edge_of(task)->doubts & DOUBT_CHANGED);
	cr_assert_eq(can(task), LIFE_LIVE);
}

Test(scenario, one_look_is_less_than_two)
{
	struct process_ix parent, child;
	struct task_ix task;
	uint32_t i;

	undrained_pipe(&parent, &child);
	task = make_leader(&m, child);
	m.snapshot.host.at[LOOK_T1].when_ns = UNSEEN;
	for (i = 0; i < m.snapshot.tasks.count; i++)
		m.snapshot.tasks.row[i].at[LOOK_T1].stat_sight = m.snapshot.tasks.row[i].at[LOOK_T1].call_sight =
			SIGHT_UNASKED;
	for (i = 0; i < m.snapshot.fds.count; i++)
		m.snapshot.fds.row[i].looks = 1;
	made_build(&m);
	cr_assert_eq(m.scene.last, LOOK_T0);
	cr_assert_eq(can(task), LIFE_CLOSED);
	cr_assert_eq(edge_of(task)->doubts, DOUBT_ONE_LOOK);
}

/* It has another fd table: its number 2 is not the process's 2. */
Test(scenario, a_thread_with_its_own_descriptors_is_unread)
{
	struct process_ix parent, child;
	struct task_ix task;

	undrained_pipe(&parent, &child);
	task = make_leader(&m, child);
	task_at(&m.snapshot, task)->own_fds = ANSWER_YES;
	made_build(&m);
	cr_assert_eq(can(task), LIFE_UNREAD);
}

Test(scenario, a_supervisor_holds_who_was_intercepted)
{
	struct process_ix guarded, supervisor;
	struct task_ix held = process_task(101, 100, &guarded), watching = process_task(100, 0, &supervisor), found[2];
	struct object_ix notify = make_object(&m, OBJECT_SECCOMP, 4), file = make_object(&m, OBJECT_FILE, 5);

	make_fd(&m, supervisor, 7, notify, O_RDWR);
	make_fd(&m, guarded, 3, file, O_RDWR);
	make_call(&m, held, "flock", 3, 2, 0, 0, 0, 0);
	make_wchan(&m, held, "seccomp_do_user_notification.isra.0");
	make_call(&m, watching, "wait4", 101, 0, 0, 0, 0, 0);
	made_build(&m);
	cr_assert_eq(edge_of(held)->channel, CHANNEL_SECCOMP);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, edge_of(held), found, 2), 1);
	cr_assert_eq(found[0].at, watching.at);
	cr_assert_eq(can(held), LIFE_CLOSED);
	cr_assert_neq(certainty_of(edge_of(held)->doubts), PROVED);
}

/* It sleeps in write(tcp), but for a page of its own memory. */
Test(scenario, a_missing_page_is_not_the_peers_fault)
{
	struct task_ix task[2];

	both_blocked(OBJECT_TCP, "write", task);
	make_wchan(&m, task[0], "handle_userfault");
	made_build(&m);
	cr_assert_eq(edge_of(task[0])->channel, CHANNEL_EXTERNAL);
	cr_assert_eq(edge_of(task[0])->wakers, 0);
	assert_live(task[0]);
}

Test(scenario, fuse_sleeps_interruptibly)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);

	make_wchan(&m, task, "request_wait_answer");
	made_build(&m);
	cr_assert_eq(edge_of(task)->channel, CHANNEL_FILE);
	assert_live(task);
}

Test(scenario, an_uninterruptible_call_waits_for_a_disk)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);

	make_call(&m, task, "unlink", 0x4000, 0, 0, 0, 0, 0);
	make_state(&m, task, 'D');
	made_build(&m);
	cr_assert_eq(edge_of(task)->channel, CHANNEL_FILE);
	assert_live(task);
}

/* 300 makes wait on one jobserver pipe that all of them hold. */
Test(scenario, many_waiters_of_many_holders_stay_few_links)
{
	enum { MANY = 300 };
	struct object_ix pipe = make_pipe(&m, 7);
	struct task_ix found[4];
	struct process_ix process;
	int32_t i;

	for (i = 0; i < MANY; i++) {
		process = make_process(&m, 100 + i, i ? 100 : 0);
		make_fd(&m, process, 3, pipe, O_RDONLY);
		make_fd(&m, process, 4, pipe, O_WRONLY);
		make_fd(&m, process, 5, pipe, O_WRONLY);
		make_call(&m, make_leader(&m, process), "read", 3, 0x1000, 1, 0, 0, 0);
	}
	made_build(&m);
	cr_assert_eq(m.graph.edges, MANY);
	cr_assert_eq(m.graph.wakers, MANY);
	cr_assert_eq(m.graph.members, MANY + MANY);
	cr_assert_eq(graph_tasks(&m.scene, &m.graph, m.graph.edge, found, 4), MANY);
	cr_assert_eq(task_at(&m.snapshot, found[3])->tid, 103);
	assert_proved(make_leader(&m, process));
}

/* ---- what another user may see under Yama: wchan, but no system call ------------- */

static void hide_calls(void)
{
	uint32_t i;
	int look;

	for (i = 0; i < m.snapshot.tasks.count; i++) {
		for (look = 0; look < LOOKS; look++) {
			m.snapshot.tasks.row[i].at[look].call_sight = SIGHT_DENIED;
			m.snapshot.tasks.row[i].at[look].call.number = CALL_UNSEEN;
		}
	}
	m.snapshot.peeks.count = 0;
}

Test(scenario, where_it_sleeps_says_what_it_waits_for)
{
	struct process_ix parent, child;
	const struct edge *edge;

	undrained_pipe(&parent, &child);
	make_wchan(&m, make_leader(&m, parent), "do_wait");
	make_wchan(&m, make_leader(&m, child), "anon_pipe_write");
	hide_calls();
	made_build(&m);
	cr_assert_eq(can(make_leader(&m, parent)), LIFE_CLOSED);
	cr_assert_eq(can(make_leader(&m, child)), LIFE_CLOSED);
	edge = edge_of(make_leader(&m, child));
	cr_assert(edge->channel == CHANNEL_PIPE && edge->want == WANT_WRITE && edge->fd == 2);
	cr_assert_eq(edge->doubts, DOUBT_PLAUSIBLE);
	cr_assert_eq(edge_of(make_leader(&m, parent))->channel, CHANNEL_CHILD);
}

Test(scenario, polling_shows_in_how_often_it_wakes)
{
	struct process_ix parent, child;
	struct task_ix task;

	undrained_pipe(&parent, &child);
	task = make_leader(&m, parent);
	make_wchan(&m, task, "hrtimer_nanosleep");
	make_moved(&m, task, 40);
	make_wchan(&m, make_leader(&m, child), "pipe_write");
	hide_calls();
	made_build(&m);
	assert_only_does(task);
	assert_only_does(make_leader(&m, child));
	cr_assert_eq(m.graph.retrier[task.at], 1);
}

Test(scenario, of_several_pipes_any_may_be_the_one)
{
	struct process_ix reader, writer;
	struct task_ix reading = process_task(100, 0, &reader);
	struct object_ix one = make_pipe(&m, 7), two = make_pipe(&m, 8), nonblocking = make_pipe(&m, 9);

	process_task(101, 100, &writer);
	make_fd(&m, reader, 3, one, O_RDONLY);
	make_fd(&m, reader, 4, two, O_RDONLY);
	make_fd(&m, reader, 5, nonblocking, O_RDONLY | O_NONBLOCK);
	make_fd(&m, reader, 6, make_pipe(&m, 10), O_WRONLY);
	make_fd(&m, writer, 3, one, O_WRONLY);
	make_fd(&m, writer, 4, two, O_WRONLY);
	make_fd(&m, writer, 5, nonblocking, O_WRONLY);
	make_wchan(&m, reading, "anon_pipe_read");
	make_wchan(&m, make_leader(&m, writer), "do_wait");
	hide_calls();
	made_build(&m);
	cr_assert_eq(edges_of(reading), 2);
	cr_assert(m.graph.edge[m.graph.first_edge[reading.at]].doubts & DOUBT_CALL);
}

Test(scenario, with_data_before_it_a_tcp_sleeper_sends)
{
	struct task_ix task[2];

	both_blocked(OBJECT_TCP, "sendto", task);
	make_readable(&m, (struct object_ix){ 0 }, 1000);
	make_wchan(&m, task[0], "wait_woken");
	make_wchan(&m, task[1], "wait_woken");
	hide_calls();
	made_build(&m);
	cr_assert_eq(edge_of(task[0])->want, WANT_WRITE);
	cr_assert_eq(edge_of(task[1])->want, WANT_READ);
	cr_assert_eq(can(task[0]), LIFE_CLOSED);
}

Test(scenario, a_sleep_of_unknown_length_is_the_tasks_own)
{
	struct process_ix sleeper, reader;
	struct task_ix sleeping = process_task(101, 100, &sleeper), reading = process_task(102, 100, &reader);
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, sleeper, 1, pipe, O_WRONLY);
	make_fd(&m, reader, 0, pipe, O_RDONLY);
	make_wchan(&m, sleeping, "hrtimer_nanosleep");
	make_wchan(&m, reading, "anon_pipe_read");
	hide_calls();
	made_build(&m);
	assert_live(sleeping);
	assert_only_does(reading);
	cr_assert(edge_of(sleeping)->doubts & DOUBT_CALL);
}

Test(scenario, a_hidden_poll_may_ask_for_whatever_it_has)
{
	struct process_ix process, child;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix pipe = make_pipe(&m, 7);
	const struct edge *edge;

	process_task(101, 100, &child);
	make_fd(&m, process, 3, pipe, O_RDONLY);
	make_fd(&m, child, 1, pipe, O_WRONLY);
	make_wchan(&m, task, "poll_schedule_timeout.constprop.0");
	make_wchan(&m, make_leader(&m, child), "futex_do_wait");
	hide_calls();
	made_build(&m);
	edge = edge_of(task);
	cr_assert(edge->channel == CHANNEL_PIPE && edge->in_set);
	cr_assert(edge->doubts & DOUBT_CALL, "it may have a timeout, too");
	cr_assert_eq(can(task), LIFE_CLOSED);
}

/* Of two pipes the one without a writer would have told of its end. */
Test(scenario, a_candidate_with_a_holder_is_the_better_one)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);
	struct object_ix own = make_pipe(&m, 7), ended = make_pipe(&m, 8);

	object_at(&m.snapshot, ended)->cover = COVER_HOLES;
	make_fd(&m, process, 3, ended, O_RDONLY);
	make_fd(&m, process, 4, own, O_RDONLY);
	make_fd(&m, process, 5, own, O_WRONLY);
	make_wchan(&m, task, "anon_pipe_read");
	hide_calls();
	made_build(&m);
	cr_assert_eq(edge_of(task)->fd, 4);
	cr_assert_eq(can(task), LIFE_CLOSED);
	cr_assert_eq(certainty_of(edge_of(task)->doubts), UNSURE);
}

Test(scenario, an_unknown_place_tells_nothing)
{
	struct process_ix process;
	struct task_ix task = process_task(100, 0, &process);

	make_wchan(&m, task, "some_new_function");
	hide_calls();
	made_build(&m);
	cr_assert_eq(can(task), LIFE_UNREAD);
	cr_assert_eq(m.scene.calls[LOOK_T1][task.at].action, ACTION_NONE);
}
