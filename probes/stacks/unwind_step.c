/* SPDX-License-Identifier: MIT */
/*
 * One step by unwind tables: libunwind evaluates one row, which was written for it, over the
 * registers and the copied stack.  Nothing else does it ever get to see.
 */
#include "unwind_inner.h"

#include <errno.h>
#include <string.h>

/* Exported for those who bring tables of their own, but in no header. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *info,
					      unw_proc_info_t *ret, int need_unwind_info, void *context);

enum { PAGE = 4096 };
#define IMAGE_BASE (UINT64_C(1) << 63)

#if defined(__aarch64__)
/* By DWARF numbers, as is libunwind's own count. */
enum { RETURN_REGISTER = 30, SAVED_FIRST = 19 };
#define CALLEE_SAVED UINT64_C(0x7ff80000)
#define SIGNAL_SAVED UINT64_C(0x7fffffff)
#define USER_ADDRESS UINT64_C(0x0000ffffffffffff) /* less the signature */
#else
enum { RETURN_REGISTER = 16 };
#define CALLEE_SAVED UINT64_C(0xf048) /* rbx rbp r12-r15 */
#define SIGNAL_SAVED UINT64_C(0xff7f)
#define USER_ADDRESS UINT64_MAX
#endif

bool walk_word(struct walk *walk, uint64_t address, uint64_t *ret)
{
	bool live = false;

	if (memory_read(&walk->view, address, ret, sizeof(*ret), &live)) {
		walk->live |= live;
		return true;
	}
	walk->unreadable = true;
	walk->unreadable_at = address;
	return false;
}

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *word, int write, void *context)
{
	struct walk *walk = context;
	const struct row *row = walk->row;
	uint64_t at;

	(void)space;
	if (write)
		return -UNW_EREADONLYREG;
	if (address < IMAGE_BASE)
		return walk_word(walk, address, word) ? 0 : -UNW_EINVAL;
	at = address - IMAGE_BASE;
	/* A row in the unwinder's cache may point into its own image only, that of this step. */
	if (at < row->image || at - row->image > row->length - sizeof(*word))
		return -UNW_EINVAL;
	memcpy(word, walk->unwinder->images + at, sizeof(*word));
	return 0;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t which, unw_word_t *word, int write, void *context)
{
	struct walk *walk = context;

	(void)space;
	if (write)
		return -UNW_EREADONLYREG;
	if (which == UNW_REG_IP) {
		*word = walk->row->code;
		return 0;
	}
	if (which < 0 || which >= REGISTERS || !spot_knows(&walk->now, (unsigned)which)) {
		walk->lacked = true;
		return -UNW_EBADREG;
	}
	*word = walk->now.registers.word[which];
	return 0;
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *ret, int need_unwind_info,
			  void *context)
{
	struct walk *walk = context;
	const struct row *row = walk->row;
	unw_dyn_info_t info = {
		.format = UNW_INFO_FORMAT_IP_OFFSET, .start_ip = row->code, .end_ip = row->code + 1,
	};
	int r;

	if (ip != row->code)
		return -UNW_EINVAL;
	info.u.rti.table_data = IMAGE_BASE + row->image;
	info.u.rti.table_len = 1;
	info.u.rti.segbase = IMAGE_BASE + row->image;
	r = UNW_OBJ(dwarf_search_unwind_table)(space, ip, &info, ret, need_unwind_info, context);
	return r == -UNW_ENOINFO ? -UNW_EINVAL : r; /* ENOINFO makes it guess */
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *context)
{
	(void)space;
	(void)info;
	(void)context;
}

static int no_dynamic_info(unw_addr_space_t space, unw_word_t *list, void *context)
{
	(void)space;
	(void)list;
	(void)context;
	return -UNW_ENOINFO;
}

