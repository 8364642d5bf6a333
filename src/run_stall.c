/* SPDX-License-Identifier: MIT */
/*
 * Who moved when: a cheap sample of the tree every ten seconds.  To move is to use CPU or to
 * read and write bytes, beyond what a heartbeat costs; or to come and go.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "door.h"
#include "escape.h"
#include "run.h"

/* Waking up is no progress: an event loop's own wake-up moves 8 bytes each way. */
enum { IDLE_BYTES_A_SECOND = 32, IDLE_CPU_PERMILLE = 10, LISTED = 8 };

static struct movement *movement_find(struct movement *rows, size_t count, const struct member *member)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (rows[i].pid == member->pid && rows[i].start_ticks == member->start_ticks)
			return &rows[i];
	return NULL;
}

static bool has_moved(const struct movement *before, const struct member *now, int64_t bytes, int64_t took_ns)
{
	const int64_t tick_ns = INT64_C(1000000000) / sysconf(_SC_CLK_TCK);
	const int64_t cpu_ns = (now->cpu_ticks - before->cpu_ticks) * tick_ns;

	/* One tick is what the grain of the clock may bring by chance. */
	if (cpu_ns > tick_ns && cpu_ns > took_ns / 1000 * IDLE_CPU_PERMILLE)
		return true;
	return bytes >= 0 && before->bytes >= 0 && bytes - before->bytes > IDLE_BYTES_A_SECOND * (took_ns / 1000000000 + 1);
}

bool stall_sample(struct run *run)
{
	struct stall *stall = &run->stall;
	const int64_t now_ns = door_now_ns(), took_ns = now_ns - stall->sampled_ns;
	const bool first = stall->sampled_ns == 0;
	struct tree *tree = &run->tree;
	struct movement *rows;
	int64_t *bytes;
	size_t i, met = 0;
	unsigned fresh;
	bool moved;

	if (tree_walk(tree, &fresh) < 0)
		return false;
	tree_drop_dead(tree);
	rows = calloc(tree->count + 1, sizeof(*rows));
	bytes = calloc(tree->count + 1, sizeof(*bytes));
	if (!rows || !bytes || tree_bytes(tree, bytes) < 0) {
		free(rows);
		free(bytes);
		return false;
	}
	moved = first;
	for (i = 0; i < tree->count; i++) {
		const struct member *member = &tree->row[i];
		const struct movement *before = movement_find(stall->row, stall->count, member);
		struct movement *row = &rows[i];

		*row = (struct movement){ .pid = member->pid, .start_ticks = member->start_ticks, .cpu_ticks = member->cpu_ticks,
					  .bytes = bytes[i], .moved_ns = before ? before->moved_ns : now_ns };
		memcpy(row->comm, member->comm, sizeof(row->comm));
		met += before != NULL;
		if (!before || has_moved(before, member, bytes[i], took_ns)) {
			row->moved_ns = now_ns;
			moved = true;
		}
	}
	if (met < stall->count) /* somebody ended */
		moved = true;
	free(bytes);
	free(stall->row);
	stall->row = rows;
	stall->count = tree->count;
	stall->sampled_ns = now_ns;
	if (moved) {
		stall->moved_ns = now_ns;
		stall->told = false;
	}
	return run->request->stall_ns > 0 && now_ns - stall->moved_ns >= run->request->stall_ns;
}

void stall_put(const struct run *run, char *to, size_t size)
{
	const int64_t now_ns = door_now_ns();
	const struct stall *stall = &run->stall;
	struct timespec now;
	size_t used = 0, i, listed = 0;

	*to = '\0';
	clock_gettime(CLOCK_REALTIME, &now);
	for (i = 0; i < stall->count && listed < LISTED; i++, listed++) {
		const struct movement *row = &stall->row[i];
		const time_t when = (time_t)(now.tv_sec - (now_ns - row->moved_ns) / 1000000000);
		char name[64], clock[16];
		struct tm local;
		int n;

		localtime_r(&when, &local);
		strftime(clock, sizeof(clock), "%H:%M:%S", &local);
		escape_into(name, sizeof(name), PLACE_TERMINAL, row->comm, strlen(row->comm));
		n = snprintf(to + used, size - used, "%s%s[%d] %s", used ? ", " : "", name, row->pid, clock);
		if (n < 0 || (size_t)n >= size - used) {
			to[used] = '\0';
			return;
		}
		used += (size_t)n;
	}
	if (i < stall->count)
		snprintf(to + used, size - used, ", and %zu more", stall->count - i);
}

void stall_deinit(struct stall *stall)
{
	free(stall->row);
	*stall = (struct stall){ 0 };
}
