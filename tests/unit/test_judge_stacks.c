/* SPDX-License-Identifier: MIT */
/* What stacks add to a verdict: where, what for, how sure; and that healthy programs stay healthy. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "judge.h"
#include "make.h"
#include "render.h"
#include "words.h"

#define LIBC "/lib/x86_64-linux-gnu/libc.so.6"
#define PYTHON "/usr/bin/python3.11"

static struct made m;
static struct report report;
static struct process_ix process;
static struct task_ix task;

static void setup(void)
{
	made_init(&m);
	process = make_process(&m, 100, 0);
	task = make_leader(&m, process);
}

static void teardown(void)
{
	made_deinit(&m);
}

TestSuite(judge_stacks, .init = setup, .fini = teardown);

static const struct finding *judged(void)
{
	made_build(&m);
	cr_assert_eq(judge(&m.scene, &m.graph, true, &report), 0);
	cr_assert_gt(report.count, 0);
	return &report.findings[0];
}

static const struct fact *fact_of(const struct finding *finding, enum fact_kind kind)
{
	uint32_t i;

	for (i = 0; i < finding->fact_count; i++)
		if (finding->facts[i].kind == kind)
			return &finding->facts[i];
	return NULL;
}

/* A blank at which a line must not be broken is a blank. */
static const char *untied(struct phrase *phrase)
{
	char *tie;

	while ((tie = strchr(phrase->text, PHRASE_TIE)))
		*tie = ' ';
	return phrase->text;
}

static const char *summary_of(const struct finding *finding)
{
	static struct phrase phrase;

	phrase_init(&phrase, PLACE_TERMINAL);
	words_summary(&phrase, &report, finding);
	return untied(&phrase);
}

static const char *said(const struct finding *finding, enum fact_kind kind)
{
	static struct phrase phrase;

	cr_assert(fact_of(finding, kind));
	phrase_init(&phrase, PLACE_TERMINAL);
	words_fact(&phrase, &report, finding, fact_of(finding, kind));
	return untied(&phrase);
}

static void holds(const char *text, const char *part)
{
	cr_expect(strstr(text, part), "no \"%s\" in \"%s\"", part, text);
}

static void lacks(const char *text, const char *part)
{
	cr_expect(!strstr(text, part), "\"%s\" in \"%s\"", part, text);
}

static struct frame_ix started(void)
{
	struct frame_ix at = make_frame(&m, MADE_NO_FRAME, "/srv/program", "_start", 0x40);

	return make_line(&m, make_frame(&m, at, LIBC, "__libc_start_main", 0x2724a), "main", 120);
}

/* Asleep in clock_nanosleep below that frame. */
static void sleeps_below(struct task_ix who, struct frame_ix at)
{
	make_stack(&m, who, 0, make_frame(&m, at, LIBC, "clock_nanosleep", 0xc0));
}

/* ---- where it is ---------------------------------------------------------------- */

Test(judge_stacks, a_sleeper_is_named_with_function_and_line)
{
	const struct finding *finding;

	make_sleep(&m, task, 100000, 0);
	sleeps_below(task, make_line(&m, started(), "read_config", 31));
	finding = judged();
	holds(summary_of(finding), "; asleep in read_config, main.c:31, under main");
	holds(said(finding, FACT_ASLEEP), "asleep in read_config, main.c:31, under main: clock_nanosleep for 100000 s");
	holds(said(finding, FACT_STACK), "is in read_config, main.c:31, under main");
}

Test(judge_stacks, without_a_stack_nothing_is_added)
{
	const struct finding *finding;

	make_sleep(&m, task, 100000, 0);
	make_stack(&m, task, 0, MADE_NO_FRAME)->sight = SIGHT_DENIED;
	finding = judged();
	cr_expect(!fact_of(finding, FACT_STACK));
	cr_expect_eq(fact_of(finding, FACT_ASLEEP)->frame.at, NO_ROW);
	lacks(summary_of(finding), ";");
	holds(said(finding, FACT_ASLEEP), "asleep in clock_nanosleep for 100000 s");
}

