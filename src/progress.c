/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "door.h"

void progress_begin(struct progress *progress, const char *name, int64_t window_ms, int64_t sampling_ms)
{
	*progress = (struct progress){
		.name = name,
		.begun_ns = door_now_ns(),
		.window_ms = window_ms,
		.sampling_ms = sampling_ms,
		.terminal = isatty(STDERR_FILENO),
	};
}

void progress_tell(void *context, const char *doing)
{
	struct progress *progress = context;
	const char *wait = NULL;
	int64_t wait_ms = 0;

	if (!progress->terminal)
		return;
	if (strcmp(doing, "window") == 0) {
		wait = "watching";
		wait_ms = progress->window_ms;
	} else if (strcmp(doing, "stacks") == 0) {
		wait = "sampling";
		wait_ms = progress->sampling_ms;
	}
	if (wait && wait_ms < BOUND_PROGRESS_MS)
		wait = NULL;
	if (!wait && door_now_ns() - progress->begun_ns < BOUND_PROGRESS_MS * INT64_C(1000000))
		return;
	if (wait)
		fprintf(stderr, "\r\033[K%s: %s for %.1f s", progress->name, wait, (double)wait_ms / 1000);
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
