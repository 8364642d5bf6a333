/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "door.h"
#include "run.h"
#include "run_ports.h"

static struct tree tree;
static pid_t child, grandchild;

/* One child with one child of its own. */
static void begin(void)
{
	int told[2];

	cr_assert_eq(pipe(told), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fork() == 0) {
			/* Told only now: who is killed before this leaves nobody behind. */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			grandchild = getpid();
			if (write(told[1], &grandchild, sizeof(grandchild)) < 0)
				_exit(1);
		}
		for (;;)
			pause();
	}
	close(told[1]);
	cr_assert_eq(read(told[0], &grandchild, sizeof(grandchild)), (ssize_t)sizeof(grandchild));
	close(told[0]);
	cr_assert_eq(tree_init(&tree), 0);
}

static void end(void)
{
	tree_deinit(&tree);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TestSuite(run_tree, .init = begin, .fini = end);

static const struct member *find(pid_t pid)
{
	size_t i;

	for (i = 0; i < tree.count; i++)
		if (tree.row[i].pid == pid)
			return &tree.row[i];
	return NULL;
}

Test(run_tree, walks)
{
	unsigned fresh;

	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect_eq(fresh, 2);
	cr_expect_eq(tree.count, 2);
	cr_expect(find(child) && find(grandchild) && find(grandchild)->parent == child);
	cr_expect_geq(find(child)->fd, 0);
	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect_eq(fresh, 0, "known already");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	tree_drop_dead(&tree);
	cr_expect_null(find(child));
}

/* The triage and whatever is below it is not the command's. */
Test(run_tree, spares)
{
	unsigned fresh;

	tree.spared = child;
	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect_eq(tree.count, 0);
}

/* Edge case 27: a kernel without CONFIG_PROC_CHILDREN. */
Test(run_tree, no_children_file_27)
{
	unsigned fresh;

	door_inject(tree.door, "/children", ENOENT);
	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect(tree.scans);
	cr_expect_eq(fresh, 2);
	cr_expect(find(child) && find(grandchild));
}

/* Edge case 28: one that may not be read costs nobody else, and is held all the same. */
Test(run_tree, unreadable_28)
{
	unsigned fresh;
	char path[32];

	snprintf(path, sizeof(path), "%d/stat", child);
	door_inject(tree.door, path, EACCES);
	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect_eq(tree.count, 2);
	cr_expect(find(grandchild));
	cr_assert(find(child));
	cr_expect(find(child)->hidden && find(child)->fd >= 0);
}

/* Edge case 30: it was listed, and is gone when its file is read. */
Test(run_tree, vanished_30)
{
	unsigned fresh;
	char path[32];

	kill(grandchild, SIGKILL);
	usleep(200000); /* dead, whoever reaps it */
	snprintf(path, sizeof(path), "%d/stat", grandchild);
	door_inject(tree.door, path, ESRCH);
	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect_eq(tree.count, 1);
	cr_expect(find(child));
}

/* Edge case 29: who has the pid now is another one: not signalled, with or without a pidfd. */
Test(run_tree, reused_pid_29)
{
	struct member stranger = { .fd = -1 };
	unsigned fresh;

	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	stranger = *find(child);
	stranger.fd = -1;
	cr_expect(member_signal(&tree, &stranger, 0));
	stranger.start_ticks++;
	cr_expect_not(member_signal(&tree, &stranger, SIGKILL));
	cr_expect_eq(errno, ESRCH);
	cr_expect_eq(waitpid(child, NULL, WNOHANG), 0, "it lives");
	/* A walk does not take the newcomer for the one it knew. */
	((struct member *)find(child))->start_ticks++;
	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect_not(find(child)->seen);
	tree_drop_dead(&tree);
	cr_expect_null(find(child));
	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect_eq(fresh, 1, "as one of its own");
}

Test(run_tree, bytes)
{
	int64_t bytes[2] = { 0, 0 };
	unsigned fresh;

	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_assert_eq(tree_bytes(&tree, bytes), 0);
	cr_expect_geq(bytes[0], 0);
	door_inject(tree.door, "/io", EACCES);
	cr_assert_eq(tree_bytes(&tree, bytes), 0);
	cr_expect_eq(bytes[0], -1);
	/* Our helper is not one of the command's. */
	cr_assert_eq(tree_walk(&tree, &fresh), 0);
	cr_expect_eq(fresh, 0);
}

Test(run_ports, listeners)
{
	static const char text[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 123456 1 0 100 0\n"
		"   1: 0100007F:1F91 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 123457 1 0 100 0\n"
		"   2: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
		"00000000     0        0 99 1\n"
		"   3: 0100007F:1F92 00000000:0000 0A 00000000:00000000\n"
		"   4: garbage\n"
		"   5: 0100007F:FFFFF 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5 1\n";
	const char *at = text, *const over = text + strlen(text);
	uint64_t inode;
	unsigned port;
	size_t length;

	cr_assert(listener_next(&at, over, &port, &inode));
	cr_expect(port == 8080 && inode == 123456, "a client's port blocks nobody");
	cr_assert(listener_next(&at, over, &port, &inode));
	cr_expect(port == 22 && inode == 99);
	cr_expect_not(listener_next(&at, over, &port, &inode));
	for (length = 0; length < strlen(text); length++)
		for (at = text; listener_next(&at, text + length, &port, &inode);)
			cr_expect_leq(port, 65535);
}
