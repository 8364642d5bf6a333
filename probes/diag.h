/* SPDX-License-Identifier: MIT */
/*
 * sock_diag: requests, replies, and the way to ask.
 *
 * Building and parsing (diag_parse.c) are pure.  Asking (diag.c, diag_port.c) goes through a netlink
 * socket of this process where the kernel answers without a lock that a target can
 * hold, and through the door's helper (ASK_DIAG) where it does not:
 *
 *  - INET_DIAG_INFO takes the socket lock, and a target asleep in write(2) on a
 *    userfaultfd page holds it for ever;
 *  - before Linux 6.9 one mutex serialised all sock_diag requests of the machine
 *    (sock_diag_mutex), so anybody's stuck INFO request would stop ours as well;
 *  - another network namespace is entered by the helper, never by us.
 */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct door;
struct mnl_socket;
struct nlmsghdr;

/* ---- replies, pure --------------------------------------------------------- */

/** TCP, UDP and raw sockets: struct inet_diag_msg. */
struct diag_inet {
	uint32_t inode;           /**< 0: behind no descriptor: not accepted yet, or closed by its owner. */
	uint8_t family, protocol; /**< AF_INET or AF_INET6; IPPROTO_*. */
	uint8_t state, timer;     /**< As in struct object_look. */
	uint16_t local_port, remote_port;
	uint32_t interface;       /**< Bound to that one; 0 none. */
	uint32_t readable, unsent;/**< As the kernel counts; see struct object_look for what that means. */
	uint64_t cookie;          /**< Tells a socket from another that has its addresses later. */
	uint8_t local[16], remote[16]; /**< Network order; AF_INET: the first 4. */
};

/** What INET_DIAG_INFO adds.  UNSEEN: this kernel's tcp_info is shorter. */
struct diag_info { int64_t last_received_ms, last_sent_ms, bytes_received, bytes_acked; };

/** struct unix_diag_msg with its attributes.  Pointers lead into the reply. */
struct diag_unix {
	uint32_t inode;
	uint8_t type, state;      /**< SOCK_*; TCP_ESTABLISHED, TCP_CLOSE or TCP_LISTEN. */
	uint8_t shutdown;         /**< Bit 0: reads nothing any more; bit 1: writes nothing. */
	bool queues_seen, peer_seen;
	uint32_t readable, unsent;/**< Listeners: waiting, most. */
	uint32_t peer;            /**< Inode; 0 with peer_seen: not accepted yet, or closed. */
	const char *name;         /**< sun_path; a leading NUL: abstract.  NULL: not bound. */
	uint32_t name_length;
	const void *pending;      /**< Listeners: inodes of clients not accepted yet, uint32_t each, unaligned. */
	uint32_t pending_count;
};

/** struct vsock_diag_msg. */
struct diag_vsock {
	uint32_t inode;
	uint8_t type, state;
	uint32_t local_cid, local_port, remote_cid, remote_port;
};

/** Each 0, or SIGHT_STRANGE when the message is none such or is cut.  info may be NULL; unseen in full when the reply has none. */
int diag_parse_inet(const struct nlmsghdr *message, uint8_t protocol, struct diag_inet *ret, struct diag_info *info);
int diag_parse_unix(const struct nlmsghdr *message, struct diag_unix *ret);
int diag_parse_vsock(const struct nlmsghdr *message, struct diag_vsock *ret);

/** The errno in an error message, or in the last one of a dump; 0 none. */
int diag_error(const struct nlmsghdr *message);

/**
 * each() gets every message, until it returns nonzero, which is returned.  Stops, as if by the end, at a header
 * that lies about its length.  bytes are aligned to 4.
 */
int diag_each(const void *bytes, size_t length, int (*each)(void *context, const struct nlmsghdr *message),
	      void *context);

/** How a run of replies to a dump ended. */
enum diag_end {
	DIAG_MORE,    /**< It did not: there is more to come. */
	DIAG_DONE,
	DIAG_FAILED,  /**< By an error message; *error has the errno. */
};
/** As diag_each(), for the replies with that sequence number (0: any); each() returns 0 or -errno. */
int diag_walk(const void *bytes, size_t length, uint32_t sequence,
	      int (*each)(void *context, const struct nlmsghdr *message), void *context, int *error);

/* ---- requests, pure -------------------------------------------------------- */

/** A netlink message as it is sent.  By value: it owns nothing. */
struct diag_request { uint32_t length; unsigned char bytes[96]; };

