/* SPDX-License-Identifier: MIT */
/*
 * Asking sock_diag: by a netlink socket of our own, or by the door's helper.
 *
 * The kernel works off a request inside sendto(2) and fills the parts of a dump inside
 * recv(2), so a receive timeout alone bounds nothing: what may sleep in there goes to
 * the helper.
 */
#include "diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/utsname.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "sight.h"

enum {
	/* The kernel never fills more of a dump at once, whatever the buffer (netlink_recvmsg()). */
	BUFFER = 32 << 10,
	/* Exact requests in one sendto(2): their replies lie in our receive buffer together. */
	BATCH = 64,
	/* From an answer function: no sight, and no errno. */
	ROUND_SILENT = 1000,
};

void diag_init(struct diag *diag, struct door *door, pid_t pid, int64_t deadline_ns)
{
	struct utsname name;

	*diag = (struct diag){ .door = door, .pid = pid, .deadline_ns = deadline_ns, .bus = NETLINK_SOCK_DIAG };
	diag->by_helper = pid != 0 || uname(&name) < 0 || !diag_is_lockless(name.release);
}

void diag_init_route(struct diag *diag, struct door *door, int64_t deadline_ns)
{
	*diag = (struct diag){ .door = door, .deadline_ns = deadline_ns, .bus = NETLINK_ROUTE };
}

static void socket_close(struct diag *diag)
{
	if (diag->socket)
		mnl_socket_close(diag->socket);
	diag->socket = NULL;
}

void diag_deinit(struct diag *diag)
{
	socket_close(diag);
	free(diag->buffer);
	diag->buffer = NULL;
}

static int failed(int number, int *error)
{
	*error = number;
	return error_is_ours(number) ? -number : sight_of_errno(number);
}

