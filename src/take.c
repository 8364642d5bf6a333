/* SPDX-License-Identifier: MIT */
/* Values of JSON into members of a row: one function for each type of field. */
#include "take.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "escape.h"

static int number_take(struct taking *taking, const struct field *field, const json_t *value,
		       const struct place_in *where, char *to)
{
	int64_t number;
	int32_t narrow;

	if (!json_is_integer(value))
		return refuse(taking->error, where, "not a whole number");
	number = json_integer_value(value);
	if (number < field->least || number > field->most)
		return refuse(taking->error, where, "not within %" PRId64 " ... %" PRId64, field->least, field->most);
	if (field->type == FIELD_BYTE) {
		*(uint8_t *)to = (uint8_t)number;
	} else if (field->size == sizeof(narrow)) {
		narrow = (int32_t)number;
		memcpy(to, &narrow, sizeof(narrow));
	} else {
		memcpy(to, &number, sizeof(number));
	}
	return 0;
}

/* "0x7ffc0a1b2c3d" */
static int word_take(struct taking *taking, const struct field *field, const json_t *value,
		     const struct place_in *where, char *to)
{
	const char *text = json_string_value(value);
	uint64_t wide = 0;
	uint32_t narrow;
	size_t digits;

	if (!text || strncmp(text, "0x", 2) != 0)
		return refuse(taking->error, where, "not a word such as \"0x1f\"");
	text += 2;
	digits = strspn(text, "0123456789abcdef");
	if (digits == 0 || text[digits] || digits > 2 * field->size)
		return refuse(taking->error, where, "not a word of 1 to %zu digits 0-9a-f", 2 * field->size);
	for (; *text; text++)
		wide = wide << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	if (field->size == sizeof(narrow)) {
		narrow = (uint32_t)wide;
		memcpy(to, &narrow, sizeof(narrow));
	} else {
		memcpy(to, &wide, sizeof(wide));
	}
	return 0;
}

static int name_take(struct taking *taking, const struct field *field, const json_t *value,
		     const struct place_in *where, char *to)
{
	const char *text = json_string_value(value);
	char all[sizeof(taking->error->what)] = "";
	size_t used = 0;
	uint8_t i;

	for (i = 0; text && field->names[i]; i++)
		if (strcmp(field->names[i], text) == 0) {
			*(uint8_t *)to = i;
			return 0;
		}
	for (i = 0; field->names[i] && used < sizeof(all); i++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", field->names[i]);
	return refuse(taking->error, where, "not one of %s", all);
}

static int letter_take(struct taking *taking, const struct field *field, const json_t *value,
		       const struct place_in *where, char *to)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != 1 || !strchr(field->names[0], text[0]))
		return refuse(taking->error, where, "not one of %s", field->names[0]);
	*to = text[0];
	return 0;
}

static int text_take(struct taking *taking, const json_t *value, const struct place_in *where, char *to)
{
	const char *bytes = json_string_value(value);
	size_t length = json_string_length(value);
	struct text text;
	char *scratch;
	long unescaped;
	int r;

	if (!bytes)
		return refuse(taking->error, where, "not a text");
	if (memchr(bytes, '\\', length)) {
		if (length > taking->scratch_room) {
			scratch = realloc(taking->scratch, length);
			if (!scratch)
				return -ENOMEM;
			taking->scratch = scratch;
			taking->scratch_room = length;
		}
		memcpy(taking->scratch, bytes, length);
		unescaped = unescape(taking->scratch, length);
		if (unescaped < 0)
			return refuse(taking->error, where, "a backslash that begins neither \\\\ nor \\xNN");
		bytes = taking->scratch;
		length = (size_t)unescaped;
	}
	r = snapshot_text(taking->snapshot, bytes, length, &text);
	if (r == -E2BIG)
		return refuse(taking->error, where, "more than %d bytes of text in all", BOUND_POOL);
	if (r == 0)
		memcpy(to, &text, sizeof(text));
	return r;
}

static int row_take(struct taking *taking, const struct field *field, const json_t *value,
		    const struct place_in *where, char *to)
{
	uint32_t at;

	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) >= NO_ROW)
		return refuse(taking->error, where, "not the number of a row of %s", tables[field->target].name);
	at = (uint32_t)json_integer_value(value);
	memcpy(to, &at, sizeof(at));
	return 0;
}

static int member_take(struct taking *taking, const struct field *field, const json_t *value,
		       const struct place_in *where, char *to)
{
	if (!value || json_is_null(value))
		return 0;
	switch (field->type) {
	case FIELD_NUMBER:
	case FIELD_BYTE:
		return number_take(taking, field, value, where, to);
	case FIELD_WORD:
		return word_take(taking, field, value, where, to);
	case FIELD_NAME:
		return name_take(taking, field, value, where, to);
	case FIELD_LETTER:
		return letter_take(taking, field, value, where, to);
	case FIELD_TEXT:
		return text_take(taking, value, where, to);
	case FIELD_ROW:
		return row_take(taking, field, value, where, to);
	case FIELD_INNER:
		return fields_take(taking, field->inner, value, where, to);
	}
	return 0;
}

/** Members of a field that repeats: "t0" and "t1", or an array. */
static int repeat_take(struct taking *taking, const struct field *field, const json_t *object,
		       const struct place_in *where, char *to)
{
	const json_t *array = field->type == FIELD_INNER ? NULL : json_object_get(object, field->name);
	const struct place_in whole = { where, field->name, -1 };
	size_t i;
	int r;

	if (array && !json_is_null(array) && json_array_size(array) != field->repeat)
		return refuse(taking->error, &whole, "not an array of %zu", field->repeat);
	for (i = 0; i < field->repeat; i++) {
		struct place_in inside = place_of(where, field, i);
		const json_t *value = field->type == FIELD_INNER ? json_object_get(object, inside.name) :
								   json_array_get(array, i);

		r = member_take(taking, field, value, &inside, to + i * field->size);
		if (r < 0)
			return r;
	}
	return 0;
}

int fields_take(struct taking *taking, const struct field *fields, const json_t *object, const struct place_in *where,
		char *row)
{
	const struct field *field;
	int r;

	if (!json_is_object(object))
		return refuse(taking->error, where, "not an object");
	for (field = fields; field->name; field++) {
		struct place_in inside = place_of(where, field, 0);
		char *to = row + field->offset;

		if (field->repeat)
			r = repeat_take(taking, field, object, where, to);
		else
			r = member_take(taking, field, json_object_get(object, field->name), &inside, to);
		if (r < 0)
			return r;
	}
	return 0;
}
