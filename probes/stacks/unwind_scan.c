/* SPDX-License-Identifier: MIT */
/*
 * What a register must have held, from what the stack holds.  Beside a sleeping task only its stack pointer
 * is known; a function that addresses its frame by another register is left by searching the
 * stack for the return address: one behind a call of that very function, and
 * from where the stack can be followed on.
 */
#include "unwind_inner.h"

#include <string.h>

enum { PROLOGUE = 48, FRAME_NEAR = 1 << 20 };

/* A word of the copied stack. */
static bool stack_word(const struct walk *walk, uint64_t address, uint64_t *ret)
{
	const struct memory_view *view = &walk->view;

	if (address < view->stack_at || view->stack_length < sizeof(*ret) ||
	    address - view->stack_at > view->stack_length - sizeof(*ret))
		return false;
	memcpy(ret, view->stack + (address - view->stack_at), sizeof(*ret));
	return true;
}

/* Most words on a stack are small numbers, pointers into it, or no addresses at all: no need to look them up. */
static bool may_be_code(const struct walk *walk, uint64_t word)
{
	return word >= 4096 && word < UINT64_C(1) << 56 && word - walk->view.stack_at >= walk->view.stack_length;
}

/* How far to search: to the end of the copy, within bounds. */
static uint64_t scan_end(struct walk *walk, uint64_t from, uint64_t most)
{
	uint64_t end = walk->view.stack_at + walk->view.stack_length, left;

	if (from < walk->view.stack_at || from >= end)
		return from;
	left = walk->scanned < 4 * (uint64_t)BOUND_SCAN_BYTES ? 4 * (uint64_t)BOUND_SCAN_BYTES - walk->scanned : 0;
	if (most > left)
		most = left;
	return end - from > most ? from + most : end;
}

enum follow { FOLLOW_NO, FOLLOW_UNKNOWN, FOLLOW_YES };

/* Can one go on from there? */
static enum follow follow(struct walk *walk, const struct spot *spot)
{
	struct walk ahead = *walk;
	struct spot next;
	uint64_t target;

	ahead.now = *spot;
	if (walk_look(&ahead) < 0 || !ahead.row)
		return FOLLOW_UNKNOWN;
	if (ahead.row->kind == ROW_OUTERMOST)
		return FOLLOW_YES;
	if (ahead.row->kind != ROW_TABLE)
		return FOLLOW_UNKNOWN;
	if (!step_tables(&ahead, &next))
		return ahead.lacked ? FOLLOW_UNKNOWN : FOLLOW_NO;
	if (next.exact || spot_pc(&next) == 0)
		return FOLLOW_YES;
	return spot_sp(&next) > spot_sp(spot) && returns_to(walk, spot_pc(&next), &target) != CALL_NONE ?
	       FOLLOW_YES : FOLLOW_NO;
}

/*
 * If that register held this, does the table lead to the caller of this function?  Sure: what
 * calls there calls it; else it calls through a register, or something that went on to it.
 */
static enum follow try(struct walk *walk, unsigned which, uint64_t word, bool *sure, struct spot *ret)
{
	struct spot kept = walk->now, spot;
	const struct row *row = walk->row;
	uint64_t bias = walk->region->bias, target = 0, start = row->function + bias, end = row->function_end + bias;
	enum call_kind kind;
	enum follow can;
	bool stepped;

	spot_set(&walk->now, which, word);
	stepped = step_tables(walk, &spot);
	walk->now = kept;
	if (!stepped || spot_sp(&spot) <= spot_sp(&kept))
		return FOLLOW_NO;
	kind = returns_to(walk, spot_pc(&spot), &target);
	if (kind == CALL_NONE)
		return FOLLOW_NO;
	*sure = call_leads_to(walk, kind, target, start, end);
	can = follow(walk, &spot);
	walk_look(walk); /* rows may have been forgotten meanwhile */
	spot.basis = BASIS_SCANNED;
	*ret = spot;
	return can;
}

/*
 * push %rbp; mov %rsp, %rbp; pushes; sub $n, %rsp: then a frame is as large as that says, if
 * nothing was allocated on the stack since.
 */
