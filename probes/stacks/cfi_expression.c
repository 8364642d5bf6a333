/* SPDX-License-Identifier: MIT */
/*
 * Is a DWARF expression of call frame information fit to be evaluated by others?  Only operations that
 * such expressions need, each with all of its operands; jumps lead forward and onto an operation, so
 * that it ends; nothing divides, since the machine traps on the smallest number by -1.
 */
#include "cfi_inner.h"

enum {
	OP_ADDR = 0x03, OP_DEREF = 0x06, OP_CONST1U = 0x08, OP_CONST1S, OP_CONST2U, OP_CONST2S, OP_CONST4U, OP_CONST4S,
	OP_CONST8U, OP_CONST8S, OP_CONSTU, OP_CONSTS, OP_DUP, OP_DROP, OP_OVER, OP_PICK, OP_SWAP, OP_ROT,
	OP_ABS = 0x19, OP_AND, OP_DIV, OP_MINUS, OP_MOD, OP_MUL, OP_NEG, OP_NOT, OP_OR, OP_PLUS, OP_PLUS_UCONST,
	OP_SHL, OP_SHR, OP_SHRA, OP_XOR, OP_BRA, OP_EQ, OP_GE, OP_GT, OP_LE, OP_LT, OP_NE, OP_SKIP,
	OP_LIT0 = 0x30, OP_LIT31 = 0x4f, OP_BREG0 = 0x70, OP_BREG31 = 0x8f, OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94, OP_NOP = 0x96,
};

enum { LONGEST = 256 };

/* Bit n: a jump leads to byte n, where no operation began yet. */
struct targets { uint64_t bits[LONGEST / 64 + 1]; };

static bool jump(struct targets *targets, size_t at, int64_t distance, size_t length)
{
	if (distance < 0 || (uint64_t)distance > length - at)
		return false;
	at += (size_t)distance;
	targets->bits[at / 64] |= UINT64_C(1) << at % 64;
	return true;
}

static bool operands_ok(struct reader *reader, uint8_t operation)
{
	uint8_t size;

	switch (operation) {
	case OP_CONST1U:
	case OP_CONST1S:
	case OP_PICK:
		read_bytes(reader, 1);
		break;
	case OP_CONST2U:
	case OP_CONST2S:
		read_bytes(reader, 2);
		break;
	case OP_CONST4U:
	case OP_CONST4S:
		read_bytes(reader, 4);
		break;
	case OP_ADDR:
	case OP_CONST8U:
	case OP_CONST8S:
		read_bytes(reader, 8);
		break;
	case OP_CONSTU:
	case OP_PLUS_UCONST:
		read_uleb(reader);
		break;
	case OP_CONSTS:
		read_sleb(reader);
		break;
	case OP_DEREF_SIZE:
		size = read_byte(reader);
		return !reader->bad && (size == 1 || size == 2 || size == 4 || size == 8);
	case OP_BREGX:
		if (read_uleb(reader) >= CFI_REGISTERS)
			return false;
		read_sleb(reader);
		break;
	case OP_DIV:
	case OP_MOD:
		return false;
	case OP_DEREF:
	case OP_DUP ... OP_OVER:
	case OP_SWAP:
	case OP_ROT:
	case OP_ABS:
	case OP_AND:
	case OP_MINUS:
	case OP_MUL ... OP_PLUS:
	case OP_SHL ... OP_XOR:
	case OP_EQ ... OP_NE:
	case OP_LIT0 ... OP_LIT31:
	case OP_NOP:
		break;
	case OP_BREG0 ... OP_BREG31:
		if (operation - OP_BREG0 >= CFI_REGISTERS)
			return false;
		read_sleb(reader);
		break;
	default:
		return false;
	}
	return !reader->bad;
}

bool cfi_expression_ok(const uint8_t *bytes, size_t length)
{
	struct reader reader = reader_begin(bytes, length);
	struct targets pending = { { 0 } };
	uint8_t operation;
	unsigned i;
	size_t at;

	if (!bytes || length == 0 || length > LONGEST)
		return false;
	while (reader_left(&reader)) {
		at = (size_t)(reader.at - bytes);
		pending.bits[at / 64] &= ~(UINT64_C(1) << at % 64);
		operation = read_byte(&reader);
		if (operation == OP_SKIP || operation == OP_BRA) {
			int64_t distance = (int16_t)read_word(&reader, 2);

			if (reader.bad || !jump(&pending, (size_t)(reader.at - bytes), distance, length))
				return false;
		} else if (!operands_ok(&reader, operation)) {
			return false;
		}
	}
	pending.bits[length / 64] &= ~(UINT64_C(1) << length % 64); /* to the end is as good */
	for (i = 0; i < sizeof(pending.bits) / sizeof(pending.bits[0]); i++)
		if (pending.bits[i])
			return false;
	return true;
}
