/* SPDX-License-Identifier: MIT */
/*
 * Sockets, by netlink sock_diag: which of the kernel's lists have those that the processes
 * hold, what they tell, where the other ends are.
 *
 * The name of a socket's protocol (an extended attribute of its link) says beforehand which
 * lists are needed, 1.2 us each: a tree without TCP does not pay for the TCP list of the machine.
 */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"

/* ---- which sockets --------------------------------------------------------- */

static bool is_socket(const struct object *object)
{
	switch (object->kind) {
	case OBJECT_SOCKET:
	case OBJECT_UNIX:
	case OBJECT_TCP:
	case OBJECT_UDP:
		return object->key.space == 0;
	}
	return false;
}

static uint8_t *subject_marks(const struct snapshot *snapshot, const struct subjects *subjects)
{
	uint8_t *ret = calloc(snapshot->processes.count + 1, 1);
	uint32_t i;

	for (i = 0; ret && i < subjects->process_count; i++)
		ret[subjects->processes[i].at] = 1;
	return ret;
}

/* Each socket once, by the first descriptor of it. */
static int wanted_find(struct socket_pass *pass, const struct subjects *subjects)
{
	struct snapshot *snapshot = pass->snapshot;
	_cleanup_free_ uint8_t *marked = subject_marks(snapshot, subjects);
	_cleanup_free_ uint8_t *met = calloc(snapshot->objects.count + 1, 1);
	uint32_t i, room = 0;
	int r = 0;

	if (!marked || !met)
		return -ENOMEM;
	for (i = 0; i < snapshot->fds.count && r == 0; i++) {
		const struct fd *fd = &snapshot->fds.row[i];
		const struct object *object;

		if (!(fd->looks & 1 << pass->look) || !marked[fd->process.at] || fd->object.at == NO_ROW ||
		    met[fd->object.at])
			continue;
		object = object_at(snapshot, fd->object);
		if (!is_socket(object))
			continue;
		met[fd->object.at] = 1;
		if (pass->wanted_count == room) {
			struct wanted *more = reallocarray(pass->wanted, room ? room * 2 : 64, sizeof(*more));

			if (!more)
				return -ENOMEM;
			pass->wanted = more;
			room = room ? room * 2 : 64;
		}
		pass->wanted[pass->wanted_count++] = (struct wanted){
			.object = fd->object, .process = fd->process, .number = fd->number, .lists = LIST_ANY,
		};
		r = map32_put(&pass->rows, (uint32_t)object->key.name, fd->object.at);
	}
	return r;
}

/* Sockets met before: whether somebody holds them now, and, with a list, what became of them. */
static int known_mark(struct socket_pass *pass)
{
	struct socket_memory *memory = pass->memory;
	uint32_t i;
	int r = 0;

	for (i = 0; i < memory->known_count && r == 0; i++) {
		struct known *known = &memory->known[i];

		known->held = known->told.inode && map32_get(&pass->rows, known->told.inode) == known->object.at;
		if (pass->look == LOOK_T1 && known->told.inode)
			r = map32_put(&pass->rows, known->told.inode, known->object.at);
	}
	return r;
}

/* ---- which lists ----------------------------------------------------------- */

static uint8_t lists_of_family(const struct object *object)
{
	switch (object->kind) {
	case OBJECT_TCP:
		return LIST_TCP;
	case OBJECT_UDP:
		return LIST_UDP;
	case OBJECT_UNIX:
		return LIST_UNIX;
	}
	return LIST_ANY;
}

static uint8_t kind_of_lists(uint8_t lists)
{
	switch (lists) {
	case LIST_TCP:
		return OBJECT_TCP;
	case LIST_UDP:
		return OBJECT_UDP;
	case LIST_UNIX:
		return OBJECT_UNIX;
	}
	return OBJECT_SOCKET;
}

/* Descriptors of a leader that has ended are under its living threads: then any list may have the socket. */
static int wanted_name(struct socket_pass *pass, struct wanted *wanted)
{
	struct object *object = pass_object(pass, wanted->object);
	const struct socket_name *name;
	const char *text;
	size_t length;
	int r, error;

	r = door_protocol(pass->visit->door, &text, &length, &error, "%d/fd/%d",
			  process_at(pass->snapshot, wanted->process)->pid, wanted->number);
	if (r)
		return r < 0 ? r : 0;
	name = socket_name_find(text, length);
	if (!name)
		return 0;
	wanted->lists = name->lists;
	wanted->outside = name->outside;
	object->kind = kind_of_lists(name->lists);
	object->family = name->family;
	if (name->type >= 0)
		object->type = name->type;
	if (name->lists == LIST_UNIX)
		object->reach = REACH_LOCAL;
	if (name->lists == LIST_NONE) {
		object->at[pass->look].when_ns = pass->when_ns;
		object->at[pass->look].sight = SIGHT_OK;
		object->reach = name->outside ? REACH_UNKNOWN : REACH_NONE;
	}
	return 0;
}

