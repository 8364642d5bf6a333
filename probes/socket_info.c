/* SPDX-License-Identifier: MIT */
/*
 * Ages and byte counters of TCP sockets: INET_DIAG_INFO.
 *
 * The kernel takes the socket lock for it, and a target asleep in write(2) on a
 * userfaultfd page holds that for ever: so the helper asks.  Before Linux 6.9 a helper
 * stuck there holds the mutex that all sock_diag requests of the machine need, ss(8) of
 * everybody included: there, only sockets are asked about whose holders all sleep where
 * the lock is not theirs.
 */
#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bounds.h"
#include "cleanup.h"

struct infos {
	struct socket_pass *pass;
	uint32_t *which;          /* rows of known[]: one a request */
	uint32_t stuck;
	struct list_failure failure;
};

/* A second look at what got a helper stuck would get the next one stuck. */
static bool info_wanted(const struct socket_pass *pass, const struct known *known)
{
	const struct object *object = pass_object(pass, known->object);

	if (known->told.protocol != IPPROTO_TCP || object->at[pass->look].sight != SIGHT_OK ||
	    object->at[pass->look].info_sight != SIGHT_UNASKED || object->at[LOOK_T0].info_sight == SIGHT_TIMEOUT)
		return false;
	switch (object->at[pass->look].state) {
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
		return true;
	}
	return false; /* SYN_SENT tells the age of the machine for that of its last data */
}

/* ---- before 6.9 ------------------------------------------------------------ */

/* May this task hold a socket lock in its sleep? */
static bool task_may_lock(const struct socket_pass *pass, const struct task *task)
{
	const struct task_look *seen = &task->at[pass->look];
	const char *wchan = snapshot_bytes(pass->snapshot, seen->wchan);

	if (seen->stat_sight != SIGHT_OK || seen->state == 'D')
		return true;
	if (seen->state == 'R' || seen->state == 'Z' || seen->state == 'T')
		return false;
	return !text_seen(seen->wchan) || strcmp(wchan, "handle_userfault") == 0;
}

/* One byte an object: 1 when all who hold it are known, and none may have its lock. */
static int harmless_find(const struct socket_pass *pass, uint8_t **ret)
{
	const struct snapshot *snapshot = pass->snapshot;
	_cleanup_free_ uint8_t *harmful = calloc(snapshot->processes.count + 1, 1);
	uint8_t *harmless = calloc(snapshot->objects.count + 1, 1);
	uint32_t i;

	*ret = harmless;
	if (!harmful || !harmless)
		return -ENOMEM;
	for (i = 0; i < snapshot->tasks.count; i++)
		if (task_may_lock(pass, &snapshot->tasks.row[i]))
			harmful[snapshot->tasks.row[i].process.at] = 1;
	for (i = 0; i < snapshot->fds.count; i++)
		if (snapshot->fds.row[i].object.at != NO_ROW)
			harmless[snapshot->fds.row[i].object.at] = 1;
	for (i = 0; i < snapshot->fds.count; i++)
		if (snapshot->fds.row[i].object.at != NO_ROW && harmful[snapshot->fds.row[i].process.at])
			harmless[snapshot->fds.row[i].object.at] = 0;
	return 0;
}

/* ---- asking ---------------------------------------------------------------- */

static int info_message(void *context, size_t which, const struct nlmsghdr *message, int sight, int error)
{
	struct infos *infos = context;
	const struct known *known = &infos->pass->memory->known[infos->which[which]];
	struct object_look *seen = &pass_object(infos->pass, known->object)->at[infos->pass->look];
	struct diag_info info;
	struct diag_inet told;

	if (message)
		sight = diag_parse_inet(message, IPPROTO_TCP, &told, &info);
	seen->info_sight = (uint8_t)sight;
	if (sight == SIGHT_OK) {
		seen->last_received_ms = info.last_received_ms;
		seen->last_sent_ms = info.last_sent_ms;
		seen->bytes_received = info.bytes_received;
		seen->bytes_acked = info.bytes_acked;
		return 0;
	}
	if (sight != SIGHT_GONE && infos->failure.sight != SIGHT_TIMEOUT)
		infos->failure = (struct list_failure){ sight, error };
	if (sight == SIGHT_TIMEOUT)
		infos->stuck++;
	return 0;
}

/* What has something in its queues tells most: that first. */
static bool info_urgent(const struct socket_pass *pass, const struct known *known)
{
	const struct object_look *seen = &pass_object(pass, known->object)->at[pass->look];

	return seen->readable > 0 || seen->unsent > 0;
}

/* In steps, so that sockets that are locked for ever cost a few deadlines and not one each. */
static int info_ask_some(struct infos *infos, uint32_t space, const struct diag_request *requests, uint32_t count)
{
	const uint32_t step = 128;
	const uint32_t *rows = infos->which;
	uint32_t at, i;
	struct diag diag;
	int r = 0, error;

	space_diag(infos->pass, space, &diag);
	for (at = 0; at < count && r >= 0; at += step) {
		infos->which = (uint32_t *)rows + at;
		if (infos->stuck < BOUND_SOCKET_STUCK) {
			r = diag_ask(&diag, requests + at, count - at < step ? count - at : step, true, info_message,
				     infos, &error);
			continue;
		}
		for (i = 0; i < count - at && i < step; i++)
			info_message(infos, i, NULL, SIGHT_CUT, 0);
	}
	infos->which = (uint32_t *)rows;
	space_done(infos->pass, space, &diag);
	return r < 0 ? r : 0;
}

int socket_info_ask(struct socket_pass *pass)
{
	const struct socket_memory *memory = pass->memory;
	_cleanup_free_ struct diag_request *requests = calloc(BOUND_SOCKET_INFO, sizeof(*requests));
	_cleanup_free_ uint32_t *which = calloc(BOUND_SOCKET_INFO, sizeof(*which));
	_cleanup_free_ uint8_t *harmless = NULL;
	struct infos infos = { .pass = pass, .which = which };
	uint32_t i, space, count, asked = 0;
	struct utsname name;
	int r = 0, urgent;

	if (!requests || !which)
		return -ENOMEM;
	if (memory->known_count && (uname(&name) < 0 || !diag_is_lockless(name.release)))
		r = harmless_find(pass, &harmless);
	for (space = 0; space < memory->space_count && r == 0; space++) {
		for (urgent = 1, count = 0; urgent >= 0; urgent--)
			for (i = 0; i < memory->known_count; i++) {
				const struct known *known = &memory->known[i];

				if (known->space != space || !info_wanted(pass, known) ||
				    info_urgent(pass, known) != (urgent == 1))
					continue;
				if (harmless && !harmless[known->object.at])
					continue;
				if (asked + count >= BOUND_SOCKET_INFO) {
					infos.failure = (struct list_failure){ SIGHT_CUT, 0 };
					pass_object(pass, known->object)->at[pass->look].info_sight = SIGHT_CUT;
					continue;
				}
				requests[count] = diag_request_self(&known->told, true);
				which[count++] = i;
			}
		r = info_ask_some(&infos, space, requests, count);
		asked += count;
	}
	if (r == 0 && infos.failure.sight)
		r = socket_miss(pass, (struct process_ix){ NO_ROW }, infos.failure.sight, infos.failure.error, "tcp_info");
	return r;
}
