/* SPDX-License-Identifier: MIT */
/*
 * Ports: who listens on one, never who is only connected to it; and orphans whose other
 * end is dead.  Sockets are told by inode, whatever namespace a holder lives in now.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "diag.h"
#include "door.h"
#include "reap.h"

/* ---- descriptors of a process --------------------------------------------------------- */

struct looking {
	struct door *door;
	struct fd_list fds;       /* scratch */
	bool hidden;              /* the last one did not show its descriptors */
};

/* found() for every socket among them, until it says true: then 1; else 0, or -errno. */
static int sockets_each(struct looking *looking, const struct being *being, bool (*found)(void *context, uint32_t inode),
			void *context)
{
	const char *link;
	uint64_t inode;
	uint32_t i;
	int r;

	r = fds_list(looking->door, being, BOUND_FDS_EACH, &looking->fds);
	looking->hidden = r > 0 && r != SIGHT_GONE;
	for (i = 0; r == SIGHT_OK && i < looking->fds.count; i++) {
		r = fd_link(looking->door, being, looking->fds.row[i], &link);
		if (r < 0)
			return r;
		inode = r == SIGHT_OK ? fd_inode(link, "socket") : 0;
		if (inode && found(context, (uint32_t)inode))
			return 1;
		r = SIGHT_OK;
	}
	return r < 0 ? r : 0;
}

/* ---- listeners -------------------------------------------------------------------------- */

struct listeners { struct diag_inet *row; size_t count; int32_t port; };

static bool port_is_asked(const struct reap_options *options, uint16_t port)
{
	size_t i;

	for (i = 0; i < options->port_count; i++)
		if (options->ports[i] == port)
			return true;
	return false;
}

static bool is_listener(void *context, uint32_t inode)
{
	struct listeners *listeners = context;
	size_t i;

	for (i = 0; i < listeners->count; i++) {
		if (listeners->row[i].inode == inode) {
			listeners->port = listeners->row[i].local_port;
			return true;
		}
	}
	return false;
}

/* Only those on the ports that were asked for.  0, a sight, -errno. */
static int listeners_read(struct reaper *reaper, struct listeners *ret, int *error)
{
	size_t i, kept = 0;
	int r;

	*ret = (struct listeners){ 0 };
	r = diag_tcp_list(reaper->door, 0, DIAG_STATES_LISTEN, reaper->deadline_ns, &ret->row, &ret->count, error);
	if (r != SIGHT_OK && r != SIGHT_CUT)
		return r;
	for (i = 0; i < ret->count; i++)
		if (port_is_asked(reaper->options, ret->row[i].local_port))
			ret->row[kept++] = ret->row[i];
	ret->count = kept;
	return SIGHT_OK;
}

static bool port_has_listener(const struct listeners *listeners, int32_t port)
{
	size_t i;

	for (i = 0; i < listeners->count; i++)
		if (listeners->row[i].local_port == port)
			return true;
	return false;
}

/* Ports of which no owner was found: somebody has them. */
static int unowned_note(struct reaper *reaper, const struct sweep *sweep, const struct listeners *listeners, uint32_t hidden)
{
	uint32_t i;
	uint8_t k;
	size_t p;
	int r = 0;

	for (p = 0; p < reaper->options->port_count && r == 0; p++) {
		const int32_t port = reaper->options->ports[p];
		bool owned = !port_has_listener(listeners, port);

		for (i = 0; i < sweep->census.count && !owned; i++)
			for (k = 0; k < sweep->mark[i].reasons; k++)
				owned = owned || (sweep->mark[i].reason[k].evidence == EVIDENCE_PORT &&
						  sweep->mark[i].reason[k].number == port);
		if (!owned)
			r = reap_note(reaper, "port %d is listened on, but by nobody that can be seen from here%s", port,
				      hidden ? ": its owner may hide its descriptors (run as its user or as root)" :
					       " (its owner may live outside of this pid namespace)");
	}
	return r;
}

int ports_mark(struct reaper *reaper, struct sweep *sweep)
{
	struct looking looking = { .door = reaper->door };
	struct listeners listeners;
	uint32_t i, hidden = 0;
	int r, error;

	r = listeners_read(reaper, &listeners, &error);
	if (r > 0)
		return reap_note(reaper, "cannot look for listeners: %s", strerror(error));
	for (i = 0; r == 0 && listeners.count > 0 && i < sweep->census.count; i++) {
		if (reaper->quick && !sweep->census.row[i].fresh)
			continue;
		r = sockets_each(&looking, &sweep->census.row[i], is_listener, &listeners);
		hidden += looking.hidden;
		if (r == 1) {
			mark_add(&sweep->mark[i], EVIDENCE_PORT, listeners.port, NULL);
			r = 0;
		}
	}
	if (r == 0 && !reaper->quick)
		r = unowned_note(reaper, sweep, &listeners, hidden);
	free(looking.fds.row);
	free(listeners.row);
	return r;
}

