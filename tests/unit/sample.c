/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "field.h"
#include "render.h"

enum { X86_RECVFROM = 45, X86_CLOCK_NANOSLEEP = 230 };

static const char nasty[] = "a\033]0;x\a\"\\\n\r\xff\xe2\x80\xae{pid}[%s<&>\xc2\x9b";

/* No Criterion here: tests/samples.c uses it too. */
#define must(holds) ((holds) ? (void)0 : give_up(#holds))

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "sample.c: not so: %s\n", what);
	abort();
}

static struct text text_of(struct sample *sample, const char *bytes, size_t length)
{
	struct text ret;

	must(snapshot_text(&sample->snapshot, bytes, length, &ret) == 0);
	return ret;
}

/* A text of a target: as given, or hostile. */
static struct text target_text(struct sample *sample, enum sample_kind kind, const char *bytes)
{
	if (kind == SAMPLE_HOSTILE)
		return text_of(sample, nasty, sizeof(nasty)); /* its NUL too */
	return text_of(sample, bytes, strlen(bytes));
}

static struct process_ix add_process(struct sample *sample, enum sample_kind kind, int32_t pid, int32_t parent,
				     const char *comm, const char *argv, size_t argv_length)
{
	struct process *process;
	struct process_ix ret;

	must(snapshot_add_process(&sample->snapshot, pid, pid * 10, &ret) == 0);
	process = process_at(&sample->snapshot, ret);
	process->parent = parent;
	process->uid = 1000;
	process->comm = target_text(sample, kind, comm);
	process->argv = kind == SAMPLE_HOSTILE ? text_of(sample, nasty, sizeof(nasty)) : text_of(sample, argv, argv_length);
	process->exe = target_text(sample, kind, "/usr/bin/python3.11");
	process->cwd = target_text(sample, kind, "/srv");
	process->ns_pids = text_of(sample, "4242\t17", 7);
	process->at[LOOK_T0].sight = process->at[LOOK_T1].sight = SIGHT_OK;
	return ret;
}

static struct task_ix add_task(struct sample *sample, enum sample_kind kind, struct process_ix process, int32_t tid,
			       const char *comm, int32_t number, const char *wchan)
{
	struct task_ix ret;
	struct task *task;
	unsigned look;

	must(snapshot_add_task(&sample->snapshot, process, tid, tid * 10, &ret) == 0);
	task = task_at(&sample->snapshot, ret);
	task->comm = target_text(sample, kind, comm);
	for (look = 0; look < LOOKS; look++) {
		struct task_look *seen = &task->at[look];

		seen->when_ns = look * INT64_C(2000000000);
		seen->stat_sight = seen->wchan_sight = seen->call_sight = seen->status_sight = seen->sched_sight = SIGHT_OK;
		seen->state = 'S';
		seen->wchan = target_text(sample, kind, wchan);
		seen->call.number = number;
		seen->cpu_ns = 5000000;
		seen->wait_ns = 0;
		seen->voluntary = 7;
		seen->involuntary = 1;
		seen->tracer = 0;
	}
	task->at[LOOK_T1].silent_ns = INT64_C(9600000000);
	return ret;
}

static struct object_ix add_socket(struct sample *sample, enum sample_kind kind, uint64_t inode, uint8_t state,
				   const char *label, const char *remote)
{
	struct object *object;
	struct object_ix ret;
	unsigned look;

	must(snapshot_add_object(&sample->snapshot, OBJECT_TCP, (struct object_key){ 0, inode }, &ret) == 0);
	object = object_at(&sample->snapshot, ret);
	object->family = AF_INET;
	object->type = SOCK_STREAM;
	object->label = target_text(sample, kind, label);
	if (remote)
		object->remote = target_text(sample, kind, remote);
	for (look = 0; look < LOOKS; look++) {
		object->at[look].sight = object->at[look].info_sight = SIGHT_OK;
		object->at[look].state = state;
		object->at[look].readable = object->at[look].unsent = 0;
	}
	return ret;
}

static void add_fd(struct sample *sample, struct process_ix process, int32_t number, struct object_ix object)
{
	struct fd_ix ret;
	struct fd fd = {
		.process = process, .number = number, .object = object, .flags = O_RDWR,
		.looks = 1 << LOOK_T0 | 1 << LOOK_T1, .offset = 0,
	};

	must(snapshot_add_fd(&sample->snapshot, &fd, &ret) == 0);
}

