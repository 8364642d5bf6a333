/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "field.h"
#include "probe.h"
#include "sample.h"

static struct sample s;

static void setup(void)
{
	sample_init(&s, SAMPLE_PLAIN);
}

static void teardown(void)
{
	sample_deinit(&s);
}

TestSuite(words, .init = setup, .fini = teardown);

static void untie(struct phrase *phrase)
{
	size_t i;

	for (i = 0; i < phrase->length; i++)
		if (phrase->text[i] == PHRASE_TIE)
			phrase->text[i] = ' ';
}

static int expand(struct phrase *phrase, const struct finding *finding, const struct fact *fact, const char *words)
{
	phrase_init(phrase, PLACE_TERMINAL);
	return words_add(phrase, &s.report, finding, fact, words);
}

static void check(const struct finding *finding, const struct fact *fact, const char *words, const char *want)
{
	struct phrase phrase;

	cr_expect_eq(expand(&phrase, finding, fact, words), 0, "%s", words);
	untie(&phrase);
	cr_expect_str_eq(phrase.text, want, "%s -> \"%s\", not \"%s\"", words, phrase.text, want);
}

static void expands(const char *words, const struct finding *finding, const struct fact *fact)
{
	struct phrase phrase;

	cr_expect_eq(expand(&phrase, finding, fact, words), 0, "a placeholder is not known: %s", words);
	cr_expect(!strpbrk(phrase.text, "{}"), "%s -> %s", words, phrase.text);
	cr_expect_gt(phrase.length, 0, "%s", words);
	cr_expect(!phrase.cut);
}

static struct fact blank_fact(enum fact_kind kind)
{
	return (struct fact){ kind, { NO_ROW }, { NO_ROW }, { NO_ROW }, UNSEEN, UNSEEN, { NO_ROW } };
}

Test(words, every_fact_is_named_and_said)
{
	struct finding nothing = { .cause = s.findings[0].cause, .culprit = { NO_ROW }, .since_ms = UNSEEN };
	unsigned kind, other;

	for (kind = 0; kind < FACTS; kind++) {
		struct fact whole = { kind, s.sleeper, s.asker, s.far, 9, 9600, { NO_ROW } }, blank = blank_fact(kind);

		cr_assert(fact_name(kind) && fact_template(kind), "fact %u has no row", kind);
		for (other = 0; other < kind; other++)
			cr_expect_str_neq(fact_name(kind), fact_name(other));
		expands(fact_template(kind), &s.findings[0], &whole);
		expands(fact_template(kind), &nothing, &blank);
		expands(fact_template(kind), NULL, &blank);
	}
}

Test(words, every_cause_is_said)
{
	struct finding nothing = { .culprit = { NO_ROW }, .since_ms = UNSEEN };
	const struct advice_row *row;
	const struct cause *cause;

	for (cause = causes; cause->name; cause++) {
		cr_expect(cause->summary && cause->by_hand && cause->means, "%s", cause->name);
		expands(cause->summary, &s.findings[0], NULL);
		expands(cause->summary, &nothing, NULL);
		for (row = cause->advice; row < cause->advice + 4 && row->text; row++) {
			expands(row->text, &s.findings[0], NULL);
			expands(row->text, &nothing, NULL);
		}
	}
}

Test(words, an_unknown_placeholder_is_told)
{
	struct phrase phrase;

	cr_expect_eq(expand(&phrase, NULL, NULL, "a {nonsense} b"), -EINVAL);
	cr_expect_str_eq(phrase.text, "a {nonsense} b");
	cr_expect_eq(expand(&phrase, NULL, NULL, "{who"), -EINVAL);
	cr_expect_eq(expand(&phrase, NULL, NULL, "a[ b"), -EINVAL);
	cr_expect_eq(expand(&phrase, NULL, NULL, "{}"), -EINVAL);
}

