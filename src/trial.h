/* SPDX-License-Identifier: MIT */
/*
 * What the rules of the causes ask about a suspect.  Pure.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "judge.h"
#include "neglect.h"

/** Leave a fact; past the room of a trial they are dropped, for the first decide. */
void trial_fact(struct trial *trial, struct fact fact);
/** A fact about the suspect and nothing else. */
struct fact fact_of(const struct trial *trial, enum fact_kind kind);
void trial_doubt(struct trial *trial, uint32_t doubts);

/** The suspect's rows, at the newest look. */
const struct task *trial_task(const struct trial *trial);
const struct process *trial_process(const struct trial *trial);
const struct task_look *trial_look(const struct trial *trial);
const struct decoded *trial_call(const struct trial *trial);

/** What it is doing: from its call, or inferred from its wchan. */
enum action trial_action(const struct trial *trial);
/** It waits in an event set: epoll, poll or select of more than one thing. */
bool trial_in_set(const struct trial *trial);

/** Left of its own sleep or timeout; UNSEEN: none, or not known. */
int64_t trial_timer_ns(const struct trial *trial);
/** What its wait is called "for a long time": an hour and more, or for ever. */
bool trial_sleeps_long(const struct trial *trial);

/** The suspect ran after the nearest victim fell silent, and still took nothing. */
bool trial_ran_since(const struct trial *trial);

/** Deltas over the window; UNSEEN where one look is missing. */
int64_t delta(int64_t before, int64_t after);

/** Tail of most rules: how it sleeps, who fell silent when. */
void trial_describe_sleep(struct trial *trial);
/** A sleep that ends soon may be a pace and no neglect: leaves the doubt, and the facts for and against. */
void trial_doubt_pace(struct trial *trial);

#endif
