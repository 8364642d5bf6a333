/* SPDX-License-Identifier: MIT */
#include "stack_view.h"

#include <criterion/criterion.h>
#include <string.h>

#include "cleanup.h"
#include "make.h"
#include "render.h"

#define LIBC "/lib/x86_64-linux-gnu/libc.so.6"

static struct made made;
static struct process_ix process;
static struct task_ix leader;
static struct report report;
static struct stack_tree tree;
static struct stack_group *groups;
static uint32_t group_count;
static bool ranked; /* by what the judge finds in it */

static void begin(void)
{
	made_init(&made);
	ranked = false;
	process = make_process(&made, 100, 0);
	leader = make_leader(&made, process);
}

static void end(void)
{
	made_deinit(&made);
}

TestSuite(stack_view, .init = begin, .fini = end);

static void build(bool flat)
{
	made_build(&made);
	cr_assert_eq(judge(&made.scene, &made.graph, true, &report), 0);
	report.judged = false;
	if (!ranked)
		report.count = 0;
	cr_assert_eq(stack_tree_build(&report, false, &tree), 0);
	cr_assert_eq(stack_groups(&report, &tree, flat, &groups, &group_count), 0);
}

static char *rendered(const struct renderer *renderer, bool utf8, bool verbose)
{
	const struct render_options options = { .columns = 100, .utf8 = utf8, .verbose = verbose };
	char *ret = NULL;
	size_t size;
	FILE *out;

	made_build(&made);
	cr_assert_eq(judge(&made.scene, &made.graph, true, &report), 0);
	report.judged = false;
	if (!ranked)
		report.count = 0;
	made.snapshot.cost = (struct cost){ .wall_ns = 31000000 };
	out = open_memstream(&ret, &size);
	cr_assert_not_null(out);
	cr_assert_eq(renderer->render(&report, &options, out), 0);
	fclose(out);
	return ret;
}

