/* SPDX-License-Identifier: MIT */
/*
 * What a reader can do, from the row of a cause and the gaps: look, see more, keep the
 * evidence, and only then, and only where it is likely that it helps, end something.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "telling.h"
#include "words.h"

static const char *const save_argv[] = { "wedgecheck", "--save", "FILE", "{target}", NULL };
static const char *const overdue_argv[] = { "wedgecheck", "--overdue", "{target}", NULL };
static const char *const sight_argv[] = { "sudo", "wedgecheck", "{target}", NULL };

static void add_advice(struct advice ret[ADVICE_MOST], unsigned *count, enum advice_kind kind, const char *text,
		       const char *const *argv, bool frees)
{
	if (*count < ADVICE_MOST)
		ret[(*count)++] = (struct advice){ kind, text, argv && argv[0] ? argv : NULL, frees };
}

static bool add_rows(const struct finding *finding, enum advice_kind kind, struct advice ret[ADVICE_MOST],
		     unsigned *count)
{
	const struct advice_row *row = finding->cause->advice, *end = row + 4;
	bool any = false;

	for (; row < end && row->text; row++) {
		if (row->kind != kind)
			continue;
		if (row->frees && finding->victim_count == 0 && strstr(row->text, "{victims}"))
			continue; /* there is nobody to free */
		add_advice(ret, count, kind, row->text, row->argv, row->frees);
		any = true;
	}
	return any;
}

/* A line of the program's own code, where the culprit is. */
static bool knows_line(const struct report *report, const struct finding *finding)
{
	const struct scene *scene = report->scene;
	struct site_ix site;
	uint32_t i;

	for (i = 0; i < finding->fact_count; i++) {
		if (finding->facts[i].frame.at == NO_ROW)
			continue;
		site = frame_at(scene->snapshot, finding->facts[i].frame)->site;
		return scene->site_part[site.at] == PART_PROGRAM && site_at(scene->snapshot, site)->line > 0 &&
		       text_seen(site_at(scene->snapshot, site)->file);
	}
	return false;
}

/* The first gap that somebody else would not have. */
static const char *remedy_of(const struct report *report)
{
	struct gap_words words;
	uint32_t i;

	for (i = 0; i < report->gap_count; i++) {
		if (report->gaps[i].sight != SIGHT_DENIED && report->gaps[i].sight != SIGHT_UNSUPPORTED)
			continue;
		words = gap_words(report, &report->gaps[i]);
		if (words.remedy && !words.minor)
			return words.remedy;
	}
	return NULL;
}

static bool is_same_end(const struct object *object, const struct fd *one, const struct fd *other)
{
	return (object->kind != OBJECT_PIPE && object->kind != OBJECT_FIFO) ||
	       ((one->flags & O_ACCMODE) == O_WRONLY) == ((other->flags & O_ACCMODE) == O_WRONLY);
}

/* Another process keeps open what it would close by ending: then that frees nobody. */
static bool end_is_shared(const struct report *report, const struct finding *finding)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	const struct process_ix process = task_at(snapshot, finding->culprit)->process;
	struct object_ix object = { NO_ROW };
	const struct fd *fd, *own = NULL;
	const struct span *span;
	uint32_t i;

	for (i = 0; i < finding->fact_count && object.at == NO_ROW; i++)
		object = finding->facts[i].object;
	if (object.at == NO_ROW)
		return false;
	span = &report->scene->object_fds[object.at];
	for (i = 0; i < span->count && !own; i++) {
		fd = &snapshot->fds.row[report->scene->holder_order[span->first + i]];
		own = fd->process.at == process.at ? fd : NULL;
	}
	for (i = 0; own && i < span->count; i++) {
		fd = &snapshot->fds.row[report->scene->holder_order[span->first + i]];
		if (fd->process.at != process.at && !(process_at(snapshot, fd->process)->flags & PROCESS_OURS) &&
		    scene_fd_open(report->scene, fd) && is_same_end(object_at(snapshot, object), own, fd))
			return true;
	}
	return false;
}

