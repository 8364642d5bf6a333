/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "notes.h"
#include "signature.h"
#include "spin.h"
#include "suspects.h"
#include "telling.h"
#include "trial.h"

const char *const verdict_names[VERDICTS] = {
	[VERDICT_UNKNOWN] = "unknown",       [VERDICT_PROGRESSING] = "progressing",
	[VERDICT_IDLE_WEDGE] = "idle-wedge", [VERDICT_STUCK_IPC] = "stuck-ipc",
	[VERDICT_DEADLOCK] = "deadlock",     [VERDICT_CPU_SPIN] = "cpu-spin",
	[VERDICT_BLOCKED_IO] = "blocked-io", [VERDICT_STOPPED] = "stopped",
	[VERDICT_STARVED] = "starved",       [VERDICT_IDLE] = "idle",
};

const char *const advice_kind_names[] = { "read", "more-sight", "keep-evidence", "unblock" };
const char *const report_role_names[] = { "bystander", "victim", "culprit" };

bool verdict_is_wedge(enum verdict verdict)
{
	return verdict != VERDICT_UNKNOWN && verdict != VERDICT_PROGRESSING && verdict != VERDICT_IDLE;
}

/* ---- one suspect's trial --------------------------------------------------------- */

/* A caller who knows that it should have finished takes some doubts away, and leaves one. */
static void apply_overdue(struct trial *trial)
{
	const uint32_t overruled = DOUBT_APPLICATION | DOUBT_TIMER | DOUBT_FRAMES_UNREAD |
				   DOUBT_COMPUTES;

	if (trial->verdict == VERDICT_IDLE)
		trial->verdict = VERDICT_IDLE_WEDGE;
	else if (!verdict_is_wedge(trial->verdict) || !(trial->doubts & overruled))
		return;
	trial->doubts = (trial->doubts & ~overruled) | DOUBT_OVERDUE;
}

static int64_t known_to_last_ms(const struct scene *scene, const struct suspect *suspect)
{
	const struct task_look *own = &task_at(scene->snapshot, suspect->task)->at[LOOK_T1];
	int64_t ms = suspect->moved == MOVED_NO && scene->snapshot->window_ns != UNSEEN
		     ? scene->snapshot->window_ns / 1000000 : UNSEEN;
	const struct task_look *victim;

	if (own->silent_ns != UNSEEN && own->silent_ns / 1000000 > ms)
		ms = own->silent_ns / 1000000;
	/* The victim knows longer than a culprit that woke up in between. */
	if (suspect->into) {
		victim = &task_at(scene->snapshot, suspect->into->from)->at[LOOK_T1];
		if (victim->silent_ns != UNSEEN && victim->silent_ns / 1000000 > ms)
			ms = victim->silent_ns / 1000000;
	}
	return ms;
}

static int add_silent_first(const struct scene *scene, struct trial *trial)
{
	const struct suspect *suspect = trial->suspect;
	const struct task_look *own = trial_look(trial), *other;
	struct task_ix leader;
	struct fact fact;
	uint32_t i;

	if (own->silent_ns == UNSEEN || own->silent_error_ns == UNSEEN || suspect->victim_count == 0)
		return 0;
	for (i = 0; i < suspect->victim_count; i++) {
		leader = scene_leader(scene, suspect->victims[i]);
		if (leader.at == NO_ROW)
			continue;
		other = &task_at(scene->snapshot, leader)->at[LOOK_T1];
		if (other->silent_ns == UNSEEN || other->silent_error_ns == UNSEEN
		    || other->silent_ns + other->silent_error_ns >= own->silent_ns - own->silent_error_ns)
			return 0;
	}
	fact = fact_of(trial, FACT_SILENT_FIRST);
	fact.age_ms = own->silent_ns / 1000000;
	trial_fact(trial, fact);
	return 0;
}

/* Where in its code the suspect is; of one that burns, where it goes round. */
static void add_place(const struct scene *scene, struct trial *trial)
{
	const struct suspect *suspect = trial->suspect;
	struct fact fact = fact_of(trial, FACT_STACK);

	if (suspect->burns && task_loop(scene, suspect->task, &fact.frame)
	    && scene->site_part[frame_at(scene->snapshot, fact.frame)->site.at] >= PART_INTERPRETER) {
		fact.kind = FACT_LOOP;
		fact.amount = spin_compare(scene, suspect->task).whole;
	} else {
		fact.frame = task_telling(scene, suspect->task, NULL);
	}
	if (fact.frame.at != NO_ROW)
		trial_fact(trial, fact);
}

static int try_suspect(const struct scene *scene, const struct graph *graph, const struct suspect *suspect,
		       struct finding *ret)
{
	struct finding finding;
	const struct cause *cause;
	struct trial trial;
	struct fact *facts;

	for (cause = causes; cause->name; cause++) {
		trial = (struct trial){
			.scene = scene,
			.graph = graph,
			.suspect = suspect,
			.doubts = suspect->doubts,
			.verdict = cause->verdict,
		};
		if (cause->rule(&trial))
			break;
	}
	add_silent_first(scene, &trial);
	add_place(scene, &trial);
	if (scene->snapshot->asked.overdue == 1)
		apply_overdue(&trial);

