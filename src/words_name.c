/* SPDX-License-Identifier: MIT */
/* What people call things: processes, tasks, objects, chains of waits, ages and amounts. */
#include "words.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "field.h"
#include "title.h"

enum { SHOWN_TARGETS = 8, SHOWN_MEMBERS = 6, SHOWN_WAKERS = 64, TCP_STATE_LISTEN = 10 };

static void add_text(struct phrase *phrase, const struct snapshot *snapshot, struct text text)
{
	phrase_bytes(phrase, snapshot_bytes(snapshot, text), text.length);
}

void words_process(struct phrase *phrase, const struct snapshot *snapshot, struct process_ix process)
{
	char title[TITLE_MOST + 1];

	if (process.at == NO_ROW) {
		phrase_add(phrase, "somebody");
		return;
	}
	process_title(snapshot, process, title, sizeof(title));
	phrase_add(phrase, title);
	phrase_format(phrase, "[%" PRId32 "]", process_at(snapshot, process)->pid);
}

/* A thread that is not the first one is shown with its tid, and its comm where that says more. */
void words_task(struct phrase *phrase, const struct snapshot *snapshot, struct task_ix task)
{
	const struct process *process;
	const struct task *it;

	if (task.at == NO_ROW) {
		phrase_add(phrase, "somebody");
		return;
	}
	it = task_at(snapshot, task);
	process = process_at(snapshot, it->process);
	words_process(phrase, snapshot, it->process);
	if (it->tid == process->pid)
		return;
	phrase_format(phrase, "/%" PRId32, it->tid);
	if (!text_seen(it->comm) || it->comm.at == process->comm.at || it->comm.length == 0)
		return;
	phrase_tie(phrase, " (");
	add_text(phrase, snapshot, it->comm);
	phrase_add(phrase, ")");
}

/* ---- objects --------------------------------------------------------------- */

/* Labels that already say what they are: "pipe:[123]", "anon_inode:..." does not. */
static bool label_is_telling(const struct snapshot *snapshot, const struct object *object)
{
	return text_seen(object->label) && object->label.length > 0 &&
	       strncmp(snapshot_bytes(snapshot, object->label), "anon_inode:", strlen("anon_inode:")) != 0;
}

/* "unix:[123]" says itself what it is. */
static bool label_begins(const struct snapshot *snapshot, struct text label, const char *name)
{
	return label.length > strlen(name) && memcmp(snapshot_bytes(snapshot, label), name, strlen(name)) == 0 &&
	       snapshot_bytes(snapshot, label)[strlen(name)] == ':';
}

/* "127.0.0.1:80 -> 4000": a person need not read the same address twice. */
static void add_remote(struct phrase *phrase, const struct snapshot *snapshot, const struct object *object)
{
	const char *local = snapshot_bytes(snapshot, object->label), *remote = snapshot_bytes(snapshot, object->remote);
	const char *colon = memrchr(remote, ':', object->remote.length);
	size_t host = colon ? (size_t)(colon + 1 - remote) : 0;

	if (phrase->place == PLACE_JSON || (object->kind != OBJECT_TCP && object->kind != OBJECT_UDP) ||
	    host >= object->label.length || memcmp(local, remote, host) != 0 ||
	    memchr(local + host, ':', object->label.length - host))
		host = 0;
	phrase_bytes(phrase, remote + host, object->remote.length - host);
}