Test(words, placeholders)
{
	const struct finding *finding = &s.findings[0];
	struct fact count = blank_fact(FACT_CLOSE_WAIT), permille = blank_fact(FACT_BURNS), ms = blank_fact(FACT_TIMER);
	struct fact ended = blank_fact(FACT_ZOMBIE);

	check(finding, NULL, "{culprit} {pid} {parent} {target}", "worker-2[4260] 4260 4242 4242");
	check(finding, NULL, "{victims}", "pytest[4242]");
	check(finding, NULL, "{call}", "clock_nanosleep for 1000000 s");
	check(finding, NULL, "{bytes} on {object}, {other}, {age}, {window}",
	      "18 204 B on tcp 127.0.0.1:45822 -> 6979, pytest[4242], 9.6 s, 2.0 s");
	check(finding, NULL, "{wchan} {busy} {channel}", "hrtimer_nanosleep 26 % tcp");
	check(finding, &s.facts[2], "{who} {whose} {other}", "worker-2[4260] its pytest[4242]");
	ended.other = s.thread;
	check(NULL, &ended, "{other}, {child}", "pytest[4242]/4243 (heartbeat), pytest[4242]");
	ended.other.at = NO_ROW;
	check(NULL, &s.facts[2], "{whose}", "worker-2[4260]'s");
	count.amount = 1;
	check(NULL, &count, "{count} {count:socket} {count:process}", "1 1 socket 1 process");
	count.amount = 3;
	check(NULL, &count, "{count:socket} {count:process}", "3 sockets 3 processes");
	permille.amount = 998;
	check(NULL, &permille, "{percent}", "99 %");
	ms.amount = 1500;
	check(NULL, &ms, "{ms}", "1.5 s");
	ended.amount = SIGKILL;
	check(NULL, &ended, "{exit}", "was killed by SIGKILL");
	ended.amount = 1 << 8;
	check(NULL, &ended, "{exit}", "exited with 1");
	ended.amount = 0x80 | SIGSEGV;
	check(NULL, &ended, "{exit}", "was killed by SIGSEGV and dumped core");
	ended.amount = 64;
	check(NULL, &ended, "{exit}", "was killed by signal 64");
}

Test(words, what_is_not_known_is_left_out)
{
	struct fact fact = blank_fact(FACT_UNREAD);

	check(NULL, &fact, "x[ from {other}][ {age} ago]; y", "x; y");
	check(NULL, &s.facts[0], "x[ from {other}][ {age} ago]; y", "x from pytest[4242]; y");
	check(NULL, &fact, "[{other} and ]{who}", "somebody");
	check(NULL, NULL, "{target}", "4242");
	s.snapshot.asked.selector = TEXT_UNSEEN;
	check(NULL, NULL, "{target}", "4242");
}

Test(words, bytes_of_a_target_are_never_a_template)
{
	struct text odd;

	cr_assert_eq(snapshot_text(&s.snapshot, "{pid}[\033", 7, &odd), 0);
	process_at(&s.snapshot, s.worker)->argv = TEXT_UNSEEN;
	process_at(&s.snapshot, s.worker)->comm = odd;
	check(&s.findings[0], NULL, "{culprit}", "{pid}[\\x1b[4260]");
}

Test(words, tasks)
{
	struct phrase phrase;

	phrase_init(&phrase, PLACE_TERMINAL);
	words_task(&phrase, &s.snapshot, s.asker);
	cr_expect_str_eq(phrase.text, "pytest[4242]");
	phrase_init(&phrase, PLACE_TERMINAL);
	words_task(&phrase, &s.snapshot, s.thread);
	cr_expect_str_eq(phrase.text, "pytest[4242]/4243\x1f(heartbeat)");
}

Test(words, many_victims_are_counted)
{
	struct process_ix victims[6] = { s.parent, s.parent, s.parent, s.parent, s.parent, s.parent };

	s.findings[0].victims = victims;
	s.findings[0].victim_count = 6;
	check(&s.findings[0], NULL, "{victims}", "pytest[4242], pytest[4242], pytest[4242], pytest[4242] and 2 more");
}

Test(words, circles)
{
	struct task_ix cycle[2] = { s.asker, s.sleeper };

	s.findings[0].cycle = cycle;
	s.findings[0].cycle_count = 2;
	check(&s.findings[0], NULL, "{cycle}", "pytest[4242] -tcp-> worker-2[4260] --> pytest[4242]");
	check(&s.findings[0], NULL, "{channel}", "tcp");
}

/* ---- calls ------------------------------------------------------------------------ */

