/* SPDX-License-Identifier: MIT */
/* Where and why a saved snapshot is refused, as text. */
#include "refuse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static size_t place_put(const struct place_in *place, char *to, size_t size)
{
	size_t used = 0;
	int r;

	if (place->outer)
		used = place_put(place->outer, to, size);
	if (used > 0 && used + 1 < size)
		to[used++] = '.';
	if (place->index >= 0)
		r = snprintf(to + used, size - used, "%s[%" PRId64 "]", place->name, place->index);
	else
		r = snprintf(to + used, size - used, "%s", place->name);
	if (r < 0)
		return used;
	used += (size_t)r;
	return used < size ? used : size - 1;
}

int refuse(struct field_error *error, const struct place_in *where, const char *format, ...)
{
	va_list args;

	error->where[0] = '\0';
	if (where)
		place_put(where, error->where, sizeof(error->where));
	va_start(args, format);
	vsnprintf(error->what, sizeof(error->what), format, args);
	va_end(args);
	return -EBADMSG;
}

struct place_in place_of(const struct place_in *outer, const struct field *field, size_t which)
{
	struct place_in ret = { outer, field->name, -1 };

	if (field->repeat && field->type == FIELD_INNER)
		ret.name = look_names[which];
	else if (field->repeat)
		ret.index = (int64_t)which;
	return ret;
}
