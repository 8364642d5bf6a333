/* SPDX-License-Identifier: MIT */
#include "stacks/capture.h"

#include <alloca.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "door.h"
#include "identity.h"
#include "stacks/glance.h"
#include "stacks/registers.h"
#include "stacks/restart.h"
#include "stacks/stackcopy.h"

#define MARK UINT64_C(0x5748457265447745)

enum { MARKS = 64 };

/* What a child tells us. */
struct told { _Atomic uint64_t ready, address, result, turns; };

static struct capturer *capturer;
static struct told *told;
static pid_t child;
static struct capture got;
static uint8_t bytes[BOUND_STACK_BYTES];

static void begin(void)
{
	cr_assert_eq(capturer_open(&capturer), 0);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert(told != MAP_FAILED);
}

static void end(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	capturer = capturer_close(capturer);
	cr_assert_null(capturer);
}

static char state_of(pid_t pid, int64_t *start_ticks)
{
	char path[48], text[512] = "";
	struct identity identity = { 0 };
	char *close;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	cr_assert_gt(n, 0);
	cr_assert_eq(identity_parse(text, (size_t)n, &identity), 0);
	if (start_ticks)
		*start_ticks = identity.start_ticks;
	close_range(fd, fd, 0);
	close = strrchr(text, ')');
	return close[2];
}

/* Start it, and wait until it says that it is ready and is in that state. */
static void start(void (*life)(void), char state)
{
	int tries;

	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		life();
		_exit(0);
	}
	for (tries = 0; tries < 500 && !(atomic_load(&told->ready) && state_of(child, NULL) == state); tries++)
		usleep(10000);
	cr_assert_eq(state_of(child, NULL), state);
}

static int keep(void *context, size_t which, const struct capture *capture)
{
	(void)context;

	cr_assert_eq(which, 0);
	got = *capture;
	if (got.stack)
		memcpy(bytes, got.stack, got.stack_length);
	got.stack = bytes;
	return 0;
}

static struct capture_wish wish_of(pid_t pid, enum stop stop, bool held_only)
{
	struct capture_wish wish = { .pid = pid, .tid = pid, .stop = stop, .held_only = held_only };

	state_of(pid, &wish.start_ticks);
	return wish;
}

static void take_wish(const struct capture_wish *wish)
{
	memset(&got, 0, sizeof(got));
	cr_assert_eq(capture(capturer, wish, 1, keep, NULL), 0);
}

static void take(enum stop stop, bool held_only)
{
	const struct capture_wish wish = wish_of(child, stop, held_only);

	take_wish(&wish);
}

static bool in_copy(uint64_t address)
{
	return address >= got.stack_at && address - got.stack_at < got.stack_length;
}

/* Its marks lie where it put them. */
static void marks_check(void)
{
	uint64_t word, i;

	cr_assert_eq(got.sight, SIGHT_OK, "%d %s %d", got.sight, got.detail, got.error);
	cr_assert(got.registers.known & (UINT64_C(1) << REGISTER_STACK));
	cr_assert(got.registers.known & (UINT64_C(1) << REGISTER_PC));
	cr_assert_eq(got.stack_at, got.registers.word[REGISTER_STACK] - RED_ZONE);
	for (i = 0; i < MARKS; i++) {
		cr_assert(in_copy(told->address + 8 * i));
		memcpy(&word, bytes + (told->address + 8 * i - got.stack_at), sizeof(word));
		cr_assert_eq(word, MARK + i);
	}
}

static void mark(uint64_t marks[MARKS])
{
	uint64_t i;

	for (i = 0; i < MARKS; i++)
		((volatile uint64_t *)marks)[i] = MARK + i;
	atomic_store(&told->address, (uintptr_t)marks);
	atomic_store(&told->ready, 1);
}

static bool tracer_exists(void)
{
	char path[64], name[32] = "";
	pid_t pid;
	FILE *file, *comm;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)syscall(SYS_gettid));
	file = fopen(path, "r");
	cr_assert(file);
	while (fscanf(file, "%d", &pid) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		comm = fopen(path, "r");
		if (comm && fgets(name, sizeof(name), comm))
			found = found || strcmp(name, "wedge-tracer\n") == 0;
		if (comm)
			fclose(comm);
	}
	fclose(file);
	return found;
}

