/* SPDX-License-Identifier: MIT */
/*
 * A table with aligned columns.  Rows are made twice, once to measure and once to
 * print, so that a table of 20,000 rows needs no memory:
 *
 *	grid_init(&grid, columns, COUNT, out, options);
 *	while (grid_pass(&grid))
 *		for (each row) {
 *			grid_begin(&grid);
 *			phrase_add(&grid.cell[0], ...);
 *			grid_row(&grid);
 *		}
 */
#ifndef GRID_H
#define GRID_H

#include <stdbool.h>
#include <stdio.h>

#include "phrase.h"
#include "render.h"

enum { GRID_COLUMNS = 12 };

struct grid_column {
	const char *title;
	bool right;               /**< Numbers stand to the right. */
};

struct grid {
	FILE *out;
	const struct render_options *options;
	const struct grid_column *columns;
	unsigned count;
	int pass;                 /**< -1 before the first, 0 measuring, 1 printing. */
	unsigned least;           /**< Columns that the last one is not cut below. */
	const char *before;       /**< Before the titles. */
	const char *indent;       /**< Before each row. */
	unsigned rows;            /**< Of this pass. */
	unsigned width[GRID_COLUMNS];
	struct phrase cell[GRID_COLUMNS];
};

/** At most GRID_COLUMNS columns.  The last one is cut where the line must end, unless --verbose or nothing
    would be left of it. */
void grid_init(struct grid *grid, const struct grid_column *columns, unsigned count, FILE *out,
	       const struct render_options *options);
/** Begin the next pass; false after the second.  Without a row nothing is printed, no title either. */
bool grid_pass(struct grid *grid);
/** Empty cells for the next row. */
void grid_begin(struct grid *grid);
void grid_row(struct grid *grid);

#endif
