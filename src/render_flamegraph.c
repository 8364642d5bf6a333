/* SPDX-License-Identifier: MIT */
/*
 * All stacks as a flame graph: one SVG file that needs nothing else.  Each box is a function,
 * as wide as it has samples, on top of the one that calls it.  A script inside of it zooms and
 * searches; without it the drawing shows the same, and tooltips.
 */
#include <errno.h>
#include <inttypes.h>

#include "markup.h"
#include "page.h"
#include "src/flamegraph_js.h"
#include "stack_view.h"
#include "telling.h"
#include "words.h"
#include "words_frame.h"

/* As in flamegraph.js.  In pixels; LETTER in hundredths. */
enum { LEFT = 10, WIDTH = 1180, TOP = 56, ROW = 17, BOTTOM = 28, LETTER = 725, LABEL_LEAST = 3 };
enum { NARROWEST = 10 };          /* A box of less than a tenth of a pixel is not drawn. */

struct drawing {
	const struct report *report;
	const struct snapshot *snapshot;
	const struct stack_tree *tree;
	FILE *out;
	uint32_t *begin;           /* One a node: samples to the left of it. */
	uint32_t least;            /* Samples of a box that is drawn. */
	uint32_t drawn_deepest;
};

/* ---- what is drawn ------------------------------------------------------------------ */

static int place_nodes(struct drawing *drawing)
{
	const struct stack_tree *tree = drawing->tree;
	uint32_t at, child, from, count;

	drawing->begin = arena_new(drawing->report->scene->arena, uint32_t, tree->count);
	if (!drawing->begin)
		return -ENOMEM;
	for (at = 0;;) {
		from = drawing->begin[at];
		for (child = tree->node[at].first_child; child; child = tree->node[child].next) {
			drawing->begin[child] = from;
			from += tree->node[child].count;
		}
		at = stack_tree_after(tree, at);
		if (at == 0)
			break;
	}
	drawing->least = (uint32_t)((uint64_t)tree->node[0].count / (WIDTH * NARROWEST)) + 1;
	do {
		count = 0;
		drawing->drawn_deepest = 0;
		for (at = 1; at < tree->count; at++) {
			if (tree->node[at].count < drawing->least)
				continue;
			count++;
			if (tree->node[at].depth > drawing->drawn_deepest)
				drawing->drawn_deepest = tree->node[at].depth;
		}
	} while (count > BOUND_DRAWN && (drawing->least *= 2));
	return 0;
}

/* Samples as hundredths of a pixel. */
static uint64_t pixels(const struct drawing *drawing, uint32_t samples)
{
	return drawing->tree->node[0].count ? (uint64_t)samples * WIDTH * 100 / drawing->tree->node[0].count : 0;
}

static void put_hundredths(FILE *out, uint64_t value)
{
	fprintf(out, "%" PRIu64 ".%02" PRIu64, value / 100, value % 100);
}

/* ---- a box ---------------------------------------------------------------------------- */

/* The same name has the same colour, in every drawing: shades of the colour of whose code it is. */
static void put_colour(const struct drawing *drawing, const struct stack_node *node, const struct phrase *label)
{
	static const struct { uint8_t red, green, blue, red_more, green_more, blue_more; } shades[] = {
		[PART_KERNEL] = { 130, 160, 205, 40, 40, 40 },
		[PART_RUNTIME] = { 225, 205, 140, 25, 30, 40 },
		[PART_INTERPRETER] = { 165, 205, 130, 35, 35, 35 },
		[PART_PROGRAM] = { 220, 75, 40, 30, 105, 25 },
	};
	uint32_t hash = 2166136261U;
	enum site_part part;
	size_t i;

	if (node->frame.at == NO_ROW) {
		fputs_unlocked("rgb(200,200,200)", drawing->out);
		return;
	}
	part = drawing->report->scene->site_part[frame_at(drawing->snapshot, node->frame)->site.at];
	for (i = 0; i < label->length; i++)
		hash = (hash ^ (unsigned char)label->text[i]) * 16777619U;
	fprintf(drawing->out, "rgb(%u,%u,%u)", shades[part].red + hash % shades[part].red_more,
		shades[part].green + (hash >> 8) % shades[part].green_more,
		shades[part].blue + (hash >> 16) % shades[part].blue_more);
}

static void add_label(const struct drawing *drawing, struct phrase *phrase, const struct stack_node *node)
{
	const struct snapshot *snapshot = drawing->snapshot;

	if (node->frame.at != NO_ROW) {
		words_function(phrase, snapshot, frame_at(snapshot, node->frame)->site);
		return;
	}
	phrase_bytes(phrase, snapshot_bytes(snapshot, node->comm), node->comm.length);
	if (phrase->length == 0)
		phrase_add(phrase, "unknown");
}

/* What stands behind the name in a tooltip. */
static void add_share(const struct drawing *drawing, struct phrase *phrase, const struct stack_node *node)
{
	uint64_t share = (uint64_t)node->count * 10000 / drawing->tree->node[0].count;
	const struct site *site;

	if (node->frame.at != NO_ROW && node->same_site) {
		site = site_at(drawing->snapshot, frame_at(drawing->snapshot, node->frame)->site);
		if (text_seen(site->file) && site->file.length > 0)
			words_place(phrase, drawing->snapshot, frame_at(drawing->snapshot, node->frame)->site, false);
	}
	phrase_format(phrase, " (%" PRIu32 " sample%s, %" PRIu64 ".%02" PRIu64 " %%)", node->count,
		      node->count == 1 ? "" : "s", share / 100, share % 100);
}