/* ---- asleep, awake ------------------------------------------------------------ */

static void sleeper(void)
{
	uint64_t marks[MARKS];

	mark(marks);
	for (;;)
		pause();
}

static void spinner(void)
{
	uint64_t marks[MARKS];

	mark(marks);
	for (;;)
		atomic_fetch_add(&told->turns, 1);
}

Test(capture, a_sleeper_is_read_beside, .init = begin, .fini = end, .timeout = 30)
{
	start(sleeper, 'S');
	take(STOP_AUTO, false);
	marks_check();
	cr_assert_eq(got.way, WAY_UNSTOPPED);
	cr_assert_eq(got.stopped_ns, 0);
	cr_assert(got.could_stop, "pause(2) restarts");
	cr_assert_not(got.registers.known & (UINT64_C(1) << REGISTER_FRAME), "it is not in the syscall file");
	cr_assert_not(tracer_exists());
	take(STOP_NEVER, false);
	marks_check();
	cr_assert_not(got.could_stop);
}

/* As the state probe would have seen it. */
static struct glance glance_of(pid_t pid)
{
	const int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct glance_miss miss;
	struct glancer glancer;
	struct glance glanced;

	cr_assert_eq(glancer_open(proc_fd, pid, pid, &glancer, &miss), 0);
	cr_assert_eq(glance(&glancer, &glanced, &miss), 0);
	cr_assert_not(glancer.by_switches);
	glancer_close(&glancer);
	close(proc_fd);
	return glanced;
}

Test(capture, a_sleeper_that_was_seen_is_not_asked_again, .init = begin, .fini = end, .timeout = 30)
{
	struct capture_wish wish;
	struct glance glanced;

	start(sleeper, 'S');
	glanced = glance_of(child);
	wish = wish_of(child, STOP_AUTO, false);
	wish.asleep = &glanced;
	wish.start_ticks--; /* nobody looks, as long as it has not run */
	take_wish(&wish);
	marks_check();
	cr_assert_eq(got.way, WAY_UNSTOPPED);
	cr_assert(got.could_stop, "pause(2) restarts");
	cr_assert_eq(got.registers.word[REGISTER_STACK], glanced.call.sp);

	glanced.counter[0]--; /* it has run, or is another */
	take_wish(&wish);
	cr_assert_eq(got.sight, SIGHT_GONE);
	wish.start_ticks++;
	take_wish(&wish);
	marks_check();
	glanced.counter[0]++;
	glanced.call.sp += 4096;
	take_wish(&wish);
	marks_check();
	cr_assert_neq(got.registers.word[REGISTER_STACK], glanced.call.sp);
}

Test(capture, a_sleeper_can_be_held, .init = begin, .fini = end, .timeout = 30)
{
	struct registers beside;

	start(sleeper, 'S');
	take(STOP_AUTO, false);
	beside = got.registers;
	take(STOP_AUTO, true);
	marks_check();
	cr_assert_eq(got.way, WAY_STOPPED);
	cr_assert_gt(got.stopped_ns, 0);
	cr_assert(got.registers.known & (UINT64_C(1) << REGISTER_FRAME));
	cr_assert_eq(got.registers.word[REGISTER_STACK], beside.word[REGISTER_STACK]);
	cr_assert_eq(got.registers.word[REGISTER_PC], beside.word[REGISTER_PC]);
	cr_assert_neq(state_of(child, NULL), 't');
}

Test(capture, a_spinner_is_held, .init = begin, .fini = end, .timeout = 30)
{
	uint64_t before;
	int i;

	start(spinner, 'R');
	for (i = 0; i < 100; i++) {
		take(STOP_AUTO, false);
		marks_check();
		cr_assert_eq(got.way, WAY_STOPPED);
	}
	before = atomic_load(&told->turns);
	usleep(50000);
	cr_assert_gt(atomic_load(&told->turns), before, "it runs on");
	cr_assert_eq(state_of(child, NULL), 'R');
}

