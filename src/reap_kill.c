/* SPDX-License-Identifier: MIT */
/*
 * Ending what was found.  SIGTERM (and SIGCONT, for who is stopped cannot hear it), grace,
 * then: freeze all until no new process appears, for a tree that is killed while it is
 * walked grows faster than it dies; SIGKILL; and look again until two looks in a row find nobody.
 *
 * Every signal goes through a pidfd that was opened before the start time was read
 * once more: a number that was given away meanwhile is not hit.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "reap.h"
#include "state_parse.h"

enum {
	FREEZES_MOST = 64, ROUNDS_MOST = 64, /* sweeps of one freeze; kills */
	DEATH_MS = 2000,                     /* how long SIGKILL may take */
	TICK_MS = 10, SWEEP_EACH_MS = 200, EMPTY_MS = 20,
	CHASE_MS = 300, CALM = 2,            /* how long, and until how many quick looks in a row find nobody */
};

const char *const fate_names[FATES] = { "listed", "told", "ended", "killed", "refused", "survived" };

static void wait_ms(long ms)
{
	const struct timespec moment = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&moment, NULL);
}

/* 0 with *ret, SIGHT_GONE when it is another process by now, a sight, -errno. */
static int stat_of(struct door *door, pid_t pid, int64_t start_ticks, struct stat_line *ret)
{
	const char *text;
	size_t length;
	int r, error;

	r = door_read(door, &text, &length, &error, "%d/stat", pid);
	if (r == SIGHT_OK)
		r = stat_parse(text, length, ret);
	return r == SIGHT_OK && ret->start_ticks != start_ticks ? SIGHT_GONE : r;
}

int reap_signal(struct door *door, pid_t pid, int64_t start_ticks, int number)
{
	_cleanup_close_ int fd = -1;
	struct stat_line line;
	int r;

	if (pid <= 1 || pid == getpid() || !door_is_live(door))
		return SIGHT_DENIED;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return error_is_ours(errno) ? -errno : sight_of_errno(errno);
	r = stat_of(door, pid, start_ticks, &line);
	if (r != SIGHT_OK)
		return r;
	if (syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) < 0)
		return error_is_ours(errno) ? -errno : sight_of_errno(errno);
	return 0;
}

/* ---- one and all ------------------------------------------------------------------------ */

static bool is_open(const struct leftover *left)
{
	return left->fate == FATE_LISTED || left->fate == FATE_TOLD;
}

/* What became of it.  0 or -errno. */
static int fate_read(struct reaper *reaper, struct leftover *left)
{
	struct stat_line line = { 0 };
	struct being now;
	int seen;

	seen = stat_of(reaper->door, left->being.pid, left->being.start_ticks, &line);
	if (seen < 0)
		return seen;
	now = (struct being){ .state = line.state, .threads = line.threads };
	if (seen == SIGHT_GONE || (seen == SIGHT_OK && being_is_dead(&now)))
		left->fate = left->killed ? FATE_KILLED : FATE_ENDED;
	else if (seen == SIGHT_OK)
		left->state_last = line.state;
	return 0;
}

/* How many of them are still there. */
static int fates_read(struct reaper *reaper, uint32_t *ret_open)
{
	uint32_t i;
	int r;

	*ret_open = 0;
	for (i = 0; i < reaper->left_count; i++) {
		if (!is_open(&reaper->left[i]))
			continue;
		r = fate_read(reaper, &reaper->left[i]);
		if (r < 0)
			return r;
		*ret_open += is_open(&reaper->left[i]);
	}
	return 0;
}

static int signal_one(struct reaper *reaper, struct leftover *left, int number)
{
	const int r = reap_signal(reaper->door, left->being.pid, left->being.start_ticks, number);

	if (r == SIGHT_GONE)
		left->fate = left->killed ? FATE_KILLED : FATE_ENDED;
	else if (r > 0)
		left->fate = FATE_REFUSED;
	return r < 0 ? r : 0;
}

/* Those not told yet. */
static int tell_all(struct reaper *reaper)
{
	uint32_t i;
	int r = 0;

	for (i = 0; i < reaper->left_count && r == 0; i++) {
		struct leftover *left = &reaper->left[i];

		if (left->fate != FATE_LISTED)
			continue;
		r = signal_one(reaper, left, SIGTERM);
		if (r == 0 && left->fate == FATE_LISTED) {
			left->fate = FATE_TOLD;
			r = signal_one(reaper, left, SIGCONT);
		}
	}
	return r;
}

static int each_open(struct reaper *reaper, int number)
{
	uint32_t i;
	int r = 0;

	for (i = 0; i < reaper->left_count && r == 0; i++) {
		struct leftover *left = &reaper->left[i];

		if (!is_open(left) || (number == SIGSTOP && left->stopped))
			continue;
		if (number == SIGKILL)
			left->killed = true;
		else
			left->stopped = true;
		r = signal_one(reaper, left, number);
	}
	return r;
}

