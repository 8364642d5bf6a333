/* SPDX-License-Identifier: MIT */
/*
 * JSON, written as it is known: nothing is held back, so a document of 10,000 tasks
 * costs no more memory than one of ten.  Commas, quotes and escapes are seen to here.
 * (jansson reads; its functions are named json_object() and so on, hence json_put_*.)
 *
 *	struct json_out json;
 *
 *	json_out_init(&json, stdout, 0);
 *	json_open_object(&json, NULL);
 *	json_put_number(&json, "pid", 4242);
 *	json_put_text(&json, "comm", comm, strlen(comm));
 *	json_close(&json);
 *	return json_out_end(&json);
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_out {
	FILE *out;
	unsigned lines;           /**< Members, and rows of arrays, of this many levels stand on lines of their own. */
	unsigned depth;           /**< Open brackets; at most 31. */
	uint32_t filled, arrays;  /**< Bit d: the bracket of depth d holds something already; is an array. */
	int error;                /**< First -errno of the stream, kept. */
};

void json_out_init(struct json_out *json, FILE *out, unsigned lines);
/** Ends the line, flushes; 0 or the first -errno that the stream had. */
int json_out_end(struct json_out *json);

/** Ends the line; what follows is a document of its own (JSON Lines).  Only between documents. */
void json_out_line(struct json_out *json);

/* key: NULL within an array and for the whole. */
void json_open_object(struct json_out *json, const char *key);
void json_open_array(struct json_out *json, const char *key);
void json_close(struct json_out *json);

void json_put_null(struct json_out *json, const char *key);
void json_put_bool(struct json_out *json, const char *key, bool value);
void json_put_integer(struct json_out *json, const char *key, int64_t value);
/** As an integer; UNSEEN is null. */
void json_put_number(struct json_out *json, const char *key, int64_t value);
/** "0x1f": for addresses, masks, inodes. */
void json_put_word(struct json_out *json, const char *key, uint64_t value);
/** Escaped with PLACE_JSON. */
void json_put_text(struct json_out *json, const char *key, const char *bytes, size_t length);
/** The same of a C string; NULL is null. */
void json_put_string(struct json_out *json, const char *key, const char *text);

/** A string in pieces: between these two, write with put_escaped(PLACE_JSON) and kin to json->out. */
void json_open_string(struct json_out *json, const char *key);
void json_close_string(struct json_out *json);

#endif
