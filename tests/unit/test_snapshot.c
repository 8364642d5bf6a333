/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "bounds.h"
#include "rows.h"

static struct snapshot s;

static void setup(void)
{
	cr_assert_eq(snapshot_init(&s), 0);
}

static void teardown(void)
{
	snapshot_deinit(&s);
}

TestSuite(snapshot, .init = setup, .fini = teardown);

static struct process_ix add_process(pid_t pid, int64_t start_ticks)
{
	struct process_ix ret;

	cr_assert_eq(snapshot_add_process(&s, pid, start_ticks, &ret), 0);
	return ret;
}

static struct object_ix add_pipe(uint64_t inode)
{
	struct object_ix ret;

	cr_assert_eq(snapshot_add_object(&s, OBJECT_PIPE, (struct object_key){ 0, inode }, &ret), 0);
	return ret;
}

static struct text text(const char *bytes)
{
	struct text ret;

	cr_assert_eq(snapshot_text(&s, bytes, strlen(bytes), &ret), 0);
	return ret;
}

Test(snapshot, a_new_row_is_entirely_unseen)
{
	struct process_ix process = add_process(4242, 77);
	struct task_ix task;
	const struct process *p;
	const struct task *t;
	const struct object *o;

	cr_assert_eq(snapshot_add_task(&s, process, 4243, 78, &task), 0);
	p = process_at(&s, process);
	cr_assert(p->pid == 4242 && p->start_ticks == 77);
	cr_assert(p->parent == -1 && p->tty_foreground == -1 && p->uid == UNSEEN && p->flags == 0);
	cr_assert(!text_seen(p->comm) && !text_seen(p->exe) && p->cgroup.at == NO_ROW);
	cr_assert(p->joined == JOINED_UNKNOWN && p->opaque == ANSWER_UNKNOWN && p->bits == 0);
	cr_assert(p->fds_sight == SIGHT_UNASKED && p->at[LOOK_T1].sight == SIGHT_UNASKED);
	cr_assert(p->at[LOOK_T0].read_bytes == UNSEEN && p->at[LOOK_T1].when_ns == UNSEEN);

	t = task_at(&s, task);
	cr_assert(t->tid == 4243 && t->process.at == process.at && t->start_ticks == 78 && t->ns_tid == -1);
	cr_assert(t->at[LOOK_T1].call.number == CALL_UNSEEN && t->at[LOOK_T1].call.args[5] == 0);
	cr_assert(t->at[LOOK_T0].state == 0 && t->at[LOOK_T0].tracer == -1 && t->nice == UNSEEN);
	cr_assert(t->at[LOOK_T0].stat_sight == SIGHT_UNASKED && !text_seen(t->at[LOOK_T0].wchan));

	o = object_at(&s, add_pipe(9));
	cr_assert(o->kind == OBJECT_PIPE && o->key.name == 9 && o->cover == COVER_NONE && o->family == -1);
	cr_assert(o->peer.at == NO_ROW && o->at[LOOK_T1].readable == UNSEEN && o->receive_timeout_ms == UNSEEN);
}

Test(snapshot, the_header_is_unseen_and_nothing_was_cut)
{
	cr_assert(s.captured_at_ms == UNSEEN && s.host.cpus == UNSEEN && !text_seen(s.host.name));
	cr_assert(s.viewer.ptrace_scope == UNSEEN && s.viewer.capabilities == 0 && s.asked.overdue == 0);
	cr_assert(s.host.at[LOOK_T1].available_kb == UNSEEN);
	cr_assert(s.cost.wall_ns == 0 && s.cut.gaps == 0);
}

Test(snapshot, a_process_is_its_pid_and_its_start)
{
	struct process_ix old = add_process(10, 5), young = add_process(10, 9), same = add_process(10, 5);

	cr_assert_neq(old.at, young.at);
	cr_assert_eq(old.at, same.at);
	cr_assert_eq(s.processes.count, 2);
	cr_assert_eq(snapshot_find_process(&s, 10).at, young.at);
	cr_assert_eq(snapshot_find_process(&s, 11).at, NO_ROW);
}

