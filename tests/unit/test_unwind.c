/* SPDX-License-Identifier: MIT */
#include "stacks/unwind.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

#if defined(__x86_64__)

static struct modules *modules;
static struct unwinder *unwinder;
static struct unwound got;

static void setup(void)
{
	cr_assert_eq(modules_create(&modules), 0);
	cr_assert_eq(unwinder_open(&unwinder), 0);
}

static void teardown(void)
{
	unwinder = unwinder_close(unwinder);
	modules = modules_destroy(modules);
}

/* ---- programs whose chain of calls is known: chain.c ------------------------------- */

enum { CHAIN_MOST = 32 };

struct chain {
	pid_t pid, tid;
	uint64_t start, stop;     /* of its section */
	uint64_t functions[CHAIN_MOST]; /* the innermost first */
	unsigned count;
	struct space *space;
};

/* The thread that sleeps in pause(). */
static pid_t sleeper(pid_t pid)
{
	const struct dirent *entry;
	char path[64], line[16];
	pid_t ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	_cleanup_closedir_ DIR *tasks = opendir(path);
	while (tasks && !ret && (entry = readdir(tasks))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/syscall", pid, entry->d_name);
		_cleanup_fclose_ FILE *file = fopen(path, "re");
		if (file && fgets(line, sizeof(line), file) && atoi(line) == SYS_pause)
			ret = (pid_t)atoi(entry->d_name);
	}
	return ret;
}

static struct chain chain_start(const char *program, const char *mode)
{
	struct chain ret = { 0 };
	char own[1024] = "", path[1200], line[1024], *at = line, *end;
	int pipes[2], tries;
	uint64_t word;

	cr_assert_gt(readlink("/proc/self/exe", own, sizeof(own) - 1), 0);
	snprintf(path, sizeof(path), "%s/%s", dirname(own), program);
	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	ret.pid = fork();
	if (ret.pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		execl(path, path, mode, NULL);
		_exit(127);
	}
	close(pipes[1]);
	_cleanup_fclose_ FILE *told = fdopen(pipes[0], "re");
	cr_assert(fgets(line, sizeof(line), told), "%s", path);
	for (; word = strtoull(at, &end, 16), end != at; at = end) {
		if (!ret.start)
			ret.start = word;
		else if (!ret.stop)
			ret.stop = word;
		else if (ret.count < CHAIN_MOST)
			ret.functions[ret.count++] = word;
	}
	for (tries = 0; tries < 2000 && !ret.tid; tries++) {
		ret.tid = sleeper(ret.pid);
		usleep(1000);
	}
	cr_assert_gt(ret.tid, 0);
	cr_assert_eq(space_open(modules, ret.pid, &ret.space), 0);
	return ret;
}

static void chain_end(struct chain *chain)
{
	chain->space = space_close(chain->space);
	kill(chain->pid, SIGKILL);
	waitpid(chain->pid, NULL, 0);
}

/* Registers as the kernel shows them beside a sleeper: two of those that count. */
static void registers_beside(const struct chain *chain, struct registers *ret)
{
	unsigned long word[8];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", chain->pid, chain->tid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	cr_assert_eq(fscanf(file, "%*d %lx %lx %lx %lx %lx %lx %lx %lx", &word[0], &word[1], &word[2], &word[3], &word[4],
			    &word[5], &word[6], &word[7]), 8);
	ret->word[REGISTER_STACK] = word[6];
	ret->word[REGISTER_PC] = word[7];
	ret->known = UINT64_C(1) << REGISTER_STACK | UINT64_C(1) << REGISTER_PC;
}

static void registers_held(const struct chain *chain, struct registers *ret)
{
	struct user_regs_struct r;

	cr_assert_eq(ptrace(PTRACE_SEIZE, chain->tid, 0, 0), 0);
	cr_assert_eq(ptrace(PTRACE_INTERRUPT, chain->tid, 0, 0), 0);
	cr_assert_eq(waitpid(chain->tid, NULL, __WALL), chain->tid);
	cr_assert_eq(ptrace(PTRACE_GETREGS, chain->tid, 0, &r), 0);
	cr_assert_eq(ptrace(PTRACE_DETACH, chain->tid, 0, 0), 0);
	*ret = (struct registers){
		.word = { r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13,
			  r.r14, r.r15, r.rip },
		.known = 0x1ffff,
	};
}

