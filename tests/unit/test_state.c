/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "tree.h"

#define STATE PROBE_BIT(PROBE_STATE)

/* Bytes that the look kept of a task's memory at an address; NULL none. */
static const char *kept(pid_t tid, enum look look, uint64_t address, uint32_t *length)
{
	const struct task_ix task = snapshot_find_task(&tree.snapshot, tid);
	uint32_t i;

	for (i = 0; i < tree.snapshot.peeks.count; i++) {
		const struct peek *peek = &tree.snapshot.peeks.row[i];

		if (peek->task.at == task.at && peek->look == look && peek->address == address && text_seen(peek->bytes)) {
			*length = peek->bytes.length;
			return tree_text(peek->bytes);
		}
	}
	return NULL;
}

static pid_t reader(void)
{
	const pid_t pid = tree_fork();
	int ends[2];
	char c;

	if (pid == 0) {
		if (pipe(ends) < 0 || dup2(ends[0], 100) < 0)
			_exit(9);
		tree_tell(getpid());
		_exit(read(100, &c, 1) == 1);
	}
	cr_assert_eq(tree_hear(), pid);
	tree_settle(pid, pid, "anon_pipe_read");
	return pid;
}

Test(state, a_reader_of_a_pipe, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = reader();
	const struct process *process;
	const struct task *task;
	char path[256];
	enum look look;

	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	usleep(20000);
	tree_look(LOOK_T1, STATE);
	task = tree_task(pid);
	for (look = LOOK_T0; look < LOOKS; look++) {
		cr_expect_eq(task->at[look].state, 'S');
		cr_expect_str_eq(tree_text(task->at[look].wchan), "anon_pipe_read");
		cr_expect_eq(task->at[look].wchan_sight, SIGHT_OK);
		cr_expect_eq(task->at[look].call_sight, SIGHT_OK);
		cr_expect_eq(task->at[look].call.number, SYS_read);
		cr_expect_eq((int32_t)task->at[look].call.args[0], 100);
		cr_expect_eq(task->at[look].call.args[2], 1);
		cr_expect_eq(task->at[look].status_sight, SIGHT_OK);
		cr_expect_geq(task->at[look].voluntary, 1);
		cr_expect_gt(task->at[look].cpu_ns, 0);
		cr_expect_geq(task->at[look].wait_ns, 0);
		cr_expect_eq(task->at[look].tracer, 0);
	}
	cr_expect_eq(task->at[LOOK_T0].voluntary, task->at[LOOK_T1].voluntary);
	cr_expect_eq(task->at[LOOK_T0].silent_ns, UNSEEN);
	cr_expect_eq(task->at[LOOK_T1].sched_sight, SIGHT_OK);
	cr_expect_geq(task->at[LOOK_T1].silent_ns + task->at[LOOK_T1].silent_error_ns, INT64_C(20000000));

	process = tree_process(pid);
	cr_expect_eq(process->uid, geteuid());
	cr_expect_eq(process->bits, 64);
	cr_expect_eq(process->argv_sight, SIGHT_OK);
	cr_expect_eq(process->links_sight, SIGHT_OK);
	cr_expect_eq(process->ns_sight, SIGHT_OK);
	cr_expect_neq(process->ns_net, 0);
	cr_expect_neq(process->ns_mnt, 0);
	cr_expect_eq(process->monotonic_offset_ns, 0);
	cr_expect_eq(process->posix_timers, 0);
	cr_expect_eq(process->core_dumping, ANSWER_NO);
	cr_expect_eq(process->ns_pid, pid);
	cr_expect_eq(process->at[LOOK_T0].io_sight, SIGHT_OK);
	cr_expect_eq(process->at[LOOK_T0].written_bytes, sizeof(pid_t));
	cr_expect_eq(process->at[LOOK_T0].read_bytes, 0);
	cr_assert(getcwd(path, sizeof(path)));
	cr_expect_str_eq(tree_text(process->cwd), path);
	path[readlink("/proc/self/exe", path, sizeof(path) - 1)] = '\0';
	cr_expect_eq(strncmp(tree_text(process->exe), path, strlen(tree_text(process->exe))), 0);
	cr_expect_eq(process->flags & PROCESS_EXECED, 0);
	cr_expect_eq(tree.snapshot.gaps.count, 0);
}

