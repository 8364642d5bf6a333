/* SPDX-License-Identifier: MIT */
/*
 * Whom the kernel killed for memory: it says so in its log, /dev/kmsg, and nowhere else
 * of one process.  A zombie's /proc/PID/cgroup reads "/" where control groups are v1, so
 * the counter of its group is out of reach; and a counter names nobody.
 *
 * Read only when a zombie of the tree ended by SIGKILL.  The line is there by then:
 * the kernel writes it under the lock that a victim takes to give up its memory.
 */
#include "kernel_log.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "scan.h"
#include "stat.h"
#include "state_inner.h"
#include "state_parse.h"

/* How far the clock of printk, which nobody adjusts, may be off: NTP slews by 1/2000 at most. */
enum { SLACK_NS = 1000000000, DRIFT_SHARE = 2000 };

/* ---- a record -------------------------------------------------------------- */

/* What stands before "Killed process"; nothing until Linux 5.1. */
static const char *const leads[] = {
	"Memory cgroup out of memory: ", "Out of memory: ", "Out of memory (oom_kill_allocating_task): ", "",
};

/* A byte of a message: control characters, backslashes and all beyond ASCII are \xNN. */
static bool byte_next(struct scan *scan, char *ret)
{
	struct scan digits = *scan;
	uint64_t byte;

	if (scan->at == scan->end)
		return false;
	if (scan_word(&digits, "\\x")) {
		if (digits.end - digits.at < 2)
			return false;
		digits.end = digits.at + 2;
		if (!scan_digits(&digits, 16, &byte) || digits.at != digits.end)
			return false;
		scan->at = digits.at;
		*ret = (char)byte;
		return true;
	}
	*ret = *scan->at++;
	return true;
}

/* A name may hold brackets: it ends at the last one that it has room for. */
static bool comm_parse(struct scan scan, struct log_record *record)
{
	char bytes[LOG_COMM + 1];
	size_t length;
	bool found = false;

	for (length = 0; length <= LOG_COMM && byte_next(&scan, &bytes[length]); length++) {
		struct scan rest = scan;

		if (bytes[length] != ')' || !(scan_word(&rest, " total-vm:") || scan_word(&rest, ", UID ")))
			continue;
		record->comm_length = length;
		found = true;
	}
	if (found)
		memcpy(record->comm, bytes, record->comm_length);
	return found;
}

static void kill_parse(struct scan message, struct log_record *record)
{
	uint64_t pid;
	size_t i;

	for (i = 0; i < sizeof(leads) / sizeof(*leads); i++)
		if (scan_word(&message, leads[i]))
			break;
	if (!scan_word(&message, "Killed process ") || !scan_digits(&message, 10, &pid) || pid == 0 ||
	    pid > INT32_MAX || !scan_word(&message, " (") || !comm_parse(message, record))
		return;
	record->killed = (int32_t)pid;
}

/*
 * 3,2637,7079206101,-;Memory cgroup out of memory: Killed process 15071 (python3) total-vm:75280kB, anon-rss:63644kB, ...
 *
 * Facility * 8 + level, number, microseconds, flag, perhaps more; message.  Lines of
 * a dictionary may follow, each after a blank.
 */
int log_record_parse(const char *text, size_t length, struct log_record *ret)
{
	struct scan scan = scan_begin(text, length), line;
	struct log_record record = { 0 };
	uint64_t level, number, when_us;
	const char *message;

	if (!scan_line(&scan, &line) || !scan_digits(&line, 10, &level) || level >= 8 || !scan_word(&line, ",") ||
	    !scan_digits(&line, 10, &number) || !scan_word(&line, ",") || !scan_digits(&line, 10, &when_us) ||
	    when_us > INT64_MAX / 4000 || !scan_word(&line, ","))
		return SIGHT_STRANGE;
	message = memchr(line.at, ';', (size_t)(line.end - line.at));
	if (!message)
		return SIGHT_STRANGE;
	line.at = message + 1;
	record.when_ns = (int64_t)when_us * 1000;
	kill_parse(line, &record);
	*ret = record;
	return 0;
}

/* ---- the look -------------------------------------------------------------- */

