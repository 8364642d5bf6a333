/* SPDX-License-Identifier: MIT */
/* Stacks of a task: the frame that tells most, and the function that goes round. */
#include "telling.h"

#include <string.h>

#include "bounds.h"

/* ---- whose code it is ----------------------------------------------------------- */

/*
 * Modules go by the name of their file: "libc" is libc.so.6 and libc-2.31.so, not libcrypto.so.3.
 * Functions as they are demangled; static programs have the C library's in their own module.
 * A star stands for anything.
 */
static const char *const runtime_modules[] = {
	"[vdso]", "[vsyscall]", "[jit]", "ld-*", "ld64", "libc", "libm", "libpthread", "librt", "libdl", "libresolv",
	"libnss_*", "libthread_db", "libgcc_s", "libstdc++", "libc++", "libc++abi", "libunwind*", "libatomic", "libgomp",
	"libasan", "libtsan", "libubsan", "liblsan", "libjemalloc", "libtcmalloc*", "libmimalloc*", "linux-vdso*",
	"linux-gate*", NULL,
};
static const char *const runtime_functions[] = {
	/* Reserved names: __libc_start_main, __GI___poll, __memmove_avx_unaligned, __rust_begin_short_backtrace. */
	"__*", "_start", "_dl_*", "_IO_*", "_int_malloc", "_int_free", "_Unwind_*",
	"start_thread", "clone", "clone3", "syscall", "pthread_*", "futex_*", "do_futex_wait*", "sem_*", "malloc*",
	"free", "calloc", "realloc", "memcpy", "memmove", "memset", "memcmp", "strlen", "read", "readv", "write",
	"writev", "pread64", "pwrite64", "poll", "ppoll", "select", "pselect", "epoll_wait", "epoll_pwait",
	"epoll_pwait2", "accept", "accept4", "connect", "recv", "recvfrom", "recvmsg", "recvmmsg", "send", "sendto",
	"sendmsg", "sendmmsg", "nanosleep", "clock_nanosleep", "sleep", "usleep", "pause", "sigsuspend", "sigwait",
	"sigwaitinfo", "sigtimedwait", "wait", "wait3", "wait4", "waitpid", "waitid", "open64", "openat64", "fcntl",
	"flock", "ioctl", "fsync", "fdatasync", "raise", "abort", "gsignal", "sched_yield", "clock_gettime",
	/* C++ and Rust */
	"std::*", "<std::*", "__gnu_cxx::*", "operator new*", "operator delete*", "core::fmt::*", "core::iter::*",
	"core::ops::*", "core::option::*", "core::panicking::*", "core::ptr::*", "core::result::*", "<core::*",
	"alloc::*", "<alloc::*", "parking_lot*", "rust_begin_unwind",
	/* Go */
	"runtime.*", "runtime/*", "internal/*", "syscall.*", "sync.*", "time.Sleep", "gogo", "_rt0_*", NULL,
};
static const char *const interpreter_modules[] = {
	"python*", "libpython*", "node", "nodejs", "libnode", "ruby*", "libruby*", "perl", "libperl", "java", "libjvm",
	"libjava", "libjli", "libnio", "libnet", "php*", "lua*", "liblua*", "libcoreclr", "libclrjit", "dotnet",
	"libmono*", "guile*", "libguile*", "beam.smp", "libuv", "libev", "libevent*", "libglib", "libgio", "libgobject",
	NULL,
};
static const char *const interpreter_functions[] = {
	"v8::*", "node::*", "uv_*", "uv__*", "_Py*", "Py*", "tokio::runtime::*", "mio::*", "boost::asio::detail::*",
	"net.*", "net/*", "os.*", "os/*", "io.*", "bufio.*", NULL,
};

static const struct part_row {
	enum site_part part;
	const char *const *modules, *const *functions;
} parts[] = {
	{ PART_RUNTIME, runtime_modules, runtime_functions },
	{ PART_INTERPRETER, interpreter_modules, interpreter_functions },
};

/* What may follow: nothing, or one of these. */
static bool name_matches(const char *text, size_t length, const char *name, const char *behind)
{
	size_t known = strlen(name);

	if (name[known - 1] == '*')
		return length >= known - 1 && memcmp(text, name, known - 1) == 0;
	return length >= known && memcmp(text, name, known) == 0 && (length == known || strchr(behind, text[known]));
}

static bool names_match(const char *text, size_t length, const char *const *names, const char *behind)
{
	for (; *names; names++)
		if (name_matches(text, length, *names, behind))
			return true;
	return false;
}

/* "std::vector<int> Config::values(int) const": behind the type that it returns. */
static size_t name_begin(const char *function, size_t length)
{
	size_t begin = 0, i;
	int inside = 0;

	for (i = 0; i < length && (function[i] != '(' || inside > 0 || i == begin); i++) {
		if (function[i] == '<')
			inside++;
		else if (function[i] == '>' && inside > 0)
			inside--;
		else if (function[i] == ' ' && inside == 0 && (i < 8 || memcmp(function + i - 8, "operator", 8) != 0))
			begin = i + 1;
	}
	return begin < length ? begin : 0;
}

static bool function_matches(const char *function, size_t length, const char *const *names)
{
	size_t begin = name_begin(function, length);

	/* gcc's clones are "name.part.0"; versions "name@@GLIBC_2.34". */
	return names_match(function + begin, length - begin, names, ".@");
}

