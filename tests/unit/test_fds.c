/* SPDX-License-Identifier: MIT */
/* probe_fds on living children that hold one descriptor of every kind. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bounds.h"
#include "door.h"
#include "identity.h"
#include "live.h"
#include "probe.h"

enum what {
	READ_END, WRITE_END, FIFO, EVENTFD, TIMERFD, DISARMED, SIGNALFD, INOTIFY, EPOLL, OUTER_EPOLL, PIDFD,
	MASTER, SLAVE, MEMFD, REGULAR, DIRECTORY, NULL_DEVICE, NAMESPACE, STREAM, MARK, WHATS,
};

/* What the children write down for us. */
static struct shared {
	int fd[WHATS];
	int ready;
	pid_t watched;
} *shared;

static struct snapshot s;
static struct door *door;
static char directory[64];
static pid_t children[4];
static unsigned child_count;

static void setup(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(shared, MAP_FAILED);
	snprintf(directory, sizeof(directory), "/tmp/wedge-fds-XXXXXX");
	cr_assert(mkdtemp(directory));
	cr_assert_eq(snapshot_init(&s), 0);
	cr_assert_eq(door_open("/proc", &door), 0);
	child_count = 0;
}

static void teardown(void)
{
	char path[128];

	while (child_count) {
		kill(children[--child_count], SIGKILL);
		waitpid(children[child_count], NULL, 0);
	}
	snprintf(path, sizeof(path), "%s/fifo", directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/file", directory);
	unlink(path);
	rmdir(directory);
	door_close(door);
	snapshot_deinit(&s);
	munmap(shared, sizeof(*shared));
}

TestSuite(fds, .init = setup, .fini = teardown, .timeout = 20);

/* ---- children -------------------------------------------------------------- */

/** No test, however it ends, leaves anybody behind: each process ends with its parent. */
static void stay_with(pid_t parent)
{
	while (getppid() == parent)
		poll(NULL, 0, 50);
	_exit(0);
}

static void arm(int fd, long seconds)
{
	struct itimerspec spec = { .it_value = { seconds, 0 }, .it_interval = { 0, 500000000 } };

	timerfd_settime(fd, 0, &spec, NULL);
}

static void watch(int set, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

static void make_all(void)
{
	int *fd = shared->fd, pair[2];
	sigset_t signals;
	char path[128];

	pipe(pair);
	fd[READ_END] = pair[0];
	fd[WRITE_END] = pair[1];
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	write(pair[1], "0123456789", 10);
	snprintf(path, sizeof(path), "%s/fifo", directory);
	mkfifo(path, 0600);
	fd[FIFO] = open(path, O_RDWR);
	write(fd[FIFO], "abc", 3);
	fd[EVENTFD] = eventfd(7, 0);
	fd[TIMERFD] = timerfd_create(CLOCK_MONOTONIC, 0);
	arm(fd[TIMERFD], 1000);
	fd[DISARMED] = timerfd_create(CLOCK_MONOTONIC, 0);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	fd[SIGNALFD] = signalfd(-1, &signals, 0);
	fd[INOTIFY] = inotify_init1(0);
	openpty(&fd[MASTER], &fd[SLAVE], NULL, NULL, NULL);
	fd[MEMFD] = memfd_create("some\nname", 0);
	snprintf(path, sizeof(path), "%s/file", directory);
	fd[REGULAR] = open(path, O_CREAT | O_RDWR, 0600);
	fd[DIRECTORY] = open(directory, O_RDONLY | O_DIRECTORY);
	fd[NULL_DEVICE] = open("/dev/null", O_RDONLY);
	fd[NAMESPACE] = open("/proc/self/ns/net", O_RDONLY);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	fd[STREAM] = pair[0];

	fd[EPOLL] = epoll_create1(0);
	watch(fd[EPOLL], fd[READ_END], EPOLLIN | EPOLLONESHOT);
	watch(fd[EPOLL], fd[EVENTFD], EPOLLIN);
	watch(fd[EPOLL], fd[STREAM], EPOLLIN | EPOLLOUT);
	watch(fd[EPOLL], fd[FIFO], EPOLLIN);
	fd[OUTER_EPOLL] = epoll_create1(0);
	watch(fd[OUTER_EPOLL], fd[EPOLL], EPOLLIN);
	/* A one-shot event that came disarms itself: the pipe has data. */
	struct epoll_event event[8];
	epoll_wait(fd[EPOLL], event, 8, 0);

	pid_t maker = getpid(), pid = fork();
	if (pid == 0)
		stay_with(maker);
	shared->watched = pid;
	fd[PIDFD] = syscall(SYS_pidfd_open, shared->watched, 0);
}

static pid_t child(void (*make)(void))
{
	pid_t parent = getpid(), pid;

	shared->ready = 0;
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		make();
		__atomic_store_n(&shared->ready, 1, __ATOMIC_SEQ_CST);
		stay_with(parent);
	}
	children[child_count++] = pid;
	while (!__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST))
		poll(NULL, 0, 1);
	return pid;
}

