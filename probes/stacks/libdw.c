/* SPDX-License-Identifier: MIT */
/* Loading libdw. */
#include "libdw.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

const struct libdw *libdw_load(void)
{
	static struct libdw libdw;
	static enum { UNTRIED, LOADED, MISSING } state;
	void *handle, *at;

	if (state != UNTRIED)
		return state == LOADED ? &libdw : NULL;
	state = MISSING;
	unsetenv("DEBUGINFOD_URLS"); /* it would load its client, and might ask for what is missing */
	handle = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return NULL;
	/* libdw needs libelf, so its names are found through the same handle. */
#define LIBDW_LOAD(name) \
	at = dlsym(handle, #name); \
	if (!at) \
		return NULL; \
	memcpy(&libdw.name, &at, sizeof(at));
	LIBDW_EACH(LIBDW_LOAD)
#undef LIBDW_LOAD
	libdw.elf_version(EV_CURRENT);
	state = LOADED;
	return &libdw;
}
