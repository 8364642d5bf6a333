/* SPDX-License-Identifier: MIT */
/* Who may have been meant: processes with a like pid or name, for a complaint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "select_inner.h"

enum { NEAR_MOST = 3, WORD_MOST = 24 };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* How many letters to change, add, take away or swap with their neighbour. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MOST + 1], i, j, least, now;
	const unsigned n = (unsigned)strlen(a), m = (unsigned)strlen(b);

	if (n > WORD_MOST || m > WORD_MOST)
		return WORD_MOST;
	for (j = 0; j <= m; j++)
		row[0][j] = j;
	for (i = 1; i <= n; i++) {
		unsigned *this = row[i % 3];
		const unsigned *above = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		this[0] = i;
		for (j = 1; j <= m; j++) {
			least = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
			now = above[j] + 1;
			least = now < least ? now : least;
			now = this[j - 1] + 1;
			least = now < least ? now : least;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < least)
				least = before[j - 2] + 1;
			this[j] = least;
		}
	}
	return row[n % 3][m];
}

/* 0 not near; else the nearer the smaller. */
static unsigned nearness(const struct roster_row *row, const char *word, bool digits)
{
	char pid[16];
	unsigned apart;

	if (digits) {
		snprintf(pid, sizeof(pid), "%d", row->pid);
		apart = distance(pid, word);
		return strlen(word) > 2 && apart == 1 ? 1 : 0;
	}
	if (strlen(word) < 2)
		return 0;
	if (strcasestr(row->comm, word))
		return 1;
	apart = distance(row->comm, word);
	return apart <= 2 && apart < strlen(word) / 2 ? 1 + apart : 0;
}

void near_text(const struct choice *choice, const char *word, char *to, size_t size)
{
	const bool digits = *word >= '0' && *word <= '9';
	char wanted[WORD_MOST + 1];
	unsigned wish, found = 0;
	size_t used = 0;
	uint32_t i;

	snprintf(wanted, sizeof(wanted), "%.*s", digits ? (int)strspn(word, "0123456789") : WORD_MOST, word);
	*to = '\0';
	/* "12x": the pid that it begins with. */
	if (digits && strlen(wanted) < strlen(word) && select_number(wanted) > 0) {
		const struct roster_row *row = roster_find(&choice->roster, (int32_t)select_number(wanted));

		if (row)
			used = (size_t)snprintf(to, size, "; near: %d (%s)", row->pid, row->comm);
		found = row ? 1 : 0;
	}
	for (wish = 1; wish <= 3; wish++)
		for (i = 0; i < choice->roster.count && found < NEAR_MOST && used < size; i++) {
			const struct roster_row *row = &choice->roster.row[i];

			if (choice_is_kin(choice, row->pid) || nearness(row, wanted, digits) != wish)
				continue;
			used += (size_t)snprintf(to + used, size - used, "%s%d (%s)", found ? ", " : "; near: ", row->pid,
						 row->comm);
			found++;
		}
}
