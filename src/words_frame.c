/* SPDX-License-Identifier: MIT */
/* Frames and stacks in words. */
#include "words_frame.h"

#include <inttypes.h>
#include <string.h>

#include "sight.h"

enum { NAME_LEAST = 24 };         /* A name is not cut below. */

/* ---- names --------------------------------------------------------------------- */

struct part { size_t first, length; };

static bool is_operator(const char *function, size_t length, size_t at)
{
	static const char word[] = "operator";
	const size_t size = sizeof(word) - 1;

	return length - at > size && memcmp(function + at, word, size) == 0 &&
	       (at == 0 || strchr(" :", function[at - 1])) && strchr("()[]<>=!+-*/%^&|~, \"", function[at + size]);
}

/* Its arguments begin behind what it does: "operator()", "operator<", "operator new". */
static size_t operator_end(const char *function, size_t length, size_t at)
{
	const char *open;

	at += strlen("operator") + 1;
	open = at < length ? memchr(function + at, '(', length - at) : NULL;
	return open ? (size_t)(open - function) : length;
}

/* "std::vector<int> Config::values(int) const" is "Config::values" to a reader. */
static struct part short_name(const char *function, size_t length)
{
	size_t begin = 0, i;
	int inside = 0;

	for (i = 0; i < length; i++) {
		char c = function[i], before = i > begin ? function[i - 1] : ':';

		if (inside == 0 && is_operator(function, length, i))
			return (struct part){ begin, operator_end(function, length, i) - begin };
		/* Not those of "a::(anonymous namespace)::b" and "main.(*Feed).pump". */
		if (inside == 0 && c == '(' && before != ':' && before != '.')
			break;
		if (inside == 0 && c == ' ' && i + 1 < length && function[i + 1] == '[') /* " [clone .cold]" */
			break;
		if (c == '<' || c == '(')
			inside++;
		else if ((c == '>' || c == ')') && inside > 0)
			inside--;
		else if (c == ' ' && inside == 0)
			begin = i + 1;
	}
	/* A type stands only before a name with arguments. */
	return i > begin && i < length ? (struct part){ begin, i - begin } : (struct part){ 0, length };
}

static struct part last_name(const char *path, size_t length)
{
	const char *slash = memrchr(path, '/', length);
	size_t first = slash && slash + 1 < path + length ? (size_t)(slash + 1 - path) : 0;

	return (struct part){ first, length - first };
}

static void add_text(struct phrase *phrase, const struct snapshot *snapshot, struct text text)
{
	phrase_bytes(phrase, snapshot_bytes(snapshot, text), text.length);
}

static void add_last_name(struct phrase *phrase, const struct snapshot *snapshot, struct text path)
{
	const char *bytes = snapshot_bytes(snapshot, path);
	struct part part = last_name(bytes, path.length);

	phrase_bytes(phrase, bytes + part.first, part.length);
}

static bool has_name(const struct site *site)
{
	return text_seen(site->function) && site->function.length > 0;
}

static bool has_module(const struct site *site)
{
	return text_seen(site->module) && site->module.length > 0;
}

static bool has_line(const struct site *site)
{
	return text_seen(site->file) && site->file.length > 0;
}

void words_module(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site)
{
	const struct site *it = site_at(snapshot, site);

	if (it->kind == FRAME_KERNEL)
		phrase_add(phrase, has_module(it) ? "kernel, " : "kernel");
	if (has_module(it))
		add_last_name(phrase, snapshot, it->module);
	else if (it->kind != FRAME_KERNEL)
		phrase_add(phrase, it->jit ? "[jit]" : "no file");
}

static void add_address(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site)
{
	const struct site *it = site_at(snapshot, site);

	if (has_module(it) || it->jit || it->kind == FRAME_KERNEL) {
		words_module(phrase, snapshot, site);
		phrase_add(phrase, "+");
	}
	phrase_format(phrase, "0x%" PRIx64, it->offset);
}

static void add_name(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site, bool whole)
{
	const struct site *it = site_at(snapshot, site);
	const char *function = snapshot_bytes(snapshot, it->function);
	struct part part = { 0, it->function.length };

	if (!has_name(it)) {
		add_address(phrase, snapshot, site);
		return;
	}
	if (!whole)
		part = short_name(function, it->function.length);
	phrase_bytes(phrase, function + part.first, part.length);
}