/* Of those not seen yet, so many; the rest may be in any list. */
static int wanted_names(struct socket_pass *pass)
{
	uint32_t i, asked = 0;
	int r = 0;

	for (i = 0; i < pass->wanted_count && r == 0; i++) {
		struct wanted *wanted = &pass->wanted[i];

		if (pass_seen(pass, wanted->object))
			continue;
		if (wanted->lists == LIST_ANY)
			wanted->lists = lists_of_family(pass_object(pass, wanted->object));
		if (wanted->lists == LIST_ANY && asked++ < BOUND_SOCKET_NAMES)
			r = wanted_name(pass, wanted);
	}
	return r;
}

/* Lists that may have something still unseen, of processes in that namespace; space NO_ROW: in any. */
static uint8_t lists_needed(const struct socket_pass *pass, uint32_t space)
{
	uint8_t ret = 0;
	uint32_t i;

	for (i = 0; i < pass->wanted_count; i++)
		if ((pass->wanted[i].space == space || space == NO_ROW) && !pass_seen(pass, pass->wanted[i].object))
			ret |= pass->wanted[i].lists;
	return ret;
}

/* One list after the other: what the first has need not be looked for in the next. */
static int lists_read(struct socket_pass *pass, uint32_t space, uint32_t members, uint8_t lists)
{
	unsigned i;
	int r = 0;

	for (i = 0; i < SOCKET_LISTS && r == 0; i++) {
		uint8_t list = lists & 1 << i;

		if (pass->memory->spaces[space].listed & list || !(lists_needed(pass, members) & list))
			continue;
		if (list != LIST_TCP || pass->look == LOOK_T0)
			r = socket_lists_read(pass, space, list);
	}
	return r;
}

static int spaces_read(struct socket_pass *pass, uint8_t lists)
{
	const struct socket_memory *memory = pass->memory;
	uint32_t i;
	int r = 0;

	for (i = 0; i < memory->space_count && r == 0; i++) {
		if (pass->look == LOOK_T1 && (lists & LIST_TCP))
			r = socket_known_ask(pass, i, lists_needed(pass, i) & LIST_TCP);
		if (r == 0 && memory->spaces[i].members)
			r = lists_read(pass, i, i, lists);
	}
	/* A socket from before its process entered a namespace is of ours, most likely. */
	if (r == 0 && memory->space_count > 1)
		r = lists_read(pass, 0, NO_ROW, lists);
	return r;
}

/* ---- the probe ------------------------------------------------------------- */

static void forget(void *pointer)
{
	struct socket_memory *memory = pointer;

	if (!memory)
		return;
	spaces_forget(memory);
	free(memory->known);
	map32_deinit(&memory->known_of);
	free(memory);
}

static int pass_run(struct socket_pass *pass, const struct subjects *subjects)
{
	int r;

	r = wanted_find(pass, subjects);
	if (r < 0 || (pass->wanted_count == 0 && pass->memory->known_count == 0))
		return r;
	r = known_mark(pass);
	if (r == 0)
		r = wanted_names(pass);
	if (r == 0)
		r = spaces_find(pass);
	if (r == 0)
		r = spaces_read(pass, LIST_TCP | LIST_UNIX | LIST_UDP);
	if (r == 0)
		r = wanted_names(pass); /* most of the rest have no list at all */
	if (r == 0)
		r = spaces_read(pass, LIST_RAW | LIST_VSOCK);
	if (r == 0)
		r = socket_peers_find(pass);
	if (r == 0)
		r = socket_info_ask(pass);
	if (r == 0)
		r = socket_miss_unseen(pass);
	return r;
}

static int look(const struct visit *visit, const struct subjects *subjects)
{
	struct socket_pass pass = {
		.visit = visit, .snapshot = visit->snapshot, .look = visit->look, .when_ns = door_now_ns(),
	};
	int r;

	if (visit->memory)
		pass.memory = *visit->memory;
	if (!pass.memory)
		pass.memory = calloc(1, sizeof(*pass.memory));
	if (!pass.memory)
		return -ENOMEM;
	r = pass_run(&pass, subjects);
	free(pass.wanted);
	map32_deinit(&pass.rows);
	if (visit->memory)
		*visit->memory = pass.memory;
	else
		forget(pass.memory);
	return r;
}

const struct probe probe_sockets = {
	.id = PROBE_SOCKETS,
	.name = "sockets",
	.stage = STAGE_LOOK,
	.after = PROBE_BIT(PROBE_HOST) | PROBE_BIT(PROBE_TASKS) | PROBE_BIT(PROBE_STATE) | PROBE_BIT(PROBE_FDS),
	.look = look,
	.forget = forget,
};
