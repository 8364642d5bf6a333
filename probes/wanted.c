/* SPDX-License-Identifier: MIT */
/*
 * What holders are looked for.  A pipe or socket is known by the inode in its link; of an
 * eventfd, a FIFO or a pty the link only says that it may be one.
 *
 * A FIFO is looked for under its own name: one that was linked to a second name escapes, but
 * a FIFO proves nothing, for a newcomer may open it.
 */
#include "wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fdlink.h"
#include "fds.h"

static bool is_wanted(const struct wanted *wanted, struct object_ix object)
{
	return object.at != NO_ROW && object.at < wanted->objects && wanted->object[object.at];
}

static void want(struct wanted *wanted, struct object_ix ix)
{
	const struct object *object = object_at(wanted->snapshot, ix);

	wanted->object[ix.at] = 1;
	wanted->eventfds |= object->kind == OBJECT_EVENTFD;
	wanted->ptys |= object->kind == OBJECT_PTY;
	if (object->kind != OBJECT_FIFO || wanted->fifos > WANTED_NAMES)
		return;
	if (wanted->fifos < WANTED_NAMES)
		wanted->fifo[wanted->fifos] = ix;
	wanted->fifos++;
}

int wanted_init(const struct snapshot *snapshot, const struct object_ix *objects, uint32_t count,
		struct wanted *ret)
{
	uint32_t i;

	*ret = (struct wanted){ .snapshot = snapshot, .objects = snapshot->objects.count };
	ret->object = calloc(ret->objects + 1, 1);
	if (!ret->object)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		want(ret, objects[i]);
	return 0;
}

void wanted_deinit(struct wanted *wanted)
{
	free(wanted->object);
}

/** The last part of a path. */
struct name { const char *at; size_t length; };

static struct name name_of(const char *path, size_t length)
{
	static const char deleted[] = " (deleted)";
	const char *slash = memrchr(path, '/', length), *at = slash ? slash + 1 : path;
	struct name ret = { at, path + length - at };
	size_t tail = strlen(deleted);

	if (ret.length >= tail && !memcmp(at + ret.length - tail, deleted, tail))
		ret.length -= tail;
	return ret;
}

static bool may_be_fifo(const struct wanted *wanted, const char *path, size_t length)
{
	struct name name = name_of(path, length), other;
	uint32_t i;

	if (wanted->fifos > WANTED_NAMES)
		return true;
	for (i = 0; i < wanted->fifos; i++) {
		struct text label = object_at(wanted->snapshot, wanted->fifo[i])->label;

		other = name_of(snapshot_bytes(wanted->snapshot, label), label.length);
		if (name.length == other.length && !memcmp(name.at, other.at, name.length))
			return true;
	}
	return false;
}

static bool may_be_pty(const char *path, size_t length)
{
	return memmem(path, length, "pts/", 4) || (length == 8 && !memcmp(path, "/dev/tty", 8)) ||
	       (length >= 4 && !memcmp(path + length - 4, "ptmx", 4));
}

bool wanted_link(const struct wanted *wanted, const char *text, size_t length)
{
	struct fdlink link = fdlink_parse(text, length);

	switch (link.form) {
	case FDLINK_INODE:
		return is_wanted(wanted, snapshot_find_object(wanted->snapshot, link.kind,
							      (struct object_key){ 0, link.inode }));
	case FDLINK_PATH:
		return (wanted->ptys && may_be_pty(text, length)) ||
		       (wanted->fifos && may_be_fifo(wanted, text, length));
	}
	return wanted->eventfds && link.kind == OBJECT_EVENTFD;
}

bool wanted_object(const struct wanted *wanted, const struct object *object)
{
	const struct snapshot *snapshot = wanted->snapshot;

	if (is_wanted(wanted, snapshot_find_object(snapshot, object->kind, object->key)))
		return true;
	return object->kind == OBJECT_PTY && tty_has_sides(object->key) &&
	       is_wanted(wanted, snapshot_find_object(snapshot, OBJECT_PTY, tty_other_side(object->key)));
}

bool wanted_findable(const struct object *object)
{
	switch (object->kind) {
	case OBJECT_PIPE:
	case OBJECT_FIFO:
		return true;
	case OBJECT_SOCKET:
	case OBJECT_UNIX:
	case OBJECT_TCP:
	case OBJECT_UDP:
	case OBJECT_EVENTFD:
		return object->key.space == 0;
	case OBJECT_PTY:
		return tty_has_sides(object->key);
	}
	return false;
}
