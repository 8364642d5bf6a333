/* SPDX-License-Identifier: MIT */
/*
 * A looking tool is a row: what it needs, whether it judges, how it prints.
 *
 *	static const struct tool wedgesock = { "wedgesock", .probes = PROBE_BIT(PROBE_SOCKETS), ... };
 *	int main(int argc, char **argv) { return tool_main(&wedgesock, argc, argv); }
 *
 * Exit status: judging tools 0 nothing wedged, 1 wedge (likely or proved), 2 usage or output, 3 unsure or unknown;
 * the others 0 or 2, and 3 when no target could be read at all.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "probe.h"
#include "render.h"

/** Options that not every tool has. */
enum offer {
	OFFER_VERDICT = 1 << 0,   /**< --overdue, --label, --test, --first, --stay, --pytest-path */
	OFFER_STOP    = 1 << 1,   /**< --stop */
	OFFER_CLOSER  = 1 << 2,   /**< --all-stacks */
	OFFER_STACKS  = 1 << 3,   /**< --samples and kin, and a format as an option of its own: --flat is --format=flat. */
};

struct tool {
	const char *name, *purpose;
	uint32_t probes;
	uint32_t offers;          /**< enum offer */
	bool judges;              /**< Exit 1 and 3 mean something. */
	bool ranks;               /**< Shows what matters first, so is judged too, but says nothing of it. */
	int64_t window_ms;        /**< Default of --window. */
	const struct renderer *const *renderers; /**< First is the default; ends in NULL. */
};

int tool_main(const struct tool *tool, int argc, char **argv);

#endif
