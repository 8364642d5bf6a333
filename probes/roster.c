/* SPDX-License-Identifier: MIT */
/* Every process of the machine: pid, parent, group, session, terminal, name. */
#include "roster.h"

#include <errno.h>
#include <libproc2/pids.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "door.h"
#include "stat.h"

struct pile { struct roster_row *row; uint32_t count, room; };

/** A new row at the end; NULL: no memory. */
static struct roster_row *row_add(struct pile *pile)
{
	struct roster_row *grown;
	uint32_t room;

	if (pile->count == pile->room) {
		room = pile->room ? pile->room * 2 : 256;
		grown = realloc(pile->row, room * sizeof(*grown));
		if (!grown)
			return NULL;
		pile->row = grown;
		pile->room = room;
	}
	return &pile->row[pile->count++];
}

static void comm_copy(char to[16], const char *from, size_t length)
{
	if (length > 15)
		length = 15;
	memcpy(to, from, length);
	to[length] = '\0';
}

/* A row at a time: the library would keep every result of a whole pass, we keep ours. */
static int live_read(struct pile *pile)
{
	enum { PID, PARENT, GROUP, SESSION, TTY, STATE, COMM, ITEMS };
	enum pids_item items[ITEMS] = {
		[PID] = PIDS_ID_PID,     [PARENT] = PIDS_ID_PPID, [GROUP] = PIDS_ID_PGRP, [SESSION] = PIDS_ID_SESSION,
		[TTY] = PIDS_TTY,        [STATE] = PIDS_STATE,    [COMM] = PIDS_CMD,
	};
	struct pids_info *info = NULL;
	struct pids_stack *stack;
	struct roster_row *row;
	int r;

	r = procps_pids_new(&info, items, ITEMS);
	if (r < 0)
		return r;
	while (r == 0 && (stack = procps_pids_get(info, PIDS_FETCH_TASKS_ONLY))) {
		const char *comm = PIDS_VAL(COMM, str, stack, info);

		row = row_add(pile);
		if (!row) {
			r = -ENOMEM;
			break;
		}
		*row = (struct roster_row){
			.pid = PIDS_VAL(PID, s_int, stack, info),
			.parent = PIDS_VAL(PARENT, s_int, stack, info),
			.group = PIDS_VAL(GROUP, s_int, stack, info),
			.session = PIDS_VAL(SESSION, s_int, stack, info),
			.tty = PIDS_VAL(TTY, s_int, stack, info),
			.state = (char)PIDS_VAL(STATE, s_ch, stack, info),
		};
		if (comm)
			comm_copy(row->comm, comm, strlen(comm));
	}
	procps_pids_unref(&info);
	return r;
}

/* The library knows /proc only; a recorded tree is read by hand. */
static int recorded_read(struct door *door, struct pile *pile)
{
	const int32_t *listed;
	struct roster_row *row;
	struct stat_line line;
	size_t count, i;
	int32_t *pids;
	int r, error;

	r = door_list(door, &listed, &count, &error, ".");
	if (r < 0)
		return r;
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return 0;
	pids = malloc((count + 1) * sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	memcpy(pids, listed, count * sizeof(*pids));
	for (i = 0, r = 0; i < count && r >= 0; i++) {
		r = stat_read(door, pids[i], pids[i], &line, &error);
		if (r != 0)
			continue;
		row = row_add(pile);
		if (!row) {
			r = -ENOMEM;
			break;
		}
		*row = (struct roster_row){
			.pid = pids[i], .parent = line.parent, .group = line.group, .session = line.session,
			.tty = line.tty, .state = line.state,
		};
		comm_copy(row->comm, line.comm, line.comm_length);
	}
	free(pids);
	return r < 0 ? r : 0;
}

static int pid_order(const void *a, const void *b)
{
	const struct roster_row *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int parent_order(const void *a, const void *b, void *rows)
{
	const struct roster_row *x = (struct roster_row *)rows + *(const uint32_t *)a;
	const struct roster_row *y = (struct roster_row *)rows + *(const uint32_t *)b;

	if (x->parent != y->parent)
		return x->parent > y->parent ? 1 : -1;
	return pid_order(x, y);
}

int roster_init(struct door *door, struct roster *ret)
{
	struct pile pile = { 0 };
	uint32_t *by_parent, i;
	int r;

	r = door_is_live(door) ? live_read(&pile) : recorded_read(door, &pile);
	by_parent = r < 0 ? NULL : calloc(pile.count + 1, sizeof(*by_parent));
	if (!by_parent) {
		free(pile.row);
		return r < 0 ? r : -ENOMEM;
	}
	if (pile.count > 0)
		qsort(pile.row, pile.count, sizeof(*pile.row), pid_order);
	for (i = 0; i < pile.count; i++)
		by_parent[i] = i;
	if (pile.count > 0)
		qsort_r(by_parent, pile.count, sizeof(*by_parent), parent_order, pile.row);
	*ret = (struct roster){ .row = pile.row, .count = pile.count, .by_parent = by_parent };
	return 0;
}

void roster_deinit(struct roster *roster)
{
	free(roster->row);
	free(roster->by_parent);
	*roster = (struct roster){ 0 };
}

const struct roster_row *roster_find(const struct roster *roster, int32_t pid)
{
	const struct roster_row wanted = { .pid = pid };

	if (roster->count == 0)
		return NULL;
	return bsearch(&wanted, roster->row, roster->count, sizeof(*roster->row), pid_order);
}

void roster_children(const struct roster *roster, int32_t parent, uint32_t *ret_first, uint32_t *ret_count)
{
	uint32_t low = 0, high = roster->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (roster->row[roster->by_parent[middle]].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_first = low;
	while (high < roster->count && roster->row[roster->by_parent[high]].parent == parent)
		high++;
	*ret_count = high - low;
}
