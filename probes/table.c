/* SPDX-License-Identifier: MIT */
/* The probes, in the order in which survey() runs them. */
#include "probe.h"

const struct probe *const probes[PROBES] = {
	[PROBE_HOST] = &probe_host,
	[PROBE_TASKS] = &probe_tasks,
	[PROBE_STATE] = &probe_state,
	[PROBE_CGROUPS] = &probe_cgroups,
	[PROBE_FDS] = &probe_fds,
	[PROBE_SOCKETS] = &probe_sockets,
	[PROBE_HOLDERS] = &probe_holders,
	[PROBE_FUTEXES] = &probe_futexes,
	[PROBE_STACKS] = &probe_stacks,
};
