/* SPDX-License-Identifier: MIT */
/*
 * From a program counter to the sites a reader is shown: the function, and what was inlined
 * there.  Each site goes over the tray once and then has a number.
 */
#ifndef NAMING_H
#define NAMING_H

#include "kernel_stack.h"
#include "space.h"
#include "unwind.h"

struct tray;
struct naming;

int naming_create(struct tray *tray, struct naming **ret);
struct naming *naming_destroy(struct naming *naming);

/** Sites first ... first + count - 1, innermost first; all but the last were inlined. */
struct sites { uint32_t first, count; };

/** 0 or -ENOMEM. */
int name_step(struct naming *naming, struct space *space, const struct step *step, struct sites *ret);
int name_kernel(struct naming *naming, const struct kernel_frame *frame, struct sites *ret);

#endif