static void fill_host(struct sample *sample, enum sample_kind kind)
{
	struct snapshot *snapshot = &sample->snapshot;

	snapshot->host.name = text_of(sample, "box", 3);
	snapshot->host.boot_id = text_of(sample, "5b0b2a5c", 8);
	snapshot->host.kernel = text_of(sample, "6.1.0", 5);
	snapshot->host.arch = ARCH_X86_64;
	snapshot->host.cpus = 4;
	snapshot->host.user_hz = 100;
	snapshot->host.at[LOOK_T0].boot_ns = INT64_C(1000000000000);
	snapshot->viewer = (struct viewer){ .pid = 99, .uid = 1000, .euid = 1000, .session = 99, .ptrace_scope = 1, .seccomp = 0 };
	snapshot->asked.window_ms = 2000;
	snapshot->asked.selector = text_of(sample, "4242", 4);
	snapshot->captured_at_ms = INT64_C(1795299335123);
	snapshot->window_ns = INT64_C(2000100000);
	snapshot->cost = (struct cost){ .wall_ns = INT64_C(2100000000), .cpu_ns = 8000000 };
	must(snapshot_add_label(snapshot, target_text(sample, kind, "job"), target_text(sample, kind, "unit")) == 0);
}

static void fill_sockets(struct sample *sample, enum sample_kind kind)
{
	sample->listener = add_socket(sample, kind, 300, 10, "127.0.0.1:45822", NULL);
	sample->near = add_socket(sample, kind, 301, 1, "127.0.0.1:6979", "127.0.0.1:45822");
	sample->far = add_socket(sample, kind, 302, 8, "127.0.0.1:45822", "127.0.0.1:6979");
	object_at(&sample->snapshot, sample->listener)->at[LOOK_T1].backlog = 0;
	object_at(&sample->snapshot, sample->listener)->at[LOOK_T1].backlog_max = 128;
	object_at(&sample->snapshot, sample->near)->peer = sample->far;
	object_at(&sample->snapshot, sample->far)->peer = sample->near;
	object_at(&sample->snapshot, sample->near)->reach = REACH_LOCAL;
	object_at(&sample->snapshot, sample->far)->reach = REACH_LOCAL;
	object_at(&sample->snapshot, sample->far)->at[LOOK_T0].readable = 18204;
	object_at(&sample->snapshot, sample->far)->at[LOOK_T1].readable = 18204;
	object_at(&sample->snapshot, sample->far)->at[LOOK_T1].last_received_ms = 9600;
	object_at(&sample->snapshot, sample->far)->at[LOOK_T1].last_sent_ms = 12000;
	add_fd(sample, sample->parent, 7, sample->near);
	add_fd(sample, sample->worker, 4, sample->listener);
	add_fd(sample, sample->worker, 5, sample->far);
}

static void fill_tasks(struct sample *sample, enum sample_kind kind)
{
	static const char pytest[] = "python3\0-m\0pytest\0-x", outside[] = "tee\0log";
	/* struct timespec of 1000000 s. */
	static const unsigned char million[16] = { 0x40, 0x42, 0x0f };
	struct peek peek = { .address = 0x7ffc1000, .sight = SIGHT_OK };
	unsigned look;

	sample->parent = add_process(sample, kind, 4242, 1, "python3", pytest, sizeof(pytest));
	sample->worker = add_process(sample, kind, 4260, 4242, "worker-2", pytest, sizeof(pytest));
	sample->outside = add_process(sample, kind, 5000, 1, "tee", outside, sizeof(outside));
	process_at(&sample->snapshot, sample->parent)->flags = PROCESS_TARGET | PROCESS_IN_TREE;
	process_at(&sample->snapshot, sample->parent)->joined = JOINED_TARGET;
	process_at(&sample->snapshot, sample->worker)->flags = PROCESS_IN_TREE;
	process_at(&sample->snapshot, sample->worker)->joined = JOINED_CHILD;
	process_at(&sample->snapshot, sample->outside)->joined = JOINED_HOLDER;
	process_at(&sample->snapshot, sample->outside)->exe = target_text(sample, kind, "/usr/bin/tee");
	sample->asker = add_task(sample, kind, sample->parent, 4242, "python3", X86_RECVFROM, "wait_woken");
	sample->thread = add_task(sample, kind, sample->parent, 4243, "heartbeat", CALL_UNSEEN, "do_epoll_wait");
	sample->sleeper = add_task(sample, kind, sample->worker, 4260, "worker-2", X86_CLOCK_NANOSLEEP, "hrtimer_nanosleep");
	add_task(sample, kind, sample->outside, 5000, "tee", CALL_UNSEEN, "pipe_read");
	for (look = 0; look < LOOKS; look++) {
		task_at(&sample->snapshot, sample->asker)->at[look].call.args[0] = 7;
		task_at(&sample->snapshot, sample->sleeper)->at[look].call.args[2] = peek.address;
		peek.task = sample->sleeper;
		peek.look = (uint8_t)look;
		peek.bytes = text_of(sample, (const char *)million, sizeof(million));
		must(snapshot_add_peek(&sample->snapshot, &peek) == 0);
	}
}

