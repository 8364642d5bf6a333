/* SPDX-License-Identifier: MIT */
/*
 * The command's own process, up to exec.  It waits until it is written down who it is, and
 * ends when we are gone before that.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "run.h"

/* What failed, told over the pipe that exec closes. */
struct failure { int error; char what[60]; };

static void fail(int fd, const char *what)
{
	struct failure failure = { .error = errno };

	strncpy(failure.what, what, sizeof(failure.what) - 1);
	if (write(fd, &failure, sizeof(failure)) < 0)
		_exit(STATUS_OWN);
	_exit(failure.error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

static bool file_write(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* As ourselves in a user namespace, if a network of our own is not to be had otherwise. */
static bool net_unshare(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	if (errno != EPERM || unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	if (!file_write("/proc/self/uid_map", map) || !file_write("/proc/self/setgroups", "deny"))
		return false;
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	return file_write("/proc/self/gid_map", map);
}

static bool loopback_up(void)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	if (fd < 0)
		return false;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static _Noreturn void become(const struct run *run, int go, int error)
{
	const struct run_request *request = run->request;
	const pid_t parent = getppid();
	char byte;
	ssize_t n;

	if (!request->foreground)
		setpgid(0, 0);
	do
		n = read(go, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(STATUS_OWN);
	if (request->private_net && (!net_unshare() || !loopback_up()))
		fail(error, "--private-net");
	/* Under Yama 1: our descendants (wedgecheck) may look at it, over exec, too; not at its children.  EINVAL without. */
	prctl(PR_SET_PTRACER, parent, 0, 0, 0);
	run_signals_give_back(&run->signals);
	execvp(request->command[0], request->command);
	fail(error, "");
	_exit(STATUS_OWN);
}

int run_start(struct run *run, pid_t *ret, int *ret_go, int *ret_error)
{
	int go[2], error[2], r;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(error, O_CLOEXEC) < 0) {
		r = -errno;
		close(go[0]);
		close(go[1]);
		return r;
	}
	pid = fork();
	r = pid < 0 ? -errno : 0;
	if (pid == 0) {
		close(go[1]);
		become(run, go[0], error[1]);
	}
	close(go[0]);
	close(error[1]);
	if (r < 0) {
		close(go[1]);
		close(error[0]);
		return r;
	}
	if (!run->request->foreground)
		setpgid(pid, pid); /* both sides, so that it is so for either */
	*ret = pid;
	*ret_go = go[1];
	*ret_error = error[0];
	return 0;
}

int run_start_result(int fd, const char *command, char *complaint, size_t size)
{
	struct failure failure;
	ssize_t n;

	do
		n = read(fd, &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != sizeof(failure)) {
		snprintf(complaint, size, "cannot start the command");
		return STATUS_OWN;
	}
	if (*failure.what) {
		snprintf(complaint, size, "%s: %s", failure.what, strerror(failure.error));
		return STATUS_OWN;
	}
	snprintf(complaint, size, "failed to run command '%.200s': %s", command, strerror(failure.error));
	return failure.error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN;
}