	facts = arena_new(scene->arena, struct fact, trial.fact_count);
	if (!facts)
		return -ENOMEM;
	memcpy(facts, trial.facts, trial.fact_count * sizeof(*facts));
	finding = (struct finding){
		.cause = cause,
		.verdict = trial.verdict,
		.asked = suspect->asked,
		.doubts = trial.doubts,
		.certainty = certainty_of(trial.doubts),
		.culprit = suspect->task,
		.cycle = trial.verdict == VERDICT_DEADLOCK ? suspect->cycle : NULL,
		.cycle_count = trial.verdict == VERDICT_DEADLOCK ? suspect->cycle_count : 0,
		.victims = suspect->victims,
		.victim_count = suspect->victim_count,
		.facts = facts,
		.fact_count = trial.fact_count,
		.chain = suspect->chain,
		.chain_count = suspect->chain_count,
		.since_ms = known_to_last_ms(scene, suspect),
	};
	*ret = finding;
	return 0;
}

/* ---- all of them --------------------------------------------------------------------- */

static int rank_of_verdict(enum verdict verdict)
{
	if (verdict_is_wedge(verdict))
		return 0;
	return verdict == VERDICT_UNKNOWN ? 1 : verdict == VERDICT_IDLE ? 2 : 3;
}

static int by_weight(const void *a, const void *b, void *context)
{
	const struct finding *left = a, *right = b;
	const struct snapshot *snapshot = context;
	const struct task *l, *r;
	const struct process *p, *q;

	if (left->asked != right->asked)
		return left->asked ? -1 : 1;
	if (rank_of_verdict(left->verdict) != rank_of_verdict(right->verdict))
		return rank_of_verdict(left->verdict) - rank_of_verdict(right->verdict);
	if (left->certainty != right->certainty)
		return left->certainty > right->certainty ? -1 : 1;
	if (left->victim_count != right->victim_count)
		return left->victim_count > right->victim_count ? -1 : 1;
	l = task_at(snapshot, left->culprit);
	r = task_at(snapshot, right->culprit);
	p = process_at(snapshot, l->process);
	q = process_at(snapshot, r->process);
	if (p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	if (p->start_ticks != q->start_ticks)
		return p->start_ticks < q->start_ticks ? -1 : 1;
	return l->tid < r->tid ? -1 : l->tid > r->tid;
}

/* Processes stopped together are one matter: the first stands for all. */
static bool says_it_already(const struct finding *findings, uint32_t count, const struct finding *one)
{
	uint32_t i;

	if (one->verdict != VERDICT_STOPPED || one->victim_count > 0)
		return false;
	for (i = 0; i < count; i++)
		if (findings[i].cause == one->cause)
			return true;
	return false;
}

static int find(const struct scene *scene, const struct graph *graph, struct finding **ret, uint32_t *count)
{
	struct finding *findings, one;
	const struct suspect *suspects;
	struct suspect resting;
	struct chains chains;
	uint32_t i, n, found = 0;
	int r;

	r = chains_init(scene, graph, &chains);
	if (r == 0)
		r = suspects_find(&chains, &suspects, &n, &resting);
	if (r < 0)
		return r;
	findings = arena_new(scene->arena, struct finding, n + 1);
	if (!findings)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		r = try_suspect(scene, graph, &suspects[i], &one);
		if (r < 0)
			return r;
		if (one.asked || (verdict_is_wedge(one.verdict) && !says_it_already(findings, found, &one)))
			findings[found++] = one;
	}
	/* Nothing wedged: then what the first target rests on is the answer. */
	if (found == 0 && resting.task.at != NO_ROW) {
		r = try_suspect(scene, graph, &resting, &findings[found++]);
		if (r < 0)
			return r;
	}
	qsort_r(findings, found, sizeof(*findings), by_weight, (void *)(uintptr_t)scene->snapshot);
	*ret = findings;
	*count = found < BOUND_FINDINGS ? found : BOUND_FINDINGS;
	for (i = 0; i < *count; i++)
		findings[i].signature = signature_of(scene, &findings[i]);
	return 0;
}

static void assign_roles(const struct scene *scene, const struct finding *findings, uint32_t count,
			 struct process_note *notes)
{
	struct process_ix process;
	uint32_t i, j;

	for (i = count; i-- > 0;) {
		const struct finding *finding = &findings[i];

		if (!verdict_is_wedge(finding->verdict) && finding->verdict != VERDICT_UNKNOWN)
			continue;
		for (j = 0; j < finding->victim_count; j++)
			if (notes[finding->victims[j].at].role == REPORT_BYSTANDER)
				notes[finding->victims[j].at].role = REPORT_VICTIM;
		for (j = 0; j < finding->cycle_count; j++) {
			process = task_at(scene->snapshot, finding->cycle[j])->process;
			notes[process.at].role = REPORT_CULPRIT;
			notes[process.at].finding = i;
		}
		process = task_at(scene->snapshot, finding->culprit)->process;
		notes[process.at].role = REPORT_CULPRIT;
		notes[process.at].finding = i;
	}
}

int judge(const struct scene *scene, const struct graph *graph, bool judged, struct report *ret)
{
	struct report report = { .scene = scene, .graph = graph, .judged = judged };
	struct process_note *notes;
	struct finding *findings = NULL;
	int r;

	r = notes_take(scene, &report, &notes);
	if (r == 0 && judged)
		r = find(scene, graph, &findings, &report.count);
	if (r < 0)
		return r;
	report.findings = findings;
	assign_roles(scene, findings, report.count, notes);
	*ret = report;
	return 0;
}

int report_status(const struct report *report)
{
	const struct finding *first = report->findings;

	if (report->count == 0)
		return report->ended ? 0 : 3;
	if (first->verdict == VERDICT_UNKNOWN)
		return 3;
	if (!verdict_is_wedge(first->verdict))
		return 0;
	return first->certainty == UNSURE ? 3 : 1;
}
