/* SPDX-License-Identifier: MIT */
#include "signature.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "make.h"
#include "sample.h"

static struct made made;

/* A process whose leader sleeps in these functions of its program, the innermost first. */
static struct task_ix sleeper(int32_t pid, const char *comm, const char *module, uint64_t where, const char *const *inner)
{
	struct process_ix process = make_process(&made, pid, 0);
	struct task_ix task = make_leader(&made, process);
	struct frame_ix at = make_frame(&made, MADE_NO_FRAME, "/lib/x86_64-linux-gnu/libc.so.6", "__libc_start_main", where);
	unsigned count = 0;

	process_at(&made.snapshot, process)->comm = make_text(&made, comm);
	while (inner[count])
		count++;
	while (count-- > 0)
		at = make_frame(&made, at, module, inner[count], where + count);
	make_stack(&made, task, 0, make_frame(&made, at, "/lib/x86_64-linux-gnu/libc.so.6", "read", where));
	return task;
}

static struct signature sign(const char *cause, struct task_ix culprit, enum certainty certainty)
{
	const struct cause *row = sample_cause(cause);
	const struct finding finding = {
		.cause = row, .verdict = row->verdict, .certainty = certainty, .culprit = culprit,
	};

	made_build(&made);
	return signature_of(&made.scene, &finding);
}

static struct signature sign_alone(const char *cause, int32_t pid, const char *comm, const char *module, uint64_t where,
				   const char *const *inner)
{
	struct signature ret;

	made_init(&made);
	ret = sign(cause, sleeper(pid, comm, module, where, inner), LIKELY);
	made_deinit(&made);
	return ret;
}

static const char *const inner[] = { "config_read", "settings_load", "main", NULL };

Test(signature, pid_path_address_and_number_of_worker_do_not_matter)
{
	struct signature one = sign_alone("not-consuming", 100, "worker-1", "/srv/build-17/feedd", 0x1000, inner);
	struct signature other = sign_alone("not-consuming", 4711, "worker-22", "/tmp/x/feedd", 0x8800, inner);

	cr_assert_str_eq(one.text, other.text);
	cr_assert_eq(strncmp(one.text, "w1:", 3), 0);
	cr_assert_eq(strlen(one.text), strlen("w1:9f3ac1d2"));
}

Test(signature, it_stays_the_same_from_version_to_version)
{
	struct signature one = sign_alone("not-consuming", 100, "feedd", "/srv/feedd", 0x1000, inner);

	cr_assert_str_eq(one.text, "w1:52a3f038");
}

Test(signature, what_a_compiler_hangs_on_to_a_name_does_not_matter)
{
	static const char *const cloned[] = { "config_read.constprop.0", "settings_load.part.3", "main", NULL };
	struct signature one = sign_alone("not-consuming", 100, "feedd", "/srv/feedd", 0x1000, inner);

	cr_assert_str_eq(one.text, sign_alone("not-consuming", 1, "feedd", "/srv/feedd", 0x1, cloned).text);
}

Test(signature, rust_and_template_arguments_do_not_matter_but_functions_do)
{
	static const char *const first[] = { "app::pump::h0123456789abcdef", "void serve<int>(int)", "main", NULL };
	static const char *const again[] = { "app::pump::hfedcba9876543210", "void serve<long>(long)", "main", NULL };
	static const char *const else_where[] = { "app::drain::h0123456789abcdef", "void serve<int>(int)", "main", NULL };
	struct signature one = sign_alone("not-consuming", 100, "feedd", "/srv/feedd", 1, first);

	cr_assert_str_eq(one.text, sign_alone("not-consuming", 100, "feedd", "/srv/feedd", 1, again).text);
	cr_assert_str_neq(one.text, sign_alone("not-consuming", 100, "feedd", "/srv/feedd", 1, else_where).text);
}

Test(signature, how_deep_a_recursion_is_does_not_matter)
{
	static const char *const deep[] = { "walk", "walk", "walk", "walk", "walk", "walk", "main", NULL };
	static const char *const flat[] = { "walk", "main", NULL };

	cr_assert_str_eq(sign_alone("not-consuming", 1, "a", "/a", 1, deep).text,
			 sign_alone("not-consuming", 1, "a", "/a", 1, flat).text);
}

Test(signature, another_function_program_or_cause_is_another_hang)
{
	static const char *const other[] = { "peer_read", "settings_load", "main", NULL };
	struct signature one = sign_alone("not-consuming", 1, "feedd", "/srv/feedd", 1, inner);

	cr_assert_str_neq(one.text, sign_alone("not-consuming", 1, "feedd", "/srv/feedd", 1, other).text);
	cr_assert_str_neq(one.text, sign_alone("not-consuming", 1, "pumpd", "/srv/feedd", 1, inner).text);
	cr_assert_str_neq(one.text, sign_alone("pipe-full", 1, "feedd", "/srv/feedd", 1, inner).text);
}

Test(signature, what_is_unsure_or_no_wedge_has_none)
{
	struct task_ix task;

	made_init(&made);
	task = sleeper(1, "feedd", "/srv/feedd", 1, inner);
	cr_assert_str_eq(sign("not-consuming", task, UNSURE).text, "");
	cr_assert_str_eq(sign("timed-sleep", task, PROVED).text, "");
	made_deinit(&made);
}

