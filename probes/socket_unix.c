/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets: one list of them all, at both looks.  An exact request walks the kernel's
 * whole table to find one inode, so that the list (0.15 to 0.35 us a socket) is cheaper
 * for any tree that has ten of them; and only the list tells whom a client that was not
 * accepted yet waits for.
 */
#include "sockets.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

/* One socket of the list; its name lies in unix_list.names. */
struct unix_row { struct diag_unix told; size_t name_at; };
/* A client in the backlog of a listener. */
struct pending { uint32_t client, listener; };

struct unix_list {
	struct unix_row *row;
	uint32_t count, room;
	char *names;
	size_t names_used, names_room;
	struct pending *pending;
	uint32_t pending_count, pending_room;
	struct map32 row_of;      /* inode to row */
	bool cut;
};

static void unix_list_deinit(struct unix_list *list)
{
	free(list->row);
	free(list->names);
	free(list->pending);
	map32_deinit(&list->row_of);
}

/* NULL: no memory, and the array is as it was. */
static void *grown(void *array, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 256;
	void *ret = reallocarray(array, more, size);

	if (ret)
		*room = more;
	return ret;
}

static int name_keep(struct unix_list *list, const struct diag_unix *told, size_t *ret)
{
	size_t room = list->names_room ? list->names_room : 4096;
	char *more;

	*ret = list->names_used;
	while (room - list->names_used < told->name_length)
		room *= 2;
	if (room != list->names_room) {
		more = realloc(list->names, room);
		if (!more)
			return -ENOMEM;
		list->names = more;
		list->names_room = room;
	}
	memcpy(list->names + list->names_used, told->name, told->name_length);
	list->names_used += told->name_length;
	return 0;
}

static int pending_keep(struct unix_list *list, const struct diag_unix *told)
{
	struct pending *more;
	uint32_t i, client;

	for (i = 0; i < told->pending_count; i++) {
		if (list->pending_count == list->pending_room) {
			more = grown(list->pending, &list->pending_room, sizeof(*more));
			if (!more)
				return -ENOMEM;
			list->pending = more;
		}
		memcpy(&client, (const char *)told->pending + i * sizeof(client), sizeof(client));
		list->pending[list->pending_count++] = (struct pending){ client, told->inode };
	}
	return 0;
}

static int unix_message(void *context, const struct nlmsghdr *message)
{
	struct unix_list *list = context;
	struct unix_row row = { 0 }, *more;
	int r = 0;

	if (diag_parse_unix(message, &row.told) || row.told.inode == 0)
		return 0;
	if (list->count >= BOUND_SOCKETS_KEPT) {
		list->cut = true;
		return 0;
	}
	if (row.told.name)
		r = name_keep(list, &row.told, &row.name_at);
	if (r == 0)
		r = pending_keep(list, &row.told);
	if (r < 0)
		return r;
	if (list->count == list->room) {
		more = grown(list->row, &list->room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->row = more;
	}
	list->row[list->count++] = row;
	return 0;
}

/* ---- into rows ------------------------------------------------------------- */

struct filling {
	struct socket_pass *pass;
	struct unix_list *list;
	uint64_t ns;
};

static int unix_fill(const struct filling *filling, struct object_ix object, uint32_t at)
{
	const struct unix_row *row = &filling->list->row[at];
	struct diag_unix told = row->told;

	if (told.name)
		told.name = filling->list->names + row->name_at;
	return socket_fill_unix(filling->pass, object, &told, filling->ns);
}

/*
 * The socket of that inode, in or out of the tree: found, added, filled; NO_ROW for inode 0.  It may
 * be in the list of another namespace: a path leads from one to the next.
 */
static int unix_place(const struct filling *filling, uint32_t inode, struct object_ix *ret)
{
	struct socket_pass *pass = filling->pass;
	uint32_t at = map32_get(&filling->list->row_of, inode);
	int r;

	ret->at = NO_ROW;
	if (inode == 0)
		return 0;
	r = snapshot_add_object(pass->snapshot, OBJECT_UNIX, (struct object_key){ 0, inode }, ret);
	if (r < 0) {
		ret->at = NO_ROW;
		return r == -E2BIG ? 0 : r;
	}
	return at == MAP32_NONE || pass_seen(pass, *ret) ? 0 : unix_fill(filling, *ret, at);
}

/* The far end of a connection, also where it is outside the tree, and back if it is connected to us. */
static int unix_join(const struct filling *filling, struct object_ix object, const struct diag_unix *told)
{
	uint32_t at = map32_get(&filling->list->row_of, told->peer);
	struct object_ix peer;
	int r;

	r = unix_place(filling, told->peer, &peer);
	if (r < 0 || peer.at == NO_ROW)
		return r;
	socket_join(filling->pass, object, peer);
	if (at != MAP32_NONE && filling->list->row[at].told.peer == told->inode)
		socket_join(filling->pass, peer, object);
	return 0;
}

static int unix_wait(const struct filling *filling, const struct pending *pending)
{
	struct socket_pass *pass = filling->pass;
	uint32_t client = map32_get(&pass->rows, pending->client);
	struct object_ix listener;
	struct object *object;
	int r;

	if (client == MAP32_NONE)
		return 0;
	r = unix_place(filling, pending->listener, &listener);
	if (r < 0 || listener.at == NO_ROW)
		return r;
	socket_join(pass, (struct object_ix){ client }, listener);
	object = pass_object(pass, (struct object_ix){ client });
	object->listener = listener;
	if (object->at[pass->look].state == TCP_CLOSE_WAIT) /* it was shut down by its own hand */
		object->at[pass->look].state = TCP_ESTABLISHED;
	return 0;
}

static int unix_fill_all(const struct filling *filling)
{
	const struct unix_list *list = filling->list;
	uint32_t i, row;
	int r = 0;

	for (i = 0; i < list->count && r == 0; i++)
		r = map32_put(&filling->list->row_of, list->row[i].told.inode, i);
	for (i = 0; i < list->count && r == 0; i++) {
		row = map32_get(&filling->pass->rows, list->row[i].told.inode);
		if (row == MAP32_NONE)
			continue;
		if (!pass_seen(filling->pass, (struct object_ix){ row }))
			r = unix_fill(filling, (struct object_ix){ row }, i);
		if (r == 0)
			r = unix_join(filling, (struct object_ix){ row }, &list->row[i].told);
	}
	for (i = 0; i < list->pending_count && r == 0; i++)
		r = unix_wait(filling, &list->pending[i]);
	return r;
}

int socket_unix_read(struct socket_pass *pass, uint32_t space, struct diag *diag, int *error)
{
	const struct diag_request request = diag_request_unix(0);
	struct unix_list list = { 0 };
	const struct filling filling = { pass, &list, pass->memory->spaces[space].ns };
	int r, filled;

	r = diag_dump(diag, &request, unix_message, &list, error);
	if (r == SIGHT_OK && list.cut)
		r = SIGHT_CUT;
	filled = r < 0 ? 0 : unix_fill_all(&filling);
	unix_list_deinit(&list);
	return filled < 0 ? filled : r;
}
