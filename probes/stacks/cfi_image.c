/* SPDX-License-Identifier: MIT */
/*
 * One row written as a CIE and an FDE that nobody can misread: version 1, factors 1, absolute 8-byte
 * addresses, no locations.  Expressions are copied first and looked at then: the file that they
 * come from may change.
 */
#include "cfi_inner.h"

#include "sight.h"

enum {
	CFA_OFFSET_SIGNED = 0x11, CFA_DEF_CFA_SIGNED = 0x12, CFA_DEF_CFA_EXPRESSION = 0x0f, CFA_EXPRESSION = 0x10,
	CFA_VAL_EXPRESSION = 0x16, CFA_REGISTER = 0x09,
	OP_CONSTS = 0x11, OP_PLUS = 0x22, UDATA8 = 0x04, CIE_VERSION = 1,
};

struct writer {
	uint8_t *bytes;
	size_t at, room;
	bool full;
};

static void put(struct writer *writer, const void *bytes, size_t length)
{
	if (writer->full || length > writer->room - writer->at) {
		writer->full = true;
		return;
	}
	memcpy(writer->bytes + writer->at, bytes, length);
	writer->at += length;
}

static void put_byte(struct writer *writer, uint8_t byte)
{
	put(writer, &byte, 1);
}

static void put_word(struct writer *writer, uint64_t word, size_t size)
{
	put(writer, &word, size);
}

static void put_uleb(struct writer *writer, uint64_t number)
{
	do {
		put_byte(writer, (uint8_t)((number & 0x7f) | (number > 0x7f ? 0x80 : 0)));
		number >>= 7;
	} while (number);
}

static void put_sleb(struct writer *writer, int64_t number)
{
	bool more;

	do {
		uint8_t low = number & 0x7f;

		number >>= 7;
		more = !((number == 0 && !(low & 0x40)) || (number == -1 && (low & 0x40)));
		put_byte(writer, low | (more ? 0x80 : 0));
	} while (more);
}

static bool put_expression(struct writer *writer, const struct cfi_rule *rule)
{
	size_t at;

	put_uleb(writer, rule->length);
	at = writer->at;
	put(writer, rule->expression, rule->length);
	return !writer->full && cfi_expression_ok(writer->bytes + at, rule->length);
}

/* CFA + value: what is on the expression's stack when it begins is the CFA. */
static void put_value(struct writer *writer, int64_t value)
{
	uint8_t bytes[16];
	struct writer expression = { .bytes = bytes, .room = sizeof(bytes) };

	put_byte(&expression, OP_CONSTS);
	put_sleb(&expression, value);
	put_byte(&expression, OP_PLUS);
	put_uleb(writer, expression.at);
	put(writer, bytes, expression.at);
}

static bool put_cfa(struct writer *writer, const struct cfi_row *row)
{
	if (row->cfa.kind == RULE_EXPRESSION) {
		put_byte(writer, CFA_DEF_CFA_EXPRESSION);
		return put_expression(writer, &row->cfa);
	}
	put_byte(writer, CFA_DEF_CFA_SIGNED);
	put_uleb(writer, (uint64_t)row->cfa.value);
	put_sleb(writer, row->cfa_offset);
	return true;
}

static bool put_rule(struct writer *writer, unsigned which, const struct cfi_rule *rule)
{
	static const uint8_t operations[] = {
		[RULE_OFFSET] = CFA_OFFSET_SIGNED, [RULE_VALUE] = CFA_VAL_EXPRESSION, [RULE_REGISTER] = CFA_REGISTER,
		[RULE_EXPRESSION] = CFA_EXPRESSION, [RULE_VALUE_EXPRESSION] = CFA_VAL_EXPRESSION,
	};

	if (!operations[rule->kind])
		return true;
	put_byte(writer, operations[rule->kind]);
	put_uleb(writer, which);
	switch (rule->kind) {
	case RULE_OFFSET:
		put_sleb(writer, rule->value);
		return true;
	case RULE_VALUE:
		put_value(writer, rule->value);
		return true;
	case RULE_REGISTER:
		put_uleb(writer, (uint64_t)rule->value);
		return true;
	default:
		return put_expression(writer, rule);
	}
}

/* Its length, now that all of it is there, in whole words. */
static void put_end(struct writer *writer, size_t at)
{
	uint32_t length;

	while (!writer->full && writer->at % 8)
		put_byte(writer, 0);
	length = (uint32_t)(writer->at - at - sizeof(length));
	if (!writer->full)
		memcpy(writer->bytes + at, &length, sizeof(length));
}

int cfi_image_write(const struct cfi_fde *fde, const struct cfi_row *row, uint64_t bias, struct cfi_entry *ret)
{
	struct writer writer = { .bytes = ret->image, .room = sizeof(ret->image) };
	unsigned i;

	ret->cie_at = 0;
	put_word(&writer, 0, 4); /* its length */
	put_word(&writer, 0, 4); /* a CIE */
	put_byte(&writer, CIE_VERSION);
	put(&writer, "zR", sizeof("zR"));
	put_uleb(&writer, 1);
	put_sleb(&writer, 1);
	put_byte(&writer, fde->cie.return_register);
	put_uleb(&writer, 1);
	put_byte(&writer, UDATA8);
	put_end(&writer, ret->cie_at);

	ret->fde_at = writer.at;
	put_word(&writer, 0, 4);
	put_word(&writer, writer.at - ret->cie_at, 4); /* back to the CIE */
	put_word(&writer, row->start + bias, 8);
	put_word(&writer, row->end - row->start, 8);
	put_uleb(&writer, 0);
	if (!put_cfa(&writer, row))
		return SIGHT_STRANGE;
	for (i = 0; i < CFI_REGISTERS; i++)
		if (!put_rule(&writer, i, &row->rules[i]))
			return SIGHT_STRANGE;
	put_end(&writer, ret->fde_at);
	if (writer.full)
		return SIGHT_STRANGE;
	ret->length = writer.at;
	return 0;
}
