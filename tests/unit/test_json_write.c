/* SPDX-License-Identifier: MIT */
#include "json_write.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cleanup.h"
#include "snapshot.h"

Test(json_write, says_what_it_was_told)
{
	_cleanup_free_ char *text = NULL;
	struct json_out json;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	json_out_init(&json, out, 0);
	json_open_object(&json, NULL);
	json_put_string(&json, "schema", "x/1");
	json_put_integer(&json, "least", INT64_MIN);
	json_put_number(&json, "unseen", UNSEEN);
	json_put_word(&json, "word", UINT64_MAX);
	json_put_word(&json, "zero", 0);
	json_put_bool(&json, "yes", true);
	json_put_string(&json, "none", NULL);
	json_open_array(&json, "list");
	json_put_integer(&json, NULL, 0);
	json_open_object(&json, NULL);
	json_close(&json);
	json_put_text(&json, NULL, "a\"\0\n", 4);
	json_close(&json);
	json_put_null(&json, "k\"ey");
	json_close(&json);
	cr_assert_eq(json_out_end(&json), 0);
	fclose(out);
	cr_expect_str_eq(text,
		"{\"schema\": \"x/1\", \"least\": -9223372036854775808, \"unseen\": null, "
		"\"word\": \"0xffffffffffffffff\", \"zero\": \"0x0\", \"yes\": true, \"none\": null, "
		"\"list\": [0, {}, \"a\\\"\\\\x00\\\\x0a\"], \"k\\\"ey\": null}\n");
}

/* Rows of the outer arrays stand on lines of their own, scalars do not. */
Test(json_write, lines)
{
	_cleanup_free_ char *text = NULL;
	struct json_out json;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *whole;

	json_out_init(&json, out, 2);
	json_open_object(&json, NULL);
	json_open_array(&json, "pids");
	json_put_integer(&json, NULL, 1);
	json_put_integer(&json, NULL, 2);
	json_close(&json);
	json_open_array(&json, "rows");
	json_open_object(&json, NULL);
	json_put_bool(&json, "in", false);
	json_put_bool(&json, "out", true);
	json_close(&json);
	json_open_object(&json, NULL);
	json_close(&json);
	json_close(&json);
	json_close(&json);
	cr_assert_eq(json_out_end(&json), 0);
	fclose(out);
	cr_expect_str_eq(text,
		"{\n \"pids\": [1, 2],\n \"rows\": [\n  {\"in\": false, \"out\": true},\n  {}]\n}\n");
	whole = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	cr_expect(whole);
	json_decref(whole);
}

Test(json_write, keeps_the_first_error)
{
	_cleanup_fclose_ FILE *full = fopen("/dev/full", "w");
	struct json_out json;
	unsigned i;

	cr_assert(full);
	json_out_init(&json, full, 0);
	json_open_array(&json, NULL);
	for (i = 0; i < 10000; i++)
		json_put_integer(&json, NULL, i);
	json_close(&json);
	cr_expect_eq(json_out_end(&json), -ENOSPC);
}
