/* SPDX-License-Identifier: MIT */
/*
 * What a blocked system call means.  One table says which calls can wait and on what;
 * the few with arguments of their own kind have a function below it.
 */
#include "decode.h"

#include <string.h>

#include "bounds.h"
#include "decode_timeout.h"
#include "syscalls.h"

static const struct meaning { uint8_t action, write; } meanings[SYSCALL_IDS] = {
	[SYSCALL_read] = { ACTION_READ, 0 },
	[SYSCALL_readv] = { ACTION_READ, 0 },
	[SYSCALL_pread64] = { ACTION_READ, 0 },
	[SYSCALL_preadv] = { ACTION_READ, 0 },
	[SYSCALL_preadv2] = { ACTION_READ, 0 },
	[SYSCALL_recvfrom] = { ACTION_READ, 0 },
	[SYSCALL_recvmsg] = { ACTION_READ, 0 },
	[SYSCALL_recvmmsg] = { ACTION_READ, 0 },
	[SYSCALL_splice] = { ACTION_READ, 0 },
	[SYSCALL_tee] = { ACTION_READ, 0 },
	[SYSCALL_copy_file_range] = { ACTION_READ, 0 },
	[SYSCALL_sendfile] = { ACTION_READ, 0 },
	[SYSCALL_write] = { ACTION_WRITE, 1 },
	[SYSCALL_writev] = { ACTION_WRITE, 1 },
	[SYSCALL_pwrite64] = { ACTION_WRITE, 1 },
	[SYSCALL_pwritev] = { ACTION_WRITE, 1 },
	[SYSCALL_pwritev2] = { ACTION_WRITE, 1 },
	[SYSCALL_sendto] = { ACTION_WRITE, 1 },
	[SYSCALL_sendmsg] = { ACTION_WRITE, 1 },
	[SYSCALL_sendmmsg] = { ACTION_WRITE, 1 },
	[SYSCALL_vmsplice] = { ACTION_WRITE, 1 },
	[SYSCALL_accept] = { ACTION_ACCEPT, 0 },
	[SYSCALL_accept4] = { ACTION_ACCEPT, 0 },
	[SYSCALL_connect] = { ACTION_CONNECT, 0 },
	[SYSCALL_open] = { ACTION_OPEN, 0 },
	[SYSCALL_openat] = { ACTION_OPEN, 0 },
	[SYSCALL_openat2] = { ACTION_OPEN, 0 },
	[SYSCALL_creat] = { ACTION_OPEN, 1 },
	[SYSCALL_poll] = { ACTION_POLL, 0 },
	[SYSCALL_ppoll] = { ACTION_POLL, 0 },
	[SYSCALL_select] = { ACTION_SELECT, 0 },
	[SYSCALL_pselect6] = { ACTION_SELECT, 0 },
	[SYSCALL_epoll_wait] = { ACTION_EPOLL, 0 },
	[SYSCALL_epoll_pwait] = { ACTION_EPOLL, 0 },
	[SYSCALL_epoll_pwait2] = { ACTION_EPOLL, 0 },
	[SYSCALL_nanosleep] = { ACTION_SLEEP, 0 },
	[SYSCALL_clock_nanosleep] = { ACTION_SLEEP, 0 },
	[SYSCALL_wait4] = { ACTION_CHILD, 0 },
	[SYSCALL_waitid] = { ACTION_CHILD, 0 },
	[SYSCALL_futex] = { ACTION_FUTEX, 0 },
	[SYSCALL_futex_wait] = { ACTION_FUTEX, 0 },
	[SYSCALL_futex_waitv] = { ACTION_FUTEX, 0 },
	[SYSCALL_flock] = { ACTION_LOCK, 0 },
	[SYSCALL_fcntl] = { ACTION_OTHER, 0 },
	[SYSCALL_semop] = { ACTION_SEMAPHORE, 0 },
	[SYSCALL_semtimedop] = { ACTION_SEMAPHORE, 0 },
	[SYSCALL_mq_timedsend] = { ACTION_QUEUE, 1 },
	[SYSCALL_mq_timedreceive] = { ACTION_QUEUE, 0 },
	[SYSCALL_msgsnd] = { ACTION_QUEUE, 1 },
	[SYSCALL_msgrcv] = { ACTION_QUEUE, 0 },
	[SYSCALL_pause] = { ACTION_SIGNAL, 0 },
	[SYSCALL_rt_sigsuspend] = { ACTION_SIGNAL, 0 },
	[SYSCALL_rt_sigtimedwait] = { ACTION_SIGNAL, 0 },
	[SYSCALL_io_uring_enter] = { ACTION_RING, 0 },
	[SYSCALL_io_getevents] = { ACTION_RING, 0 },
	[SYSCALL_io_pgetevents] = { ACTION_RING, 0 },
	[SYSCALL_vfork] = { ACTION_VFORK, 0 },
	[SYSCALL_fsync] = { ACTION_SYNC, 0 },
	[SYSCALL_fdatasync] = { ACTION_SYNC, 0 },
	[SYSCALL_sync] = { ACTION_SYNC, 0 },
	[SYSCALL_syncfs] = { ACTION_SYNC, 0 },
	[SYSCALL_sync_file_range] = { ACTION_SYNC, 0 },
	[SYSCALL_msync] = { ACTION_SYNC, 0 },
};

