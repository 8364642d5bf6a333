/* SPDX-License-Identifier: MIT */
/* What is hashed, and how names are made alike that differ only from build to build. */
#include "signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telling.h"
#include "title.h"

enum { FUNCTIONS = 5, MEMBERS = 64, NAME = 256 };

/* FNV-1a: the same on every machine and in every version. */
static uint64_t hash_text(uint64_t hash, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i <= length; i++) /* with its end, so that "ab" "c" is not "a" "bc" */
		hash = (hash ^ (unsigned char)(i < length ? text[i] : 0)) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t hash_string(uint64_t hash, const char *text)
{
	return hash_text(hash, text, strlen(text));
}

/* "worker-17" and "worker-3" are one program; of an interpreter's frames none says what it runs, so its script does. */
static uint64_t hash_program(uint64_t hash, const struct snapshot *snapshot, struct process_ix process)
{
	const struct text comm = process_at(snapshot, process)->comm;
	const char *from = snapshot_bytes(snapshot, comm);
	char name[NAME], script[TITLE_MOST + 1];
	size_t length = comm.length, used = 0, i;

	if (process_script(snapshot, process, script, sizeof(script))) {
		from = script;
		length = strlen(script);
	}
	for (i = 0; i < length && used < sizeof(name); i++)
		if (from[i] < '0' || from[i] > '9')
			name[used++] = from[i];
	return hash_text(hash, name, used);
}

/* ---- names of functions ---------------------------------------------------------- */

/* Rust: "core::ops::f::h0123456789abcdef", a hash of the build. */
static size_t without_build_hash(const char *name, size_t length)
{
	size_t i;

	if (length <= 19 || memcmp(name + length - 19, "::h", 3) != 0)
		return length;
	for (i = length - 16; i < length; i++)
		if (!memchr("0123456789abcdef", name[i], 16))
			return length;
	return length - 19;
}

/* Without arguments of templates and functions, and without what a compiler hangs on: "f(int)", "f.part.0", "f@@V". */
static size_t name_plain(const char *from, size_t length, char *to)
{
	size_t i, used = 0;
	int inside = 0;

	length = without_build_hash(from, length);
	for (i = 0; i < length && used < NAME; i++) {
		if (from[i] == '<' && i > 0)
			inside++;
		else if (from[i] == '>' && inside > 0)
			inside--;
		else if (inside == 0 && used > 0 && (from[i] == '(' || from[i] == '.' || from[i] == '@'))
			break;
		else if (inside == 0)
			to[used++] = from[i];
	}
	return used;
}

/* Go's names hold dots ("main.work"), and it has no such suffixes. */
static size_t site_name(const struct snapshot *snapshot, const struct site *site, char *to)
{
	const char *text = snapshot_bytes(snapshot, text_seen(site->function) ? site->function : site->module);
	size_t length = text_seen(site->function) ? site->function.length : site->module.length;
	const char *slash = text_seen(site->function) ? NULL : memrchr(text, '/', length);

	if (length >= 5 && memcmp(text, "main.", 5) == 0) {
		length = length < NAME ? length : NAME;
		memcpy(to, text, length);
		return length;
	}
	if (slash) {
		length -= (size_t)(slash + 1 - text);
		text = slash + 1;
	}
	return name_plain(text, length, to);
}

/* ---- where a task is -------------------------------------------------------------- */

/* The frame that tells most and those that called it; of a spinner the function that goes round. */
static struct frame_ix functions_begin(const struct scene *scene, struct task_ix task, bool spins)
{
	struct frame_ix ret;

	if (spins && task_loop(scene, task, &ret))
		return ret;
	return task_telling(scene, task, NULL);
}

/* 0: no function is known. */
static unsigned hash_functions(const struct scene *scene, struct task_ix task, bool spins, unsigned most, uint64_t *hash)
{
	const struct snapshot *snapshot = scene->snapshot;
	struct frame_ix at = functions_begin(scene, task, spins);
	char name[NAME], last[NAME];
	size_t length, last_length = 0;
	enum site_part part = PART_PROGRAM;
	unsigned count = 0;

	if (at.at != NO_ROW)
		part = scene->site_part[frame_at(snapshot, at)->site.at];
	for (; at.at != NO_ROW && count < most; at = frame_at(snapshot, at)->caller) {
		struct site_ix site = frame_at(snapshot, at)->site;

		/* Without debug information nobody knows of those that were inlined. */
		if (scene->site_part[site.at] != part || frame_at(snapshot, at)->basis == BASIS_DEBUG)
			continue;
		length = site_name(snapshot, site_at(snapshot, site), name);
		if (length == 0 || (length == last_length && memcmp(name, last, length) == 0))
			continue; /* recursion: how deep it is differs from time to time */
		*hash = hash_text(*hash, name, length);
		memcpy(last, name, length);
		last_length = length;
		count++;
	}
	return count;
}

/* Without a stack: the call it is in. */
static uint64_t hash_call(const struct scene *scene, struct task_ix task, uint64_t hash)
{
	const struct decoded *call = &scene->calls[scene->last][task.at];

	return hash_string(hash, call->name ? call->name : "");
}

static uint64_t hash_task(const struct scene *scene, struct task_ix task, bool spins, unsigned most, uint64_t hash)
{
	hash = hash_program(hash, scene->snapshot, task_at(scene->snapshot, task)->process);
	if (hash_functions(scene, task, spins, most, &hash) == 0)
		hash = hash_call(scene, task, hash);
	return hash;
}

/* Which of a circle is named first may differ from time to time. */
static int by_value(const void *a, const void *b)
{
	const uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

static uint64_t hash_cycle(const struct scene *scene, const struct finding *finding, uint64_t hash)
{
	const uint64_t begin = hash;
	uint64_t members[MEMBERS];
	uint32_t i, count = finding->cycle_count < MEMBERS ? finding->cycle_count : MEMBERS;

	for (i = 0; i < count; i++)
		members[i] = hash_task(scene, finding->cycle[i], false, 1, begin);
	qsort(members, count, sizeof(*members), by_value);
	for (i = 0; i < count; i++)
		hash = hash_text(hash, (const char *)&members[i], sizeof(members[i]));
	return hash;
}

/* Where it was when it was stopped, or found no CPU, is chance. */
static bool anywhere(enum verdict verdict)
{
	return verdict == VERDICT_STOPPED || verdict == VERDICT_STARVED;
}

struct signature signature_of(const struct scene *scene, const struct finding *finding)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct signature ret = { "" };

	if (!verdict_is_wedge(finding->verdict) || finding->certainty == UNSURE || finding->culprit.at == NO_ROW)
		return ret;
	hash = hash_string(hash, verdict_names[finding->verdict]);
	hash = hash_string(hash, finding->cause->name);
	if (finding->cycle_count > 1)
		hash = hash_cycle(scene, finding, hash);
	else if (anywhere(finding->verdict))
		hash = hash_program(hash, scene->snapshot, task_at(scene->snapshot, finding->culprit)->process);
	else
		hash = hash_task(scene, finding->culprit, finding->verdict == VERDICT_CPU_SPIN, FUNCTIONS, hash);
	snprintf(ret.text, sizeof(ret.text), "w%d:%08x", SIGNATURE_VERSION, (uint32_t)(hash ^ hash >> 32));
	return ret;
}
