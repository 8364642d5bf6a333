/* SPDX-License-Identifier: MIT */
/* One case of JUnit XML, as wedgerun(1) writes it of a run: a wedge that is likely or proved is an error of the type "hang". */
#include "announce.h"
#include "markup.h"
#include "page.h"

static void put_attribute(FILE *out, const char *name, const struct phrase *value)
{
	fprintf(out, " %s=\"", name);
	put_markup_phrase(out, value);
	putc_unlocked('"', out);
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	const enum weight weight = announce_weight(report);
	struct phrase test, title, message;
	struct page page;

	page_init(&page, out, options);
	phrase_init(&test, page_place(&page));
	phrase_init(&title, page_place(&page));
	phrase_init(&message, page_place(&page));
	if (!announce_test(&test, report))
		phrase_add(&test, "hang");
	announce_title(&title, report);
	announce_message(&message, report);
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		     "  <testsuite name=\"wedgecheck\" tests=\"1\" failures=\"0\" errors=\"%d\">\n"
		     "    <testcase classname=\"wedgecheck\"", weight == WEIGHT_ERROR);
	put_attribute(out, "name", &test);
	fputs_unlocked(">\n", out);
	if (weight == WEIGHT_ERROR) {
		fputs_unlocked("      <error type=\"hang\"", out);
		put_attribute(out, "message", &title);
		putc_unlocked('>', out);
		put_markup_phrase(out, &message);
		fputs_unlocked("</error>\n", out);
	} else {
		fputs_unlocked("      <system-out>", out);
		put_markup_phrase(out, &title);
		fputs_unlocked(message.length > 0 ? ": " : "", out);
		put_markup_phrase(out, &message);
		fputs_unlocked("</system-out>\n", out);
	}
	fputs_unlocked("    </testcase>\n  </testsuite>\n</testsuites>\n", out);
	return page_end(&page);
}

const struct renderer render_junit = { "junit", render };