Test(state, memory_that_a_call_names, .init = tree_live, .fini = tree_end)
{
	static struct pollfd set[3] = { { 7, POLLIN, 0 }, { -1, POLLOUT, 0 }, { 9, POLLPRI, 0 } };
	static const struct timespec day = { 86400, 5 };
	uint32_t length = 0;
	const char *bytes;
	pid_t poller, sleeper;

	set[0].fd = dup(0);
	poller = tree_fork();
	if (poller == 0) {
		tree_tell(getpid());
		for (;;)
			syscall(SYS_ppoll, set, 2, &day, NULL, 0);
	}
	tree_hear();
	sleeper = tree_fork();
	if (sleeper == 0) {
		tree_tell(getpid());
		for (;;)
			nanosleep(&day, NULL);
	}
	tree_hear();
	set[0].fd = -1;
	tree_settle(sleeper, sleeper, "hrtimer_nanosleep");
	tree_target(poller);
	tree_target(sleeper);
	tree_look(LOOK_T0, STATE);
	bytes = kept(sleeper, LOOK_T0, tree_task(sleeper)->at[LOOK_T0].call.args[2], &length);
	cr_assert(bytes, "clock_nanosleep: its request");
	cr_expect_geq(length, sizeof(day));
	cr_expect_eq(memcmp(bytes, &day, sizeof(day)), 0);
	if (tree_task(poller)->at[LOOK_T0].call.number != SYS_ppoll)
		return; /* standard input was readable */
	bytes = kept(poller, LOOK_T0, (uintptr_t)set, &length);
	cr_assert(bytes, "its set");
	cr_expect_eq(length, 2 * sizeof(*set));
	cr_expect_eq(memcmp(bytes + sizeof(*set), &set[1], sizeof(*set)), 0);
	cr_expect_null(kept(poller, LOOK_T1, (uintptr_t)set, &length));
}

static volatile unsigned spins;

Test(state, a_spinner_runs, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();
	const struct task *task;

	if (pid == 0) {
		tree_tell(getpid());
		for (;;)
			spins++;
	}
	tree_hear();
	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	usleep(100000);
	tree_look(LOOK_T1, STATE);
	task = tree_task(pid);
	cr_expect_eq(task->at[LOOK_T1].state, 'R');
	cr_expect_eq(task->at[LOOK_T1].call.number, CALL_RUNNING);
	cr_expect_eq(task->at[LOOK_T1].call_sight, SIGHT_OK);
	cr_expect_not(text_seen(task->at[LOOK_T1].wchan));
	cr_expect_gt(task->at[LOOK_T1].cpu_ns, task->at[LOOK_T0].cpu_ns);
	cr_expect_eq(task->at[LOOK_T1].silent_ns, UNSEEN);
	cr_expect_eq(tree.snapshot.gaps.count, 0);
}

