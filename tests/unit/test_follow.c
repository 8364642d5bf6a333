/* SPDX-License-Identifier: MIT */
#include "follow.h"

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

TestSuite(follow, .init = setup, .fini = teardown);

/* As the snapshot is after the first look: nothing of T1, only the tree searched. */
static void at_t0(void)
{
	uint32_t i;

	m.snapshot.host.at[LOOK_T1].when_ns = UNSEEN;
	for (i = 0; i < m.snapshot.processes.count; i++)
		m.snapshot.processes.row[i].at[LOOK_T1].sight = SIGHT_UNASKED;
	for (i = 0; i < m.snapshot.tasks.count; i++)
		m.snapshot.tasks.row[i].at[LOOK_T1] = (struct task_look){
			.stat_sight = SIGHT_UNASKED, .call_sight = SIGHT_UNASKED, .wchan_sight = SIGHT_UNASKED,
			.call = { .number = CALL_UNSEEN }, .wchan = TEXT_UNSEEN,
		};
	for (i = 0; i < m.snapshot.fds.count; i++)
		m.snapshot.fds.row[i].looks = 1 << LOOK_T0;
	for (i = 0; i < m.snapshot.objects.count; i++)
		m.snapshot.objects.row[i].cover = COVER_TREE;
}

static uint32_t wanted(struct object_ix *first)
{
	struct object_ix *objects;
	uint32_t count;

	at_t0();
	cr_assert_eq(follow_wanted(&m.snapshot, &m.arena, &objects, &count), 0);
	if (count)
		*first = objects[0];
	return count;
}

/* Reads a pipe; the writer, if any, is another process of the tree. */
static struct object_ix reader(bool with_writer)
{
	struct process_ix reads = make_process(&m, 100, 0), writes = make_process(&m, 101, 100);
	struct object_ix pipe = make_pipe(&m, 7);

	make_fd(&m, reads, 0, pipe, O_RDONLY);
	if (with_writer)
		make_fd(&m, writes, 1, pipe, O_WRONLY);
	make_call(&m, make_leader(&m, reads), "read", 0, 0x1000, 10, 0, 0, 0);
	make_sleep(&m, make_leader(&m, writes), 5, 0);
	return pipe;
}

Test(follow, a_tree_that_matches_asks_nothing_of_the_machine)
{
	struct object_ix first;

	reader(true);
	cr_assert_eq(wanted(&first), 0);
}

Test(follow, a_pipe_whose_writer_is_not_in_view)
{
	struct object_ix pipe = reader(false), first;

	cr_assert_eq(wanted(&first), 1);
	cr_assert_eq(first.at, pipe.at);
	object_at(&m.snapshot, pipe)->cover = COVER_HOLES;
	at_t0();
	object_at(&m.snapshot, pipe)->cover = COVER_HOLES;
	{
		struct object_ix *objects;
		uint32_t count;

		cr_assert_eq(follow_wanted(&m.snapshot, &m.arena, &objects, &count), 0);
		cr_assert_eq(count, 0, "searched already");
	}
}

/* Nobody but itself could write: perhaps a stranger can, too. */
Test(follow, a_pipe_whose_only_writer_is_its_reader)
{
	struct object_ix pipe = reader(false), first;

	make_fd(&m, (struct process_ix){ 0 }, 1, pipe, O_WRONLY);
	cr_assert_eq(wanted(&first), 1);
}

Test(follow, the_peer_of_a_socket)
{
	struct process_ix process = make_process(&m, 100, 0);
	struct object_ix ends[2], first;

	make_pair(&m, OBJECT_UNIX, 20, ends);
	make_fd(&m, process, 3, ends[0], O_RDWR);
	make_call(&m, make_leader(&m, process), "recvfrom", 3, 0x1000, 10, 0, 0, 0);
	cr_assert_eq(wanted(&first), 1);
	cr_assert_eq(first.at, ends[1].at);
}

static struct object_ix event_loop(struct process_ix process, uint64_t timeout)
{
	struct object_ix set = make_object(&m, OBJECT_EPOLL, 1), wake = make_object(&m, OBJECT_EVENTFD, 2);

	make_fd(&m, process, 3, set, O_RDWR);
	make_fd(&m, process, 4, wake, O_RDWR);
	make_watch(&m, set, 4, wake, 1);
	make_call(&m, make_leader(&m, process), "epoll_wait", 3, 0x1000, 10, timeout, 0, 0);
	return set;
}

Test(follow, the_wake_up_channel_of_an_event_loop_is_its_own)
{
	struct object_ix first;

	event_loop(make_process(&m, 100, 0), 0xffffffff);
	cr_assert_eq(wanted(&first), 0);
}