enum site_part site_part_of(const struct snapshot *snapshot, struct site_ix site)
{
	const struct site *it = site_at(snapshot, site);
	const char *module = snapshot_bytes(snapshot, it->module), *function = snapshot_bytes(snapshot, it->function);
	size_t length = it->module.length, i;
	const char *slash = memrchr(module, '/', length);

	if (it->kind == FRAME_KERNEL)
		return PART_KERNEL;
	if (it->kind == FRAME_PYTHON)
		return PART_PROGRAM;
	if (it->jit && it->function.length == 0)
		return PART_RUNTIME;
	if (slash) {
		length -= (size_t)(slash + 1 - module);
		module = slash + 1;
	}
	/* Cython's are called __pyx_..., and somebody's own. */
	if (it->function.length >= 5 && memcmp(function, "__pyx", 5) == 0)
		return PART_PROGRAM;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (names_match(module, length, parts[i].modules, ".-0123456789") ||
		    function_matches(function, it->function.length, parts[i].functions))
			return parts[i].part;
	return PART_PROGRAM;
}

/* ---- one stack ------------------------------------------------------------------ */

const struct stack *newest_stack(const struct scene *scene, struct task_ix task)
{
	struct span span = scene->task_stacks[task.at];
	const struct stack *stack;

	while (span.count-- > 0) {
		stack = &scene->snapshot->stacks.row[scene->stack_order[span.first + span.count]];
		if (stack->innermost.at != NO_ROW)
			return stack;
	}
	return NULL;
}

struct frame_ix stack_telling(const struct scene *scene, struct frame_ix innermost, struct frame_ix *called)
{
	struct frame_ix at = innermost, inner = { NO_ROW }, ret = { NO_ROW }, through = { NO_ROW };
	enum site_part best = PART_RUNTIME, part;
	const struct frame *frame;
	unsigned depth;

	/* A replayed file may hold a chain of a million. */
	for (depth = 0; at.at != NO_ROW && best < PART_PROGRAM && depth < BOUND_STACK_DEPTH; depth++) {
		frame = frame_at(scene->snapshot, at);
		part = scene->site_part[frame->site.at];
		if (part > best) {
			best = part;
			/* "python3.11+0x5d64b4" tells nobody anything, and what called it there is no better. */
			if (part == PART_PROGRAM || text_seen(site_at(scene->snapshot, frame->site)->function)) {
				ret = at;
				through = inner;
			}
		}
		inner = at;
		at = frame->caller;
	}
	if (called)
		*called = through;
	return ret;
}

struct frame_ix task_telling(const struct scene *scene, struct task_ix task, struct frame_ix *called)
{
	const struct stack *stack = newest_stack(scene, task);
	const struct frame_ix none = { NO_ROW };

	return stack_telling(scene, stack ? stack->innermost : none, called);
}

/* ---- many stacks ---------------------------------------------------------------- */

bool site_same_function(const struct snapshot *snapshot, struct site_ix one, struct site_ix other)
{
	const struct site *a = site_at(snapshot, one), *b = site_at(snapshot, other);

	if (one.at == other.at)
		return true;
	if (a->kind != b->kind || a->module.at != b->module.at || a->function.at != b->function.at)
		return false;
	return text_seen(a->function) || a->offset == b->offset;
}

/* Frames of a stack into to[BOUND_STACK_DEPTH], the outermost first.  0: more than that. */
static uint32_t frames_of(const struct snapshot *snapshot, struct frame_ix innermost, struct frame_ix *to)
{
	uint32_t depth = 0, i;
	struct frame_ix at;

	for (at = innermost; at.at != NO_ROW && depth <= BOUND_STACK_DEPTH; at = frame_at(snapshot, at)->caller)
		depth++;
	if (depth > BOUND_STACK_DEPTH)
		return 0;
	i = depth;
	for (at = innermost; at.at != NO_ROW; at = frame_at(snapshot, at)->caller)
		to[--i] = at;
	return depth;
}

static uint32_t common_outer(const struct snapshot *snapshot, const struct frame_ix *one, uint32_t count,
			     const struct frame_ix *other, uint32_t other_count)
{
	uint32_t i;

	for (i = 0; i < count && i < other_count; i++)
		if (one[i].at != other[i].at && !site_same_function(snapshot, frame_at(snapshot, one[i])->site,
								    frame_at(snapshot, other[i])->site))
			break;
	return i;
}

bool task_loop(const struct scene *scene, struct task_ix task, struct frame_ix *ret)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct frame_ix newest[BOUND_STACK_DEPTH], other[BOUND_STACK_DEPTH];
	struct span span = scene->task_stacks[task.at];
	uint32_t samples = 0, common = 0, i;
	enum site_part best = PART_KERNEL;
	const struct stack *stack;

	for (i = span.count; i > 0; i--) {
		stack = &snapshot->stacks.row[scene->stack_order[span.first + i - 1]];
		/* Where the beginning is missing nobody knows which frames stand beside which. */
		if (stack->innermost.at == NO_ROW || stack->ends != END_WHOLE)
			continue;
		if (samples++ == 0)
			common = frames_of(snapshot, stack->innermost, newest);
		else
			common = common_outer(snapshot, newest, common, other,
					      frames_of(snapshot, stack->innermost, other));
	}
	if (samples < 2)
		return false;
	for (i = common; i > 0; i--) {
		enum site_part part = scene->site_part[frame_at(snapshot, newest[i - 1])->site.at];

		if (part <= best)
			continue;
		best = part;
		*ret = newest[i - 1];
	}
	return best > PART_KERNEL;
}
