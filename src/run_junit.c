/* SPDX-License-Identifier: MIT */
/* A run as JUnit XML. */
#include "run_junit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "utf8.h"

/* Char of XML 1.0: no controls but three, no U+FFFE, U+FFFF; surrogates are no UTF-8. */
static bool xml_allows(uint32_t code)
{
	return code == '\t' || code == '\n' || code == '\r' ||
	       (code >= 0x20 && code != 0x7f && !(code >= 0x80 && code < 0xa0) && code != 0xfffe && code != 0xffff);
}

int put_xml(FILE *out, const char *bytes, size_t length)
{
	uint32_t code;
	unsigned n;

	for (; length > 0; bytes += n, length -= n) {
		n = utf8_decode(bytes, length, &code);
		if (n == 0) {
			n = 1;
			continue;
		}
		if (!xml_allows(code))
			continue;
		switch (code) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&apos;", out);
			break;
		default:
			fwrite(bytes, 1, n, out);
		}
	}
	return ferror(out) ? -EIO : 0;
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	put_xml(out, text, strlen(text));
	fputc('"', out);
}

static void put_seconds(FILE *out, const char *name, int64_t ms)
{
	fprintf(out, " %s=\"%" PRId64 ".%03" PRId64 "\"", name, ms / 1000, ms % 1000);
}

/* What is there to say about a hang, or another end that is no pass. */
static void put_detail(const struct attempt *attempt, FILE *out)
{
	const struct { const char *name, *text; } lines[] = {
		{ "verdict", attempt->summary }, { "signature", attempt->signature }, { "report", attempt->report },
		{ "no report", attempt->trouble }, { "last moved", attempt->moved_list },
		{ "left behind", attempt->left_list }, { "survivors", attempt->survivor_list },
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!*lines[i].text)
			continue;
		fprintf(out, "%s: ", lines[i].name);
		put_xml(out, lines[i].text, strlen(lines[i].text));
		fputc('\n', out);
	}
}

static void put_problem(const struct attempt *attempt, const char *element, FILE *out)
{
	char message[ATTEMPT_SUMMARY + 64];

	if (attempt->outcome == OUTCOME_HANG)
		snprintf(message, sizeof(message), "%s%s%s", attempt->class, *attempt->class ? " " : "",
			 *attempt->cause ? attempt->cause : "hang");
	else if (attempt->over && WIFSIGNALED(attempt->wait_status))
		snprintf(message, sizeof(message), "ended by signal %d", WTERMSIG(attempt->wait_status));
	else if (attempt->over)
		snprintf(message, sizeof(message), "exit status %d", WEXITSTATUS(attempt->wait_status));
	else
		snprintf(message, sizeof(message), "%s", outcome_names[attempt->outcome]);
	fprintf(out, "      <%s", element);
	put_attribute(out, "type", outcome_names[attempt->outcome]);
	put_attribute(out, "message", message);
	fputc('>', out);
	put_detail(attempt, out);
	fprintf(out, "</%s>\n", element);
}

static bool attempt_fine(const struct attempt *attempt)
{
	return attempt->outcome == OUTCOME_PASSED;
}

/* One case of one attempt, and of those before it that it replaces. */
static void put_case(const char *command, const struct attempt *attempts, size_t count, FILE *out)
{
	const struct attempt *last = &attempts[count - 1];
	size_t i;

	fputs("    <testcase classname=\"wedgerun\"", out);
	put_attribute(out, "name", command);
	put_seconds(out, "time", last->took_ms);
	fputs(">\n", out);
	if (!attempt_fine(last))
		put_problem(last, last->outcome == OUTCOME_FAILED || last->outcome == OUTCOME_LEAKED ? "failure" : "error", out);
	for (i = 0; i + 1 < count; i++)
		put_problem(&attempts[i], attempt_fine(last) ? "flakyError" : "rerunError", out);
	fputs("    </testcase>\n", out);
}

int junit_put(const char *command, const struct attempt *attempts, size_t count, const struct summary *summary, FILE *out)
{
	const bool retries = summary->retries;
	const unsigned failures = summary->counts[OUTCOME_FAILED] + summary->counts[OUTCOME_LEAKED];
	const size_t cases = retries ? count > 0 : count;
	const bool failed = count > 0 && (attempts[count - 1].outcome == OUTCOME_FAILED ||
					  attempts[count - 1].outcome == OUTCOME_LEAKED);
	const bool fine = count > 0 && attempt_fine(&attempts[count - 1]);
	int64_t total_ms = 0;
	size_t i;

	for (i = 0; i < count; i++)
		total_ms += attempts[i].took_ms;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"wedgerun\"", out);
	fprintf(out, " tests=\"%zu\" failures=\"%u\" errors=\"%zu\"", cases, retries ? failed : failures,
		retries ? !failed && !fine : count - failures - summary->counts[OUTCOME_PASSED]);
	put_seconds(out, "time", total_ms);
	fputs(">\n", out);
	if (retries && count > 0)
		put_case(command, attempts, count, out);
	for (i = 0; !retries && i < count; i++)
		put_case(command, &attempts[i], 1, out);
	fputs("  </testsuite>\n</testsuites>\n", out);
	return ferror(out) ? -EIO : 0;
}