/* ---- looking --------------------------------------------------------------- */

static struct process_ix add(pid_t pid, pid_t parent)
{
	return live_add(door, &s, pid, parent);
}

static void look_until(enum look at, int64_t deadline_ns)
{
	struct process_ix processes[8];
	struct task_ix tasks[8];
	struct subjects subjects = { .processes = processes, .tasks = tasks };
	struct visit visit = { .door = door, .snapshot = &s, .look = at, .deadline_ns = deadline_ns };

	for (uint32_t i = 0; i < s.processes.count; i++)
		processes[subjects.process_count++] = (struct process_ix){ i };
	for (uint32_t i = 0; i < s.tasks.count; i++)
		tasks[subjects.task_count++] = (struct task_ix){ i };
	cr_assert_eq(probe_fds.look(&visit, &subjects), 0);
}

static void look(enum look at)
{
	look_until(at, INT64_MAX);
}

static const struct fd *fd_of(struct process_ix process, int number)
{
	const struct fd *ret = NULL;

	for (uint32_t i = 0; i < s.fds.count; i++)
		if (s.fds.row[i].process.at == process.at && s.fds.row[i].number == number)
			ret = &s.fds.row[i];
	cr_assert(ret, "fd %d has no row", number);
	return ret;
}

static const struct object *object_of(struct process_ix process, enum what what)
{
	return object_at(&s, fd_of(process, shared->fd[what])->object);
}

static const char *label_of(const struct object *object)
{
	return snapshot_bytes(&s, object->label);
}

static const struct watch *watch_of(const struct object *set, enum what what)
{
	const struct watch *ret = NULL;

	for (uint32_t i = 0; i < s.watches.count; i++)
		if (object_at(&s, s.watches.row[i].set) == set && s.watches.row[i].number == shared->fd[what]) {
			cr_assert(!ret, "watched twice");
			ret = &s.watches.row[i];
		}
	cr_assert(ret, "not watched");
	return ret;
}

static unsigned gaps_of(const char *detail)
{
	return live_gaps(&s, detail);
}

/* ---- what is what ---------------------------------------------------------- */