static const char *call_of(struct task_ix task)
{
	static struct phrase phrase;

	cr_assert_eq(scene_init(&s.snapshot, &s.arena, &s.scene), 0);
	phrase_init(&phrase, PLACE_TERMINAL);
	if (!words_call(&phrase, &s.scene, task))
		return "";
	untie(&phrase);
	return phrase.text;
}

static void set_call(struct task_ix task, int32_t number, uint64_t first, uint64_t second, uint64_t third)
{
	struct call *call = &task_at(&s.snapshot, task)->at[LOOK_T1].call;

	*call = (struct call){ .number = number, .args = { first, second, third } };
}

Test(words, calls)
{
	cr_expect_str_eq(call_of(s.asker), "recvfrom(7), tcp 127.0.0.1:6979 -> 45822");
	cr_expect_str_eq(call_of(s.sleeper), "clock_nanosleep for 1000000 s");
	cr_expect_str_eq(call_of(s.thread), "kernel function do_epoll_wait");
	s.snapshot.host.at[LOOK_T1] = (struct host_look){ .when_ns = 0, .boot_ns = 0, .real_ns = 0 };
	task_at(&s.snapshot, s.sleeper)->at[LOOK_T1].when_ns = 0;
	task_at(&s.snapshot, s.sleeper)->at[LOOK_T1].call.args[0] = 1; /* CLOCK_MONOTONIC */
	task_at(&s.snapshot, s.sleeper)->at[LOOK_T1].call.args[1] = 1; /* TIMER_ABSTIME */
	cr_expect_str_eq(call_of(s.sleeper), "clock_nanosleep, 1000000 s left");
	set_call(s.asker, 0, 99, 0, 0);                      /* read(2) of a descriptor nobody saw */
	cr_expect_str_eq(call_of(s.asker), "read(99)");
	set_call(s.asker, 61, (uint64_t)-1, 0, 0);           /* wait4(2) */
	cr_expect_str_eq(call_of(s.asker), "wait4 for any child");
	set_call(s.asker, 61, 4260, 0, 0);
	cr_expect_str_eq(call_of(s.asker), "wait4 for worker-2[4260]");
	set_call(s.asker, 61, 999, 0, 0);
	cr_expect_str_eq(call_of(s.asker), "wait4 for 999");
	set_call(s.asker, 7, 0x1000, 3, 5000);               /* poll(2), its array not read */
	cr_expect_str_eq(call_of(s.asker), "poll of 3 descriptors, at most 5 s");
	set_call(s.asker, 232, 7, 0, 16);                    /* epoll_wait(2) for ever */
	task_at(&s.snapshot, s.asker)->at[LOOK_T1].call.args[3] = UINT64_C(0xffffffff);
	cr_expect_str_eq(call_of(s.asker), "epoll_wait(7)");
	set_call(s.asker, 202, 0x1000, 0x80, 2);             /* futex(2) */
	cr_expect_str_eq(call_of(s.asker), "futex, for a lock or condition");
	set_call(s.asker, 99999, 0, 0, 0);
	cr_expect_str_eq(call_of(s.asker), "system call 99999");
	set_call(s.asker, CALL_UNSEEN, 0, 0, 0);
	task_at(&s.snapshot, s.asker)->at[LOOK_T1].wchan = TEXT_UNSEEN;
	cr_expect_str_eq(call_of(s.asker), "");
	task_at(&s.snapshot, s.thread)->at[LOOK_T1].call_sight = SIGHT_DENIED;
	cr_expect_str_eq(call_of(s.thread), "an event loop (kernel function do_epoll_wait)");
	set_call(s.asker, CALL_RUNNING, 0, 0, 0);
	cr_expect_str_eq(call_of(s.asker), "its own code");
}

/* ---- objects, numbers -------------------------------------------------------------- */

static struct object_ix add_object(enum object_kind kind, const char *label)
{
	static uint64_t name = 900;
	struct object_ix ret;
	struct text text;

	cr_assert_eq(snapshot_add_object(&s.snapshot, kind, (struct object_key){ 0, name++ }, &ret), 0);
	if (label) {
		cr_assert_eq(snapshot_text(&s.snapshot, label, strlen(label), &text), 0);
		object_at(&s.snapshot, ret)->label = text;
	}
	return ret;
}

static void check_object(struct object_ix object, const char *want)
{
	struct phrase phrase;

	phrase_init(&phrase, PLACE_TERMINAL);
	words_object(&phrase, &s.snapshot, object);
	untie(&phrase);
	cr_expect_str_eq(phrase.text, want);
}