void words_function(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site)
{
	add_name(phrase, snapshot, site, false);
}

void words_place(struct phrase *phrase, const struct snapshot *snapshot, struct site_ix site, bool whole)
{
	const struct site *it = site_at(snapshot, site);

	if (has_line(it)) {
		phrase_add(phrase, " at ");
		if (whole)
			add_text(phrase, snapshot, it->file);
		else
			add_last_name(phrase, snapshot, it->file);
		if (it->line > 0)
			phrase_format(phrase, ":%" PRId32, it->line);
		return;
	}
	if (!has_name(it))
		return;
	if (it->kind != FRAME_PYTHON)
		phrase_format(phrase, "+0x%" PRIx64, it->kind == FRAME_KERNEL ? it->offset : it->into);
	if (!has_module(it) && it->kind != FRAME_KERNEL && !it->jit)
		return;
	phrase_add(phrase, " (");
	words_module(phrase, snapshot, site);
	phrase_add(phrase, ")");
}

void words_frame(struct phrase *phrase, const struct snapshot *snapshot, struct frame_ix frame, unsigned columns,
		 bool whole)
{
	const struct frame *it = frame_at(snapshot, frame);
	size_t begin = phrase->length, width, most, fits;
	struct phrase behind;

	phrase_init(&behind, phrase->place);
	words_place(&behind, snapshot, it->site, whole);
	if (it->basis == BASIS_DEBUG)
		phrase_add(&behind, " (inlined)");
	if (*basis_mark(it->basis)) {
		phrase_add(&behind, " ");
		phrase_add(&behind, basis_mark(it->basis));
	}
	add_name(phrase, snapshot, it->site, whole);
	width = text_columns(behind.text, behind.length);
	most = columns > width + NAME_LEAST ? columns - width : NAME_LEAST;
	if (columns > 0 && text_columns(phrase->text + begin, phrase->length - begin) > most) {
		fits = text_fitting(phrase->text + begin, phrase->length - begin, most - 3);
		phrase_back(phrase, begin + fits);
		phrase_add(phrase, "...");
	}
	phrase_escaped(phrase, &behind);
}

/* ---- marks and reasons ----------------------------------------------------------- */

static const struct { const char *mark, *words; } basis_rows[] = {
	[BASIS_LIVE] = { "'", "with memory that was read later than the rest" },
	[BASIS_POINTER] = { "^", "by frame pointers, for want of unwind tables" },
	[BASIS_SCANNED] = { "~", "inferred from a return address that lies on the stack" },
};

const char *basis_mark(enum frame_basis basis)
{
	if ((size_t)basis >= sizeof(basis_rows) / sizeof(basis_rows[0]) || !basis_rows[basis].mark)
		return "";
	return basis_rows[basis].mark;
}

const char *basis_words(enum frame_basis basis)
{
	return *basis_mark(basis) ? basis_rows[basis].words : NULL;
}

const char *end_words(enum stack_end ends)
{
	switch (ends) {
	case END_WHOLE:
	case END_UNKNOWN:
		return NULL;
	case END_FRAMES:
		return "cut here: more frames than are taken of one stack";
	case END_BYTES:
		return "cut here: more of the stack than is copied";
	case END_NO_TABLE:
		return "ends here: no unwind table and no frame pointer leads on";
	case END_MEMORY:
		return "ends here: what comes next could not be read";
	case END_LOOP:
		return "ends here: what comes next leads back";
	case END_STRANGE:
		return "ends here: unwind table or stack make no sense";
	case END_TIME:
		return "cut here: it took too long";
	}
	return NULL;
}

const char *no_stack_words(int sight)
{
	switch (sight) {
	case SIGHT_GONE:
		return "it ended meanwhile";
	case SIGHT_DENIED:
		return "permission denied";
	case SIGHT_TIMEOUT:
		return "it took too long";
	case SIGHT_UNSUPPORTED:
		return "not offered by this kernel";
	case SIGHT_CUT:
		return "time or room ran out";
	case SIGHT_MOVED:
		return "it ran, and was not stopped";
	case SIGHT_UNASKED:
		return "not looked at";
	default:
		return "what could be read makes no sense";
	}
}