static int socket_open(struct diag *diag, int *error)
{
	const struct timeval patience = { .tv_sec = BOUND_NETLINK_MS / 1000,
					  .tv_usec = BOUND_NETLINK_MS % 1000 * 1000 };

	if (!diag->buffer)
		diag->buffer = malloc(BUFFER);
	if (!diag->buffer)
		return -ENOMEM;
	if (diag->socket)
		return SIGHT_OK;
	diag->socket = mnl_socket_open2(diag->bus, SOCK_CLOEXEC);
	if (!diag->socket) {
		diag->no_netlink = true;
		return failed(errno, error);
	}
	if (setsockopt(mnl_socket_get_fd(diag->socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return failed(errno, error);
	return SIGHT_OK;
}

static int socket_send(struct diag *diag, const void *bytes, size_t length, int *error)
{
	ssize_t n;

	do
		n = mnl_socket_sendto(diag->socket, bytes, length);
	while (n < 0 && errno == EINTR);
	return n < 0 ? failed(errno, error) : SIGHT_OK;
}

static int socket_receive(struct diag *diag, size_t *length, int *error)
{
	ssize_t n;

	do
		n = mnl_socket_recvfrom(diag->socket, diag->buffer, BUFFER);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return failed(errno == EAGAIN ? ETIMEDOUT : errno, error);
	*length = n;
	return SIGHT_OK;
}

/* What came of a request that has an error for an answer.  *error has its errno. */
static int refused(int number, bool whole_family, int *error)
{
	/* "No such socket" to an exact request; "no such module" to a dump. */
	*error = number;
	if (number == ENOENT && whole_family)
		return SIGHT_UNSUPPORTED;
	return failed(number == ESTALE ? ENOENT : number, error);
}

/* What need not be tried: a test may take away netlink as a whole, or one family. */
static int injected(struct diag *diag, const struct diag_request *request, int *error)
{
	int number = door_injected(diag->door, "netlink");

	diag->no_netlink |= number != 0;
	if (!number && diag->silent)
		return failed(ETIMEDOUT, error);
	if (!number)
		number = door_injected(diag->door, diag_request_name(request));
	return number ? refused(number, true, error) : SIGHT_OK;
}

/* ---- dumps ----------------------------------------------------------------- */

struct dump {
	int (*each)(void *context, const struct nlmsghdr *message);
	void *context;
	int end, error;           /* of what the helper brought */
};

static int dump_direct(struct diag *diag, const struct diag_request *request, const struct dump *dump, int *error)
{
	struct diag_request sent = *request;
	size_t length;
	int r, number;

	r = socket_open(diag, error);
	if (r)
		return r;
	diag_request_number(&sent, ++diag->sequence);
	r = socket_send(diag, sent.bytes, sent.length, error);
	while (r == SIGHT_OK) {
		r = socket_receive(diag, &length, error);
		if (r)
			break;
		r = diag_walk(diag->buffer, length, diag->sequence, dump->each, dump->context, &number);
		if (r == DIAG_DONE)
			return SIGHT_OK;
		if (r == DIAG_FAILED)
			return refused(number, true, error);
		if (r == DIAG_MORE && door_now_ns() > diag->deadline_ns)
			r = SIGHT_CUT;
	}
	/* What is left of this dump would come before the next answer. */
	socket_close(diag);
	return r;
}

static int dump_arrived(void *context, size_t which, const struct answer *answer)
{
	struct dump *dump = context;
	int r;

	(void)which;
	dump->end = answer->sight;
	dump->error = answer->error;
	if (answer->sight != SIGHT_OK && answer->sight != SIGHT_CUT)
		return 0;
	r = diag_walk(answer->bytes, answer->length, 0, dump->each, dump->context, &dump->error);
	if (r == DIAG_FAILED)
		dump->end = refused(dump->error, true, &dump->error);
	else if (r == DIAG_MORE)
		dump->end = SIGHT_CUT;
	return r < 0 ? r : 0;
}

static int dump_by_helper(struct diag *diag, const struct diag_request *request, struct dump *dump, int *error)
{
	const struct question question = {
		.ask = ASK_DIAG, .pid = diag->pid, .path = request->bytes, .limit = request->length,
	};
	int r;

	r = door_ask(diag->door, &question, 1, BOUND_ASK_MS, diag->deadline_ns, dump_arrived, dump);
	if (r < 0)
		return r;
	*error = dump->error;
	return dump->end;
}

int diag_dump(struct diag *diag, const struct diag_request *request,
	      int (*each)(void *context, const struct nlmsghdr *message), void *context, int *error)
{
	struct dump dump = { .each = each, .context = context };
	int r;

	*error = 0;
	r = injected(diag, request, error);
	if (r)
		return r;
	r = diag->by_helper ? dump_by_helper(diag, request, &dump, error) : dump_direct(diag, request, &dump, error);
	diag->silent |= r == SIGHT_TIMEOUT;
	return r;
}

/* ---- exact requests -------------------------------------------------------- */

struct round {
	const struct diag_request *requests;
	size_t first, count;      /* the batch under way, in requests[] */
	uint32_t sequence;        /* of its first */
	uint64_t answered;        /* bits */
	bool may_block;
	int (*each)(void *context, size_t which, const struct nlmsghdr *message, int sight, int error);
	void *context;
};

_Static_assert(BATCH <= 64, "one bit each in struct round");

static int round_answer(struct round *round, uint32_t at, const struct nlmsghdr *message)
{
	int number, sight;

	if (at >= round->count || round->answered & UINT64_C(1) << at)
		return 0;
	round->answered |= UINT64_C(1) << at;
	if (message->nlmsg_type != NLMSG_ERROR)
		return round->each(round->context, round->first + at, message, SIGHT_OK, 0);
	number = diag_error(message);
	sight = number ? refused(number, false, &number) : SIGHT_STRANGE;
	return sight < 0 ? sight : round->each(round->context, round->first + at, NULL, sight, number);
}

static int round_message(void *context, const struct nlmsghdr *message)
{
	struct round *round = context;

	return round_answer(round, message->nlmsg_seq - round->sequence, message);
}

static int lone_message(void *context, const struct nlmsghdr *message)
{
	return round_answer(context, 0, message);
}

static int round_missing(struct round *round, int sight, int number)
{
	size_t i;
	int r = 0;

	for (i = 0; i < round->count && r == 0; i++)
		if (!(round->answered & UINT64_C(1) << i))
			r = round->each(round->context, round->first + i, NULL, sight, number);
	return r;
}

static int batch_direct(struct diag *diag, struct round *round, int *error)
{
	struct diag_request request;
	const uint64_t all = round->count == 64 ? UINT64_MAX : (UINT64_C(1) << round->count) - 1;
	size_t length = 0, i;
	int r;

	/* The replies come into the same buffer, but only after all of it was sent. */
	round->sequence = diag->sequence + 1;
	for (i = 0; i < round->count; i++) {
		request = round->requests[round->first + i];
		diag_request_number(&request, ++diag->sequence);
		memcpy((char *)diag->buffer + length, request.bytes, request.length);
		length += request.length;
	}
	r = socket_send(diag, diag->buffer, length, error);
	while (r == SIGHT_OK && round->answered != all) {
		r = socket_receive(diag, &length, error);
		if (r == SIGHT_OK)
			r = diag_each(diag->buffer, length, round_message, round);
	}
	if (r)
		socket_close(diag);
	return r;
}

static int ask_direct(struct diag *diag, struct round *round, size_t count, int *error)
{
	size_t first;
	int r, sight = SIGHT_OK;

	for (first = 0; first < count; first += round->count) {
		round->first = first;
		round->count = count - first < BATCH ? count - first : BATCH;
		round->answered = 0;
		if (sight == SIGHT_OK && door_now_ns() > diag->deadline_ns)
			sight = SIGHT_CUT;
		if (sight == SIGHT_OK)
			sight = socket_open(diag, error);
		if (sight == SIGHT_OK)
			sight = batch_direct(diag, round, error);
		if (sight < 0)
			return sight;
		r = round_missing(round, sight, *error);
		if (r)
			return r;
	}
	return sight;
}

static int round_arrived(void *context, size_t which, const struct answer *answer)
{
	struct round *round = context;
	int r = 0;

	round->first = which;
	round->count = 1;
	round->answered = 0;
	if (answer->sight == SIGHT_OK)
		r = diag_each(answer->bytes, answer->length, lone_message, round);
	if (r == 0)
		r = round_missing(round, answer->sight ? answer->sight : SIGHT_STRANGE, answer->error);
	return r == 0 && answer->sight == SIGHT_TIMEOUT && !round->may_block ? ROUND_SILENT : r;
}

/* Each question that is not answered costs its deadline, so the first is the last. */
static int ask_by_helper(struct diag *diag, struct round *round, size_t count, int *error)
{
	_cleanup_free_ struct question *questions = calloc(count, sizeof(*questions));
	size_t i;
	int r;

	if (!questions)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		questions[i] = (struct question){
			.ask = ASK_DIAG, .pid = diag->pid, .path = round->requests[i].bytes,
			.limit = round->requests[i].length,
		};
	r = door_ask(diag->door, questions, count, BOUND_ASK_MS, diag->deadline_ns, round_arrived, round);
	if (r != ROUND_SILENT)
		return r;
	diag->silent = true;
	*error = ETIMEDOUT;
	for (i = round->first + 1, r = 0; i < count && r == 0; i++)
		r = round->each(round->context, i, NULL, SIGHT_TIMEOUT, ETIMEDOUT);
	return r ? r : SIGHT_TIMEOUT;
}

int diag_ask(struct diag *diag, const struct diag_request *requests, size_t count, bool may_block,
	     int (*each)(void *context, size_t which, const struct nlmsghdr *message, int sight, int error),
	     void *context, int *error)
{
	struct round round = { .requests = requests, .may_block = may_block, .each = each, .context = context };
	size_t i;
	int r, sight;

	*error = 0;
	if (count == 0)
		return SIGHT_OK;
	sight = injected(diag, requests, error);
	if (sight < 0)
		return sight;
	for (i = 0, r = 0; i < count && sight && r == 0; i++)
		r = each(context, i, NULL, sight, *error);
	if (sight)
		return r ? r : sight;
	if (diag->by_helper || may_block)
		return ask_by_helper(diag, &round, count, error);
	return ask_direct(diag, &round, count, error);
}