enum {
	POLLFD_BYTES = 8,         /* struct pollfd { int fd; short events, revents; } */
	SIGSET_BYTES = 8,
	WAITV_BYTES = 24,         /* struct futex_waitv { u64 val, uaddr; u32 flags, reserved; } */
	FLAG_PRIVATE = 0x80,      /* FUTEX_PRIVATE_FLAG, FUTEX2_PRIVATE */
	FLAG_VFORK = 0x4000,      /* CLONE_VFORK */
	PAGE = 4096,              /* The smallest of either architecture. */
	ADDRESS_BYTES = 110,      /* struct sockaddr_un { u16 family; char path[108]; } */
	FAMILY_UNIX = 1,
};

/*
 * After a stop a relative nanosleep or poll goes on as restart_syscall, with the
 * old arguments kept in the registers.  They tell which it was: clock_nanosleep
 * starts with a small clock id and has its timespec third; poll counts its entries second and
 * its milliseconds, no pointer, third; nanosleep starts with a pointer.
 *
 *	219 0x0 0x0 0x7ffd5c2f2b70 0x7ffd5c2f2b70 0x0 0x0 0x7ffd5c2f2b48 0x7f6f2b8c3d93
 */
static enum syscall_id restarted(const uint64_t args[6], enum arch arch)
{
	bool polls = arch == ARCH_X86_64; /* aarch64 has ppoll only, which begins anew. */

	if (args[0] < PAGE)
		return args[2] > UINT32_MAX || !polls ? SYSCALL_clock_nanosleep : SYSCALL_poll;
	return args[1] < BOUND_FDS && args[1] > 0 && polls ? SYSCALL_poll : SYSCALL_nanosleep;
}

static enum syscall_id call_id(const struct call *call, enum arch arch)
{
	enum syscall_id id = syscall_find(arch, call->number);

	return id == SYSCALL_restart_syscall ? restarted(call->args, arch) : id;
}

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* A path may end where the mapped pages end: ask for no more than this page. */
static uint32_t path_length(uint64_t address)
{
	return least(BOUND_PATH, PAGE - address % PAGE);
}

static uint32_t fd_set_bytes(uint32_t bits)
{
	return least((bits + UINT64_C(63)) / 64 * 8, BOUND_PEEK);
}

static void want(struct range ret[DECODE_RANGES], uint32_t *count, uint64_t address, uint32_t length)
{
	if (address && length)
		ret[(*count)++] = (struct range){ address, length };
}

uint32_t decode_wants(const struct call *call, enum arch arch, struct range ret[DECODE_RANGES])
{
	enum syscall_id id = call_id(call, arch);
	struct timeout timeout;
	uint32_t count = 0;
	int i;

	if (id == SYSCALL_NONE)
		return 0;
	switch (id) {
	case SYSCALL_poll:
	case SYSCALL_ppoll:
		want(ret, &count, call->args[0], least((uint64_t)(uint32_t)call->args[1] * POLLFD_BYTES, BOUND_PEEK));
		break;
	case SYSCALL_select:
	case SYSCALL_pselect6:
		for (i = 1; i <= 3; i++)
			want(ret, &count, call->args[i], fd_set_bytes((uint32_t)call->args[0]));
		break;
	case SYSCALL_open:
	case SYSCALL_creat:
		want(ret, &count, call->args[0], path_length(call->args[0]));
		break;
	case SYSCALL_openat:
		want(ret, &count, call->args[1], path_length(call->args[1]));
		break;
	case SYSCALL_openat2:
		want(ret, &count, call->args[1], path_length(call->args[1]));
		want(ret, &count, call->args[2], sizeof(uint64_t));
		break;
	case SYSCALL_connect:
		want(ret, &count, call->args[1], least((uint32_t)call->args[2], ADDRESS_BYTES));
		break;
	case SYSCALL_rt_sigsuspend:
	case SYSCALL_rt_sigtimedwait:
		want(ret, &count, call->args[0], SIGSET_BYTES);
		break;
	case SYSCALL_clone3:
		want(ret, &count, call->args[0], sizeof(uint64_t));
		break;
	case SYSCALL_futex_waitv:
		want(ret, &count, call->args[0], WAITV_BYTES);
		break;
	default:
		break;
	}
	timeout = timeout_find(id, call->args);
	if (timeout_wants(&timeout))
		want(ret, &count, timeout.value, TIMEOUT_BYTES);
	return count;
}

