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

#include <string.h>
#include <sys/sysmacros.h>

#include "snapshot.h"

/** What is left of the text. */
struct rest { const char *at, *end; };

static void skip_blanks(struct rest *rest)
{
	while (rest->at < rest->end && (*rest->at == ' ' || *rest->at == '\t'))
		rest->at++;
}

static bool skip_word(struct rest *rest, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(rest->end - rest->at) < length || memcmp(rest->at, word, length))
		return false;
	rest->at += length;
	return true;
}

static int digit_of(char letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	if (letter >= 'a' && letter <= 'f')
		return letter - 'a' + 10;
	return 16;
}

/** More than 64 bits are not a number. */
static bool read_digits(struct rest *rest, unsigned base, uint64_t *ret)
{
	const char *first;
	uint64_t value = 0;

	for (first = rest->at; rest->at < rest->end; rest->at++) {
		unsigned digit = digit_of(*rest->at);

		if (digit >= base)
			break;
		if (value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	if (rest->at == first)
		return false;
	*ret = value;
	return true;
}

static bool read_word(struct rest *rest, unsigned base, uint64_t *ret)
{
	skip_blanks(rest);
	return read_digits(rest, base, ret);
}

static bool read_number(struct rest *rest, int64_t *ret)
{
	uint64_t value;
	bool minus;

	skip_blanks(rest);
	minus = skip_word(rest, "-");
	if (!read_digits(rest, 10, &value) || value > INT64_MAX)
		return false;
	*ret = minus ? -(int64_t)value : (int64_t)value;
	return true;
}

/** "(999, 995437914)": seconds and nanoseconds; centuries are as good as for ever. */
static bool read_time(struct rest *rest, int64_t *ret)
{
	uint64_t seconds, ns;

	skip_blanks(rest);
	if (!skip_word(rest, "(") || !read_word(rest, 10, &seconds) || !skip_word(rest, ",") ||
	    !read_word(rest, 10, &ns) || ns >= 1000000000 || !skip_word(rest, ")"))
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

static bool read_value(struct rest *rest, enum form form, int64_t *ret)
{
	uint64_t word;

	switch (form) {
	case FORM_DECIMAL:
		return read_number(rest, ret);
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

static void parse_line(struct rest rest, struct fdinfo *info)
{
	int64_t *member;
	int64_t value;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (skip_word(&rest, lines[i].name))
			break;
	if (i == sizeof(lines) / sizeof(lines[0]))
		return;
	member = (int64_t *)((char *)info + lines[i].offset);
	if (read_value(&rest, lines[i].form, &value) && rest.at == rest.end)
		*member = value;
}

/** Take a line off the text, without its newline; false at the end. */
static bool take_line(const char **text, size_t *length, struct rest *ret)
{
	const char *newline;

	if (*length == 0)
		return false;
	newline = memchr(*text, '\n', *length);
	ret->at = *text;
	ret->end = newline ? newline : *text + *length;
	*length -= ret->end - *text + (newline != NULL);
	*text = ret->end + (newline != NULL);
	return true;
}

int fdinfo_parse(const char *text, size_t length, struct fdinfo *ret)
{
	struct fdinfo info;
	struct rest line;
	size_t i;

	for (i = 0; i < sizeof(info) / sizeof(int64_t); i++)
		((int64_t *)&info)[i] = UNSEEN;
	while (take_line(&text, &length, &line))
		parse_line(line, &info);
	*ret = info;
	return info.flags == UNSEEN ? SIGHT_STRANGE : SIGHT_OK;
}

/*
 *	tfd:        7 events:       19 data:                7  pos:0 ino:40e sdev:10
 *
 * sdev is the kernel's own dev_t: 12 bits of major above 20 bits of minor.
 */
static bool parse_watch(struct rest rest, struct fdinfo_watch *ret)
{
	struct fdinfo_watch watch = { 0 };
	uint64_t events, data, device;
	int64_t number, offset;

	if (!skip_word(&rest, "tfd:") || !read_number(&rest, &number) || number < 0 || number > INT32_MAX)
		return false;
	skip_blanks(&rest);
	if (!skip_word(&rest, "events:") || !read_word(&rest, 16, &events) || events > UINT32_MAX)
		return false;
	watch.number = (int32_t)number;
	watch.events = (uint32_t)events;
	skip_blanks(&rest);
	if (!skip_word(&rest, "data:") || !read_word(&rest, 16, &data))
		return false;
	skip_blanks(&rest);
	if (skip_word(&rest, "pos:") && read_number(&rest, &offset)) {
		skip_blanks(&rest);
		if (skip_word(&rest, "ino:") && read_word(&rest, 16, &watch.inode)) {
			skip_blanks(&rest);
			if (skip_word(&rest, "sdev:") && read_word(&rest, 16, &device) && device <= UINT32_MAX)
				watch.device = makedev(device >> 20, device & 0xfffff);
		}
	}
	*ret = watch;
	return true;
}

bool fdinfo_watch(const char **text, size_t *length, struct fdinfo_watch *ret)
{
	struct rest line;

	while (take_line(text, length, &line))
		if (parse_watch(line, ret))
			return true;
	return false;
}