static struct frame_ix add_frame(struct sample *sample, enum sample_kind kind, struct frame_ix caller,
				 const char *function, const char *module, int32_t line, enum frame_basis basis)
{
	const struct site site = {
		.kind = basis == BASIS_KERNEL ? FRAME_KERNEL : FRAME_NATIVE, .line = line, .offset = 0x1200, .into = 0x20,
		.function = function ? target_text(sample, kind, function) : TEXT_UNSEEN,
		.module = module ? target_text(sample, kind, module) : TEXT_UNSEEN,
		.file = line > 0 ? target_text(sample, kind, "/srv/src/feed.c") : TEXT_UNSEEN, .build_id = TEXT_UNSEEN,
	};
	struct frame frame = { .caller = caller, .basis = (uint8_t)basis };
	struct frame_ix ret;

	must(snapshot_add_site(&sample->snapshot, &site, &frame.site) == 0);
	must(snapshot_add_frame(&sample->snapshot, &frame, &ret) == 0);
	return ret;
}

static void add_stack(struct sample *sample, struct task_ix task, int32_t number, struct frame_ix innermost)
{
	const struct stack stack = {
		.task = task, .sample = number, .innermost = innermost, .kernel_sight = SIGHT_OK,
		.sight = innermost.at == NO_ROW ? SIGHT_DENIED : SIGHT_OK,
		.way = innermost.at == NO_ROW ? WAY_NONE : WAY_UNSTOPPED,
		.ends = innermost.at == NO_ROW ? END_UNKNOWN : END_WHOLE, .stopped_ns = 0,
		.when_ns = sample->snapshot.host.at[LOOK_T0].when_ns + 1000000 * (number + 1),
	};

	must(snapshot_add_stack(&sample->snapshot, &stack) == 0);
}

/* The asker was met reading, then in what reading calls; the sleeper sleeps in both samples. */
static void fill_stacks(struct sample *sample, enum sample_kind kind)
{
	static const char program[] = "/usr/bin/python3.11", libc[] = "/lib/x86_64-linux-gnu/libc.so.6";
	const struct frame_ix none = { NO_ROW };
	struct frame_ix at, outer;

	outer = add_frame(sample, kind, none, "__libc_start_main", libc, -1, BASIS_TABLES);
	outer = add_frame(sample, kind, outer, "main", program, 31, BASIS_TABLES);
	at = add_frame(sample, kind, outer, "recv_all(int, std::vector<char>&)", program, 88, BASIS_DEBUG);
	add_stack(sample, sample->asker, 0, at);
	add_stack(sample, sample->asker, 1, add_frame(sample, kind, at, "recv", libc, -1, BASIS_LIVE));
	at = add_frame(sample, kind, outer, NULL, "/usr/lib/libfeed.so.1", -1, BASIS_SCANNED);
	at = add_frame(sample, kind, at, "clock_nanosleep", libc, -1, BASIS_POINTER);
	at = add_frame(sample, kind, at, "hrtimer_nanosleep", NULL, -1, BASIS_KERNEL);
	add_stack(sample, sample->sleeper, 0, at);
	add_stack(sample, sample->sleeper, 1, at);
	add_stack(sample, sample->thread, 0, none);
}

static void fill_graph(struct sample *sample)
{
	uint32_t tasks = sample->snapshot.tasks.count, i;

	sample->edges[0] = (struct edge){
		.from = sample->asker, .channel = CHANNEL_TCP, .mode = MODE_ANY, .want = WANT_READ, .fd = 7,
		.object = sample->near, .deadline_ns = UNSEEN, .first_waker = 0, .wakers = 1, .doubts = DOUBT_SOCKET_TIME,
	};
	sample->wakers[0] = (struct node_ix){ sample->sleeper.at };
	for (i = 0; i <= tasks; i++)
		sample->first_edge[i] = i > sample->asker.at ? 1 : 0;
	sample->life[sample->asker.at] = LIFE_CLOSED;
	sample->graph = (struct graph){
		.edge = sample->edges, .edges = 1, .first_edge = sample->first_edge, .waker = sample->wakers, .wakers = 1,
		.can_wake = sample->life, .does_wake = sample->life, .tasks = tasks,
		.processes = sample->snapshot.processes.count, .nodes = tasks + sample->snapshot.processes.count,
	};
}

