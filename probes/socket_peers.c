/* SPDX-License-Identifier: MIT */
/*
 * Where the other end of a connection is, and which socket it is.
 *
 * A TCP socket's other end is found by one exact request with the addresses swapped; if
 * there is none the kernel answers with the listener that they lead to.  What is not
 * found here, nor in another namespace that a process looked at lives in, is external.
 */
#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "addresses.h"
#include "bounds.h"
#include "cleanup.h"

struct search {
	struct socket_pass *pass;
	uint32_t known_count;     /* when it began: room in the arrays */
	uint32_t *which;          /* rows of known[]: one a request */
	struct diag_request *requests;
	uint32_t count;
	uint32_t space;           /* that is asked */
	/* Clients whose other end was not accepted: its listener is still to be found. */
	uint32_t *embryos, embryo_count;
	uint32_t failed;          /* bits: namespaces that could not be asked */
};

static struct known *known_at(const struct search *search, uint32_t at)
{
	return &search->pass->memory->known[at];
}

static bool is_tcp(const struct known *known)
{
	return known->told.protocol == IPPROTO_TCP;
}

/* ---- reach ----------------------------------------------------------------- */

/* An address that the routing says is ours, or elsewhere; in another namespace nobody is asked. */
static int reach_by_address(const struct search *search)
{
	struct socket_pass *pass = search->pass;
	const struct socket_memory *memory = pass->memory;
	_cleanup_free_ const struct diag_inet **told = calloc(memory->known_count + 1, sizeof(*told));
	_cleanup_free_ uint32_t *rows = calloc(memory->known_count + 1, sizeof(*rows));
	_cleanup_free_ uint8_t *local = calloc(memory->known_count + 1, sizeof(*local));
	uint32_t i, count = 0;
	int r, error;

	if (!told || !rows || !local)
		return -ENOMEM;
	for (i = 0; i < memory->known_count; i++) {
		const struct known *known = &memory->known[i];
		struct object *object = pass_object(pass, known->object);

		if (!known->fresh || object->reach != REACH_UNKNOWN || !socket_has_remote(&known->told))
			continue;
		if (address_is_home(&known->told)) {
			object->reach = REACH_LOCAL;
		} else if (memory->spaces[known->space].pid == 0) {
			told[count] = &known->told;
			rows[count++] = i;
		}
	}
	if (count == 0)
		return 0;
	r = addresses_ask(pass->visit->door, pass->visit->deadline_ns, told, count, local, &error);
	if (r < 0)
		return r;
	for (i = 0; i < count; i++)
		if (local[i] == ANSWER_YES)
			pass_object(pass, memory->known[rows[i]].object)->reach = REACH_LOCAL;
		else if (local[i] == ANSWER_NO)
			pass_object(pass, memory->known[rows[i]].object)->reach = REACH_EXTERNAL;
	if (r > 0)
		return socket_miss(pass, (struct process_ix){ NO_ROW }, r, error, "route");
	return 0;
}

/* ---- what a request for the other end brought ------------------------------ */

/* Its row, filled and remembered; NO_ROW past a bound. */
static int end_place(const struct search *search, struct object_key key, const struct diag_inet *told,
		     struct object_ix *ret)
{
	struct socket_pass *pass = search->pass;
	int r;

	r = snapshot_add_object(pass->snapshot, OBJECT_TCP, key, ret);
	if (r < 0) {
		ret->at = NO_ROW;
		return r == -E2BIG ? 0 : r;
	}
	if (pass_seen(pass, *ret))
		return 0;
	r = socket_fill_inet(pass, *ret, told, pass->memory->spaces[search->space].ns);
	return r < 0 ? r : socket_know(pass, *ret, search->space, told, false);
}

/* In these states a socket without an inode was never accepted; in others its process closed it. */
static bool is_embryo(const struct diag_inet *told)
{
	return told->state == TCP_ESTABLISHED || told->state == TCP_SYN_RECV || told->state == TCP_CLOSE_WAIT ||
	       told->state == 12; /* TCP_NEW_SYN_RECV */
}