/** Peeks of one task and look, as decode_call() was given them. */
struct memory {
	const struct snapshot *snapshot;
	const struct peek *peeks;
	uint32_t count;
};

/* Bytes that were read from that address on; *length: how many. */
static const char *memory_from(const struct memory *memory, uint64_t address, uint32_t *length, struct text *text)
{
	const struct peek *peek;
	uint32_t i;

	for (i = 0; i < memory->count; i++) {
		peek = &memory->peeks[i];
		if ((peek->sight != SIGHT_OK && peek->sight != SIGHT_CUT) || !text_seen(peek->bytes) ||
		    address < peek->address || address - peek->address >= peek->bytes.length)
			continue;
		text->at = peek->bytes.at + (uint32_t)(address - peek->address);
		*length = text->length = peek->bytes.length - (uint32_t)(address - peek->address);
		return snapshot_bytes(memory->snapshot, peek->bytes) + (address - peek->address);
	}
	return NULL;
}

static const char *memory_at(const struct memory *memory, uint64_t address, uint32_t wanted)
{
	struct text text;
	uint32_t length;
	const char *bytes = memory_from(memory, address, &length, &text);

	return bytes && length >= wanted ? bytes : NULL;
}

static bool memory_word(const struct memory *memory, uint64_t address, uint64_t *ret)
{
	const char *bytes = memory_at(memory, address, sizeof(*ret));

	if (bytes)
		memcpy(ret, bytes, sizeof(*ret));
	return bytes != NULL;
}

static struct text path_at(const struct memory *memory, uint64_t address)
{
	struct text text;
	uint32_t length;
	const char *bytes = memory_from(memory, address, &length, &text);
	const char *end = bytes ? memchr(bytes, '\0', length) : NULL;

	if (!end)
		return TEXT_UNSEEN;
	text.length = (uint32_t)(end - bytes);
	return text;
}

static void decode_child(enum syscall_id id, const uint64_t args[6], struct decoded *to)
{
	int32_t which = (int32_t)(uint32_t)args[0], number = (int32_t)(uint32_t)args[1];

	if (id == SYSCALL_wait4) {
		to->no_hang = args[2] & 1;
		to->child_kind = which > 0 ? CHILD_PID : which == -1 ? CHILD_ANY : CHILD_GROUP;
		/* INT_MIN names no group. */
		to->child = which > 0 ? which : which < -1 && which > INT32_MIN ? -which : 0;
		return;
	}
	to->no_hang = args[3] & 1;
	to->child = number;
	switch (which) {
	case 1:
		to->child_kind = CHILD_PID;
		break;
	case 2:
		to->child_kind = CHILD_GROUP;
		break;
	case 3:
		to->child_kind = CHILD_PIDFD;
		to->fd = number;
		break;
	default:
		to->child_kind = CHILD_ANY;
		to->child = 0;
	}
}

static void decode_futex(enum syscall_id id, const uint64_t args[6], const struct memory *memory, struct decoded *to)
{
	const char *bytes;
	uint64_t word;
	uint32_t flags;

	to->count = 1;
	if (id == SYSCALL_futex) {
		to->address = args[0];
		to->futex_op = (uint32_t)args[1];
		to->futex_value = (uint32_t)args[2];
		to->futex_private = to->futex_op & FLAG_PRIVATE;
	} else if (id == SYSCALL_futex_wait) {
		to->address = args[0];
		to->futex_value = (uint32_t)args[1];
		to->futex_private = args[3] & FLAG_PRIVATE;
	} else {
		to->count = (uint32_t)args[1];
		bytes = memory_at(memory, args[0], WAITV_BYTES);
		if (!bytes)
			return;
		memcpy(&word, bytes, sizeof(word));
		to->futex_value = (uint32_t)word;
		memcpy(&to->address, bytes + 8, sizeof(to->address));
		memcpy(&flags, bytes + 16, sizeof(flags));
		to->futex_private = flags & FLAG_PRIVATE;
	}
}