Test(judge_stacks, a_c_library_alone_tells_nothing)
{
	make_sleep(&m, task, 100000, 0);
	sleeps_below(task, make_frame(&m, MADE_NO_FRAME, LIBC, "__libc_start_main", 0x10));
	cr_expect(!fact_of(judged(), FACT_STACK));
}

Test(judge_stacks, a_module_where_no_line_and_an_address_where_no_name)
{
	struct frame_ix at = make_frame(&m, MADE_NO_FRAME, "/opt/lib/libfeed.so.1", "pump", 0x40);

	make_sleep(&m, task, 100000, 0);
	sleeps_below(task, at);
	holds(summary_of(judged()), "; asleep in pump of libfeed.so.1");
	teardown();
	setup();
	make_sleep(&m, task, 100000, 0);
	at = make_frame(&m, MADE_NO_FRAME, "/opt/lib/libfeed.so.1", NULL, 0x1139);
	sleeps_below(task, at);
	holds(summary_of(judged()), "; asleep in libfeed.so.1+0x1139");
}

static const char *function_words(const char *function)
{
	static struct phrase phrase;
	struct frame_ix at = make_frame(&m, MADE_NO_FRAME, "", function, 0x40);

	made_build(&m);
	phrase_init(&phrase, PLACE_TERMINAL);
	words_where(&phrase, &m.scene, at);
	return phrase.text;
}

Test(judge_stacks, functions_without_their_arguments)
{
	char huge[400];

	cr_expect_str_eq(function_words("pump"), "pump");
	cr_expect_str_eq(function_words("Feed::pump(int, std::vector<int>) const"), "Feed::pump");
	cr_expect_str_eq(function_words("Feed::operator()(int)"), "Feed::operator()");
	cr_expect_str_eq(function_words("(anonymous namespace)::pump(void (*)(int))"), "(anonymous namespace)::pump");
	cr_expect_str_eq(function_words("main.(*Feed).pump"), "main.(*Feed).pump");
	cr_expect_str_eq(function_words("a\033[2Jb"), "a\\x1b[2Jb");
	memset(huge, 'x', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	cr_expect_eq(strlen(function_words(huge)), 80 + 3);
}

/* ---- what it waits for ------------------------------------------------------------ */

static const struct edge *wait_of(struct task_ix who)
{
	uint32_t first = m.graph.first_edge[who.at];

	cr_assert_gt(m.graph.first_edge[who.at + 1], first);
	return &m.graph.edge[first];
}

static void waits_on_word(struct task_ix who, const char *function)
{
	make_call(&m, who, "futex", 0x5000, 0x189, 0, 0, 0, 0xffffffff);
	if (function)
		make_stack(&m, who, 0, make_frame(&m, make_line(&m, started(), "drain", 77), LIBC, function, 0x50));
}

Test(judge_stacks, the_function_says_what_a_futex_is_for)
{
	static const struct { const char *function; enum channel channel; const char *words; } rows[] = {
		{ "pthread_cond_wait", CHANNEL_CONDITION, "futex, for a condition variable" },
		{ "pthread_mutex_lock", CHANNEL_MUTEX, "futex, for a mutex" },
		{ "pthread_rwlock_wrlock", CHANNEL_RWLOCK, "futex, for a readers-writer lock" },
		{ "sem_wait", CHANNEL_SEMAPHORE, "futex, for a semaphore" },
		{ "pthread_join", CHANNEL_JOIN, "futex, for the end of a thread" },
		{ "pthread_barrier_wait", CHANNEL_BARRIER, "futex, for a barrier" },
		{ "syscall", CHANNEL_FUTEX, "futex, for a lock or condition" },
		{ NULL, CHANNEL_FUTEX, "futex, for a lock or condition" },
	};
	struct phrase phrase;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		waits_on_word(task, rows[i].function);
		waits_on_word(make_task(&m, process, 101), NULL);
		judged();
		cr_expect_eq(wait_of(task)->channel, rows[i].channel, "%s", rows[i].words);
		phrase_init(&phrase, PLACE_TERMINAL);
		cr_expect(words_call(&phrase, &m.scene, task));
		if (rows[i].channel != CHANNEL_FUTEX)
			holds(summary_of(&report.findings[0]), rows[i].words + strlen("futex, for "));
		cr_expect_str_eq(phrase.text, rows[i].words);
		teardown();
		setup();
	}
}