Test(fds, every_kind)
{
	static const enum object_kind kinds[WHATS] = {
		[READ_END] = OBJECT_PIPE, [WRITE_END] = OBJECT_PIPE, [FIFO] = OBJECT_FIFO,
		[EVENTFD] = OBJECT_EVENTFD, [TIMERFD] = OBJECT_TIMERFD, [DISARMED] = OBJECT_TIMERFD,
		[SIGNALFD] = OBJECT_SIGNALFD, [INOTIFY] = OBJECT_INOTIFY, [EPOLL] = OBJECT_EPOLL,
		[OUTER_EPOLL] = OBJECT_EPOLL, [PIDFD] = OBJECT_PIDFD, [MASTER] = OBJECT_PTY, [SLAVE] = OBJECT_PTY,
		[MEMFD] = OBJECT_FILE, [REGULAR] = OBJECT_FILE, [DIRECTORY] = OBJECT_DIRECTORY,
		[NULL_DEVICE] = OBJECT_DEVICE, [NAMESPACE] = OBJECT_OTHER, [STREAM] = OBJECT_SOCKET,
	};
	struct process_ix p = add(child(make_all), getpid());
	enum what what;

	look(LOOK_T0);
	for (what = 0; what < MARK; what++) {
		cr_expect_eq(object_of(p, what)->kind, kinds[what], "%d: %d", what, object_of(p, what)->kind);
		cr_expect_eq(object_of(p, what)->cover, COVER_TREE);
		cr_expect_eq(fd_of(p, shared->fd[what])->looks, 1 << LOOK_T0);
	}
	cr_assert_eq(process_at(&s, p)->fds_sight, SIGHT_OK);
	cr_assert_eq(process_at(&s, p)->opaque, ANSWER_NO);
	cr_assert_eq(process_at(&s, p)->uring, ANSWER_NO);
	cr_assert_eq(s.gaps.count, 0);
}

