/* SPDX-License-Identifier: MIT */
/* Any bytes as replies of sock_diag and of the routing, and what they tell as rows. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include "addresses.h"
#include "diag.h"
#include "field.h"
#include "sockets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct socket_pass pass;
	struct object_ix object;
	const uint8_t *bytes;
	size_t size, messages;
};

/* Every byte that was pointed out must be readable, and lie in the reply. */
static void check_within(const struct fuzz *fuzz, const void *bytes, size_t length)
{
	const uint8_t *first = bytes;

	if (length && (first < fuzz->bytes || first + length > fuzz->bytes + fuzz->size))
		abort();
}

static void fill(int r)
{
	if (r < 0)
		abort();
}

static int any_message(void *context, const struct nlmsghdr *message)
{
	struct diag_inet inet, back;
	struct diag_request request;
	struct fuzz *fuzz = context;
	struct diag_vsock vsock;
	struct diag_info info;
	struct diag_unix told;

	check_within(fuzz, message, message->nlmsg_len);
	fuzz->messages++;
	if (diag_error(message) < 0)
		abort();
	if (diag_parse_inet(message, 6, &inet, &info) == SIGHT_OK) {
		fill(socket_fill_inet(&fuzz->pass, fuzz->object, &inet, 1));
		object_at(fuzz->pass.snapshot, fuzz->object)->at[LOOK_T0].bytes_received = info.bytes_received;
		object_at(fuzz->pass.snapshot, fuzz->object)->at[LOOK_T0].last_sent_ms = info.last_sent_ms;
		request = diag_request_self(&inet, true);
		if (request.length > sizeof(request.bytes))
			abort();
		request = diag_request_peer(&inet);
		request = route_request(&inet);
		if (request.length > sizeof(request.bytes))
			abort();
		/* Swapped, it is its own peer. */
		back = inet;
		back.local_port = inet.remote_port;
		back.remote_port = inet.local_port;
		memcpy(back.local, inet.remote, 16);
		memcpy(back.remote, inet.local, 16);
		if (!diag_is_peer(&inet, &back))
			abort();
		address_is_home(&inet);
	}
	if (diag_parse_unix(message, &told) == SIGHT_OK) {
		check_within(fuzz, told.name, told.name ? told.name_length : 0);
		check_within(fuzz, told.pending, told.pending_count * sizeof(uint32_t));
		fill(socket_fill_unix(&fuzz->pass, fuzz->object, &told, 1));
	}
	if (diag_parse_vsock(message, &vsock) == SIGHT_OK)
		fill(socket_fill_vsock(&fuzz->pass, fuzz->object, &vsock, 1));
	if (route_is_local(message) > ANSWER_YES)
		abort();
	return 0;
}

static int no_message(void *context, const struct nlmsghdr *message)
{
	(void)context;
	(void)message;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot snapshot;
	struct fuzz fuzz = { .pass = { .snapshot = &snapshot, .look = LOOK_T0 }, .size = size };
	uint8_t *bytes = malloc(size + 1); /* aligned, as a reply is */
	struct field_error refusal;
	int error = 0, end;

	if (!bytes || snapshot_init(&snapshot) < 0 ||
	    snapshot_add_object(&snapshot, OBJECT_SOCKET, (struct object_key){ 0, 1 }, &fuzz.object) < 0)
		abort();
	if (size)
		memcpy(bytes, data, size);
	fuzz.bytes = bytes;
	if (diag_each(bytes, size, any_message, &fuzz) != 0 || fuzz.messages > size / sizeof(struct nlmsghdr))
		abort();
	end = diag_walk(bytes, size, 0, no_message, NULL, &error);
	if (end < DIAG_MORE || end > DIAG_FAILED || (end == DIAG_FAILED) != (error != 0))
		abort();
	if (field_check(&snapshot, &refusal) < 0)
		abort(); /* what is filled can be saved and loaded */
	snapshot_deinit(&snapshot);
	free(bytes);
	return 0;
}
