/* SPDX-License-Identifier: MIT */
/* Sites and their numbers: a table from (module, address) to what was published for it. */
#include "naming.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "errand.h"
#include "hash.h"
#include "lines.h"
#include "record.h"
#include "symbols.h"

struct known {
	uint64_t owner, address;  /* of sites that are no module's: a pid; a hash of the function's name */
	struct sites sites;       /* count 0: empty */
};

struct naming {
	struct tray *tray;
	struct known *known;
	uint32_t count, room;     /* room: a power of two, at least twice count */
	uint32_t published;
	char record[sizeof(struct site_record) + SITE_TEXTS * BOUND_SITE_TEXT];
};

int naming_create(struct tray *tray, struct naming **ret)
{
	const uint32_t fresh = RECORD_FRESH;
	struct naming *naming = calloc(1, sizeof(*naming));

	if (!naming)
		return -ENOMEM;
	naming->tray = tray;
	tray_put(tray, &fresh, sizeof(fresh));
	*ret = naming;
	return 0;
}

struct naming *naming_destroy(struct naming *naming)
{
	if (naming)
		free(naming->known);
	free(naming);
	return NULL;
}

static struct known *known_slot(struct known *known, uint32_t room, uint64_t owner, uint64_t address)
{
	uint32_t at = (uint32_t)hash_mix(hash_mix(hash_seed(), owner), address) & (room - 1);

	while (known[at].sites.count && (known[at].owner != owner || known[at].address != address))
		at = (at + 1) & (room - 1);
	return &known[at];
}

/* The slot of that key; empty: the caller fills it. */
static int known_find(struct naming *naming, uint64_t owner, uint64_t address, struct known **ret)
{
	uint32_t room = naming->room ? naming->room * 2 : 1024, i;
	struct known *known;

	if (naming->count >= naming->room / 2) {
		known = calloc(room, sizeof(*known));
		if (!known)
			return -ENOMEM;
		for (i = 0; i < naming->room; i++)
			if (naming->known[i].sites.count)
				*known_slot(known, room, naming->known[i].owner, naming->known[i].address) =
					naming->known[i];
		free(naming->known);
		naming->known = known;
		naming->room = room;
	}
	*ret = known_slot(naming->known, naming->room, owner, address);
	return 0;
}

static void known_fill(struct naming *naming, struct known *slot, uint64_t owner, uint64_t address,
		       struct sites sites)
{
	*slot = (struct known){ owner, address, sites };
	naming->count++;
}

/* ---- publishing ---------------------------------------------------------------- */

struct site_text { const char *bytes; size_t length; };

static void site_publish(struct naming *naming, const struct site_record *record, const struct site_text *texts)
{
	char *to = naming->record + sizeof(*record);
	struct site_record head = *record;
	size_t i;

	for (i = 0; i < SITE_TEXTS; i++) {
		head.length[i] = 0;
		if (!texts[i].bytes)
			continue;
		head.length[i] = (uint16_t)(texts[i].length < BOUND_SITE_TEXT ? texts[i].length : BOUND_SITE_TEXT);
		memcpy(to, texts[i].bytes, head.length[i]);
		to += head.length[i];
	}
	memcpy(naming->record, &head, sizeof(head));
	tray_put(naming->tray, naming->record, (size_t)(to - naming->record));
	naming->published++;
}

static struct site_text text_of(const char *string)
{
	return (struct site_text){ string, string ? strlen(string) : 0 };
}

/* ---- native -------------------------------------------------------------------- */

/* Code that no file stands behind: its address is all there is to say. */
static void publish_bare(struct naming *naming, const struct region *region, uint64_t pc)
{
	const struct site_record record = {
		.record = RECORD_SITE,
		.kind = FRAME_NATIVE,
		.jit = region && region->kind == REGION_JIT,
		.line = -1,
		.offset = pc,
	};
	const char *module = !region ? "[unmapped]" : region->kind == REGION_JIT ? "[jit]" :
			     region->kind == REGION_STACK ? "[stack]" : "[anonymous]";
	const struct site_text texts[SITE_TEXTS] = { [SITE_MODULE] = text_of(module) };

	site_publish(naming, &record, texts);
}

