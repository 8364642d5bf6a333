/* SPDX-License-Identifier: MIT */
#include "errand.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bounds.h"
#include "door.h"

#define MS INT64_C(1000000)
#define NO_DEADLINE INT64_MAX

enum { ITEM_MS = 100, ITEMS = 8, KEPT = 64 };

/* A record, and what the errand was told to do about each item. */
struct note { uint32_t item, number; };
enum deed { DEED_NOTE, DEED_CRASH, DEED_HANG, DEED_SPIN, DEED_EXIT, DEED_STOPPED, DEED_SCRIBBLE, DEED_RESULT };

struct shared { _Atomic pid_t pid; _Atomic int descriptors; char comm[32]; };

static struct door *door;
static struct shared *shared;
static enum deed deeds[ITEMS];
static struct note kept[KEPT];
static unsigned kept_count, lost_count;
static struct { uint32_t item; int sight; } losses[KEPT];
static int take_result;

static void begin(void)
{
	cr_assert_eq(door_open("/proc", &door), 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert(shared != MAP_FAILED);
}

static void end(void)
{
	door = door_close(door);
}

static bool gone(pid_t pid)
{
	int tries;

	for (tries = 0; tries < 200; tries++) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return true;
		usleep(10000);
	}
	return false;
}

static void deed_do(struct tray *tray, enum deed deed)
{
	volatile uint64_t turns = 0;

	switch (deed) {
	case DEED_CRASH:
		*(volatile char *)mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
		break;
	case DEED_HANG:
		pause();
		break;
	case DEED_SPIN:
		for (;;)
			turns++;
	case DEED_EXIT:
		_exit(0);
	case DEED_STOPPED:
		kill(getpid(), SIGSTOP);
		break;
	case DEED_SCRIBBLE:
		memset((void *)tray, 0xff, 4096);
		for (;;)
			pause();
	default:
		break;
	}
}

static int work(void *context, struct tray *tray, uint32_t from)
{
	struct note note;
	uint32_t i;
	(void)context;

	atomic_store(&shared->pid, getpid());
	for (i = from; i < ITEMS; i++) {
		tray_begin(tray, i);
		note = (struct note){ i, 0 };
		tray_put(tray, &note, sizeof(note));
		deed_do(tray, deeds[i]);
		if (deeds[i] == DEED_RESULT)
			return -ENOMEM;
		note.number = 1;
		tray_put(tray, &note, sizeof(note));
	}
	return 0;
}

static int take(void *context, const void *record, size_t length)
{
	(void)context;

	cr_assert_eq(length, sizeof(struct note));
	if (kept_count < KEPT)
		memcpy(&kept[kept_count++], record, length);
	return take_result;
}

static uint32_t lost(void *context, uint32_t item, int sight)
{
	(void)context;

	cr_assert_lt(lost_count, KEPT);
	losses[lost_count].item = item;
	losses[lost_count++].sight = sight;
	return item + 1;
}

static const struct errand plain = {
	.name = "wedge-stacks", .count = ITEMS, .item_ms = ITEM_MS, .deadline_ns = NO_DEADLINE,
	.work = work, .take = take, .lost = lost,
};

/* Every note of items without a deed came, twice, in order; of the others the first. */
static void notes_check(void)
{
	uint32_t i, at = 0;

	for (i = 0; i < ITEMS; i++) {
		cr_assert_lt(at, kept_count);
		cr_assert_eq(kept[at].item, i);
		cr_assert_eq(kept[at++].number, 0);
		if (deeds[i] == DEED_NOTE) {
			cr_assert_lt(at, kept_count);
			cr_assert_eq(kept[at].item, i);
			cr_assert_eq(kept[at++].number, 1);
		}
	}
	cr_assert_eq(at, kept_count);
}

Test(errand, keeps_the_order, .init = begin, .fini = end, .timeout = 30)
{
	cr_assert_eq(door_errand(door, &plain), 0);
	cr_assert_eq(lost_count, 0);
	notes_check();
	cr_assert(gone(shared->pid), "nobody stays behind");
	cr_assert_gt(door_helper_cpu_ns(door), 0);
	cr_assert_eq(wait4(-1, NULL, WNOHANG | __WALL, NULL), -1);
	cr_assert_eq(errno, ECHILD);
}

Test(errand, goes_on_behind_a_crash, .init = begin, .fini = end, .timeout = 30)
{
	deeds[0] = deeds[3] = DEED_CRASH;
	deeds[7] = DEED_EXIT;
	cr_assert_eq(door_errand(door, &plain), 0);
	notes_check();
	cr_assert_eq(lost_count, 3);
	cr_assert_eq(losses[0].item, 0);
	cr_assert_eq(losses[1].item, 3);
	cr_assert_eq(losses[2].item, 7);
	cr_assert_eq(losses[0].sight, SIGHT_STRANGE);
	cr_assert_eq(losses[2].sight, SIGHT_STRANGE);
}

