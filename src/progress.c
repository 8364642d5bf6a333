/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "door.h"

void progress_begin(struct progress *progress, const char *name, int64_t window_ms)
{
	*progress = (struct progress){
		.name = name,
		.begun_ns = door_now_ns(),
		.window_ms = window_ms,
		.terminal = isatty(STDERR_FILENO),
	};
}

void progress_tell(void *context, const char *doing)
{
	struct progress *progress = context;
	bool window = strcmp(doing, "window") == 0;

	if (!progress->terminal)
		return;
	if (window && progress->window_ms < BOUND_PROGRESS_MS)
		return;
	if (!window && door_now_ns() - progress->begun_ns < BOUND_PROGRESS_MS * INT64_C(1000000))
		return;
	if (window)
		fprintf(stderr, "\r\033[K%s: watching for %.1f s", progress->name, (double)progress->window_ms / 1000);
	else
		fprintf(stderr, "\r\033[K%s: reading %s", progress->name, doing);
	fflush(stderr);
	progress->shown = true;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
