/* SPDX-License-Identifier: MIT */
/*
 * Files that we write: whole or not at all, and private to the user.
 */
#ifndef ASIDE_H
#define ASIDE_H

#include <stdbool.h>
#include <stdio.h>

/** False: there is something that is no regular file.  To rename onto /dev/null or a link would put a file in its place. */
bool aside_may_replace(const char *path);
/** put() writes to a file beside it, which then takes its name.  0, -errno, or what put() returned below 0. */
int aside_write(const char *path, int (*put)(const void *what, FILE *to), const void *what);

#endif
