/* SPDX-License-Identifier: MIT */
/*
 * What all looking tools do, in order: read the command line, get a snapshot (live or
 * replayed), keep it if asked, judge, render, exit.  Only here do we print complaints.
 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "aside.h"
#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "escape.h"
#include "field.h"
#include "options.h"
#include "progress.h"
#include "survey.h"

enum { STATUS_DONE = 0, STATUS_WEDGED = 1, STATUS_TROUBLE = 2, STATUS_UNSURE = 3 };

static void complain(const struct tool *tool, const char *text)
{
	fprintf(stderr, "%s: ", tool->name);
	put_escaped(stderr, PLACE_TERMINAL, text, strlen(text));
	fputc('\n', stderr);
}

static int trouble(const struct tool *tool, const char *what, const char *name, int error)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%.300s: %s", what, name ? " " : "", name ? name : "", strerror(-error));
	complain(tool, text);
	return STATUS_TROUBLE;
}

/* ---- getting the snapshot ------------------------------------------------------ */

static int keep_question(const struct tool *tool, const struct request *request, struct snapshot *snapshot)
{
	struct text name, value;
	const char *equals;
	char selector[256] = "";
	size_t i, used = 0;
	int r;

	/* A line of argv of our own: what the reader typed, so that advice can repeat it. */
	for (i = 0; i < request->selector_count && used < sizeof(selector) - 1; i++) {
		static const char *const words[] = { "", "--port=", "--marker=", "--match=", "--session=", "--cgroup=" };
		const struct selector *selector_i = &request->selectors[i];

		used += (size_t)snprintf(selector + used, sizeof(selector) - used, "%s%s%s", i ? " " : "",
					 words[selector_i->kind], selector_i->value);
	}
	r = snapshot_text(snapshot, selector, strlen(selector), &snapshot->asked.selector);
	if (r < 0)
		return r;
	if (request->test) {
		r = snapshot_text(snapshot, request->test, strlen(request->test), &snapshot->asked.test);
		if (r < 0)
			return r;
	}
	for (i = 0; i < request->label_count; i++) {
		equals = strchr(request->labels[i], '=');
		r = snapshot_text(snapshot, request->labels[i], (size_t)(equals - request->labels[i]), &name);
		if (r == 0)
			r = snapshot_text(snapshot, equals + 1, strlen(equals + 1), &value);
		if (r == 0)
			r = snapshot_add_label(snapshot, name, value);
		if (r < 0)
			return r;
	}
	snapshot->asked.window_ms = request->window_ms;
	snapshot->asked.overdue = request->overdue;
	snapshot->asked.first = (int32_t)request->first;
	if (tool->offers & OFFER_STOP) {
		snapshot->asked.stop = (uint8_t)request->stop;
		snapshot->asked.samples = request->samples;
		snapshot->asked.interval_ms = request->interval_ms;
	}
	return 0;
}

static const char *marker_asked(const struct request *request)
{
	size_t i;

	for (i = 0; i < request->selector_count; i++)
		if (request->selectors[i].kind == SELECT_MARKER)
			return request->selectors[i].value;
	return NULL;
}

static int look(const struct tool *tool, const struct request *request, struct snapshot *snapshot)
{
	const int64_t sampling_ms = (request->samples - 1) * request->interval_ms;
	struct progress progress;
	const struct survey_options options = {
		.probes = tool->probes,
		.window_ns = request->window_ms * INT64_C(1000000),
		.budget_ns = BOUND_BUDGET_MS * INT64_C(1000000),
		.probe = {
			.whole_args = request->whole_args,
			.marker = marker_asked(request),
			.stop = request->stop,
			.interval_ns = request->interval_ms * INT64_C(1000000),
		},
		.samples = request->samples,
		.all_stacks = request->all_stacks || (tool->offers & OFFER_STACKS),
		.progress = progress_tell,
		.context = &progress,
	};
	char complaint[512] = "";
	struct door *door;
	int r;

	r = door_open("/proc", &door);
	if (r < 0)
		return trouble(tool, "cannot open /proc", NULL, r);
	r = keep_question(tool, request, snapshot);
	if (r == 0) {
		r = select_targets(door, request->selectors, request->selector_count, snapshot, complaint,
				   sizeof(complaint));
		if (*complaint) {
			complain(tool, complaint);
			door_close(door);
			return STATUS_TROUBLE;
		}
	}
	if (r == 0) {
		progress_begin(&progress, tool->name, request->window_ms, sampling_ms);
		r = survey(door, &options, snapshot);
		progress_end(&progress);
	}
	door_close(door);
	return r < 0 ? trouble(tool, "cannot look", NULL, r) : STATUS_DONE;
}