Test(capture, never_is_never, .init = begin, .fini = end, .timeout = 30)
{
	start(spinner, 'R');
	take(STOP_NEVER, false);
	cr_assert_eq(got.sight, SIGHT_MOVED);
	cr_assert_eq(got.way, WAY_NONE);
	cr_assert_not(got.could_stop);
	take(STOP_NEVER, true);
	cr_assert_eq(got.sight, SIGHT_MOVED);
	cr_assert_not(tracer_exists(), "nobody is there who could call ptrace(2)");
}

Test(capture, another_task_of_that_number_is_not_touched, .init = begin, .fini = end, .timeout = 30)
{
	struct capture_wish wish;

	start(spinner, 'R');
	wish = wish_of(child, STOP_ALWAYS, false);
	wish.start_ticks--;
	cr_assert_eq(capture(capturer, &wish, 1, keep, NULL), 0);
	cr_assert_eq(got.sight, SIGHT_GONE);
	wish = (struct capture_wish){ .pid = 4194303, .tid = 4194303 };
	cr_assert_eq(capture(capturer, &wish, 1, keep, NULL), 0);
	cr_assert_eq(got.sight, SIGHT_GONE);
	cr_assert_not(tracer_exists());
}

/* ---- calls that a stop would end ----------------------------------------------- */

static void poller(void)
{
	struct epoll_event event;
	int epoll = epoll_create1(0);
	uint64_t marks[MARKS];

	mark(marks);
	for (;;)
		if (epoll_wait(epoll, &event, 1, -1) < 0 && errno == EINTR)
			atomic_fetch_add(&told->result, 1);
}

Test(capture, leaves_calls_alone_that_would_return, .init = begin, .fini = end, .timeout = 30)
{
	start(poller, 'S');
	take(STOP_AUTO, false);
	marks_check();
	cr_assert_not(got.could_stop);
	take(STOP_AUTO, true);
	cr_assert_eq(got.sight, SIGHT_MOVED);
	cr_assert_eq(got.stopped_ns, 0);
	cr_assert_eq(atomic_load(&told->result), 0);
	take(STOP_ALWAYS, true);
	marks_check();
	usleep(20000);
	cr_assert_eq(atomic_load(&told->result), 1);
}

static void reader(void)
{
	uint64_t marks[MARKS];
	int ends[2];

	if (pipe(ends) < 0)
		_exit(1);
	mark(marks);
	atomic_store(&told->result, (uint64_t)read(ends[0], marks, 1));
}

Test(capture, a_read_goes_on, .init = begin, .fini = end, .timeout = 30)
{
	start(reader, 'S');
	atomic_store(&told->result, 7);
	take(STOP_AUTO, true);
	marks_check();
	usleep(20000);
	cr_assert_eq(state_of(child, NULL), 'S');
	cr_assert_eq(atomic_load(&told->result), 7, "it still reads");
}

Test(restart, calls)
{
	static const long good[] = { SYS_nanosleep, SYS_clock_nanosleep, SYS_ppoll, SYS_wait4, SYS_flock };
	static const long bad[] = {
		SYS_epoll_pwait, SYS_semop, SYS_semtimedop, SYS_rt_sigtimedwait, SYS_recvfrom, SYS_recvmsg,
		SYS_io_getevents, SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg, SYS_accept, SYS_connect,
		SYS_ioctl, SYS_splice, 425 /* io_uring_setup */, 426, 441 /* epoll_pwait2 */, 9999,
	};
	struct call call = { 0 };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		call.number = (int32_t)good[i];
		cr_assert(call_restarts(&call), "%ld", good[i]);
		cr_assert_eq(call_descriptor(&call), -1);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		call.number = (int32_t)bad[i];
		cr_assert_not(call_restarts(&call), "%ld", bad[i]);
		cr_assert_eq(call_descriptor(&call), -1);
	}
	call.number = SYS_futex;
	call.args[1] = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
	cr_assert(call_restarts(&call));
	call.args[1] = FUTEX_WAIT_REQUEUE_PI | FUTEX_PRIVATE_FLAG;
	cr_assert_not(call_restarts(&call));
	call.number = CALL_UNSEEN;
	cr_assert_not(call_restarts(&call));
	call.number = CALL_RUNNING;
	cr_assert(call_restarts(&call));
	call.number = SYS_read;
	call.args[0] = 5;
	cr_assert_not(call_restarts(&call));
	cr_assert_eq(call_descriptor(&call), 5);
	cr_assert(read_restarts("pipe:[1]"));
	cr_assert(read_restarts("/dev/pts/3"));
	cr_assert_not(read_restarts("socket:[1]"));
	cr_assert_not(read_restarts("/tmp/fifo"));
	cr_assert_not(read_restarts(""));
}

