/* SPDX-License-Identifier: MIT */
/*
 * What a task is in, for a person: the call by name, what it is about, how long it
 * may take.  From the decoded call where it was seen, else from wchan.
 */
#include <inttypes.h>
#include <string.h>

#include "field.h"
#include "primitive.h"
#include "words.h"

enum { SHOWN_ENTRIES = 1 };

/* Told in seconds, as the program was: the number can be searched for in its source. */
static void add_timeout(struct phrase *phrase, const struct decoded *call, const char *before)
{
	char text[48];

	if (call->timeout_unread) {
		phrase_format(phrase, "%sa time that could not be read", before);
		return;
	}
	if (call->timeout_ns == UNSEEN)
		return;
	format_seconds(call->timeout_ns, text, sizeof(text));
	phrase_add(phrase, before);
	phrase_tie(phrase, text);
}

/*
 * CPython's time.sleep(), C++'s sleep_for() and others sleep until a moment: how long they
 * were told to sleep is no longer there, only what is left of it.
 */
static void add_sleep(struct phrase *phrase, const struct decoded *call, const struct call *raw)
{
	const uint64_t until = 1;      /* TIMER_ABSTIME, the second argument of clock_nanosleep(2) */
	int64_t left = call->timeout_ns;
	char text[48];

	if (strcmp(call->name, "clock_nanosleep") != 0 || !(raw->args[1] & until) || left == UNSEEN) {
		add_timeout(phrase, call, " for ");
		return;
	}
	/* To the second, and to the tenth where it is short. */
	left = left < INT64_C(10000000000) ? left / 100000000 * 100000000 : left / 1000000000 * 1000000000;
	format_seconds(left, text, sizeof(text));
	phrase_add(phrase, ", ");
	phrase_tie(phrase, text);
	phrase_add(phrase, " left");
}

static void add_fd(struct phrase *phrase, const struct scene *scene, struct task_ix task, int32_t fd)
{
	struct object_ix object = scene_fd_object(scene, task_at(scene->snapshot, task)->process, fd);

	phrase_format(phrase, "(%" PRId32 ")", fd);
	if (object.at == NO_ROW)
		return;
	phrase_add(phrase, ", ");
	words_object(phrase, scene->snapshot, object);
}

/* Names the one descriptor of a set of one; counts them else. */
static void add_set(struct phrase *phrase, const struct scene *scene, struct task_ix task, enum look look,
		    const struct decoded *call)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct span span = scene->task_peeks[look][task.at];
	struct set_entry entries[SHOWN_ENTRIES + 1];
	bool unread = false;
	uint32_t count;

	count = decode_set(snapshot, call, &task_at(snapshot, task)->at[look].call, scene->peeks_sorted + span.first,
			   span.count, entries, SHOWN_ENTRIES + 1, &unread);
	if (count == 1 && !unread)
		add_fd(phrase, scene, task, entries[0].fd);
	else if (call->action == ACTION_POLL && call->count > 0)
		phrase_format(phrase, " of %" PRIu32 " descriptors", call->count);
	else if (call->action == ACTION_SELECT && call->count > 0)
		phrase_add(phrase, " of several descriptors");
	add_timeout(phrase, call, ", at most ");
}

static void add_epoll(struct phrase *phrase, const struct scene *scene, struct task_ix task,
		      const struct decoded *call)
{
	struct object_ix set = scene_fd_object(scene, task_at(scene->snapshot, task)->process, call->fd);

	phrase_format(phrase, "(%" PRId32 ")", call->fd);
	if (set.at != NO_ROW && scene->set_watches[set.at].count > 0)
		phrase_format(phrase, " of %" PRIu32 " descriptor%s", scene->set_watches[set.at].count,
			      scene->set_watches[set.at].count == 1 ? "" : "s");
	add_timeout(phrase, call, ", at most ");
}

static void add_child(struct phrase *phrase, const struct scene *scene, struct task_ix task,
		      const struct decoded *call)
{
	struct process_ix child = { NO_ROW };
	struct object_ix pidfd;

	switch (call->child_kind) {
	case CHILD_ANY:
		phrase_add(phrase, " for any child");
		return;
	case CHILD_GROUP:
		phrase_add(phrase, " for a child of ");
		if (call->child == 0)
			phrase_add(phrase, "its own process group");
		else
			phrase_format(phrase, "process group %" PRId32, call->child);
		return;
	case CHILD_PIDFD:
		pidfd = scene_fd_object(scene, task_at(scene->snapshot, task)->process, call->child);
		if (pidfd.at != NO_ROW && object_at(scene->snapshot, pidfd)->pid > 0)
			child = snapshot_find_process(scene->snapshot, object_at(scene->snapshot, pidfd)->pid);
		break;
	case CHILD_PID:
		child = snapshot_find_process(scene->snapshot, call->child);
		break;
	}
	phrase_add(phrase, " for ");
	if (child.at != NO_ROW)
		words_process(phrase, scene->snapshot, child);
	else if (call->child_kind == CHILD_PID)
		phrase_format(phrase, "%" PRId32, call->child);
	else
		phrase_format(phrase, "the process of pidfd %" PRId32, call->child);
}

/* What the function that waits calls it, where its stack was taken. */
static bool add_primitive(struct phrase *phrase, const struct scene *scene, struct task_ix task)
{
	const enum primitive primitive = task_primitive(scene, task, NULL);

	if (primitive == PRIMITIVE_NONE)
		return false;
	phrase_add(phrase, "futex, for ");
	phrase_add(phrase, primitive_words[primitive]);
	return true;
}