void words_object(struct phrase *phrase, const struct snapshot *snapshot, struct object_ix object)
{
	static const char *const before[OBJECT_KINDS] = {
		[OBJECT_TCP] = "tcp ", [OBJECT_UDP] = "udp ", [OBJECT_UNIX] = "unix ", [OBJECT_FIFO] = "FIFO ",
		[OBJECT_PTY] = "", [OBJECT_TTY] = "", [OBJECT_DEVICE] = "", [OBJECT_FILE] = "",
	};
	const struct object *it;

	if (object.at == NO_ROW) {
		phrase_add(phrase, "something");
		return;
	}
	it = object_at(snapshot, object);
	if (!label_is_telling(snapshot, it)) {
		phrase_add(phrase, object_kind_names[it->kind]);
		return;
	}
	if (before[it->kind] && !label_begins(snapshot, it->label, object_kind_names[it->kind]))
		phrase_add(phrase, before[it->kind]);
	add_text(phrase, snapshot, it->label);
	if (it->at[LOOK_T1].state == TCP_STATE_LISTEN || it->at[LOOK_T0].state == TCP_STATE_LISTEN) {
		phrase_add(phrase, ", listening");
	} else if (text_seen(it->remote) && it->remote.length > 0) {
		phrase_tie(phrase, " -> ");
		add_remote(phrase, snapshot, it);
	}
}

/* ---- chains ---------------------------------------------------------------- */

static void add_arrow(struct phrase *phrase, const struct edge *edge)
{
	phrase_format(phrase, " -%s", edge ? channel_names[edge->channel] : "");
	phrase_tie(phrase, "-> ");
}

/* The edge from one member of a circle to the next: either may be any task of its process. */
static const struct edge *edge_between(const struct report *report, struct task_ix from, struct task_ix to)
{
	const struct graph *graph = report->graph;
	struct task_ix wakers[SHOWN_WAKERS];
	const struct edge *first = NULL;
	uint32_t at, i, count;

	for (at = graph->first_edge[from.at]; at < graph->first_edge[from.at + 1]; at++) {
		const struct edge *edge = &graph->edge[at];

		if (!first)
			first = edge;
		count = graph_tasks(report->scene, graph, edge, wakers, SHOWN_WAKERS);
		for (i = 0; i < count && i < SHOWN_WAKERS; i++)
			if (wakers[i].at == to.at)
				return edge;
	}
	return first;
}

void words_chain(struct phrase *phrase, const struct report *report, const struct finding *finding)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	uint32_t i, skipped = 0;

	for (i = 0; i < finding->chain_count; i++) {
		if (i >= SHOWN_MEMBERS / 2 && finding->chain_count - i > SHOWN_MEMBERS / 2) {
			skipped++;
			continue;
		}
		if (skipped > 0)
			phrase_format(phrase, "(%" PRIu32 " more) -> ", skipped);
		skipped = 0;
		words_task(phrase, snapshot, finding->chain[i]->from);
		add_arrow(phrase, finding->chain[i]);
	}
	words_task(phrase, snapshot, finding->culprit);
}

bool words_cycle(struct phrase *phrase, const struct report *report, const struct finding *finding)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	uint32_t i, next;

	if (finding->cycle_count == 0)
		return false;
	for (i = 0; i < finding->cycle_count; i++) {
		if (i == SHOWN_MEMBERS && finding->cycle_count > SHOWN_MEMBERS + 1) {
			phrase_format(phrase, "(%" PRIu32 " more) -> ", finding->cycle_count - i);
			break;
		}
		next = (i + 1) % finding->cycle_count;
		words_task(phrase, snapshot, finding->cycle[i]);
		add_arrow(phrase, edge_between(report, finding->cycle[i], finding->cycle[next]));
	}
	words_task(phrase, snapshot, finding->cycle[0]);
	return true;
}

bool words_channels(struct phrase *phrase, const struct report *report, const struct finding *finding)
{
	uint32_t seen = 0, count, i, named = 0;
	const struct edge *edge;

	count = finding->cycle_count > 0 ? finding->cycle_count : finding->chain_count;
	for (i = 0; i < count; i++) {
		edge = finding->cycle_count > 0 ?
			       edge_between(report, finding->cycle[i], finding->cycle[(i + 1) % count]) :
			       finding->chain[i];
		if (!edge || (seen & UINT32_C(1) << edge->channel))
			continue;
		seen |= UINT32_C(1) << edge->channel;
		if (named++ > 0)
			phrase_add(phrase, " and ");
		phrase_add(phrase, channel_names[edge->channel]);
	}
	return named > 0;
}