static void chain_unwind(const struct chain *chain, bool held)
{
	struct capture capture = { 0 };
	const struct region *region;
	struct iovec local, remote;
	uint8_t *stack;

	if (held)
		registers_held(chain, &capture.registers);
	else
		registers_beside(chain, &capture.registers);
	region = space_find(chain->space, capture.registers.word[REGISTER_STACK]);
	cr_assert_not_null(region);
	capture.stack_at = capture.registers.word[REGISTER_STACK] - 128;
	capture.stack_length = region->end - capture.stack_at;
	if (capture.stack_length > BOUND_STACK_BYTES)
		capture.stack_length = BOUND_STACK_BYTES;
	capture.stack = stack = malloc(capture.stack_length);
	local = (struct iovec){ stack, capture.stack_length };
	remote = (struct iovec){ (void *)(uintptr_t)capture.stack_at, capture.stack_length };
	cr_assert_eq(process_vm_readv(chain->pid, &local, 1, &remote, 1, 0), (ssize_t)capture.stack_length);
	cr_assert_eq(unwind(unwinder, chain->space, &capture, &got), 0);
	free(stack);
}

/* The function of the chain that this frame is in; 0: none. */
static uint64_t function_of(const struct chain *chain, const struct step *step)
{
	uint64_t pc = step->exact ? step->pc : step->pc - 1, ret = 0;
	unsigned i;

	for (i = 0; i < chain->count; i++)
		if (chain->functions[i] <= pc && chain->functions[i] > ret)
			ret = chain->functions[i];
	return pc >= chain->start && pc < chain->stop ? ret : 0;
}

static void check_chain(const char *program, const char *mode, bool held)
{
	struct chain chain = chain_start(program, mode);
	unsigned i, met = 0, scanned = 0, nowhere = 0, exact = 0;
	uint64_t function;

	chain_unwind(&chain, held);
	for (i = 0; i < got.count; i++) {
		function = function_of(&chain, &got.steps[i]);
		nowhere += got.steps[i].pc == 0;
		exact += got.steps[i].exact;
		scanned += got.steps[i].basis == BASIS_SCANNED;
		if (!function)
			continue;
		cr_expect_lt(met, chain.count, "%s %s: too many", program, mode);
		cr_expect_eq(function, chain.functions[met], "%s %s: link %u, frame %u of %u", program, mode, met, i, got.count);
		met++;
	}
	cr_expect_eq(met, chain.count, "%s %s: %u of %u", program, mode, met, chain.count);
	cr_expect_eq(got.ends, END_WHOLE, "%s %s: %u", program, mode, got.ends);
	cr_expect_eq(got.steps[0].basis, BASIS_REGISTERS);
	cr_expect(got.steps[0].exact);
	cr_expect_eq(nowhere, !strcmp(mode, "crash"));
	/* Where it is; what a handler returns to; where that came in between. */
	cr_expect_eq(exact, strcmp(mode, "signal") && strcmp(mode, "crash") ? 1 : 3, "%s %s: %u", program, mode, exact);
	if (held)
		cr_expect_eq(scanned, nowhere);
	cr_expect_eq(got.wants_registers, scanned > nowhere);
	chain_end(&chain);
}

TestSuite(unwind, .init = setup, .fini = teardown);

static const char *const PROGRAMS[] = { "chain-0", "chain-2", "chain-pointers", "chain-static", "chain-debug" };
static const char *const MODES[] = { "plain", "signal", "crash", "thread" };

static void check_all(bool held)
{
	unsigned i, n;

	for (i = 0; i < sizeof(PROGRAMS) / sizeof(PROGRAMS[0]); i++)
		for (n = 0; n < sizeof(MODES) / sizeof(MODES[0]); n++)
			check_chain(PROGRAMS[i], MODES[n], held);
}

Test(unwind, chains_beside_the_sleeper)
{
	check_all(false);
}

Test(unwind, chains_held)
{
	check_all(true);
}

/* Without any table: frame pointers, then the tables of libc. */
Test(unwind, code_without_tables)
{
	unsigned pointers = 0, i, n;

	for (n = 0; n < sizeof(MODES) / sizeof(MODES[0]); n++) {
		check_chain("chain-bare", MODES[n], true);
		for (i = 0; i < got.count; i++)
			pointers += got.steps[i].basis == BASIS_POINTER;
		check_chain("chain-bare", MODES[n], false);
	}
	cr_expect_gt(pointers, 4 * 20);
}

/* A table that we refuse, and that libdw can use. */
Test(unwind, a_second_opinion)
{
#if defined(HAVE_LIBDW)
	check_chain("chain-odd", "plain", true);
	check_chain("chain-odd", "signal", true);
	check_chain("chain-odd", "thread", true);
	check_chain("chain-odd", "plain", false);
#else
	cr_skip_test("without libdw");
#endif
}

#endif
