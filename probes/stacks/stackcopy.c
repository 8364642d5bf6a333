/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/pagemap and process_vm_readv(2).  A page that is not there is not touched: it might be a
 * userfaultfd's, and its owner would have to bring it.
 */
#include "stackcopy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "door.h"
#include "pagemap.h"
#include "registers.h"
#include "remote.h"

/* Pages are 4 KB at least. */
enum { PAGES = BOUND_STACK_BYTES / 4096 + 1, PIECES = PAGES / 2 + 1 };

/* Runs of pages that may be read, with holes between. */
struct pieces {
	struct iovec each[PIECES];
	unsigned count;
	size_t bytes;             /* in all */
};

static int failed(int error, int *ret_error)
{
	*ret_error = error;
	return error_is_ours(error) && error != ENOMEM ? -error : sight_of_errno(error);
}

void stack_source_close(struct stack_source *source)
{
	cleanup_close(&source->pagemap);
	source->pagemap = -1;
}

int stack_source_open(struct stack_source *source, pid_t pid, pid_t tid, int *error)
{
	char path[48];

	if (source->pagemap >= 0 && source->pid == pid)
		return 0;
	stack_source_close(source);
	/* Of this task, for the leader of a living process may be a zombie. */
	snprintf(path, sizeof(path), "%d/task/%d/pagemap", pid, tid);
	source->pagemap = openat(source->proc_fd, path, O_RDONLY | O_CLOEXEC);
	source->pid = pid;
	return source->pagemap < 0 ? failed(errno, error) : 0;
}

/* How many words there were, -errno, or -ENODATA when the program was left by exec(2), or is past its end. */
static ssize_t words_read(const struct stack_source *source, uint64_t page, uint64_t *words, size_t count)
{
	ssize_t n = pread(source->pagemap, words, count * sizeof(*words), (off_t)(page * sizeof(*words)));

	return n < 0 ? -errno : n < (ssize_t)sizeof(*words) ? -ENODATA : n / (ssize_t)sizeof(*words);
}

static bool is_hole(uint64_t word)
{
	return !(word & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED | PAGEMAP_GUARDED));
}

/* First pages that are there, without the hole behind the last. */
static void pieces_find(struct pieces *pieces, const uint64_t *words, size_t count, uint64_t from, uint64_t end,
			bool held)
{
	const uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t at = from, next;
	bool joined = false;
	size_t i;

	pieces->count = 0;
	pieces->bytes = 0;
	for (i = 0; i < count && at < end; i++, at = next) {
		next = (at / page_size + 1) * page_size;
		if (next > end)
			next = end;
		if (is_hole(words[i])) {
			joined = false;
			continue;
		}
		if (!pagemap_readable(words[i]) || (held && !(words[i] & PAGEMAP_PRESENT)))
			break;
		if (!joined)
			pieces->each[pieces->count++] = (struct iovec){ (void *)(uintptr_t)at, 0 };
		pieces->each[pieces->count - 1].iov_len += next - at;
		pieces->bytes += next - at;
		joined = true;
	}
}

static uint64_t piece_end(const struct iovec *piece)
{
	return (uint64_t)(uintptr_t)piece->iov_base + piece->iov_len;
}

/* They lie one after the other: move each to its place, the last first.  Where the last byte is. */
static uint64_t pieces_spread(struct pieces *pieces, uint8_t *to, size_t bytes)
{
	const uint64_t at = (uint64_t)(uintptr_t)pieces->each[0].iov_base;
	uint64_t end = at;
	size_t start = 0;
	unsigned i;

	for (i = 0; i < pieces->count && start < bytes; i++) {
		if (pieces->each[i].iov_len > bytes - start)
			pieces->each[i].iov_len = bytes - start;
		start += pieces->each[i].iov_len;
		end = piece_end(&pieces->each[i]);
	}
	for (; i-- > 1;) {
		const uint64_t piece_at = (uint64_t)(uintptr_t)pieces->each[i].iov_base;
		const uint64_t hole_at = piece_end(&pieces->each[i - 1]);

		start -= pieces->each[i].iov_len;
		memmove(to + (piece_at - at), to + start, pieces->each[i].iov_len);
		/* What was moved may have lain where the hole is, and none before it has moved yet. */
		memset(to + (hole_at - at) , STACK_HOLE, piece_at - hole_at);
	}
	return end;
}

int stack_copy(struct stack_source *source, pid_t pid, pid_t tid, const struct stack_wish *wish, uint8_t *to,
	       struct stack_copy *ret, int *error)
{
	const uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t from = wish->pointer > RED_ZONE ? wish->pointer - RED_ZONE : 0, end, words[PAGES];
	struct pieces pieces;
	size_t count;
	ssize_t n;
	int r;

	*ret = (struct stack_copy){ .at = wish->pointer };
	if (__builtin_add_overflow(from, wish->most, &end))
		return 0;
	count = (size_t)((end - 1) / page_size - from / page_size + 1);
	if (count > PAGES)
		return 0;
	r = stack_source_open(source, pid, tid, error);
	if (r)
		return r;
	n = words_read(source, from / page_size, words, count);
	if (n == -ENODATA) {
		stack_source_close(source);
		r = stack_source_open(source, pid, tid, error);
		n = r ? 0 : words_read(source, from / page_size, words, count);
	}
	if (r || n == -ENODATA)
		return r;
	if (n < 0)
		return failed((int)-n, error);
	pieces_find(&pieces, words, (size_t)n, from, end, wish->held);
	if (pieces.count == 0)
		return 0;
	ret->at = (uint64_t)(uintptr_t)pieces.each[0].iov_base;
	ret->cut = piece_end(&pieces.each[pieces.count - 1]) == end;
	n = remote_read(source->proc_fd, tid, to, pieces.each, pieces.count);
	if (n == -EFAULT)
		n = 0; /* it went between the two */
	if (n < 0)
		return failed((int)-n, error);
	ret->cut = ret->cut && (size_t)n == pieces.bytes;
	ret->length = n ? pieces_spread(&pieces, to, (size_t)n) - ret->at : 0;
	return 0;
}