static int peer_found(struct search *search, uint32_t which, const struct diag_inet *told)
{
	struct socket_pass *pass = search->pass;
	struct object_ix object = known_at(search, which)->object, peer;
	uint64_t ns = pass->memory->spaces[search->space].ns;
	struct object_key key = { 0, told->inode };
	enum reach reach = known_at(search, which)->space == search->space ? REACH_LOCAL : REACH_NAMESPACE;
	int r;

	pass_object(pass, object)->reach = (uint8_t)reach;
	if (told->inode == 0 && !is_embryo(told))
		return 0;
	if (told->inode == 0)
		key = (struct object_key){ ns, told->cookie | UINT64_C(1) << 63 };
	r = end_place(search, key, told, &peer);
	if (r < 0 || peer.at == NO_ROW)
		return r;
	pass_object(pass, peer)->reach = (uint8_t)reach;
	socket_join(pass, object, peer);
	socket_join(pass, peer, object);
	if (told->inode == 0)
		search->embryos[search->embryo_count++] = which;
	return 0;
}

/*
 * Instead of the other end: who listens there.  A client for whom there is no room in the
 * backlog is in SYN_SENT, or believes to be connected when its last ACK was dropped.
 */
static int listener_found(struct search *search, uint32_t which, const struct diag_inet *told)
{
	struct socket_pass *pass = search->pass;
	struct object_ix object = known_at(search, which)->object, listener, peer;
	uint8_t state = known_at(search, which)->told.state;
	int r;

	if (told->inode == 0 || (state != TCP_SYN_SENT && state != TCP_ESTABLISHED))
		return 0;
	r = end_place(search, (struct object_key){ 0, told->inode }, told, &listener);
	if (r < 0 || listener.at == NO_ROW)
		return r;
	peer = pass_object(pass, object)->peer;
	if (peer.at == NO_ROW || pass_object(pass, object)->listener.at != NO_ROW)
		pass_object(pass, object)->peer = listener;
	pass_object(pass, object)->listener = listener;
	return 0;
}

static int peer_message(void *context, size_t which, const struct nlmsghdr *message, int sight, int error)
{
	struct search *search = context;
	uint32_t row = search->which[which];
	struct diag_inet told;

	(void)sight;
	(void)error;
	if (!message || diag_parse_inet(message, IPPROTO_TCP, &told, NULL))
		return 0;
	if (diag_is_peer(&known_at(search, row)->told, &told))
		return peer_found(search, row, &told);
	if (told.state == TCP_LISTEN && known_at(search, row)->space == search->space)
		return listener_found(search, row, &told);
	return 0;
}

/* Nobody holds the server's end of a connection that was not accepted: its listener's holders are who counts. */
static int embryo_message(void *context, size_t which, const struct nlmsghdr *message, int sight, int error)
{
	struct search *search = context;
	struct socket_pass *pass = search->pass;
	struct object_ix client = known_at(search, search->embryos[which])->object, embryo, listener;
	struct diag_inet told;
	int r;

	(void)sight;
	(void)error;
	if (!message || diag_parse_inet(message, IPPROTO_TCP, &told, NULL) || told.state != TCP_LISTEN || told.inode == 0)
		return 0;
	r = end_place(search, (struct object_key){ 0, told.inode }, &told, &listener);
	if (r < 0 || listener.at == NO_ROW)
		return r;
	embryo = pass_object(pass, client)->peer;
	pass_object(pass, client)->listener = listener;
	if (embryo.at != NO_ROW)
		pass_object(pass, embryo)->listener = listener;
	return 0;
}

/* ---- asking ---------------------------------------------------------------- */

static int peers_ask(struct search *search, uint32_t space)
{
	struct diag diag;
	uint32_t i;
	int r, error;

	if (search->count == 0)
		return 0;
	search->space = space;
	search->embryo_count = 0;
	space_diag(search->pass, space, &diag);
	for (i = 0; i < search->count; i++)
		search->requests[i] = diag_request_peer(&known_at(search, search->which[i])->told);
	r = diag_ask(&diag, search->requests, search->count, false, peer_message, search, &error);
	if (r >= 0) {
		for (i = 0; i < search->embryo_count; i++)
			search->requests[i] = diag_request_listener(&known_at(search, search->embryos[i])->told);
		r = diag_ask(&diag, search->requests, search->embryo_count, false, embryo_message, search, &error);
	}
	space_done(search->pass, space, &diag);
	if (r > 0)
		search->failed |= UINT32_C(1) << space;
	return r < 0 ? r : 0;
}

/* Still without its other end, or waiting to be accepted: then it is worth another question at T1. */
static bool is_lonely(const struct search *search, const struct known *known)
{
	const struct object *object = pass_object(search->pass, known->object);

	return socket_has_remote(&known->told) && object->at[search->pass->look].sight == SIGHT_OK &&
	       (object->peer.at == NO_ROW || object->listener.at != NO_ROW);
}