/* A name is no owner: whatever stands in the stack, verdict, certainty and wakers stay what they were. */
Test(judge_stacks, a_name_of_a_lock_proves_nothing)
{
	static const char *const functions[] = {
		"pthread_cond_wait", "pthread_mutex_lock", "pthread_rwlock_rdlock", "sem_wait", "pthread_join",
		"pthread_barrier_wait", NULL,
	};
	enum verdict verdict = VERDICTS;
	uint32_t wakers = 0, bits = 0;
	size_t i;

	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		struct task_ix other = make_task(&m, process, 101);
		const struct finding *finding;

		waits_on_word(task, functions[i]);
		waits_on_word(other, functions[i]);
		finding = judged();
		cr_expect_neq(finding->verdict, VERDICT_DEADLOCK);
		cr_expect_eq(finding->certainty, UNSURE);
		cr_expect(wait_of(task)->doubts & DOUBT_OWNERLESS);
		if (i == 0) {
			verdict = finding->verdict;
			wakers = wait_of(task)->wakers;
			bits = finding->doubts;
		}
		cr_expect_eq(finding->verdict, verdict);
		cr_expect_eq(finding->doubts, bits);
		cr_expect_eq(wait_of(task)->wakers, wakers);
		teardown();
		setup();
	}
}

/* ---- what burns ------------------------------------------------------------------- */

static void burns_in(uint32_t samples, const char *const *functions, uint32_t count)
{
	struct frame_ix at = started();
	uint32_t i;

	make_burning(&m, task);
	for (i = 0; i < samples; i++)
		make_stack(&m, task, (int32_t)i, make_line(&m, make_line(&m, at, "scan", 80 + (int32_t)i % 3),
							    functions[i % count], 10 + (int32_t)i));
}

Test(judge_stacks, a_loop_is_named)
{
	static const char *const same[] = { "spin" };
	const struct finding *finding;

	burns_in(5, same, 1);
	finding = judged();
	cr_expect_str_eq(finding->cause->name, "compute-loop");
	holds(summary_of(finding), "; looping in spin, main.c:");
	holds(summary_of(finding), ", under scan");
	holds(said(finding, FACT_LOOP), ": in each of 5 stacks");
	cr_expect(!fact_of(finding, FACT_STACK));
}

/* A number cruncher is healthy: one function for all of the window is what it is made of. */
Test(judge_stacks, a_computation_alone_stays_unsure)
{
	static const char *const same[] = { "is_prime" };
	const struct finding *finding;

	burns_in(5, same, 1);
	finding = judged();
	cr_expect_eq(finding->certainty, UNSURE);
	cr_expect(finding->doubts & DOUBT_COMPUTES);
	cr_expect(!(finding->doubts & DOUBT_FRAMES_UNREAD), "they were");
}

Test(judge_stacks, few_stacks_are_not_compared)
{
	static const char *const same[] = { "spin" };

	burns_in(2, same, 1);
	cr_expect(judged()->doubts & DOUBT_FRAMES_UNREAD);
}

Test(judge_stacks, the_callers_word_makes_a_loop_likely)
{
	static const char *const same[] = { "spin" };
	const struct finding *finding;

	m.snapshot.asked.overdue = 1;
	burns_in(5, same, 1);
	finding = judged();
	cr_expect_eq(finding->verdict, VERDICT_CPU_SPIN);
	cr_expect_eq(finding->certainty, LIKELY);
}

