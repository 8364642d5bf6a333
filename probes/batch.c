/* SPDX-License-Identifier: MIT */
/* Questions of one round to the helper, each with what it is about. */
#include "batch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"
#include "probe.h"

void batch_deinit(struct batch *batch)
{
	free(batch->questions);
	free(batch->about);
	free(batch->paths);
	*batch = (struct batch){ 0 };
}

static int grow(struct batch *batch)
{
	const size_t room = batch->room ? batch->room * 2 : 64;
	void *grown;

	grown = realloc(batch->questions, room * sizeof(*batch->questions));
	if (!grown)
		return -ENOMEM;
	batch->questions = grown;
	grown = realloc(batch->about, room * sizeof(*batch->about));
	if (!grown)
		return -ENOMEM;
	batch->about = grown;
	grown = realloc(batch->paths, room * sizeof(*batch->paths));
	if (!grown)
		return -ENOMEM;
	batch->paths = grown;
	batch->room = room;
	return 0;
}

struct question *batch_add(struct batch *batch, uint8_t kind, uint32_t row, enum ask ask, pid_t pid)
{
	const size_t at = batch->count;

	if (batch->count == batch->room && grow(batch) < 0)
		return NULL;
	batch->count++;
	batch->paths[at][0] = '\0';
	batch->about[at] = (struct batch_about){ kind, row };
	batch->questions[at] = (struct question){ .ask = ask, .pid = pid, .tid = pid };
	return &batch->questions[at];
}

struct question *batch_add_path(struct batch *batch, uint8_t kind, uint32_t row, enum ask ask, pid_t pid,
				const char *format, ...)
{
	struct question *question = batch_add(batch, kind, row, ask, pid);
	va_list arguments;

	if (!question)
		return NULL;
	va_start(arguments, format);
	vsnprintf(batch->paths[batch->count - 1], BATCH_PATH, format, arguments);
	va_end(arguments);
	return question;
}

int batch_ask(struct batch *batch, const struct visit *visit,
	      int (*take)(void *context, size_t which, const struct answer *answer), void *context)
{
	size_t i;
	int r;

	for (i = 0; i < batch->count; i++)
		if (batch->paths[i][0])
			batch->questions[i].path = batch->paths[i];
	r = batch->count == 0 ? 0 :
	    door_ask(visit->door, batch->questions, batch->count, BOUND_ASK_MS, visit->deadline_ns, take, context);
	batch->count = 0;
	return r;
}