/* FUTEX_WAIT 0, _WAIT_BITSET 9, _LOCK_PI 6 and 13, _WAIT_REQUEUE_PI 11; 128 private, 256 by the clock. */
static const char *futex_words(const struct decoded *call)
{
	switch (call->futex_op & 0x7f) {
	case 6:
	case 13:
		return "futex, for a lock";
	case 0:
	case 9:
	case 11:
		return "futex, for a lock or condition";
	default:
		return "futex";
	}
}

static void add_decoded(struct phrase *phrase, const struct scene *scene, struct task_ix task, enum look look,
			const struct decoded *call)
{
	const struct snapshot *snapshot = scene->snapshot;

	if (call->action != ACTION_FUTEX || strcmp(call->name, "futex") != 0)
		phrase_add(phrase, call->name);
	else if (!add_primitive(phrase, scene, task))
		phrase_add(phrase, futex_words(call));
	switch (call->action) {
	case ACTION_SLEEP:
		add_sleep(phrase, call, &task_at(snapshot, task)->at[look].call);
		break;
	case ACTION_POLL:
	case ACTION_SELECT:
		add_set(phrase, scene, task, look, call);
		break;
	case ACTION_EPOLL:
		add_epoll(phrase, scene, task, call);
		break;
	case ACTION_CHILD:
		add_child(phrase, scene, task, call);
		break;
	case ACTION_OPEN:
		if (!text_seen(call->path))
			break;
		phrase_add(phrase, " of ");
		phrase_bytes(phrase, snapshot_bytes(snapshot, call->path), call->path.length);
		break;
	case ACTION_VFORK:
		phrase_add(phrase, ", until the child executes a program or ends");
		break;
	case ACTION_SIGNAL:
		phrase_add(phrase, ", for a signal");
		add_timeout(phrase, call, ", at most ");
		break;
	case ACTION_NONE:
		break;
	default:
		if (call->fd >= 0)
			add_fd(phrase, scene, task, call->fd);
		add_timeout(phrase, call, ", at most ");
		break;
	}
}

/* What a call is that was inferred from wchan; NULL: no word for it. */
static const char *inferred_words(const struct decoded *call, const char *wchan)
{
	static const char *const words[] = {
		[ACTION_READ] = "a read", [ACTION_WRITE] = "a write", [ACTION_ACCEPT] = "an accept",
		[ACTION_CONNECT] = "a connect", [ACTION_OPEN] = "an open", [ACTION_POLL] = "poll or select",
		[ACTION_EPOLL] = "an event loop", [ACTION_SLEEP] = "a timed sleep", [ACTION_CHILD] = "a wait for a child",
		[ACTION_FUTEX] = "a wait for a lock or condition", [ACTION_SIGNAL] = "a wait for a signal",
		[ACTION_RING] = "a wait for io_uring", [ACTION_VFORK] = "vfork", [ACTION_OTHER] = NULL,
	};

	if (!call->inferred)
		return NULL;
	if (strcmp(wchan, "wait_woken") == 0) /* TCP sleeps there when it sends, too */
		return "a read or write";
	return words[call->action];
}

static bool add_wchan(struct phrase *phrase, const struct snapshot *snapshot, const struct task_look *seen,
		      const struct decoded *call)
{
	const char *words;

	if (!text_seen(seen->wchan) || seen->wchan.length == 0)
		return false;
	words = inferred_words(call, snapshot_bytes(snapshot, seen->wchan));
	if (words) {
		phrase_add(phrase, words);
		phrase_add(phrase, " (");
	}
	phrase_add(phrase, "kernel function ");
	phrase_bytes(phrase, snapshot_bytes(snapshot, seen->wchan), seen->wchan.length);
	phrase_add(phrase, words ? ")" : "");
	return true;
}

bool words_call(struct phrase *phrase, const struct scene *scene, struct task_ix task)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct task_look *seen;
	const struct decoded *call;
	enum look look;

	if (task.at == NO_ROW)
		return false;
	look = task_last_look(snapshot, task);
	seen = &task_at(snapshot, task)->at[look];
	call = &scene->calls[look][task.at];
	if (call->action != ACTION_NONE && call->name) {
		add_decoded(phrase, scene, task, look, call);
		return true;
	}
	if (seen->call.number >= 0) {
		phrase_format(phrase, "system call %" PRId32, seen->call.number);
		return true;
	}
	if (add_wchan(phrase, snapshot, seen, call))
		return true;
	switch (seen->call.number) {
	case CALL_RUNNING:
		phrase_add(phrase, "its own code");
		return true;
	case CALL_OUTSIDE:
		phrase_add(phrase, "the kernel, outside of any system call");
		return true;
	default:
		return false;
	}
}

bool words_call_short(struct phrase *phrase, const struct scene *scene, struct task_ix task)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct task_look *seen;
	const struct decoded *call;
	enum look look;

	if (task.at == NO_ROW)
		return false;
	look = task_last_look(snapshot, task);
	seen = &task_at(snapshot, task)->at[look];
	call = &scene->calls[look][task.at];
	if (call->action != ACTION_NONE && call->name) {
		phrase_add(phrase, call->name);
		if (call->fd >= 0)
			phrase_format(phrase, "(%" PRId32 ")", call->fd);
		return true;
	}
	if (seen->call.number >= 0) {
		phrase_format(phrase, "system call %" PRId32, seen->call.number);
		return true;
	}
	if (!text_seen(seen->wchan) || seen->wchan.length == 0)
		return false;
	phrase_bytes(phrase, snapshot_bytes(snapshot, seen->wchan), seen->wchan.length);
	return true;
}
