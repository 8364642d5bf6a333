/* SPDX-License-Identifier: MIT */
/*
 * One attempt: start the command, wait for it, for signals and for the limit, and end what
 * has to be ended.  One loop; whatever can take long (a look, the grace) has a deadline.
 *
 *	limit - window     first look, passive
 *	limit              second look, the report; then the first signal
 *	limit + triage     the first signal at the latest
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "door.h"
#include "run_loop.h"

enum { SAMPLE_S = 10, WINDOW_LEAST_MS = 500 };

static int64_t epoch_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void phase_set(struct run *run, enum run_phase phase)
{
	if (run->record.phase == phase)
		return;
	run->record.phase = phase;
	statefile_update(&run->record_file, &run->record);
}

/* ---- looking ----------------------------------------------------------------------- */

static int64_t window_for(const struct loop *loop)
{
	const int64_t least = WINDOW_LEAST_MS * INT64_C(1000000), half = loop->run->request->limit_ns / 2;
	const int64_t window = loop->run->request->window_ns;

	return window < half ? window : half > least ? half : window < least ? window : least;
}

bool other_reports(const struct run *run)
{
	return triage_by_outer(run) || triage_by_inner(run);
}

void look(struct loop *loop, enum why why, int64_t window_ns, int64_t most_ns, enum then then)
{
	struct run *run = loop->run;

	loop->then = then;
	if (run->request->triage_ns == 0) /* no reports wanted */
		return;
	triage_start(run, why, window_ns, most_ns);
}

/* Is there something to be done now?  What ends the run waits for the limit. */
static bool look_over(const struct loop *loop)
{
	const struct triage *triage = &loop->run->triage;

	if (loop->then == THEN_NOTHING || (loop->then == THEN_END && !loop->attempt->late && !loop->attempt->stalled))
		return false;
	return triage->step == TRIAGE_DONE || triage->step == TRIAGE_IDLE;
}

/* ---- ends ---------------------------------------------------------------------------- */

/* Before the first signal the command's own end counts, however late it comes. */
static bool ended_by_itself(struct loop *loop)
{
	run_reap(loop->run, loop->attempt, NULL);
	return loop->attempt->over;
}

int end_tree(struct loop *loop, int number, int64_t grace_ns)
{
	struct run *run = loop->run;
	struct attempt *attempt = loop->attempt;
	int r;

	phase_set(run, PHASE_ENDING);
	run_ports(run, attempt);
	r = run_kill(run, number, grace_ns, attempt);
	loop->ended = true;
	if (attempt->survivors)
		run_say("not to be ended: %s", attempt->survivor_list);
	return r;
}

static int hang(struct loop *loop)
{
	const struct run_request *request = loop->run->request;

	loop->attempt->outcome = OUTCOME_HANG;
	return end_tree(loop, request->signal, request->kill_after_ns ? request->kill_after_ns : NEVER);
}

static void announce(const struct loop *loop)
{
	const struct run *run = loop->run;
	char why[64];

	if (loop->attempt->stalled)
		snprintf(why, sizeof(why), "nothing moved for %.4g s", (double)run->request->stall_ns / 1e9);
	else
		snprintf(why, sizeof(why), "did not end within %.4g s", (double)run->request->limit_ns / 1e9);
	run_say("%s[%d] %s", run->record.command, run->leader, why);
}

int look_done(struct loop *loop)
{
	struct run *run = loop->run;
	const enum then then = loop->then;
	const int64_t now_ns = door_now_ns();

	if (ended_by_itself(loop) && then != THEN_GO_ON)
		return 0;
	if (then == THEN_END && !loop->waits_for_other)
		announce(loop);
	if (run->triage.step == TRIAGE_DONE)
		triage_show(run, loop->attempt);
	loop->then = THEN_NOTHING;
	if (then == THEN_END)
		return hang(loop);
	if (then == THEN_FORWARD) {
		phase_set(run, PHASE_ENDING); /* a run inside hears of it, and need not report, too */
		run_tell(run, "passing the signal on");
		group_signal(run, run->cancelled);
		group_signal(run, SIGCONT);
		/* Who presses Ctrl-C waits, and presses it again; TERM comes from one who will not. */
		if (run->cancelled != SIGINT && run->request->kill_after_ns)
			loop->kill_ns = later(now_ns, run->request->kill_after_ns);
	}
	return 0;
}

/* ---- the clock ------------------------------------------------------------------------- */

