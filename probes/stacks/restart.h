/* SPDX-License-Identifier: MIT */
/*
 * Which sleeping calls the kernel takes up again by itself after a stop, so that the program
 * never knows.  Of all others, and of those we know nothing about, it is assumed that they would
 * return: with EINTR, or with less than was asked for.
 */
#ifndef RESTART_H
#define RESTART_H

#include <stdbool.h>

#include "snapshot.h"

/** Of calls that hang on what their descriptor is, call_descriptor() says which; -1 of others. */
bool call_restarts(const struct call *call);
int call_descriptor(const struct call *call);
/** Does a read from it restart?  As its link under fd/ reads: "pipe:[1]", "/dev/pts/0". */
bool read_restarts(const char *link);

#endif
