/* SPDX-License-Identifier: MIT */
/* The command line of wedgereap: one table serves getopt, --help and completion. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "environ.h"
#include "options.h"
#include "reap.h"
#include "select_inner.h"

enum { GRACE_DEFAULT_MS = 5000, COLUMNS_LEAST = 40, COLUMNS_MOST = 10000 };

struct parse { struct reap_options *options; char *complaint; size_t size; };

static int refuse(struct parse *parse, const char *option, const char *value, const char *why)
{
	snprintf(parse->complaint, parse->size, "--%s=%.80s: %s", option, value, why);
	return -EINVAL;
}

/* "90", "1.5", "5m", "1h30m": units from large to small, none twice; seconds without one. */
int reap_age_parse(const char *text, int64_t *ret_ms)
{
	static const struct { char letter; int64_t ms; } units[] = {
		{ 'd', 86400000 }, { 'h', 3600000 }, { 'm', 60000 }, { 's', 1000 },
	};
	const int64_t most = INT64_C(36500) * 86400000;
	unsigned unit = 0;
	double amount, sum = 0;
	char *end;

	if (!*text)
		return -EINVAL;
	while (*text) {
		if (strspn(text, "0123456789.") == 0)
			return -EINVAL;
		amount = strtod(text, &end);
		if (end != text + strspn(text, "0123456789."))
			return -EINVAL;
		while (unit < 4 && *end && units[unit].letter != *end)
			unit++;
		if (unit == 4)
			return -EINVAL;
		sum += amount * (double)(*end ? units[unit].ms : 1000);
		text = *end ? end + 1 : end;
		unit++;
		if (!(sum <= (double)most))
			return -EINVAL;
		if (!*end)
			break;
	}
	*ret_ms = (int64_t)(sum + 0.5);
	return 0;
}

/* ---- one function an option -------------------------------------------------------- */