Test(state, a_zombie_has_its_exit_status, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();

	if (pid == 0)
		_exit(3);
	cr_assert_eq(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	cr_expect_eq(tree_process(pid)->exit_status, 3 << 8);
	cr_expect_eq(tree_task(pid)->at[LOOK_T0].state, 'Z');
	cr_expect_eq(tree_task(pid)->at[LOOK_T0].call.number, CALL_UNSEEN);
	cr_expect_eq(tree_process(pid)->uid, geteuid());
	cr_expect_eq(tree.snapshot.gaps.count, 0);
}

Test(state, a_kernel_thread_is_in_no_call, .init = tree_live, .fini = tree_end)
{
	if (tree_process(2) || kill(2, 0) < 0)
		cr_skip_test("kthreadd is not in our namespace");
	tree_target(2);
	tree_look(LOOK_T0, STATE);
	cr_expect(tree_process(2)->flags & PROCESS_KERNEL);
	cr_expect_eq(tree_task(2)->at[LOOK_T0].call.number, CALL_OUTSIDE);
	cr_expect_str_eq(tree_text(tree_task(2)->at[LOOK_T0].wchan), "kthreadd");
	cr_expect_not(text_seen(tree_process(2)->exe));
	cr_expect_eq(tree_gaps("exe", SIGHT_GONE) + tree_gaps("syscall", SIGHT_DENIED), 0);
}

static void *sleep_for_good(void *unused)
{
	tree_tell(gettid());
	for (;;)
		pause();
	return unused;
}

static pid_t with_threads(unsigned count, bool leader_leaves)
{
	const pid_t pid = tree_fork();
	pthread_t thread;
	unsigned i;

	if (pid == 0) {
		for (i = 0; i < count; i++)
			pthread_create(&thread, NULL, sleep_for_good, NULL);
		if (leader_leaves)
			pthread_exit(NULL);
		for (;;)
			pause();
	}
	return pid;
}

Test(state, one_gap_a_process_and_kind, .init = tree_live, .fini = tree_end)
{
	static const struct { const char *end; int error; } refused[] = {
		{ "/syscall", EACCES }, { "/io", EACCES }, { "/exe", EACCES }, { "/cwd", EACCES }, { "/cmdline", EPERM },
		{ "/auxv", EACCES },
	};
	const pid_t pid = with_threads(20, false);
	unsigned i;

	for (i = 0; i < 20; i++)
		tree_hear();
	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		door_inject(tree.door, refused[i].end, refused[i].error);
	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	tree_look(LOOK_T1, STATE);
	cr_expect_eq(tree.snapshot.tasks.count, 21);
	cr_expect_eq(tree.snapshot.gaps.count, sizeof(refused) / sizeof(*refused));
	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		cr_expect_eq(tree_gaps(refused[i].end + 1, SIGHT_DENIED), 1, "%s", refused[i].end);
	for (i = 0; i < 21; i++) {
		cr_expect_eq(tree.snapshot.tasks.row[i].at[LOOK_T0].call_sight, SIGHT_DENIED);
		cr_expect_eq(tree.snapshot.tasks.row[i].at[LOOK_T1].call.number, CALL_UNSEEN);
	}
	cr_expect_eq(tree_process(pid)->argv_sight, SIGHT_DENIED);
	cr_expect_eq(tree_process(pid)->links_sight, SIGHT_DENIED);
	cr_expect_eq(tree_process(pid)->at[LOOK_T1].io_sight, SIGHT_DENIED);
	cr_expect_eq(tree_process(pid)->bits, 0);
}

Test(state, a_kernel_that_lacks_files, .init = tree_live, .fini = tree_end)
{
	static const char *const lacking[] = { "/schedstat", "/sched", "/timers", "/io", "/wchan" };
	const pid_t first = reader(), second = reader();
	unsigned i;

	for (i = 0; i < sizeof(lacking) / sizeof(*lacking); i++)
		door_inject(tree.door, lacking[i], ENOENT);
	tree_target(first);
	tree_target(second);
	tree_look(LOOK_T0, STATE);
	tree_look(LOOK_T1, STATE);
	for (i = 0; i < sizeof(lacking) / sizeof(*lacking); i++)
		cr_expect_eq(tree_gaps(lacking[i] + 1, SIGHT_UNSUPPORTED), 1, "%s", lacking[i]);
	cr_expect_eq(tree.snapshot.gaps.count, sizeof(lacking) / sizeof(*lacking));
	cr_expect_geq(tree_task(first)->at[LOOK_T0].cpu_ns, 0); /* from stat */
	cr_expect_eq(tree_task(first)->at[LOOK_T0].wait_ns, UNSEEN);
	cr_expect_eq(tree_task(first)->at[LOOK_T1].sched_sight, SIGHT_UNSUPPORTED);
	cr_expect_eq(tree_process(second)->posix_timers, UNSEEN);
}

Test(state, no_access_makes_wchan_0, .init = tree_recorded, .fini = tree_end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "" },
		{ 30, 1, 30, 30, 0, 3, "target", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	tree_record(beings);
	tree_put_text("30/task/30/wchan", "0");
	tree_target(30);
	tree_look(LOOK_T0, STATE);
	cr_expect_eq(tree_task(30)->at[LOOK_T0].wchan_sight, SIGHT_DENIED);
	cr_expect_not(text_seen(tree_task(30)->at[LOOK_T0].wchan));
	cr_expect_eq(tree_gaps("wchan", SIGHT_DENIED), 1);
}

Test(state, files_that_make_no_sense, .init = tree_recorded, .fini = tree_end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "" },
		{ 30, 1, 30, 30, 0, 3, "target", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};
	static const char *const names[] = { "syscall", "status", "schedstat", "io", "cmdline", "auxv", "wchan", "timers" };
	char path[64];
	size_t i;

	tree_record(beings);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), strcmp(names[i], "io") ? "30/task/30/%s" : "30/%s", names[i]);
		tree_put(path, "\0\xff\n)) 7 0x", 10);
	}
	tree_target(30);
	tree_look(LOOK_T0, STATE);
	cr_expect_eq(tree_task(30)->at[LOOK_T0].call_sight, SIGHT_STRANGE);
	cr_expect_eq(tree_task(30)->at[LOOK_T0].call.number, CALL_UNSEEN);
	cr_expect_eq(tree_task(30)->at[LOOK_T0].status_sight, SIGHT_STRANGE);
	cr_expect_eq(tree_task(30)->at[LOOK_T0].voluntary, UNSEEN);
	cr_expect_eq(tree_process(30)->at[LOOK_T0].io_sight, SIGHT_STRANGE);
	cr_expect_eq(tree_process(30)->at[LOOK_T0].read_bytes, UNSEEN);
	cr_expect_eq(tree_process(30)->uid, UNSEEN);
}

