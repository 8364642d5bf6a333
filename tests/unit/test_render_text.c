/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <criterion/criterion.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
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

TestSuite(render_text, .init = setup, .fini = teardown);

static char *text_of(const struct renderer *renderer, unsigned columns)
{
	const struct render_options options = { .columns = columns, .utf8 = true };

	return sample_render(&s, renderer, &options);
}

static void check(const struct renderer *renderer, unsigned columns, const char *want)
{
	_cleanup_free_ char *text = text_of(renderer, columns);

	cr_expect_str_eq(text, want, "not as it should be:\n%s", text);
}

static void holds(const char *text, const char *part)
{
	cr_expect(strstr(text, part), "no \"%s\" in:\n%s", part, text);
}

static void lacks(const char *text, const char *part)
{
	cr_expect(!strstr(text, part), "\"%s\" in:\n%s", part, text);
}

Test(render_text, the_running_test_stands_below_the_headline)
{
	static const char name[] = "test_feed.py::test[\x1b[31m] (call)";
	_cleanup_free_ char *text = NULL;

	cr_assert_eq(snapshot_text(&s.snapshot, name, strlen(name), &s.snapshot.asked.test), 0);
	text = text_of(&render_text, 100);
	holds(text, "no progress for 2.0 s\n  test     test_feed.py::test[\\x1b[31m] (call)\n  culprit  worker-2[4260]");
}

Test(render_text, the_answer_comes_first)
{
	check(&render_text, 100,
	      "STUCK-IPC  not-consuming  (likely)  pytest[4242]: 2 processes, 3 threads, no progress for 2.0 s\n"
	      "  culprit  worker-2[4260]  asleep in clock_nanosleep for 1000000 s; silent first, for 9.6 s\n"
	      "           18 204 B unread on its tcp 127.0.0.1:45822 -> 6979 from pytest[4242]; none taken in 2.0 s\n"
	      "  victims  pytest[4242] in recvfrom(7), tcp 127.0.0.1:6979 -> 45822: asked 9.6 s ago, no answer\n"
	      "  because  likely, not proved: the socket may have a receive or send timeout; a timer or a moving\n"
	      "           thread could still change it\n"
	      "  not it   no direct external connection seen; host: CPU 26 % busy, no memory pressure\n"
	      "  next     keep the evidence: wedgecheck --save FILE 4242; then ending 4260 frees pytest[4242]: the\n"
	      "           connection reaches EOF\n"
	      "\n"
	      "  PROCESS           AGE  STATE  CPU  THREADS  MARKS                  CALL\n"
	      "  pytest[4242]    9 min  S      0 %        2  victim                 recvfrom(7), tcp 127.0.0.1:6...\n"
	      "  worker-2[4260]  9 min  S      0 %        1  culprit, parent stuck  clock_nanosleep for 1000000 s\n"
	      "\n"
	      "   PID  FD  SOCKET  STATE       RECV-Q  SEND-Q  LOCAL            REMOTE          PEER\n"
	      "  4260   5  tcp     CLOSE-WAIT   18204       0  127.0.0.1:45822  127.0.0.1:6979  pytest[4242] fd 7\n"
	      "\n"
	      "  stack    worker-2[4260]\n"
	      "             libfeed.so.1+0x1200 ~\n"
	      "           pytest[4242]\n"
	      "             recv_all at feed.c:88 (inlined)\n"
	      "             main at feed.c:31\n"
	      "           ~ inferred from a return address that lies on the stack\n"
	      "\n"
	      "  seen     everything; 2.1 s; nothing was stopped\n");
}

Test(render_text, gaps_with_one_remedy_make_one_line)
{
	_cleanup_free_ char *text = NULL;

	s.report.gap_count = 3;
	text = text_of(&render_text, 0);
	holds(text, "  not seen system calls, memory behind system calls of worker-2[4260] (ptrace_scope=1): "
		    "sudo wedgecheck 4242\n");
	holds(text, "  not seen queues and peers of unix sockets (not offered by this kernel): modprobe unix_diag\n");
	holds(text, "  seen     all else; ");
}

