/* SPDX-License-Identifier: MIT */
/* Process trees to look at, live and recorded. */
#include "tree.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stat.h"

enum { BORN_MOST = 256, SUBJECTS_MOST = 4096, SETTLE_TRIES = 20000 };

struct tree tree;
static int news[2];
static pid_t born[BORN_MOST];
static unsigned born_count;

static void begin(const char *proc)
{
	cr_assert_eq(door_open(proc, &tree.door), 0);
	cr_assert_eq(snapshot_init(&tree.snapshot), 0);
	cr_assert_eq(pipe(news), 0);
}

void tree_live(void)
{
	begin("/proc");
}

void tree_recorded(void)
{
	snprintf(tree.root, sizeof(tree.root), "/tmp/test_tree.XXXXXX");
	cr_assert(mkdtemp(tree.root));
	begin(tree.root);
}

void tree_end(void)
{
	char command[128];
	unsigned i;

	for (i = 0; i < born_count; i++)
		kill(born[i], SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	snapshot_deinit(&tree.snapshot);
	tree.door = door_close(tree.door);
	if (!tree.root[0])
		return;
	snprintf(command, sizeof(command), "rm -rf %s", tree.root);
	cr_assert_eq(system(command), 0);
}

/* ---- a live one ------------------------------------------------------------ */

void tree_tell(pid_t id)
{
	if (write(news[1], &id, sizeof(id)) != sizeof(id))
		_exit(9);
}

void tree_stay(void)
{
	tree_tell(getpid());
	for (;;)
		pause();
}

static void born_add(pid_t pid)
{
	cr_assert_lt(born_count, BORN_MOST);
	born[born_count++] = pid;
}

pid_t tree_hear(void)
{
	pid_t id;

	cr_assert_eq(read(news[0], &id, sizeof(id)), sizeof(id));
	born_add(id);
	return id;
}

pid_t tree_fork(void)
{
	const pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	else
		born_add(pid);
	return pid;
}

void tree_settle(pid_t pid, pid_t tid, const char *wchan)
{
	const char *text;
	size_t length;
	int error;

	int tries = 0;

	do {
		usleep(1000);
		cr_assert_lt(tries++, SETTLE_TRIES, "%d is not in %s", tid, wchan);
		cr_assert_eq(door_read(tree.door, &text, &length, &error, "%d/task/%d/wchan", pid, tid), 0);
	} while (strncmp(text, wchan, strlen(wchan)) != 0);
}

/* ---- a recorded one -------------------------------------------------------- */

void tree_put(const char *name, const char *bytes, size_t length)
{
	char path[256], *slash;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", tree.root, name);
	for (slash = strchr(path + strlen(tree.root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	cr_assert(file, "%s", path);
	cr_assert_eq(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

void tree_put_text(const char *name, const char *text)
{
	tree_put(name, text, strlen(text));
}

void tree_record(const struct being *being)
{
	char name[64], text[512];

	for (; being->pid; being++) {
		snprintf(text, sizeof(text),
			 "%d (%s) S %d %d %d %d -1 4194560 1 0 0 0 10 20 30 40 20 0 1 0 %d 1000 10 0 4096 8192 4000 0 0 0 0 "
			 "0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
			 being->pid, being->comm, being->parent, being->group, being->session, being->tty, being->start);
		snprintf(name, sizeof(name), "%d/stat", being->pid);
		tree_put_text(name, text);
		snprintf(name, sizeof(name), "%d/task/%d/stat", being->pid, being->pid);
		tree_put_text(name, text);
		if (!being->children)
			continue;
		snprintf(name, sizeof(name), "%d/task/%d/children", being->pid, being->pid);
		tree_put_text(name, being->children);
	}
}

/* ---- looking --------------------------------------------------------------- */

struct process_ix tree_target(pid_t pid)
{
	struct process_ix ret;
	struct stat_line line;
	int error;

	cr_assert_eq(stat_read(tree.door, pid, pid, &line, &error), 0);
	cr_assert_eq(snapshot_add_process(&tree.snapshot, pid, line.start_ticks, &ret), 0);
	process_at(&tree.snapshot, ret)->flags = PROCESS_TARGET | PROCESS_IN_TREE;
	process_at(&tree.snapshot, ret)->joined = JOINED_TARGET;
	return ret;
}

static void run(enum look look, const struct probe *probe)
{
	static struct process_ix processes[SUBJECTS_MOST];
	static struct task_ix tasks[SUBJECTS_MOST];
	struct subjects subjects = { .processes = processes, .tasks = tasks };
	const struct visit visit = {
		.door = tree.door, .snapshot = &tree.snapshot, .look = look, .options = &tree.options,
		.deadline_ns = door_now_ns() + INT64_C(60000000000),
	};
	uint32_t i;

	for (i = 0; i < tree.snapshot.processes.count; i++)
		if (tree.snapshot.processes.row[i].joined != JOINED_PARENT)
			processes[subjects.process_count++].at = i;
	for (i = 0; i < tree.snapshot.tasks.count; i++)
		tasks[subjects.task_count++].at = i;
	cr_assert_eq(probe->look(&visit, &subjects), 0);
}

void tree_look(enum look look, uint32_t wanted)
{
	unsigned i;

	run(look, &probe_tasks);
	for (i = 0; i < PROBES; i++)
		if (probes[i] && probes[i] != &probe_tasks && (wanted & PROBE_BIT(i)))
			run(look, probes[i]);
}

struct process *tree_process(pid_t pid)
{
	const struct process_ix at = snapshot_find_process(&tree.snapshot, pid);

	return at.at == NO_ROW ? NULL : process_at(&tree.snapshot, at);
}

struct task *tree_task(pid_t tid)
{
	const struct task_ix at = snapshot_find_task(&tree.snapshot, tid);

	cr_assert_neq(at.at, NO_ROW, "%d is not there", tid);
	return task_at(&tree.snapshot, at);
}

const char *tree_text(struct text text)
{
	return snapshot_bytes(&tree.snapshot, text);
}

unsigned tree_gaps(const char *detail, int sight)
{
	unsigned count = 0;
	uint32_t i;

	for (i = 0; i < tree.snapshot.gaps.count; i++)
		count += tree.snapshot.gaps.row[i].sight == sight &&
			 strcmp(tree_text(tree.snapshot.gaps.row[i].detail), detail) == 0;
	return count;
}
