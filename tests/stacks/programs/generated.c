/* SPDX-License-Identifier: MIT */
/* generated KIND [WAY]: a few instructions made at run time call back: code without file, tables or name. */
#include <stdint.h>
#include <sys/mman.h>

#include "place.h"

typedef int (*callback)(void);

/* int code(callback): calls it.  With a frame pointer; without; over another one of its own. */
static const uint8_t with_pointer[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x90, 0x5d, 0xc3 };
static const uint8_t without_pointer[] = { 0x48, 0x83, 0xec, 0x18, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x18, 0xc3 };

FRAME int called_back(void)
{
	int ret;

	say_ready(0);
	ret = park();
	STAY(ret);
	return ret + 1;
}

FRAME int calls_generated(int (*code)(callback))
{
	int ret = code(called_back);

	STAY(ret);
	return ret + 1;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	int fd = -1, ret;
	uint8_t *page;

	place_begin(argc > 2 ? argv[2] : NULL);
	if (!strcmp(kind, "memfd")) {
		fd = memfd_create("code", 0);
		if (fd < 0 || ftruncate(fd, 4096))
			err(1, "memfd");
	}
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		err(77, "mmap");
	page += 0x100;
	if (!strcmp(kind, "without"))
		memcpy(page, without_pointer, sizeof(without_pointer));
	else
		memcpy(page, with_pointer, sizeof(with_pointer));
	ret = calls_generated((int (*)(callback))page);
	STAY(ret);
	return ret;
}
