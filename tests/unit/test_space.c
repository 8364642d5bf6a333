/* SPDX-License-Identifier: MIT */
#include "stacks/space.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "sight.h"

static struct modules *modules;
static struct space *space;

static void setup(void)
{
	cr_assert_eq(modules_create(&modules), 0);
	cr_assert_eq(space_open(modules, getpid(), &space), 0);
}

static void teardown(void)
{
	space = space_close(space);
	modules = modules_destroy(modules);
}

TestSuite(space, .init = setup, .fini = teardown);

/* A function of this program, and one of libc. */
static __attribute__((__noinline__)) int marker(int n)
{
	return n * 7 + 3;
}

static struct module *module_at(struct space *of, const void *address)
{
	const struct region *region = space_find(of, (uintptr_t)address);

	cr_assert_not_null(region);
	return region_module(of, region);
}

static void check_code(const void *code)
{
	const struct region *region = space_find(space, (uintptr_t)code);
	struct module *module;
	const uint8_t *bytes;

	cr_assert(region && region->executable && region->kind == REGION_FILE);
	module = region_module(space, region);
	cr_assert_not_null(module);
	cr_assert_eq(region->module, module);
	bytes = elffile_at(&module->elf, (uintptr_t)code - region->bias, 16);
	cr_assert_not_null(bytes);
	cr_expect_arr_eq(bytes, code, 16);
}

Test(space, code_and_its_file)
{
	char own[BOUND_PATH] = "";

	cr_assert_gt(readlink("/proc/self/exe", own, sizeof(own) - 1), 0);
	cr_assert_eq(marker(1), 10);
	check_code((const void *)(uintptr_t)marker);
	check_code((const void *)(uintptr_t)strtoull);
	cr_expect_str_eq(module_at(space, (const void *)(uintptr_t)marker)->path, own);
	cr_expect_neq(module_at(space, (const void *)(uintptr_t)marker), module_at(space, (const void *)(uintptr_t)strtoull));
}

Test(space, vdso)
{
	const void *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
	struct module *module;

	if (!vdso)
		cr_skip_test("no vdso here");
	module = module_at(space, vdso);
	cr_assert_not_null(module);
	cr_expect_str_eq(module->path, "[vdso]");
	cr_expect(module->elf.eh_frame.bytes && module->elf.dynsym.bytes);
	cr_expect_eq(space_find(space, (uintptr_t)vdso)->bias, (uintptr_t)vdso);
}

Test(space, nothing_lies_there)
{
	cr_expect_null(space_find(space, 0));
	cr_expect_null(space_find(space, UINT64_MAX));
	cr_expect_null(space_find(space, UINT64_C(0x7fffffffffff)));
}

Test(space, kinds)
{
	int local = 0;
	const struct region *region = space_find(space, (uintptr_t)&local);
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert(region && region->kind == REGION_STACK && region->writable);
	cr_assert_neq(code, MAP_FAILED);
	cr_assert_eq(space_renew(space), 0);
	region = space_find(space, (uintptr_t)code);
	cr_assert(region && region->kind == REGION_JIT);
	cr_expect_null(region_module(space, region));
	region = space_find(space, (uintptr_t)space);
	cr_assert(region && region->kind == REGION_OTHER);
}

/* Code in a file that is none of ELF: a double mapping of a code generator, a device. */
Test(space, executable_but_no_elf_file)
{
	const int memory_fd = memfd_create("code", MFD_CLOEXEC), zero_fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	void *memory, *zero;

	cr_assert(memory_fd >= 0 && zero_fd >= 0 && ftruncate(memory_fd, 8192) == 0);
	memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, memory_fd, 0);
	zero = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, zero_fd, 0);
	cr_assert(memory != MAP_FAILED && zero != MAP_FAILED);
	close(memory_fd);
	close(zero_fd);
	cr_assert_eq(space_renew(space), 0);
	cr_expect_null(module_at(space, memory));
	cr_expect_eq(space_find(space, (uintptr_t)memory)->kind, REGION_JIT);
	cr_expect_null(module_at(space, zero));
	cr_expect_eq(space_find(space, (uintptr_t)zero)->kind, REGION_JIT);
}

/* What is mapped as data only is never opened: it could be a register of a device. */
Test(space, data_is_not_opened)
{
	_cleanup_close_ int fd = open("/usr/bin/env", O_RDONLY | O_CLOEXEC);
	void *data = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	cr_assert_neq(data, MAP_FAILED);
	cr_assert_eq(space_renew(space), 0);
	cr_expect_null(module_at(space, data));
	cr_expect_null(space_find(space, (uintptr_t)data)->module);
}

static pid_t started(const char *path)
{
	const char *const argv[] = { path, "60", NULL };
	char link[64], now[BOUND_PATH];
	pid_t pid = fork();
	ssize_t length;
	int tries;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(STDOUT_FILENO);
		execv(path, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	for (tries = 0; tries < 500; tries++) {
		length = readlink(link, now, sizeof(now));
		if (length == (ssize_t)strlen(path) && !memcmp(now, path, (size_t)length))
			break;
		usleep(2000);
	}
	usleep(20000); /* the loader maps libc */
	return pid;
}

static void ended(pid_t pid)
{
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

/* The first executable region of a file whose path ends so, by trying every page of maps. */
static const struct region *code_of(struct space *of, pid_t pid, const char *end)
{
	char path[32], line[512];
	unsigned long start;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	_cleanup_fclose_ FILE *maps = fopen(path, "re");
	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "r-xp") && strstr(line, end) && sscanf(line, "%lx", &start) == 1)
			return space_find(of, start);
	return NULL;
}

