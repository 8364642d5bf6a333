/* SPDX-License-Identifier: MIT */
/* The table of options, and what reads it. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_MOST_MS = 3600 * 1000, COLUMNS_LEAST = 40, COLUMNS_MOST = 10000 };

struct parse {
	const struct tool *tool;
	struct request *request;
	char *complaint;
	size_t size;
};

/* ---- one function an option -------------------------------------------------- */

static int add_selector(struct parse *parse, enum selector_kind kind, const char *value)
{
	struct request *request = parse->request;
	struct selector *grown;

	grown = reallocarray(request->selectors, request->selector_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	request->selectors = grown;
	grown[request->selector_count++] = (struct selector){ .kind = kind, .value = value };
	return 0;
}

static int set_port(struct parse *parse, const char *value)
{
	return add_selector(parse, SELECT_PORT, value);
}

static int set_marker(struct parse *parse, const char *value)
{
	return add_selector(parse, SELECT_MARKER, value);
}

static int set_match(struct parse *parse, const char *value)
{
	return add_selector(parse, SELECT_MATCH, value);
}

static int set_session(struct parse *parse, const char *value)
{
	return add_selector(parse, SELECT_SESSION, value);
}

static int set_cgroup(struct parse *parse, const char *value)
{
	return add_selector(parse, SELECT_CGROUP, value);
}

static int refuse(struct parse *parse, const char *option, const char *value, const char *why)
{
	snprintf(parse->complaint, parse->size, "--%s=%.80s: %s", option, value, why);
	return -EINVAL;
}

static int set_window(struct parse *parse, const char *value)
{
	if (parse_seconds(value, &parse->request->window_ms) < 0)
		return refuse(parse, "window", value, "not a number of seconds from 0 to 3600");
	return 0;
}

static int set_format(struct parse *parse, const char *value)
{
	const struct renderer *const *renderer;
	char known[128] = "";

	for (renderer = parse->tool->renderers; *renderer; renderer++) {
		if (strcmp((*renderer)->name, value) == 0) {
			parse->request->renderer = *renderer;
			return 0;
		}
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", *known ? ", " : "one of ",
			 (*renderer)->name);
	}
	return refuse(parse, "format", value, known);
}

static int set_json(struct parse *parse, const char *value)
{
	(void)value;
	return set_format(parse, "json");
}

static int set_color(struct parse *parse, const char *value)
{
	static const char *const names[] = { "auto", "always", "never" };
	unsigned i;

	for (i = 0; i < 3; i++) {
		if (strcmp(names[i], value) == 0) {
			parse->request->color = (enum color)i;
			return 0;
		}
	}
	return refuse(parse, "color", value, "auto, always or never");
}

static int set_width(struct parse *parse, const char *value)
{
	char *end;
	long columns;

	errno = 0;
	columns = strtol(value, &end, 10);
	if (errno || end == value || *end || (columns != 0 && (columns < COLUMNS_LEAST || columns > COLUMNS_MOST)))
		return refuse(parse, "width", value, "0 for no limit, or 40 to 10000 columns");
	parse->request->columns = columns;
	return 0;
}

static int set_save(struct parse *parse, const char *value)
{
	if (!*value)
		return refuse(parse, "save", value, "no file name");
	parse->request->save = value;
	return 0;
}

static int set_replay(struct parse *parse, const char *value)
{
	if (!*value)
		return refuse(parse, "replay", value, "no file name");
	parse->request->replay = value;
	return 0;
}

static int set_args(struct parse *parse, const char *value)
{
	if (strcmp(value, "full") && strcmp(value, "masked"))
		return refuse(parse, "args", value, "masked or full");
	parse->request->whole_args = strcmp(value, "full") == 0;
	return 0;
}

static int set_overdue(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->overdue = true;
	return 0;
}

static int set_label(struct parse *parse, const char *value)
{
	struct request *request = parse->request;
	const char *equals = strchr(value, '=');
	const char **grown;

	if (!equals || equals == value)
		return refuse(parse, "label", value, "not NAME=VALUE");
	grown = reallocarray(request->labels, request->label_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	request->labels = grown;
	grown[request->label_count++] = value;
	return 0;
}

static int set_verbose(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->verbose = true;
	return 0;
}

static int set_completion(struct parse *parse, const char *value)
{
	parse->request->completion = value;
	return 0;
}

static int set_help(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->help = true;
	return 0;
}

static int set_version(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->version = true;
	return 0;
}

/* ---- the table --------------------------------------------------------------- */

const struct option_row option_rows[] = {
	{ "port", "N", 0, false, NULL, "target: who listens on port N", set_port },
	{ "marker", "NAME[=VALUE]", 0, false, NULL, "target: who carries this in its environment", set_marker },
	{ "match", "REGEX", 0, false, NULL, "target: whose name or command line matches", set_match },
	{ "session", "SID", 0, false, "self", "target: a session; \"self\" is this one", set_session },
	{ "cgroup", "PATH", 0, false, "file", "target: a control group and those below it", set_cgroup },
	{ "window", "SECONDS", 'w', false, NULL, "time between the two looks (default 2)", set_window },
	{ "overdue", NULL, 0, true, NULL, "it should have finished: an idle tree is a wedge", set_overdue },
	{ "label", "NAME=VALUE", 0, true, NULL, "put a label into the report", set_label },
	{ "format", "NAME", 0, false, "@formats", "how to show it", set_format },
	{ "json", NULL, 0, false, NULL, "same as --format=json", set_json },
	{ "color", "WHEN", 0, false, "auto|always|never", "auto, always or never", set_color },
	{ "width", "COLUMNS", 0, false, NULL, "fit lines to this width; 0 for no limit", set_width },
	{ "save", "FILE", 0, false, "file", "keep the snapshot in FILE (private to you)", set_save },
	{ "replay", "FILE", 0, false, "file", "look at a saved snapshot instead of processes", set_replay },
	{ "args", "HOW", 0, false, "masked|full", "full: do not mask credentials in arguments", set_args },
	{ "verbose", NULL, 'v', false, NULL, "show whole lists", set_verbose },
	{ "completion", "SHELL", 0, false, "bash|zsh", NULL, set_completion },
	{ "help", NULL, 'h', false, NULL, "show this help", set_help },
	{ "version", NULL, 'V', false, NULL, "show the version", set_version },
	{ 0 },
};
enum { ROWS = sizeof(option_rows) / sizeof(option_rows[0]) - 1 };

bool option_offered(const struct option_row *row, const struct tool *tool)
{
	return !row->judges || tool->judges;
}

/* ---- reading the command line ------------------------------------------------ */

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
	struct option options[ROWS + 1] = { 0 };
	char letters[2 * ROWS + 2] = ":";
	unsigned i, n = 0;
	int c, r;

	for (i = 0; i < ROWS; i++) {
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
		for (i = 0; i < ROWS; i++)
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
	if (r < 0) {
		request_deinit(&request);
		return r;
	}
	*ret = request;
	return 0;
}
