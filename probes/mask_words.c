/* SPDX-License-Identifier: MIT */
/* Which words say that a credential is near. */
#include "mask_words.h"

#include <string.h>

/* Parts of a name, after which a value follows that is nobody's business. */
static const char *const strong_endings[] = {
	"password", "passwords", "passwd", "passphrase", "passcode", "secret", "secrets", "token", "tokens", "apikey",
	"credential", "credentials", "authorization", "cookie", NULL,
};
/* The same, at the end of the whole name only; a bare ':' after them proves nothing. */
static const char *const weak_endings[] = { "key", "keys", "auth", "pass", "pwd", "pw", "creds", NULL };
/* --token-file and PASSWORD_PATH name a place; --no-auth takes no value. */
static const char *const harmless_last[] = { "file", "path", "dir", "fd", "env", NULL };
static const char *const harmless_first[] = { "no", "without", "disable", "skip", NULL };

/* starts: mysqldump is one of mysql's. */
static const struct program programs[] = {
	{ "mysql", true, 'p', ATTACHED },
	{ "mariadb", true, 'p', ATTACHED },
	{ "mycli", false, 'p', ATTACHED | SEPARATE },
	{ "mongo", true, 'p', ATTACHED | SEPARATE },
	{ "sshpass", false, 'p', ATTACHED | SEPARATE },
	{ "login", false, 'p', ATTACHED | SEPARATE }, /* docker login, az login ... */
	{ "rdesktop", false, 'p', ATTACHED | SEPARATE },
	{ "redis-cli", false, 'a', ATTACHED | SEPARATE },
	{ "ldap", true, 'w', ATTACHED | SEPARATE },
	{ "curl", false, 'u', ATTACHED | SEPARATE | AFTER_NAME },
	{ "smbclient", false, 'U', ATTACHED | SEPARATE | AFTER_NAME },
	{ "rpcclient", false, 'U', ATTACHED | SEPARATE | AFTER_NAME },
	{ "zip", false, 'P', SEPARATE },
	{ "unzip", false, 'P', SEPARATE },
	{ "7z", true, 'p', ATTACHED },
	{ NULL, false, 0, 0 },
};

enum { NAME_MOST = 64 };      /* Of a longer name its end decides. */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool ends_with(struct word word, const char *const *endings)
{
	size_t length = (size_t)(word.end - word.at), size;

	for (; *endings; endings++) {
		size = strlen(*endings);
		if (length >= size && memcmp(word.end - size, *endings, size) == 0)
			return true;
	}
	return false;
}

bool span_is(struct word word, const char *const *words)
{
	for (; *words; words++)
		if ((size_t)(word.end - word.at) == strlen(*words) &&
		    memcmp(word.at, *words, strlen(*words)) == 0)
			return true;
	return false;
}

/* "api_token2", "X-Auth-Token", "spring.datasource.password": in parts, by what each ends with. */
enum secrecy name_secrecy(struct word name)
{
	static const char *const pass[] = { "pass", NULL }; /* openssl: -passin pass:X */
	enum secrecy found = PUBLIC;
	char text[NAME_MOST];
	struct word part;
	size_t length, i;
	unsigned parts = 0;

	if (name.end - name.at > NAME_MOST)
		name.at = name.end - NAME_MOST;
	length = (size_t)(name.end - name.at);
	for (i = 0; i < length; i++)
		text[i] = lower(name.at[i]);

	for (i = 0; i < length; i++) {
		part.at = text + i;
		while (i < length && text[i] != '-' && text[i] != '_' && text[i] != '.')
			i++;
		part.end = text + i;
		if (parts++ == 0 && i < length && span_is(part, harmless_first))
			return PUBLIC;
		if (i == length && span_is(part, harmless_last))
			return PUBLIC;
		while (part.end > part.at && part.end[-1] >= '0' && part.end[-1] <= '9')
			part.end--;
		if (ends_with(part, strong_endings))
			found = STRONG;
		else if (i == length && found == PUBLIC && ends_with(part, weak_endings))
			found = parts > 1 || span_is(part, pass) ? STRONG : WEAK;
	}
	return found;
}

const struct program *program_named(struct word word)
{
	const char *slash = memrchr(word.at, '/', (size_t)(word.end - word.at));
	const struct program *program;
	size_t length, size;

	if (slash)
		word.at = slash + 1;
	length = (size_t)(word.end - word.at);
	for (program = programs; program->name; program++) {
		size = strlen(program->name);
		if (length >= size && (length == size || program->starts) &&
		    memcmp(word.at, program->name, size) == 0)
			return program;
	}
	return NULL;
}
