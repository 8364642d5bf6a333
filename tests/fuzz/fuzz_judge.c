/* SPDX-License-Identifier: MIT */
/*
 * Any saved snapshot through graph, judge and all renderers.  Whatever the file says: the
 * exit status is one of ours, text holds nothing raw, JSON is JSON, and the same snapshot
 * gives the same bytes, after it was saved and loaded again, too.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "field.h"
#include "render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct { const struct renderer *renderer; bool judged; struct render_options options; } shows[] = {
	{ &render_text, true, { .columns = 100, .utf8 = true } },
	{ &render_text, true, { .columns = 40, .verbose = true } },
	{ &render_json, true, { .utf8 = true } },
	{ &render_class, true, { .columns = 0 } },
	{ &render_tree, false, { .columns = 80, .utf8 = true } },
	{ &render_state, false, { .columns = 80 } },
	{ &render_sock, false, { .verbose = true } },
	{ &render_json, false, { .verbose = true } },
	{ &render_stack, true, { .columns = 60, .utf8 = true } },
	{ &render_stack_flat, false, { .verbose = true } },
	{ &render_stack_tree, false, { .columns = 80 } },
	{ &render_folded, false, { .utf8 = true } },
	{ &render_flamegraph, false, { .columns = 0 } },
	{ &render_github, true, { .utf8 = true } },
	{ &render_markdown, true, { .columns = 100, .utf8 = true, .verbose = true } },
	{ &render_junit, true, { .utf8 = true } },
};
enum { SHOWS = sizeof(shows) / sizeof(shows[0]) };

struct shown { char *bytes; size_t length; };

static bool load(const void *bytes, size_t length, struct snapshot *ret)
{
	FILE *from = fmemopen((void *)(uintptr_t)bytes, length, "r");
	struct field_error error;
	int r;

	if (!from)
		abort();
	r = snapshot_load(from, ret, &error);
	fclose(from);
	return r == 0;
}

/* Line feeds and what a terminal shows; bytes from 0x80 up only where UTF-8 is taken. */
static void check_text(const struct shown *shown, const struct render_options *options)
{
	size_t i;

	for (i = 0; i < shown->length; i++) {
		const unsigned char c = (unsigned char)shown->bytes[i];

		if (c == 0x7f || (c < 0x20 && c != '\n') || (c >= 0x80 && !options->utf8))
			abort();
	}
}

static void check_json(const struct shown *shown)
{
	json_t *object = json_loadb(shown->bytes, shown->length, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(object))
		abort();
	json_decref(object);
}

/* What targets say adds no element: one script, and as many boxes as tooltips. */
static void check_drawing(const struct shown *shown)
{
	static const char *const names[] = { "<script ", "<title>", "</title>", "<rect x", "<g>", "</svg>" };
	size_t count[sizeof(names) / sizeof(names[0])] = { 0 }, i;
	const char *script = strstr(shown->bytes, "<script "), *at;

	if (!script)
		abort();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (at = strstr(shown->bytes, names[i]); at; at = strstr(at + 1, names[i]))
			count[i]++;
	if (count[0] != 1 || count[1] != count[2] || count[1] != count[3] || count[1] != count[4] || count[5] != 1)
		abort();
}

/* One command or none, and in its properties no more of them; nothing that ends a line or is undone. */
static void check_command(const struct shown *shown)
{
	const char *title, *data, *at;

	if (shown->length == 0)
		return;
	title = strchr(shown->bytes, '=');
	if ((strncmp(shown->bytes, "::error title=", 14) != 0 && strncmp(shown->bytes, "::warning title=", 16) != 0) ||
	    strchr(shown->bytes, '\n') != shown->bytes + shown->length - 1)
		abort();
	data = strstr(title, "::");
	if (!data || strpbrk(title, ",:") != data)
		abort();
	for (at = title; (at = strchr(at, '%')); at++)
		if (strncmp(at, "%25", 3) != 0 && (at > data || (strncmp(at, "%3A", 3) != 0 && strncmp(at, "%2C", 3) != 0)))
			abort();
}

/* What targets say adds no element, and no more than a page takes. */
static void check_page(const struct shown *shown, const char *const *names)
{
	const char *at, *name;

	if (shown->length > BOUND_SUMMARY)
		abort();
	for (at = shown->bytes; (at = strchr(at, '<')); at++) {
		unsigned i;

		for (i = 0; (name = names[i]); i++)
			if (strncmp(at, name, strlen(name)) == 0)
				break;
		if (!name)
			abort();
	}
}

static void show_all(const struct snapshot *snapshot, struct shown ret[SHOWS])
{
	static const char *const page_names[] = {
		"<table>\n", "</table>\n", "<tr><th ", "<th align=\"left\">", "</th><td><code>", "<td><code>", "<code>",
		"</code></td></tr>\n", "</td></tr>\n", "</tr>\n", "<pre>\n", "</pre>\n", NULL,
	};
	static const char *const case_names[] = {
		"<?xml version", "<testsuites>", "</testsuites>", "<testsuite name", "</testsuite>", "<testcase classname",
		"</testcase>", "<error type=\"hang\" ", "</error>", "<system-out>", "</system-out>", NULL,
	};
	struct report report;
	struct scene scene;
	struct graph graph;
	struct arena arena;
	unsigned i;
	FILE *out;

	for (i = 0; i < SHOWS; i++) {
		arena_init(&arena);
		out = open_memstream(&ret[i].bytes, &ret[i].length);
		if (!out || scene_init(snapshot, &arena, &scene) != 0 || graph_build(&scene, &graph) != 0 ||
		    judge(&scene, &graph, shows[i].judged, &report) != 0 ||
		    shows[i].renderer->render(&report, &shows[i].options, out) != 0)
			abort();
		fclose(out);
		if (shows[i].judged && (report_status(&report) < 0 || report_status(&report) == 2 || report_status(&report) > 3))
			abort();
		arena_deinit(&arena);
		if (shows[i].renderer == &render_json)
			check_json(&ret[i]);
		else if (shows[i].renderer == &render_flamegraph)
			check_drawing(&ret[i]);
		else
			check_text(&ret[i], &shows[i].options);
		if (shows[i].renderer == &render_github)
			check_command(&ret[i]);
		else if (shows[i].renderer == &render_markdown)
			check_page(&ret[i], page_names);
		else if (shows[i].renderer == &render_junit)
			check_page(&ret[i], case_names);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shown first_shown[SHOWS], second_shown[SHOWS], saved;
	struct snapshot first, second;
	unsigned i;
	FILE *to;

	if (size == 0 || !load(data, size, &first))
		return -1; /* not for the corpus: fuzz_load looks after the loader */
	to = open_memstream(&saved.bytes, &saved.length);
	if (!to || snapshot_save(&first, to) < 0)
		abort();
	fclose(to);
	if (!load(saved.bytes, saved.length, &second))
		abort();
	show_all(&first, first_shown);
	show_all(&second, second_shown);
	for (i = 0; i < SHOWS; i++) {
		if (first_shown[i].length != second_shown[i].length ||
		    memcmp(first_shown[i].bytes, second_shown[i].bytes, first_shown[i].length) != 0)
			abort();
		free(first_shown[i].bytes);
		free(second_shown[i].bytes);
	}
	free(saved.bytes);
	snapshot_deinit(&first);
	snapshot_deinit(&second);
	return 0;
}