static int replay(const struct tool *tool, const struct request *request, struct snapshot *snapshot)
{
	_cleanup_fclose_ FILE *from = NULL;
	struct field_error error = { 0 };
	char text[512];
	int r;

	from = strcmp(request->replay, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r") : fopen(request->replay, "re");
	if (!from)
		return trouble(tool, "cannot read", request->replay, -errno);
	r = snapshot_load(from, snapshot, &error);
	if (r == -EBADMSG) {
		snprintf(text, sizeof(text), "%.300s:%zu: %s%s%s", request->replay, error.line, error.where,
			 *error.where ? ": " : "", error.what);
		complain(tool, text);
		return STATUS_TROUBLE;
	}
	if (r < 0)
		return trouble(tool, "cannot read", request->replay, r);
	if (request->overdue)
		snapshot->asked.overdue = 1;
	if (request->first >= 0)
		snapshot->asked.first = (int32_t)request->first;
	return STATUS_DONE;
}

/* Asked before we look. */
static bool may_be_written(const struct tool *tool, const char *what, const char *path)
{
	char text[320];

	if (!path || aside_may_replace(path))
		return true;
	snprintf(text, sizeof(text), "cannot %s %.200s: it is there and no regular file", what, path);
	complain(tool, text);
	return false;
}

struct drawing {
	const struct report *report;
	const struct render_options *options;
};

static int put_snapshot(const void *what, FILE *to)
{
	return snapshot_save(what, to);
}

static int put_drawing(const void *what, FILE *to)
{
	const struct drawing *drawing = what;

	return render_flamegraph.render(drawing->report, drawing->options, to);
}

static int draw(const struct report *report, const struct render_options *options, const char *path)
{
	const struct drawing drawing = { report, options };

	return aside_write(path, put_drawing, &drawing);
}

/* ---- showing it ---------------------------------------------------------------- */

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

static struct render_options layout(const struct request *request)
{
	struct render_options options = { .verbose = request->verbose, .all_stacks = request->all_stacks,
					 .utf8 = takes_utf8() };
	const char *term = getenv("TERM"), *none = getenv("NO_COLOR"), *columns = getenv("COLUMNS");
	bool terminal = isatty(STDOUT_FILENO);
	struct winsize size;

	options.color = request->color == COLOR_ALWAYS
			|| (request->color == COLOR_AUTO && terminal && !(none && *none)
			    && term && strcmp(term, "dumb") != 0);
	if (request->columns >= 0)
		options.columns = (unsigned)request->columns;
	else if (terminal && columns && atoi(columns) >= 40)
		options.columns = (unsigned)atoi(columns);
	else if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		options.columns = size.ws_col;
	return options;
}

static bool anything_seen(const struct tool *tool, const struct snapshot *snapshot)
{
	uint32_t i;

	if (tool->offers & OFFER_STACKS)
		return snapshot->frames.count > 0;
	for (i = 0; i < snapshot->tasks.count; i++)
		if (snapshot->tasks.row[i].at[LOOK_T0].stat_sight == SIGHT_OK
		    || snapshot->tasks.row[i].at[LOOK_T1].stat_sight == SIGHT_OK)
			return true;
	return false;
}

static int flush_out(void)
{
	if (fflush(stdout) != 0)
		return -errno;
	return ferror(stdout) ? -EIO : 0;
}

static int show(const struct tool *tool, const struct request *request, const struct snapshot *snapshot)
{
	const struct render_options options = layout(request);
	struct report report;
	struct scene scene;
	struct graph graph;
	struct arena arena;
	int drawn = STATUS_DONE, r, status;

	arena_init(&arena);
	r = scene_init(snapshot, &arena, &scene);
	if (r == 0)
		r = graph_build(&scene, &graph);
	if (r == 0)
		r = judge(&scene, &graph, tool->judges || tool->ranks, &report);
	if (r < 0) {
		arena_deinit(&arena);
		return trouble(tool, "cannot judge", NULL, r);
	}
	report.judged = tool->judges;
	if (request->flamegraph) {
		r = draw(&report, &options, request->flamegraph);
		if (r < 0)
			drawn = trouble(tool, "cannot write", request->flamegraph, r);
	}
	r = request->renderer->render(&report, &options, stdout);
	if (r == 0)
		r = flush_out();
	if (tool->judges)
		status = report_status(&report);
	else
		status = anything_seen(tool, snapshot) ? STATUS_DONE : STATUS_UNSURE;
	arena_deinit(&arena);
	if (r < 0)
		return trouble(tool, "cannot write to standard output", NULL, r);
	return drawn != STATUS_DONE ? drawn : status;
}

static int print(const struct tool *tool, const struct request *request)
{
	int r = 0;

	if (request->version)
		printf("%s (wedgetools) %s\n", tool->name, PACKAGE_VERSION);
	else if (request->pytest_path)
		puts(PYTESTDIR);
	else if (request->help)
		r = options_help(tool, stdout);
	else
		r = options_completion(tool, request->completion, stdout);
	if (r == -EINVAL) {
		complain(tool, "--completion is for bash or zsh");
		return STATUS_TROUBLE;
	}
	if (r == 0)
		r = flush_out();
	return r < 0 ? trouble(tool, "cannot write to standard output", NULL, r) : STATUS_DONE;
}

/* With 0, 1 or 2 closed, the next file we open would be mistaken for them. */
static void open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Whoever started us may be in wait(2) for any child: our end would be taken for that of another. */
static void stay(void)
{
	char byte;
	ssize_t n;

	fclose(stdout);
	fclose(stderr);
	do
		n = read(STDIN_FILENO, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
}

int tool_main(const struct tool *tool, int argc, char **argv)
{
	const bool no_output = fcntl(STDOUT_FILENO, F_GETFD) < 0;
	struct snapshot snapshot;
	struct request request;
	char complaint[256], text[320];
	int r, status;

	open_standard_files();
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is a result that could not be written */
	r = options_parse(tool, argc, argv, &request, complaint, sizeof(complaint));
	if (r < 0) {
		if (r == -EINVAL) {
			snprintf(text, sizeof(text), "%s (try '%s --help')", complaint, tool->name);
			complain(tool, text);
			return STATUS_TROUBLE;
		}
		return trouble(tool, "cannot start", NULL, r);
	}
	if (no_output) {
		request_deinit(&request);
		return trouble(tool, "cannot write to standard output", NULL, -EBADF);
	}
	if (!may_be_written(tool, "save to", request.save) || !may_be_written(tool, "draw into", request.flamegraph)) {
		request_deinit(&request);
		return STATUS_TROUBLE;
	}
	if (request.version || request.pytest_path || request.help || request.completion) {
		status = print(tool, &request);
		request_deinit(&request);
		return status;
	}

	if (request.replay) {
		status = replay(tool, &request, &snapshot);
		if (status != STATUS_DONE) {
			request_deinit(&request);
			return status;
		}
	} else {
		r = snapshot_init(&snapshot);
		if (r < 0) {
			request_deinit(&request);
			return trouble(tool, "cannot start", NULL, r);
		}
		status = look(tool, &request, &snapshot);
	}
	if (status == STATUS_DONE && request.save) {
		r = aside_write(request.save, put_snapshot, &snapshot);
		if (r < 0)
			status = trouble(tool, "cannot save to", request.save, r);
	}
	/* Evidence that could not be kept is no reason to withhold the answer. */
	if (status == STATUS_DONE || (request.save && snapshot.processes.count > 0)) {
		r = show(tool, &request, &snapshot);
		if (status == STATUS_DONE)
			status = r;
	}
	snapshot_deinit(&snapshot);
	if (request.stay)
		stay();
	request_deinit(&request);
	return status;
}
