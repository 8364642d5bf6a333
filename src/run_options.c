/* SPDX-License-Identifier: MIT */
/* The options of wedgerun: one table serves getopt, --help and completion. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

enum { COUNT_MOST = 10000 };

struct parse { struct run_request *request; char *complaint; size_t size; };

struct row {
	const char *name, *value; /* value NULL: a flag */
	char letter;
	const char *complete;     /* "file", words "a|b|c"; NULL: nothing to offer */
	const char *help;         /* NULL: hidden */
	int (*set)(struct parse *parse, const char *value);
};

static int refuse(struct parse *parse, const char *what, const char *value, const char *why)
{
	snprintf(parse->complaint, parse->size, "%s '%.80s': %s", what, value, why);
	return -EINVAL;
}

static int set_duration(struct parse *parse, const char *option, const char *value, int64_t *ret)
{
	return run_duration_parse(value, ret) < 0 ?
		       refuse(parse, option, value, "not a duration such as 300, 0.5, 5m or 1h30m") : 0;
}

static int set_count(struct parse *parse, const char *option, const char *value, unsigned least, unsigned *ret)
{
	char *end;
	unsigned long count;

	errno = 0;
	count = strtoul(value, &end, 10);
	if (errno || *end || *value < '0' || *value > '9' || count < least || count > COUNT_MOST)
		return refuse(parse, option, value, "not a count");
	*ret = (unsigned)count;
	return 0;
}

/* ---- one function an option ---------------------------------------------------- */

static int set_foreground(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->foreground = true;
	return 0;
}

static int set_kill_after(struct parse *parse, const char *value)
{
	return set_duration(parse, "--kill-after", value, &parse->request->kill_after_ns);
}

static int set_preserve_status(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->preserve_status = true;
	return 0;
}

static int set_signal(struct parse *parse, const char *value)
{
	if (run_signal_parse(value, &parse->request->signal) < 0)
		return refuse(parse, "--signal", value, "no such signal");
	return 0;
}

static int set_verbose(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->verbose = true;
	return 0;
}

static int set_stall(struct parse *parse, const char *value)
{
	return set_duration(parse, "--stall", value, &parse->request->stall_ns);
}

static int set_kill_stalled(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->kill_stalled = true;
	return 0;
}

static int set_leak(struct parse *parse, const char *value)
{
	static const char *const names[] = { "", "ignore", "warn", "kill", "fail" };
	unsigned i;

	for (i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], value) == 0) {
			parse->request->leak = (enum leak)i;
			return 0;
		}
	}
	return refuse(parse, "--leak", value, "ignore, warn, kill or fail");
}

static int set_retry_hang(struct parse *parse, const char *value)
{
	return set_count(parse, "--retry-hang", value, 0, &parse->request->retry_hang);
}

static int set_flaky(struct parse *parse, const char *value)
{
	if (strcmp(value, "pass") && strcmp(value, "fail"))
		return refuse(parse, "--flaky", value, "pass or fail");
	parse->request->flaky_fail = strcmp(value, "fail") == 0;
	return 0;
}

static int set_repeat(struct parse *parse, const char *value)
{
	return set_count(parse, "--repeat", value, 1, &parse->request->repeat);
}

static int set_until_fail(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->until_fail = true;
	return 0;
}

static int set_private_net(struct parse *parse, const char *value)
{
	(void)value;
	parse->request->private_net = true;
	return 0;
}

static int set_report_dir(struct parse *parse, const char *value)
{
	if (!*value)
		return refuse(parse, "--report-dir", value, "no name");
	parse->request->report_dir = value;
	return 0;
}

static int set_window(struct parse *parse, const char *value)
{
	if (set_duration(parse, "--window", value, &parse->request->window_ns) < 0)
		return -EINVAL;
	if (parse->request->window_ns > INT64_C(3600000000000))
		return refuse(parse, "--window", value, "more than an hour");
	return 0;
}

