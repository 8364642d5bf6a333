/* SPDX-License-Identifier: MIT */
/*
 * Descriptors without a name, which all share one inode: eventfd, timerfd, signalfd, epoll,
 * inotify, pidfd, io_uring ...
 *
 * An eventfd has an id and a pidfd a pid.  Of the rest a child's copy looks like a new one, so
 * kcmp(2) is asked whether the nearest ancestor's descriptor of the same number and kind is the
 * same file.  Where it may not be asked the two stay apart, which proves nothing wrong.
 */
#include "fds.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"

enum { BATCH = 256, GENERATIONS = 32 };

static const char *const event_names[OBJECT_KINDS] = {
	[OBJECT_EVENTFD] = "eventfd",
	[OBJECT_TIMERFD] = "timerfd",
	[OBJECT_SIGNALFD] = "signalfd",
	[OBJECT_INOTIFY] = "inotify",
	[OBJECT_EPOLL] = "epoll",
	[OBJECT_PIDFD] = "pidfd",
	[OBJECT_URING] = "io_uring",
	[OBJECT_USERFAULTFD] = "userfaultfd",
	[OBJECT_SECCOMP] = "seccomp notify",
};

static int event_order(const void *a, const void *b)
{
	const struct fd_later *x = a, *y = b;

	if (x->process.at != y->process.at)
		return x->process.at < y->process.at ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* ---- what it is by itself -------------------------------------------------- */

static void seen_now(struct object_look *seen, int sight)
{
	seen->sight = sight;
	seen->when_ns = door_now_ns();
}

static void eventfd_read(struct object_look *seen, const struct fdinfo *info)
{
	seen->word = info->count;
	seen->readable = info->count;
}

static void timerfd_read(struct object_look *seen, const struct fdinfo *info)
{
	seen->readable = info->ticks;
	seen->expires_ns = info->left_ns;
	seen->interval_ns = info->interval_ns;
	if (info->left_ns != UNSEEN)
		seen->armed = info->left_ns ? ANSWER_YES : ANSWER_NO;
}

/** The numbers in fdinfo that change; once an object and look. */
static void event_read(struct fd_pass *pass, const struct fd_later *event, const struct fdinfo *info, int sight)
{
	struct object_look *seen = &object_at(pass->snapshot, event->object)->at[pass->look];

	if (seen->sight == SIGHT_OK)
		return;
	seen_now(seen, sight);
	if (sight != SIGHT_OK)
		return;
	if (event->kind == OBJECT_EVENTFD)
		eventfd_read(seen, info);
	else if (event->kind == OBJECT_TIMERFD)
		timerfd_read(seen, info);
	else if (event->kind == OBJECT_SIGNALFD)
		seen->word = info->signals;
}

static bool has_numbers(enum object_kind kind)
{
	return kind == OBJECT_EVENTFD || kind == OBJECT_TIMERFD || kind == OBJECT_SIGNALFD || kind == OBJECT_PIDFD;
}

static int event_label(struct snapshot *snapshot, const struct fd_later *event, struct text *ret)
{
	char name[64];
	int r;

	r = snapshot_text(snapshot, name,
			  snprintf(name, sizeof(name), "%s fd %d of %d", event_names[event->kind], event->number,
				   process_at(snapshot, event->process)->pid), ret);
	return r == -ENOMEM ? r : 0;
}

/** By eventfd-id or the pid that a pidfd names, if it has any. */
static int event_identify(struct fd_pass *pass, struct fd_later *event, const struct fdinfo *info)
{
	struct snapshot *snapshot = pass->snapshot;
	struct object_key key;
	struct text label;
	char name[64];
	int r;

	if (event->kind == OBJECT_EVENTFD && info->id != UNSEEN) {
		key = (struct object_key){ 0, info->id };
		snprintf(name, sizeof(name), "eventfd:[%lld]", (long long)info->id);
	} else if (event->kind == OBJECT_PIDFD && info->pid > 0 && info->pid <= INT32_MAX) {
		key = (struct object_key){ 4, info->pid };
		snprintf(name, sizeof(name), "pidfd of %lld", (long long)info->pid);
	} else {
		return 0;
	}
	r = snapshot_text(snapshot, name, strlen(name), &label);
	if (r == -ENOMEM)
		return r;
	r = fd_object(snapshot, event->kind, key, label, &event->object);
	if (r == 0 && event->kind == OBJECT_PIDFD && event->object.at != NO_ROW)
		object_at(snapshot, event->object)->pid = (int32_t)info->pid;
	return r;
}

/** What has no identity is what it was at the last look, if number and kind are the same. */
static struct object_ix event_known(const struct fd_pass *pass, const struct fd_later *event)
{
	struct fd_ix known = fd_pass_known(pass, event->process, event->number);
	struct object_ix object = { NO_ROW };

	if (known.at != NO_ROW)
		object = fd_at(pass->snapshot, known)->object;
	if (object.at != NO_ROW && object_at(pass->snapshot, object)->kind != event->kind)
		object.at = NO_ROW;
	return object;
}

/* ---- twins ----------------------------------------------------------------- */

static uint32_t twin_find(const struct fd_pass *pass, const struct fd_later *event)
{
	const struct snapshot *snapshot = pass->snapshot;
	struct fd_later wanted = *event;
	int generation;

	for (generation = 0; generation < GENERATIONS; generation++) {
		int32_t parent = process_at(snapshot, wanted.process)->parent;
		const struct fd_later *found;

		if (parent <= 0)
			break;
		wanted.process = snapshot_find_process(snapshot, parent);
		if (wanted.process.at == NO_ROW || wanted.process.at == event->process.at)
			break;
		found = bsearch(&wanted, pass->events.row, pass->events.count, sizeof(*found), event_order);
		if (found && found->kind == event->kind)
			return (uint32_t)(found - pass->events.row);
	}
	return NO_ROW;
}

struct twins {
	struct fd_pass *pass;
	uint32_t at[BATCH];
	struct question question[BATCH];
};

static int twin_answered(void *context, size_t which, const struct answer *answer)
{
	struct twins *twins = context;
	struct fd_later *event = &twins->pass->events.row[twins->at[which]];
	int32_t order = 1;

	if (answer->sight == SIGHT_OK && answer->length == sizeof(order))
		memcpy(&order, answer->bytes, sizeof(order));
	if (order != 0)
		event->twin = NO_ROW;
	if (answer->sight == SIGHT_OK || answer->sight == SIGHT_GONE)
		return 0;
	return fd_pass_miss(twins->pass, event->process, answer->sight, answer->error, MISS_KCMP);
}

static int twins_ask(struct fd_pass *pass)
{
	_cleanup_free_ struct twins *twins = NULL;
	uint32_t next = 0, count;
	int r;

	for (;;) {
		while (next < pass->events.count && pass->events.row[next].twin == NO_ROW)
			next++;
		if (next == pass->events.count)
			return 0;
		if (!twins)
			twins = malloc(sizeof(*twins));
		if (!twins)
			return -ENOMEM;
		twins->pass = pass;
		for (count = 0; next < pass->events.count && count < BATCH; next++) {
			const struct fd_later *event = &pass->events.row[next];

			if (event->twin == NO_ROW)
				continue;
			twins->at[count] = next;
			twins->question[count++] = (struct question){
				.ask = ASK_KCMP,
				.pid = process_at(pass->snapshot, event->process)->pid,
				.other_pid = process_at(pass->snapshot, pass->events.row[event->twin].process)->pid,
				.number = { KCMP_FILE, event->number, event->number },
			};
		}
		r = door_ask(pass->visit->door, twins->question, count, BOUND_ASK_MS, pass->visit->deadline_ns,
			     twin_answered, twins);
		if (r < 0)
			return r;
	}
}

/** The first of a line of twins is the object of all. */
static int event_resolve(struct fd_pass *pass, struct fd_later *event)
{
	struct fd_later *first = event;
	struct text label;
	int generation, r;

	for (generation = 0; first->object.at == NO_ROW && first->twin != NO_ROW && generation < GENERATIONS;
	     generation++)
		first = &pass->events.row[first->twin];
	if (first->object.at == NO_ROW) {
		r = event_label(pass->snapshot, first, &label);
		if (r < 0)
			return r;
		r = fd_object(pass->snapshot, first->kind,
			      fd_key_anonymous(pass->snapshot, first->process, first->number), label,
			      &first->object);
		if (r < 0)
			return r;
	}
	event->object = first->object;
	return 0;
}

/* ---- all of them ----------------------------------------------------------- */

static int event_info(struct fd_pass *pass, const struct fd_later *event, struct fdinfo *ret)
{
	char place[FD_PLACE];
	int error, r, sight;

	fd_pass_place(pass, event->process, place);
	sight = fd_info(pass->visit->door, place, event->number, ret, &error);
	if (sight > 0 && sight != SIGHT_GONE) {
		r = fd_pass_miss(pass, event->process, sight, error, MISS_FDINFO);
		if (r < 0)
			return r;
	}
	return sight;
}

static int event_add(struct fd_pass *pass, struct fd_later *event, const struct fdinfo *info, int sight)
{
	int r;

	r = event_resolve(pass, event);
	if (r < 0)
		return r;
	r = fd_add(pass, event->process, event->number, event->object, sight == SIGHT_UNASKED ? NULL : info, sight);
	if (r < 0 || event->object.at == NO_ROW)
		return r;
	if (has_numbers(event->kind))
		event_read(pass, event, info, sight);
	if (event->kind == OBJECT_PIDFD && info->pid == -1)
		object_at(pass->snapshot, event->object)->pid = -1;
	if (event->kind == OBJECT_URING)
		process_at(pass->snapshot, event->process)->uring = ANSWER_YES;
	return 0;
}

static int events_find_out(struct fd_pass *pass, struct fdinfo *info, int *sight)
{
	uint32_t at;
	int r;

	for (at = 0; at < pass->events.count; at++) {
		struct fd_later *event = &pass->events.row[at];

		fdinfo_parse("", 0, &info[at]);
		sight[at] = SIGHT_UNASKED;
		if (has_numbers(event->kind)) {
			sight[at] = event_info(pass, event, &info[at]);
			r = sight[at] < 0 ? sight[at] : event_identify(pass, event, &info[at]);
			if (r < 0)
				return r;
		}
		if (event->object.at == NO_ROW)
			event->object = event_known(pass, event);
	}
	for (at = 0; at < pass->events.count; at++)
		if (pass->events.row[at].object.at == NO_ROW)
			pass->events.row[at].twin = twin_find(pass, &pass->events.row[at]);
	return twins_ask(pass);
}

int events_add(struct fd_pass *pass)
{
	_cleanup_free_ struct fdinfo *info = NULL;
	_cleanup_free_ int *sight = NULL;
	uint32_t at;
	int r;

	if (pass->events.count == 0)
		return 0;
	info = calloc(pass->events.count, sizeof(*info));
	sight = calloc(pass->events.count, sizeof(*sight));
	if (!info || !sight)
		return -ENOMEM;
	qsort(pass->events.row, pass->events.count, sizeof(*pass->events.row), event_order);
	r = events_find_out(pass, info, sight);
	for (at = 0; at < pass->events.count && r == 0; at++)
		r = event_add(pass, &pass->events.row[at], &info[at], sight[at]);
	return r < 0 ? r : epolls_look(pass);
}
