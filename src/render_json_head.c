/* SPDX-License-Identifier: MIT */
/* First and last members of the JSON report: what was asked, by whom, where; gaps and cost. */
#include <string.h>

#include "field.h"
#include "render_json.h"
#include "words.h"

static void put_pressure(struct json_out *json, const struct report *report)
{
	json_open_object(json, "pressure");
	json_put_number(json, "cpu_busy_permille", report->cpu_busy_permille < 0 ? UNSEEN : report->cpu_busy_permille);
	json_put_number(json, "cpu_permille", report->cpu_pressure_permille < 0 ? UNSEEN : report->cpu_pressure_permille);
	json_put_number(json, "memory_permille",
			report->memory_pressure_permille < 0 ? UNSEEN : report->memory_pressure_permille);
	json_put_number(json, "io_permille", report->io_pressure_permille < 0 ? UNSEEN : report->io_pressure_permille);
	json_close(json);
}

static void put_host(struct json_out *json, const struct report *report)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	const struct host *host = &snapshot->host;

	json_open_object(json, "host");
	json_text(json, "name", snapshot, host->name);
	json_text(json, "boot_id", snapshot, host->boot_id);
	json_text(json, "kernel", snapshot, host->kernel);
	json_put_string(json, "arch", host->arch == ARCH_UNKNOWN ? NULL : arch_names[host->arch]);
	json_put_number(json, "cpus", host->cpus);
	put_pressure(json, report);
	json_close(json);
}

static void put_viewer(struct json_out *json, const struct viewer *viewer)
{
	json_open_object(json, "viewer");
	json_put_number(json, "euid", viewer->euid);
	json_put_number(json, "ptrace_scope", viewer->ptrace_scope);
	json_put_number(json, "seccomp", viewer->seccomp);
	json_put_word(json, "capabilities", viewer->capabilities);
	json_close(json);
}

/* A label given twice counts once, as given last. */
static bool is_last_of_name(const struct snapshot *snapshot, uint32_t label)
{
	uint32_t i;

	for (i = label + 1; i < snapshot->labels.count; i++)
		if (snapshot->labels.row[i].name.at == snapshot->labels.row[label].name.at)
			return false;
	return true;
}

static void put_labels(struct json_out *json, const struct snapshot *snapshot)
{
	uint32_t i;

	json_open_object(json, "labels");
	for (i = 0; i < snapshot->labels.count; i++)
		if (is_last_of_name(snapshot, i))
			json_text(json, snapshot_bytes(snapshot, snapshot->labels.row[i].name), snapshot,
				  snapshot->labels.row[i].value);
	json_close(json);
}

void json_head(struct json_out *json, const struct report *report)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	char id[17];
	uint32_t i;

	report_id(report, id);
	json_put_string(json, "schema", "wedgetools.report/1");
	json_put_string(json, "report_id", id);
	json_open_object(json, "tool");
	json_put_string(json, "name", PACKAGE_NAME);
	json_put_string(json, "version", PACKAGE_VERSION);
	json_close(json);
	put_host(json, report);
	put_viewer(json, &snapshot->viewer);
	json_time(json, "captured_at", snapshot->captured_at_ms);
	json_put_number(json, "window_ms", snapshot->window_ns == UNSEEN ? UNSEEN : snapshot->window_ns / 1000000);
	json_open_array(json, "targets");
	for (i = 0; i < report->processes; i++)
		if (process_at(snapshot, report->order[i])->flags & PROCESS_TARGET)
			json_put_integer(json, NULL, process_at(snapshot, report->order[i])->pid);
	json_close(json);
	put_labels(json, snapshot);
	json_text(json, "test", snapshot, snapshot->asked.test);
}

static void put_words_of(struct json_out *json, const char *key, const struct report *report, const char *words)
{
	struct phrase phrase;

	if (!words) {
		json_put_null(json, key);
		return;
	}
	phrase_init(&phrase, PLACE_JSON);
	words_add(&phrase, report, NULL, NULL, words);
	json_open_string(json, key);
	phrase_put(&phrase, json->out);
	json_close_string(json);
}

static void put_gap(struct json_out *json, const struct report *report, const struct gap_group *gap)
{
	struct gap_words words = gap_words(report, gap);
	struct phrase meaning;
	uint32_t i;

	phrase_init(&meaning, PLACE_JSON);
	words_missed(&meaning, report, gap);
	phrase_add(&meaning, ": ");
	phrase_add(&meaning, words.because);
	json_open_object(json, NULL);
	json_put_string(json, "probe", probe_names[gap->probe]);
	json_open_array(json, "pids");
	for (i = 0; i < gap->process_count; i++)
		json_put_integer(json, NULL, process_at(report->scene->snapshot, gap->processes[i])->pid);
	json_close(json);
	json_put_string(json, "error", sight_names[gap->sight]);
	json_open_string(json, "meaning");
	phrase_put(&meaning, json->out);
	json_close_string(json);
	put_words_of(json, "remedy", report, words.remedy);
	json_put_string(json, "cost", words.cost);
	json_close(json);
}

static void put_cut(struct json_out *json, const char *key, int64_t count)
{
	if (count > 0)
		json_put_integer(json, key, count);
}

void json_tail(struct json_out *json, const struct report *report, uint64_t wakers_left_out)
{
	const struct cost *cost = &report->scene->snapshot->cost;
	const struct cut *cut = &report->scene->snapshot->cut;
	uint32_t i;

	json_open_array(json, "gaps");
	for (i = 0; i < report->gap_count; i++)
		put_gap(json, report, &report->gaps[i]);
	json_close(json);
	json_open_object(json, "cost");
	json_put_integer(json, "wall_ms", cost->wall_ns / 1000000);
	json_put_integer(json, "cpu_ms", cost->cpu_ns / 1000000);
	json_put_integer(json, "longest_stop_us", cost->longest_stop_ns / 1000);
	json_put_integer(json, "total_stop_us", cost->total_stop_ns / 1000);
	json_put_integer(json, "threads_stopped", cost->threads_stopped);
	json_close(json);
	json_open_object(json, "truncated");
	put_cut(json, "cgroups", cut->cgroups);
	put_cut(json, "processes", cut->processes);
	put_cut(json, "tasks", cut->tasks);
	put_cut(json, "fds", cut->fds);
	put_cut(json, "objects", cut->objects);
	put_cut(json, "holds", cut->holds);
	put_cut(json, "watches", cut->watches);
	put_cut(json, "peeks", cut->peeks);
	put_cut(json, "stacks", cut->stacks);
	put_cut(json, "gaps", cut->gaps);
	put_cut(json, "followed", cut->followed);
	put_cut(json, "wakers", wakers_left_out > INT64_MAX ? INT64_MAX : (int64_t)wakers_left_out);
	json_close(json);
}
