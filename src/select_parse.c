/* SPDX-License-Identifier: MIT */
/* What users write and /proc/PID/cgroup says, without looking at anything: pure, and for tools that do not select. */
#include <string.h>

#include "cgroup_parse.h"
#include "select_inner.h"

int64_t select_number(const char *text)
{
	int64_t number = 0;
	const char *at;

	for (at = text; *at >= '0' && *at <= '9'; at++)
		if (number <= INT32_MAX)
			number = number * 10 + (*at - '0');
	if (at == text || *at || number == 0)
		return -1;
	return number > INT32_MAX ? INT64_C(1) + INT32_MAX : number;
}

/* ---- control groups -------------------------------------------------------- */

static size_t trimmed(const char *path)
{
	size_t length = strlen(path);

	while (length > 0 && path[length - 1] == '/')
		length--;
	return length;
}

/* path is top, or below it. */
static bool is_below(struct slice path, const char *top, size_t length)
{
	if (path.length == 1 && *path.at == '/')
		path.length = 0;
	return path.length >= length && memcmp(path.at, top, length) == 0 &&
	       (path.length == length || path.at[length] == '/');
}

/*
 * 7:memory:/system.slice/nginx.service
 * 0::/user.slice
 *
 * Below /sys/fs/cgroup a hierarchy has a directory of its own, unless there is only version 2.
 */
bool cgroup_is_below(const char *text, size_t length, const char *path)
{
	static const char home[] = "/sys/fs/cgroup";
	struct scan scan = scan_begin(text, length);
	struct membership member;
	struct slice hierarchy;
	const char *rest;

	if (strncmp(path, home, strlen(home)) == 0 && (path[strlen(home)] == '/' || !path[strlen(home)]))
		path += strlen(home);
	while (membership_next(&scan, &member)) {
		if (is_below(member.path, path, trimmed(path)))
			return true;
		if (*path != '/')
			continue;
		rest = strchr(path + 1, '/');
		rest = rest ? rest : path + strlen(path);
		hierarchy = (struct slice){ path + 1, (size_t)(rest - path - 1) };
		if (member.controllers.length > 5 && memcmp(member.controllers.at, "name=", 5) == 0) {
			member.controllers.at += 5;
			member.controllers.length -= 5;
		}
		if ((member.controllers.length == 0 && slice_is(hierarchy, "unified")) ||
		    (member.controllers.length > 0 && member.controllers.length == hierarchy.length &&
		     memcmp(member.controllers.at, hierarchy.at, hierarchy.length) == 0)) {
			if (is_below(member.path, rest, trimmed(rest)))
				return true;
		}
	}
	return false;
}

enum { CONTAINER_LEAST = 12 };

static size_t hex_length(const char *at, const char *end)
{
	const char *from = at;

	while (at < end && ((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f')))
		at++;
	return (size_t)(at - from);
}

/* docker-4f9c...e1.scope, cri-containerd-..., or the bare id: 64 digits that begin with the word. */
static bool names_container(const char *at, const char *end, const char *word)
{
	const size_t length = strlen(word);
	const char *dash = memrchr(at, '-', (size_t)(end - at));

	if (dash)
		at = dash + 1;
	return length >= CONTAINER_LEAST && hex_length(at, end) == 64 && length <= 64 && memcmp(at, word, length) == 0;
}

static bool names_unit(const char *at, const char *end, const char *word)
{
	static const char *const kinds[] = { "", ".service", ".scope", ".slice", ".socket", NULL };
	const size_t length = strlen(word), part = (size_t)(end - at);
	unsigned i;

	if (part < length || memcmp(at, word, length) != 0)
		return false;
	for (i = 0; kinds[i]; i++)
		if (part - length == strlen(kinds[i]) && memcmp(at + length, kinds[i], part - length) == 0)
			return true;
	return false;
}

bool cgroup_is_named(const char *text, size_t length, const char *word)
{
	struct scan scan = scan_begin(text, length);
	struct membership member;
	const char *at, *end, *stop;

	if (!*word)
		return false;
	while (membership_next(&scan, &member))
		for (at = member.path.at, end = at + member.path.length; at < end; at = stop + 1) {
			stop = memchr(at, '/', (size_t)(end - at));
			if (!stop)
				stop = end;
			if (stop > at && (names_unit(at, stop, word) || names_container(at, stop, word)))
				return true;
			if (stop == end)
				break;
		}
	return false;
}