static int text_add(struct texts *texts, const char *text)
{
	const char **grown = reallocarray(texts->row, texts->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	texts->row = grown;
	grown[texts->count++] = text;
	return 0;
}

static int number_add(int32_t **row, size_t *count, int32_t number)
{
	int32_t *grown = reallocarray(*row, *count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*row = grown;
	grown[(*count)++] = number;
	return 0;
}

static int set_runs(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->runs = true;
	return 0;
}

static int set_orphans(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->orphans = true;
	return 0;
}

/* A marker of no value is a marker of everybody. */
static int set_marker(struct parse *parse, const char *value)
{
	struct reap_options *options = parse->options;
	char *marker = NULL, **grown;
	const char *own;

	if (options->markers.count == MARKERS_MOST)
		return refuse(parse, "marker", value, "too many markers");
	if (strchr(value, '=')) {
		if (!environ_is_marker(value))
			return refuse(parse, "marker", value, "an empty name or value marks nobody");
		return text_add(&options->markers, value);
	}
	own = *value ? getenv(value) : NULL;
	if (!own || !*own)
		return refuse(parse, "marker", value, "not set in our own environment: say NAME=VALUE");
	grown = reallocarray(options->owned, options->owned_count + 1, sizeof(*grown));
	if (!grown || (options->owned = grown, asprintf(&marker, "%s=%s", value, own) < 0))
		return -ENOMEM;
	grown[options->owned_count++] = marker;
	return text_add(&options->markers, marker);
}

static int set_port(struct parse *parse, const char *value)
{
	const int64_t port = select_number(value);

	if (port < 1 || port > 65535)
		return refuse(parse, "port", value, "not a port (1 to 65535)");
	return number_add(&parse->options->ports, &parse->options->port_count, (int32_t)port);
}

static int set_session(struct parse *parse, const char *value)
{
	const int64_t leader = select_number(value);

	if (leader < 1 || leader > INT32_MAX)
		return refuse(parse, "session", value, "not the id of a session or process group");
	return number_add(&parse->options->leaders, &parse->options->leader_count, (int32_t)leader);
}

static int set_cgroup(struct parse *parse, const char *value)
{
	if (*value != '/')
		return refuse(parse, "cgroup", value, "not the path of a control group (it begins with /)");
	if (value[strspn(value, "/")] == '\0')
		return refuse(parse, "cgroup", value, "the root is everybody's");
	return text_add(&parse->options->cgroups, value);
}

static int set_older(struct parse *parse, const char *value)
{
	if (reap_age_parse(value, &parse->options->older_ms) < 0)
		return refuse(parse, "older", value, "not an age, as 90, 5m, 1h30m or 2d");
	return 0;
}

static int set_match(struct parse *parse, const char *value)
{
	char why[96];
	int r;

	if (parse->options->matches)
		return refuse(parse, "match", value, "given twice");
	if (!*value)
		return refuse(parse, "match", value, "an empty expression matches everybody");
	r = regcomp(&parse->options->match, value, REG_EXTENDED | REG_NOSUB);
	if (r == REG_ESPACE)
		return -ENOMEM;
	if (r != 0) {
		regerror(r, &parse->options->match, why, sizeof(why));
		return refuse(parse, "match", value, why);
	}
	parse->options->matches = true;
	return 0;
}

static int set_kill(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->kill = true;
	return 0;
}

static int set_grace(struct parse *parse, const char *value)
{
	if (parse_seconds(value, &parse->options->grace_ms) < 0)
		return refuse(parse, "grace", value, "not a number of seconds from 0 to 3600");
	return 0;
}

static int set_other_users(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->other_users = true;
	return 0;
}

static int set_exit_code(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->exit_code = true;
	return 0;
}

static int set_format(struct parse *parse, const char *value)
{
	if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
		return refuse(parse, "format", value, "text or json");
	parse->options->json = *value == 'j';
	return 0;
}

static int set_json(struct parse *parse, const char *value)
{
	(void)value;
	return set_format(parse, "json");
}

static int set_color(struct parse *parse, const char *value)
{
	static const char *const names[] = { "auto", "always", "never" };
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(names[i], value) == 0) {
			parse->options->color = i;
			return 0;
		}
	}
	return refuse(parse, "color", value, "auto, always or never");
}

static int set_width(struct parse *parse, const char *value)
{
	const int64_t columns = strcmp(value, "0") == 0 ? 0 : select_number(value);

	if (columns != 0 && (columns < COLUMNS_LEAST || columns > COLUMNS_MOST))
		return refuse(parse, "width", value, "0 for no limit, or 40 to 10000 columns");
	parse->options->columns = columns;
	return 0;
}

static int set_verbose(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->verbose = true;
	return 0;
}

static int set_completion(struct parse *parse, const char *value)
{
	parse->options->completion = value;
	return 0;
}

static int set_help(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->help = true;
	return 0;
}

static int set_version(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->version = true;
	return 0;
}

/* ---- the table ------------------------------------------------------------------------ */

