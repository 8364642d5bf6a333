/* SPDX-License-Identifier: MIT */
/* Where the files of a control group are, and what some of them say, as text. */
#include "cgroup_parse.h"

bool slice_is(struct slice slice, const char *word)
{
	return slice.length == strlen(word) && memcmp(slice.at, word, slice.length) == 0;
}

bool slice_lists(struct slice list, const char *word)
{
	const char *at = list.at, *end = at + list.length, *comma;

	for (; at < end; at = comma + 1) {
		comma = memchr(at, ',', (size_t)(end - at));
		if (!comma)
			comma = end;
		if (slice_is((struct slice){ at, (size_t)(comma - at) }, word))
			return true;
	}
	return false;
}

/*
 * 4:cpu,cpuacct:/user.slice
 * 1:name=systemd:/user.slice/user-0.slice
 * 0::/../other
 *
 * A group's name may hold colons, but no line end.
 */
bool membership_next(struct scan *scan, struct membership *ret)
{
	struct scan line;
	const char *colon;
	uint64_t number;

	while (scan_line(scan, &line)) {
		if (!scan_digits(&line, 10, &number) || !scan_word(&line, ":"))
			continue;
		colon = memchr(line.at, ':', (size_t)(line.end - line.at));
		if (!colon || line.end - colon < 2 || colon[1] != '/')
			continue;
		ret->controllers = (struct slice){ line.at, (size_t)(colon - line.at) };
		ret->path = (struct slice){ colon + 1, (size_t)(line.end - colon - 1) };
		return true;
	}
	return false;
}

struct slice membership_find(const char *text, size_t length, const char *controller)
{
	struct scan scan = scan_begin(text, length);
	struct membership line;

	while (membership_next(&scan, &line))
		if (*controller ? slice_lists(line.controllers, controller) : line.controllers.length == 0)
			return line.path;
	return (struct slice){ text, 0 };
}

struct slice membership_show(const char *text, size_t length)
{
	static const char *const first[] = { "", "name=systemd" };
	struct slice path, shown = { text, 0 };
	struct membership line;
	struct scan scan;
	unsigned i;

	for (i = 0; i < 2; i++) {
		path = membership_find(text, length, first[i]);
		if (path.length > 1)
			return path;
	}
	for (scan = scan_begin(text, length); membership_next(&scan, &line);) {
		if (line.path.length > 1)
			return line.path;
		shown = line.path;
	}
	return shown;
}

/* Up to the next blank, which is passed. */
static bool field_next(struct scan *line, struct slice *ret)
{
	const char *stop = memchr(line->at, ' ', (size_t)(line->end - line->at));

	if (line->at == line->end)
		return false;
	if (!stop)
		stop = line->end;
	*ret = (struct slice){ line->at, (size_t)(stop - line->at) };
	line->at = stop < line->end ? stop + 1 : stop;
	return true;
}

/*
 * 32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
 * 41 31 0:38 /docker/4f1 /sys/fs/cgroup ro,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate
 *
 * id parent device root point options, any number of optional fields, "-", type
 * source options.  Blanks within a field are written \040.
 */
static bool mount_parse(struct scan line, struct cgroup_mount *ret)
{
	struct slice field, type;
	unsigned i;

	for (i = 0; i < 6; i++) {
		if (!field_next(&line, &field))
			return false;
		if (i == 3)
			ret->root = field;
		if (i == 4)
			ret->point = field;
	}
	do {
		if (!field_next(&line, &field))
			return false;
	} while (!slice_is(field, "-"));
	if (!field_next(&line, &type) || !field_next(&line, &field) || !field_next(&line, &ret->options))
		return false;
	ret->unified = slice_is(type, "cgroup2");
	return (ret->unified || slice_is(type, "cgroup")) && ret->root.at[0] == '/' && ret->point.at[0] == '/';
}

bool cgroup_mount_next(struct scan *scan, struct cgroup_mount *ret)
{
	struct scan line;

	while (scan_line(scan, &line))
		if (mount_parse(line, ret))
			return true;
	return false;
}

/* Next byte of a field of mountinfo: \040 is a blank. */
static char byte_next(struct slice *field)
{
	const char *at = field->at;
	unsigned i, value = 0;

	if (field->length >= 4 && at[0] == '\\') {
		for (i = 1; i < 4 && at[i] >= '0' && at[i] <= '7'; i++)
			value = value * 8 + (unsigned)(at[i] - '0');
		if (i == 4) {
			field->at += 4;
			field->length -= 4;
			return (char)value;
		}
	}
	field->at++;
	field->length--;
	return *at;
}

bool cgroup_place(const struct cgroup_mount *mount, struct slice path, char *to, size_t size, size_t *ret_point)
{
	struct slice root = mount->root, point = mount->point;
	size_t used = 0;

	/* What is mounted is the beginning of the path; "/" alone is the beginning of all. */
	if (slice_is(root, "/"))
		root.length = 0;
	while (root.length && path.length) {
		if (byte_next(&root) != *path.at)
			return false;
		path.at++;
		path.length--;
	}
	if (root.length || (path.length && *path.at != '/'))
		return false;
	/* Beyond what is mounted here: the parent of our namespace's root is out of sight. */
	if (path.length >= 3 && memcmp(path.at, "/..", 3) == 0 && (path.length == 3 || path.at[3] == '/'))
		return false;
	while (point.length && used < size)
		to[used++] = byte_next(&point);
	while (used > 1 && to[used - 1] == '/')
		used--;
	*ret_point = used;
	if (path.length == 1)
		path.length = 0;
	if (point.length || path.length >= size - used)
		return false;
	memcpy(to + used, path.at, path.length);
	to[used + path.length] = '\0';
	return true;
}

int64_t limit_parse(const char *text, size_t length)
{
	struct scan scan = scan_begin(text, length);
	/* Version 1 writes the largest number of whole pages, of up to 64 KiB. */
	const int64_t none = INT64_MAX / 65536 * 65536;
	int64_t limit;

	return scan_number(&scan, &limit) && limit >= 0 && limit < none ? limit : UNSEEN;
}

int cpu_max_parse(const char *text, size_t length, int64_t *ret_quota_us, int64_t *ret_period_us)
{
	struct scan scan = scan_begin(text, length);
	int64_t quota = UNSEEN, period;

	if (!scan_word(&scan, "max") && !scan_number(&scan, &quota))
		return SIGHT_STRANGE;
	if (!scan_number(&scan, &period))
		return SIGHT_STRANGE;
	*ret_quota_us = quota;
	*ret_period_us = period;
	return 0;
}
