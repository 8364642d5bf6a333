/* SPDX-License-Identifier: MIT */
/*
 * Who is left when the command has ended by itself, whatever its status: found by descent, so
 * that closed files, new sessions and empty environments hide nobody; and what they hold, the
 * caller's own pipe first of all, for it keeps `wedgerun ... | tee log` waiting.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "door.h"
#include "escape.h"
#include "run.h"
#include "run_ports.h"

/* Those who are about to end by themselves: the rest of a pipeline, a shell's last child. */
enum { SETTLE_MS = 100, PORTS_SHOWN = 8, FDS_LOOKED = 256 };

static const char *const streams[] = { "stdin", "stdout", "stderr" };

/* Which of our own standard files it holds, but for terminals and devices, which all share. */
static void held_streams(const struct tree *tree, int32_t pid, bool ret[3])
{
	char ours[3][256];
	const char *link;
	size_t length;
	int error, fd, ours_fd;

	memset(ret, 0, 3 * sizeof(*ret));
	for (ours_fd = 0; ours_fd < 3; ours_fd++) {
		*ours[ours_fd] = '\0';
		if (door_link(tree->door, &link, &length, &error, "self/fd/%d", ours_fd) == SIGHT_OK &&
		    length < sizeof(ours[0]) && strncmp(link, "/dev/", 5) != 0)
			strcpy(ours[ours_fd], link);
	}
	for (fd = 0; fd < FDS_LOOKED; fd++) {
		if (door_link(tree->door, &link, &length, &error, "%d/fd/%d", pid, fd) != SIGHT_OK)
			continue;
		for (ours_fd = 0; ours_fd < 3; ours_fd++)
			if (*ours[ours_fd] && strcmp(link, ours[ours_fd]) == 0)
				ret[ours_fd] = true;
	}
}

static size_t append(char *to, size_t used, size_t size, const char *text)
{
	const int n = snprintf(to + used, size - used, "%s", text);

	return n < 0 || (size_t)n >= size - used ? used : used + (size_t)n;
}

static double age_s(const struct member *member)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)member->start_ticks / (double)sysconf(_SC_CLK_TCK);
}

/* "sleep[4711], 2.1 s old, holds your stdout, listens on port 8080" */
static void member_describe(const struct tree *tree, const struct member *member, char *to, size_t size)
{
	uint16_t ports[PORTS_SHOWN];
	const unsigned count = member_ports(tree, member, false, ports, PORTS_SHOWN);
	char name[64], piece[32];
	bool held[3];
	unsigned i, said = 0;
	size_t used;

	escape_into(name, sizeof(name), PLACE_TERMINAL, member->comm, strlen(member->comm));
	used = (size_t)snprintf(to, size, "%s[%d]", name, member->pid);
	if (member->start_ticks >= 0)
		snprintf(piece, sizeof(piece), ", %.1f s old", age_s(member));
	used = append(to, used, size, member->start_ticks < 0 ? ", hidden from us" : piece);
	held_streams(tree, member->pid, held);
	for (i = 0; i < 3; i++) {
		if (!held[i])
			continue;
		used = append(to, used, size, said++ ? " and " : ", holds your ");
		used = append(to, used, size, streams[i]);
	}
	for (i = 0; i < count; i++) {
		snprintf(piece, sizeof(piece), "%s%u", i ? ", " : ", listens on port ", ports[i]);
		used = append(to, used, size, piece);
	}
}

static void left_list(struct run *run, struct attempt *attempt)
{
	char one[256];
	size_t used = 0, i;

	attempt->left = (unsigned)run->tree.count;
	for (i = 0; i < run->tree.count; i++) {
		member_describe(&run->tree, &run->tree.row[i], one, sizeof(one));
		used = append(attempt->left_list, used, sizeof(attempt->left_list), i ? "; " : "");
		used = append(attempt->left_list, used, sizeof(attempt->left_list), one);
	}
}

/* Zombies of others are not left behind: they hold nothing, and end with their parent. */
static int living_walk(struct run *run, struct attempt *attempt)
{
	unsigned fresh;
	int r;

	run_reap(run, attempt, NULL);
	tree_drop_dead(&run->tree);
	r = tree_walk(&run->tree, &fresh);
	if (r == 0)
		tree_drop_dead(&run->tree);
	return r;
}

static bool nobody_left(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

int run_leak(struct run *run, struct attempt *attempt)
{
	const int64_t until_ns = door_now_ns() + SETTLE_MS * INT64_C(1000000);
	const enum leak leak = run->request->leak == LEAK_DEFAULT ? LEAK_WARN : run->request->leak;
	struct attempt scratch = { 0 };
	int r;

	if (nobody_left())
		return 0;
	for (;;) {
		r = living_walk(run, attempt);
		if (r < 0 || run->tree.count == 0)
			return r;
		if (door_now_ns() >= until_ns)
			break;
		usleep(5000);
	}
	left_list(run, attempt);
	if (leak == LEAK_IGNORE)
		return 0;
	run_say("%s: left behind %u process%s: %s", leak == LEAK_FAIL ? "error" : "warning", attempt->left,
		attempt->left == 1 ? "" : "es", attempt->left_list);
	if (leak == LEAK_WARN)
		return 0;
	r = run_kill(run, run->request->signal, run->request->kill_after_ns, &scratch);
	attempt->survivors = scratch.survivors;
	memcpy(attempt->survivor_list, scratch.survivor_list, sizeof(attempt->survivor_list));
	return r;
}

int run_ports(struct run *run, struct attempt *attempt)
{
	uint16_t ports[ATTEMPT_PORTS];
	unsigned fresh, count, port, known;
	size_t i;
	int r;

	r = tree_walk(&run->tree, &fresh);
	if (r < 0)
		return r;
	tree_drop_dead(&run->tree);
	for (i = 0; i < run->tree.count; i++) {
		count = member_ports(&run->tree, &run->tree.row[i], true, ports, ATTEMPT_PORTS);
		for (port = 0; port < count; port++) {
			for (known = 0; known < attempt->port_count && attempt->ports[known] != ports[port]; known++)
				;
			if (known == attempt->port_count && known < ATTEMPT_PORTS)
				attempt->ports[attempt->port_count++] = ports[port];
		}
	}
	return 0;
}

unsigned run_ports_held(const struct run *run, const struct attempt *attempt)
{
	unsigned i;

	for (i = 0; i < attempt->port_count; i++)
		if (port_listened(&run->tree, attempt->ports[i]))
			return attempt->ports[i];
	return 0;
}
