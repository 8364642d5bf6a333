/* SPDX-License-Identifier: MIT */
/*
 * The programs of a CIE and an FDE, run up to the row that holds at one address.  What comes behind
 * it is not looked at, so that of a function's whole program an unwinder sees one row.
 */
#include "cfi_inner.h"

#include "bounds.h"
#include "sight.h"

enum {
	ADVANCE = 0x40, OFFSET = 0x80, RESTORE = 0xc0, OPERAND = 0x3f,
	NOP = 0x00, SET_LOC, ADVANCE1, ADVANCE2, ADVANCE4, OFFSET_EXTENDED, RESTORE_EXTENDED, UNDEFINED, SAME_VALUE,
	IN_REGISTER, REMEMBER, RESTORE_STATE, DEF_CFA, DEF_CFA_REGISTER, DEF_CFA_OFFSET, DEF_CFA_EXPRESSION,
	EXPRESSION, OFFSET_SIGNED, DEF_CFA_SIGNED, DEF_CFA_OFFSET_SIGNED, VAL_OFFSET, VAL_OFFSET_SIGNED,
	VAL_EXPRESSION,
	NEGATE_RA_STATE = 0x2d, ARGS_SIZE, NEGATIVE_OFFSET,
};

enum { REMEMBERED = 16 };

struct run {
	const struct cfi_fde *fde;
	struct reader program;
	uint64_t program_at;
	struct cfi_row row;
	const struct cfi_row *initial; /* NULL: it is the CIE's program that runs */
	uint64_t address;
	bool done;                /* the next row begins beyond the address */
	unsigned remembered;
	struct cfi_row saved[REMEMBERED];
};

static bool go_to(struct run *run, uint64_t location)
{
	if (!run->initial || location < run->row.start || run->row.cfa.kind == RULE_NONE)
		return false;
	if (location > run->address) {
		if (location < run->row.end)
			run->row.end = location;
		run->done = true;
	} else {
		run->row.start = location;
	}
	return true;
}

static bool advance(struct run *run, uint64_t units)
{
	uint64_t location;

	return !__builtin_mul_overflow(units, run->fde->cie.code_align, &location) &&
	       !__builtin_add_overflow(location, run->row.start, &location) && go_to(run, location);
}

static bool set_loc(struct run *run)
{
	uint64_t here = run->program_at + (uint64_t)(run->program.at - run->fde->program.at);

	return go_to(run, read_encoded(&run->program, run->fde->cie.encoding, here, 0)) && !run->program.bad;
}

/* The rule of a register, or one to be thrown away. */
static struct cfi_rule *rule_of(struct run *run, uint64_t which, struct cfi_rule *beyond)
{
	return which < CFI_REGISTERS ? &run->row.rules[which] : beyond;
}

static bool restore(struct run *run, uint64_t which)
{
	struct cfi_rule beyond;

	if (!run->initial)
		return false;
	*rule_of(run, which, &beyond) = which < CFI_REGISTERS ? run->initial->rules[which] : (struct cfi_rule){ 0 };
	return true;
}

static bool scaled(struct run *run, int64_t factor, int64_t *ret)
{
	return !__builtin_mul_overflow(factor, run->fde->cie.data_align, ret);
}

static bool at_offset(struct run *run, struct cfi_rule *rule, uint8_t kind, bool is_signed)
{
	int64_t factor = is_signed ? read_sleb(&run->program) : (int64_t)read_uleb(&run->program);

	*rule = (struct cfi_rule){ .kind = kind };
	return scaled(run, factor, &rule->value);
}

static void by_expression(struct run *run, struct cfi_rule *rule, uint8_t kind)
{
	uint64_t length = read_uleb(&run->program);
	const uint8_t *bytes = read_bytes(&run->program, length);

	*rule = (struct cfi_rule){ .kind = kind, .expression = bytes, .length = (size_t)length };
}

static bool cfa_register(struct run *run, uint64_t which)
{
	run->row.cfa = (struct cfi_rule){ .kind = RULE_REGISTER, .value = (int64_t)which };
	return which < CFI_REGISTERS;
}

static bool cfa_offset(struct run *run, bool is_signed)
{
	if (!is_signed) {
		run->row.cfa_offset = (int64_t)read_uleb(&run->program);
		return true;
	}
	return scaled(run, read_sleb(&run->program), &run->row.cfa_offset);
}

static bool restore_state(struct run *run)
{
	uint64_t start = run->row.start, end = run->row.end;

	if (!run->remembered)
		return false;
	run->row = run->saved[--run->remembered];
	run->row.start = start;
	run->row.end = end;
	return true;
}

