/* SPDX-License-Identifier: MIT */
/*
 * Who left the tree by double fork, and who stands around it.
 *
 * A process whose parent dies is handed to the nearest living ancestor that is a
 * subreaper, or to pid 1: so only the children of the targets' own ancestors are
 * candidates, never the whole machine.  Of those a process joins for one of these:
 *
 *  - its session is led by a member.  Sessions are inherited and never entered, so it
 *    descends from that member;
 *  - its process group is led by a member, and its parent cannot have put it there: a
 *    shell puts all of "a | b" into the group of a, and b is no child of a;
 *  - the same for a leader who has died, when another member than a target is in that
 *    session or group and neither a target nor an ancestor of one is.  What a target
 *    itself was born into (the shell's session, the script's group) proves nothing;
 *  - it carries the marker.
 *
 * A pid is not given away again while a session or group has its number.
 */
#ifndef LEFT_H
#define LEFT_H

#include "walk.h"

/** Meets and walks those who left the tree of walk.  0 or -errno. */
int left_walk(struct walk *walk);

#endif
