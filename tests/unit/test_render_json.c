/* SPDX-License-Identifier: MIT */
#include "render_json.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "render.h"
#include "sample.h"

static struct sample s;

static json_t *parse(void)
{
	const struct render_options options = { .columns = 0 };
	_cleanup_free_ char *text = sample_render(&s, &render_json, &options);
	json_error_t error;
	json_t *ret;

	ret = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	cr_assert(ret, "line %d: %s: %s", error.line, error.text, text);
	return ret;
}

static const char *string_at(const json_t *object, const char *key)
{
	const char *ret = json_string_value(json_object_get(object, key));

	cr_assert(ret, "%s is no string", key);
	return ret;
}

static json_int_t number_at(const json_t *object, const char *key)
{
	cr_assert(json_is_integer(json_object_get(object, key)), "%s is no integer", key);
	return json_integer_value(json_object_get(object, key));
}

Test(render_json, says_what_was_found)
{
	json_t *whole, *finding, *process, *thread, *socket, *wait, *gap;

	sample_init(&s, SAMPLE_PLAIN);
	s.report.gap_count = 3;
	whole = parse();
	cr_expect_str_eq(string_at(whole, "schema"), "wedgetools.report/1");
	cr_expect_str_eq(string_at(whole, "captured_at"), "2026-11-21T22:15:35.123Z");
	cr_expect_eq(number_at(whole, "window_ms"), 2000);
	cr_expect_eq(json_integer_value(json_array_get(json_object_get(whole, "targets"), 0)), 4242);
	cr_expect_str_eq(string_at(json_object_get(whole, "labels"), "job"), "unit");
	cr_expect(json_is_null(json_object_get(whole, "test")));
	cr_expect(json_equal(json_object_get(whole, "verdict"), json_array_get(json_object_get(whole, "findings"), 0)));

	finding = json_object_get(whole, "verdict");
	cr_expect_str_eq(string_at(finding, "class"), "stuck-ipc");
	cr_expect_str_eq(string_at(finding, "cause"), "not-consuming");
	cr_expect_str_eq(string_at(finding, "certainty"), "likely");
	cr_expect_eq(json_array_size(json_object_get(finding, "because")), 2);
	cr_expect_eq(number_at(json_object_get(finding, "culprit"), "pid"), 4260);
	cr_expect_eq(number_at(json_object_get(finding, "culprit"), "start_ticks"), 42600);
	cr_expect_str_eq(string_at(json_object_get(finding, "culprit"), "title"), "worker-2");
	cr_expect_eq(number_at(json_array_get(json_object_get(finding, "victims"), 0), "pid"), 4242);
	cr_expect_eq(json_array_size(json_object_get(finding, "evidence")), 4);
	cr_expect_eq(number_at(json_array_get(json_object_get(finding, "evidence"), 0), "value"), 18204);

	process = json_array_get(json_object_get(whole, "processes"), 0);
	cr_expect_eq(number_at(process, "pid"), 4242);
	cr_expect_str_eq(string_at(process, "title"), "pytest");
	cr_expect_str_eq(string_at(process, "role"), "victim");
	cr_expect(json_is_null(json_object_get(process, "class")));
	cr_expect_eq(number_at(process, "age_s"), 575);
	cr_expect_str_eq(string_at(process, "started_at"), "2026-11-21T22:05:59.323Z");
	cr_expect_eq(json_array_size(json_object_get(process, "ns_pids")), 2);
	cr_expect_eq(json_array_size(json_object_get(process, "argv")), 4);
	thread = json_array_get(json_object_get(process, "threads"), 0);
	cr_expect_str_eq(string_at(json_object_get(thread, "syscall"), "name"), "recvfrom");
	cr_expect_eq(number_at(json_object_get(thread, "syscall"), "fd"), 7);
	cr_expect_eq(number_at(thread, "silent_ms"), 9600);
	cr_expect_eq(number_at(thread, "cpu_ms"), 0);
	cr_expect(json_is_null(json_object_get(json_array_get(json_object_get(process, "threads"), 1), "syscall")));

	process = json_array_get(json_object_get(whole, "processes"), 1);
	cr_expect_str_eq(string_at(process, "class"), "stuck-ipc");
	cr_expect_eq(json_array_size(json_object_get(process, "sockets")), 2);
	socket = json_array_get(json_object_get(process, "sockets"), 1);
	cr_expect_str_eq(string_at(socket, "state"), "CLOSE-WAIT");
	cr_expect_eq(number_at(socket, "recv_q"), 18204);
	cr_expect_eq(number_at(json_object_get(socket, "peer"), "pid"), 4242);

	wait = json_array_get(json_object_get(whole, "waits"), 0);
	cr_expect_eq(number_at(json_object_get(wait, "from"), "tid"), 4242);
	cr_expect_eq(number_at(json_array_get(json_object_get(wait, "to"), 0), "tid"), 4260);
	cr_expect_str_eq(string_at(wait, "evidence"), "recvfrom(7)");
	gap = json_array_get(json_object_get(whole, "gaps"), 0);
	cr_expect_str_eq(string_at(gap, "remedy"), "sudo wedgecheck 4242");
	cr_expect_str_eq(string_at(gap, "meaning"), "system calls: ptrace_scope=1");
	json_decref(whole);
	sample_deinit(&s);
}

