/* SPDX-License-Identifier: MIT */
#include "mask.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

/* Arguments are written with '|' for the NUL after each. */
struct sample { const char *given, *wanted; };

static size_t masked(const char *given, size_t length, char *to, size_t size)
{
	char *arguments = malloc(length + 1);
	size_t i, n;

	cr_assert(arguments);
	for (i = 0; i < length; i++)
		arguments[i] = given[i] == '|' ? '\0' : given[i];
	n = mask_arguments(arguments, length, to, size);
	free(arguments);
	return n;
}

static void check(const struct sample *sample)
{
	char to[1024];
	size_t n, i;

	for (; sample->given; sample++) {
		n = masked(sample->given, strlen(sample->given), to, sizeof(to) - 1);
		for (i = 0; i < n; i++)
			if (to[i] == '\0')
				to[i] = '|';
		to[n] = '\0';
		cr_expect_str_eq(to, sample->wanted, "%s\n gives %s\n  not  %s", sample->given, to, sample->wanted);
	}
}

Test(mask, options_and_variables)
{
	static const struct sample samples[] = {
		{ "prog|--api-token|abc|--port|80|", "prog|--api-token|***|--port|80|" },
		{ "prog|--password=my pass phrase|x|", "prog|--password=***|x|" },
		{ "prog|--password|my pass phrase|x|", "prog|--password|***|x|" },
		{ "prog|--secret-key=x|-key|k.pem|--auth|a|", "prog|--secret-key=***|-key|***|--auth|***|" },
		{ "prog|--passwd|x|--DbPassword=x|--accessToken|x|", "prog|--passwd|***|--DbPassword=***|--accessToken|***|" },
		{ "prog|--token|-x|", "prog|--token|***|" },
		{ "prog|--token|--verbose|x|", "prog|--token|--verbose|x|" },
		{ "prog|--token||x|", "prog|--token||***|" },
		{ "prog|--token|", "prog|--token|" },
		{ "prog|--token=|x|", "prog|--token=|x|" },
		{ "prog|--token=x", "prog|--token=***" },
		{ "env|PGPASSWORD=a b|API_TOKEN2=x|TOKEN_V1=y|psql|", "env|PGPASSWORD=***|API_TOKEN2=***|TOKEN_V1=***|psql|" },
		{ "java|-Ddb.password=x|-Dspring.secret.value=y|-jar|a.jar|", "java|-Ddb.password=***|-Dspring.secret.value=***|-jar|a.jar|" },
		{ "docker|run|-ePGPASSWORD=x|-e|MY_SECRET=y|img|", "docker|run|-ePGPASSWORD=***|-e|MY_SECRET=***|img|" },
		{ "openssl|rsa|-passin|pass:x|", "openssl|rsa|-passin|pass:***|" },
		{ NULL, NULL },
	};

	check(samples);
}

Test(mask, what_is_no_secret_stays)
{
	static const struct sample samples[] = {
		{ "python3|-m|pytest|tests/test_token.py|-k|password|", "python3|-m|pytest|tests/test_token.py|-k|password|" },
		{ "serve|--tokenizer|gpt2|--author|me|--keyboard|us|", "serve|--tokenizer|gpt2|--author|me|--keyboard|us|" },
		{ "serve|--token-file|/etc/t|--no-auth|x|--key-path=/k|", "serve|--token-file|/etc/t|--no-auth|x|--key-path=/k|" },
		{ "uvicorn|auth:app|--host|::1|", "uvicorn|auth:app|--host|::1|" },
		{ "ssh|-p|22|git@github.com|", "ssh|-p|22|git@github.com|" },
		{ "git|clone|ssh://git@github.com/a/b|", "git|clone|ssh://git@github.com/a/b|" },
		{ "curl|http://host:80/a?b=c|", "curl|http://host:80/a?b=c|" },
		{ "mysql|-u|root|-p|db|", "mysql|-u|root|-p|db|" },
		{ "docker|run|-p|80:80|img|", "docker|run|-p|80:80|img|" },
		{ "nginx: master process /usr/sbin/nginx -g daemon off;|", "nginx: master process /usr/sbin/nginx -g daemon off;|" },
		{ "|||", "|||" },
		{ "", "" },
		{ NULL, NULL },
	};

	check(samples);
}

