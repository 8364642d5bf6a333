/* SPDX-License-Identifier: MIT */
#include "announce.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "render.h"
#include "sample.h"

static struct sample s;

static void setup(void)
{
	sample_init(&s, SAMPLE_PLAIN);
}

static void teardown(void)
{
	sample_deinit(&s);
}

TestSuite(render_ci, .init = setup, .fini = teardown);

static struct text text_of(const char *bytes)
{
	struct text ret;

	cr_assert_eq(snapshot_text(&s.snapshot, bytes, strlen(bytes), &ret), 0);
	return ret;
}

static void test_named(const char *name)
{
	s.snapshot.asked.test = text_of(name);
}

/* What a target may call itself. */
static void name_worker(const char *name)
{
	struct process *process = process_at(&s.snapshot, s.worker);

	process->comm = process->argv = process->exe = text_of(name);
	task_at(&s.snapshot, s.sleeper)->comm = text_of(name);
}

static char *text_in(const struct renderer *renderer)
{
	const struct render_options options = { .columns = 100, .utf8 = true };

	return sample_render(&s, renderer, &options);
}

static void holds(const char *text, const char *part)
{
	cr_expect(strstr(text, part), "no \"%s\" in:\n%s", part, text);
}

static void lacks(const char *text, const char *part)
{
	cr_expect(!strstr(text, part), "\"%s\" in:\n%s", part, text);
}

static unsigned count_of(const char *text, const char *part)
{
	unsigned ret = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		ret++;
	return ret;
}

static void shows(const struct renderer *renderer, const char *want)
{
	_cleanup_free_ char *text = text_in(renderer);

	cr_expect_str_eq(text, want, "not as it should be:\n%s", text);
}

/* ---- github -------------------------------------------------------------------------- */

Test(render_ci, one_command)
{
	strcpy(s.findings[0].signature.text, "w1:9f3ac1d2");
	shows(&render_github, "::error title=hung%3A stuck-ipc not-consuming::worker-2[4260] does not read tcp 127.0.0.1:45822 -> 6979; "
			      "held up: pytest[4242] (likely), w1:9f3ac1d2\n");
	test_named("tests/test_feed.py::test_reconnect[tcp, 50%]");
	shows(&render_github, "::error title=hung test%3A stuck-ipc not-consuming::tests/test_feed.py::test_reconnect[tcp, 50%25]: "
			      "worker-2[4260] does not read tcp 127.0.0.1:45822 -> 6979; held up: pytest[4242] (likely), "
			      "w1:9f3ac1d2\n");
}

Test(render_ci, what_is_unsure_is_a_warning)
{
	_cleanup_free_ char *text = NULL, *guess = NULL;

	s.findings[0].certainty = UNSURE;
	text = text_in(&render_github);
	holds(text, "::warning title=perhaps hung%3A stuck-ipc not-consuming::");
	s.findings[0].verdict = VERDICT_UNKNOWN;
	guess = text_in(&render_github);
	holds(guess, "::warning title=unknown%2C best guess stuck-ipc not-consuming::");
}

Test(render_ci, what_is_well_is_no_news)
{
	s.findings[0].verdict = VERDICT_IDLE;
	shows(&render_github, "");
	s.findings[0].verdict = VERDICT_PROGRESSING;
	shows(&render_github, "");
	s.report.count = 0;
	shows(&render_github, "");
	cr_expect_eq(announce_weight(&s.report), WEIGHT_NONE);
}

static const char *const hostile[] = {
	"::error ::x", "\n::error ::x", "a\r\n::stop-commands::x", "%0A::error ::x", "##[error]x", "</pre>", "`a`|b|<b>", "<!--",
	"]]>", "&lt;script&gt;", "@everyone #1", "\xe3\x80\x80::error ::x", "a,title=b:c", "' onload='x", "\xc2\x85::error ::x",
	"\xff\xfe", "\033]0;x\a",
};
enum { HOSTILE = sizeof(hostile) / sizeof(hostile[0]) };

Test(render_ci, no_target_gives_a_command)
{
	_cleanup_free_ char *first = NULL;
	size_t i;

	name_worker(hostile[0]);
	first = text_in(&render_github);
	holds(first, "not-consuming::::error ::x[4260] does not read");

	for (i = 0; i < HOSTILE; i++) {
		_cleanup_free_ char *text = NULL;

		name_worker(hostile[i]);
		test_named(hostile[i]);
		text = text_in(&render_github);
		cr_expect_eq(strncmp(text, "::error title=hung test%3A stuck-ipc not-consuming::", 52), 0, "%s", text);
		cr_expect_eq(strchr(text, '\n') - text, (long)strlen(text) - 1, "%s", text);
		cr_expect_null(strchr(text, '\r'));
		lacks(text, "%0A:");
	}
}

/* ---- markdown ------------------------------------------------------------------------ */