/* Shorter for a person, whole for a program; and only where the address is the same. */
Test(words, remote_addresses)
{
	struct object *far = object_at(&s.snapshot, s.far);
	struct phrase phrase;

	check_object(s.far, "tcp 127.0.0.1:45822 -> 6979");
	phrase_init(&phrase, PLACE_JSON);
	words_object(&phrase, &s.snapshot, s.far);
	cr_expect_str_eq(phrase.text, "tcp 127.0.0.1:45822\x1f->\x1f" "127.0.0.1:6979");
	cr_assert_eq(snapshot_text(&s.snapshot, "127.0.0.11:80", 13, &far->remote), 0);
	check_object(s.far, "tcp 127.0.0.1:45822 -> 127.0.0.11:80");
	cr_assert_eq(snapshot_text(&s.snapshot, "[::1]:9", 7, &far->label), 0);
	cr_assert_eq(snapshot_text(&s.snapshot, "[::1]:80", 8, &far->remote), 0);
	check_object(s.far, "tcp [::1]:9 -> 80");
	cr_assert_eq(snapshot_text(&s.snapshot, "none", 4, &far->remote), 0);
	check_object(s.far, "tcp [::1]:9 -> none");
}

Test(words, objects)
{
	check_object(add_object(OBJECT_PIPE, "pipe:[123]"), "pipe:[123]");
	check_object(add_object(OBJECT_FIFO, "/run/x"), "FIFO /run/x");
	check_object(add_object(OBJECT_UNIX, "/run/s"), "unix /run/s");
	check_object(add_object(OBJECT_UNIX, "unix:[7]"), "unix:[7]");
	check_object(add_object(OBJECT_EVENTFD, "anon_inode:[eventfd]"), "eventfd");
	check_object(add_object(OBJECT_EPOLL, NULL), "epoll");
	check_object(add_object(OBJECT_PTY, "/dev/pts/3"), "/dev/pts/3");
	check_object(s.listener, "tcp 127.0.0.1:45822, listening");
	check_object((struct object_ix){ NO_ROW }, "something");
}

static void check_age(int64_t ms, const char *want)
{
	char text[32];

	format_age(ms, text, sizeof(text));
	cr_expect_str_eq(text, want);
}

static void check_bytes(int64_t bytes, const char *want)
{
	char text[32];

	format_bytes(bytes, text, sizeof(text));
	cr_expect_str_eq(text, want);
}

static void check_seconds(int64_t ns, const char *want)
{
	char text[32];

	format_seconds(ns, text, sizeof(text));
	cr_expect_str_eq(text, want);
}

Test(words, numbers)
{
	check_age(-5, "0 ms");
	check_age(30, "30 ms");
	check_age(9650, "9.6 s");
	check_age(99999, "99.9 s");
	check_age(100000, "1 min");
	check_age(17 * 60000, "17 min");
	check_age(185 * 60000, "3 h 05 min");
	check_age(INT64_C(12) * 86400000, "12 d");
	check_bytes(-1, "0 B");
	check_bytes(999, "999 B");
	check_bytes(18204, "18 204 B");
	check_bytes(65536, "65 536 B");
	check_bytes(1000000, "1.0 MB");
	check_bytes(INT64_C(2500000000), "2.5 GB");
	check_bytes(INT64_MAX / 2, "4611.6 PB");
	check_seconds(INT64_C(1000000000000000), "1000000 s");
	check_seconds(50000000, "0.05 s");
	check_seconds(1500000000, "1.5 s");
	check_seconds(250000, "0.250 ms");
	check_seconds(0, "0 s");
	check_seconds(-1, "0 s");
}

/* ---- gaps, advice ------------------------------------------------------------------- */