Test(mask, urls_and_headers)
{
	static const struct sample samples[] = {
		{ "psql|postgres://joe:pw@host/db|", "psql|postgres://joe:***@host/db|" },
		{ "x|redis://:pa/s@s@host:1/0|y|", "x|redis://:***@host:1/0|y|" },
		{ "git|clone|https://ghp_0123456789012345678901@github.com/x|", "git|clone|https://***@github.com/x|" },
		{ "x|http://a:b@c http://d:e@f|", "x|http://a:***@c http://d:***@f|" },
		{ "x|http://host/?token=abc&n=1|", "x|http://host/?token=***&n=1|" },
		{ "curl|-H|Authorization: Bearer x.y.z|http://h|", "curl|-H|Authorization: ***|http://h|" },
		{ "curl|-HX-Api-Key:abc|--header=Cookie: a=b; c=d|", "curl|-HX-Api-Key:***|--header=Cookie: ***|" },
		{ "x|Bearer abc|", "x|Bearer ***|" },
		{ "x|{\"password\": \"a \\\" b\", \"n\": 1}|", "x|{\"password\": \"***\", \"n\": 1}|" },
		{ NULL, NULL },
	};

	check(samples);
}

Test(mask, inside_of_an_argument)
{
	static const struct sample samples[] = {
		{ "sh|-c|app --token abc --port 80|", "sh|-c|app --token *** --port 80|" },
		{ "sh|-c|app --token 'a b' x; y --secret=z w|", "sh|-c|app --token '***' x; y --secret=*** w|" },
		{ "sh|-c|TOKEN=a app|", "sh|-c|TOKEN=***|" },
		{ "sh|-c|cd /x && TOKEN=a app|", "sh|-c|cd /x && TOKEN=*** app|" },
		{ "sh|-c|curl -H 'Authorization: Bearer a b' http://h|", "sh|-c|curl -H 'Authorization: ***' http://h|" },
		{ "sh|-c|mysql -psecret db|", "sh|-c|mysql -p*** db|" },
		{ "python|-c|os.environ[\"PASSWORD\"]=\"x y\"; print(1)|", "python|-c|os.environ[\"PASSWORD\"]=\"***\"; print(1)|" },
		{ "psql|-c|ALTER USER me PASSWORD 'x y' z|", "psql|-c|ALTER USER me PASSWORD '***' z|" },
		{ "celery: token=abc rest|", "celery: token=*** rest|" },
		{ NULL, NULL },
	};

	check(samples);
}

Test(mask, programs_with_short_names)
{
	static const struct sample samples[] = {
		{ "/usr/bin/mysql|-psecret|-u|root|", "/usr/bin/mysql|-p***|-u|root|" },
		{ "mariadb-dump|-psecret|", "mariadb-dump|-p***|" },
		{ "sshpass|-p|foo|ssh|h|", "sshpass|-p|***|ssh|h|" },
		{ "redis-cli|-a|foo|ping|", "redis-cli|-a|***|ping|" },
		{ "ldapsearch|-x|-w|foo|", "ldapsearch|-x|-w|***|" },
		{ "curl|-u|joe:pw|http://h|", "curl|-u|joe:***|http://h|" },
		{ "curl|-sSujoe|-ujoe:pw|--user|a:b|--user=a:b|", "curl|-sSujoe|-ujoe:***|--user|a:***|--user=a:***|" },
		{ "docker|login|-u|me|-p|foo|", "docker|login|-u|me|-p|***|" },
		{ "smbclient|-U|me%pw|", "smbclient|-U|me%***|" },
		{ NULL, NULL },
	};

	check(samples);
}

/* Whatever the length and wherever a secret is cut, none of it comes out. */
Test(mask, a_cut_secret_stays_hidden)
{
	static const char given[] = "prog|--password=hunter22|--token|hunter22|http://me:hunter22@host|PASSWORD='hunter22'|";
	char to[256];
	size_t length, size, n;

	for (length = 0; length < sizeof(given); length++)
		for (size = 0; size < 120; size += 7) {
			n = masked(given, length, to, size);
			cr_assert_leq(n, size);
			cr_assert_null(memmem(to, n, "hunt", 4), "%zu %zu: %.*s", length, size, (int)n, to);
		}
}

/* Long words of every kind of mark: must end soon, and stay inside. */
Test(mask, hostile_lengths, .timeout = 20)
{
	static const char *const tiles[] = {
		"://", "a", "'", "\\", "--token ", "--token=", "token:", "token\"", "@", "a:b@", "://a:b@", " ", "|", "-", "\\\"",
		"password \"", "bearer ", "curl -u ", "key=", "key ", "\xff", "=", "token)",
	};
	const size_t length = 2 << 20;
	char *given = malloc(length), *to = malloc(BOUND_ARGV);
	size_t i, at, n;

	cr_assert(given && to);
	for (i = 0; i < sizeof(tiles) / sizeof(*tiles); i++) {
		const size_t tile = strlen(tiles[i]);

		for (at = 0; at < length; at++)
			given[at] = tiles[i][at % tile];
		n = masked(given, length, to, BOUND_ARGV);
		cr_assert_leq(n, (size_t)BOUND_ARGV);
		n = masked(given, BOUND_ARGV, to, BOUND_ARGV);
		cr_assert_leq(n, (size_t)BOUND_ARGV);
	}
	free(given);
	free(to);
}