Test(render_text, a_minor_gap_needs_no_line)
{
	struct render_options options = { .columns = 0 };
	_cleanup_free_ char *text = NULL, *whole = NULL;

	cr_assert_eq(snapshot_text(&s.snapshot, "pressure", 8, &s.gaps[0].detail), 0);
	s.gaps[0].probe = 0;
	s.gaps[0].sight = SIGHT_UNSUPPORTED;
	s.gaps[0].process_count = 0;
	s.report.gap_count = 1;
	text = sample_render(&s, &render_text, &options);
	holds(text, "  seen     everything but the pressure of the machine; 2.1 s");
	lacks(text, "not seen");
	options.verbose = true;
	whole = sample_render(&s, &render_text, &options);
	holds(whole, "  not seen the pressure of the machine (not offered by this kernel): boot with psi=1\n");
}

Test(render_text, what_ended_is_no_gap_to_close)
{
	_cleanup_free_ char *text = NULL;

	s.gaps[0].sight = s.gaps[1].sight = SIGHT_GONE;
	s.report.gap_count = 2;
	text = text_of(&render_text, 0);
	holds(text, "  seen     everything but what ended meanwhile; 2.1 s");
}

/* The weightiest is named first, and what the same remedy shows is not named apart. */
Test(render_text, gaps_are_named_by_weight)
{
	_cleanup_free_ char *text = NULL;

	s.gaps[2] = s.gaps[0];
	cr_assert_eq(snapshot_text(&s.snapshot, "cwd", 3, &s.gaps[0].detail), 0);
	cr_assert_eq(snapshot_text(&s.snapshot, "wchan", 5, &s.gaps[1].detail), 0);
	s.report.gap_count = 3;
	text = text_of(&render_text, 0);
	holds(text, "  not seen system calls, wait channels of worker-2[4260] (ptrace_scope=1): sudo wedgecheck 4242\n"
		    "  seen     all else; 2.1 s");
}

/* A line is longer than it may be only where it holds a single word. */
Test(render_text, lines_fit)
{
	unsigned columns;

	s.report.gap_count = 3;
	for (columns = 40; columns <= 200; columns += 20) {
		_cleanup_free_ char *text = text_of(&render_text, columns);
		char *line, *rest = text, *table = strstr(text, "\n\n");

		cr_assert(table);
		*table = '\0';
		while ((line = strsep(&rest, "\n")))
			cr_expect(text_columns(line, strlen(line)) <= columns || !strchr(line + 11, ' '), "%u: %s", columns, line);
	}
}

Test(render_text, no_byte_of_a_target_gets_out_raw)
{
	static const struct renderer *const all[] = {
		&render_text, &render_tree, &render_state, &render_sock, &render_class, &render_github, &render_markdown, &render_junit,
	};
	const struct render_options options[] = {
		{ .columns = 80, .utf8 = true }, { .columns = 0, .utf8 = false }, { .columns = 50, .utf8 = false, .verbose = true },
	};
	size_t i, o, at;

	sample_deinit(&s);
	sample_init(&s, SAMPLE_HOSTILE);
	s.report.gap_count = 3;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (o = 0; o < sizeof(options) / sizeof(options[0]); o++) {
			_cleanup_free_ char *text = sample_render(&s, all[i], &options[o]);

			for (at = 0; text[at]; at++)
				cr_assert(text[at] == '\n' || ((unsigned char)text[at] >= ' ' && text[at] != 0x7f),
					  "%zu: byte %02x", i, (unsigned char)text[at]);
			if (!options[o].utf8)
				for (at = 0; text[at]; at++)
					cr_assert((unsigned char)text[at] < 0x80);
			lacks(text, "\xc2\x9b");
			lacks(text, "\xe2\x80\xae");
		}
}

Test(render_text, only_the_verdict_and_the_culprit_are_coloured)
{
	const struct render_options options = { .color = true, .utf8 = true };
	_cleanup_free_ char *text = sample_render(&s, &render_text, &options);
	unsigned count = 0;
	const char *at;

	holds(text, "\033[1;31mSTUCK-IPC\033[0m");
	holds(text, "\033[1mworker-2[4260]\033[0m");
	for (at = text; (at = strchr(at, '\033')); at++)
		count++;
	cr_expect_eq(count, 4);
}

