/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "make.h"
#include "telling.h"

static struct made made;
static struct process_ix process;
static struct task_ix task;

static void begin(void)
{
	made_init(&made);
	process = make_process(&made, 100, 0);
	task = make_leader(&made, process);
}

static void end(void)
{
	made_deinit(&made);
}

TestSuite(telling, .init = begin, .fini = end);

static struct frame_ix started(void)
{
	struct frame_ix at = make_frame(&made, MADE_NO_FRAME, "/srv/program", "_start", 0x40);

	return make_frame(&made, at, "/lib/x86_64-linux-gnu/libc.so.6", "__libc_start_main", 0x2724a);
}

static const char *function_of(struct frame_ix frame)
{
	if (frame.at == NO_ROW)
		return "none";
	return snapshot_bytes(&made.snapshot, site_at(&made.snapshot, frame_at(&made.snapshot, frame)->site)->function);
}

static enum site_part part_of(const char *module, const char *function)
{
	struct frame_ix frame = make_frame(&made, MADE_NO_FRAME, module, function, 0x10);

	return site_part_of(&made.snapshot, frame_at(&made.snapshot, frame)->site);
}

Test(telling, whose_code)
{
	static const struct { const char *module, *function; enum site_part part; } rows[] = {
		{ "/lib/x86_64-linux-gnu/libc.so.6", "read", PART_RUNTIME },
		{ "/lib/libc-2.31.so", NULL, PART_RUNTIME },
		{ "/lib/x86_64-linux-gnu/libcrypto.so.3", "RSA_sign", PART_PROGRAM },
		{ "/usr/lib/ld-musl-x86_64.so.1", NULL, PART_RUNTIME },
		{ "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "std::condition_variable::wait(...)", PART_RUNTIME },
		{ "[vdso]", "__vdso_clock_gettime", PART_RUNTIME },
		{ "/usr/bin/python3.11", "time_sleep", PART_INTERPRETER },
		{ "/usr/lib/libpython3.11.so.1.0", NULL, PART_INTERPRETER },
		{ "/home/me/pythonic", "work", PART_INTERPRETER },
		{ "/venv/lib/fast.cpython-311-x86_64-linux-gnu.so", "__pyx_pw_4fast_3run", PART_PROGRAM },
		{ "/venv/lib/fast.cpython-311-x86_64-linux-gnu.so", "PyInit_fast", PART_INTERPRETER },
		{ "/srv/program", "main", PART_PROGRAM },
		{ "/srv/program", NULL, PART_PROGRAM },
		{ "/srv/program", "_start", PART_RUNTIME },
		{ "/srv/program", "nanosleep", PART_RUNTIME },
		{ "/srv/program", "__pthread_cond_wait", PART_RUNTIME },
		{ "/srv/program", "read_config", PART_PROGRAM },
		{ "/srv/program", "read.part.0", PART_RUNTIME },
		{ "/srv/program", "read(Config&)", PART_PROGRAM },
		{ "/srv/program", "void std::__invoke_impl<void, void (*)()>(std::__invoke_other, void (*&&)())", PART_RUNTIME },
		{ "/srv/program", "std::vector<int> Config::values(int) const", PART_PROGRAM },
		{ "/srv/program", "Config::add(std::string const&)", PART_PROGRAM },
		{ "/srv/program", "operator new(unsigned long)", PART_RUNTIME },
		{ "/srv/program", "operator<(Key const&, Key const&)", PART_PROGRAM },
		{ "/srv/program", "<alloc::boxed::Box<F,A> as core::ops::function::FnOnce<Args>>::call_once", PART_RUNTIME },
		{ "/srv/program", "std::rt::lang_start", PART_RUNTIME },
		{ "/srv/program", "feed::pump", PART_PROGRAM },
		{ "/srv/program", "runtime.gopark", PART_RUNTIME },
		{ "/srv/program", "main.(*Feed).pump", PART_PROGRAM },
		{ "/usr/bin/node", "uv__io_poll", PART_INTERPRETER },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(part_of(rows[i].module, rows[i].function), rows[i].part, "%s of %s",
			     rows[i].function ? rows[i].function : "nothing", rows[i].module);
}

Test(telling, the_programs_own_frame_tells)
{
	struct frame_ix at = make_line(&made, started(), "main", 120), called;

	at = make_line(&made, at, "read_config", 31);
	at = make_frame(&made, at, "/lib/x86_64-linux-gnu/libc.so.6", "sleep", 0xd0);
	at = make_frame(&made, at, "/lib/x86_64-linux-gnu/libc.so.6", "clock_nanosleep", 0xc0);
	make_stack(&made, task, 0, at);
	made_build(&made);
	cr_expect_str_eq(function_of(task_telling(&made.scene, task, &called)), "read_config");
	cr_expect_str_eq(function_of(called), "sleep");
}

Test(telling, an_interpreter_tells_less_and_a_run_time_nothing)
{
	struct task_ix other = make_task(&made, process, 101);
	struct frame_ix at = make_frame(&made, started(), "/usr/bin/python3.11", "Py_BytesMain", 0x100), called;

	at = make_frame(&made, at, "/usr/bin/python3.11", "time_sleep", 0x200);
	make_stack(&made, task, 0, at);
	make_stack(&made, other, 0, make_frame(&made, started(), "/lib/libc.so.6", "pause", 0x300));
	made_build(&made);
	cr_expect_str_eq(function_of(task_telling(&made.scene, task, &called)), "time_sleep");
	cr_expect_eq(called.at, NO_ROW, "it is the innermost");
	cr_expect_eq(task_telling(&made.scene, other, NULL).at, NO_ROW);
}

Test(telling, an_interpreter_without_names_tells_nothing)
{
	struct task_ix other = make_task(&made, process, 101);
	struct frame_ix at = make_frame(&made, started(), "/usr/bin/python3.11", "PyEval_EvalCode", 0x100);

	make_stack(&made, task, 0, make_frame(&made, at, "/usr/bin/python3.11", NULL, 0x200));
	/* a program's own place can be looked up where it was built */
	make_stack(&made, other, 0, make_frame(&made, at, "/opt/app/plugin.so", NULL, 0x300));
	made_build(&made);
	cr_expect_eq(task_telling(&made.scene, task, NULL).at, NO_ROW);
	cr_expect_neq(task_telling(&made.scene, other, NULL).at, NO_ROW);
}

Test(telling, no_stack_tells_nothing)
{
	make_stack(&made, task, 0, MADE_NO_FRAME)->sight = SIGHT_DENIED;
	made_build(&made);
	cr_expect_null(newest_stack(&made.scene, task));
	cr_expect_eq(task_telling(&made.scene, task, NULL).at, NO_ROW);
}

Test(telling, the_newest_stack_is_by_sample_not_by_row)
{
	struct frame_ix old = make_line(&made, started(), "old", 1), new = make_line(&made, started(), "new", 2);

	make_stack(&made, task, 1, new);
	make_stack(&made, task, 0, old);
	make_stack(&made, task, 2, MADE_NO_FRAME)->sight = SIGHT_TIMEOUT;
	made_build(&made);
	cr_expect_eq(newest_stack(&made.scene, task)->innermost.at, new.at, "the last one has no frames");
}

Test(telling, what_is_common_to_all_samples_goes_round)
{
	struct frame_ix main_at = make_line(&made, started(), "main", 10), loop;

	/* work() is at another line each time, so nothing but main shares rows. */
	make_stack(&made, task, 0, make_line(&made, make_line(&made, main_at, "work", 21), "parse", 40));
	make_stack(&made, task, 1, make_line(&made, make_line(&made, main_at, "work", 22), "check", 50));
	make_stack(&made, task, 2, make_line(&made, main_at, "work", 23));
	made_build(&made);
	cr_assert(task_loop(&made.scene, task, &loop));
	cr_expect_str_eq(function_of(loop), "work");
	cr_expect_eq(site_at(&made.snapshot, frame_at(&made.snapshot, loop)->site)->line, 23, "in the newest sample");
}

Test(telling, a_loop_is_in_the_program_not_in_what_it_calls)
{
	struct frame_ix at = make_line(&made, make_line(&made, started(), "main", 10), "fill", 30), loop;

	make_stack(&made, task, 0, make_frame(&made, at, "/lib/libc.so.6", "__memset_avx2", 0x10));
	make_stack(&made, task, 1, make_frame(&made, at, "/lib/libc.so.6", "__memset_avx2", 0x20));
	made_build(&made);
	cr_assert(task_loop(&made.scene, task, &loop));
	cr_expect_str_eq(function_of(loop), "fill");
}

Test(telling, no_loop_of_one_sample_or_of_cut_ones)
{
	struct frame_ix at = make_line(&made, started(), "main", 10), loop;
	struct task_ix other = make_task(&made, process, 101);
	int32_t i;

	make_stack(&made, task, 0, at);
	for (i = 0; i < 3; i++)
		make_stack(&made, other, i, make_line(&made, MADE_NO_FRAME, "deep", 5))->ends = END_FRAMES;
	made_build(&made);
	cr_expect_not(task_loop(&made.scene, task, &loop));
	cr_expect_not(task_loop(&made.scene, other, &loop));
}

Test(telling, unnamed_code_is_the_same_only_at_the_same_place)
{
	struct frame_ix at = make_line(&made, started(), "main", 10), loop;

	make_stack(&made, task, 0, make_frame(&made, at, "/srv/plugin.so", NULL, 0x1000));
	make_stack(&made, task, 1, make_frame(&made, at, "/srv/plugin.so", NULL, 0x2000));
	made_build(&made);
	cr_assert(task_loop(&made.scene, task, &loop));
	cr_expect_str_eq(function_of(loop), "main");
}

Test(telling, a_chain_without_end_is_walked_in_bounds)
{
	struct frame_ix at = MADE_NO_FRAME, loop;
	int32_t i;

	for (i = 0; i < 5000; i++)
		at = make_frame(&made, at, "/lib/libc.so.6", "read", (uint64_t)i);
	make_stack(&made, task, 0, at);
	make_stack(&made, task, 1, at);
	made_build(&made);
	cr_expect_eq(task_telling(&made.scene, task, NULL).at, NO_ROW);
	cr_expect_not(task_loop(&made.scene, task, &loop));
}