/* ---- stopped, traced, D, gone --------------------------------------------------- */

Test(capture, a_stopped_task_stays_stopped, .init = begin, .fini = end, .timeout = 30)
{
	int status;

	start(sleeper, 'S');
	kill(child, SIGSTOP);
	cr_assert_eq(waitpid(child, &status, WUNTRACED), child);
	take(STOP_AUTO, false);
	marks_check();
	cr_assert_eq(got.way, WAY_UNSTOPPED);
	take(STOP_AUTO, true);
	marks_check();
	cr_assert_eq(got.way, WAY_STOPPED);
	usleep(20000);
	cr_assert_eq(state_of(child, NULL), 'T');
	kill(child, SIGCONT);
	usleep(20000);
	cr_assert_eq(state_of(child, NULL), 'S');
}

Test(capture, another_tracer_keeps_its_task, .init = begin, .fini = end, .timeout = 30)
{
	int status;

	start(spinner, 'R');
	cr_assert_eq(ptrace(PTRACE_SEIZE, child, 0, 0), 0);
	take(STOP_AUTO, false);
	cr_assert_eq(got.sight, SIGHT_DENIED);
	cr_assert_str_eq(got.detail, "tracer");
	cr_assert_eq(ptrace(PTRACE_INTERRUPT, child, 0, 0), 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(state_of(child, NULL), 't');
	take(STOP_AUTO, false);
	marks_check();
	cr_assert_eq(got.way, WAY_UNSTOPPED);
	cr_assert_not(got.could_stop);
	cr_assert_eq(ptrace(PTRACE_DETACH, child, 0, 0), 0);
	take(STOP_AUTO, false);
	marks_check();
}

static void vfork_parent(void)
{
	uint64_t marks[MARKS];

	mark(marks);
	/* Through the call itself: vfork(3) would have to return twice into this frame. */
	if (syscall(SYS_clone, 0x4000 /* CLONE_VFORK */ | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
		usleep(3000000);
		_exit(0);
	}
}

Test(capture, a_task_in_d_is_never_held, .init = begin, .fini = end, .timeout = 30)
{
	start(vfork_parent, 'D');
	take(STOP_ALWAYS, false);
	marks_check();
	cr_assert_eq(got.way, WAY_UNSTOPPED);
	cr_assert_not(got.could_stop);
	take(STOP_ALWAYS, true);
	cr_assert_eq(got.sight, SIGHT_MOVED);
	cr_assert_eq(state_of(child, NULL), 'D');
}

Test(capture, what_has_no_stack, .init = begin, .fini = end, .timeout = 30)
{
	const struct capture_wish thread = wish_of(2, STOP_ALWAYS, false);

	child = fork();
	if (child == 0)
		_exit(0);
	while (state_of(child, NULL) != 'Z')
		usleep(1000);
	take(STOP_ALWAYS, false);
	cr_assert_eq(got.sight, SIGHT_OK);
	cr_assert_eq(got.way, WAY_NONE);
	if (access("/proc/2/exe", F_OK) == 0 || state_of(2, NULL) == 0)
		cr_skip_test("no kernel threads here");
	cr_assert_eq(capture(capturer, &thread, 1, keep, NULL), 0);
	cr_assert_eq(got.sight, SIGHT_OK);
	cr_assert_eq(got.way, WAY_NONE);
}

/* ---- signals ---------------------------------------------------------------------- */

static void count_signal(int number)
{
	(void)number;
	atomic_fetch_add(&told->result, 1);
}

static void catcher(void)
{
	struct sigaction action = { .sa_handler = count_signal };

	sigaction(SIGRTMIN, &action, NULL);
	atomic_store(&told->ready, 1);
	for (;;)
		atomic_fetch_add(&told->turns, 1);
}

Test(capture, signals_are_delivered, .init = begin, .fini = end, .timeout = 60)
{
	pid_t sender;
	int i, status;

	start(catcher, 'R');
	sender = fork();
	if (sender == 0) {
		for (i = 0; i < 1000; i++) {
			kill(child, SIGRTMIN);
			usleep(50);
		}
		_exit(0);
	}
	while (waitpid(sender, &status, WNOHANG) == 0)
		take(STOP_AUTO, false);
	usleep(50000);
	cr_assert_eq(atomic_load(&told->result), 1000, "%d", (int)atomic_load(&told->result));
	cr_assert_eq(state_of(child, NULL), 'R');
}

/* ---- odd stacks -------------------------------------------------------------------- */

static void holed(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t marks[MARKS];
	volatile char *hole;

	mark(marks);
	hole = alloca(12 * page);
	hole[0] = 1;
	for (;;)
		pause();
}

Test(capture, pages_that_are_not_there, .init = begin, .fini = end, .timeout = 30)
{
	size_t i, run = 0, longest = 0;

	start(holed, 'S');
	take(STOP_AUTO, false);
	marks_check();
	cr_assert_gt(told->address - got.registers.word[REGISTER_STACK], 40000);
	for (i = 0; i < got.stack_length; i++) {
		run = bytes[i] == STACK_HOLE ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	cr_assert_geq(longest, 9 * 4096);
	cr_assert_eq(longest % 4096, 0);
}

#if defined(__x86_64__)
/* Asleep in pause(2) with this stack pointer. */
static void __attribute__((__noreturn__)) asleep_at(uint64_t pointer)
{
	atomic_store(&told->ready, 1);
	__asm__ volatile("mov %0, %%rsp\n1: mov %1, %%eax\nsyscall\njmp 1b" : : "r"(pointer), "i"(SYS_pause) : "memory");
	__builtin_unreachable();
}

static uint64_t pointer;

static void strayed(void)
{
	asleep_at(pointer);
}

/* Room on all sides; the start of its last page but one. */
static uint64_t huge(void)
{
	const size_t most = (size_t)64 << 40;
	uint8_t *space = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (space == MAP_FAILED)
		cr_skip_test("no 64 TB here");
	return (uint64_t)(uintptr_t)space + most / 2;
}

static void strayed_huge(void)
{
	memset((void *)pointer, 'x', BOUND_STACK_BYTES + 65536);
	asleep_at(pointer);
}

Test(capture, stack_pointers_gone_astray, .init = begin, .fini = end, .timeout = 60)
{
	static const struct { uint64_t pointer; bool deadly; } strays[] = {
		{ 0, false }, { 8, false }, { 127, false }, { 4096, false }, { UINT64_C(0x700000000000), false },
		{ UINT64_C(0xffffffffff600000), false }, { UINT64_MAX, false }, { UINT64_MAX - 200, false },
		/* no return from an interrupt takes these */
		{ UINT64_C(0x800000000000), true }, { UINT64_C(0x8000000000000000), true },
	};
	size_t i;

	for (i = 0; i < sizeof(strays) / sizeof(*strays); i++) {
		pointer = strays[i].pointer;
		atomic_store(&told->ready, 0);
		start(strayed, 'S');
		usleep(20000);
		take(STOP_AUTO, false);
		cr_assert_eq(got.sight, SIGHT_OK, "%lx: %d %s %d", pointer, got.sight, got.detail, got.error);
		cr_assert_eq(got.registers.word[REGISTER_STACK], pointer);
		cr_assert_eq(got.stack_length, 0, "%lx: %zu", pointer, got.stack_length);
		cr_assert_eq(got.could_stop, !strays[i].deadly);
		take(STOP_ALWAYS, true);
		cr_assert_eq(got.sight, strays[i].deadly ? SIGHT_MOVED : SIGHT_OK);
		cr_assert_eq(got.way, strays[i].deadly ? WAY_NONE : WAY_STOPPED);
		cr_assert_eq(got.stack_length, 0);
		usleep(10000);
		cr_assert_eq(state_of(child, NULL), 'S', "%lx: it goes on", pointer);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
}

Test(capture, a_stack_without_end, .init = begin, .fini = end, .timeout = 60)
{
	struct capture_wish wish;

	pointer = huge();
	start(strayed_huge, 'S');
	usleep(20000);
	take(STOP_AUTO, false);
	cr_assert_eq(got.sight, SIGHT_OK);
	cr_assert_leq(got.stack_length, BOUND_STACK_STEP);
	cr_assert_gt(got.stack_length, BOUND_STACK_STEP / 2);
	cr_assert(got.cut);
	wish = wish_of(child, STOP_AUTO, true);
	wish.deep = true;
	cr_assert_eq(capture(capturer, &wish, 1, keep, NULL), 0);
	cr_assert_eq(got.way, WAY_STOPPED);
	cr_assert_leq(got.stack_length, BOUND_STACK_BYTES);
	cr_assert_gt(got.stack_length, BOUND_STACK_BYTES / 2);
	cr_assert(got.cut);
	cr_assert_eq(bytes[got.stack_length - 1], 'x');
}

/* In 32-bit code of a 64-bit process, for ever. */
static void narrow(void)
{
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (code == MAP_FAILED)
		_exit(1);
	memcpy(code, "\xeb\xfe", 2); /* jmp . */
	signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would have no way out of it */
	atomic_store(&told->ready, 1);
	__asm__ volatile("push $0x23\npush %0\nlretq" : : "r"(code));
}

/* Some virtual machines have no such segment, whatever the kernel was built with. */
static bool narrow_runs(void)
{
	const pid_t pid = fork();
	int status = 0;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		alarm(1);
		narrow();
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	atomic_store(&told->ready, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
}

Test(capture, programs_of_another_width, .init = begin, .fini = end, .timeout = 30)
{
	if (!narrow_runs())
		cr_skip_test("this machine does not run 32-bit code");
	start(narrow, 'R');
	take(STOP_AUTO, false);
	cr_assert_eq(got.sight, SIGHT_UNSUPPORTED);
	cr_assert_str_eq(got.detail, "registers");
	cr_assert_eq(state_of(child, NULL), 'R', "it was let go all the same");
}
#endif

/* ---- registers ------------------------------------------------------------------------ */

Test(registers, of_a_call)
{
	struct call call = { .number = 0, .args = { 10, 11, 12, 13, 14, 15 }, .sp = 16, .pc = 17 };
	struct registers registers;

	registers_of_call(&call, &registers);
	cr_assert_eq(__builtin_popcountll(registers.known), 8);
	cr_assert_eq(registers.word[REGISTER_STACK], 16);
	cr_assert_eq(registers.word[REGISTER_PC], 17);
#if defined(__x86_64__)
	cr_assert_eq(registers.word[5], 10, "rdi");
	cr_assert_eq(registers.word[10], 13, "r10");
#endif
	call.number = CALL_OUTSIDE;
	registers_of_call(&call, &registers);
	cr_assert_eq(__builtin_popcountll(registers.known), 2);
}

Test(registers, of_a_set)
{
	struct user_regs_struct set = { 0 };
	struct registers registers;

	cr_assert_eq(registers_of_set(&set, sizeof(set) - 1, &registers), SIGHT_UNSUPPORTED);
	cr_assert_eq(registers_of_set(&set, 68, &registers), SIGHT_UNSUPPORTED);
	cr_assert_eq(registers.known, 0);
#if defined(__x86_64__)
	set.rbp = 6;
	set.rsp = 7;
	set.rip = 16;
	set.rbx = 3;
	set.rdi = 5;
	cr_assert_eq(registers_of_set(&set, sizeof(set), &registers), 0);
	cr_assert_eq(__builtin_popcountll(registers.known), 17);
	cr_assert_eq(registers.word[6], 6);
	cr_assert_eq(registers.word[7], 7);
	cr_assert_eq(registers.word[16], 16);
	cr_assert_eq(registers.word[3], 3);
	cr_assert_eq(registers.word[5], 5);
#endif
}