Test(render_text, unsure_is_yellow_and_ends_nothing)
{
	const struct render_options options = { .color = true };
	_cleanup_free_ char *text = NULL;

	s.findings[0].certainty = UNSURE;
	s.findings[0].doubts = DOUBT_TIMER;
	text = sample_render(&s, &render_text, &options);
	holds(text, "\033[1;33mSTUCK-IPC\033[0m");
	holds(text, "because  unsure: the chain ends in a sleep");
	lacks(text, "ending 4260");
}

Test(render_text, unknown_gives_its_best_guess)
{
	_cleanup_free_ char *text = NULL;

	s.report.gap_count = 1;
	s.findings[0].verdict = VERDICT_UNKNOWN;
	s.findings[0].certainty = UNSURE;
	text = text_of(&render_text, 0);
	holds(text, "UNKNOWN, best guess stuck-ipc not-consuming  pytest[4242]: ");
	holds(text, "\n  suspect  worker-2[4260]  ");
	holds(text, "  next     sudo wedgecheck 4242");
}

Test(render_text, what_is_well_takes_few_lines)
{
	s.findings[0] = (struct finding){
		.cause = sample_cause("event-loop-idle"), .verdict = VERDICT_IDLE, .certainty = LIKELY, .culprit = s.asker,
		.since_ms = UNSEEN,
	};
	s.report.still_ms = 0;
	check(&render_text, 0,
	      "IDLE  event-loop-idle  (likely)           pytest[4242]: 2 processes, 3 threads\n"
	      "           pytest[4242] waits in its event loop and nothing is queued for it\n"
	      "  next     if it should have finished: wedgecheck --overdue 4242\n"
	      "  seen     everything; 2.1 s; nothing was stopped\n");
}

Test(render_text, a_circle_on_one_line)
{
	struct task_ix cycle[2] = { s.asker, s.sleeper };
	_cleanup_free_ char *text = NULL;

	s.findings[0].cause = sample_cause("wait-cycle");
	s.findings[0].verdict = VERDICT_DEADLOCK;
	s.findings[0].certainty = PROVED;
	s.findings[0].cycle = cycle;
	s.findings[0].cycle_count = 2;
	s.findings[0].victim_count = 0;
	text = text_of(&render_text, 0);
	holds(text, "DEADLOCK  wait-cycle  (proved)");
	holds(text, "\n  circle   pytest[4242] -tcp-> worker-2[4260] --> pytest[4242]\n");
	lacks(text, "because");
}

Test(render_text, more_findings_are_shorter)
{
	_cleanup_free_ char *text = NULL;
	unsigned i;

	for (i = 1; i < 8; i++)
		s.findings[i] = s.findings[0];
	s.findings[6].verdict = VERDICT_IDLE;
	s.findings[7].verdict = VERDICT_PROGRESSING;
	s.report.count = 8;
	text = text_of(&render_text, 0);
	holds(text, "\n\nSTUCK-IPC  not-consuming  (likely)\n  culprit  worker-2[4260]");
	holds(text, "\n  idle     worker-2[4260]\n");
	holds(text, "\n  progressing worker-2[4260]\n");
	cr_expect_null(strstr(strstr(text, "not it") + 1, "not it"));
}

Test(render_text, states_of_the_user)
{
	_cleanup_free_ char *text = NULL;

	s.report.suspended_by_user = true;
	s.report.external_known = false;
	s.report.cpu_busy_permille = -1;
	s.report.memory_pressure_permille = 300;
	text = text_of(&render_text, 0);
	holds(text, "; suspended by you: judged as it was before\n");
	lacks(text, "not it");
}

Test(render_text, nothing_to_judge)
{
	s.report.count = 0;
	check(&render_text, 0, "nothing to judge\n  seen     everything; 2.1 s; nothing was stopped\n");
}

Test(render_text, class_alone)
{
	check(&render_class, 0, "stuck-ipc\n");
}

/* ---- the other tools ------------------------------------------------------------------ */

