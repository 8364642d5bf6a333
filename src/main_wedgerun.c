/* SPDX-License-Identifier: MIT */
/*
 * wedgerun: timeout(1) that says what a hung command waits for before it ends it, and leaves
 * nothing behind.  The rooms are listed in run.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "door.h"
#include "escape.h"
#include "run.h"

enum { PORT_WAIT_MS = 5000 };

static int trouble(const char *what, int error)
{
	run_say("%s: %s", what, strerror(-error));
	return STATUS_OWN;
}

static int print(const struct run_request *request)
{
	int r = 0;

	if (request->version)
		printf("wedgerun (wedgetools) %s\n", PACKAGE_VERSION);
	else if (request->help)
		r = run_options_help(stdout);
	else
		r = run_options_completion(request->completion, stdout);
	if (r == -EINVAL) {
		run_say("--completion is for bash or zsh");
		return STATUS_OWN;
	}
	if (r == 0 && fflush(stdout) != 0)
		r = -errno;
	return r < 0 ? trouble("cannot write to standard output", r) : 0;
}

/* ---- one after another -------------------------------------------------------------- */

/* May it run again?  Not beside what is left of the last one. */
static bool may_retry(const struct run *run, const struct attempt *attempt)
{
	const int64_t until_ns = door_now_ns() + PORT_WAIT_MS * INT64_C(1000000);
	unsigned port;

	if (attempt->outcome != OUTCOME_HANG || run->cancelled)
		return false;
	if (attempt->survivors) {
		run_say("not run again: %s", attempt->survivor_list);
		return false;
	}
	while ((port = run_ports_held(run, attempt)) != 0 && door_now_ns() < until_ns)
		usleep(50000);
	if (port)
		run_say("not run again: port %u, on which it listened, is still taken", port);
	return port == 0;
}

static void table_print(const struct attempt *attempts, size_t count, const struct summary *summary)
{
	static const char *const same[] = { "not all known", "different", "the same" };
	enum outcome outcome;
	char line[256] = "";
	size_t i, used = 0;

	run_say("  run  outcome      took  signature");
	for (i = 0; i < count; i++)
		run_say("%5u  %-9s %5lld.%lld s  %s", attempts[i].number, outcome_names[attempts[i].outcome],
			(long long)(attempts[i].took_ms / 1000), (long long)(attempts[i].took_ms / 100 % 10),
			*attempts[i].signature ? attempts[i].signature : *attempts[i].class ? attempts[i].class : "");
	for (outcome = 0; outcome < OUTCOMES; outcome++)
		if (summary->counts[outcome] && used < sizeof(line))
			used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%u %s", used ? ", " : "",
						 summary->counts[outcome], outcome_names[outcome]);
	run_say("%s; %lld.%lld s to %lld.%lld s%s%s", line, (long long)(summary->shortest_ms / 1000),
		(long long)(summary->shortest_ms / 100 % 10), (long long)(summary->longest_ms / 1000),
		(long long)(summary->longest_ms / 100 % 10), summary->counts[OUTCOME_HANG] > 1 ? "; signatures: " : "",
		summary->counts[OUTCOME_HANG] > 1 ? same[summary->same_signature + 1] : "");
}

/* All attempts; how many in ret_count. */
static int attempts_run(struct run *run, struct attempt *attempts, size_t most, size_t *ret_count)
{
	const struct run_request *request = run->request;
	size_t count = 0;
	int r = 0;

	while (r == 0 && count < most) {
		struct attempt *attempt = &attempts[count];

		attempt->number = (unsigned)++count;
		r = run_once(run, attempt);
		if (r < 0 || run->cancelled || attempt->outcome == OUTCOME_NOT_RUN)
			break;
		if (request->retry_hang && (count == most || !may_retry(run, attempt)))
			break;
		if (request->retry_hang)
			run_say("it hung: attempt %zu", count + 1);
		if (request->until_fail && attempt->outcome != OUTCOME_PASSED)
			break;
	}
	*ret_count = count;
	return r;
}

/* ---- the end ---------------------------------------------------------------------------- */

