/* SPDX-License-Identifier: MIT */
/* Evidence and exceptions as words, for text and JSON alike.  Unescaped. */
#include <stdio.h>
#include <string.h>

#include "reap.h"

static const struct run_record *record_of(const struct reaper *reaper, const char *id)
{
	uint32_t i;

	for (i = 0; i < reaper->runs.count; i++)
		if (reaper->runs.row[i].record.run_id == id)
			return &reaper->runs.row[i].record;
	return NULL;
}

static void run_words(const struct reaper *reaper, const struct reason *reason, char *to, size_t size)
{
	const struct run_record *record = record_of(reaper, reason->text);

	snprintf(to, size, "%s run %s (%s), whose wedgerun[%d] is dead",
		 reason->evidence == EVIDENCE_RUN ? "started by" : "carries the id of", reason->text,
		 record ? record->command : "?", reason->number);
}

void reason_words(const struct reaper *reaper, const struct reason *reason, char *to, size_t size)
{
	switch ((enum evidence)reason->evidence) {
	case EVIDENCE_RUN:
	case EVIDENCE_RUN_ID:
		run_words(reaper, reason, to, size);
		break;
	case EVIDENCE_MARKER:
		snprintf(to, size, "carries %s", reason->text);
		break;
	case EVIDENCE_PORT:
		snprintf(to, size, "listens on port %d", reason->number);
		break;
	case EVIDENCE_CGROUP:
		snprintf(to, size, "is in control group %s", reason->text);
		break;
	case EVIDENCE_SESSION:
		snprintf(to, size, "its session's leader %d is dead", reason->number);
		break;
	case EVIDENCE_GROUP:
		snprintf(to, size, "its process group's leader %d is dead, and its parent", reason->number);
		break;
	case EVIDENCE_SAME_SESSION:
		snprintf(to, size, "in the same dead session as %d", reason->number);
		break;
	case EVIDENCE_SAME_PEER:
		snprintf(to, size, "connected to dead port %d, as %d is", reason->other, reason->number);
		break;
	case EVIDENCE_FOUND:
		snprintf(to, size, "in a session or group that %d led", reason->number);
		break;
	case EVIDENCE_CHILD:
		snprintf(to, size, "child of %d", reason->number);
		break;
	case EVIDENCES:
		*to = '\0';
	}
}

void spare_words(const struct leftover *spared, char *to, size_t size)
{
	static const char *const words[SPARES] = {
		[SPARE_KIN] = "wedgereap itself or an ancestor of it",
		[SPARE_INIT] = "pid 1",
		[SPARE_USER] = "another user's (--other-users takes them in)",
		[SPARE_LIVE] = "of a run that is alive",
		[SPARE_KEEP] = "opted out: WEDGE_KEEP=1",
		[SPARE_UNKNOWN] = "may have opted out: its environment cannot be read (run as its user or as root)",
		[SPARE_READER] = "reads what wedgereap writes",
	};
	const char *what = words[spared->mark.spare];

	if (spared->mark.spare_pid)
		snprintf(to, size, "below %d: %s", spared->mark.spare_pid, what ? what : "");
	else
		snprintf(to, size, "%s", what ? what : "");
}