Test(state, a_leader_that_left_before_its_threads, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = with_threads(1, true), tid = tree_hear();
	const struct process *process;

	while (!tree_process(pid) || tree_task(pid)->at[LOOK_T0].state != 'Z') {
		if (!tree_process(pid))
			tree_target(pid);
		usleep(2000);
		tree_look(LOOK_T0, 0);
	}
	tree_look(LOOK_T0, STATE);
	process = tree_process(pid);
	cr_expect_eq(tree_task(tid)->at[LOOK_T0].call.number, SYS_pause);
	cr_expect_eq(process->argv_sight, SIGHT_OK);
	cr_expect(text_seen(process->exe));
	cr_expect_gt(process->argv.length, 1);
	cr_expect_eq(process->bits, 64);
	cr_expect_neq(process->ns_net, 0);
	cr_expect_eq(tree.snapshot.gaps.count, 0);
}

Test(state, a_tracer_outside_joins, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();
	pid_t tracer;

	if (pid == 0)
		tree_stay();
	tree_hear();
	tracer = tree_fork();
	if (tracer == 0) {
		if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
			_exit(9);
		tree_stay();
	}
	cr_assert_eq(tree_hear(), tracer);
	tree_settle(tracer, tracer, "__do_sys_pause");
	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	cr_expect_eq(tree_task(pid)->at[LOOK_T0].tracer, tracer);
	cr_assert(tree_process(tracer));
	cr_expect_eq(tree_process(tracer)->joined, JOINED_TRACER);
	cr_expect_eq(tree_process(tracer)->flags & PROCESS_IN_TREE, 0);
	cr_expect_eq(tree_task(tracer)->at[LOOK_T0].call.number, SYS_pause);
	cr_expect_eq(tree_process(tracer)->argv_sight, SIGHT_OK);
}

/* Tells which program it is, by what it was started as. */
static pid_t will_exec(int go[2], const char *const *arguments)
{
	pid_t pid;
	char c;

	cr_assert_eq(pipe(go), 0);
	pid = tree_fork();
	if (pid == 0) {
		tree_tell(getpid());
		if (read(go[0], &c, 1) != 1)
			_exit(9);
		if (arguments)
			execv(arguments[0], (char *const *)arguments);
		prctl(PR_SET_NAME, "renamed");
		tree_tell(getpid());
		for (;;)
			pause();
	}
	cr_assert_eq(tree_hear(), pid);
	return pid;
}

Test(state, another_program_in_the_window, .init = tree_live, .fini = tree_end)
{
	static const char *const arguments[] = { "/bin/sleep", "1234", NULL };
	static const char masked[] = "/bin/sleep\0" "1234";
	int go[2];
	const pid_t pid = will_exec(go, arguments);

	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	cr_expect_eq(tree_process(pid)->flags & PROCESS_EXECED, 0);
	cr_assert_eq(write(go[1], "x", 1), 1);
	tree_settle(pid, pid, "hrtimer_nanosleep");
	tree_look(LOOK_T1, STATE);
	cr_expect(tree_process(pid)->flags & PROCESS_EXECED);
	cr_expect_str_eq(tree_text(tree_process(pid)->comm), "sleep");
	cr_expect(strstr(tree_text(tree_process(pid)->exe), "sleep"));
	cr_expect_eq(tree_process(pid)->argv.length, sizeof(masked));
	cr_expect_eq(memcmp(tree_text(tree_process(pid)->argv), masked, sizeof(masked)), 0);
}