Test(judge_stacks, a_compiler_that_reads_and_writes_progresses)
{
	static const char *const same[] = { "longest_match" };

	burns_in(5, same, 1);
	make_io(&m, process, 1 << 20);
	cr_expect_eq(judged()->verdict, VERDICT_PROGRESSING);
}

/* 101 has sent what 100, which burns, leaves unread; both are asked about. */
static void leaves_unread_for(int64_t seconds)
{
	struct process_ix client = make_process(&m, 101, 100);
	struct object_ix ends[2];

	make_pair(&m, OBJECT_UNIX, 30, ends);
	make_fd(&m, process, 4, ends[0], O_RDWR);
	make_fd(&m, client, 4, ends[1], O_RDWR);
	make_readable(&m, ends[0], 18204);
	make_call(&m, make_leader(&m, client), "read", 4, 0x1000, 4096, 0, 0, 0);
	task_at(&m.snapshot, make_leader(&m, client))->at[LOOK_T1].silent_ns = seconds * MADE_SECOND_NS;
	task_at(&m.snapshot, make_leader(&m, client))->at[LOOK_T1].silent_error_ns = 1000000;
}

Test(judge_stacks, a_loop_that_keeps_somebody_waiting_is_likely)
{
	static const char *const same[] = { "spin" };
	const struct finding *finding;

	burns_in(5, same, 1);
	leaves_unread_for(90);
	finding = judged();
	cr_expect_eq(finding->verdict, VERDICT_CPU_SPIN);
	cr_expect_eq(finding->culprit.at, task.at);
	cr_expect_eq(finding->certainty, LIKELY, "doubts %#x", finding->doubts);
}

Test(judge_stacks, a_server_at_work_on_a_request_is_unsure)
{
	static const char *const same[] = { "multiply" };

	burns_in(5, same, 1);
	leaves_unread_for(3);
	cr_expect_eq(judged()->certainty, UNSURE);
}

/* What all have in common is main(), or a dispatcher: no proof that nothing comes of it. */
Test(judge_stacks, frames_that_differ_stay_unsure)
{
	static const char *const work[] = { "parse", "check", "hash", "copy" };
	const struct finding *finding;

	burns_in(5, work, 4);
	leaves_unread_for(90);
	finding = judged();
	cr_expect_eq(finding->certainty, UNSURE);
	cr_expect(finding->doubts & DOUBT_COMPUTES);
	holds(summary_of(finding), "; looping in scan, main.c:");
}

/* Whatever a script does, the interpreter is in its own loop. */
Test(judge_stacks, an_interpreters_loop_says_nothing)
{
	struct frame_ix at = make_frame(&m, MADE_NO_FRAME, PYTHON, "Py_BytesMain", 0x40);
	const struct finding *finding;
	int32_t i;

	make_burning(&m, task);
	leaves_unread_for(90);
	for (i = 0; i < 5; i++)
		make_stack(&m, task, i, make_frame(&m, at, PYTHON, "_PyEval_EvalFrameDefault", 0x500 + (uint64_t)i));
	finding = judged();
	cr_expect_eq(finding->certainty, UNSURE);
	holds(said(finding, FACT_LOOP), "loops in _PyEval_EvalFrameDefault of python3.11");
}

Test(judge_stacks, a_spin_lock_is_called_so)
{
	struct frame_ix at = make_line(&m, started(), "enqueue", 50);
	const struct finding *finding;
	int32_t i;

	make_burning(&m, task);
	for (i = 0; i < 5; i++)
		make_stack(&m, task, i, make_frame(&m, at, LIBC, "pthread_spin_lock", 0x60 + (uint64_t)i));
	finding = judged();
	cr_expect_str_eq(finding->cause->name, "spin-wait");
	cr_expect_eq(finding->certainty, LIKELY);
	holds(summary_of(finding), "; looping in enqueue, main.c:50, under main");
}