void words_target(struct phrase *phrase, const struct report *report)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	struct text typed = snapshot->asked.selector;
	uint32_t i, shown = 0;

	if (text_seen(typed) && typed.length > 0) {
		add_text(phrase, snapshot, typed);
		return;
	}
	for (i = 0; i < report->processes && shown < SHOWN_TARGETS; i++) {
		const struct process *process = process_at(snapshot, report->order[i]);

		if (process->flags & PROCESS_TARGET)
			phrase_format(phrase, shown++ > 0 ? " %" PRId32 : "%" PRId32, process->pid);
	}
}

/* ---- numbers --------------------------------------------------------------- */

void format_age(int64_t ms, char *to, size_t size)
{
	if (ms < 0)
		ms = 0;
	if (ms < 100)
		snprintf(to, size, "%" PRId64 " ms", ms);
	else if (ms < 100 * 1000)
		snprintf(to, size, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms % 1000 / 100);
	else if (ms < INT64_C(120) * 60 * 1000)
		snprintf(to, size, "%" PRId64 " min", ms / 60000);
	else if (ms < INT64_C(48) * 3600 * 1000)
		snprintf(to, size, "%" PRId64 " h %02" PRId64 " min", ms / 3600000, ms / 60000 % 60);
	else
		snprintf(to, size, "%" PRId64 " d", ms / 86400000);
}

void format_bytes(int64_t bytes, char *to, size_t size)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
	int64_t tenths;
	unsigned unit;

	if (bytes < 0)
		bytes = 0;
	if (bytes < 1000) {
		snprintf(to, size, "%" PRId64 " B", bytes);
		return;
	}
	if (bytes < 1000000) {
		snprintf(to, size, "%" PRId64 " %03" PRId64 " B", bytes / 1000, bytes % 1000);
		return;
	}
	tenths = bytes / 100;
	for (unit = 0; tenths >= 10000 && unit < 4; unit++)
		tenths /= 1000;
	snprintf(to, size, "%" PRId64 ".%" PRId64 " %s", tenths / 10, tenths % 10, units[unit]);
}

void format_seconds(int64_t ns, char *to, size_t size)
{
	int64_t us;
	char *end;

	if (ns < 0)
		ns = 0;
	if (ns > 0 && ns < 1000000) {
		snprintf(to, size, "%" PRId64 ".%03" PRId64 " ms", ns / 1000000, ns / 1000 % 1000);
		return;
	}
	us = ns / 1000;
	snprintf(to, size, "%" PRId64 ".%03" PRId64, us / 1000000, us / 1000 % 1000);
	for (end = to + strlen(to); end[-1] == '0'; end--)
		end[-1] = '\0';
	if (end[-1] == '.')
		*--end = '\0';
	snprintf(end, size - (size_t)(end - to), " s");
}

const char *signal_name(int number)
{
	static const char *const names[] = {
		NULL, "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL",
		"SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT",
		"SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF",
		"SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
	};

	return number > 0 && number < (int)(sizeof(names) / sizeof(names[0])) ? names[number] : NULL;
}

bool words_exit(struct phrase *phrase, int64_t wait_status)
{
	const char *name;
	int status;

	if (wait_status == UNSEEN || wait_status < 0 || wait_status > 0xffff)
		return false;
	status = (int)wait_status;
	if (WIFEXITED(status)) {
		phrase_format(phrase, "exited with %d", WEXITSTATUS(status));
		return true;
	}
	if (!WIFSIGNALED(status))
		return false;
	name = signal_name(WTERMSIG(status));
	if (name)
		phrase_format(phrase, "was killed by %s", name);
	else
		phrase_format(phrase, "was killed by signal %d", WTERMSIG(status));
	if (WCOREDUMP(status))
		phrase_add(phrase, " and dumped core");
	return true;
}
