/* SPDX-License-Identifier: MIT */
/*
 * Signals are taken through a signalfd(2), blocked at all other times: nothing is ever sent to
 * a process between its reaping and our hearing of it.  Blocked, they reach us as pid 1 of a container too.
 */
#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "run.h"

/* What is ignored on entry stays so, for us and for the command: nohup, a background job of a script. */
static const int yielding[] = { SIGHUP, SIGINT, SIGQUIT };
static const int taken[] = { SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGPIPE };
/* timeout(1) resets these for its command: SIGCHLD ignored makes wait(2) forget children. */
static const int reset[] = { SIGCHLD, SIGTTIN, SIGTTOU };

int run_signals_take(struct run_signals *signals)
{
	struct sigaction found;
	sigset_t mask;
	size_t i;

	getrlimit(RLIMIT_NOFILE, &signals->descriptors);
	sigemptyset(&mask);
	for (i = 0; i < sizeof(yielding) / sizeof(yielding[0]); i++)
		if (sigaction(yielding[i], NULL, &found) == 0 && found.sa_handler != SIG_IGN)
			sigaddset(&mask, yielding[i]);
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&mask, taken[i]);
	signals->taken = mask;
	if (sigprocmask(SIG_BLOCK, &mask, &signals->mask) < 0)
		return -errno;
	for (i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
		signal(reset[i], SIG_DFL);
	sigdelset(&mask, SIGPIPE); /* only kept from ending us */
	signals->fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals->fd < 0 ? -errno : 0;
}

void run_signals_give_back(const struct run_signals *signals)
{
	setrlimit(RLIMIT_NOFILE, &signals->descriptors);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
}
