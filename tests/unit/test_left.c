/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "environ.h"
#include "tree.h"

static void cr_joined(pid_t pid, enum joined joined)
{
	const struct process *process = tree_process(pid);

	cr_assert(process, "%d is not there", pid);
	cr_expect_eq(process->joined, joined, "%d joined as %d, not %d", pid, process->joined, joined);
	cr_expect(process->flags & PROCESS_IN_TREE);
}

enum { BY_SESSION = 1, BY_GROUP = 2, BY_MARKER = 4 };

/*
 * A target, and beside it one whose parent has died.  How tells what they share.  The
 * orphan's pid is heard first.
 */
static pid_t target_with_orphan(unsigned how)
{
	const pid_t pid = tree_fork();
	char *const environment[] = { (char *)"TEST_TASKS=7", NULL };
	char *const arguments[] = { (char *)"sleep", (char *)"60", NULL };

	if (pid != 0)
		return pid;
	if (how & BY_GROUP)
		setpgid(0, 0);
	if (tree_fork() == 0) {
		if (how & BY_SESSION)
			setsid();
		if (fork() == 0) {
			const pid_t parent = getpid();

			if (fork() == 0) {
				while (getppid() == parent)
					usleep(1000);
				if (how & BY_MARKER) {
					tree_tell(getpid());
					execve("/bin/sleep", arguments, environment);
				}
				tree_stay();
			}
			_exit(0); /* the orphan's parent; its session's leader lives */
		}
		wait(NULL);
		pause();
	}
	pause();
	_exit(0);
}

Test(left, an_orphan_in_a_session_led_below, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = target_with_orphan(BY_SESSION), orphan = tree_hear();

	tree_target(pid);
	tree_look(LOOK_T0, 0);
	cr_joined(orphan, JOINED_SESSION);
	cr_expect_null(tree_process(tree_process(orphan)->parent), "its parent is in the tree");
}

Test(left, an_orphan_in_a_group_led_by_the_target, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = target_with_orphan(BY_GROUP), orphan = tree_hear();

	tree_target(pid);
	tree_look(LOOK_T0, 0);
	cr_joined(orphan, JOINED_GROUP);
}

Test(left, an_orphan_with_the_marker, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = target_with_orphan(BY_MARKER), orphan = tree_hear();
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
	tree_target(pid);
	tree_look(LOOK_T0, 0);
	cr_expect_null(tree_process(orphan));
	tree.options.marker = "TEST_TASKS=7";
	tree_look(LOOK_T1, 0);
	cr_joined(orphan, JOINED_MARKER);
	tree.options.marker = NULL;
}

/* It shares the session and the group that the target was born into, and its parent died, too. */
Test(left, a_stranger_of_the_same_session_stays_outside, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = target_with_orphan(0), orphan = tree_hear();
	pid_t sibling = tree_fork();

	if (sibling == 0)
		tree_stay();
	cr_assert_eq(tree_hear(), sibling);
	tree_target(pid);
	tree_look(LOOK_T0, 0);
	cr_expect_null(tree_process(orphan));
	cr_expect_null(tree_process(sibling));
	tree_look(LOOK_T1, 0);
	cr_expect_null(tree_process(orphan));
	cr_expect_null(tree_process(sibling));
}

/* What may be told by session and group alone: shell 20, target 30, and all who went to init. */
Test(left, who_belongs_of_those_who_left, .init = tree_recorded, .fini = tree_end)
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

	tree_record(beings);
	tree_target(30);
	tree_look(LOOK_T0, 0);
	cr_joined(41, JOINED_SESSION);
	cr_joined(42, JOINED_GROUP);
	cr_joined(44, JOINED_SESSION);
	cr_joined(51, JOINED_CHILD);
	cr_joined(47, JOINED_SESSION);
	cr_expect_null(tree_process(31));
	cr_expect_null(tree_process(32));
	cr_expect_null(tree_process(43));
	cr_expect_null(tree_process(45));
	cr_expect_null(tree_process(46));
	cr_expect_eq(tree_process(20)->joined, JOINED_PARENT);
	cr_expect_eq(tree.snapshot.processes.count, 9);
}

/* An orphan named by the user: whoever shares its dead session may be anybody's. */
Test(left, siblings_of_an_orphan_stay_outside, .init = tree_recorded, .fini = tree_end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "30 31 32 " },
		{ 30, 1, 20, 20, 0, 3, "target", "33 " },
		{ 31, 1, 20, 20, 0, 3, "same-group", "" },
		{ 32, 1, 32, 20, 0, 3, "same-session", "" },
		{ 33, 30, 20, 20, 0, 3, "child", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	tree_record(beings);
	tree_target(30);
	tree_look(LOOK_T0, 0);
	cr_joined(33, JOINED_CHILD);
	cr_expect_null(tree_process(31));
	cr_expect_null(tree_process(32));
}

/* At a subreaper without a terminal a group tells; at a shell it may be one pipeline. */
Test(left, orphans_at_a_subreaper, .init = tree_recorded, .fini = tree_end)
{
	static const struct being beings[] = {
		{ 1, 0, 1, 1, 0, 1, "init", "20 " },
		{ 20, 1, 20, 20, 0, 2, "tini", "30 31 32 " },
		{ 30, 20, 30, 20, 0, 3, "target", "" },
		{ 31, 20, 30, 20, 0, 4, "orphan", "" },
		{ 32, 20, 20, 20, 0, 4, "not-ours", "" },
		{ 0, 0, 0, 0, 0, 0, NULL, NULL },
	};

	tree_record(beings);
	tree_target(30);
	tree_look(LOOK_T0, 0);
	cr_joined(31, JOINED_GROUP);
	cr_expect_null(tree_process(32));
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
