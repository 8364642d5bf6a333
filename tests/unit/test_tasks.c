/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "roster.h"
#include "stat.h"
#include "tree.h"

static void cr_joined(pid_t pid, enum joined joined)
{
	const struct process *process = tree_process(pid);

	cr_assert(process, "%d is not there", pid);
	cr_expect_eq(process->joined, joined, "%d joined as %d, not %d", pid, process->joined, joined);
	cr_expect(process->flags & PROCESS_IN_TREE);
}

/* ---- the tree itself ------------------------------------------------------- */

static void *fork_from_thread(void *unused)
{
	if (tree_fork() == 0)
		tree_stay();
	tree_tell(gettid());
	pause();
	return unused;
}

static pid_t tree_with_thread(void)
{
	const pid_t pid = tree_fork();
	pthread_t thread;

	if (pid == 0) {
		if (tree_fork() == 0) {
			if (tree_fork() == 0)
				tree_stay();
			tree_stay();
		}
		pthread_create(&thread, NULL, fork_from_thread, NULL);
		pause();
		_exit(0);
	}
	return pid;
}

static void tree_is_whole(pid_t pid, const pid_t id[4])
{
	unsigned i, threads = 0;

	for (i = 0; i < 4; i++) {
		const struct task_ix task = snapshot_find_task(&tree.snapshot, id[i]);

		cr_assert_neq(task.at, NO_ROW, "%d is not there", id[i]);
		cr_expect_eq(task_at(&tree.snapshot, task)->at[LOOK_T0].stat_sight, SIGHT_OK);
		cr_expect_eq(task_at(&tree.snapshot, task)->at[LOOK_T0].state, 'S');
		cr_expect_eq(task_at(&tree.snapshot, task)->at[LOOK_T1].stat_sight, SIGHT_UNASKED);
		if (process_at(&tree.snapshot, task_at(&tree.snapshot, task)->process)->pid == pid)
			threads++;
		else
			cr_joined(id[i], JOINED_CHILD);
	}
	cr_expect_eq(threads, 1);
	cr_expect_eq(tree.snapshot.tasks.count, 5);
	cr_expect_eq(tree.snapshot.processes.count, 5); /* the target's parent: us */
	cr_assert(tree_process(getpid()));
	cr_expect_eq(tree_process(getpid())->joined, JOINED_PARENT);
	cr_expect_eq(tree_process(getpid())->flags & PROCESS_IN_TREE, 0);
	cr_expect(tree_process(getpid())->flags & PROCESS_OURS);
}

Test(tasks, children_of_threads_too, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_with_thread();
	pid_t id[4];
	unsigned i;

	for (i = 0; i < 4; i++)
		id[i] = tree_hear();
	usleep(20000); /* the last one still walks from write(2) to pause(2) */
	tree_target(pid);
	tree_look(LOOK_T0, 0);
	tree_is_whole(pid, id);
	cr_expect_eq(tree.snapshot.gaps.count, 0);
}

Test(tasks, a_kernel_without_lists_of_children, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_with_thread();
	pid_t id[4];
	unsigned i;

	for (i = 0; i < 4; i++)
		id[i] = tree_hear();
	usleep(20000);
	door_inject(tree.door, "children", ENOENT);
	tree_target(pid);
	tree_look(LOOK_T0, 0);
	tree_is_whole(pid, id);
	cr_expect_eq(tree.snapshot.gaps.count, 1);
	cr_expect_eq(tree_gaps("children", SIGHT_UNSUPPORTED), 1);
}

Test(tasks, the_second_look, .init = tree_live, .fini = tree_end)
{
	pid_t pid, leaves, stays, comes;
	int go[2];
	char c;

	cr_assert_eq(pipe(go), 0);
	pid = tree_fork();
	if (pid == 0) {
		if (tree_fork() == 0)
			tree_stay();
		if (tree_fork() == 0)
			tree_stay();
		if (read(go[0], &c, 1) == 1 && tree_fork() == 0)
			tree_stay();
		pause();
		_exit(0);
	}
	leaves = tree_hear();
	stays = tree_hear();
	tree_target(pid);
	tree_look(LOOK_T0, 0);
	cr_expect_eq(tree.snapshot.tasks.count, 3);

	kill(leaves, SIGKILL);
	while (tree_process(leaves) && door_alive(tree.door, leaves, tree_process(leaves)->start_ticks)) {
		struct stat_line line;
		int error;

		if (stat_read(tree.door, leaves, leaves, &line, &error) == 0 && line.state == 'Z')
			break;
	}
	cr_assert_eq(write(go[1], "x", 1), 1);
	comes = tree_hear();
	tree_look(LOOK_T1, 0);

	/* Its parent has not reaped it: a zombie is there. */
	cr_expect_eq(tree_process(leaves)->at[LOOK_T1].sight, SIGHT_OK);
	cr_expect_eq(task_at(&tree.snapshot, snapshot_find_task(&tree.snapshot, leaves))->at[LOOK_T1].state, 'Z');
	cr_expect_eq(tree_process(leaves)->exit_status, SIGKILL);
	cr_expect_eq(tree_process(stays)->at[LOOK_T0].sight, SIGHT_OK);
	cr_expect_eq(tree_process(stays)->at[LOOK_T1].sight, SIGHT_OK);
	cr_expect_eq(tree_process(comes)->at[LOOK_T0].sight, SIGHT_UNASKED);
	cr_expect_eq(tree_process(comes)->at[LOOK_T1].sight, SIGHT_OK);
	cr_joined(comes, JOINED_CHILD);
	cr_expect_eq(tree.snapshot.gaps.count, 0);
}

