/* SPDX-License-Identifier: MIT */
/*
 * What each process is: namespaces and timers, read; command line, links, width of its
 * words and bytes read and written, asked.  All but the last are asked once, and again
 * when it became another program.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "mask.h"
#include "state_inner.h"
#include "state_parse.h"

enum { IO_LENGTH = 512, AUXV_LENGTH = 1024 };

static int store_text(struct snapshot *snapshot, const char *bytes, size_t length, struct text *ret)
{
	const int r = snapshot_text(snapshot, bytes, length, ret);

	return r == -E2BIG ? 0 : r;
}

/* ---- read ------------------------------------------------------------------ */

/* 0 and the inode, a sight, or -errno. */
static int ns_read(struct state *state, const char *who, const char *name, uint64_t *ret, int *error)
{
	const char *text;
	size_t length;
	int r;

	r = door_link(state->visit->door, &text, &length, error, "%s/ns/%s", who, name);
	return r ? r : ns_parse(text, length, ret);
}

static int offsets_read(struct state *state, const char *who, int64_t *ret_monotonic, int64_t *ret_boot)
{
	const char *text;
	size_t length;
	int r, error;

	r = door_read(state->visit->door, &text, &length, &error, "%s/timens_offsets", who);
	return r ? r : timens_parse(text, length, ret_monotonic, ret_boot);
}

/* Its clocks against ours: asked only when its namespace is another one. */
static int clocks_read(struct state *state, const char *who, struct process *process)
{
	int64_t monotonic, boot, own_monotonic, own_boot;
	uint64_t own;
	int r, error;

	r = ns_read(state, "self", "time", &own, &error);
	if (r != 0 || process->ns_time == 0)
		return r < 0 ? r : 0;
	if (own == process->ns_time) {
		process->monotonic_offset_ns = process->boot_offset_ns = 0;
		return 0;
	}
	r = offsets_read(state, who, &monotonic, &boot);
	if (r == 0)
		r = offsets_read(state, "self", &own_monotonic, &own_boot);
	if (r == 0) {
		process->monotonic_offset_ns = monotonic - own_monotonic;
		process->boot_offset_ns = boot - own_boot;
	}
	return r < 0 ? r : 0;
}

static int namespaces_read(struct state *state, struct process_ix at, const char *who)
{
	struct process *process = process_at(state->snapshot, at);
	const struct { const char *name; uint64_t *ret; } spaces[] = {
		{ "net", &process->ns_net }, { "pid", &process->ns_pidns }, { "ipc", &process->ns_ipc },
		{ "mnt", &process->ns_mnt }, { "time", &process->ns_time },
	};
	int r = 0, error = 0;
	size_t i;

	for (i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
		r = ns_read(state, who, spaces[i].name, spaces[i].ret, &error);
		if (r < 0)
			return r;
		if (i == 0 && r != SIGHT_OK)
			break; /* access is one for all; a zombie has none left */
	}
	process->ns_sight = (uint8_t)(i == 0 ? r : SIGHT_OK);
	if (i > 0)
		return clocks_read(state, who, process);
	if (r == SIGHT_GONE)
		return 0;
	return state_miss(state, at, KIND_NS, r, error, &process->ns_sight);
}

static int timers_read(struct state *state, struct process_ix at)
{
	struct process *process = process_at(state->snapshot, at);
	const char *text;
	size_t length;
	int r, error = 0;

	r = door_read(state->visit->door, &text, &length, &error, "%d/timers", process->pid);
	if (r == SIGHT_OK || r == SIGHT_CUT)
		process->posix_timers = timers_count(text, length);
	else if (r == SIGHT_GONE && error == ENOENT) /* CONFIG_CHECKPOINT_RESTORE is off */
		return state_miss(state, at, KIND_TIMERS, SIGHT_UNSUPPORTED, error, NULL);
	else if (r > 0 && r != SIGHT_GONE)
		return state_miss(state, at, KIND_TIMERS, r, error, NULL);
	return r < 0 ? r : 0;
}

/* The status of a killed process is hidden from strangers: they read 0. */
static void exit_status_check(struct process *process)
{
	if (process->ns_sight == SIGHT_DENIED && process->exit_status == 0)
		process->exit_status = UNSEEN;
}

int state_read_process(struct state *state, struct process_ix at)
{
	struct process *process = process_at(state->snapshot, at);
	const struct task_ix voice = state_voice(state, at);
	char who[32];
	int r = 0;

	if (process->ns_sight == SIGHT_UNASKED) {
		snprintf(who, sizeof(who), "%d/task/%d", process->pid,
			 voice.at == NO_ROW ? process->pid : task_at(state->snapshot, voice)->tid);
		r = namespaces_read(state, at, who);
		if (r == 0 && voice.at != NO_ROW && !(process->flags & PROCESS_KERNEL))
			r = timers_read(state, at);
	}
	exit_status_check(process);
	return r;
}

/* ---- asked ----------------------------------------------------------------- */

