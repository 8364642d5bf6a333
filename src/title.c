/* SPDX-License-Identifier: MIT */
/*
 * Titles of processes.  An interpreter is named by what it runs, for "python3" tells
 * nobody which of forty it is; to find the script its options must be stepped over,
 * so each interpreter is a row that says which of them take a word of their own.
 */
#include "title.h"

#include <string.h>

#include "utf8.h"

/* A stretch of a target's bytes; never NUL-terminated. */
struct piece { const char *at; size_t length; };

struct interpreter {
	const char *name;         /* Version numbers may follow. */
	const char *code;         /* Letters of options that hold the program itself: -c. */
	const char *module;       /* Letters of options that name a module: -m. */
	const char *value;        /* Letters of options that take the next word. */
	const char *long_value;   /* Long options that do, blanks around each. */
};

static const struct interpreter interpreters[] = {
	{ "python", "c", "m", "WX", " --check-hash-based-pycs " },
	{ "pypy", "c", "m", "WX", "" },
	{ "node", "ep", "", "rC", " --require --import --loader --experimental-loader --env-file --conditions " },
	{ "nodejs", "ep", "", "rC", " --require --import --loader --experimental-loader --env-file --conditions " },
	{ "ruby", "e", "", "ICErx", " --encoding " },
	{ "perl", "eE", "", "IMm", "" },
	{ "php", "r", "", "cdzS", "" },
	{ "bash", "c", "", "oO", " --rcfile --init-file " },
	{ "dash", "c", "", "o", "" },
	{ "sh", "c", "", "oO", "" },
	{ "zsh", "c", "", "o", "" },
	{ "ksh", "c", "", "o", "" },
	{ "java", "", "", "", " -cp -classpath --class-path -p --module-path --add-modules --add-opens --add-exports --add-reads " },
	{ NULL, NULL, NULL, NULL, NULL },
};

/* Programs that live in a -c of python's own making. */
static const struct { const char *sign, *title; } known_code[] = {
	{ "from multiprocessing.spawn import", "multiprocessing child" },
	{ "from multiprocessing.resource_tracker import", "resource_tracker" },
	{ "from multiprocessing.forkserver import", "forkserver" },
	{ "import sys;exec(eval(sys.stdin.readline()))", "execnet worker" },
};

static struct piece piece_of(const char *text)
{
	return (struct piece){ text, strlen(text) };
}

static bool piece_is(struct piece piece, const char *text)
{
	return piece.length == strlen(text) && memcmp(piece.at, text, piece.length) == 0;
}

static bool piece_begins(struct piece piece, const char *text)
{
	return piece.length >= strlen(text) && memcmp(piece.at, text, strlen(text)) == 0;
}

/* What stands behind the last slash; "/a/b/" -> "b". */
static struct piece base_name(struct piece path)
{
	const char *slash;

	while (path.length > 1 && path.at[path.length - 1] == '/')
		path.length--;
	if (path.length == 0)
		return path;
	slash = memrchr(path.at, '/', path.length);
	if (!slash || path.length == 1)
		return path;
	return (struct piece){ slash + 1, path.length - (size_t)(slash + 1 - path.at) };
}

static bool next_word(struct piece *rest, struct piece *ret)
{
	const char *end;

	if (rest->length == 0)
		return false;
	end = memchr(rest->at, '\0', rest->length);
	ret->at = rest->at;
	ret->length = end ? (size_t)(end - rest->at) : rest->length;
	rest->at += ret->length + (end ? 1 : 0);
	rest->length -= ret->length + (end ? 1 : 0);
	return true;
}

/* "python3.11" is python, "shutter" is no sh. */
static const struct interpreter *find_interpreter(struct piece name)
{
	const struct interpreter *row;
	size_t i;

	if (name.length > 0 && name.at[0] == '-') { /* a login shell */
		name.at++;
		name.length--;
	}
	for (row = interpreters; row->name; row++) {
		if (!piece_begins(name, row->name))
			continue;
		for (i = strlen(row->name); i < name.length; i++)
			if (!strchr("0123456789.t-", name.at[i]) || name.at[i] == '\0')
				break;
		if (i == name.length)
			return row;
	}
	return NULL;
}