static void decode_open(enum syscall_id id, const uint64_t args[6], const struct memory *memory, struct decoded *to)
{
	uint64_t flags = 0;

	to->fd = -1;
	if (id == SYSCALL_creat) {
		to->path = path_at(memory, args[0]);
		return;
	}
	if (id == SYSCALL_openat2)
		memory_word(memory, args[2], &flags);
	else
		flags = id == SYSCALL_open ? args[1] : args[2];
	to->write = (flags & 3) == 1; /* O_WRONLY */
	to->path = path_at(memory, args[id == SYSCALL_open ? 0 : 1]);
}

/* A name may fill its room without a NUL; an abstract one begins with a NUL and may hold more. */
static struct text unix_name(const struct memory *memory, const uint64_t args[6])
{
	struct text text;
	uint32_t length, most = least((uint32_t)args[2], ADDRESS_BYTES);
	const char *bytes = memory_from(memory, args[1], &length, &text);
	uint16_t family;

	if (!bytes || length < most || most <= sizeof(family))
		return TEXT_UNSEEN;
	memcpy(&family, bytes, sizeof(family));
	if (family != FAMILY_UNIX)
		return TEXT_UNSEEN;
	bytes += sizeof(family);
	text.at += sizeof(family);
	text.length = most - (uint32_t)sizeof(family);
	if (bytes[0])
		text.length = (uint32_t)strnlen(bytes, text.length);
	return text;
}

static void decode_signal(enum syscall_id id, const uint64_t args[6], const struct memory *memory, struct decoded *to)
{
	uint64_t set;

	to->signals = ~UINT64_C(0);
	if (id == SYSCALL_pause || !memory_word(memory, args[0], &set))
		return;
	to->signals = id == SYSCALL_rt_sigsuspend ? ~set : set;
}

/* Calls that are about two descriptors: where the bytes come from, where they go. */
static void decode_copy(enum syscall_id id, const uint64_t args[6], struct decoded *to)
{
	int32_t first = (int32_t)(uint32_t)args[0], second = (int32_t)(uint32_t)args[1];

	if (id == SYSCALL_sendfile) {
		to->fd = second;
		to->other_fd = first;
	} else {
		to->fd = first;
		to->other_fd = id == SYSCALL_tee ? second : (int32_t)(uint32_t)args[2];
	}
}

static void decode_arguments(enum syscall_id id, const uint64_t args[6], const struct memory *memory,
			     struct decoded *to)
{
	uint64_t flags;

	switch (id) {
	case SYSCALL_poll:
	case SYSCALL_ppoll:
		to->address = args[0];
		to->count = (uint32_t)args[1];
		break;
	case SYSCALL_select:
	case SYSCALL_pselect6:
		to->count = (uint32_t)args[0];
		break;
	case SYSCALL_wait4:
	case SYSCALL_waitid:
		decode_child(id, args, to);
		break;
	case SYSCALL_futex:
	case SYSCALL_futex_wait:
	case SYSCALL_futex_waitv:
		decode_futex(id, args, memory, to);
		break;
	case SYSCALL_open:
	case SYSCALL_openat:
	case SYSCALL_openat2:
	case SYSCALL_creat:
		decode_open(id, args, memory, to);
		break;
	case SYSCALL_connect:
		to->path = unix_name(memory, args);
		break;
	case SYSCALL_pause:
	case SYSCALL_rt_sigsuspend:
	case SYSCALL_rt_sigtimedwait:
		decode_signal(id, args, memory, to);
		break;
	case SYSCALL_sendfile:
	case SYSCALL_splice:
	case SYSCALL_tee:
	case SYSCALL_copy_file_range:
		decode_copy(id, args, to);
		break;
	case SYSCALL_fcntl: /* F_SETLKW, F_OFD_SETLKW */
		if ((uint32_t)args[1] == 7 || (uint32_t)args[1] == 38)
			to->action = ACTION_LOCK;
		break;
	case SYSCALL_clone:
		if (args[0] & FLAG_VFORK)
			to->action = ACTION_VFORK;
		break;
	case SYSCALL_clone3:
		/* Nothing else that clone does takes long enough to be seen in it. */
		if (!memory_word(memory, args[0], &flags) || (flags & FLAG_VFORK))
			to->action = ACTION_VFORK;
		break;
	case SYSCALL_io_uring_enter: /* IORING_ENTER_EXT_ARG: a struct that points at the timespec. */
		to->timeout_unread = (args[3] & 8) && args[4];
		break;
	default:
		break;
	}
}

