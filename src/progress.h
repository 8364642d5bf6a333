/* SPDX-License-Identifier: MIT */
/*
 * One line on a terminal for anything that takes longer than half a second.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *name;    /**< Of the tool. */
	int64_t begun_ns;
	int64_t window_ms, sampling_ms;
	bool terminal, shown;
};

/** Nothing is shown where stderr is no terminal. */
void progress_begin(struct progress *progress, const char *name, int64_t window_ms, int64_t sampling_ms);
/** context: a struct progress.  doing: a probe's name, or "window" when the wait begins. */
void progress_tell(void *context, const char *doing);
/** Takes the line away. */
void progress_end(struct progress *progress);

#endif
