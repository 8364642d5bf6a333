/* SPDX-License-Identifier: MIT */
/* Everybody: who is whose child, since when, and who of them are ourselves. */
#include "reap_census.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "door.h"
#include "stat.h"
#include "state_parse.h"

bool being_is_dead(const struct being *being)
{
	return (being->state == 'Z' || being->state == 'X') && being->threads <= 1;
}

/* The leader of a process may exit before its other threads; memory and descriptors are theirs then. */
static int32_t speaker_of(struct door *door, int32_t pid)
{
	const int32_t *tids;
	size_t count, i;
	int error;

	if (door_list(door, &tids, &count, &error, "%d/task", pid) == SIGHT_OK)
		for (i = 0; i < count; i++)
			if (tids[i] != pid)
				return tids[i];
	return pid;
}

static int being_read(struct door *door, int32_t pid, struct being *ret)
{
	struct stat_line line;
	const char *text;
	size_t length;
	int r, error;

	r = door_read(door, &text, &length, &error, "%d/stat", pid);
	if (r == SIGHT_OK)
		r = stat_parse(text, length, &line);
	if (r != SIGHT_OK)
		return r;
	if (line.flags & STAT_KERNEL_THREAD)
		return SIGHT_UNASKED;
	*ret = (struct being){
		.pid = pid, .parent = line.parent, .group = line.group, .session = line.session, .speaker = pid,
		.state = line.state ? line.state : '?', .start_ticks = line.start_ticks, .cpu_ticks = line.cpu_ticks,
		.threads = line.threads,
	};
	if (line.comm_length >= sizeof(ret->comm))
		line.comm_length = sizeof(ret->comm) - 1;
	memcpy(ret->comm, line.comm, line.comm_length);
	if (ret->state == 'Z' && ret->threads > 1)
		ret->speaker = speaker_of(door, pid);
	return SIGHT_OK;
}

/* ---- the order of rows --------------------------------------------------------- */

static int parent_order(const void *a, const void *b, void *rows)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct being *row = rows;

	if (row[x].parent != row[y].parent)
		return row[x].parent > row[y].parent ? 1 : -1;
	return (x > y) - (x < y); /* rows are by pid */
}

static int pid_order(const void *key, const void *row)
{
	const int32_t pid = *(const int32_t *)key, other = ((const struct being *)row)->pid;

	return (pid > other) - (pid < other);
}

struct being *census_find(const struct census *census, int32_t pid)
{
	if (census->count == 0)
		return NULL;
	return bsearch(&pid, census->row, census->count, sizeof(*census->row), pid_order);
}

void census_children(const struct census *census, int32_t parent, uint32_t *ret_first, uint32_t *ret_count)
{
	uint32_t low = 0, high = census->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (census->row[census->by_parent[middle]].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_first = low;
	while (high < census->count && census->row[census->by_parent[high]].parent == parent)
		high++;
	*ret_count = high - low;
}

/* ---- taking it ------------------------------------------------------------------ */

static void kin_mark(struct door *door, struct census *census)
{
	struct being *row = census_find(census, getpid());
	uint32_t i;

	for (; row && !row->kin; row = census_find(census, row->parent))
		row->kin = true;
	for (i = 0; i < census->count; i++)
		if (door_is_helper(door, census->row[i].pid))
			census->row[i].kin = true;
}

int census_take(struct door *door, const struct census *before, struct census *ret)
{
	struct census census = { 0 };
	const struct being *known;
	const int32_t *listed;
	struct timespec now;
	size_t count = 0, i;
	int32_t *pids;
	int r, error;

	r = door_list(door, &listed, &count, &error, ".");
	if (r < 0)
		return r;
	if (r != SIGHT_OK && r != SIGHT_CUT)
		count = 0;
	clock_gettime(CLOCK_BOOTTIME, &now);
	census.now_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
	pids = malloc((count + 1) * sizeof(*pids));
	census.row = calloc(count + 1, sizeof(*census.row));
	census.by_parent = calloc(count + 1, sizeof(*census.by_parent));
	r = pids && census.row && census.by_parent ? 0 : -ENOMEM;
	if (r == 0 && count > 0)
		memcpy(pids, listed, count * sizeof(*pids)); /* the next call takes the scratch */
	/* One that cannot be read is nobody to us; the others are. */
	for (i = 0; i < count && r >= 0; i++) {
		known = before ? census_find(before, pids[i]) : NULL;
		if (known) {
			census.row[census.count] = *known;
			census.row[census.count++].fresh = false;
			continue;
		}
		r = being_read(door, pids[i], &census.row[census.count]);
		census.row[census.count].fresh = true;
		census.count += r == SIGHT_OK;
		census.vanished += r == SIGHT_GONE;
	}
	free(pids);
	if (r < 0) {
		census_end(&census);
		return r;
	}
	for (i = 0; i < census.count; i++)
		census.by_parent[i] = (uint32_t)i;
	if (census.count > 0)
		qsort_r(census.by_parent, census.count, sizeof(*census.by_parent), parent_order, census.row);
	kin_mark(door, &census);
	*ret = census;
	return 0;
}

void census_end(struct census *census)
{
	free(census->row);
	free(census->by_parent);
	*census = (struct census){ 0 };
}

int64_t being_age_ms(const struct census *census, const struct being *being)
{
	const int64_t age = census->now_ms - being->start_ticks * 1000 / sysconf(_SC_CLK_TCK);

	return age > 0 ? age : 0;
}

bool leader_lives(const struct census *census, int32_t leader)
{
	const struct being *row = census_find(census, leader);

	if (row)
		return !being_is_dead(row);
	/* Under hidepid the living are not listed; and a kernel thread leads nobody. */
	return kill(leader, 0) == 0 || errno != ESRCH;
}
