/* SPDX-License-Identifier: MIT */
#include "spin.h"

#include "primitive.h"
#include "telling.h"

/* NO_ROW: no frame of the program itself. */
static struct site_ix program_site(const struct scene *scene, struct frame_ix innermost)
{
	struct frame_ix telling = stack_telling(scene, innermost, NULL);
	struct site_ix site = { NO_ROW };

	if (telling.at == NO_ROW)
		return site;
	site = frame_at(scene->snapshot, telling)->site;
	return scene->site_part[site.at] == PART_PROGRAM ? site : (struct site_ix){ NO_ROW };
}

struct spin spin_compare(const struct scene *scene, struct task_ix task)
{
	const struct span span = scene->task_stacks[task.at];
	struct site_ix first = { NO_ROW }, site;
	struct spin ret = { .same = true, .locks = true };
	const struct stack *stack;
	uint32_t i;

	for (i = 0; i < span.count; i++) {
		stack = &scene->snapshot->stacks.row[scene->stack_order[span.first + i]];
		if (stack->innermost.at == NO_ROW)
			continue;
		site = program_site(scene, stack->innermost);
		if (ret.samples == 0)
			first = site;
		ret.samples++;
		ret.whole += stack->ends == END_WHOLE;
		ret.same = ret.same && site.at != NO_ROW && first.at != NO_ROW
			   && site_same_function(scene->snapshot, first, site);
		ret.locks = ret.locks && stack_primitive(scene, stack->innermost, NULL) == PRIMITIVE_SPIN;
	}
	ret.same = ret.same && ret.samples > 1;
	ret.locks = ret.locks && ret.samples > 1;
	return ret;
}
