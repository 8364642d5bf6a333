/* SPDX-License-Identifier: MIT */
/* The table of options as --help and as shell completion. */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int options_help(const struct tool *tool, FILE *out)
{
	char left[64];
	unsigned i;

	fprintf(out,
		"Usage: %s [OPTION]... [PID|NAME]...\n"
		"%s\n\n"
		"NAME is a systemd unit, a container id or the last part of a control group.\n"
		"Without a target: the processes of this CI job, else the jobs of this terminal.\n\n",
		tool->name, tool->purpose);
	for (i = 0; option_rows[i].name; i++) {
		if (!option_rows[i].help || !option_offered(&option_rows[i], tool))
			continue;
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", option_rows[i].letter ? '-' : ' ',
			 option_rows[i].letter ? option_rows[i].letter : ' ', option_rows[i].letter ? ',' : ' ', option_rows[i].name,
			 option_rows[i].value ? "=" : "", option_rows[i].value ? option_rows[i].value : "");
		fprintf(out, "  %-27s %s", left, option_rows[i].help);
		if (option_rows[i].complete && strcmp(option_rows[i].complete, "@formats") == 0) {
			const struct renderer *const *renderer;

			for (renderer = tool->renderers; *renderer; renderer++)
				fprintf(out, "%s%s", renderer == tool->renderers ? ": " : ", ", (*renderer)->name);
		}
		if (option_rows[i].letter == 'w')
			fprintf(out, " (default %" PRId64 ")", tool->window_ms / 1000);
		fputc('\n', out);
	}
	if (tool->judges)
		fputs("\nExit status: 0 nothing wedged, 1 wedged (likely or proved), 2 usage error, no such process or\n"
		      "output lost, 3 wedged but unsure, or unknown.\n", out);
	else
		fputs("\nExit status: 0 shown, 2 usage error, no such process or output lost, 3 nothing could be read.\n",
		      out);
	fprintf(out, "See %s(1) and wedgetools(7).\n", tool->name);
	return ferror(out) ? -EIO : 0;
}

/* "a|b" or "@formats" as words with blanks between. */
static void put_choices(const struct tool *tool, const char *complete, FILE *out)
{
	const struct renderer *const *renderer;

	if (strcmp(complete, "@formats") == 0) {
		for (renderer = tool->renderers; *renderer; renderer++)
			fprintf(out, "%s%s", renderer == tool->renderers ? "" : " ", (*renderer)->name);
		return;
	}
	for (; *complete; complete++)
		fputc(*complete == '|' ? ' ' : *complete, out);
}

static void complete_bash(const struct tool *tool, FILE *out)
{
	unsigned i;

	fprintf(out, "# bash completion of %s\n_%s()\n{\n"
		     "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
		     "\tif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
		     "\tif [[ $current == = ]]; then before=${COMP_WORDS[COMP_CWORD-1]}; current=; fi\n"
		     "\tcase $before in\n", tool->name, tool->name);
	for (i = 0; option_rows[i].name; i++) {
		if (!option_rows[i].value || !option_offered(&option_rows[i], tool))
			continue;
		fprintf(out, "\t--%s", option_rows[i].name);
		if (option_rows[i].letter)
			fprintf(out, "|-%c", option_rows[i].letter);
		if (!option_rows[i].complete) {
			fputs(") return ;;\n", out);
		} else if (strcmp(option_rows[i].complete, "file") == 0) {
			fputs(") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n", out);
		} else {
			fputs(") COMPREPLY=($(compgen -W \"", out);
			put_choices(tool, option_rows[i].complete, out);
			fputs("\" -- \"$current\")); return ;;\n", out);
		}
	}
	fputs("\tesac\n\tif [[ $current == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"", out);
	for (i = 0; option_rows[i].name; i++)
		if (option_rows[i].help && option_offered(&option_rows[i], tool))
			fprintf(out, "--%s%s ", option_rows[i].name, option_rows[i].value ? "=" : "");
	fprintf(out, "\" -- \"$current\"))\n"
		     "\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
		     "\telse\n"
		     "\t\tCOMPREPLY=($(compgen -W \"$(ps -eo pid= 2>/dev/null)\" -- \"$current\"))\n"
		     "\tfi\n}\ncomplete -F _%s %s\n", tool->name, tool->name);
}

static void complete_zsh(const struct tool *tool, FILE *out)
{
	const char *c;
	unsigned i;

	fprintf(out, "#compdef %s\n_arguments -s \\\n", tool->name);
	for (i = 0; option_rows[i].name; i++) {
		if (!option_rows[i].help || !option_offered(&option_rows[i], tool))
			continue;
		if (option_rows[i].letter)
			fprintf(out, "\t'(-%c --%s)'{-%c%s,--%s%s}'", option_rows[i].letter, option_rows[i].name, option_rows[i].letter,
				option_rows[i].value ? "+" : "", option_rows[i].name, option_rows[i].value ? "=" : "");
		else
			fprintf(out, "\t'--%s%s", option_rows[i].name, option_rows[i].value ? "=" : "");
		fputc('[', out);
		for (c = option_rows[i].help; *c; c++)
			fprintf(out, "%s%c", *c == '[' || *c == ']' || *c == ':' ? "\\" : "", *c);
		fputc(']', out);
		if (option_rows[i].value) {
			fprintf(out, ":%s:", option_rows[i].name);
			if (option_rows[i].complete && strcmp(option_rows[i].complete, "file") == 0) {
				fputs("_files", out);
			} else if (option_rows[i].complete) {
				fputc('(', out);
				put_choices(tool, option_rows[i].complete, out);
				fputc(')', out);
			}
		}
		fputs("' \\\n", out);
	}
	fputs("\t'*:process:_pids'\n", out);
}

int options_completion(const struct tool *tool, const char *shell, FILE *out)
{
	if (strcmp(shell, "bash") == 0)
		complete_bash(tool, out);
	else if (strcmp(shell, "zsh") == 0)
		complete_zsh(tool, out);
	else
		return -EINVAL;
	return ferror(out) ? -EIO : 0;
}
