/* SPDX-License-Identifier: MIT */
/* Any bytes as fdinfo, as its "tfd:" lines and as a link under fd/. */
#include <stdint.h>
#include <stdlib.h>

#include "fdinfo.h"
#include "fdlink.h"
#include "snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t left = size, before = size + 1;
	struct fdinfo info;
	struct fdinfo_watch watch;
	struct fdlink link;
	int r;

	r = fdinfo_parse(text, size, &info);
	if ((r == SIGHT_OK) != (info.flags != UNSEEN) || (info.left_ns != UNSEEN && info.left_ns < 0))
		abort();
	while (fdinfo_watch(&text, &left, &watch)) {
		if (watch.number < 0 || left >= before)
			abort();
		before = left;
	}
	if (left != 0)
		abort();
	link = fdlink_parse((const char *)data, size);
	if (link.kind >= OBJECT_KINDS || (link.form == FDLINK_PATH) != (size && data[0] == '/'))
		abort();
	return 0;
}
