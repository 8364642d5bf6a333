/* SPDX-License-Identifier: MIT */
/* chain [WAY]: park < f5 < f4 < f3 < f2 < f1 < main, each with registers and a frame to save. */
#include "place.h"

FRAME int f5(int a, int b, int c)
{
	int ret;

	say_ready(0);
	ret = park();
	STAY(a + b * c);
	return ret + a;
}

FRAME int f4(int a, int b)
{
	int ret = f5(a + 1, b + 2, a * b);

	STAY(a - b);
	return ret + b;
}

FRAME int f3(int a)
{
	char buffer[300];
	int ret;

	memset(buffer, a, sizeof(buffer));
	ret = f4(a, buffer[a & 7]);
	STAY(buffer[a & 3]);
	return ret + 1;
}

FRAME int f2(double x, int a)
{
	int ret = f3(a) + (int)x;

	STAY(a);
	return ret + 1;
}

FRAME int f1(int a)
{
	int ret = f2(a * 0.5, a), again = a + 1;

	STAY(again);
	return ret + again;
}

int main(int argc, char **argv)
{
	int ret;

	place_begin(argv[1]);
	ret = f1(argc);
	STAY(ret);
	return ret;
}
