/* SPDX-License-Identifier: MIT */
/*
 * Memory of a target for unwinding: what was copied, what stands in a file and is never written to,
 * and, counted, what is read live.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bounds.h"
#include "pagemap.h"
#include "space_inner.h"

enum { NOT_OPENED = -1, NOT_TO_BE_HAD = -2, PAGES_AT_ONCE = 32 };

static int fd_open(struct space *space, int *fd, const char *name)
{
	char path[32];

	if (*fd != NOT_OPENED)
		return *fd;
	snprintf(path, sizeof(path), "/proc/%d/%s", space->via, name);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		*fd = NOT_TO_BE_HAD;
	return *fd;
}

/* May all of it be read without waiting for anybody?  A page under userfaultfd would make us wait for the target. */
static bool is_resident(struct space *space, uint64_t address, size_t length)
{
	const uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t words[PAGES_AT_ONCE], first = address / page_size;
	size_t count = (address + length - 1) / page_size - first + 1, i;
	int fd = fd_open(space, &space->pagemap_fd, "pagemap");

	if (fd < 0 || count > PAGES_AT_ONCE || pread(fd, words, count * sizeof(*words), (off_t)(first * sizeof(*words))) !=
						       (ssize_t)(count * sizeof(*words)))
		return false;
	for (i = 0; i < count; i++)
		if (!pagemap_readable(words[i]))
			return false;
	return true;
}

bool memory_live(struct space *space, uint64_t address, void *to, size_t length)
{
	struct iovec local = { to, length }, remote = { (void *)(uintptr_t)address, length };
	ssize_t n;
	uint64_t end;
	int fd;

	if (length == 0 || __builtin_add_overflow(address, length, &end) || !is_resident(space, address, length))
		return false;
	n = process_vm_readv(space->via, &local, 1, &remote, 1, 0);
	if (n < 0 && (errno == EPERM || errno == ENOSYS)) {
		/* A container's filter may withhold the system call; the file asks for the same right. */
		fd = fd_open(space, &space->memory_fd, "mem");
		if (fd >= 0)
			n = pread(fd, to, length, (off_t)address);
	}
	return n == (ssize_t)length;
}

bool memory_read(struct memory_view *view, uint64_t address, void *to, size_t length, bool *live)
{
	const struct region *region;
	const struct module *module;
	const uint8_t *bytes;

	*live = false;
	if (address >= view->stack_at && address - view->stack_at < view->stack_length &&
	    length <= view->stack_length - (address - view->stack_at)) {
		memcpy(to, view->stack + (address - view->stack_at), length);
		return true;
	}
	region = space_find(view->space, address);
	if (!region)
		return false;
	module = region->kind == REGION_FILE && !region->writable ? region_module(view->space, region) : NULL;
	if (module && length <= region->end - address) {
		bytes = elffile_at(&module->elf, address - region->bias, length);
		if (bytes) {
			memcpy(to, bytes, length);
			return true;
		}
	}
	if (view->live_reads >= BOUND_LIVE_READS)
		return false;
	view->live_reads++;
	*live = memory_live(view->space, address, to, length);
	return *live;
}