static void check(const struct renderer *renderer, bool utf8, const char *want)
{
	_cleanup_free_ char *text = rendered(renderer, utf8, false);

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

static struct frame_ix started(void)
{
	return make_frame(&made, make_frame(&made, MADE_NO_FRAME, "/srv/program", "_start", 0x40), LIBC,
			  "__libc_start_main", 0x2724a);
}

static struct frame_ix waiting(const char *function, int32_t line)
{
	struct frame_ix at = make_line(&made, make_line(&made, started(), "main", 10), function, line);

	return make_frame(&made, at, LIBC, "pthread_cond_wait", 0x20b);
}

static const char *name_of(uint32_t node)
{
	const struct stack_node *it = &tree.node[node];

	if (it->frame.at == NO_ROW)
		return snapshot_bytes(&made.snapshot, it->comm);
	return snapshot_bytes(&made.snapshot, site_at(&made.snapshot, frame_at(&made.snapshot, it->frame)->site)->function);
}

/* ---- the tree ------------------------------------------------------------------ */

Test(stack_view, functions_are_nodes_whatever_the_line)
{
	uint32_t at;

	make_stack(&made, leader, 0, waiting("work", 20));
	make_stack(&made, leader, 1, waiting("work", 21));
	make_stack(&made, make_task(&made, process, 101), 0, waiting("rest", 30));
	build(false);
	cr_expect_eq(tree.count, 8, "the root, start, main, work and rest, a wait below each: %u", tree.count);
	cr_expect_eq(tree.node[0].count, 3);
	at = tree.node[tree.node[tree.node[0].first_child].first_child].first_child;
	cr_expect_str_eq(name_of(at), "main");
	cr_expect(tree.node[at].same_site);
	cr_expect_eq(tree.node[at].count, 3);
	cr_expect_eq(tree.node[at].self, 0);
	at = tree.node[at].first_child;
	cr_expect_str_eq(name_of(at), "work", "the most counted first");
	cr_expect_eq(tree.node[at].count, 2);
	cr_expect_not(tree.node[at].same_site, "it was met at two lines");
	cr_expect_str_eq(name_of(tree.node[at].next), "rest");
	cr_expect_eq(tree.node[tree.node[at].first_child].self, 2);
	cr_expect_eq(tree.deepest, 5);
}

Test(stack_view, every_node_comes_once)
{
	uint32_t at, seen = 1;

	make_stack(&made, leader, 0, waiting("work", 20));
	make_stack(&made, leader, 1, waiting("rest", 21));
	make_stack(&made, leader, 2, make_line(&made, MADE_NO_FRAME, "lost", 1));
	build(false);
	for (at = stack_tree_after(&tree, 0); at && seen <= tree.count; at = stack_tree_after(&tree, at))
		seen++;
	cr_expect_eq(seen, tree.count);
}

Test(stack_view, a_function_of_that_name_elsewhere_is_another)
{
	make_stack(&made, leader, 0, make_frame(&made, started(), "/srv/one.so", "run", 0x10));
	make_stack(&made, leader, 1, make_frame(&made, started(), "/srv/two.so", "run", 0x10));
	make_stack(&made, leader, 2, make_frame(&made, started(), "/srv/two.so", NULL, 0x20));
	make_stack(&made, leader, 3, make_frame(&made, started(), "/srv/two.so", NULL, 0x30));
	build(false);
	cr_expect_eq(tree.count, 1 + 2 + 4);
}

Test(stack_view, names_of_threads_stand_below_the_root)
{
	struct task_ix other = make_task(&made, process, 101);

	task_at(&made.snapshot, other)->comm = make_text(&made, "worker");
	make_stack(&made, leader, 0, waiting("work", 20));
	make_stack(&made, other, 0, waiting("work", 20));
	made_build(&made);
	cr_assert_eq(judge(&made.scene, &made.graph, true, &report), 0);
	cr_assert_eq(stack_tree_build(&report, true, &tree), 0);
	cr_expect_eq(tree.count, 1 + 2 * 6, "nothing is shared below two names");
	cr_expect_str_eq(name_of(tree.node[0].first_child), "task");
	cr_expect_str_eq(name_of(tree.node[tree.node[0].first_child].next), "worker");
}

/* ---- groups -------------------------------------------------------------------- */

Test(stack_view, equal_functions_make_a_group_not_equal_rows)
{
	struct task_ix tasks[5];
	int32_t i;

	make_stack(&made, leader, 0, waiting("work", 10));
	for (i = 0; i < 5; i++) {
		tasks[i] = make_task(&made, process, 105 - i);
		make_stack(&made, tasks[i], 0, waiting(i < 4 ? "pool" : "other", 50 + i));
	}
	build(false);
	cr_assert_eq(group_count, 3);
	cr_expect_eq(groups[0].count, 4, "most threads first");
	cr_expect_eq(task_at(&made.snapshot, groups[0].tasks[0])->tid, 102, "by tid");
	cr_expect_eq(task_at(&made.snapshot, groups[0].tasks[3])->tid, 105);
	cr_expect_eq(groups[1].tasks[0].at, leader.at, "then by tid");
	cr_expect_eq(groups[0].variant_count, 1);
	cr_expect_eq(groups[0].samples, 4);
	build(true);
	cr_assert_eq(group_count, 6);
	cr_expect_eq(groups[0].tasks[0].at, leader.at);
	cr_expect_eq(task_at(&made.snapshot, groups[1].tasks[0])->tid, 101);
}

Test(stack_view, a_wedge_stands_before_the_many)
{
	struct process_ix many = make_process(&made, 150, 100), one = make_process(&made, 200, 100);
	struct process_ix two = make_process(&made, 300, 100);
	struct object_ix there = make_pipe(&made, 7), back = make_pipe(&made, 8);
	int32_t i;

	/* Two that read from each other; nine that have nothing to do with them. */
	ranked = true;
	make_fd(&made, one, 3, there, O_RDONLY);
	make_fd(&made, two, 4, there, O_WRONLY);
	make_fd(&made, two, 3, back, O_RDONLY);
	make_fd(&made, one, 4, back, O_WRONLY);
	make_call(&made, make_leader(&made, one), "read", 3, 0x1000, 1, 0, 0, 0);
	make_call(&made, make_leader(&made, two), "read", 3, 0x1000, 1, 0, 0, 0);
	make_stack(&made, make_leader(&made, one), 0, waiting("ask", 1));
	make_stack(&made, make_leader(&made, two), 0, waiting("answer", 2));
	for (i = 0; i < 8; i++) {
		struct task_ix task = make_task(&made, many, 160 + i);

		make_sleep(&made, task, 1, 0);
		make_moved(&made, task, 2);
		make_stack(&made, task, 0, waiting("tick", 3));
	}
	build(false);
	cr_assert_gt(report.count, 0);
	cr_assert_eq(report.findings[0].verdict, VERDICT_DEADLOCK);
	cr_expect_eq(task_at(&made.snapshot, groups[0].tasks[0])->tid, 200);
	cr_expect_eq(task_at(&made.snapshot, groups[1].tasks[0])->tid, 300);
	cr_expect_eq(groups[2].count, 8);
}

Test(stack_view, who_burns_goes_round_in_the_common_function)
{
	struct frame_ix main_at = make_line(&made, started(), "main", 10);
	struct task_ix sleeper = make_task(&made, process, 101);
	int32_t i;

	make_burning(&made, leader);
	for (i = 0; i < 6; i++) {
		struct frame_ix at = make_line(&made, main_at, "work", 20 + i % 3);

		make_stack(&made, leader, i, i % 2 ? make_line(&made, at, "parse", 40) : at)->way = WAY_STOPPED;
		make_stack(&made, sleeper, i, waiting("rest", 30));
	}
	build(false);
	cr_assert_eq(group_count, 2);
	cr_expect_eq(groups[0].tasks[0].at, leader.at, "who runs first");
	cr_assert_neq(groups[0].loop.at, NO_ROW);
	cr_expect_str_eq(name_of(tree.of_frame[groups[0].loop.at]), "work");
	cr_expect_eq(groups[0].variant_count, 2);
	cr_expect_eq(groups[1].loop.at, NO_ROW, "a sleeper's samples are alike for another reason");
	cr_expect_eq(groups[1].samples, 6);
}

Test(stack_view, without_a_stack_it_comes_last_and_says_why)
{
	struct task_ix denied = make_task(&made, process, 101), unasked = make_task(&made, process, 102);
	struct task_ix zombie = make_task(&made, process, 103);

	make_stack(&made, leader, 0, waiting("work", 1));
	make_stack(&made, denied, 0, MADE_NO_FRAME)->sight = SIGHT_DENIED;
	make_state(&made, zombie, 'Z');
	build(false);
	cr_assert_eq(group_count, 4);
	cr_expect_not_null(groups[0].stack);
	cr_expect_eq(groups[1].sight, SIGHT_DENIED);
	cr_expect_eq(groups[2].tasks[0].at, unasked.at);
	cr_expect_eq(groups[2].sight, SIGHT_UNASKED);
	cr_expect(groups[3].dead);
}

/* ---- as text ------------------------------------------------------------------- */

Test(stack_view, text)
{
	struct object_ix pipe = make_pipe(&made, 7);
	struct task_ix other;
	int32_t i;

	ranked = true;
	make_fd(&made, process, 3, pipe, O_RDONLY);
	make_call(&made, leader, "read", 3, 0x1000, 4096, 0, 0, 0);
	make_stack(&made, leader, 0, make_frame(&made, make_line(&made, started(), "main", 31), LIBC, "read", 0x4d));
	for (i = 0; i < 3; i++) {
		other = make_task(&made, process, 110 + i);
		make_sleep(&made, other, 5, 0);
		make_moved(&made, other, 1);
		make_stack(&made, other, 0, waiting("work", 88));
	}
	make_stack(&made, make_task(&made, process, 120), 0, make_frame(&made, MADE_NO_FRAME, "/x/libfoo.so.1", NULL, 0x1234))
		->ends = END_NO_TABLE;
	check(&render_stack, true,
	      "proc[100]\n"
	      "  waits    read(3), pipe\n"
	      "  stack    read+0x4d (libc.so.6)\n"
	      "           main at main.c:31\n"
	      "           __libc_start_main+0x4a (libc.so.6)\n"
	      "           _start+0x40 (program)\n"
	      "\n"
	      "3 threads of proc[100]: 110-112\n"
	      "  waits    clock_nanosleep for 5 s\n"
	      "  stack    pthread_cond_wait+0xb (libc.so.6)\n"
	      "           work at main.c:88\n"
	      "           main at main.c:10\n"
	      "           __libc_start_main+0x4a (libc.so.6)\n"
	      "           _start+0x40 (program)\n"
	      "\n"
	      "proc[100]/120 (task)\n"
	      "  waits    kernel function some_wait\n"
	      "  stack    libfoo.so.1+0x1234\n"
	      "           ends here: no unwind table and no frame pointer leads on\n"
	      "\n"
	      "  seen     all of it; 31 ms; nothing was stopped\n");
}

Test(stack_view, text_of_a_loop)
{
	struct frame_ix main_at = make_line(&made, started(), "main", 10);
	_cleanup_free_ char *text = NULL;
	int32_t i;

	make_burning(&made, leader);
	for (i = 0; i < 6; i++) {
		struct frame_ix at = make_line(&made, main_at, "work", 20 + i);

		make_stack(&made, leader, i, i % 3 ? make_line(&made, at, "parse", 40) : at)->way = WAY_STOPPED;
	}
	text = rendered(&render_stack, true, false);
	holds(text, "  runs     its own code\n"
		    "  loops in work at main.c:25; it is in all 6 samples\n"
		    "  varies   4 of 6 parse\n"
		    "           2 of 6 work itself\n"
		    "  under    main at main.c:10\n"
		    "           __libc_start_main+0x4a (libc.so.6)\n");
}

Test(stack_view, marks_are_explained_once_and_only_where_they_stand)
{
	struct frame_ix at = waiting("work", 20);
	_cleanup_free_ char *text = NULL;

	frame_at(&made.snapshot, at)->basis = BASIS_SCANNED;
	make_stack(&made, leader, 0, at);
	make_stack(&made, make_task(&made, process, 101), 0, make_frame(&made, at, LIBC, "futex_wait", 1));
	text = rendered(&render_stack, true, false);
	holds(text, "pthread_cond_wait+0xb (libc.so.6) ~\n");
	holds(text, "  marks    ~ inferred from a return address that lies on the stack\n");
	lacks(text, "^");
	lacks(text, "??");
}

Test(stack_view, a_frame_is_a_line_however_long_its_name)
{
	_cleanup_free_ char *text = NULL, *whole = NULL;
	char name[1200];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	make_stack(&made, leader, 0, make_line(&made, started(), name, 5));
	text = rendered(&render_stack, true, false);
	holds(text, "nnn... at main.c:5\n");
	whole = rendered(&render_stack, true, true);
	holds(whole, name);
}

Test(stack_view, text_of_the_tree)
{
	make_stack(&made, leader, 0, waiting("work", 20));
	make_stack(&made, make_task(&made, process, 101), 0, waiting("work", 21));
	make_stack(&made, make_task(&made, process, 102), 0, make_line(&made, make_line(&made, started(), "main", 10), "rest", 30));
	check(&render_stack_tree, true,
	      "SAMPLES  SHARE  FUNCTION                             ENDS HERE\n"
	      "      3  100 %  _start+0x40 (program)\n"
	      "      3  100 %  __libc_start_main+0x4a (libc.so.6)\n"
	      "      3  100 %  main at main.c:10\n"
	      "      2   66 %  \xe2\x94\x9c work (program)\n"
	      "      2   66 %  \xe2\x94\x82 pthread_cond_wait+0xb (libc.so.6)  proc[100] and 1 more\n"
	      "      1   33 %  \xe2\x94\x94 rest at main.c:30                  proc[100]/102 (task)\n"
	      "\n"
	      "  seen     all of it; 31 ms; nothing was stopped\n");
}

Test(stack_view, folded)
{
	struct frame_ix at = make_frame(&made, started(), "/srv/program", "std::vector<int, int> Feed::get(int) const", 5);
	struct task_ix other = make_task(&made, process, 101);

	task_at(&made.snapshot, other)->comm = make_text(&made, "a b;c");
	make_stack(&made, leader, 0, at);
	make_stack(&made, leader, 1, at);
	make_stack(&made, other, 0, make_frame(&made, started(), "/srv/program", "odd\n;name", 9));
	check(&render_folded, true,
	      "task;_start;__libc_start_main;Feed::get 2\n"
	      "a_b:c;_start;__libc_start_main;odd\\x0a:name 1\n");
}

Test(stack_view, no_stacks_at_all)
{
	_cleanup_free_ char *text = rendered(&render_stack, true, false), *svg = rendered(&render_flamegraph, true, false);
	_cleanup_free_ char *folded = rendered(&render_folded, true, false);

	holds(text, "  no stack not looked at\n");
	cr_expect_str_empty(folded);
	holds(svg, "0 samples");
	holds(svg, "</svg>\n");
}