Test(errand, gives_up_what_hangs, .init = begin, .fini = end, .timeout = 30)
{
	int64_t began_ns = door_now_ns(), spent_ms;

	deeds[2] = DEED_HANG;
	deeds[5] = DEED_STOPPED;
	cr_assert_eq(door_errand(door, &plain), 0);
	spent_ms = (door_now_ns() - began_ns) / MS;
	notes_check();
	cr_assert_eq(lost_count, 2);
	cr_assert_eq(losses[0].item, 2);
	cr_assert_eq(losses[0].sight, SIGHT_TIMEOUT);
	cr_assert_eq(losses[1].item, 5);
	cr_assert_eq(losses[1].sight, SIGHT_TIMEOUT);
	cr_assert_geq(spent_ms, 2 * ITEM_MS);
	cr_assert_lt(spent_ms, 20 * ITEM_MS);
}

Test(errand, is_patient_with_what_runs, .init = begin, .fini = end, .timeout = 30)
{
	int64_t began_ns = door_now_ns(), spent_ms;

	deeds[4] = DEED_SPIN;
	cr_assert_eq(door_errand(door, &plain), 0);
	spent_ms = (door_now_ns() - began_ns) / MS;
	notes_check();
	cr_assert_eq(lost_count, 1);
	cr_assert_eq(losses[0].item, 4);
	cr_assert_eq(losses[0].sight, SIGHT_TIMEOUT);
	cr_assert_geq(spent_ms, 8 * ITEM_MS, "%d ms", (int)spent_ms);
}

static int killer_take(void *context, const void *record, size_t length)
{
	const struct note *note = record;

	take(context, record, length);
	if (note->item == 1 && note->number == 0)
		kill(shared->pid, SIGKILL);
	return 0;
}

Test(errand, notices_that_it_was_killed, .init = begin, .fini = end, .timeout = 30)
{
	struct errand errand = plain;
	int64_t began_ns = door_now_ns();

	errand.take = killer_take;
	errand.item_ms = 10000;
	deeds[1] = DEED_HANG;
	cr_assert_eq(door_errand(door, &errand), 0);
	notes_check();
	cr_assert_eq(lost_count, 1);
	cr_assert_eq(losses[0].item, 1);
	cr_assert_eq(losses[0].sight, SIGHT_STRANGE);
	cr_assert_lt(door_now_ns() - began_ns, 5000 * MS);
}

Test(errand, ends_at_the_deadline, .init = begin, .fini = end, .timeout = 30)
{
	struct errand errand = plain;

	errand.item_ms = 10000;
	errand.deadline_ns = door_now_ns() + 100 * MS;
	deeds[3] = DEED_HANG;
	cr_assert_eq(door_errand(door, &errand), 0);
	cr_assert_lt(door_now_ns() - errand.deadline_ns, 5000 * MS);
	cr_assert_eq(lost_count, 1);
	cr_assert_eq(losses[0].item, 3);
	cr_assert_eq(losses[0].sight, SIGHT_CUT);
	cr_assert_eq(kept_count, 7);
	cr_assert(gone(shared->pid) || door_is_helper(door, shared->pid));

	/* The second finds it passed. */
	cr_assert_eq(door_errand(door, &errand), 0);
	cr_assert_eq(losses[1].item, 0);
	cr_assert_eq(losses[1].sight, SIGHT_CUT);
	cr_assert_eq(kept_count, 7);
}

Test(errand, gives_up_after_many_losses, .init = begin, .fini = end, .timeout = 60)
{
	unsigned i, crashes = 0;

	for (i = 0; i < ITEMS; i++)
		deeds[i] = DEED_CRASH;
	for (i = 0; i < 6; i++) {
		lost_count = 0;
		cr_assert_eq(door_errand(door, &plain), 0);
		crashes += losses[0].sight == SIGHT_STRANGE ? lost_count : 0;
	}
	cr_assert_eq(crashes, BOUND_HELPERS_LOST);
	cr_assert_eq(losses[0].sight, SIGHT_CUT);
	cr_assert_eq(losses[0].item, 0);
}

Test(errand, does_not_believe_its_pages, .init = begin, .fini = end, .timeout = 30)
{
	deeds[2] = DEED_SCRIBBLE;
	cr_assert_eq(door_errand(door, &plain), 0);
	cr_assert_geq(lost_count, 1);
	cr_assert_eq(losses[0].sight, SIGHT_STRANGE);
	cr_assert_lt(losses[0].item, ITEMS);
	cr_assert_eq(kept[kept_count - 1].item, ITEMS - 1, "a new one went on");
}

Test(errand, hands_on_results, .init = begin, .fini = end, .timeout = 30)
{
	struct errand errand = plain;

	deeds[1] = DEED_RESULT;
	cr_assert_eq(door_errand(door, &errand), -ENOMEM);
	cr_assert_eq(kept_count, 3);
	cr_assert_eq(lost_count, 0);
	take_result = 7;
	kept_count = 0;
	cr_assert_eq(door_errand(door, &errand), 7);
	cr_assert_eq(kept_count, 1);
	errand.count = 0;
	cr_assert_eq(door_errand(door, &errand), 0);
}

