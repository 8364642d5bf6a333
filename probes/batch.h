/* SPDX-License-Identifier: MIT */
/*
 * Questions of one round to the helper, each with what it is about.  A probe adds them
 * for all its subjects and then asks once: a round costs two wake-ups, a question
 * almost nothing.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "door.h"

struct visit;

enum { BATCH_PATH = 48 };     /* "4194304/task/4194304/schedstat" and to spare */

struct batch_about { uint8_t kind; uint32_t row; };

struct batch {
	struct question *questions;
	struct batch_about *about; /**< One a question: the asker's own kind, and a row of some table. */
	char (*paths)[BATCH_PATH];
	size_t count, room;
};

void batch_deinit(struct batch *batch);

/** One more question, blank but for pid.  NULL: no memory. */
struct question *batch_add(struct batch *batch, uint8_t kind, uint32_t row, enum ask ask, pid_t pid);
/** The same with a path, printed from format. */
struct question *batch_add_path(struct batch *batch, uint8_t kind, uint32_t row, enum ask ask, pid_t pid,
				const char *format, ...) __attribute__((__format__(__printf__, 6, 7)));

/** Ask them all and forget them; take() as in door_ask().  0 or -errno. */
int batch_ask(struct batch *batch, const struct visit *visit,
	      int (*take)(void *context, size_t which, const struct answer *answer), void *context);

#endif
