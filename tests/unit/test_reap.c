/* SPDX-License-Identifier: MIT */
#include "reap.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "door.h"

Test(reap, ages)
{
	static const struct { const char *text; int64_t ms; } good[] = {
		{ "0", 0 }, { "90", 90000 }, { "0.5", 500 }, { "5m", 300000 }, { "1h30m", 5400000 }, { "2d", 172800000 },
		{ "1.5h", 5400000 }, { "10s", 10000 }, { "1d1h1m1s", 90061000 }, { "1h5", 3605000 },
	};
	static const char *const bad[] = {
		"", "x", "-1", "5x", "m", "1m1h", "1m1m", "1 m", "1e3", "0x10", "inf", "nan", ".", "1..5", "99999999d", "1h5 ", "+1",
	};
	int64_t ms;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_expect_eq(reap_age_parse(good[i].text, &ms), 0, "%s", good[i].text);
		cr_expect_eq(ms, good[i].ms, "%s: %ld", good[i].text, (long)ms);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(reap_age_parse(bad[i], &ms), -EINVAL, "%s", bad[i]);
}

static int parse(struct reap_options *options, char *complaint, size_t size, const char *one, const char *two)
{
	char *argv[] = { (char *)"wedgereap", (char *)one, (char *)two, NULL };

	return reap_options_parse(two ? 3 : one ? 2 : 1, argv, options, complaint, size);
}

Test(reap, evidence_is_asked_for)
{
	struct reap_options options;
	char complaint[256];

	cr_assert_eq(parse(&options, complaint, sizeof(complaint), NULL, NULL), 0);
	cr_expect(options.runs && !options.orphans && !options.kill);
	reap_options_end(&options);
	cr_assert_eq(parse(&options, complaint, sizeof(complaint), "--port=80", "--kill"), 0);
	cr_expect(!options.runs && options.port_count == 1 && options.ports[0] == 80 && options.kill);
	reap_options_end(&options);
	cr_assert_eq(parse(&options, complaint, sizeof(complaint), "--older=1h", "--match=x"), 0);
	cr_expect(options.orphans && !options.runs && options.older_ms == 3600000 && options.matches);
	reap_options_end(&options);
	cr_expect_eq(parse(&options, complaint, sizeof(complaint), "--match=x", NULL), -EINVAL);
	cr_expect(strstr(complaint, "no evidence"), "%s", complaint);
}

Test(reap, an_empty_marker_is_refused)
{
	struct reap_options options;
	char complaint[256];

	cr_expect_eq(parse(&options, complaint, sizeof(complaint), "--marker=X=", NULL), -EINVAL);
	cr_expect_eq(parse(&options, complaint, sizeof(complaint), "--marker==x", NULL), -EINVAL);
	cr_expect_eq(parse(&options, complaint, sizeof(complaint), "--marker=", NULL), -EINVAL);
	setenv("WEDGE_TEST_EMPTY", "", 1);
	cr_expect_eq(parse(&options, complaint, sizeof(complaint), "--marker=WEDGE_TEST_EMPTY", NULL), -EINVAL);
	setenv("WEDGE_TEST_EMPTY", "v", 1);
	cr_assert_eq(parse(&options, complaint, sizeof(complaint), "--marker=WEDGE_TEST_EMPTY", NULL), 0);
	cr_expect_str_eq(options.markers.row[0], "WEDGE_TEST_EMPTY=v");
	reap_options_end(&options);
}

static struct environ_fact said(const char *bytes, size_t length)
{
	static const char *markers[] = { "BUILD=7", "BUILD=77" };
	const struct texts texts = { markers, 2 };
	struct environ_fact fact = { 0 };

	environ_take(bytes, length, &texts, &fact);
	return fact;
}
#define SAID(text) said(text, sizeof(text))

Test(reap, environments)
{
	struct environ_fact fact = SAID("A=b\0BUILD=7\0WEDGE_KEEP=1\0WEDGE_RUN_ID=0123456789abcdef");

	cr_expect(fact.settled && fact.keep);
	cr_expect_eq(fact.markers, 1);
	cr_expect_str_eq(fact.run_id, "0123456789abcdef");
	fact = SAID("BUILD=770\0XBUILD=7\0WEDGE_KEEP=10\0WEDGE_KEEP=\0WEDGE_RUN_ID=0123456789abcde\0X=WEDGE_KEEP=1");
	cr_expect(fact.settled && !fact.keep && fact.markers == 0 && !*fact.run_id);
	fact = said(NULL, 0);
	cr_expect(!fact.settled && !fact.keep);
	fact = said("BUILD=77", 8); /* cut: without its NUL */
	cr_expect_eq(fact.markers, 2);
}