Test(snapshot, the_youngest_is_found_whatever_came_first)
{
	struct process_ix young = add_process(10, 9);

	add_process(10, UNSEEN);
	add_process(10, 5);
	cr_assert_eq(snapshot_find_process(&s, 10).at, young.at);
}

Test(snapshot, a_task_is_its_tid_start_and_process)
{
	struct process_ix a = add_process(10, 5), b = add_process(11, 5);
	struct task_ix first, second, again, orphan;

	cr_assert_eq(snapshot_add_task(&s, a, 12, 6, &first), 0);
	cr_assert_eq(snapshot_add_task(&s, b, 12, 7, &second), 0);
	cr_assert_eq(snapshot_add_task(&s, a, 12, 6, &again), 0);
	cr_assert(first.at == again.at && first.at != second.at);
	cr_assert_eq(snapshot_find_task(&s, 12).at, second.at);
	cr_assert_eq(snapshot_find_task(&s, 10).at, NO_ROW);

	cr_assert_eq(snapshot_add_task(&s, (struct process_ix){ NO_ROW }, 12, 6, &orphan), -E2BIG);
	cr_assert_eq(s.cut.tasks, 1);
}

Test(snapshot, an_object_is_its_kind_and_key)
{
	struct object_key key = { 1, 2 };
	struct object_ix fifo, file;

	cr_assert_eq(snapshot_add_object(&s, OBJECT_FIFO, key, &fifo), 0);
	cr_assert_eq(snapshot_add_object(&s, OBJECT_FILE, key, &file), 0);
	cr_assert_neq(fifo.at, file.at);
	cr_assert_eq(snapshot_find_object(&s, OBJECT_FILE, key).at, file.at);
	cr_assert_eq(snapshot_find_object(&s, OBJECT_FILE, (struct object_key){ 2, 1 }).at, NO_ROW);
}

Test(snapshot, a_socket_keeps_its_row_when_its_family_is_learned)
{
	struct object_key key = { 0, 15716 };
	struct object_ix socket, again;

	cr_assert_eq(snapshot_add_object(&s, OBJECT_SOCKET, key, &socket), 0);
	object_at(&s, socket)->kind = OBJECT_TCP;
	cr_assert_eq(snapshot_add_object(&s, OBJECT_SOCKET, key, &again), 0);
	cr_assert_eq(again.at, socket.at);
	cr_assert_eq(snapshot_find_object(&s, OBJECT_TCP, key).at, socket.at);
	cr_assert_eq(snapshot_find_object(&s, OBJECT_PIPE, key).at, NO_ROW);
}

Test(snapshot, cgroups_share_a_row)
{
	struct cgroup_ix a, b, c;

	cr_assert_eq(snapshot_add_cgroup(&s, text("0::/a\n"), &a), 0);
	cr_assert_eq(snapshot_add_cgroup(&s, text("0::/b\n"), &b), 0);
	cr_assert_eq(snapshot_add_cgroup(&s, text("0::/a\n"), &c), 0);
	cr_assert(a.at == c.at && a.at != b.at);
	cr_assert_eq(cgroup_at(&s, a)->membership.at, text("0::/a\n").at);
	cr_assert_eq(cgroup_at(&s, a)->memory_limit, UNSEEN);
}

Test(snapshot, looks_of_an_fd_add_up)
{
	struct fd fd = { .process = add_process(1, 1), .number = 3, .object = add_pipe(7), .flags = 2, .looks = 1 };
	struct fd_ix first, second, reused;

	cr_assert_eq(snapshot_add_fd(&s, &fd, &first), 0);
	fd.looks = 2;
	cr_assert_eq(snapshot_add_fd(&s, &fd, &second), 0);
	cr_assert_eq(first.at, second.at);
	cr_assert(fd_at(&s, first)->looks == 3 && fd_at(&s, first)->flags == 2);

	fd.object = add_pipe(8);
	cr_assert_eq(snapshot_add_fd(&s, &fd, &reused), 0);
	cr_assert_neq(reused.at, first.at);
	cr_assert_eq(fd_at(&s, reused)->looks, 2);

	fd.object.at = NO_ROW;
	cr_assert_eq(snapshot_add_fd(&s, &fd, &reused), -E2BIG);
	cr_assert_eq(s.cut.fds, 1);
}