Test(signature, a_spin_is_its_loop_wherever_it_was_met)
{
	static const char *const leaves[] = { "hash", "compare", "swap", "copy" };
	char signs[2][16];
	struct process_ix process;
	struct task_ix task;
	struct frame_ix base, loop;
	int run, i;

	for (run = 0; run < 2; run++) {
		made_init(&made);
		process = make_process(&made, 100, 0);
		task = make_leader(&made, process);
		make_burning(&made, task);
		base = make_frame(&made, MADE_NO_FRAME, "/srv/a", "main", 1);
		for (i = 0; i < 3; i++) {
			loop = make_frame(&made, base, "/srv/a", "settle", (uint64_t)(i + 2 * run));
			make_stack(&made, task, i, make_frame(&made, loop, "/srv/a", leaves[(i + run) % 4], 9));
		}
		snprintf(signs[run], sizeof(signs[run]), "%s", sign("compute-loop", task, LIKELY).text);
		made_deinit(&made);
	}
	cr_assert_str_eq(signs[0], signs[1]);
}

Test(signature, a_circle_is_the_same_whoever_is_named_first)
{
	static const char *const one[] = { "left", "main", NULL };
	static const char *const two[] = { "right", "main", NULL };
	const struct cause *row = sample_cause("wait-cycle");
	struct finding finding = { .cause = row, .verdict = VERDICT_DEADLOCK, .certainty = LIKELY, .cycle_count = 2 };
	struct task_ix cycle[2], turned[2];
	struct signature signs[2];

	made_init(&made);
	cycle[0] = turned[1] = sleeper(1, "a", "/a", 1, one);
	cycle[1] = turned[0] = sleeper(2, "b", "/b", 1, two);
	made_build(&made);
	finding.cycle = cycle;
	finding.culprit = cycle[0];
	signs[0] = signature_of(&made.scene, &finding);
	finding.cycle = turned;
	finding.culprit = turned[0];
	signs[1] = signature_of(&made.scene, &finding);
	cr_assert_str_eq(signs[0].text, signs[1].text);
	cr_assert_neq(signs[0].text[0], '\0');
	made_deinit(&made);
}

/* An interpreter that runs this script, in functions of its own. */
static struct signature sign_script(const char *argv, size_t length, const char *cause)
{
	static const char *const frames[] = { "_PyEval_EvalFrameDefault", "Py_RunMain", NULL };
	struct signature ret;
	struct task_ix task;

	made_init(&made);
	task = sleeper(1, "python3", "/usr/bin/python3.11", 1, frames);
	cr_assert_eq(snapshot_text(&made.snapshot, argv, length,
				   &process_at(&made.snapshot, task_at(&made.snapshot, task)->process)->argv), 0);
	ret = sign(cause, task, LIKELY);
	made_deinit(&made);
	return ret;
}

Test(signature, of_an_interpreter_it_is_the_script_wherever_it_lies)
{
	struct signature one = sign_script("python3\0/tmp/a/feed.py", sizeof("python3\0/tmp/a/feed.py"), "not-consuming");

	cr_assert_str_eq(one.text, sign_script("/usr/bin/python3.11\0-u\0feed.py",
					       sizeof("/usr/bin/python3.11\0-u\0feed.py"), "not-consuming").text);
	cr_assert_str_neq(one.text, sign_script("python3\0/tmp/a/pump.py", sizeof("python3\0/tmp/a/pump.py"),
						"not-consuming").text);
}

Test(signature, what_was_inlined_does_not_matter)
{
	struct signature with, without;
	struct task_ix task;
	struct frame_ix at;
	int inlined;

	for (inlined = 0; inlined < 2; inlined++) {
		made_init(&made);
		task = make_leader(&made, make_process(&made, 1, 0));
		at = make_frame(&made, make_frame(&made, MADE_NO_FRAME, "/srv/a", "main", 1), "/srv/a", "pump", 2);
		if (inlined) {
			at = make_frame(&made, at, "/srv/a", "backoff", 2);
			made.snapshot.frames.row[at.at].basis = BASIS_DEBUG;
		}
		make_stack(&made, task, 0, make_frame(&made, at, "/lib/libc.so.6", "read", 3));
		*(inlined ? &with : &without) = sign("not-consuming", task, LIKELY);
		made_deinit(&made);
	}
	cr_assert_str_eq(with.text, without.text);
}

Test(signature, where_it_was_when_it_was_stopped_is_chance)
{
	static const char *const other[] = { "peer_read", "settings_load", "main", NULL };

	cr_assert_str_eq(sign_alone("job-stopped", 1, "feedd", "/srv/feedd", 1, inner).text,
			 sign_alone("job-stopped", 1, "feedd", "/srv/feedd", 1, other).text);
}

Test(signature, without_a_stack_it_is_the_call)
{
	struct signature one, other;
	struct task_ix task;

	made_init(&made);
	task = make_leader(&made, make_process(&made, 1, 0));
	make_call(&made, task, "read", 3, 0, 0, 0, 0, 0);
	one = sign("not-consuming", task, LIKELY);
	made_deinit(&made);
	made_init(&made);
	task = make_leader(&made, make_process(&made, 1, 0));
	make_call(&made, task, "recvfrom", 3, 0, 0, 0, 0, 0);
	other = sign("not-consuming", task, LIKELY);
	made_deinit(&made);
	cr_assert_str_neq(one.text, other.text);
}