Test(fds, pipe_ends_and_levels)
{
	struct process_ix p = add(child(make_all), getpid());
	const struct object *pipe, *fifo;
	const struct fd *end;

	look(LOOK_T0);
	pipe = object_of(p, READ_END);
	cr_assert_eq(pipe, object_of(p, WRITE_END));
	end = fd_of(p, shared->fd[READ_END]);
	cr_assert_eq(end->flags_sight, SIGHT_OK);
	cr_assert_eq(end->flags & O_ACCMODE, O_RDONLY);
	end = fd_of(p, shared->fd[WRITE_END]);
	cr_assert_eq(end->flags & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
	cr_assert(!strncmp(label_of(pipe), "pipe:[", 6));
	cr_assert_eq(pipe->at[LOOK_T0].sight, SIGHT_OK);
	cr_assert_eq(pipe->at[LOOK_T0].readable, 10);
	cr_assert_eq(pipe->at[LOOK_T0].room, 65536 - 10);

	fifo = object_of(p, FIFO);
	cr_assert_eq(fifo->at[LOOK_T0].readable, 3);
	cr_assert_eq(fd_of(p, shared->fd[FIFO])->flags & O_ACCMODE, O_RDWR);
	cr_assert(strstr(label_of(fifo), "/fifo"));
}

Test(fds, counters_and_timers)
{
	struct process_ix p = add(child(make_all), getpid());
	const struct object_look *seen;

	look(LOOK_T0);
	seen = &object_of(p, EVENTFD)->at[LOOK_T0];
	cr_assert(seen->sight == SIGHT_OK && seen->word == 7 && seen->readable == 7);
	seen = &object_of(p, TIMERFD)->at[LOOK_T0];
	cr_assert_eq(seen->armed, ANSWER_YES);
	cr_assert(seen->expires_ns > INT64_C(900000000000) && seen->expires_ns <= INT64_C(1000000000000));
	cr_assert(seen->interval_ns == 500000000 && seen->readable == 0);
	seen = &object_of(p, DISARMED)->at[LOOK_T0];
	cr_assert(seen->armed == ANSWER_NO && seen->expires_ns == 0);
	cr_assert_eq(object_of(p, SIGNALFD)->at[LOOK_T0].word, 1 << (SIGCHLD - 1));
	cr_assert_eq(object_of(p, PIDFD)->pid, shared->watched);
	cr_assert_eq(object_of(p, PIDFD)->key.name, (uint64_t)shared->watched);
}

Test(fds, sets_and_what_they_watch)
{
	struct process_ix p = add(child(make_all), getpid());
	const struct object *set;
	const struct watch *row;

	look(LOOK_T0);
	set = object_of(p, EPOLL);
	cr_assert_eq(set->at[LOOK_T0].sight, SIGHT_OK);
	row = watch_of(set, READ_END);
	cr_assert_eq(object_at(&s, row->object), object_of(p, READ_END));
	cr_assert(row->events & EPOLLONESHOT);
	cr_assert_not(row->events & EPOLLIN, "it fired and is disarmed");
	row = watch_of(set, EVENTFD);
	cr_assert_eq(object_at(&s, row->object), object_of(p, EVENTFD));
	cr_assert_eq(row->events & (EPOLLIN | EPOLLOUT | EPOLLONESHOT), EPOLLIN);
	cr_assert_eq(object_at(&s, watch_of(set, STREAM)->object), object_of(p, STREAM));
	cr_assert_eq(object_at(&s, watch_of(set, FIFO)->object), object_of(p, FIFO));
	cr_assert_eq(object_at(&s, watch_of(object_of(p, OUTER_EPOLL), EPOLL)->object), set);
}

/* The set keeps a file whose number went to another: the copy at MARK keeps it open. */
static void reuse_number(void)
{
	int *fd = shared->fd, pair[2], other[2];

	pipe(pair);
	fd[READ_END] = pair[0];
	fd[EPOLL] = epoll_create1(0);
	watch(fd[EPOLL], pair[0], EPOLLIN);
	pipe(other);
	watch(fd[EPOLL], other[0], EPOLLIN);
	fd[WRITE_END] = other[0];
	fd[MARK] = fcntl(pair[0], F_DUPFD, 0);
	dup2(other[0], pair[0]);
}

Test(fds, a_reused_number_is_not_what_is_watched)
{
	struct process_ix p = add(child(reuse_number), getpid());
	const struct object *set;

	look(LOOK_T0);
	set = object_of(p, EPOLL);
	cr_assert_neq(object_of(p, READ_END), object_of(p, MARK));
	cr_assert_eq(object_at(&s, watch_of(set, READ_END)->object), object_of(p, MARK));
	cr_assert_eq(object_at(&s, watch_of(set, WRITE_END)->object), object_of(p, READ_END));
}

Test(fds, both_sides_of_a_terminal)
{
	struct process_ix p = add(child(make_all), getpid());
	const struct object *master, *slave;

	look(LOOK_T0);
	master = object_of(p, MASTER);
	slave = object_of(p, SLAVE);
	cr_assert_neq(master, slave);
	cr_assert(master->pty_master && !slave->pty_master);
	cr_assert(!strncmp(label_of(slave), "/dev/pts/", 9));
	cr_assert_eq(slave->key.space, 1);
	cr_assert_eq(slave->key.name, (uint64_t)atoi(label_of(slave) + 9));
	cr_assert(master->peer.at != NO_ROW && object_at(&s, master->peer) == slave);
	cr_assert(slave->peer.at != NO_ROW && object_at(&s, slave->peer) == master);
}

static void take_terminal(void)
{
	pid_t maker = getpid();
	int master;

	if (forkpty(&master, NULL, NULL, NULL) != 0)
		return;
	shared->fd[SLAVE] = 0;
	shared->fd[MARK] = open("/dev/tty", O_RDWR);
	__atomic_store_n(&shared->watched, getpid(), __ATOMIC_SEQ_CST);
	stay_with(maker);
}

Test(fds, the_controlling_terminal_is_the_slave)
{
	struct identity unused;
	struct process_ix p;
	const char *text;
	size_t length;
	int error, tty;

	child(take_terminal);
	while (!__atomic_load_n(&shared->watched, __ATOMIC_SEQ_CST))
		poll(NULL, 0, 1);
	p = add(shared->watched, 1);
	cr_assert_eq(door_read(door, &text, &length, &error, "%d/stat", shared->watched), SIGHT_OK);
	cr_assert_eq(identity_parse(text, length, &unused), 0);
	cr_assert_eq(sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %d", &tty), 1);
	process_at(&s, p)->tty = tty;
	look(LOOK_T0);
	cr_assert_eq(object_of(p, SLAVE)->kind, OBJECT_PTY);
	cr_assert_eq(object_of(p, SLAVE), object_of(p, MARK));
}

/* ---- twins ----------------------------------------------------------------- */

static void make_and_fork(void)
{
	pid_t maker = getpid();
	int *fd = shared->fd;

	fd[TIMERFD] = timerfd_create(CLOCK_MONOTONIC, 0);
	fd[EPOLL] = epoll_create1(0);
	watch(fd[EPOLL], fd[TIMERFD], EPOLLIN);
	fd[MARK] = epoll_create1(0);
	if (fork() != 0)
		return;
	close(fd[MARK]);
	fd[MARK] = epoll_create1(0); /* the same number, another set */
	__atomic_store_n(&shared->watched, getpid(), __ATOMIC_SEQ_CST);
	stay_with(maker);
}

static struct process_ix fork_twins(struct process_ix *ret_parent)
{
	pid_t parent = child(make_and_fork);

	while (!__atomic_load_n(&shared->watched, __ATOMIC_SEQ_CST))
		poll(NULL, 0, 1);
	*ret_parent = add(parent, getpid());
	return add(shared->watched, parent);
}

Test(fds, a_copy_of_the_child_is_the_same_object)
{
	struct process_ix parent, forked = fork_twins(&parent);

	look(LOOK_T0);
	look(LOOK_T1);
	cr_assert_eq(s.gaps.count, 0);
	cr_assert_eq(object_of(parent, EPOLL), object_of(forked, EPOLL));
	cr_assert_eq(object_of(parent, TIMERFD), object_of(forked, TIMERFD));
	cr_assert_neq(object_of(parent, MARK), object_of(forked, MARK));
	cr_assert_eq(fd_of(forked, shared->fd[EPOLL])->looks, 3);
	cr_assert_eq(watch_of(object_of(parent, EPOLL), TIMERFD)->looks, 3);
}

Test(fds, without_kcmp_copies_stay_apart)
{
	struct process_ix parent, forked = fork_twins(&parent);

	door_inject(door, "/kcmp", EPERM);
	look(LOOK_T0);
	cr_assert_neq(object_of(parent, EPOLL), object_of(forked, EPOLL));
	cr_assert_eq(gaps_of("kcmp"), 1);
}

/* ---- two looks ------------------------------------------------------------- */

static void change_on_signal(int signal)
{
	int *fd = shared->fd, pair[2];

	(void)signal;
	read(fd[READ_END], pair, 4);
	close(fd[REGULAR]);
	close(fd[EVENTFD]);
	fd[MARK] = eventfd(1, 0);
	pipe(pair);
	fd[STREAM] = pair[0];
	__atomic_store_n(&shared->ready, 2, __ATOMIC_SEQ_CST);
}

static void make_all_and_change(void)
{
	signal(SIGUSR1, change_on_signal);
	make_all();
}

Test(fds, what_changed_between_the_looks)
{
	pid_t pid = child(make_all_and_change);
	struct process_ix p = add(pid, getpid());
	const struct object *pipe;
	uint32_t objects;

	look(LOOK_T0);
	objects = s.objects.count;
	kill(pid, SIGUSR1);
	while (__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) != 2)
		poll(NULL, 0, 1);
	look(LOOK_T1);

	pipe = object_of(p, READ_END);
	cr_assert_eq(pipe->at[LOOK_T0].readable, 10);
	cr_assert_eq(pipe->at[LOOK_T1].readable, 6);
	cr_assert_eq(fd_of(p, shared->fd[READ_END])->looks, 3);
	cr_assert_eq(fd_of(p, shared->fd[SLAVE])->looks, 3);
	cr_assert_eq(fd_of(p, shared->fd[MASTER])->looks, 3);
	cr_assert_eq(fd_of(p, shared->fd[NULL_DEVICE])->looks, 3);
	cr_assert_eq(fd_of(p, shared->fd[OUTER_EPOLL])->looks, 3);
	cr_assert_eq(s.objects.count, objects + 2, "the new eventfd and the new pipe");
	for (uint32_t i = 0; i < s.fds.count; i++)
		if (s.fds.row[i].number == shared->fd[MARK] || s.fds.row[i].number == shared->fd[REGULAR])
			cr_assert(s.fds.row[i].looks == 1 || s.fds.row[i].looks == 2);
}

/* ---- trouble --------------------------------------------------------------- */

Test(fds, who_may_not_be_listed_is_opaque)
{
	struct process_ix p = add(child(make_and_fork), getpid());

	door_inject(door, "/fd", EACCES);
	look(LOOK_T0);
	look(LOOK_T1);
	cr_assert_eq(process_at(&s, p)->opaque, ANSWER_YES);
	cr_assert_eq(process_at(&s, p)->fds_sight, SIGHT_DENIED);
	cr_assert_eq(s.fds.count, 0);
	cr_assert_eq(gaps_of("fd"), 1);
}

Test(fds, levels_that_may_not_be_borrowed_stay_unseen)
{
	struct process_ix p = add(child(make_all), getpid());

	door_inject(door, "/pipe", EPERM);
	look(LOOK_T0);
	look(LOOK_T1);
	cr_assert_eq(object_of(p, READ_END)->at[LOOK_T0].sight, SIGHT_DENIED);
	cr_assert_eq(object_of(p, READ_END)->at[LOOK_T0].readable, UNSEEN);
	cr_assert_eq(object_of(p, FIFO)->at[LOOK_T0].readable, UNSEEN);
	cr_assert_eq(gaps_of("pipe"), 1);
}

Test(fds, a_link_that_cannot_be_read_is_still_a_descriptor)
{
	struct process_ix p = add(child(make_all), getpid());
	const struct object *object;
	char end[32];

	snprintf(end, sizeof(end), "/fd/%d", shared->fd[FIFO]);
	door_inject(door, end, ENAMETOOLONG);
	look(LOOK_T0);
	object = object_of(p, FIFO);
	cr_assert_eq(object->kind, OBJECT_OTHER);
	cr_assert_not(text_seen(object->label));
	cr_assert_eq(process_at(&s, p)->opaque, ANSWER_NO);
}

Test(fds, too_late_for_anybody)
{
	struct process_ix p = add(child(make_and_fork), getpid());

	look_until(LOOK_T0, 0);
	cr_assert_eq(process_at(&s, p)->fds_sight, SIGHT_CUT);
	cr_assert_eq(process_at(&s, p)->opaque, ANSWER_YES);
	cr_assert_eq(gaps_of("fd"), 1);
}

static void *stay(void *unused)
{
	stay_with(getppid());
	return unused;
}

static void lose_leader(void)
{
	pthread_t thread;

	pipe(shared->fd);
	pthread_create(&thread, NULL, stay, NULL);
	__atomic_store_n(&shared->ready, 1, __ATOMIC_SEQ_CST);
	pthread_exit(NULL);
}

Test(fds, threads_speak_for_a_leader_that_left)
{
	pid_t pid = child(lose_leader);
	struct process_ix p = add(pid, getpid());
	const int32_t *tids;
	size_t count;
	int error;

	while (add(pid, getpid()).at != p.at)
		poll(NULL, 0, 1);
	for (char state = 0; state != 'Z'; poll(NULL, 0, 1)) {
		struct identity identity;
		const char *text;
		size_t length;

		cr_assert_eq(door_read(door, &text, &length, &error, "%d/stat", pid), SIGHT_OK);
		cr_assert_eq(identity_parse(text, length, &identity), 0);
		state = identity.state;
	}
	cr_assert_eq(door_list(door, &tids, &count, &error, "%d/task", pid), SIGHT_OK);
	cr_assert_eq(count, 2);
	for (size_t i = 0; i < 2; i++) {
		struct task_ix task;

		cr_assert_eq(snapshot_add_task(&s, p, tids[i], 1, &task), 0);
		task_at(&s, task)->at[LOOK_T0].state = tids[i] == pid ? 'Z' : 'S';
	}
	look(LOOK_T0);
	cr_assert_eq(object_of(p, READ_END)->kind, OBJECT_PIPE);
	cr_assert_eq(process_at(&s, p)->opaque, ANSWER_NO);
}

Test(fds, a_zombie_holds_nothing)
{
	struct process_ix p;
	struct task_ix task;
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	children[child_count++] = pid;
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	p = add(pid, getpid());
	cr_assert_eq(snapshot_add_task(&s, p, pid, 1, &task), 0);
	task_at(&s, task)->at[LOOK_T0].state = 'Z';
	look(LOOK_T0);
	cr_assert_eq(s.fds.count, 0);
	cr_assert_eq(s.gaps.count, 0);
	cr_assert_neq(process_at(&s, p)->opaque, ANSWER_YES);
}

static void *stay_apart(void *unused)
{
	unshare(CLONE_FILES);
	__atomic_store_n(&shared->watched, gettid(), __ATOMIC_SEQ_CST);
	return stay(unused);
}

static void start_threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, stay, NULL);
	pthread_create(&thread, NULL, stay_apart, NULL);
	while (!__atomic_load_n(&shared->watched, __ATOMIC_SEQ_CST))
		poll(NULL, 0, 1);
}

