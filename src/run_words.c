/* SPDX-License-Identifier: MIT */
/* Durations and names of signals, as timeout(1) takes them; and what we say ourselves. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

/* Beyond this (292 years) nobody waits. */
#define NEVER_NS INT64_MAX

enum { PATIENCE_MS = 2000 };      /* with who does not read what we say: once */

static bool unit_ns(const char **at, double *ret)
{
	static const struct { char letter; double ns; } units[] = {
		{ 's', 1e9 }, { 'm', 60e9 }, { 'h', 3600e9 }, { 'd', 86400e9 },
	};
	size_t i;

	*ret = 1e9;
	if (!**at)
		return true;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (**at == units[i].letter) {
			*ret = units[i].ns;
			++*at;
			return true;
		}
	}
	return false;
}

int run_duration_parse(const char *text, int64_t *ret_ns)
{
	double sum = 0, number, unit;
	const char *at = text;
	char *end;

	do {
		/* strtod(3) would take blanks, signs, "nan"; "inf" is for ever, as for timeout(1). */
		if (!(*at >= '0' && *at <= '9') && *at != '.' && strncasecmp(at, "inf", 3) != 0)
			return -EINVAL;
		number = strtod(at, &end);
		if (end == at)
			return -EINVAL;
		at = end;
		if (!unit_ns(&at, &unit))
			return -EINVAL;
		sum += number * unit;
	} while (*at);
	if (!(sum >= 0))
		return -EINVAL;
	if (sum == 0)
		*ret_ns = 0;
	else if (sum >= (double)INT64_MAX / 2)
		*ret_ns = NEVER_NS;
	else
		*ret_ns = sum < 1 ? 1 : (int64_t)sum;
	return 0;
}

int run_signal_parse(const char *text, int *ret)
{
	char *end;
	long number;
	int i;

	if (*text >= '0' && *text <= '9') {
		number = strtol(text, &end, 10);
		if (*end || number < 0 || number > SIGRTMAX)
			return -EINVAL;
		*ret = (int)number;
		return 0;
	}
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0) {
			*ret = i;
			return 0;
		}
	}
	if (strncasecmp(text, "RTMIN", 5) != 0 && strncasecmp(text, "RTMAX", 5) != 0)
		return -EINVAL;
	number = 0;
	if (text[5]) {
		number = strtol(text + 5, &end, 10);
		if (*end || (text[5] != '+' && text[5] != '-') || number < -SIGRTMAX || number > SIGRTMAX)
			return -EINVAL;
	}
	number += strncasecmp(text, "RTMIN", 5) == 0 ? SIGRTMIN : SIGRTMAX;
	if (number < SIGRTMIN || number > SIGRTMAX)
		return -EINVAL;
	*ret = (int)number;
	return 0;
}

const char *run_signal_name(int number, char room[16])
{
	const char *name = sigabbrev_np(number);

	if (name)
		snprintf(room, 16, "SIG%s", name);
	else
		snprintf(room, 16, "signal %d", number);
	return room;
}

/* ---- what we say ------------------------------------------------------------------- */

/* For a pipe a description of our own that does not block: the one that we were given is the command's, too. */
static int stderr_open(void)
{
	static int fd = -1;
	struct stat seen;

	if (fd < 0 && fstat(STDERR_FILENO, &seen) == 0 && S_ISFIFO(seen.st_mode))
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = STDERR_FILENO;
	return fd;
}

void run_put(const char *bytes, size_t length)
{
	static bool deaf;
	struct pollfd pollfd = { .fd = stderr_open(), .events = POLLOUT };
	const size_t most = pollfd.fd == STDERR_FILENO ? SIZE_MAX : PIPE_BUF; /* a full pipe takes so much or nothing */
	ssize_t n;

	for (; length > 0; bytes += n, length -= (size_t)n) {
		n = poll(&pollfd, 1, deaf ? 0 : PATIENCE_MS);
		if (n == 0)
			deaf = true;
		if (n > 0)
			n = write(pollfd.fd, bytes, length < most ? length : most);
		else if (n == 0)
			return;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return; /* nobody listens: nothing depends on it */
		if (n < 0)
			n = 0;
	}
}

/* One write, so that nothing of the command's gets in between. */
static void __attribute__((__format__(__printf__, 1, 0))) say(const char *format, va_list arguments)
{
	char line[4096];
	size_t used = (size_t)snprintf(line, sizeof(line), "wedgerun: ");
	int n = vsnprintf(line + used, sizeof(line) - used - 1, format, arguments);
	char *at;

	if (n < 0)
		return;
	used = (size_t)n < sizeof(line) - used - 1 ? used + (size_t)n : sizeof(line) - 2;
	/* "##[error]" is a command to some CI runners, wherever it stands in a line. */
	for (at = line; (at = memmem(at, used - (size_t)(at - line), "##[", 3)); at++)
		at[1] = ' ';
	line[used++] = '\n';
	run_put(line, used);
}

void run_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void run_tell(const struct run *run, const char *format, ...)
{
	va_list arguments;

	if (!run->request->verbose)
		return;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

/* ---- what others said -------------------------------------------------------------------- */

static bool on_github(void)
{
	const char *set = getenv("GITHUB_ACTIONS");

	return set && *set;
}

void run_quote_begin(struct quote *ret)
{
	char line[sizeof("::stop-commands::\n") + sizeof(ret->token)];
	unsigned char random[16];
	size_t i;

	*ret->token = '\0';
	if (!on_github() || getrandom(random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		return;
	for (i = 0; i < sizeof(random); i++)
		snprintf(ret->token + 2 * i, 3, "%02x", random[i]);
	snprintf(line, sizeof(line), "::stop-commands::%s\n", ret->token);
	run_put(line, strlen(line));
}

void run_quote_end(const struct quote *quote)
{
	char line[sizeof(quote->token) + 8];

	if (!*quote->token)
		return;
	snprintf(line, sizeof(line), "::%s::\n", quote->token);
	run_put(line, strlen(line));
}
