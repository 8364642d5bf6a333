/* SPDX-License-Identifier: MIT */
/*
 * The end of a tree: the signal and CONT to everybody, grace, then freeze until no new process
 * appears, KILL, reap.  Killing while walking loses the race against whoever forks; a
 * stopped process does not fork.  All is bounded: who is left then is named.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "door.h"
#include "escape.h"
#include "run.h"

enum { FREEZE_MS = 2000, REAP_MS = 5000 };

void run_reap(struct run *run, struct attempt *attempt, int *ret_stopped)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == run->leader && WIFSTOPPED(status)) {
			if (ret_stopped)
				*ret_stopped = WSTOPSIG(status);
		} else if (pid == run->leader) {
			attempt->over = true;
			attempt->wait_status = status;
			run->leader = 0;
		} else if (pid == run->triage.pid && !WIFSTOPPED(status)) {
			triage_reaped(run, status);
		}
	}
}

/* Sleeps until something ends, or for so long; true when we were told to make haste. */
static bool wait_a_while(struct run *run, int64_t most_ns)
{
	const struct timespec most = { most_ns / 1000000000, most_ns % 1000000000 };
	struct pollfd pollfd = { .fd = run->signals.fd, .events = POLLIN };
	struct signalfd_siginfo told;
	bool haste = false;

	ppoll(&pollfd, 1, &most, NULL);
	while (read(run->signals.fd, &told, sizeof(told)) == sizeof(told)) {
		switch (told.ssi_signo) {
		case SIGINT:
		case SIGTERM:
		case SIGHUP:
			haste = true;
			if (!run->cancelled)
				run->cancelled = (int)told.ssi_signo;
			break;
		}
	}
	return haste;
}

static int everybody_walk(struct run *run, struct attempt *attempt, unsigned *ret_new)
{
	int r;

	run_reap(run, attempt, NULL);
	tree_drop_dead(&run->tree);
	r = tree_walk(&run->tree, ret_new);
	if (r == 0)
		tree_drop_dead(&run->tree);
	return r;
}

static void everybody_signal(struct run *run, int number)
{
	char room[16], name[64];
	size_t i;

	for (i = 0; i < run->tree.count; i++) {
		struct member *member = &run->tree.row[i];

		if (!member_signal(&run->tree, member, number))
			continue;
		/* A stopped one hears it only when it goes on. */
		if (number != SIGKILL && number != SIGSTOP && number != SIGCONT)
			member_signal(&run->tree, member, SIGCONT);
		if (run->request->verbose) {
			escape_into(name, sizeof(name), PLACE_TERMINAL, member->comm, strlen(member->comm));
			run_say("sent %s to %s[%d]", run_signal_name(number, room), name, member->pid);
		}
	}
}

/* Until nobody is left, or the time is over.  True: nobody is left. */
static int grace_wait(struct run *run, struct attempt *attempt, int64_t until_ns, bool *ret_empty)
{
	int64_t pause_ns = 1000000, left_ns;
	unsigned fresh;
	int r;

	for (*ret_empty = false;;) {
		r = everybody_walk(run, attempt, &fresh);
		if (r < 0)
			return r;
		*ret_empty = run->tree.count == 0 && !run->leader;
		left_ns = until_ns - door_now_ns();
		if (*ret_empty || left_ns <= 0)
			return 0;
		if (wait_a_while(run, left_ns < pause_ns ? left_ns : pause_ns))
			return 0;
		/* Children tell us by SIGCHLD; grandchildren must be looked for. */
		pause_ns = pause_ns < 50000000 ? pause_ns * 2 : pause_ns;
	}
}

/* Twice nobody new: then all stand still. */
static int freeze(struct run *run, struct attempt *attempt)
{
	const int64_t until_ns = door_now_ns() + FREEZE_MS * INT64_C(1000000);
	unsigned fresh, quiet = 0;
	size_t i;
	int r;

	while (quiet < 2 && door_now_ns() < until_ns) {
		r = everybody_walk(run, attempt, &fresh);
		if (r < 0)
			return r;
		for (i = 0; i < run->tree.count; i++) {
			struct member *member = &run->tree.row[i];

			if (!member->frozen) {
				member_signal(&run->tree, member, SIGSTOP);
				member->frozen = true;
				fresh++;
			}
		}
		quiet = fresh ? 0 : quiet + 1;
	}
	return 0;
}

/* Killed, reaped, and looked for until nobody was found twice. */
static int slaughter(struct run *run, struct attempt *attempt)
{
	const int64_t until_ns = door_now_ns() + REAP_MS * INT64_C(1000000);
	unsigned fresh, empty = 0;
	int64_t pause_ns = 200000;
	int r;

	everybody_signal(run, SIGKILL);
	while (empty < 2) {
		r = everybody_walk(run, attempt, &fresh);
		if (r < 0)
			return r;
		empty = run->tree.count == 0 && !run->leader ? empty + 1 : 0;
		if (empty)
			continue;
		if (door_now_ns() >= until_ns)
			break;
		if (fresh)
			everybody_signal(run, SIGKILL);
		wait_a_while(run, pause_ns);
		pause_ns = pause_ns < 20000000 ? pause_ns * 2 : pause_ns;
	}
	return 0;
}

/* "worker[4711] in D (nfs_wait_bit_killable)" */
static void survivors_name(struct run *run, struct attempt *attempt)
{
	char name[64], wchan[64];
	size_t used = 0, i, length;
	const char *text;
	int error, n;

	attempt->survivors = (unsigned)run->tree.count;
	for (i = 0; i < run->tree.count; i++) {
		const struct member *member = &run->tree.row[i];
		const char *why = member->state == 'D' ? "uninterruptible" :
				  member_signal(&run->tree, member, 0) || errno != EPERM ? "does not end" : "not ours to signal";

		escape_into(name, sizeof(name), PLACE_TERMINAL, member->comm, strlen(member->comm));
		*wchan = '\0';
		if (door_read(run->tree.door, &text, &length, &error, "%d/wchan", member->pid) == SIGHT_OK && length > 1)
			escape_into(wchan, sizeof(wchan), PLACE_TERMINAL, text, length);
		n = snprintf(attempt->survivor_list + used, sizeof(attempt->survivor_list) - used, "%s%s[%d] (%s%s%s)",
			     used ? "; " : "", name, member->pid, why, *wchan ? ", " : "", wchan);
		if (n < 0 || (size_t)n >= sizeof(attempt->survivor_list) - used) {
			attempt->survivor_list[used] = '\0';
			break;
		}
		used += (size_t)n;
	}
}

int run_kill(struct run *run, int number, int64_t grace_ns, struct attempt *attempt)
{
	const int64_t now_ns = door_now_ns();
	bool empty = false;
	unsigned fresh;
	size_t i;
	int r;

	r = everybody_walk(run, attempt, &fresh);
	if (r < 0)
		return r;
	for (i = 0; i < run->tree.count; i++)
		run->tree.row[i].frozen = false;
	if (number && number != SIGKILL) {
		everybody_signal(run, number);
		r = grace_wait(run, attempt, grace_ns > INT64_MAX - now_ns ? INT64_MAX : now_ns + grace_ns, &empty);
		if (r < 0)
			return r;
	}
	if (!empty)
		r = freeze(run, attempt);
	if (r == 0)
		r = slaughter(run, attempt);
	if (r == 0 && run->tree.count > 0)
		survivors_name(run, attempt);
	return r;
}