static void copy(const char *from, const char *to)
{
	char command[512];

	snprintf(command, sizeof(command), "cp %s %s.new && mv -f %s.new %s", from, to, to, to);
	cr_assert_eq(system(command), 0);
}

Test(space, processes_share_files)
{
	pid_t pids[2] = { started("/usr/bin/sleep"), started("/usr/bin/sleep") };
	struct module *found[2], *libc[2];
	struct space *other;
	int i;

	for (i = 0; i < 2; i++) {
		cr_assert_eq(space_open(modules, pids[i], &other), 0);
		cr_expect_eq(space_pid(other), pids[i]);
		found[i] = region_module(other, code_of(other, pids[i], "/sleep"));
		libc[i] = region_module(other, code_of(other, pids[i], "/libc.so"));
		space_close(other);
		ended(pids[i]);
	}
	cr_assert_not_null(found[0]);
	cr_expect_eq(found[0], found[1]);
	cr_assert_not_null(libc[0]);
	cr_expect_eq(libc[0], libc[1]);
	cr_expect_eq(libc[0], module_at(space, (const void *)(uintptr_t)strtoull));
}

Test(space, deleted_and_replaced)
{
	char path[] = "/tmp/wedge-space-XXXXXX", file[64];
	struct module *module;
	struct space *other;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("map_files is for root");
	cr_assert_not_null(mkdtemp(path));
	snprintf(file, sizeof(file), "%s/sleep", path);
	copy("/usr/bin/sleep", file);
	pid = started(file);
	copy("/usr/bin/env", file); /* another file of that name */
	cr_assert_eq(space_open(modules, pid, &other), 0);
	module = region_module(other, code_of(other, pid, "/sleep (deleted)"));
	cr_assert_not_null(module);
	cr_expect(module->deleted);
	cr_expect_str_eq(module->path, file);
	ended(pid);
	cr_expect_eq(module->elf.bytes[0], 0x7f); /* ours still, though nobody else's */
	space_close(other);
	cr_assert(unlink(file) == 0 && rmdir(path) == 0);
}

/* Without privilege map_files cannot be followed; the same files are found by path. */
Test(space, by_path)
{
	struct module *module;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("already without privilege");
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		struct modules *few;
		struct space *own;

		if (setresuid(65534, 65534, 65534) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0 || modules_create(&few) != 0 ||
		    space_open(few, getpid(), &own) != 0)
			_exit(2);
		module = region_module(own, space_find(own, (uintptr_t)strtoull));
		_exit(module && module->sight == SIGHT_OK && strstr(module->path, "libc") ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}

static void *live_on(void *unused)
{
	(void)unused;
	sleep(60);
	return NULL;
}

Test(space, first_thread_has_ended)
{
	char path[64], state[512];
	struct space *other = NULL;
	pthread_t thread;
	pid_t pid = fork();
	int tries, r = 0;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (pthread_create(&thread, NULL, live_on, NULL) == 0)
			syscall(SYS_exit, 0);
		_exit(1);
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (tries = 0; tries < 500; tries++) {
		_cleanup_fclose_ FILE *stat = fopen(path, "re");
		if (stat && fgets(state, sizeof(state), stat) && strstr(state, ") Z"))
			break;
		usleep(2000);
	}
	r = space_open(modules, pid, &other);
	if (r == 0)
		cr_expect_not_null(module_at(other, (const void *)(uintptr_t)strtoull));
	space_close(other);
	ended(pid);
	cr_assert_eq(r, 0);
}

Test(space, nobody_there)
{
	struct space *other;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0)
		_exit(0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_eq(space_open(modules, pid, &other), SIGHT_GONE);
	if (getpid() != 2 && access("/proc/2/exe", F_OK) != 0 && geteuid() == 0)
		cr_expect_eq(space_open(modules, 2, &other), SIGHT_GONE);
}

Test(space, memory_from_three_places)
{
	static uint64_t heart = UINT64_C(0x1122334455667788);
	uint64_t *untouched = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t stack[64] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct memory_view view = { .space = space, .stack_at = 0x1000, .stack = stack, .stack_length = sizeof(stack) };
	uint64_t word;
	bool live;

	cr_assert_neq(untouched, MAP_FAILED);
	cr_assert_eq(space_renew(space), 0);
	cr_assert(memory_read(&view, 0x1000, &word, sizeof(word), &live));
	cr_expect(word == UINT64_C(0x0807060504030201) && !live);
	cr_expect(!memory_read(&view, 0x1000 + 60, &word, sizeof(word), &live));
	cr_assert(memory_read(&view, (uintptr_t)strtoull, &word, sizeof(word), &live));
	cr_expect(!live && !memcmp(&word, (const void *)(uintptr_t)strtoull, sizeof(word)));
	cr_expect_eq(view.live_reads, 0);
	cr_assert(memory_read(&view, (uintptr_t)&heart, &word, sizeof(word), &live));
	cr_expect(word == heart && live);
	cr_expect_eq(view.live_reads, 1);
	cr_expect(!memory_read(&view, (uintptr_t)untouched, &word, sizeof(word), &live) && !live);
	untouched[0] = 5;
	cr_expect(memory_read(&view, (uintptr_t)untouched, &word, sizeof(word), &live) && word == 5 && live);
	cr_expect(!memory_read(&view, (uintptr_t)untouched + 4092, &word, sizeof(word), &live));
	view.live_reads = BOUND_LIVE_READS;
	cr_expect(!memory_read(&view, (uintptr_t)&heart, &word, sizeof(word), &live));
	cr_expect(!memory_read(&view, UINT64_MAX - 3, &word, sizeof(word), &live));
}
