/* SPDX-License-Identifier: MIT */
/*
 * Targets that are hard to look at: odd MODE [ARGUMENT].  Each says "ready PID..." when it is
 * what it claims to be, and ends with its parent.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static char **own_argv;

static void end_with_parent(void)
{
	const pid_t parent = getppid();

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent || parent == 1)
		exit(1);
}

static void say_ready(pid_t pid)
{
	printf("ready %d %d\n", (int)getpid(), (int)pid);
	fflush(stdout);
}

static void rest_ms(long ms)
{
	struct timespec rest = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&rest, NULL);
}

static size_t bytes_of(const char *hex, char *ret, size_t most)
{
	unsigned byte;
	size_t n = 0;

	while (n < most && sscanf(hex + 2 * n, "%2x", &byte) == 1)
		ret[n++] = (char)byte;
	return n;
}

/* Nobody will ever fill it in: whoever touches it sleeps. */
static void page_abandon(char *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	range.range.start = (uintptr_t)page;
	range.range.len = PAGE;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range) ||
	    madvise(page, PAGE, MADV_DONTNEED))
		err(77, "userfaultfd");
}

static char *page_of_nobody(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		err(77, "mmap");
	page_abandon(page);
	return page;
}

static int be_named(const char *hex)
{
	char name[17] = "";

	bytes_of(hex, name, sizeof(name) - 1);
	prctl(PR_SET_NAME, name);
	say_ready(0);
	return pause();
}

static int be_crowd(const char *count)
{
	long i;

	for (i = atol(count); i > 0; i--) {
		pid_t parent = getpid(), child = fork();

		if (child < 0)
			err(77, "fork");
		if (child == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
				_exit(1);
			for (;;)
				pause();
		}
	}
	say_ready(0);
	return pause();
}

static int hold_many(const char *count)
{
	rlim_t wanted = (rlim_t)atol(count) + 16;
	struct rlimit limit = { wanted, wanted };
	int last = 0;

	if (setrlimit(RLIMIT_NOFILE, &limit)) {
		getrlimit(RLIMIT_NOFILE, &limit); /* as many as we may */
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	while (last >= 0 && last < atol(count))
		last = fcntl(STDIN_FILENO, F_DUPFD, 0);
	say_ready(0);
	return pause();
}

/* Its arguments change under whoever reads them, the zero bytes between them too. */
static _Noreturn void retitle(void)
{
	char *from = own_argv[0], *to = own_argv[2] + strlen(own_argv[2]);
	unsigned seed = 1;

	say_ready(0);
	for (;;) {
		memset(from, (int)(seed = seed * 1103515245 + 12345) >> 16, (size_t)(to - from));
		if (seed % 64 == 0)
			rest_ms(1);
	}
}

static int exec_again(const char *times)
{
	char left[24];

	if (atol(times) == 0)
		say_ready(0);
	rest_ms(20);
	snprintf(left, sizeof(left), "%ld", atol(times) + 1);
	return execl("/proc/self/exe", own_argv[0], "execs", left, (char *)NULL);
}

static int fork_again(void)
{
	say_ready(0);
	for (;;) {
		pid_t child = fork();

		if (child == 0) {
			rest_ms(5);
			_exit(0);
		}
		rest_ms(5);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static int leave(const char *after_ms)
{
	say_ready(0);
	rest_ms(atol(after_ms));
	return 0;
}

static int keep_zombie(void)
{
	pid_t child = fork();
	siginfo_t info;

	if (child == 0)
		_exit(3);
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	say_ready(child);
	return pause();
}

/* Its command line lies, in part, where reading waits. */
static int hide_arguments(void)
{
	if (!own_argv[2] || strlen(own_argv[2]) < 3 * PAGE)
		errx(2, "odd hides ARGUMENT: too short to fill a page");
	page_abandon((char *)(((uintptr_t)own_argv[2] + PAGE) & ~(uintptr_t)(PAGE - 1)));
	say_ready(0);
	return pause();
}

/* Asleep in epoll_wait(2) while it holds the lock of the set. */
static int hold_set(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	void *page = page_of_nobody();
	int set = epoll_create1(EPOLL_CLOEXEC), ready = eventfd(1, EFD_CLOEXEC);

	if (set < 0 || ready < 0 || epoll_ctl(set, EPOLL_CTL_ADD, ready, &event))
		err(77, "epoll");
	say_ready(0);
	return epoll_wait(set, page, 1, -1);
}

static int listen_at(const char *hex)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t length = bytes_of(hex, address.sun_path, sizeof(address.sun_path));

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + length) || listen(fd, 1))
		err(77, "bind");
	say_ready(0);
	return accept(fd, NULL, NULL);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *word = argc > 2 ? argv[2] : "";

	own_argv = argv;
	end_with_parent();
	if (!strcmp(mode, "named"))
		return be_named(word);
	if (!strcmp(mode, "crowd"))
		return be_crowd(word);
	if (!strcmp(mode, "holds"))
		return hold_many(word);
	if (!strcmp(mode, "retitles") && argc > 2)
		retitle();
	if (!strcmp(mode, "execs"))
		return exec_again(word);
	if (!strcmp(mode, "forks"))
		return fork_again();
	if (!strcmp(mode, "leaves"))
		return leave(word);
	if (!strcmp(mode, "zombie"))
		return keep_zombie();
	if (!strcmp(mode, "hides"))
		return hide_arguments();
	if (!strcmp(mode, "set"))
		return hold_set();
	if (!strcmp(mode, "listens"))
		return listen_at(word);
	if (!strcmp(mode, "waits")) {
		say_ready(0);
		return pause();
	}
	errx(2, "usage: odd MODE [ARGUMENT]");
}
