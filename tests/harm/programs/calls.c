/* SPDX-License-Identifier: MIT */
/*
 * A thread in each blocking call that there is an easy way into.  None of them ever has a
 * reason to return: what returns was made to.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "told.h"

enum { LONG_S = 100000, MUCH = 4 << 20 };

static const struct timespec long_time = { .tv_sec = LONG_S };
static int semaphore, queue;
static pid_t child;

static int pipe_end(int which)
{
	int ends[2];

	if (pipe(ends) < 0)
		err(1, "pipe");
	return ends[which];
}

static int socket_end(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		err(1, "socketpair");
	return ends[0];
}

static int socket_listening(struct sockaddr_un *address)
{
	const sa_family_t family = AF_UNIX;
	socklen_t size = sizeof(*address);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(address, 0, sizeof(*address));
	address->sun_family = family;
	/* An abstract name of the kernel's choice. */
	if (bind(fd, (const void *)&family, sizeof(family)) < 0 || listen(fd, 0) < 0 ||
	    getsockname(fd, (void *)address, &size) < 0)
		err(1, "listen");
	return fd;
}

/* ---- those that would return ------------------------------------------------ */

static long call_epoll_wait(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_create1(0), &event, 1, -1);
}

static long call_epoll_timed(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_create1(0), &event, 1, LONG_S * 1000);
}

static long call_epoll_pwait2(void)
{
	struct epoll_event event;

	return syscall(441, epoll_create1(0), &event, 1, &long_time, NULL, 8);
}

static long call_semop(void)
{
	struct sembuf wait = { 0, -1, 0 };

	return semop(semaphore, &wait, 1);
}

static long call_semtimedop(void)
{
	struct sembuf wait = { 0, -1, 0 };

	return semtimedop(semaphore, &wait, 1, &long_time);
}

static long call_sigwaitinfo(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigwaitinfo(&set, NULL);
}

static long call_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigtimedwait(&set, NULL, &long_time);
}

static long timed_socket(int option)
{
	const struct timeval time = { .tv_sec = LONG_S };
	int fd = socket_end();

	setsockopt(fd, SOL_SOCKET, option, &time, sizeof(time));
	return fd;
}

static long call_recv_timed(void)
{
	char byte;

	return recv((int)timed_socket(SO_RCVTIMEO), &byte, 1, 0);
}

static long call_read_timed(void)
{
	char byte;

	return read((int)timed_socket(SO_RCVTIMEO), &byte, 1);
}

static long call_accept_timed(void)
{
	const struct timeval time = { .tv_sec = LONG_S };
	struct sockaddr_un address;
	int fd = socket_listening(&address);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	return accept(fd, NULL, NULL);
}

static long call_io_getevents(void)
{
	aio_context_t context = 0;
	struct io_event event;

	if (syscall(SYS_io_setup, 1, &context) < 0)
		return -1;
	return syscall(SYS_io_getevents, context, 1, 1, &event, NULL);
}

/* ---- those that would do less ----------------------------------------------- */

static long write_much(int fd)
{
	static char much[MUCH];
	long n = write(fd, much, sizeof(much));

	if (n >= 0 && n < MUCH) {
		atomic_fetch_add(&told->few, 1);
		errno = EINTR;
	}
	return n;
}

static long call_write_pipe(void)
{
	return write_much(pipe_end(1));
}

static long call_write_socket(void)
{
	return write_much(socket_end());
}

static long call_recv_all(void)
{
	int ends[2];
	char bytes[64];
	long n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || write(ends[1], "half", 4) != 4)
		return -1;
	n = recv(ends[0], bytes, sizeof(bytes), MSG_WAITALL);
	if (n >= 0)
		atomic_fetch_add(&told->few, 1);
	return n;
}

/* ---- those that go on ------------------------------------------------------- */

static long call_read_pipe(void)
{
	char byte;

	return read(pipe_end(0), &byte, 1);
}

static long call_readv_pipe(void)
{
	char byte;
	struct iovec vector = { &byte, 1 };

	return readv(pipe_end(0), &vector, 1);
}

static long read_number(int fd)
{
	uint64_t number;

	return read(fd, &number, sizeof(number));
}

static long call_read_eventfd(void)
{
	return read_number(eventfd(0, 0));
}

static long call_read_timerfd(void)
{
	const struct itimerspec time = { .it_value = long_time };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	timerfd_settime(fd, 0, &time, NULL);
	return read_number(fd);
}

static long call_read_signalfd(void)
{
	char bytes[sizeof(struct signalfd_siginfo)];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return read(signalfd(-1, &set, 0), bytes, sizeof(bytes));
}

static long call_read_inotify(void)
{
	char bytes[512];

	return read(inotify_init(), bytes, sizeof(bytes));
}