/* As the command ended, so do we: who waits for us may want to know the signal. */
static void end_alike(const struct attempt *last, const struct summary *summary)
{
	sigset_t only;
	int number;

	if (summary->outcome == OUTCOME_HANG || !last->over || summary->status <= 128 || getpid() == 1)
		return;
	number = summary->status - 128;
	if (!WIFSIGNALED(last->wait_status) || WTERMSIG(last->wait_status) != number)
		return;
	prctl(PR_SET_DUMPABLE, 0); /* one core is enough */
	signal(number, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
}

static int finish(struct run *run, const struct attempt *attempts, size_t count)
{
	const struct run_request *request = run->request;
	const bool retries = request->repeat <= 1;
	const struct summary summary = attempts_sum(attempts, count, retries, request->flaky_fail, request->preserve_status);

	if (request->repeat > 1)
		table_print(attempts, count, &summary);
	if (summary.outcome == OUTCOME_FLAKY)
		run_say("%s: flaky: it hung, and passed at attempt %zu", request->flaky_fail ? "error" : "warning", count);
	if (retries && count > 1 && summary.counts[OUTCOME_HANG] > 1)
		run_say("%u hangs with %s signature%s", summary.counts[OUTCOME_HANG],
			summary.same_signature > 0 ? "the same" : summary.same_signature == 0 ? "different" : "no",
			summary.same_signature > 0 ? "" : "s");
	report_outcome(run, attempts, count, &summary);
	statefile_end(&run->record_file);
	if (count > 0)
		end_alike(&attempts[count - 1], &summary);
	return summary.status;
}

/* ---- the beginning ------------------------------------------------------------------------ */

static int run_init(struct run *run, const struct run_request *request)
{
	const char *outer = getenv("WEDGE_RUN_ID"), *slash = strrchr(request->command[0], '/');
	int r;

	run->request = request;
	r = run_signals_take(&run->signals);
	if (r == 0)
		r = run_id_make(run->record.run_id);
	if (r == 0)
		r = run_record_here(&run->record);
	if (r == 0)
		r = tree_init(&run->tree);
	if (r < 0)
		return r;
	if (outer && run_id_valid(outer))
		strcpy(run->record.outer_id, outer);
	run->record.pid = getpid();
	escape_into(run->record.command, sizeof(run->record.command), PLACE_ASCII, slash ? slash + 1 : request->command[0],
		    strlen(slash ? slash + 1 : request->command[0]));
	if (!*run->record.command)
		strcpy(run->record.command, "?");
	/* Whoever loses its parent below us becomes our child. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	r = run_start_ticks(run->record.pid, &run->record.start_ticks);
	if (r > 0)
		return -ESRCH;
	run->report_dir = request->report_dir ? report_open(request->report_dir) : -1;
	return r;
}

/* With 0, 1 or 2 closed, a file of ours would be mistaken for them; the command finds them closed, as we did. */
static void keep_standard_files_free(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct run run = { .report_dir = -1, .leader_fd = -1, .record_file = { -1, -1, "" },
			   .triage = { .text = -1, .json = -1 } };
	_cleanup_free_ struct attempt *attempts = NULL;
	struct run_request request;
	char complaint[256];
	size_t count = 0, most;
	int r, status;

	keep_standard_files_free();
	r = run_options_parse(argc, argv, &request, complaint, sizeof(complaint));
	if (r < 0) {
		run_say("%s (try 'wedgerun --help')", complaint);
		return STATUS_OWN;
	}
	if (request.help || request.version || request.completion)
		return print(&request);
	most = request.repeat > 1 ? request.repeat : request.retry_hang + 1;
	attempts = calloc(most, sizeof(*attempts));
	r = attempts ? run_init(&run, &request) : -ENOMEM;
	if (r < 0)
		return trouble("cannot start", r);
	r = attempts_run(&run, attempts, most, &count);
	if (r < 0) {
		statefile_end(&run.record_file);
		return trouble("cannot go on", r);
	}
	status = finish(&run, attempts, count);
	tree_deinit(&run.tree);
	return status;
}
