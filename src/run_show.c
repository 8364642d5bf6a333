/* SPDX-License-Identifier: MIT */
/* What a look came to: shown on stderr, put into the attempt, kept in the report directory. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "run_triage.h"

static void word_copy(const json_t *object, const char *name, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));

	*to = '\0';
	if (text) /* escaped once by wedgecheck; once more does no harm to plain words */
		snprintf(to, size, "%s", text);
}

static void verdict_take(const char *bytes, size_t length, struct attempt *attempt)
{
	json_t *report = json_loadb(bytes, length, 0, NULL);
	const json_t *finding = json_array_get(json_object_get(report, "findings"), 0);

	word_copy(finding, "class", attempt->class, sizeof(attempt->class));
	word_copy(finding, "cause", attempt->cause, sizeof(attempt->cause));
	word_copy(finding, "certainty", attempt->certainty, sizeof(attempt->certainty));
	word_copy(finding, "signature", attempt->signature, sizeof(attempt->signature));
	word_copy(finding, "summary", attempt->summary, sizeof(attempt->summary));
	json_decref(report);
}

/* Mapped, so that a report of any size costs no copy.  NULL: empty. */
static const char *file_map(int fd, size_t *ret_length)
{
	struct stat seen;
	void *at;

	if (fd < 0 || fstat(fd, &seen) < 0 || seen.st_size == 0)
		return NULL;
	at = mmap(NULL, (size_t)seen.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	*ret_length = (size_t)seen.st_size;
	return at == MAP_FAILED ? NULL : at;
}

/* In place: 0, or -errno. */
static int file_keep(struct run *run, const char *ending, const char *bytes, size_t length, char *name, size_t size)
{
	snprintf(name, size, "%s.%s", run->triage.base, ending);
	/* A snapshot holds more than what is shown: for the user alone. */
	return report_write(run->report_dir, name, strcmp(ending, "wedge") == 0 ? 0600 : 0644, bytes, length);
}

/* A copy of what was seen: evidence, to be judged again anywhere. */
static int snapshot_keep(struct run *run, char *name, size_t size)
{
	char from[sizeof(run->triage.base) + 8];
	_cleanup_close_ int fd = -1;
	const char *bytes;
	size_t length = 0;
	int r;

	triage_name(run, from);
	if (triage_directory(run) == run->report_dir) /* in place already */
		return 0;
	fd = openat(triage_directory(run), from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bytes = file_map(fd, &length);
	if (!bytes)
		return 0;
	r = file_keep(run, "wedge", bytes, length, name, size);
	munmap((void *)(uintptr_t)bytes, length);
	return r;
}

void triage_show(struct run *run, struct attempt *attempt)
{
	struct triage *triage = &run->triage;
	char name[64], moved[ATTEMPT_LIST];
	const char *text, *json;
	size_t text_length = 0, json_length = 0;
	struct quote quote;
	int r = 0;

	if (triage->failed) {
		snprintf(attempt->trouble, sizeof(attempt->trouble), "%s", triage->trouble);
		run_say("no report: %s", triage->trouble);
		triage_stop(run, NULL);
		return;
	}
	text = file_map(triage->text, &text_length);
	json = file_map(triage->json, &json_length);
	if (json && json_length < BOUND_LOAD_LINE)
		verdict_take(json, json_length, attempt);
	if (run->report_dir >= 0) {
		if (text)
			r = file_keep(run, "txt", text, text_length, name, sizeof(name));
		if (r == 0)
			r = snapshot_keep(run, name, sizeof(name));
		if (r == 0 && json)
			r = file_keep(run, "json", json, json_length, name, sizeof(name));
		if (r == 0)
			snprintf(attempt->report, sizeof(attempt->report), "%s", name);
		else
			run_say("cannot write %s: %s; here it is", name, strerror(-r));
	}
	run->reports++;
	run_quote_begin(&quote);
	if (text)
		run_put(text, text_length);
	else if (*attempt->class)
		run_say("%s %s (%s): %s", attempt->class, attempt->cause, attempt->certainty, attempt->summary);
	stall_put(run, moved, sizeof(moved));
	if (*moved) {
		snprintf(attempt->moved_list, sizeof(attempt->moved_list), "%s", moved);
		run_say("last moved: %s", moved);
	}
	run_quote_end(&quote);
	if (*attempt->report)
		run_say("report: %s/%s", run->request->report_dir, attempt->report);
	if (text)
		munmap((void *)(uintptr_t)text, text_length);
	if (json)
		munmap((void *)(uintptr_t)json, json_length);
	triage_stop(run, NULL);
}
