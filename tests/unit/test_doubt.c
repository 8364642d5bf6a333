/* SPDX-License-Identifier: MIT */
#include "doubt.h"

#include <criterion/criterion.h>

Test(doubt, none_is_proved)
{
	cr_assert_eq(certainty_of(0), PROVED);
}

Test(doubt, the_lowest_ceiling_wins)
{
	cr_assert_eq(certainty_of(DOUBT_OPAQUE), LIKELY);
	cr_assert_eq(certainty_of(DOUBT_OPAQUE | DOUBT_OWNERLESS), UNSURE);
}

Test(doubt, every_bit_has_exactly_one_row)
{
	const struct doubt_row *row;
	uint32_t seen = 0;

	for (row = doubts; row->name; row++) {
		cr_assert_eq(seen & row->doubt, 0, "%s twice", row->name);
		cr_assert_neq(row->ceiling, PROVED, "%s is no doubt", row->name);
		seen |= row->doubt;
	}
	cr_assert_eq(seen, (DOUBT_THREADS << 1) - 1);
}