static const struct row {
	const char *name, *value; /* value NULL: a flag */
	char letter;              /* 0 none */
	const char *complete;     /* "file", words with blanks between, or NULL */
	const char *help;         /* NULL: hidden */
	int (*set)(struct parse *parse, const char *value);
} rows[] = {
	{ "runs", NULL, 0, NULL, "left by runs whose wedgerun is dead (if nothing else is named)", set_runs },
	{ "marker", "NAME[=VALUE]", 0, NULL, "who carries this in its environment", set_marker },
	{ "session", "ID", 0, NULL, "a session or process group whose leader has died", set_session },
	{ "orphans", NULL, 0, NULL, "all sessions and process groups whose leader has died", set_orphans },
	{ "port", "N", 0, NULL, "who listens on TCP port N, never its clients", set_port },
	{ "cgroup", "PATH", 0, "file", "a control group and those below it", set_cgroup },
	{ "older", "AGE", 0, NULL, "of these, only who is older; alone: of --orphans", set_older },
	{ "match", "REGEX", 0, NULL, "of these, only whose name or command line matches", set_match },
	{ "kill", NULL, 0, NULL, "end them: SIGTERM, grace, SIGKILL; default: show them", set_kill },
	{ "grace", "SECONDS", 0, NULL, "time between SIGTERM and SIGKILL (default 5)", set_grace },
	{ "other-users", NULL, 0, NULL, "processes of other users, too", set_other_users },
	{ "exit-code", NULL, 0, NULL, "exit with 1 when something was found", set_exit_code },
	{ "format", "NAME", 0, "text json", "how to show it: text, json", set_format },
	{ "json", NULL, 0, NULL, "same as --format=json", set_json },
	{ "color", "WHEN", 0, "auto always never", "auto, always or never", set_color },
	{ "width", "COLUMNS", 0, NULL, "fit lines to this width; 0 for no limit", set_width },
	{ "verbose", NULL, 'v', NULL, "show those left alone, too, and whole lists", set_verbose },
	{ "completion", "SHELL", 0, "bash zsh", NULL, set_completion },
	{ "help", NULL, 'h', NULL, "show this help", set_help },
	{ "version", NULL, 'V', NULL, "show the version", set_version },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static int parse_all(struct parse *parse, int argc, char **argv)
{
	struct option options[ROWS + 1] = { 0 };
	unsigned i;
	int c, r;

	for (i = 0; i < ROWS; i++)
		options[i] = (struct option){ rows[i].name, rows[i].value ? required_argument : no_argument, NULL, 256 + (int)i };
	optind = 0; /* glibc: start afresh, in case a test calls twice */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":vhV", options, NULL)) != -1) {
		if (c == ':' || c == '?') {
			if (c == '?' && optopt && optopt < 256) /* a char, so below 0 beyond ASCII */
				snprintf(parse->complaint, parse->size, "unknown option -%c", optopt);
			else
				snprintf(parse->complaint, parse->size, "%s %.80s", c == ':' ? "a value is missing after" :
					 optopt ? "no value is taken by" : "unknown or ambiguous option", argv[optind - 1]);
			return -EINVAL;
		}
		for (i = 0; i < ROWS; i++)
			if (c == 256 + (int)i || (c < 256 && c == rows[i].letter))
				break;
		r = rows[i].set(parse, optarg);
		if (r < 0)
			return r;
	}
	if (optind < argc) {
		snprintf(parse->complaint, parse->size, "no process is named to wedgereap: %.80s; name what left it behind",
			 argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static int sources_check(struct parse *parse)
{
	struct reap_options *options = parse->options;
	const bool named = options->runs || options->orphans || options->markers.count || options->cgroups.count ||
			   options->port_count || options->leader_count;

	if (named)
		return 0;
	if (options->older_ms >= 0) {
		options->orphans = true;
		return 0;
	}
	if (options->matches) {
		snprintf(parse->complaint, parse->size, "--match: a name alone is no evidence; say --runs, --marker, --session, "
			 "--orphans, --port, --cgroup or --older as well");
		return -EINVAL;
	}
	options->runs = true;
	return 0;
}

int reap_options_parse(int argc, char **argv, struct reap_options *ret, char *complaint, size_t size)
{
	struct reap_options options = { .older_ms = -1, .grace_ms = GRACE_DEFAULT_MS, .columns = -1 };
	struct parse parse = { &options, complaint, size };
	int r;

	*complaint = '\0';
	r = parse_all(&parse, argc, argv);
	if (r == 0 && !options.help && !options.version && !options.completion)
		r = sources_check(&parse);
	if (r < 0) {
		reap_options_end(&options);
		return r;
	}
	*ret = options;
	return 0;
}

void reap_options_end(struct reap_options *options)
{
	size_t i;

	for (i = 0; i < options->owned_count; i++)
		free(options->owned[i]);
	if (options->matches)
		regfree(&options->match);
	free(options->owned);
	free(options->markers.row);
	free(options->cgroups.row);
	free(options->ports);
	free(options->leaders);
	*options = (struct reap_options){ 0 };
}

/* ---- the table, shown ------------------------------------------------------------------- */

int reap_help(FILE *out)
{
	char left[64];
	unsigned i;

	fputs("Usage: wedgereap [OPTION]...\n"
	      "Find what a dead run left behind, by evidence; with --kill, remove exactly that.\n\n"
	      "Without evidence named: what is left by runs whose wedgerun is dead.  Options that name\n"
	      "evidence add up; --older and --match take away.\n\n", out);
	for (i = 0; i < ROWS; i++) {
		if (!rows[i].help)
			continue;
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", rows[i].letter ? '-' : ' ', rows[i].letter ? rows[i].letter : ' ',
			 rows[i].letter ? ',' : ' ', rows[i].name, rows[i].value ? "=" : "", rows[i].value ? rows[i].value : "");
		fprintf(out, "  %-27s %s\n", left, rows[i].help);
	}
	fputs("\nExit status: 0 nothing to do, or done; 1 with --exit-code: something was found; 2 usage error,\n"
	      "or output lost; 3 something is left that could not be ended, or seen.\n"
	      "See wedgereap(1) and wedgetools(7).\n", out);
	return ferror(out) ? -EIO : 0;
}

static void complete_bash(FILE *out)
{
	unsigned i;

	fputs("# bash completion of wedgereap\n_wedgereap()\n{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	      "\tif [[ $current == = ]]; then before=${COMP_WORDS[COMP_CWORD-1]}; current=; fi\n"
	      "\tcase $before in\n", out);
	for (i = 0; i < ROWS; i++) {
		if (!rows[i].value)
			continue;
		if (!rows[i].complete)
			fprintf(out, "\t--%s) return ;;\n", rows[i].name);
		else if (strcmp(rows[i].complete, "file") == 0)
			fprintf(out, "\t--%s) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n", rows[i].name);
		else
			fprintf(out, "\t--%s) COMPREPLY=($(compgen -W \"%s\" -- \"$current\")); return ;;\n", rows[i].name,
				rows[i].complete);
	}
	fputs("\tesac\n\tCOMPREPLY=($(compgen -W \"", out);
	for (i = 0; i < ROWS; i++)
		if (rows[i].help)
			fprintf(out, "--%s%s ", rows[i].name, rows[i].value ? "=" : "");
	fputs("\" -- \"$current\"))\n\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n}\n"
	      "complete -F _wedgereap wedgereap\n", out);
}

static void complete_zsh(FILE *out)
{
	const char *c;
	unsigned i;

	fputs("#compdef wedgereap\n_arguments -s", out);
	for (i = 0; i < ROWS; i++) {
		if (!rows[i].help)
			continue;
		fputs(" \\\n\t", out);
		if (rows[i].letter)
			fprintf(out, "'(-%c --%s)'{-%c,--%s}'[", rows[i].letter, rows[i].name, rows[i].letter, rows[i].name);
		else
			fprintf(out, "'--%s%s[", rows[i].name, rows[i].value ? "=" : "");
		for (c = rows[i].help; *c; c++)
			fprintf(out, "%s%c", *c == '[' || *c == ']' || *c == ':' ? "\\" : "", *c);
		fputc(']', out);
		if (rows[i].value && !rows[i].complete)
			fprintf(out, ":%s:", rows[i].value[0] == 'N' && rows[i].value[1] == 'A' ? "NAME=VALUE" : rows[i].value);
		else if (rows[i].value && strcmp(rows[i].complete, "file") == 0)
			fprintf(out, ":%s:_files", rows[i].value);
		else if (rows[i].value)
			fprintf(out, ":%s:(%s)", rows[i].value, rows[i].complete);
		fputc('\'', out);
	}
	fputc('\n', out);
}

int reap_completion(const char *shell, FILE *out)
{
	if (strcmp(shell, "bash") == 0)
		complete_bash(out);
	else if (strcmp(shell, "zsh") == 0)
		complete_zsh(out);
	else
		return -EINVAL;
	return ferror(out) ? -EIO : 0;
}
