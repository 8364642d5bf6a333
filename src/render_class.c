/* SPDX-License-Identifier: MIT */
/* The class alone, for scripts. */
#include <errno.h>

#include "render.h"

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	enum verdict verdict = report->count > 0 ? report->findings[0].verdict : VERDICT_UNKNOWN;

	(void)options;
	if (fprintf(out, "%s\n", verdict_names[verdict]) < 0 || fflush(out) != 0)
		return -errno;
	return 0;
}

const struct renderer render_class = { "class", render };
