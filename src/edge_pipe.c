/* SPDX-License-Identifier: MIT */
/* Waiting for the other end of a pipe or FIFO: to fill it, to drain it, to open it. */
#include "edges.h"

#include <string.h>

static void pipe_begin(const struct wait *wait, enum want want)
{
	bool fifo = object_at(wait->scene->snapshot, wait->object)->kind == OBJECT_FIFO;

	edge_begin(wait, fifo ? CHANNEL_FIFO : CHANNEL_PIPE, want, wait->object);
	if (fifo)
		edge_doubt(wait->edges, DOUBT_NEWCOMER);
}

void draw_pipe_read(const struct wait *wait)
{
	pipe_begin(wait, WANT_READ);
	if (wait_object(wait, wait->object)->readable > 0)
		edge_ready(wait->edges);
	edge_other_end(wait->edges, wait->object, END_WRITE);
}

/*
 * Room is no reason to wake: a pipe is full when its slots are, and a slot may hold
 * one byte; and a large write waits for all of its room.
 */
void draw_pipe_write(const struct wait *wait)
{
	pipe_begin(wait, WANT_WRITE);
	edge_other_end(wait->edges, wait->object, END_READ);
}

/*
 * Who opens a FIFO waits until somebody opens its other end, so nobody who has it open
 * could end that wait.  No other open sleeps in wait_for_partner(); the rest wait for a
 * file system or a device.
 */
void draw_open(const struct wait *wait)
{
	const char *wchan = wait_wchan(wait);
	struct object_ix none = { NO_ROW };

	if (!strncmp(wchan, "wait_for_partner", 16) || !strncmp(wchan, "fifo_open", 9)) {
		edge_begin(wait, CHANNEL_FIFO, WANT_OPEN, none);
		edge_doubt(wait->edges, DOUBT_NEWCOMER);
		return;
	}
	edge_begin(wait, CHANNEL_FILE, WANT_OPEN, none);
	edge_outside(wait->edges);
	if (!*wchan)
		edge_doubt(wait->edges, DOUBT_CALL);
}
