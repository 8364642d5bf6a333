/* SPDX-License-Identifier: MIT */
/* kin KIND [WAY]: parents and children that share memory, stack, or nothing. */
#include <sched.h>
#include <sys/wait.h>

#include "place.h"

static char child_stack[64 << 10] __attribute__((aligned(16)));

FRAME int child_inner(int a)
{
	int ret = park();

	STAY(a);
	return ret + a;
}

FRAME int child_main(void *unused)
{
	int ret;

	place_child();
	ret = child_inner(unused != NULL);
	STAY(ret);
	return ret;
}

/* The child runs in the parent's frames until it is something else. */
FRAME int calls_vfork(int a)
{
	pid_t child = vfork();

	if (child == 0) {
		place_child();
		say_ready(getppid());
		child_inner(a);
		_exit(0);
	}
	STAY(child);
	return a + (int)child;
}

FRAME int calls_clone(int flags)
{
	pid_t child = clone(child_main, child_stack + sizeof(child_stack), flags | SIGCHLD, NULL);
	int ret;

	if (child < 0)
		err(1, "clone");
	say_ready(child);
	ret = waitpid(child, NULL, 0);
	STAY(flags);
	return ret;
}

FRAME int calls_fork(int a)
{
	pid_t child = fork();
	int ret;

	if (child == 0) {
		place_child();
		_exit(child_inner(a));
	}
	say_ready(child);
	ret = waitpid(child, NULL, 0);
	STAY(a);
	return ret;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	int ret = 0;

	place_begin(argc > 2 ? argv[2] : NULL);
	if (!strcmp(kind, "vfork"))
		ret = calls_vfork(argc);
	else if (!strcmp(kind, "clone-vm"))
		ret = calls_clone(CLONE_VM | CLONE_FILES);
	else if (!strcmp(kind, "clone"))
		ret = calls_clone(0);
	else if (!strcmp(kind, "fork"))
		ret = calls_fork(argc);
	else
		errx(2, "no such kind: %s", kind);
	STAY(ret);
	return ret;
}
