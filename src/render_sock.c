/* SPDX-License-Identifier: MIT */
/* wedgesock: the sockets of the tree, their queues, and who is at the other end. */
#include <errno.h>
#include <inttypes.h>

#include "page.h"
#include "text_parts.h"
#include "views.h"
#include "words.h"
#include "words_socket.h"

/* Distinct ones: after fork(2) many descriptors are one socket. */
struct totals {
	uint32_t sockets, close_wait, external;
	int64_t oldest_ms;        /* Longest since data came to one in CLOSE-WAIT; UNSEEN not known. */
};

static void count_one(const struct object *object, struct totals *totals)
{
	int64_t age = object_last(object)->last_received_ms;

	totals->sockets++;
	if (object->reach == REACH_EXTERNAL)
		totals->external++;
	if (!socket_is_close_wait(object))
		return;
	totals->close_wait++;
	if (age != UNSEEN && age > totals->oldest_ms)
		totals->oldest_ms = age;
}

static int count_all(const struct report *report, struct totals *ret)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	struct totals totals = { .oldest_ms = UNSEEN };
	struct socket_walk walk;
	struct fd_ix fd;
	uint8_t *counted;
	uint32_t i;

	counted = arena_new(report->scene->arena, uint8_t, (size_t)snapshot->objects.count + 1);
	if (!counted)
		return -ENOMEM;
	for (i = 0; i < report->processes; i++) {
		if (!(process_at(snapshot, report->order[i])->flags & PROCESS_IN_TREE))
			continue;
		socket_walk_init(&walk, report->scene, report->order[i]);
		while ((fd = socket_walk_next(&walk)).at != NO_ROW) {
			struct object_ix object = fd_at(snapshot, fd)->object;

			if (!counted[object.at])
				count_one(object_at(snapshot, object), &totals);
			counted[object.at] = 1;
		}
	}
	*ret = totals;
	return 0;
}

static void put_totals(struct page *page, const struct report *report, const struct totals *totals)
{
	struct phrase phrase;
	char age[32];

	phrase_init(&phrase, page_place(page));
	phrase_format(&phrase, "%" PRIu32 " socket%s; CLOSE-WAIT %" PRIu32, totals->sockets,
		      totals->sockets == 1 ? "" : "s", totals->close_wait);
	if (totals->oldest_ms != UNSEEN) {
		format_age(totals->oldest_ms, age, sizeof(age));
		phrase_add(&phrase, " (oldest ");
		phrase_tie(&phrase, age);
		phrase_add(&phrase, " since data came)");
	}
	phrase_format(&phrase, "; external %" PRIu32, totals->external);
	if (!report->external_known)
		phrase_add(&phrase, " or more: not every socket could be matched");
	page_phrase(page, &phrase);
	page_end_line(page);
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	struct totals totals;
	struct page page;
	int r;

	page_init(&page, out, options);
	r = view_sockets(report, options, VIEW_WHOLE, "", out);
	if (r == 0)
		r = count_all(report, &totals);
	if (r < 0)
		return r;
	put_totals(&page, report, &totals);
	text_gaps(&page, report);
	return page_end(&page);
}

const struct renderer render_sock = { "text", render };
