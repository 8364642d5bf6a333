/* SPDX-License-Identifier: MIT */
/*
 * In the errand: capture, unwind, name, publish, item after item.  Whatever hangs or
 * crashes here costs one task its stack, and us a new errand.
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "cleanup.h"
#include "door.h"
#include "errand.h"
#include "naming.h"
#include "record.h"

/* A process whose stacks are taken; kept from round to round when there are several. */
struct lodger {
	pid_t pid;                /* 0: free */
	int sight;                /* of its maps */
	struct space *space;
};

struct work {
	const struct stack_job *job;
	struct tray *tray;
	struct modules *modules;
	struct capturer *capturer;
	struct unwinder *unwinder;
	struct naming *naming;
	struct lodger lodgers[BOUND_SPACES];
	bool no_kernel_stacks;    /* they were refused once */
	struct stack_record record;
};

/* One try at a stack. */
struct attempt {
	struct unwinder *unwinder;
	struct space *space;
	struct capture capture;   /* without its bytes */
	struct unwound unwound;
};

/* ---- processes ----------------------------------------------------------------- */

static void lodger_leave(struct lodger *lodger)
{
	space_close(lodger->space);
	*lodger = (struct lodger){ 0 };
}

static int lodger_enter(struct work *work, pid_t pid, struct lodger **ret)
{
	struct lodger *lodger = &work->lodgers[work->job->rounds > 1 ? (uint32_t)pid % BOUND_SPACES : 0];
	int r;

	*ret = lodger;
	if (lodger->pid == pid)
		return 0;
	lodger_leave(lodger);
	r = space_open(work->modules, pid, &lodger->space);
	if (r < 0)
		return r;
	lodger->sight = r == SIGHT_CUT ? SIGHT_OK : r; /* regions are missing: an unwinder that needs them says so */
	lodger->pid = pid;
	return 0;
}

/* ---- one stack ----------------------------------------------------------------- */

static int attempt_take(void *context, size_t which, const struct capture *capture)
{
	struct attempt *attempt = context;

	(void)which;
	attempt->capture = *capture;
	if (capture->sight != SIGHT_OK)
		return 0;
	return unwind(attempt->unwinder, attempt->space, capture, &attempt->unwound);
}

enum { HELD_ONLY = 1 << 0, DEEP = 1 << 1 };

static int attempt_make(struct work *work, const struct lodger *lodger, const struct stack_task *task, unsigned how,
			struct attempt *ret)
{
	const struct capture_wish wish = {
		.pid = task->pid, .tid = task->tid, .start_ticks = task->start_ticks,
		.asleep = task->asleep ? &task->glance : NULL, .stop = work->job->stop, .held_only = how & HELD_ONLY, .deep = how & DEEP,
	};

	ret->unwinder = work->unwinder;
	ret->space = lodger->space;
	ret->unwound.count = 0;
	ret->unwound.ends = END_UNKNOWN;
	ret->unwound.wants_registers = false;
	return capture(work->capturer, &wish, 1, attempt_take, ret);
}

static bool attempt_has(const struct attempt *attempt, enum frame_basis basis)
{
	uint32_t i;

	for (i = 0; i < attempt->unwound.count; i++)
		if (attempt->unwound.steps[i].basis == basis)
			return true;
	return false;
}

static bool attempt_guessed(const struct attempt *attempt)
{
	return attempt_has(attempt, BASIS_SCANNED) || attempt_has(attempt, BASIS_LIVE);
}

/* Would more of the stack, copied at once, tell more? */
static bool copy_was_short(const struct attempt *attempt)
{
	return attempt->capture.sight == SIGHT_OK && attempt->capture.cut &&
	       (attempt->unwound.ends == END_BYTES || attempt_has(attempt, BASIS_LIVE));
}

/* Is the second worth more than the first? */
static bool attempt_better(const struct attempt *first, const struct attempt *second)
{
	const bool first_whole = first->unwound.ends == END_WHOLE, second_whole = second->unwound.ends == END_WHOLE;

	if (second->capture.sight != SIGHT_OK)
		return false;
	if (first_whole != second_whole)
		return second_whole;
	return attempt_guessed(first) || second->unwound.count > first->unwound.count;
}

/* Stopped where there is no code any more, or no stack, it would die of going on. */
static bool attempt_goes_on(const struct attempt *attempt)
{
	const uint64_t *word = attempt->capture.registers.word;
	const struct region *code = space_find(attempt->space, word[REGISTER_PC]);

	return code && code->executable && space_find(attempt->space, word[REGISTER_STACK]);
}

static bool attempt_wants_hold(const struct work *work, const struct attempt *attempt)
{
	if (attempt->capture.sight != SIGHT_OK || !attempt->capture.could_stop)
		return false;
	return work->job->stop == STOP_ALWAYS || (attempt->unwound.wants_registers && attempt_goes_on(attempt));
}

/* Try again like this; what is better stays, and the time it was held counts. */
static int attempt_again(struct work *work, const struct lodger *lodger, const struct stack_task *task, unsigned how,
			 struct attempt *best)
{
	struct attempt second;
	int r;

	r = attempt_make(work, lodger, task, how, &second);
	if (r < 0)
		return r;
	second.capture.stopped_ns += best->capture.stopped_ns;
	if (attempt_better(best, &second) ||
	    (work->job->stop == STOP_ALWAYS && (how & HELD_ONLY) && second.capture.sight == SIGHT_OK))
		*best = second;
	else
		best->capture.stopped_ns = second.capture.stopped_ns;
	return 0;
}

static int best_attempt(struct work *work, const struct lodger *lodger, const struct stack_task *task,
			struct attempt *ret)
{
	unsigned depth = 0;
	int r;

