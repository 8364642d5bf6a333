/* SPDX-License-Identifier: MIT */
/*
 * The options of the looking tools: one table serves getopt, --help and completion;
 * a test holds the man pages against it.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "select.h"
#include "tool.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct parse;
struct option_row {
	const char *name, *value; /**< "window", "SECONDS"; value NULL: a flag. */
	char letter;              /**< 0: none. */
	uint8_t offer;            /**< Only for tools with one of these in .offers, enum offer; 0: for all. */
	const char *complete;     /**< "file", words "a|b|c", or "@formats"; NULL: nothing to offer. */
	const char *help;         /**< NULL: hidden. */
	int (*set)(struct parse *parse, const char *value); /**< 0, -ENOMEM, or -EINVAL with a complaint. */
};
extern const struct option_row option_rows[]; /**< Ends in name NULL. */
/** Does this tool take that option? */
bool option_offered(const struct option_row *row, const struct tool *tool);

/** What the command line asks for.  Texts are argv's own. */
struct request {
	struct selector *selectors; size_t selector_count; /**< Allocated; request_deinit(). */
	const char **labels;        size_t label_count;    /**< "NAME=VALUE", allocated. */
	const struct renderer *renderer;
	const char *test;           /**< --test; NULL: not told. */
	enum color color;
	int64_t window_ms;
	int64_t columns;            /**< --width; -1: as the terminal. */
	const char *save, *replay, *flamegraph;
	enum stop stop;
	int64_t first;              /**< --first; -1: not asked. */
	int64_t samples, interval_ms; /**< Stacks of each task, and the time from one to the next. */
	const char *completion;     /**< --completion=SHELL */
	bool all_stacks, overdue, stay, whole_args, verbose, pytest_path, help, version;
};

void request_deinit(struct request *request);

/** 0, or -EINVAL with one line in complaint, or -ENOMEM. */
int options_parse(const struct tool *tool, int argc, char **argv, struct request *ret, char *complaint, size_t size);

/** --help to stdout.  0 or -errno. */
int options_help(const struct tool *tool, FILE *out);
/** A completion script for "bash" or "zsh".  0, -errno, or -EINVAL for another shell. */
int options_completion(const struct tool *tool, const char *shell, FILE *out);

/** A whole number from least to most.  0 or -EINVAL. */
int parse_number(const char *text, int64_t least, int64_t most, int64_t *ret);
/** "2", "0.5" seconds as milliseconds: 0 to an hour.  0 or -EINVAL. */
int parse_seconds(const char *text, int64_t *ret_ms);

#endif