Test(state, another_name_is_no_other_program, .init = tree_live, .fini = tree_end)
{
	int go[2];
	const pid_t pid = will_exec(go, NULL);

	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	cr_assert_eq(write(go[1], "x", 1), 1);
	tree_hear();
	tree_look(LOOK_T1, STATE);
	cr_expect_str_eq(tree_text(tree_process(pid)->comm), "renamed");
	cr_expect_eq(tree_process(pid)->flags & PROCESS_EXECED, 0);
}

static pid_t started(const char *const *arguments)
{
	const pid_t pid = tree_fork();
	int ends[2];

	if (pid == 0) {
		if (pipe(ends) < 0 || dup2(ends[0], 0) < 0)
			_exit(9);
		execv(arguments[0], (char *const *)arguments);
		_exit(9);
	}
	tree_settle(pid, pid, "anon_pipe_read");
	return pid;
}

Test(state, credentials_are_never_stored, .init = tree_live, .fini = tree_end)
{
	static const char *const arguments[] = { "/bin/sh", "-c", "read x", "--api-token", "hunter2", NULL };
	const pid_t pid = started(arguments);

	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	cr_expect(memmem(tree_text(tree_process(pid)->argv), tree_process(pid)->argv.length, "--api-token\0***", 15));

	snapshot_deinit(&tree.snapshot);
	cr_assert_eq(snapshot_init(&tree.snapshot), 0);
	tree.options.whole_args = true;
	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	cr_expect(memmem(tree_text(tree_process(pid)->argv), tree_process(pid)->argv.length, "--api-token\0hunter2", 19));
}

Test(state, arguments_are_cut, .init = tree_live, .fini = tree_end)
{
	enum { EACH = 100000, MANY = 12 };
	const char *arguments[MANY + 4] = { "/bin/sh", "-c", "read x" };
	char *long_one = malloc(EACH + 1);
	unsigned i;
	pid_t pid;

	memset(long_one, 'a', EACH);
	long_one[EACH] = '\0';
	for (i = 0; i < MANY; i++)
		arguments[3 + i] = long_one;
	arguments[3 + MANY] = NULL;
	pid = started(arguments);
	free(long_one);
	tree_target(pid);
	tree_look(LOOK_T0, STATE);
	cr_expect_eq(tree_process(pid)->argv_sight, SIGHT_CUT);
	cr_expect_eq(tree_process(pid)->argv.length, BOUND_ARGV);
	cr_expect_eq(tree_gaps("cmdline", SIGHT_CUT), 1);
}

/* Each fell asleep for good after it told the time, and before we saw it asleep. */
Test(state, how_long_silent, .init = tree_live, .fini = tree_end)
{
	enum { SLEEPERS = 5, APART_MS = 100, SLACK_NS = 20000000 };
	int64_t told_ns[SLEEPERS], seen_ns[SLEEPERS], before_ns, now_ns;
	pid_t pids[SLEEPERS];
	unsigned i;
	int told[2];

	cr_assert_eq(pipe(told), 0);
	for (i = 0; i < SLEEPERS; i++) {
		pids[i] = tree_fork();
		if (pids[i] == 0) {
			now_ns = door_now_ns();
			if (write(told[1], &now_ns, sizeof(now_ns)) != sizeof(now_ns))
				_exit(9);
			for (;;)
				pause();
		}
		cr_assert_eq(read(told[0], &told_ns[i], sizeof(told_ns[i])), sizeof(told_ns[i]));
		tree_settle(pids[i], pids[i], "__do_sys_pause");
		seen_ns[i] = door_now_ns();
		tree_target(pids[i]);
		usleep(APART_MS * 1000);
	}
	tree_look(LOOK_T0, STATE);
	usleep(100000);
	before_ns = door_now_ns(); /* the look itself may take its time */
	tree_look(LOOK_T1, STATE);
	now_ns = door_now_ns();
	for (i = 0; i < SLEEPERS; i++) {
		const struct task_look *look = &tree_task(pids[i])->at[LOOK_T1];
		const int64_t error_ns = look->silent_error_ns + SLACK_NS;

		cr_assert_eq(look->sched_sight, SIGHT_OK);
		cr_expect_gt(look->silent_error_ns, 0);
		cr_expect_geq(look->silent_ns, before_ns - seen_ns[i] - error_ns);
		cr_expect_leq(look->silent_ns, now_ns - told_ns[i] + error_ns);
		if (i > 0)
			cr_expect_lt(look->silent_ns, tree_task(pids[i - 1])->at[LOOK_T1].silent_ns);
	}
}
