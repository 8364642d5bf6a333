/* SPDX-License-Identifier: MIT */
/*
 * What a leftover keeps from others: ports it listens on, locks, our own standard output;
 * and its command line.  Only links and fdinfo are read; nothing of it is opened.
 */
#include <errno.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "bounds.h"
#include "diag.h"
#include "door.h"
#include "mask.h"
#include "probe.h"
#include "reap.h"
#include "scan.h"

const char *const hold_names[HOLDS] = { "port", "lock", "output", "pipes" };

enum { HOLDS_FDS = 1024, HOLDS_FILES = 128, HOLDS_EACH = 64 };

/* ---- our own output ------------------------------------------------------------------- */

/* Of a pipe or a socket; 0 neither. */
static uint64_t stream_inode(const char *link)
{
	const uint64_t inode = fd_inode(link, "pipe");

	return inode ? inode : fd_inode(link, "socket");
}

static int output_add(struct reaper *reaper, int32_t pid, uint8_t fd, uint64_t inode)
{
	struct own_output *grown;

	if (output_find(reaper, inode))
		return 0;
	grown = reallocarray(reaper->outputs, reaper->output_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	reaper->outputs = grown;
	grown[reaper->output_count++] = (struct own_output){ .inode = inode, .pid = pid, .fd = fd };
	return 0;
}

/* Ours, then those of our ancestors: who waits for the end of one of these waits for its last holder. */
int output_learn(struct reaper *reaper)
{
	const struct being *being;
	struct census census;
	const char *link;
	uint64_t inode;
	uint8_t fd;
	int r;

	r = census_take(reaper->door, NULL, &census);
	if (r < 0)
		return r;
	for (being = census_find(&census, getpid()); being && being->pid != 1 && r >= 0;
	     being = census_find(&census, being->parent)) {
		for (fd = STDOUT_FILENO; fd <= STDERR_FILENO && r >= 0; fd++) {
			r = fd_link(reaper->door, being, fd, &link);
			inode = r == SIGHT_OK ? stream_inode(link) : 0;
			if (inode)
				r = output_add(reaper, being->pid, fd, inode);
		}
		if (being->parent == being->pid)
			break;
	}
	census_end(&census);
	return r < 0 ? r : 0;
}

const struct own_output *output_find(const struct reaper *reaper, uint64_t inode)
{
	uint32_t i;

	for (i = 0; i < reaper->output_count; i++)
		if (reaper->outputs[i].inode == inode)
			return &reaper->outputs[i];
	return NULL;
}

/* ---- locks ------------------------------------------------------------------------------- */

/*
 * lock:	1: FLOCK  ADVISORY  WRITE 4242 08:01:131 0 EOF
 * lock:	2: -> POSIX  ...		one who waits for it
 */
bool lock_parse(const char *text, size_t length, char *ret, size_t size)
{
	struct scan scan = scan_begin(text, length), line;
	const char *kind;
	int64_t number;

	while (scan_line(&scan, &line)) {
		if (!scan_word(&line, "lock:") || !scan_number(&line, &number) || !scan_word(&line, ":"))
			continue;
		scan_blanks(&line);
		kind = scan_word(&line, "FLOCK") ? "flock" : scan_word(&line, "OFDLCK") ? "OFD lock" :
		       scan_word(&line, "POSIX") ? "POSIX lock" : scan_word(&line, "LEASE") ? "lease" : NULL;
		if (!kind)
			continue;
		snprintf(ret, size, "%s", kind);
		return true;
	}
	return false;
}

/* ---- one process --------------------------------------------------------------------------- */

struct holding {
	struct reaper *reaper;
	struct leftover *left;
	const struct diag_inet *listeners; size_t listener_count;
	struct fd_list fds;
	unsigned files;           /* whose fdinfo was read */
	int32_t pipes;
	uint64_t pipe_seen[16];
};

static int hold_add(struct holding *holding, enum hold_kind kind, int32_t fd, int64_t number, const char *text)
{
	struct leftover *left = holding->left;
	struct held *grown;
	uint32_t i;

	for (i = 0; i < left->hold_count; i++) {
		struct held *hold = &left->hold[i];

		if (hold->kind == kind && hold->number == number && strcmp(hold->text, text) == 0) {
			hold->fd = -1;
			return 0;
		}
	}
	if (left->hold_count == HOLDS_EACH)
		return 0;
	grown = reallocarray(left->hold, left->hold_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	left->hold = grown;
	grown[left->hold_count] = (struct held){ .kind = kind, .fd = fd, .number = number, .text = strdup(text) };
	return grown[left->hold_count++].text ? 0 : -ENOMEM;
}

static int port_add(struct holding *holding, int32_t fd, uint64_t inode)
{
	char address[INET6_ADDRSTRLEN] = "";
	size_t i;

	for (i = 0; i < holding->listener_count; i++) {
		const struct diag_inet *listener = &holding->listeners[i];

		if (listener->inode != inode)
			continue;
		inet_ntop(listener->family, listener->local, address, sizeof(address));
		return hold_add(holding, HOLD_PORT, fd, listener->local_port, address);
	}
	return 0;
}

static int stream_add(struct holding *holding, int32_t fd, const char *link)
{
	const uint64_t inode = stream_inode(link);
	const struct own_output *output = output_find(holding->reaper, inode);
	unsigned i;

	if (output)
		return hold_add(holding, HOLD_OUTPUT, fd, output->pid, output->fd == STDOUT_FILENO ? "standard output" :
				"standard error");
	if (*link != 'p')
		return port_add(holding, fd, inode);
	for (i = 0; i < 16 && holding->pipe_seen[i]; i++)
		if (holding->pipe_seen[i] == inode)
			return 0;
	if (i < 16)
		holding->pipe_seen[i] = inode;
	holding->pipes++;
	return 0;
}

static int file_add(struct holding *holding, int32_t fd, const char *link)
{
	const struct being *being = &holding->left->being;
	char name[512], kind[32], text[sizeof(name) + sizeof(kind) + 4];
	const char *info;
	size_t length;
	int r, error;

	if (holding->files == HOLDS_FILES)
		return 0;
	holding->files++;
	snprintf(name, sizeof(name), "%s", link); /* the next call takes the scratch */
	r = door_read(holding->reaper->door, &info, &length, &error, "%d/task/%d/fdinfo/%d", being->pid, being->speaker, fd);
	if (r != SIGHT_OK || !lock_parse(info, length, kind, sizeof(kind)))
		return r < 0 ? r : 0;
	snprintf(text, sizeof(text), "%s on %s", kind, name);
	return hold_add(holding, HOLD_LOCK, fd, 0, text);
}

static int process_read(struct holding *holding)
{
	const struct being *being = &holding->left->being;
	const char *link;
	uint32_t i;
	int r;

	r = fds_list(holding->reaper->door, being, HOLDS_FDS, &holding->fds);
	if (r != SIGHT_OK)
		return r < 0 ? r : 0;
	for (i = 0; i < holding->fds.count; i++) {
		const int32_t fd = holding->fds.row[i];

		r = fd_link(holding->reaper->door, being, fd, &link);
		if (r == SIGHT_OK && stream_inode(link))
			r = stream_add(holding, fd, link);
		else if (r == SIGHT_OK && *link == '/' && strncmp(link, "/dev/", 5) != 0 && strncmp(link, "/proc/", 6) != 0)
			r = file_add(holding, fd, link);
		if (r < 0)
			return r;
	}
	return holding->pipes ? hold_add(holding, HOLD_PIPES, -1, holding->pipes, "") : 0;
}

/* ---- command lines ---------------------------------------------------------------------------- */

static int arguments_take(void *context, size_t which, const struct answer *answer)
{
	struct leftover *left = (struct leftover *)context + which;
	size_t length = answer->length;

	if ((answer->sight != SIGHT_OK && answer->sight != SIGHT_CUT) || length == 0)
		return 0;
	if (length > BOUND_ARGV)
		length = BOUND_ARGV;
	left->argv = malloc(BOUND_ARGV);
	if (!left->argv)
		return -ENOMEM;
	left->argv_length = mask_arguments(answer->bytes, length, left->argv, BOUND_ARGV);
	return 0;
}

static int arguments_read(struct reaper *reaper, struct leftover *left, uint32_t count)
{
	const struct visit visit = { .door = reaper->door, .deadline_ns = reaper->deadline_ns };
	struct question *question;
	struct batch batch = { 0 };
	uint32_t i;
	int r = 0;

	for (i = 0; i < count && r == 0; i++) {
		question = batch_add_path(&batch, 0, i, ASK_FILE, left[i].being.pid, "%d/task/%d/cmdline", left[i].being.pid,
					  left[i].being.speaker);
		if (question)
			question->limit = BOUND_ARGV;
		else
			r = -ENOMEM;
	}
	if (r == 0)
		r = batch_ask(&batch, &visit, arguments_take, left);
	batch_deinit(&batch);
	return r;
}

int holds_read(struct reaper *reaper, struct leftover *left, uint32_t count)
{
	struct diag_inet *listeners = NULL;
	size_t listener_count = 0;
	uint32_t i;
	int r, error;

	if (count == 0)
		return 0;
	r = diag_tcp_list(reaper->door, 0, DIAG_STATES_LISTEN, reaper->deadline_ns, &listeners, &listener_count, &error);
	for (i = 0; i < count && r >= 0; i++) {
		struct holding holding = {
			.reaper = reaper, .left = &left[i], .listeners = listeners, .listener_count = listener_count,
		};

		r = process_read(&holding);
		free(holding.fds.row);
	}
	free(listeners);
	return r < 0 ? r : arguments_read(reaper, left, count);
}
