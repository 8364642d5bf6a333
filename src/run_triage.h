/* SPDX-License-Identifier: MIT */
/* Between looking (run_triage.c) and telling (run_show.c): where the snapshot lies meanwhile. */
#ifndef RUN_TRIAGE_H
#define RUN_TRIAGE_H

#include "run.h"

/** Where the snapshot goes, or -1. */
int triage_directory(const struct run *run);
void triage_name(const struct run *run, char to[sizeof(run->triage.base) + 8]);

#endif