/* The same for both ends of a connection. */
static uint32_t connection_hash(const struct diag_inet *told)
{
	uint64_t local = told->local_port, remote = told->remote_port;
	const size_t last = told->family == AF_INET ? 0 : 12; /* where v4 addresses lie, mapped ones too */
	uint32_t word;

	memcpy(&word, told->local + last, sizeof(word));
	local |= (uint64_t)word << 16;
	memcpy(&word, told->remote + last, sizeof(word));
	remote |= (uint64_t)word << 16;
	return (uint32_t)hash_mix(local < remote ? local : remote, local < remote ? remote : local);
}

/* Many connections are between processes that we look at: they need no question.  UDP has no other way. */
static int peers_among_us(struct search *search, uint32_t space)
{
	struct socket_pass *pass = search->pass;
	struct map32 first = { 0 };
	uint32_t i, at, hash;
	int r = 0;

	for (i = 0; i < search->known_count && r == 0; i++) {
		const struct known *known = known_at(search, i), *other;

		if (known->space != space || !known->fresh || !is_lonely(search, known) || known->told.inode == 0)
			continue;
		hash = connection_hash(&known->told);
		at = map32_get(&first, hash);
		if (at == MAP32_NONE) {
			r = map32_put(&first, hash, i);
			continue;
		}
		other = known_at(search, at);
		if (known->told.protocol != other->told.protocol || !diag_is_peer(&known->told, &other->told))
			continue;
		pass_object(pass, known->object)->reach = pass_object(pass, other->object)->reach = REACH_LOCAL;
		socket_join(pass, known->object, other->object);
		socket_join(pass, other->object, known->object);
	}
	map32_deinit(&first);
	return r;
}

/* In the socket's own namespace. */
static int peers_at_home(struct search *search, uint32_t space)
{
	const struct socket_memory *memory = search->pass->memory;
	uint32_t i;
	int r;

	r = peers_among_us(search, space);
	if (r < 0)
		return r;
	search->count = 0;
	for (i = 0; i < search->known_count; i++) {
		const struct known *known = &memory->known[i];
		uint8_t reach = pass_object(search->pass, known->object)->reach;

		if (known->space != space || !is_tcp(known) || !is_lonely(search, known))
			continue;
		if (reach == REACH_LOCAL || (reach == REACH_UNKNOWN && known->fresh && memory->spaces[space].pid))
			search->which[search->count++] = i;
	}
	return peers_ask(search, space);
}

/* In another one that we know of. */
static int peers_abroad(struct search *search, uint32_t space)
{
	const struct socket_memory *memory = search->pass->memory;
	uint32_t i;

	search->count = 0;
	for (i = 0; i < search->known_count; i++) {
		const struct known *known = &memory->known[i];
		uint8_t reach = pass_object(search->pass, known->object)->reach;

		if (known->space != space && known->fresh && is_tcp(known) && is_lonely(search, known) &&
		    (reach == REACH_UNKNOWN || reach == REACH_EXTERNAL))
			search->which[search->count++] = i;
	}
	return peers_ask(search, space);
}

/* What was not found anywhere. */
static void reach_settle(const struct search *search)
{
	const struct socket_pass *pass = search->pass;
	uint32_t i;

	for (i = 0; i < pass->memory->known_count; i++) {
		struct known *known = &pass->memory->known[i];
		struct object *object = pass_object(pass, known->object);
		bool asked = pass->memory->spaces[known->space].pid && !(search->failed & UINT32_C(1) << known->space);

		if (known->fresh && asked && object->reach == REACH_UNKNOWN && socket_has_remote(&known->told))
			object->reach = REACH_EXTERNAL;
		known->fresh = false;
	}
}

int socket_peers_find(struct socket_pass *pass)
{
	const uint32_t count = pass->memory->known_count, spaces = pass->memory->space_count;
	_cleanup_free_ struct diag_request *requests = calloc(count + 1, sizeof(*requests));
	_cleanup_free_ uint32_t *which = calloc(count + 1, sizeof(*which));
	_cleanup_free_ uint32_t *embryos = calloc(count + 1, sizeof(*embryos));
	struct search search = { .pass = pass, .known_count = count, .which = which, .requests = requests, .embryos = embryos };
	uint32_t i;
	int r;

	if (!requests || !which || !embryos)
		return -ENOMEM;
	r = reach_by_address(&search);
	for (i = 0; i < spaces && r == 0; i++)
		r = peers_at_home(&search, i);
	for (i = 0; i < spaces && r == 0 && spaces > 1; i++)
		r = peers_abroad(&search, i);
	reach_settle(&search);
	return r;
}
