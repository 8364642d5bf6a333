/* SPDX-License-Identifier: MIT */
/* Who left the tree by double fork: candidates, and what proves that they belong. */
#include "left.h"

#include <errno.h>
#include <stdlib.h>

#include "bounds.h"
#include "door.h"
#include "environ.h"
#include "stat.h"

struct ancestor { int32_t pid, session, group; };
struct candidate { int32_t pid, session, group; uint32_t ancestor; bool marked; };

struct left {
	struct walk *walk;
	struct ancestor *ancestors;   uint32_t ancestor_count, ancestor_room;
	struct candidate *candidates; uint32_t candidate_count, candidate_room;
	struct pids sessions, groups; /* led by members that are dead */
};

static int ancestor_add(struct left *left, const struct ancestor *ancestor)
{
	const uint32_t room = left->ancestor_room ? left->ancestor_room * 2 : 16;
	struct ancestor *grown;

	if (left->ancestor_count == left->ancestor_room) {
		grown = realloc(left->ancestors, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		left->ancestors = grown;
		left->ancestor_room = room;
	}
	left->ancestors[left->ancestor_count++] = *ancestor;
	return 0;
}

static int candidate_add(struct left *left, const struct candidate *candidate)
{
	const uint32_t room = left->candidate_room ? left->candidate_room * 2 : 64;
	struct candidate *grown;

	if (left->candidate_count == left->candidate_room) {
		grown = realloc(left->candidates, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		left->candidates = grown;
		left->candidate_room = room;
	}
	left->candidates[left->candidate_count++] = *candidate;
	return 0;
}

static const struct ancestor *ancestor_find(const struct left *left, int32_t pid)
{
	uint32_t i;

	for (i = 0; i < left->ancestor_count; i++)
		if (left->ancestors[i].pid == pid)
			return &left->ancestors[i];
	return NULL;
}

static bool pid_lives(const struct left *left, int32_t pid)
{
	struct stat_line line;
	int error;

	return stat_read(left->walk->visit->door, pid, pid, &line, &error) == SIGHT_OK;
}

/* Is it, or was it, one of the tree?  The pid of a member that left may be somebody else's by now. */
static bool is_member(const struct left *left, int32_t pid)
{
	const struct snapshot *snapshot = left->walk->visit->snapshot;
	const struct process_ix at = snapshot_find_process(snapshot, pid);

	if (at.at == NO_ROW || !(process_at(snapshot, at)->flags & PROCESS_IN_TREE))
		return false;
	return walk_reached(left->walk, at) != REACHED_GONE || !pid_lives(left, pid);
}

/* ---- the candidates -------------------------------------------------------- */

/* From the parent of a target up to one who is known, or to the top. */
static int ancestors_climb(struct left *left, int32_t pid)
{
	struct stat_line line;
	int r, error;

	while (pid > 0 && !ancestor_find(left, pid) && !is_member(left, pid)) {
		r = stat_read(left->walk->visit->door, pid, pid, &line, &error);
		if (r != 0)
			return r < 0 ? r : 0;
		r = ancestor_add(left, &(struct ancestor){ pid, line.session, line.group });
		if (r < 0)
			return r;
		pid = line.parent;
	}
	return 0;
}

static int ancestors_gather(struct left *left)
{
	const struct snapshot *snapshot = left->walk->visit->snapshot;
	bool any = false;
	uint32_t i;
	int r = 0;

	for (i = 0; i < snapshot->processes.count && r == 0; i++) {
		const struct process *process = &snapshot->processes.row[i];

		if ((process->flags & PROCESS_TARGET) && !(process->flags & PROCESS_KERNEL)) {
			any = true;
			r = ancestors_climb(left, process->parent);
		}
	}
	return r == 0 && any ? ancestors_climb(left, 1) : r;
}

/* Which session and group a child of an ancestor is in; false when it is gone. */
static bool candidate_see(const struct left *left, int32_t pid, struct candidate *ret)
{
	const struct walk *walk = left->walk;
	const struct roster_row *row = walk->scanned ? roster_find(&walk->roster, pid) : NULL;
	struct stat_line line;
	int error;

	ret->pid = pid;
	if (row) {
		ret->session = row->session;
		ret->group = row->group;
		return true;
	}
	if (door_session(walk->visit->door, pid, &ret->session, &ret->group))
		return true;
	if (door_is_live(walk->visit->door) || stat_read(walk->visit->door, pid, pid, &line, &error) != SIGHT_OK)
		return false;
	ret->session = line.session;
	ret->group = line.group;
	return true;
}

static bool was_met(const struct left *left, int32_t pid)
{
	const struct process_ix at = snapshot_find_process(left->walk->visit->snapshot, pid);

	return at.at != NO_ROW && walk_reached(left->walk, at) == REACHED_CHILDREN;
}

static int candidates_gather(struct left *left)
{
	struct walk *walk = left->walk;
	struct candidate candidate = { 0 };
	uint32_t a, i;
	int r;

	for (a = 0; a < left->ancestor_count; a++) {
		r = walk_children(walk, left->ancestors[a].pid);
		for (i = 0; r >= 0 && i < walk->children.count; i++) {
			const int32_t pid = walk->children.row[i];

			if (was_met(left, pid) || ancestor_find(left, pid) || !candidate_see(left, pid, &candidate))
				continue;
			candidate.ancestor = a;
			r = candidate_add(left, &candidate);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- what proves that they belong ------------------------------------------ */

static bool pids_have(const struct pids *pids, int32_t pid)
{
	uint32_t i;

	for (i = 0; i < pids->count; i++)
		if (pids->row[i] == pid)
			return true;
	return false;
}

/* Was a target, or an ancestor of one, born into this session or group?  Then it says nothing. */
static bool inherited(const struct left *left, int32_t leader, bool session)
{
	const struct snapshot *snapshot = left->walk->visit->snapshot;
	uint32_t i;

	for (i = 0; i < left->ancestor_count; i++)
		if ((session ? left->ancestors[i].session : left->ancestors[i].group) == leader)
			return true;
	for (i = 0; i < snapshot->processes.count; i++) {
		const struct process *process = &snapshot->processes.row[i];

		if ((process->flags & PROCESS_TARGET) && (session ? process->session : process->group) == leader)
			return true;
	}
	return false;
}

/* The sessions and groups of members whose leaders have died. */
static int leaders_gather(struct left *left)
{
	const struct snapshot *snapshot = left->walk->visit->snapshot;
	int32_t last[2] = { 0, 0 };
	unsigned which;
	uint32_t i;

	for (i = 0; i < snapshot->processes.count; i++) {
		const struct process *process = &snapshot->processes.row[i];

		if ((process->flags & (PROCESS_IN_TREE | PROCESS_TARGET)) != PROCESS_IN_TREE)
			continue;
		for (which = 0; which < 2; which++) {
			const int32_t leader = which ? process->group : process->session;
			struct pids *pids = which ? &left->groups : &left->sessions;

			if (leader <= 0 || leader == last[which])
				continue; /* mostly that of the one before */
			last[which] = leader;
			if (is_member(left, leader) || pids_have(pids, leader) || inherited(left, leader, !which) ||
			    pid_lives(left, leader))
				continue;
			if (pids_add(pids, leader) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* Can it only have become a child of that ancestor by losing its parent?  A shell that does job control has a terminal. */
static bool was_handed_over(const struct left *left, const struct candidate *candidate)
{
	const struct ancestor *parent = &left->ancestors[candidate->ancestor];
	struct stat_line line;
	int error;

	if (parent->pid == 1 || parent->session != candidate->session)
		return true;
	return stat_read(left->walk->visit->door, candidate->pid, candidate->pid, &line, &error) == SIGHT_OK &&
	       line.tty == 0;
}

static enum joined candidate_belongs(const struct left *left, const struct candidate *candidate)
{
	if (is_member(left, candidate->session) || pids_have(&left->sessions, candidate->session))
		return JOINED_SESSION;
	if ((is_member(left, candidate->group) || pids_have(&left->groups, candidate->group)) &&
	    was_handed_over(left, candidate))
		return JOINED_GROUP;
	return candidate->marked ? JOINED_MARKER : JOINED_UNKNOWN;
}

static int markers_ask(struct left *left)
{
	const struct visit *visit = left->walk->visit;
	const char *marker = visit->options ? visit->options->marker : NULL;
	int32_t *pids;
	size_t denied;
	bool *bears;
	uint32_t i;
	int r = -ENOMEM;

	if (!environ_is_marker(marker) || left->candidate_count == 0)
		return 0;
	pids = calloc(left->candidate_count, sizeof(*pids));
	bears = calloc(left->candidate_count, sizeof(*bears));
	if (pids && bears) {
		for (i = 0; i < left->candidate_count; i++)
			pids[i] = left->candidates[i].pid;
		r = environ_bearers(visit->door, pids, left->candidate_count, marker, visit->deadline_ns, bears,
				    &denied);
		for (i = 0; i < left->candidate_count; i++)
			left->candidates[i].marked = bears[i];
	}
	free(pids);
	free(bears);
	return r;
}

/* One who joins may lead a session of others: until nobody does any more. */
static int candidates_join(struct left *left)
{
	enum joined joined;
	struct process_ix at;
	bool more = true;
	unsigned round;
	uint32_t i;
	int r;

	for (round = 0; round < BOUND_LEFT_ROUNDS && more; round++) {
		r = leaders_gather(left);
		more = false;
		for (i = 0; i < left->candidate_count && r >= 0; i++) {
			const struct candidate *candidate = &left->candidates[i];

			if (was_met(left, candidate->pid))
				continue;
			joined = candidate_belongs(left, candidate);
			if (joined == JOINED_UNKNOWN)
				continue;
			r = walk_meet(left->walk, candidate->pid, true, joined, &at);
			more = more || r == 0;
		}
		if (r >= 0)
			r = walk_run(left->walk);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Can any proof be had?  Members that share the session and the group that the target was
 * born into, and lead none, leave no trace; most trees are so, and the children of all
 * ancestors need not be read: 2 us each on a machine with thousands.
 */
static bool can_be_proved(const struct left *left)
{
	const struct visit *visit = left->walk->visit;
	const struct snapshot *snapshot = visit->snapshot;
	uint32_t i;

	if (left->sessions.count || left->groups.count ||
	    environ_is_marker(visit->options ? visit->options->marker : NULL))
		return true;
	for (i = 0; i < snapshot->processes.count; i++) {
		const struct process *process = &snapshot->processes.row[i];

		if ((process->flags & PROCESS_IN_TREE) &&
		    (process->session == process->pid || process->group == process->pid))
			return true;
	}
	return false;
}

int left_walk(struct walk *walk)
{
	struct left left = { .walk = walk };
	int r;

	r = ancestors_gather(&left);
	if (r == 0)
		r = leaders_gather(&left);
	if (r == 0 && can_be_proved(&left))
		r = candidates_gather(&left);
	if (r == 0)
		r = markers_ask(&left);
	if (r == 0 && left.candidate_count > 0)
		r = candidates_join(&left);
	free(left.ancestors);
	free(left.candidates);
	free(left.sessions.row);
	free(left.groups.row);
	return r;
}