static int set_triage(struct parse *parse, const char *value)
{
	return set_duration(parse, "--triage", value, &parse->request->triage_ns);
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

/* ---- the table ------------------------------------------------------------------- */

static const struct row rows[] = {
	{ "foreground", NULL, 'f', NULL, "the command stays in our process group and has the terminal", set_foreground },
	{ "kill-after", "DURATION", 'k', NULL, "time from the signal to KILL (default 5; 0 never)", set_kill_after },
	{ "preserve-status", NULL, 'p', NULL, "after a hang, exit as the command did", set_preserve_status },
	{ "signal", "SIGNAL", 's', "TERM|INT|HUP|QUIT|USR1|ABRT|KILL", "what to send first (default TERM)", set_signal },
	{ "verbose", NULL, 'v', NULL, "say what is sent to whom", set_verbose },
	{ "stall", "DURATION", 0, NULL, "report when nothing moves for so long", set_stall },
	{ "kill-stalled", NULL, 0, NULL, "with --stall: end the run then", set_kill_stalled },
	{ "leak", "HOW", 0, "ignore|warn|kill|fail", "processes left behind: ignore, warn, kill or fail", set_leak },
	{ "retry-hang", "N", 0, NULL, "after a hang, run again up to N times", set_retry_hang },
	{ "flaky", "HOW", 0, "pass|fail", "a hang and then a pass: pass (default) or fail", set_flaky },
	{ "repeat", "N", 0, NULL, "run N times, show a table", set_repeat },
	{ "until-fail", NULL, 0, NULL, "with --repeat: stop at the first that does not pass", set_until_fail },
	{ "private-net", NULL, 0, NULL, "in a network namespace of its own, loopback up", set_private_net },
	{ "report-dir", "DIR", 0, "file", "put reports, outcome and JUnit file there", set_report_dir },
	{ "window", "SECONDS", 'w', NULL, "time between the two looks (default 2)", set_window },
	{ "triage", "DURATION", 0, NULL, "longest time for a report (default 8; 0 no reports)", set_triage },
	{ "completion", "SHELL", 0, "bash|zsh", NULL, set_completion },
	{ "help", NULL, 'h', NULL, "show this help", set_help },
	{ "version", NULL, 'V', NULL, "show the version", set_version },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static int take_options(struct parse *parse, int argc, char **argv)
{
	struct option options[ROWS + 1] = { 0 };
	char letters[2 * ROWS + 3] = "+:"; /* what follows the command is the command's */
	unsigned i;
	int c, r;

	for (i = 0; i < ROWS; i++) {
		options[i] = (struct option){ rows[i].name, rows[i].value ? required_argument : no_argument, NULL, 256 + (int)i };
		if (rows[i].letter)
			snprintf(letters + strlen(letters), 3, "%c%s", rows[i].letter, rows[i].value ? ":" : "");
	}
	optind = 0; /* glibc: start afresh, in case a test calls twice */
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (c == ':' || c == '?') {
			const char *said = argv[optind - 1];

			if (c == '?' && optopt && optopt < 256)
				snprintf(parse->complaint, parse->size, "unknown option -%c", optopt);
			else
				snprintf(parse->complaint, parse->size, "%s %.80s",
					 c == ':' ? "a value is missing after" :
					 optopt ? "no value is taken by" : "unknown or ambiguous option", said);
			return -EINVAL;
		}
		for (i = 0; i < ROWS; i++)
			if (c == 256 + (int)i || (c < 256 && c == rows[i].letter))
				break;
		r = rows[i].set(parse, optarg);
		if (r < 0)
			return r;
	}
	return 0;
}

int run_options_parse(int argc, char **argv, struct run_request *ret, char *complaint, size_t size)
{
	struct run_request request = {
		.kill_after_ns = INT64_C(5000000000), .window_ns = INT64_C(2000000000), .triage_ns = INT64_C(8000000000),
		.signal = SIGTERM, .repeat = 1,
	};
	struct parse parse = { &request, complaint, size };
	int r;

	*complaint = '\0';
	r = take_options(&parse, argc, argv);
	if (r < 0)
		return r;
	if (request.help || request.version || request.completion) {
		*ret = request;
		return 0;
	}
	if (argc - optind < 2) {
		snprintf(complaint, size, argc == optind ? "no duration and no command" : "no command");
		return -EINVAL;
	}
	if (set_duration(&parse, "DURATION", argv[optind], &request.limit_ns) < 0)
		return -EINVAL;
	if (request.kill_stalled && request.stall_ns == 0) {
		snprintf(complaint, size, "--kill-stalled needs --stall");
		return -EINVAL;
	}
	if (request.repeat > 1 && request.retry_hang > 0) {
		snprintf(complaint, size, "--repeat and --retry-hang exclude each other");
		return -EINVAL;
	}
	if (request.until_fail && request.repeat == 1)
		request.repeat = COUNT_MOST;
	request.command = argv + optind + 1;
	*ret = request;
	return 0;
}

/* ---- showing it -------------------------------------------------------------------- */

int run_options_help(FILE *out)
{
	char left[64];
	unsigned i;

	fputs("Usage: wedgerun [OPTION]... DURATION COMMAND [ARG]...\n"
	      "Run a command; if it takes longer, say what all of it waits for, then end all of it.\n\n"
	      "DURATION is a number with s, m, h or d, or several of these: 300, 0.5, 5m, 1h30m; 0 is no limit.\n\n", out);
	for (i = 0; i < ROWS; i++) {
		if (!rows[i].help)
			continue;
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", rows[i].letter ? '-' : ' ', rows[i].letter ? rows[i].letter : ' ',
			 rows[i].letter ? ',' : ' ', rows[i].name, rows[i].value ? "=" : "", rows[i].value ? rows[i].value : "");
		fprintf(out, "  %-27s %s\n", left, rows[i].help);
	}
	fputs("\nSIGUSR1 or SIGQUIT to wedgerun: report now, and go on.\n"
	      "Exit status: 122 processes left behind (--leak=fail), 123 flaky (--flaky=fail), 124 hang, 125 trouble of\n"
	      "our own, 126 the command cannot be run, 127 it was not found; else the command's own.\n"
	      "See wedgerun(1) and wedgetools(7).\n", out);
	return ferror(out) ? -EIO : 0;
}

