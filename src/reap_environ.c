/* SPDX-License-Identifier: MIT */
/*
 * Environments, as they were when the program was started: markers, the run, the opt-out.
 * What was read once of a process is kept: it changes only when the process
 * executes another program, which inherits what counts here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "door.h"
#include "environ.h"
#include "reap.h"

static const char run_name[] = "WEDGE_RUN_ID=", keep_entry[] = "WEDGE_KEEP=1";

void environ_take(const char *bytes, size_t length, const struct texts *markers, struct environ_fact *ret)
{
	const char *end = length ? bytes + length : bytes, *stop; /* NULL + 0 is undefined */
	size_t i, size;

	/* A program that is being started has none yet. */
	ret->settled = length > 0;
	for (i = 0; i < markers->count; i++)
		if (environ_has(bytes, length, markers->row[i]))
			ret->markers |= UINT64_C(1) << i;
	ret->keep = environ_has(bytes, length, keep_entry);
	for (; bytes < end; bytes = stop + 1) {
		stop = memchr(bytes, '\0', (size_t)(end - bytes));
		if (!stop)
			stop = end;
		size = (size_t)(stop - bytes);
		if (size == strlen(run_name) + RUN_ID - 1 && memcmp(bytes, run_name, strlen(run_name)) == 0) {
			memcpy(ret->run_id, bytes + strlen(run_name), RUN_ID - 1);
			return;
		}
		if (stop == end)
			break;
	}
}

static struct environ_fact *fact_at(struct environ_facts *facts, int32_t pid)
{
	uint32_t slot = (uint32_t)pid * UINT32_C(2654435761);

	for (;; slot++) {
		struct environ_fact *fact = &facts->row[slot & (facts->room - 1)];

		if (fact->pid == pid || fact->pid == 0)
			return fact;
	}
}

/* Room for so many more, with half of it free. */
static int facts_grow(struct environ_facts *facts, uint32_t more)
{
	struct environ_facts grown = { .room = facts->room ? facts->room : 256 };
	uint32_t i;

	while (grown.room < 2 * (facts->count + more))
		grown.room *= 2;
	if (grown.room == facts->room)
		return 0;
	grown.row = calloc(grown.room, sizeof(*grown.row));
	if (!grown.row)
		return -ENOMEM;
	for (i = 0; i < facts->room; i++)
		if (facts->row[i].pid)
			*fact_at(&grown, facts->row[i].pid) = facts->row[i];
	grown.count = facts->count;
	free(facts->row);
	*facts = grown;
	return 0;
}

const struct environ_fact *environ_of(const struct reaper *reaper, const struct being *being)
{
	struct environ_facts facts = reaper->environs;
	const struct environ_fact *fact;

	if (facts.room == 0)
		return NULL;
	fact = fact_at(&facts, being->pid);
	return fact->pid == being->pid && fact->start_ticks == being->start_ticks ? fact : NULL;
}

struct asking { struct reaper *reaper; const struct being **being; };

static int take(void *context, size_t which, const struct answer *answer)
{
	struct asking *asking = context;
	struct environ_facts *facts = &asking->reaper->environs;
	const struct being *being = asking->being[which];
	struct environ_fact *fact = fact_at(facts, being->pid);

	if (fact->pid == 0)
		facts->count++;
	*fact = (struct environ_fact){ .pid = being->pid, .start_ticks = being->start_ticks };
	if (answer->sight == SIGHT_OK || answer->sight == SIGHT_CUT)
		environ_take(answer->bytes, answer->length, &asking->reaper->options->markers, fact);
	asking->reaper->vanished += answer->sight == SIGHT_GONE;
	/* What was cut off may hold the opt-out. */
	if (answer->sight != SIGHT_OK && answer->sight != SIGHT_GONE)
		fact->denied = !fact->keep;
	return 0;
}

int environs_ask(struct reaper *reaper, const struct census *census, const uint32_t *rows, uint32_t count)
{
	struct asking asking = { .reaper = reaper };
	struct question *questions = calloc(count + 1, sizeof(*questions));
	char (*paths)[48] = calloc(count + 1, sizeof(*paths));
	uint32_t i, asked = 0;
	int r = -ENOMEM;

	asking.being = calloc(count + 1, sizeof(*asking.being));
	if (questions && paths && asking.being)
		r = facts_grow(&reaper->environs, count);
	for (i = 0; i < count && r == 0; i++) {
		const struct being *being = &census->row[rows[i]];
		const struct environ_fact *fact = environ_of(reaper, being);

		if (fact && (fact->settled || fact->denied))
			continue;
		snprintf(paths[asked], sizeof(*paths), "%d/task/%d/environ", being->pid, being->speaker);
		questions[asked] = (struct question){
			.ask = ASK_FILE, .pid = being->pid, .path = paths[asked], .limit = BOUND_ENVIRON,
		};
		asking.being[asked++] = being;
	}
	if (r == 0 && asked > 0)
		r = door_ask(reaper->door, questions, asked, BOUND_ASK_MS, reaper->deadline_ns, take, &asking);
	free(questions);
	free(paths);
	free(asking.being);
	return r;
}