#define DIAG_STATES_ALL UINT32_MAX
/** What never has an inode: TIME_WAIT and connections not yet acknowledged. */
#define DIAG_STATES_HELD (~(UINT32_C(1) << 6 | UINT32_C(1) << 12))
#define DIAG_STATES_LISTEN (UINT32_C(1) << 10)

/** All TCP sockets over IPv4 and IPv6 in one walk; local_port 0: any. */
struct diag_request diag_request_tcp(uint32_t states, uint16_t local_port);
/** All of one family and protocol (UDP, RAW); local_port 0: any. */
struct diag_request diag_request_inet(uint8_t family, uint8_t protocol, uint32_t states, uint16_t local_port);
/** That very TCP socket: by its addresses, and by its cookie unless that is 0.  A listener too. */
struct diag_request diag_request_self(const struct diag_inet *socket, bool with_info);
/**
 * The other end of a connected TCP socket.  Where there is none, the kernel answers with a listener on
 * that address: compare with diag_is_peer().  An AF_INET request also finds a v4-mapped AF_INET6 peer.
 */
struct diag_request diag_request_peer(const struct diag_inet *socket);
/** The listener that connections to the remote end of this socket go to. */
struct diag_request diag_request_listener(const struct diag_inet *socket);
bool diag_is_peer(const struct diag_inet *one, const struct diag_inet *other);
/** One unix socket; inode 0: all. */
struct diag_request diag_request_unix(uint32_t inode);
struct diag_request diag_request_vsock(void);
/** Any netlink request: its body is at most 80 bytes. */
struct diag_request diag_request_of(uint16_t type, uint16_t flags, const void *body, size_t size);
void diag_request_number(struct diag_request *request, uint32_t sequence);
/** "tcp_diag", "unix_diag" ...: who answers it. */
const char *diag_request_name(const struct diag_request *request);

/** Does sock_diag of this kernel (uname release) answer without a machine-wide mutex?  Pure. */
bool diag_is_lockless(const char *release);

/* ---- asking ---------------------------------------------------------------- */

/** A way to ask one network namespace.  Fill by diag_init(), end by diag_deinit(). */
struct diag {
	struct door *door;
	pid_t pid;                /**< Whose namespace; 0 ours. */
	int64_t deadline_ns;
	int bus;                  /**< NETLINK_SOCK_DIAG, NETLINK_ROUTE */
	bool by_helper;           /**< Every request, not only those that may block. */
	bool no_netlink;          /**< Not even a netlink socket could be had. */
	bool silent;              /**< The kernel did not answer in time what takes no socket lock: every
	                               request answers SIGHT_TIMEOUT from now on. */
	uint32_t sequence;
	struct mnl_socket *socket;/**< Opened by the first direct request. */
	void *buffer;
};

void diag_init(struct diag *diag, struct door *door, pid_t pid, int64_t deadline_ns);
/** For exact questions to the routing of our own namespace, always direct: RTM_GETROUTE takes no lock since 4.13. */
void diag_init_route(struct diag *diag, struct door *door, int64_t deadline_ns);
void diag_deinit(struct diag *diag);

/** All replies to a dump; each() returns 0 or -errno.  0; an enum sight with *error (SIGHT_CUT: part of them came); -errno of our own. */
int diag_dump(struct diag *diag, const struct diag_request *request,
	      int (*each)(void *context, const struct nlmsghdr *message), void *context, int *error);

/**
 * Exact requests, many at once.  each() is called once for every one: with the reply, or with NULL and a
 * sight (SIGHT_GONE: no such socket); it returns 0 or -errno.  may_block: through the helper.  Returns as
 * diag_dump(), a sight when some could not be asked (each() was called for them all the same).
 */
int diag_ask(struct diag *diag, const struct diag_request *requests, size_t count, bool may_block,
	     int (*each)(void *context, size_t which, const struct nlmsghdr *message, int sight, int error),
	     void *context, int *error);

/**
 * Inodes of the sockets that own a local port: TCP listeners, else bound UDP sockets, else any TCP
 * socket with that local port.  *ret is the caller's to free, NULL when there is none.  0; an enum sight
 * with *error; -errno of our own.
 */
int diag_port_inodes(struct door *door, uint16_t port, uint32_t **ret, size_t *count, int *error);

/**
 * All TCP sockets behind a descriptor, in these states, of the network namespace that pid lives in (0: ours).
 * Returned as by diag_port_inodes(); SIGHT_CUT: not all, but those there are.
 */
int diag_tcp_list(struct door *door, pid_t pid, uint32_t states, int64_t deadline_ns, struct diag_inet **ret,
		  size_t *count, int *error);

#endif
