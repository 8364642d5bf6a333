/* SPDX-License-Identifier: MIT */
/* wedgecheck: what a hung process tree is doing, and who everybody waits for. */
#include "tool.h"

static const struct renderer *const renderers[] = {
	&render_text, &render_json, &render_class, &render_github, &render_markdown, &render_junit, NULL,
};

static const struct tool wedgecheck = {
	.name = "wedgecheck",
	.purpose = "Say what a hung process tree is doing, who everybody waits for, and why.",
	.probes = ~UINT32_C(0),
	.offers = OFFER_VERDICT | OFFER_STOP | OFFER_CLOSER,
	.judges = true,
	.window_ms = 2000,
	.renderers = renderers,
};

int main(int argc, char **argv)
{
	return tool_main(&wedgecheck, argc, argv);
}
