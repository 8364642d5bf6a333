/* SPDX-License-Identifier: MIT */
/*
 * wedgereap: what did a dead run leave behind?  Finds it by evidence, shows it, and ends it
 * when told to.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "door.h"
#include "escape.h"
#include "options.h"
#include "reap.h"

enum { STATUS_DONE = 0, STATUS_FOUND = 1, STATUS_TROUBLE = 2, STATUS_LEFT = 3 };

static int complain(const char *text)
{
	fputs("wedgereap: ", stderr);
	put_escaped(stderr, PLACE_TERMINAL, text, strlen(text));
	fputc('\n', stderr);
	return STATUS_TROUBLE;
}

static int trouble(const char *what, int error)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(-error));
	return complain(text);
}

/* As setlocale(3) would find, without loading a locale: only this much of it is used. */
static bool takes_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = getenv(names[i]);
		if (value && *value)
			return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
	}
	return false;
}

static struct render_options layout(const struct reap_options *options)
{
	struct render_options ret = { .verbose = options->verbose, .utf8 = takes_utf8() };
	const char *term = getenv("TERM"), *none = getenv("NO_COLOR");
	const bool terminal = isatty(STDOUT_FILENO);
	struct winsize size;

	ret.color = options->color == COLOR_ALWAYS ||
		    (options->color == COLOR_AUTO && terminal && !(none && *none) && term && strcmp(term, "dumb") != 0);
	if (options->columns >= 0)
		ret.columns = (unsigned)options->columns;
	else if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		ret.columns = size.ws_col;
	return ret;
}

static int print(const struct reap_options *options)
{
	int r = 0;

	if (options->version)
		printf("wedgereap (wedgetools) %s\n", PACKAGE_VERSION);
	else if (options->help)
		r = reap_help(stdout);
	else
		r = reap_completion(options->completion, stdout);
	if (r == -EINVAL)
		return complain("--completion is for bash or zsh");
	if (r == 0 && fflush(stdout) != 0)
		r = -errno;
	return r < 0 ? trouble("cannot write to standard output", r) : STATUS_DONE;
}

/* Look, and end what was found when told to. */
static int reap(struct reaper *reaper, int *ret_status)
{
	const struct reap_options *options = reaper->options;
	uint32_t new;
	bool hidden = false;
	int32_t port = 0;
	int r;

	r = output_learn(reaper);
	if (r == 0)
		r = runs_read(reaper, reaper->uid);
	if (r == 0 && options->kill && options->runs)
		r = runs_claim(reaper);
	if (r == 0)
		r = reap_sweep(reaper, false, &new);
	if (r == 0)
		r = holds_read(reaper, reaper->left, reaper->left_count);
	if (r == 0)
		r = holds_read(reaper, reaper->spared, reaper->spared_count);
	if (r == 0 && options->kill) {
		r = reap_kill(reaper);
		if (r == 0)
			r = ports_left(reaper, &port);
		if (r == 0 && port)
			r = reap_note(reaper, "port %d is still listened on", port);
	}
	if (r == 0 && options->runs)
		r = runs_hidden(reaper, &hidden);
	/* Not when some of what they left was not looked for. */
	if (r == 0 && options->kill && options->runs && !options->matches && options->older_ms < 0)
		runs_forget(reaper);
	if (hidden || (options->kill && (port || reap_survivors(reaper) > 0)))
		*ret_status = STATUS_LEFT;
	else
		*ret_status = options->exit_code && reaper->left_count > 0 ? STATUS_FOUND : STATUS_DONE;
	return r;
}

static void list_free(struct leftover *list, uint32_t count)
{
	uint32_t i, k;

	for (i = 0; i < count; i++) {
		for (k = 0; k < list[i].hold_count; k++)
			free(list[i].hold[k].text);
		free(list[i].hold);
		free(list[i].argv);
	}
	free(list);
}

static void reaper_end(struct reaper *reaper)
{
	runs_end(&reaper->runs);
	census_end(&reaper->last);
	list_free(reaper->left, reaper->left_count);
	list_free(reaper->spared, reaper->spared_count);
	free(reaper->environs.row);
	free(reaper->outputs);
	free(reaper->notes);
	door_close(reaper->door);
}

static int work(const struct reap_options *options)
{
	struct reaper reaper = { .options = options, .uid = getuid() };
	const struct render_options shape = layout(options);
	int r, status;

	r = door_open("/proc", &reaper.door);
	if (r < 0)
		return trouble("cannot open /proc", r);
	r = reap(&reaper, &status);
	if (r < 0) {
		status = trouble("cannot go on", r);
	} else {
		r = options->json ? reap_json(&reaper, status, stdout) : reap_show(&reaper, &shape, stdout);
		if (r == 0 && fflush(stdout) != 0)
			r = -errno;
		if (r < 0)
			status = trouble("cannot write to standard output", r);
	}
	reaper_end(&reaper);
	return status;
}

/* With 0, 1 or 2 closed, the next file we open would be mistaken for them. */
static bool open_standard_files(void)
{
	const bool no_output = fcntl(STDOUT_FILENO, F_GETFD) < 0;
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	return !no_output;
}

int main(int argc, char **argv)
{
	const bool output = open_standard_files();
	struct reap_options options;
	char complaint[256], text[320];
	int r, status;

	signal(SIGPIPE, SIG_IGN); /* a closed pipe is a result that could not be written */
	r = reap_options_parse(argc, argv, &options, complaint, sizeof(complaint));
	if (r == -EINVAL) {
		snprintf(text, sizeof(text), "%s (try 'wedgereap --help')", complaint);
		return complain(text);
	}
	if (r < 0)
		return trouble("cannot start", r);
	if (!output)
		status = trouble("cannot write to standard output", -EBADF);
	else if (options.version || options.help || options.completion)
		status = print(&options);
	else
		status = work(&options);
	reap_options_end(&options);
	return status;
}
