/* SPDX-License-Identifier: MIT */
/* Runs within runs make one report: who is at it shows in its record. */
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "run.h"

static bool record_busy(int directory, const char *name, struct run_record *ret)
{
	char complaint[STATE_COMPLAINT];
	enum run_state state;

	return statefile_read(directory, name, geteuid(), ret, &state, complaint, sizeof(complaint)) == 0 &&
	       state == RUN_LIVE && ret->phase != PHASE_RUNNING;
}

bool triage_by_outer(const struct run *run)
{
	char complaint[STATE_COMPLAINT], name[RUN_ID + 8];
	struct run_record record;
	unsigned which;
	bool ret = false;

	if (!*run->record.outer_id)
		return false;
	snprintf(name, sizeof(name), "%s.run", run->record.outer_id);
	for (which = 0; which < STATE_DIRECTORIES && !ret; which++) {
		_cleanup_close_ int fd = statedir_open(geteuid(), which, false, complaint, sizeof(complaint));

		ret = fd >= 0 && record_busy(fd, name, &record);
	}
	return ret;
}

struct inner { const struct run *run; int directory; };

static int inner_found(void *context, const char *name)
{
	const struct inner *inner = context;
	struct run_record record;

	return record_busy(inner->directory, name, &record) && strcmp(record.outer_id, inner->run->record.run_id) == 0;
}

bool triage_by_inner(const struct run *run)
{
	struct inner inner = { run, run->record_file.directory };

	return inner.directory >= 0 && statedir_each(inner.directory, inner_found, &inner) > 0;
}