static void put_box(const struct drawing *drawing, uint32_t at)
{
	const struct stack_node *node = &drawing->tree->node[at];
	uint64_t x = pixels(drawing, drawing->begin[at]) + LEFT * 100, w = pixels(drawing, node->count);
	uint32_t y = TOP + (drawing->drawn_deepest - node->depth) * ROW;
	size_t most = w > 600 ? (w - 600) / LETTER : 0, length;
	FILE *out = drawing->out;
	struct phrase label;

	phrase_init(&label, PLACE_TERMINAL);
	add_label(drawing, &label, node);
	length = label.length;
	fputs_unlocked("<g><title>", out);
	add_share(drawing, &label, node);
	put_markup_phrase(out, &label);
	phrase_back(&label, length);
	fputs_unlocked("</title><rect x=\"", out);
	put_hundredths(out, x);
	fprintf(out, "\" y=\"%" PRIu32 "\" width=\"", y);
	put_hundredths(out, w);
	fprintf(out, "\" height=\"%d\" fill=\"", ROW - 1);
	put_colour(drawing, node, &label);
	fputs_unlocked("\"/><text x=\"", out);
	put_hundredths(out, x + 300);
	fprintf(out, "\" y=\"%" PRIu32 "\">", y + 12);
	if (text_columns(label.text, label.length) <= most) {
		put_markup_phrase(out, &label);
	} else if (most >= LABEL_LEAST) {
		put_markup(out, label.text, text_fitting(label.text, label.length, most - 2));
		fputs_unlocked("..", out);
	}
	fputs_unlocked("</text></g>\n", out);
}

/* ---- around them ------------------------------------------------------------------------ */

static void put_head(const struct drawing *drawing, uint32_t height)
{
	FILE *out = drawing->out;
	struct phrase phrase;

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" height=\"%" PRIu32 "\" "
		"viewBox=\"0 0 %d %" PRIu32 "\">\n"
		"<style>\n"
		"text { font-family: monospace; font-size: 12px; fill: black; }\n"
		"#frames text { pointer-events: none; }\n"
		"#frames g:hover rect { stroke: black; stroke-width: 0.6; cursor: pointer; }\n"
		"#search, #reset { cursor: pointer; fill: rgb(60,60,160); }\n"
		"</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"rgb(250,250,245)\"/>\n"
		"<text x=\"%d\" y=\"20\" font-weight=\"bold\">", WIDTH + 2 * LEFT, height, WIDTH + 2 * LEFT, height, LEFT);
	phrase_init(&phrase, PLACE_TERMINAL);
	phrase_add(&phrase, "Stacks of ");
	words_target(&phrase, drawing->report);
	put_markup_phrase(out, &phrase);
	fprintf(out, "</text>\n<text x=\"%d\" y=\"38\">%" PRIu32 " sample%s", LEFT, drawing->tree->node[0].count,
		drawing->tree->node[0].count == 1 ? "" : "s");
	if (drawing->tree->left_out > 0)
		fprintf(out, "; %" PRIu32 " more than our bounds allow are left out", drawing->tree->left_out);
	if (drawing->least > 1)
		fprintf(out, "; what has less than %" PRIu32 " is not drawn", drawing->least);
	fprintf(out,
		"</text>\n"
		"<text id=\"reset\" x=\"%d\" y=\"20\" text-anchor=\"end\" style=\"display:none\">whole</text>\n"
		"<text id=\"search\" x=\"%d\" y=\"20\" text-anchor=\"end\" style=\"display:none\">search</text>\n"
		"<text id=\"found\" x=\"%d\" y=\"38\" text-anchor=\"end\"></text>\n"
		"<text id=\"details\" x=\"%d\" y=\"%" PRIu32 "\"></text>\n",
		LEFT + WIDTH - 70, LEFT + WIDTH, LEFT + WIDTH, LEFT, height - 10);
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	struct drawing drawing = { .report = report, .snapshot = report->scene->snapshot, .out = out };
	struct stack_tree tree;
	struct page page;
	uint32_t at;
	int r;

	r = stack_tree_build(report, true, &tree);
	if (r < 0)
		return r;
	drawing.tree = &tree;
	r = place_nodes(&drawing);
	if (r < 0)
		return r;
	put_head(&drawing, TOP + drawing.drawn_deepest * ROW + BOTTOM);
	fputs("<g id=\"frames\">\n", out);
	for (at = stack_tree_after(&tree, 0); at; at = stack_tree_after(&tree, at))
		if (tree.node[at].count >= drawing.least)
			put_box(&drawing, at);
	fputs("</g>\n<script type=\"text/javascript\"><![CDATA[\n", out);
	fputs(flamegraph_js, out);
	fputs("]]></script>\n</svg>\n", out);
	page_init(&page, out, options);
	return page_end(&page);
}

const struct renderer render_flamegraph = { "svg", render };