static void *end_soon(void *go)
{
	char c;

	tree_tell(gettid());
	if (read(*(int *)go, &c, 1) != 1)
		_exit(9);
	return NULL;
}

Test(tasks, who_is_gone_says_so, .init = tree_live, .fini = tree_end)
{
	pid_t pid, child, tid;
	pthread_t thread;
	int go[2], error;

	cr_assert_eq(pipe(go), 0);
	pid = tree_fork();
	if (pid == 0) {
		signal(SIGCHLD, SIG_IGN);
		if (tree_fork() == 0)
			tree_stay();
		if (read(go[0], &error, 1) == 1)
			pthread_create(&thread, NULL, end_soon, &go[0]);
		for (;;)
			pause();
	}
	child = tree_hear();
	cr_assert_eq(write(go[1], "x", 1), 1);
	tid = tree_hear();
	tree_target(pid);
	tree_look(LOOK_T0, 0);
	cr_expect_eq(tree.snapshot.tasks.count, 3);
	cr_assert_eq(write(go[1], "x", 1), 1);
	kill(child, SIGKILL);
	while (kill(child, 0) == 0 || syscall(SYS_tgkill, pid, tid, 0) == 0)
		usleep(1000);
	tree_look(LOOK_T1, 0);
	cr_expect_eq(tree_process(child)->at[LOOK_T1].sight, SIGHT_GONE);
	cr_expect_eq(task_at(&tree.snapshot, snapshot_find_task(&tree.snapshot, child))->at[LOOK_T1].stat_sight, SIGHT_GONE);
	cr_expect_eq(task_at(&tree.snapshot, snapshot_find_task(&tree.snapshot, tid))->at[LOOK_T1].stat_sight, SIGHT_GONE);
	cr_expect_eq(tree_process(pid)->at[LOOK_T1].sight, SIGHT_OK);
	cr_expect_eq(tree.snapshot.tasks.count, 3);
	cr_expect_eq(tree.snapshot.gaps.count, 1);
	cr_expect_eq(tree_gaps("process", SIGHT_GONE), 1);
}

Test(tasks, our_ancestor_as_target, .init = tree_live, .fini = tree_end)
{
	const struct process *self;
	unsigned ours = 0;
	uint32_t i;

	tree_target(getppid());
	tree_look(LOOK_T0, 0);
	self = tree_process(getpid());
	cr_assert(self);
	cr_expect_eq(self->flags, PROCESS_IN_TREE | PROCESS_OURS);
	cr_expect_eq(self->joined, JOINED_CHILD);
	cr_expect(tree_process(getppid())->flags & PROCESS_ANCESTOR);

	/* So is the helper, once there is one. */
	tree_look(LOOK_T0, PROBE_BIT(PROBE_STATE));
	tree_look(LOOK_T1, 0);
	for (i = 0; i < tree.snapshot.processes.count; i++)
		if (tree.snapshot.processes.row[i].parent == getpid())
			ours += (tree.snapshot.processes.row[i].flags & PROCESS_OURS) != 0;
	cr_expect_eq(ours, 1);
}

/* ---- recorded trees -------------------------------------------------------- */

static const char hostile[] = "a) R 1 (\n\x1b[2J";

