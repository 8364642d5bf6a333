/* SPDX-License-Identifier: MIT */
/* Stacks of threads in the JSON report. */
#include "bounds.h"
#include "field.h"
#include "render_json.h"
#include "telling.h"

static void put_frame(struct json_out *json, const struct snapshot *snapshot, const struct frame *frame)
{
	const struct site *site = site_at(snapshot, frame->site);

	json_open_object(json, NULL);
	json_put_string(json, "kind", frame_kind_names[site->kind]);
	json_text(json, "function", snapshot, site->function);
	json_text(json, "file", snapshot, site->file);
	json_put_number(json, "line", site->line < 0 ? UNSEEN : site->line);
	json_text(json, "module", snapshot, site->module);
	json_put_word(json, "offset", site->offset);
	json_put_string(json, "basis", frame->basis == BASIS_UNKNOWN ? NULL : frame_basis_names[frame->basis]);
	json_close(json);
}

static void put_frames(struct json_out *json, const struct snapshot *snapshot, struct frame_ix innermost)
{
	struct frame_ix at;
	unsigned depth = 0;

	json_open_array(json, "frames");
	for (at = innermost; at.at != NO_ROW && depth++ < BOUND_STACK_DEPTH; at = frame_at(snapshot, at)->caller)
		put_frame(json, snapshot, frame_at(snapshot, at));
	json_close(json);
}

/* When it was taken, after the moment of capture. */
static int64_t when_ms(const struct snapshot *snapshot, const struct stack *stack)
{
	int64_t begun = snapshot->host.at[LOOK_T0].when_ns;

	return stack->when_ns == UNSEEN || begun == UNSEEN ? UNSEEN : (stack->when_ns - begun) / 1000000;
}

static void put_samples(struct json_out *json, const struct scene *scene, struct task_ix task)
{
	const struct span *span = &scene->task_stacks[task.at];
	const struct stack *stack;
	uint32_t i;

	if (span->count < 2) {
		json_put_null(json, "samples");
		return;
	}
	json_open_array(json, "samples");
	for (i = 0; i < span->count; i++) {
		stack = &scene->snapshot->stacks.row[scene->stack_order[span->first + i]];
		json_open_object(json, NULL);
		json_put_number(json, "when_ms", when_ms(scene->snapshot, stack));
		put_frames(json, scene->snapshot, stack->innermost);
		json_close(json);
	}
	json_close(json);
}

void json_stacks(struct json_out *json, const struct scene *scene, struct task_ix task)
{
	const struct span *span = &scene->task_stacks[task.at];
	const struct stack *stack = newest_stack(scene, task);
	const struct frame_ix none = { NO_ROW };

	put_frames(json, scene->snapshot, stack ? stack->innermost : none);
	if (!stack && span->count > 0)
		stack = &scene->snapshot->stacks.row[scene->stack_order[span->first + span->count - 1]];
	if (stack) {
		json_open_object(json, "stack");
		json_put_string(json, "way", stack_way_names[stack->way]);
		json_put_string(json, "ends", stack->ends == END_UNKNOWN ? NULL : stack_end_names[stack->ends]);
		json_put_number(json, "stopped_us", stack->stopped_ns == UNSEEN ? UNSEEN : stack->stopped_ns / 1000);
		json_put_integer(json, "samples", span->count);
		json_close(json);
	} else {
		json_put_null(json, "stack");
	}
	put_samples(json, scene, task);
}