static bool frame_size(struct walk *walk, uint64_t *ret)
{
#if defined(__x86_64__)
	static const uint8_t push_move[] = { 0x55, 0x48, 0x89, 0xe5 };
	uint64_t saved = walk->row->saved & ~(UINT64_C(1) << REGISTER_PC), pushed = (uint64_t)__builtin_popcountll(saved);
	uint8_t bytes[PROLOGUE + 4], *at;
	int32_t room = 0;
	size_t i;
	bool live;

	if (!memory_read(&walk->view, walk->row->function + walk->region->bias, bytes, sizeof(bytes), &live))
		return false;
	at = memmem(bytes, 12, push_move, sizeof(push_move));
	if (!at)
		return false;
	for (i = (size_t)(at - bytes) + sizeof(push_move); i + 3 < PROLOGUE; i++) {
		if (bytes[i] != 0x48 || (bytes[i + 1] != 0x83 && bytes[i + 1] != 0x81) || bytes[i + 2] != 0xec)
			continue;
		room = (int8_t)bytes[i + 3];
		if (bytes[i + 1] == 0x81)
			memcpy(&room, bytes + i + 3, sizeof(room));
		break;
	}
	if (room < 0)
		return false;
	*ret = (pushed + 1) * 8 + (uint64_t)room;
	return true;
#else
	(void)walk;
	(void)ret;
	return false;
#endif
}

/* CFA = register + offset, and the return address lies just before the CFA. */
static bool scan_offset(struct walk *walk, struct spot *ret)
{
	unsigned which = (unsigned)walk->row->cfa_register;
	uint64_t offset = (uint64_t)walk->row->cfa_offset, sp = spot_sp(&walk->now), at, end, word, size;
	struct spot spot, likely;
	bool sure, found = false;
	enum follow can;

	if (frame_size(walk, &size) && try(walk, which, sp + size - offset, &sure, &spot) > FOLLOW_NO) {
		*ret = spot;
		return true;
	}
	at = (sp + 7) & ~UINT64_C(7);
	end = scan_end(walk, at, BOUND_SCAN_BYTES);
	for (; at < end && stack_word(walk, at, &word); at += sizeof(word)) {
		walk->scanned += sizeof(word);
		if (!may_be_code(walk, word) || !is_code(walk, word))
			continue;
		can = try(walk, which, at + sizeof(word) - offset, &sure, &spot);
		if (can == FOLLOW_NO || spot_pc(&spot) != word)
			continue;
		if (sure) {
			*ret = spot;
			return true;
		}
		if (!found && can == FOLLOW_YES) {
			likely = spot;
			found = true;
		}
	}
	if (found)
		*ret = likely;
	return found;
}

/* The CFA is what an expression makes of the frame pointer: realigned stacks. */
static bool scan_expression(struct walk *walk, struct spot *ret)
{
	uint64_t at = (spot_sp(&walk->now) + 7) & ~UINT64_C(7);
	uint64_t end = scan_end(walk, at, BOUND_SCAN_TRIES * UINT64_C(8));
	struct spot spot;
	bool sure;

	for (; at < end; at += 8) {
		walk->scanned += 8;
		if (try(walk, REGISTER_FRAME, at, &sure, &spot) > FOLLOW_NO && sure) {
			*ret = spot;
			return true;
		}
	}
	return false;
}

bool step_scan(struct walk *walk, struct spot *ret)
{
	if (walk->row->cfa_register < 0)
		return !spot_knows(&walk->now, REGISTER_FRAME) && scan_expression(walk, ret);
	return !spot_knows(&walk->now, (unsigned)walk->row->cfa_register) && scan_offset(walk, ret);
}

bool step_scan_pointer(struct walk *walk, struct spot *ret)
{
	uint64_t at = (spot_sp(&walk->now) + 7) & ~UINT64_C(7);
	uint64_t end = scan_end(walk, at, BOUND_SCAN_BYTES), saved, address, target = 0, next;
	enum call_kind kind;

	for (; at < end && stack_word(walk, at, &saved) && stack_word(walk, at + 8, &address); at += 8) {
		walk->scanned += sizeof(saved);
		if (saved <= at || saved - at > FRAME_NEAR || saved % 8 || !may_be_code(walk, address))
			continue;
		kind = returns_to(walk, address, &target);
		if (!called_this(walk, kind, target) || (walk->row && kind == CALL_INDIRECT))
			continue;
		if (!stack_word(walk, saved + 8, &next) || (next && returns_to(walk, next, &target) == CALL_NONE))
			continue;
		*ret = (struct spot){ .basis = BASIS_SCANNED };
		spot_set(ret, REGISTER_PC, address);
		spot_set(ret, REGISTER_STACK, at + 16);
		spot_set(ret, REGISTER_FRAME, saved);
		return true;
	}
	return false;
}