Test(judge_stacks, a_spin_lock_met_now_and_then_is_none)
{
	struct frame_ix at = make_line(&m, started(), "enqueue", 50);
	int32_t i;

	make_burning(&m, task);
	for (i = 0; i < 5; i++)
		make_stack(&m, task, i, i == 3 ? at : make_frame(&m, at, LIBC, "pthread_spin_lock", 0x60));
	cr_expect_str_eq(judged()->cause->name, "compute-loop");
}

/* A server at rest is at rest, with a stack as without one. */
Test(judge_stacks, an_idle_server_stays_idle)
{
	const struct finding *finding;
	struct object_ix set = make_object(&m, OBJECT_EPOLL, 9), listener = make_object(&m, OBJECT_TCP, 10);

	object_at(&m.snapshot, listener)->at[LOOK_T0].state = object_at(&m.snapshot, listener)->at[LOOK_T1].state = 10;
	make_fd(&m, process, 3, set, O_RDWR);
	make_fd(&m, process, 4, listener, O_RDWR);
	make_watch(&m, set, 4, listener, 1);
	make_call(&m, task, "epoll_wait", 3, 0x1000, 64, 0xffffffff, 0, 0);
	make_stack(&m, task, 0, make_frame(&m, make_line(&m, started(), "serve", 200), LIBC, "epoll_wait", 0x70));
	finding = judged();
	cr_expect_eq(finding->verdict, VERDICT_IDLE);
	holds(summary_of(finding), "; asleep in serve, main.c:200, under main");
}

/* ---- the report ------------------------------------------------------------------- */

static char *rendered(bool verbose)
{
	const struct render_options options = { .columns = 100, .utf8 = true, .verbose = verbose };
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);

	cr_assert(out);
	cr_assert_eq(render_text.render(&report, &options, out), 0);
	fclose(out);
	return ret;
}

/* 100 sleeps, deep in its code; 101 has waited for it over a pipe all the while. */
static void make_waiter(uint32_t depth)
{
	struct process_ix victim = make_process(&m, 101, 100);
	struct object_ix pipe = make_pipe(&m, 7);
	struct frame_ix at = started();
	uint32_t i;

	make_fd(&m, victim, 3, pipe, O_RDONLY);
	make_fd(&m, process, 4, pipe, O_WRONLY);
	make_call(&m, make_leader(&m, victim), "read", 3, 0x1000, 4096, 0, 0, 0);
	make_sleep(&m, task, 100000, 0);
	for (i = 0; i < depth; i++)
		at = make_line(&m, at, i % 2 ? "walk" : "visit", 200 + (int32_t)i);
	sleeps_below(task, make_line(&m, at, "backoff", 31));
	make_stack(&m, make_leader(&m, victim), 0,
		   make_frame(&m, make_line(&m, started(), "client", 77), LIBC, "read", 0x90));
}

Test(judge_stacks, the_report_shows_a_few_frames)
{
	_cleanup_free_ char *text = NULL;

	make_waiter(1);
	judged();
	text = rendered(false);
	holds(text, "; asleep in\n           backoff, main.c:31, under visit: clock_nanosleep for 100000 s\n");
	holds(text, "\n\n  stack    proc[100]\n"
		    "             backoff at main.c:31\n"
		    "             visit at main.c:200\n"
		    "             main at main.c:120\n"
		    "           proc[101]\n"
		    "             client at main.c:77\n"
		    "             main at main.c:120\n"
		    "\n");
	lacks(text, "_start");
	lacks(text, "nanosleep of");
	cr_expect_lt(strstr(text, "culprit"), strstr(text, "stack    "));
	holds(text, "next     read main.c:31; keep the evidence");
}

Test(judge_stacks, a_deep_stack_is_cut_unless_asked_for)
{
	_cleanup_free_ char *text = NULL, *whole = NULL;

	make_waiter(40);
	judged();
	text = rendered(false);
	holds(text, "             walk at main.c:239\n");
	holds(text, "             37 more\n");
	lacks(text, "main.c:200");
	whole = rendered(true);
	holds(whole, "main.c:200");
	holds(whole, "_start");
}

