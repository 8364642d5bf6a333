/* SPDX-License-Identifier: MIT */
/* Processes, threads and sockets of the JSON report. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render_json.h"
#include "views.h"
#include "words.h"
#include "words_socket.h"

/* "4242\t17": from the outermost namespace we see to the innermost. */
static void put_ns_pids(struct json_out *json, const struct snapshot *snapshot, struct text text)
{
	const char *at = snapshot_bytes(snapshot, text);
	char *end;
	long pid;

	json_open_array(json, "ns_pids");
	while (text_seen(text)) {
		pid = strtol(at, &end, 10);
		if (end == at)
			break;
		json_put_integer(json, NULL, pid);
		at = end;
	}
	json_close(json);
}

static void put_argv(struct json_out *json, const struct snapshot *snapshot, struct text argv)
{
	const char *at = snapshot_bytes(snapshot, argv), *stop = at + argv.length, *end;

	if (!text_seen(argv)) {
		json_put_null(json, "argv");
		return;
	}
	json_open_array(json, "argv");
	for (; at < stop; at = end + 1) {
		end = memchr(at, '\0', (size_t)(stop - at));
		if (!end)
			end = stop;
		json_put_text(json, NULL, at, (size_t)(end - at));
	}
	json_close(json);
}

static void put_letter(struct json_out *json, const char *key, char letter)
{
	if (letter)
		json_put_text(json, key, &letter, 1);
	else
		json_put_null(json, key);
}

/* ---- threads -------------------------------------------------------------------- */

static void put_call(struct json_out *json, const struct scene *scene, struct task_ix task, enum look look)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct call *call = &task_at(snapshot, task)->at[look].call;
	const struct decoded *decoded = &scene->calls[look][task.at];
	enum arg_type types[6];
	struct object_ix object = { NO_ROW };
	unsigned i, count;
	char text[128];

	if (call->number < 0) {
		json_put_null(json, "syscall");
		return;
	}
	json_open_object(json, "syscall");
	json_put_integer(json, "nr", call->number);
	json_put_string(json, "name", syscall_name(snapshot->host.arch, call->number));
	json_open_array(json, "args");
	if (syscall_name(snapshot->host.arch, call->number)) {
		count = syscall_args(snapshot->host.arch, call->number, types);
		for (i = 0; i < count; i++) {
			syscall_arg_text(types[i], call->args[i], text, sizeof(text));
			json_put_string(json, NULL, text);
		}
	} else {
		for (i = 0; i < 6; i++)
			json_put_word(json, NULL, call->args[i]);
	}
	json_close(json);
	if (decoded->fd >= 0) {
		json_put_integer(json, "fd", decoded->fd);
		object = scene_fd_object(scene, task_at(snapshot, task)->process, decoded->fd);
	} else {
		json_put_null(json, "fd");
	}
	if (object.at != NO_ROW) {
		struct phrase phrase;

		phrase_init(&phrase, PLACE_JSON);
		words_object(&phrase, snapshot, object);
		json_open_string(json, "object");
		phrase_put(&phrase, json->out);
		json_close_string(json);
	} else {
		json_put_null(json, "object");
	}
	json_put_number(json, "timeout_ms", decoded->timeout_ns == UNSEEN ? UNSEEN : decoded->timeout_ns / 1000000);
	json_close(json);
}

/* Through the window: what a counter gained; null unless seen twice. */
static int64_t gained(int64_t before, int64_t after)
{
	return before == UNSEEN || after == UNSEEN ? UNSEEN : after - before;
}

static int64_t as_ms(int64_t ns)
{
	return ns == UNSEEN ? UNSEEN : ns / 1000000;
}

static void put_thread(struct json_out *json, const struct scene *scene, struct task_ix task)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct task *it = task_at(snapshot, task);
	const struct task_look *before = &it->at[LOOK_T0], *after = &it->at[LOOK_T1], *seen;
	enum look look = task_last_look(snapshot, task);
	enum moved moved = task_moved(scene, task);

	seen = &it->at[look];
	json_open_object(json, NULL);
	json_put_integer(json, "tid", it->tid);
	json_text(json, "comm", snapshot, it->comm);
	put_letter(json, "state", seen->state);
	json_text(json, "wchan", snapshot, seen->wchan);
	put_call(json, scene, task, look);
	json_put_number(json, "cpu_ms", as_ms(gained(before->cpu_ns, after->cpu_ns)));
	json_put_number(json, "run_delay_ms", as_ms(gained(before->wait_ns, after->wait_ns)));
	json_put_number(json, "voluntary_switches", gained(before->voluntary, after->voluntary));
	json_put_number(json, "involuntary_switches", gained(before->involuntary, after->involuntary));
	if (moved == MOVED_UNKNOWN)
		json_put_null(json, "moved");
	else
		json_put_bool(json, "moved", moved == MOVED_YES);
	json_put_number(json, "silent_ms", as_ms(seen->silent_ns));
	json_stacks(json, scene, task);
	json_close(json);
}

/* ---- sockets --------------------------------------------------------------------- */

