/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "maps.h"
#include "tree.h"

#define FUTEXES (PROBE_BIT(PROBE_HOST) | PROBE_BIT(PROBE_STATE) | PROBE_BIT(PROBE_FUTEXES))

/* ---- /proc/PID/maps -------------------------------------------------------- */

Test(maps, lines)
{
	static const char text[] =
		"55f0c8a00000-55f0c8a21000 r--p 00000000 fe:01 131                        /usr/bin/cat\n"
		"7f2bd0a00000-7f2bd0a21000 rw-s 00003000 00:01 2051                       /dev/zero (deleted)\n"
		"7ffc9d1ab000-7ffc9d1cc000 rw-p 00000000 00:00 0                          [stack]\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";
	struct scan scan = scan_begin(text, strlen(text));
	struct mapping mapping;

	cr_assert(mapping_next(&scan, &mapping));
	cr_expect_eq(mapping.start, 0x55f0c8a00000);
	cr_expect_eq(mapping.end, 0x55f0c8a21000);
	cr_expect_eq(mapping.device, 0xfeULL << 20 | 1);
	cr_expect_eq(mapping.inode, 131);
	cr_expect_not(mapping.shared);
	cr_assert(mapping_next(&scan, &mapping));
	cr_expect(mapping.shared);
	cr_expect_eq(mapping.offset, 0x3000);
	cr_expect_eq(mapping.inode, 2051);
	cr_assert(mapping_next(&scan, &mapping));
	cr_expect_eq(mapping.inode, 0);
	cr_assert(mapping_next(&scan, &mapping));
	cr_expect_eq(mapping.start, 0xffffffffff600000);
	cr_expect_not(mapping_next(&scan, &mapping));
}

Test(maps, what_is_no_line)
{
	static const char *const texts[] = {
		"", "\n", "x\n", "1-2\n", "1-2 rw-s\n", "1-2 rw-s 0 0:0\n", "2-1 rw-s 0 0:0 0\n", "1-1 rw-s 0 0:0 0\n",
		"1 2 rw-s 0 0:0 0\n", "1-2 rw\n", "1-2  rw-s 0 0:0 0\n",
	};
	struct mapping mapping;
	struct scan scan;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		scan = scan_begin(texts[i], strlen(texts[i]));
		cr_expect_not(mapping_next(&scan, &mapping), "%s", texts[i]);
	}
	scan = scan_begin("junk\n1-2 rw-s 0 0:0 0", 21);
	cr_expect(mapping_next(&scan, &mapping));
}

/* ---- words ----------------------------------------------------------------- */

static uint32_t own_word = 7;

static void wait_for(uint32_t *word, int op)
{
	for (;;)
		syscall(SYS_futex, word, op, *word, NULL, NULL, 0);
}

static const struct object *word_at(uint64_t space, uint64_t name)
{
	const struct object_ix at =
		snapshot_find_object(&tree.snapshot, OBJECT_FUTEX, (struct object_key){ space, name });

	return at.at == NO_ROW ? NULL : object_at(&tree.snapshot, at);
}

static const struct hold *hold_of(const struct object *object, pid_t pid, bool waiter)
{
	uint32_t i;

	for (i = 0; i < tree.snapshot.holds.count; i++) {
		const struct hold *hold = &tree.snapshot.holds.row[i];

		if (object_at(&tree.snapshot, hold->object) == object &&
		    process_at(&tree.snapshot, hold->process)->pid == pid && (hold->task.at != NO_ROW) == waiter)
			return hold;
	}
	return NULL;
}

static pid_t waiter_on(uint32_t *word, int op)
{
	const pid_t pid = tree_fork();

	if (pid == 0) {
		tree_tell(getpid());
		wait_for(word, op);
	}
	cr_assert_eq(tree_hear(), pid);
	tree_settle(pid, pid, "futex");
	return pid;
}

static void is_private_word(const struct object *object, pid_t pid)
{
	char label[32];

	cr_assert(object);
	cr_expect_eq(object->cover, COVER_MACHINE);
	cr_expect_eq(object->at[LOOK_T0].word, 7);
	cr_expect_eq(object->at[LOOK_T1].word, 7);
	cr_expect_eq(object->at[LOOK_T1].sight, SIGHT_OK);
	snprintf(label, sizeof(label), "futex 0x%lx", (unsigned long)&own_word);
	cr_expect_str_eq(tree_text(object->label), label);
	cr_assert(hold_of(object, pid, false));
	cr_expect_eq(hold_of(object, pid, false)->looks, 3);
	cr_expect_eq(hold_of(object, pid, false)->role, ROLE_MAPS);
	cr_expect_eq(tree.snapshot.holds.count, 1);
	cr_expect_eq(tree_gaps("maps", SIGHT_DENIED) + tree_gaps("memory", SIGHT_DENIED), 0);
}

