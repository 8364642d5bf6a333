/* SPDX-License-Identifier: MIT */
/*
 * The parser of /proc/PID/fdinfo/N: a few lines that every file has, and what its kind adds.
 *
 *	pos:	0
 *	flags:	02000002
 *	mnt_id:	17
 *	ino:	1038
 *	eventfd-count:                3
 *	eventfd-id: 1
 */
#include "fdinfo.h"

#include <sys/sysmacros.h>

#include "scan.h"
#include "snapshot.h"

/** After blanks: digits of that base. */
static bool read_word(struct scan *rest, unsigned base, uint64_t *ret)
{
	scan_blanks(rest);
	return scan_digits(rest, base, ret);
}

/** "(999, 995437914)": seconds and nanoseconds; centuries are as good as for ever. */
static bool read_time(struct scan *rest, int64_t *ret)
{
	uint64_t seconds, ns;

	scan_blanks(rest);
	if (!scan_word(rest, "(") || !read_word(rest, 10, &seconds) || !scan_word(rest, ",") ||
	    !read_word(rest, 10, &ns) || ns >= 1000000000 || !scan_word(rest, ")"))
		return false;
	*ret = seconds >= INT64_MAX / 1000000000 ? INT64_MAX : (int64_t)(seconds * 1000000000 + ns);
	return true;
}

enum form { FORM_DECIMAL, FORM_OCTAL, FORM_COUNT, FORM_MASK, FORM_TIME };

static const struct line {
	const char *name;
	enum form form;
	size_t offset;
} lines[] = {
	{ "pos:", FORM_DECIMAL, offsetof(struct fdinfo, offset) },
	{ "flags:", FORM_OCTAL, offsetof(struct fdinfo, flags) },
	{ "mnt_id:", FORM_DECIMAL, offsetof(struct fdinfo, mount) },
	{ "ino:", FORM_DECIMAL, offsetof(struct fdinfo, inode) },
	{ "eventfd-count:", FORM_COUNT, offsetof(struct fdinfo, count) },
	{ "eventfd-id:", FORM_DECIMAL, offsetof(struct fdinfo, id) },
	{ "ticks:", FORM_DECIMAL, offsetof(struct fdinfo, ticks) },
	{ "it_value:", FORM_TIME, offsetof(struct fdinfo, left_ns) },
	{ "it_interval:", FORM_TIME, offsetof(struct fdinfo, interval_ns) },
	{ "sigmask:", FORM_MASK, offsetof(struct fdinfo, signals) },
	{ "Pid:", FORM_DECIMAL, offsetof(struct fdinfo, pid) },
	{ "tty-index:", FORM_DECIMAL, offsetof(struct fdinfo, tty) },
	{ "scm_fds:", FORM_DECIMAL, offsetof(struct fdinfo, in_flight) },
};

static bool read_value(struct scan *rest, enum form form, int64_t *ret)
{
	uint64_t word;

	switch (form) {
	case FORM_DECIMAL:
		return scan_number(rest, ret);
	case FORM_TIME:
		return read_time(rest, ret);
	case FORM_OCTAL:
		if (!read_word(rest, 8, &word) || word > UINT32_MAX)
			return false;
		*ret = (int64_t)word;
		return true;
	case FORM_COUNT: /* A full eventfd holds 2^64 - 2, more than we store. */
		if (!read_word(rest, 16, &word))
			return false;
		*ret = word > INT64_MAX ? INT64_MAX : (int64_t)word;
		return true;
	case FORM_MASK: /* All 64 signals: the sign bit is the last of them. */
		if (!read_word(rest, 16, &word))
			return false;
		*ret = (int64_t)word;
		return true;
	}
	return false;
}

static void parse_line(struct scan rest, struct fdinfo *info)
{
	int64_t *member;
	int64_t value;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (scan_word(&rest, lines[i].name))
			break;
	if (i == sizeof(lines) / sizeof(lines[0]))
		return;
	member = (int64_t *)((char *)info + lines[i].offset);
	if (read_value(&rest, lines[i].form, &value) && rest.at == rest.end)
		*member = value;
}

int fdinfo_parse(const char *text, size_t length, struct fdinfo *ret)
{
	struct scan rest = scan_begin(text, length), line;
	struct fdinfo info;
	size_t i;

	for (i = 0; i < sizeof(info) / sizeof(int64_t); i++)
		((int64_t *)&info)[i] = UNSEEN;
	while (scan_line(&rest, &line))
		parse_line(line, &info);
	*ret = info;
	return info.flags == UNSEEN ? SIGHT_STRANGE : SIGHT_OK;
}

/*
 *	tfd:        7 events:       19 data:                7  pos:0 ino:40e sdev:10
 *
 * sdev is the kernel's own dev_t: 12 bits of major above 20 bits of minor.
 */
static bool parse_watch(struct scan rest, struct fdinfo_watch *ret)
{
	struct fdinfo_watch watch = { 0 };
	uint64_t events, data, device;
	int64_t number, offset;

	if (!scan_word(&rest, "tfd:") || !scan_number(&rest, &number) || number < 0 || number > INT32_MAX)
		return false;
	scan_blanks(&rest);
	if (!scan_word(&rest, "events:") || !read_word(&rest, 16, &events) || events > UINT32_MAX)
		return false;
	watch.number = (int32_t)number;
	watch.events = (uint32_t)events;
	scan_blanks(&rest);
	if (!scan_word(&rest, "data:") || !read_word(&rest, 16, &data))
		return false;
	scan_blanks(&rest);
	if (scan_word(&rest, "pos:") && scan_number(&rest, &offset)) {
		scan_blanks(&rest);
		if (scan_word(&rest, "ino:") && read_word(&rest, 16, &watch.inode)) {
			scan_blanks(&rest);
			if (scan_word(&rest, "sdev:") && read_word(&rest, 16, &device) && device <= UINT32_MAX)
				watch.device = makedev(device >> 20, device & 0xfffff);
		}
	}
	*ret = watch;
	return true;
}

bool fdinfo_watch(const char **text, size_t *length, struct fdinfo_watch *ret)
{
	struct scan rest = scan_begin(*text, *length), line;
	bool found = false;

	while (!found && scan_line(&rest, &line))
		found = parse_watch(line, ret);
	*text = rest.at;
	*length = rest.end - rest.at;
	return found;
}
