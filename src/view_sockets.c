/* SPDX-License-Identifier: MIT */
/* The sockets of the tree as a table, and what they come to. */
#include <errno.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "grid.h"
#include "title.h"
#include "views.h"
#include "words.h"
#include "words_socket.h"

enum {
	COLUMN_PROCESS, COLUMN_FD, COLUMN_KIND, COLUMN_STATE, COLUMN_RECEIVED, COLUMN_UNSENT, COLUMN_LOCAL, COLUMN_REMOTE,
	COLUMN_PEER, COLUMNS,
	COLUMN_LAST_RECEIVED = COLUMN_PEER, COLUMN_LAST_SENT, COLUMN_PEER_WHOLE, COLUMNS_WHOLE,
};
enum { PEER_LEAST = TITLE_MOST };
static const struct grid_column brief_columns[COLUMNS] = {
	{ "PID", true }, { "FD", true }, { "SOCKET", false }, { "STATE", false }, { "RECV-Q", true }, { "SEND-Q", true },
	{ "LOCAL", false }, { "REMOTE", false }, { "PEER", false },
};
static const struct grid_column whole_columns[COLUMNS_WHOLE] = {
	{ "PID", true }, { "FD", true }, { "SOCKET", false }, { "STATE", false }, { "RECV-Q", true }, { "SEND-Q", true },
	{ "LOCAL", false }, { "REMOTE", false }, { "RECEIVED", true }, { "SENT", true }, { "PEER", false },
};

static void add_number(struct phrase *phrase, int64_t number)
{
	if (number == UNSEEN)
		phrase_add(phrase, "?");
	else
		phrase_format(phrase, "%" PRId64, number);
}

static void add_age(struct phrase *phrase, int64_t ms)
{
	char text[32];

	if (ms == UNSEEN)
		return;
	format_age(ms, text, sizeof(text));
	phrase_add(phrase, text);
}

static void add_text(struct phrase *phrase, const struct snapshot *snapshot, struct text text)
{
	phrase_bytes(phrase, snapshot_bytes(snapshot, text), text.length);
}

/* "tcp ipv6", "unix dgram", "netlink raw". */
static void add_kind(struct phrase *phrase, const struct object *object)
{
	const char *family = socket_family(object), *type = socket_type(object);

	if (object->kind == OBJECT_TCP || object->kind == OBJECT_UDP) {
		phrase_add(phrase, object->kind == OBJECT_TCP ? "tcp" : "udp");
		phrase_add(phrase, object->family == AF_INET6 ? "6" : "");
		return;
	}
	phrase_add(phrase, family ? family : "?");
	if (type) {
		phrase_add(phrase, " ");
		phrase_add(phrase, type);
	}
}

static void add_row(struct grid *grid, const struct scene *scene, const struct fd *fd, enum view view)
{
	const struct snapshot *snapshot = scene->snapshot;
	const struct object *object = object_at(snapshot, fd->object);
	const struct object_look *seen = object_last(object);
	const char *state = socket_state(object);

	phrase_format(&grid->cell[COLUMN_PROCESS], "%" PRId32, process_at(snapshot, fd->process)->pid);
	phrase_format(&grid->cell[COLUMN_FD], "%" PRId32, fd->number);
	add_kind(&grid->cell[COLUMN_KIND], object);
	phrase_add(&grid->cell[COLUMN_STATE], state ? state : "?");
	if (seen->backlog != UNSEEN) { /* a listener: how many wait to be accepted, and how many may */
		add_number(&grid->cell[COLUMN_RECEIVED], seen->backlog);
		add_number(&grid->cell[COLUMN_UNSENT], seen->backlog_max);
	} else {
		add_number(&grid->cell[COLUMN_RECEIVED], seen->readable);
		add_number(&grid->cell[COLUMN_UNSENT], seen->unsent);
	}
	add_text(&grid->cell[COLUMN_LOCAL], snapshot, object->label);
	add_text(&grid->cell[COLUMN_REMOTE], snapshot, object->remote);
	if (view == VIEW_WHOLE) {
		add_age(&grid->cell[COLUMN_LAST_RECEIVED], seen->last_received_ms);
		add_age(&grid->cell[COLUMN_LAST_SENT], seen->last_sent_ms);
	}
	words_peer(&grid->cell[view == VIEW_WHOLE ? COLUMN_PEER_WHOLE : COLUMN_PEER], scene, fd->object, fd->process);
	grid_row(grid);
}

/* Something lies in it, waits at it, or was left lying. */
static bool is_telling(const struct object *object)
{
	const struct object_look *seen = object_last(object);

	return seen->readable > 0 || seen->unsent > 0 || seen->backlog > 0 || socket_is_close_wait(object);
}

static bool is_wanted(const struct report *report, struct process_ix process, const struct object *object)
{
	return is_telling(object) ||
	       (report->notes[process.at].role == REPORT_CULPRIT && object->reach == REACH_EXTERNAL);
}

static void add_all(struct grid *grid, const struct report *report, enum view view, uint32_t *left_out)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	struct socket_walk walk;
	uint32_t i, shown = 0;
	struct fd_ix fd;

	*left_out = 0;
	for (i = 0; i < report->processes; i++) {
		if (!(process_at(snapshot, report->order[i])->flags & PROCESS_IN_TREE))
			continue;
		socket_walk_init(&walk, report->scene, report->order[i]);
		while ((fd = socket_walk_next(&walk)).at != NO_ROW) {
			const struct fd *it = fd_at(snapshot, fd);

			if (view == VIEW_BRIEF && !is_wanted(report, it->process, object_at(snapshot, it->object)))
				continue;
			if (view == VIEW_BRIEF && !grid->options->verbose && shown == BRIEF_SOCKETS) {
				++*left_out;
				continue;
			}
			shown++;
			grid_begin(grid);
			add_row(grid, report->scene, it, view);
		}
	}
}

int view_sockets(const struct report *report, const struct render_options *options, enum view view, const char *before,
		 FILE *out)
{
	uint32_t left_out = 0;
	struct grid *grid;

	grid = arena_new(report->scene->arena, struct grid, 1);
	if (!grid)
		return -ENOMEM;
	if (view == VIEW_WHOLE)
		grid_init(grid, whole_columns, COLUMNS_WHOLE, out, options);
	else
		grid_init(grid, brief_columns, COLUMNS, out, options);
	grid->before = before;
	grid->least = PEER_LEAST;
	if (view == VIEW_BRIEF)
		grid->indent = "  ";
	while (grid_pass(grid))
		add_all(grid, report, view, &left_out);
	if (left_out > 0)
		fprintf(out, "  and %" PRIu32 " more: see wedgesock\n", left_out);
	return 0;
}