Test(futexes, a_private_word, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = waiter_on(&own_word, FUTEX_WAIT_PRIVATE);

	tree_target(pid);
	tree_look(LOOK_T0, FUTEXES);
	tree_look(LOOK_T1, FUTEXES);
	is_private_word(word_at((uint64_t)pid << 32, (uintptr_t)&own_word), pid);
}

Test(futexes, a_word_that_might_be_shared_and_is_not, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = waiter_on(&own_word, FUTEX_WAIT);

	tree_target(pid);
	tree_look(LOOK_T0, FUTEXES);
	tree_look(LOOK_T1, FUTEXES);
	is_private_word(word_at((uint64_t)pid << 32, (uintptr_t)&own_word), pid);
}

static pid_t family(uint32_t *word, pid_t *waiter, pid_t *second, pid_t *other)
{
	const pid_t pid = tree_fork();
	pid_t child;

	if (pid == 0) {
		child = tree_fork();
		if (child == 0) {
			tree_tell(getpid());
			wait_for(word, FUTEX_WAIT);
		}
		tree_settle(child, child, "futex"); /* so that they tell in this order */
		child = tree_fork();
		if (child == 0) {
			/* The same page elsewhere. */
			word = mremap(word, 0, 4096, MREMAP_MAYMOVE);
			tree_tell(getpid());
			wait_for(word, FUTEX_WAIT);
		}
		tree_settle(child, child, "futex");
		if (tree_fork() == 0) {
			munmap(word, 4096);
			tree_stay();
		}
		for (;;)
			pause();
	}
	*waiter = tree_hear();
	*second = tree_hear();
	*other = tree_hear();
	tree_settle(*waiter, *waiter, "futex");
	tree_settle(*second, *second, "futex");
	return pid;
}

Test(futexes, a_shared_word_and_all_who_map_it, .init = tree_live, .fini = tree_end)
{
	uint32_t *word = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, waiter, second, other;
	const struct object *object;

	cr_assert_neq(word, MAP_FAILED);
	word[1] = 5;
	pid = family(word, &waiter, &second, &other);
	tree_target(pid);
	tree_look(LOOK_T0, FUTEXES);
	tree_look(LOOK_T1, FUTEXES);
	cr_assert_eq(tree.snapshot.objects.count, 1);
	object = &tree.snapshot.objects.row[0];
	cr_expect_eq(object->kind, OBJECT_FUTEX);
	cr_expect_eq(object->cover, COVER_TREE);
	cr_expect_eq(object->at[LOOK_T0].word, 0);
	cr_expect(hold_of(object, waiter, true));
	cr_expect(hold_of(object, second, true));
	cr_assert(hold_of(object, pid, false));
	cr_expect_eq(hold_of(object, pid, false)->looks, 3);
	cr_expect_null(hold_of(object, pid, true));
	cr_expect_null(hold_of(object, other, false));
	cr_expect_eq(tree_gaps("maps", SIGHT_DENIED) + tree_gaps("memory", SIGHT_DENIED), 0);
}

Test(futexes, maps_that_may_not_be_read, .init = tree_live, .fini = tree_end)
{
	uint32_t *word = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, waiter, second, other;

	cr_assert_neq(word, MAP_FAILED);
	pid = family(word, &waiter, &second, &other);
	door_inject(tree.door, "/maps", EACCES);
	tree_target(pid);
	tree_look(LOOK_T0, FUTEXES);
	tree_look(LOOK_T1, FUTEXES);
	cr_expect_eq(tree.snapshot.objects.count, 0);
	cr_expect_eq(tree_gaps("maps", SIGHT_DENIED), 2);
	cr_expect_eq(tree_gaps("maps", SIGHT_DENIED), 2);
}

static void *never_ends(void *unused)
{
	tree_tell(gettid());
	for (;;)
		pause();
	return unused;
}

Test(futexes, a_join_waits_on_the_thread_s_word, .init = tree_live, .fini = tree_end)
{
	const pid_t pid = tree_fork();
	const struct object *object;
	pthread_t thread;
	pid_t tid;

	if (pid == 0) {
		pthread_create(&thread, NULL, never_ends, NULL);
		pthread_join(thread, NULL);
		_exit(0);
	}
	tid = tree_hear();
	tree_settle(pid, pid, "futex");
	tree_target(pid);
	tree_look(LOOK_T0, FUTEXES);
	object = word_at((uint64_t)pid << 32, tree_task(pid)->at[LOOK_T0].call.args[0]);
	cr_assert(object);
	cr_expect_eq(object->at[LOOK_T0].word, tid);
}
