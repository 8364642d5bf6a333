/* SPDX-License-Identifier: MIT */
/* What the loop of one attempt (run_once.c) and what it hears of (run_told.c) share. */
#ifndef RUN_LOOP_H
#define RUN_LOOP_H

#include "run.h"

#define SECOND INT64_C(1000000000)
#define NEVER INT64_MAX

/* What is to be done when the look is over. */
enum then { THEN_NOTHING, THEN_GO_ON, THEN_END, THEN_FORWARD };

struct loop {
	struct run *run;
	struct attempt *attempt;
	int go, error;            /* pipes to the new process; -1 when closed */
	int64_t began_ns, limit_ns, look_ns, sample_ns; /* when; NEVER */
	int64_t kill_ns;          /* after a signal was passed on */
	enum then then;
	bool waits_for_other;     /* another run, around us or inside, reports */
	bool ended;               /* the tree was ended */
};

static inline int64_t later(int64_t now_ns, int64_t by_ns)
{
	return by_ns > NEVER - now_ns ? NEVER : now_ns + by_ns;
}

void phase_set(struct run *run, enum run_phase phase);
/** One report for a hang, though runs be nested: who begins first makes it. */
bool other_reports(const struct run *run);
void look(struct loop *loop, enum why why, int64_t window_ns, int64_t most_ns, enum then then);
/** The look is over, in whatever way: what it was for.  0 or -errno. */
int look_done(struct loop *loop);
/** 0 or -errno. */
int end_tree(struct loop *loop, int number, int64_t grace_ns);

/** The command stands in a group of its own: it gets the terminal when it wants to read from it, if it is ours to give. */
bool terminal_pass(struct run *run, bool give);
/** To the command's group. */
void group_signal(const struct run *run, int number);
/** All that came by the signalfd.  0 or -errno. */
int signals_hear(struct loop *loop);

#endif
