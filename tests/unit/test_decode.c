/* SPDX-License-Identifier: MIT */
#include "decode.h"

#include <criterion/criterion.h>
#include <string.h>

#include "bounds.h"
#include "make.h"

static struct made m;
static struct process_ix process;
static struct task_ix task;

static void setup(void)
{
	made_init(&m);
	process = make_process(&m, 100, 0);
	task = make_leader(&m, process);
}

static void teardown(void)
{
	made_deinit(&m);
}

TestSuite(decode, .init = setup, .fini = teardown);

/* As it would be after a look: the call of the task with all peeks that were made. */
static struct decoded decoded(void)
{
	return decode_call(&m.snapshot, process_at(&m.snapshot, process), &task_at(&m.snapshot, task)->at[LOOK_T1].call,
			   LOOK_T1, m.snapshot.peeks.row, m.snapshot.peeks.count);
}

static uint32_t wants(struct range ret[DECODE_RANGES])
{
	return decode_wants(&task_at(&m.snapshot, task)->at[LOOK_T1].call, ARCH_X86_64, ret);
}

Test(decode, no_call_has_no_meaning)
{
	static const int32_t none[] = { CALL_UNSEEN, CALL_RUNNING, CALL_OUTSIDE };
	struct range range[DECODE_RANGES];
	struct decoded call;
	size_t i;

	for (i = 0; i < 3; i++) {
		task_at(&m.snapshot, task)->at[LOOK_T1].call.number = none[i];
		call = decoded();
		cr_assert_eq(call.action, ACTION_NONE);
		cr_assert_null(call.name);
		cr_assert_eq(call.fd, -1);
		cr_assert_eq(call.timeout_ns, UNSEEN);
		cr_assert_eq(wants(range), 0);
	}
}

Test(decode, a_number_nobody_knows_is_still_a_call)
{
	struct range range[DECODE_RANGES];

	task_at(&m.snapshot, task)->at[LOOK_T1].call.number = 9999;
	cr_assert_eq(decoded().action, ACTION_OTHER);
	cr_assert_null(decoded().name);
	cr_assert_eq(wants(range), 0);
}

/* The numbers of a 32-bit program are others. */
Test(decode, a_32_bit_program_is_not_misnamed)
{
	make_call(&m, task, "read", 3, 0, 0, 0, 0, 0);
	process_at(&m.snapshot, process)->bits = 32;
	cr_assert_null(decoded().name);
	cr_assert_eq(decoded().action, ACTION_OTHER);
	cr_assert_eq(decoded().fd, -1);
}

Test(decode, reading_and_writing)
{
	struct decoded call;

	make_call(&m, task, "recvfrom", 7, 0x1000, 65536, 0, 0, 0);
	call = decoded();
	cr_assert(call.action == ACTION_READ && call.fd == 7 && !call.write);
	cr_assert_str_eq(call.name, "recvfrom");
	make_call(&m, task, "sendmsg", 8, 0x1000, 0, 0, 0, 0);
	call = decoded();
	cr_assert(call.action == ACTION_WRITE && call.fd == 8 && call.write);
	make_call(&m, task, "sendfile", 5, 6, 0, 100, 0, 0);
	call = decoded();
	cr_assert(call.action == ACTION_READ && call.fd == 6 && call.other_fd == 5);
	make_call(&m, task, "splice", 5, 0, 6, 0, 100, 0);
	call = decoded();
	cr_assert(call.action == ACTION_READ && call.fd == 5 && call.other_fd == 6);
}

/* poll's -1 reads 0xffffffff. */
Test(decode, poll_for_ever_and_for_a_while)
{
	struct range range[DECODE_RANGES];
	struct decoded call;

	make_call(&m, task, "poll", 0x7ffd00000000, 3, 0xffffffff, 0, 0, 0);
	call = decoded();
	cr_assert(call.action == ACTION_POLL && call.count == 3 && call.address == 0x7ffd00000000);
	cr_assert(call.timeout_ns == UNSEEN && !call.timeout_unread);
	cr_assert_eq(wants(range), 1);
	cr_assert(range[0].address == 0x7ffd00000000 && range[0].length == 24);

	make_call(&m, task, "poll", 0x7ffd00000000, 3, 2500, 0, 0, 0);
	call = decoded();
	cr_assert_eq(call.timeout_ns, INT64_C(2500000000));
	cr_assert_not(call.timeout_exact);
}

