/* SPDX-License-Identifier: MIT */
/* probe_holders: a process of the tree waits, a stranger holds the other end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bounds.h"
#include "door.h"
#include "live.h"
#include "probe.h"

static struct snapshot s;
static struct door *door;
static pid_t waiter, stranger;
static struct process_ix tree;
static char directory[64];

static void setup(void)
{
	snprintf(directory, sizeof(directory), "/tmp/wedge-holders-XXXXXX");
	cr_assert(mkdtemp(directory));
	cr_assert_eq(snapshot_init(&s), 0);
	cr_assert_eq(door_open("/proc", &door), 0);
	waiter = stranger = 0;
}

static void teardown(void)
{
	char path[128];

	if (waiter > 0)
		kill(waiter, SIGKILL);
	if (stranger > 0)
		kill(stranger, SIGKILL);
	while (wait(NULL) > 0)
		;
	snprintf(path, sizeof(path), "%s/fifo", directory);
	unlink(path);
	rmdir(directory);
	door_close(door);
	snapshot_deinit(&s);
}

TestSuite(holders, .init = setup, .fini = teardown, .timeout = 20);

/** A child that keeps what it inherits, but for one descriptor; it dies with us. */
static pid_t keep_without(int closed)
{
	pid_t parent = getpid(), pid;
	int ready[2];
	char byte;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(closed);
		close(ready[0]);
		close(ready[1]);
		while (getppid() == parent)
			poll(NULL, 0, 50);
		_exit(0);
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 0, "until it closed them all");
	close(ready[0]);
	return pid;
}

/** The waiter has one end, the stranger the other, we none. */
static void share(int waiters, int strangers)
{
	waiter = keep_without(strangers);
	stranger = keep_without(waiters);
	cr_assert(waiter > 0 && stranger > 0);
	close(waiters);
	close(strangers);
}

static void look_at_tree(void)
{
	struct subjects subjects = { .processes = &tree, .process_count = 1 };
	struct visit visit = { .door = door, .snapshot = &s, .look = LOOK_T0, .deadline_ns = INT64_MAX };

	tree = live_add(door, &s, waiter, getpid());
	cr_assert_eq(probe_fds.look(&visit, &subjects), 0);
}

static void search_until(struct object_ix wanted, int64_t deadline_ns)
{
	struct subjects subjects = { .objects = &wanted, .object_count = 1 };
	struct visit visit = { .door = door, .snapshot = &s, .look = LOOK_T0, .deadline_ns = deadline_ns };

	cr_assert_eq(probe_holders.look(&visit, &subjects), 0);
}

static void search(struct object_ix wanted)
{
	search_until(wanted, INT64_MAX);
}

static struct object_ix object_of(int number)
{
	for (uint32_t i = 0; i < s.fds.count; i++)
		if (s.fds.row[i].process.at == tree.at && s.fds.row[i].number == number)
			return s.fds.row[i].object;
	cr_assert(false, "fd %d has no row", number);
	return (struct object_ix){ NO_ROW };
}

/** The stranger's only row; it must be the one. */
static const struct fd *row_of_stranger(void)
{
	struct process_ix process = snapshot_find_process(&s, stranger);
	const struct fd *ret = NULL;

	cr_assert_neq(process.at, NO_ROW, "not found");
	cr_assert_eq(process_at(&s, process)->joined, JOINED_HOLDER);
	cr_assert_not(process_at(&s, process)->flags & PROCESS_IN_TREE);
	cr_assert(text_seen(process_at(&s, process)->comm));
	for (uint32_t i = 0; i < s.fds.count; i++) {
		if (s.fds.row[i].process.at != process.at)
			continue;
		cr_assert(!ret, "more than asked for");
		ret = &s.fds.row[i];
	}
	cr_assert(ret);
	return ret;
}

/** Is there a process whose links are closed to us?  Sandboxes have such a pid 1. */
static bool somebody_hides(void)
{
	char path[64], link[64] = "";
	const int32_t *pids;
	size_t count, i;
	int error;

	if (geteuid() != 0 || readlink("/proc/self/ns/pid", link, sizeof(link)) < 0 ||
	    strncmp(link, "pid:[4026531836]", 16))
		return true;
	cr_assert_eq(door_list(door, &pids, &count, &error, "."), SIGHT_OK);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/0", pids[i]);
		if (readlink(path, link, sizeof(link)) < 0 && errno == EACCES)
			return true;
	}
	return false;
}

static void check_cover(struct object_ix object)
{
	cr_assert_eq(object_at(&s, object)->cover, somebody_hides() ? COVER_HOLES : COVER_MACHINE);
}

Test(holders, write_end_of_a_pipe)
{
	struct object_ix object;
	int pair[2];

	pipe(pair);
	share(pair[0], pair[1]);
	look_at_tree();
	object = object_of(pair[0]);
	cr_assert_eq(object_at(&s, object)->cover, COVER_TREE);
	search(object);
	cr_assert_eq(row_of_stranger()->object.at, object.at);
	cr_assert_eq(row_of_stranger()->number, pair[1]);
	cr_assert_eq(row_of_stranger()->flags & O_ACCMODE, O_WRONLY);
	check_cover(object);
}

Test(holders, fifo_by_name)
{
	struct object_ix object;
	int read_end, write_end;
	char path[128];

	snprintf(path, sizeof(path), "%s/fifo", directory);
	cr_assert_eq(mkfifo(path, 0600), 0);
	read_end = open(path, O_RDONLY | O_NONBLOCK);
	write_end = open(path, O_WRONLY);
	share(read_end, write_end);
	look_at_tree();
	object = object_of(read_end);
	cr_assert_eq(object_at(&s, object)->kind, OBJECT_FIFO);
	search(object);
	cr_assert_eq(row_of_stranger()->object.at, object.at);
	cr_assert_eq(row_of_stranger()->flags & O_ACCMODE, O_WRONLY);
	check_cover(object);
}

