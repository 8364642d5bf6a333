/* SPDX-License-Identifier: MIT */
/*
 * wedgecheck, executed beside us: first it looks and keeps what it saw, then it tells the same in
 * words.  It has a process group and a deadline of its own: if it hangs, the kill is still on time.
 *
 * What it saw lies in the user's private directory while that goes on, its words in memory; or,
 * where nothing can be written, the words are all there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "door.h"
#include "run_triage.h"

enum { TARGETS = 64, ARGUMENTS = TARGETS + 24, AGAIN_MS = 500 };

/* ---- files ---------------------------------------------------------------------- */

static int memory_file(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}

static bool file_filled(int fd)
{
	struct stat seen;

	return fd >= 0 && fstat(fd, &seen) == 0 && seen.st_size > 0;
}

int triage_directory(const struct run *run)
{
	return run->record_file.directory >= 0 ? run->record_file.directory : run->report_dir;
}

void triage_name(const struct run *run, char to[sizeof(run->triage.base) + 8])
{
	snprintf(to, sizeof(run->triage.base) + 8, "%s.wedge", run->triage.base);
}

/* Below our own descriptor: the directory's path may be as long as it likes.  "" where there is no place for it. */
static void snapshot_path(const struct run *run, char *to, size_t size)
{
	const int directory = triage_directory(run);
	char name[sizeof(run->triage.base) + 8];

	*to = '\0';
	triage_name(run, name);
	if (directory >= 0)
		snprintf(to, size, "/proc/%d/fd/%d/%s", getpid(), directory, name);
}

/* In the report directory it is part of the evidence. */
static void snapshot_remove(const struct run *run)
{
	char name[sizeof(run->triage.base) + 8];

	triage_name(run, name);
	if (run->record_file.directory >= 0)
		unlinkat(triage_directory(run), name, 0);
}

/* ---- executing it ------------------------------------------------------------------ */

static void execute(char **arguments)
{
	const char *asked = getenv("WEDGECHECK");
	char beside[4096];
	char *slash;
	ssize_t n;

	if (asked && *asked) {
		arguments[0] = (char *)asked;
		execvp(asked, arguments);
		_exit(127);
	}
	n = readlink("/proc/self/exe", beside, sizeof(beside) - 16);
	if (n > 0) {
		beside[n] = '\0';
		slash = strrchr(beside, '/');
		if (slash) {
			strcpy(slash + 1, "wedgecheck");
			execv(beside, arguments);
		}
	}
	execvp("wedgecheck", arguments);
	_exit(127);
}

/* arguments end in NULL; out takes its standard output. */
static pid_t beside_us(const struct run *run, char **arguments, int out)
{
	const pid_t parent = getpid();
	int null;
	pid_t pid;

	pid = fork();
	if (pid != 0)
		return pid;
	setsid(); /* the terminal's signals are not for it, nor is a stopped command its own job */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	unsetenv("WEDGE_RUN_ID"); /* it is not one of the command's */
	run_signals_give_back(&run->signals);
	execute(arguments);
	_exit(127);
}

static void failed(struct triage *triage, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));
static void failed(struct triage *triage, const char *format, ...)
{
	va_list arguments;

	triage->failed = true;
	triage->step = TRIAGE_DONE;
	triage->pid = 0;
	va_start(arguments, format);
	vsnprintf(triage->trouble, sizeof(triage->trouble), format, arguments);
	va_end(arguments);
}

/* ---- the two steps ------------------------------------------------------------------- */

static void target_put(int32_t pid, char (*numbers)[12], char **arguments, unsigned *count)
{
	snprintf(numbers[*count], sizeof(numbers[*count]), "%d", pid);
	arguments[*count] = numbers[*count];
	++*count;
}

/* The command, and who lost its parent on the way: below them is everybody. */
static unsigned targets_put(struct run *run, char (*numbers)[12], char **arguments, bool *ret_hidden)
{
	const bool walked = tree_walk(&run->tree, &(unsigned){ 0 }) == 0;
	const struct member *member = run->tree.row, *end;
	bool leader = run->leader;
	unsigned count = 0;

	*ret_hidden = false;
	if (walked)
		tree_drop_dead(&run->tree);
	end = member + run->tree.count;
	for (; member < end; member++) {
		*ret_hidden |= member->hidden;
		leader = leader && !(member->hidden && member->pid == run->leader);
	}
	if (leader)
		target_put(run->leader, numbers, arguments, &count);
	for (member = run->tree.row; walked && member < end && count < TARGETS; member++)
		if (member->parent == getpid() && member->pid != run->leader && member->state != 'Z' && !member->hidden)
			target_put(member->pid, numbers, arguments, &count);
	return count;
}