Test(tasks, hostile_names_and_loops, .init = tree_recorded, .fini = tree_end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "10 10 1 " },
		{ 10, 1, 10, 10, 0, 100, hostile, "11 10 1 12 99 -4 x" },
		{ 11, 10, 10, 10, 0, 101, "a", "10 11 " },
		{ 12, 10, 10, 10, 0, 102, "b", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	tree_record(beings);
	tree_target(10);
	tree_look(LOOK_T0, 0);
	cr_joined(11, JOINED_CHILD);
	cr_joined(12, JOINED_CHILD);
	cr_joined(10, JOINED_TARGET);
	cr_expect_eq(tree.snapshot.processes.count, 4);
	cr_expect_str_eq(snapshot_bytes(&tree.snapshot, tree_process(10)->comm), hostile);
	cr_expect_eq(tree_process(10)->parent, 1);
	cr_expect_eq(tree_process(10)->at[LOOK_T0].children_cpu_ns, INT64_C(70) * 1000000000 / sysconf(_SC_CLK_TCK));
}

Test(tasks, recorded_without_children_files, .init = tree_recorded, .fini = tree_end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", NULL },
		{ 30, 1, 30, 30, 0, 3, "target", NULL },
		{ 31, 30, 30, 30, 0, 4, "child", NULL },
		{ 32, 31, 30, 30, 0, 4, "grandchild", NULL },
		{ 33, 1, 30, 30, 0, 4, "orphan", NULL },
		{ 34, 1, 34, 34, 0, 4, "daemon", NULL },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	tree_record(beings);
	tree_target(30);
	tree_look(LOOK_T0, 0);
	cr_joined(31, JOINED_CHILD);
	cr_joined(32, JOINED_CHILD);
	cr_joined(33, JOINED_SESSION);
	cr_expect_null(tree_process(34));
	cr_expect_eq(tree_gaps("children", SIGHT_UNSUPPORTED), 1);
}

/* The pid of one who was in the tree is taken by a stranger. */
Test(tasks, a_pid_taken_by_somebody_else, .init = tree_recorded, .fini = tree_end)
{
	struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "30 41 " },
		{ 30, 1, 30, 30, 0, 3, "target", "31 " },
		{ 31, 30, 31, 31, 0, 4, "child", "" },
		{ 41, 1, 41, 41, 0, 9, "stranger", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};
	struct process_ix at;

	tree_record(beings);
	tree_target(30);
	tree_look(LOOK_T0, 0);
	at = snapshot_find_process(&tree.snapshot, 31);
	beings[1].children = "";
	beings[0].children = "30 31 41 ";
	beings[2] = (struct being){ 31, 1, 31, 31, 0, 50, "taker", "" };
	beings[3].session = 31;
	tree_record(beings);
	tree_look(LOOK_T1, 0);
	cr_expect_eq(process_at(&tree.snapshot, at)->at[LOOK_T1].sight, SIGHT_GONE);
	cr_expect_eq(tree_process(31)->start_ticks, 4);
	cr_expect_null(tree_process(41));
	cr_expect_eq(tree_gaps("process", SIGHT_GONE), 1);
}

Test(tasks, a_target_that_left_before_the_look, .init = tree_recorded, .fini = tree_end)
{
	struct process_ix at;

	cr_assert_eq(snapshot_add_process(&tree.snapshot, 30, 7, &at), 0);
	process_at(&tree.snapshot, at)->flags = PROCESS_TARGET | PROCESS_IN_TREE;
	process_at(&tree.snapshot, at)->joined = JOINED_TARGET;
	tree_look(LOOK_T0, 0);
	cr_expect_eq(process_at(&tree.snapshot, at)->at[LOOK_T0].sight, SIGHT_GONE);
	cr_expect_eq(tree_gaps("process", SIGHT_GONE), 1);
	cr_expect_eq(tree.snapshot.tasks.count, 0);
}

/* ---- roster and markers ---------------------------------------------------- */

Test(roster, has_us_and_our_parent, .init = tree_live, .fini = tree_end)
{
	const struct roster_row *self;
	struct roster roster;
	uint32_t first, count, i;
	bool found = false;

	cr_assert_eq(roster_init(tree.door, &roster), 0);
	self = roster_find(&roster, getpid());
	cr_assert(self);
	cr_expect_eq(self->parent, getppid());
	cr_expect_eq(self->session, getsid(0));
	cr_expect_eq(self->group, getpgid(0));
	roster_children(&roster, getppid(), &first, &count);
	for (i = 0; i < count; i++) {
		const struct roster_row *row = &roster.row[roster.by_parent[first + i]];

		cr_expect_eq(row->parent, getppid());
		found |= row == self;
	}
	cr_expect(found);
	cr_expect_null(roster_find(&roster, -1));
	roster_children(&roster, -7, &first, &count);
	cr_expect_eq(count, 0);
	roster_deinit(&roster);
}
