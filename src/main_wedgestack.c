/* SPDX-License-Identifier: MIT */
/* wedgestack: the stacks of a process tree, identical ones together; over many samples where it loops. */
#include "tool.h"

static const struct renderer *const renderers[] = {
	&render_stack, &render_json, &render_stack_flat, &render_stack_tree, &render_folded, &render_flamegraph, NULL,
};

static const struct tool wedgestack = {
	.name = "wedgestack",
	.purpose = "Show the stacks of a process tree, identical ones together, with what each waits for.",
	.probes = PROBE_BIT(PROBE_HOST) | PROBE_BIT(PROBE_STATE) | PROBE_BIT(PROBE_FDS) | PROBE_BIT(PROBE_SOCKETS) |
		  PROBE_BIT(PROBE_STACKS),
	.offers = OFFER_STOP | OFFER_STACKS,
	.ranks = true,
	.window_ms = 0,
	.renderers = renderers,
};

int main(int argc, char **argv)
{
	return tool_main(&wedgestack, argc, argv);
}
