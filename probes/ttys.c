/* SPDX-License-Identifier: MIT */
/*
 * Terminals: which side of which pty, by stat(2) and the tty-index of fdinfo.
 *
 * Every container has a devpts of its own, so /dev/pts/0 is many terminals.  A slave lies in its
 * instance, and st_dev tells which.  A master was opened through a ptmx node that lies in the
 * instance too, or, as on a plain Debian, in /dev, where it stands for the "pts" beside it.  A
 * master of which that cannot be told is left without a peer.
 */
#include "fds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "bounds.h"
#include "door.h"

/* Numbers from devices.txt: the kernel's for ever. */
enum { MAJOR_TTY = 4, MAJOR_TTYAUX = 5, MAJOR_SLAVES = 136, MAJOR_SLAVES_LAST = 143 };
enum { MINOR_CONTROLLING = 0, MINOR_PTMX = 2 };
enum { DEVPTS_PTMX_INODE = 2 };
/* object_key.space: of our own instance; in another one, with that bit and its st_dev above. */
enum { SIDE_SLAVE = 1, SIDE_MASTER = 2, SPACE_DEVICE = 3 };
#define ELSEWHERE (UINT64_C(1) << 63)

static bool is_slave(uint64_t node)
{
	return major(node) >= MAJOR_SLAVES && major(node) <= MAJOR_SLAVES_LAST;
}

static bool is_ptmx(uint64_t node)
{
	return major(node) == MAJOR_TTYAUX && minor(node) == MINOR_PTMX;
}

static bool is_controlling(uint64_t node)
{
	return major(node) == MAJOR_TTYAUX && minor(node) == MINOR_CONTROLLING;
}

bool tty_is_pty(const struct path_seen *seen)
{
	return seen->sight == SIGHT_OK && S_ISCHR(seen->mode) &&
	       (is_slave(seen->node) || is_ptmx(seen->node) || is_controlling(seen->node));
}

static int devpts_answered(void *context, size_t which, const struct answer *answer)
{
	struct fd_pass *pass = context;
	struct stat stat;

	(void)which;
	if (answer->sight != SIGHT_OK || answer->length != sizeof(stat))
		return 0;
	memcpy(&stat, answer->bytes, sizeof(stat));
	pass->own_devpts = stat.st_dev;
	return 0;
}

int ttys_learn(struct fd_pass *pass)
{
	static const struct question question = { .ask = ASK_STAT, .path = "self/root/dev/pts" };
	const char *text;
	size_t length;
	unsigned long inode;
	int error, r;

	r = door_link(pass->visit->door, &text, &length, &error, "self/ns/mnt");
	if (r < 0)
		return r;
	if (r == SIGHT_OK && sscanf(text, "mnt:[%lu]", &inode) == 1)
		pass->own_mounts = inode;
	return door_ask(pass->visit->door, &question, 1, BOUND_ASK_MS, pass->visit->deadline_ns, devpts_answered,
			pass);
}

static uint64_t side_space(const struct fd_pass *pass, uint64_t devpts, unsigned side)
{
	return devpts == pass->own_devpts ? side : ELSEWHERE | devpts << 8 | side;
}

static int slave_object(struct fd_pass *pass, uint64_t devpts, uint32_t index, struct object_ix *ret)
{
	struct object_key key = { side_space(pass, devpts, SIDE_SLAVE), index };
	char name[32];
	struct text label;
	int r;

	r = snapshot_text(pass->snapshot, name, snprintf(name, sizeof(name), "/dev/pts/%u", index), &label);
	if (r == -ENOMEM)
		return r;
	return fd_object(pass->snapshot, OBJECT_PTY, key, label, ret);
}

static bool at_home(const struct fd_pass *pass, struct process_ix process)
{
	return pass->own_mounts && process_at(pass->snapshot, process)->ns_mnt == pass->own_mounts;
}

static bool text_is(const struct snapshot *snapshot, struct text text, const char *wanted)
{
	return text_seen(text) && !strcmp(snapshot_bytes(snapshot, text), wanted);
}

/** Which instance a master belongs to; 0 not to be told. */
static uint64_t master_devpts(const struct fd_pass *pass, const struct fd_later *later)
{
	if (later->seen.device == pass->own_devpts || later->seen.inode == DEVPTS_PTMX_INODE)
		return later->seen.device;
	if (at_home(pass, later->process) && text_is(pass->snapshot, later->text, "/dev/ptmx"))
		return pass->own_devpts;
	return 0;
}

