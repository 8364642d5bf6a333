/* SPDX-License-Identifier: MIT */
/*
 * What the errand that takes stacks puts on its tray: sites once, stacks as numbers of sites.
 * Both sides are one program, so structs go over as they lie.
 */
#ifndef STACK_RECORD_H
#define STACK_RECORD_H

#include <stdint.h>

#include "bounds.h"

enum record_kind {
	RECORD_FRESH,             /**< A new errand: sites are numbered from 0 again. */
	RECORD_SITE,              /**< The next site. */
	RECORD_STACK,
};

/** Lengths of texts that follow the struct, in the order of enum site_part; 0 unseen. */
enum site_part { SITE_FUNCTION, SITE_FILE, SITE_MODULE, SITE_BUILD_ID, SITE_TEXTS };
struct site_record {
	uint32_t record;          /**< RECORD_SITE */
	uint8_t kind, jit;        /**< As in struct site. */
	uint16_t length[SITE_TEXTS];
	int32_t line;
	uint64_t offset, into;
};

struct step_record {
	uint32_t site;            /**< Number of the site. */
	uint32_t basis;           /**< enum frame_basis */
};

enum { RECORD_STEPS = BOUND_STACK_FRAMES + BOUND_KERNEL_FRAMES };
struct stack_record {
	uint32_t record;          /**< RECORD_STACK */
	uint32_t item;            /**< Of the errand. */
	uint8_t sight, way, ends, kernel_sight; /**< As in struct stack. */
	int32_t error;            /**< errno as met, for the gap. */
	char detail[16];          /**< For the gap; "" none. */
	int64_t when_ns, stopped_ns;
	uint32_t count;
	struct step_record steps[RECORD_STEPS]; /**< Innermost first; only count of them are sent. */
};

#endif