static int ask(struct state *state, struct process_ix at, enum kind kind, enum ask how, size_t limit)
{
	const struct process *process = process_at(state->snapshot, at);
	const struct task_ix voice = state_voice(state, at);
	struct question *question;

	if (voice.at == NO_ROW)
		return 0;
	question = batch_add_path(&state->batch, (uint8_t)kind, at.at, how, process->pid, "%d/task/%d/%s", process->pid,
			     task_at(state->snapshot, voice)->tid, kind_names[kind]);
	if (!question)
		return -ENOMEM;
	question->limit = limit;
	return 0;
}

static int ask_facts(struct state *state, struct process_ix at)
{
	int r;

	r = ask(state, at, KIND_CMDLINE, ASK_FILE, BOUND_ARGV);
	if (r == 0)
		r = ask(state, at, KIND_CWD, ASK_LINK, 0);
	if (r == 0)
		r = ask(state, at, KIND_AUXV, ASK_FILE, AUXV_LENGTH);
	return r;
}

int state_ask_process(struct state *state, struct process_ix at)
{
	const struct process *process = process_at(state->snapshot, at);
	struct question *question;
	int r;

	if ((process->flags & PROCESS_KERNEL) || state_voice(state, at).at == NO_ROW)
		return 0;
	/* Of all threads together, so not under task/. */
	question = batch_add_path(&state->batch, KIND_IO, at.at, ASK_FILE, process->pid, "%d/io", process->pid);
	if (!question)
		return -ENOMEM;
	question->limit = IO_LENGTH;
	r = ask(state, at, KIND_EXE, ASK_LINK, 0);
	if (r == 0 && process->argv_sight == SIGHT_UNASKED)
		r = ask_facts(state, at);
	return r;
}

int state_ask_again(struct state *state, struct process_ix at)
{
	if (state->look == LOOK_T1 && (process_at(state->snapshot, at)->flags & PROCESS_EXECED))
		return ask_facts(state, at);
	return 0;
}

static int argv_store(struct state *state, struct process *process, const struct answer *answer)
{
	const bool whole = state->visit->options && state->visit->options->whole_args;
	const char *bytes = answer->bytes;
	size_t length = answer->length;
	char *masked = NULL;
	int r;

	/* A title that was written over the arguments leaves a tail of NULs. */
	while (length > 1 && bytes[length - 1] == '\0' && bytes[length - 2] == '\0')
		length--;
	if (!whole && length > 0) {
		masked = malloc(BOUND_ARGV);
		if (!masked)
			return -ENOMEM;
		length = mask_arguments(bytes, length, masked, BOUND_ARGV);
		bytes = masked;
	}
	r = store_text(state->snapshot, bytes, length, &process->argv);
	free(masked);
	return r;
}

/* Another program under the same start time; the name alone may change without that. */
static int exe_store(struct state *state, struct process *process, const struct answer *answer)
{
	const struct text before = process->exe;
	int r;

	r = store_text(state->snapshot, answer->bytes, answer->length, &process->exe);
	if (r < 0 || state->look == LOOK_T0 || !text_seen(before) || !text_seen(process->exe))
		return r;
	process->flags &= ~(uint32_t)PROCESS_EXECED;
	if (before.at != process->exe.at)
		process->flags |= PROCESS_EXECED;
	return 0;
}

static uint8_t *sight_of(struct state *state, struct process *process, enum kind kind)
{
	switch (kind) {
	case KIND_IO:
		return &process->at[state->look].io_sight;
	case KIND_CMDLINE:
		return &process->argv_sight;
	case KIND_EXE:
	case KIND_CWD:
		return &process->links_sight;
	default:
		return NULL;
	}
}

static int store(struct state *state, struct process *process, enum kind kind, const struct answer *answer)
{
	struct process_look *seen = &process->at[state->look];

	switch (kind) {
	case KIND_IO:
		return io_parse(answer->bytes, answer->length, &seen->read_bytes, &seen->written_bytes);
	case KIND_CMDLINE:
		return argv_store(state, process, answer);
	case KIND_EXE:
		return exe_store(state, process, answer);
	case KIND_CWD:
		return store_text(state->snapshot, answer->bytes, answer->length, &process->cwd);
	case KIND_AUXV:
		process->bits = (uint8_t)auxv_bits(answer->bytes, answer->length);
		return 0;
	default:
		return 0;
	}
}

int state_take_process(struct state *state, enum kind kind, struct process_ix at, const struct answer *answer)
{
	struct process *process = process_at(state->snapshot, at);
	uint8_t *mark = sight_of(state, process, kind);
	int r = 0, sight = answer->sight;

	if (sight == SIGHT_OK || sight == SIGHT_CUT)
		r = store(state, process, kind, answer);
	if (r < 0)
		return r;
	if (sight == SIGHT_OK)
		sight = r;
	if (kind == KIND_AUXV && sight == SIGHT_CUT)
		sight = SIGHT_OK;
	/* cwd does not make good what exe missed. */
	if (sight == SIGHT_OK) {
		if (mark && (*mark == SIGHT_UNASKED || kind == KIND_IO || kind == KIND_CMDLINE))
			*mark = SIGHT_OK;
		return 0;
	}
	if (sight == SIGHT_GONE)
		return state_miss_task(state, state_voice(state, at), kind, sight, answer->error, mark);
	return state_miss(state, at, kind, sight, answer->error, mark);
}