Test(holders, fifo_of_the_same_name_elsewhere)
{
	int read_end, write_end;
	char path[128], other[128];

	snprintf(path, sizeof(path), "%s/fifo", directory);
	snprintf(other, sizeof(other), "%s/other", directory);
	cr_assert_eq(mkdir(other, 0700), 0);
	strcat(other, "/fifo");
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(mkfifo(other, 0600), 0);
	read_end = open(path, O_RDWR);
	write_end = open(other, O_RDWR);
	unlink(other);
	*strrchr(other, '/') = '\0';
	rmdir(other);
	share(read_end, write_end);
	look_at_tree();
	search(object_of(read_end));
	cr_assert_eq(snapshot_find_process(&s, stranger).at, NO_ROW);
}

Test(holders, socket_whose_inode_is_wanted)
{
	struct object_ix object;
	struct stat other;
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	fstat(pair[1], &other);
	share(pair[0], pair[1]);
	look_at_tree();
	/* As the sockets probe adds the peer that it heard of. */
	cr_assert_eq(snapshot_add_object(&s, OBJECT_UNIX, (struct object_key){ 0, other.st_ino }, &object), 0);
	search(object);
	cr_assert_eq(row_of_stranger()->object.at, object.at);
	check_cover(object);
}

Test(holders, eventfd_by_its_id)
{
	struct object_ix object;
	int fd = eventfd(0, 0), decoy = eventfd(0, 0);

	share(decoy, 1000);
	close(fd);
	look_at_tree();
	object = object_of(fd);
	search(object);
	cr_assert_eq(row_of_stranger()->number, fd);
	cr_assert_eq(row_of_stranger()->object.at, object.at);
}

Test(holders, master_of_a_terminal)
{
	struct object_ix slave;
	const struct object *master;
	int pair[2];

	cr_assert_eq(openpty(&pair[0], &pair[1], NULL, NULL, NULL), 0);
	share(pair[1], pair[0]);
	look_at_tree();
	slave = object_of(pair[1]);
	cr_assert_eq(object_at(&s, slave)->kind, OBJECT_PTY);
	cr_assert_eq(object_at(&s, slave)->peer.at, NO_ROW);
	search(slave);
	master = object_at(&s, row_of_stranger()->object);
	cr_assert_eq(master->pty_master, 1);
	cr_assert_eq(master->peer.at, slave.at);
	cr_assert_eq(object_at(&s, object_at(&s, slave)->peer), master);
}

Test(holders, who_may_not_be_read_leaves_a_hole)
{
	struct object_ix object;
	int pair[2];

	pipe(pair);
	share(pair[0], pair[1]);
	look_at_tree();
	object = object_of(pair[0]);
	door_inject(door, "/fd", EACCES);
	search(object);
	search(object);
	cr_assert_eq(object_at(&s, object)->cover, COVER_HOLES);
	cr_assert_eq(snapshot_find_process(&s, stranger).at, NO_ROW);
	cr_assert_eq(s.gaps.count, 1, "said once");
	cr_assert_eq(s.gaps.row[0].probe, PROBE_HOLDERS);
	cr_assert_eq(s.gaps.row[0].sight, SIGHT_DENIED);
	cr_assert_eq(s.gaps.row[0].process.at, NO_ROW);
	cr_assert_gt(atoi(snapshot_bytes(&s, s.gaps.row[0].detail)), 0);
}

Test(holders, an_opaque_member_is_a_hole)
{
	struct object_ix object;
	int pair[2];

	pipe(pair);
	share(pair[0], pair[1]);
	look_at_tree();
	object = object_of(pair[0]);
	process_at(&s, tree)->opaque = ANSWER_YES;
	search(object);
	cr_assert_eq(object_at(&s, object)->cover, COVER_HOLES);
}

Test(holders, no_time_left)
{
	struct object_ix object;
	int pair[2];

	pipe(pair);
	share(pair[0], pair[1]);
	look_at_tree();
	object = object_of(pair[0]);
	search_until(object, 0);
	cr_assert_eq(object_at(&s, object)->cover, COVER_HOLES);
	cr_assert_eq(live_gaps(&s, "fd"), 1);
}

Test(holders, only_so_many_join)
{
	struct object_ix object;
	int pair[2];

	pipe(pair);
	share(pair[0], pair[1]);
	look_at_tree();
	object = object_of(pair[0]);
	for (int32_t pid = 0; pid < BOUND_FOLLOWED; pid++) {
		struct process_ix process;

		cr_assert_eq(snapshot_add_process(&s, 1 << 23 | pid, 1, &process), 0);
		process_at(&s, process)->joined = JOINED_HOLDER;
	}
	search(object);
	cr_assert_eq(s.cut.followed, 1);
	cr_assert_eq(object_at(&s, object)->cover, COVER_HOLES);
	cr_assert_eq(snapshot_find_process(&s, stranger).at, NO_ROW);
}

Test(holders, what_nobody_can_tell_is_never_covered)
{
	struct object_ix object;

	cr_assert_eq(snapshot_add_object(&s, OBJECT_TIMERFD, (struct object_key){ 1, 0 }, &object), 0);
	search(object);
	cr_assert_eq(object_at(&s, object)->cover, COVER_HOLES);
}
