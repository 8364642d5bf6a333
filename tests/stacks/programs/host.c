/* SPDX-License-Identifier: MIT */
/* host LIBRARY [WAY [THEN [ARGUMENT]]]: park < from_plug < plug_inner < plug_run < calls_plug < main; the library is
   then "deleted", "replaced" by ARGUMENT, or "truncated" to ARGUMENT bytes. */
#include <dlfcn.h>

#include "place.h"

static char **words;

FRAME int from_plug(void)
{
	const char *file = words[1], *then = words[2] && words[3] ? words[3] : "";
	int ret;

	if (!strcmp(then, "deleted") && unlink(file))
		err(1, "%s", file);
	if (!strcmp(then, "replaced") && rename(words[4], file))
		err(1, "%s", file);
	if (!strcmp(then, "truncated") && truncate(file, atol(words[4])))
		err(1, "%s", file);
	say_ready(0);
	ret = park();
	STAY(ret);
	return ret + 1;
}

FRAME int calls_plug(int (*run)(int (*)(void), int))
{
	int ret = run(from_plug, 3);

	STAY(ret);
	return ret + 1;
}

int main(int argc, char **argv)
{
	void *plug;
	int ret;

	words = argv;
	place_begin(argc > 2 ? argv[2] : NULL);
	plug = dlopen(argv[1], RTLD_NOW);
	if (!plug)
		errx(1, "%s", dlerror());
	ret = calls_plug((int (*)(int (*)(void), int))dlsym(plug, "plug_run"));
	STAY(ret);
	return ret;
}