/* Every string of the document, undone, is valid: no control got in, every backslash is ours. */
static void check_strings(const json_t *value)
{
	const char *text;
	const json_t *inner;
	const char *key;
	char copy[8192];
	size_t at, i;

	if (json_is_string(value)) {
		text = json_string_value(value);
		cr_assert_lt(strlen(text), sizeof(copy));
		for (i = 0; text[i]; i++)
			cr_assert((unsigned char)text[i] >= 0x20 && text[i] != 0x7f, "%s", text);
		memcpy(copy, text, strlen(text));
		cr_assert_geq(unescape(copy, strlen(text)), 0, "%s", text);
	} else if (json_is_array(value)) {
		json_array_foreach((json_t *)(uintptr_t)value, at, inner)
			check_strings(inner);
	} else if (json_is_object(value)) {
		json_object_foreach((json_t *)(uintptr_t)value, key, inner)
			check_strings(inner);
	}
}

Test(render_json, hostile_bytes_stay_inside_their_strings)
{
	json_t *whole;
	const char *comm;
	char copy[256];
	long length;

	sample_init(&s, SAMPLE_HOSTILE);
	s.report.gap_count = 3;
	whole = parse();
	check_strings(whole);
	comm = string_at(json_array_get(json_object_get(whole, "processes"), 0), "comm");
	memcpy(copy, comm, strlen(comm));
	length = unescape(copy, strlen(comm));
	cr_expect_eq((size_t)length, process_at(&s.snapshot, s.parent)->comm.length);
	cr_expect_eq(memcmp(copy, snapshot_bytes(&s.snapshot, process_at(&s.snapshot, s.parent)->comm), (size_t)length), 0);
	json_decref(whole);
	sample_deinit(&s);
}

Test(render_json, tools_that_only_show_have_no_verdict)
{
	json_t *whole;

	sample_init(&s, SAMPLE_PLAIN);
	s.report.judged = false;
	whole = parse();
	cr_expect(json_is_null(json_object_get(whole, "verdict")));
	cr_expect_eq(json_array_size(json_object_get(whole, "findings")), 0);
	cr_expect(json_is_null(json_object_get(json_array_get(json_object_get(whole, "processes"), 0), "role")));
	json_decref(whole);
	sample_deinit(&s);
}

Test(render_json, a_report_is_named_by_boot_moment_and_targets)
{
	char first[17], again[17], later[17], other[17];

	sample_init(&s, SAMPLE_PLAIN);
	report_id(&s.report, first);
	report_id(&s.report, again);
	s.snapshot.captured_at_ms++;
	report_id(&s.report, later);
	s.snapshot.captured_at_ms--;
	process_at(&s.snapshot, s.parent)->start_ticks++;
	report_id(&s.report, other);
	cr_expect_str_eq(first, again);
	cr_expect_str_neq(first, later);
	cr_expect_str_neq(first, other);
	cr_expect_str_eq(first, "7bf15a89e645abe6", "changed: is it still the same on every machine? %s", first);
	sample_deinit(&s);
}

Test(render_json, the_running_test_is_named)
{
	json_t *whole;

	sample_init(&s, SAMPLE_PLAIN);
	cr_assert_eq(snapshot_text(&s.snapshot, "t.py::test[\x1b]", 13, &s.snapshot.asked.test), 0);
	whole = parse();
	cr_expect_str_eq(string_at(whole, "test"), "t.py::test[\\x1b]");
	json_decref(whole);
	sample_deinit(&s);
}

Test(render_json, a_label_given_twice_counts_once)
{
	struct text name, value;
	json_t *whole;

	sample_init(&s, SAMPLE_PLAIN);
	cr_assert_eq(snapshot_text(&s.snapshot, "job", 3, &name), 0);
	cr_assert_eq(snapshot_text(&s.snapshot, "two", 3, &value), 0);
	cr_assert_eq(snapshot_add_label(&s.snapshot, name, value), 0);
	whole = parse();
	cr_expect_str_eq(string_at(json_object_get(whole, "labels"), "job"), "two");
	json_decref(whole);
	sample_deinit(&s);
}

Test(render_json, a_full_disk_is_told)
{
	static const struct render_options options = { .columns = 80 };
	static const struct renderer *const all[] = {
		&render_json, &render_text, &render_tree, &render_state, &render_sock, &render_class,
		&render_github, &render_markdown, &render_junit,
	};
	size_t i;

	sample_init(&s, SAMPLE_PLAIN);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		_cleanup_fclose_ FILE *full = fopen("/dev/full", "w");

		cr_assert(full);
		cr_expect_eq(all[i]->render(&s.report, &options, full), -ENOSPC, "%zu", i);
	}
	sample_deinit(&s);
}
