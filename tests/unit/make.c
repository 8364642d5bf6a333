/* SPDX-License-Identifier: MIT */
/* A fact a line: fills snapshots for tests. */
#include "make.h"

#include <criterion/criterion.h>
#include <string.h>

#include "syscalls.h"

enum { T0_S = 1000, BOTH_LOOKS = 3 };

void made_init(struct made *made)
{
	struct host *host = &made->snapshot.host;
	int look;

	memset(made, 0, sizeof(*made));
	cr_assert_eq(snapshot_init(&made->snapshot), 0);
	arena_init(&made->arena);
	host->arch = ARCH_X86_64;
	host->cpus = 2;
	host->user_hz = 100;
	host->page_size = 4096;
	host->name = make_text(made, "host");
	host->kernel = make_text(made, "6.1.0");
	for (look = 0; look < LOOKS; look++) {
		host->at[look].when_ns = (T0_S + look * MADE_WINDOW_S) * MADE_SECOND_NS;
		host->at[look].boot_ns = host->at[look].when_ns + 500 * MADE_SECOND_NS;
		host->at[look].real_ns = host->at[look].when_ns + INT64_C(1700000000) * MADE_SECOND_NS;
	}
	made->snapshot.window_ns = MADE_WINDOW_S * MADE_SECOND_NS;
	made->snapshot.asked.window_ms = MADE_WINDOW_S * 1000;
	made->snapshot.viewer.euid = made->snapshot.viewer.uid = 0;
	made->snapshot.viewer.session = 1;
}

void made_deinit(struct made *made)
{
	arena_deinit(&made->arena);
	snapshot_deinit(&made->snapshot);
}

void made_build(struct made *made)
{
	cr_assert_eq(scene_init(&made->snapshot, &made->arena, &made->scene), 0);
	cr_assert_eq(graph_build(&made->scene, &made->graph), 0);
}

struct text make_text(struct made *made, const char *text)
{
	struct text ret;

	cr_assert_eq(snapshot_text(&made->snapshot, text, strlen(text), &ret), 0);
	return ret;
}

struct process_ix make_process(struct made *made, int32_t pid, int32_t parent)
{
	struct process_ix ret;
	struct process *row;
	int look;

	cr_assert_eq(snapshot_add_process(&made->snapshot, pid, pid, &ret), 0);
	row = process_at(&made->snapshot, ret);
	row->parent = parent;
	row->group = row->session = parent ? 100 : pid;
	row->flags = PROCESS_IN_TREE | (parent ? 0 : PROCESS_TARGET);
	row->joined = parent ? JOINED_CHILD : JOINED_TARGET;
	row->uid = 0;
	row->posix_timers = 0;
	row->bits = 64;
	row->ns_pid = pid;
	row->monotonic_offset_ns = row->boot_offset_ns = 0;
	row->uring = row->opaque = ANSWER_NO;
	row->argv_sight = row->fds_sight = row->ns_sight = row->status_sight = row->links_sight = SIGHT_OK;
	row->comm = make_text(made, "proc");
	for (look = 0; look < LOOKS; look++) {
		row->at[look].when_ns = made->snapshot.host.at[look].when_ns;
		row->at[look].sight = row->at[look].io_sight = SIGHT_OK;
		row->at[look].read_bytes = row->at[look].written_bytes = 4096;
		row->at[look].children_cpu_ns = 0;
	}
	make_task(made, ret, pid);
	return ret;
}

struct task_ix make_leader(struct made *made, struct process_ix process)
{
	return snapshot_find_task(&made->snapshot, process_at(&made->snapshot, process)->pid);
}

struct task_ix make_task(struct made *made, struct process_ix process, int32_t tid)
{
	struct task_look *seen;
	struct task_ix ret;
	int look;

	cr_assert_eq(snapshot_add_task(&made->snapshot, process, tid, tid, &ret), 0);
	task_at(&made->snapshot, ret)->own_fds = ANSWER_NO;
	task_at(&made->snapshot, ret)->comm = make_text(made, "task");
	task_at(&made->snapshot, ret)->ns_tid = tid;
	for (look = 0; look < LOOKS; look++) {
		seen = &task_at(&made->snapshot, ret)->at[look];
		seen->when_ns = made->snapshot.host.at[look].when_ns;
		seen->stat_sight = seen->wchan_sight = seen->status_sight = seen->sched_sight = SIGHT_OK;
		seen->call_sight = SIGHT_UNASKED;
		seen->state = 'S';
		seen->wchan = make_text(made, "some_wait");
		seen->cpu_ns = 5000000;
		seen->wait_ns = 0;
		seen->voluntary = seen->involuntary = 10;
		seen->tracer = 0;
	}
	return ret;
}

