/* SPDX-License-Identifier: MIT */
/* The table of options, and a function an option. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "options_inner.h"

enum { COLUMNS_LEAST = 40, COLUMNS_MOST = 10000, SAMPLES_MOST = 10000, INTERVAL_MOST_MS = 60 * 1000, PID_MOST = 1 << 22 };

int add_selector(struct parse *parse, enum selector_kind kind, const char *value)
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

static int set_flat(struct parse *parse, const char *value)
{
	(void)value;
	return set_format(parse, "flat");
}

static int set_tree(struct parse *parse, const char *value)
{
	(void)value;
	return set_format(parse, "tree");
}

static int set_folded(struct parse *parse, const char *value)
{
	(void)value;
	return set_format(parse, "folded");
}

static int set_flamegraph(struct parse *parse, const char *value)
{
	if (!*value)
		return refuse(parse, "flamegraph", value, "no file name");
	parse->request->flamegraph = value;
	return 0;
}

static int set_samples(struct parse *parse, const char *value)
{
	if (parse_number(value, 1, SAMPLES_MOST, &parse->request->samples) < 0)
		return refuse(parse, "samples", value, "not a number from 1 to 10000");
	return 0;
}

static int set_interval(struct parse *parse, const char *value)
{
	if (parse_number(value, 1, INTERVAL_MOST_MS, &parse->request->interval_ms) < 0)
		return refuse(parse, "interval", value, "not a number of milliseconds from 1 to 60000");
	return 0;
}

static int set_all_stacks(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->all_stacks = true;
	return 0;
}

/* One of a list of words that ends in NULL, as its place in it. */
static int set_word(struct parse *parse, const char *option, const char *value, const char *const *words,
		    const char *why, unsigned *ret)
{
	unsigned i;

	for (i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0) {
			*ret = i;
			return 0;
		}
	}
	return refuse(parse, option, value, why);
}

static int set_stop(struct parse *parse, const char *value)
{
	unsigned which = parse->request->stop;
	int r;

	r = set_word(parse, "stop", value, stop_names, "auto, never or always", &which);
	parse->request->stop = (enum stop)which;
	return r;
}

static int set_color(struct parse *parse, const char *value)
{
	static const char *const names[] = { "auto", "always", "never", NULL };
	unsigned which = parse->request->color;
	int r;

	r = set_word(parse, "color", value, names, "auto, always or never", &which);
	parse->request->color = (enum color)which;
	return r;
}

static int set_width(struct parse *parse, const char *value)
{
	int64_t columns;

	if (parse_number(value, 0, COLUMNS_MOST, &columns) < 0 || (columns != 0 && columns < COLUMNS_LEAST))
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

static int set_test(struct parse *parse, const char *value)
{
	if (!*value)
		return refuse(parse, "test", value, "no name");
	parse->request->test = value;
	return 0;
}

static int set_first(struct parse *parse, const char *value)
{
	if (parse_number(value, 1, PID_MOST, &parse->request->first) < 0)
		return refuse(parse, "first", value, "no process id");
	return 0;
}

static int set_stay(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->stay = true;
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

static int set_pytest_path(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->pytest_path = true;
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
	{ "port", "N", 0, 0, NULL, "target: who listens on port N", set_port },
	{ "marker", "NAME[=VALUE]", 0, 0, NULL, "target: who carries this in its environment", set_marker },
	{ "match", "REGEX", 0, 0, NULL, "target: whose name or command line matches", set_match },
	{ "session", "SID", 0, 0, "self", "target: a session; \"self\" is this one", set_session },
	{ "cgroup", "PATH", 0, 0, "file", "target: a control group and those below it", set_cgroup },
	{ "window", "SECONDS", 'w', 0, NULL, "time between the two looks", set_window },
	{ "overdue", NULL, 0, OFFER_VERDICT, NULL, "it should have finished: an idle tree is a wedge", set_overdue },
	{ "label", "NAME=VALUE", 0, OFFER_VERDICT, NULL, "put a label into the report", set_label },
	{ "test", "NAME", 0, OFFER_VERDICT, NULL, "the test that runs there, for the report", set_test },
	{ "first", "PID", 0, OFFER_VERDICT, NULL, "begin with what the first thread of PID waits for", set_first },
	{ "stay", NULL, 0, OFFER_VERDICT, NULL, "afterwards close the output and wait until the input ends", set_stay },
	{ "samples", "N", 0, OFFER_STACKS, NULL, "take the stack of each thread N times (default 1)", set_samples },
	{ "interval", "MS", 0, OFFER_STACKS, NULL, "milliseconds from one to the next (default 50)", set_interval },
	{ "stop", "WHEN", 0, OFFER_STOP, "auto|never|always", "may threads be stopped: auto, never or always", set_stop },
	{ "all-stacks", NULL, 0, OFFER_CLOSER, NULL, "stacks of all threads, not only of those that matter", set_all_stacks },
	{ "format", "NAME", 0, 0, "@formats", "how to show it", set_format },
	{ "flat", NULL, 0, OFFER_STACKS, NULL, "same as --format=flat: thread by thread", set_flat },
	{ "tree", NULL, 0, OFFER_STACKS, NULL, "same as --format=tree: who calls whom, with counts", set_tree },
	{ "folded", NULL, 0, OFFER_STACKS, NULL, "same as --format=folded: for flame graph tools", set_folded },
	{ "json", NULL, 0, 0, NULL, "same as --format=json", set_json },
	{ "flamegraph", "FILE.svg", 0, OFFER_STACKS, "file", "besides, draw a flame graph into FILE.svg", set_flamegraph },
	{ "color", "WHEN", 0, 0, "auto|always|never", "auto, always or never", set_color },
	{ "width", "COLUMNS", 0, 0, NULL, "fit lines to this width; 0 for no limit", set_width },
	{ "save", "FILE", 0, 0, "file", "keep the snapshot in FILE (private to you)", set_save },
	{ "replay", "FILE", 0, 0, "file", "look at a saved snapshot instead of processes", set_replay },
	{ "args", "HOW", 0, 0, "masked|full", "full: do not mask credentials in arguments", set_args },
	{ "verbose", NULL, 'v', 0, NULL, "show whole lists", set_verbose },
	{ "completion", "SHELL", 0, 0, "bash|zsh", NULL, set_completion },
	{ "pytest-path", NULL, 0, OFFER_VERDICT, NULL, "print the folder of the pytest plugin, for PYTHONPATH", set_pytest_path },
	{ "help", NULL, 'h', 0, NULL, "show this help", set_help },
	{ "version", NULL, 'V', 0, NULL, "show the version", set_version },
	{ 0 },
};
_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) <= OPTION_ROWS + 1, "OPTION_ROWS is too small");
