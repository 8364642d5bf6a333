/* SPDX-License-Identifier: MIT */
/* wedgesock: the sockets of a process tree: queues, states, ages, peer processes. */
#include "tool.h"

static const struct renderer *const renderers[] = { &render_sock, &render_json, NULL };

static const struct tool wedgesock = {
	.name = "wedgesock",
	.purpose = "Show the sockets of a process tree: queues, state, age, peer process.",
	.probes = PROBE_BIT(PROBE_HOST) | PROBE_BIT(PROBE_STATE) | PROBE_BIT(PROBE_SOCKETS) | PROBE_BIT(PROBE_HOLDERS),
	.window_ms = 2000,
	.renderers = renderers,
};

int main(int argc, char **argv)
{
	return tool_main(&wedgesock, argc, argv);
}
