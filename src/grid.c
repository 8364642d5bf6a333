/* SPDX-License-Identifier: MIT */
/* Tables: measured, then printed. */
#include "grid.h"

#include <string.h>

enum { GAP = 2, LEAST = 16 };

void grid_init(struct grid *grid, const struct grid_column *columns, unsigned count, FILE *out,
	       const struct render_options *options)
{
	unsigned i;

	grid->out = out;
	grid->options = options;
	grid->columns = columns;
	grid->count = count;
	grid->pass = -1;
	grid->before = grid->indent = "";
	grid->least = LEAST;
	grid->rows = 0;
	for (i = 0; i < count; i++)
		grid->width[i] = (unsigned)strlen(columns[i].title);
}

void grid_begin(struct grid *grid)
{
	unsigned i;

	for (i = 0; i < grid->count; i++)
		phrase_init(&grid->cell[i], grid->options->utf8 ? PLACE_TERMINAL : PLACE_ASCII);
}

static void put_blanks(const struct grid *grid, unsigned count)
{
	while (count-- > 0)
		putc_unlocked(' ', grid->out);
}

static void put_last(const struct grid *grid, const struct phrase *cell, unsigned before)
{
	unsigned columns = grid->options->columns, width = (unsigned)text_columns(cell->text, cell->length);
	size_t i, length = cell->length;
	bool cut;

	if (columns < before + grid->least) /* a wide table: the terminal wraps it */
		columns = before + grid->least;
	cut = grid->options->columns > 0 && !grid->options->verbose && before + width > columns;
	if (cut)
		length = text_fitting(cell->text, cell->length, columns - before - 3);
	for (i = 0; i < length; i++)
		putc_unlocked(cell->text[i] == PHRASE_TIE ? ' ' : cell->text[i], grid->out);
	if (cut)
		fputs_unlocked("...", grid->out);
}

static void put_row(const struct grid *grid)
{
	unsigned i, before = (unsigned)strlen(grid->indent), width, last = grid->count;

	while (last > 0 && grid->cell[last - 1].length == 0) /* no blanks at the end of a line */
		last--;
	fputs_unlocked(grid->indent, grid->out);
	for (i = 0; i < last; i++) {
		const struct phrase *cell = &grid->cell[i];

		width = (unsigned)text_columns(cell->text, cell->length);
		if (grid->columns[i].right)
			put_blanks(grid, grid->width[i] - width);
		if (i + 1 == grid->count)
			put_last(grid, cell, before);
		else
			phrase_put(cell, grid->out);
		if (!grid->columns[i].right && i + 1 < last)
			put_blanks(grid, grid->width[i] - width);
		if (i + 1 < last)
			put_blanks(grid, GAP);
		before += grid->width[i] + GAP;
	}
	putc_unlocked('\n', grid->out);
}

static void put_titles(struct grid *grid)
{
	unsigned i;

	grid_begin(grid);
	for (i = 0; i < grid->count; i++)
		phrase_add(&grid->cell[i], grid->columns[i].title);
	put_row(grid);
}

bool grid_pass(struct grid *grid)
{
	if (grid->pass == 1 || (grid->pass == 0 && grid->rows == 0))
		return false;
	grid->pass++;
	grid->rows = 0;
	if (grid->pass == 1) {
		fputs_unlocked(grid->before, grid->out);
		put_titles(grid);
	}
	return true;
}

void grid_row(struct grid *grid)
{
	unsigned i, width;

	grid->rows++;
	if (grid->pass == 1) {
		put_row(grid);
		return;
	}
	for (i = 0; i < grid->count; i++) {
		width = (unsigned)text_columns(grid->cell[i].text, grid->cell[i].length);
		if (width > grid->width[i])
			grid->width[i] = width;
	}
}
