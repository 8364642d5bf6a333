/* SPDX-License-Identifier: MIT */
/* Credentials in command lines: where their values begin and end. */
#include "mask.h"

#include <stdbool.h>
#include <string.h>

#include "mask_words.h"

enum { TOKEN_LEAST = 20 }; /* A user name as long as this is a token. */

struct masker {
	struct word argument;     /* The one being read; .at moves. */
	const char *begin;        /* Where it began. */
	char *to, *to_end;
	const struct program *program;
	unsigned next;            /* SEPARATE, perhaps AFTER_NAME: the next word is a value. */
	struct word word;         /* The one being read, without its quotes. */
	const char *at_sign;      /* Its last '@'; NULL none. */
	bool cut;                 /* This argument lacks its NUL. */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
	return c == '\'' || c == '"' || c == '`';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       c == '.';
}

static void put(struct masker *masker, const char *bytes, size_t length)
{
	size_t room = (size_t)(masker->to_end - masker->to);

	if (length > room)
		length = room;
	memcpy(masker->to, bytes, length);
	masker->to += length;
}

/* What was read so far goes out as it is. */
static void copy_until(struct masker *masker, const char *until)
{
	put(masker, masker->argument.at, (size_t)(until - masker->argument.at));
	masker->argument.at = until;
}

static void hide_until(struct masker *masker, const char *until)
{
	if (until > masker->argument.at)
		put(masker, MASKED, strlen(MASKED));
	masker->argument.at = until;
}

/* Where a value opened by quote (0: by none) ends.  A quote that was escaped ends at any quote of its kind. */
static const char *value_end(const char *at, const char *end, char quote, bool escaped)
{
	for (; at < end; at++) {
		if (quote ? *at == quote : is_blank(*at) || is_quote(*at) || *at == ';' || *at == '&')
			break;
		if (*at == '\\' && !escaped && at + 1 < end)
			at++;
	}
	return at;
}

/* Quotes, escaped or not, before a value; returns the last of them, 0 none. */
static char quotes_pass(const char **at, const char *end, bool *escaped)
{
	char quote = 0;

	for (; *at < end && (is_quote(**at) || **at == '\\'); (*at)++)
		if (is_quote(**at)) {
			quote = **at;
			*escaped = (*at)[-1] == '\\';
		}
	return quote;
}

