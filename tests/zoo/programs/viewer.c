/* SPDX-License-Identifier: MIT */
/*
 * Runs a command as one of the four viewers that the tools support, on any kernel.
 *
 *	viewer root|user|yama|container [--uid UID] [--] PROGRAM ARGUMENTS
 *
 * root       as it is.
 * user       without privileges: UID, no capabilities.
 * container  user, under a plain seccomp filter: EPERM for what Docker's default profile
 *            withholds and a looker might ask (kcmp, pidfd_getfd, setns, bpf, io_uring,
 *            AF_VSOCK ...; clone3 is ENOSYS), and for ptrace and process_vm_readv too,
 *            which that profile refuses on kernels older than 4.8.
 * yama       user, under kernel.yama.ptrace_scope=1 without being an ancestor: a seccomp
 *            supervisor refuses what the kernel guards by PTRACE_MODE_ATTACH, which is
 *            all that scope 1 takes away: ptrace, process_vm_readv/writev, pidfd_getfd,
 *            and of /proc the files syscall, stack, personality (lock_trace) and mem.
 *            Files guarded by PTRACE_MODE_READ (fd, maps, environ, wchan, io, ns) stay.
 *            kcmp is PTRACE_MODE_READ too, and refused all the same: some kernels lack it,
 *            and no verdict may need it.  A task may always be read by itself and by its
 *            ancestors, and by whom it names with PR_SET_PTRACER and the descendants of that.
 *            Two answers are made up so that the imitation is not seen:
 *            ptrace_scope reads 1, and Seccomp in one's own status reads 0.
 *
 * One difference is left: the real kernel lets anybody open syscall, stack and
 * personality and refuses the read; here the open is refused, with the same EPERM.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#error "viewer: add this architecture's AUDIT_ARCH"
#endif

#ifndef __NR_clone3
#define __NR_clone3 435
#endif

enum { CANNOT = 125, LINGER_MS = 3000, TEXT_MOST = 16384 };

/* What a container's filter answers EPERM to. */
static const int container_refuses[] = {
	__NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp, __NR_pidfd_getfd,
	__NR_setns, __NR_unshare, __NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_mount,
	__NR_umount2, __NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register,
	__NR_open_by_handle_at, __NR_quotactl, __NR_keyctl, __NR_add_key, __NR_request_key,
};

/* What the imitation of Yama wants to be asked about. */
static const int yama_asks[] = {
	__NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp, __NR_pidfd_getfd,
	__NR_openat, __NR_openat2, __NR_prctl,
#ifdef __NR_open
	__NR_open,
#endif
};

static struct sock_filter filter_code[128];
static unsigned short filter_length;

static void emit(unsigned short code, unsigned char yes, unsigned char no, unsigned int k)
{
	filter_code[filter_length++] = (struct sock_filter){ code, yes, no, k };
}

static void emit_load(size_t offset)
{
	emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned int)offset);
}

static void emit_case(int number, unsigned int action)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned int)number);
	emit(BPF_RET | BPF_K, 0, 0, action);
}

static void filter_begin(void)
{
	filter_length = 0;
	emit_load(offsetof(struct seccomp_data, arch));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, THIS_ARCH);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	emit_load(offsetof(struct seccomp_data, nr));
}

/* The listener for SECCOMP_FILTER_FLAG_NEW_LISTENER, else 0; -1 on failure. */
static int filter_install(unsigned int flags)
{
	struct sock_fprog program = { filter_length, filter_code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void drop_to(long uid)
{
	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		err(CANNOT, "uid %ld", uid);
}

static void enter_container(void)
{
	size_t i;

	filter_begin();
	for (i = 0; i < sizeof(container_refuses) / sizeof(*container_refuses); i++)
		emit_case(container_refuses[i], SECCOMP_RET_ERRNO | EPERM);
	emit_case(__NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, __NR_socket);
	emit_load(offsetof(struct seccomp_data, args[0]));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, AF_VSOCK);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	if (filter_install(0))
		err(CANNOT, "seccomp");
}

/* ---- the imitation of Yama ---------------------------------------------------- */

static long status_number(pid_t pid, const char *key)
{
	char path[64], line[256];
	size_t length = strlen(key);
	long found = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (found < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, length))
			found = atol(line + length);
	fclose(file);
	return found;
}

