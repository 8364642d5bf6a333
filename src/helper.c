/* SPDX-License-Identifier: MIT */
/*
 * Life of a helper: let go of everything inherited, then answer batches until killed.
 * Allocates nothing, prints nothing, takes no signal but SIGKILL.  The first half
 * of it every process of ours shares.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bell.h"
#include "door_inner.h"
#include "helpers.h"

static void descriptors_drop(const struct door *door)
{
	const unsigned descriptors_most = door ? (unsigned)door->descriptors_most : (unsigned)sysconf(_SC_OPEN_MAX);
	unsigned each;
	int fd, proc_fd;

	/* A descriptor of its own even for /proc, not a share in ours. */
	proc_fd = openat(door ? door->proc_fd : AT_FDCWD, door ? "." : "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0 || (proc_fd != PROC_FD && dup3(proc_fd, PROC_FD, O_CLOEXEC) < 0))
		_exit(1);
	if (syscall(SYS_close_range, PROC_FD + 1, ~0U, 0) < 0)
		for (each = PROC_FD + 1; each < descriptors_most; each++)
			close(each);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (each = 0; each < PROC_FD; each++)
		if (fd < 0 || dup2(fd, each) < 0)
			close(each);
	if (fd >= PROC_FD)
		close(fd);
}

static void bell_ring(struct channel *channel)
{
	atomic_fetch_add(&channel->bell, 1);
	bell_wake(&channel->bell);
}

static void batch_answer(struct helper *helper, uint32_t batch)
{
	struct channel *channel = helper->channel;
	const uint32_t count = channel->count; /* after the last answer it is not ours to read */
	uint32_t i, used = 0;

	atomic_store(&channel->started_ns, door_now_ns());
	for (i = 0; i < count; i++) {
		struct reply *reply = &channel->replies[i];

		if (used >= CHANNEL_ENOUGH) {
			atomic_store(&channel->ended, batch);
			bell_ring(channel);
			return;
		}
		reply->at = used;
		helper_answer(helper, &channel->requests[i], channel->answers + used, reply);
		used += (reply->length + CHANNEL_ALIGN) / CHANNEL_ALIGN * CHANNEL_ALIGN;

		/* In this order a question never looks older than it is. */
		atomic_store(&channel->started_ns, door_now_ns());
		atomic_store(&channel->done, i + 1);
		if (i + 1 >= atomic_load(&channel->wake_at)) {
			atomic_store(&channel->wake_at, UINT32_MAX);
			bell_ring(channel);
		}
	}
}

void helper_settle(const struct door *door, pid_t parent, const char *name)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_DUMPABLE, 0);
	descriptors_drop(door);
	if (chdir("/") < 0)
		_exit(1);
}

static void __attribute__((__noreturn__)) helper_live(void *pages, const struct door *door, const void *context)
{
	struct channel *channel = pages;
	struct helper helper = {
		.channel = channel, .proc_fd = PROC_FD, .live = door->live,
		.pagemap_fd = -1, .pidfd = -1, .own_net_fd = -1,
	};
	uint32_t seen = 0;
	(void)context;

	for (;;) {
		while (atomic_load(&channel->posted) == seen)
			bell_wait(&channel->posted, seen, -1);
		seen = atomic_load(&channel->posted);
		batch_answer(&helper, seen);
	}
}

const struct calling calling_answers = { "wedge-helper", sizeof(struct channel), helper_live };