Test(render_ci, a_summary)
{
	_cleanup_free_ char *text = NULL;

	strcpy(s.findings[0].signature.text, "w1:9f3ac1d2");
	test_named("test_reconnect");
	text = text_in(&render_markdown);
	cr_expect_eq(strncmp(text, "### hung test: stuck-ipc not-consuming (likely)\n\n<table>\n", 56), 0, "%s", text);
	holds(text, "<tr><th align=\"left\">test</th><td><code>test_reconnect</code></td></tr>\n");
	holds(text, "<tr><th align=\"left\">culprit</th><td><code>worker-2[4260] does not read tcp 127.0.0.1:45822 -&gt; 6979"
		    "</code></td></tr>\n");
	holds(text, "<tr><th align=\"left\">waits</th><td><code>pytest[4242] -tcp-&gt; worker-2[4260]</code></td></tr>\n");
	holds(text, "<tr><th align=\"left\">signature</th><td><code>w1:9f3ac1d2</code></td></tr>\n</table>\n\n<pre>\nSTUCK-IPC ");
	holds(text, "  w1:9f3ac1d2\n</pre>\n");
	lacks(text, "more line");
	/* The report below is the text report, whole. */
	cr_expect_eq(count_of(text, "\n  victims  pytest[4242]"), 1);
}

Test(render_ci, nothing_to_judge)
{
	_cleanup_free_ char *text = NULL;

	s.report.count = 0;
	text = text_in(&render_markdown);
	holds(text, "### nothing to judge\n\n<pre>\nnothing to judge\n");
	lacks(text, "<table>");
}

Test(render_ci, no_target_gives_markup)
{
	_cleanup_free_ char *marked = NULL;
	size_t i;

	name_worker("`a`|b|<b>");
	marked = text_in(&render_markdown);
	holds(marked, "<code>`a`|b|&lt;b&gt;[4260] does not read");

	for (i = 0; i < HOSTILE; i++) {
		_cleanup_free_ char *text = NULL, *plain = NULL, *xml = NULL;
		unsigned lines, wanted;

		name_worker("worker-2");
		plain = text_in(&render_markdown);
		wanted = count_of(plain, "<");
		lines = count_of(plain, "\n");
		name_worker(hostile[i]);
		text = text_in(&render_markdown);
		cr_expect_eq(count_of(text, "<"), wanted, "%s:\n%s", hostile[i], text);
		cr_expect_leq(count_of(text, "\n"), lines + 2, "%s", text); /* a longer name may wrap a line */
		cr_expect_eq(count_of(text, "</pre>"), 1);
		lacks(text, "&lt;script&gt;"); /* its & was escaped */
		xml = text_in(&render_junit);
		cr_expect_eq(count_of(xml, "<"), 9, "%s", xml);
		lacks(xml, "' onload");
	}
}

/* Findings in hundreds, with names that grow when they are escaped: whole lines, and a word about the rest. */
Test(render_ci, a_summary_has_an_end)
{
	const struct render_options options = { .utf8 = true, .verbose = true };
	static struct finding many[900];
	_cleanup_free_ char *text = NULL;
	size_t i;

	name_worker("<<<<<<<<<<<<<<<");
	for (i = 0; i < 900; i++)
		many[i] = s.findings[0];
	s.report.findings = many;
	s.report.count = 900;
	text = sample_render(&s, &render_markdown, &options);
	cr_expect_leq(strlen(text), BOUND_SUMMARY);
	cr_expect_gt(strlen(text), BOUND_SUMMARY - 1024);
	holds(text, "\n</pre>\n\n");
	holds(text, " more lines: the text report has them.\n");
	cr_expect_eq(count_of(text, "</pre>"), 1);
}

/* ---- junit --------------------------------------------------------------------------- */

Test(render_ci, one_case)
{
	shows(&render_junit,
	      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	      "  <testsuite name=\"wedgecheck\" tests=\"1\" failures=\"0\" errors=\"1\">\n"
	      "    <testcase classname=\"wedgecheck\" name=\"hang\">\n"
	      "      <error type=\"hang\" message=\"hung: stuck-ipc not-consuming\">worker-2[4260] does not read tcp "
	      "127.0.0.1:45822 -&gt; 6979; held up: pytest[4242] (likely)</error>\n"
	      "    </testcase>\n  </testsuite>\n</testsuites>\n");
	s.findings[0].certainty = UNSURE;
	test_named("a");
	shows(&render_junit,
	      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	      "  <testsuite name=\"wedgecheck\" tests=\"1\" failures=\"0\" errors=\"0\">\n"
	      "    <testcase classname=\"wedgecheck\" name=\"a\">\n"
	      "      <system-out>perhaps hung test: stuck-ipc not-consuming: a: worker-2[4260] does not read tcp "
	      "127.0.0.1:45822 -&gt; 6979; held up: pytest[4242] (unsure)</system-out>\n"
	      "    </testcase>\n  </testsuite>\n</testsuites>\n");
}