static bool is_asked(const struct state *state, struct task_ix at)
{
	const struct task *task = task_at(state->snapshot, at);
	const struct process *process = process_at(state->snapshot, task->process);
	const int status = (int)process->exit_status;

	return task->tid == process->pid && task->at[state->look].state == 'Z' && process->exit_status != UNSEEN &&
	       WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && (process->flags & PROCESS_IN_TREE) &&
	       process->oom_killed == ANSWER_UNKNOWN;
}

/* By how much more the record has aged than the process; UNSEEN not known.  Processes age in suspend, records do not. */
static int64_t record_elder_ns(const struct state *state, const struct log_record *record, const struct process *process)
{
	const struct host_look *now = &state->snapshot->host.at[state->look];
	const int64_t start_ns = stat_ticks_ns(state->snapshot, process->start_ticks);

	if (now->when_ns == UNSEEN || now->boot_ns == UNSEEN || start_ns == UNSEEN)
		return UNSEEN;
	return (now->when_ns - record->when_ns) - (now->boot_ns - start_ns);
}

static int64_t slack_ns(const struct state *state)
{
	return SLACK_NS + state->snapshot->host.at[state->look].when_ns / DRIFT_SHARE;
}

/* Pids are used again: the same name, and not before it began. */
static void kill_store(struct state *state, const struct log_record *record)
{
	const struct task_ix at = snapshot_find_task(state->snapshot, record->killed);
	struct process *process;
	int64_t elder_ns;

	if (at.at == NO_ROW || !is_asked(state, at))
		return;
	process = process_at(state->snapshot, task_at(state->snapshot, at)->process);
	elder_ns = record_elder_ns(state, record, process);
	if (elder_ns != UNSEEN && elder_ns <= slack_ns(state) && process->comm.length == record->comm_length &&
	    memcmp(snapshot_bytes(state->snapshot, process->comm), record->comm, record->comm_length) == 0)
		process->oom_killed = ANSWER_YES;
}

/* Of those who began after the oldest record, silence says that they were not. */
static void silence_store(struct state *state, const struct log_record *oldest)
{
	uint32_t i;

	for (i = 0; i < state->task_count; i++) {
		struct process *process = process_at(state->snapshot, task_at(state->snapshot, state->tasks[i])->process);

		if (is_asked(state, state->tasks[i]) && record_elder_ns(state, oldest, process) > slack_ns(state))
			process->oom_killed = ANSWER_NO;
	}
}

static void log_store(struct state *state, const char *text, size_t length, bool whole)
{
	struct scan scan = scan_begin(text, length), line;
	struct log_record record, oldest = { 0 };
	bool any = false;

	while (scan_line(&scan, &line)) {
		if (log_record_parse(line.at, (size_t)(line.end - line.at), &record) != 0)
			continue;
		if (!any)
			oldest = record;
		any = true;
		if (record.killed)
			kill_store(state, &record);
	}
	if (any && whole)
		silence_store(state, &oldest);
}

/* The log speaks of pids of the first pid namespace.  0, or a sight, or -errno. */
static int namespace_check(struct state *state)
{
	const char *text;
	uint64_t space;
	size_t length;
	int r, error;

	r = door_link(state->visit->door, &text, &length, &error, "self/ns/pid");
	if (r == SIGHT_OK)
		r = ns_parse(text, length, &space);
	if (r < 0)
		return r;
	return r == SIGHT_OK && space == NS_PID_FIRST ? 0 : SIGHT_DENIED;
}

int kernel_log_look(struct state *state)
{
	const struct process_ix nobody = { NO_ROW };
	const char *text;
	size_t length;
	uint32_t i;
	int r, error = 0;

	for (i = 0; i < state->task_count; i++)
		if (is_asked(state, state->tasks[i]))
			break;
	if (i == state->task_count)
		return 0;
	r = namespace_check(state);
	if (r != 0)
		return r < 0 ? r : state_miss(state, nobody, KIND_PID_NAMESPACE, r, 0, NULL);
	r = door_read_log(state->visit->door, &text, &length, &error);
	if (r == SIGHT_OK || r == SIGHT_CUT)
		log_store(state, text, length, r == SIGHT_OK);
	return r <= 0 ? r : state_miss(state, nobody, KIND_KMSG, r, error, NULL);
}