Test(snapshot, looks_of_holds_and_watches_add_up)
{
	struct hold hold = { add_pipe(7), add_process(1, 1), { NO_ROW }, ROLE_MAPS, HOLD_EXACT, 1 };
	struct watch watch = { add_pipe(8), 3, { NO_ROW }, 1, 1 };

	cr_assert_eq(snapshot_add_hold(&s, &hold), 0);
	hold.looks = 2;
	cr_assert_eq(snapshot_add_hold(&s, &hold), 0);
	hold.role = ROLE_OWNS;
	cr_assert_eq(snapshot_add_hold(&s, &hold), 0);
	cr_assert_eq(s.holds.count, 2);
	cr_assert(s.holds.row[0].looks == 3 && s.holds.row[1].looks == 2);

	cr_assert_eq(snapshot_add_watch(&s, &watch), 0);
	watch.looks = 2;
	cr_assert_eq(snapshot_add_watch(&s, &watch), 0);
	watch.events = 4;
	cr_assert_eq(snapshot_add_watch(&s, &watch), 0);
	cr_assert_eq(s.watches.count, 2);
	cr_assert(s.watches.row[0].looks == 3 && s.watches.row[1].looks == 2);
}

Test(snapshot, a_row_may_be_added_from_its_own_table)
{
	struct fd fd = { .process = add_process(1, 1), .object = add_pipe(7), .looks = 1 };
	struct fd_ix ix;

	for (fd.number = 0; fd.number < 16; fd.number++)
		cr_assert_eq(snapshot_add_fd(&s, &fd, &ix), 0);
	s.fds.row[15].process = add_process(2, 1); /* table full: the next one moves it */
	cr_assert_eq(snapshot_add_fd(&s, &s.fds.row[15], &ix), 0);
	cr_assert_eq(fd_at(&s, ix)->number, 15);
}

/* 100,000 rows: more than an index that compares row with row would end in this test's time. */
Test(snapshot, finds_every_row_of_many, .timeout = 20)
{
	struct process_ix process = add_process(1, 1);
	struct task_ix task;
	pid_t tid;

	for (tid = 1; tid <= 100000; tid++)
		cr_assert_eq(snapshot_add_task(&s, process, tid, tid, &task), 0);
	for (tid = 1; tid <= 100000; tid++)
		cr_assert_eq(snapshot_find_task(&s, tid).at, (uint32_t)tid - 1);
}

/* As a loaded snapshot has them. */
Test(snapshot, finds_rows_that_nobody_announced)
{
	uint32_t at, i;
	void *row;

	for (i = 0; i < 100; i++) {
		cr_assert_eq(rows_append(&s, TABLE_PROCESSES, &at, &row), 0);
		((struct process *)row)->pid = (int32_t)i + 1;
	}
	cr_assert_eq(snapshot_find_process(&s, 100).at, 99);
	cr_assert_eq(add_process(50, UNSEEN).at, 49);
	cr_assert_eq(add_process(101, 1).at, 100);
	cr_assert_eq(snapshot_find_process(&s, 101).at, 100);
}

Test(snapshot, past_a_bound_rows_are_counted)
{
	struct process_ix ix = { 5 };
	int i;

	for (i = 1; i <= BOUND_PROCESSES; i++)
		add_process(i, 1);
	cr_assert_eq(snapshot_add_process(&s, i, 1, &ix), -E2BIG);
	cr_assert_eq(ix.at, 5);
	cr_assert_eq(s.cut.processes, 1);
	cr_assert_eq(add_process(7, 1).at, 6);
}