Test(words, every_gap_has_words_for_every_viewer)
{
	static const struct viewer viewers[] = {
		{ .euid = 0, .ptrace_scope = UNSEEN, .seccomp = 0, .capabilities = UINT64_MAX },
		{ .euid = 1000, .ptrace_scope = UNSEEN, .seccomp = 0 },
		{ .euid = 1000, .ptrace_scope = 1, .seccomp = 0 },
		{ .euid = 0, .ptrace_scope = 1, .seccomp = 2 },
		{ .euid = 1000, .ptrace_scope = 3, .seccomp = UNSEEN },
	};
	struct gap_group gap = { .detail = TEXT_UNSEEN };
	struct phrase phrase;
	size_t i;

	for (i = 0; i < sizeof(viewers) / sizeof(viewers[0]); i++)
		for (gap.probe = 0; probe_names[gap.probe]; gap.probe++)
			for (gap.sight = SIGHT_GONE; gap.sight <= SIGHT_STRANGE; gap.sight++) {
				struct gap_words words;

				s.snapshot.viewer = viewers[i];
				words = gap_words(&s.report, &gap);
				cr_assert(words.meaning && words.because && words.cost);
				if (words.remedy)
					cr_expect_eq(expand(&phrase, NULL, NULL, words.remedy), 0, "%s", words.remedy);
				cr_expect(!words.remedy || !strstr(words.remedy, "wedgerun"));
			}
}

Test(words, remedies_fit_the_viewer)
{
	struct gap_words words = gap_words(&s.report, &s.gaps[0]);

	cr_expect_str_eq(words.meaning, "system calls");
	cr_expect_str_eq(words.because, "ptrace_scope=1");
	cr_expect_str_eq(words.remedy, "sudo wedgecheck {target}");
	process_at(&s.snapshot, s.worker)->uid = 0;
	cr_expect_str_eq(gap_words(&s.report, &s.gaps[0]).because, "permission denied");
	s.snapshot.viewer = (struct viewer){ .euid = 0, .ptrace_scope = 3 };
	cr_expect(strstr(gap_words(&s.report, &s.gaps[0]).remedy, "reboot"));
	s.snapshot.viewer = (struct viewer){ .euid = 0, .ptrace_scope = UNSEEN, .seccomp = 2 };
	cr_expect(strstr(gap_words(&s.report, &s.gaps[0]).remedy, "--security-opt"));
	cr_expect_str_eq(gap_words(&s.report, &s.gaps[2]).remedy, "modprobe unix_diag");
}

Test(words, the_kernel_log_takes_another_right)
{
	struct gap_group gap = { .probe = PROBE_STATE, .sight = SIGHT_DENIED };

	cr_assert_eq(snapshot_text(&s.snapshot, "kmsg", 4, &gap.detail), 0);
	s.snapshot.viewer = (struct viewer){ .euid = 1000, .ptrace_scope = 2 };
	cr_expect_str_eq(gap_words(&s.report, &gap).meaning, "the kernel log");
	cr_expect_str_eq(gap_words(&s.report, &gap).because, "permission denied");
	cr_expect_str_eq(gap_words(&s.report, &gap).remedy, "sudo wedgecheck {target}");
	s.snapshot.viewer = (struct viewer){ .euid = 0, .ptrace_scope = UNSEEN, .seccomp = 2, .capabilities = UINT64_MAX };
	cr_expect_str_eq(gap_words(&s.report, &gap).remedy, "run it with CAP_SYSLOG");
	gap.sight = SIGHT_CUT;
	cr_expect_null(gap_words(&s.report, &gap).remedy);
}

static struct gap_words of_stacks(enum sight sight, const char *detail, int error)
{
	struct gap_group gap = { .sight = sight, .error = error };

	while (strcmp(probe_names[gap.probe], "stacks") != 0)
		gap.probe++;
	cr_assert_eq(snapshot_text(&s.snapshot, detail, strlen(detail), &gap.detail), 0);
	return gap_words(&s.report, &gap);
}

