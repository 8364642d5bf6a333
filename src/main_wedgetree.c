/* SPDX-License-Identifier: MIT */
/* wedgetree: the process tree: age, state, CPU, who is orphaned. */
#include "tool.h"

static const struct renderer *const renderers[] = { &render_tree, &render_json, NULL };

static const struct tool wedgetree = {
	.name = "wedgetree",
	.purpose = "Show a process tree: age, state, CPU, who is orphaned and who waits for whom.",
	.probes = PROBE_BIT(PROBE_HOST) | PROBE_BIT(PROBE_STATE) | PROBE_BIT(PROBE_CGROUPS) | PROBE_BIT(PROBE_FDS) |
		  PROBE_BIT(PROBE_SOCKETS), /* who waits for whom: the mark "parent stuck" */
	.window_ms = 2000,
	.renderers = renderers,
};

int main(int argc, char **argv)
{
	return tool_main(&wedgetree, argc, argv);
}