Test(judge_stacks, equal_stacks_are_shown_once)
{
	_cleanup_free_ char *text = NULL;
	struct process_ix other = make_process(&m, 102, 100);

	make_waiter(0);
	make_fd(&m, other, 3, make_pipe(&m, 7), O_RDONLY);
	make_call(&m, make_leader(&m, other), "read", 3, 0x1000, 4096, 0, 0, 0);
	make_stack(&m, make_leader(&m, other), 0,
		   make_frame(&m, make_line(&m, started(), "client", 77), LIBC, "read", 0x90));
	judged();
	text = rendered(false);
	holds(text, "           proc[102], the same as proc[101]\n");
}

Test(judge_stacks, threads_beside_the_culprit_are_shown)
{
	_cleanup_free_ char *text = NULL;
	struct task_ix other = make_task(&m, process, 101);

	m.snapshot.asked.overdue = 1;
	waits_on_word(task, "pthread_join");
	make_call(&m, other, "futex", 0x6000, 0x189, 0, 0, 0, 0xffffffff);
	make_stack(&m, other, 0, make_frame(&m, make_line(&m, MADE_NO_FRAME, "worker", 9), LIBC, "pthread_cond_wait", 1));
	judged();
	text = rendered(false);
	holds(text, "           proc[100]/101 (task) in futex, for a condition variable\n             worker at main.c:9\n");
}

Test(judge_stacks, no_more_than_a_screen)
{
	struct object_ix pipe = make_pipe(&m, 7);
	_cleanup_free_ char *text = NULL;
	const char *at, *end;
	unsigned lines = 0;
	int32_t i;

	make_waiter(40);
	for (i = 0; i < 30; i++) {
		struct process_ix other = make_process(&m, 200 + i, 100);
		struct frame_ix frame = started();
		int32_t depth;

		make_fd(&m, other, 3, pipe, O_RDONLY);
		make_call(&m, make_leader(&m, other), "read", 3, 0x1000, 4096, 0, 0, 0);
		for (depth = 0; depth < 20; depth++)
			frame = make_line(&m, frame, depth % 2 ? "ask" : "retry", 400 + i * 20 + depth);
		make_stack(&m, make_leader(&m, other), 0, make_frame(&m, frame, LIBC, "read", 0x90));
	}
	judged();
	text = rendered(false);
	at = strstr(text, "  stack    ");
	cr_assert(at);
	for (end = strstr(at, "\n\n"); at < end; at++)
		lines += *at == '\n';
	cr_expect_leq(lines, 24);
	cr_expect_gt(lines, 10);
}

Test(judge_stacks, without_stacks_there_is_no_such_part)
{
	_cleanup_free_ char *text = NULL;

	make_sleep(&m, task, 100000, 0);
	judged();
	text = rendered(true);
	lacks(text, "  stack ");
	holds(text, "nothing was stopped");
}

Test(judge_stacks, hostile_names_are_escaped)
{
	_cleanup_free_ char *text = NULL;

	make_waiter(0);
	sleeps_below(task, make_line(&m, started(), "a\033[2Jb\nc{pid}[", 5));
	judged();
	text = rendered(true);
	lacks(text, "\033");
	holds(text, "a\\x1b[2Jb\\x0ac{pid}[");
}

Test(judge_stacks, stops_are_counted)
{
	_cleanup_free_ char *one = NULL, *many = NULL;

	make_sleep(&m, task, 100000, 0);
	m.snapshot.cost = (struct cost){ .threads_stopped = 1, .longest_stop_ns = 23400, .total_stop_ns = 23400 };
	judged();
	one = rendered(false);
	holds(one, "; a thread was stopped once, for 0.023 ms\n");
	m.snapshot.cost = (struct cost){ .threads_stopped = 7, .longest_stop_ns = 61000, .total_stop_ns = 1300000000 };
	many = rendered(false);
	holds(many, "; threads were stopped 7 times, for at most 0.061 ms each, 1.3 s in all\n");
}
