/* SPDX-License-Identifier: MIT */
/* The report directory: one JSON outcome and one JUnit file a run, beside the reports of its hangs. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "json_write.h"
#include "run.h"
#include "run_junit.h"

int report_open(const char *path)
{
	int fd;

	if (mkdir(path, 0777) < 0 && errno != EEXIST) {
		run_say("cannot make %.300s: %s; reports go to stderr", path, strerror(errno));
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return fd;
	run_say("cannot write to %.300s: %s; reports go to stderr", path, strerror(errno));
	cleanup_close(&fd);
	return -1;
}

int report_write(int directory, const char *name, mode_t mode, const char *bytes, size_t length)
{
	char aside[96];
	ssize_t n = 0;
	int fd, r = 0;

	snprintf(aside, sizeof(aside), ".%s.tmp", name);
	fd = openat(directory, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	for (; length > 0 && r == 0; bytes += n, length -= (size_t)n) {
		n = write(fd, bytes, length);
		if (n < 0 && errno != EINTR)
			r = -errno;
		if (n < 0)
			n = 0;
	}
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(directory, aside, directory, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(directory, aside, 0);
	return r;
}

static void put_time(struct json_out *json, const char *key, int64_t ms)
{
	const time_t seconds = (time_t)(ms / 1000);
	struct tm utc;
	char text[40];

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	json_put_string(json, key, text);
}

static void put_word_or_null(struct json_out *json, const char *key, const char *text)
{
	json_put_string(json, key, *text ? text : NULL);
}

static void put_attempt(struct json_out *json, const struct attempt *attempt)
{
	unsigned i;

	json_open_object(json, NULL);
	json_put_integer(json, "attempt", attempt->number);
	json_put_string(json, "outcome", outcome_names[attempt->outcome]);
	put_time(json, "started_at", attempt->started_ms);
	json_put_integer(json, "took_ms", attempt->took_ms);
	json_put_bool(json, "stalled", attempt->stalled);
	if (attempt->over && WIFEXITED(attempt->wait_status))
		json_put_integer(json, "exit_status", WEXITSTATUS(attempt->wait_status));
	else
		json_put_null(json, "exit_status");
	if (attempt->over && WIFSIGNALED(attempt->wait_status))
		json_put_integer(json, "signal", WTERMSIG(attempt->wait_status));
	else
		json_put_null(json, "signal");
	put_word_or_null(json, "class", attempt->class);
	put_word_or_null(json, "cause", attempt->cause);
	put_word_or_null(json, "certainty", attempt->certainty);
	put_word_or_null(json, "signature", attempt->signature);
	put_word_or_null(json, "summary", attempt->summary);
	put_word_or_null(json, "report", attempt->report);
	put_word_or_null(json, "no_report_because", attempt->trouble);
	put_word_or_null(json, "last_moved", attempt->moved_list);
	json_put_integer(json, "left_behind", attempt->left);
	put_word_or_null(json, "left_behind_list", attempt->left_list);
	json_put_integer(json, "survivors", attempt->survivors);
	put_word_or_null(json, "survivor_list", attempt->survivor_list);
	json_open_array(json, "ports");
	for (i = 0; i < attempt->port_count; i++)
		json_put_integer(json, NULL, attempt->ports[i]);
	json_close(json);
	json_close(json);
}

static void outcome_put(const struct run *run, const struct attempt *attempts, size_t count,
			const struct summary *summary, FILE *out)
{
	struct json_out json;
	size_t i;

	json_out_init(&json, out, 2);
	json_open_object(&json, NULL);
	json_put_string(&json, "schema", "wedgetools.outcome/1");
	json_put_string(&json, "run_id", run->record.run_id);
	put_word_or_null(&json, "outer_run_id", run->record.outer_id);
	json_put_string(&json, "boot_id", run->record.boot_id);
	/* The name only: arguments may hold secrets. */
	json_put_string(&json, "command", run->record.command);
	json_put_string(&json, "outcome", outcome_names[summary->outcome]);
	json_put_integer(&json, "exit_status", summary->status);
	json_put_number(&json, "limit_ms", run->request->limit_ns ? run->request->limit_ns / 1000000 : -1);
	if (summary->same_signature < 0)
		json_put_null(&json, "same_signature");
	else
		json_put_bool(&json, "same_signature", summary->same_signature > 0);
	json_open_array(&json, "attempts");
	for (i = 0; i < count; i++)
		put_attempt(&json, &attempts[i]);
	json_close(&json);
	json_close(&json);
	json_out_end(&json);
}

static void file_put(const struct run *run, const char *ending, char *bytes, size_t length)
{
	char name[64];
	int r;

	snprintf(name, sizeof(name), "%s-%s", run->record.run_id, ending);
	r = report_write(run->report_dir, name, 0644, bytes, length);
	if (r < 0)
		run_say("cannot write %s: %s", name, strerror(-r));
	free(bytes);
}

void report_outcome(const struct run *run, const struct attempt *attempts, size_t count, const struct summary *summary)
{
	char *bytes = NULL;
	size_t length;
	FILE *out;

	if (run->report_dir < 0)
		return;
	out = open_memstream(&bytes, &length);
	if (!out)
		return;
	outcome_put(run, attempts, count, summary, out);
	fclose(out);
	file_put(run, "outcome.json", bytes, length);
	bytes = NULL;
	out = open_memstream(&bytes, &length);
	if (!out)
		return;
	junit_put(run->record.command, attempts, count, summary, out);
	fclose(out);
	file_put(run, "junit.xml", bytes, length);
}
