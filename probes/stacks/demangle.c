/* SPDX-License-Identifier: MIT */
/* Names of C++ and Rust, through libiberty. */
#include "demangle.h"

#include <string.h>

struct text {
	char *bytes;              /* BOUND_NAME, always terminated */
	size_t length;
	bool cut;
};

static void text_clear(struct text *text)
{
	text->bytes[0] = '\0';
	text->length = 0;
	text->cut = false;
}

static void text_put(struct text *text, const char *bytes, size_t length)
{
	const size_t room = BOUND_NAME - 1 - text->length, some = length < room ? length : room;

	text->cut = text->cut || some < length;
	if (some > 0) /* nothing may come as NULL */
		memcpy(text->bytes + text->length, bytes, some);
	text->length += some;
	text->bytes[text->length] = '\0';
}

#ifdef HAVE_LIBIBERTY
#include <setjmp.h>

#include <libiberty/demangle.h>

struct demangling {
	struct text *text;
	jmp_buf full;
};

/*
 * A short name may stand for gigabytes (each substitution doubling the one before), and the library cannot be
 * told to stop.  Its frames hold no memory of their own in this mode but some bytes for identifiers of Rust that
 * are no ASCII.
 */
static void piece_take(const char *bytes, size_t length, void *opaque)
{
	struct demangling *demangling = opaque;

	text_put(demangling->text, bytes, length);
	if (demangling->text->cut)
		longjmp(demangling->full, 1);
}

static bool is_demangled(const char *mangled, struct text *ret)
{
	struct demangling demangling = { .text = ret };

	if (mangled[0] != '_' || (mangled[1] != 'Z' && mangled[1] != 'R' && strncmp(mangled, "_GLOBAL_", 8) != 0))
		return false;
	if (setjmp(demangling.full) != 0)
		return true;
	if (rust_demangle_callback(mangled, 0, piece_take, &demangling) && ret->length > 0)
		return true;
	text_clear(ret);
	return cplus_demangle_v3_callback(mangled, DMGL_ANSI, piece_take, &demangling) && ret->length > 0;
}
#else
static bool is_demangled(const char *mangled, struct text *ret)
{
	(void)mangled;
	(void)ret;
	return false;
}
#endif

/* Not in the middle of a character, and seen to be cut. */
static void text_end(struct text *text)
{
	size_t at = BOUND_NAME - 4;

	if (!text->cut)
		return;
	while (at > 0 && (text->bytes[at] & 0xc0) == 0x80)
		at--;
	memcpy(text->bytes + at, "...", 4);
}

void demangle(const char *name, size_t length, char ret[BOUND_NAME])
{
	char mangled[BOUND_MANGLED + 1];
	struct text text = { .bytes = ret };

	text_clear(&text);
	if (length < sizeof(mangled)) {
		memcpy(mangled, name, length);
		mangled[length] = '\0';
		if (!is_demangled(mangled, &text)) {
			text_clear(&text);
			text_put(&text, mangled, strlen(mangled));
		}
	} else {
		text_put(&text, name, length);
	}
	text_end(&text);
}
