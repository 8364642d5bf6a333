/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "door.h"
#include "environ.h"
#include "roster.h"
#include "stat.h"

static struct door *door;
static struct snapshot snapshot;
static struct probe_options options;
static char root[64];
static int news[2];           /* pids and tids, as they come to be */
static pid_t born[64];
static unsigned born_count;

static void set_up(const char *proc)
{
	cr_assert_eq(door_open(proc, &door), 0);
	cr_assert_eq(snapshot_init(&snapshot), 0);
	cr_assert_eq(pipe(news), 0);
}

static void live(void)
{
	set_up("/proc");
}

static void recorded(void)
{
	snprintf(root, sizeof(root), "/tmp/test_tasks.XXXXXX");
	cr_assert(mkdtemp(root));
	set_up(root);
}

static void end(void)
{
	char command[128];
	unsigned i;

	for (i = 0; i < born_count; i++)
		kill(born[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	snapshot_deinit(&snapshot);
	door = door_close(door);
	if (!root[0])
		return;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

/* ---- a tree to look at ----------------------------------------------------- */

static void tell(pid_t id)
{
	if (write(news[1], &id, sizeof(id)) != sizeof(id))
		_exit(9);
}

/* In the test: the next one that says it is there. */
static pid_t hear(void)
{
	pid_t id;

	cr_assert_eq(read(news[0], &id, sizeof(id)), sizeof(id));
	born[born_count++] = id;
	return id;
}

static void stay(void)
{
	tell(getpid());
	for (;;)
		pause();
}

/* All children die with the test, whatever becomes of it. */
static pid_t fork_bound(void)
{
	const pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static struct process_ix target(pid_t pid)
{
	struct process_ix ret;
	struct stat_line line;
	int error;

	cr_assert_eq(stat_read(door, pid, pid, &line, &error), 0);
	cr_assert_eq(snapshot_add_process(&snapshot, pid, line.start_ticks, &ret), 0);
	process_at(&snapshot, ret)->flags = PROCESS_TARGET | PROCESS_IN_TREE;
	process_at(&snapshot, ret)->joined = JOINED_TARGET;
	return ret;
}

static void look(enum look which)
{
	const struct visit visit = {
		.door = door, .snapshot = &snapshot, .look = which, .options = &options,
		.deadline_ns = door_now_ns() + INT64_C(60000000000),
	};
	struct process_ix processes[256];
	struct subjects subjects = { .processes = processes };
	uint32_t i;

	for (i = 0; i < snapshot.processes.count && i < 256; i++)
		if (snapshot.processes.row[i].joined != JOINED_PARENT)
			processes[subjects.process_count++].at = i;
	cr_assert_eq(probe_tasks.look(&visit, &subjects), 0);
}

static const struct process *known(pid_t pid)
{
	const struct process_ix at = snapshot_find_process(&snapshot, pid);

	return at.at == NO_ROW ? NULL : process_at(&snapshot, at);
}

static void cr_joined(pid_t pid, enum joined joined)
{
	const struct process *process = known(pid);

	cr_assert(process, "%d is not there", pid);
	cr_expect_eq(process->joined, joined, "%d joined as %d, not %d", pid, process->joined, joined);
	cr_expect(process->flags & PROCESS_IN_TREE);
}

static unsigned gaps_of(const char *detail, enum sight sight)
{
	unsigned count = 0;
	uint32_t i;

	for (i = 0; i < snapshot.gaps.count; i++)
		count += snapshot.gaps.row[i].sight == sight &&
			 strcmp(snapshot_bytes(&snapshot, snapshot.gaps.row[i].detail), detail) == 0;
	return count;
}

/* ---- the tree itself ------------------------------------------------------- */

static void *fork_from_thread(void *unused)
{
	if (fork_bound() == 0)
		stay();
	tell(gettid());
	pause();
	return unused;
}

static pid_t tree_with_thread(void)
{
	const pid_t pid = fork_bound();
	pthread_t thread;

	if (pid == 0) {
		if (fork_bound() == 0) {
			if (fork_bound() == 0)
				stay();
			stay();
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
		const struct task_ix task = snapshot_find_task(&snapshot, id[i]);

		cr_assert_neq(task.at, NO_ROW, "%d is not there", id[i]);
		cr_expect_eq(task_at(&snapshot, task)->at[LOOK_T0].stat_sight, SIGHT_OK);
		cr_expect_eq(task_at(&snapshot, task)->at[LOOK_T0].state, 'S');
		cr_expect_eq(task_at(&snapshot, task)->at[LOOK_T1].stat_sight, SIGHT_UNASKED);
		if (process_at(&snapshot, task_at(&snapshot, task)->process)->pid == pid)
			threads++;
		else
			cr_joined(id[i], JOINED_CHILD);
	}
	cr_expect_eq(threads, 1);
	cr_expect_eq(snapshot.tasks.count, 5);
	cr_expect_eq(snapshot.processes.count, 5); /* the target's parent: us */
	cr_assert(known(getpid()));
	cr_expect_eq(known(getpid())->joined, JOINED_PARENT);
	cr_expect_eq(known(getpid())->flags & PROCESS_IN_TREE, 0);
	cr_expect(known(getpid())->flags & PROCESS_OURS);
}

Test(tasks, children_of_threads_too, .init = live, .fini = end)
{
	const pid_t pid = tree_with_thread();
	pid_t id[4];
	unsigned i;

	born[born_count++] = pid;
	for (i = 0; i < 4; i++)
		id[i] = hear();
	usleep(20000); /* the last one still walks from write(2) to pause(2) */
	target(pid);
	look(LOOK_T0);
	tree_is_whole(pid, id);
	cr_expect_eq(snapshot.gaps.count, 0);
}

Test(tasks, a_kernel_without_lists_of_children, .init = live, .fini = end)
{
	const pid_t pid = tree_with_thread();
	pid_t id[4];
	unsigned i;

	born[born_count++] = pid;
	for (i = 0; i < 4; i++)
		id[i] = hear();
	usleep(20000);
	door_inject(door, "children", ENOENT);
	target(pid);
	look(LOOK_T0);
	tree_is_whole(pid, id);
	cr_expect_eq(snapshot.gaps.count, 1);
	cr_expect_eq(gaps_of("children", SIGHT_UNSUPPORTED), 1);
}

Test(tasks, the_second_look, .init = live, .fini = end)
{
	pid_t pid, leaves, stays, comes;
	int go[2];
	char c;

	cr_assert_eq(pipe(go), 0);
	pid = fork_bound();
	if (pid == 0) {
		if (fork_bound() == 0)
			stay();
		if (fork_bound() == 0)
			stay();
		if (read(go[0], &c, 1) == 1 && fork_bound() == 0)
			stay();
		pause();
		_exit(0);
	}
	born[born_count++] = pid;
	leaves = hear();
	stays = hear();
	target(pid);
	look(LOOK_T0);
	cr_expect_eq(snapshot.tasks.count, 3);

	kill(leaves, SIGKILL);
	while (known(leaves) && door_alive(door, leaves, known(leaves)->start_ticks)) {
		struct stat_line line;
		int error;

		if (stat_read(door, leaves, leaves, &line, &error) == 0 && line.state == 'Z')
			break;
	}
	cr_assert_eq(write(go[1], "x", 1), 1);
	comes = hear();
	look(LOOK_T1);

	/* Its parent has not reaped it: a zombie is there. */
	cr_expect_eq(known(leaves)->at[LOOK_T1].sight, SIGHT_OK);
	cr_expect_eq(task_at(&snapshot, snapshot_find_task(&snapshot, leaves))->at[LOOK_T1].state, 'Z');
	cr_expect_eq(known(leaves)->exit_status, SIGKILL);
	cr_expect_eq(known(stays)->at[LOOK_T0].sight, SIGHT_OK);
	cr_expect_eq(known(stays)->at[LOOK_T1].sight, SIGHT_OK);
	cr_expect_eq(known(comes)->at[LOOK_T0].sight, SIGHT_UNASKED);
	cr_expect_eq(known(comes)->at[LOOK_T1].sight, SIGHT_OK);
	cr_joined(comes, JOINED_CHILD);
	cr_expect_eq(snapshot.gaps.count, 0);
}

static void *end_soon(void *go)
{
	char c;

	tell(gettid());
	if (read(*(int *)go, &c, 1) != 1)
		_exit(9);
	return NULL;
}

Test(tasks, who_is_gone_says_so, .init = live, .fini = end)
{
	pid_t pid, child, tid;
	pthread_t thread;
	int go[2], error;

	cr_assert_eq(pipe(go), 0);
	pid = fork_bound();
	if (pid == 0) {
		signal(SIGCHLD, SIG_IGN);
		if (fork_bound() == 0)
			stay();
		if (read(go[0], &error, 1) == 1)
			pthread_create(&thread, NULL, end_soon, &go[0]);
		for (;;)
			pause();
	}
	born[born_count++] = pid;
	child = hear();
	cr_assert_eq(write(go[1], "x", 1), 1);
	tid = hear();
	target(pid);
	look(LOOK_T0);
	cr_expect_eq(snapshot.tasks.count, 3);
	cr_assert_eq(write(go[1], "x", 1), 1);
	kill(child, SIGKILL);
	while (kill(child, 0) == 0 || syscall(SYS_tgkill, pid, tid, 0) == 0)
		usleep(1000);
	look(LOOK_T1);
	cr_expect_eq(known(child)->at[LOOK_T1].sight, SIGHT_GONE);
	cr_expect_eq(task_at(&snapshot, snapshot_find_task(&snapshot, child))->at[LOOK_T1].stat_sight, SIGHT_GONE);
	cr_expect_eq(task_at(&snapshot, snapshot_find_task(&snapshot, tid))->at[LOOK_T1].stat_sight, SIGHT_GONE);
	cr_expect_eq(known(pid)->at[LOOK_T1].sight, SIGHT_OK);
	cr_expect_eq(snapshot.tasks.count, 3);
	cr_expect_eq(snapshot.gaps.count, 1);
	cr_expect_eq(gaps_of("process", SIGHT_GONE), 1);
}

Test(tasks, our_ancestor_as_target, .init = live, .fini = end)
{
	const struct process *self;

	target(getppid());
	look(LOOK_T0);
	self = known(getpid());
	cr_assert(self);
	cr_expect_eq(self->flags, PROCESS_IN_TREE | PROCESS_OURS);
	cr_expect_eq(self->joined, JOINED_CHILD);
	cr_expect(known(getppid())->flags & PROCESS_ANCESTOR);
}

/* ---- those who left -------------------------------------------------------- */

enum { BY_SESSION = 1, BY_GROUP = 2, BY_MARKER = 4 };

/*
 * A target, and beside it one whose parent has died.  How tells what they share.  The
 * orphan's pid is heard first.
 */
static pid_t target_with_orphan(unsigned how)
{
	const pid_t pid = fork_bound();
	char *const environment[] = { (char *)"TEST_TASKS=7", NULL };
	char *const arguments[] = { (char *)"sleep", (char *)"60", NULL };

	if (pid != 0) {
		born[born_count++] = pid;
		return pid;
	}
	if (how & BY_GROUP)
		setpgid(0, 0);
	if (fork_bound() == 0) {
		if (how & BY_SESSION)
			setsid();
		if (fork() == 0) {
			const pid_t parent = getpid();

			if (fork() == 0) {
				while (getppid() == parent)
					usleep(1000);
				if (how & BY_MARKER) {
					tell(getpid());
					execve("/bin/sleep", arguments, environment);
				}
				stay();
			}
			_exit(0); /* the orphan's parent; its session's leader lives */
		}
		wait(NULL);
		pause();
	}
	pause();
	_exit(0);
}

Test(tasks, an_orphan_in_a_session_led_below, .init = live, .fini = end)
{
	const pid_t pid = target_with_orphan(BY_SESSION), orphan = hear();

	target(pid);
	look(LOOK_T0);
	cr_joined(orphan, JOINED_SESSION);
	cr_expect_null(known(known(orphan)->parent), "its parent is in the tree");
}

Test(tasks, an_orphan_in_a_group_led_by_the_target, .init = live, .fini = end)
{
	const pid_t pid = target_with_orphan(BY_GROUP), orphan = hear();

	target(pid);
	look(LOOK_T0);
	cr_joined(orphan, JOINED_GROUP);
}

Test(tasks, an_orphan_with_the_marker, .init = live, .fini = end)
{
	const pid_t pid = target_with_orphan(BY_MARKER), orphan = hear();
	char name[32] = "";

	while (strcmp(name, "sleep\n") != 0) {
		char path[32];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/comm", orphan);
		file = fopen(path, "r");
		cr_assert(file);
		cr_assert(fgets(name, sizeof(name), file));
		fclose(file);
	}
	target(pid);
	look(LOOK_T0);
	cr_expect_null(known(orphan));
	options.marker = "TEST_TASKS=7";
	look(LOOK_T1);
	cr_joined(orphan, JOINED_MARKER);
	options.marker = NULL;
}

/* It shares the session and the group that the target was born into, and its parent died, too. */
Test(tasks, a_stranger_of_the_same_session_stays_outside, .init = live, .fini = end)
{
	const pid_t pid = target_with_orphan(0), orphan = hear();
	pid_t sibling = fork_bound();

	if (sibling == 0)
		stay();
	cr_assert_eq(hear(), sibling);
	target(pid);
	look(LOOK_T0);
	cr_expect_null(known(orphan));
	cr_expect_null(known(sibling));
	look(LOOK_T1);
	cr_expect_null(known(orphan));
	cr_expect_null(known(sibling));
}

/* ---- recorded trees -------------------------------------------------------- */

static void put(const char *name, const char *text)
{
	char path[256], *slash;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	cr_assert(file, "%s", path);
	fputs(text, file);
	fclose(file);
}

struct being { int pid, parent, group, session, tty, start; const char *comm, *children; };

static void record(const struct being *being)
{
	char name[64], text[512];

	snprintf(text, sizeof(text),
		 "%d (%s) S %d %d %d %d -1 4194560 1 0 0 0 10 20 30 40 20 0 1 0 %d 1000 10 0 4096 8192 4000 0 0 0 0 0 0 0 0 0 0 "
		 "17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		 being->pid, being->comm, being->parent, being->group, being->session, being->tty, being->start);
	snprintf(name, sizeof(name), "%d/stat", being->pid);
	put(name, text);
	snprintf(name, sizeof(name), "%d/task/%d/stat", being->pid, being->pid);
	put(name, text);
	if (being->children) {
		snprintf(name, sizeof(name), "%d/task/%d/children", being->pid, being->pid);
		put(name, being->children);
	}
}

static void record_all(const struct being *being)
{
	for (; being->pid; being++)
		record(being);
}

static const char hostile[] = "a) R 1 (\n\x1b[2J";

Test(tasks, hostile_names_and_loops, .init = recorded, .fini = end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "10 10 1 " },
		{ 10, 1, 10, 10, 0, 100, hostile, "11 10 1 12 99 -4 x" },
		{ 11, 10, 10, 10, 0, 101, "a", "10 11 " },
		{ 12, 10, 10, 10, 0, 102, "b", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	record_all(beings);
	target(10);
	look(LOOK_T0);
	cr_joined(11, JOINED_CHILD);
	cr_joined(12, JOINED_CHILD);
	cr_joined(10, JOINED_TARGET);
	cr_expect_eq(snapshot.processes.count, 4);
	cr_expect_str_eq(snapshot_bytes(&snapshot, known(10)->comm), hostile);
	cr_expect_eq(known(10)->parent, 1);
	cr_expect_eq(known(10)->at[LOOK_T0].children_cpu_ns, INT64_C(70) * 1000000000 / sysconf(_SC_CLK_TCK));
}

/* What may be told by session and group alone: shell 20, target 30, and all who went to init. */
Test(tasks, who_belongs_of_those_who_left, .init = recorded, .fini = end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "20 41 42 43 44 45 46 47 " },
		{ 20, 1, 20, 20, 34816, 2, "bash", "30 31 32 " },
		{ 30, 20, 30, 20, 34816, 3, "target", "33 34 " },
		{ 31, 20, 30, 20, 34816, 3, "less", "" },         /* target | less */
		{ 32, 20, 32, 20, 34816, 3, "other-job", "" },
		{ 33, 30, 33, 33, 0, 4, "leader", "" },
		{ 34, 30, 99, 99, 0, 4, "of-a-dead-leader", "" },
		{ 41, 1, 41, 33, 0, 5, "by-session", "" },
		{ 42, 1, 30, 20, 34816, 5, "by-group", "" },
		{ 43, 1, 32, 20, 34816, 5, "of-other-job", "" },  /* the shell's session proves nothing */
		{ 44, 1, 99, 99, 0, 5, "of-dead-leader", "51 " },
		{ 45, 1, 45, 20, 34816, 5, "nohup", "" },
		{ 46, 1, 46, 46, 0, 5, "daemon", "" },
		{ 47, 1, 48, 51, 0, 6, "by-one-who-joined", "" }, /* led by a child of 44 */
		{ 51, 44, 51, 51, 0, 6, "child", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	record_all(beings);
	target(30);
	look(LOOK_T0);
	cr_joined(41, JOINED_SESSION);
	cr_joined(42, JOINED_GROUP);
	cr_joined(44, JOINED_SESSION);
	cr_joined(51, JOINED_CHILD);
	cr_joined(47, JOINED_SESSION);
	cr_expect_null(known(31));
	cr_expect_null(known(32));
	cr_expect_null(known(43));
	cr_expect_null(known(45));
	cr_expect_null(known(46));
	cr_expect_eq(known(20)->joined, JOINED_PARENT);
	cr_expect_eq(snapshot.processes.count, 9);
}

/* An orphan named by the user: whoever shares its dead session may be anybody's. */
Test(tasks, siblings_of_an_orphan_stay_outside, .init = recorded, .fini = end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "30 31 32 " },
		{ 30, 1, 20, 20, 0, 3, "target", "33 " },
		{ 31, 1, 20, 20, 0, 3, "same-group", "" },
		{ 32, 1, 32, 20, 0, 3, "same-session", "" },
		{ 33, 30, 20, 20, 0, 3, "child", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	record_all(beings);
	target(30);
	look(LOOK_T0);
	cr_joined(33, JOINED_CHILD);
	cr_expect_null(known(31));
	cr_expect_null(known(32));
}

/* At a subreaper without a terminal a group tells; at a shell it may be one pipeline. */
Test(tasks, orphans_at_a_subreaper, .init = recorded, .fini = end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "20 " },
		{ 20, 1, 20, 20, 0, 2, "tini", "30 31 32 " },
		{ 30, 20, 30, 20, 0, 3, "target", "" },
		{ 31, 20, 30, 20, 0, 4, "orphan", "" },
		{ 32, 20, 20, 20, 0, 4, "not-ours", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	record_all(beings);
	target(30);
	look(LOOK_T0);
	cr_joined(31, JOINED_GROUP);
	cr_expect_null(known(32));
}

Test(tasks, recorded_without_children_files, .init = recorded, .fini = end)
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

	record_all(beings);
	target(30);
	look(LOOK_T0);
	cr_joined(31, JOINED_CHILD);
	cr_joined(32, JOINED_CHILD);
	cr_joined(33, JOINED_SESSION);
	cr_expect_null(known(34));
	cr_expect_eq(gaps_of("children", SIGHT_UNSUPPORTED), 1);
}

/* The pid of one who was in the tree is taken by a stranger. */
Test(tasks, a_pid_taken_by_somebody_else, .init = recorded, .fini = end)
{
	struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "30 41 " },
		{ 30, 1, 30, 30, 0, 3, "target", "31 " },
		{ 31, 30, 31, 31, 0, 4, "child", "" },
		{ 41, 1, 41, 41, 0, 9, "stranger", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};
	struct process_ix at;

	record_all(beings);
	target(30);
	look(LOOK_T0);
	at = snapshot_find_process(&snapshot, 31);
	beings[1].children = "";
	beings[0].children = "30 31 41 ";
	beings[2] = (struct being){ 31, 1, 31, 31, 0, 50, "taker", "" };
	beings[3].session = 31;
	record_all(beings);
	look(LOOK_T1);
	cr_expect_eq(process_at(&snapshot, at)->at[LOOK_T1].sight, SIGHT_GONE);
	cr_expect_eq(known(31)->start_ticks, 4);
	cr_expect_null(known(41));
	cr_expect_eq(gaps_of("process", SIGHT_GONE), 1);
}

Test(tasks, a_target_that_left_before_the_look, .init = recorded, .fini = end)
{
	struct process_ix at;

	cr_assert_eq(snapshot_add_process(&snapshot, 30, 7, &at), 0);
	process_at(&snapshot, at)->flags = PROCESS_TARGET | PROCESS_IN_TREE;
	process_at(&snapshot, at)->joined = JOINED_TARGET;
	look(LOOK_T0);
	cr_expect_eq(process_at(&snapshot, at)->at[LOOK_T0].sight, SIGHT_GONE);
	cr_expect_eq(gaps_of("process", SIGHT_GONE), 1);
	cr_expect_eq(snapshot.tasks.count, 0);
}

/* ---- roster and markers ---------------------------------------------------- */

Test(roster, has_us_and_our_parent, .init = live, .fini = end)
{
	const struct roster_row *self;
	struct roster roster;
	uint32_t first, count, i;
	bool found = false;

	cr_assert_eq(roster_init(door, &roster), 0);
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

Test(environ, entries)
{
	static const char bytes[] = "A=1\0MARK=abc\0B=\0X=MARK=ab";

	cr_expect(environ_has(bytes, sizeof(bytes) - 1, "MARK=abc"));
	cr_expect(environ_has(bytes, sizeof(bytes) - 1, "A=1"));
	cr_expect(environ_has(bytes, sizeof(bytes) - 1, "X=MARK=ab"));
	cr_expect_not(environ_has(bytes, sizeof(bytes) - 1, "MARK=ab"));
	cr_expect_not(environ_has(bytes, sizeof(bytes) - 1, "MARK=abcd"));
	cr_expect_not(environ_has("", 0, "A=1"));
	cr_expect(environ_is_marker("A=1"));
	cr_expect_not(environ_is_marker("A="));
	cr_expect_not(environ_is_marker("=1"));
	cr_expect_not(environ_is_marker("A"));
	cr_expect_not(environ_is_marker(NULL));
}
