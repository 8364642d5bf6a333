/* SPDX-License-Identifier: MIT */
/* What was found, for programs. */
#include <string.h>
#include <unistd.h>

#include "json_write.h"
#include "reap.h"

enum { FORMAT_VERSION = 1 };

static void put_arguments(struct json_out *json, const struct leftover *left)
{
	size_t from = 0, i;

	if (!left->argv) {
		json_put_null(json, "argv");
		return;
	}
	json_open_array(json, "argv");
	for (i = 0; i <= left->argv_length; i++) {
		if (i < left->argv_length ? left->argv[i] != '\0' : i == from)
			continue;
		json_put_text(json, NULL, left->argv + from, i - from);
		from = i + 1;
	}
	json_close(json);
}

static void put_reasons(struct json_out *json, const struct reaper *reaper, const struct mark *mark)
{
	char words[512];
	uint8_t i;

	json_open_array(json, "reasons");
	for (i = 0; i < mark->reasons; i++) {
		reason_words(reaper, &mark->reason[i], words, sizeof(words));
		json_open_object(json, NULL);
		json_put_string(json, "evidence", evidence_names[mark->reason[i].evidence]);
		if (mark->reason[i].evidence == EVIDENCE_SAME_PEER)
			json_put_integer(json, "port", mark->reason[i].other);
		if (mark->reason[i].number)
			json_put_integer(json, mark->reason[i].evidence == EVIDENCE_PORT ? "port" : "pid", mark->reason[i].number);
		json_put_string(json, "words", words);
		json_close(json);
	}
	json_close(json);
}

static void put_holds(struct json_out *json, const struct leftover *left)
{
	uint32_t i;

	json_open_array(json, "holds");
	for (i = 0; i < left->hold_count; i++) {
		const struct held *hold = &left->hold[i];

		json_open_object(json, NULL);
		json_put_string(json, "kind", hold_names[hold->kind]);
		if (hold->fd >= 0)
			json_put_integer(json, "fd", hold->fd);
		if (hold->kind == HOLD_PORT)
			json_put_integer(json, "port", hold->number);
		if (hold->kind == HOLD_PIPES)
			json_put_integer(json, "count", hold->number);
		if (hold->kind == HOLD_OUTPUT) {
			json_put_integer(json, "of", hold->number);
			json_put_bool(json, "ours", hold->number == getpid());
		}
		if (*hold->text)
			json_put_text(json, hold->kind == HOLD_PORT ? "address" : "what", hold->text, strlen(hold->text));
		json_close(json);
	}
	json_close(json);
}

static void put_process(struct json_out *json, const struct reaper *reaper, const struct leftover *left)
{
	const long hertz = sysconf(_SC_CLK_TCK);
	const char state[2] = { left->being.state, '\0' };

	json_put_integer(json, "pid", left->being.pid);
	json_put_integer(json, "start_ticks", left->being.start_ticks);
	json_put_integer(json, "parent", left->being.parent);
	json_put_integer(json, "group", left->being.group);
	json_put_integer(json, "session", left->being.session);
	json_put_text(json, "comm", left->being.comm, strlen(left->being.comm));
	put_arguments(json, left);
	json_put_string(json, "state", state);
	json_put_integer(json, "age_ms", left->age_ms);
	json_put_integer(json, "cpu_ms", left->being.cpu_ticks * 1000 / (hertz > 0 ? hertz : 100));
	put_reasons(json, reaper, &left->mark);
}

static void put_runs(struct json_out *json, const struct reaper *reaper)
{
	static const char *const states[] = { "live", "dead", "earlier-boot", "elsewhere" };
	uint32_t i;

	json_open_array(json, "runs");
	for (i = 0; i < reaper->runs.count; i++) {
		const struct reap_run *run = &reaper->runs.row[i];

		json_open_object(json, NULL);
		json_put_string(json, "run_id", run->record.run_id);
		json_put_string(json, "state", states[run->state]);
		json_put_integer(json, "pid", run->record.pid);
		json_put_integer(json, "started_ms", run->record.started_ms);
		json_put_string(json, "command", run->record.command);
		json_close(json);
	}
	json_close(json);
}

int reap_json(const struct reaper *reaper, int status, FILE *out)
{
	struct json_out json;
	char words[512];
	uint32_t i;

	json_out_init(&json, out, 2);
	json_open_object(&json, NULL);
	json_put_string(&json, "tool", "wedgereap");
	json_put_string(&json, "tool_version", PACKAGE_VERSION);
	json_put_integer(&json, "format_version", FORMAT_VERSION);
	json_put_bool(&json, "kill", reaper->options->kill);
	json_put_integer(&json, "exit_status", status);
	json_put_integer(&json, "found", reaper->left_count);
	json_put_integer(&json, "survivors", reaper->options->kill ? reap_survivors(reaper) : 0);
	json_open_array(&json, "processes");
	for (i = 0; i < reaper->left_count; i++) {
		json_open_object(&json, NULL);
		put_process(&json, reaper, &reaper->left[i]);
		put_holds(&json, &reaper->left[i]);
		json_put_string(&json, "fate", fate_names[reaper->left[i].fate]);
		json_close(&json);
	}
	json_close(&json);
	json_open_array(&json, "left_alone");
	for (i = 0; i < reaper->spared_count; i++) {
		spare_words(&reaper->spared[i], words, sizeof(words));
		json_open_object(&json, NULL);
		put_process(&json, reaper, &reaper->spared[i]);
		json_put_string(&json, "why", spare_names[reaper->spared[i].mark.spare]);
		json_put_string(&json, "words", words);
		json_close(&json);
	}
	json_close(&json);
	put_runs(&json, reaper);
	json_open_array(&json, "notes");
	for (i = 0; i < reaper->note_count; i++)
		json_put_text(&json, NULL, reaper->notes[i], strlen(reaper->notes[i]));
	json_close(&json);
	json_close(&json);
	return json_out_end(&json);
}
