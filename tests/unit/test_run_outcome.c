/* SPDX-License-Identifier: MIT */
#include "run_outcome.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "run_junit.h"

static struct attempt exited(int status)
{
	return (struct attempt){ .over = true, .wait_status = W_EXITCODE(status, 0) };
}

static struct attempt killed(int number)
{
	return (struct attempt){ .over = true, .wait_status = W_EXITCODE(0, number) };
}

static struct attempt hung(const char *signature)
{
	struct attempt ret = killed(15);

	ret.outcome = OUTCOME_HANG;
	ret.late = true;
	snprintf(ret.signature, sizeof(ret.signature), "%s", signature);
	return ret;
}

static struct attempt as(struct attempt attempt)
{
	attempt.outcome = attempt_outcome(&attempt, 0, false);
	return attempt;
}

Test(run_outcome, of_an_attempt)
{
	struct attempt attempt = exited(0);

	cr_expect_eq(attempt_outcome(&attempt, 0, false), OUTCOME_PASSED);
	cr_expect_eq(attempt_outcome(&attempt, 2, false), OUTCOME_CANCELLED);
	attempt.left = 1;
	cr_expect_eq(attempt_outcome(&attempt, 0, false), OUTCOME_PASSED);
	cr_expect_eq(attempt_outcome(&attempt, 0, true), OUTCOME_LEAKED);
	attempt = exited(124);
	attempt.left = 1;
	cr_expect_eq(attempt_outcome(&attempt, 0, true), OUTCOME_FAILED, "124 of its own is no hang; a failure comes before a leak");
	attempt.late = true;
	cr_expect_eq(attempt_outcome(&attempt, 0, false), OUTCOME_FAILED, "late, but it ended before a signal was sent");
	attempt = killed(9);
	cr_expect_eq(attempt_outcome(&attempt, 0, false), OUTCOME_SIGNALLED);
	attempt = hung("");
	cr_expect_eq(attempt_outcome(&attempt, 15, false), OUTCOME_HANG, "told to end while it was ended");
	attempt = (struct attempt){ .own_status = 127 };
	cr_expect_eq(attempt_outcome(&attempt, 0, false), OUTCOME_NOT_RUN);
}

Test(run_outcome, statuses)
{
	struct attempt attempt = as(exited(42));

	cr_expect_eq(attempt_status(&attempt, false), 42);
	attempt = as(killed(9));
	cr_expect_eq(attempt_status(&attempt, false), 137);
	attempt = as(hung(""));
	cr_expect_eq(attempt_status(&attempt, false), 124);
	cr_expect_eq(attempt_status(&attempt, true), 143);
	attempt.over = false; /* it survived */
	cr_expect_eq(attempt_status(&attempt, true), 137);
	cr_expect_eq(attempt_status(&attempt, false), 124);
	attempt = (struct attempt){ .own_status = 126, .outcome = OUTCOME_NOT_RUN };
	cr_expect_eq(attempt_status(&attempt, false), 126);
}

Test(run_outcome, retries)
{
	struct attempt attempts[] = { as(hung("w1:a")), as(hung("w1:a")), as(exited(0)) };
	struct summary summary = attempts_sum(attempts, 3, true, false, false);

	cr_expect_eq(summary.outcome, OUTCOME_FLAKY);
	cr_expect_eq(summary.status, 0);
	cr_expect_eq(summary.same_signature, 1);
	cr_expect_eq(summary.counts[OUTCOME_HANG], 2);
	cr_expect_eq(attempts_sum(attempts, 3, true, true, false).status, 123);
	cr_expect_eq(attempts_sum(attempts, 2, true, false, false).status, 124);
	attempts[2] = as(exited(7));
	summary = attempts_sum(attempts, 3, true, true, false);
	cr_expect(summary.outcome == OUTCOME_FAILED && summary.status == 7, "a failure is not flaky");
	attempts[0] = as(exited(0));
	summary = attempts_sum(attempts, 1, true, true, false);
	cr_expect(summary.outcome == OUTCOME_PASSED && summary.status == 0 && summary.same_signature == -1);
	summary = attempts_sum(attempts, 0, true, true, false);
	cr_expect_eq(summary.status, 125);
}

