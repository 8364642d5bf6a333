/* SPDX-License-Identifier: MIT */
#include "title.h"

#include <criterion/criterion.h>
#include <string.h>

/* argv with blanks written as |, as one string. */
static void check(const char *argv, const char *comm, const char *exe, const char *want)
{
	struct title_source source = { .comm = comm, .exe = exe };
	char bytes[512], title[64];
	size_t i, length = strlen(argv);

	cr_assert_lt(length, sizeof(bytes));
	for (i = 0; i < length; i++)
		bytes[i] = argv[i] == '|' ? '\0' : argv[i];
	source.argv = bytes;
	source.argv_length = length;
	cr_expect_eq(title_of(&source, title, sizeof(title)), strlen(want), "%s", argv);
	cr_expect_str_eq(title, want, "%s -> %s, not %s", argv, title, want);
}

Test(title, plain_programs)
{
	check("/usr/sbin/nginx|-g|daemon off;|", "nginx", "/usr/sbin/nginx", "nginx");
	check("redis-server|*:6379|", "redis-server", "/usr/bin/redis-check-rdb", "redis-server");
	check("/usr/libexec/gnome-session-binary|--debug|", "gnome-session-b", "", "gnome-session-binary");
	check("", "kworker/0:1", "", "kworker/0:1");
	check("", "", "", "?");
	check("|", "x", "", "x");
}

Test(title, python)
{
	check("python3|-m|pytest|-x|", "python3", "/usr/bin/python3.11", "pytest");
	check("/usr/bin/python3|/usr/bin/pytest|-x|", "pytest", "/usr/bin/python3.11", "pytest");
	check("/venv/bin/python|-u|-W|ignore|-X|dev|/srv/feed.py|--port|80|", "python", "", "feed.py");
	check("python3.11|-Werror::c|-bb|x.py|", "python3.11", "", "x.py");
	check("python3|-Ic|print()|", "python3", "", "python3 -c");
	check("python3|-mhttp.server|80|", "python3", "", "http.server");
	check("python3|-m|celery.__main__|worker|", "python3", "", "celery");
	check("python3|/usr/lib/tool/__main__.py|", "python3", "", "tool");
	check("python3|", "python3", "", "python3");
	check("python3|-|", "python3", "", "python3");
	check("python3|-m|", "python3", "", "python3");
	check("python3|-c|from multiprocessing.spawn import spawn_main; spawn_main(5)|--multiprocessing-fork|", "python3", "",
	      "multiprocessing child");
	check("python3|-c|from multiprocessing.resource_tracker import main;main(5)|", "python3", "", "resource_tracker");
	check("python3|-c|import sys;exec(eval(sys.stdin.readline()))|", "python3", "", "execnet worker");
	check("pytest-runner|x|", "pytest-runner", "/usr/bin/pytest-runner", "pytest-runner");
}

Test(title, other_interpreters)
{
	check("node|--require|./hook.js|-r|x|server.js|", "node", "/usr/bin/node", "server.js");
	check("node|server.js|", "MainThread", "/usr/bin/node", "server.js");
	check("node|-e|1|", "node", "", "node -e");
	check("ruby|-Ilib|-rbundler/setup|/app/bin/rails|s|", "ruby", "", "rails");
	check("perl|-MFile::Temp|-w|/usr/bin/ack|x|", "perl", "", "ack");
	check("/bin/sh|-c|sleep 5; echo|", "sh", "/usr/bin/dash", "sh -c");
	check("bash|-eo|pipefail|/tmp/run.sh|", "bash", "/usr/bin/bash", "run.sh");
	check("bash|--rcfile|x|", "bash", "/usr/bin/bash", "bash");
	check("-bash|", "bash", "/usr/bin/bash", "bash");
	check("java|-Xmx1g|-cp|a.jar:b.jar|org.example.Main|--x|", "java", "", "Main");
	check("java|-jar|/srv/app.jar|", "java", "", "app.jar");
	check("shutter|", "shutter", "/usr/bin/shutter", "shutter");
	check("nodemon|x|", "nodemon", "", "nodemon");
}

Test(title, named_by_itself)
{
	check("nginx: worker process", "nginx", "/usr/sbin/nginx", "nginx: worker process");
	check("postgres: checkpointer ||||", "postgres", "/usr/lib/postgresql/15/bin/postgres", "postgres: checkpointer");
	check("python3|pool.py|", "worker-2", "/usr/bin/python3.11", "worker-2");
	check("./server|", "acceptor", "/srv/server", "acceptor");
	check("ls|", "7", "", "ls");                    /* fexecve(3) */
	check("tool|", "7", "/memfd:tool (deleted)", "tool");
	check("/opt/My App/bin/app|", "app", "", "app");
}

Test(title, hostile)
{
	static const char only_slashes[] = "////|", deep[] = "python3|-W|-W|-W|-W";
	char title[8], long_comm[64];
	struct title_source source = { .comm = long_comm, .exe = "" };

	check(only_slashes, "", "", "/");
	check(deep, "python3", "", "python3");
	check("python3|-m", "python3", "", "python3");
	check("a) R 1\n\033[31m|", "a) R 1\n\033[31m", "", "a) R 1\n\033[31m");
	memset(long_comm, 'x', sizeof(long_comm) - 1);
	long_comm[sizeof(long_comm) - 1] = '\0';
	cr_expect_eq(title_of(&source, title, sizeof(title)), 7);
	cr_expect_str_eq(title, "xxxxx..");
	source.comm = "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc";
	cr_expect_eq(title_of(&source, title, sizeof(title)), 6); /* never half a character */
	cr_expect_str_eq(title, "\xc3\xbc\xc3\xbc..");
}
