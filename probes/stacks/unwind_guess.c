/* SPDX-License-Identifier: MIT */
/*
 * Where no table leads on: generated code and assembly.  By the frame pointer, if what it points to makes
 * sense; of a function that has no frame yet the return address is what the stack pointer
 * points to.
 */
#include "unwind_inner.h"

enum {
	FRAME_LARGEST = 8 << 20,  /* from a stack pointer to the frame pointer */
	FUNCTION_LARGEST = 1 << 20,
	LEAF_LARGEST = 64,        /* bytes into a function in which it may not have made its frame */
	STUB = 16,
};

bool is_code(struct walk *walk, uint64_t address)
{
	const struct region *region = walk->code;

	if (region && address >= region->start && address < region->end)
		return true;
	region = walk->data;
	if (region && address >= region->start && address < region->end)
		return false;
	region = space_find(walk->space, address);
	if (region && region->executable)
		walk->code = region;
	else if (region)
		walk->data = region;
	return region && region->executable;
}

enum call_kind call_before(struct walk *walk, uint64_t address, uint64_t *target)
{
	size_t length = CALL_LONGEST;
	uint8_t bytes[CALL_LONGEST];
	bool live;

	if (!is_code(walk, address - 1))
		return CALL_NONE;
	if (address - walk->code->start < length)
		length = (size_t)(address - walk->code->start);
	if (!memory_read(&walk->view, address - length, bytes, length, &live))
		return CALL_NONE;
	return code_call(bytes, length, address, target);
}

enum call_kind returns_to(struct walk *walk, uint64_t address, uint64_t *target)
{
	enum call_kind kind = call_before(walk, address, target);
	uint8_t bytes[STUB];
	bool live;

	if (kind == CALL_NONE && is_code(walk, address) && memory_read(&walk->view, address, bytes, sizeof(bytes), &live) &&
	    code_is_sigreturn(bytes, sizeof(bytes)))
		kind = CALL_KERNEL;
	return kind;
}

bool call_leads_to(struct walk *walk, enum call_kind kind, uint64_t target, uint64_t start, uint64_t end)
{
	uint8_t bytes[STUB];
	uint64_t slot;
	bool live;

	if (kind == CALL_DIRECT) {
		if (target >= start && target < end)
			return true;
		if (!is_code(walk, target) || !memory_read(&walk->view, target, bytes, sizeof(bytes), &live) ||
		    !code_is_stub(bytes, sizeof(bytes), target, &slot))
			return false;
	} else if (kind == CALL_THROUGH) {
		slot = target;
	} else {
		return kind == CALL_KERNEL;
	}
	return memory_read(&walk->view, slot, &target, sizeof(target), &live) && target >= start && target < end;
}

/* The frame pointer of the caller is the only other register that is known then. */
static void caller(struct spot *ret, uint64_t pc, uint64_t sp, uint8_t basis)
{
	*ret = (struct spot){ .basis = basis };
	spot_set(ret, REGISTER_PC, pc);
	spot_set(ret, REGISTER_STACK, sp);
}

static bool step_leaf(struct walk *walk, bool surely, struct spot *ret)
{
	uint64_t sp = spot_sp(&walk->now), pc = spot_pc(&walk->now), address, target = 0;
	enum call_kind kind;

#if !defined(__x86_64__)
	return false; /* the return address is in a register */
#endif
	if (!walk_word(walk, sp, &address))
		return false;
	kind = returns_to(walk, address, &target);
	if (kind == CALL_NONE || (surely && (kind != CALL_DIRECT || target > pc || pc - target > LEAF_LARGEST)))
		return false;
	*ret = walk->now;
	ret->exact = false;
	ret->basis = BASIS_SCANNED;
	spot_set(ret, REGISTER_PC, address);
	spot_set(ret, REGISTER_STACK, sp + sizeof(address));
	return true;
}

bool called_this(struct walk *walk, enum call_kind kind, uint64_t target)
{
	const struct row *row = walk->row;
	uint64_t pc = spot_pc(&walk->now), start = pc > FUNCTION_LARGEST ? pc - FUNCTION_LARGEST : 0, end = pc + 1;

	if (!row || kind == CALL_INDIRECT || kind == CALL_KERNEL)
		return kind != CALL_NONE;
	if (row->function_end) {
		start = row->function + walk->region->bias;
		end = row->function_end + walk->region->bias;
	}
	return call_leads_to(walk, kind, target, start, end);
}

static bool step_pointer(struct walk *walk, struct spot *ret)
{
	uint64_t frame = walk->now.registers.word[REGISTER_FRAME], sp = spot_sp(&walk->now);
	uint64_t saved, address, target = 0;
	enum call_kind kind;

	if (frame < sp || frame - sp > FRAME_LARGEST || frame % sizeof(frame))
		return false;
	if (!walk_word(walk, frame, &saved) || !walk_word(walk, frame + 8, &address))
		return false;
	/* Where both are 0 it began. */
	kind = returns_to(walk, address, &target);
	if ((address || saved) && !called_this(walk, kind, target))
		return false;
	caller(ret, address, frame + 16, BASIS_POINTER);
	spot_set(ret, REGISTER_FRAME, saved);
	return true;
}

bool step_guess(struct walk *walk, struct spot *ret)
{
	bool file = walk->region && walk->region->kind == REGION_FILE;
	bool leaf = walk->now.exact;

	walk->live = walk->lacked = walk->unreadable = false;
	if (leaf && step_leaf(walk, true, ret))
		return true;
	if (leaf && (file || !walk->region || !walk->region->executable) && step_leaf(walk, false, ret))
		return true;
	if (!walk->region || !walk->region->executable)
		return false;
	if (!spot_knows(&walk->now, REGISTER_FRAME)) {
		walk->lacked = true;
		if (step_scan_pointer(walk, ret))
			return true;
	} else if (step_pointer(walk, ret)) {
		return true;
	}
	return leaf && step_leaf(walk, false, ret);
}
