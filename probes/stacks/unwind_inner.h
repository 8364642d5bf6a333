/* SPDX-License-Identifier: MIT */
/*
 * Between the files of unwind.h.  One walk goes from frame to frame; each step is a fresh start from
 * the registers of the frame it has come to, so that tables, frame pointers and inference may
 * follow each other in any order.
 */
#ifndef UNWIND_INNER_H
#define UNWIND_INNER_H

#define UNW_REMOTE_ONLY
#include <libunwind.h>

#include "cfi.h"
#include "unwind.h"

/** A frame: its registers, and what kind of place its pc is. */
struct spot {
	struct registers registers;
	bool exact;               /**< It was interrupted there; else pc is a return address. */
	uint8_t basis;            /**< enum frame_basis: how it was found. */
};

enum row_kind {
	ROW_NONE,                 /**< No table covers the spot. */
	ROW_STRANGE,              /**< One does that was refused. */
	ROW_TABLE,
	ROW_OUTERMOST,            /**< Nobody called. */
	ROW_SIGNAL,               /**< A signal handler returns to here: the kernel's frame, which we know. */
};

/** What is known of one place in the code of a module; true in every process. */
struct row {
	const struct module *module;
	uint64_t key;             /**< Address as linked << 1 | exact. */
	uint32_t next;            /**< In its bucket; 0 none. */
	uint8_t kind;             /**< enum row_kind */
	bool signal;
	int16_t cfa_register;     /**< -1: by an expression. */
	int64_t cfa_offset;
	uint64_t lost, saved;     /**< As cfi.h has them. */
	uint64_t function, function_end; /**< Addresses as linked; 0: not known. */
	uint64_t code;            /**< The spot, as the unwinder is told. */
	uint32_t image, length;   /**< In images. */
};

struct unwinder {
	unw_addr_space_t space;
	struct row *rows;         /**< [0] stays empty. */
	uint32_t row_count;
	uint32_t *buckets;
	uint8_t *images;
	uint32_t images_length;
	struct cfi_entry entry;   /**< For one lookup. */
	uint64_t seed;
	unsigned in_vain;         /**< How often libdw was asked last and knew no more. */
};

struct walk {
	struct unwinder *unwinder;
	struct space *space;
	struct memory_view view;
	struct spot now;
	const struct region *region; /**< That now's pc lies in, or NULL. */
	const struct region *code; /**< An executable one, the last that was looked into. */
	const struct region *data; /**< One that is not, likewise. */
	const struct row *row;    /**< Of now; NULL: not in a module. */
	bool live;                /**< This step needed memory that was read later than the copy. */
	bool lacked;              /**< ... a register that is not known. */
	bool unreadable;          /**< ... memory that was not to be had, at: */
	uint64_t unreadable_at;
	unsigned jumps;           /**< Onto other stacks. */
	unsigned asked;           /**< How often libdw was. */
	uint64_t scanned;         /**< Bytes of the stack searched so far. */
};

/* ---- unwind_rows.c ---- */

int rows_open(struct unwinder *unwinder);
void rows_close(struct unwinder *unwinder);
/** What is known of an address as linked; may forget all earlier rows.  0 or -ENOMEM. */
int row_find(struct unwinder *unwinder, struct module *module, uint64_t address, bool exact, const struct row **ret);

/* ---- unwind_step.c ---- */

int step_open(struct unwinder *unwinder);
void step_close(struct unwinder *unwinder);
/** From now by its row: where it was called.  False: see lacked and unreadable. */
bool step_tables(struct walk *walk, struct spot *ret);
/** From a signal trampoline, by the frame that the kernel put on the stack. */
bool step_signal(struct walk *walk, struct spot *ret);
bool walk_word(struct walk *walk, uint64_t address, uint64_t *ret);

/* ---- unwind_code.c: what instructions tell ---- */

/** A signal handler returns to these instructions. */
bool code_is_sigreturn(const uint8_t *bytes, size_t length);
/** They end the thread. */
bool code_is_exit(const uint8_t *bytes, size_t length);

enum call_kind {
	CALL_NONE,                /**< No call ends there. */
	CALL_DIRECT,              /**< target is set. */
	CALL_THROUGH,             /**< Through the word at target. */
	CALL_INDIRECT,            /**< To what a register or memory held. */
	CALL_KERNEL,              /**< None, but a signal handler returns to there. */
};
enum { CALL_LONGEST = 8 };
/** The call instruction that ends where the bytes end: length bytes before return_address. */
enum call_kind code_call(const uint8_t *bytes, size_t length, uint64_t return_address, uint64_t *target);
/** A stub that jumps through a word: address of that word. */
bool code_is_stub(const uint8_t *bytes, size_t length, uint64_t address, uint64_t *slot);

/* ---- unwind_guess.c, unwind_scan.c: where no table leads on ---- */

bool is_code(struct walk *walk, uint64_t address);
/** Does a call end at this address, and where did it lead? */
enum call_kind call_before(struct walk *walk, uint64_t address, uint64_t *target);
/** Or does a signal handler return to there? */
enum call_kind returns_to(struct walk *walk, uint64_t address, uint64_t *target);
/** Was the function called that lies there?  start and end are addresses. */
bool call_leads_to(struct walk *walk, enum call_kind kind, uint64_t target, uint64_t start, uint64_t end);

/**
 * May that call have led to now's function, which no table describes?  If it keeps no frame pointer the register
 * is that of a caller further out, and those in between would be skipped.  Generated code may
 * call by detours.
 */
bool called_this(struct walk *walk, enum call_kind kind, uint64_t target);

/** From code that no table covers. */
bool step_guess(struct walk *walk, struct spot *ret);
/** By a row whose CFA hangs on a register that is not known: try what the stack holds. */
bool step_scan(struct walk *walk, struct spot *ret);
/** By a frame pointer that is not known, in code without tables. */
bool step_scan_pointer(struct walk *walk, struct spot *ret);

/** Set now's region and row.  0 or -ENOMEM. */
int walk_look(struct walk *walk);

/** unwind_libdw.c: by a table that was refused, or could not be evaluated, if libdw can. */
bool step_libdw(struct walk *walk, struct spot *ret);

static inline uint64_t spot_pc(const struct spot *spot)
{
	return spot->registers.word[REGISTER_PC];
}
static inline uint64_t spot_sp(const struct spot *spot)
{
	return spot->registers.word[REGISTER_STACK];
}
static inline bool spot_knows(const struct spot *spot, unsigned which)
{
	return spot->registers.known >> which & 1;
}
static inline void spot_set(struct spot *spot, unsigned which, uint64_t word)
{
	spot->registers.word[which] = word;
	spot->registers.known |= UINT64_C(1) << which;
}

#endif
