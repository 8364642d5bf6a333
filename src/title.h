/* SPDX-License-Identifier: MIT */
/*
 * What a person calls a process: "pytest" for `python3 -m pytest`, "feed.py" for
 * `/venv/bin/python -u feed.py`, "nginx: worker process" where it named itself so.
 * From command line, comm and the name of its program; nothing else is looked at.
 * Pure, and safe on whatever a target put there.
 */
#ifndef TITLE_H
#define TITLE_H

#include <stdbool.h>
#include <stddef.h>

enum { TITLE_MOST = 32 }; /**< Columns a title may take; longer ones end in "..". */

struct title_source {
	const char *argv;         /**< NUL after each; the last may lack its own. */
	size_t argv_length;       /**< 0: not known. */
	const char *comm, *exe;   /**< "" not known. */
};

/** Into to, NUL-terminated, unescaped; returns the length.  "?" when nothing is known. */
size_t title_of(const struct title_source *source, char *to, size_t size);
/** What an interpreter runs; false, and to as it was: it is none, runs no file or module, or has named itself. */
bool title_of_script(const struct title_source *source, char *to, size_t size);

#endif
