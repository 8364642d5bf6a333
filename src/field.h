/* SPDX-License-Identifier: MIT */
/*
 * The tables of snapshot.h, described once: saving, loading, checking a hostile
 * file, fuzzing, making rows unseen and comparing two snapshots are loops over
 * these rows.
 *
 * A saved snapshot is JSON Lines: a header line with "schema":
 * "wedgetools.snapshot/1" and everything that is not a table (host, viewer, asked,
 * cost ...), then one line a row ("table" first), then {"end": true}.  So a cut file is
 * known as cut, a bad row has a line number, a recorded case reads well in a diff,
 * and neither side ever holds the whole document: in jansson that costs 4 KB a task
 * (measured), a row at a time nothing.
 *
 *  - enums go by name, so numbers may change between versions;
 *  - 64-bit words (addresses, inodes, masks) go as "0x..." strings: jansson's
 *    integers are signed and refuse 2^63 and above;
 *  - texts are UTF-8 with \xNN (backslash doubled) for every byte that is not,
 *    or is a control: json_string() returns NULL for them otherwise;
 *  - what is unseen is left out (null is read as the same).
 *
 * Members and tables that this version does not know are ignored, for a later one may
 * add some; names of an enum that it does not know are refused, for they change what
 * a row means.
 *
 * After field_check() every index is in its table, every enum and every text in
 * range: code further on trusts a replayed snapshot as it does a fresh one.
 */
#ifndef FIELD_H
#define FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "snapshot.h"

#define SNAPSHOT_SCHEMA "wedgetools.snapshot/1"

enum field_type {
	FIELD_NUMBER,  /**< int64_t or int32_t, by size. */
	FIELD_WORD,    /**< uint64_t or uint32_t, "0x..."; 0 is unseen. */
	FIELD_NAME,    /**< uint8_t into names[]. */
	FIELD_LETTER,  /**< char, one of the letters in names[0]; 0 is unseen. */
	FIELD_TEXT,    /**< struct text */
	FIELD_ROW,     /**< struct *_ix into table target. */
	FIELD_BYTE,    /**< uint8_t, a number. */
	FIELD_INNER,   /**< A nested object: fields of inner.  Two of them (repeat 2) are the looks: "t0", "t1". */
};

enum table_id {
	TABLE_LABELS, TABLE_CGROUPS, TABLE_PROCESSES, TABLE_TASKS, TABLE_OBJECTS, TABLE_FDS, TABLE_HOLDS,
	TABLE_WATCHES, TABLE_PEEKS, TABLE_SITES, TABLE_FRAMES, TABLE_STACKS, TABLE_GAPS, TABLES,
};

struct field {
	const char *name;         /**< As in the file; never renamed within /1. */
	enum field_type type;
	bool must;                /**< A row without it means nothing: refused. */
	size_t offset, size, repeat; /**< size of one; repeat: args[6]; 0 means once. */
	int64_t blank;            /**< NUMBER, NAME, BYTE: its value when unseen. */
	int64_t least, most;      /**< NUMBER, NAME, BYTE: range of all others, such that differences,
	                               and ms or ticks made ns, cannot overflow. */
	const char *const *names; /**< FIELD_NAME: ends in NULL. */
	enum table_id target;     /**< FIELD_ROW */
	bool earlier;             /**< FIELD_ROW of its own table: only a row before this one, so that there is no circle. */
	const struct field *inner;/**< FIELD_INNER; ends in name NULL. */
};

struct table {
	const char *name;
	size_t offset, row_size;  /**< Of the TABLE() in struct snapshot, of one row. */
	uint32_t bound;           /**< Most rows, from bounds.h. */
	const struct field *fields; /**< Ends in name NULL. */
};

extern const struct table tables[TABLES];
extern const struct field header_fields[]; /**< What is no table: host, viewer, asked, cost ...; offsets in struct snapshot. */

/** Names of an enum that other rooms show too: the one list of words for it. */
extern const char *const sight_names[];       /**< "ok", "unasked", "gone", ... */
extern const char *const object_kind_names[]; /**< "pipe", "tcp", ... */
extern const char *const probe_names[];       /**< By enum probe_id (probe.h), which the model cannot include. */
extern const char *const arch_names[];        /**< "unknown", "x86_64", "aarch64" */
extern const char *const joined_names[];
extern const char *const cover_names[];
extern const char *const reach_names[];
extern const char *const role_names[];
extern const char *const hold_basis_names[];
extern const char *const frame_kind_names[];
extern const char *const frame_basis_names[]; /**< "tables", "pointer", ... */
extern const char *const stack_way_names[];   /**< "none", "unstopped", "stopped" */
extern const char *const stack_end_names[];   /**< "whole", "frames", "bytes", ... */
extern const char *const stop_names[];        /**< "auto", "never", "always" */
extern const char *const look_names[];        /**< "t0", "t1" */
extern const char *const answer_names[];      /**< "unknown", "no", "yes" */

/** Make a row entirely unseen, as snapshot.h promises. */
void field_unsee(const struct field *fields, void *row);

/** Where and why a file was refused, for one line of complaint: "line 17: tasks[3].t0.state: not one of RSDTtZXIP". */
struct field_error {
	size_t line, column;      /**< 0: none; the column only of what is no JSON. */
	char what[96];            /**< Our own words: safe to show. */
	char where[64];           /**< "" for a whole line. */
	enum table_id table;      /**< Of field_check(): the row it is about; TABLES: the header. */
	uint32_t row;
};

/** 0, or -errno of the stream (disk full, EPIPE). */
int snapshot_save(const struct snapshot *snapshot, FILE *to);
/** 0; or -EBADMSG with *error filled; or -ENOMEM; or -errno of the stream.  *ret, not yet initialised, is untouched unless 0. */
int snapshot_load(FILE *from, struct snapshot *ret, struct field_error *error);
/** 0 or -EBADMSG.  Pure; called by snapshot_load(), by tests and by the fuzzer. */
int field_check(const struct snapshot *snapshot, struct field_error *error);

#endif