Test(decode, absurd_sets_are_bounded)
{
	struct range range[DECODE_RANGES];
	uint32_t count;

	make_call(&m, task, "poll", 0x1000, UINT64_MAX, 0, 0, 0, 0);
	cr_assert_eq(wants(range), 1);
	cr_assert_eq(range[0].length, BOUND_PEEK);
	make_call(&m, task, "select", UINT64_MAX, 0x1000, 0x2000, 0x3000, 0x4000, 0);
	count = wants(range);
	cr_assert_eq(count, 4);
	cr_assert_eq(range[2].length, BOUND_PEEK);
	cr_assert_eq(range[3].length, 16);
	make_call(&m, task, "select", 0, 0x1000, 0x2000, 0x3000, 0, 0);
	cr_assert_eq(wants(range), 0);
	make_call(&m, task, "select", 5, 0, 0, 0, 0, 0);
	cr_assert_eq(wants(range), 0);
}

Test(decode, a_sleep_of_a_million_seconds)
{
	struct range range[DECODE_RANGES];
	struct decoded call;

	make_sleep(&m, task, 1000000, 5);
	call = decoded();
	cr_assert_eq(call.action, ACTION_SLEEP);
	cr_assert_eq(call.timeout_ns, INT64_C(1000000) * MADE_SECOND_NS + 5);
	cr_assert_eq(wants(range), 1);
	cr_assert_eq(range[0].length, 16);
}

Test(decode, a_timeout_that_could_not_be_read)
{
	struct decoded call;

	make_call(&m, task, "clock_nanosleep", 0, 0, 0x5000, 0, 0, 0);
	call = decoded();
	cr_assert(call.timeout_unread && call.timeout_ns == UNSEEN);
	make_timespec(&m, task, 0x5000, -1, 0);
	cr_assert(decoded().timeout_unread, "a negative time is not what the call took");
	make_call(&m, task, "clock_nanosleep", 2, 0, 0x6000, 0, 0, 0);
	make_timespec(&m, task, 0x6000, 3, 0);
	cr_assert(decoded().timeout_unread, "CPU time is not to be turned into time left");
}

Test(decode, absurd_times_saturate)
{
	make_call(&m, task, "clock_nanosleep", 1, 0, 0x5000, 0, 0, 0);
	make_timespec(&m, task, 0x5000, INT64_MAX, 999999999);
	cr_assert_eq(decoded().timeout_ns, INT64_MAX);
	cr_assert_not(decoded().timeout_unread);
	make_call(&m, task, "clock_nanosleep", 1, 1, 0x5000, 0, 0, 0);
	cr_assert_eq(decoded().timeout_ns, INT64_MAX);
}

/* Deadlines become time left by the clocks that were stored with the look. */
Test(decode, deadlines)
{
	make_call(&m, task, "clock_nanosleep", 1, 1, 0x5000, 0, 0, 0);
	make_timespec(&m, task, 0x5000, 1002 + 30, 0);
	cr_assert_eq(decoded().timeout_ns, 30 * MADE_SECOND_NS);
	cr_assert(decoded().timeout_exact);
	process_at(&m.snapshot, process)->monotonic_offset_ns = 10 * MADE_SECOND_NS;
	cr_assert_eq(decoded().timeout_ns, 20 * MADE_SECOND_NS);
	process_at(&m.snapshot, process)->monotonic_offset_ns = 100 * MADE_SECOND_NS;
	cr_assert_eq(decoded().timeout_ns, 0, "past is now");

	make_call(&m, task, "futex", 0x9000, 0x189, 0, 0x6000, 0, 0xffffffff);
	make_timespec(&m, task, 0x6000, INT64_C(1700000000) + 1002 + 7, 0);
	cr_assert_eq(decoded().timeout_ns, 7 * MADE_SECOND_NS);
	make_call(&m, task, "futex", 0x9000, 0x89, 0, 0x7000, 0, 0xffffffff);
	make_timespec(&m, task, 0x7000, 1002 + 8, 0);
	process_at(&m.snapshot, process)->monotonic_offset_ns = 0;
	cr_assert_eq(decoded().timeout_ns, 8 * MADE_SECOND_NS);
	make_call(&m, task, "clock_nanosleep", 7, 1, 0x8000, 0, 0, 0);
	make_timespec(&m, task, 0x8000, 1502 + 9, 0);
	cr_assert_eq(decoded().timeout_ns, 9 * MADE_SECOND_NS);
	m.snapshot.host.at[LOOK_T1].boot_ns = UNSEEN;
	cr_assert(decoded().timeout_unread);
}