Test(run_outcome, signatures)
{
	struct attempt attempts[] = { as(hung("w1:a")), as(hung("w1:a")), as(hung("w1:b")), as(hung("")) };

	cr_expect_eq(attempts_sum(attempts, 1, true, false, false).same_signature, -1);
	cr_expect_eq(attempts_sum(attempts, 2, true, false, false).same_signature, 1);
	cr_expect_eq(attempts_sum(attempts, 3, true, false, false).same_signature, 0);
	cr_expect_eq(attempts_sum(attempts, 4, true, false, false).same_signature, 0, "one difference is one");
	attempts[2] = attempts[3];
	cr_expect_eq(attempts_sum(attempts, 3, true, false, false).same_signature, -1);
}

Test(run_outcome, repeats)
{
	struct attempt attempts[] = { as(exited(0)), as(hung("")), as(exited(3)), as(exited(0)) };
	struct summary summary;

	attempts[1].took_ms = 50;
	attempts[3].took_ms = 10;
	summary = attempts_sum(attempts, 4, false, false, false);
	cr_expect(summary.outcome == OUTCOME_HANG && summary.status == 124, "the worst speaks, flaky is for retries");
	cr_expect(summary.shortest_ms == 0 && summary.longest_ms == 50);
	attempts[1] = as(killed(11));
	cr_expect_eq(attempts_sum(attempts, 4, false, false, false).status, 139);
}

static char *xml_of(const char *bytes, size_t length)
{
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);

	cr_assert_eq(put_xml(out, bytes, length), 0);
	fclose(out);
	return ret;
}

static void check_xml(const char *bytes, size_t length, const char *want)
{
	char *text = xml_of(bytes, length);

	cr_expect_str_eq(text, want);
	free(text);
}

Test(run_junit, escaping)
{
	check_xml("a<b>&\"'", 7, "a&lt;b&gt;&amp;&quot;&apos;");
	check_xml("]]>", 3, "]]&gt;");
	check_xml("a\0b\x01\x1b[31m\x7f\n\t", 13, "ab[31m\n\t");
	check_xml("\xff\xfe gr\xc3\xbc\xc3\x9f", 9, " gr\xc3\xbc\xc3\x9f");
	check_xml("\xed\xa0\x80x", 4, "x");                  /* a surrogate */
	check_xml("\xef\xbf\xbe\xef\xbf\xbfx", 7, "x");      /* U+FFFE, U+FFFF */
	check_xml("\xc2\x85x", 3, "x");                      /* C1 */
	check_xml("\xf0\x9f\x90\x8c", 4, "\xf0\x9f\x90\x8c");
	check_xml("cut \xe2\x86", 6, "cut ");
}

static char *junit_of(const struct attempt *attempts, size_t count, bool retries)
{
	const struct summary summary = attempts_sum(attempts, count, retries, false, false);
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);

	cr_assert_eq(junit_put("a<b", attempts, count, &summary, out), 0);
	fclose(out);
	return ret;
}

Test(run_junit, documents)
{
	struct attempt attempts[] = { as(hung("w1:a")), as(exited(0)) };
	char *text;

	strcpy(attempts[0].summary, "waits for \"x\" & <y>");
	text = junit_of(attempts, 1, true);
	cr_expect(strstr(text, "tests=\"1\" failures=\"0\" errors=\"1\""), "%s", text);
	cr_expect(strstr(text, "name=\"a&lt;b\""), "%s", text);
	cr_expect(strstr(text, "<error type=\"hang\""), "%s", text);
	cr_expect(strstr(text, "waits for &quot;x&quot; &amp; &lt;y&gt;"), "%s", text);
	free(text);
	text = junit_of(attempts, 2, true);
	cr_expect(strstr(text, "tests=\"1\" failures=\"0\" errors=\"0\"") && strstr(text, "<flakyError"), "%s", text);
	free(text);
	text = junit_of(attempts, 2, false);
	cr_expect(strstr(text, "tests=\"2\" failures=\"0\" errors=\"1\"") && !strstr(text, "flaky"), "%s", text);
	free(text);
	attempts[1] = as(exited(3));
	text = junit_of(attempts, 2, true);
	cr_expect(strstr(text, "failures=\"1\" errors=\"0\"") && strstr(text, "<rerunError") && strstr(text, "<failure"), "%s", text);
	free(text);
}
