/* SPDX-License-Identifier: MIT */
/* Waiting on one side of a pseudo-terminal for whoever holds the other: a prompt, a full screen. */
#include "edges.h"

static void pty_other_side(const struct wait *wait)
{
	struct object_ix other = object_at(wait->scene->snapshot, wait->object)->peer;

	if (other.at != NO_ROW) {
		edge_other_end(wait->edges, other, END_ANY);
		return;
	}
	edge_unheld(wait->edges, object_at(wait->scene->snapshot, wait->object)->cover == COVER_MACHINE);
}

/*
 * What is queued is no end of the wait: a line not yet ended by its newline counts, and a
 * job in the background is not served at all.
 */
void draw_pty_read(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_PTY, WANT_READ, wait->object);
	pty_other_side(wait);
}

void draw_pty_write(const struct wait *wait)
{
	edge_begin(wait, CHANNEL_PTY, WANT_WRITE, wait->object);
	pty_other_side(wait);
}
