/* SPDX-License-Identifier: MIT */
/* wedgestate: per task: state, wchan, decoded system call, CPU and switches over the window. */
#include "tool.h"

static const struct renderer *const renderers[] = { &render_state, &render_json, NULL };

static const struct tool wedgestate = {
	.name = "wedgestate",
	.purpose = "Show each task: state, wchan, system call, CPU and switches, how long silent.",
	.probes = PROBE_BIT(PROBE_HOST) | PROBE_BIT(PROBE_STATE) | PROBE_BIT(PROBE_FDS) | PROBE_BIT(PROBE_SOCKETS),
	.window_ms = 2000,
	.renderers = renderers,
};

int main(int argc, char **argv)
{
	return tool_main(&wedgestate, argc, argv);
}