static int64_t earliest(const struct loop *loop)
{
	const struct triage *triage = &loop->run->triage;
	int64_t ret = loop->limit_ns;

	if (look_over(loop) && !loop->waits_for_other)
		return 0;
	if (loop->look_ns < ret)
		ret = loop->look_ns;
	if (loop->sample_ns < ret)
		ret = loop->sample_ns;
	if (loop->kill_ns < ret)
		ret = loop->kill_ns;
	if (triage->pid && triage->deadline_ns < ret)
		ret = triage->deadline_ns;
	return loop->waits_for_other && ret > door_now_ns() ? door_now_ns() + SECOND / 20 : ret;
}

static int limit_passed(struct loop *loop, int64_t now_ns)
{
	struct run *run = loop->run;
	const int64_t most_ns = later(now_ns, run->request->triage_ns);

	loop->limit_ns = NEVER;
	if (ended_by_itself(loop))
		return 0;
	loop->attempt->late = true;
	run->stall.told = true;
	if (other_reports(run)) {
		/* It needs the tree as it is until it has seen enough. */
		run_tell(run, "another run is at it: no report of our own");
		triage_stop(run, NULL);
		loop->waits_for_other = true;
		loop->then = THEN_END;
		loop->kill_ns = most_ns;
		return 0;
	}
	phase_set(run, PHASE_TRIAGE);
	if (loop->then == THEN_END) { /* the first look has been taken */
		run->triage.deadline_ns = most_ns;
		return 0;
	}
	look(loop, WHY_LIMIT, window_for(loop), most_ns, THEN_END);
	return 0;
}

static int sample(struct loop *loop, int64_t now_ns)
{
	struct run *run = loop->run;
	const int64_t stall_ns = run->request->stall_ns, every_ns = SAMPLE_S * SECOND;

	loop->sample_ns = later(now_ns, stall_ns && stall_ns / 4 < every_ns ? stall_ns / 4 : every_ns);
	if (!stall_sample(run) || run->stall.told || loop->then != THEN_NOTHING)
		return 0;
	run->stall.told = true;
	if (run->request->kill_stalled) {
		loop->attempt->stalled = true;
		phase_set(run, PHASE_TRIAGE);
	} else {
		run_say("%s[%d]: nothing moved for %.4g s", run->record.command, run->leader, (double)stall_ns / 1e9);
	}
	look(loop, WHY_STALL, run->request->window_ns, later(now_ns, run->request->window_ns + run->request->triage_ns),
	     run->request->kill_stalled ? THEN_END : THEN_GO_ON);
	return 0;
}

static int clock_run(struct loop *loop)
{
	struct run *run = loop->run;
	const int64_t now_ns = door_now_ns();
	int r = 0;

	if (loop->waits_for_other && (now_ns >= loop->kill_ns || !other_reports(run))) {
		loop->kill_ns = NEVER;
		return look_done(loop);
	}
	if (loop->waits_for_other)
		return 0;
	if (now_ns >= loop->kill_ns)
		return end_tree(loop, SIGKILL, 0);
	if (run->triage.pid && now_ns >= run->triage.deadline_ns)
		triage_stop(run, "looking took too long");
	if (look_over(loop)) {
		r = look_done(loop);
		if (r < 0 || loop->ended || loop->attempt->over)
			return r;
	}
	if (now_ns >= loop->limit_ns)
		return limit_passed(loop, now_ns);
	if (now_ns >= loop->look_ns) {
		loop->look_ns = NEVER;
		if (loop->then == THEN_NOTHING || loop->then == THEN_GO_ON)
			look(loop, WHY_LIMIT, window_for(loop), NEVER, THEN_END);
	}
	if (now_ns >= loop->sample_ns)
		r = sample(loop, now_ns);
	return r;
}

/* ---- the loop ---------------------------------------------------------------------------- */

static int started(struct loop *loop)
{
	struct run *run = loop->run;
	char complaint[320];

	loop->attempt->own_status = run_start_result(loop->error, run->request->command[0], complaint, sizeof(complaint));
	cleanup_close(&loop->error);
	loop->error = -1;
	if (loop->attempt->own_status)
		run_say("%s", complaint);
	return 0;
}

