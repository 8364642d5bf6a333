/* SPDX-License-Identifier: MIT */
/* A library that host.c opens.  Its inner function is in no dynamic symbol table. */
#include "place.h"

int plug_run(int (*park_there)(void), int a);

FRAME static int plug_inner(int (*park_there)(void), int a)
{
	int ret = park_there();

	STAY(a);
	return ret + a;
}

#ifdef OTHER /* the same names at other places */
FRAME static int plug_other(int a)
{
	int i, sum = 0;

	for (i = 0; i < a; i++)
		sum += i * (a ^ 5);
	STAY(sum);
	return sum;
}
#endif

int plug_run(int (*park_there)(void), int a)
{
	int ret;

#ifdef OTHER
	ret = plug_other(a);
	STAY(ret);
#endif
	ret = plug_inner(park_there, a + 1);
	STAY(a);
	return ret + a;
}
