/* SPDX-License-Identifier: MIT */
/*
 * Text inside of HTML or XML, in an element or in an attribute.  What came from a target is
 * escaped already, so that no control and nothing that is no UTF-8 is left in it; here what markup keeps for itself
 * becomes entities.
 */
#ifndef MARKUP_H
#define MARKUP_H

#include <stdio.h>

#include "phrase.h"

void put_markup(FILE *out, const char *text, size_t length);
void put_markup_phrase(FILE *out, const struct phrase *phrase);
/** Bytes that put_markup() makes of it. */
size_t markup_length(const char *text, size_t length);

#endif