static int wait_for_it(struct loop *loop)
{
	struct run *run = loop->run;
	int r = 0;

	while (r == 0 && !loop->ended && !(loop->attempt->over && loop->error < 0)) {
		struct pollfd pollfds[] = { { .fd = run->signals.fd, .events = POLLIN }, { .fd = loop->error, .events = POLLIN } };
		const int64_t until_ns = earliest(loop), left_ns = until_ns - door_now_ns();
		const struct timespec left = { left_ns > 0 ? left_ns / SECOND : 0, left_ns > 0 ? left_ns % SECOND : 0 };

		if (ppoll(pollfds, 2, until_ns == NEVER ? NULL : &left, NULL) < 0 && errno != EINTR)
			return -errno;
		if (loop->error >= 0 && pollfds[1].revents)
			r = started(loop);
		if (r == 0)
			r = signals_hear(loop);
		if (r == 0 && !loop->ended && !loop->attempt->over)
			r = clock_run(loop);
	}
	return r;
}

/* Where reports on demand will lie, for those below who ask for one. */
static void report_dir_tell(const struct run *run)
{
	char link[32], path[PATH_MAX];
	ssize_t n = -1;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", run->report_dir);
	if (run->report_dir >= 0)
		n = readlink(link, path, sizeof(path) - 1);
	if (n < 0) {
		unsetenv("WEDGE_REPORT_DIR"); /* not one around us */
		return;
	}
	path[n] = '\0';
	setenv("WEDGE_REPORT_DIR", path, 1);
}

static int begin(struct loop *loop)
{
	struct run *run = loop->run;
	const struct run_request *request = run->request;
	char complaint[STATE_COMPLAINT], text[32];
	int r;

	loop->attempt->started_ms = epoch_ms();
	loop->began_ns = door_now_ns();
	run->record.attempt = (int32_t)loop->attempt->number;
	run->record.started_ms = loop->attempt->started_ms;
	run->record.deadline_ms = request->limit_ns ? run->record.started_ms + request->limit_ns / 1000000 : 0;
	run->record.phase = PHASE_RUNNING;
	setenv("WEDGE_RUN_ID", run->record.run_id, 1);
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("WEDGE_RUN_PID", text, 1);
	report_dir_tell(run);
	snprintf(text, sizeof(text), "%u", loop->attempt->number);
	setenv("WEDGE_ATTEMPT", text, 1);
	snprintf(text, sizeof(text), "%lld", (long long)(run->record.deadline_ms / 1000));
	setenv("WEDGE_DEADLINE", text, 1);

	r = run_start(run, &run->leader, &loop->go, &loop->error);
	if (r < 0)
		return r;
	run->leader_fd = (int)syscall(SYS_pidfd_open, run->leader, 0);
	run->record.leader = run->leader;
	run->record.group = request->foreground ? getpgrp() : run->leader;
	run->record.session = getsid(0) < 0 ? 0 : getsid(0);
	run_start_ticks(run->leader, &run->record.leader_ticks);
	if (run->record_file.fd >= 0)
		statefile_update(&run->record_file, &run->record);
	else if (statefile_begin(&run->record, &run->record_file, complaint, sizeof(complaint)) < 0)
		run_say("%s; should wedgerun be killed, wedgereap will not know", complaint);
	if (write(loop->go, "x", 1) < 0)
		r = -errno;
	cleanup_close(&loop->go);
	return r;
}

static void clocks_set(struct loop *loop)
{
	const struct run_request *request = loop->run->request;
	int64_t before_ns;

	loop->limit_ns = loop->look_ns = loop->kill_ns = NEVER;
	loop->sample_ns = loop->began_ns + (request->stall_ns && request->stall_ns / 4 < SAMPLE_S * SECOND ? 0 : SAMPLE_S * SECOND);
	if (!request->limit_ns)
		return;
	loop->limit_ns = later(loop->began_ns, request->limit_ns);
	before_ns = window_for(loop) < request->limit_ns / 2 ? window_for(loop) : request->limit_ns / 2;
	if (request->triage_ns && loop->limit_ns != NEVER)
		loop->look_ns = loop->limit_ns - before_ns;
}

int run_once(struct run *run, struct attempt *attempt)
{
	struct loop loop = { .run = run, .attempt = attempt, .go = -1, .error = -1 };
	int r;

	r = begin(&loop);
	if (r == 0) {
		clocks_set(&loop);
		r = wait_for_it(&loop);
	}
	triage_stop(run, NULL);
	if (r == 0 && !loop.ended && !attempt->own_status)
		r = run_leak(run, attempt);
	if (run->terminal_given)
		terminal_pass(run, false);
	cleanup_close(&run->leader_fd);
	cleanup_close(&loop.error);
	run->leader_fd = -1;
	stall_deinit(&run->stall);
	attempt->took_ms = (door_now_ns() - loop.began_ns) / 1000000;
	attempt->outcome = attempt_outcome(attempt, run->cancelled, run->request->leak == LEAK_FAIL);
	return r;
}