Test(fds, a_thread_with_a_table_of_its_own)
{
	pid_t pid = child(start_threads), apart = shared->watched;
	struct process_ix p = add(pid, getpid());
	struct task_ix task[3];
	const int32_t *tids;
	size_t count;
	int error;

	cr_assert_eq(door_list(door, &tids, &count, &error, "%d/task", pid), SIGHT_OK);
	cr_assert_eq(count, 3);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(snapshot_add_task(&s, p, tids[i], 1, &task[i]), 0);
		task_at(&s, task[i])->at[LOOK_T1].state = 'S';
	}
	look(LOOK_T1);
	for (size_t i = 0; i < count; i++) {
		const struct task *row = task_at(&s, task[i]);

		cr_assert_eq(row->own_fds, row->tid == pid   ? ANSWER_UNKNOWN :
					   row->tid == apart ? ANSWER_YES :
							       ANSWER_NO);
	}
}

/* ---- unix sockets ---------------------------------------------------------- */

static void send_descriptor(void)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'x';
	struct iovec bytes = { &byte, 1 };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &pair[0], sizeof(int));
	sendmsg(pair[0], &message, 0);
	shared->fd[STREAM] = pair[1];
	shared->fd[MARK] = pair[0];
}

Test(fds, a_descriptor_travels)
{
	struct process_ix p = add(child(send_descriptor), getpid());
	uint32_t i;

	look(LOOK_T0);
	for (i = 0; i < s.objects.count; i++)
		if (s.objects.row[i].kind == OBJECT_SOCKET)
			s.objects.row[i].kind = OBJECT_UNIX; /* as the sockets probe finds out */
	look(LOOK_T1);
	cr_assert_eq(object_of(p, STREAM)->in_flight, ANSWER_YES);
	cr_assert_eq(object_of(p, MARK)->in_flight, ANSWER_NO);
	cr_assert_eq(fd_of(p, shared->fd[STREAM])->looks, 3);
}

static void set_timeout(void)
{
	struct timeval time = { 1, 500000 };
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	shared->fd[STREAM] = pair[0];
	shared->fd[MARK] = pair[1];
}

Test(fds, timeouts_of_the_socket_that_is_waited_on)
{
	pid_t pid = child(set_timeout);
	struct process_ix p = add(pid, getpid());
	struct task_ix task;
	struct call *call;

	s.host.arch = ARCH_X86_64;
	cr_assert_eq(snapshot_add_task(&s, p, pid, 1, &task), 0);
	look(LOOK_T0);
	for (uint32_t i = 0; i < s.objects.count; i++)
		if (s.objects.row[i].kind == OBJECT_SOCKET)
			s.objects.row[i].kind = OBJECT_UNIX;
	call = &task_at(&s, task)->at[LOOK_T1].call;
	call->number = 0; /* read */
	call->args[0] = shared->fd[STREAM];
	look(LOOK_T1);
	cr_assert_eq(object_of(p, STREAM)->receive_timeout_ms, 1500);
	cr_assert_eq(object_of(p, STREAM)->send_timeout_ms, 0);
	cr_assert_eq(object_of(p, MARK)->receive_timeout_ms, UNSEEN, "nobody waits on it");
}