/* Nobody looks for his mistake in a line of the C library, and its debug file has to be unpacked for it. */
static bool has_telling_lines(const struct module *module)
{
	static const char *const libraries[] = { "libc.so", "libc-2", "ld-linux", "ld-2", "libpthread", "libm.so" };
	const char *slash = strrchr(module->path, '/'), *name = slash ? slash + 1 : module->path;
	size_t i;

	for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		if (strncmp(name, libraries[i], strlen(libraries[i])) == 0)
			return false;
	return true;
}

static int publish_module(struct naming *naming, struct module *module, uint64_t address, bool exact)
{
	const uint64_t inside = exact ? address : address - 1; /* of the call, not behind it: that may be another line */
	struct site_record record = { .record = RECORD_SITE, .kind = FRAME_NATIVE, .offset = address };
	struct site_text texts[SITE_TEXTS] = { 0 };
	struct symbol symbol = { 0 };
	struct line_at lines = { 0 };
	_cleanup_free_ char *deleted = NULL;
	uint32_t i;
	int r = 0;

	if (module->sight == SIGHT_OK) {
		r = symbol_find(module, inside, &symbol);
		if (r == 0 && has_telling_lines(module))
			r = line_find(module, inside, &lines);
		if (r < 0)
			return r;
		texts[SITE_BUILD_ID] = (struct site_text){ (const char *)module->elf.build_id.bytes,
							   module->elf.build_id.length };
	}
	texts[SITE_MODULE] = text_of(module->path);
	if (module->deleted && asprintf(&deleted, "%s (deleted)", module->path) > 0)
		texts[SITE_MODULE] = text_of(deleted);

	for (i = 0; i + 1 < lines.count; i++) {
		texts[SITE_FUNCTION] = text_of(lines.each[i].function);
		texts[SITE_FILE] = text_of(lines.each[i].file);
		record.line = lines.each[i].line;
		site_publish(naming, &record, texts);
	}
	texts[SITE_FUNCTION] = text_of(symbol.name);
	texts[SITE_FILE] = text_of(lines.count ? lines.each[i].file : NULL);
	record.line = lines.count ? lines.each[i].line : -1;
	record.into = symbol.name ? symbol.into + (address - inside) : 0;
	site_publish(naming, &record, texts);
	return 0;
}

int name_step(struct naming *naming, struct space *space, const struct step *step, struct sites *ret)
{
	const struct region *region = space_find(space, step->exact ? step->pc : step->pc - 1);
	struct module *module = region ? region_module(space, region) : NULL;
	const uint64_t owner = module ? (uint64_t)(uintptr_t)module | step->exact : (uint64_t)space_pid(space) << 1;
	const uint64_t address = !module ? step->pc : region->placed ? step->pc - region->bias :
				 step->pc - region->start + region->offset;
	struct known *slot;
	uint32_t first;
	int r;

	r = known_find(naming, owner, address, &slot);
	if (r < 0)
		return r;
	if (slot->sites.count == 0) {
		first = naming->published;
		if (module)
			r = publish_module(naming, module, address, step->exact);
		else
			publish_bare(naming, region, step->pc);
		if (r < 0)
			return r;
		known_fill(naming, slot, owner, address, (struct sites){ first, naming->published - first });
	}
	*ret = slot->sites;
	return 0;
}

/* ---- kernel -------------------------------------------------------------------- */

int name_kernel(struct naming *naming, const struct kernel_frame *frame, struct sites *ret)
{
	const struct site_record record = {
		.record = RECORD_SITE, .kind = FRAME_KERNEL, .line = -1, .offset = frame->into, .into = frame->into,
	};
	const struct site_text texts[SITE_TEXTS] = {
		[SITE_FUNCTION] = { frame->function, frame->function_length },
		[SITE_MODULE] = { frame->module, frame->module_length },
	};
	const uint64_t owner = hash_bytes(hash_seed(), frame->function, frame->function_length) | 1;
	struct known *slot;
	int r;

	r = known_find(naming, owner, frame->into, &slot);
	if (r < 0)
		return r;
	if (slot->sites.count == 0) {
		site_publish(naming, &record, texts);
		known_fill(naming, slot, owner, frame->into, (struct sites){ naming->published - 1, 1 });
	}
	*ret = slot->sites;
	return 0;
}
