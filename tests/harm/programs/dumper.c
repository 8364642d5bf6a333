/* SPDX-License-Identifier: MIT */
/*
 * Captures the stacks of processes, as the errand of the probe does, and says what came of it: one line
 * of JSON at the end.
 *
 *	dumper [--stop=auto|never|always] [--held] [--deep] [--memory=MB] [--rounds=N] [--pause=US] PID...
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "door.h"
#include "errand.h"
#include "snapshot.h"
#include "stacks/capture.h"
#include "state_parse.h"

enum { TASKS = 65536, SIGHTS = SIGHT_STRANGE + 1, STOPS = 1 << 20 };

static const char *const sights[SIGHTS] = {
	"ok", "unasked", "gone", "denied", "timeout", "unsupported", "moved", "cut", "strange",
};

/* One capture, as it comes over the tray. */
struct taken { uint8_t sight, way; bool could_stop; uint32_t length; int64_t stopped_ns; };

static struct capture_wish *wishes;
static size_t wish_count;
static struct capture_wish options = { .stop = STOP_AUTO };
static long rounds = 1, pause_us, memory_mb;

static uint64_t count[SIGHTS], unstopped, stopped, lost, bytes, could_stop;
static int64_t *stops;
static size_t stop_count;

static void die(const char *what, int error)
{
	fprintf(stderr, "dumper: %s: %s\n", what, strerror(error));
	exit(1);
}

static void tasks_add(struct door *door, pid_t pid)
{
	const int32_t *tids;
	static int32_t kept[TASKS];
	struct stat_line line;
	size_t many, length, i;
	const char *text;
	int error;

	if (door_list(door, &tids, &many, &error, "%d/task", pid) != 0)
		return;
	many = many < TASKS ? many : TASKS;
	memcpy(kept, tids, many * sizeof(*tids));
	for (i = 0; i < many && wish_count < TASKS; i++) {
		if (door_read(door, &text, &length, &error, "%d/task/%d/stat", pid, kept[i]) != 0 ||
		    stat_parse(text, length, &line) != 0)
			continue;
		wishes[wish_count] = options;
		wishes[wish_count].pid = pid;
		wishes[wish_count].tid = kept[i];
		wishes[wish_count++].start_ticks = line.start_ticks;
	}
}

static int capture_put(void *context, size_t which, const struct capture *capture)
{
	const struct taken taken = {
		capture->sight, capture->way, capture->could_stop, (uint32_t)capture->stack_length,
		capture->stopped_ns,
	};

	(void)which;
	tray_put(context, &taken, sizeof(taken));
	return 0;
}

static int work(void *context, struct tray *tray, uint32_t from)
{
	struct rlimit limit = { (rlim_t)memory_mb << 20, (rlim_t)memory_mb << 20 };
	struct capturer *capturer;
	uint32_t item;
	int r;

	(void)context;
	if (memory_mb && setrlimit(RLIMIT_AS, &limit) < 0)
		return -ENOMEM;
	r = capturer_open(&capturer);
	if (r < 0)
		return r;
	for (item = from; item < rounds * wish_count && r == 0; item++) {
		if (item > from && item % wish_count == 0 && pause_us)
			tray_sleep(tray, door_now_ns() + pause_us * 1000);
		tray_begin(tray, item);
		r = capture(capturer, &wishes[item % wish_count], 1, capture_put, tray);
	}
	capturer_close(capturer);
	return r;
}

static int take(void *context, const void *record, size_t length)
{
	const struct taken *taken = record;

	(void)context;
	if (length != sizeof(*taken) || taken->sight >= SIGHTS)
		return -EPROTO;
	count[taken->sight]++;
	unstopped += taken->way == WAY_UNSTOPPED;
	stopped += taken->way == WAY_STOPPED;
	bytes += taken->length;
	could_stop += taken->could_stop;
	if (taken->stopped_ns && stop_count < STOPS)
		stops[stop_count++] = taken->stopped_ns;
	return 0;
}

static uint32_t lose(void *context, uint32_t item, int sight)
{
	(void)context;
	(void)sight;
	lost++;
	return item + 1;
}

static int stops_order(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double stop_us(double share)
{
	return stop_count ? (double)stops[(size_t)((double)(stop_count - 1) * share)] / 1000 : 0;
}

static void report_print(int r, int64_t began_ns, int64_t cpu_ns)
{
	unsigned i;

	qsort(stops, stop_count, sizeof(*stops), stops_order);
	printf("{\"error\":%d,\"tasks\":%zu,\"unstopped\":%lu,\"stopped\":%lu,\"could_stop\":%lu,\"lost\":%lu,\"bytes\":%lu",
	       -r, wish_count, unstopped, stopped, could_stop, lost, bytes);
	for (i = 0; i < SIGHTS; i++)
		printf(",\"%s\":%lu", sights[i], count[i]);
	printf(",\"stop_median_us\":%.1f,\"stop_99_us\":%.1f,\"stop_longest_us\":%.1f,\"wall_ms\":%.2f,\"cpu_ms\":%.2f}\n",
	       stop_us(0.5), stop_us(0.99), stop_us(1), (double)(door_now_ns() - began_ns) / 1e6, (double)cpu_ns / 1e6);
}

static const struct option longs[] = {
	{ "stop", required_argument, NULL, 's' }, { "held", no_argument, NULL, 'h' },
	{ "deep", no_argument, NULL, 'd' }, { "memory", required_argument, NULL, 'm' },
	{ "rounds", required_argument, NULL, 'r' }, { "pause", required_argument, NULL, 'p' }, { 0 },
};

static void options_parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		switch (c) {
		case 's':
			options.stop = strcmp(optarg, "never") == 0 ? STOP_NEVER :
				       strcmp(optarg, "always") == 0 ? STOP_ALWAYS : STOP_AUTO;
			break;
		case 'h':
			options.held_only = true;
			break;
		case 'd':
			options.deep = true;
			break;
		case 'm':
			memory_mb = atol(optarg);
			break;
		case 'r':
			rounds = atol(optarg);
			break;
		case 'p':
			pause_us = atol(optarg);
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct errand errand = { .name = "wedge-stacks", .item_ms = 250, .work = work, .take = take, .lost = lose };
	struct door *door;
	int64_t began_ns, cpu_ns;
	int r;

	options_parse(argc, argv);
	wishes = calloc(TASKS, sizeof(*wishes));
	stops = calloc(STOPS, sizeof(*stops));
	if (!wishes || !stops)
		die("memory", ENOMEM);
	r = door_open("/proc", &door);
	if (r < 0)
		die("/proc", -r);
	for (; optind < argc; optind++)
		tasks_add(door, atoi(argv[optind]));
	errand.count = (uint32_t)(rounds * (long)wish_count);
	errand.deadline_ns = INT64_MAX;
	began_ns = door_now_ns();
	r = door_errand(door, &errand);
	cpu_ns = door_helper_cpu_ns(door);
	report_print(r, began_ns, cpu_ns);
	door_close(door);
	return r < 0;
}