struct decoded decode_call(const struct snapshot *snapshot, const struct process *process, const struct call *call,
			   enum look look, const struct peek *peeks, uint32_t peek_count)
{
	struct decoded ret = { .action = ACTION_NONE, .fd = -1, .other_fd = -1, .timeout_ns = UNSEEN, .child = -1,
			       .path = TEXT_UNSEEN };
	const struct memory memory = { snapshot, peeks, peek_count };
	enum arch arch = process->bits == 32 ? ARCH_UNKNOWN : (enum arch)snapshot->host.arch;
	struct timeout timeout;
	enum syscall_id id;
	const char *bytes;

	if (call->number < 0)
		return ret;
	ret.action = ACTION_OTHER;
	id = call_id(call, arch);
	if (id == SYSCALL_NONE)
		return ret;
	ret.name = syscall_rows[id].name;
	if (meanings[id].action != ACTION_NONE)
		ret.action = (enum action)meanings[id].action;
	ret.write = meanings[id].write;
	if (syscall_rows[id].arguments[0] == 'f')
		ret.fd = (int32_t)(uint32_t)call->args[0];
	decode_arguments(id, call->args, &memory, &ret);

	timeout = timeout_find(id, call->args);
	if (timeout.layout != TIMEOUT_NEVER) {
		bytes = timeout_wants(&timeout) ? memory_at(&memory, timeout.value, TIMEOUT_BYTES) : NULL;
		ret.timeout_ns = timeout_left(&timeout, bytes, &snapshot->host.at[look], process,
					      &ret.timeout_unread);
		ret.timeout_exact = timeout.clock != TIMEOUT_RELATIVE;
	}
	return ret;
}

static uint32_t decode_pollfds(const struct memory *memory, const struct decoded *decoded, struct set_entry *ret,
			       uint32_t limit, bool *unread)
{
	struct { int32_t fd; int16_t events, revents; } entry;
	struct text text;
	uint32_t length = 0, count = 0, i;
	const char *bytes = memory_from(memory, decoded->address, &length, &text);

	if (!bytes)
		length = 0;
	*unread = (uint64_t)decoded->count * POLLFD_BYTES > length;
	for (i = 0; i < decoded->count && i < length / POLLFD_BYTES; i++) {
		memcpy(&entry, bytes + (size_t)i * POLLFD_BYTES, sizeof(entry));
		if (entry.fd < 0) /* How poll is told to skip one. */
			continue;
		if (count == limit) {
			*unread = true;
			break;
		}
		ret[count++] = (struct set_entry){ entry.fd, (uint16_t)entry.events };
	}
	return count;
}

static bool fd_set_has(const char *bytes, uint32_t length, uint32_t fd)
{
	return bytes && fd / 8 < length && (((unsigned char)bytes[fd / 8] >> fd % 8) & 1);
}

static uint32_t decode_fd_sets(const struct memory *memory, const struct call *call, const struct decoded *decoded,
			       struct set_entry *ret, uint32_t limit, bool *unread)
{
	static const uint32_t events[3] = { 0x001, 0x004, 0x002 }; /* POLLIN, POLLOUT, POLLPRI */
	const char *bytes[3];
	uint32_t length[3] = { 0, 0, 0 }, longest = 0, wants, count = 0, fd;
	struct text text;
	int i;

	for (i = 0; i < 3; i++) {
		bytes[i] = call->args[i + 1] ? memory_from(memory, call->args[i + 1], &length[i], &text) : NULL;
		if (!bytes[i])
			length[i] = 0;
		if (call->args[i + 1] && (decoded->count + UINT64_C(7)) / 8 > length[i])
			*unread = true;
		if (length[i] > longest)
			longest = length[i];
	}
	for (fd = 0; fd < decoded->count && fd / 8 < longest; fd++) {
		wants = 0;
		for (i = 0; i < 3; i++)
			if (fd_set_has(bytes[i], length[i], fd))
				wants |= events[i];
		if (!wants)
			continue;
		if (count == limit) {
			*unread = true;
			break;
		}
		ret[count++] = (struct set_entry){ (int32_t)fd, wants };
	}
	return count;
}

uint32_t decode_set(const struct snapshot *snapshot, const struct decoded *decoded, const struct call *call,
		    const struct peek *peeks, uint32_t peek_count, struct set_entry *ret, uint32_t limit, bool *unread)
{
	const struct memory memory = { snapshot, peeks, peek_count };

	*unread = false;
	if (decoded->action == ACTION_POLL)
		return decode_pollfds(&memory, decoded, ret, limit, unread);
	if (decoded->action == ACTION_SELECT)
		return decode_fd_sets(&memory, call, decoded, ret, limit, unread);
	return 0;
}
