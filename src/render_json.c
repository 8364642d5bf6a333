/* SPDX-License-Identifier: MIT */
/* The report for programs, as wedge-report(5) and wedge-report.schema.json describe it. */
#include "render_json.h"

#include <inttypes.h>
#include <time.h>

#include "render.h"

enum { JSON_LINES = 4 };          /* Findings, processes, threads, sockets, waits: a line each. */

void json_time(struct json_out *json, const char *key, int64_t ms)
{
	struct tm date;
	char text[64];
	time_t seconds;

	if (ms == UNSEEN || ms < 0) {
		json_put_null(json, key);
		return;
	}
	seconds = (time_t)(ms / 1000);
	if (!gmtime_r(&seconds, &date) || date.tm_year > 9999 - 1900) {
		json_put_null(json, key);
		return;
	}
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", date.tm_year + 1900, date.tm_mon + 1,
		 date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec, (int)(ms % 1000));
	json_put_string(json, key, text);
}

void json_text(struct json_out *json, const char *key, const struct snapshot *snapshot, struct text text)
{
	if (text_seen(text))
		json_put_text(json, key, snapshot_bytes(snapshot, text), text.length);
	else
		json_put_null(json, key);
}

void json_doubts(struct json_out *json, const char *key, uint32_t bits)
{
	const struct doubt_row *row;

	json_open_array(json, key);
	for (row = doubts; row->name; row++)
		if (bits & row->doubt)
			json_put_string(json, NULL, row->name);
	json_close(json);
}

/* FNV-1a, a byte at a time: the same on every machine. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;

	while (length-- > 0)
		hash = (hash ^ *byte++) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t mix_number(uint64_t hash, int64_t number)
{
	unsigned char bytes[8];
	unsigned i;

	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)number >> 8 * i);
	return mix(hash, bytes, sizeof(bytes));
}

void report_id(const struct report *report, char to[17])
{
	const struct snapshot *snapshot = report->scene->snapshot;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint32_t i;

	hash = mix(hash, snapshot_bytes(snapshot, snapshot->host.boot_id), snapshot->host.boot_id.length);
	hash = mix_number(hash, snapshot->captured_at_ms);
	for (i = 0; i < report->processes; i++) {
		const struct process *process = process_at(snapshot, report->order[i]);

		if (!(process->flags & PROCESS_TARGET))
			continue;
		hash = mix_number(hash, process->pid);
		hash = mix_number(hash, process->start_ticks);
	}
	snprintf(to, 17, "%016" PRIx64, hash);
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	uint64_t wakers_left_out = 0;
	struct json_out json;
	uint32_t i;

	(void)options;
	json_out_init(&json, out, JSON_LINES);
	json_open_object(&json, NULL);
	json_head(&json, report);
	if (report->judged && report->count > 0)
		json_finding(&json, "verdict", report, &report->findings[0]);
	else
		json_put_null(&json, "verdict");
	json_open_array(&json, "findings");
	for (i = 0; report->judged && i < report->count; i++)
		json_finding(&json, NULL, report, &report->findings[i]);
	json_close(&json);
	json_processes(&json, report);
	json_waits(&json, report, &wakers_left_out);
	json_tail(&json, report, wakers_left_out);
	json_close(&json);
	return json_out_end(&json);
}

const struct renderer render_json = { "json", render };