static bool descends(long walker, long ancestor)
{
	int steps;

	for (steps = 0; walker > 0 && steps < 1024; steps++) {
		if (walker == ancestor)
			return true;
		walker = status_number((pid_t)walker, "PPid:");
	}
	return false;
}

/* Who opened itself to whom by PR_SET_PTRACER: to that process and its descendants; -1: to all. */
static struct { long target, tracer; } opened[256];

static bool open_target(pid_t target, long tracer)
{
	const size_t room = sizeof(opened) / sizeof(*opened);
	long leader = status_number(target, "Tgid:");
	size_t i;

	for (i = 0; i < room && opened[i].target != leader; i++)
		;
	for (i = i < room ? i : 0; i < room && opened[i].target != leader && opened[i].target != 0; i++)
		;
	if (i == room)
		return false;
	opened[i].target = tracer ? leader : 0;
	opened[i].tracer = tracer;
	return true;
}

/* May caller attach to target under scope 1: to itself, its descendants, and who opened itself to it. */
static bool may_attach(pid_t caller, pid_t target)
{
	long from = status_number(caller, "Tgid:"), to = status_number(target, "Tgid:");
	size_t i;

	if (descends(to, from))
		return true;
	for (i = 0; i < sizeof(opened) / sizeof(*opened); i++)
		if (opened[i].target == to && to > 0 && (opened[i].tracer == -1 || descends(from, opened[i].tracer)))
			return true;
	return false;
}

/* The string at address of the caller, into text; false when it cannot be had. */
static bool read_string(pid_t caller, unsigned long long address, char *text, size_t size)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)caller);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = pread(fd, text, size - 1, (off_t)address);
	if (got <= 0)  /* A short string may end just before an unmapped page. */
		got = pread(fd, text, 4096 - address % 4096 < size ? 4096 - address % 4096 : size - 1, (off_t)address);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	return memchr(text, '\0', (size_t)got) != NULL;
}

static bool read_link(const char *path, char *text, size_t size)
{
	ssize_t length = readlink(path, text, size - 1);

	if (length < 0)
		return false;
	text[length] = '\0';
	return true;
}

/* What the caller opens, made absolute, "self" resolved. */
static bool resolve(pid_t caller, int directory, const char *name, char *ret, size_t size)
{
	char base[PATH_MAX], link[64];

	if (name[0] == '/') {
		base[0] = '\0';
	} else {
		if (directory == AT_FDCWD)
			snprintf(link, sizeof(link), "/proc/%d/cwd", (int)caller);
		else
			snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)caller, directory);
		if (!read_link(link, base, sizeof(base)))
			return false;
	}
	if (snprintf(ret, size, "%s%s%s", base, name[0] == '/' ? "" : "/", name) >= (int)size)
		return false;
	if (!strncmp(ret, "/proc/self/", 11) &&
	    snprintf(base, sizeof(base), "/proc/%ld/%s", status_number(caller, "Tgid:"), ret + 11) < (int)size)
		strcpy(ret, base);
	else if (!strncmp(ret, "/proc/thread-self/", 18) &&
		 snprintf(base, sizeof(base), "/proc/%d/%s", (int)caller, ret + 18) < (int)size)
		strcpy(ret, base);
	return true;
}

