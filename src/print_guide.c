/* SPDX-License-Identifier: MIT */
/*
 * The parts of wedgetools(7) that stand in tables, as mdoc: causes and doubts.  Run by
 * make, so that the guide and the report cannot disagree.
 */
#include <stdio.h>
#include <string.h>

#include "judge.h"

/* Templates for a page: {culprit} becomes a word in italics; control lines and escapes are kept out. */
static void put_plain(const char *text)
{
	const char *c, *end;

	for (c = text; *c; c++) {
		if (*c == '{' && (end = strchr(c, '}'))) {
			printf("\\fI%.*s\\fR", (int)(end - c - 1), c + 1);
			c = end;
		} else if (*c == '[' && (end = strchr(c, ']'))) {
			c = end; /* what is said only where it is known */
		} else if (*c == '\\') {
			fputs("\\e", stdout);
		} else if ((*c == '.' || *c == '?') && c[1] == ' ') {
			printf("%c\n", *c++); /* mdoc: new sentence, new line */
		} else if (c == text && (*c == '.' || *c == '\'')) {
			printf("\\&%c", *c);
		} else {
			putchar(*c);
		}
	}
}

static void put_causes(void)
{
	const struct cause *cause;

	puts(".Bl -tag -width Ds");
	for (cause = causes; cause->name; cause++) {
		printf(".It Cm %s Pq %s\n", cause->name, verdict_names[cause->verdict]);
		put_plain(cause->summary);
		puts(".");
		puts(".br");
		fputs("By hand: ", stdout);
		put_plain(cause->by_hand);
		puts(".");
		puts(".br");
		put_plain(cause->means);
		putchar('\n');
	}
	puts(".El");
}

static void put_doubts(void)
{
	const struct doubt_row *row;

	puts(".Bl -tag -width \"frames-unread\" -compact");
	for (row = doubts; row->name; row++) {
		printf(".It Cm %s\n", row->name);
		put_plain(row->because);
		printf(" (at most %s)\n", certainty_names[row->ceiling]);
	}
	puts(".El");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "causes") == 0)
		put_causes();
	else if (argc == 2 && strcmp(argv[1], "doubts") == 0)
		put_doubts();
	else
		return 2;
	return fflush(stdout) == 0 ? 0 : 1;
}