Test(reap, locks)
{
	static const char flock[] = "pos:\t0\nflags:\t0100001\nmnt_id:\t25\nlock:\t1: FLOCK  ADVISORY  WRITE 4242 08:01:131 0 EOF\n";
	static const char waits[] = "pos:\t0\nlock:\t2: -> POSIX  ADVISORY  WRITE 4242 08:01:131 0 EOF\n";
	static const char range[] = "lock:\t1: OFDLCK ADVISORY  READ -1 00:1a:77 0 99\n";
	char kind[32];

	cr_assert(lock_parse(flock, strlen(flock), kind, sizeof(kind)));
	cr_expect_str_eq(kind, "flock");
	cr_assert(lock_parse(range, strlen(range), kind, sizeof(kind)));
	cr_expect_str_eq(kind, "OFD lock");
	cr_expect_not(lock_parse(waits, strlen(waits), kind, sizeof(kind)), "it waits, it holds nothing");
	cr_expect_not(lock_parse("lock:\t", 6, kind, sizeof(kind)));
	cr_expect_not(lock_parse("", 0, kind, sizeof(kind)));
}

Test(reap, inodes_of_links)
{
	cr_expect_eq(fd_inode("pipe:[8421]", "pipe"), 8421);
	cr_expect_eq(fd_inode("pipe:[8421]", "socket"), 0);
	cr_expect_eq(fd_inode("pipe", "pipe"), 0);
	cr_expect_eq(fd_inode("/tmp/pipe:[7]", "pipe"), 0);
}

Test(reap, the_dead_and_the_headless)
{
	cr_expect(being_is_dead(&(struct being){ .state = 'Z', .threads = 1 }));
	cr_expect_not(being_is_dead(&(struct being){ .state = 'Z', .threads = 2 }), "its other threads go on");
	cr_expect_not(being_is_dead(&(struct being){ .state = 'D', .threads = 1 }));
}

/* ---- live ------------------------------------------------------------------------------------ */

static pid_t sleeper(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		alarm(60);
		for (;;)
			pause();
	}
	return pid;
}

static int64_t ticks_of(struct door *door, pid_t pid)
{
	struct census census;
	const struct being *being;
	int64_t ret;

	cr_assert_eq(census_take(door, NULL, &census), 0);
	being = census_find(&census, pid);
	cr_assert(being);
	ret = being->start_ticks;
	census_end(&census);
	return ret;
}

Test(reap, a_signal_hits_that_very_process_only)
{
	const pid_t pid = sleeper();
	struct door *door;
	int64_t ticks;
	int status;

	cr_assert_eq(door_open("/proc", &door), 0);
	ticks = ticks_of(door, pid);
	cr_expect_eq(reap_signal(door, pid, ticks - 1, SIGKILL), SIGHT_GONE);
	cr_expect_eq(reap_signal(door, pid, ticks + 1, SIGKILL), SIGHT_GONE);
	cr_expect_eq(waitpid(pid, &status, WNOHANG), 0, "it was hit");
	cr_expect_eq(reap_signal(door, pid, ticks, SIGKILL), 0);
	cr_expect_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(reap_signal(door, pid, ticks, SIGKILL), SIGHT_GONE);
	cr_expect_eq(reap_signal(door, 1, ticks_of(door, 1), SIGCONT), SIGHT_DENIED, "pid 1");
	cr_expect_eq(reap_signal(door, getpid(), ticks_of(door, getpid()), SIGCONT), SIGHT_DENIED, "ourselves");
	door_close(door);
}

Test(reap, a_census_after_another_reads_only_who_is_new)
{
	struct census first, second;
	const struct being *being;
	struct door *door;
	pid_t pid;

	cr_assert_eq(door_open("/proc", &door), 0);
	cr_assert_eq(census_take(door, NULL, &first), 0);
	cr_expect(census_find(&first, getpid())->kin);
	cr_expect(census_find(&first, getppid())->kin);
	pid = sleeper();
	cr_assert_eq(census_take(door, &first, &second), 0);
	being = census_find(&second, pid);
	cr_assert(being && being->fresh && !being->kin);
	cr_expect_eq(being->parent, getpid());
	cr_expect_not(census_find(&second, getpid())->fresh);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	census_end(&first);
	census_end(&second);
	door_close(door);
}