/* After SIGSTOP and SIGCONT: 219, with the old arguments. */
Test(decode, restarted_calls_keep_their_meaning)
{
	make_call(&m, task, "restart_syscall", 0, 0, 0x7ffd5c2f2b70, 0x7ffd5c2f2b70, 0, 0x7ffd5c2f2b48);
	make_timespec(&m, task, 0x7ffd5c2f2b70, 60, 0);
	cr_assert_str_eq(decoded().name, "clock_nanosleep");
	cr_assert_eq(decoded().timeout_ns, 60 * MADE_SECOND_NS);
	make_call(&m, task, "restart_syscall", 0x7ffd5c2f2b70, 2, 5000, 0, 0, 0);
	cr_assert_str_eq(decoded().name, "poll");
	cr_assert_eq(decoded().count, 2);
	make_call(&m, task, "restart_syscall", 0, 0, 5000, 0, 0, 0);
	cr_assert_str_eq(decoded().name, "poll");
	make_call(&m, task, "restart_syscall", 0x7ffd5c2f2b70, 0x7ffd5c2f2b70, 0, 0, 0, 0);
	cr_assert_str_eq(decoded().name, "nanosleep");
}

/* aarch64 has its own numbers: 22 is epoll_pwait, 73 ppoll, 128 restart_syscall. */
Test(decode, the_other_architecture)
{
	struct call *call = &task_at(&m.snapshot, task)->at[LOOK_T1].call;

	m.snapshot.host.arch = ARCH_AARCH64;
	*call = (struct call){ .number = 22, .args = { 4, 0x1000, 64, 0xffffffff } };
	cr_assert_str_eq(decoded().name, "epoll_pwait");
	cr_assert(decoded().action == ACTION_EPOLL && decoded().fd == 4 && decoded().timeout_ns == UNSEEN);
	*call = (struct call){ .number = 128, .args = { 0x7ffd5c2f2b70, 2, 5000 } };
	cr_assert_str_eq(decoded().name, "nanosleep", "it has no poll to restart");
	m.snapshot.host.arch = ARCH_UNKNOWN;
	cr_assert_null(decoded().name);
}

Test(decode, children)
{
	struct decoded call;

	make_call(&m, task, "wait4", 0xffffffff, 0, 0, 0, 0, 0);
	call = decoded();
	cr_assert(call.action == ACTION_CHILD && call.child_kind == CHILD_ANY && !call.no_hang && call.fd == -1);
	make_call(&m, task, "wait4", 4242, 0, 1, 0, 0, 0);
	call = decoded();
	cr_assert(call.child_kind == CHILD_PID && call.child == 4242 && call.no_hang);
	make_call(&m, task, "wait4", 0, 0, 0, 0, 0, 0);
	call = decoded();
	cr_assert(call.child_kind == CHILD_GROUP && call.child == 0);
	make_call(&m, task, "wait4", (uint64_t)-77, 0, 0, 0, 0, 0);
	call = decoded();
	cr_assert(call.child_kind == CHILD_GROUP && call.child == 77);
	make_call(&m, task, "wait4", 0x80000000, 0, 0, 0, 0, 0);
	cr_assert_eq(decoded().child_kind, CHILD_GROUP);
	make_call(&m, task, "waitid", 3, 9, 0x1000, 4, 0, 0);
	call = decoded();
	cr_assert(call.child_kind == CHILD_PIDFD && call.child == 9 && call.fd == 9);
	make_call(&m, task, "waitid", 0, 9, 0x1000, 4, 0, 0);
	cr_assert_eq(decoded().child_kind, CHILD_ANY);
}

Test(decode, futexes)
{
	const uint64_t waiters[3] = { 5, 0x7777, 0x82 };
	struct decoded call;

	make_call(&m, task, "futex", 0x5000, 0x80, 2, 0, 0, 0);
	call = decoded();
	cr_assert(call.action == ACTION_FUTEX && call.address == 0x5000 && call.futex_value == 2 && call.futex_private);
	/* pthread_join() */
	make_call(&m, task, "futex", 0x5000, 0x109, 4243, 0, 0, 0xffffffff);
	call = decoded();
	cr_assert(!call.futex_private && call.futex_op == 0x109 && call.futex_value == 4243);
	make_call(&m, task, "futex_waitv", 0x6000, 2, 0, 0, 0, 0);
	make_peek(&m, task, 0x6000, waiters, sizeof(waiters));
	call = decoded();
	cr_assert(call.address == 0x7777 && call.futex_value == 5 && call.futex_private && call.count == 2);
}