void make_call(struct made *made, struct task_ix task, const char *name, uint64_t a0, uint64_t a1, uint64_t a2,
	       uint64_t a3, uint64_t a4, uint64_t a5)
{
	const uint64_t args[6] = { a0, a1, a2, a3, a4, a5 };
	struct task_look *seen;
	int32_t number;
	int look;

	for (number = 0; number < 1000; number++)
		if (syscall_name(ARCH_X86_64, number) && !strcmp(syscall_name(ARCH_X86_64, number), name))
			break;
	cr_assert_lt(number, 1000, "no call %s", name);
	for (look = 0; look < LOOKS; look++) {
		seen = &task_at(&made->snapshot, task)->at[look];
		seen->call_sight = SIGHT_OK;
		seen->call.number = number;
		memcpy(seen->call.args, args, sizeof(args));
		seen->call.sp = 0x7ffc00000000;
		seen->call.pc = 0x7f0000000000;
	}
}

void make_state(struct made *made, struct task_ix task, char state)
{
	struct task_look *seen;
	int look;

	for (look = 0; look < LOOKS; look++) {
		seen = &task_at(&made->snapshot, task)->at[look];
		seen->state = state;
		if (state != 'R')
			continue;
		seen->call_sight = SIGHT_OK;
		seen->call = (struct call){ .number = CALL_RUNNING };
		seen->wchan = TEXT_UNSEEN;
	}
}

void make_moved(struct made *made, struct task_ix task, int64_t wakes)
{
	task_at(&made->snapshot, task)->at[LOOK_T1].voluntary += wakes;
	task_at(&made->snapshot, task)->at[LOOK_T1].cpu_ns += wakes * 10000;
}

void make_burning(struct made *made, struct task_ix task)
{
	make_state(made, task, 'R');
	task_at(&made->snapshot, task)->at[LOOK_T1].cpu_ns += 2 * MADE_SECOND_NS;
	task_at(&made->snapshot, task)->at[LOOK_T1].involuntary += 5;
}

void make_wchan(struct made *made, struct task_ix task, const char *wchan)
{
	struct text text = make_text(made, wchan);

	task_at(&made->snapshot, task)->at[LOOK_T0].wchan = text;
	task_at(&made->snapshot, task)->at[LOOK_T1].wchan = text;
}

void make_io(struct made *made, struct process_ix process, int64_t bytes)
{
	process_at(&made->snapshot, process)->at[LOOK_T1].read_bytes += bytes;
	process_at(&made->snapshot, process)->at[LOOK_T1].written_bytes += bytes;
}

void make_peek(struct made *made, struct task_ix task, uint64_t address, const void *bytes, size_t length)
{
	struct peek peek = { .task = task, .sight = SIGHT_OK, .address = address };

	cr_assert_eq(snapshot_text(&made->snapshot, bytes, length, &peek.bytes), 0);
	for (peek.look = 0; peek.look < LOOKS; peek.look++)
		cr_assert_eq(snapshot_add_peek(&made->snapshot, &peek), 0);
}

void make_timespec(struct made *made, struct task_ix task, uint64_t address, int64_t seconds, int64_t nanoseconds)
{
	const int64_t both[2] = { seconds, nanoseconds };

	make_peek(made, task, address, both, sizeof(both));
}

void make_sleep(struct made *made, struct task_ix task, int64_t seconds, int64_t nanoseconds)
{
	uint64_t address = 0x7ffd00001000 + (uint64_t)task.at * 64;

	make_call(made, task, "clock_nanosleep", 0, 0, address, 0, 0, 0);
	make_wchan(made, task, "hrtimer_nanosleep");
	make_timespec(made, task, address, seconds, nanoseconds);
}

struct object_ix make_object(struct made *made, enum object_kind kind, uint64_t name)
{
	struct object_ix ret;
	struct object *row;
	int look;