/* The errno with which Yama would end it, or 0.  Path as of resolve(). */
static int refuse_open(pid_t caller, const char *path)
{
	static const struct { const char *name; int error; } guarded[] = {
		{ "syscall", EPERM }, { "stack", EPERM }, { "personality", EPERM },
		{ "patch_state", EPERM }, { "mem", EACCES },
	};
	const char *last = strrchr(path, '/');
	int pid, tid, used = 0;
	size_t i;

	if (sscanf(path, "/proc/%d/task/%d/%n", &pid, &tid, &used) == 2 && used)
		pid = tid;
	else if (sscanf(path, "/proc/%d/%n", &pid, &used) != 1 || !used)
		return 0;
	if (last != path + used - 1)
		return 0;
	for (i = 0; i < sizeof(guarded) / sizeof(*guarded); i++)
		if (!strcmp(last + 1, guarded[i].name))
			return may_attach(caller, pid) ? 0 : guarded[i].error;
	return 0;
}

/* Text that stands in for a file, in a fresh descriptor; -1: none is needed. */
static int made_up(pid_t caller, const char *path)
{
	char own[64], text[TEXT_MOST], *at;
	ssize_t length;
	int from, fd;

	snprintf(own, sizeof(own), "/proc/%ld/status", status_number(caller, "Tgid:"));
	if (!strcmp(path, "/proc/sys/kernel/yama/ptrace_scope")) {
		strcpy(text, "1\n");
		length = 2;
	} else if (!strcmp(path, own)) {
		from = open(own, O_RDONLY | O_CLOEXEC);
		length = from < 0 ? -1 : read(from, text, sizeof(text) - 1);
		close(from);
		if (length < 0)
			return -1;
		text[length] = '\0';
		at = strstr(text, "\nSeccomp:\t");
		if (at)
			at[10] = '0';
		at = strstr(text, "\nSeccomp_filters:\t");
		if (at)
			at[18] = '0';
	} else {
		return -1;
	}
	fd = memfd_create("made-up", MFD_CLOEXEC);
	if (fd >= 0 && (write(fd, text, (size_t)length) != length || lseek(fd, 0, SEEK_SET))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static pid_t pidfd_names(pid_t caller, int fd)
{
	char path[64], line[128];
	int pid = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)caller, fd);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (pid < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "Pid: %d", &pid) != 1)
			pid = -1;
	fclose(file);
	return pid;
}

/* The errno that ends the call, 0 to let it pass; or *ret a descriptor that answers it. */
static int decide(int listener, const struct seccomp_notif *asked, int *ret, bool *done)
{
	const unsigned long long *args = asked->data.args;
	pid_t caller = (pid_t)asked->pid;
	char name[PATH_MAX], path[PATH_MAX];
	bool plain = false;

	switch (asked->data.nr) {
	case __NR_prctl:
		*done = (int)args[0] == PR_SET_PTRACER;
		return *done && !open_target(caller, (long)(int)args[1]) ? EINVAL : 0;
	case __NR_ptrace:
		return args[0] == 0 || may_attach(caller, (pid_t)args[1]) ? 0 : EPERM;
	case __NR_process_vm_readv:
	case __NR_process_vm_writev:
		return may_attach(caller, (pid_t)args[0]) ? 0 : EPERM;
	case __NR_kcmp:
		return may_attach(caller, (pid_t)args[0]) && may_attach(caller, (pid_t)args[1]) ? 0 : EPERM;
	case __NR_pidfd_getfd:
		return may_attach(caller, pidfd_names(caller, (int)args[0])) ? 0 : EPERM;
#ifdef __NR_open
	case __NR_open:
		plain = true;
#endif
	}
	if (!read_string(caller, args[plain ? 0 : 1], name, sizeof(name)) ||
	    ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &asked->id) ||
	    !resolve(caller, plain ? AT_FDCWD : (int)args[0], name, path, sizeof(path)))
		return 0;
	*ret = made_up(caller, path);
	return *ret >= 0 ? 0 : refuse_open(caller, path);
}