static bool takes_next(const struct interpreter *row, struct piece option)
{
	const char *found = row->long_value;
	size_t i;

	while ((found = strstr(found, " -"))) {
		size_t length = strcspn(++found, " ");

		if (length == option.length && memcmp(found, option.at, length) == 0)
			return true;
	}
	if (piece_begins(option, "--"))
		return false;
	/* A letter that takes a value has it in the same word (-Werror) or, as the last letter, in the next. */
	for (i = 1; i < option.length; i++)
		if (option.at[i] != '\0' && strchr(row->value, option.at[i]))
			return i + 1 == option.length;
	return false;
}

static bool has_letter(struct piece option, const char *letters, size_t *ret)
{
	size_t i;

	if (option.length < 2 || option.at[0] != '-' || option.at[1] == '-')
		return false;
	for (i = 1; i < option.length; i++)
		if (option.at[i] != '\0' && strchr(letters, option.at[i])) {
			*ret = i;
			return true;
		}
	return false;
}

/* "pkg.__main__" -> "pkg", "/a/tool/__main__.py" -> "tool". */
static struct piece without_main(struct piece name, struct piece path)
{
	struct piece folder = path;

	if (name.length > strlen(".__main__") &&
	    memcmp(name.at + name.length - strlen(".__main__"), ".__main__", strlen(".__main__")) == 0) {
		name.length -= strlen(".__main__");
		return name;
	}
	if (!piece_is(name, "__main__.py") || path.length <= name.length + 1)
		return name;
	folder.length -= name.length + 1;
	folder = base_name(folder);
	return folder.length > 0 && !piece_is(folder, "/") ? folder : name;
}

static struct piece code_title(struct piece code)
{
	size_t i;

	for (i = 0; i < sizeof(known_code) / sizeof(known_code[0]); i++)
		if (piece_begins(code, known_code[i].sign))
			return piece_of(known_code[i].title);
	return (struct piece){ NULL, 0 };
}

/* What a java command runs: the archive behind -jar, else the first word that is no option. */
static struct piece java_title(struct piece word, struct piece rest)
{
	const char *dot;

	if (piece_is(word, "-jar") || piece_is(word, "-m") || piece_is(word, "--module"))
		return next_word(&rest, &word) ? base_name(word) : (struct piece){ NULL, 0 };
	dot = memrchr(word.at, '.', word.length);
	if (dot && dot + 1 < word.at + word.length)
		return (struct piece){ dot + 1, word.length - (size_t)(dot + 1 - word.at) };
	return word;
}

/*
 * The script or module an interpreter runs.  Length 0: none (a prompt, a -c); *code
 * is then the letter with which its program stands on the command line, or NUL.
 */
static struct piece script_of(const struct interpreter *row, struct piece rest, char *code)
{
	const struct piece none = { NULL, 0 };
	bool java = strcmp(row->name, "java") == 0;
	struct piece word, value;
	size_t at, other;

	*code = '\0';
	while (next_word(&rest, &word)) {
		if (java && (piece_is(word, "-jar") || piece_is(word, "-m") || piece_is(word, "--module")))
			return java_title(word, rest);
		if (piece_is(word, "--"))
			return next_word(&rest, &word) ? without_main(base_name(word), word) : none;
		if (piece_is(word, "-")) /* the program comes from stdin */
			return none;
		if (word.length == 0 || (word.at[0] != '-' && word.at[0] != '+'))
			return java ? java_title(word, rest) : without_main(base_name(word), word);
		if (!java && has_letter(word, row->module, &at) && (!has_letter(word, row->value, &other) || at < other)) {
			value = (struct piece){ word.at + at + 1, word.length - at - 1 };
			if (value.length == 0 && !next_word(&rest, &value))
				return none;
			return without_main(value, value);
		}
		if (!java && has_letter(word, row->code, &at) && (!has_letter(word, row->value, &other) || at < other)) {
			*code = word.at[at];
			value = (struct piece){ word.at + at + 1, word.length - at - 1 };
			if (value.length == 0 && !next_word(&rest, &value))
				return none;
			return code_title(value);
		}
		if (takes_next(row, word) && !next_word(&rest, &word))
			return none;
	}
	return none;
}

/* comm holds at most 15 bytes of a name. */
static bool comm_is(struct piece comm, struct piece name)
{
	size_t length = name.length < 15 ? name.length : 15;

	return comm.length == length && memcmp(comm.at, name.at, length) == 0;
}