static void put_words(const char *words, FILE *out)
{
	for (; *words; words++)
		fputc(*words == '|' ? ' ' : *words, out);
}

static void complete_bash(FILE *out)
{
	unsigned i;

	/* Behind the duration it is the command's own completion that counts. */
	fputs("# bash completion of wedgerun\n_wedgerun()\n{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} i\n"
	      "\tif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	      "\tif [[ $current == = ]]; then before=${COMP_WORDS[COMP_CWORD-1]}; current=; fi\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tif [[ ${COMP_WORDS[i]} == [0-9.]* && ${COMP_WORDS[i-1]} != [-=]* ]]; then\n"
	      "\t\t\tif declare -F _command_offset >/dev/null; then _command_offset $((i + 1)); fi\n"
	      "\t\t\treturn\n\t\tfi\n\tdone\n"
	      "\tcase $before in\n", out);
	for (i = 0; i < ROWS; i++) {
		if (!rows[i].value)
			continue;
		fprintf(out, "\t--%s", rows[i].name);
		if (rows[i].letter)
			fprintf(out, "|-%c", rows[i].letter);
		if (!rows[i].complete) {
			fputs(") return ;;\n", out);
		} else if (strcmp(rows[i].complete, "file") == 0) {
			fputs(") COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n", out);
		} else {
			fputs(") COMPREPLY=($(compgen -W \"", out);
			put_words(rows[i].complete, out);
			fputs("\" -- \"$current\")); return ;;\n", out);
		}
	}
	fputs("\tesac\n\tif [[ $current == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"", out);
	for (i = 0; i < ROWS; i++)
		if (rows[i].help)
			fprintf(out, "--%s%s ", rows[i].name, rows[i].value ? "=" : "");
	fputs("\" -- \"$current\"))\n\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n\tfi\n}\n"
	      "complete -F _wedgerun wedgerun\n", out);
}

static void complete_zsh(FILE *out)
{
	const char *c;
	unsigned i;

	fputs("#compdef wedgerun\n_arguments -s -S \\\n", out);
	for (i = 0; i < ROWS; i++) {
		if (!rows[i].help)
			continue;
		if (rows[i].letter)
			fprintf(out, "\t'(-%c --%s)'{-%c%s,--%s%s}'", rows[i].letter, rows[i].name, rows[i].letter,
				rows[i].value ? "+" : "", rows[i].name, rows[i].value ? "=" : "");
		else
			fprintf(out, "\t'--%s%s", rows[i].name, rows[i].value ? "=" : "");
		fputc('[', out);
		for (c = rows[i].help; *c; c++)
			fprintf(out, "%s%c", *c == '[' || *c == ']' || *c == ':' ? "\\" : "", *c);
		fputc(']', out);
		if (rows[i].value && !rows[i].complete) {
			fprintf(out, ":%s:", rows[i].name);
		} else if (rows[i].value && strcmp(rows[i].complete, "file") == 0) {
			fprintf(out, ":%s:_files -/", rows[i].name);
		} else if (rows[i].value) {
			fprintf(out, ":%s:(", rows[i].name);
			put_words(rows[i].complete, out);
			fputc(')', out);
		}
		fputs("' \\\n", out);
	}
	fputs("\t'1:duration:' \\\n\t'(-)2:command:_command_names -e' \\\n\t'*::arguments:_normal'\n", out);
}

int run_options_completion(const char *shell, FILE *out)
{
	if (strcmp(shell, "bash") == 0)
		complete_bash(out);
	else if (strcmp(shell, "zsh") == 0)
		complete_zsh(out);
	else
		return -EINVAL;
	return ferror(out) ? -EIO : 0;
}