int ports_left(struct reaper *reaper, int32_t *ret)
{
	struct listeners listeners;
	int r, error;

	*ret = 0;
	if (reaper->options->port_count == 0)
		return 0;
	r = listeners_read(reaper, &listeners, &error);
	if (r < 0)
		return r;
	if (r == SIGHT_OK && listeners.count > 0)
		*ret = listeners.row[0].local_port;
	free(listeners.row);
	return 0;
}

/* ---- the other end is dead --------------------------------------------------------------- */

struct dead_end { uint16_t port; int32_t pid; }; /* where it was, and who is still connected to it */

struct ends {
	struct diag_inet *socket; size_t count;
	struct dead_end *dead; uint32_t dead_count;
	const struct being *being; /* whose sockets are looked at */
	const struct dead_end *met;
	bool failed;
};

static bool is_here(const struct diag_inet *socket)
{
	static const uint8_t loopback[16] = { [15] = 1 }, mapped[13] = { [10] = 0xff, 0xff, 127 };
	const size_t size = socket->family == AF_INET ? 4 : 16;

	return memcmp(socket->local, socket->remote, size) == 0 ||
	       (socket->family == AF_INET ? socket->remote[0] == 127 :
		memcmp(socket->remote, loopback, 16) == 0 || memcmp(socket->remote, mapped, sizeof(mapped)) == 0);
}

/* Connected to a port of this machine that no socket of anybody has any more. */
static const struct diag_inet *socket_to_nobody(const struct ends *ends, uint32_t inode)
{
	const struct diag_inet *socket = NULL;
	size_t i;

	for (i = 0; i < ends->count && !socket; i++)
		if (ends->socket[i].inode == inode)
			socket = &ends->socket[i];
	if (!socket || socket->remote_port == 0 || !is_here(socket))
		return NULL;
	for (i = 0; i < ends->count; i++)
		if (ends->socket[i].local_port == socket->remote_port)
			return NULL;
	return socket;
}

static bool end_add(void *context, uint32_t inode)
{
	struct ends *ends = context;
	const struct diag_inet *socket = socket_to_nobody(ends, inode);
	struct dead_end *grown;
	uint32_t i;

	if (!socket)
		return false;
	for (i = 0; i < ends->dead_count; i++)
		if (ends->dead[i].port == socket->remote_port)
			return false;
	grown = reallocarray(ends->dead, ends->dead_count + 1, sizeof(*grown));
	if (!grown)
		return ends->failed = true;
	ends->dead = grown;
	grown[ends->dead_count++] = (struct dead_end){ socket->remote_port, ends->being->pid };
	return false;
}

static bool end_is_known(void *context, uint32_t inode)
{
	struct ends *ends = context;
	const struct diag_inet *socket = socket_to_nobody(ends, inode);
	uint32_t i;

	for (i = 0; socket && i < ends->dead_count; i++) {
		if (ends->dead[i].port == socket->remote_port) {
			ends->met = &ends->dead[i];
			return true;
		}
	}
	return false;
}

static int orphans_each(struct sweep *sweep, struct looking *looking, struct ends *ends, bool marked)
{
	uint32_t i;
	int r = 0;

	for (i = 0; i < sweep->census.count && r == 0; i++) {
		struct mark *mark = &sweep->mark[i];

		ends->being = &sweep->census.row[i];
		if (ends->being->kin || ends->being->pid == 1 || marked != (mark->reasons > 0) ||
		    !being_is_orphan(&sweep->census, ends->being))
			continue;
		r = sockets_each(looking, ends->being, marked ? end_add : end_is_known, ends);
		if (r == 1 && !marked) {
			mark_add(mark, EVIDENCE_SAME_PEER, ends->met->pid, NULL);
			mark->reason[mark->reasons - 1].other = ends->met->port;
		}
		r = ends->failed ? -ENOMEM : r < 0 ? r : 0;
	}
	return r;
}

int peers_mark(struct reaper *reaper, struct sweep *sweep)
{
	struct looking looking = { .door = reaper->door };
	struct ends ends = { 0 };
	int r, error;

	r = diag_tcp_list(reaper->door, 0, DIAG_STATES_HELD, reaper->deadline_ns, &ends.socket, &ends.count, &error);
	/* Of a list that was cut, nobody knows who is missing. */
	if (r == SIGHT_OK)
		r = orphans_each(sweep, &looking, &ends, true);
	if (r == SIGHT_OK && ends.dead_count > 0)
		r = orphans_each(sweep, &looking, &ends, false);
	free(looking.fds.row);
	free(ends.socket);
	free(ends.dead);
	return r < 0 ? r : 0;
}