Test(snapshot, peeks_are_always_new)
{
	struct process_ix process = add_process(1, 1);
	struct peek peek = { .sight = SIGHT_OK, .address = 5, .bytes = text("x") };

	cr_assert_eq(snapshot_add_task(&s, process, 1, 1, &peek.task), 0);
	cr_assert_eq(snapshot_add_peek(&s, &peek), 0);
	cr_assert_eq(snapshot_add_peek(&s, &peek), 0);
	cr_assert_eq(s.peeks.count, 2);
	peek.task.at = NO_ROW;
	cr_assert_eq(snapshot_add_peek(&s, &peek), -E2BIG);
	cr_assert_eq(s.cut.peeks, 1);
}

Test(snapshot, texts_are_interned)
{
	struct text nothing = text("");

	cr_assert(text_seen(nothing));
	cr_assert_str_eq(snapshot_bytes(&s, TEXT_UNSEEN), "");
	cr_assert_eq(text("a").at, text("a").at);
	cr_assert_str_eq(snapshot_bytes(&s, text("a")), "a");
	cr_assert_eq(snapshot_text(&s, "x", BOUND_POOL, &nothing), -E2BIG);
	cr_assert_not(text_seen(nothing));
}

Test(snapshot, a_miss_marks_the_fact_and_files_the_gap)
{
	struct gap gap = gap_blank(1, SIGHT_DENIED, LOOK_T1, EACCES);
	uint8_t sight = SIGHT_UNASKED;

	gap.detail = text("syscall");
	cr_assert_eq(snapshot_miss(&s, &sight, &gap), 0);
	cr_assert_eq(snapshot_miss(&s, NULL, &gap), 0);
	cr_assert_eq(sight, SIGHT_DENIED);
	cr_assert_eq(s.gaps.count, 2);
	cr_assert(s.gaps.row[0].probe == 1 && s.gaps.row[0].look == LOOK_T1 && s.gaps.row[0].error == EACCES);
	cr_assert(s.gaps.row[0].process.at == NO_ROW && s.gaps.row[0].task.at == NO_ROW);
	cr_assert(s.gaps.row[0].object.at == NO_ROW && s.gaps.row[0].detail.at == text("syscall").at);
}

Test(snapshot, many_gaps_of_one_reason_leave_room_for_others)
{
	struct gap gap = gap_blank(1, SIGHT_DENIED, LOOK_T0, EACCES);
	uint8_t sight = SIGHT_OK;
	int i;

	for (i = 0; i < 2 * BOUND_GAPS; i++)
		cr_assert_eq(snapshot_miss(&s, NULL, &gap), 0);
	cr_assert_eq(s.gaps.count, BOUND_GAPS - BOUND_GAP_REASONS);
	cr_assert_eq(s.cut.gaps, BOUND_GAPS + BOUND_GAP_REASONS);

	gap.sight = SIGHT_UNSUPPORTED;
	cr_assert_eq(snapshot_miss(&s, &sight, &gap), 0);
	cr_assert_eq(snapshot_miss(&s, &sight, &gap), 0);
	cr_assert_eq(sight, SIGHT_UNSUPPORTED);
	cr_assert_eq(s.gaps.count, BOUND_GAPS - BOUND_GAP_REASONS + 1);

	for (i = 1; i <= BOUND_GAPS; i++) {
		gap.error = i;
		cr_assert_eq(snapshot_miss(&s, &sight, &gap), 0);
	}
	cr_assert_leq(s.gaps.count, BOUND_GAPS);
	cr_assert_geq(s.gaps.count, BOUND_GAPS - 2);
}

Test(snapshot, deinit_leaves_nothing_to_free_twice)
{
	add_process(1, 1);
	snapshot_deinit(&s);
	cr_assert_null(s.pool);
	cr_assert_null(s.processes.row);
}