static void put_peer(struct json_out *json, const struct scene *scene, const struct fd *fd)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct object *object = object_at(snapshot, fd->object);
	struct fd_ix peer = socket_peer(scene, fd->object, fd->process);

	if (peer.at != NO_ROW) {
		json_open_object(json, "peer");
		json_put_integer(json, "pid", process_at(snapshot, fd_at(snapshot, peer)->process)->pid);
		json_put_integer(json, "fd", fd_at(snapshot, peer)->number);
		json_close(json);
	} else if (object->reach == REACH_EXTERNAL) {
		json_open_object(json, "peer");
		json_put_bool(json, "external", true);
		json_close(json);
	} else if (object->reach == REACH_NAMESPACE) {
		json_open_object(json, "peer");
		if (object->peer.at != NO_ROW && object_at(snapshot, object->peer)->ns_net != 0)
			json_put_word(json, "namespace", object_at(snapshot, object->peer)->ns_net);
		else
			json_put_null(json, "namespace");
		json_close(json);
	} else {
		json_put_null(json, "peer");
	}
}

static void put_socket(struct json_out *json, const struct scene *scene, const struct fd *fd)
{
	const struct object *object = object_at(scene->snapshot, fd->object);
	const struct object_look *seen = object_last(object);
	bool listens = seen->backlog != UNSEEN;

	json_open_object(json, NULL);
	json_put_integer(json, "fd", fd->number);
	json_put_string(json, "family", socket_family(object));
	json_put_string(json, "type", socket_type(object));
	json_put_string(json, "state", socket_state(object));
	json_text(json, "local", scene->snapshot, object->label);
	json_text(json, "remote", scene->snapshot, object->remote);
	json_put_number(json, "recv_q", listens ? seen->backlog : seen->readable);
	json_put_number(json, "send_q", listens ? seen->backlog_max : seen->unsent);
	json_put_number(json, "last_received_ms", seen->last_received_ms);
	json_put_number(json, "last_sent_ms", seen->last_sent_ms);
	put_peer(json, scene, fd);
	json_close(json);
}

/* ---- processes ------------------------------------------------------------------- */

static void put_verdict(struct json_out *json, const struct report *report, const struct process_note *note)
{
	const struct finding *finding;

	if (!report->judged || note->role != REPORT_CULPRIT || note->finding >= report->count) {
		json_put_null(json, "class");
		json_put_null(json, "cause");
		return;
	}
	finding = &report->findings[note->finding];
	json_put_string(json, "class", verdict_names[finding->verdict]);
	json_put_string(json, "cause", finding->cause->name);
}

static void put_process_row(struct json_out *json, const struct report *report, struct process_ix process)
{
	const struct scene *scene = report->scene;
	const struct snapshot *snapshot = scene->snapshot;
	const struct process *it = process_at(snapshot, process);
	const struct process_note *note = &report->notes[process.at];
	int64_t age_ms = process_age_ms(snapshot, process), captured = snapshot->captured_at_ms;
	struct span span = scene->process_tasks[process.at];
	struct socket_walk walk;
	struct fd_ix fd;
	char title[64];
	uint32_t i;

	process_title(snapshot, process, title, sizeof(title));
	json_open_object(json, NULL);
	json_put_integer(json, "pid", it->pid);
	put_ns_pids(json, snapshot, it->ns_pids);
	json_put_number(json, "ppid", it->parent < 0 ? UNSEEN : it->parent);
	json_put_number(json, "start_ticks", it->start_ticks);
	json_time(json, "started_at", age_ms == UNSEEN || captured == UNSEEN ? UNSEEN : captured - age_ms);
	json_put_number(json, "age_s", age_ms == UNSEEN ? UNSEEN : age_ms / 1000);
	json_put_number(json, "uid", it->uid);
	json_text(json, "comm", snapshot, it->comm);
	json_put_string(json, "title", title);
	put_argv(json, snapshot, it->argv);
	json_text(json, "exe", snapshot, it->exe);
	json_text(json, "cwd", snapshot, it->cwd);
	if (it->cgroup.at != NO_ROW)
		json_text(json, "cgroup", snapshot, cgroup_at(snapshot, it->cgroup)->path);
	else
		json_put_null(json, "cgroup");
	put_letter(json, "state", process_state(scene, process));
	if (report->judged)
		json_put_string(json, "role", report_role_names[note->role]);
	else
		json_put_null(json, "role");
	json_put_bool(json, "in_tree", it->flags & PROCESS_IN_TREE);
	put_verdict(json, report, note);
	json_put_integer(json, "external_connections", note->external_connections);
	json_open_array(json, "threads");
	for (i = 0; i < span.count; i++)
		put_thread(json, scene, (struct task_ix){ scene->task_order[span.first + i] });
	json_close(json);
	json_open_array(json, "sockets");
	socket_walk_init(&walk, scene, process);
	while ((fd = socket_walk_next(&walk)).at != NO_ROW)
		put_socket(json, scene, fd_at(snapshot, fd));
	json_close(json);
	json_close(json);
}

void json_processes(struct json_out *json, const struct report *report)
{
	uint32_t i;

	json_open_array(json, "processes");
	for (i = 0; i < report->processes; i++)
		put_process_row(json, report, report->order[i]);
	json_close(json);
}
