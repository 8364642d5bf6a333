/* SPDX-License-Identifier: MIT */
/*
 * Folded stacks, as flame graph tools read them: a line a stack, the name of the thread and
 * its functions from the outermost in, then how many samples it had.
 *
 *	worker-2;_start;__libc_start_main;main;read_config;clock_nanosleep 10
 */
#include <errno.h>
#include <inttypes.h>

#include "stack_view.h"
#include "page.h"
#include "words_frame.h"

/* What the format itself uses stands in no name; as in the scripts that fold for perf. */
static void put_name(const struct phrase *phrase, FILE *out)
{
	size_t i;

	for (i = 0; i < phrase->length; i++) {
		char c = phrase->text[i];

		putc_unlocked(c == ';' ? ':' : c == ' ' || c == PHRASE_TIE ? '_' : c, out);
	}
}

static void put_node(const struct page *page, const struct snapshot *snapshot, const struct stack_node *node)
{
	struct phrase phrase;
	const struct site *site;

	phrase_init(&phrase, page_place(page));
	if (node->frame.at == NO_ROW) {
		phrase_bytes(&phrase, snapshot_bytes(snapshot, node->comm), node->comm.length);
		put_name(&phrase, page->out);
		if (phrase.length == 0)
			fputs_unlocked("unknown", page->out);
		return;
	}
	site = site_at(snapshot, frame_at(snapshot, node->frame)->site);
	words_function(&phrase, snapshot, frame_at(snapshot, node->frame)->site);
	putc_unlocked(';', page->out);
	put_name(&phrase, page->out);
	/* Marks that flamegraph.pl colours by. */
	if (site->kind == FRAME_KERNEL)
		fputs_unlocked("_[k]", page->out);
	else if (site->jit)
		fputs_unlocked("_[j]", page->out);
	else if (frame_at(snapshot, node->frame)->basis == BASIS_DEBUG)
		fputs_unlocked("_[i]", page->out);
}

static int render(const struct report *report, const struct render_options *options, FILE *out)
{
	const struct scene *scene = report->scene;
	struct stack_tree tree;
	uint32_t *path, at, up, depth;
	struct page page;
	int r;

	r = stack_tree_build(report, true, &tree);
	if (r < 0)
		return r;
	path = arena_new(scene->arena, uint32_t, tree.deepest + 1);
	if (!path)
		return -ENOMEM;
	page_init(&page, out, options);
	for (at = stack_tree_after(&tree, 0); at; at = stack_tree_after(&tree, at)) {
		if (tree.node[at].self == 0)
			continue;
		depth = 0;
		for (up = at; up; up = tree.node[up].parent)
			path[depth++] = up;
		while (depth > 0)
			put_node(&page, scene->snapshot, &tree.node[path[--depth]]);
		fprintf(out, " %" PRIu32 "\n", tree.node[at].self);
	}
	return page_end(&page);
}

const struct renderer render_folded = { "folded", render };
