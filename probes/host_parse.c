/* SPDX-License-Identifier: MIT */
/* The files of the whole machine, as text. */
#include "host_parse.h"

#include "scan.h"

/*
 * cpu  109973 0 20487 403924 617 0 105 326 0 0
 * cpu0 57606 0 9517 200327 47 0 17 165 0 0
 *
 * user nice system idle iowait irq softirq steal guest guest_nice.  Guests' time is in
 * user and nice already.  Only CPUs that are online have a line.
 */
int cpu_parse(const char *text, size_t length, struct cpu_lines *ret)
{
	struct scan scan = scan_begin(text, length), line;
	struct cpu_lines lines = { 0 };
	int64_t ticks[8] = { 0 };
	uint64_t busy = 0, number;
	unsigned i;

	if (!scan_line(&scan, &line) || !scan_word(&line, "cpu "))
		return SIGHT_STRANGE;
	for (i = 0; i < 8 && scan_number(&line, &ticks[i]); i++)
		if (i != 3 && i != 4)
			busy += (uint64_t)ticks[i];
	if (i < 4)
		return SIGHT_STRANGE;
	lines.busy_ticks = (int64_t)busy;
	lines.idle_ticks = (int64_t)((uint64_t)ticks[3] + (uint64_t)ticks[4]);
	lines.steal_ticks = ticks[7];
	while (scan_line(&scan, &line) && scan_word(&line, "cpu") && scan_digits(&line, 10, &number))
		lines.cpus++;
	*ret = lines;
	return 0;
}

/*
 * Uid:	1000	0	0	0
 * CapEff:	000001fffeffffff
 * Seccomp:	2
 */
int viewer_parse(const char *text, size_t length, struct viewer_lines *ret)
{
	struct scan scan = scan_begin(text, length), line;
	struct viewer_lines lines = { UNSEEN, UNSEEN, UNSEEN, 0 };
	bool capable = false;

	while (scan_line(&scan, &line)) {
		if (scan_word(&line, "Uid:")) {
			if (!scan_number(&line, &lines.uid) || !scan_number(&line, &lines.euid))
				return SIGHT_STRANGE;
		} else if (scan_word(&line, "CapEff:")) {
			scan_blanks(&line);
			capable = scan_digits(&line, 16, &lines.capabilities);
		} else if (scan_word(&line, "Seccomp:")) {
			if (!scan_number(&line, &lines.seccomp))
				return SIGHT_STRANGE;
		}
	}
	if (!capable || lines.euid == UNSEEN)
		return SIGHT_STRANGE;
	*ret = lines;
	return 0;
}

/* some avg10=55.63 avg60=38.26 avg300=42.03 total=295114919 */
int pressure_parse(const char *text, size_t length, int64_t *ret_us)
{
	struct scan scan = scan_begin(text, length), line;

	if (!scan_line(&scan, &line) || !scan_word(&line, "some "))
		return SIGHT_STRANGE;
	for (; line.at < line.end; line.at++)
		if (scan_word(&line, " total="))
			return scan_number(&line, ret_us) ? 0 : SIGHT_STRANGE;
	return SIGHT_STRANGE;
}