/* Those whose first operand is a register. */
static bool run_register(struct run *run, uint8_t operation)
{
	uint64_t which = read_uleb(&run->program);
	struct cfi_rule beyond, *rule = rule_of(run, which, &beyond);

	switch (operation) {
	case OFFSET_EXTENDED:
		return at_offset(run, rule, RULE_OFFSET, false);
	case OFFSET_SIGNED:
		return at_offset(run, rule, RULE_OFFSET, true);
	case VAL_OFFSET:
		return at_offset(run, rule, RULE_VALUE, false);
	case VAL_OFFSET_SIGNED:
		return at_offset(run, rule, RULE_VALUE, true);
	case NEGATIVE_OFFSET:
		return at_offset(run, rule, RULE_OFFSET, false) && !__builtin_sub_overflow(0, rule->value, &rule->value);
	case RESTORE_EXTENDED:
		return restore(run, which);
	case UNDEFINED:
		*rule = (struct cfi_rule){ .kind = RULE_UNDEFINED };
		return true;
	case SAME_VALUE:
		*rule = (struct cfi_rule){ .kind = RULE_SAME };
		return true;
	case IN_REGISTER:
		*rule = (struct cfi_rule){ .kind = RULE_REGISTER, .value = (int64_t)read_uleb(&run->program) };
		if ((uint64_t)rule->value >= CFI_REGISTERS)
			rule->kind = RULE_UNDEFINED; /* in one that we do not follow */
		return true;
	case EXPRESSION:
		by_expression(run, rule, RULE_EXPRESSION);
		return true;
	case VAL_EXPRESSION:
		by_expression(run, rule, RULE_VALUE_EXPRESSION);
		return true;
	case DEF_CFA:
		return cfa_register(run, which) && cfa_offset(run, false);
	case DEF_CFA_SIGNED:
		return cfa_register(run, which) && cfa_offset(run, true);
	case DEF_CFA_REGISTER:
		return run->row.cfa.kind == RULE_REGISTER && cfa_register(run, which);
	default:
		return false;
	}
}

static bool run_one(struct run *run)
{
	uint8_t operation = read_byte(&run->program), operand = operation & OPERAND;
	struct cfi_rule beyond;

	switch (operation & ~OPERAND) {
	case ADVANCE:
		return advance(run, operand);
	case OFFSET:
		return at_offset(run, rule_of(run, operand, &beyond), RULE_OFFSET, false);
	case RESTORE:
		return restore(run, operand);
	}
	switch (operation) {
	case NOP:
		return true;
	case SET_LOC:
		return set_loc(run);
	case ADVANCE1:
		return advance(run, read_word(&run->program, 1));
	case ADVANCE2:
		return advance(run, read_word(&run->program, 2));
	case ADVANCE4:
		return advance(run, read_word(&run->program, 4));
	case REMEMBER:
		if (run->remembered == REMEMBERED)
			return false;
		run->saved[run->remembered++] = run->row;
		return true;
	case RESTORE_STATE:
		return restore_state(run);
	case DEF_CFA_OFFSET:
		return run->row.cfa.kind == RULE_REGISTER && cfa_offset(run, false);
	case DEF_CFA_OFFSET_SIGNED:
		return run->row.cfa.kind == RULE_REGISTER && cfa_offset(run, true);
	case DEF_CFA_EXPRESSION:
		by_expression(run, &run->row.cfa, RULE_EXPRESSION);
		return true;
	case ARGS_SIZE:
		read_uleb(&run->program);
		return true;
#if defined(__aarch64__)
	case NEGATE_RA_STATE: /* whoever uses the return address takes the signature off */
		return true;
#endif
	default:
		return run_register(run, operation);
	}
}

static bool run_all(struct run *run)
{
	if (reader_left(&run->program) > BOUND_CFI_PROGRAM)
		return false;
	while (!run->done && reader_left(&run->program))
		if (!run_one(run) || run->program.bad)
			return false;
	return true;
}

int cfi_row_find(const struct cfi_fde *fde, uint64_t address, struct cfi_row *ret)
{
	struct cfi_row initial;
	struct run run;

	/* All but saved[], which is filled as it is used. */
	run.fde = fde;
	run.program = fde->cie.program;
	run.program_at = 0;
	run.row = (struct cfi_row){ .start = fde->start, .end = fde->end };
	run.initial = NULL;
	run.address = address;
	run.done = false;
	run.remembered = 0;
	if (!run_all(&run))
		return SIGHT_STRANGE;
	initial = run.row;
	run.initial = &initial;
	run.program = fde->program;
	run.program_at = fde->program_at;
	run.remembered = 0;
	if (!run_all(&run) || run.row.cfa.kind == RULE_NONE)
		return SIGHT_STRANGE;
	*ret = run.row;
	return 0;
}