/* Answer one question; false when nobody is left to ask. */
static bool serve_one(int listener, struct seccomp_notif *asked, struct seccomp_notif_resp *said, size_t said_size,
		      size_t asked_size)
{
	int given = -1, refused;
	bool done = false;

	memset(asked, 0, asked_size);
	memset(said, 0, said_size);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, asked))
		return errno == EINTR || errno == ENOENT;
	refused = decide(listener, asked, &given, &done);
	if (given >= 0) {
		struct seccomp_notif_addfd add = {
			.id = asked->id, .srcfd = (unsigned int)given,
			.newfd_flags = O_CLOEXEC, .flags = SECCOMP_ADDFD_FLAG_SEND,
		};
		int r = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

		close(given);
		if (r >= 0)
			return true;
	}
	said->id = asked->id;
	said->error = -refused;
	said->flags = refused || done ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, said);
	return true;
}

/* Until the child and all who inherited its filter are gone; then the child's exit status. */
static int supervise(int listener, pid_t child)
{
	struct seccomp_notif_sizes sizes;
	struct seccomp_notif_resp *said;
	struct seccomp_notif *asked;
	int status = -1, lingered = 0;

	if (syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		err(CANNOT, "seccomp");
	asked = calloc(1, sizes.seccomp_notif);
	said = calloc(1, sizes.seccomp_notif_resp);
	if (!asked || !said)
		err(CANNOT, "memory");
	while (lingered < LINGER_MS) {
		struct pollfd waits = { .fd = listener, .events = POLLIN };
		int r = poll(&waits, 1, 50);

		if (status < 0 && waitpid(child, &status, WNOHANG) != child)
			status = -1;
		if (r > 0 && (waits.revents & POLLIN) &&
		    !serve_one(listener, asked, said, sizes.seccomp_notif_resp, sizes.seccomp_notif))
			break;
		if (r > 0 && !(waits.revents & POLLIN))
			break;
		if (r == 0 && status >= 0)
			lingered += 50;
	}
	if (status < 0)
		waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void send_fd(int to, int fd)
{
	char byte = 0, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	if (sendmsg(to, &message, 0) != 1)
		err(CANNOT, "sendmsg");
}

static int receive_fd(int from)
{
	char byte, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	int fd = -1;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

static void enter_yama(int to)
{
	size_t i;
	int listener;

	filter_begin();
	for (i = 0; i < sizeof(yama_asks) / sizeof(*yama_asks); i++)
		emit_case(yama_asks[i], SECCOMP_RET_USER_NOTIF);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	listener = filter_install(SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (listener < 0)
		err(CANNOT, "seccomp user-notify");
	send_fd(to, listener);
	close(listener);
	close(to);
}

static int run_yama(long uid, char **argv)
{
	int pair[2], listener, status;
	pid_t child, parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		err(CANNOT, "socketpair");
	child = fork();
	if (child < 0)
		err(CANNOT, "fork");
	if (child == 0) {
		close(pair[0]);
		drop_to(uid);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(CANNOT);
		enter_yama(pair[1]);
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	close(pair[1]);
	listener = receive_fd(pair[0]);
	close(pair[0]);
	if (listener < 0) {
		waitpid(child, &status, 0);
		return CANNOT;
	}
	return supervise(listener, child);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	long uid = 65534;
	int at = 2;

	if (argc > at + 1 && !strcmp(argv[at], "--uid")) {
		uid = atol(argv[at + 1]);
		at += 2;
	}
	if (argc > at && !strcmp(argv[at], "--"))
		at++;
	if (argc <= at)
		errx(2, "usage: viewer root|user|yama|container [--uid UID] [--] PROGRAM ARGUMENTS");
	if (!strcmp(mode, "yama"))
		return run_yama(uid, argv + at);
	if (strcmp(mode, "root"))
		drop_to(uid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!strcmp(mode, "container"))
		enter_container();
	else if (strcmp(mode, "root") && strcmp(mode, "user"))
		errx(2, "no such viewer: %s", mode);
	execvp(argv[at], argv + at);
	err(127, "%s", argv[at]);
}
