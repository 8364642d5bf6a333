/* SPDX-License-Identifier: MIT */
/*
 * Sockets in words, the same for text and JSON: what kind, in which state, who is at
 * the other end.
 */
#ifndef WORDS_SOCKET_H
#define WORDS_SOCKET_H

#include <stdbool.h>

#include "judge.h"
#include "phrase.h"

bool object_is_socket(const struct object *object);
/** "ipv4", "ipv6", "unix", "netlink", ...; NULL: not known, or none we have a word for. */
const char *socket_family(const struct object *object);
/** "stream", "dgram", "seqpacket", "raw"; NULL as above. */
const char *socket_type(const struct object *object);
/** "ESTAB", "CLOSE-WAIT", "LISTEN", ...: at the newest look; NULL as above. */
const char *socket_state(const struct object *object);
/** What was seen at the newest look that saw anything. */
const struct object_look *object_last(const struct object *object);
bool socket_is_close_wait(const struct object *object);

/** A process's sockets, by descriptor; those closed since the first look are passed over. */
struct socket_walk {
	const struct scene *scene;
	struct process_ix process;
	uint32_t at;
	uint8_t look;             /**< Bit of the newest look at which descriptors were listed. */
};
void socket_walk_init(struct socket_walk *walk, const struct scene *scene, struct process_ix process);
struct fd_ix socket_walk_next(struct socket_walk *walk); /**< at == NO_ROW after the last. */

/** A descriptor of the other end: of another process if there is one; at == NO_ROW: none found. */
struct fd_ix socket_peer(const struct scene *scene, struct object_ix object, struct process_ix self);
/** "feedd[4260] fd 7", "external", "another namespace", "" . */
void words_peer(struct phrase *phrase, const struct scene *scene, struct object_ix object, struct process_ix self);

#endif