/*
 * One that looks again, quickly, at who came meanwhile, until nothing escapes it: a process that
 * was listed and gone before it was read may have left another.  each: SIGSTOP at once, or 0.
 */
static int sweep(struct reaper *reaper, int each, uint32_t *ret_new)
{
	const int64_t end = door_now_ns() + CHASE_MS * INT64_C(1000000);
	unsigned calm = 0;
	uint32_t new;
	int r;

	r = reap_sweep(reaper, false, ret_new);
	new = *ret_new;
	while (r == 0) {
		if (each && new > 0)
			r = each_open(reaper, each);
		calm = new > 0 || reaper->vanished > 0 ? 0 : calm + 1;
		if (r < 0 || calm == CALM || door_now_ns() > end)
			break;
		r = reap_sweep(reaper, true, &new);
		*ret_new += new;
	}
	return r;
}

/* ---- the two halves ------------------------------------------------------------------------- */

/* Until nobody is there, at two sweeps, or the grace is over.  *ret_done: nobody is. */
static int ask_nicely(struct reaper *reaper, bool *ret_done)
{
	const int64_t end = door_now_ns() + reaper->options->grace_ms * 1000000;
	int64_t swept = 0, began, cost = 0;
	uint32_t open = 1, new, empty = 0, before;
	int r = 0;

	*ret_done = false;
	while (r == 0 && empty < 2) {
		r = tell_all(reaper);
		if (r == 0)
			r = fates_read(reaper, &open);
		if (r < 0 || (open > 0 && door_now_ns() >= end))
			return r;
		/* Looking must not cost more than a fifth of the time. */
		if (open == 0 || door_now_ns() - swept > SWEEP_EACH_MS * INT64_C(1000000) + 4 * cost) {
			if (open == 0 && empty > 0)
				wait_ms(EMPTY_MS);
			began = door_now_ns();
			before = reaper->left_count;
			r = sweep(reaper, 0, &new);
			if (r == 0 && reaper->left_count > before)
				r = holds_read(reaper, reaper->left + before, reaper->left_count - before);
			swept = door_now_ns();
			cost = swept - began;
			empty = r == 0 && open == 0 && new == 0 ? empty + 1 : 0;
		} else {
			wait_ms(TICK_MS);
		}
	}
	*ret_done = r == 0;
	return r;
}

static int freeze(struct reaper *reaper)
{
	uint32_t new = 1;
	unsigned i;
	int r;

	r = each_open(reaper, SIGSTOP);
	for (i = 0; i < FREEZES_MOST && new > 0 && r == 0; i++)
		r = sweep(reaper, SIGSTOP, &new);
	return r;
}

static int await_deaths(struct reaper *reaper)
{
	const int64_t end = door_now_ns() + DEATH_MS * INT64_C(1000000);
	uint32_t open, i;
	int r;

	for (;;) {
		r = fates_read(reaper, &open);
		if (r < 0 || open == 0)
			return r;
		if (door_now_ns() >= end)
			break;
		wait_ms(2);
	}
	for (i = 0; i < reaper->left_count; i++)
		if (is_open(&reaper->left[i]) && reaper->left[i].killed)
			reaper->left[i].fate = FATE_SURVIVED;
	return 0;
}

static int kill_rounds(struct reaper *reaper)
{
	uint32_t new, empty = 0, open = 1;
	unsigned round;
	int r = 0;

	for (round = 0; round < ROUNDS_MOST && empty < 2 && r == 0; round++) {
		if (open > 0)
			r = freeze(reaper);
		if (r == 0)
			r = each_open(reaper, SIGKILL);
		if (r == 0)
			r = await_deaths(reaper);
		if (r == 0 && empty > 0)
			wait_ms(EMPTY_MS);
		if (r == 0)
			r = sweep(reaper, 0, &new);
		if (r == 0)
			r = fates_read(reaper, &open);
		empty = open == 0 ? empty + 1 : 0;
	}
	if (r == 0 && empty < 2)
		r = reap_note(reaper, "new processes kept appearing: after %d rounds we gave up", ROUNDS_MOST);
	return r;
}

int reap_kill(struct reaper *reaper)
{
	const int nice = getpriority(PRIO_PROCESS, 0);
	sigset_t interrupts, before;
	bool done;
	int r;

	r = ask_nicely(reaper, &done);
	if (r < 0 || done)
		return r;
	/* What is frozen must not stay so because somebody is impatient with us. */
	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGINT);
	sigaddset(&interrupts, SIGTERM);
	sigaddset(&interrupts, SIGHUP);
	sigaddset(&interrupts, SIGQUIT);
	sigaddset(&interrupts, SIGTSTP);
	sigprocmask(SIG_BLOCK, &interrupts, &before);
	/* Who multiplies must not be faster than we are; where that is not permitted, we try as we are. */
	setpriority(PRIO_PROCESS, 0, -20);
	r = kill_rounds(reaper);
	setpriority(PRIO_PROCESS, 0, nice);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
