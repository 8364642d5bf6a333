/* SPDX-License-Identifier: MIT */
/* deep COUNT [WAY]: as many frames of one function. */
#include "place.h"

FRAME int down(int left)
{
	int ret;

	if (left <= 1) {
		say_ready(0);
		ret = park();
	} else {
		ret = down(left - 1);
	}
	STAY(left);
	return ret + left;
}

int main(int argc, char **argv)
{
	int ret;

	place_begin(argc > 2 ? argv[2] : NULL);
	ret = down(argc > 1 ? atoi(argv[1]) : 1);
	STAY(ret);
	return ret;
}
