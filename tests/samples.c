/* SPDX-License-Identifier: MIT */
/*
 * Reports for tests that are not written in C: tests/samples KIND FORMAT.
 * KIND: plain, hostile, shown (not judged), empty.  FORMAT: json, text, tree, state, sock, class,
 * stack, flat, stack-tree, folded, svg, github, markdown, junit.
 * And the words of the tables, for what must list them too: tests/samples words TABLE.
 */
#include <stdio.h>
#include <string.h>

#include "field.h"
#include "render.h"
#include "unit/sample.h"
#include "words.h"

static const struct { const char *format; const struct renderer *renderer; } formats[] = {
	{ "json", &render_json }, { "text", &render_text }, { "tree", &render_tree },
	{ "state", &render_state }, { "sock", &render_sock }, { "class", &render_class },
	{ "stack", &render_stack }, { "flat", &render_stack_flat }, { "stack-tree", &render_stack_tree },
	{ "folded", &render_folded }, { "svg", &render_flamegraph },
	{ "github", &render_github }, { "markdown", &render_markdown }, { "junit", &render_junit },
};

static int put_list(const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count && names[i]; i++)
		puts(names[i]);
	return 0;
}

static int put_table(const char *table)
{
	const struct doubt_row *row;
	unsigned kind;

	if (strcmp(table, "classes") == 0)
		return put_list(verdict_names, VERDICTS);
	if (strcmp(table, "channels") == 0)
		return put_list(channel_names, CHANNELS);
	if (strcmp(table, "probes") == 0)
		return put_list(probe_names, SIZE_MAX);
	if (strcmp(table, "certainties") == 0)
		return put_list(certainty_names, SIZE_MAX);
	if (strcmp(table, "doubts") == 0) {
		for (row = doubts; row->name; row++)
			puts(row->name);
		return 0;
	}
	if (strcmp(table, "facts") == 0) {
		for (kind = 0; kind < FACTS; kind++)
			printf("%s %s\n", fact_name(kind), fact_unit(kind) ? fact_unit(kind) : "-");
		return 0;
	}
	return 2;
}

static int put_report(const char *kind, const char *format)
{
	const struct render_options options = { .columns = 100, .utf8 = true };
	static struct sample sample;
	size_t i;
	int r = -1;

	sample_init(&sample, strcmp(kind, "hostile") == 0 ? SAMPLE_HOSTILE : SAMPLE_PLAIN);
	sample.report.gap_count = 3;
	if (strcmp(kind, "shown") == 0 || strcmp(kind, "empty") == 0) {
		sample.report.judged = false;
		sample.report.count = 0;
	}
	if (strcmp(kind, "empty") == 0)
		sample.report.processes = 0;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].format, format) == 0)
			r = formats[i].renderer->render(&sample.report, &options, stdout);
	sample_deinit(&sample);
	return r == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: samples KIND FORMAT | words TABLE\n", stderr);
		return 2;
	}
	return strcmp(argv[1], "words") == 0 ? put_table(argv[2]) : put_report(argv[1], argv[2]);
}