bool tty_has_sides(struct object_key key)
{
	return key.space == SIDE_SLAVE || key.space == SIDE_MASTER || key.space & ELSEWHERE;
}

struct object_key tty_other_side(struct object_key key)
{
	return (struct object_key){ key.space ^ (SIDE_SLAVE ^ SIDE_MASTER), key.name };
}

void tty_join(struct snapshot *snapshot, struct object_ix side)
{
	struct object_ix other;

	if (!tty_has_sides(object_at(snapshot, side)->key))
		return;
	other = snapshot_find_object(snapshot, OBJECT_PTY, tty_other_side(object_at(snapshot, side)->key));
	if (other.at == NO_ROW)
		return;
	object_at(snapshot, side)->peer = other;
	object_at(snapshot, other)->peer = side;
}

static int master_object(struct fd_pass *pass, const struct fd_later *later, struct object_ix *ret)
{
	uint64_t devpts = master_devpts(pass, later);
	struct object_key key = fd_key_anonymous(pass->snapshot, later->process, later->number);
	char place[FD_PLACE], name[48];
	struct fdinfo info;
	struct text label;
	int error, r;

	fd_pass_place(pass, later->process, place);
	r = fd_info(pass->visit->door, place, later->number, &info, &error);
	if (r < 0)
		return r;
	if (info.tty < 0 || info.tty > UINT32_MAX)
		return fd_object(pass->snapshot, OBJECT_PTY, key, later->text, ret);
	r = snapshot_text(pass->snapshot, name,
			  snprintf(name, sizeof(name), "master of /dev/pts/%u", (uint32_t)info.tty), &label);
	if (r == -ENOMEM)
		return r;
	if (devpts)
		key = (struct object_key){ side_space(pass, devpts, SIDE_MASTER), info.tty };
	return fd_object(pass->snapshot, OBJECT_PTY, key, label, ret);
}

/** stat's tty_nr: 8 bits of minor, 12 of major, the rest of the minor above. */
static dev_t tty_node(int32_t tty)
{
	uint32_t bits = (uint32_t)tty;

	return makedev(bits >> 8 & 0xfff, (bits & 0xff) | (bits >> 12 & 0xfff00));
}

/** /dev/tty is whatever terminal controls the process. */
static int controlling_object(struct fd_pass *pass, const struct fd_later *later, struct object_ix *ret)
{
	int32_t tty = process_at(pass->snapshot, later->process)->tty;
	dev_t node = tty_node(tty);

	if (tty <= 0 || (is_slave(node) && !at_home(pass, later->process)))
		return fd_object(pass->snapshot, OBJECT_TTY,
				 fd_key_anonymous(pass->snapshot, later->process, later->number), later->text, ret);
	if (!is_slave(node))
		return fd_object(pass->snapshot, OBJECT_TTY, (struct object_key){ SPACE_DEVICE, node }, later->text,
				 ret);
	return slave_object(pass, pass->own_devpts, minor(node), ret);
}

static bool is_tty_name(const struct snapshot *snapshot, struct text text)
{
	static const char *const names[] = { "/dev/tty", "/dev/console", "/dev/hvc" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && text_seen(text); i++)
		if (!strncmp(snapshot_bytes(snapshot, text), names[i], strlen(names[i])))
			return true;
	return false;
}

static int side_object(struct fd_pass *pass, const struct fd_later *later, struct object_ix *ret)
{
	uint64_t node = later->seen.node;

	if (is_ptmx(node))
		return master_object(pass, later, ret);
	if (is_slave(node))
		return slave_object(pass, later->seen.device, minor(node), ret);
	return controlling_object(pass, later, ret);
}

int tty_object(struct fd_pass *pass, const struct fd_later *later, struct object_ix *ret)
{
	uint64_t node = later->seen.node;
	int r;

	ret->at = NO_ROW;
	if (tty_is_pty(&later->seen)) {
		r = side_object(pass, later, ret);
		if (r < 0 || ret->at == NO_ROW)
			return r;
		object_at(pass->snapshot, *ret)->pty_master = is_ptmx(node);
		if (object_at(pass->snapshot, *ret)->kind == OBJECT_PTY)
			tty_join(pass->snapshot, *ret);
		return 0;
	}
	if (major(node) == MAJOR_TTY || major(node) == MAJOR_TTYAUX || is_tty_name(pass->snapshot, later->text))
		return fd_object(pass->snapshot, OBJECT_TTY, (struct object_key){ SPACE_DEVICE, node }, later->text,
				 ret);
	return 0;
}
