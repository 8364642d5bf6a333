/* SPDX-License-Identifier: MIT */
/*
 * From a capture to return addresses: by tables while there are any, else by what can be inferred,
 * frame after frame, until the thread's beginning is reached or nothing leads on.
 */
#include "unwind_inner.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sight.h"

enum { JUMPS = 4, START_CODE = 64, EXIT_CODE = 24 };

int unwinder_open(struct unwinder **ret)
{
	struct unwinder *unwinder = calloc(1, sizeof(*unwinder));
	int r;

	if (!unwinder)
		return -ENOMEM;
	r = rows_open(unwinder);
	if (r == 0)
		r = step_open(unwinder);
	if (r < 0) {
		unwinder_close(unwinder);
		return r;
	}
	*ret = unwinder;
	return 0;
}

struct unwinder *unwinder_close(struct unwinder *unwinder)
{
	if (unwinder) {
		step_close(unwinder);
		rows_close(unwinder);
		free(unwinder);
	}
	return NULL;
}

int walk_look(struct walk *walk)
{
	uint64_t pc = spot_pc(&walk->now);
	struct module *module;

	walk->row = NULL;
	walk->region = space_find(walk->space, walk->now.exact ? pc : pc - 1);
	if (!walk->region || !walk->region->executable)
		return 0;
	walk->code = walk->region;
	module = region_module(walk->space, walk->region);
	if (!module || module->sight != SIGHT_OK)
		return 0;
	return row_find(walk->unwinder, module, pc - walk->region->bias, walk->now.exact, &walk->row);
}

/* Code without a table in which no caller is to be looked for: where a program starts, where a thread ends. */
static bool began_here(struct walk *walk)
{
	const struct elffile *elf = walk->row ? &walk->row->module->elf : NULL;
	uint64_t linked = spot_pc(&walk->now) - (walk->region ? walk->region->bias : 0);
	const uint8_t *code;
	Elf64_Ehdr header;

	if (!elf || walk->now.exact)
		return false;
	if (elf->length >= sizeof(header)) {
		memcpy(&header, elf->bytes, sizeof(header));
		if (header.e_entry && linked > header.e_entry && linked - header.e_entry < START_CODE)
			return true;
	}
	code = elffile_at(elf, linked, EXIT_CODE);
	return code && code_is_exit(code, EXIT_CODE);
}

/* Why it could not go on, after a step by tables that failed. */
static enum stack_end end_of(const struct walk *walk)
{
	uint64_t end = walk->view.stack_at + walk->view.stack_length;

	if (walk->lacked)
		return END_MEMORY;
	if (!walk->unreadable)
		return END_STRANGE;
	return walk->unreadable_at + sizeof(uint64_t) > end && walk->unreadable_at < end + BOUND_STACK_BYTES ?
	       END_BYTES : END_MEMORY;
}

/* From now to its caller.  END_UNKNOWN: *ret is that. */
static enum stack_end step(struct walk *walk, bool *guessed, struct spot *ret)
{
	enum row_kind kind = walk->row ? walk->row->kind : ROW_NONE;

	switch (kind) {
	case ROW_OUTERMOST:
		return END_WHOLE;
	case ROW_SIGNAL:
		return step_signal(walk, ret) ? END_UNKNOWN : end_of(walk);
	case ROW_TABLE:
		if (step_tables(walk, ret))
			return END_UNKNOWN;
		if (!walk->lacked)
			return !walk->unreadable && step_libdw(walk, ret) ? END_UNKNOWN : end_of(walk);
		*guessed = true;
		return step_scan(walk, ret) ? END_UNKNOWN : END_MEMORY;
	default:
		if (began_here(walk))
			return END_WHOLE;
		if (kind == ROW_STRANGE && step_libdw(walk, ret))
			return END_UNKNOWN;
		if (step_guess(walk, ret)) {
			*guessed |= ret->basis == BASIS_SCANNED;
			return END_UNKNOWN;
		}
		*guessed |= walk->lacked;
		return kind == ROW_STRANGE ? END_STRANGE : END_NO_TABLE;
	}
}

/* Only the kernel, or code that switches stacks by an expression, may lead to a frame that lies further in. */
static bool may_jump(struct walk *walk)
{
	if (!walk->row || (walk->row->kind != ROW_SIGNAL && !walk->row->signal && walk->row->cfa_register >= 0))
		return false;
	return walk->jumps++ < JUMPS;
}

/* Can that have called?  END_UNKNOWN: yes. */
static enum stack_end goes_on(struct walk *walk, const struct spot *next)
{
	uint64_t sp = spot_sp(&walk->now), next_sp = spot_sp(next);
	/* Its return address is in a register: vfork(2) keeps it there, on aarch64 every leaf. */
	bool leaf = walk->now.exact && next_sp == sp && spot_pc(next) != spot_pc(&walk->now);

	if (next_sp <= sp && !leaf && !may_jump(walk))
		return END_LOOP;
	if (next->exact)
		return END_UNKNOWN; /* interrupted because it was at no code, perhaps */
	if (spot_pc(next) == 0)
		return END_WHOLE;
	if (!is_code(walk, spot_pc(next) - 1))
		return began_here(walk) ? END_WHOLE : END_STRANGE;
	return END_UNKNOWN;
}

static void step_add(struct unwound *unwound, const struct spot *spot)
{
	unwound->steps[unwound->count++] = (struct step){
		.pc = spot_pc(spot), .basis = spot->basis, .exact = spot->exact,
	};
}

/* Where a signal handler returns to was not called from: its pc is as it stands. */
static int spot_arrive(struct walk *walk, const struct spot *spot)
{
	int r;

	walk->now = *spot;
	r = walk_look(walk);
	if (r == 0 && walk->row && walk->row->kind == ROW_SIGNAL)
		walk->now.exact = true;
	return r;
}

int unwind(struct unwinder *unwinder, struct space *space, const struct capture *capture, struct unwound *ret)
{
	struct spot next = { .registers = capture->registers, .exact = true, .basis = BASIS_REGISTERS };
	struct walk walk = {
		.unwinder = unwinder, .space = space,
		.view = { .space = space, .stack_at = capture->stack_at, .stack = capture->stack,
			  .stack_length = capture->stack_length },
	};
	bool guessed = false, whole = spot_knows(&next, REGISTER_FRAME);
	int r;

	ret->count = 0;
	ret->ends = END_UNKNOWN;
	ret->wants_registers = !whole;
	if (!spot_knows(&next, REGISTER_PC) || !spot_knows(&next, REGISTER_STACK)) {
		ret->ends = END_MEMORY;
		return 0;
	}
	while (ret->ends == END_UNKNOWN) {
		r = spot_arrive(&walk, &next);
		if (r < 0)
			return r;
		if (ret->count == BOUND_STACK_FRAMES) {
			ret->ends = END_FRAMES;
		} else {
			step_add(ret, &walk.now);
			ret->ends = (uint8_t)step(&walk, &guessed, &next);
			if (ret->ends == END_UNKNOWN)
				ret->ends = (uint8_t)goes_on(&walk, &next);
		}
	}
	if (whole || (!guessed && (ret->ends == END_WHOLE || ret->ends == END_FRAMES || ret->ends == END_BYTES)))
		ret->wants_registers = false;
	return 0;
}
