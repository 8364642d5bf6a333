/* SPDX-License-Identifier: MIT */
/* Who carries a marker in its environment. */
#include "environ.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "door.h"

bool environ_is_marker(const char *marker)
{
	const char *sign = marker ? strchr(marker, '=') : NULL;

	return sign && sign > marker && sign[1];
}

bool environ_has(const char *bytes, size_t length, const char *marker)
{
	const char *end = length ? bytes + length : bytes, *stop; /* NULL + 0 is undefined */
	const size_t size = strlen(marker);

	for (; bytes < end; bytes = stop + 1) {
		stop = memchr(bytes, '\0', (size_t)(end - bytes));
		if (!stop)
			stop = end;
		if ((size_t)(stop - bytes) == size && memcmp(bytes, marker, size) == 0)
			return true;
		if (stop == end)
			break;
	}
	return false;
}

struct asking { const char *marker; bool *ret; size_t denied; };

static int take(void *context, size_t which, const struct answer *answer)
{
	struct asking *asking = context;

	if (answer->sight == SIGHT_OK || answer->sight == SIGHT_CUT)
		asking->ret[which] = environ_has(answer->bytes, answer->length, asking->marker);
	else if (answer->sight != SIGHT_GONE)
		asking->denied++;
	return 0;
}

int environ_bearers(struct door *door, const int32_t *pids, size_t count, const char *marker, int64_t deadline_ns,
		    bool *ret, size_t *ret_denied)
{
	struct asking asking = { .marker = marker, .ret = ret };
	struct question *questions = calloc(count + 1, sizeof(*questions));
	char (*paths)[24] = calloc(count + 1, sizeof(*paths));
	int r = -ENOMEM;
	size_t i;

	if (questions && paths) {
		for (i = 0; i < count; i++) {
			ret[i] = false;
			snprintf(paths[i], sizeof(paths[i]), "%d/environ", pids[i]);
			questions[i] = (struct question){
				.ask = ASK_FILE, .pid = pids[i], .path = paths[i], .limit = BOUND_ENVIRON,
			};
		}
		r = door_ask(door, questions, count, BOUND_ASK_MS, deadline_ns, take, &asking);
	}
	free(questions);
	free(paths);
	*ret_denied = asking.denied;
	return r;
}