Test(decode, opening)
{
	static const char path[] = "/run/fifo";
	struct range range[DECODE_RANGES];
	struct decoded call;

	make_call(&m, task, "openat", 0xffffff9c, 0x7fff0ff8, 0x80001, 0, 0, 0);
	cr_assert_eq(wants(range), 1);
	cr_assert_eq(range[0].length, 8, "no further than the page");
	cr_assert_eq(decoded().path.at, NO_ROW);
	make_call(&m, task, "openat", 0xffffff9c, 0x4000, 0x80001, 0, 0, 0);
	make_peek(&m, task, 0x4000, path, sizeof(path));
	call = decoded();
	cr_assert(call.action == ACTION_OPEN && call.fd == -1 && call.write);
	cr_assert_eq(call.path.length, strlen(path));
	cr_assert_str_eq(snapshot_bytes(&m.snapshot, call.path), path);
	make_call(&m, task, "open", 0x5000, 2, 0, 0, 0, 0);
	make_peek(&m, task, 0x5000, "not ended", 9);
	call = decoded();
	cr_assert(!call.write && call.path.at == NO_ROW);
}

Test(decode, connecting)
{
	static const char inet[16] = "\2\0\1\2", path[] = "\1\0/run/s", abstract[] = "\1\0\0run";
	struct range range[DECODE_RANGES];

	make_call(&m, task, "connect", 3, 0x1000, 0xffffffff, 0, 0, 0);
	cr_assert_eq(wants(range), 1);
	cr_assert_eq(range[0].length, 110);
	make_call(&m, task, "connect", 3, 0x2000, 16, 0, 0, 0);
	make_peek(&m, task, 0x2000, inet, sizeof(inet));
	cr_assert(decoded().action == ACTION_CONNECT && decoded().fd == 3 && decoded().path.at == NO_ROW);
	make_call(&m, task, "connect", 3, 0x3000, 8, 0, 0, 0);
	make_peek(&m, task, 0x3000, path, 8);
	cr_assert_eq(decoded().path.length, 6);
	cr_assert_arr_eq(snapshot_bytes(&m.snapshot, decoded().path), "/run/s", 6);
	make_call(&m, task, "connect", 3, 0x4000, 6, 0, 0, 0);
	make_peek(&m, task, 0x4000, abstract, 6);
	cr_assert_eq(decoded().path.length, 4);
	cr_assert_arr_eq(snapshot_bytes(&m.snapshot, decoded().path), "\0run", 4);
	make_call(&m, task, "connect", 3, 0x4000, 2, 0, 0, 0);
	cr_assert_eq(decoded().path.at, NO_ROW);
}

Test(decode, signals)
{
	const uint64_t mask = ~(UINT64_C(1) << 16);

	make_call(&m, task, "rt_sigsuspend", 0x3000, 8, 0, 0, 0, 0);
	cr_assert_eq(decoded().signals, UINT64_MAX, "unread: any");
	make_peek(&m, task, 0x3000, &mask, sizeof(mask));
	cr_assert_eq(decoded().signals, UINT64_C(1) << 16);
	make_call(&m, task, "rt_sigtimedwait", 0x3000, 0, 0, 8, 0, 0);
	cr_assert_eq(decoded().signals, mask);
}

Test(decode, vfork_by_any_name)
{
	const uint64_t plain = 0, vforking = 0x4100;

	make_call(&m, task, "vfork", 0, 0, 0, 0, 0, 0);
	cr_assert_eq(decoded().action, ACTION_VFORK);
	make_call(&m, task, "clone", 0x4111, 0, 0, 0, 0, 0);
	cr_assert_eq(decoded().action, ACTION_VFORK);
	make_call(&m, task, "clone", 0x11, 0, 0, 0, 0, 0);
	cr_assert_eq(decoded().action, ACTION_OTHER);
	make_call(&m, task, "clone3", 0x1000, 88, 0, 0, 0, 0);
	make_peek(&m, task, 0x1000, &plain, 8);
	cr_assert_eq(decoded().action, ACTION_OTHER);
	make_call(&m, task, "clone3", 0x2000, 88, 0, 0, 0, 0);
	make_peek(&m, task, 0x2000, &vforking, 8);
	cr_assert_eq(decoded().action, ACTION_VFORK);
}

Test(decode, locks_and_other_fcntls)
{
	make_call(&m, task, "fcntl", 3, 7, 0x1000, 0, 0, 0);
	cr_assert_eq(decoded().action, ACTION_LOCK);
	make_call(&m, task, "fcntl", 3, 38, 0x1000, 0, 0, 0);
	cr_assert_eq(decoded().action, ACTION_LOCK);
	make_call(&m, task, "fcntl", 3, 1, 0x1000, 0, 0, 0);
	cr_assert_eq(decoded().action, ACTION_OTHER);
}

