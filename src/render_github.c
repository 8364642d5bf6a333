/* SPDX-License-Identifier: MIT */
/*
 * One workflow command of GitHub Actions, which shows it beside the job:
 *
 *	::error title=hung%3A stuck-ipc not-consuming::feedd[4260] left 18 204 B unread ...
 *
 * The runner undoes %25, %0D and %0A, in properties %3A and %2C as well; ten of these a step are
 * shown, so there is one.  Where nothing is wrong there is none.
 */
#include <string.h>

#include "announce.h"
#include "page.h"

static void put_command_text(FILE *out, const struct phrase *phrase, const char *kept)
{
	const char *c;

	for (c = phrase->text; *c; c++) {
		if (*c == PHRASE_TIE)
			putc_unlocked(' ', out);
		else if (*c == '%' || *c == '\r' || *c == '\n' || strchr(kept, *c))
			fprintf(out, "%%%02X", (unsigned char)*c);
		else
			putc_unlocked(*c, out);
	}
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	const enum weight weight = announce_weight(report);
	struct phrase phrase;
	struct page page;

	page_init(&page, out, options);
	if (weight == WEIGHT_NONE)
		return page_end(&page);
	phrase_init(&phrase, page_place(&page));
	announce_title(&phrase, report);
	fputs_unlocked(weight == WEIGHT_ERROR ? "::error title=" : "::warning title=", out);
	put_command_text(out, &phrase, ":,");
	fputs_unlocked("::", out);
	phrase_init(&phrase, page_place(&page));
	announce_message(&phrase, report);
	put_command_text(out, &phrase, "");
	page_end_line(&page);
	return page_end(&page);
}

const struct renderer render_github = { "github", render };
