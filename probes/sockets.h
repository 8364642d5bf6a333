/* SPDX-License-Identifier: MIT */
/*
 * What the rooms behind probe_sockets share.  sockets.c leads; netns.c says which network
 * namespaces there are; socket_lists.c reads the kernel's lists; socket_fill.c writes what
 * they tell into rows; socket_peers.c finds the other ends, socket_info.c ages, socket_miss.c what is
 * missing.  Nobody else includes this.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "diag.h"
#include "map32.h"
#include "probe.h"
#include "socket_name.h"

enum { SOCKET_LISTS = 5 };

/** How a list, or exact requests to it, could not be had. */
struct list_failure { int sight, error; };

/** A network namespace, and what is remembered of it from visit to visit. */
struct space {
	uint64_t ns;              /**< Inode; 0: ours, and not known. */
	pid_t pid;                /**< Lives in it; 0: we do. */
	uint32_t members;         /**< Sockets wanted in this visit by processes that live there. */
	uint8_t listed;           /**< enum socket_list: those read in this visit. */
	uint8_t complained;       /**< The same: a gap of this visit tells of the failure. */
	bool no_netlink, silent;  /**< As in struct diag. */
	struct list_failure failure[SOCKET_LISTS];
	struct diag_inet *tcp;    /**< The dump of T0, of sockets with an inode. */
	size_t tcp_count, tcp_room;
	bool tcp_dumped, tcp_cut; /**< cut: there were more than are kept. */
};

/** A TCP socket with its addresses: what exact requests are made from. */
struct known {
	struct diag_inet told;
	struct object_ix object;
	uint32_t space;
	bool fresh;               /**< Its reach and peer are still to be found. */
	bool held;                /**< In this visit some process was seen to hold it. */
};

/** Kept from visit to visit: *visit.memory. */
struct socket_memory {
	struct space *spaces;     /**< The first is ours. */
	uint32_t space_count;
	struct known *known;
	uint32_t known_count, known_room;
	struct map32 known_of;    /**< Object row to known[]. */
};

/** A socket that some process to look at holds. */
struct wanted {
	struct object_ix object;
	struct process_ix process;/**< The first that holds it. */
	int32_t number;           /**< By this descriptor. */
	uint32_t space;
	uint8_t lists;            /**< enum socket_list that may have it. */
	bool outside;             /**< Of a family that leaves this machine, and that we do not read. */
};

/** One visit. */
struct socket_pass {
	const struct visit *visit;
	struct snapshot *snapshot;
	enum look look;
	struct socket_memory *memory;
	struct wanted *wanted;
	uint32_t wanted_count;
	struct map32 rows;        /**< Inode to object row: whatever is to be filled when a list tells of it. */
	int64_t when_ns;
};

static inline struct object *pass_object(const struct socket_pass *pass, struct object_ix object)
{
	return object_at(pass->snapshot, object);
}
/** Was it filled at this look? */
static inline bool pass_seen(const struct socket_pass *pass, struct object_ix object)
{
	return pass_object(pass, object)->at[pass->look].sight == SIGHT_OK;
}

/* netns.c */
/** 0 or -ENOMEM: fills the space of every wanted socket, and counts members. */
int spaces_find(struct socket_pass *pass);
void spaces_forget(struct socket_memory *memory);
/** The way to ask that namespace, and the end of it. */
void space_diag(const struct socket_pass *pass, uint32_t which, struct diag *ret);
void space_done(const struct socket_pass *pass, uint32_t which, struct diag *diag);

/* socket_fill.c: pure but for the snapshot.  Each 0 or -ENOMEM. */
int socket_fill_inet(struct socket_pass *pass, struct object_ix object, const struct diag_inet *told, uint64_t ns);
int socket_fill_unix(struct socket_pass *pass, struct object_ix object, const struct diag_unix *told, uint64_t ns);
int socket_fill_vsock(struct socket_pass *pass, struct object_ix object, const struct diag_vsock *told, uint64_t ns);
/** The other end; also that it has a name, if it has one. */
void socket_join(struct socket_pass *pass, struct object_ix one, struct object_ix other);
/** Is it on the way up, up, or on the way down? */
bool socket_has_remote(const struct diag_inet *told);

/* socket_lists.c */
/** Read lists of a namespace and fill what of it is wanted; failures are noted in the space.  0 or -errno. */
int socket_lists_read(struct socket_pass *pass, uint32_t space, uint8_t lists);
/** At T1: the TCP sockets known from T0, by exact requests; newcomers: some are wanted that may be new.  0 or -errno. */
int socket_known_ask(struct socket_pass *pass, uint32_t space, bool newcomers);
/** Remember a TCP socket that was filled.  0 or -ENOMEM. */
int socket_know(struct socket_pass *pass, struct object_ix object, uint32_t space, const struct diag_inet *told,
		bool fresh);

/* socket_unix.c: the same for unix sockets.  0; an enum sight with *error; -errno. */
int socket_unix_read(struct socket_pass *pass, uint32_t space, struct diag *diag, int *error);

/* socket_peers.c: reach, peers and listeners of the fresh ones.  0 or -errno. */
int socket_peers_find(struct socket_pass *pass);

/* socket_info.c: what takes the socket lock.  0 or -errno. */
int socket_info_ask(struct socket_pass *pass);

/* socket_miss.c */
/** Gaps for what is wanted and was in no list.  0 or -ENOMEM. */
int socket_miss_unseen(struct socket_pass *pass);
/** One gap; process may be NO_ROW.  0 or -ENOMEM. */
int socket_miss(struct socket_pass *pass, struct process_ix process, int sight, int error, const char *detail);

#endif
