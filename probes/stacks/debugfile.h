/* SPDX-License-Identifier: MIT */
/*
 * The separate debug file of a module: by build-id below /usr/lib/debug/.build-id, or by the name in .gnu_debuglink,
 * in the target's root and in ours.  A file that is found must be the one: same build-id, or same
 * checksum where there is none.  Never asks a network server.
 */
#ifndef DEBUGFILE_H
#define DEBUGFILE_H

#include "space.h"

struct debugfile;
struct debugfile *debugfile_destroy(struct debugfile *debug);

/** Looked for once.  *ret NULL: there is none.  0, or -errno of our own. */
int debugfile_find(struct module *module, const struct elffile **ret);

/**
 * The file that this one shares with others (.gnu_debugaltlink: a path, or the end of one, and a build-id), for
 * libdw.  As above; asked for once a module.
 */
int debugfile_find_shared(struct module *module, const char *name, const uint8_t *id, size_t id_length,
			  const struct elffile **ret);

/** What .gnu_debuglink says: a plain name (without '/'), and the checksum of the file. */
bool debuglink_parse(struct span_of_file section, const char **name, uint32_t *crc);

#endif
