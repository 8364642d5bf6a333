/* SPDX-License-Identifier: MIT */
/* wedgetree: who is whose child, how old, and what each waits in. */
#include "page.h"
#include "text_parts.h"
#include "views.h"

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	struct page page;
	int r;

	page_init(&page, out, options);
	r = view_tree(report, options, VIEW_WHOLE, "", out);
	if (r < 0)
		return r;
	text_gaps(&page, report);
	return page_end(&page);
}

const struct renderer render_tree = { "text", render };
