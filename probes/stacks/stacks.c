/* SPDX-License-Identifier: MIT */
/*
 * Stacks of the tasks that matter: an errand takes them (work.c), and what it puts on the
 * tray becomes sites, frames and stacks here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "errand.h"
#include "probe.h"
#include "record.h"
#include "work.h"

struct taking {
	const struct visit *visit;
	const struct task_ix *rows; /* of job.tasks */
	struct stack_job job;
	struct site_ix *sites;    /* by number */
	uint32_t site_count, site_room;
	int trouble;              /* -ENOMEM: met where it could not be returned */
};

/* ---- what comes off the tray --------------------------------------------------- */

static int site_take(struct taking *taking, const char *bytes, size_t length)
{
	struct snapshot *snapshot = taking->visit->snapshot;
	struct site_record record;
	struct site site;
	struct text *texts[SITE_TEXTS] = { &site.function, &site.file, &site.module, &site.build_id };
	struct site_ix *grown, at = { NO_ROW };
	size_t used = sizeof(record), i;
	int r = 0;

	memcpy(&record, bytes, sizeof(record));
	site = (struct site){
		.kind = record.kind, .jit = record.jit, .line = record.line, .offset = record.offset,
		.into = record.into,
	};
	for (i = 0; i < SITE_TEXTS; i++) {
		*texts[i] = TEXT_UNSEEN;
		if (record.length[i] == 0 || record.length[i] > length - used)
			continue;
		r = snapshot_text(snapshot, bytes + used, record.length[i], texts[i]);
		if (r == -ENOMEM)
			return r;
		used += record.length[i];
	}
	r = snapshot_add_site(snapshot, &site, &at);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		at.at = NO_ROW;
	if (taking->site_count == taking->site_room) {
		taking->site_room = taking->site_room ? taking->site_room * 2 : 1024;
		grown = reallocarray(taking->sites, taking->site_room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		taking->sites = grown;
	}
	taking->sites[taking->site_count++] = at;
	return 0;
}

static int frames_take(struct taking *taking, const struct stack_record *record, struct frame_ix *ret)
{
	struct snapshot *snapshot = taking->visit->snapshot;
	struct frame frame = { .caller = { NO_ROW } };
	uint32_t i;
	int r;

	for (i = record->count; i-- > 0; frame.caller = *ret) {
		if (record->steps[i].site >= taking->site_count)
			return SIGHT_STRANGE;
		frame.site = taking->sites[record->steps[i].site];
		frame.basis = (uint8_t)record->steps[i].basis;
		r = snapshot_add_frame(snapshot, &frame, ret);
		if (r == -E2BIG)
			return SIGHT_CUT;
		if (r < 0)
			return r;
	}
	return 0;
}

static int stack_miss(struct taking *taking, uint32_t which, uint8_t *sight, int why, int error, const char *detail)
{
	struct snapshot *snapshot = taking->visit->snapshot;
	const struct task_ix task = taking->rows[which];
	struct gap gap = gap_blank(PROBE_STACKS, why, taking->visit->look, error);

	gap.process = task_at(snapshot, task)->process;
	gap.task = task;
	if (*detail && snapshot_text(snapshot, detail, strlen(detail), &gap.detail) == -ENOMEM)
		return -ENOMEM;
	return snapshot_miss(snapshot, sight, &gap);
}

static void cost_add(struct cost *cost, int64_t stopped_ns)
{
	cost->threads_stopped++;
	cost->total_stop_ns += stopped_ns;
	if (stopped_ns > cost->longest_stop_ns)
		cost->longest_stop_ns = stopped_ns;
}

static int stack_take(struct taking *taking, const struct stack_record *record)
{
	struct snapshot *snapshot = taking->visit->snapshot;
	const struct stack_item *item = &taking->job.items[record->item];
	struct stack stack = {
		.task = taking->rows[item->task], .sample = item->sample, .when_ns = record->when_ns,
		.innermost = { NO_ROW }, .sight = record->sight, .way = record->way, .ends = record->ends,
		.kernel_sight = record->kernel_sight, .stopped_ns = record->stopped_ns,
	};
	int r;

	if (record->stopped_ns > 0)
		cost_add(&snapshot->cost, record->stopped_ns);
	r = frames_take(taking, record, &stack.innermost);
	if (r < 0)
		return r;
	if (r > 0)
		stack.sight = (uint8_t)r;
	if (stack.sight != SIGHT_OK)
		r = stack_miss(taking, item->task, &stack.sight, stack.sight, record->error, record->detail);
	if (r == 0)
		r = snapshot_add_stack(snapshot, &stack);
	return r == -E2BIG ? 0 : r;
}

static int record_take(void *context, const void *bytes, size_t length)
{
	struct taking *taking = context;
	struct stack_record record;
	uint32_t kind;

	if (length < sizeof(kind))
		return 0;
	memcpy(&kind, bytes, sizeof(kind));
	if (kind == RECORD_FRESH) {
		taking->site_count = 0;
	} else if (kind == RECORD_SITE && length >= sizeof(struct site_record)) {
		return site_take(taking, bytes, length);
	} else if (kind == RECORD_STACK && length >= offsetof(struct stack_record, steps) && length <= sizeof(record)) {
		memcpy(&record, bytes, length);
		record.detail[sizeof(record.detail) - 1] = '\0';
		if (record.item < taking->job.item_count &&
		    record.count <= (length - offsetof(struct stack_record, steps)) / sizeof(record.steps[0]))
			return stack_take(taking, &record);
	}
	return 0;
}

/* ---- what is lost on the way --------------------------------------------------- */

static int item_miss(struct taking *taking, uint32_t item, int sight)
{
	const struct stack_item *each = &taking->job.items[item];
	struct stack stack = {
		.task = taking->rows[each->task], .sample = each->sample, .when_ns = door_now_ns(),
		.innermost = { NO_ROW }, .kernel_sight = SIGHT_UNASKED,
	};
	int r;

	r = stack_miss(taking, each->task, &stack.sight, sight, 0, "");
	if (r == 0)
		r = snapshot_add_stack(taking->visit->snapshot, &stack);
	return r == -E2BIG ? 0 : r;
}

/* One miss ends all such questions about that process. */
static uint32_t item_lost(void *context, uint32_t item, int sight)
{
	struct taking *taking = context;
	struct stack_job *job = &taking->job;
	const pid_t pid = job->tasks[job->items[item].task].pid;
	uint32_t i;

	for (i = item; i < job->item_count; i++) {
		struct stack_task *task = &job->tasks[job->items[i].task];

		if (task->given_up || (sight != SIGHT_CUT && task->pid != pid))
			continue;
		if ((job->items[i].sample == 0 || i == item) && taking->trouble == 0)
			taking->trouble = item_miss(taking, i, sight);
	}
	for (i = 0; i < job->item_count; i++)
		if (job->tasks[job->items[i].task].pid == pid)
			job->tasks[job->items[i].task].given_up = true;
	for (i = item + 1; i < job->item_count && job->tasks[job->items[i].task].given_up;)
		i++;
	return i;
}

static int taking_work(void *context, struct tray *tray, uint32_t from)
{
	const struct taking *taking = context;

	return stack_work(&taking->job, tray, from);
}

/* ---- going out ----------------------------------------------------------------- */

static int items_make(const struct subjects *subjects, struct stack_job *job, struct stack_item **ret)
{
	uint64_t total = 0;
	uint32_t i, n = 0;
	int32_t round;

	for (i = 0; i < subjects->task_count; i++) {
		const int32_t samples = subjects->samples ? subjects->samples[i] : 1;

		total += (uint32_t)samples;
		if (samples > job->rounds)
			job->rounds = samples;
	}
	*ret = total > BOUND_STACKS ? NULL : malloc((size_t)(total + 1) * sizeof(**ret));
	if (!*ret)
		return total > BOUND_STACKS ? -E2BIG : -ENOMEM;
	for (round = 0; round < job->rounds; round++)
		for (i = 0; i < subjects->task_count; i++)
			if (round < (subjects->samples ? subjects->samples[i] : 1))
				(*ret)[n++] = (struct stack_item){ i, round };
	job->items = *ret;
	job->item_count = n;
	return 0;
}

/* The state probe has just read the same files; only schedstat tells the time waited. */
static void glance_known(const struct task_look *seen, struct stack_task *ret)
{
	ret->asleep = seen->state == 'S' && seen->call_sight == SIGHT_OK && seen->call.number >= 0 &&
		      seen->wait_ns != UNSEEN && seen->cpu_ns > 0;
	ret->glance = (struct glance){ seen->call, { seen->cpu_ns, seen->wait_ns } };
}

static int stacks_look(const struct visit *visit, const struct subjects *subjects)
{
	const struct snapshot *snapshot = visit->snapshot;
	struct taking taking = {
		.visit = visit,
		.rows = subjects->tasks,
		.job = { .begun_ns = door_now_ns(), .interval_ns = visit->options->interval_ns,
			 .stop = visit->options->stop },
	};
	struct errand errand = {
		.name = "wedge-stacks",
		.item_ms = BOUND_STACK_MS,
		.work = taking_work,
		.take = record_take,
		.lost = item_lost,
		.context = &taking,
	};
	struct stack_item *items = NULL;
	uint32_t i;
	int r;

	if (subjects->task_count == 0)
		return 0;
	taking.job.tasks = calloc(subjects->task_count, sizeof(*taking.job.tasks));
	r = taking.job.tasks ? items_make(subjects, &taking.job, &items) : -ENOMEM;
	for (i = 0; r == 0 && i < subjects->task_count; i++) {
		const struct task *task = task_at(snapshot, subjects->tasks[i]);

		taking.job.tasks[i] = (struct stack_task){
			.pid = process_at(snapshot, task->process)->pid, .tid = task->tid,
			.start_ticks = task->start_ticks,
		};
		glance_known(&task->at[visit->look], &taking.job.tasks[i]);
	}
	if (r == 0) {
		errand.count = taking.job.item_count;
		errand.deadline_ns = visit->deadline_ns;
		r = door_errand(visit->door, &errand);
		if (r == 0)
			r = taking.trouble;
	}
	free(taking.sites);
	free(taking.job.tasks);
	free(items);
	return r;
}

const struct probe probe_stacks = {
	.id = PROBE_STACKS,
	.name = "stacks",
	.stage = STAGE_CLOSER,
	.after = PROBE_BIT(PROBE_STATE),
	.look = stacks_look,
};