Test(words, gaps_of_stacks)
{
	const uint8_t never = STOP_NEVER, always = STOP_ALWAYS;

	cr_expect_str_eq(of_stacks(SIGHT_DENIED, "memory", EPERM).meaning, "stacks");
	cr_expect_str_eq(of_stacks(SIGHT_DENIED, "maps", EPERM).meaning, "what is mapped into processes");
	cr_expect_eq(of_stacks(SIGHT_DENIED, "syscall", EPERM).rank, of_stacks(SIGHT_DENIED, "task", EPERM).rank);
	cr_expect(strstr(of_stacks(SIGHT_MOVED, "stop", 0).remedy, "--stop=always {target}"));
	s.snapshot.asked.stop = never;
	cr_expect(strstr(of_stacks(SIGHT_MOVED, "stop", 0).because, "--stop=never"));
	s.snapshot.asked.stop = always;
	cr_expect(!strstr(of_stacks(SIGHT_MOVED, "stop", 0).remedy, "--stop"));
	cr_expect(strstr(of_stacks(SIGHT_UNSUPPORTED, "maps", 0).because, "64-bit"));
	cr_expect(strstr(of_stacks(SIGHT_UNSUPPORTED, "memory", ENOSYS).because, "kernel"));
	cr_expect_str_eq(of_stacks(SIGHT_TIMEOUT, "", 0).because, "no answer in time");
	cr_expect(of_stacks(SIGHT_GONE, "", 0).minor);
	cr_expect_str_eq(of_stacks(SIGHT_CUT, "", 0).because, "time or room ran out");
}

Test(words, a_gap_may_say_how_many)
{
	struct gap_group gap = { .probe = 6, .sight = SIGHT_DENIED };
	struct phrase phrase;

	cr_assert_eq(snapshot_text(&s.snapshot, "3 processes", 11, &gap.detail), 0);
	phrase_init(&phrase, PLACE_TERMINAL);
	words_missed(&phrase, &s.report, &gap);
	cr_expect_str_eq(phrase.text, "descriptors of 3 processes outside the tree");
}

Test(words, evidence_is_kept_before_anything_is_ended)
{
	struct advice advice[ADVICE_MOST];
	unsigned count, i, keep = ADVICE_MOST, end = ADVICE_MOST;
	struct phrase phrase;

	s.report.gap_count = 3;
	count = advice_of(&s.report, &s.findings[0], advice);
	for (i = 0; i < count; i++) {
		if (advice[i].kind == ADVICE_KEEP_EVIDENCE)
			keep = i;
		if (advice[i].kind == ADVICE_UNBLOCK && end == ADVICE_MOST)
			end = i;
	}
	cr_assert_lt(keep, end);
	cr_assert_lt(end, count);
	phrase_init(&phrase, PLACE_TERMINAL);
	words_advice(&phrase, &s.report, &s.findings[0], &advice[keep]);
	cr_expect_str_eq(phrase.text, "keep the evidence: wedgecheck\x1f--save\x1f" "FILE\x1f" "4242");
	phrase_init(&phrase, PLACE_TERMINAL);
	words_advice(&phrase, &s.report, &s.findings[0], &advice[end]);
	cr_expect_str_eq(phrase.text, "ending 4260 frees pytest[4242]: the connection reaches EOF");
	s.findings[0].cause = sample_cause("job-stopped");
	count = advice_of(&s.report, &s.findings[0], advice);
	phrase_init(&phrase, PLACE_TERMINAL);
	words_advice(&phrase, &s.report, &s.findings[0], &advice[count - 1]);
	cr_expect_str_eq(phrase.text, "let worker-2[4260] go on (kill\x1f-CONT\x1f" "4260)");
	s.findings[0].cause = sample_cause("not-consuming");

	s.findings[0].certainty = UNSURE;
	count = advice_of(&s.report, &s.findings[0], advice);
	for (i = 0; i < count; i++)
		cr_expect_neq(advice[i].kind, ADVICE_UNBLOCK);
}

Test(words, nobody_is_freed_where_nobody_waits)
{
	struct advice advice[ADVICE_MOST];
	unsigned count, i;

	s.findings[0].victim_count = 0;
	count = advice_of(&s.report, &s.findings[0], advice);
	for (i = 0; i < count; i++)
		cr_expect(!advice[i].frees || !strstr(advice[i].text, "{victims}"));
}

Test(words, a_phrase_is_cut_and_says_so)
{
	struct phrase phrase;
	unsigned i;

	phrase_init(&phrase, PLACE_JSON);
	for (i = 0; i < BOUND_PHRASE; i++)
		phrase_bytes(&phrase, "\033", 1);
	cr_expect(phrase.cut);
	cr_expect_lt(phrase.length, BOUND_PHRASE);
	cr_expect_str_eq(phrase.text + phrase.length - 8, "\\\\x1b...");
	phrase_back(&phrase, 5);
	cr_expect(!phrase.cut);
	cr_expect_str_eq(phrase.text, "\\\\x1b");
}