unsigned advice_of(const struct report *report, const struct finding *finding, struct advice ret[ADVICE_MOST])
{
	bool wedge = verdict_is_wedge(finding->verdict), unblock;
	const char *remedy;
	unsigned count = 0;

	unblock = wedge && finding->certainty >= LIKELY;
	if ((wedge || finding->verdict == VERDICT_UNKNOWN) && knows_line(report, finding))
		add_advice(ret, &count, ADVICE_READ, "read {line}", NULL, false);
	add_rows(finding, ADVICE_READ, ret, &count);
	if (!add_rows(finding, ADVICE_MORE_SIGHT, ret, &count) &&
	    (finding->verdict == VERDICT_UNKNOWN || (wedge && finding->certainty == UNSURE))) {
		remedy = remedy_of(report);
		if (remedy)
			add_advice(ret, &count, ADVICE_MORE_SIGHT, remedy,
				   strncmp(remedy, "sudo ", strlen("sudo ")) == 0 ? sight_argv : NULL, false);
	}
	/* What looks well may still be late, which nobody but the caller knows. */
	if (finding->verdict == VERDICT_IDLE && report->scene->snapshot->asked.overdue != 1)
		add_advice(ret, &count, ADVICE_MORE_SIGHT, "if it should have finished: wedgecheck --overdue {target}",
			   overdue_argv, false);
	if ((wedge || finding->verdict == VERDICT_UNKNOWN) && !add_rows(finding, ADVICE_KEEP_EVIDENCE, ret, &count))
		add_advice(ret, &count, ADVICE_KEEP_EVIDENCE, "keep the evidence", save_argv, false);
	if (unblock && (finding->verdict != VERDICT_STUCK_IPC || !end_is_shared(report, finding)))
		add_rows(finding, ADVICE_UNBLOCK, ret, &count);
	return count;
}

bool advice_word(const struct report *report, const struct finding *finding, const char *word, char *to, size_t size)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	const struct process *culprit;
	const struct task *task;
	int64_t number = 0;

	if (word[0] != '{') {
		snprintf(to, size, "%s", word);
		return true;
	}
	if (finding->culprit.at == NO_ROW)
		return false;
	task = task_at(snapshot, finding->culprit);
	culprit = process_at(snapshot, task->process);
	if (strcmp(word, "{pid}") == 0)
		number = culprit->pid;
	else if (strcmp(word, "{parent}") == 0)
		number = culprit->parent;
	else if (strcmp(word, "{tracer}") == 0)
		number = task->at[task_last_look(snapshot, finding->culprit)].tracer;
	snprintf(to, size, "%" PRId64, number);
	return number > 0;
}

void words_advice(struct phrase *phrase, const struct report *report, const struct finding *finding,
		  const struct advice *advice)
{
	char word[64];
	size_t start;
	unsigned i;

	words_add(phrase, report, finding, NULL, advice->text);
	/* Who is to be ended is said; how is known. */
	if (!advice->argv || advice->kind == ADVICE_READ || advice->kind == ADVICE_MORE_SIGHT ||
	    (advice->argv[1] && strcmp(advice->argv[1], "-TERM") == 0))
		return;
	start = phrase->length;
	phrase_add(phrase, advice->kind == ADVICE_UNBLOCK ? " (" : ": ");
	for (i = 0; i < ADVICE_WORDS && advice->argv[i]; i++) {
		if (i > 0)
			phrase_tie(phrase, " ");
		if (strcmp(advice->argv[i], "{target}") == 0) {
			words_target(phrase, report);
			continue;
		}
		if (!advice_word(report, finding, advice->argv[i], word, sizeof(word))) {
			phrase_back(phrase, start);
			return;
		}
		phrase_add(phrase, word);
	}
	if (advice->kind == ADVICE_UNBLOCK)
		phrase_add(phrase, ")");
}