/* words: at once, for the snapshot has no place. */
static void look_begin(struct run *run, int64_t window_ns, bool words)
{
	const enum why why = run->triage.why;
	struct triage *triage = &run->triage;
	char numbers[TARGETS][12], window[32], first[32], path[256], save[280], id[64], attempt[48], moved[ATTEMPT_LIST + 32];
	char *arguments[ARGUMENTS] = { NULL };
	unsigned n = 0;
	bool hidden;

	arguments[n++] = (char *)"wedgecheck";
	snprintf(window, sizeof(window), "--window=%lld.%03lld", (long long)(window_ns / 1000000000),
		 (long long)(window_ns / 1000000 % 1000));
	arguments[n++] = window;
	if (why == WHY_LIMIT || (why == WHY_DEMAND && run->asked))
		arguments[n++] = (char *)"--overdue";
	if (why == WHY_DEMAND && run->asked) {
		snprintf(first, sizeof(first), "--first=%d", run->asked);
		arguments[n++] = first;
	}
	*path = '\0';
	if (!words)
		snapshot_path(run, path, sizeof(path));
	if (*path) {
		snprintf(save, sizeof(save), "--save=%s", path);
		arguments[n++] = save;
		arguments[n++] = (char *)"--json";
		snprintf(id, sizeof(id), "--label=wedge_run_id=%s", run->record.run_id);
		arguments[n++] = id;
		snprintf(attempt, sizeof(attempt), "--label=wedge_attempt=%d", run->record.attempt);
		arguments[n++] = attempt;
		strcpy(moved, "--label=last_moved=");
		stall_put(run, moved + strlen(moved), ATTEMPT_LIST);
		if (moved[strlen("--label=last_moved=")])
			arguments[n++] = moved;
	}
	if (targets_put(run, numbers, arguments + n, &hidden) == 0) {
		failed(triage, hidden ? "/proc hides them from us" : "nobody is there to look at");
		return;
	}
	/* Without a place for the snapshot: words at once. */
	if (!*path)
		triage->step = TRIAGE_WRITING;
	triage->pid = beside_us(run, arguments, *path ? triage->json : triage->text);
	if (triage->pid < 0)
		failed(triage, "cannot start wedgecheck: %s", strerror(errno));
	run->tree.spared = triage->pid;
}

void triage_start(struct run *run, enum why why, int64_t window_ns, int64_t deadline_ns)
{
	struct triage *triage = &run->triage;

	triage_stop(run, NULL);
	*triage = (struct triage){ .why = why, .step = TRIAGE_LOOKING, .deadline_ns = deadline_ns, .text = -1, .json = -1 };
	snprintf(triage->base, sizeof(triage->base), "%s-%u", run->record.run_id, run->reports + 1);
	triage->json = memory_file("wedge-json");
	triage->text = memory_file("wedge-text");
	if (triage->json < 0 || triage->text < 0)
		failed(triage, "no memory for a report: %s", strerror(errno));
	else
		look_begin(run, window_ns, false);
}

static void triage_write(struct run *run)
{
	struct triage *triage = &run->triage;
	char path[256], replay[280], width[32];
	char *arguments[8] = { NULL };
	struct winsize size;
	unsigned n = 0;

	snapshot_path(run, path, sizeof(path));
	snprintf(replay, sizeof(replay), "--replay=%s", path);
	arguments[n++] = (char *)"wedgecheck";
	arguments[n++] = replay;
	if (isatty(STDERR_FILENO)) {
		if (!getenv("NO_COLOR"))
			arguments[n++] = (char *)"--color=always";
		if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
			snprintf(width, sizeof(width), "--width=%u", size.ws_col);
			arguments[n++] = width;
		}
	}
	triage->step = TRIAGE_WRITING;
	triage->pid = beside_us(run, arguments, triage->text);
	if (triage->pid < 0)
		failed(triage, "cannot start wedgecheck: %s", strerror(errno));
	run->tree.spared = triage->pid;
}

void triage_reaped(struct run *run, int wait_status)
{
	struct triage *triage = &run->triage;
	const int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;

	triage->pid = run->tree.spared = 0;
	if (status == 127) {
		failed(triage, "wedgecheck was not found: not beside wedgerun, nor in PATH, nor by $WEDGECHECK");
		return;
	}
	/* 2 is trouble, but what it saw counts if it is there: perhaps only the snapshot could not be kept. */
	if (status < 0 || (status == 2 && triage->step == TRIAGE_LOOKING && !file_filled(triage->json))) {
		failed(triage, status < 0 ? "wedgecheck was killed by signal %d" : "wedgecheck: exit status %d",
		       status < 0 ? WTERMSIG(wait_status) : status);
		return;
	}
	if (triage->step == TRIAGE_LOOKING && status != 2)
		triage_write(run);
	else if (triage->step == TRIAGE_LOOKING) /* the snapshot found no room: look once more, for the words */
		look_begin(run, AGAIN_MS * INT64_C(1000000), true);
	else
		triage->step = TRIAGE_DONE;
}

void triage_stop(struct run *run, const char *trouble)
{
	struct triage *triage = &run->triage;
	const int64_t until_ns = door_now_ns() + INT64_C(100000000);
	pid_t r;

	if (triage->pid > 0) {
		kill(-triage->pid, SIGKILL);
		kill(triage->pid, SIGKILL);
		/* Normally at once; one that hangs in D is reaped by whoever outlives us. */
		while ((r = waitpid(triage->pid, NULL, WNOHANG)) == 0 && door_now_ns() < until_ns)
			usleep(500);
		if (r != 0)
			run->tree.spared = 0;
		triage->pid = 0;
	}
	if (triage->step != TRIAGE_IDLE) {
		snapshot_remove(run);
		cleanup_close(&triage->text);
		cleanup_close(&triage->json);
	}
	if (trouble)
		failed(triage, "%s", trouble);
	else
		triage->step = TRIAGE_IDLE;
}
