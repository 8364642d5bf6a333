/* SPDX-License-Identifier: MIT */
/*
 * Network namespaces: sock_diag answers for one at a time, that of the netlink socket.  A
 * namespace is known by a process that lives in it (ns/net, read by the state probe); the
 * door's helper goes there.  Inode numbers of sockets are the machine's, so a socket that
 * was inherited from elsewhere still matches, once its namespace is looked into.
 */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>

#include "bounds.h"

/* The row of that namespace; past the bound, ours: its sockets then match nothing, and that is said. */
static uint32_t space_find(struct socket_memory *memory, uint64_t ns, pid_t pid)
{
	uint32_t i;

	for (i = 0; i < memory->space_count; i++)
		if (memory->spaces[i].ns == ns)
			return i;
	if (i == BOUND_SOCKET_SPACES)
		return 0;
	memory->spaces[i] = (struct space){ .ns = ns, .pid = pid };
	memory->space_count++;
	return i;
}

/* Which namespace a process is in may be denied: then it is taken for ours. */
int spaces_find(struct socket_pass *pass)
{
	struct socket_memory *memory = pass->memory;
	const struct snapshot *snapshot = pass->snapshot;
	uint64_t own = snapshot->host.net_ns == UNSEEN ? 0 : (uint64_t)snapshot->host.net_ns;
	uint32_t i;

	if (!memory->spaces) {
		memory->spaces = calloc(BOUND_SOCKET_SPACES, sizeof(*memory->spaces));
		if (!memory->spaces)
			return -ENOMEM;
		memory->spaces[0] = (struct space){ .ns = own };
		memory->space_count = 1;
	}
	for (i = 0; i < memory->space_count; i++) {
		memory->spaces[i].members = 0;
		memory->spaces[i].listed = memory->spaces[i].complained = 0;
	}
	for (i = 0; i < pass->wanted_count; i++) {
		const struct process *process = process_at(snapshot, pass->wanted[i].process);
		uint32_t space = 0;

		if (own && process->ns_net && process->ns_net != own)
			space = space_find(memory, process->ns_net, process->pid);
		/* Another of its processes may do where the first has ended. */
		if (space && memory->spaces[space].members == 0)
			memory->spaces[space].pid = process->pid;
		pass->wanted[i].space = space;
		memory->spaces[space].members++;
	}
	return 0;
}

void spaces_forget(struct socket_memory *memory)
{
	uint32_t i;

	for (i = 0; i < memory->space_count; i++)
		free(memory->spaces[i].tcp);
	free(memory->spaces);
	memory->spaces = NULL;
	memory->space_count = 0;
}

void space_diag(const struct socket_pass *pass, uint32_t which, struct diag *ret)
{
	const struct space *space = &pass->memory->spaces[which];

	diag_init(ret, pass->visit->door, space->pid, pass->visit->deadline_ns);
	ret->silent = space->silent;
}

void space_done(const struct socket_pass *pass, uint32_t which, struct diag *diag)
{
	struct space *space = &pass->memory->spaces[which];

	space->silent |= diag->silent;
	space->no_netlink |= diag->no_netlink;
	diag_deinit(diag);
}