/* Did the program choose its comm itself, by prctl(2)?  Then that is its name. */
static bool comm_is_chosen(struct piece comm, struct piece first, struct piece exe, struct piece script)
{
	size_t i;

	if (comm.length == 0 || comm_is(comm, first) || comm_is(comm, exe) || comm_is(comm, script))
		return false;
	if (find_interpreter(comm) || piece_is(comm, "MainThread")) /* node names its main thread so */
		return false;
	if (first.length > 0 && first.at[0] == '-' && comm_is(comm, (struct piece){ first.at + 1, first.length - 1 }))
		return false;
	for (i = 0; i < comm.length; i++) /* fexecve(3) leaves the number of a descriptor */
		if (comm.at[i] < '0' || comm.at[i] > '9')
			return true;
	return false;
}

/* One string with blanks in it, and nothing but NULs behind: argv was overwritten (setproctitle). */
static bool is_rewritten(struct piece first, struct piece rest)
{
	size_t i;

	if (first.length == 0 || first.at[0] == '/' || first.at[0] == '-' || !memchr(first.at, ' ', first.length))
		return false;
	for (i = 0; i < rest.length; i++)
		if (rest.at[i] != '\0')
			return false;
	return true;
}

static size_t put_title(struct piece piece, char *to, size_t size)
{
	size_t most = size - 1, used = 0;
	unsigned count;
	uint32_t code;

	while (piece.length > 0 && (piece.at[piece.length - 1] == ' ' || piece.at[piece.length - 1] == '\0'))
		piece.length--;
	if (piece.length == 0)
		piece = piece_of("?");
	if (most > TITLE_MOST)
		most = TITLE_MOST;
	if (piece.length <= most) {
		memcpy(to, piece.at, piece.length);
		to[piece.length] = '\0';
		return piece.length;
	}
	while (most >= 2) {
		count = utf8_decode(piece.at + used, piece.length - used, &code);
		if (count == 0)
			count = 1;
		if (used + count > most - 2)
			break;
		used += count;
	}
	memcpy(to, piece.at, used);
	if (most >= 2) {
		to[used++] = '.';
		to[used++] = '.';
	}
	to[used] = '\0';
	return used;
}

/* Length 0: no interpreter, or nothing with a name. */
static struct piece script_find(struct piece first, struct piece rest, struct piece exe, char *code)
{
	const struct interpreter *row = find_interpreter(base_name(first));

	if (!row)
		row = find_interpreter(exe);
	return row ? script_of(row, rest, code) : (struct piece){ NULL, 0 };
}

size_t title_of(const struct title_source *source, char *to, size_t size)
{
	struct piece rest = { source->argv, source->argv_length };
	struct piece comm = piece_of(source->comm), exe = base_name(piece_of(source->exe));
	struct piece first = { NULL, 0 }, script, name;
	char shell[TITLE_MOST];
	char code = '\0';

	if (!next_word(&rest, &first) || first.length == 0)
		return put_title(comm.length > 0 ? comm : piece_of("?"), to, size);
	if (is_rewritten(first, rest))
		return put_title(first, to, size);
	name = base_name(first);
	script = script_find(first, rest, exe, &code);
	if (comm_is_chosen(comm, name, exe, script))
		return put_title(comm, to, size);
	if (script.length > 0)
		return put_title(script, to, size);
	if (name.at[0] == '-' && name.length > 1) {
		name.at++;
		name.length--;
	}
	if (code && name.length + strlen(" -c") < sizeof(shell)) {
		memcpy(shell, name.at, name.length);
		memcpy(shell + name.length, " -", 2);
		shell[name.length + 2] = code;
		return put_title((struct piece){ shell, name.length + 3 }, to, size);
	}
	if (comm.length > 0 && comm_is(comm, exe) && !comm_is(comm, name))
		return put_title(exe, to, size);
	return put_title(name, to, size);
}

bool title_of_script(const struct title_source *source, char *to, size_t size)
{
	struct piece rest = { source->argv, source->argv_length };
	struct piece exe = base_name(piece_of(source->exe)), first = { NULL, 0 }, script;
	char code;

	if (!next_word(&rest, &first) || first.length == 0 || is_rewritten(first, rest))
		return false;
	script = script_find(first, rest, exe, &code);
	if (script.length == 0 || comm_is_chosen(piece_of(source->comm), base_name(first), exe, script))
		return false;
	put_title(script, to, size);
	return true;
}