	r = attempt_make(work, lodger, task, 0, ret);
	if (r == 0 && copy_was_short(ret)) {
		depth = DEEP;
		r = attempt_again(work, lodger, task, depth, ret);
	}
	if (r == 0 && attempt_wants_hold(work, ret))
		r = attempt_again(work, lodger, task, HELD_ONLY | depth, ret);
	return r;
}

/* ---- kernel frames ------------------------------------------------------------- */

static void append_sites(struct stack_record *record, struct sites sites, uint32_t basis)
{
	uint32_t i;

	for (i = 0; i < sites.count && record->count < RECORD_STEPS; i++)
		record->steps[record->count++] = (struct step_record){
			sites.first + i, i + 1 < sites.count ? BASIS_DEBUG : basis };
}

static int append_kernel(struct work *work, const struct stack_task *task)
{
	struct stack_record *record = &work->record;
	struct kernel_frame frame;
	struct sites sites;
	struct scan scan;
	char path[64], text[BOUND_KERNEL_FRAMES * 128];
	ssize_t length;
	int r = 0;

	if (work->no_kernel_stacks) {
		record->kernel_sight = SIGHT_DENIED;
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stack", task->pid, task->tid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (length < 0) {
		record->kernel_sight = (uint8_t)sight_of_errno(errno);
		work->no_kernel_stacks = record->kernel_sight == SIGHT_DENIED;
		return 0;
	}
	record->kernel_sight = SIGHT_OK;
	scan = scan_begin(text, (size_t)length);
	while (r == 0 && record->count < BOUND_KERNEL_FRAMES && kernel_frame_next(&scan, &frame)) {
		r = name_kernel(work->naming, &frame, &sites);
		if (r == 0)
			append_sites(record, sites, BASIS_KERNEL);
	}
	return r;
}

/* ---- publishing ---------------------------------------------------------------- */

static int publish(struct work *work, uint32_t item, struct space *space, const struct stack_task *task,
		   const struct attempt *attempt)
{
	struct stack_record *record = &work->record;
	const struct capture *capture = &attempt->capture;
	const struct unwound *unwound = &attempt->unwound;
	struct sites sites;
	uint32_t i;
	int r = 0;

	memset(record, 0, offsetof(struct stack_record, steps));
	record->record = RECORD_STACK;
	record->item = item;
	record->sight = capture->sight;
	record->error = capture->error;
	snprintf(record->detail, sizeof(record->detail), "%s", capture->detail ? capture->detail : "");
	record->way = capture->way;
	record->ends = capture->sight == SIGHT_OK ? unwound->ends : END_UNKNOWN;
	record->when_ns = capture->when_ns;
	record->stopped_ns = capture->stopped_ns;
	record->kernel_sight = SIGHT_UNASKED;
	if (capture->way != WAY_STOPPED) /* while it was held it lay in ptrace_stop() */
		r = append_kernel(work, task);
	for (i = 0; r == 0 && i < unwound->count; i++) {
		r = name_step(work->naming, space, &unwound->steps[i], &sites);
		if (r == 0)
			append_sites(record, sites, unwound->steps[i].basis);
	}
	if (r == 0)
		tray_put(work->tray, record, offsetof(struct stack_record, steps) +
					     record->count * sizeof(record->steps[0]));
	return r;
}

static int item_do(struct work *work, uint32_t item)
{
	const struct stack_task *task = &work->job->tasks[work->job->items[item].task];
	struct attempt attempt = { 0 };
	struct lodger *lodger;
	int r;

	r = lodger_enter(work, task->pid, &lodger);
	if (r < 0)
		return r;
	if (lodger->sight != SIGHT_OK)
		attempt.capture = (struct capture){ .sight = (uint8_t)lodger->sight, .detail = "maps" };
	else
		r = best_attempt(work, lodger, task, &attempt);
	/* A library may have been loaded since its maps were read. */
	if (r == 0 && attempt.unwound.ends == END_NO_TABLE && work->job->items[item].sample > 0) {
		lodger_leave(lodger);
		r = lodger_enter(work, task->pid, &lodger);
		if (r == 0 && lodger->sight == SIGHT_OK)
			r = best_attempt(work, lodger, task, &attempt);
	}
	if (attempt.capture.when_ns == 0)
		attempt.capture.when_ns = door_now_ns();
	return r < 0 ? r : publish(work, item, lodger->space, task, &attempt);
}

static int items_do(struct work *work, uint32_t from)
{
	const struct stack_job *job = work->job;
	uint32_t item;
	int r = 0;

	for (item = from; item < job->item_count && r == 0; item++) {
		const struct stack_item *each = &job->items[item];

		if (job->tasks[each->task].given_up)
			continue;
		if (item == from || each->sample != job->items[item - 1].sample)
			tray_sleep(work->tray, job->begun_ns + each->sample * job->interval_ns);
		tray_begin(work->tray, item);
		r = item_do(work, item);
	}
	return r;
}

int stack_work(const struct stack_job *job, struct tray *tray, uint32_t from)
{
	struct work *work = calloc(1, sizeof(*work));
	unsigned i;
	int r;

	if (!work)
		return -ENOMEM;
	work->job = job;
	work->tray = tray;
	r = modules_create(&work->modules);
	if (r == 0)
		r = capturer_open(&work->capturer);
	if (r == 0)
		r = unwinder_open(&work->unwinder);
	if (r == 0)
		r = naming_create(tray, &work->naming);
	if (r == 0)
		r = items_do(work, from);
	for (i = 0; i < BOUND_SPACES; i++)
		lodger_leave(&work->lodgers[i]);
	naming_destroy(work->naming);
	capturer_close(work->capturer);
	unwinder_close(work->unwinder);
	modules_destroy(work->modules);
	free(work);
	return r;
}