static struct fact fact_of(enum fact_kind kind, struct task_ix who, struct task_ix other, struct object_ix object,
			   int64_t amount, int64_t age_ms)
{
	return (struct fact){ kind, who, other, object, amount, age_ms, { NO_ROW } };
}

static void fill_findings(struct sample *sample)
{
	const struct task_ix none = { NO_ROW };
	const struct object_ix nothing = { NO_ROW };

	sample->facts[0] = fact_of(FACT_UNREAD, sample->sleeper, sample->asker, sample->far, 18204, UNSEEN);
	sample->facts[1] = fact_of(FACT_ASLEEP, sample->sleeper, none, nothing, UNSEEN, 9600);
	sample->facts[2] = fact_of(FACT_UNANSWERED, sample->sleeper, sample->asker, sample->near, UNSEEN, 9600);
	sample->facts[3] = fact_of(FACT_SILENT_FIRST, sample->sleeper, none, nothing, UNSEEN, 9600);
	sample->victims[0] = sample->parent;
	sample->chain[0] = &sample->edges[0];
	sample->findings[0] = (struct finding){
		.cause = sample_cause("not-consuming"), .verdict = VERDICT_STUCK_IPC, .certainty = LIKELY,
		.doubts = DOUBT_SOCKET_TIME | DOUBT_MOVES, .culprit = sample->sleeper,
		.victims = sample->victims, .victim_count = 1, .facts = sample->facts, .fact_count = 4,
		.chain = sample->chain, .chain_count = 1, .since_ms = UNSEEN,
	};
}

static void fill_report(struct sample *sample)
{
	sample->notes = arena_new(&sample->arena, struct process_note, sample->snapshot.processes.count);
	must(sample->notes);
	sample->notes[sample->parent.at] = (struct process_note){ .role = REPORT_VICTIM, .finding = NO_ROW };
	sample->notes[sample->worker.at] = (struct process_note){ .role = REPORT_CULPRIT, .finding = 0, .close_wait = 1 };
	sample->notes[sample->outside.at] = (struct process_note){ .role = REPORT_BYSTANDER, .finding = NO_ROW };
	sample->order[0] = sample->parent;
	sample->order[1] = sample->worker;
	sample->order[2] = sample->outside;
	sample->report = (struct report){
		.scene = &sample->scene, .graph = &sample->graph, .judged = true, .findings = sample->findings, .count = 1,
		.notes = sample->notes, .order = sample->order, .processes = 3, .tree_processes = 2, .tree_threads = 3,
		.external_known = true, .still_ms = 2000, .cpu_busy_permille = 263, .cpu_pressure_permille = -1,
		.memory_pressure_permille = 0, .io_pressure_permille = -1, .gaps = sample->gaps,
	};
}

void sample_init(struct sample *sample, enum sample_kind kind)
{
	memset(sample, 0, sizeof(*sample));
	must(snapshot_init(&sample->snapshot) == 0);
	arena_init(&sample->arena);
	fill_host(sample, kind);
	fill_tasks(sample, kind);
	fill_sockets(sample, kind);
	fill_stacks(sample, kind);
	must(scene_init(&sample->snapshot, &sample->arena, &sample->scene) == 0);
	fill_graph(sample);
	fill_findings(sample);
	fill_report(sample);
	sample->gap_processes[0] = sample->worker;
	sample->gaps[0] = (struct gap_group){ .probe = 2, .sight = SIGHT_DENIED, .error = EPERM,
		.detail = text_of(sample, "syscall", 7), .processes = sample->gap_processes, .process_count = 1 };
	sample->gaps[1] = (struct gap_group){ .probe = 2, .sight = SIGHT_DENIED, .error = EPERM,
		.detail = text_of(sample, "memory", 6), .processes = sample->gap_processes, .process_count = 1 };
	sample->gaps[2] = (struct gap_group){ .probe = 5, .sight = SIGHT_UNSUPPORTED, .error = ENOENT,
		.detail = text_of(sample, "unix_diag", 9) };
}

void sample_deinit(struct sample *sample)
{
	arena_deinit(&sample->arena);
	snapshot_deinit(&sample->snapshot);
}

const struct cause *sample_cause(const char *name)
{
	const struct cause *cause;

	for (cause = causes; cause->name; cause++)
		if (strcmp(cause->name, name) == 0)
			return cause;
	fprintf(stderr, "no cause named %s\n", name);
	abort();
}

char *sample_render(const struct sample *sample, const struct renderer *renderer, const struct render_options *options)
{
	char *ret = NULL;
	size_t size;
	FILE *out;

	out = open_memstream(&ret, &size);
	must(out);
	must(renderer->render(&sample->report, options, out) == 0);
	fclose(out);
	must(strlen(ret) == size); /* no NUL gets out */
	return ret;
}