static uint32_t loop_with_a_strange_peer(uint64_t timeout, bool listens, struct object_ix *first)
{
	struct process_ix process = make_process(&m, 100, 0);
	struct object_ix set = event_loop(process, timeout), ends[2], listener = make_object(&m, OBJECT_TCP, 30);

	make_pair(&m, OBJECT_UNIX, 20, ends);
	make_fd(&m, process, 5, ends[0], O_RDWR);
	make_watch(&m, set, 5, ends[0], 1);
	object_at(&m.snapshot, listener)->at[LOOK_T0].state = 10;
	make_fd(&m, process, 6, listener, O_RDWR);
	if (listens)
		make_watch(&m, set, 6, listener, 1);
	return wanted(first);
}

Test(follow, the_one_peer_of_an_event_loop)
{
	struct object_ix first;

	cr_assert_eq(loop_with_a_strange_peer(0xffffffff, false, &first), 1);
	cr_assert_eq(object_at(&m.snapshot, first)->key.name, 21);
}

Test(follow, not_one_of_many_that_may_wake_it)
{
	struct object_ix first;

	cr_assert_eq(loop_with_a_strange_peer(0xffffffff, true, &first), 0);
}

Test(follow, not_where_a_timer_wakes_it)
{
	struct object_ix first;

	cr_assert_eq(loop_with_a_strange_peer(1000, false, &first), 0);
}

static uint32_t confirmed(void)
{
	struct object_ix *objects;
	uint32_t count;

	made_build(&m);
	cr_assert_eq(follow_confirm(&m.scene, &m.graph, &m.arena, &objects, &count), 0);
	return count;
}

Test(follow, what_is_closed_is_confirmed)
{
	struct object_ix pipe = reader(true);
	struct task_ix writer = make_leader(&m, (struct process_ix){ 1 });

	object_at(&m.snapshot, pipe)->cover = COVER_TREE;
	cr_assert_eq(confirmed(), 0, "the writer's timer may free it");
	make_call(&m, writer, "futex", 0x5000, 0x80, 2, 0, 0, 0);
	cr_assert_eq(confirmed(), 1);
	object_at(&m.snapshot, pipe)->cover = COVER_MACHINE;
	cr_assert_eq(confirmed(), 0, "known already");
	object_at(&m.snapshot, pipe)->cover = COVER_TREE;
	process_at(&m.snapshot, (struct process_ix){ 0 })->caught_signals = 1 << 13;
	cr_assert_eq(confirmed(), 0, "no proof to be had anyway");
}

/* Two event loops, each with its end of one connection and nothing else. */
static void two_loops(struct process_ix ret[2])
{
	struct object_ix ends[2], set;
	unsigned i;

	make_pair(&m, OBJECT_TCP, 20, ends);
	for (i = 0; i < 2; i++) {
		ret[i] = make_process(&m, 100 + i, 0);
		set = make_object(&m, OBJECT_EPOLL, 1 + i);
		make_fd(&m, ret[i], 3, set, O_RDWR);
		make_fd(&m, ret[i], 5, ends[i], O_RDWR);
		make_watch(&m, set, 5, ends[i], 1);
		make_call(&m, make_leader(&m, ret[i]), "epoll_wait", 3, 0x1000, 10, 0xffffffff, 0, 0);
		object_at(&m.snapshot, ends[i])->cover = COVER_TREE;
	}
}

Test(follow, event_loops_alone_are_never_proved_anything)
{
	struct process_ix loops[2];

	two_loops(loops);
	cr_assert_eq(confirmed(), 0);
	cr_assert_eq(m.graph.can_wake[make_leader(&m, loops[0]).at], LIFE_CLOSED);
}

Test(follow, an_event_loop_in_a_circle_with_a_call)
{
	struct process_ix loops[2];
	struct object_ix pipe = make_pipe(&m, 7);

	two_loops(loops);
	make_call(&m, make_leader(&m, loops[0]), "read", 0, 0x1000, 10, 0, 0, 0);
	make_fd(&m, loops[0], 0, pipe, O_RDONLY);
	make_fd(&m, loops[1], 1, pipe, O_WRONLY);
	object_at(&m.snapshot, pipe)->cover = COVER_TREE;
	cr_assert_eq(confirmed(), 2, "what the reader waits for, and what the loop does");
}

/* The writer may be woken by a timeout of its socket, which nobody can read. */
Test(follow, no_proof_hangs_on_a_doubt)
{
	struct object_ix pipe = reader(true), ends[2];
	struct task_ix reads = make_leader(&m, (struct process_ix){ 0 }), writes = make_leader(&m, (struct process_ix){ 1 });

	make_pair(&m, OBJECT_TCP, 20, ends);
	make_fd(&m, (struct process_ix){ 0 }, 5, ends[0], O_RDWR);
	make_fd(&m, (struct process_ix){ 1 }, 5, ends[1], O_RDWR);
	make_call(&m, writes, "recvfrom", 5, 0x1000, 10, 0, 0, 0);
	object_at(&m.snapshot, ends[1])->receive_timeout_ms = UNSEEN;
	object_at(&m.snapshot, pipe)->cover = COVER_TREE;
	cr_assert_eq(confirmed(), 0);
	cr_assert_eq(m.graph.can_wake[reads.at], LIFE_CLOSED);
}