static int no_float(unw_addr_space_t space, unw_regnum_t which, unw_fpreg_t *word, int write, void *context)
{
	(void)space;
	(void)which;
	(void)word;
	(void)write;
	(void)context;
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context)
{
	(void)space;
	(void)cursor;
	(void)context;
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t ip, char *name, size_t room, unw_word_t *offset, void *context)
{
	(void)space;
	(void)ip;
	(void)name;
	(void)room;
	(void)offset;
	(void)context;
	return -UNW_ENOINFO;
}

int step_open(struct unwinder *unwinder)
{
	unw_accessors_t accessors = {
		.find_proc_info = find_proc_info, .put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = no_dynamic_info, .access_mem = access_mem, .access_reg = access_reg,
		.access_fpreg = no_float, .resume = no_resume, .get_proc_name = no_name,
	};

	unwinder->space = unw_create_addr_space(&accessors, 0);
	if (!unwinder->space)
		return -ENOMEM;
	unw_set_caching_policy(unwinder->space, UNW_CACHE_GLOBAL);
	unw_set_cache_size(unwinder->space, 4096, 0); /* some builds cannot: then it is 128 */
	return 0;
}

void step_close(struct unwinder *unwinder)
{
	if (unwinder->space)
		unw_destroy_addr_space(unwinder->space);
}

static void begin(struct walk *walk)
{
	walk->live = false;
	walk->lacked = false;
	walk->unreadable = false;
}

bool step_tables(struct walk *walk, struct spot *ret)
{
	const struct row *row = walk->row;
	uint64_t saved = (row->signal ? SIGNAL_SAVED : CALLEE_SAVED) & ~row->lost;
	struct spot spot = { .exact = row->signal };
	unw_cursor_t cursor;
	unw_word_t word;
	unsigned i;

	begin(walk);
	if (unw_init_remote(&cursor, walk->unwinder->space, walk) < 0 || unw_step(&cursor) < 0 ||
	    unw_get_reg(&cursor, RETURN_REGISTER, &word) < 0)
		return false;
	spot_set(&spot, REGISTER_PC, word & USER_ADDRESS);
	if (unw_get_reg(&cursor, UNW_REG_SP, &word) < 0)
		return false;
	spot_set(&spot, REGISTER_STACK, word);
	/* It takes what lies at address 0 for nothing saved, and that for the end. */
	if (spot_pc(&spot) == 0 && word - sizeof(word) < PAGE && !walk_word(walk, word - sizeof(word), &word))
		return false;
	for (i = 0; saved >> i; i++)
		if ((saved >> i & 1) && unw_get_reg(&cursor, (int)i, &word) == 0)
			spot_set(&spot, i, word);
	spot.basis = walk->live ? BASIS_LIVE : BASIS_TABLES;
	*ret = spot;
	return true;
}

/* ---- the frame that the kernel makes for a signal handler -------------------------- */

#if defined(__aarch64__)
enum { SIGNAL_INFO = 128, CONTEXT_REGISTERS = 176 + 8, CONTEXT_WORDS = 33 };
#else
enum { SIGNAL_INFO = 0, CONTEXT_REGISTERS = 40, CONTEXT_WORDS = 17 };
#endif

bool step_signal(struct walk *walk, struct spot *ret)
{
#if !defined(__aarch64__)
	/* The order of gregs in a ucontext, as DWARF numbers. */
	static const uint8_t order[CONTEXT_WORDS] = { 8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16 };
#endif
	uint64_t at = spot_sp(&walk->now) + SIGNAL_INFO + CONTEXT_REGISTERS, word;
	struct spot spot = { .exact = true };
	unsigned i;

	begin(walk);
	for (i = 0; i < CONTEXT_WORDS; i++) {
		if (!walk_word(walk, at + i * sizeof(word), &word))
			return false;
#if defined(__aarch64__)
		spot_set(&spot, i, word);
#else
		spot_set(&spot, order[i], word);
#endif
	}
	spot.basis = walk->live ? BASIS_LIVE : BASIS_TABLES;
	*ret = spot;
	return true;
}