	cr_assert_eq(snapshot_add_object(&made->snapshot, kind, (struct object_key){ kind, name }, &ret), 0);
	row = object_at(&made->snapshot, ret);
	row->cover = COVER_MACHINE;
	row->in_flight = ANSWER_NO;
	for (look = 0; look < LOOKS; look++) {
		row->at[look].when_ns = made->snapshot.host.at[look].when_ns;
		row->at[look].sight = row->at[look].info_sight = SIGHT_OK;
		row->at[look].readable = 0;
	}
	return ret;
}

struct object_ix make_pipe(struct made *made, uint64_t inode)
{
	return make_object(made, OBJECT_PIPE, inode);
}

void make_pair(struct made *made, enum object_kind kind, uint64_t name, struct object_ix ends[2])
{
	struct object *row;
	int i;

	for (i = 0; i < 2; i++)
		ends[i] = make_object(made, kind, name + (uint64_t)i);
	for (i = 0; i < 2; i++) {
		row = object_at(&made->snapshot, ends[i]);
		row->peer = ends[!i];
		row->reach = REACH_LOCAL;
		row->type = 1; /* SOCK_STREAM */
		row->at[LOOK_T0].state = row->at[LOOK_T1].state = kind == OBJECT_PTY ? 0 : 1;
		row->receive_timeout_ms = row->send_timeout_ms = 0;
	}
}

void make_readable(struct made *made, struct object_ix object, int64_t bytes)
{
	object_at(&made->snapshot, object)->at[LOOK_T0].readable = bytes;
	object_at(&made->snapshot, object)->at[LOOK_T1].readable = bytes;
}

struct fd_ix make_fd(struct made *made, struct process_ix process, int32_t number, struct object_ix object,
		     uint32_t flags)
{
	const struct fd fd = { .process = process, .number = number, .object = object, .flags = flags,
			       .flags_sight = SIGHT_OK, .looks = BOTH_LOOKS, .offset = 0 };
	struct fd_ix ret;

	cr_assert_eq(snapshot_add_fd(&made->snapshot, &fd, &ret), 0);
	return ret;
}

void make_watch(struct made *made, struct object_ix set, int32_t number, struct object_ix object, uint32_t events)
{
	const struct watch watch = { .set = set, .number = number, .object = object, .events = events,
				     .looks = BOTH_LOOKS };

	cr_assert_eq(snapshot_add_watch(&made->snapshot, &watch), 0);
}

static struct frame_ix add_frame(struct made *made, struct frame_ix caller, const struct site *site)
{
	struct frame frame = { .caller = caller, .basis = BASIS_TABLES };
	struct frame_ix ret;

	cr_assert_eq(snapshot_add_site(&made->snapshot, site, &frame.site), 0);
	cr_assert_eq(snapshot_add_frame(&made->snapshot, &frame, &ret), 0);
	return ret;
}

struct frame_ix make_frame(struct made *made, struct frame_ix caller, const char *module, const char *function,
			   uint64_t offset)
{
	const struct site site = {
		.kind = FRAME_NATIVE, .module = make_text(made, module), .file = TEXT_UNSEEN, .build_id = TEXT_UNSEEN,
		.function = function ? make_text(made, function) : TEXT_UNSEEN, .line = -1, .offset = offset,
		.into = offset & 0xff,
	};

	return add_frame(made, caller, &site);
}

struct frame_ix make_line(struct made *made, struct frame_ix caller, const char *function, int32_t line)
{
	const struct site site = {
		.kind = FRAME_NATIVE, .module = make_text(made, "/srv/program"), .file = make_text(made, "main.c"),
		.build_id = TEXT_UNSEEN, .function = make_text(made, function), .line = line,
		.offset = (uint64_t)line * 16, .into = 4,
	};

	return add_frame(made, caller, &site);
}

struct stack *make_stack(struct made *made, struct task_ix task, int32_t sample, struct frame_ix innermost)
{
	const struct stack stack = {
		.task = task, .sample = sample, .innermost = innermost, .sight = SIGHT_OK, .way = WAY_UNSTOPPED,
		.ends = END_WHOLE, .kernel_sight = SIGHT_OK, .stopped_ns = 0,
		.when_ns = made->snapshot.host.at[LOOK_T1].when_ns + sample * INT64_C(50000000),
	};

	cr_assert_eq(snapshot_add_stack(&made->snapshot, &stack), 0);
	return &made->snapshot.stacks.row[made->snapshot.stacks.count - 1];
}
