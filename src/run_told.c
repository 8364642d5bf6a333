/* SPDX-License-Identifier: MIT */
/* What the loop hears of: signals to us, stops of the command, and whose the terminal is. */
#include <errno.h>
#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "door.h"
#include "run_loop.h"

enum { CANCEL_WINDOW_MS = 500, CANCEL_TRIAGE_S = 3, PID_MOST = 1 << 22 };

/* ---- the terminal ------------------------------------------------------------------- */

bool terminal_pass(struct run *run, bool give)
{
	_cleanup_close_ int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	const pid_t has = fd < 0 ? -1 : tcgetpgrp(fd);

	if (has < 0 || (give ? has != getpgrp() : has != run->record.group))
		return false;
	/* SIGTTOU is blocked: this works from the background. */
	if (tcsetpgrp(fd, give ? run->record.group : getpgrp()) < 0)
		return false;
	run->terminal_given = give;
	return true;
}

void group_signal(const struct run *run, int number)
{
	if (!run->leader) /* reaped: its group's number may be another's */
		return;
	if (run->request->foreground)
		syscall(SYS_pidfd_send_signal, run->leader_fd, number, NULL, 0);
	else
		kill(-run->record.group, number);
}

/* The job is suspended: so are we, and the clock stands until we go on. */
static void suspend(struct loop *loop, bool command_stopped)
{
	struct run *run = loop->run;
	const int64_t before_ns = door_now_ns();
	int64_t took_ns;

	triage_stop(run, NULL);
	loop->then = THEN_NOTHING;
	if (!command_stopped)
		group_signal(run, SIGTSTP);
	if (run->terminal_given)
		terminal_pass(run, false);
	else
		command_stopped = false;
	kill(getpid(), SIGSTOP);
	took_ns = door_now_ns() - before_ns;
	if (command_stopped)
		terminal_pass(run, true);
	group_signal(run, SIGCONT);
	loop->limit_ns = later(loop->limit_ns, took_ns);
	loop->look_ns = later(loop->look_ns, took_ns);
	loop->kill_ns = later(loop->kill_ns, took_ns);
	run->stall.moved_ns += took_ns;
	if (run->record.deadline_ms) {
		run->record.deadline_ms += took_ns / 1000000;
		statefile_update(&run->record_file, &run->record);
	}
	run_tell(run, "went on after %.1f s", (double)took_ns / 1e9);
}

static void command_stopped(struct loop *loop, int number)
{
	struct run *run = loop->run;

	switch (number) {
	case SIGTTIN:
	case SIGTTOU:
		if (!run->request->foreground && terminal_pass(run, true))
			group_signal(run, SIGCONT);
		break;
	case SIGTSTP:
		if (run->terminal_given)
			suspend(loop, true);
		break;
	}
	/* Any other stop is the command's own affair, and the clock runs on. */
}

/* ---- signals to us --------------------------------------------------------------------- */

static int cancel(struct loop *loop, int number)
{
	struct run *run = loop->run;
	const int64_t now_ns = door_now_ns();

	if (run->cancelled) /* the second one */
		return end_tree(loop, SIGKILL, 0);
	run->cancelled = number;
	loop->waits_for_other = false;
	if (run->request->triage_ns && !other_reports(run)) {
		phase_set(run, PHASE_TRIAGE);
		look(loop, WHY_SIGNAL, CANCEL_WINDOW_MS * INT64_C(1000000), now_ns + CANCEL_TRIAGE_S * SECOND, THEN_FORWARD);
		return 0;
	}
	loop->then = THEN_FORWARD;
	triage_stop(run, NULL);
	return look_done(loop);
}

static int signal_heard(struct loop *loop, const struct signalfd_siginfo *told, int *ret_stopped)
{
	struct run *run = loop->run;

	switch (told->ssi_signo) {
	case SIGCHLD:
		run_reap(run, loop->attempt, ret_stopped);
		return 0;
	case SIGINT:
	case SIGTERM:
	case SIGHUP:
		return cancel(loop, (int)told->ssi_signo);
	case SIGUSR1:
	case SIGQUIT:
		if (loop->then == THEN_NOTHING) {
			run->asked = told->ssi_code == SI_QUEUE && told->ssi_int > 0 && told->ssi_int <= PID_MOST ? told->ssi_int : 0;
			look(loop, WHY_DEMAND, run->request->window_ns, later(door_now_ns(), run->request->triage_ns + run->request->window_ns),
			     THEN_GO_ON);
		}
		return 0;
	case SIGTSTP:
		/* From a terminal, and nobody there who could let us go on: as the kernel would, not heard. */
		if (told->ssi_code != SI_KERNEL || getsid(getppid()) == getsid(0))
			suspend(loop, false);
		return 0;
	case SIGCONT:
	case SIGUSR2:
	case SIGWINCH:
		group_signal(run, (int)told->ssi_signo);
		return 0;
	}
	return 0;
}

int signals_hear(struct loop *loop)
{
	struct signalfd_siginfo told;
	int r = 0, stopped = 0;

	while (r == 0 && !loop->ended && read(loop->run->signals.fd, &told, sizeof(told)) == sizeof(told))
		r = signal_heard(loop, &told, &stopped);
	if (r == 0 && stopped && !loop->attempt->over)
		command_stopped(loop, stopped);
	return r;
}