static const char *blanks_pass(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* user:X: what follows the separator. */
static void hide_after_name(struct masker *masker, const char *until)
{
	const char *at;

	for (at = masker->argument.at; at < until; at++)
		if (*at == ':' || *at == '%') {
			copy_until(masker, at + 1);
			hide_until(masker, until);
			return;
		}
	copy_until(masker, until);
}

/* The word here is the value of the option before it; true when it was. */
static bool hide_word(struct masker *masker)
{
	const char *at = masker->argument.at, *end = masker->argument.end;
	bool whole = at == masker->begin, escaped = false;
	unsigned how = masker->next;
	char quote;

	masker->next = 0;
	if (end - at > 2 && at[0] == '-' && at[1] == '-')
		return false; /* another option: this one was a switch */
	if (!whole) {
		quote = at < end && is_quote(*at) ? *at++ : 0;
		copy_until(masker, at);
		end = value_end(at, end, quote, escaped);
	}
	if (how & AFTER_NAME)
		hide_after_name(masker, end);
	else
		hide_until(masker, end);
	return true;
}

/* A name that says secret ends here: what follows decides where the value lies, if there is one. */
static void hide_named(struct masker *masker, enum secrecy secrecy, bool option, bool leads)
{
	const char *begin = masker->argument.at, *at = begin, *end = masker->argument.end;
	bool escaped = false, colon = false, assigned;
	char quote;

	while (at < end && (is_quote(*at) || *at == '\\' || *at == ']' || *at == ')'))
		at++;
	leads = leads && at == begin;
	at = blanks_pass(at, end);
	assigned = at < end && (*at == '=' || *at == ':');
	if (!assigned && option && at == blanks_pass(begin, end)) {
		masker->next = SEPARATE;
		return;
	}
	if (assigned) {
		colon = *at++ == ':';
		if (colon && secrecy == WEAK && at < end && !is_blank(*at) && !is_quote(*at))
			return; /* uvicorn auth:app */
		if (at < end && *at == '>')
			at++;
	} else if (secrecy != STRONG || at == end || !is_quote(*at)) {
		return; /* else: ALTER USER me PASSWORD 'X' */
	}

	if (assigned && leads && !colon) {
		copy_until(masker, at);
		hide_until(masker, end);
		return;
	}
	at = blanks_pass(at, end);
	quote = quotes_pass(&at, end, &escaped);
	copy_until(masker, at);
	if (quote || !colon)
		at = value_end(at, end, quote, escaped);
	else
		while (at < end && !is_quote(*at)) /* a header: to its end */
			at++;
	hide_until(masker, at);
}

/*
 * After "://": user:pass@, or a user so long that it is a token.  The last '@' of the
 * word ends it, for people put '/' and '@' into passwords unescaped.
 */
static void hide_userinfo(struct masker *masker)
{
	const char *from = masker->argument.at, *at = masker->at_sign, *colon;

	if (!at || at < from) {
		if (!masker->cut)
			return;
		at = masker->word.end; /* its '@' may have been cut off */
	}
	colon = memchr(from, ':', (size_t)(at - from));
	if (!colon && (at - from < TOKEN_LEAST || memchr(from, '/', (size_t)(at - from))))
		return;
	if (!masker->at_sign && colon && colon + 1 < at && colon[1] >= '0' && colon[1] <= '9')
		return; /* a port */
	if (colon)
		copy_until(masker, colon + 1);
	hide_until(masker, at);
}

static void program_meet(struct masker *masker)
{
	const struct program *program = program_named(masker->word);

	if (program)
		masker->program = program;
}

/* -pX, or -p with X to come; true when it was that. */
static bool short_option(struct masker *masker, struct word word)
{
	const struct program *program = masker->program;

	if (!program || word.end - word.at < 2 || word.at[0] != '-' || word.at[1] == '-')
		return false;
	if (word.end[-1] == program->letter && (program->how & SEPARATE)) { /* "-sSu X" too */
		copy_until(masker, word.end);
		masker->next = program->how;
		return true;
	}
	if (word.at[1] != program->letter || word.end - word.at == 2 || !(program->how & ATTACHED))
		return false;
	copy_until(masker, word.at + 2);
	if (program->how & AFTER_NAME)
		hide_after_name(masker, word.end);
	else
		hide_until(masker, word.end);
	return true;
}

/* --user X of curl, --proxy-user too: the long names of a program's own short one. */
static bool long_user(struct masker *masker, struct word name)
{
	static const char *const users[] = { "--user", "--proxy-user", NULL };

	if (!masker->program || !(masker->program->how & AFTER_NAME) || !span_is(name, users))
		return false;
	copy_until(masker, name.end);
	if (name.end < masker->argument.end && *name.end == '=')
		hide_after_name(masker, masker->word.end);
	else
		masker->next = masker->program->how;
	return true;
}

/* A run of name characters, at the begin of a word or inside it. */
static void name_meet(struct masker *masker)
{
	static const char *const schemes[] = { "bearer", "Bearer", "BEARER", NULL };
	struct word name = masker->argument;
	bool option = *name.at == '-', leads = name.at == masker->begin, scheme;
	enum secrecy secrecy;

	for (name.end = name.at; name.end < masker->argument.end && is_name(*name.end);)
		name.end++;
	if (long_user(masker, name))
		return;
	copy_until(masker, name.end);
	while (name.at < name.end && (*name.at == '-' || *name.at == '.'))
		name.at++;
	scheme = span_is(name, schemes);
	secrecy = name_secrecy(name);
	if (scheme)
		masker->next = SEPARATE;
	else if (secrecy != PUBLIC)
		hide_named(masker, secrecy, option, leads);
}

/* The word here, found once for all that is looked for in it: a hostile one is as long as the argument. */
static void word_meet(struct masker *masker)
{
	const struct word rest = masker->argument;

	masker->word = (struct word){ rest.at, value_end(rest.at, rest.end, 0, false) };
	masker->at_sign = memrchr(rest.at, '@', (size_t)(masker->word.end - rest.at));
}

static void argument_mask(struct masker *masker)
{
	struct word *rest = &masker->argument;
	bool fresh = true; /* at the begin of a word */

	masker->word = (struct word){ rest->at, rest->at };
	if (masker->next && rest->at < rest->end && hide_word(masker))
		return;
	while (rest->at < rest->end) {
		if (is_blank(*rest->at) || *rest->at == '(' || *rest->at == '|' || *rest->at == ';') {
			copy_until(masker, rest->at + 1);
			fresh = true;
			continue;
		}
		if (fresh && masker->next) {
			hide_word(masker);
			continue;
		}
		if (is_quote(*rest->at)) {
			copy_until(masker, rest->at + 1);
			continue;
		}
		if (rest->at >= masker->word.end)
			word_meet(masker);
		if (fresh)
			program_meet(masker);
		if (fresh && short_option(masker, masker->word))
			continue;
		fresh = false;
		if (is_name(*rest->at)) {
			name_meet(masker);
		} else if (rest->end - rest->at > 3 && memcmp(rest->at, "://", 3) == 0) {
			copy_until(masker, rest->at + 3);
			hide_userinfo(masker);
		} else {
			copy_until(masker, rest->at + 1);
		}
	}
}

size_t mask_arguments(const char *arguments, size_t length, char *to, size_t size)
{
	struct masker masker = { .to = to, .to_end = to + size };
	const char *end = arguments + length, *stop;

	for (; arguments < end && masker.to < masker.to_end; arguments = stop) {
		stop = memchr(arguments, '\0', (size_t)(end - arguments));
		if (!stop)
			stop = end;
		masker.begin = arguments;
		masker.cut = stop == end;
		masker.argument = (struct word){ arguments, stop };
		argument_mask(&masker);
		if (stop < end)
			put(&masker, stop++, 1);
	}
	return (size_t)(masker.to - to);
}
