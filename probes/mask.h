/* SPDX-License-Identifier: MIT */
/*
 * Credentials in command lines: hidden before anything is stored.  Pure.
 *
 * Hidden are the values of options and variables whose names say so (--api-token X,
 * --password=X, PGPASSWORD=X, -Ddb.secret=X, "password": "X"), headers
 * (Authorization: Bearer X), the user:pass@ of URLs, and what a few programs take under
 * a short name (mysql -pX, curl -u user:X): in an argument of its own as well as in the
 * middle of one (sh -c "...", a process title).  When in doubt, it is hidden.
 */
#ifndef MASK_H
#define MASK_H

#include <stddef.h>

#define MASKED "***"

/**
 * From length bytes of arguments, a NUL after each (the last may lack it), to at most
 * size bytes; returns how many were written.  Cut where size ends.
 */
size_t mask_arguments(const char *arguments, size_t length, char *to, size_t size);

#endif
