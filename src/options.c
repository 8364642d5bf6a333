/* SPDX-License-Identifier: MIT */
/* Reading the command line, by the table of options. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "options_inner.h"

enum { INTERVAL_MS = 50 };

bool option_offered(const struct option_row *row, const struct tool *tool)
{
	return row->offer == 0 || (row->offer & tool->offers);
}

int parse_number(const char *text, int64_t least, int64_t most, int64_t *ret)
{
	int64_t number = 0;
	const char *c;

	for (c = text; isdigit((unsigned char)*c); c++) {
		number = number * 10 + (*c - '0');
		if (number > most)
			return -EINVAL;
	}
	if (c == text || *c || number < least)
		return -EINVAL;
	*ret = number;
	return 0;
}

int parse_seconds(const char *text, int64_t *ret_ms)
{
	int64_t ms = 0, scale = 100;
	const char *c = text;
	bool digits = false;

	for (; isdigit((unsigned char)*c); c++) {
		digits = true;
		ms = ms * 10 + (*c - '0') * INT64_C(1000);
		if (ms > WINDOW_MOST_MS)
			return -EINVAL;
	}
	if (*c == '.') {
		for (c++; isdigit((unsigned char)*c); c++) {
			digits = true;
			ms += (*c - '0') * scale;
			scale /= 10;
		}
	}
	if (*c || !digits || ms > WINDOW_MOST_MS)
		return -EINVAL;
	*ret_ms = ms;
	return 0;
}

void request_deinit(struct request *request)
{
	free(request->selectors);
	free(request->labels);
	*request = (struct request){ 0 };
}

static int parse_all(struct parse *parse, int argc, char **argv)
{
	struct option options[OPTION_ROWS + 1] = { 0 };
	char letters[2 * OPTION_ROWS + 2] = ":";
	unsigned i, n = 0;
	int c, r;

	for (i = 0; option_rows[i].name; i++) {
		if (!option_offered(&option_rows[i], parse->tool))
			continue;
		options[n++] = (struct option){ option_rows[i].name, option_rows[i].value ? required_argument : no_argument, NULL,
						256 + (int)i };
		if (option_rows[i].letter)
			snprintf(letters + strlen(letters), 3, "%c%s", option_rows[i].letter, option_rows[i].value ? ":" : "");
	}

	optind = 0; /* glibc: start afresh, in case a test calls twice */
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (c == ':' || c == '?') {
			const char *said = argv[optind - 1];

			if (c == '?' && optopt && optopt < 256) /* a char, so below 0 beyond ASCII */
				snprintf(parse->complaint, parse->size, "unknown option -%c", optopt);
			else
				snprintf(parse->complaint, parse->size, "%s %.80s",
					 c == ':' ? "a value is missing after" :
					 optopt ? "no value is taken by" : "unknown or ambiguous option", said);
			return -EINVAL;
		}
		for (i = 0; option_rows[i].name; i++)
			if (c == 256 + (int)i || (c < 256 && c == option_rows[i].letter))
				break;
		r = option_rows[i].set(parse, optarg);
		if (r < 0)
			return r;
	}
	for (; optind < argc; optind++) {
		r = add_selector(parse, SELECT_WORD, argv[optind]);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_parse(const struct tool *tool, int argc, char **argv, struct request *ret, char *complaint, size_t size)
{
	struct request request = {
		.renderer = tool->renderers[0],
		.window_ms = tool->window_ms,
		.columns = -1,
		.first = -1,
		.samples = 1,
		.interval_ms = INTERVAL_MS,
	};
	struct parse parse = { .tool = tool, .request = &request, .complaint = complaint, .size = size };
	int r;

	*complaint = '\0';
	r = parse_all(&parse, argc, argv);
	if (r == 0 && request.replay && request.selector_count > 0) {
		snprintf(complaint, size, "--replay looks at a file: it takes no target");
		r = -EINVAL;
	}
	if (r == 0 && request.replay && request.save) {
		snprintf(complaint, size, "--replay and --save exclude each other");
		r = -EINVAL;
	}
	if (r == 0 && (request.samples - 1) * request.interval_ms > WINDOW_MOST_MS) {
		snprintf(complaint, size, "--samples and --interval come to more than an hour");
		r = -EINVAL;
	}
	if (r < 0) {
		request_deinit(&request);
		return r;
	}
	*ret = request;
	return 0;
}
