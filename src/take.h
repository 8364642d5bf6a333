/* SPDX-License-Identifier: MIT */
/*
 * A JSON object into a row of a snapshot, as the fields of that row say.
 */
#ifndef TAKE_H
#define TAKE_H

#include <jansson.h>
#include <stddef.h>

#include "field.h"
#include "refuse.h"

struct taking {
	struct snapshot *snapshot;/**< Whose pool takes the texts. */
	struct field_error *error;
	char *scratch;            /**< For a text while its escapes are undone; the caller frees it. */
	size_t scratch_room;
};

/**
 * Fill row, until now unseen, from the members of object that fields know.  Rows it
 * names need not be there yet.  0, -EBADMSG or -ENOMEM.
 */
int fields_take(struct taking *taking, const struct field *fields, const json_t *object, const struct place_in *where,
		char *row);

#endif