/* ---- records that do not fit ------------------------------------------------- */

enum { BIG = 200 };

static size_t big_length(uint32_t number)
{
	return number % 3 == 0 ? TRAY_RECORD : number % 3 == 1 ? 0 : number * 977 % TRAY_RECORD;
}

static int big_work(void *context, struct tray *tray, uint32_t from)
{
	unsigned char *bytes = malloc(TRAY_RECORD);
	uint32_t i;
	(void)context;

	for (i = from; i < BIG; i++) {
		memset(bytes, (int)i, TRAY_RECORD);
		tray_begin(tray, i);
		tray_put(tray, bytes, big_length(i));
	}
	free(bytes);
	return 0;
}

static int big_take(void *context, const void *record, size_t length)
{
	const unsigned char *bytes = record;
	size_t i;
	(void)context;

	if (kept_count % 50 == 20)
		usleep(3 * ITEM_MS * 1000); /* its clock stands while it waits for us */
	cr_assert_eq(length, big_length(kept_count));
	for (i = 0; i < length; i++)
		cr_assert_eq(bytes[i], (unsigned char)kept_count);
	kept_count++;
	return 0;
}

Test(errand, waits_for_room, .init = begin, .fini = end, .timeout = 60)
{
	struct errand errand = plain;

	errand.count = BIG;
	errand.work = big_work;
	errand.take = big_take;
	cr_assert_eq(door_errand(door, &errand), 0);
	cr_assert_eq(lost_count, 0);
	cr_assert_eq(kept_count, BIG);
}

static int too_big_work(void *context, struct tray *tray, uint32_t from)
{
	static unsigned char bytes[TRAY_RECORD + 1];
	(void)context;

	tray_begin(tray, from);
	tray_put(tray, bytes, sizeof(bytes));
	return 0;
}

Test(errand, takes_nothing_too_big, .init = begin, .fini = end, .timeout = 30)
{
	struct errand errand = plain;

	errand.work = too_big_work;
	errand.count = 1;
	cr_assert_eq(door_errand(door, &errand), 0);
	cr_assert_eq(lost_count, 1);
	cr_assert_eq(losses[0].sight, SIGHT_STRANGE);
	cr_assert_eq(kept_count, 0);
}

/* ---- its life ------------------------------------------------------------------ */

static int sleeper_work(void *context, struct tray *tray, uint32_t from)
{
	struct note note = { from, 0 };
	(void)context;

	tray_begin(tray, from);
	tray_put(tray, &note, sizeof(note));
	tray_sleep(tray, door_now_ns() + 3 * ITEM_MS * MS);
	note.number = 1;
	tray_put(tray, &note, sizeof(note));
	return 0;
}

Test(errand, may_sleep, .init = begin, .fini = end, .timeout = 30)
{
	struct errand errand = plain;
	int64_t began_ns = door_now_ns();

	errand.work = sleeper_work;
	cr_assert_eq(door_errand(door, &errand), 0);
	cr_assert_eq(lost_count, 0);
	cr_assert_eq(kept_count, 2);
	cr_assert_geq(door_now_ns() - began_ns, 3 * ITEM_MS * MS);
}

static int look_work(void *context, struct tray *tray, uint32_t from)
{
	int fd, count = 0, signal;
	(void)context;
	(void)tray;
	(void)from;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	atomic_store(&shared->descriptors, count);
	prctl(PR_GET_NAME, shared->comm);
	prctl(PR_GET_PDEATHSIG, &signal);
	return signal == SIGKILL ? 0 : -ENOSPC;
}

Test(errand, holds_nothing_of_ours, .init = begin, .fini = end, .timeout = 30)
{
	struct errand errand = plain;
	int fd = open("/", O_RDONLY), beyond = dup2(fd, 200);

	cr_assert_eq(beyond, 200);
	errand.work = look_work;
	cr_assert_eq(door_errand(door, &errand), 0);
	cr_assert_eq(atomic_load(&shared->descriptors), 4, "the null device thrice, and /proc");
	cr_assert_str_eq(shared->comm, "wedge-stacks");
}

Test(errand, dies_with_us, .init = begin, .fini = end, .timeout = 30)
{
	struct errand errand = plain;
	pid_t middle = fork();

	errand.item_ms = 60000;
	deeds[0] = DEED_HANG;
	if (middle == 0) {
		door_errand(door, &errand);
		_exit(0);
	}
	while (!atomic_load(&shared->pid))
		usleep(1000);
	cr_assert_eq(kill(shared->pid, 0), 0);
	kill(middle, SIGKILL);
	cr_assert_eq(waitpid(middle, NULL, 0), middle);
	cr_assert(gone(shared->pid));
}

static int nested_take(void *context, const void *record, size_t length)
{
	take(context, record, length);
	return door_errand(door, &plain) == -EBUSY ? 0 : 9;
}

Test(errand, is_one_at_a_time, .init = begin, .fini = end, .timeout = 30)
{
	struct errand errand = plain;

	errand.take = nested_take;
	cr_assert_eq(door_errand(door, &errand), 0);
	notes_check();
}