static long call_read_terminal(void)
{
	int control = posix_openpt(O_RDWR | O_NOCTTY), terminal = -1;
	char byte;

	if (control >= 0 && grantpt(control) == 0 && unlockpt(control) == 0)
		terminal = open(ptsname(control), O_RDONLY | O_NOCTTY);
	return terminal < 0 ? -1 : read(terminal, &byte, 1);
}

static long call_recv(void)
{
	char byte;

	return recv(socket_end(), &byte, 1, 0);
}

static long call_accept(void)
{
	struct sockaddr_un address;

	return accept(socket_listening(&address), NULL, NULL);
}

static long call_connect(void)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address.sun_family) + 6; /* what the kernel names it: a NUL and five digits */
	int i, r = 0;

	socket_listening(&address);
	for (i = 0; i < 8 && r == 0; i++)
		r = connect(socket(AF_UNIX, SOCK_STREAM, 0), (const void *)&address, size);
	return r;
}

static long call_futex(void)
{
	static uint32_t word;

	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static long call_futex_timed(void)
{
	static uint32_t word;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &long_time, NULL, 0);
}

static long call_nanosleep(void)
{
	return nanosleep(&long_time, NULL);
}

static long call_clock_nanosleep(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LONG_S;
	errno = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
	return errno ? -1 : 0;
}

static long call_poll(void)
{
	return poll(NULL, 0, -1);
}

static long call_poll_timed(void)
{
	return poll(NULL, 0, LONG_S * 1000);
}

static long call_ppoll(void)
{
	return ppoll(NULL, 0, &long_time, NULL);
}

static long call_select(void)
{
	struct timeval time = { .tv_sec = LONG_S };

	return select(0, NULL, NULL, NULL, &time);
}

static long call_pselect(void)
{
	return pselect(0, NULL, NULL, NULL, &long_time, NULL);
}

static long call_wait4(void)
{
	return wait4(child, NULL, 0, NULL);
}

static long call_waitid(void)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
}

static long call_flock(void)
{
	char path[] = "/tmp/harm.XXXXXX";
	int fd = mkstemp(path), other = open(path, O_RDWR);

	unlink(path);
	flock(fd, LOCK_EX);
	return flock(other, LOCK_EX);
}

static long call_fcntl(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[] = "/tmp/harm.XXXXXX";
	int fd = mkstemp(path), other = open(path, O_RDWR);

	unlink(path);
	fcntl(fd, F_OFD_SETLK, &lock);
	return fcntl(other, F_OFD_SETLKW, &lock);
}

static long call_msgrcv(void)
{
	struct { long type; char byte; } message;

	return msgrcv(queue, &message, 1, 1, 0);
}

static long call_sigsuspend(void)
{
	sigset_t set;

	sigfillset(&set);
	return sigsuspend(&set);
}

static long call_pause(void)
{
	return pause();
}

static long (*const calls[])(void) = {
	call_epoll_wait, call_epoll_timed, call_epoll_pwait2, call_semop, call_semtimedop, call_sigwaitinfo,
	call_sigtimedwait, call_recv_timed, call_read_timed, call_accept_timed, call_io_getevents, call_write_pipe,
	call_write_socket, call_recv_all, call_read_pipe, call_readv_pipe, call_read_eventfd, call_read_timerfd,
	call_read_signalfd, call_read_inotify, call_read_terminal, call_recv, call_accept, call_connect, call_futex,
	call_futex_timed, call_nanosleep, call_clock_nanosleep, call_poll, call_poll_timed, call_ppoll, call_select,
	call_pselect, call_wait4, call_waitid, call_flock, call_fcntl, call_msgrcv, call_sigsuspend, call_pause,
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

/* Once: what was made to return says so and then stays away. */
static void *caller(void *argument)
{
	long (*const *call)(void) = argument;
	long r;

	atomic_fetch_add(&told->ready, 1);
	r = (*call)();
	if (r < 0 && errno != EINTR)
		atomic_fetch_add(&told->missing, 1);
	else if (r < 0)
		atomic_fetch_add(&told->eintr, 1);
	else
		atomic_fetch_add(&told->returns, 1);
	sleep_for_ever();
}

void calls_live(void)
{
	sigset_t all, end;
	size_t i;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	semaphore = semget(IPC_PRIVATE, 1, 0600);
	queue = msgget(IPC_PRIVATE, 0600);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	for (i = 0; i < CALLS; i++)
		thread_start(caller, (void *)&calls[i]);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	while (sigwaitinfo(&end, NULL) != SIGTERM)
		atomic_fetch_add(&told->eintr, 1);
	semctl(semaphore, 0, IPC_RMID);
	msgctl(queue, IPC_RMID, NULL);
	kill(child, SIGKILL);
	_exit(0);
}