static uint32_t entries(struct set_entry *ret, uint32_t limit, bool *unread)
{
	struct decoded call = decoded();

	return decode_set(&m.snapshot, &call, &task_at(&m.snapshot, task)->at[LOOK_T1].call, m.snapshot.peeks.row,
			  m.snapshot.peeks.count, ret, limit, unread);
}

Test(decode, the_entries_of_a_poll)
{
	const struct { int32_t fd; int16_t events, revents; } set[3] = { { 4, 1, 99 }, { -5, 1, 0 }, { 6, 5, 0 } };
	struct set_entry entry[4];
	bool unread;

	make_call(&m, task, "ppoll", 0x2000, 3, 0, 0, 0, 0);
	cr_assert_eq(entries(entry, 4, &unread), 0);
	cr_assert(unread);
	make_peek(&m, task, 0x2000, set, sizeof(set));
	cr_assert_eq(entries(entry, 4, &unread), 2);
	cr_assert_not(unread);
	cr_assert(entry[0].fd == 4 && entry[0].events == 1 && entry[1].fd == 6 && entry[1].events == 5);
	cr_assert_eq(entries(entry, 1, &unread), 1);
	cr_assert(unread, "one did not fit");
	make_call(&m, task, "ppoll", 0x2000, 4, 0, 0, 0, 0);
	cr_assert_eq(entries(entry, 4, &unread), 2);
	cr_assert(unread, "the fourth was not read");
}

Test(decode, the_entries_of_a_select)
{
	const uint64_t reads[2] = { 1 << 3 | UINT64_C(1) << 63, 1 << 2 }, writes[2] = { 1 << 3, 0 };
	struct set_entry entry[8];
	bool unread;

	make_call(&m, task, "pselect6", 67, 0x2000, 0x3000, 0, 0, 0);
	make_peek(&m, task, 0x2000, reads, sizeof(reads));
	cr_assert_eq(entries(entry, 8, &unread), 3);
	cr_assert(unread, "the second set was not read");
	make_peek(&m, task, 0x3000, writes, sizeof(writes));
	cr_assert_eq(entries(entry, 8, &unread), 3);
	cr_assert_not(unread);
	cr_assert(entry[0].fd == 3 && entry[0].events == 5);
	cr_assert(entry[1].fd == 63 && entry[1].events == 1);
	cr_assert(entry[2].fd == 66 && entry[2].events == 1);
	make_call(&m, task, "pselect6", 64, 0x2000, 0x3000, 0, 0, 0);
	cr_assert_eq(entries(entry, 8, &unread), 2, "66 is beyond");
	make_call(&m, task, "pselect6", 0, 0, 0, 0, 0, 0);
	cr_assert_eq(entries(entry, 8, &unread), 0);
	cr_assert_not(unread, "an empty set is known");
}

/* A saved file may say anything: every number with every odd argument. */
Test(decode, nothing_that_is_asked_breaks_it)
{
	static const uint64_t odd[] = { 0, 1, 0xffffffff, UINT64_MAX, INT64_MAX, 0x7fffffff, 4095, UINT64_C(1) << 63 };
	enum { ODD = sizeof(odd) / sizeof(*odd) };
	struct call *call = &task_at(&m.snapshot, task)->at[LOOK_T1].call;
	struct range range[DECODE_RANGES];
	struct set_entry entry[4];
	struct decoded meaning;
	unsigned i, k;
	bool unread;

	make_peek(&m, task, 0, "\377\377\377\377\377\377\377\377\377\377", 10);
	make_peek(&m, task, UINT64_MAX - 3, "\377\377\377\377\377\377\377\377\377\377", 10);
	task_at(&m.snapshot, task)->at[LOOK_T1].call_sight = SIGHT_OK;
	for (call->number = -3; call->number < 480; call->number++) {
		for (i = 0; i < ODD * ODD; i++) {
			for (k = 0; k < 6; k++)
				call->args[k] = odd[k % 2 ? i % ODD : i / ODD];
			cr_assert_leq(decode_wants(call, ARCH_X86_64, range), (uint32_t)DECODE_RANGES);
			cr_assert_leq(decode_wants(call, ARCH_AARCH64, range), (uint32_t)DECODE_RANGES);
			meaning = decoded();
			decode_set(&m.snapshot, &meaning, call, m.snapshot.peeks.row, m.snapshot.peeks.count, entry, 4,
				   &unread);
			cr_assert(meaning.timeout_ns == UNSEEN || meaning.timeout_ns >= 0);
		}
	}
}
