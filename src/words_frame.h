/* SPDX-License-Identifier: MIT */
/*
 * Frames and stacks in words:
 *
 *	read_config at config.c:120
 *	pthread_cond_wait+0x20b (libc.so.6)
 *	libfoo.so.1+0x1234
 *	futex_wait_queue+0x60 (kernel)
 */
#ifndef WORDS_FRAME_H
#define WORDS_FRAME_H

#include "phrase.h"
#include "scene.h"

/** A name that fits on a line: without arguments and type; where there is none, module and offset, never nothing. */
void words_function(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site);
/** Where it comes from: "libc.so.6", "kernel", "kernel, nfs", "[jit]". */
void words_module(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site);
/** " at config.c:120", "+0x20b (libc.so.6)": what stands behind the name; whole: with all of the file's path. */
void words_place(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site, bool whole);
/**
 * A line of a stack, with the mark of how it is known; the name is cut where more than so many columns are
 * needed, 0: never.  whole: names with arguments, files with their path.
 */
void words_frame(struct phrase *phrase, const struct snapshot *snapshot, struct frame_ix frame, unsigned columns,
		 bool whole);

/** "~": how a frame is known, where that is not the usual way; "" else. */
const char *basis_mark(enum frame_basis basis);
/** What the mark says: "inferred: ..."; NULL: it has none. */
const char *basis_words(enum frame_basis basis);
/** Why it ends there, of a stack that is not whole: "cut: 512 frames are the most that is taken"; NULL: it is whole. */
const char *end_words(enum stack_end ends);
/** Why there is no frame at all: "permission denied". */
const char *no_stack_words(int sight);

#endif
