/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "run.h"

Test(run_words, durations)
{
	static const struct { const char *text; int64_t ns; } good[] = {
		{ "0", 0 }, { "0s", 0 }, { "0.0m", 0 }, { "300", 300000000000 }, { "0.5", 500000000 }, { ".5", 500000000 },
		{ "5m", 300000000000 }, { "1h30m", 5400000000000 }, { "1d", 86400000000000 }, { "1h1m1.5s", 3661500000000 },
		{ "1e3", 1000000000000 }, { "2s500e-3s", 2500000000 }, { "1e-30", 1 }, { "0.000000001", 1 },
		{ "99999999999999999999", INT64_MAX }, { "inf", INT64_MAX }, { "1e999", INT64_MAX },
	};
	static const char *const bad[] = { "", "-1", "+1", "x", "1x", "1 ", " 1", "nan", "1h-1m", "1hm", "s", "1h inf", "--", "1ms", "0x" };
	int64_t ns = 77;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_expect_eq(run_duration_parse(good[i].text, &ns), 0, "%s", good[i].text);
		cr_expect_eq(ns, good[i].ns, "%s: %lld", good[i].text, (long long)ns);
	}
	ns = 77;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(run_duration_parse(bad[i], &ns), -EINVAL, "%s", bad[i]);
	cr_expect_eq(ns, 77, "left alone when it is refused");
}

Test(run_words, signals)
{
	static const char *const bad[] = { "", "SIG", "NONE", "-1", "65", "15x", "RTMIN+99", "RTMAX+1", "RTMIN+9223372036854775807", "RTMINx", "SIGSIGTERM" };
	char room[16];
	int number;
	size_t i;

	cr_expect(run_signal_parse("TERM", &number) == 0 && number == SIGTERM);
	cr_expect(run_signal_parse("SIGint", &number) == 0 && number == SIGINT);
	cr_expect(run_signal_parse("9", &number) == 0 && number == SIGKILL);
	cr_expect(run_signal_parse("0", &number) == 0 && number == 0);
	cr_expect(run_signal_parse("RTMIN+2", &number) == 0 && number == SIGRTMIN + 2);
	cr_expect(run_signal_parse("rtmax", &number) == 0 && number == SIGRTMAX);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(run_signal_parse(bad[i], &number), -EINVAL, "%s", bad[i]);
	cr_expect_str_eq(run_signal_name(SIGTERM, room), "SIGTERM");
	cr_expect_str_eq(run_signal_name(SIGRTMIN + 1, room), "signal 35");
}

static int parse(struct run_request *ret, char *complaint, const char *line)
{
	static char copy[256];
	char *argv[32] = { (char *)"wedgerun" }, *word;
	int argc = 1;

	strcpy(copy, line);
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	/* The command points into argv: count it here. */
	int r = run_options_parse(argc, argv, ret, complaint, 128);
	if (r == 0 && ret->command)
		cr_expect_str_eq(ret->command[0], "true");
	return r;
}

Test(run_options, command_line)
{
	struct run_request request;
	char complaint[128];

	cr_assert_eq(parse(&request, complaint, "-k 3 -sINT -fpv 5m true -k x"), 0, "%s", complaint);
	cr_expect_eq(request.kill_after_ns, 3000000000);
	cr_expect_eq(request.signal, SIGINT);
	cr_expect(request.foreground && request.preserve_status && request.verbose);
	cr_expect_eq(request.limit_ns, 300000000000);
	cr_assert_eq(parse(&request, complaint, "10 true"), 0);
	cr_expect_eq(request.kill_after_ns, 5000000000, "the default of the manual page");
	cr_expect_eq(request.window_ns, 2000000000);
	cr_expect(!request.foreground && request.repeat == 1 && request.leak == LEAK_DEFAULT);
	cr_assert_eq(parse(&request, complaint, "--until-fail 10 true"), 0);
	cr_expect_gt(request.repeat, 1);
	cr_expect_eq(parse(&request, complaint, "--retry-hang 2 --repeat 2 10 true"), -EINVAL);
	cr_expect(strstr(complaint, "exclude"), "%s", complaint);
}