Test(render_text, tree)
{
	s.report.judged = false;
	check(&render_tree, 0,
	      "PROCESS             AGE  STATE  CPU  THREADS  MARKS            CALL\n"
	      "pytest[4242]      9 min  S      0 %        2                   recvfrom(7), tcp 127.0.0.1:6979 -> 45822\n"
	      "\xe2\x94\x94 worker-2[4260]  9 min  S      0 %        1  parent stuck     clock_nanosleep for 1000000 s\n"
	      "tee[5000]         8 min  S      0 %        1  outside, holder  kernel function pipe_read\n"
	      "  seen     all of it; 2.1 s; nothing was stopped\n");
}

Test(render_text, tree_without_utf8)
{
	const struct render_options options = { .columns = 0 };
	_cleanup_free_ char *text = sample_render(&s, &render_tree, &options);

	holds(text, "\n` worker-2[4260]");
}

/* A replayed file may claim that each is the other's parent. */
Test(render_text, tree_of_circular_parents)
{
	_cleanup_free_ char *text = NULL;

	process_at(&s.snapshot, s.parent)->parent = 4260;
	cr_assert_eq(scene_init(&s.snapshot, &s.arena, &s.scene), 0);
	text = text_of(&render_tree, 0);
	holds(text, "\npytest[4242]");
	holds(text, " worker-2[4260]");
}

Test(render_text, marks)
{
	_cleanup_free_ char *text = NULL;
	struct process *worker = process_at(&s.snapshot, s.worker);

	s.report.judged = false;
	worker->joined = JOINED_SESSION;
	worker->exit_status = 9;
	worker->parent = 1;
	task_at(&s.snapshot, s.sleeper)->at[LOOK_T1].state = 'Z';
	cr_assert_eq(scene_init(&s.snapshot, &s.arena, &s.scene), 0);
	process_at(&s.snapshot, s.parent)->at[LOOK_T1].sight = SIGHT_GONE;
	process_at(&s.snapshot, s.parent)->flags |= PROCESS_EXECED;
	text = text_of(&render_tree, 0);
	holds(text, "  zombie was killed by SIGKILL, orphan");
	holds(text, "  gone, new program");
}

Test(render_text, state)
{
	check(&render_state, 0,
	      " PID   TID  COMM       STATE  CPU  DELAY  SWITCHES  SILENT  WCHAN              CALL\n"
	      "4242  4242  python3    S      0 %    0 %       0/0   9.6 s  wait_woken         recvfrom(7), tcp 127.0.0.1:6979 -> 45822\n"
	      "4242  4243  heartbeat  S      0 %    0 %       0/0   9.6 s  do_epoll_wait\n"
	      "4260  4260  worker-2   S      0 %    0 %       0/0   9.6 s  hrtimer_nanosleep  clock_nanosleep for 1000000 s\n"
	      "  seen     everything; 2.1 s; nothing was stopped\n");
}

Test(render_text, sockets)
{
	check(&render_sock, 0,
	      " PID  FD  SOCKET  STATE       RECV-Q  SEND-Q  LOCAL            REMOTE           RECEIVED    SENT  PEER\n"
	      "4242   7  tcp     ESTAB            0       0  127.0.0.1:6979   127.0.0.1:45822                    worker-2[4260] fd 5\n"
	      "4260   4  tcp     LISTEN           0     128  127.0.0.1:45822\n"
	      "4260   5  tcp     CLOSE-WAIT   18204       0  127.0.0.1:45822  127.0.0.1:6979      9.6 s  12.0 s  pytest[4242] fd 7\n"
	      "3 sockets; CLOSE-WAIT 1 (oldest 9.6 s since data came); external 0\n"
	      "  seen     everything; 2.1 s; nothing was stopped\n");
}

Test(render_text, sockets_outside)
{
	_cleanup_free_ char *text = NULL;

	object_at(&s.snapshot, s.near)->peer.at = NO_ROW;
	object_at(&s.snapshot, s.near)->reach = REACH_EXTERNAL;
	s.report.external_known = false;
	text = text_of(&render_sock, 0);
	holds(text, "  external\n");
	holds(text, "; external 1 or more: not every socket could be matched\n");
}
